use serde_json::Value;

use super::firelens::{NO_FIRELENS, Router, routers};
use crate::{
    LaunchType,
    aws::{REDACTED, ecs::TaskDefinition},
    check::{Check, Cx, Meta, check},
    checks::{definition, object},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Severity},
};

check! {
    /// The configuration file of the log router is one that ECS can give it
    ///
    /// # What it looks at
    /// The options of every `firelensConfiguration`: `config-file-type` is `file` or, on instances,
    /// `s3`; `config-file-value` is there with it; it is the ARN of an object that exists, or the
    /// path of a file other than the one that ECS writes itself. Values that are not shown are not
    /// judged.
    ///
    /// # Why it matters
    /// The agent refuses other types, and a type without a value. For Fargate a file in Amazon S3 is
    /// refused. A router that includes ECS's own file includes itself.
    ///
    /// # How to fix it
    /// On Fargate, put the file into the image and name it with `file`; or use the `init` images of
    /// AWS for Fluent Bit, which fetch files from Amazon S3 themselves.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-taskdef.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_FirelensConfiguration.html>
    FirelensConfig {
        id: "log-firelens-config",
        domain: "logging",
        phase: LogDriver,
        causes: [LogDriverMisconfigured],
        explains: [],
    }
}

const TYPE: &str = "config-file-type";
const VALUE: &str = "config-file-value";

/// The files that ECS writes for the router.
const OWN: [&str; 2] = ["/fluent-bit/etc/fluent-bit.conf", "/fluentd/etc/fluent.conf"];

/// What is wrong with the options of a router.
struct Fault {
    severity: Severity,
    what: String,
    why: &'static str,
    advice: &'static str,
}

impl Check for FirelensConfig {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let routers = routers(&task_definition);
        if routers.is_empty() {
            return cx.not_applicable(NO_FIRELENS);
        }
        let launch_type = cx.launch_type()?;
        cx.each(&routers, |cx, router| match fault(router, launch_type) {
            Some(fault) => report(cx, &task_definition, router, &fault),
            None => object_exists(cx, &task_definition, router),
        });
        Ok(())
    }
}

fn option<'d>(router: &Router<'d>, name: &str) -> Option<&'d str> {
    router.firelens.options.get(name).map(|value| value.0.as_str())
}

fn fault(router: &Router<'_>, launch_type: LaunchType) -> Option<Fault> {
    let blocker =
        |what, why, advice| Some(Fault { severity: Severity::Blocker, what, why, advice });
    let value = option(router, VALUE).filter(|value| !value.is_empty());
    let known = value.filter(|value| *value != REDACTED);
    match option(router, TYPE) {
        None => value.is_some().then(|| Fault {
            severity: Severity::Warning,
            what: format!("`{VALUE}` is set, but `{TYPE}` is not"),
            why: "the router does not read the file",
            advice: "set `config-file-type` to `file` or `s3`, as the value is",
        }),
        Some(REDACTED) => None,
        Some("s3") if launch_type == LaunchType::Fargate => blocker(
            format!("`{TYPE}` is `s3`"),
            "Fargate has only files of the image",
            "put the file into the image and name it with `config-file-type` `file`",
        ),
        Some("s3" | "file") if value.is_none() => blocker(
            format!("`{TYPE}` is set, but `{VALUE}` is not"),
            "the agent refuses one without the other",
            "set `config-file-value`",
        ),
        Some("s3") => {
            let why = known.and_then(|value| object::location(value).err())?;
            blocker(
                format!("`{VALUE}` is `{}`: {why}", known.unwrap_or_default()),
                "the file cannot be downloaded",
                "write `arn:aws:s3:::BUCKET/KEY`",
            )
        }
        Some("file") => known.filter(|value| OWN.contains(value)).map(|value| Fault {
            severity: Severity::Likely,
            what: format!("`{VALUE}` is `{value}`"),
            why: "that is where ECS puts the file that includes this one: if the image's router \
                  reads it, it includes itself",
            advice: "give the file another path in the image",
        }),
        Some(other) => blocker(
            format!("`{TYPE}` is `{other}`"),
            "the agent takes `s3` and `file` only",
            "set `config-file-type` to `file` or `s3`",
        ),
    }
}

fn evidence(
    cx: &Cx<'_>,
    task_definition: &TaskDefinition,
    router: &Router<'_>,
) -> Result<Evidence, Missing> {
    let at = format!("/containerDefinitions/{}/firelensConfiguration/options", router.index);
    let shown: serde_json::Map<_, _> = [TYPE, VALUE]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), Value::from(option(router, name)?))))
        .collect();
    definition::evidence(cx, task_definition, &at, Value::Object(shown))
}

