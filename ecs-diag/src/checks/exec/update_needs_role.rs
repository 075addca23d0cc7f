use super::{Exec, OFF};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy, Severity},
};

check! {
    /// ECS Exec: the task definition has a task role
    ///
    /// # What it looks at
    /// `taskRoleArn` of the task definition, overrides included.
    ///
    /// # Why it matters
    /// The agent of ECS Exec signs in to Systems Manager with the task role. Without one,
    /// `UpdateService` refuses to turn ECS Exec on: `The service couldn't be updated because a
    /// valid taskRoleArn is not being used`.
    ///
    /// # How to fix it
    /// Name a task role that may open channels of Systems Manager (`ssmmessages:…`).
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html>
    UpdateNeedsRole {
        id: "exec-update-needs-role",
        domain: "exec",
        phase: Run,
        causes: [ExecNotEnabled],
        explains: [],
    }
}

impl Check for UpdateNeedsRole {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(exec) = Exec::of(cx)? else { return cx.not_applicable(OFF) };
        let task_definition = cx.definition()?;
        if task_definition.task_role_arn.as_ref().is_some_and(|role| !role.is_empty()) {
            return Ok(());
        }
        if !exec.wants_advice() {
            return Ok(());
        }
        let refused =
            exec.failure.is_some_and(|symptom| symptom.reading.signature == Some("REG-EXECROLE"));
        let severity = if refused { Severity::Blocker } else { Severity::Info };
        let evidence =
            definition::evidence(cx, &task_definition, "/taskRoleArn", serde_json::Value::Null)?;
        let remedy = Remedy::new("name a task role that may open channels of Systems Manager");
        cx.report(
            Finding::of(
                severity,
                format!("`{}` has no task role", definition::name(&task_definition)),
            )
            .detail(
                "the agent of ECS Exec signs in with the task role; without one, UpdateService \
                 refuses to turn ECS Exec on",
            )
            .resource(definition::resource(&task_definition))
            .evidence(evidence)
            .remedy(definition::deployed(cx, &task_definition, remedy)),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::Value;

    use super::super::failure::on;
    use crate::{
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const ID: &str = "exec-update-needs-role";
    const MESSAGE: &str = "InvalidParameterException: The service couldn't be updated because a \
        valid taskRoleArn is not being used. Specify a valid task role in your task definition and \
        try again.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            on(world).stopped(MESSAGE).definition("/taskRoleArn", Value::Null);
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

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: `checkout:42` has no task role
          the agent of ECS Exec signs in with the task role; without one, UpdateService refuses to turn ECS Exec on
          @ AWS::ECS::TaskDefinition checkout:42
          fix: name a task role that may open channels of Systems Manager
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn it_is_context_where_nothing_was_refused() {
        let mut world = World::default();
        on(&mut world).definition("/taskRoleArn", Value::Null);
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Info);
    }
}
