use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::configuration::{
    Holder, NO_INTERFACE, has_interface, holder, known, subnet, subnet_request, subnet_resource,
    without,
};
use crate::{
    aws::ec2::DescribeSecurityGroups,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
};

check! {
    /// The task's subnets and security groups exist, in one VPC
    ///
    /// # What it looks at
    /// The network configuration that the task was started with: whether its subnets and security
    /// groups still exist, whether all of them belong to one VPC, and whether there are at most 16
    /// subnets and 5 groups. In a VPC that another account shares, that account's security groups are
    /// not visible, so a missing one proves nothing.
    ///
    /// # Why it matters
    /// ECS creates the task's network interface in one of the subnets, with all of the groups. With
    /// one of them missing the interface cannot be created, and the task stops before anything else
    /// happens; with a subnet missing it does so whenever that subnet's turn comes.
    ///
    /// # How to fix it
    /// Update the service with the network configuration that is left, or with new ids.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html>,
    /// <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html>
    SubnetExists {
        id: "net-subnet-exists",
        domain: "network",
        phase: Eni,
        causes: [DeployConfiguration],
        explains: [],
    }
}

/// What ECS takes.
const MOST_SUBNETS: usize = 16;
const MOST_GROUPS: usize = 5;

impl Check for SubnetExists {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if !has_interface(cx)? {
            return cx.not_applicable(NO_INTERFACE);
        }
        let network = known(cx)?;
        let account = cx.case().account();
        let holder = holder(cx)?;
        let limits = [
            ("subnets", &network.subnets, MOST_SUBNETS),
            ("security groups", &network.security_groups, MOST_GROUPS),
        ];
        for (what, ids, most) in limits {
            if ids.len() > most
                && let Some(Holder { resource, evidence, name }) = &holder
            {
                cx.report(
                    Finding::blocker(format!("{name} names {} {what}", ids.len()))
                        .detail(format!("ECS takes at most {most} {what} for a task"))
                        .resource(resource.clone())
                        .evidence(Evidence { value: json!(ids), ..evidence.clone() })
                        .remedy(Remedy::new(format!("name at most {most} {what}"))),
                );
            }
        }

        // VPCs of the subnets, and whether another account shares one.
        let mut vpcs: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut shared_by = None;
        let mut all_read = true;
        // Missing subnets are told together with what is left without them.
        let mut gone = Vec::new();
        cx.each(&network.subnets, |cx, id| {
            let subnet = subnet(cx, id).inspect_err(|_| all_read = false)?;
            let Some(subnet) = subnet else {
                gone.push(id.as_str());
                return Ok(());
            };
            if let Some(vpc) = subnet.vpc_id {
                vpcs.entry(vpc).or_default().push(id);
            }
            if let Some(owner) = subnet.owner_id.filter(|owner| Some(owner.as_str()) != account) {
                shared_by = Some(owner);
            }
            Ok(())
        });
        for id in &gone {
            let remedy = Remedy::new(if gone.len() < network.subnets.len() {
                format!("leave `{id}` out of the network configuration")
            } else {
                "name subnets that exist in the network configuration".to_owned()
            });
            let remedy = without(cx, remedy, &gone, &[])?;
            cx.report(
                Finding::blocker(format!("subnet `{id}` does not exist"))
                    .detail(format!(
                        "{} names it, and no network interface can be created in it: a task that is \
                         to go there does not start",
                        holder.as_ref().map_or("the network configuration", |holder| &holder.name)
                    ))
                    .resource(subnet_resource(cx, id, None))
                    .evidence(
                        Evidence::new(cx.query(&subnet_request(id)), "/Subnets", Value::Null)
                            .object(*id),
                    )
                    .remedy(remedy),
            );
        }
        if vpcs.len() > 1
            && let Some(Holder { resource, evidence, name }) = &holder
        {
            let told: Vec<_> = vpcs
                .iter()
                .map(|(vpc, ids)| {
                    let ids: Vec<_> = ids.iter().map(|id| format!("`{id}`")).collect();
                    format!("{} in `{vpc}`", ids.join(", "))
                })
                .collect();
            cx.report(
                Finding::blocker(format!("{name} names subnets of {} VPCs", vpcs.len()))
                    .detail(format!("a task has one VPC, but there are {}", told.join("; ")))
                    .resource(resource.clone())
                    .evidence(Evidence { value: json!(network.subnets), ..evidence.clone() })
                    .remedy(Remedy::new("name subnets of one VPC")),
            );
        }