fn report(
    cx: &mut Cx<'_>,
    task_definition: &TaskDefinition,
    router: &Router<'_>,
    fault: &Fault,
) -> Result<(), Missing> {
    let name = &router.container.name;
    let remedy = definition::deployed(cx, task_definition, Remedy::new(fault.advice));
    let finding = Finding::of(fault.severity, format!("log router `{name}`: {}", fault.what))
        .detail(fault.why)
        .resource(definition::resource(task_definition))
        .evidence(evidence(cx, task_definition, router)?)
        .remedy(remedy);
    cx.report(finding);
    Ok(())
}

fn object_exists(
    cx: &mut Cx<'_>,
    task_definition: &TaskDefinition,
    router: &Router<'_>,
) -> Result<(), Missing> {
    let Some(arn) = option(router, VALUE).filter(|_| option(router, TYPE) == Some("s3")) else {
        return Ok(());
    };
    let Ok(location) = object::location(arn) else { return Ok(()) };
    let request = location.request();
    if cx.get(&request)?.is_some() {
        return Ok(());
    }
    let name = &router.container.name;
    let url = format!("s3://{}/{}", location.bucket, location.key);
    let finding = Finding::blocker(format!(
        "the configuration of log router `{name}` does not exist: `{url}`"
    ))
    .detail("the agent downloads it before the router starts; keys are case-sensitive")
    .resource(location.resource(arn))
    .named(location.key)
    .evidence(Evidence::new(cx.query(&request), "/ETag", Value::Null))
    .evidence(evidence(cx, task_definition, router)?)
    .remedy(Remedy::new(format!("upload the file to `{url}`, or name the key that it has")));
    cx.report(finding);
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::firelens::tests::routed;
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::placed,
            testing::{Examples, World},
        },
        finding::Severity,
    };

    fn file(kind: &str, value: &str) -> Value {
        json!({"config-file-type": kind, "config-file-value": value})
    }

    const OBJECT: &str = "arn:aws:s3:::shop-config/router.conf";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            routed(world, &file("s3", OBJECT));
        },
        passes: |world| {
            routed(world, &file("file", "/extra.conf"));
        },
        unknown: |world| {
            placed(routed(world, &file("s3", OBJECT)), "EC2", &[]).deny("s3:HeadObject");
        },
        near_miss: |world| {
            routed(world, &file("[redacted]", "[redacted]"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("log-firelens-config"), @"
        blocker: log router `router`: `config-file-type` is `s3`
          Fargate has only files of the image
          @ AWS::ECS::TaskDefinition checkout:42
          fix: put the file into the image and name it with `config-file-type` `file`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn type_and_value_go_together() {
        let only = |name: &str, value: &str| {
            let mut options = json!({});
            options[name] = json!(value);
            options
        };
        for (options, severity) in [
            (json!({}), None),
            (json!({"enable-ecs-log-metadata": "true"}), None),
            (file("http", "/extra.conf"), Some(Severity::Blocker)),
            (only("config-file-type", "file"), Some(Severity::Blocker)),
            (only("config-file-value", "/extra.conf"), Some(Severity::Warning)),
            (file("file", "/fluent-bit/etc/fluent-bit.conf"), Some(Severity::Likely)),
            (file("file", "/fluent-bit/etc/extra.conf"), None),
            (file("s3", "s3://shop-config/router.conf"), Some(Severity::Blocker)),
            (file("s3", "[redacted]"), None),
        ] {
            let mut world = World::default();
            placed(routed(&mut world, &options), "EC2", &[]);
            let outcome = world.outcome("log-firelens-config");
            let found = outcome.findings.first().map(|finding| finding.severity);
            assert_eq!(found, severity, "{options}");
        }
    }

    #[test]
    fn a_file_in_s3_exists() {
        let mut world = World::default();
        placed(routed(&mut world, &file("s3", OBJECT)), "EC2", &[]).recorded_error(
            "s3",
            "HeadObject",
            &json!({"Bucket": "shop-config", "Key": "router.conf"}),
            "404",
        );
        let outcome = world.outcome("log-firelens-config");
        assert_eq!(outcome.status, Status::Failed);
        assert_eq!(outcome.findings[0].resources[0].id, "shop-config/router.conf");
    }
}
