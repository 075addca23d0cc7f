use serde_json::json;

use crate::{
    Target,
    aws::ecs::{DeploymentConfiguration, Service},
    check::{Check, Cx, Meta, check},
    checks::{definition, service::object},
    facts::Missing,
    finding::{Finding, Remedy, Severity},
};

check! {
    /// The service asks for tasks, and its settings let it start them
    ///
    /// # What it looks at
    /// Whether the service is active, how many tasks it wants, and whether its deployment configuration
    /// leaves room: at most `maximumPercent` of the tasks wanted, rounded down, may run at a time, and at
    /// least `minimumHealthyPercent`, rounded up, must. Protected tasks that keep a deployment from
    /// scaling in are told.
    ///
    /// # Why it matters
    /// A service that wants no tasks starts none, and reports a steady state all the same. Where a
    /// deployment may neither start a task more nor stop one, it waits for ever: `unable to stop or start
    /// tasks during a deployment because of the service deployment configuration`.
    ///
    /// # How to fix it
    /// Set the desired count; infrastructure code or a scaling policy may set it back to 0. Raise
    /// `maximumPercent` or lower `minimumHealthyPercent` so that one task can be replaced.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>
    ServiceState {
        id: "plc-service-state",
        domain: "placement",
        phase: Place,
        causes: [DeployConfiguration],
        explains: [],
    }
}

impl Check for ServiceState {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else { return cx.not_applicable(object::NO_SERVICE) };
        let is_target = matches!(cx.target(), Target::Service { .. });
        let strategy = service.scheduling_strategy.as_deref();
        let status = service.status.as_deref().unwrap_or("ACTIVE");
        if status != "ACTIVE" {
            inactive(cx, &service, status, is_target);
        } else if strategy == Some("REPLICA") && service.desired_count == 0 {
            none_wanted(cx, &service, is_target);
        } else if strategy != Some("DAEMON") {
            no_room(cx, &service);
        }
        let events = object::events(cx, &service)?;
        if let Some(told) = events.iter().find(|told| told.signature == "SVC-PROTECTED") {
            let text = service.events.get(told.at).and_then(|event| event.message.clone());
            cx.report(
                Finding::info(format!(
                    "protected tasks keep service `{}` from scaling in",
                    service.service_name
                ))
                .detail(
                    "more tasks are protected than are wanted: the deployment waits until their \
                     protection ends",
                )
                .resource(object::resource(&service))
                .evidence(object::evidence(
                    cx,
                    &service,
                    format!("/events/{}/message", told.at),
                    text,
                ))
                .remedy(Remedy::new(
                    "wait until the protection expires, or end it with `update-task-protection`",
                )),
            );
        }
        Ok(())
    }
}

/// A service that is being deleted, or was.
fn inactive(cx: &mut Cx<'_>, service: &Service, status: &str, is_target: bool) {
    cx.report(
        Finding::of(
            if is_target { Severity::Likely } else { Severity::Info },
            format!("service `{}` is {status}", service.service_name),
        )
        .detail("a service that is deleted starts no tasks")
        .resource(object::resource(service))
        .evidence(object::evidence(cx, service, "/status", status))
        .remedy(Remedy::new("create the service again, under the same name if you like")),
    );
}

/// A steady state without tasks.
fn none_wanted(cx: &mut Cx<'_>, service: &Service, is_target: bool) {
    let mut remedy = Remedy::new("set the desired count")
        .step("see that infrastructure code or a scaling policy does not set it back to 0")
        .edit(object::set(service, "/desiredCount", 1));
    if let Some(command) = definition::update_service(cx) {
        remedy = remedy.command(format!("{command} --desired-count 1"));
    }
    cx.report(
        Finding::of(
            if is_target { Severity::Likely } else { Severity::Info },
            format!("service `{}` wants no tasks: its desired count is 0", service.service_name),
        )
        .detail(
            "it starts none, and calls that a steady state; that is why nothing runs, if something is \
             to run",
        )
        .resource(object::resource(service))
        .evidence(object::evidence(cx, service, "/desiredCount", 0))
        .remedy(remedy),
    );
}

/// The circuit breaker as it is, to be given again with the other settings.
fn breaker(configuration: &DeploymentConfiguration) -> String {
    configuration.deployment_circuit_breaker.as_ref().map_or(String::new(), |breaker| {
        let (enable, rollback) = (breaker.enable, breaker.rollback);
        format!(",deploymentCircuitBreaker={{enable={enable},rollback={rollback}}}")
    })
}

