use super::{Exec, OFF};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Finding, Remedy},
    shell::quoted,
};

check! {
    /// ECS Exec: the command names its container
    ///
    /// # What it looks at
    /// Whether the task has containers that its task definition does not have: Service Connect and
    /// Runtime Monitoring of GuardDuty run beside the task's containers.
    ///
    /// # Why it matters
    /// With more than one container, `aws ecs execute-command` must be told which one, sidecars
    /// included.
    ///
    /// # How to fix it
    /// Use the option `--container`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExecuteCommand.html>
    SidecarName {
        id: "exec-sidecar-name",
        domain: "exec",
        phase: Run,
        causes: [],
        explains: [],
    }
}

impl Check for SidecarName {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(exec) = Exec::of(cx)? else { return cx.not_applicable(OFF) };
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        let task_definition = cx.definition()?;
        let own: std::collections::BTreeSet<&str> = task_definition
            .container_definitions
            .iter()
            .map(|container| container.name.as_str())
            .collect();
        let sidecars: Vec<_> = this
            .containers
            .iter()
            .filter_map(|container| container.name.as_deref())
            .filter(|name| !own.contains(name))
            .collect();
        let Some(first) = own.first() else { return Ok(()) };
        if sidecars.is_empty() || !exec.wants_advice() {
            return Ok(());
        }
        let who = definition::containers(sidecars.iter().copied());
        let command = format!(
            "aws ecs execute-command --task {} --container {} --interactive --command /bin/sh{}",
            quoted(task::id(&this.task_arn)),
            quoted(first),
            task::options(cx)
        );
        cx.report(
            Finding::info(format!(
                "ECS Exec must be told which container: the task also has {who}"
            ))
            .detail("AWS runs it beside the containers of the task definition, and it counts")
            .resource(task::resource(&this))
            .evidence(task::evidence(cx, &this, "/containers", sidecars))
            .remedy(Remedy::new("name the container: `--container`").command(command)),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::failure::{MESSAGE, on};
    use crate::checks::testing::{Examples, World};

    const ID: &str = "exec-sidecar-name";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            with_sidecar(on(world)).stopped(MESSAGE);
        },
        passes: |world| {
            on(world);
        },
        unknown: |world| {
            with_sidecar(on(world)).stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            on(world).stopped(MESSAGE);
        },
    };

    fn with_sidecar(world: &mut World) -> &mut World {
        world.task(
            "/containers/-",
            json!({"name": "aws-guardduty-agent-0123456", "lastStatus": "RUNNING"}),
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        info: ECS Exec must be told which container: the task also has container `aws-guardduty-agent-0123456`
          AWS runs it beside the containers of the task definition, and it counts
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: name the container: `--container`
          $ aws ecs execute-command --task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c --container app --interactive --command /bin/sh --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn a_task_that_stopped_needs_no_advice() {
        let mut world = World::default();
        with_sidecar(&mut world).task("/enableExecuteCommand", json!(true));
        assert!(world.outcome(ID).findings.is_empty());
    }
}
