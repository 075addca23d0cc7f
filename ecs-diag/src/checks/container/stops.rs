//! What a failed task and its containers say.

use std::collections::HashMap;

use crate::{
    aws::ecs::{Container, ContainerDefinition, Task, TaskDefinition},
    case::Case,
    checks::task,
    facts::Missing,
    finding::{Evidence, Resource},
    signature::{self, Reading},
};

/// A text of a failed task, read.
pub(super) struct Said<'t> {
    /// The container that says it, and its place; `None` where the task itself does.
    pub(super) container: Option<(usize, &'t Container)>,
    pub(super) text: &'t str,
    pub(super) reading: Reading,
}

impl Said<'_> {
    /// The container that the text is about: the one that says it, else the one that it names.
    pub(super) fn container_name(&self) -> Option<&str> {
        match self.container {
            Some((_, container)) => container.name.as_deref(),
            None => self.reading.parameters.get("container").map(String::as_str),
        }
    }

    /// Where the text stands.
    pub(super) fn evidence(&self, case: &Case<'_>, task: &Task) -> Evidence {
        let pointer = match self.container {
            Some((at, _)) => format!("/containers/{at}/reason"),
            None => "/stoppedReason".to_owned(),
        };
        task::evidence(case, task, pointer, self.text)
    }
}

/// The texts of the task that have one of these signatures: those of its containers, else its own.
/// None where the stop was wanted or expected: whoever stops a task can write any text, and what
/// its containers say then is a consequence.
pub(super) fn said<'t>(
    case: &Case<'_>,
    task: &'t Task,
    signatures: &[&str],
) -> Result<Vec<Said<'t>>, Missing> {
    if !task.is_stopped() || case.symptom()?.is_none_or(|symptom| symptom.reading.benign) {
        return Ok(vec![]);
    }
    let read = |container: Option<(usize, &'t Container)>, text: &'t Option<String>| {
        let text = text.as_deref()?;
        let reading = signature::read(text);
        let wanted = reading.signature.is_some_and(|id| signatures.contains(&id));
        wanted.then_some(Said { container, text, reading })
    };
    let mut said: Vec<_> = task
        .containers
        .iter()
        .enumerate()
        .filter_map(|(at, container)| read(Some((at, container)), &container.reason))
        .collect();
    if said.is_empty() {
        said.extend(read(None, &task.stopped_reason));
    }
    Ok(said)
}

/// The containers of a task definition by name, with their places.
pub(super) struct Definitions<'d> {
    by_name: HashMap<&'d str, (usize, &'d ContainerDefinition)>,
    only: Option<(usize, &'d ContainerDefinition)>,
}

impl<'d> Definitions<'d> {
    pub(super) fn of(definition: &'d TaskDefinition) -> Self {
        let all = || definition.container_definitions.iter().enumerate();
        Self {
            by_name: all()
                .map(|(at, container)| (container.name.as_str(), (at, container)))
                .collect(),
            only: all().next().filter(|_| definition.container_definitions.len() == 1),
        }
    }

    /// The container of that name; without a name, the only one.
    pub(super) fn find(&self, name: Option<&str>) -> Option<(usize, &'d ContainerDefinition)> {
        name.map_or(self.only, |name| self.by_name.get(name).copied())
    }
}

/// The containers of a task by name, with their places.
pub(super) fn by_name(task: &Task) -> HashMap<&str, (usize, &Container)> {
    let containers = task.containers.iter().enumerate();
    containers.filter_map(|(at, c)| Some((c.name.as_deref()?, (at, c)))).collect()
}

/// The instance under the task, else the task.
pub(super) fn host(task: &Task) -> Resource {
    match &task.container_instance_arn {
        Some(arn) => Resource::new("AWS::ECS::ContainerInstance", task::id(arn)).arn(arn.clone()),
        None => task::resource(task),
    }
}
