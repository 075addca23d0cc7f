use serde_json::json;

use super::down;
use crate::{
    check::{Check, Cx, Meta, check},
    checks::{instances, task},
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    shell::quoted,
};

check! {
    /// No instance was resized under its agent
    ///
    /// # What it looks at
    /// Of container instances with a disconnected agent that could take the task: whether EC2 tells
    /// another type than the one they were registered with.
    ///
    /// # Why it matters
    /// The agent keeps its registration on disk. After the instance was stopped and its type changed it
    /// cannot register again: `Container instance type changes are not supported`.
    ///
    /// # How to fix it
    /// Deregister the container instance, delete the agent's data, and start the agent: it registers
    /// anew.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister_container_instance.html>,
    /// <https://github.com/aws/amazon-ecs-agent/blob/master/ecs-agent/api/errors/errors.go>
    TypeChange {
        id: "ci-type-change",
        domain: "container-instance",
        phase: Place,
        causes: [AgentCannotRegister],
        explains: [],
    }
}

impl Check for TypeChange {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let ids = match down::ids(cx)? {
            Ok(ids) => ids,
            Err(why) => return cx.not_applicable(why),
        };
        let judged = match instances::candidates(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        let answer = down::described(cx, &ids)?;
        let query = cx.query(&down::request(&ids));
        cx.each(&judged.instances, |cx, judgement| {
            let instance = &judgement.instance;
            let Some(id) = instance.ec2_instance_id.as_deref() else { return Ok(()) };
            if ids.binary_search_by(|other| other.as_str().cmp(id)).is_err() {
                return Ok(());
            }
            let now = answer.instance(id).and_then(|instance| instance.instance_type.as_deref());
            let (Some(registered), Some(now)) = (instance.attribute("ecs.instance-type"), now)
            else {
                let why = format!("the answers do not tell the type of `{id}`");
                return Err(Missing::undecided(query.clone(), why));
            };
            if registered == now {
                return Ok(());
            }
            let container_instance = instance.id();
            cx.report(
                Finding::likely(format!(
                    "instance `{id}` was registered as `{registered}` and is a `{now}` now"
                ))
                .detail(
                    "its agent cannot register again with the data that it keeps on disk, so that \
                     there is no place for tasks on it",
                )
                .resource(instance.resource())
                .named(container_instance)
                .evidence(judgement.instance.evidence(
                    cx,
                    "/attributes",
                    json!({"ecs.instance-type": registered}),
                ))
                .evidence(
                    Evidence::new(query.clone(), "/Instances/0/InstanceType", now).object(id),
                )
                .remedy(
                    Remedy::new("deregister the instance, and let its agent register anew")
                        .command(format!(
                            "aws ecs deregister-container-instance --force --container-instance {}{}",
                            quoted(container_instance),
                            task::options(cx)
                        ))
                        .step(
                            "on the instance: `sudo systemctl stop ecs && sudo rm -rf \
                             /var/lib/ecs/data/* && sudo systemctl start ecs`",
                        ),
                ),
            );
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::{
        instances::fixtures::{FIRST_EC2, one, unplaced},
        testing::{Examples, World},
    };

    const ID: &str = "ci-type-change";
    const MESSAGE: &str = "TaskFailedToStart: AGENT";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| with_type(world, "m5.xlarge"),
        passes: |world| with_type(world, "m5.large"),
        unknown: |world| {
            with_type(world, "m5.xlarge");
            world.deny("ec2:DescribeInstances");
        },
        near_miss: |world| with_type(world, "m5.large"),
    };

    fn with_type(world: &mut World, kind: &str) {
        one(unplaced(world, MESSAGE), 0, "/agentConnected", json!(false));
        world.output(
            "Reservations",
            json!({"Reservations": [{"ReservationId": "r-1", "OwnerId": "111122223333", "Instances": [{
                "InstanceId": FIRST_EC2, "InstanceType": kind,
                "Placement": {"AvailabilityZone": "eu-west-1a"},
                "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
            }]}]}),
        );
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: instance `i-0a000000000000001` was registered as `m5.large` and is a `m5.xlarge` now
          its agent cannot register again with the data that it keeps on disk, so that there is no place for tasks on it
          @ AWS::ECS::ContainerInstance 0a0000000000000000000000000000a1
          fix: deregister the instance, and let its agent register anew
          - on the instance: `sudo systemctl stop ecs && sudo rm -rf /var/lib/ecs/data/* && sudo systemctl start ecs`
          $ aws ecs deregister-container-instance --force --container-instance 0a0000000000000000000000000000a1 --cluster shop --region eu-west-1
        ");
    }
}
