use std::collections::BTreeMap;

use crate::{
    Query,
    aws::{Request, ec2::DescribeSubnets, ecs::DescribeTasks},
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell,
};

check! {
    /// The task's subnets belong to its own account
    ///
    /// # What it looks at
    /// The owner (`OwnerId`) of every subnet that the task's network configuration names.
    ///
    /// # Why it matters
    /// In a VPC that another account shares, this account sees the subnets but not all of what
    /// stands around them: route tables, network ACLs, NAT gateways and endpoints can be invisible.
    /// That they are not in an answer does not prove that they are not there.
    ///
    /// # How to fix it
    /// Capture the network in the account that owns the VPC, and diagnose with both captures.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html>,
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html>
    SharedVpc {
        id: "pre-shared-vpc",
        domain: "preflight",
        phase: Eni,
        causes: [],
        explains: [],
    }
}

impl Check for SharedVpc {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let mode = definition.network_mode.as_deref().unwrap_or("bridge");
        if mode != "awsvpc" {
            return cx.not_applicable(format!("the network mode is `{mode}`, not `awsvpc`"));
        }
        let network = cx.network()?;
        let asked: Query = match cx.task()? {
            Some(task) => {
                let cluster = cx.target().cluster();
                cx.query(&DescribeTasks::new(cluster.as_deref(), [task.task_arn.clone()]))
            }
            None => cx.query(&DescribeTasks::new(cx.target().cluster().as_deref(), [])),
        };
        if network.subnets.is_empty() {
            return Err(Missing::undecided(asked, "nothing tells the task's subnet"));
        }
        let account = cx
            .case()
            .account()
            .ok_or_else(|| Missing::undecided(asked, "the account is not known"))?;
        // Owner and VPC to subnets.
        let mut foreign: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        cx.each(&network.subnets, |cx, id| {
            let request = DescribeSubnets { subnet_ids: vec![id.clone()] };
            let Some(answer) = cx.get(&request)? else { return Ok(()) };
            for subnet in answer.subnets.iter().filter(|subnet| subnet.subnet_id == *id) {
                let owner = subnet.owner_id.clone().ok_or_else(|| {
                    Missing::undecided(cx.query(&request), "the subnet's owner is not told")
                })?;
                if owner != account {
                    let vpc = subnet.vpc_id.clone().unwrap_or_default();
                    foreign.entry((owner, vpc)).or_default().push(id.clone());
                }
            }
            Ok(())
        });
        for ((owner, vpc), subnets) in foreign {
            let first = DescribeSubnets { subnet_ids: vec![subnets[0].clone()] };
            let plural = if subnets.len() == 1 { "subnet" } else { "subnets" };
            let ids = subnets.join(",");
            let region = shell::region_option(cx.region());
            cx.report(
                Finding::warning(format!(
                    "VPC `{vpc}` belongs to account `{owner}`, the task to `{account}`"
                ))
                .detail(format!(
                    "{plural} `{}` of the task {} shared by that account: its route tables, \
                     network ACLs, NAT gateways and endpoints may be invisible here, so that checks \
                     of the network can be unknown",
                    subnets.join("`, `"),
                    if subnets.len() == 1 { "is" } else { "are" }
                ))
                .resource(Resource::new("AWS::EC2::VPC", vpc.clone()))
                .evidence(
                    Evidence::new(first.query().in_region(cx.region()), "/OwnerId", owner.clone())
                        .object(subnets[0].clone()),
                )
                .remedy(
                    Remedy::new(format!("look at the network in account `{owner}`"))
                        .step(format!("with credentials of account `{owner}`:"))
                        .command(format!(
                            "aws ec2 describe-route-tables --filters {}{region}",
                            shell::quoted(&format!("Name=association.subnet-id,Values={ids}"))
                        ))
                        .command(format!(
                            "aws ec2 describe-vpc-endpoints --filters {}{region}",
                            shell::quoted(&format!("Name=vpc-id,Values={vpc}"))
                        )),
                ),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.set("Subnets", "/Subnets/0/OwnerId", json!("444455556666")).set(
                "Subnets",
                "/Subnets/1/OwnerId",
                json!("444455556666"),
            );
        },
        passes: |_| {},
        unknown: |world| {
            world.deny("ec2:DescribeSubnets");
        },
        near_miss: |world| {
            world.definition("/networkMode", json!("bridge"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("pre-shared-vpc"), @r"
        warning: VPC `vpc-0d44444444444444d` belongs to account `444455556666`, the task to `111122223333`
          subnets `subnet-0a11111111111111a`, `subnet-0b22222222222222b` of the task are shared by that account: its route tables, network ACLs, NAT gateways and endpoints may be invisible here, so that checks of the network can be unknown
          @ AWS::EC2::VPC vpc-0d44444444444444d
          fix: look at the network in account `444455556666`
          - with credentials of account `444455556666`:
          $ aws ec2 describe-route-tables --filters Name=association.subnet-id,Values=subnet-0a11111111111111a,subnet-0b22222222222222b --region eu-west-1
          $ aws ec2 describe-vpc-endpoints --filters Name=vpc-id,Values=vpc-0d44444444444444d --region eu-west-1
        ");
    }

    #[test]
    fn an_owner_that_is_not_told_is_unknown() {
        let mut world = World::default();
        world.set("Subnets", "/Subnets/0/OwnerId", json!(null));
        assert_eq!(world.outcome("pre-shared-vpc").status, Status::Unknown);
    }
}
