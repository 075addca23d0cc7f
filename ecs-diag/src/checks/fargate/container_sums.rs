use std::collections::HashSet;

use super::{is_windows, operating_system, size};
use crate::{
    LaunchType, Phase,
    aws::ecs::{ContainerDefinition, Task, TaskDefinition},
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// The containers fit into the task's size
    ///
    /// # What it looks at
    /// On Fargate, overrides included: whether the CPU units and the memory that the containers reserve
    /// together (`memoryReservation`, else `memory`) are within those of the task, whether no container
    /// may have more memory than the task, and whether `memory` of a container is not below its
    /// `memoryReservation`.
    ///
    /// # Why it matters
    /// ECS refuses a task whose containers are promised more than the task has, when the task
    /// definition is registered or, by overrides, when the task is started.
    ///
    /// # How to fix it
    /// Choose a larger size for the task, or reserve less for the containers.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html>
    ContainerSums {
        id: "fg-container-sums",
        domain: "fargate",
        phase: Place,
        causes: [DeployConfiguration],
        explains: [],
    }
}

/// The size of a task, and what its containers reserve of it.
struct Sums {
    cpu: Option<u32>,
    memory: Option<u32>,
    reserved_cpu: u32,
    reserved_memory: u32,
    /// The most that one container may have.
    largest: u32,
}

impl Sums {
    fn of(definition: &TaskDefinition) -> Self {
        let containers = &definition.container_definitions;
        let number = |value: Option<i64>| {
            value.and_then(|value| u32::try_from(value.max(0)).ok()).unwrap_or(0)
        };
        let sum = |value: fn(&ContainerDefinition) -> Option<i64>| {
            containers.iter().fold(0_u32, |sum, one| sum.saturating_add(number(value(one))))
        };
        Self {
            cpu: definition.cpu.as_ref().and_then(|cpu| size::units(&cpu.0)),
            memory: definition.memory.as_ref().and_then(|memory| size::mebibytes(&memory.0)),
            reserved_cpu: sum(|one| one.cpu),
            reserved_memory: sum(|one| one.memory_reservation.or(one.memory)),
            largest: containers.iter().map(|one| number(one.memory)).max().unwrap_or(0),
        }
    }

    fn needed_memory(&self) -> u32 {
        self.reserved_memory.max(self.largest)
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if let Some(cpu) = self.cpu.filter(|cpu| self.reserved_cpu > *cpu) {
            faults.push(format!("reserve {} of its {cpu} CPU units", self.reserved_cpu));
        }
        if let Some(memory) = self.memory {
            if self.reserved_memory > memory {
                faults.push(format!("reserve {} of its {memory} MiB", self.reserved_memory));
            } else if self.largest > memory {
                faults.push(format!("may use {} MiB, one of them, of its {memory}", self.largest));
            }
        }
        faults
    }
}

impl Check for ContainerSums {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if cx.launch_type()? != LaunchType::Fargate {
            return cx.not_applicable("the task does not run on Fargate");
        }
        let definition = cx.definition()?;
        let task = cx.task()?;
        // What runs was accepted.
        if cx.proven(Phase::Start)? {
            return Ok(());
        }
        let name = definition::name(&definition);
        let sums = Sums::of(&definition);
        let faults = sums.faults();
        if !faults.is_empty() {
            let mut finding = Finding::blocker(format!(
                "the containers of task definition `{name}` {}",
                faults.join(" and ")
            ))
            .detail(
                "ECS refuses a task whose containers are promised more than the task has, in the \
                 task definition or by overrides",
            )
            .resource(definition::resource(&definition));
            for (member, text) in [("cpu", &definition.cpu), ("memory", &definition.memory)] {
                let text = text.as_ref().map(|text| text.0.clone());
                finding = finding.evidence(definition::evidence(
                    cx,
                    &definition,
                    &format!("/{member}"),
                    text,
                )?);
            }
            if let Some(remedy) = larger(cx, &definition, task.as_deref(), &sums) {
                finding = finding.remedy(remedy);
            }
            cx.report(finding);
        }
        let overrides = task.iter().flat_map(|task| &task.overrides.container_overrides);
        let overridden: HashSet<_> = overrides
            .filter(|given| given.memory.is_some() || given.memory_reservation.is_some())
            .filter_map(|given| given.name.as_deref())
            .collect();
        let containers = definition.container_definitions.iter().enumerate();
        let below: Vec<_> = containers
            .filter_map(|(at, one)| {
                let (memory, reserved) = one.memory.zip(one.memory_reservation)?;
                (memory < reserved).then_some((at, one, memory, reserved))
            })
            .collect();
        let Some((first, ..)) = below.first() else { return Ok(()) };
        let list: Vec<_> = below
            .iter()
            .map(|(_, one, memory, reserved)| {
                format!("`{}` reserves {reserved} MiB and may use {memory}", one.name)
            })
            .collect();
        let mut remedy = Remedy::new("set `memoryReservation` to `memory` or less");
        for (at, one, memory, _) in &below {
            if overridden.contains(one.name.as_str()) {
                remedy = remedy.step(format!(
                    "start the task with other overrides of memory for container `{}`: they outrank \
                     the task definition",
                    one.name
                ));
            } else {
                let pointer = format!("/containerDefinitions/{at}/memoryReservation");
                remedy = remedy.edit(definition::set(&definition, &pointer, *memory));
            }
        }
        let pointer = format!("/containerDefinitions/{first}/memoryReservation");
        cx.report(
            Finding::blocker(format!(
                "containers of task definition `{name}` may use less memory than they reserve: {}",
                list.join(", ")
            ))
            .detail("ECS refuses a container whose `memory` is below its `memoryReservation`")
            .resource(definition::resource(&definition))
            .evidence(definition::evidence(cx, &definition, &pointer, below[0].3)?)
            .remedy(definition::deployed(cx, &definition, remedy)),
        );
        Ok(())
    }
}

