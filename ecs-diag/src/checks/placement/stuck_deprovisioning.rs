use crate::{
    aws::{Time, ecs},
    check::{Check, Cx, Meta, check},
    checks::{
        instances::{self, Arises, Instance},
        task,
    },
    facts::Missing,
    finding::{Finding, Remedy, Severity},
    shell::quoted,
};

check! {
    /// A task that was told to stop stops
    ///
    /// # What it looks at
    /// A task whose desired status is `STOPPED` for more than ten minutes and whose last status is not:
    /// whether the agent of its container instance is disconnected or the instance is gone; and, of a
    /// task that is `DEPROVISIONING`, which network interface or volume is not given back.
    ///
    /// # Why it matters
    /// Only the agent can stop a task and say that it did: on a disconnected instance the task keeps
    /// its place, its ports and its last status for ever, and runs on. A volume is detached with the
    /// infrastructure role: where that was deleted or changed meanwhile, the task hangs.
    ///
    /// # How to fix it
    /// Bring the agent back, or deregister the instance with `--force`; restore the infrastructure
    /// role.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/infrastructure_IAM_role.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterContainerInstance.html>
    StuckDeprovisioning {
        id: "plc-stuck-deprovisioning",
        domain: "placement",
        phase: Stop,
        causes: [PlaceAgentDisconnected, IamServiceRole],
        explains: [],
    }
}

/// How long a stop may take, in seconds.
const PATIENCE: i64 = 10 * 60;

impl Check for StuckDeprovisioning {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        let status = this.last_status.as_deref().unwrap_or("");
        if this.desired_status.as_deref() != Some("STOPPED")
            || matches!(status, "STOPPED" | "DELETED" | "")
        {
            return cx.not_applicable("the task is not on its way to stop");
        }
        let evidence = task::evidence(cx, &this, "/lastStatus", status);
        let unclear = |why: &str| Missing::undecided(evidence.query.clone(), why);
        let since = this.execution_stopped_at.or(this.stopping_at);
        let since = since.ok_or_else(|| unclear("the task does not tell since when it stops"))?;
        let now = cx.now().map(Time).ok_or_else(|| unclear("there is no clock"))?;
        if now.0.as_second().saturating_sub(since.0.as_second()) <= PATIENCE {
            return Ok(());
        }
        let id = task::id(&this.task_arn);
        let after = task::span(since, now);
        let told = if status == "DEPROVISIONING" {
            given_back(&this)
        } else {
            of_host(cx, instances::placed_on(cx)?)
        };
        let (severity, detail, remedy) = told;
        cx.report(
            Finding::of(
                severity,
                format!("task `{id}` was told to stop {after} ago and is still `{status}`"),
            )
            .detail(detail)
            .resource(task::resource(&this))
            .evidence(evidence)
            .remedy(remedy),
        );
        Ok(())
    }
}

/// What the instance says.
fn of_host(cx: &Cx<'_>, host: Arises<Option<Instance>>) -> (Severity, String, Remedy) {
    let gone = || {
        Remedy::new(
            "stop the task again; where ECS has forgotten its instance, it goes away by itself",
        )
    };
    match host {
        Ok(Some(host)) if host.agent_connected == Some(false) => {
            let id = host.ec2_id();
            (
                Severity::Likely,
                format!(
                    "the agent of its instance `{id}` is disconnected: nobody stops the task or says \
                     that it stopped; its containers may still run"
                ),
                Remedy::new(
                    "bring the agent back; or, if the instance is lost, deregister it: its tasks are \
                     given up",
                )
                .step("on the instance: `sudo systemctl restart ecs`")
                .command(format!(
                    "aws ecs deregister-container-instance --force --container-instance {}{}",
                    quoted(host.id()),
                    task::options(cx)
                )),
            )
        }
        Ok(None) => (
            Severity::Likely,
            "its container instance is not registered any more: nobody says that it stopped".to_owned(),
            gone(),
        ),
        _ => (
            Severity::Warning,
            "a container that ignores the signal to stop is killed after its stop timeout only, and a \
             load balancer drains connections first"
                .to_owned(),
            Remedy::new(
                "look for a long `stopTimeout` or deregistration delay, and for Docker that hangs",
            ),
        ),
    }
}

