use crate::{
    aws::autoscaling::DescribeScalingActivities,
    check::{Check, Cx, Meta, check},
    checks::{
        capacity,
        instances::{self, Faults},
    },
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    shell::{quoted, region_option},
};

check! {
    /// The Auto Scaling group can launch instances
    ///
    /// # What it looks at
    /// Where no container instance can take the task: the newest finished activity of the Auto Scaling
    /// group behind the task's capacity provider. If it failed, EC2's message says why.
    ///
    /// # Why it matters
    /// `No Container Instances were found in your capacity provider` is often the end of another story:
    /// EC2 refused to launch one, for a quota, for lack of capacity, a missing image, a full subnet, a
    /// key that may not be used.
    ///
    /// # How to fix it
    /// Follow EC2's message.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html>,
    /// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-capacity.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>
    AsgActivity {
        id: "plc-asg-activity",
        domain: "placement",
        phase: Place,
        causes: [PlaceNoInstances, CapacityUnavailable, QuotaAccountLimit, PlaceCpuOrMemory],
        explains: ["ci-registered"],
    }
}

/// What EC2's message comes to, and what to do: words of the message, then both.
pub(super) const REFUSALS: [(&[&str], &str, &str); 9] = [
    (
        &["vcpulimitexceeded", "current vcpu limit", "instancelimitexceeded"],
        "the account's quota of vCPUs is reached",
        "ask for a larger quota in Service Quotas (`ec2`: Running On-Demand instances of this family), \
         or use another type",
    ),
    (
        &["maxspotinstancecountexceeded", "max spot instance count"],
        "the account's quota of Spot instances is reached",
        "ask for a larger quota of Spot Instance requests in Service Quotas, or use On-Demand instances",
    ),
    (
        &[
            "insufficientinstancecapacity",
            "insufficient capacity",
            "unfulfillablecapacity",
            "do not have sufficient",
        ],
        "AWS has no capacity of this type in these zones at present",
        "allow more instance types and Availability Zones",
    ),
    (
        &["not authorized", "unauthorizedoperation", "iam:passrole"],
        "the launch is not allowed",
        "allow the launch to the role that does it, `iam:PassRole` on the instance role included",
    ),
    (
        &["insufficientfreeaddressesinsubnet", "enough free addresses"],
        "the subnet of the instances has no free address",
        "add a larger subnet, or free addresses",
    ),
    (
        &["invalidamiid", "invalid ami", "image id '"],
        "the image of the launch template cannot be used",
        "name an image that exists in this Region and that the account may use",
    ),
    (
        &["kms", "invalidkmskey", "client.internalerror"],
        "EC2 stops it, as it does where the key of an encrypted volume may not be used",
        "let the service-linked role of Auto Scaling use the key of the volumes, by its policy or a grant",
    ),
    (
        &["invalid iaminstanceprofile", "invalid iam instance profile", "instance profile"],
        "the instance profile of the launch template cannot be used",
        "name an instance profile that exists, with a role in it",
    ),
    (
        &["not supported in your requested availability zone", "unsupported"],
        "the type is not offered in the zone",
        "use another type, or other zones",
    ),
];

/// What EC2's message comes to, and what to do.
pub(super) fn refusal(message: &str) -> Option<(&'static str, &'static str)> {
    let text = message.to_ascii_lowercase();
    REFUSALS
        .iter()
        .find(|(words, ..)| words.iter().any(|word| text.contains(word)))
        .map(|(_, means, remedy)| (*means, *remedy))
}

