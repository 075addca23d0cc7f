use std::collections::BTreeMap;

use serde_json::Value;

use super::{ELSEWHERE, is_external, nodes, request};
use crate::{
    Phase,
    aws::ssm::InstanceInformation,
    check::{Check, Cx, Meta, check},
    checks::instances,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Severity},
    shell::{quoted, region_option},
};

check! {
    /// The external instance is connected, to ECS and to Systems Manager
    ///
    /// # What it looks at
    /// For the external instance that the task was placed on, else for those of the cluster:
    /// `agentConnected` in ECS, and the ping status of the managed node `mi-…` in Systems Manager.
    /// One that is connected is enough for a task that has still to be placed.
    ///
    /// # Why it matters
    /// ECS places tasks on instances whose agent is connected only (`AGENT`). The SSM Agent gets
    /// the instance its credentials and renews them every 30 minutes: without it, the ECS agent is
    /// soon without.
    ///
    /// # How to fix it
    /// Start the agents on the server, and see to it that they reach AWS.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html>,
    /// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_InstanceInformation.html>
    ManagedOnline {
        id: "ext-managed-online",
        domain: "external",
        phase: Place,
        causes: [PlaceAgentDisconnected],
        explains: [],
    }
}

impl Check for ManagedOnline {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if !is_external(cx)? {
            return cx.not_applicable(ELSEWHERE);
        }
        let placed = instances::own(cx)?.is_some();
        let candidates = instances::own_or_all(cx)?;
        if candidates.is_empty() {
            return cx.not_applicable("no external instance is registered in the cluster");
        }
        let nodes = nodes(cx, &candidates)?;
        let nodes: BTreeMap<&str, &InstanceInformation> =
            nodes.iter().map(|node| (node.instance_id.as_str(), node)).collect();
        let mut faulty = Vec::new();
        for (at, instance) in candidates.iter().enumerate() {
            let node = instance.ec2_instance_id.as_deref().and_then(|id| nodes.get(id));
            let ping = node.and_then(|node| node.ping_status.as_deref());
            let disconnected = instance.agent_connected == Some(false);
            if disconnected || ping != Some("Online") {
                faulty.push((at, disconnected, ping, node.and_then(|n| n.last_ping_date_time)));
            }
        }
        let one_is_fine = faulty.len() < candidates.len();
        for (at, disconnected, ping, last) in faulty {
            let instance = &candidates[at];
            let id = instance.ec2_instance_id.as_deref().unwrap_or_default();
            let severity = match (placed || !one_is_fine, disconnected) {
                (false, _) => Severity::Warning,
                (true, true) => Severity::Blocker,
                (true, false) => Severity::Likely,
            };
            let since = last.map_or(String::new(), |last| format!(", last heard of at {last}"));
            let told = ping.unwrap_or("not a managed node");
            let summary = if disconnected {
                format!("the ECS agent of external instance `{id}` is not connected")
            } else {
                format!("the SSM Agent of external instance `{id}` is not online")
            };
            let detail = format!(
                "in Systems Manager it is `{told}`{since}; {}",
                if disconnected {
                    "ECS places no task on it, and starts none there"
                } else {
                    "its credentials, which the SSM Agent renews, expire within the hour"
                }
            );
            // The node's answer is that of the chunk in which it was asked for.
            let chunk = at / super::AT_ONCE * super::AT_ONCE;
            let end = candidates.len().min(chunk + super::AT_ONCE);
            let query = cx.query(&request(&candidates[chunk..end]));
            let phase = if placed { Phase::Create } else { Phase::Place };
            cx.report(
                Finding::of(severity, summary)
                    .phase(phase)
                    .detail(detail)
                    .resource(instance.resource())
                    .named(id)
                    .evidence(instance.evidence(cx, "/agentConnected", instance.agent_connected))
                    .evidence(
                        Evidence::new(query, "/PingStatus", ping.map_or(Value::Null, Value::from))
                            .object(id),
                    )
                    .remedy(
                        Remedy::new(format!(
                            "start the agents on `{id}`, and see to it that they reach AWS"
                        ))
                        .step("on the server: `systemctl status amazon-ssm-agent ecs docker`")
                        .step(
                            "outbound HTTPS to `ecs-a-*`, `ecs-t-*`, `ecs`, `ssm`, `ssmmessages` \
                             and `ec2messages` of the Region must be open",
                        )
                        .command(format!(
                            "aws ssm describe-instance-information --filters {}{}",
                            quoted(&format!("Key=InstanceIds,Values={id}")),
                            region_option(cx.region())
                        )),
                    ),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{not_placed, placed},
            testing::{Examples, World},
        },
        finding::Severity,
    };

