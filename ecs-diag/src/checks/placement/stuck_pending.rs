use crate::{
    aws::Time,
    check::{Check, Cx, Meta, check},
    checks::{instances, task},
    facts::{self, Missing},
    finding::{Finding, Remedy},
    shell::quoted,
};

check! {
    /// The task is not stuck in PENDING on its container instance
    ///
    /// # What it looks at
    /// Whether the task is `PENDING` for more than ten minutes, and what its instance says: an agent that
    /// is disconnected, a container runtime that is impaired, other tasks that wait there as well.
    ///
    /// # Why it matters
    /// `PENDING` is what a task is while its agent pulls images, sets the network up and starts the
    /// containers. The agent says nothing while it tries; where it or Docker hangs, the task stays like
    /// that for hours. A task also waits for the resources of one that stops slowly.
    ///
    /// # How to fix it
    /// Follow the state of the instance: restart agent or Docker, or replace the instance. If it is
    /// well, look for large images, dependencies of containers that are never met, and tasks that do
    /// not stop.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>,
    /// <https://repost.aws/knowledge-center/ecs-tasks-stuck-pending-state>
    StuckPending {
        id: "plc-stuck-pending",
        domain: "placement",
        phase: Pull,
        causes: [HostDockerSlow, HostDockerBroken, PlaceAgentDisconnected],
        explains: [],
    }
}

/// How long a start may take on an instance, in seconds.
const PATIENCE: i64 = 10 * 60;

impl Check for StuckPending {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        if this.last_status.as_deref() != Some("PENDING") {
            return cx.not_applicable("the task is not `PENDING`");
        }
        let evidence = task::evidence(cx, &this, "/lastStatus", "PENDING");
        let unclear = |why: &str| Missing::undecided(evidence.query.clone(), why);
        let since = this.created_at.ok_or_else(|| unclear("the task has no `createdAt`"))?;
        let now = cx.now().map(Time).ok_or_else(|| unclear("there is no clock"))?;
        if now.0.as_second().saturating_sub(since.0.as_second()) <= PATIENCE {
            return Ok(());
        }
        let host = match instances::placed_on(cx) {
            Ok(Err(why)) => return cx.not_applicable(why),
            Ok(Ok(host)) => host,
            // What the instance is like only helps.
            missing => facts::at_hand(missing.map(|_| None))?,
        };
        let arn = this.container_instance_arn.as_deref().unwrap_or("");
        let mut told = Vec::new();
        let mut remedy = Remedy::new(
            "look at the instance: agent, Docker, disk, images under way, tasks that do not stop",
        );
        if let Some(host) = &host {
            let instance = &host;
            if instance.agent_connected == Some(false) {
                told.push("its agent is disconnected".to_owned());
                remedy = Remedy::new("restart the agent, or replace the instance")
                    .step("on the instance: `sudo systemctl restart ecs`");
            }
            let health = instance.health_status.as_ref().and_then(|h| h.overall_status.as_deref());
            if health == Some("IMPAIRED") {
                told.push("its health is impaired".to_owned());
                remedy = Remedy::new("restart Docker and the agent, or replace the instance").step(
                    "on the instance: `sudo systemctl restart docker && sudo systemctl start ecs`",
                );
            }
            if let Some(pending) = instance.pending_tasks_count.filter(|pending| *pending > 1) {
                told.push(format!("{pending} tasks are pending on it"));
            }
        }
        let detail = if told.is_empty() {
            "nothing is known of the instance that explains it: a large image, a slow disk, a \
             container that waits for another, or an old task that does not stop"
                .to_owned()
        } else {
            format!("of its instance it is known that {}", told.join(" and "))
        };
        let id = task::id(&this.task_arn);
        let on = host.as_ref().map_or(task::id(arn), |host| host.ec2_id());
        cx.report(
            Finding::likely(format!(
                "task `{id}` is still `PENDING` on instance `{on}` after {}",
                task::span(since, now)
            ))
            .detail(detail)
            .resource(task::resource(&this))
            .evidence(evidence)
            .remedy(
                remedy
                    .step("the agent's log is `/var/log/ecs/ecs-agent.log`; `sudo docker ps -a` hangs where Docker does")
                    .command(format!(
                        "aws ecs list-tasks --container-instance {}{}",
                        quoted(arn),
                        task::options(cx)
                    )),
            ),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{one, stopped_on},
            testing::{Examples, World},
        },
    };

    const ID: &str = "plc-stuck-pending";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            one(pending(world, "2026-11-20T09:50:00Z"), 0, "/agentConnected", json!(false));
        },
        passes: |world| {
            pending(world, "2026-11-20T10:25:00Z");
        },
        unknown: |world| {
            pending(world, "2026-11-20T10:00:00Z").task("/createdAt", Value::Null);
        },
        near_miss: |world| {
            one(pending(world, "2026-11-20T10:28:00Z"), 0, "/agentConnected", json!(false));
        },
    };

    fn pending<'w>(world: &'w mut World, created: &str) -> &'w mut World {
        stopped_on(world, "Task failed to start")
            .task("/lastStatus", json!("PENDING"))
            .task("/desiredStatus", json!("RUNNING"))
            .task("/stoppedAt", Value::Null)
            .task("/stopCode", Value::Null)
            .task("/createdAt", json!(created))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` is still `PENDING` on instance `i-0a000000000000001` after 40 min
          of its instance it is known that its agent is disconnected
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: restart the agent, or replace the instance
          - on the instance: `sudo systemctl restart ecs`
          - the agent's log is `/var/log/ecs/ecs-agent.log`; `sudo docker ps -a` hangs where Docker does
          $ aws ecs list-tasks --container-instance arn:aws:ecs:eu-west-1:111122223333:container-instance/shop/0a0000000000000000000000000000a1 --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn the_instance_only_helps() {
        let mut world = EXAMPLES.failing();
        world.deny("ecs:DescribeContainerInstances");
        let finding = world.outcome(ID).findings.remove(0);
        assert!(finding.detail.contains("nothing is known"), "{}", finding.detail);
    }

    #[test]
    fn on_fargate_there_is_no_instance() {
        let mut world = EXAMPLES.failing();
        world.task("/launchType", json!("FARGATE"));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
