use crate::{
    check::{Check, Cx, Meta, check},
    checks::{
        definition,
        instances::{self, Faults},
    },
    facts::Missing,
    finding::Remedy,
};

check! {
    /// A container instance has CPU and memory for the task
    ///
    /// # What it looks at
    /// CPU units and memory that the task asks for, by the task's size or else by its containers
    /// together, against what every active instance with a connected agent has left, and in all. GPUs,
    /// ports and network interfaces are the matter of other checks.
    ///
    /// # Why it matters
    /// ECS places the task only where both are left: `RESOURCE:CPU`, `RESOURCE:MEMORY`, `has
    /// insufficient memory available`. During a rolling deployment old and new tasks need room side by
    /// side.
    ///
    /// # How to fix it
    /// Add instances, or larger ones; or ask for less.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html>
    Resources {
        id: "ci-resources",
        domain: "container-instance",
        phase: Place,
        causes: [PlaceCpuOrMemory],
        explains: [],
    }
}

impl Check for Resources {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let judged = match instances::up(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        let Some(failing) = judged.failing(cx, Faults::CPU.and(Faults::MEMORY))? else {
            return Ok(());
        };
        let definition = cx.definition()?;
        let needs = &judged.needs;
        let mut short = Vec::new();
        let mut evidence = Vec::new();
        let mut never = Vec::new();
        for (fault, name, wanted, unit) in [
            (Faults::CPU, "CPU", needs.cpu, "CPU units"),
            (Faults::MEMORY, "MEMORY", needs.memory, "MiB of memory"),
        ] {
            let lacking: Vec<_> =
                failing.instances.iter().filter(|judgement| judgement.faults.has(fault)).collect();
            let Some(most) =
                lacking.iter().max_by_key(|judgement| instances::left(&judgement.instance, name))
            else {
                continue;
            };
            let left = instances::left(&most.instance, name).unwrap_or(0);
            short.push(format!(
                "asks for {wanted} {unit}, and of the {} that have less, `{}` has the most left: \
                 {left}",
                lacking.len(),
                most.instance.ec2_id()
            ));
            evidence.push(most.instance.evidence(
                cx,
                "/remainingResources",
                serde_json::json!({name: left}),
            ));
            let largest = lacking.iter().filter_map(|j| instances::in_all(&j.instance, name)).max();
            if largest.is_some_and(|largest| largest < wanted) {
                never.push(format!("{wanted} {unit}"));
            }
        }
        let summary = format!(
            "{} {} too little left for task definition `{}`, which {}",
            failing.count(),
            failing.verb("has", "have"),
            definition::name(&definition),
            short.join("; it ")
        );
        let (detail, remedy) = if never.is_empty() {
            (
                format!("other tasks have the rest of {}", failing.ids()),
                "add instances, stop tasks that are not needed, or ask for less".to_owned(),
            )
        } else {
            (
                format!(
                    "none of these instances has {} even when it is empty",
                    never.join(" and ")
                ),
                "add instances of a larger type, or ask for less".to_owned(),
            )
        };
        let mut finding = failing.finding(cx, summary, detail)?.remedy(Remedy::new(remedy));
        finding.evidence.extend(evidence);
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{both, one, stopped_on, unplaced},
            testing::{Examples, World},
        },
        finding::Severity,
    };

    const ID: &str = "ci-resources";
    const MESSAGE: &str = "TaskFailedToStart: RESOURCE:MEMORY";
    const MEMORY: &str = "/remainingResources/1/integerValue";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            both(unplaced(world, MESSAGE), MEMORY, &json!(500));
        },
        passes: |world| {
            unplaced(world, "TaskFailedToStart: ATTRIBUTE");
        },
        unknown: |world| {
            both(unplaced(world, MESSAGE), "/remainingResources", &json!([]));
        },
        near_miss: |world| {
            // One has just enough.
            both(unplaced(world, MESSAGE), MEMORY, &json!(500));
            one(world, 1, MEMORY, json!(512));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: both container instances have too little left for task definition `checkout:42`, which asks for 512 MiB of memory, and of the 2 that have less, `i-0b000000000000002` has the most left: 500
          other tasks have the rest of `i-0a000000000000001`, `i-0b000000000000002`
          @ AWS::ECS::Cluster shop
          fix: add instances, stop tasks that are not needed, or ask for less
        ");
    }

    #[test]
    fn what_no_instance_has_even_when_empty_is_said() {
        let mut world = World::default();
        unplaced(&mut world, MESSAGE).definition("/memory", json!("8192"));
        let finding = world.outcome(ID).findings.remove(0);
        assert!(finding.detail.contains("even when it is empty"), "{}", finding.detail);
    }

    #[test]
    fn without_a_size_of_the_task_containers_count() {
        let mut world = World::default();
        unplaced(&mut world, MESSAGE)
            .definition("/memory", Value::Null)
            .definition("/cpu", Value::Null)
            .container("/memory", json!(4000))
            .container("/memoryReservation", json!(3000));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.container("/memoryReservation", Value::Null);
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Blocker);
        // An override counts.
        world.task("/overrides/containerOverrides/0/memory", json!(256));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn a_task_that_was_placed_needs_no_place() {
        let mut world = World::default();
        both(stopped_on(&mut world, MESSAGE), MEMORY, &json!(0));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
