use super::{Exec, OFF};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Finding, Remedy},
    signature::Cause,
};

check! {
    /// ECS Exec: the caller has what it takes
    ///
    /// # What it looks at
    /// Whether the failure message comes from the caller's side, of a task whose ECS Exec is on:
    /// the AWS CLI runs ECS Exec from version 1.22.3 or 2.3.6 on, and only with its Session Manager
    /// plugin. What the caller has installed cannot be read.
    ///
    /// # Why it matters
    /// `SessionManagerPlugin is not found` has nothing to do with the task.
    ///
    /// # How to fix it
    /// Install the Session Manager plugin; update the AWS CLI.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html>,
    /// <https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html>
    Client {
        id: "exec-client",
        domain: "exec",
        phase: Run,
        causes: [ExecClientOrService],
        explains: [],
    }
}

impl Check for Client {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(exec) = Exec::of(cx)? else { return cx.not_applicable(OFF) };
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        let client = exec.failure.as_ref().is_some_and(|symptom| {
            symptom.reading.causes.first() == Some(&Cause::ExecClientOrService)
        });
        // Where it is off, installing something helps nobody.
        if !client || !exec.on {
            return Ok(());
        }
        cx.report(
            Finding::blocker("ECS Exec failed on the caller's side")
                .detail(
                    "the failure message comes from the AWS CLI, which starts sessions with its \
                     Session Manager plugin; the task is not at fault",
                )
                .resource(task::resource(&this))
                .evidence(task::evidence(cx, &this, "/enableExecuteCommand", true))
                .remedy(
                    Remedy::new("install the Session Manager plugin where the command is run")
                        .step("the AWS CLI must be of version 2.3.6 (or 1.22.3) or newer")
                        .command("session-manager-plugin --version"),
                ),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::failure::on;
    use crate::checks::testing::Examples;

    const ID: &str = "exec-client";
    const MESSAGE: &str = "SessionManagerPlugin is not found. Please refer to SessionManager \
        Documentation here: \
        http://docs.aws.amazon.com/console/systems-manager/session-manager-plugin-not-found";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            on(world).stopped(MESSAGE);
        },
        passes: |world| {
            on(world);
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("tasks");
        },
        near_miss: |world| {
            // It is off in the first place.
            on(world).stopped(MESSAGE).task("/enableExecuteCommand", json!(false));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: ECS Exec failed on the caller's side
          the failure message comes from the AWS CLI, which starts sessions with its Session Manager plugin; the task is not at fault
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: install the Session Manager plugin where the command is run
          - the AWS CLI must be of version 2.3.6 (or 1.22.3) or newer
          $ session-manager-plugin --version
        ");
    }
}
