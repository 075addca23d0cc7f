use super::user_data::{self, Told};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::{capacity, instances},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Instances of a warm pool wait before they register
    ///
    /// # What it looks at
    /// Whether the Auto Scaling group behind the task's capacity provider has a warm pool, and the user
    /// data of its instances sets `ECS_WARM_POOLS_CHECK=true`. User data that was left out of a capture
    /// leaves it unknown.
    ///
    /// # Why it matters
    /// Without the setting the agent registers while the instance is prepared for the pool; when the
    /// instance is stopped and kept there, its agent is disconnected.
    ///
    /// # How to fix it
    /// Set it in the launch template's user data.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-warm-pool.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>
    WarmPool {
        id: "ci-warm-pool",
        domain: "container-instance",
        phase: Place,
        causes: [],
        explains: [],
    }
}

const SETTING: &str = "ECS_WARM_POOLS_CHECK";

impl Check for WarmPool {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if let Err(why) = instances::candidates(cx)? {
            return cx.not_applicable(why);
        }
        let mut pools = Vec::new();
        for provider in capacity::providers(cx)? {
            let group = capacity::group(cx, &provider)?;
            pools.extend(group.filter(|group| group.warm_pool_configuration.is_some()));
        }
        if pools.is_empty() {
            return cx.not_applicable("no capacity provider of the task has a warm pool");
        }
        cx.each(&pools, |cx, group| {
            let name = &group.auto_scaling_group_name;
            // All are launched alike.
            let Some(id) = group.instances.iter().map(|i| i.instance_id.as_str()).min() else {
                return Ok(());
            };
            let Some(data) = user_data::read(cx, id)? else { return Ok(()) };
            let value = match data.setting(SETTING) {
                Told::Is(value) if value.eq_ignore_ascii_case("true") || value == "1" => {
                    return Ok(());
                }
                Told::Is(value) => value,
                Told::Nothing => String::new(),
                Told::Unclear => {
                    return Err(Missing::undecided(
                        cx.query(&user_data::request(id)),
                        format!(
                            "the user data of `{id}` does not tell whether it sets `{SETTING}`"
                        ),
                    ));
                }
            };
            cx.report(
                Finding::info(format!(
                    "Auto Scaling group `{name}` has a warm pool, and its instances do not set \
                     `{SETTING}=true`"
                ))
                .detail(
                    "agents register while their instance is prepared for the pool, and are \
                     disconnected when it is kept there",
                )
                .resource(capacity::group_resource(group))
                .evidence(user_data::evidence(cx, id, format!("{SETTING}={value}")))
                .remedy(Remedy::new(format!(
                    "set `{SETTING}=true` in the launch template's user data"
                ))),
            );
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::user_data::encoded;
    use crate::checks::{
        instances::fixtures::{FIRST_EC2, unplaced, with_provider},
        testing::{Examples, World},
    };

    const ID: &str = "ci-warm-pool";
    const MESSAGE: &str = "TaskFailedToStart: AGENT";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| with_pool(world, "#!/bin/bash\necho ECS_CLUSTER=shop\n"),
        passes: |world| with_pool(world, "#!/bin/bash\necho ECS_WARM_POOLS_CHECK=true\n"),
        unknown: |world| with_pool(world, "# [redacted]\nECS_CLUSTER=shop\n"),
        near_miss: |world| {
            with_provider(unplaced(world, MESSAGE));
        },
    };

    fn with_pool(world: &mut World, text: &str) {
        with_provider(unplaced(world, MESSAGE)).set(
            "AutoScalingGroups",
            "/AutoScalingGroups/0/WarmPoolConfiguration",
            json!({"MinSize": 1, "PoolState": "Stopped"}),
        );
        let input = json!({"InstanceId": FIRST_EC2, "Attribute": "userData"});
        let output = json!({"InstanceId": FIRST_EC2, "UserData": {"Value": encoded(text)}});
        world.recorded("ec2", "DescribeInstanceAttribute", &input, &output);
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        info: Auto Scaling group `shop-hosts` has a warm pool, and its instances do not set `ECS_WARM_POOLS_CHECK=true`
          agents register while their instance is prepared for the pool, and are disconnected when it is kept there
          @ AWS::AutoScaling::AutoScalingGroup shop-hosts
          fix: set `ECS_WARM_POOLS_CHECK=true` in the launch template's user data
        ");
    }
}
