use serde_json::json;

use crate::{
    aws::ec2::DescribeSubnets,
    check::{Check, Cx, Meta, check},
    checks::instances::{self, Faults, Judgement},
    facts::Missing,
    finding::Remedy,
};

check! {
    /// A container instance is in an Availability Zone of the task's subnets
    ///
    /// # What it looks at
    /// For a task in the network mode `awsvpc`: zone and VPC of the subnets that it can go to, against
    /// those of every active instance with a connected agent.
    ///
    /// # Why it matters
    /// The task's interface is attached to the instance, and must be in its zone and VPC. ECS says
    /// `LOCATION` or `ATTRIBUTE`.
    ///
    /// # How to fix it
    /// Add a subnet in the zones of the instances to the network configuration, or instances in the
    /// zones of the subnets.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html>
    SubnetAz {
        id: "ci-subnet-az",
        domain: "container-instance",
        phase: Place,
        causes: [PlaceAttributeOrGpu, PlaceNoInstances],
        explains: [],
    }
}

impl Check for SubnetAz {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let judged = match instances::up(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        if cx.definition()?.network_mode.as_deref() != Some("awsvpc") {
            return cx.not_applicable("the task has no network interface of its own");
        }
        let network = cx.network()?;
        if network.subnets.is_empty() {
            return cx.not_applicable("nothing names the subnets that the task was to go to");
        }
        // Asked together, to be answered in one round.
        let answers: Vec<_> = network
            .subnets
            .iter()
            .map(|id| cx.get(&DescribeSubnets { subnet_ids: vec![id.clone()] }))
            .collect();
        let mut places = Vec::new();
        for (id, answer) in network.subnets.iter().zip(answers) {
            // That a subnet exists is another check's question.
            let Some(answer) = answer? else { continue };
            let Some(subnet) = answer.subnets.first() else { continue };
            let Some(zone) = subnet.availability_zone.clone() else {
                let request = DescribeSubnets { subnet_ids: vec![id.clone()] };
                let why = format!("the answer does not tell the zone of `{id}`");
                return Err(Missing::undecided(cx.query(&request), why));
            };
            places.push((zone, subnet.vpc_id.clone()));
        }
        places.sort_unstable();
        places.dedup();
        if places.is_empty() {
            return cx.not_applicable("none of the task's subnets exists");
        }
        let fails = |judgement: &Judgement| {
            let zone = judgement.instance.attribute("ecs.availability-zone")?;
            let vpc = judgement.instance.attribute("ecs.vpc-id");
            Some(!places.iter().any(|(at, of)| {
                at == zone && of.as_deref().zip(vpc).is_none_or(|(of, vpc)| of == vpc)
            }))
        };
        let Some(failing) = judged.failing_by(cx, Faults::default(), fails)? else {
            return Ok(());
        };
        let words = |mut zones: Vec<String>| {
            zones.sort_unstable();
            zones.dedup();
            zones.join(", ")
        };
        let ours = words(places.iter().map(|(zone, _)| format!("`{zone}`")).collect());
        let zone_of = |judgement: &&Judgement| {
            format!("`{}`", judgement.instance.attribute("ecs.availability-zone").unwrap_or(""))
        };
        let theirs = words(failing.instances.iter().map(zone_of).collect());
        let what = if ours == theirs {
            ("in another VPC than the task's subnets".to_owned(), "VPC of the instances")
        } else {
            (format!("in {theirs}, the task's subnets in {ours}"), "zones of the instances")
        };
        let first = failing.instances[0];
        let summary = format!("{} {} {}", failing.count(), failing.verb("is", "are"), what.0);
        let attribute = if ours == theirs { "ecs.vpc-id" } else { "ecs.availability-zone" };
        let value = first.instance.attribute(attribute);
        let finding = failing
            .finding(
                cx,
                summary,
                format!(
                    "the task's network interface cannot be attached to {}: both must be in one zone \
                     and VPC",
                    failing.ids()
                ),
            )?
            .evidence(first.instance.evidence(cx, "/attributes", json!({attribute: value})))
            .remedy(Remedy::new(format!(
                "add a subnet in the {} to the task's network configuration, or start instances where \
                 its subnets are",
                what.1
            )));
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{both, unplaced},
            testing::{Examples, World},
        },
    };

    const ID: &str = "ci-subnet-az";
    const MESSAGE: &str = "LOCATION";
    const ZONE: &str = "/attributes/0/value";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            both(in_subnets(world), ZONE, &json!("eu-west-1c"));
        },
        passes: |world| {
            in_subnets(world);
        },
        unknown: |world| {
            in_subnets(world).deny("ec2:DescribeSubnets");
        },
        near_miss: |world| {
            in_subnets(world);
        },
    };

    fn in_subnets(world: &mut World) -> &mut World {
        unplaced(world, MESSAGE).definition("/networkMode", json!("awsvpc"))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: both container instances are in `eu-west-1c`, the task's subnets in `eu-west-1a`, `eu-west-1b`
          the task's network interface cannot be attached to `i-0a000000000000001`, `i-0b000000000000002`: both must be in one zone and VPC
          @ AWS::ECS::Cluster shop
          fix: add a subnet in the zones of the instances to the task's network configuration, or start instances where its subnets are
        ");
    }

    #[test]
    fn another_vpc_is_another_place() {
        let mut world = EXAMPLES.passing();
        both(&mut world, "/attributes/2/value", &json!("vpc-other"));
        let finding = world.outcome(ID).findings.remove(0);
        assert!(finding.summary.contains("in another VPC"), "{}", finding.summary);
        world.definition("/networkMode", json!("host"));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
