use std::cmp::Reverse;

use serde_json::json;

use crate::{
    aws::ecs::DescribeServices,
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell, signature,
};

check! {
    /// What the service's events and deployments say
    ///
    /// # What it looks at
    /// The newest events of the service back to its last steady state, and deployments whose rollout
    /// failed. An event that quotes a task's whole error is read by that error, not as a problem of
    /// placement.
    ///
    /// # Why it matters
    /// Some faults leave no task behind: no room to place it, a role that cannot be assumed. Only
    /// the events tell of them.
    ///
    /// # How to fix it
    /// Follow what the newest event says.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>
    ServiceEvents {
        id: "cls-service-events",
        domain: "classification",
        phase: Place,
        causes: [],
        explains: [],
    }
}

/// How many of the newest events are read.
const EVENTS_READ: usize = 100;
/// How many different ones are told.
const EVENTS_TOLD: usize = 3;

impl Check for ServiceEvents {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else {
            return cx.not_applicable("the task belongs to no service");
        };
        let name = &service.service_name;
        let request = DescribeServices {
            cluster: cx.target().cluster().or_else(|| service.cluster_arn.clone()),
            services: vec![name.clone()],
        };
        let resource =
            Resource::new("AWS::ECS::Service", name.clone()).arn(service.service_arn.clone());
        let show = Remedy::new("follow the newest event").command(format!(
            "aws ecs describe-services --services {} --query 'services[0].events[:10]'{}",
            shell::quoted(name),
            task::options(cx)
        ));

        let mut events: Vec<_> = service.events.iter().enumerate().take(EVENTS_READ).collect();
        events.sort_by_key(|(at, event)| (Reverse(event.created_at), *at));
        let mut told: Vec<(usize, &'static str, &str)> = Vec::new();
        let mut more = 0_usize;
        for (at, event) in events {
            let Some(message) = event.message.as_deref() else { continue };
            let reading = signature::read(message);
            match reading.signature {
                // What is older than a steady state has been overcome.
                Some("SVC-STEADY") => break,
                Some(_) if reading.benign => {}
                Some(signature) if told.iter().all(|(_, known, _)| *known != signature) => {
                    told.push((at, signature, inner(message)));
                }
                Some(_) => more += 1,
                None => {}
            }
        }
        if let Some((first, _, text)) = told.first() {
            let others: Vec<_> = told[1..]
                .iter()
                .take(EVENTS_TOLD - 1)
                .map(|(.., text)| format!("`{text}`"))
                .collect();
            let mut parts = vec!["it is the newest event that tells of a fault".to_owned()];
            if !others.is_empty() {
                parts.push(format!("before it: {}", others.join(", ")));
            }
            if more > 0 {
                parts.push(format!("{more} more say the same"));
            }
            cx.report(
                Finding::info(format!("service `{name}` reports: {text}"))
                    .detail(parts.join("; "))
                    .resource(resource.clone())
                    .evidence(
                        Evidence::new(
                            cx.query(&request),
                            format!("/events/{first}/message"),
                            json!(service.events[*first].message),
                        )
                        .object(service.service_arn.clone()),
                    )
                    .remedy(show.clone()),
            );
        }
        for (at, deployment) in service.deployments.iter().enumerate() {
            if deployment.rollout_state.as_deref() != Some("FAILED") {
                continue;
            }
            let id = deployment.id.as_deref().unwrap_or("");
            let why = deployment.rollout_state_reason.as_deref().unwrap_or("ECS gives no reason");
            let why = why.trim_end_matches('.');
            cx.report(
                Finding::info(format!("deployment `{id}` of service `{name}` failed: {why}"))
                    .detail(format!(
                        "{} of its tasks failed; its newest stopped task tells why",
                        deployment.failed_tasks
                    ))
                    .resource(resource.clone())
                    .evidence(
                        Evidence::new(
                            cx.query(&request),
                            format!("/deployments/{at}/rolloutState"),
                            "FAILED",
                        )
                        .object(service.service_arn.clone()),
                    )
                    .remedy(show.clone()),
            );
        }
        Ok(())
    }
}

/// An event without the words around it that name the service, and without those around the error
/// of a task that it quotes.
fn inner(message: &str) -> &str {
    let plain = match message.strip_prefix("(service ").or(message.strip_prefix("service (")) {
        Some(rest) => rest.split_once(") ").map_or(message, |(_, rest)| rest),
        None => message,
    };
    let told = match plain.split_once("Reason: ") {
        Some((_, quoted)) if signature::read(quoted).signature.is_some_and(of_a_task) => quoted,
        _ => plain,
    };
    told.trim_end_matches('.')
}

/// Whether a signature is one of a task's own errors.
fn of_a_task(signature: &str) -> bool {
    !signature.starts_with("SVC-")
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const FAULT: &str = "(service checkout) was unable to place a task. Reason: \
        ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve \
        secrets from ssm: invalid ssm parameters: /shop/flag.";
    const STEADY: &str = "(service checkout) has reached a steady state.";

    fn events(world: &mut World, fault_at: &str) {
        world.set(
            "services",
            "/services/0/events",
            json!([
                {"id": "1", "createdAt": "2026-11-20T10:05:00Z", "message": STEADY},
                {"id": "2", "createdAt": fault_at, "message": FAULT},
            ]),
        );
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| events(world, "2026-11-20T10:06:00Z"),
        passes: |_| {},
        unknown: |world| {
            world.deny("ecs:DescribeServices");
        },
        // The service has become steady since.
        near_miss: |world| events(world, "2026-11-20T10:04:00Z"),
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("cls-service-events"), @r"
        info: service `checkout` reports: ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secrets from ssm: invalid ssm parameters: /shop/flag
          it is the newest event that tells of a fault
          @ AWS::ECS::Service checkout
          fix: follow the newest event
          $ aws ecs describe-services --services checkout --query 'services[0].events[:10]' --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn a_rollout_that_failed_is_told() {
        let mut world = World::default();
        let reason = "ECS deployment circuit breaker: tasks failed to start";
        world
            .set("services", "/services/0/deployments/0/rolloutState", json!("FAILED"))
            .set("services", "/services/0/deployments/0/rolloutStateReason", json!(reason))
            .set("services", "/services/0/deployments/0/failedTasks", json!(10));
        let outcome = world.outcome("cls-service-events");
        assert_eq!((outcome.status, outcome.findings.len()), (Status::Passed, 1));
        assert!(outcome.findings[0].summary.ends_with(&format!("failed: {reason}")));
        assert!(outcome.findings[0].detail.starts_with("10 of its tasks failed"));
    }

    #[test]
    fn only_a_quoted_error_is_unwrapped() {
        assert!(super::inner(FAULT).starts_with("ResourceInitializationError"));
        let capacity = "(service x) was unable to place a task. Reason: Capacity is unavailable at \
            this time. Please try again later or in a different availability zone.";
        assert!(super::inner(capacity).starts_with("was unable to place a task"));
        assert_eq!(super::inner("(service x"), "(service x");
    }
}
