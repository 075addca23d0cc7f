use crate::{
    Target,
    aws::ecs::{ListTasks, Service},
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
};

check! {
    /// The task is its service's newest failure
    ///
    /// # What it looks at
    /// Whether the service has a failed task that stopped later than this one, and whether the
    /// deployment that started this one (`startedBy`) is still the service's `PRIMARY` one. Tasks
    /// without a service have no successors; for a service the newest failed task is taken anyway.
    ///
    /// # Why it matters
    /// An older task may have failed for a reason that somebody has removed since. The newest
    /// failure is the one that the present configuration explains.
    ///
    /// # How to fix it
    /// Diagnose the newest failed task, which the finding names, or the service (`--service`).
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-errors.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html>
    LatestFailure {
        id: "pre-latest-failure",
        domain: "preflight",
        phase: Place,
        causes: [],
        explains: [],
    }
}

impl Check for LatestFailure {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if matches!(cx.target(), Target::Service { .. }) {
            return cx.not_applicable("the newest failed task of the service was chosen");
        }
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        let Some(name) = this.service_name() else {
            return cx.not_applicable("the task belongs to no service");
        };
        let id = task::id(&this.task_arn);
        let service = cx.service();
        let failures = task::failures(cx, name)?;
        let stopped = this.stopped_at.or(this.created_at);
        if let Some(newest) = failures.first()
            && newest.arn != this.task_arn
            && newest.at > stopped
        {
            let newest_id = task::id(&newest.arn);
            let later = match (stopped, newest.at) {
                (Some(this), Some(newest)) => format!(", {} later", task::span(this, newest)),
                _ => String::new(),
            };
            let list = ListTasks {
                cluster: cx.target().cluster(),
                service_name: Some(name.to_owned()),
                desired_status: "STOPPED",
            };
            cx.report(
                Finding::info(format!(
                    "task `{id}` is not the newest failure of service `{name}`: `{newest_id}` \
                     stopped{later}"
                ))
                .detail("what stopped the older task may have been changed before the newer one")
                .resource(task::resource(&this))
                .evidence(Evidence::new(cx.query(&list), "/taskArns", newest.arn.clone()))
                .remedy(Remedy::new(format!("diagnose task `{newest_id}`"))),
            );
        }
        let Some(service) = service? else { return Ok(()) };
        if let (Some(by), Some(primary)) = (&this.started_by, primary(&service))
            && by.starts_with("ecs-svc/")
            && by != primary
        {
            cx.report(
                Finding::info(format!(
                    "task `{id}` belongs to deployment `{by}`, which `{primary}` has replaced in \
                     service `{name}`"
                ))
                .detail("it tells why the older deployment failed, not how the present one does")
                .resource(Resource::new("AWS::ECS::Service", name).arn(service.service_arn.clone()))
                .evidence(task::evidence(cx, &this, "/startedBy", by.clone()))
                .remedy(Remedy::new(format!("diagnose the newest failure of service `{name}`"))),
            );
        }
        Ok(())
    }
}

/// The id of the service's current deployment or task set.
fn primary(service: &Service) -> Option<&String> {
    // Where something else steers deployments, the task sets are what starts tasks.
    let sets = if service.task_sets.is_empty() { &service.deployments } else { &service.task_sets };
    sets.iter().find(|set| set.status.as_deref() == Some("PRIMARY"))?.id.as_ref()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        Target,
        check::Status,
        checks::testing::{Examples, TASK, World},
    };

    const NEWER: &str =
        "arn:aws:ecs:eu-west-1:111122223333:task/shop/9c0d2a8c0b7e4d5f9a6c3e2b1d0f8a00";

    /// Lists the service's stopped tasks: the one of the world, and another one like it.
    fn another(world: &mut World, stopped_at: &str) {
        let mut other = world.outputs["tasks"]["tasks"][0].clone();
        other["taskArn"] = json!(NEWER);
        other["stoppedAt"] = json!(stopped_at);
        world.set("tasks", "/tasks/-", other);
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| another(world, "2026-11-20T10:06:00Z"),
        passes: |_| {},
        unknown: |world| {
            world.deny("ecs:ListTasks");
        },
        near_miss: |world| another(world, "2026-11-20T09:06:00Z"),
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("pre-latest-failure"), @r"
        info: task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` is not the newest failure of service `checkout`: `9c0d2a8c0b7e4d5f9a6c3e2b1d0f8a00` stopped, 5 min later
          what stopped the older task may have been changed before the newer one
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: diagnose task `9c0d2a8c0b7e4d5f9a6c3e2b1d0f8a00`
        ");
    }

    #[test]
    fn a_deployment_that_was_replaced_is_said() {
        let mut world = World::default();
        world.set("services", "/services/0/deployments/0/status", json!("ACTIVE")).set(
            "services",
            "/services/0/deployments/-",
            json!({"id": "ecs-svc/99", "status": "PRIMARY", "createdAt": "2026-11-20T10:20:00Z"}),
        );
        let outcome = world.outcome("pre-latest-failure");
        assert_eq!(outcome.status, Status::Passed);
        assert_eq!(outcome.findings.len(), 1);
        assert!(outcome.findings[0].summary.contains("`ecs-svc/99` has replaced"));
    }

    #[test]
    fn a_newer_task_that_was_stopped_on_purpose_is_no_newer_failure() {
        let mut world = World::default();
        another(&mut world, "2026-11-20T10:06:00Z");
        world.set("tasks", "/tasks/1/stopCode", json!("UserInitiated"));
        assert!(world.outcome("pre-latest-failure").findings.is_empty());
    }

    #[test]
    fn tasks_without_a_service_and_services_are_not_asked() {
        let mut world = World::default();
        world.task("/group", json!("family:checkout")).task("/startedBy", json!("me"));
        assert_eq!(world.outcome("pre-latest-failure").status, Status::NotApplicable);
        let mut world = World::default();
        world.target(Target::service(Some("shop"), "checkout"));
        assert_eq!(world.outcome("pre-latest-failure").status, Status::NotApplicable);
        assert_ne!(NEWER, TASK);
    }
}
