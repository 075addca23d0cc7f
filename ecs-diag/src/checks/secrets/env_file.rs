//! The files of environment variables that the task names.

use std::collections::BTreeMap;

use crate::{
    case::Case,
    checks::{
        definition,
        object::{self, Location},
        task,
    },
    edit::Edit,
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
};

/// Why the checks of environment files have nothing to ask.
pub(super) const NO_FILES: &str = "no container names an environment file";

/// An environment file, with every place that names it.
pub(super) struct EnvFile {
    /// ARN as it stands there.
    pub(super) arn: String,
    pub(super) kind: Option<String>,
    pub(super) places: Vec<Place>,
}

/// A place that names a file.
pub(super) struct Place {
    pub(super) container: String,
    /// JSON pointer in the task definition, or in the task if its overrides name the file.
    pub(super) pointer: String,
    pub(super) overridden: bool,
}

/// Every environment file, once, in the order of the task definition.
pub(super) fn env_files(case: &Case<'_>) -> Result<Vec<EnvFile>, Missing> {
    let definition = case.definition()?;
    let task = case.task()?;
    // A list in the overrides replaces the definition's list.
    let overrides = task.iter().flat_map(|task| &task.overrides.container_overrides);
    let overridden: BTreeMap<_, _> = overrides
        .enumerate()
        .filter(|(_, change)| change.environment_files.is_some())
        .filter_map(|(index, change)| Some((change.name.as_deref()?, index)))
        .collect();
    let mut known = BTreeMap::new();
    let mut files: Vec<EnvFile> = Vec::new();
    for (index, container) in definition.container_definitions.iter().enumerate() {
        let overridden = overridden.get(container.name.as_str());
        let at = match overridden {
            Some(index) => format!("/overrides/containerOverrides/{index}"),
            None => format!("/containerDefinitions/{index}"),
        };
        for (place, file) in container.environment_files.iter().enumerate() {
            let arn = file.value.clone().unwrap_or_default();
            let place = Place {
                container: container.name.clone(),
                pointer: format!("{at}/environmentFiles/{place}/value"),
                overridden: overridden.is_some(),
            };
            let at = *known.entry((arn.clone(), file.kind.clone())).or_insert_with(|| {
                files.push(EnvFile { arn, kind: file.kind.clone(), places: vec![] });
                files.len() - 1
            });
            files[at].places.push(place);
        }
    }
    Ok(files)
}

impl EnvFile {
    /// Bucket and key, or what is wrong with the ARN.
    pub(super) fn location(&self) -> Result<Location<'_>, String> {
        object::location(&self.arn)
    }

    /// A finding about the object: the names that a message has for it.
    pub(super) fn finding(&self, location: &Location<'_>, finding: Finding) -> Finding {
        finding.resource(location.resource(&self.arn)).named(location.key)
    }

    /// "container `app`" or "containers `app`, `worker`".
    pub(super) fn named_by(&self) -> String {
        definition::containers(self.places.iter().map(|place| place.container.as_str()))
    }

    /// The places that name it.
    pub(super) fn evidence(&self, case: &Case<'_>) -> Result<Vec<Evidence>, Missing> {
        let task_definition = case.definition()?;
        let task = case.task()?;
        self.places
            .iter()
            .map(|place| match task.as_deref().filter(|_| place.overridden) {
                Some(task) => Ok(task::evidence(case, task, &*place.pointer, self.arn.clone())),
                None => {
                    definition::evidence(case, &task_definition, &place.pointer, self.arn.clone())
                }
            })
            .collect()
    }

    /// A remedy that changes where it is named, and to what, if that is evident.
    pub(super) fn renamed(
        &self,
        case: &Case<'_>,
        mut remedy: Remedy,
        arn: Option<&str>,
    ) -> Result<Remedy, Missing> {
        let task_definition = case.definition()?;
        if let (Some(task), true) = (case.task()?, self.places.iter().any(|place| place.overridden))
        {
            remedy = remedy.step(
                "the task's overrides name the file: start the task with other overrides, the \
                 task definition does not matter here",
            );
            if let Some(arn) = arn {
                for place in &self.places {
                    remedy = remedy.edit(if place.overridden {
                        task::set(&task, &*place.pointer, arn)
                    } else {
                        definition::set(&task_definition, &place.pointer, arn)
                    });
                }
            }
            return Ok(remedy);
        }
        if let Some(arn) = arn {
            for place in &self.places {
                let edit: Edit = definition::set(&task_definition, &place.pointer, arn);
                remedy = remedy.step(format!("set `{}` to `{arn}`", place.pointer)).edit(edit);
            }
        }
        Ok(definition::deployed(case, &task_definition, remedy))
    }
}
