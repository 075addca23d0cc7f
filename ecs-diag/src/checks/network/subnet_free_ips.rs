use super::configuration::{
    Holder, NO_INTERFACE, has_interface, holder, known, subnet, subnet_request, subnet_resource,
    without,
};
use crate::{
    Phase,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Severity},
    shell,
    shell::region_option,
};

check! {
    /// The task's subnets have free addresses
    ///
    /// # What it looks at
    /// `AvailableIpAddressCount` of every subnet that the task can go to. No free address is a
    /// blocker where all of the subnets are full, where the failure message names the full one, and
    /// where the task was sent to it and never got its interface; one full subnet among others stops
    /// only the tasks whose turn it is, which is a warning. So is a number of free addresses smaller
    /// than the number of tasks that the service still has to start. Subnets without IPv4 do not
    /// count.
    ///
    /// # Why it matters
    /// Every task in the network mode `awsvpc` takes an address for its interface. ECS picks one of
    /// the subnets; a task that it sends to a full one stops
    /// (`InsufficientFreeAddressesInSubnet`).
    ///
    /// # How to fix it
    /// Take the full subnet out of the network configuration, add a larger one, or free addresses.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html>,
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html>
    SubnetFreeIps {
        id: "net-subnet-free-ips",
        domain: "network",
        phase: Eni,
        causes: [NetSubnetIpExhausted],
        explains: [],
    }
}

impl Check for SubnetFreeIps {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if !has_interface(cx)? {
            return cx.not_applicable(NO_INTERFACE);
        }
        let network = known(cx)?;
        let mut free: i64 = 0;
        let mut full = Vec::new();
        let mut others = false;
        let mut all_read = true;
        cx.each(&network.subnets, |cx, id| {
            let subnet = subnet(cx, id).inspect_err(|_| all_read = false)?;
            // That it exists is another check's question.
            let Some(subnet) = subnet else { return Ok(()) };
            if subnet.ipv6_native {
                others = true;
                free = i64::MAX;
                return Ok(());
            }
            let Some(count) = subnet.available_ip_address_count else {
                all_read = false;
                return Err(Missing::undecided(
                    cx.query(&subnet_request(id)),
                    format!("the answer does not say how many addresses `{id}` has left"),
                ));
            };
            free = free.saturating_add(count);
            if count == 0 {
                full.push((id.as_str(), subnet));
            } else {
                others = true;
            }
            Ok(())
        });
        let ids: Vec<_> = full.iter().map(|(id, _)| *id).collect();
        let elsewhere = network.subnets.iter().any(|id| !ids.contains(&id.as_str()));
        for (id, subnet) in &full {
            let severity = if !elsewhere || stopped_here(cx, id)? {
                Severity::Blocker
            } else {
                Severity::Warning
            };
            let of = subnet.cidr_block.as_ref().map_or(String::new(), |cidr| format!(" ({cidr})"));
            let detail = if elsewhere {
                "a task that ECS sends there gets no network interface and stops; one that goes to \
                 another subnet starts"
            } else {
                "no task gets a network interface"
            };
            let mut remedy = Remedy::new(if others {
                format!(
                    "leave `{id}` out of the network configuration until it has addresses, or free \
                     some"
                )
            } else {
                "add a larger subnet of the same VPC to the network configuration, or free addresses"
                    .to_owned()
            });
            if others {
                remedy = without(cx, remedy, &ids, &[])?;
            }
            remedy = remedy.command(format!(
                "aws ec2 describe-network-interfaces --filters Name=subnet-id,Values={}{}",
                shell::quoted(id),
                region_option(cx.region())
            ));
            cx.report(
                Finding::of(severity, format!("subnet `{id}`{of} has no free address"))
                    .detail(detail)
                    .resource(subnet_resource(cx, id, Some(subnet)))
                    .evidence(
                        Evidence::new(
                            cx.query(&subnet_request(id)),
                            "/Subnets/0/AvailableIpAddressCount",
                            0,
                        )
                        .object(*id),
                    )
                    .remedy(remedy),
            );
        }

        // Tasks that the service has still to start need an address each.
        let Some(service) = cx.service()? else { return Ok(()) };
        let wanted = service.desired_count.saturating_sub(service.running_count);
        if all_read
            && (1..wanted).contains(&free)
            && let Some(Holder { resource, evidence, name }) = holder(cx)?
        {
            cx.report(
                Finding::warning(format!(
                    "{name} has {wanted} tasks to start, but its subnets have {free} free addresses"
                ))
                .detail("every task takes an address: the last ones get no network interface")
                .resource(resource)
                .evidence(Evidence {
                    pointer: "/desiredCount".to_owned(),
                    value: service.desired_count.into(),
                    ..evidence
                })
                .remedy(Remedy::new(
                    "add a larger subnet of the same VPC to the network configuration, or ask for \
                     fewer tasks",
                )),
            );
        }
        Ok(())
    }
}

