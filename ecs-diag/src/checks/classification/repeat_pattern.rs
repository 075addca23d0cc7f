use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::json;

use crate::{
    aws::ecs::ListTasks,
    check::{Check, Cx, Meta, check},
    checks::task::{self, Failure},
    facts::Missing,
    finding::{Evidence, Finding, Resource},
};

check! {
    /// What the service's failures have in common
    ///
    /// # What it looks at
    /// The failed tasks of the service that ECS still tells of, grouped by what they say, by subnet
    /// and by container instance.
    ///
    /// # Why it matters
    /// The same failure in every subnet and on every instance speaks of the configuration that all
    /// tasks share. Failures in one subnet only speak of its route table, network ACL or endpoint;
    /// on one instance only, of that host. Different failures speak of more than one fault, or of
    /// one that comes and goes, such as throttling.
    ///
    /// # How to fix it
    /// Look at what the failures share: the task definition, the odd subnet, the odd instance.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-errors.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html>
    RepeatPattern {
        id: "cls-repeat-pattern",
        domain: "classification",
        phase: Place,
        causes: [],
        explains: [],
    }
}

impl Check for RepeatPattern {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else {
            return cx.not_applicable("the task belongs to no service");
        };
        let name = &service.service_name;
        let failures = task::failures(cx, name)?;
        // One failure is no pattern.
        if failures.len() < 2 {
            return Ok(());
        }
        let subnets = cx.network()?.subnets.len();
        let key = format!("{} {subnets}", service.service_arn);
        let derived = cx.derived(&key, || Ok(pattern(&task::failures(cx, name)?, subnets)))?;
        let (pattern, detail) = &*derived;
        let list = ListTasks {
            cluster: cx.target().cluster(),
            service_name: Some(name.clone()),
            desired_status: "STOPPED",
        };
        let arns: Vec<_> = failures.iter().take(SHOWN).map(|failure| &failure.arn).collect();
        cx.report(
            Finding::info(format!(
                "{} tasks of service `{name}` failed: {pattern}",
                failures.len()
            ))
            .detail(detail.clone())
            .resource(
                Resource::new("AWS::ECS::Service", name.clone()).arn(service.service_arn.clone()),
            )
            .evidence(Evidence::new(cx.query(&list), "/taskArns", json!(arns))),
        );
        Ok(())
    }
}

/// How many different failures are named.
const NAMED: usize = 4;
/// How many failed tasks are shown as evidence.
const SHOWN: usize = 20;

fn pattern(failures: &[Failure], subnets_of_service: usize) -> (String, String) {
    let mut says: BTreeMap<&str, usize> = BTreeMap::new();
    for failure in failures {
        *says.entry(&failure.says).or_default() += 1;
    }
    let what = if says.len() == 1 {
        format!("all say `{}`", failures[0].says)
    } else {
        let mut named: Vec<_> = says.iter().collect();
        named.sort_by_key(|(says, count)| (Reverse(**count), **says));
        let more = if named.len() > NAMED { ", …" } else { "" };
        let named: Vec<_> =
            named.iter().take(NAMED).map(|(says, count)| format!("{count} × `{says}`")).collect();
        format!("{}{more}", named.join(", "))
    };
    let subnets: BTreeSet<_> =
        failures.iter().filter_map(|failure| failure.subnet.as_deref()).collect();
    let instances: BTreeSet<_> =
        failures.iter().filter_map(|failure| failure.instance.as_deref()).collect();
    let one =
        |set: &BTreeSet<&str>| set.first().map_or(String::new(), |id| task::id(id).to_owned());
    let all_have_subnets = failures.iter().all(|failure| failure.subnet.is_some());
    let (place, why) = if subnets.len() == 1 && all_have_subnets && subnets_of_service > 1 {
        (
            format!("only in subnet `{}` of {subnets_of_service}", one(&subnets)),
            "if other subnets got tasks too, the fault is in this one: its route table, network ACL \
             or endpoints",
        )
    } else if subnets.len() > 1 {
        (
            format!("in {} subnets", subnets.len()),
            "a fault in several subnets is in what the tasks share: task definition, roles, security \
             groups",
        )
    } else if instances.len() == 1 && failures.iter().all(|failure| failure.instance.is_some()) {
        (
            format!("only on container instance `{}`", one(&instances)),
            "if other instances got tasks too, the fault is in this host: agent, disk, network",
        )
    } else if instances.len() > 1 {
        (
            format!("on {} container instances", instances.len()),
            "a fault on several instances is in what the tasks share: task definition, roles, image",
        )
    } else {
        (String::new(), "nothing sets them apart by place: the tasks share the fault")
    };
    let detail = if says.len() == 1 {
        why.to_owned()
    } else {
        format!("different failures speak of several faults, or of one that comes and goes; {why}")
    };
    (if place.is_empty() { what } else { format!("{what}, {place}") }, detail)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::{Examples, World};

    /// Another stopped task like the first.
    fn another(world: &mut World, id: &str, subnet: &str) {
        let mut other = world.outputs["tasks"]["tasks"][0].clone();
        other["taskArn"] = json!(format!("arn:aws:ecs:eu-west-1:111122223333:task/shop/{id:0>32}"));
        other["attachments"][0]["details"][0]["value"] = json!(subnet);
        world.set("tasks", "/tasks/-", other);
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| another(world, "1", "subnet-0a11111111111111a"),
        passes: |_| {},
        unknown: |world| {
            world.deny("ecs:ListTasks");
        },
        near_miss: |world| {
            another(world, "1", "subnet-0a11111111111111a");
            world.set("tasks", "/tasks/1/stopCode", json!("UserInitiated"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("cls-repeat-pattern"), @r"
        info: 2 tasks of service `checkout` failed: all say `STOP-GENERIC`, only in subnet `subnet-0a11111111111111a` of 2
          if other subnets got tasks too, the fault is in this one: its route table, network ACL or endpoints
          @ AWS::ECS::Service checkout
        ");
    }

    fn summary(world: &World) -> String {
        world.outcome("cls-repeat-pattern").findings[0].summary.clone()
    }

    #[test]
    fn the_same_failure_everywhere_is_the_tasks_own() {
        let mut world = World::default();
        another(&mut world, "1", "subnet-0b22222222222222b");
        assert!(
            summary(&world).ends_with("all say `STOP-GENERIC`, in 2 subnets"),
            "{}",
            summary(&world)
        );
    }

    #[test]
    fn different_failures_are_named() {
        let mut world = World::default();
        another(&mut world, "1", "subnet-0b22222222222222b");
        world.set(
            "tasks",
            "/tasks/1/stoppedReason",
            json!("CannotPullContainerError: manifest unknown"),
        );
        assert!(
            summary(&world).contains("failed: 1 × `CPC-NOTFOUND`, 1 × `STOP-GENERIC`"),
            "{}",
            summary(&world)
        );
    }
}
