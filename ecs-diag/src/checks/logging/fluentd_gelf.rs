use super::options::{Given, Logging, drivers, is_true, option};
use crate::{
    LaunchType,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::{self, Missing},
    finding::{Finding, Remedy, Severity},
    signature::Cause,
};

check! {
    /// The server of a `fluentd`, `gelf` or `syslog` log driver need not be there at the start
    ///
    /// # What it looks at
    /// On instances, every container with one of these log drivers: whether Docker has to connect
    /// when the container starts. `fluentd` has to unless `fluentd-async` is `true`; `gelf` and
    /// `syslog` have to with an address `tcp://…`, not with `udp://…`. `gelf-address` has to be
    /// there. Addresses that are not shown are not judged.
    ///
    /// # Why it matters
    /// A container whose log driver cannot connect is not started: `failed to initialize logging
    /// driver: dial tcp …: connection refused`. It is Docker on the instance that connects, not the
    /// task: `localhost` is the instance, and a container in the network mode `awsvpc` is not there.
    ///
    /// # How to fix it
    /// Set `fluentd-async` to `true`, or use an address of UDP; start the server before the task.
    ///
    /// # Source
    /// <https://docs.docker.com/engine/logging/drivers/fluentd/>,
    /// <https://docs.docker.com/engine/logging/drivers/gelf/>,
    /// <https://docs.docker.com/engine/logging/drivers/syslog/>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html>
    FluentdGelf {
        id: "log-fluentd-gelf",
        domain: "logging",
        phase: LogDriver,
        causes: [LogDriverMisconfigured],
        explains: [],
    }
}

/// What is to be said of a container's log driver.
enum Fault {
    /// Docker connects to this address when the container starts.
    Connects(String),
    /// The driver cannot be set up.
    Refused(String),
}

impl Check for FluentdGelf {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let containers: Vec<_> = drivers(&task_definition)
            .filter(|logging| ["fluentd", "gelf", "syslog"].contains(&logging.driver))
            .collect();
        if containers.is_empty() {
            return cx
                .not_applicable("no container has the log driver `fluentd`, `gelf` or `syslog`");
        }
        if cx.launch_type()? == LaunchType::Fargate {
            return cx.not_applicable("Fargate has none of these log drivers");
        }
        // It explains the failure only where the message speaks of the log driver.
        let suspected = facts::at_hand(cx.symptom())?
            .is_some_and(|symptom| symptom.reading.causes.contains(&Cause::LogDriverMisconfigured));
        for logging in &containers {
            let name = &logging.container.name;
            let driver = logging.driver;
            let Some(fault) = fault(logging) else { continue };
            let (finding, advice) = match fault {
                Fault::Refused(what) => (
                    Finding::blocker(format!(
                        "the `{driver}` options of container `{name}`: {what}"
                    ))
                    .detail(
                        "the log driver cannot be set up, so that the container does not start",
                    ),
                    format!("set `{driver}-address` to `udp://HOST:PORT` or `tcp://HOST:PORT`"),
                ),
                Fault::Connects(address) => {
                    let severity = if suspected { Severity::Likely } else { Severity::Warning };
                    let finding = Finding::of(
                        severity,
                        format!("container `{name}` starts only while `{address}` takes its logs"),
                    )
                    .detail(format!(
                        "the log driver `{driver}` connects when the container starts, from the \
                         instance: if nothing listens there, the container does not start"
                    ))
                    .named(address.trim_start_matches("tcp://").to_owned());
                    (finding, relaxed(driver))
                }
            };
            let pointer =
                format!("/containerDefinitions/{}/logConfiguration/options", logging.index);
            let names: Vec<_> = logging.log.options.keys().cloned().collect();
            let evidence = definition::evidence(cx, &task_definition, &pointer, names)?;
            let mut remedy = Remedy::new(advice);
            if driver == "fluentd" {
                let async_option = format!("{pointer}/fluentd-async");
                remedy = remedy.edit(definition::set(&task_definition, &async_option, "true"));
            }
            let finding = finding.resource(definition::resource(&task_definition));
            let remedy = definition::deployed(cx, &task_definition, remedy);
            cx.report(finding.evidence(evidence).remedy(remedy));
        }
        Ok(())
    }
}

fn relaxed(driver: &str) -> String {
    match driver {
        "fluentd" => "set the option `fluentd-async` to `true`".to_owned(),
        _ => format!("set `{driver}-address` to an address `udp://…`, or start the server first"),
    }
}

