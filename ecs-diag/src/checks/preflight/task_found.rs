use crate::{
    Target,
    aws::ecs,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
};

check! {
    /// The task is there to be read
    ///
    /// # What it looks at
    /// Whether `DescribeTasks` returns the task, or `DescribeServices` the service. An EventBridge
    /// event "ECS Task State Change" holds its task and always passes.
    ///
    /// # Why it matters
    /// ECS forgets a stopped task after about an hour. The same answer, `MISSING`, comes for a
    /// wrong cluster, Region or id.
    ///
    /// # How to fix it
    /// Diagnose the newest failed task of the service (`--service`). To keep evidence longer, send
    /// task state change events to CloudWatch Logs or S3: they hold the same fields and stay.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-errors.html>
    TaskFound {
        id: "pre-task-found",
        domain: "preflight",
        phase: Place,
        causes: [],
        explains: [],
    }
}

impl Check for TaskFound {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if cx.exists()? {
            return Ok(());
        }
        let cluster = cx.target().cluster();
        let in_cluster = cluster.as_deref().unwrap_or("default");
        let (kind, id, query) = match cx.target() {
            Target::Task { task, .. } => (
                "AWS::ECS::Task",
                task.clone(),
                cx.query(&ecs::DescribeTasks::new(cluster.as_deref(), [task.clone()])),
            ),
            Target::Service { service, .. } => (
                "AWS::ECS::Service",
                service.clone(),
                cx.query(&ecs::DescribeServices {
                    cluster: cluster.clone(),
                    services: vec![service.clone()],
                }),
            ),
            Target::Event(_) => return Ok(()),
        };
        cx.report(
            Finding::blocker(format!("cluster `{in_cluster}` has no `{id}`"))
                .detail(
                    "ECS forgets stopped tasks after about an hour, and gives the same answer for a \
                     wrong cluster, Region or id",
                )
                .resource(Resource::new(kind, id))
                .evidence(Evidence::new(query, "/failures/0/reason", "MISSING"))
                .remedy(
                    Remedy::new("diagnose the newest failed task of the service instead")
                        .command(format!(
                            "aws ecs list-tasks --cluster {in_cluster} --desired-status STOPPED"
                        )),
                ),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::{Examples, TASK};

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.output(
                "tasks",
                json!({"tasks": [], "failures": [{"arn": TASK, "reason": "MISSING"}]}),
            );
        },
        passes: |_| {},
        unknown: |world| {
            world.deny("ecs:DescribeTasks");
        },
        near_miss: |world| {
            world.task("/stoppedReason", json!("MISSING"));
        },
    };
}
