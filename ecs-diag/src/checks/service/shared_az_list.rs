use std::{collections::BTreeMap, sync::Arc};

use serde_json::json;

use super::object::{self, NO_SERVICE};
use crate::{
    aws::{
        ec2::DescribeSubnets,
        ecs::{DescribeTasks, ListTasks},
    },
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::{self, Missing},
    finding::{Evidence, Finding, Remedy, Resource},
};

check! {
    /// The service's tasks fail in all of its subnets alike
    ///
    /// # What it looks at
    /// The subnets of the service's failed tasks that ECS still tells of. If three or more failed, all
    /// of them in one subnet of several, also the subnets of its running tasks.
    ///
    /// # Why it matters
    /// Tasks of one deployment have everything in common but the subnet. Where those in one subnet fail
    /// and those in another run, the fault is in that subnet: another route table, network ACL or
    /// endpoint. ECS spreads tasks over the subnets, so that the failure comes and goes with the subnet
    /// that is next.
    ///
    /// # How to fix it
    /// Compare the subnet's route table, network ACL and endpoints with those of the others. Until they
    /// are alike, leave the subnet out of the network configuration.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html>,
    /// <https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html>
    SharedAzList {
        id: "svc-shared-az-list",
        domain: "service",
        phase: Auth,
        causes: [NetOneBadSubnet],
        explains: [],
    }
}

/// Fewer failures may share a subnet by chance.
const FAILURES: usize = 3;
/// How many running tasks are looked at.
const RUNNING: usize = 100;

impl Check for SharedAzList {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else { return cx.not_applicable(NO_SERVICE) };
        if cx.task()?.is_none() {
            return cx.not_applicable("no task came as far as a subnet");
        }
        let network = cx.network()?;
        if network.subnets.len() < 2 {
            return cx.not_applicable("the service has one subnet only, as far as is known");
        }
        let Some(started_by) = cx.deployment()?.and_then(|deployment| deployment.id) else {
            return cx.not_applicable("the deployment that started the task is gone");
        };
        let failures = task::failures(cx, &service.service_name)?;
        let own: Vec<_> = failures
            .iter()
            .filter(|failure| failure.started_by.as_ref() == Some(&started_by))
            .collect();
        let Some(subnet) = own.first().and_then(|failure| failure.subnet.as_deref()) else {
            return Ok(());
        };
        if own.len() < FAILURES || own.iter().any(|other| other.subnet.as_deref() != Some(subnet)) {
            return Ok(());
        }
        let running = running(cx, &service.service_name, &started_by)?;
        let elsewhere: usize =
            running.iter().filter(|(other, _)| *other != subnet).map(|(_, n)| n).sum();
        if running.contains_key(subnet) || elsewhere == 0 {
            return Ok(());
        }
        // A line for each subnet.
        let mut lines = Vec::new();
        for id in &network.subnets {
            let request = DescribeSubnets { subnet_ids: vec![id.clone()] };
            let zone = facts::at_hand(cx.get(&request))?
                .and_then(|answer| answer.subnets.first()?.availability_zone.clone())
                .map_or(String::new(), |zone| format!(" ({zone})"));
            let failed = if id == subnet { own.len() } else { 0 };
            let runs = running.get(id).copied().unwrap_or(0);
            lines.push(format!("`{id}`{zone}: {failed} failed, {runs} running"));
        }
        let arns: Vec<_> = own.iter().map(|failure| task::id(&failure.arn)).collect();
        cx.report(
            Finding::likely(format!(
                "tasks of service `{}` fail in subnet `{subnet}` only",
                service.service_name
            ))
            .detail(format!(
                "{}; the same tasks run in other subnets, which speaks of another route table, \
                 network ACL or endpoint in this one",
                lines.join("; ")
            ))
            .resource(Resource::new("AWS::EC2::Subnet", subnet))
            .resource(object::resource(&service))
            .evidence(Evidence::new(
                cx.query(&list(cx, &service.service_name, "STOPPED")),
                "/taskArns",
                json!(arns),
            ))
            .evidence(Evidence::new(
                cx.query(&list(cx, &service.service_name, "RUNNING")),
                "/taskArns",
                json!(*running),
            ))
            .remedy(
                Remedy::new(format!(
                    "make the route table, network ACL and endpoints of `{subnet}` like those of the \
                     other subnets, or leave it out of the network configuration"
                ))
                .step(format!("compare the route table of `{subnet}` with those of the others")),
            ),
        );
        Ok(())
    }
}

