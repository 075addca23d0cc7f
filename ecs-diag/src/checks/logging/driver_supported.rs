use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    firelens::DRIVER as FIRELENS,
    options::{Logging, drivers},
};
use crate::{
    LaunchType, Phase,
    aws::ecs::{Attribute, TaskDefinition},
    check::{Check, Cx, Meta, check},
    checks::{definition, features, instances},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Every log driver is one that the launch type and the instance have
    ///
    /// # What it looks at
    /// The log driver of every container. Fargate has `awslogs`, `splunk` and `awsfirelens`; on
    /// instances ECS knows also `fluentd`, `gelf`, `journald`, `json-file` and `syslog`. For a task
    /// that was placed, whether its instance offers the driver. Windows containers have no
    /// FireLens.
    ///
    /// # Why it matters
    /// A task definition with another driver is refused for Fargate; on instances the scheduler
    /// finds none that offers the attribute `com.amazonaws.ecs.capability.logging-driver.NAME`, or
    /// Docker says `no log driver named`.
    ///
    /// # How to fix it
    /// Take another driver, or name the driver in `ECS_AVAILABLE_LOGGING_DRIVERS` of the agent.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_firelens.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>
    DriverSupported {
        id: "log-driver-supported",
        domain: "logging",
        phase: LogDriver,
        causes: [LogDriverMisconfigured, PlaceAttributeOrGpu],
        explains: [],
    }
}

const ON_FARGATE: [&str; 3] = ["awslogs", "splunk", FIRELENS];
const ON_INSTANCES: [&str; 8] =
    ["awslogs", "fluentd", "gelf", "json-file", "journald", "syslog", "splunk", FIRELENS];

impl Check for DriverSupported {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let mut used: BTreeMap<&str, Vec<Logging<'_>>> = BTreeMap::new();
        for logging in drivers(&task_definition) {
            used.entry(logging.driver).or_default().push(logging);
        }
        if used.is_empty() {
            return cx.not_applicable("no container names a log driver");
        }
        let launch_type = cx.launch_type()?;
        let this = cx.task()?;
        let windows = this.is_some_and(|this| features::is_windows(&this, &task_definition));
        cx.each(used, |cx, (driver, containers)| {
            if windows && driver == FIRELENS {
                let what = "Windows containers have no FireLens";
                return unsupported(cx, &task_definition, driver, &containers, what);
            }
            match launch_type {
                LaunchType::Fargate if !ON_FARGATE.contains(&driver) => {
                    let what = "Fargate has `awslogs`, `splunk` and `awsfirelens` only";
                    unsupported(cx, &task_definition, driver, &containers, what)
                }
                LaunchType::Ec2 | LaunchType::External => {
                    on_instance(cx, &task_definition, driver, &containers)
                }
                _ => Ok(()),
            }
        });
        Ok(())
    }
}

