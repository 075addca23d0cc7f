use serde_json::json;

use super::object::{self, NO_SERVICE};
use crate::{
    aws::ecs::{Deployment, DeploymentCircuitBreaker, Service},
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::{self, Missing},
    finding::{Finding, Remedy},
    shell,
};

check! {
    /// What the deployment circuit breaker counts
    ///
    /// # What it looks at
    /// Deployments whose rollout failed, and, where the circuit breaker is on, those with failed tasks:
    /// how many failed in a row, after how many the breaker ends the deployment, whether it rolls back,
    /// and what the deployment's newest failed task says. The threshold is half of the tasks wanted, 3
    /// at least and 200 at most, unless the service sets another one.
    ///
    /// # Why it matters
    /// That a deployment failed is never the reason, only the sum of its failed tasks. A task counts if
    /// it does not reach `RUNNING` or is stopped for its health checks; once one runs well, the count
    /// starts again. Without a circuit breaker ECS tries for ever.
    ///
    /// # How to fix it
    /// Correct what the failed task says, and deploy again.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ThresholdConfiguration.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html>
    CircuitBreaker {
        id: "svc-circuit-breaker",
        domain: "service",
        phase: Place,
        causes: [],
        explains: [],
    }
}

/// Bounds of a threshold in percent, as documented.
const FEWEST: i64 = 3;
const MOST: i64 = 200;
/// Percent of the tasks wanted, where the service does not say.
const PERCENT: i64 = 50;

impl Check for CircuitBreaker {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else { return cx.not_applicable(NO_SERVICE) };
        let breaker = breaker(&service);
        let counted: Vec<(usize, &Deployment)> = service
            .deployments
            .iter()
            .enumerate()
            .filter(|(_, deployment)| {
                deployment.rollout_state.as_deref() == Some("FAILED")
                    || breaker.is_some()
                        && deployment.failed_tasks > 0
                        && deployment.rollout_state.as_deref() == Some("IN_PROGRESS")
            })
            .collect();
        if counted.is_empty() {
            return Ok(());
        }
        let failures = facts::at_hand(task::failures(cx, &service.service_name).map(Some))?
            .unwrap_or_default();
        for (at, deployment) in counted {
            let id = deployment.id.as_deref().unwrap_or("");
            let failed = deployment.failed_tasks;
            let ended = deployment.rollout_state.as_deref() == Some("FAILED");
            let newest = failures.iter().find(|failure| {
                failure.started_by.is_some() && failure.started_by == deployment.id
            });
            let mut details = Vec::new();
            match breaker {
                Some(breaker) => {
                    let threshold = threshold(breaker, deployment.desired_count);
                    details.push(format!(
                        "the circuit breaker ends a deployment of {} tasks after about {threshold} \
                         failures in a row{}",
                        deployment.desired_count,
                        if breaker.rollback {
                            ", and goes back to the last one that completed"
                        } else {
                            ", and does not roll back"
                        }
                    ));
                }
                None => details.push("the circuit breaker is off".to_owned()),
            }
            let mut remedy = Remedy::new("correct what its failed tasks say, and deploy again");
            if let Some(newest) = newest {
                let task = task::id(&newest.arn);
                details.push(if newest.text.is_empty() {
                    format!("its newest failed task is `{task}`, which does not say why")
                } else {
                    format!("its newest failed task, `{task}`, says: {}", newest.text)
                });
                remedy = remedy.command(format!(
                    "aws ecs describe-tasks --tasks {}{}",
                    shell::quoted(task),
                    task::options(cx)
                ));
            } else {
                details.push("none of its failed tasks is told of any more".to_owned());
            }
            let how = if ended { "failed" } else { "is failing" };
            cx.report(
                Finding::info(format!(
                    "deployment `{id}` of service `{}` {how}: {failed} tasks failed in a row",
                    service.service_name
                ))
                .detail(details.join("; "))
                .resource(object::resource(&service))
                .evidence(object::evidence(
                    cx,
                    &service,
                    format!("/deployments/{at}/failedTasks"),
                    json!(failed),
                ))
                .remedy(remedy),
            );
        }
        Ok(())
    }
}