fn list(cx: &Cx<'_>, service: &str, desired_status: &'static str) -> ListTasks {
    ListTasks {
        cluster: cx.target().cluster(),
        service_name: Some(service.to_owned()),
        desired_status,
    }
}

/// How many tasks of the deployment run in each subnet; read once a run.
fn running(
    cx: &Cx<'_>,
    service: &str,
    started_by: &str,
) -> Result<Arc<BTreeMap<String, usize>>, Missing> {
    cx.derived(
        &format!("running {:?} {:?} {service} {started_by}", cx.region(), cx.cluster()),
        || {
            let mut subnets = BTreeMap::new();
            let Some(arns) = cx.get(&list(cx, service, "RUNNING"))? else { return Ok(subnets) };
            let mut arns = arns.task_arns.clone();
            arns.sort_unstable();
            arns.truncate(RUNNING);
            if arns.is_empty() {
                return Ok(subnets);
            }
            let request = DescribeTasks::new(cx.target().cluster().as_deref(), arns);
            let answer = cx.get(&request)?;
            for task in answer.iter().flat_map(|answer| &answer.tasks) {
                let runs = task.last_status.as_deref() == Some("RUNNING")
                    && task.started_by.as_deref() == Some(started_by);
                let subnet =
                    task.attachments.iter().find_map(|attachment| attachment.detail("subnetId"));
                if let Some(subnet) = subnet.filter(|_| runs) {
                    *subnets.entry(subnet.to_owned()).or_default() += 1;
                }
            }
            Ok(subnets)
        },
    )
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, TASK, World},
    };

    const ID: &str = "svc-shared-az-list";
    const OTHER: &str = "subnet-0b22222222222222b";

    /// Another task of the service, in this subnet.
    fn task(world: &mut World, id: u8, subnet: &str, runs: bool) {
        let mut task: Value = world.outputs["tasks"]["tasks"][0].clone();
        let (arn, _) = TASK.rsplit_once('/').unwrap();
        task["taskArn"] = json!(format!("{arn}/{id:032x}"));
        for attachment in task["attachments"].as_array_mut().unwrap() {
            for detail in attachment["details"].as_array_mut().unwrap() {
                if detail["name"] == "subnetId" {
                    detail["value"] = json!(subnet);
                }
            }
        }
        if runs {
            task["lastStatus"] = json!("RUNNING");
            task["desiredStatus"] = json!("RUNNING");
            for member in ["stopCode", "stoppedReason", "stoppedAt"] {
                task.as_object_mut().unwrap().remove(member);
            }
        }
        world.set("tasks", "/tasks/-", task);
    }

    fn bad_subnet(world: &mut World) -> &mut World {
        let own = "subnet-0a11111111111111a";
        task(world, 1, own, false);
        task(world, 2, own, false);
        task(world, 3, OTHER, true);
        world
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            bad_subnet(world);
        },
        passes: |_| {},
        unknown: |world| {
            bad_subnet(world).deny("ecs:ListTasks");
        },
        near_miss: |world| {
            // One runs in that subnet too.
            task(bad_subnet(world), 4, "subnet-0a11111111111111a", true);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: tasks of service `checkout` fail in subnet `subnet-0a11111111111111a` only
          `subnet-0a11111111111111a` (eu-west-1a): 3 failed, 0 running; `subnet-0b22222222222222b` (eu-west-1b): 0 failed, 1 running; the same tasks run in other subnets, which speaks of another route table, network ACL or endpoint in this one
          @ AWS::EC2::Subnet subnet-0a11111111111111a
          @ AWS::ECS::Service checkout
          fix: make the route table, network ACL and endpoints of `subnet-0a11111111111111a` like those of the other subnets, or leave it out of the network configuration
          - compare the route table of `subnet-0a11111111111111a` with those of the others
        ");
    }

    #[test]
    fn failures_elsewhere_or_of_another_deployment_speak_against_it() {
        let mut world = EXAMPLES.failing();
        task(&mut world, 5, OTHER, false);
        assert_eq!(world.outcome(ID).status, Status::Passed);
        let mut world = EXAMPLES.failing();
        world.set("tasks", "/tasks/3/startedBy", json!("ecs-svc/1"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn one_subnet_cannot_be_the_odd_one() {
        let mut world = EXAMPLES.failing();
        world.set(
            "services",
            "/services/0/deployments/0/networkConfiguration/awsvpcConfiguration/subnets",
            json!(["subnet-0a11111111111111a"]),
        );
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