/// The next size into which the containers fit.
fn larger(
    cx: &Cx<'_>,
    definition: &TaskDefinition,
    task: Option<&Task>,
    sums: &Sums,
) -> Option<Remedy> {
    let windows = is_windows(operating_system(definition));
    let (cpu, memory) = size::at_least(
        sums.cpu?.max(sums.reserved_cpu),
        sums.memory?.max(sums.needed_memory()),
        windows,
    )?;
    let mut remedy = Remedy::new(format!(
        "give the task {cpu} CPU units and {memory} MiB, or reserve less for its containers"
    ));
    let mut revised = false;
    for (member, now, right) in [("cpu", sums.cpu, cpu), ("memory", sums.memory, memory)] {
        if now == Some(right) {
            continue;
        }
        let right = right.to_string();
        let given = task.filter(|task| {
            let overrides = &task.overrides;
            if member == "cpu" { overrides.cpu.is_some() } else { overrides.memory.is_some() }
        });
        remedy = if let Some(task) = given {
            remedy
                .step(format!("start the task with `{right}` as override of `{member}`"))
                .edit(task::set(task, format!("/overrides/{member}"), right))
        } else {
            revised = true;
            remedy.edit(definition::set(definition, &format!("/{member}"), right))
        };
    }
    Some(if revised { definition::deployed(cx, definition, remedy) } else { remedy })
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "fg-container-sums";
    const MESSAGE: &str =
        "ClientException: Total memory of containers exceeds the memory of the task.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world
                .stopped(MESSAGE)
                .container("/cpu", json!(200))
                .container("/memoryReservation", json!(300))
                .definition(
                    "/containerDefinitions/-",
                    json!({"name": "proxy", "image": "envoyproxy/envoy", "cpu": 100, "memory": 300}),
                );
        },
        passes: |world| {
            world
                .container("/cpu", json!(256))
                .container("/memoryReservation", json!(256))
                .container("/memory", json!(512));
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: the containers of task definition `checkout:42` reserve 300 of its 256 CPU units and reserve 600 of its 512 MiB
          ECS refuses a task whose containers are promised more than the task has, in the task definition or by overrides
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): give the task 512 CPU units and 1024 MiB, or reserve less for its containers
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn the_fixes_are_proved() {
        assert!(EXAMPLES.failing().verified(ID));
        // By override, which a new revision does not change.
        let mut world = World::default();
        world
            .task("/overrides/memory", json!("512"))
            .task("/overrides/containerOverrides/0/memory", json!(700));
        assert!(world.verified(ID));
        let mut world = World::default();
        world.container("/memory", json!(128)).container("/memoryReservation", json!(256));
        assert!(world.verified(ID));
    }

    #[test]
    fn limits_may_be_higher_than_what_is_reserved() {
        let mut world = World::default();
        world
            .container("/memory", json!(512))
            .container("/memoryReservation", json!(100))
            .definition(
                "/containerDefinitions/-",
                json!({"name": "b", "image": "nginx", "memory": 512, "memoryReservation": 100}),
            );
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.container("/memory", json!(513));
        assert_eq!(world.outcome(ID).status, Status::Failed);
    }

    #[test]
    fn absurd_sizes_do_no_harm() {
        let mut world = World::default();
        world.container("/cpu", json!(i64::MAX)).container("/memory", json!(-5));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
