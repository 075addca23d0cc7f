use crate::{
    check::{Check, Cx, Meta, check},
    checks::instances::{self, Faults, Instance},
    facts::Missing,
    finding::{Finding, Remedy, Severity},
};

check! {
    /// The container agents are connected
    ///
    /// # What it looks at
    /// `agentConnected` of the container instance that the task was placed on; for a task that was not
    /// placed, of the active instances that could take it. Agents reconnect several times an hour, so
    /// that a disconnected one among others that can take the task is no fault.
    ///
    /// # Why it matters
    /// ECS places no task on an instance whose agent is disconnected: `AGENT`. A task that is already
    /// there gets no orders, and what becomes of it is not reported.
    ///
    /// # How to fix it
    /// Restart the agent. If it does not connect, its log says why: network, instance role, Docker.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>
    AgentConnected {
        id: "ci-agent-connected",
        domain: "container-instance",
        phase: Place,
        causes: [PlaceAgentDisconnected],
        explains: [],
    }
}

impl Check for AgentConnected {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if let Ok(placed) = instances::placed_on(cx)? {
            return match placed {
                Some(host) => of_host(cx, &host),
                None => {
                    cx.not_applicable("the task's container instance is not registered any more")
                }
            };
        }
        let judged = match instances::some(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        let Some(failing) = judged.failing(cx, Faults::AGENT)? else { return Ok(()) };
        let first = failing.instances[0];
        let summary =
            format!("{} {} a disconnected agent", failing.count(), failing.verb("has", "have"));
        let ids: Vec<_> = failing.instances.iter().take(3).map(|j| j.instance.id()).collect();
        let finding = failing
            .finding(
                cx,
                summary,
                format!("ECS places no task on {} until the agent connects", failing.ids()),
            )?
            .evidence(first.instance.evidence(cx, "/agentConnected", false))
            .remedy(remedy().command(instances::describe_command(cx, &ids)));
        cx.report(finding);
        Ok(())
    }
}

/// The instance that the task was placed on.
fn of_host(cx: &mut Cx<'_>, host: &Instance) -> Result<(), Missing> {
    let id = host.ec2_id();
    let evidence = host.evidence(cx, "/agentConnected", false);
    match host.agent_connected {
        Some(true) => return Ok(()),
        Some(false) => {}
        None => {
            return Err(Missing::undecided(
                evidence.query,
                format!("the answer does not tell whether the agent of `{id}` is connected"),
            ));
        }
    }
    // Of a task that stopped, the agent has reported the end.
    let stopped = cx.task()?.is_some_and(|task| task.is_stopped());
    let (severity, detail) = if stopped {
        (Severity::Warning, "ECS places no task there until the agent connects")
    } else {
        (
            Severity::Likely,
            "the agent gets no orders and reports nothing: the task stays as it is, whatever \
             happens to it",
        )
    };
    cx.report(
        Finding::of(severity, format!("the agent of the task's instance `{id}` is disconnected"))
            .detail(detail)
            .resource(host.resource())
            .named(host.id())
            .evidence(evidence)
            .remedy(remedy().command(instances::describe_command(cx, &[host.id()]))),
    );
    Ok(())
}

fn remedy() -> Remedy {
    Remedy::new("restart the agent; if it does not connect, read why in its log")
        .step("on the instance: `sudo systemctl restart ecs`")
        .step("its log is `/var/log/ecs/ecs-agent.log`")
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{both, one, stopped_on, unplaced},
            testing::{Examples, World},
        },
        finding::Severity,
    };

    const ID: &str = "ci-agent-connected";
    const MESSAGE: &str = "TaskFailedToStart: AGENT";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            both(unplaced(world, MESSAGE), "/agentConnected", &json!(false));
        },
        passes: |world| {
            unplaced(world, "TaskFailedToStart: ATTRIBUTE");
        },
        unknown: |world| {
            both(unplaced(world, MESSAGE), "/agentConnected", &json!(null));
        },
        near_miss: |world| {
            // The other one can take the task.
            one(unplaced(world, MESSAGE), 0, "/agentConnected", json!(false));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: both container instances have a disconnected agent
          ECS places no task on `i-0a000000000000001`, `i-0b000000000000002` until the agent connects
          @ AWS::ECS::Cluster shop
          fix: restart the agent; if it does not connect, read why in its log
          - on the instance: `sudo systemctl restart ecs`
          - its log is `/var/log/ecs/ecs-agent.log`
          $ aws ecs describe-container-instances --container-instances 0a0000000000000000000000000000a1 0b0000000000000000000000000000b2 --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn a_running_task_on_such_an_instance_is_lost_a_stopped_one_is_not() {
        let mut world = World::default();
        one(stopped_on(&mut world, "Task failed to start"), 0, "/agentConnected", json!(false));
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Warning);
        world.task("/lastStatus", json!("PENDING"));
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Likely);
    }

    #[test]
    fn the_instance_that_the_event_names_is_named() {
        let mut world = World::default();
        let event = "(service checkout) was unable to place a task because no container instance met \
            all of its requirements. The closest matching (container-instance \
            0a0000000000000000000000000000a1) encountered error \"AGENT\".";
        both(unplaced(&mut world, ""), "/agentConnected", &json!(false));
        world.target(crate::Target::service(Some("shop"), "checkout")).set(
            "services",
            "/services/0/events",
            json!([{"message": event}]),
        );
        let finding = world.outcome(ID).findings.remove(0);
        assert_eq!(finding.names, ["0a0000000000000000000000000000a1"]);
        // With all its tasks the service needs no place.
        world.set("services", "/services/0/runningCount", json!(2));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