/// Whether it was this subnet in which the task did not get its interface.
fn stopped_here(cx: &Cx<'_>, id: &str) -> Result<bool, Missing> {
    if cx.proven(Phase::Eni)? {
        return Ok(false);
    }
    let failed = cx.symptom()?.filter(|symptom| !symptom.reading.benign);
    let named = failed.as_ref().is_some_and(|symptom| {
        symptom.reading.parameters.get("subnet").is_some_and(|named| named == id)
    });
    Ok(named || failed.is_some() && cx.interface_detail("subnetId")?.as_deref() == Some(id))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const ID: &str = "net-subnet-free-ips";
    const MESSAGE: &str = "Unexpected EC2 error while attempting to Create Network Interface with \
        public IP assignment disabled in subnet 'subnet-0a11111111111111a': \
        InsufficientFreeAddressesInSubnet";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            early(world).stopped(MESSAGE).set(
                "Subnets",
                "/Subnets/0/AvailableIpAddressCount",
                json!(0),
            );
        },
        passes: |_| {},
        unknown: |world| {
            early(world).stopped(MESSAGE).deny("ec2:DescribeSubnets");
        },
        near_miss: |world| {
            // Addresses are free again.
            early(world).stopped(MESSAGE);
        },
    };

    /// The task never had an interface.
    fn early(world: &mut World) -> &mut World {
        world.task("/connectivityAt", Value::Null).task("/attachments", json!([]))
    }

    fn free(world: &mut World, first: i64, second: i64) {
        world.set("Subnets", "/Subnets/0/AvailableIpAddressCount", json!(first)).set(
            "Subnets",
            "/Subnets/1/AvailableIpAddressCount",
            json!(second),
        );
    }

    fn severities(world: &World) -> Vec<Severity> {
        world.outcome(ID).findings.iter().map(|finding| finding.severity).collect()
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: subnet `subnet-0a11111111111111a` (10.0.1.0/24) has no free address
          a task that ECS sends there gets no network interface and stops; one that goes to another subnet starts
          @ AWS::EC2::Subnet subnet-0a11111111111111a
          fix (verified): leave `subnet-0a11111111111111a` out of the network configuration until it has addresses, or free some
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --network-configuration 'awsvpcConfiguration={subnets=[subnet-0b22222222222222b],securityGroups=[sg-0c33333333333333c],assignPublicIp=DISABLED}'
          $ aws ec2 describe-network-interfaces --filters Name=subnet-id,Values=subnet-0a11111111111111a --region eu-west-1
        ");
    }

    #[test]
    fn going_to_the_other_subnet_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
        // There is no other one.
        let mut world = EXAMPLES.failing();
        free(&mut world, 0, 0);
        assert!(!world.verified(ID));
    }

    #[test]
    fn all_full_blocks_and_one_of_several_warns() {
        let mut world = World::default();
        free(&mut world, 0, 0);
        assert_eq!(severities(&world), [Severity::Blocker, Severity::Blocker]);
        // The task had its interface there; the next one may not get any.
        free(&mut world, 0, 240);
        assert_eq!(severities(&world), [Severity::Warning]);
        // The task was sent there and has no interface.
        world
            .task("/connectivityAt", Value::Null)
            .stopped("Timeout waiting for network interface provisioning to complete.");
        assert_eq!(severities(&world), [Severity::Blocker]);
    }

    #[test]
    fn fewer_than_the_service_needs_warns() {
        let mut world = World::default();
        world.set("services", "/services/0/desiredCount", json!(20));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        free(&mut world, 4, 5);
        assert_eq!(severities(&world), [Severity::Warning]);
        world.set("services", "/services/0/runningCount", json!(11));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn a_subnet_without_ipv4_is_not_full() {
        let mut world = EXAMPLES.failing();
        world.set("Subnets", "/Subnets/0/Ipv6Native", json!(true));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn a_count_that_is_not_told_is_unknown() {
        let mut world = World::default();
        world.set("Subnets", "/Subnets/0/AvailableIpAddressCount", Value::Null);
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }

    #[test]
    fn without_an_interface_there_is_nothing_to_look_at() {
        let mut world = EXAMPLES.failing();
        world.definition("/networkMode", json!("host")).task("/launchType", json!("EC2"));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
