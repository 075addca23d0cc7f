use serde_json::json;

use crate::{
    NetworkSource, Query,
    aws::ec2::DescribeNetworkInterfaces,
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Evidence, Finding},
};

check! {
    /// Where the task's network configuration is known from
    ///
    /// # What it looks at
    /// A stopped task no longer tells its security groups, and its network interface is deleted.
    /// The configuration is taken from the deployment or task set that started the task, else from
    /// the interface if it still exists. In other network modes than `awsvpc` the instance's
    /// interface counts, and there is nothing to recover.
    ///
    /// # Why it matters
    /// All checks of the network start from subnets, security groups and public address. Read from
    /// an interface, they are as they are now, not as they were when the task started. Read from
    /// nowhere, these checks are unknown.
    ///
    /// # How to fix it
    /// Look up the call that started the task (`RunTask`, or `UpdateService` for a deployment that
    /// is gone) in CloudTrail: its `networkConfiguration` is what the task was given. Or diagnose
    /// the newest failed task of the service.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/logging-using-cloudtrail.html>
    NetworkConfigRecovery {
        id: "pre-network-config-recovery",
        domain: "preflight",
        phase: Eni,
        causes: [],
        explains: [],
    }
}

/// How far from the task's creation the call that started it is looked for.
const AROUND_SECONDS: i64 = 15 * 60;

impl Check for NetworkConfigRecovery {
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
        let Some(task) = cx.task()? else { return Ok(()) };
        let id = task::id(&task.task_arn);
        let subnets = network.subnets.join("`, `");
        let groups = if network.security_groups.is_empty() {
            "the VPC's default security group".to_owned()
        } else {
            format!("security groups `{}`", network.security_groups.join("`, `"))
        };
        let (source, detail) = match network.source {
            NetworkSource::Deployment => return Ok(()),
            NetworkSource::Given => ("the caller", "it was given, not read"),
            NetworkSource::Cloudtrail => {
                ("CloudTrail's record of the call that started it", "it is what the task was given")
            }
            NetworkSource::Eni => (
                "its network interface",
                "the deployment that started the task is gone; groups and public address are those \
                 that the interface has now, which may have been changed since",
            ),
            NetworkSource::None => {
                let lookup = lookup(cx, task.service_name().is_some(), task.created_at);
                return Err(Missing::undecided(
                    lookup,
                    "not asked: neither a deployment nor an interface tells the task's security \
                     groups any more; the record of the call that started it would",
                ));
            }
        };
        let mut finding = Finding::info(format!(
            "the network configuration of task `{id}` is read from {source}: subnet `{subnets}`, \
             {groups}"
        ))
        .detail(detail)
        .resource(task::resource(&task));
        if let Some(eni) = cx.interface_detail("networkInterfaceId")? {
            let request = DescribeNetworkInterfaces { network_interface_ids: vec![eni.clone()] };
            finding = finding.evidence(
                Evidence::new(cx.query(&request), "/Groups", json!(network.security_groups))
                    .object(eni),
            );
        }
        cx.report(finding);
        Ok(())
    }
}

/// The look-up that finds the call that started the task.
fn lookup(cx: &Cx<'_>, of_service: bool, created: Option<crate::aws::Time>) -> Query {
    let event = if of_service { "UpdateService" } else { "RunTask" };
    let mut input = json!({
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": event}],
    });
    if let Some(created) = created {
        // A deployment may be much older than its task.
        if !of_service {
            let second = created.0.as_second();
            input["StartTime"] = json!(second.saturating_sub(AROUND_SECONDS));
        }
        input["EndTime"] = json!(created.0.as_second().saturating_add(AROUND_SECONDS));
    }
    Query::new("cloudtrail", "LookupEvents", &input).in_region(cx.region())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    /// The deployment that started the task is gone.
    fn replaced(world: &mut World) -> &mut World {
        world.set("services", "/services/0/deployments/0/id", json!("ecs-svc/99"))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            replaced(world).output(
                "NetworkInterfaces",
                json!({"NetworkInterfaces": [{
                    "NetworkInterfaceId": "eni-0123456789abcdef0",
                    "SubnetId": "subnet-0a11111111111111a", "VpcId": "vpc-0d44444444444444d",
                    "Groups": [{"GroupId": "sg-0c33333333333333c", "GroupName": "checkout"}],
                    "PrivateIpAddress": "10.0.1.25", "OwnerId": "111122223333",
                    "AvailabilityZone": "eu-west-1a", "Status": "in-use",
                }]}),
            );
        },
        passes: |_| {},
        unknown: |world| {
            replaced(world).output("NetworkInterfaces", json!({"NetworkInterfaces": []}));
        },
        near_miss: |_| {},
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("pre-network-config-recovery"), @r"
        info: the network configuration of task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` is read from its network interface: subnet `subnet-0a11111111111111a`, security groups `sg-0c33333333333333c`
          the deployment that started the task is gone; groups and public address are those that the interface has now, which may have been changed since
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
        ");
    }

    #[test]
    fn what_would_settle_it_is_the_call_that_started_the_task() {
        let mut world = World::default();
        world
            .task("/group", json!("family:checkout"))
            .task("/startedBy", json!("nightly"))
            .output("NetworkInterfaces", json!({"NetworkInterfaces": []}));
        let outcome = world.outcome("pre-network-config-recovery");
        assert_eq!(outcome.status, Status::Unknown);
        let query = outcome.missing[0].query();
        assert_eq!(query.name(), "cloudtrail:LookupEvents");
        assert!(query.input_json().contains(r#""AttributeValue":"RunTask""#));
        assert!(query.input_json().contains(r#""StartTime":"#));
    }

    #[test]
    fn in_bridge_mode_there_is_nothing_to_recover() {
        let mut world = World::default();
        world.definition("/networkMode", json!("bridge"));
        let outcome = world.outcome("pre-network-config-recovery");
        assert_eq!(outcome.status, Status::NotApplicable);
    }
}
