use serde_json::json;

use super::stops::by_name;
use crate::{
    aws::ecs::ContainerDefinition,
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Finding, Remedy, Severity},
};

check! {
    /// No container that is meant to end takes the task with it
    ///
    /// # What it looks at
    /// The essential containers of a stopped task: one that ended with exit code 0 while all the other
    /// essential ones were still running, which shows in their exit codes: none, or those of SIGTERM
    /// and SIGKILL.
    ///
    /// # Why it matters
    /// A task stops with its first essential container, however well that ends. A container that
    /// prepares something and ends must not be essential; every container is unless its definition
    /// says otherwise. In a task that was started to do its work and end, an exit with 0 is a success.
    ///
    /// # How to fix it
    /// Set `essential` to `false` for the container that is meant to end, and let the others wait for
    /// it with `dependsOn`. If it is meant to run on, its log tells why it ended.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>
    Essential {
        id: "ctr-essential",
        domain: "container",
        phase: Run,
        causes: [ExitAppOrSidecarError],
        explains: [],
    }
}

impl Check for Essential {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        let failed = cx.symptom()?.is_some_and(|symptom| !symptom.reading.benign);
        if !this.is_stopped()
            || !failed
            || !this.containers.iter().any(|container| container.exit_code == Some(0))
        {
            return Ok(());
        }
        if this.service_name().is_none() {
            return cx.not_applicable("the task belongs to no service: it may end");
        }
        let task_definition = cx.definition()?;
        let essential: Vec<(usize, &ContainerDefinition)> = task_definition
            .container_definitions
            .iter()
            .enumerate()
            .filter(|(_, container)| container.essential.unwrap_or(true))
            .collect();
        let states = by_name(&this);
        let state = |container: &ContainerDefinition| states.get(container.name.as_str()).copied();
        let code =
            |container: &ContainerDefinition| state(container).and_then(|(_, c)| c.exit_code);
        let ended: Vec<_> = essential.iter().filter(|(_, c)| code(c) == Some(0)).collect();
        // What SIGTERM and SIGKILL leave, and no code of a container that never ran.
        let was_stopped = |code: Option<i64>| matches!(code, None | Some(0 | 130 | 137 | 143));
        let [(place, container)] = ended.as_slice() else { return Ok(()) };
        if !essential.iter().all(|(_, container)| was_stopped(code(container))) {
            return Ok(());
        }
        let name = &container.name;
        let label = definition::name(&task_definition);
        // Alone, it decides the task's life in any case.
        let severity = if essential.len() > 1 { Severity::Likely } else { Severity::Info };
        let mut finding = Finding::of(
            severity,
            format!("container `{name}` of `{label}` ended with exit code 0 and is essential"),
        )
        .resource(definition::resource(&task_definition))
        .resource(task::resource(&this))
        .named(name.as_str())
        .evidence(definition::evidence(
            cx,
            &task_definition,
            &format!("/containerDefinitions/{place}/essential"),
            container.essential,
        )?);
        if let Some((at, _)) = state(container) {
            let pointer = format!("/containers/{at}/exitCode");
            finding = finding.evidence(task::evidence(cx, &this, pointer, json!(0)));
        }
        finding = if essential.len() > 1 {
            let others = definition::containers(
                essential.iter().map(|(_, other)| other.name.as_str()).filter(|o| o != name),
            );
            let remedy = Remedy::new(format!(
                "if `{name}` is meant to end, set its `essential` to `false`; else its log tells \
                 why it ended"
            ))
            .step(format!("container `{name}`: set `essential` to `false`"))
            .step(format!(
                "let {others} wait with `dependsOn` for `SUCCESS` of `{name}`, if it prepares \
                 something"
            ))
            .edit(definition::set(
                &task_definition,
                &format!("/containerDefinitions/{place}/essential"),
                false,
            ));
            finding
                .detail(format!(
                    "the task stopped with it, and {others} with the task; that is the cause if \
                     `{name}` is meant to end"
                ))
                .remedy(definition::deployed(cx, &task_definition, remedy))
        } else {
            finding
                .detail(
                    "it is the only essential container: the task ends with it, and the service \
                     starts another one",
                )
                .remedy(Remedy::new(format!(
                    "keep the command of `{name}` in the foreground; run work that ends as a task \
                     without a service"
                )))
        };
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const ID: &str = "ctr-essential";

    /// `app` was stopped, `migrate` ended with this code.
    fn ended<'w>(world: &'w mut World, migrate: &Value, essential: bool) -> &'w mut World {
        world
            .stopped("Essential container in task exited")
            .task("/stopCode", json!("EssentialContainerExited"))
            .task("/startedAt", json!("2026-11-20T10:00:30Z"))
            .task("/containers/0/exitCode", json!(143))
            .task("/containers/-", json!({"name": "migrate", "exitCode": migrate}))
            .definition(
                "/containerDefinitions/-",
                json!({"name": "migrate", "image": crate::checks::testing::IMAGE,
                    "essential": essential}),
            )
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            ended(world, &json!(0), true);
        },
        passes: |_| {},
        unknown: |world| {
            ended(world, &json!(0), true).deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            // It may end; `app` was ended by something else.
            ended(world, &json!(0), false);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: container `migrate` of `checkout:42` ended with exit code 0 and is essential
          the task stopped with it, and container `app` with the task; that is the cause if `migrate` is meant to end
          @ AWS::ECS::TaskDefinition checkout:42
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix (verified): if `migrate` is meant to end, set its `essential` to `false`; else its log tells why it ended
          - container `migrate`: set `essential` to `false`
          - let container `app` wait with `dependsOn` for `SUCCESS` of `migrate`, if it prepares something
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn a_container_that_may_end_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn another_one_failed_first() {
        let mut world = EXAMPLES.failing();
        world.task("/containers/0/exitCode", json!(1));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn alone_it_is_told() {
        let mut world = EXAMPLES.failing();
        world
            .definition("/containerDefinitions/1", Value::Null)
            .task("/containers/0/exitCode", json!(0));
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings[0].severity, Severity::Info);
        assert_eq!(outcome.status, Status::Passed);
    }

    #[test]
    fn a_task_of_its_own_may_end() {
        let mut world = EXAMPLES.failing();
        world.task("/group", json!("family:checkout")).task("/startedBy", Value::Null);
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
