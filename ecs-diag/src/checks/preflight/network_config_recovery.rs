use serde_json::json;

use crate::{
    NetworkSource, Query,
    aws::{Time, ec2::DescribeNetworkInterfaces},
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
    /// the interface if it still exists, else from CloudTrail's record of the call that started it
    /// (`RunTask`, within a minute of the task's creation). In other network modes than `awsvpc`
    /// the instance's interface counts, and there is nothing to recover.
    ///
    /// # Why it matters
    /// All checks of the network start from subnets, security groups and public address. Read from
    /// an interface, they are as they are now, not as they were when the task started. Read from
    /// nowhere, these checks are unknown.
    ///
    /// # How to fix it
    /// Allow the caller `cloudtrail:LookupEvents`; for a deployment that is gone, look up the
    /// `UpdateService` that made it: its `networkConfiguration` is what the task was given. Or
    /// diagnose the newest failed task of the service.
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
                let nothing = "neither a deployment nor an interface tells the task's security \
                               groups any more; the record of the call that started it would";
                let Some(lookup) = cx.run_task_lookup()? else {
                    return Err(Missing::undecided(updates(cx, task.created_at), nothing));
                };
                cx.get(&lookup)?;
                let none = "no call that CloudTrail tells of started this task; it learns of calls \
                            some minutes late";
                return Err(Missing::undecided(cx.query(&lookup), format!("{nothing}: {none}")));
            }
        };
        let mut finding = Finding::info(format!(
            "the network configuration of task `{id}` is read from {source}: subnet `{subnets}`, \
             {groups}"
        ))
        .detail(detail)
        .resource(task::resource(&task));
        if network.source == NetworkSource::Cloudtrail
            && let Some(lookup) = cx.run_task_lookup()?
        {
            let value =
                json!({"subnets": network.subnets, "securityGroups": network.security_groups});
            finding = finding.evidence(Evidence::new(cx.query(&lookup), "/Events", value));
        } else if let Some(eni) = cx.interface_detail("networkInterfaceId")? {
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

/// The look-up that finds the deployments of the past.
fn updates(cx: &Cx<'_>, created: Option<Time>) -> Query {
    let mut input = json!({
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "UpdateService"}],
    });
    if let Some(created) = created {
        input["EndTime"] = json!(created.0.as_second());
    }
    Query::new("cloudtrail", "LookupEvents", &input).in_region(cx.region())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        NetworkSource,
        check::Status,
        checks::testing::{Examples, TASK, World},
    };

    /// A task that no deployment started, and CloudTrail's record of the call that started one.
    fn run_task<'w>(world: &'w mut World, started: &str) -> &'w mut World {
        let record = json!({
            "eventName": "RunTask",
            "requestParameters": {"networkConfiguration": {"awsvpcConfiguration": {
                "subnets": ["subnet-0a11111111111111a"],
                "securityGroups": ["sg-0c33333333333333c"], "assignPublicIp": "ENABLED",
            }}},
            "responseElements": {"tasks": [{"taskArn": started}], "failures": []},
        });
        let event = json!({
            "EventId": "7f1c", "EventName": "RunTask", "EventSource": "ecs.amazonaws.com",
            "EventTime": "2026-11-20T10:00:01Z", "CloudTrailEvent": record.to_string(),
        });
        world
            .task("/group", json!("family:checkout"))
            .task("/startedBy", json!("nightly"))
            .output("NetworkInterfaces", json!({"NetworkInterfaces": []}))
            .output("Events", json!({"Events": [event]}))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            run_task(world, TASK);
        },
        passes: |_| {},
        unknown: |world| {
            run_task(world, TASK).without("Events");
        },
        near_miss: |_| {},
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("pre-network-config-recovery"), @r"
        info: the network configuration of task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` is read from CloudTrail's record of the call that started it: subnet `subnet-0a11111111111111a`, security groups `sg-0c33333333333333c`
          it is what the task was given
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
        ");
    }

    #[test]
    fn an_interface_that_is_still_there_tells_it() {
        let mut world = World::default();
        world.set("services", "/services/0/deployments/0/id", json!("ecs-svc/99")).output(
            "NetworkInterfaces",
            json!({"NetworkInterfaces": [{
                "NetworkInterfaceId": "eni-0123456789abcdef0",
                "SubnetId": "subnet-0a11111111111111a", "VpcId": "vpc-0d44444444444444d",
                "Groups": [{"GroupId": "sg-0c33333333333333c", "GroupName": "checkout"}],
                "PrivateIpAddress": "10.0.1.25", "OwnerId": "111122223333",
                "AvailabilityZone": "eu-west-1a", "Status": "in-use",
            }]}),
        );
        let report = world.report();
        assert_eq!(report.network.source, NetworkSource::Eni);
        let found = report.findings.iter().find(|f| f.check == "pre-network-config-recovery");
        assert!(found.unwrap().summary.contains("its network interface"), "{found:?}");
    }

    #[test]
    fn of_a_deployment_that_is_gone_the_update_is_looked_for() {
        let mut world = World::default();
        world
            .set("services", "/services/0/deployments/0/id", json!("ecs-svc/99"))
            .output("NetworkInterfaces", json!({"NetworkInterfaces": []}));
        let outcome = world.outcome("pre-network-config-recovery");
        assert_eq!(outcome.status, Status::Unknown);
        assert!(outcome.missing[0].query().input_json().contains("UpdateService"));
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
    fn the_call_that_started_the_task_tells_it() {
        let report = EXAMPLES.failing().report();
        assert_eq!(report.network.source, NetworkSource::Cloudtrail);
        assert_eq!(report.network.security_groups, ["sg-0c33333333333333c"]);
        assert_eq!(report.network.assign_public_ip, Some(true));
    }

    #[test]
    fn the_call_that_started_another_task_does_not() {
        let mut world = World::default();
        run_task(&mut world, &TASK.replace("4f1d", "0000"));
        let outcome = world.outcome("pre-network-config-recovery");
        assert_eq!(outcome.status, Status::Unknown);
        assert!(outcome.missing[0].why().contains("no call that CloudTrail tells of"));
    }

    #[test]
    fn in_bridge_mode_there_is_nothing_to_recover() {
        let mut world = World::default();
        world.definition("/networkMode", json!("bridge"));
        let outcome = world.outcome("pre-network-config-recovery");
        assert_eq!(outcome.status, Status::NotApplicable);
    }
}
