use crate::{
    Target,
    aws::ecs,
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell,
};

check! {
    /// The task is there to be read
    ///
    /// # What it looks at
    /// Whether `DescribeTasks` returns the task, or `DescribeServices` the service. An EventBridge
    /// event "ECS Task State Change" holds its task and always passes. Ids have 32 hexadecimal
    /// digits, or the form of a UUID; ECS refuses any other length.
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
        let refused = match cx.exists() {
            Ok(true) => return Ok(()),
            Ok(false) => None,
            Err(Missing::Unavailable(query, error)) if error.message.starts_with(MALFORMED) => {
                Some((query, error.to_string()))
            }
            Err(missing) => return Err(missing),
        };
        let cluster = cx.target().cluster();
        let in_cluster = cluster.as_deref().unwrap_or("default");
        let region = shell::region_option(cx.region());
        let in_region = cx.region().map_or(String::new(), |region| format!(" of {region}"));
        let shell_cluster = shell::quoted(in_cluster);
        match cx.target() {
            Target::Task { task, .. } => {
                let id = task::id(task);
                let (query, value) = refused.map_or_else(
                    || {
                        let request = ecs::DescribeTasks::new(cluster.as_deref(), [task.clone()]);
                        (cx.query(&request), "MISSING".to_owned())
                    },
                    |(query, why)| (query, why),
                );
                let why = if is_task_id(id) {
                    "ECS forgets stopped tasks after about an hour, and gives the same answer for a \
                     wrong cluster, Region or id"
                } else {
                    "a task id has 32 hexadecimal digits, or 36 characters in the form of a UUID: \
                     this one was mistyped or cut"
                };
                cx.report(
                    Finding::blocker(format!(
                        "cluster `{in_cluster}`{in_region} has no task `{id}`"
                    ))
                    .detail(why)
                    .resource(Resource::new("AWS::ECS::Task", id))
                    .evidence(Evidence::new(query, "/failures/0/reason", value))
                    .remedy(
                        Remedy::new("diagnose the newest failed task of the service instead")
                            .command(format!(
                                "aws ecs list-tasks --cluster {shell_cluster} --desired-status \
                                 STOPPED{region}"
                            )),
                    ),
                );
            }
            Target::Service { service, .. } => {
                let name = task::id(service);
                let request = ecs::DescribeServices {
                    cluster: cluster.clone(),
                    services: vec![service.clone()],
                };
                cx.report(
                    Finding::blocker(format!(
                        "cluster `{in_cluster}`{in_region} has no service `{name}`"
                    ))
                    .detail(
                        "the service was deleted, or cluster, Region or name is another: ECS gives \
                         the same answer for all of these",
                    )
                    .resource(Resource::new("AWS::ECS::Service", name))
                    .evidence(Evidence::new(cx.query(&request), "/failures/0/reason", "MISSING"))
                    .remedy(
                        Remedy::new("name a service that the cluster has").command(format!(
                            "aws ecs list-services --cluster {shell_cluster}{region}"
                        )),
                    ),
                );
            }
            Target::Event(_) => {}
        }
        Ok(())
    }
}

/// The code with which ECS answers an id that cannot be one.
const MALFORMED: &str = "taskId length";

/// 32 hexadecimal digits, or a UUID.
fn is_task_id(id: &str) -> bool {
    let digits = id.bytes().filter(u8::is_ascii_hexdigit).count();
    let dashes = id.bytes().filter(|b| *b == b'-').count();
    digits == 32 && matches!((id.len(), dashes), (32, 0) | (36, 4))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        Target,
        check::Status,
        checks::testing::{Examples, TASK, World},
    };

    /// What is left to be read when the task is gone.
    fn event(world: &mut World) {
        let message = "(service checkout) is unable to consistently start tasks successfully.";
        world.set("services", "/services/0/events/-", json!({"message": message}));
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            event(world);
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
            event(world);
            world.task("/stoppedReason", json!(null));
        },
    };

    #[test]
    fn message() {
        // There is no report without a target, so the check is asked alone.
        let outcome = EXAMPLES.failing().outcome("pre-task-found");
        insta::assert_snapshot!(outcome.findings[0].summary, @"cluster `shop` of eu-west-1 has no task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c`");
    }

    #[test]
    fn an_id_of_another_length_is_named_as_the_fault() {
        for (id, cut) in [
            ("4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7", true),
            ("4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c", false),
            ("4f1d2a8c-0b7e-4d5f-9a6c-3e2b1d0f8a7c", false),
        ] {
            let mut world = World::default();
            world.target(Target::task(Some("shop"), id)).without("tasks").recorded_error(
                "ecs",
                "DescribeTasks",
                &json!({"cluster": "shop", "tasks": [id], "include": ["TAGS"]}),
                "InvalidParameterException",
            );
            // The recording's message does not say why; an unreadable answer proves nothing.
            assert_eq!(world.outcome("pre-task-found").status, Status::Unknown);

            world.output(
                "tasks",
                json!({"tasks": [], "failures": [{"arn": id, "reason": "MISSING"}]}),
            );
            world.recordings.clear();
            let outcome = world.outcome("pre-task-found");
            assert_eq!(outcome.findings[0].detail.contains("mistyped or cut"), cut, "{id}");
        }
    }

    #[test]
    fn a_missing_service_is_named() {
        let mut world = World::default();
        world.target(Target::service(Some("shop"), "chekout")).output(
            "services",
            json!({"services": [], "failures": [{
                "arn": "arn:aws:ecs:eu-west-1:111122223333:service/shop/chekout",
                "reason": "MISSING",
            }]}),
        );
        let outcome = world.outcome("pre-task-found");
        assert_eq!(outcome.findings.len(), 1, "{outcome:?}");
        assert!(outcome.findings[0].summary.ends_with("has no service `chekout`"));
    }
}