/// The circuit breaker, if it is on.
fn breaker(service: &Service) -> Option<&DeploymentCircuitBreaker> {
    let configuration = service.deployment_configuration.as_ref()?;
    configuration.deployment_circuit_breaker.as_ref().filter(|breaker| breaker.enable)
}

/// After how many failures the circuit breaker ends a deployment.
fn threshold(breaker: &DeploymentCircuitBreaker, desired: i64) -> i64 {
    let configured = breaker.threshold_configuration.as_ref();
    let value = configured.and_then(|configured| configured.value).unwrap_or(PERCENT);
    // Whether AWS rounds up is not documented.
    let share = desired.saturating_mul(value).saturating_add(99) / 100;
    match configured.and_then(|configured| configured.kind.as_deref()) {
        Some("COUNT") => value,
        Some("UNBOUNDED_PERCENT") => share,
        _ => share.clamp(FEWEST, MOST),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::{super::testing::events, threshold};
    use crate::{
        aws::ecs::{DeploymentCircuitBreaker, ThresholdConfiguration},
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "svc-circuit-breaker";
    const EVENT: &str = "(service checkout) (deployment ecs-svc/8512345678901234567) deployment failed: \
        tasks failed to start.";

    fn broken(world: &mut World) -> &mut World {
        let breaker = json!({"enable": true, "rollback": true});
        events(world, &[EVENT])
            .set(
                "services",
                "/services/0/deploymentConfiguration",
                json!({"deploymentCircuitBreaker": breaker}),
            )
            .set("services", "/services/0/deployments/0/rolloutState", json!("FAILED"))
            .set("services", "/services/0/deployments/0/failedTasks", json!(3))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            broken(world);
        },
        passes: |world| {
            world.set("services", "/services/0/deployments/0/rolloutState", json!("COMPLETED"));
        },
        unknown: |world| {
            broken(world).deny("ecs:DescribeServices");
        },
        near_miss: |world| {
            // Another deployment has completed since.
            broken(world)
                .set("services", "/services/0/deployments/0/rolloutState", json!("COMPLETED"))
                .set("services", "/services/0/deployments/0/failedTasks", json!(0));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        info: deployment `ecs-svc/8512345678901234567` of service `checkout` failed: 3 tasks failed in a row
          the circuit breaker ends a deployment of 2 tasks after about 3 failures in a row, and goes back to the last one that completed; its newest failed task, `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c`, says: Task failed to start
          @ AWS::ECS::Service checkout
          fix: correct what its failed tasks say, and deploy again
          $ aws ecs describe-tasks --tasks 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn thresholds() {
        let breaker = |kind: Option<&str>, value| DeploymentCircuitBreaker {
            enable: true,
            rollback: false,
            threshold_configuration: kind.map(|kind| ThresholdConfiguration {
                kind: Some(kind.to_owned()),
                value: Some(value),
            }),
        };
        for (kind, value, desired, expected) in [
            (None, 0, 1, 3),
            (None, 0, 25, 13),
            (None, 0, 1000, 200),
            (Some("BOUNDED_PERCENT"), 10, 100, 10),
            (Some("UNBOUNDED_PERCENT"), 50, 1000, 500),
            (Some("COUNT"), 7, 1000, 7),
        ] {
            assert_eq!(threshold(&breaker(kind, value), desired), expected, "{kind:?} {desired}");
        }
    }

    #[test]
    fn failures_before_the_threshold_are_counted() {
        let mut world = EXAMPLES.failing();
        world.set("services", "/services/0/deployments/0/rolloutState", json!("IN_PROGRESS"));
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].summary.contains("is failing: 3 tasks"), "{outcome:?}");
        assert_eq!(outcome.status, Status::Passed);
        // Without a circuit breaker nothing counts them.
        world.set("services", "/services/0/deploymentConfiguration", json!(null));
        assert!(world.outcome(ID).findings.is_empty());
    }
}