fn named_by(containers: &[Logging<'_>]) -> String {
    definition::containers(containers.iter().map(|logging| logging.container.name.as_str()))
}

fn with_evidence(
    cx: &Cx<'_>,
    task_definition: &TaskDefinition,
    containers: &[Logging<'_>],
    mut finding: Finding,
) -> Result<Finding, Missing> {
    for logging in containers {
        let pointer = format!("/containerDefinitions/{}/logConfiguration/logDriver", logging.index);
        finding =
            finding.evidence(definition::evidence(cx, task_definition, &pointer, logging.driver)?);
    }
    Ok(finding)
}

fn unsupported(
    cx: &mut Cx<'_>,
    task_definition: &TaskDefinition,
    driver: &str,
    containers: &[Logging<'_>],
    what: &str,
) -> Result<(), Missing> {
    let finding = Finding::blocker(format!("the log driver `{driver}` cannot be used: {what}"))
        .detail(format!("{} names it, and is not started", named_by(containers)))
        .resource(definition::resource(task_definition))
        .named(driver);
    let finding = with_evidence(cx, task_definition, containers, finding)?;
    let remedy = Remedy::new("take another log driver, for instance `awslogs`");
    cx.report(finding.remedy(definition::deployed(cx, task_definition, remedy)));
    Ok(())
}

fn on_instance(
    cx: &mut Cx<'_>,
    task_definition: &TaskDefinition,
    driver: &str,
    containers: &[Logging<'_>],
) -> Result<(), Missing> {
    let by = named_by(containers);
    if !ON_INSTANCES.contains(&driver) {
        let finding = Finding::likely(format!("the log driver `{driver}` is none that ECS knows"))
            .detail(format!(
                "{by} can be started only on an instance whose agent was made to offer it"
            ))
            .resource(definition::resource(task_definition))
            .named(driver);
        let finding = with_evidence(cx, task_definition, containers, finding)?;
        let remedy = Remedy::new(format!("take one of {}", ON_INSTANCES.join(", ")));
        cx.report(finding.remedy(definition::deployed(cx, task_definition, remedy)));
        return Ok(());
    }
    // Whether some instance of the cluster offers it is for the checks of placement to say.
    let Some(instance) = instances::own(cx)? else { return Ok(()) };
    let attribute = format!("com.amazonaws.ecs.capability.logging-driver.{driver}");
    if instance.has(&attribute) {
        return Ok(());
    }
    let id = instance.id();
    let finding = Finding::blocker(format!(
        "container instance `{id}` does not offer the log driver `{driver}`"
    ))
    .detail(format!(
        "the scheduler places a task with it, as {by} has, only where the attribute `{attribute}` is"
    ))
    .phase(Phase::Place)
    .resource(instance.resource())
    .named(attribute.clone())
    .evidence(instance.evidence(cx, "/attributes", Value::Null))
    .remedy(
        Remedy::new(format!(
            "add `{driver}` to `ECS_AVAILABLE_LOGGING_DRIVERS` in the configuration of the agent"
        ))
        .step("on the instance: change `/etc/ecs/ecs.config`, then `sudo systemctl restart ecs`")
        .edit(instance.with_attributes(&[Attribute { name: attribute.clone(), value: None }])),
    );
    cx.report(finding);
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::placed,
            testing::{Examples, World},
        },
        finding::Severity,
    };

    const AWSLOGS: &str = "com.amazonaws.ecs.capability.logging-driver.awslogs";

    fn driver<'w>(world: &'w mut World, name: &str) -> &'w mut World {
        world.container("/logConfiguration", json!({"logDriver": name, "options": {}}))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            driver(world, "json-file");
        },
        passes: |_| {},
        unknown: |world| {
            placed(world, "EC2", &[]).deny("ecs:DescribeContainerInstances");
        },
        near_miss: |world| {
            let offered = "com.amazonaws.ecs.capability.logging-driver.json-file";
            placed(driver(world, "json-file"), "EC2", &[offered]);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("log-driver-supported"), @"
        blocker: the log driver `json-file` cannot be used: Fargate has `awslogs`, `splunk` and `awsfirelens` only
          container `app` names it, and is not started
          @ AWS::ECS::TaskDefinition checkout:42
          fix: take another log driver, for instance `awslogs`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn drivers_depend_on_where_the_task_runs() {
        for (name, windows, severity) in [
            ("awslogs", false, None),
            ("splunk", false, None),
            ("awsfirelens", false, None),
            ("awsfirelens", true, Some(Severity::Blocker)),
            ("fluentd", false, Some(Severity::Blocker)),
        ] {
            let mut world = World::default();
            driver(&mut world, name);
            if windows {
                world.task("/platformFamily", json!("Windows Server 2022 Core"));
            }
            let outcome = world.outcome("log-driver-supported");
            let found = outcome.findings.first().map(|finding| finding.severity);
            assert_eq!(found, severity, "{name}");
        }
        for (name, attributes, severity) in [
            ("awslogs", &[AWSLOGS][..], None),
            ("awslogs", &[], Some(Severity::Blocker)),
            ("own", &[], Some(Severity::Likely)),
        ] {
            let mut world = World::default();
            placed(driver(&mut world, name), "EC2", attributes);
            let outcome = world.outcome("log-driver-supported");
            let found = outcome.findings.first().map(|finding| finding.severity);
            assert_eq!(found, severity, "{name} {attributes:?}");
        }
    }

    #[test]
    fn an_instance_is_not_judged_before_there_is_one() {
        let mut world = World::default();
        placed(&mut world, "EC2", &[]).task("/containerInstanceArn", json!(null));
        assert_eq!(world.outcome("log-driver-supported").status, Status::Passed);
    }
}