/// A deployment that may neither start nor stop a task.
fn no_room(cx: &mut Cx<'_>, service: &Service) {
    let controller = service.deployment_controller.as_ref().and_then(|c| c.kind.as_deref());
    let Some(configuration) = &service.deployment_configuration else { return };
    if controller.is_some_and(|kind| kind != "ECS") {
        return;
    }
    let desired = service.desired_count;
    let (Some(most), Some(fewest)) =
        (configuration.maximum_percent, configuration.minimum_healthy_percent)
    else {
        return;
    };
    let most_tasks = desired.saturating_mul(most) / 100;
    let fewest_tasks = desired.saturating_mul(fewest).saturating_add(99) / 100;
    if desired <= 0 || most_tasks > desired || fewest_tasks < desired {
        return;
    }
    // The first deployment has nothing to replace.
    let replaces = service.deployments.len() > 1;
    // One task more is room enough.
    let enough =
        desired.saturating_add(1).saturating_mul(100).saturating_add(desired - 1) / desired;
    let mut remedy = Remedy::new(format!(
        "let a deployment run one task more: raise `maximumPercent` to {enough} at least"
    ))
    .edit(object::set(service, "/deploymentConfiguration/maximumPercent", enough));
    if let Some(command) = definition::update_service(cx) {
        remedy = remedy.command(format!(
            "{command} --deployment-configuration \
             maximumPercent={enough},minimumHealthyPercent={fewest}{}",
            breaker(configuration)
        ));
    }
    cx.report(
        Finding::of(
            if replaces { Severity::Likely } else { Severity::Warning },
            format!(
                "the deployment configuration of service `{}` lets it neither start a task more nor \
                 stop one",
                service.service_name
            ),
        )
        .detail(format!(
            "{desired} tasks are wanted: `maximumPercent` {most} allows {most_tasks}, \
             `minimumHealthyPercent` {fewest} demands {fewest_tasks}; a deployment cannot replace any \
             task that runs well"
        ))
        .resource(object::resource(service))
        .evidence(object::evidence(
            cx,
            service,
            "/deploymentConfiguration",
            json!({"maximumPercent": most, "minimumHealthyPercent": fewest}),
        ))
        .remedy(remedy),
    );
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        Target,
        check::Status,
        checks::{
            service::testing::events,
            testing::{Examples, World},
        },
        finding::Severity,
        report::Verdict,
    };

    const ID: &str = "plc-service-state";
    const EVENT: &str = "(service checkout) was unable to stop or start tasks during a deployment \
        because of the service deployment configuration. Update the minimumHealthyPercent or \
        maximumPercent value and try again.";
    const STEADY: &str = "(service checkout) has reached a steady state.";

    fn percents(world: &mut World, most: i64, fewest: i64) -> &mut World {
        events(world, &[EVENT]).set(
            "services",
            "/services/0/deploymentConfiguration",
            json!({"maximumPercent": most, "minimumHealthyPercent": fewest}),
        )
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            percents(world, 125, 75);
        },
        passes: |world| {
            percents(world, 200, 100);
        },
        unknown: |world| {
            percents(world, 125, 75).deny("ecs:DescribeServices");
        },
        near_miss: |world| {
            // One of the two tasks may be stopped.
            percents(world, 125, 50);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        warning: the deployment configuration of service `checkout` lets it neither start a task more nor stop one
          2 tasks are wanted: `maximumPercent` 125 allows 2, `minimumHealthyPercent` 75 demands 2; a deployment cannot replace any task that runs well
          @ AWS::ECS::Service checkout
          fix (verified): let a deployment run one task more: raise `maximumPercent` to 150 at least
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --deployment-configuration maximumPercent=150,minimumHealthyPercent=75
        ");
    }

    #[test]
    fn room_is_rounded_and_proved() {
        for (desired, most, fewest, passes) in [
            (1, 100, 100, false),
            (1, 200, 100, true),
            (1, 100, 0, true),
            (2, 150, 100, true),
            (3, 125, 100, false),
            (4, 125, 100, true),
            (2, 100, 75, false),
            (4, 100, 75, true),
        ] {
            let mut world = World::default();
            percents(&mut world, most, fewest).set(
                "services",
                "/services/0/desiredCount",
                json!(desired),
            );
            let status = world.outcome(ID).status;
            assert_eq!(status == Status::Passed, passes, "{desired} {most} {fewest}");
            assert!(passes || world.verified(ID), "{desired} {most} {fewest}");
        }
    }

    fn of_service(world: &mut World) -> &mut World {
        world.target(Target::service(Some("shop"), "checkout")).recorded(
            "ecs",
            "ListTasks",
            &json!({"cluster": "shop", "serviceName": "checkout", "desiredStatus": "STOPPED"}),
            &json!({"taskArns": []}),
        )
    }

    #[test]
    fn a_steady_state_without_tasks_is_not_healthy() {
        let mut world = World::default();
        world.set("services", "/services/0/schedulingStrategy", json!("REPLICA"));
        of_service(events(&mut world, &[STEADY])).set(
            "services",
            "/services/0/desiredCount",
            json!(0),
        );
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings[0].severity, Severity::Likely);
        assert_eq!(world.report().verdict, Verdict::Suspected);
        assert!(world.verified(ID));
        // Asked about a task, it is only said.
        world.target(Target::task(None, crate::checks::testing::TASK));
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Info);
    }

    #[test]
    fn a_service_that_was_deleted_starts_nothing() {
        let mut world = World::default();
        of_service(&mut world).set("services", "/services/0/status", json!("INACTIVE"));
        assert!(world.outcome(ID).findings[0].summary.ends_with("is INACTIVE"));
    }

    #[test]
    fn one_task_on_each_instance_has_no_count() {
        let mut world = World::default();
        world.set("services", "/services/0/schedulingStrategy", json!("DAEMON")).set(
            "services",
            "/services/0/desiredCount",
            json!(0),
        );
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn protected_tasks_are_told() {
        let mut world = World::default();
        events(
            &mut world,
            &["(service checkout) was unable to reach steady state because task set \
               (ecs-svc/1234567890123456789) was unable to scale in. Reason: The number of protected \
               tasks are more than the desired count of tasks."],
        );
        assert!(world.outcome(ID).findings[0].summary.starts_with("protected tasks"));
    }
}
