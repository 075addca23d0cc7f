use crate::{
    LaunchType,
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// An internal error is Fargate's own
    ///
    /// # What it looks at
    /// Whether the task stopped with `InternalError`.
    ///
    /// # Why it matters
    /// The agent of Fargate came upon something unexpected that has nothing to do with the task's
    /// configuration. ECS starts a service's task again; one such stop among many is no cause for
    /// concern.
    ///
    /// # How to fix it
    /// Start the task again. If it comes back, give the task's ARN and the time to AWS Support.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/internal-error.html>
    InternalError {
        id: "fg-internal-error",
        domain: "fargate",
        phase: Start,
        causes: [],
        explains: [],
    }
}

impl Check for InternalError {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if cx.launch_type()? != LaunchType::Fargate {
            return cx.not_applicable("the task does not run on Fargate");
        }
        let (Some(symptom), Some(task)) = (cx.symptom()?, cx.task()?) else { return Ok(()) };
        let internal = matches!(symptom.reading.signature, Some("INT" | "TFS-INTERNAL"));
        if symptom.reading.benign || !internal {
            return Ok(());
        }
        let mut remedy = Remedy::new("start the task again");
        if let Some(command) = definition::update_service(cx) {
            remedy = remedy.command(format!("{command} --force-new-deployment"));
        }
        remedy = remedy.step(format!(
            "if it comes back, give `{}` and the time of its stop to AWS Support",
            task.task_arn
        ));
        cx.report(
            Finding::info("the task stopped with an internal error of Fargate")
                .detail(
                    "it passes in most cases, and nothing in the task's configuration is its cause",
                )
                .resource(task::resource(&task))
                .evidence(task::evidence(cx, &task, "/stoppedReason", symptom.text.clone()))
                .remedy(remedy),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::Examples;

    const ID: &str = "fg-internal-error";
    const MESSAGE: &str = "InternalError";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE);
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).deny("ecs:DescribeTasks");
        },
        near_miss: |world| {
            // Somebody stopped the task, and wrote the same text.
            world.stopped(MESSAGE).task("/stopCode", json!("UserInitiated"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        info: the task stopped with an internal error of Fargate
          it passes in most cases, and nothing in the task's configuration is its cause
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: start the task again
          - if it comes back, give `arn:aws:ecs:eu-west-1:111122223333:task/shop/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` and the time of its stop to AWS Support
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --force-new-deployment
        ");
    }
}