/// What is not given back.
fn given_back(task: &ecs::Task) -> (Severity, String, Remedy) {
    let held = task.attachments.iter().filter(|attachment| {
        !matches!(attachment.status.as_deref(), Some("DELETED" | "DETACHED") | None)
    });
    let Some(held) = held.min_by_key(|attachment| (&attachment.kind, &attachment.id)) else {
        return (
            Severity::Warning,
            "ECS gives back network interfaces and volumes; the task does not tell which one is left"
                .to_owned(),
            Remedy::new("wait; if it lasts, ask AWS Support"),
        );
    };
    let kind = held.kind.as_deref().unwrap_or("attachment");
    let status = held.status.as_deref().unwrap_or("");
    let says = held
        .detail("statusReason")
        .filter(|reason| !reason.is_empty())
        .map_or(String::new(), |reason| format!("; ECS says: {reason}"));
    let volume = kind.to_ascii_lowercase().contains("elasticblockstor");
    let role = held.detail("roleArn");
    let remedy = match (volume, role) {
        (true, Some(role)) => Remedy::new(format!(
            "restore the infrastructure role `{role}`: its trust in `ecs.amazonaws.com` and its policy \
             for volumes"
        )),
        (true, None) => Remedy::new(
            "restore the infrastructure role of the volume: its trust in `ecs.amazonaws.com` and its \
             policy for volumes",
        ),
        _ => Remedy::new("wait; if it lasts, see what holds the network interface"),
    };
    let why = if volume {
        ": ECS detaches it with the infrastructure role, which may have been deleted or changed"
    } else {
        ""
    };
    (
        if volume { Severity::Likely } else { Severity::Warning },
        format!("its attachment `{kind}` is `{status}`{why}{says}"),
        remedy,
    )
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
        finding::Severity,
    };

    const ID: &str = "plc-stuck-deprovisioning";
    const MESSAGE: &str = "Scaling activity initiated by (deployment ecs-svc/8512345678901234567)";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            one(stopping(world, "2026-11-20T08:00:00Z"), 0, "/agentConnected", json!(false));
        },
        passes: |world| {
            stopping(world, "2026-11-20T10:25:00Z");
        },
        unknown: |world| {
            stopping(world, "2026-11-20T08:00:00Z").deny("ecs:DescribeContainerInstances");
        },
        near_miss: |world| {
            // Brief disconnections are normal.
            one(stopping(world, "2026-11-20T10:28:00Z"), 0, "/agentConnected", json!(false));
        },
    };

    fn stopping<'w>(world: &'w mut World, since: &str) -> &'w mut World {
        stopped_on(world, MESSAGE)
            .task("/lastStatus", json!("RUNNING"))
            .task("/startedAt", json!("2026-11-20T07:00:00Z"))
            .task("/createdAt", json!("2026-11-20T06:59:00Z"))
            .task("/stoppingAt", json!(since))
            .task("/stoppedAt", Value::Null)
            .task("/stopCode", json!("ServiceSchedulerInitiated"))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` was told to stop 2 h ago and is still `RUNNING`
          the agent of its instance `i-0a000000000000001` is disconnected: nobody stops the task or says that it stopped; its containers may still run
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: bring the agent back; or, if the instance is lost, deregister it: its tasks are given up
          - on the instance: `sudo systemctl restart ecs`
          $ aws ecs deregister-container-instance --force --container-instance 0a0000000000000000000000000000a1 --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn a_volume_waits_for_the_infrastructure_role() {
        let mut world = World::default();
        stopping(&mut world, "2026-11-20T08:00:00Z")
            .task("/lastStatus", json!("DEPROVISIONING"))
            .task(
                "/attachments",
                json!([{"type": "AmazonElasticBlockStorage", "status": "DETACHING", "details": [
                    {"name": "roleArn", "value": "arn:aws:iam::111122223333:role/ecsInfrastructure"},
                ]}]),
            );
        let finding = world.outcome(ID).findings.remove(0);
        assert_eq!(finding.severity, Severity::Likely);
        assert!(finding.detail.contains("`DETACHING`"), "{}", finding.detail);
    }

    #[test]
    fn with_a_connected_agent_it_is_slow_at_most() {
        let mut world = World::default();
        stopping(&mut world, "2026-11-20T08:00:00Z");
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Warning);
        world.task("/lastStatus", json!("STOPPED"));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
