use serde_json::json;

use super::user_data;
use crate::{
    check::{Check, Cx, Meta, check},
    checks::{capacity, instances},
    facts::{self, Missing},
    finding::{Evidence, Finding, Remedy, Severity},
    shell::{quoted, region_option},
};

check! {
    /// The cluster has container instances for the task
    ///
    /// # What it looks at
    /// Whether a container instance is registered in the cluster, of the task's capacity provider if it
    /// has one; and whether that provider's Auto Scaling group runs instances that are not.
    ///
    /// # Why it matters
    /// Without an instance there is no place for the task: `No Container Instances were found`, `NO
    /// ACTIVE INSTANCES`, `EMPTY CAPACITY PROVIDER`. A provider with managed scaling starts instances
    /// for the task; if none comes, its Auto Scaling group could not start one, or its agent cannot
    /// register.
    ///
    /// # How to fix it
    /// Start instances whose agent registers in this cluster. If instances run and are not there,
    /// look at their user data, instance profile and path to ECS.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/launch_container_instance.html>
    Registered {
        id: "ci-registered",
        domain: "container-instance",
        phase: Place,
        causes: [PlaceNoInstances, AgentCannotRegister],
        explains: [],
    }
}

impl Check for Registered {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let judged = match instances::candidates(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        if !judged.instances.is_empty() {
            return Ok(());
        }
        let cluster = instances::cluster_name(cx);
        let names = capacity::names(cx)?;
        let others = instances::registered(cx)?.len();
        let providers = capacity::providers(cx)?;
        let outside = facts::at_hand(user_data::not_registered(cx))?.unwrap_or_default();
        let scales = providers.iter().any(capacity::scales);
        let of: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        let summary = match (of.is_empty(), others) {
            (true, 0) => format!("cluster `{cluster}` has no container instances"),
            (true, _) => format!(
                "none of the {others} container instances of cluster `{cluster}` is of the kind that \
                 the task is for"
            ),
            (false, _) => format!(
                "cluster `{cluster}` has no container instances of capacity provider {}",
                of.join(", ")
            ),
        };
        let mut detail = "there is no place for the task".to_owned();
        if !of.is_empty() && others > 0 {
            detail += &format!("; the {others} other instances take no tasks of this provider");
        }
        if !outside.is_empty() {
            detail += &format!(
                "; instances of the Auto Scaling group run and are not registered: {}",
                instances::listed(outside.iter().map(String::as_str))
            );
        } else if scales {
            detail += "; managed scaling should have started one: what the Auto Scaling group did \
                       tells why there is none";
        }
        let mut remedy = if let Some(first) = outside.first() {
            Remedy::new(
                "find out why the agents do not register: user data, instance profile, path to ECS",
            )
            .step("read `/var/log/ecs/ecs-agent.log` on one of them")
            .command(format!(
                "aws ec2 get-console-output --instance-id {} --latest --output text{}",
                quoted(first),
                region_option(cx.region())
            ))
        } else {
            Remedy::new(format!("start instances that register in cluster `{cluster}`"))
        };
        for name in providers.iter().filter_map(capacity::group_name) {
            remedy = remedy.command(format!(
                "aws autoscaling describe-scaling-activities --auto-scaling-group-name {}{}",
                quoted(name),
                region_option(cx.region())
            ));
        }
        let severity = if scales { Severity::Likely } else { Severity::Blocker };
        let query = cx.query(&instances::list_request(cx));
        let finding = Finding::of(severity, summary)
            .detail(detail)
            .resource(instances::cluster(cx))
            .evidence(Evidence::new(query, "/containerInstanceArns", json!([])))
            .remedy(remedy);
        cx.report(names.into_iter().fold(finding, Finding::named));
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{both, unplaced, with_provider, without_instances},
            testing::{Examples, World},
        },
        finding::Severity,
    };

    const ID: &str = "ci-registered";
    const MESSAGE: &str = "TaskFailedToStart: NO ACTIVE INSTANCES";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            without_instances(unplaced(world, MESSAGE));
        },
        passes: |world| {
            unplaced(world, "TaskFailedToStart: ATTRIBUTE");
        },
        unknown: |world| {
            unplaced(world, MESSAGE).deny("ecs:ListContainerInstances");
        },
        near_miss: |world| {
            unplaced(world, MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: cluster `shop` has no container instances
          there is no place for the task
          @ AWS::ECS::Cluster shop
          fix: start instances that register in cluster `shop`
        ");
    }

    #[test]
    fn of_another_provider_is_not_enough() {
        let mut world = World::default();
        with_provider(unplaced(&mut world, MESSAGE));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        both(&mut world, "/capacityProviderName", &json!("others"));
        let finding = world.outcome(ID).findings.remove(0);
        // Managed scaling may start one.
        assert_eq!(finding.severity, Severity::Likely);
        assert!(finding.detail.contains("the 2 other instances"), "{}", finding.detail);
    }

    #[test]
    fn instances_that_run_and_are_not_there_are_told_of() {
        let mut world = World::default();
        without_instances(with_provider(unplaced(&mut world, MESSAGE)));
        let finding = world.outcome(ID).findings.remove(0);
        assert!(finding.detail.contains("`i-0a000000000000001`"), "{}", finding.detail);
    }

    #[test]
    fn nothing_saved_is_no_empty_cluster() {
        let mut world = World::default();
        unplaced(&mut world, MESSAGE).without("containerInstances");
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }
}
