use super::{OVERCOME, overcome, said};
use crate::{
    LaunchType,
    aws::ec2::DescribeSubnets,
    check::{Check, Cx, Meta, check},
    checks::{capacity, definition},
    facts::{self, Missing},
    finding::{Finding, Remedy},
};

check! {
    /// Fargate had capacity for the task
    ///
    /// # What it looks at
    /// Whether the failure message says `Capacity is unavailable at this time`, in how many
    /// Availability Zones the task may run, and whether Fargate Spot is all that it may use.
    ///
    /// # Why it matters
    /// Capacity is Availability Zone by Availability Zone, and apart for Spot and for each processor
    /// architecture. A task that may run in one zone only waits for that zone.
    ///
    /// # How to fix it
    /// Offer subnets in more zones; use `FARGATE` beside `FARGATE_SPOT`; try again later.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html>
    FargateCapacity {
        id: "plc-fargate-capacity",
        domain: "placement",
        phase: Place,
        causes: [CapacityUnavailable],
        explains: [],
    }
}

impl Check for FargateCapacity {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let says = |text: &str| text.to_ascii_lowercase().contains("capacity is unavailable");
        let Some(symptom) = cx.symptom()?.filter(|symptom| says(&symptom.text)) else {
            return Ok(());
        };
        if capacity::launch_type(cx)? != LaunchType::Fargate {
            return cx.not_applicable("the task does not run on Fargate");
        }
        if overcome(cx)? {
            return cx.not_applicable(OVERCOME);
        }
        // Where it may run only helps.
        let network = facts::at_hand(cx.network().map(Some))?;
        let mut zones = Vec::new();
        for id in network.iter().flat_map(|network| &network.subnets) {
            let subnet = facts::at_hand(cx.get(&DescribeSubnets { subnet_ids: vec![id.clone()] }))?;
            zones.extend(subnet.and_then(|answer| {
                answer.subnets.first().and_then(|subnet| subnet.availability_zone.clone())
            }));
        }
        zones.sort_unstable();
        zones.dedup();
        let strategy = capacity::strategy(cx)?;
        let spot = !strategy.is_empty() && strategy.iter().all(|name| name == "FARGATE_SPOT");
        let mut detail = "AWS says so; the task itself may be right".to_owned();
        let mut remedy = Remedy::new("try again later, or give the task more choice");
        if let [zone] = zones.as_slice() {
            detail +=
                &format!("; its subnets are all in `{zone}`, so that no other zone can help out");
            remedy =
                remedy.step("add subnets of other Availability Zones to the network configuration");
        } else if !zones.is_empty() {
            detail += &format!("; it may run in {} zones: {}", zones.len(), zones.join(", "));
        }
        if spot {
            detail += "; it may use Fargate Spot only, whose capacity comes and goes";
            remedy =
                remedy.step("add `FARGATE` to the capacity provider strategy, as a base at least");
            if let Some(command) = definition::update_service(cx) {
                remedy = remedy.command(format!(
                    "{command} --capacity-provider-strategy capacityProvider=FARGATE,base=1,weight=1 \
                     capacityProvider=FARGATE_SPOT,weight=1 --force-new-deployment"
                ));
            }
        }
        let (resource, evidence) = said(cx, &symptom)?;
        cx.report(
            Finding::likely("Fargate had no capacity for the task at that time")
                .detail(detail)
                .resource(resource)
                .evidence(evidence)
                .remedy(remedy),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        Target,
        checks::testing::{Examples, World},
    };

    const ID: &str = "plc-fargate-capacity";
    const EVENT: &str = "(service checkout) was unable to place a task. Reason: Capacity is unavailable \
        at this time. Please try again later or in a different availability zone.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            event(world, EVENT).set("Subnets", "/Subnets/1/AvailabilityZone", json!("eu-west-1a"));
        },
        passes: |world| {
            event(world, "(service checkout) has reached a steady state.");
        },
        unknown: |world| {
            event(world, EVENT).deny("ecs:DescribeServices");
        },
        near_miss: |world| {
            event(world, EVENT).set("services", "/services/0/runningCount", json!(2));
        },
    };

    fn event<'w>(world: &'w mut World, message: &str) -> &'w mut World {
        world.target(Target::service(Some("shop"), "checkout")).set(
            "services",
            "/services/0/events",
            json!([{"message": message}]),
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: Fargate had no capacity for the task at that time
          AWS says so; the task itself may be right; its subnets are all in `eu-west-1a`, so that no other zone can help out
          @ AWS::ECS::Service checkout
          fix: try again later, or give the task more choice
          - add subnets of other Availability Zones to the network configuration
        ");
    }

    #[test]
    fn spot_alone_is_said_to_be() {
        let mut world = EXAMPLES.failing();
        world.set("services", "/services/0/deployments/0/launchType", json!(null)).set(
            "services",
            "/services/0/deployments/0/capacityProviderStrategy",
            json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]),
        );
        let finding = world.outcome(ID).findings.remove(0);
        assert!(finding.detail.contains("Fargate Spot only"), "{}", finding.detail);
    }
}
