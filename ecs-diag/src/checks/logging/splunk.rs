use super::options::{Given, Logging, drivers, option};
use crate::{
    aws::ecs::TaskDefinition,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// The log driver `splunk` is told where to log to
    ///
    /// # What it looks at
    /// For every container with the log driver `splunk`: `splunk-url` and `splunk-token` are given,
    /// as options or secret options, and the URL has the form `SCHEME://HOST:PORT`. Values that are
    /// not shown are not judged. Whether the host can be reached is not checked here.
    ///
    /// # Why it matters
    /// The driver needs both, and refuses a URL with a path. It verifies the connection when the
    /// container starts, unless `splunk-verify-connection` is `false`: a server that cannot be
    /// reached, or does not know the token, stops the container.
    ///
    /// # How to fix it
    /// Give the options that are missing, the token best as a secret option.
    ///
    /// # Source
    /// <https://docs.docker.com/engine/logging/drivers/splunk/>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-logconfig.html>
    Splunk {
        id: "log-splunk",
        domain: "logging",
        phase: LogDriver,
        causes: [LogDriverMisconfigured],
        explains: [],
    }
}

impl Check for Splunk {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let containers: Vec<_> =
            drivers(&task_definition).filter(|logging| logging.driver == "splunk").collect();
        if containers.is_empty() {
            return cx.not_applicable("no container has the log driver `splunk`");
        }
        let faults: Vec<_> = containers
            .iter()
            .map(|logging| (logging, faults(logging)))
            .filter(|(_, faults)| !faults.is_empty())
            .collect();
        report(cx, &task_definition, &faults)
    }
}

fn faults(logging: &Logging<'_>) -> Vec<String> {
    let mut faults: Vec<_> = ["splunk-url", "splunk-token"]
        .into_iter()
        .filter(|name| option(logging.log, name) == Given::Not)
        .map(|name| format!("`{name}` is missing"))
        .collect();
    if let Given::Is(url) = option(logging.log, "splunk-url")
        && !is_server(url)
    {
        faults.push(format!("`splunk-url` is `{url}`, not `SCHEME://HOST:PORT`"));
    }
    faults
}

/// Whether `url` is a scheme, a host and perhaps a port, and nothing else.
fn is_server(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let Some(host) = rest.map(|rest| rest.strip_suffix('/').unwrap_or(rest)) else { return false };
    !host.is_empty() && !host.contains(['/', '?', '#'])
}

fn report(
    cx: &mut Cx<'_>,
    task_definition: &TaskDefinition,
    faults: &[(&Logging<'_>, Vec<String>)],
) -> Result<(), Missing> {
    if faults.is_empty() {
        return Ok(());
    }
    let what: Vec<_> = faults
        .iter()
        .map(|(logging, faults)| {
            format!("container `{}`: {}", logging.container.name, faults.join(", "))
        })
        .collect();
    let label = definition::name(task_definition);
    let mut finding = Finding::blocker(format!(
        "the `splunk` options of `{label}` are wrong: {}",
        what.join("; ")
    ))
    .detail("the log driver cannot be set up, so that the containers do not start")
    .resource(definition::resource(task_definition));
    for (logging, _) in faults {
        let pointer = format!("/containerDefinitions/{}/logConfiguration/options", logging.index);
        // The token is nobody's business.
        let names: Vec<_> = logging.log.options.keys().cloned().collect();
        let evidence = definition::evidence(cx, task_definition, &pointer, names)?;
        finding = finding.evidence(evidence);
    }
    let remedy = Remedy::new(
        "give `splunk-url` as `https://HOST:PORT`, and `splunk-token` in `secretOptions`",
    );
    cx.report(finding.remedy(definition::deployed(cx, task_definition, remedy)));
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::{Examples, World};

    const MESSAGE: &str = "ResourceInitializationError: failed to validate logger args: splunk: \
        splunk-token is expected : exit status 1";

    fn splunk<'w>(world: &'w mut World, url: &str) -> &'w mut World {
        world.stopped(MESSAGE).container(
            "/logConfiguration",
            json!({
                "logDriver": "splunk", "options": {"splunk-url": url},
                "secretOptions": [{"name": "splunk-token", "valueFrom": "/shop/flag"}],
            }),
        )
    }

    const URL: &str = "https://splunk.example.com:8088";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            splunk(world, URL).container("/logConfiguration/secretOptions", json!([]));
        },
        passes: |world| {
            splunk(world, URL);
        },
        unknown: |world| {
            splunk(world, URL).deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            splunk(world, URL).container(
                "/logConfiguration",
                json!({
                    "logDriver": "splunk",
                    "options": {"splunk-url": "[redacted]", "splunk-token": "[redacted]"},
                }),
            );
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("log-splunk"), @"
        blocker: the `splunk` options of `checkout:42` are wrong: container `app`: `splunk-token` is missing
          the log driver cannot be set up, so that the containers do not start
          @ AWS::ECS::TaskDefinition checkout:42
          fix: give `splunk-url` as `https://HOST:PORT`, and `splunk-token` in `secretOptions`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn the_url_names_a_server_and_no_more() {
        for (url, findings) in [
            (URL, 0),
            ("https://splunk.example.com:8088/", 0),
            ("http://10.0.0.5:8088", 0),
            ("splunk.example.com:8088", 1),
            ("https://splunk.example.com:8088/services/collector", 1),
            ("", 1),
        ] {
            let mut world = World::default();
            assert_eq!(
                splunk(&mut world, url).outcome("log-splunk").findings.len(),
                findings,
                "{url}"
            );
        }
    }
}