    const ID: &str = "ext-managed-online";
    const MESSAGE: &str = "TaskFailedToStart: AGENT";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            waiting(world, "ConnectionLost").stopped(MESSAGE);
            world.set("containerInstances", "/containerInstances/0/agentConnected", json!(false));
        },
        passes: |world| {
            waiting(world, "Online");
        },
        unknown: |world| {
            waiting(world, "Online").stopped(MESSAGE).deny("ssm:DescribeInstanceInformation");
        },
        near_miss: |world| {
            waiting(world, "Online").stopped(MESSAGE);
        },
    };

    /// The task waits for the cluster's one external instance.
    fn waiting<'w>(world: &'w mut World, ping: &str) -> &'w mut World {
        node(not_placed(world, "EXTERNAL", &[&[]]), ping)
    }

    pub(in crate::checks::external) fn node<'w>(world: &'w mut World, ping: &str) -> &'w mut World {
        world
            .definition("/networkMode", json!("bridge"))
            .task("/attachments", json!([]))
            .task("/connectivityAt", Value::Null)
            .output(
                "InstanceInformationList",
                json!({"InstanceInformationList": [{
                    "InstanceId": "mi-0a000000000000001", "PingStatus": ping,
                    "LastPingDateTime": "2026-11-20T08:15:00Z", "AgentVersion": "3.3.1611.0",
                    "PlatformType": "Linux", "PlatformName": "Ubuntu", "PlatformVersion": "22.04",
                    "ResourceType": "ManagedInstance",
                }]}),
            )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: the ECS agent of external instance `mi-0a000000000000001` is not connected
          in Systems Manager it is `ConnectionLost`, last heard of at 2026-11-20T08:15:00Z; ECS places no task on it, and starts none there
          @ AWS::ECS::ContainerInstance 0a0000000000000000000000000000a1
          fix: start the agents on `mi-0a000000000000001`, and see to it that they reach AWS
          - on the server: `systemctl status amazon-ssm-agent ecs docker`
          - outbound HTTPS to `ecs-a-*`, `ecs-t-*`, `ecs`, `ssm`, `ssmmessages` and `ec2messages` of the Region must be open
          $ aws ssm describe-instance-information --filters Key=InstanceIds,Values=mi-0a000000000000001 --region eu-west-1
        ");
    }

    #[test]
    fn without_the_ssm_agent_the_credentials_expire() {
        let mut world = World::default();
        waiting(&mut world, "ConnectionLost");
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings[0].severity, Severity::Likely);
        assert!(outcome.findings[0].summary.contains("SSM Agent"), "{outcome:?}");
    }

    #[test]
    fn another_instance_can_take_the_task() {
        let mut world = World::default();
        node(not_placed(&mut world, "EXTERNAL", &[&[], &[]]), "Online").set(
            "containerInstances",
            "/containerInstances/0/agentConnected",
            json!(false),
        );
        let mut other =
            world.outputs["InstanceInformationList"]["InstanceInformationList"][0].clone();
        other["InstanceId"] = json!("mi-0b000000000000002");
        world.set("InstanceInformationList", "/InstanceInformationList/-", other);
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings.len(), 1);
        assert_eq!(outcome.findings[0].severity, Severity::Warning);
    }

    #[test]
    fn the_instance_of_a_placed_task_counts_alone() {
        let mut world = World::default();
        node(placed(&mut world, "EXTERNAL", &[]), "Online").set(
            "containerInstances",
            "/containerInstances/0/agentConnected",
            json!(false),
        );
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Blocker);
        let mut world = World::default();
        placed(&mut world, "EC2", &[]);
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