        let vpc = match vpcs.keys().collect::<Vec<_>>().as_slice() {
            [one] => Some((*one).clone()),
            _ => None,
        };
        let mut wrong = Vec::new();
        cx.each(&network.security_groups, |cx, id| {
            let request = DescribeSecurityGroups { group_ids: vec![id.clone()] };
            let answer = cx.get(&request)?;
            let group = answer.and_then(|answer| {
                answer.security_groups.iter().find(|group| group.group_id == *id).cloned()
            });
            let query = cx.query(&request);
            match group {
                None if shared_by.is_some() || !all_read => {
                    let owner = shared_by.as_deref().unwrap_or("another account");
                    Err(Missing::undecided(
                        query,
                        format!(
                            "the VPC may be shared by {owner}, whose groups are not visible here"
                        ),
                    ))
                }
                None => {
                    wrong.push((
                        id.as_str(),
                        None,
                        Evidence::new(query, "/SecurityGroups", Value::Null),
                    ));
                    Ok(())
                }
                Some(group) => {
                    if let (Some(own), Some(vpc)) = (&group.vpc_id, &vpc)
                        && own != vpc
                    {
                        let evidence =
                            Evidence::new(query, "/SecurityGroups/0/VpcId", own.as_str());
                        wrong.push((id.as_str(), Some(group), evidence));
                    }
                    Ok(())
                }
            }
        });
        let ids: Vec<_> = wrong.iter().map(|(id, ..)| *id).collect();
        for (id, group, evidence) in &wrong {
            let in_vpc = vpc.as_ref().map_or(String::new(), |vpc| format!(" of `{vpc}`"));
            let remedy = Remedy::new(if ids.len() < network.security_groups.len() {
                format!("leave `{id}` out of the network configuration")
            } else {
                format!("name security groups{in_vpc} in the network configuration")
            });
            let remedy = without(cx, remedy, &[], &ids)?;
            let summary = match group {
                None => format!("security group `{id}` does not exist"),
                Some(group) => format!(
                    "security group `{id}`{} belongs to `{}`, the subnets to `{}`",
                    group.group_name.as_ref().map_or(String::new(), |name| format!(" (`{name}`)")),
                    group.vpc_id.as_deref().unwrap_or_default(),
                    vpc.as_deref().unwrap_or_default()
                ),
            };
            let mut resource = Resource::new("AWS::EC2::SecurityGroup", *id);
            if let Some(arn) = cx.arn() {
                let owner = group.as_ref().and_then(|group| group.owner_id.clone());
                resource = resource.arn(format!(
                    "arn:{}:ec2:{}:{}:security-group/{id}",
                    arn.partition,
                    arn.region,
                    owner.unwrap_or(arn.account.clone())
                ));
            }
            cx.report(
                Finding::blocker(summary)
                    .detail(format!(
                        "{} names it, and the task's network interface cannot be created with it",
                        holder.as_ref().map_or("the network configuration", |holder| &holder.name)
                    ))
                    .resource(resource)
                    .evidence(evidence.clone().object(*id))
                    .remedy(remedy),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "net-subnet-exists";
    const MESSAGE: &str = "Unexpected EC2 error while attempting to Create Network Interface with \
        public IP assignment disabled in subnet 'subnet-0a11111111111111a'";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).set("Subnets", "/Subnets/0", Value::Null);
            early(world);
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).deny("ec2:DescribeSubnets");
            early(world);
        },
        near_miss: |world| {
            // The subnet is there; something else stopped the interface.
            world.stopped(MESSAGE);
            early(world);
        },
    };

    /// The task never had an interface.
    fn early(world: &mut World) {
        world.task("/connectivityAt", Value::Null).task("/attachments", json!([]));
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: subnet `subnet-0a11111111111111a` does not exist
          service `checkout` names it, and no network interface can be created in it: a task that is to go there does not start
          @ AWS::EC2::Subnet subnet-0a11111111111111a
          fix (verified): leave `subnet-0a11111111111111a` out of the network configuration
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --network-configuration 'awsvpcConfiguration={subnets=[subnet-0b22222222222222b],securityGroups=[sg-0c33333333333333c],assignPublicIp=DISABLED}'
        ");
    }

    fn groups(world: &mut World, ids: &Value) {
        world.set(
            "services",
            "/services/0/deployments/0/networkConfiguration/awsvpcConfiguration/securityGroups",
            ids.clone(),
        );
    }

    #[test]
    fn leaving_out_what_is_missing_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
        let mut world = World::default();
        groups(&mut world, &json!(["sg-0c33333333333333c", "sg-0e55555555555555e"]));
        let outcome = world.outcome(ID);
        assert_eq!(
            outcome.findings[0].summary,
            "security group `sg-0e55555555555555e` does not exist"
        );
        assert!(world.verified(ID));
        // Nothing would be left.
        groups(&mut world, &json!(["sg-0e55555555555555e"]));
        assert!(!world.verified(ID));
    }

    #[test]
    fn a_group_of_another_vpc_fails() {
        let mut world = World::default();
        world.set("SecurityGroups", "/SecurityGroups/0/VpcId", json!("vpc-0f66666666666666f"));
        let outcome = world.outcome(ID);
        assert_eq!(
            outcome.findings[0].summary,
            "security group `sg-0c33333333333333c` (`checkout`) belongs to \
             `vpc-0f66666666666666f`, the subnets to `vpc-0d44444444444444d`"
        );
    }

    #[test]
    fn subnets_of_two_vpcs_fail() {
        let mut world = World::default();
        world.set("Subnets", "/Subnets/1/VpcId", json!("vpc-0f66666666666666f"));
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings[0].summary, "service `checkout` names subnets of 2 VPCs");
    }

    #[test]
    fn in_a_shared_vpc_a_missing_group_is_unknown() {
        let mut world = World::default();
        world.set("Subnets", "/Subnets/0/OwnerId", json!("999988887777")).set(
            "Subnets",
            "/Subnets/1/OwnerId",
            json!("999988887777"),
        );
        assert_eq!(world.outcome(ID).status, Status::Passed);
        groups(&mut world, &json!(["sg-0e55555555555555e"]));
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }

    #[test]
    fn more_than_ecs_takes_fails() {
        let mut world = World::default();
        let ids: Vec<_> = (0..6).map(|n| format!("sg-0c3333333333333{n:02}")).collect();
        groups(&mut world, &json!(ids));
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings[0].summary, "service `checkout` names 6 security groups");
    }

    #[test]
    fn one_that_is_denied_does_not_hide_the_others() {
        let mut world = EXAMPLES.failing();
        world.deny("ec2:DescribeSecurityGroups");
        let outcome = world.outcome(ID);
        assert_eq!((outcome.findings.len(), outcome.missing.len()), (1, 1));
    }

    #[test]
    fn without_an_interface_there_is_nothing_to_look_at() {
        let mut world = EXAMPLES.failing();
        world.definition("/networkMode", json!("bridge")).task("/launchType", json!("EC2"));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }

    #[test]
    fn a_task_whose_network_nothing_tells_is_unknown() {
        let mut world = World::default();
        early(&mut world);
        world.task("/group", json!("family:checkout")).task("/startedBy", Value::Null);
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }
}
