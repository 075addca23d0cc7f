use super::user_data::{self, Told};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::instances,
    facts::Missing,
    finding::{Finding, Remedy, Resource},
};

check! {
    /// User data makes the agents join the task's cluster
    ///
    /// # What it looks at
    /// Instances of the Auto Scaling group behind the task's capacity provider that run and are not in
    /// the cluster: which cluster their user data names, in a shell script, a MIME message, a call of
    /// `Initialize-ECSAgent` or the settings of Bottlerocket. User data that was left out of a capture,
    /// that loads something from elsewhere or computes the name leaves it unknown.
    ///
    /// # Why it matters
    /// An agent without `ECS_CLUSTER` joins the cluster `default`, whatever the capacity provider
    /// says: the instance runs and takes none of the cluster's tasks.
    ///
    /// # How to fix it
    /// Set `ECS_CLUSTER` in the launch template's user data, and replace the instances.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bootstrap_container_instance.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>
    UserDataCluster {
        id: "ci-user-data-cluster",
        domain: "container-instance",
        phase: Place,
        causes: [PlaceNoInstances, AgentCannotRegister],
        explains: ["ci-registered"],
    }
}

impl Check for UserDataCluster {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if let Err(why) = instances::candidates(cx)? {
            return cx.not_applicable(why);
        }
        let outside = user_data::not_registered(cx)?.unwrap_or_default();
        if outside.is_empty() {
            return cx.not_applicable(user_data::ALL_REGISTERED);
        }
        let cluster = instances::cluster_name(cx);
        let mut wrong = Vec::new();
        cx.each(user_data::sample(&outside), |cx, id| {
            let Some(data) = user_data::read(cx, id)? else { return Ok(()) };
            let named = match data.cluster() {
                Told::Is(name) => name,
                Told::Nothing => String::new(),
                Told::Unclear => {
                    return Err(Missing::undecided(
                        cx.query(&user_data::request(id)),
                        format!("the user data of `{id}` does not tell which cluster it joins"),
                    ));
                }
            };
            let short = named.rsplit('/').next().unwrap_or(&named);
            let joined = if short.is_empty() { "default" } else { short };
            if joined != cluster {
                wrong.push((id.clone(), named.clone(), joined.to_owned()));
            }
            Ok(())
        });
        let Some((id, named, joined)) = wrong.into_iter().next() else { return Ok(()) };
        let how = if named.is_empty() {
            format!("sets no `ECS_CLUSTER`, which means `{joined}`")
        } else {
            format!("names cluster `{joined}`")
        };
        let count = outside.len();
        cx.report(
            Finding::likely(format!(
                "the user data of instance `{id}` {how}, not `{cluster}`"
            ))
            .detail(format!(
                "{count} of the Auto Scaling group's running instances are not in cluster \
                 `{cluster}`: {}; unless something else on them sets the cluster, their agents join \
                 `{joined}`",
                instances::listed(outside.iter().map(String::as_str))
            ))
            .resource(instances::cluster(cx))
            .resource(Resource::new("AWS::EC2::Instance", id.clone()))
            .evidence(user_data::evidence(cx, &id, format!("ECS_CLUSTER={named}")))
            .remedy(
                Remedy::new(format!(
                    "set `ECS_CLUSTER={cluster}` in the launch template's user data, and replace the \
                     instances"
                ))
                .step(format!(
                    "in the user data: `echo ECS_CLUSTER={cluster} >> /etc/ecs/ecs.config`"
                )),
            ),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::user_data::encoded;
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{
                FIRST_EC2, SECOND_EC2, unplaced, with_provider, without_instances,
            },
            testing::{Examples, World},
        },
    };

    const ID: &str = "ci-user-data-cluster";
    const MESSAGE: &str = "TaskFailedToStart: EMPTY CAPACITY PROVIDER";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            launched_with(world, "#!/bin/bash\necho ECS_CLUSTER=shp >> /etc/ecs/ecs.config\n");
        },
        passes: |world| {
            launched_with(world, "#!/bin/bash\necho ECS_CLUSTER=shop >> /etc/ecs/ecs.config\n");
        },
        unknown: |world| {
            launched_with(world, "# [redacted]\nECS_LOGLEVEL=debug\n");
        },
        near_miss: |world| {
            // The instances have come meanwhile.
            with_provider(unplaced(world, MESSAGE));
        },
    };

    /// Both instances run, and none is registered.
    fn launched_with<'w>(world: &'w mut World, text: &str) -> &'w mut World {
        without_instances(with_provider(unplaced(world, MESSAGE)));
        for id in [FIRST_EC2, SECOND_EC2] {
            let input = json!({"InstanceId": id, "Attribute": "userData"});
            let output = json!({"InstanceId": id, "UserData": {"Value": encoded(text)}});
            world.recorded("ec2", "DescribeInstanceAttribute", &input, &output);
        }
        world
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: the user data of instance `i-0a000000000000001` names cluster `shp`, not `shop`
          2 of the Auto Scaling group's running instances are not in cluster `shop`: `i-0a000000000000001`, `i-0b000000000000002`; unless something else on them sets the cluster, their agents join `shp`
          @ AWS::ECS::Cluster shop
          @ AWS::EC2::Instance i-0a000000000000001
          fix: set `ECS_CLUSTER=shop` in the launch template's user data, and replace the instances
          - in the user data: `echo ECS_CLUSTER=shop >> /etc/ecs/ecs.config`
        ");
    }

    #[test]
    fn without_the_setting_it_is_the_default_cluster() {
        let mut world = World::default();
        launched_with(&mut world, "#!/bin/bash\nyum update -y\n");
        let finding = world.outcome(ID).findings.remove(0);
        assert!(finding.summary.contains("which means `default`"), "{}", finding.summary);
    }

    #[test]
    fn an_arn_names_the_cluster_too() {
        let mut world = World::default();
        let arn = "arn:aws:ecs:eu-west-1:111122223333:cluster/shop";
        launched_with(&mut world, &format!("#!/bin/bash\necho ECS_CLUSTER={arn} >> x\n"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
