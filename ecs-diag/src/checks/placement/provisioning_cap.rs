use super::{OVERCOME, overcome, said};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::{instances, task},
    facts::Missing,
    finding::{Finding, Remedy},
    shell,
};

check! {
    /// The cluster has not too many tasks waiting for capacity
    ///
    /// # What it looks at
    /// Whether the service says that the tasks provisioning capacity limit was exceeded, and still wants
    /// tasks. How many tasks of the cluster are `PROVISIONING` is not counted.
    ///
    /// # Why it matters
    /// At most 500 tasks of a cluster can wait for their capacity providers at one time. Others get no
    /// place until some of those have one.
    ///
    /// # How to fix it
    /// Start fewer tasks at a time; find out why those that wait do not get their capacity.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>
    ProvisioningCap {
        id: "plc-provisioning-cap",
        domain: "placement",
        phase: Place,
        causes: [QuotaAccountLimit, PlaceNoInstances],
        explains: [],
    }
}

impl Check for ProvisioningCap {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(symptom) =
            cx.symptom()?.filter(|symptom| symptom.reading.signature == Some("SVC-PROV500"))
        else {
            return Ok(());
        };
        if overcome(cx)? {
            return cx.not_applicable(OVERCOME);
        }
        let cluster = instances::cluster_name(cx);
        let (_, evidence) = said(cx, &symptom)?;
        cx.report(
            Finding::warning(format!("cluster `{cluster}` has 500 tasks waiting for capacity"))
                .detail(
                    "that is the most that may be `PROVISIONING` in a cluster at one time: others get \
                     no place until some of those have one",
                )
                .resource(instances::cluster(cx))
                .evidence(evidence)
                .remedy(
                    Remedy::new(
                        "start fewer tasks at a time, and find out why those that wait get no capacity",
                    )
                    .command(format!(
                        "aws ecs describe-clusters --clusters {} --include STATISTICS{}",
                        shell::quoted(&cluster),
                        shell::region_option(cx.region())
                    ))
                    .command(format!("aws ecs list-tasks --desired-status RUNNING{}", task::options(cx))),
                ),
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

    const ID: &str = "plc-provisioning-cap";
    const EVENT: &str = "(service checkout) was unable to place tasks in your cluster because the tasks \
        provisioning capacity limit was exceeded.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            event(world, EVENT);
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
        warning: cluster `shop` has 500 tasks waiting for capacity
          that is the most that may be `PROVISIONING` in a cluster at one time: others get no place until some of those have one
          @ AWS::ECS::Cluster shop
          fix: start fewer tasks at a time, and find out why those that wait get no capacity
          $ aws ecs describe-clusters --clusters shop --include STATISTICS --region eu-west-1
          $ aws ecs list-tasks --desired-status RUNNING --cluster shop --region eu-west-1
        ");
    }
}
