use std::collections::BTreeSet;

use super::stops::{Definitions, said};
use crate::{
    aws::ecs::{ContainerDefinition, TaskDefinition},
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// No container was killed for lack of memory
    ///
    /// # What it looks at
    /// The reasons of the task's containers. `OutOfMemoryError` says that memory was the reason,
    /// whatever the exit code: where a child process was killed, the main one can still end with 0.
    /// Exit code 137 alone says nothing of memory: it is SIGKILL, which ECS also sends after
    /// `stopTimeout` and after failed health checks. Which limit was reached is read from the task
    /// definition: the container's `memory`, else the task's.
    ///
    /// # Why it matters
    /// The kernel kills a process that would exceed the limit of its container or of its task. If
    /// the container is essential, the task stops with it.
    ///
    /// # How to fix it
    /// Raise the limit that was reached, or find out what uses the memory: a leak exceeds every
    /// limit. A runtime that sizes its heap by itself must know the limit, not the host's memory.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/out-of-memory.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>
    Oom {
        id: "ctr-oom",
        domain: "container",
        phase: Run,
        causes: [Oom],
        explains: [],
    }
}

impl Check for Oom {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        let killed = said(cx, &this, &["OOM"])?;
        if killed.is_empty() {
            return Ok(());
        }
        let task_definition = cx.definition()?;
        let label = definition::name(&task_definition);
        let (mut names, mut limits, mut steps) = (Vec::new(), Vec::new(), Vec::new());
        let definitions = Definitions::of(&task_definition);
        let overridden: BTreeSet<&str> = this
            .overrides
            .container_overrides
            .iter()
            .filter(|change| change.memory.is_some())
            .filter_map(|change| change.name.as_deref())
            .collect();
        for said in &killed {
            let found = definitions.find(said.container_name());
            let name = found.map_or(said.container_name(), |(_, found)| Some(&found.name));
            let Some(name) = name else { continue };
            names.push(name);
            let limit = Limit::of(found.map(|(_, found)| found), &task_definition);
            limits.push(format!("`{name}` may use {}", limit.words()));
            steps.push(match limit {
                Limit::Container(_) if overridden.contains(name) => format!(
                    "container `{name}`: start the task with a larger override of `memory`: it \
                     outranks the task definition"
                ),
                Limit::Container(_) => {
                    format!("container `{name}`: raise `memory`, and the task's if they share it")
                }
                Limit::Task(_) if this.overrides.memory.is_some() => {
                    "start the task with a larger override of `memory`: it outranks the task \
                     definition"
                        .to_owned()
                }
                Limit::Task(_) => "raise the `memory` of the task".to_owned(),
                Limit::Host => format!(
                    "container `{name}`: set `memory`, or place the task where more is left"
                ),
            });
        }
        let who = if names.is_empty() {
            "a container".to_owned()
        } else {
            definition::containers(names.iter().copied())
        };
        let mut detail =
            "the kernel killed a process that would have exceeded the limit".to_owned();
        if !limits.is_empty() {
            detail += &format!(": {}", limits.join(", "));
        }
        let ended_well = |said: &super::stops::Said<'_>| {
            said.container.is_some_and(|(_, container)| container.exit_code == Some(0))
        };
        if killed.iter().any(ended_well) {
            detail += "; the exit code is 0 because it was a child process that was killed";
        }
        detail += ". It is the limit that is wrong, unless the process leaks";
        let mut finding = Finding::likely(format!("{who} of `{label}` ran out of memory"))
            .detail(detail)
            .resource(definition::resource(&task_definition))
            .resource(task::resource(&this));
        for said in &killed {
            finding = finding.evidence(said.evidence(cx, &this));
        }
        for name in &names {
            finding = finding.named(*name);
        }
        steps.dedup();
        let mut remedy =
            Remedy::new("raise the memory limit that was reached, or find what uses the memory");
        for step in steps {
            remedy = remedy.step(step);
        }
        cx.report(finding.remedy(definition::deployed(cx, &task_definition, remedy)));
        Ok(())
    }
}

/// The limit that holds for a container.
enum Limit {
    Container(i64),
    Task(String),
    Host,
}

impl Limit {
    fn of(container: Option<&ContainerDefinition>, definition: &TaskDefinition) -> Self {
        match (container.and_then(|container| container.memory), &definition.memory) {
            (Some(memory), _) => Self::Container(memory),
            (None, Some(memory)) => Self::Task(memory.0.clone()),
            (None, None) => Self::Host,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Container(memory) => format!("{memory} MiB, its own limit"),
            Self::Task(memory) => format!("{memory} MiB, the limit of the whole task"),
            Self::Host => "what its host has: it has no limit of its own".to_owned(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        report::Confidence,
    };

    const ID: &str = "ctr-oom";
    const REASON: &str = "OutOfMemoryError: Container killed due to memory usage";

    fn exited(world: &mut World) -> &mut World {
        world
            .stopped("Essential container in task exited")
            .task("/stopCode", json!("EssentialContainerExited"))
            .task("/startedAt", json!("2026-11-20T10:00:30Z"))
            .task("/containers/0/exitCode", json!(137))
    }

    fn killed(world: &mut World) -> &mut World {
        exited(world).task("/containers/0/reason", json!(REASON))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            killed(world).container("/memory", json!(256));
        },
        passes: |world| {
            // Nothing says that memory was the reason.
            exited(world);
        },
        unknown: |world| {
            killed(world).deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            // Somebody stopped the task.
            killed(world).task("/stopCode", json!("UserInitiated"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: container `app` of `checkout:42` ran out of memory
          the kernel killed a process that would have exceeded the limit: `app` may use 256 MiB, its own limit. It is the limit that is wrong, unless the process leaks
          @ AWS::ECS::TaskDefinition checkout:42
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: raise the memory limit that was reached, or find what uses the memory
          - container `app`: raise `memory`, and the task's if they share it
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn a_child_that_was_killed_leaves_exit_code_0() {
        let mut world = EXAMPLES.failing();
        world.task("/containers/0/exitCode", json!(0));
        let outcome = world.outcome(ID);
        assert_eq!(outcome.status, Status::Failed);
        assert!(outcome.findings[0].detail.contains("exit code is 0"), "{outcome:?}");
    }

    #[test]
    fn the_limit_is_the_containers_the_tasks_or_none() {
        let detail = |world: &World| world.outcome(ID).findings[0].detail.clone();
        let mut world = World::default();
        killed(&mut world);
        assert!(detail(&world).contains("512 MiB, the limit of the whole task"));
        world.definition("/memory", json!(null)).container("/memory", json!(300));
        assert!(detail(&world).contains("300 MiB, its own limit"));
        world.container("/memory", json!(null));
        assert!(detail(&world).contains("no limit of its own"));
    }

    #[test]
    fn an_override_is_changed_there() {
        let mut world = EXAMPLES.failing();
        let change = json!([{"name": "app", "memory": 128}]);
        world.task("/overrides", json!({"containerOverrides": change}));
        let outcome = world.outcome(ID);
        let remedy = outcome.findings[0].remedy.as_ref().unwrap();
        assert!(remedy.steps[0].contains("override"), "{remedy:?}");
        assert!(outcome.findings[0].detail.contains("128 MiB"), "{outcome:?}");
    }

    #[test]
    fn it_is_the_likely_cause() {
        let report = EXAMPLES.failing().report();
        let cause = &report.root_causes[0];
        assert_eq!(report.findings[cause.finding].check, ID);
        assert_eq!(cause.confidence, Confidence::Likely);
    }
}
