use super::{Exec, OFF};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// ECS Exec: the task is running
    ///
    /// # What it looks at
    /// `lastStatus` of the task, where ECS Exec failed.
    ///
    /// # Why it matters
    /// A command can be run in a running container only.
    ///
    /// # How to fix it
    /// Run the command in a task that runs; if the task stopped, find out why.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html>
    TaskRunning {
        id: "exec-task-running",
        domain: "exec",
        phase: Run,
        causes: [],
        explains: [],
    }
}

impl Check for TaskRunning {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(exec) = Exec::of(cx)? else { return cx.not_applicable(OFF) };
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        let status = this.last_status.clone().unwrap_or_default();
        if exec.failure.is_none() || status == "RUNNING" {
            return Ok(());
        }
        cx.report(
            Finding::info(format!(
                "task `{}` is `{status}`, not `RUNNING`",
                task::id(&this.task_arn)
            ))
            .detail("ECS Exec runs commands in running containers only")
            .resource(task::resource(&this))
            .evidence(task::evidence(cx, &this, "/lastStatus", status))
            .remedy(Remedy::new("run the command in a task that runs").command(
                format!("aws ecs list-tasks --desired-status RUNNING{}", task::options(cx)),
            )),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::failure::{MESSAGE, on};
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };
    use serde_json::json;

    const ID: &str = "exec-task-running";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE);
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
        info: task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` is `STOPPED`, not `RUNNING`
          ECS Exec runs commands in running containers only
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: run the command in a task that runs
          $ aws ecs list-tasks --desired-status RUNNING --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn a_stopped_task_with_exec_on_is_no_news() {
        let mut world = World::default();
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
        world.task("/enableExecuteCommand", json!(true));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
