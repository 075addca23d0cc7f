use super::user_data::{self, Told};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::instances,
    facts::Missing,
    finding::{Finding, Remedy, Resource},
};

check! {
    /// User data does not send the agent to another Region
    ///
    /// # What it looks at
    /// `AWS_DEFAULT_REGION` in the user data of instances that run outside the cluster. The agent finds
    /// the Region out by itself; what it is told outranks that. The agent's log is not read.
    ///
    /// # Why it matters
    /// The agent registers in the Region that it was told, or fails there: `Credential should be
    /// scoped to a valid region`.
    ///
    /// # How to fix it
    /// Leave the setting out.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>,
    /// <https://github.com/aws/amazon-ecs-agent/issues/74>
    AgentRegion {
        id: "ci-agent-region",
        domain: "container-instance",
        phase: Place,
        causes: [AgentCannotRegister],
        explains: [],
    }
}

const SETTING: &str = "AWS_DEFAULT_REGION";

impl Check for AgentRegion {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if let Err(why) = instances::candidates(cx)? {
            return cx.not_applicable(why);
        }
        let Some(region) = cx.region().map(str::to_owned) else {
            return cx.not_applicable("the Region is not known");
        };
        let outside = user_data::not_registered(cx)?.unwrap_or_default();
        if outside.is_empty() {
            return cx.not_applicable(user_data::ALL_REGISTERED);
        }
        let mut wrong = None;
        cx.each(user_data::sample(&outside), |cx, id| {
            let Some(data) = user_data::read(cx, id)? else { return Ok(()) };
            match data.setting(SETTING) {
                Told::Is(other) if other != region => wrong = wrong.take().or(Some((id, other))),
                Told::Is(_) | Told::Nothing => {}
                Told::Unclear => {
                    return Err(Missing::undecided(
                        cx.query(&user_data::request(id)),
                        format!("the user data of `{id}` does not tell the agent's Region"),
                    ));
                }
            }
            Ok(())
        });
        let Some((id, other)) = wrong else { return Ok(()) };
        cx.report(
            Finding::likely(format!(
                "the user data of instance `{id}` sets `{SETTING}={other}`, but the cluster is in \
                 `{region}`"
            ))
            .detail("the agent looks for the cluster in the Region that it is told")
            .resource(Resource::new("AWS::EC2::Instance", id.clone()))
            .evidence(user_data::evidence(cx, id, format!("{SETTING}={other}")))
            .remedy(Remedy::new(format!(
                "leave `{SETTING}` out of the launch template's user data, and replace the instances"
            ))),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::user_data::encoded;
    use crate::checks::{
        instances::fixtures::{FIRST_EC2, SECOND_EC2, unplaced, with_provider, without_instances},
        testing::{Examples, World},
    };

    const ID: &str = "ci-agent-region";
    const MESSAGE: &str = "TaskFailedToStart: EMPTY CAPACITY PROVIDER";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            launched_with(world, "AWS_DEFAULT_REGION=us-east-1");
        },
        passes: |world| {
            launched_with(world, "AWS_DEFAULT_REGION=eu-west-1");
        },
        unknown: |world| {
            launched_with(world, "AWS_DEFAULT_REGION=$REGION");
        },
        near_miss: |world| {
            launched_with(world, "ECS_CLUSTER=shop");
        },
    };

    fn launched_with(world: &mut World, setting: &str) {
        without_instances(with_provider(unplaced(world, MESSAGE)));
        for id in [FIRST_EC2, SECOND_EC2] {
            let text = encoded(&format!("#!/bin/bash\necho {setting} >> /etc/ecs/x\n"));
            let input = json!({"InstanceId": id, "Attribute": "userData"});
            let output = json!({"InstanceId": id, "UserData": {"Value": text}});
            world.recorded("ec2", "DescribeInstanceAttribute", &input, &output);
        }
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: the user data of instance `i-0a000000000000001` sets `AWS_DEFAULT_REGION=us-east-1`, but the cluster is in `eu-west-1`
          the agent looks for the cluster in the Region that it is told
          @ AWS::EC2::Instance i-0a000000000000001
          fix: leave `AWS_DEFAULT_REGION` out of the launch template's user data, and replace the instances
        ");
    }
}
