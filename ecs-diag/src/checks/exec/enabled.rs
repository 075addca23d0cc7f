use super::{Exec, OFF};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// ECS Exec: it was on when the task was started
    ///
    /// # What it looks at
    /// `enableExecuteCommand` of the task, where ECS Exec failed, and that of its service.
    ///
    /// # Why it matters
    /// A task has ECS Exec if it had it when it was started; it cannot be turned on for a task that
    /// runs. A service whose setting was changed needs new tasks.
    ///
    /// # How to fix it
    /// Turn it on for the service and deploy again, or start the task with
    /// `--enable-execute-command`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html>
    Enabled {
        id: "exec-enabled",
        domain: "exec",
        phase: Run,
        causes: [ExecNotEnabled],
        explains: [],
    }
}

impl Check for Enabled {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(exec) = Exec::of(cx)? else { return cx.not_applicable(OFF) };
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        if exec.on {
            return Ok(());
        }
        let of_service = crate::facts::at_hand(cx.service())?;
        let detail = if of_service.is_some_and(|service| service.enable_execute_command) {
            "its service has it on, but the task is older than that setting: ECS Exec cannot be \
             turned on for a task that runs"
        } else {
            "ECS Exec cannot be turned on for a task that runs: it has to be on when the task is \
             started"
        };
        let mut remedy = Remedy::new("start a new task with ECS Exec on").edit(task::set(
            &this,
            "/enableExecuteCommand",
            true,
        ));
        remedy = match definition::update_service(cx) {
            Some(command) => {
                remedy.command(format!("{command} --enable-execute-command --force-new-deployment"))
            }
            None => remedy.step("run the task with `--enable-execute-command`"),
        };
        cx.report(
            Finding::blocker(format!("ECS Exec is off on task `{}`", task::id(&this.task_arn)))
                .detail(detail)
                .resource(task::resource(&this))
                .evidence(task::evidence(cx, &this, "/enableExecuteCommand", false))
                .remedy(remedy),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::failure::{MESSAGE, on};
    use crate::{checks::testing::Examples, report::Confidence};

    const ID: &str = "exec-enabled";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            on(world).task("/enableExecuteCommand", json!(false)).stopped(MESSAGE);
        },
        passes: |world| {
            on(world);
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("tasks");
        },
        near_miss: |world| {
            on(world).stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: ECS Exec is off on task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c`
          ECS Exec cannot be turned on for a task that runs: it has to be on when the task is started
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix (verified): start a new task with ECS Exec on
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --enable-execute-command --force-new-deployment
        ");
        assert!(EXAMPLES.failing().verified(ID));
        let report = EXAMPLES.failing().report();
        assert!(report.root_causes[0].confidence <= Confidence::Likely, "{report:?}");
    }

    #[test]
    fn a_task_may_be_older_than_the_setting_of_its_service() {
        let mut world = EXAMPLES.failing();
        world.set("services", "/services/0/enableExecuteCommand", json!(true));
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].detail.contains("older than that setting"), "{outcome:?}");
    }
}