fn fault(logging: &Logging<'_>) -> Option<Fault> {
    let given = |name: &str| option(logging.log, name);
    match logging.driver {
        "fluentd" => {
            let later = ["fluentd-async", "fluentd-async-connect"].map(given);
            let is_async = |given: &Given<'_>| match given {
                Given::Is(value) => is_true(value),
                Given::Hidden => true,
                Given::Not => false,
            };
            match given("fluentd-address") {
                _ if later.iter().any(is_async) => None,
                Given::Is(address) => Some(Fault::Connects(address.to_owned())),
                Given::Not => Some(Fault::Connects("localhost:24224".to_owned())),
                Given::Hidden => None,
            }
        }
        "gelf" => match given("gelf-address") {
            Given::Not => Some(Fault::Refused("`gelf-address` is missing".to_owned())),
            Given::Is(address) if address.starts_with("tcp://") => {
                Some(Fault::Connects(address.to_owned()))
            }
            Given::Is(address) if !address.starts_with("udp://") => {
                Some(Fault::Refused(format!("`gelf-address` is `{address}`")))
            }
            Given::Is(_) | Given::Hidden => None,
        },
        _ => match given("syslog-address") {
            Given::Is(address) if address.starts_with("tcp") => {
                Some(Fault::Connects(address.to_owned()))
            }
            _ => None,
        },
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::placed,
            testing::{Examples, World},
        },
        finding::Severity,
    };

    const MESSAGE: &str = "CannotStartContainerError: Error response from daemon: failed to \
        initialize logging driver: dial tcp 127.0.0.1:24224: connect: connection refused";

    fn logs<'w>(world: &'w mut World, driver: &str, options: &Value) -> &'w mut World {
        let offered = format!("com.amazonaws.ecs.capability.logging-driver.{driver}");
        placed(world, "EC2", &[&offered])
            .task("/containers/0/reason", json!(MESSAGE))
            .container("/logConfiguration", json!({"logDriver": driver, "options": options}))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            logs(world, "fluentd", &json!({"fluentd-address": "127.0.0.1:24224"}));
        },
        passes: |world| {
            logs(world, "gelf", &json!({"gelf-address": "udp://10.0.0.9:12201"}));
        },
        unknown: |world| {
            logs(world, "fluentd", &json!({})).without("taskDefinition");
        },
        near_miss: |world| {
            logs(world, "fluentd", &json!({"fluentd-async": "true"}));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("log-fluentd-gelf"), @"
        likely: container `app` starts only while `127.0.0.1:24224` takes its logs
          the log driver `fluentd` connects when the container starts, from the instance: if nothing listens there, the container does not start
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): set the option `fluentd-async` to `true`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn who_connects_at_the_start() {
        for (driver, options, severity) in [
            ("fluentd", json!({}), Some(Severity::Likely)),
            ("fluentd", json!({"fluentd-async-connect": "true"}), None),
            ("fluentd", json!({"fluentd-async": "no"}), Some(Severity::Likely)),
            ("fluentd", json!({"fluentd-address": "[redacted]"}), None),
            ("gelf", json!({}), Some(Severity::Blocker)),
            ("gelf", json!({"gelf-address": "tcp://10.0.0.9:12201"}), Some(Severity::Likely)),
            ("gelf", json!({"gelf-address": "10.0.0.9:12201"}), Some(Severity::Blocker)),
            ("gelf", json!({"gelf-address": "[redacted]"}), None),
            ("syslog", json!({}), None),
            ("syslog", json!({"syslog-address": "udp://10.0.0.9:514"}), None),
            (
                "syslog",
                json!({"syslog-address": "tcp+tls://10.0.0.9:6514"}),
                Some(Severity::Likely),
            ),
        ] {
            let mut world = World::default();
            logs(&mut world, driver, &options);
            let outcome = world.outcome("log-fluentd-gelf");
            let found = outcome.findings.first().map(|finding| finding.severity);
            assert_eq!(found, severity, "{driver} {options}");
        }
    }

    #[test]
    fn another_message_makes_it_a_matter_of_care_only() {
        let mut world = EXAMPLES.failing();
        world.task("/containers/0/reason", Value::Null);
        let outcome = world.outcome("log-fluentd-gelf");
        assert_eq!(outcome.findings[0].severity, Severity::Warning);
        let mut world = World::default();
        world.container("/logConfiguration", json!({"logDriver": "fluentd"}));
        assert_eq!(world.outcome("log-fluentd-gelf").status, Status::NotApplicable);
    }
}
