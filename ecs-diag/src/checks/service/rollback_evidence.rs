use serde_json::json;

use super::object::{self, NO_SERVICE};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// The failed task belongs to what its service runs now
    ///
    /// # What it looks at
    /// Events of the service that say that it rolls back, against the deployment that started the task.
    ///
    /// # Why it matters
    /// After a rollback the service names the old task definition, roles and network again, and all of
    /// that is in order: the failed tasks belong to the deployment that was given up. Whoever looks at
    /// the service finds nothing.
    ///
    /// # How to fix it
    /// Look at the task definition, the roles and the network of the deployment in the task's
    /// `startedBy`. Correct those, and deploy again.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html>
    RollbackEvidence {
        id: "svc-rollback-evidence",
        domain: "service",
        phase: Place,
        causes: [],
        explains: [],
    }
}

impl Check for RollbackEvidence {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else { return cx.not_applicable(NO_SERVICE) };
        let events = object::events(cx, &service)?;
        let back = events
            .iter()
            .filter(|told| told.signature == "SVC-ROLLBACK")
            .find_map(|told| Some((told, told.deployment.as_deref()?)));
        let Some((told, to)) = back else { return Ok(()) };
        let Some(this) = cx.task()? else { return Ok(()) };
        let Some(from) = this.started_by.as_deref().filter(|from| *from != to) else {
            return Ok(());
        };
        // What was started later belongs to another attempt.
        if this.created_at.zip(told.when).is_some_and(|(created, when)| created > when) {
            return Ok(());
        }
        let task_definition = cx.definition()?;
        let label = definition::name(&task_definition);
        let now = service
            .task_definition
            .as_deref()
            .and_then(|arn| arn.rsplit('/').next())
            .filter(|now| *now != label)
            .map_or(String::new(), |now| format!(", and runs `{now}` again"));
        let id = task::id(&this.task_arn);
        cx.report(
            Finding::info(format!(
                "task `{id}` belongs to deployment `{from}`, which service `{}` gave up",
                service.service_name
            ))
            .detail(format!(
                "the service went back to `{to}`{now}; the fault is in `{label}`, its roles or its \
                 network, not in what the service names now"
            ))
            .resource(task::resource(&this))
            .resource(object::resource(&service))
            .evidence(object::evidence(
                cx,
                &service,
                format!("/events/{}/message", told.at),
                json!(service.events.get(told.at).and_then(|event| event.message.clone())),
            ))
            .evidence(task::evidence(cx, &this, "/startedBy", from))
            .remedy(Remedy::new(format!("correct `{label}`, and deploy again"))),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::testing::events;
    use crate::checks::testing::{Examples, World};

    const ID: &str = "svc-rollback-evidence";
    const EVENT: &str =
        "(service checkout) rolling back to deployment ecs-svc/1234567890123456789.";

    fn rolled_back(world: &mut World) -> &mut World {
        events(world, &[EVENT]).set(
            "services",
            "/services/0/taskDefinition",
            json!(crate::checks::testing::DEFINITION.replace(":42", ":41")),
        )
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            rolled_back(world);
        },
        passes: |_| {},
        unknown: |world| {
            rolled_back(world).deny("ecs:DescribeServices");
        },
        near_miss: |world| {
            // The task belongs to the deployment that it went back to.
            rolled_back(world).task("/startedBy", json!("ecs-svc/1234567890123456789"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        info: task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` belongs to deployment `ecs-svc/8512345678901234567`, which service `checkout` gave up
          the service went back to `ecs-svc/1234567890123456789`, and runs `checkout:41` again; the fault is in `checkout:42`, its roles or its network, not in what the service names now
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          @ AWS::ECS::Service checkout
          fix: correct `checkout:42`, and deploy again
        ");
    }

    #[test]
    fn a_task_of_a_later_attempt_is_another_story() {
        let mut world = EXAMPLES.failing();
        world.task("/createdAt", json!("2026-11-20T11:30:00Z"));
        assert!(world.outcome(ID).findings.is_empty());
    }

    #[test]
    fn what_a_steady_state_has_overcome_is_not_told() {
        let mut world = World::default();
        events(&mut world, &["(service checkout) has reached a steady state.", EVENT]);
        assert!(world.outcome(ID).findings.is_empty());
    }
}
