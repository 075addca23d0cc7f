use serde_json::Value;

use crate::{
    LaunchType,
    check::{Check, Cx, Meta, check},
    checks::{definition, features, instances},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// A Windows instance lets `awslogs` use the execution role
    ///
    /// # What it looks at
    /// For a task with Windows containers that was placed on an EC2 instance, that logs with
    /// `awslogs` and has secrets: whether the instance offers
    /// `ecs.capability.execution-role-awslogs`, as it does where
    /// `ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE` is set.
    ///
    /// # Why it matters
    /// ECS documents the variable as necessary for Windows tasks with secrets and `awslogs`. Without
    /// it, the log driver has the credentials of the instance only.
    ///
    /// # How to fix it
    /// Set the variable on the instances, in the user data before the agent is initialised, and
    /// replace the instances.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>
    WindowsEc2 {
        id: "sec-windows-ec2",
        domain: "secrets",
        phase: LogDriver,
        causes: [AgentVersionBugOrConfig],
        explains: [],
    }
}

/// What an instance offers where the log driver may use the execution role.
const ATTRIBUTE: &str = "ecs.capability.execution-role-awslogs";

impl Check for WindowsEc2 {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let containers = &definition.container_definitions;
        let logs = |driver: &Option<_>| driver.as_deref() == Some("awslogs");
        let awslogs: Vec<_> = containers
            .iter()
            .filter(|one| one.log_configuration.as_ref().is_some_and(|log| logs(&log.log_driver)))
            .map(|container| container.name.as_str())
            .collect();
        if awslogs.is_empty() || containers.iter().all(|container| container.secrets.is_empty()) {
            return cx.not_applicable("the task has no secrets, or does not log with `awslogs`");
        }
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        let on_windows = features::is_windows(&this, &definition);
        if cx.launch_type()? != LaunchType::Ec2 || !on_windows {
            return cx.not_applicable("the task does not run Windows containers on EC2 instances");
        }
        let Some(instance) = instances::own(cx)? else {
            return cx.not_applicable("the task was not placed on an instance");
        };
        if instance.has(ATTRIBUTE) {
            return Ok(());
        }
        let variable = "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE";
        let id = instance.id();
        cx.report(
            Finding::warning(format!("container instance `{id}` does not set `{variable}`"))
                .detail(format!(
                    "ECS documents it as necessary for Windows tasks that have secrets and log with \
                     `awslogs`, as {} does",
                    definition::containers(awslogs)
                ))
                .resource(instance.resource())
                .evidence(instance.evidence(cx, "/attributes", Value::Null))
                .remedy(Remedy::new("set the variable on the instances and replace them").step(
                    format!(
                        "in the user data, before `Initialize-ECSAgent`: \
                         `[Environment]::SetEnvironmentVariable(\"{variable}\", $TRUE, \"Machine\")`"
                    ),
                )),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::ATTRIBUTE;
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::placed,
            testing::{Examples, World},
        },
    };

    fn windows<'w>(world: &'w mut World, attributes: &[&str]) -> &'w mut World {
        placed(world, "EC2", attributes)
            .definition("/runtimePlatform/operatingSystemFamily", json!("WINDOWS_SERVER_2022_CORE"))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            windows(world, &[]);
        },
        passes: |world| {
            windows(world, &[ATTRIBUTE]);
        },
        unknown: |world| {
            windows(world, &[]).without("containerInstances");
        },
        near_miss: |world| {
            placed(world, "EC2", &[]);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-windows-ec2"), @r#"
        warning: container instance `0a0000000000000000000000000000a1` does not set `ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE`
          ECS documents it as necessary for Windows tasks that have secrets and log with `awslogs`, as container `app` does
          @ AWS::ECS::ContainerInstance 0a0000000000000000000000000000a1
          fix: set the variable on the instances and replace them
          - in the user data, before `Initialize-ECSAgent`: `[Environment]::SetEnvironmentVariable("ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE", $TRUE, "Machine")`
        "#);
    }

    #[test]
    fn without_secrets_the_question_does_not_arise() {
        let mut world = EXAMPLES.failing();
        world.container("/secrets", json!([]));
        assert_eq!(world.outcome("sec-windows-ec2").status, Status::NotApplicable);
    }
}
