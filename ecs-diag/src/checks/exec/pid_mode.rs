use super::{Exec, OFF};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// ECS Exec: the containers do not share their processes
    ///
    /// # What it looks at
    /// `pidMode` of a task definition with several containers.
    ///
    /// # Why it matters
    /// There is one session of ECS Exec for each namespace of process ids. With `pidMode` `task`,
    /// commands can be run in one of the containers only.
    ///
    /// # How to fix it
    /// Leave `pidMode` out, or put up with one container.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html>
    PidMode {
        id: "exec-pid-mode",
        domain: "exec",
        phase: Run,
        causes: [ExecAgentCannotConnect],
        explains: [],
    }
}

impl Check for PidMode {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if Exec::of(cx)?.is_none() {
            return cx.not_applicable(OFF);
        }
        let task_definition = cx.definition()?;
        let containers = task_definition.container_definitions.len();
        if task_definition.pid_mode.as_deref() != Some("task") || containers < 2 {
            return Ok(());
        }
        let evidence = definition::evidence(cx, &task_definition, "/pidMode", "task")?;
        let remedy = Remedy::new("leave `pidMode` out").edit(crate::edit::Edit::Remove(
            definition::object(&task_definition),
            "/pidMode".to_owned(),
        ));
        cx.report(
            Finding::warning(format!(
                "the {containers} containers of `{}` share their processes",
                definition::name(&task_definition)
            ))
            .detail("with `pidMode` `task`, ECS Exec can run commands in one of them only")
            .resource(definition::resource(&task_definition))
            .evidence(evidence)
            .changed_at(task_definition.registered_at)
            .remedy(definition::deployed(cx, &task_definition, remedy)),
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
        checks::testing::{Examples, IMAGE, World},
    };

    const ID: &str = "exec-pid-mode";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            shared(on(world)).stopped(MESSAGE);
        },
        passes: |world| {
            on(world);
        },
        unknown: |world| {
            on(world).stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            on(world).stopped(MESSAGE);
        },
    };

    fn shared(world: &mut World) -> &mut World {
        world
            .definition("/pidMode", json!("task"))
            .definition("/containerDefinitions/-", json!({"name": "worker", "image": IMAGE}))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        warning: the 2 containers of `checkout:42` share their processes
          with `pidMode` `task`, ECS Exec can run commands in one of them only
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): leave `pidMode` out
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn one_container_shares_with_nobody() {
        let mut world = World::default();
        on(&mut world).definition("/pidMode", json!("task"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