impl Check for AsgActivity {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let judged = match instances::candidates(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        if judged.instances.iter().any(|judgement| judgement.faults == Faults::default()) {
            return cx.not_applicable("a container instance can take the task");
        }
        let providers = capacity::providers(cx)?;
        if providers.iter().all(|provider| capacity::group_name(provider).is_none()) {
            return cx
                .not_applicable("no capacity provider of the task names an Auto Scaling group");
        }
        cx.each(&providers, |cx, provider| {
            let Some(name) = capacity::group_name(provider) else { return Ok(()) };
            let request = DescribeScalingActivities { auto_scaling_group_name: name.to_owned() };
            // Asked together, to be answered in one round.
            let group = capacity::group(cx, provider);
            let answer = cx.get(&request)?;
            let Some(group) = group? else { return Ok(()) };
            let finished = answer.iter().flat_map(|answer| &answer.activities).filter(|activity| {
                matches!(
                    activity.status_code.as_deref(),
                    Some("Successful" | "Failed" | "Cancelled")
                )
            });
            let newest =
                finished.max_by_key(|activity| (activity.start_time, &activity.activity_id));
            let Some(failed) =
                newest.filter(|activity| activity.status_code.as_deref() == Some("Failed"))
            else {
                return Ok(());
            };
            let message = failed.status_message.as_deref().unwrap_or("");
            let (means, remedy) = refusal(message).unwrap_or((
                "an instance could not be launched",
                "follow the message of the activity",
            ));
            let at = failed.start_time.map_or(String::new(), |at| format!(", at {at}"));
            cx.report(
                Finding::blocker(format!(
                    "Auto Scaling group `{name}` launches no instance: {means}"
                ))
                .detail(format!(
                    "no container instance can take the task, and the newest activity of the \
                         group failed{at}: {message}"
                ))
                .resource(capacity::group_resource(&group))
                .resource(capacity::resource(provider))
                .named(provider.name.clone())
                .evidence(
                    Evidence::new(cx.query(&request), "/StatusMessage", message)
                        .object(failed.activity_id.clone()),
                )
                .remedy(Remedy::new(remedy).command(format!(
                    "aws autoscaling describe-scaling-activities --max-items 5 \
                         --auto-scaling-group-name {}{}",
                    quoted(name),
                    region_option(cx.region())
                ))),
            );
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::refusal;
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{GROUP, both, unplaced, with_provider},
            testing::{Examples, World},
        },
    };

    const ID: &str = "plc-asg-activity";
    const MESSAGE: &str = "TaskFailedToStart: EMPTY CAPACITY PROVIDER";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            activities(world, &[activity("b", "10", "Failed"), activity("a", "09", "Successful")]);
        },
        passes: |world| {
            activities(world, &[activity("a", "09", "Successful")]);
        },
        unknown: |world| {
            activities(world, &[]).deny("autoscaling:DescribeScalingActivities");
        },
        near_miss: |world| {
            // That was before.
            activities(world, &[activity("b", "10", "Failed"), activity("c", "11", "Successful")]);
        },
    };

    fn activity(id: &str, hour: &str, status: &str) -> Value {
        let message = if status == "Failed" {
            "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the \
             instance bucket that the specified instance type belongs to."
        } else {
            ""
        };
        json!({
            "ActivityId": id, "AutoScalingGroupName": GROUP, "StatusCode": status,
            "StartTime": format!("2026-11-20T{hour}:00:00Z"), "StatusMessage": message,
            "Description": "Launching a new EC2 instance.", "Cause": "…",
        })
    }

    fn activities<'w>(world: &'w mut World, all: &[Value]) -> &'w mut World {
        let world = with_provider(unplaced(world, MESSAGE));
        both(world, "/remainingResources/0/integerValue", &json!(0))
            .output("Activities", json!({"Activities": all}))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: Auto Scaling group `shop-hosts` launches no instance: the account's quota of vCPUs is reached
          no container instance can take the task, and the newest activity of the group failed, at 2026-11-20T10:00:00Z: You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to.
          @ AWS::AutoScaling::AutoScalingGroup shop-hosts
          @ AWS::ECS::CapacityProvider hosts
          fix: ask for a larger quota in Service Quotas (`ec2`: Running On-Demand instances of this family), or use another type
          $ aws autoscaling describe-scaling-activities --max-items 5 --auto-scaling-group-name shop-hosts --region eu-west-1
        ");
    }

    #[test]
    fn where_an_instance_can_take_the_task_nothing_has_to_be_launched() {
        let mut world = EXAMPLES.failing();
        both(&mut world, "/remainingResources/0/integerValue", &json!(2048));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }

    #[test]
    fn ec2s_messages_are_understood() {
        for (text, means) in [
            (
                "Could not launch On-Demand Instances. VcpuLimitExceeded - You have requested more vCPU capacity",
                "quota of vCPUs",
            ),
            (
                "We currently do not have sufficient g4dn.xlarge capacity in the Availability Zone",
                "no capacity",
            ),
            (
                "Could not launch Spot Instances. MaxSpotInstanceCountExceeded - Max spot instance count exceeded.",
                "quota of Spot",
            ),
            ("The image id '[ami-0abc]' does not exist", "the image"),
            ("Invalid IAM Instance Profile name", "the instance profile"),
        ] {
            assert!(refusal(text).unwrap().0.contains(means), "{text}");
        }
        assert_eq!(refusal("something else"), None);
    }
}
