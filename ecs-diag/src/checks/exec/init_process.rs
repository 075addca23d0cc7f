use super::{Exec, OFF};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::{definition, fargate},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// ECS Exec: an init process reaps what it leaves behind
    ///
    /// # What it looks at
    /// `linuxParameters.initProcessEnabled` of every Linux container.
    ///
    /// # Why it matters
    /// Commands and the agent of ECS Exec leave zombie processes in a container without an init
    /// process. Commands can be run all the same.
    ///
    /// # How to fix it
    /// Set `initProcessEnabled` to `true`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html>
    InitProcess {
        id: "exec-init-process",
        domain: "exec",
        phase: Run,
        causes: [],
        explains: [],
    }
}

impl Check for InitProcess {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(exec) = Exec::of(cx)? else { return cx.not_applicable(OFF) };
        let task_definition = cx.definition()?;
        if fargate::is_windows(fargate::operating_system(&task_definition)) {
            return cx.not_applicable("the task runs Windows containers");
        }
        let without: Vec<_> = task_definition
            .container_definitions
            .iter()
            .filter(|container| {
                !container.linux_parameters.as_ref().is_some_and(|linux| linux.init_process_enabled)
            })
            .map(|container| container.name.as_str())
            .collect();
        if without.is_empty() || !exec.wants_advice() {
            return Ok(());
        }
        let who = definition::containers(without);
        let evidence = definition::evidence(
            cx,
            &task_definition,
            "/containerDefinitions/0/linuxParameters/initProcessEnabled",
            serde_json::Value::Null,
        )?;
        cx.report(
            Finding::info(format!("{who} has no init process to reap what ECS Exec leaves behind"))
                .detail(
                    "commands and the agent of ECS Exec leave zombie processes; they can be run \
                     all the same",
                )
                .resource(definition::resource(&task_definition))
                .evidence(evidence)
                .remedy(Remedy::new("set `linuxParameters.initProcessEnabled` to `true`")),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::failure::{MESSAGE, on};
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "exec-init-process";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            on(world).stopped(MESSAGE);
        },
        passes: |world| {
            with_init(on(world));
        },
        unknown: |world| {
            on(world).stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            with_init(on(world)).stopped(MESSAGE);
        },
    };

    fn with_init(world: &mut World) -> &mut World {
        world.container("/linuxParameters", json!({"initProcessEnabled": true}))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        info: container `app` has no init process to reap what ECS Exec leaves behind
          commands and the agent of ECS Exec leave zombie processes; they can be run all the same
          @ AWS::ECS::TaskDefinition checkout:42
          fix: set `linuxParameters.initProcessEnabled` to `true`
        ");
    }

    #[test]
    fn a_task_that_stopped_needs_no_advice() {
        let mut world = World::default();
        world.task("/enableExecuteCommand", json!(true));
        let outcome = world.outcome(ID);
        assert_eq!((outcome.status, outcome.findings.len()), (Status::Passed, 0));
    }
}
