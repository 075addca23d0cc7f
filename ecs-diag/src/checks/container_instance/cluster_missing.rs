use serde_json::json;

use crate::{
    aws::ecs::DescribeClusters,
    check::{Check, Cx, Meta, check},
    checks::instances,
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    shell::{quoted, region_option},
};

check! {
    /// The cluster exists
    ///
    /// # What it looks at
    /// Whether ECS knows the cluster of a task that was not placed, and whether it is `ACTIVE`. A
    /// deleted cluster stays visible as `INACTIVE` for a while.
    ///
    /// # Why it matters
    /// Without a cluster there is no place for the task, and no agent can register: `Cluster not
    /// found`.
    ///
    /// # How to fix it
    /// Create the cluster, or name the right one.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Cluster.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>
    ClusterMissing {
        id: "ci-cluster-missing",
        domain: "container-instance",
        phase: Place,
        causes: [PlaceNoInstances, AgentCannotRegister],
        explains: ["ci-registered"],
    }
}

impl Check for ClusterMissing {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if let Err(why) = instances::own_hosts(cx)? {
            return cx.not_applicable(why);
        }
        if cx.task()?.is_some_and(|task| task.container_instance_arn.is_some()) {
            return cx.not_applicable("the task was placed on a container instance of the cluster");
        }
        let name = instances::cluster_name(cx);
        let request = DescribeClusters::new(name.clone());
        let query = cx.query(&request);
        let answer = cx.get(&request)?;
        let cluster = answer.as_ref().and_then(|answer| answer.clusters.first());
        let (what, pointer, value) = match cluster {
            None => ("does not exist", "/clusters", json!([])),
            Some(cluster) => match cluster.status.as_deref() {
                Some("INACTIVE") => ("was deleted", "/clusters/0/status", json!("INACTIVE")),
                Some("FAILED") => ("could not be created", "/clusters/0/status", json!("FAILED")),
                Some(_) => return Ok(()),
                None => {
                    return Err(Missing::undecided(query, "the answer does not tell its status"));
                }
            },
        };
        cx.report(
            Finding::blocker(format!("cluster `{name}` {what}"))
                .detail("there is no place for the task, and no agent can register")
                .resource(instances::cluster(cx))
                .evidence(Evidence::new(query, pointer, value).object(name.clone()))
                .remedy(Remedy::new("create the cluster, or name the right one").command(format!(
                    "aws ecs create-cluster --cluster-name {}{}",
                    quoted(&name),
                    region_option(cx.region())
                ))),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{unplaced, with_provider, without_instances},
            testing::{Examples, World},
        },
    };

    const ID: &str = "ci-cluster-missing";
    const MESSAGE: &str = "TaskFailedToStart: NO ACTIVE INSTANCES";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| with_status(world, "INACTIVE"),
        passes: |world| with_status(world, "ACTIVE"),
        unknown: |world| {
            with_status(world, "INACTIVE");
            world.deny("ecs:DescribeClusters");
        },
        near_miss: |world| with_status(world, "ACTIVE"),
    };

    fn with_status(world: &mut World, status: &str) {
        with_provider(unplaced(world, MESSAGE)).set(
            "clusters",
            "/clusters/0/status",
            json!(status),
        );
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: cluster `shop` was deleted
          there is no place for the task, and no agent can register
          @ AWS::ECS::Cluster shop
          fix: create the cluster, or name the right one
          $ aws ecs create-cluster --cluster-name shop --region eu-west-1
        ");
    }

    #[test]
    fn a_cluster_that_ecs_does_not_know_explains_that_it_has_no_instances() {
        let mut world = World::default();
        without_instances(unplaced(&mut world, MESSAGE)).output(
            "clusters",
            json!({"clusters": [], "failures": [{
                "arn": "arn:aws:ecs:eu-west-1:111122223333:cluster/shop", "reason": "MISSING",
            }]}),
        );
        assert_eq!(world.outcome(ID).status, Status::Failed);
        let report = world.report();
        let cause = &report.root_causes[0];
        assert_eq!(report.findings[cause.finding].check, ID);
        assert!(cause.explains.len() > 1);
    }
}
