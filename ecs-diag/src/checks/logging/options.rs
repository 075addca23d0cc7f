//! Options of log drivers.

use crate::aws::{
    REDACTED,
    ecs::{ContainerDefinition, LogConfiguration, TaskDefinition},
};

/// What is known of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given<'d> {
    /// Its value.
    Is(&'d str),
    /// It is given, but its value is not known: it comes from a secret, or the answer was redacted.
    Hidden,
    /// It is not given, or empty.
    Not,
}

/// What is known of an option of a log driver.
pub(super) fn option<'d>(log: &'d LogConfiguration, name: &str) -> Given<'d> {
    match log.option(name) {
        Some(REDACTED) => Given::Hidden,
        Some(value) if !value.is_empty() => Given::Is(value),
        _ if log.secret_options.iter().any(|one| one.name.as_deref() == Some(name)) => {
            Given::Hidden
        }
        _ => Given::Not,
    }
}

/// Whether an option has one of the spellings that Docker takes for true.
pub(super) fn is_true(value: &str) -> bool {
    ["1", "t", "T", "true", "TRUE", "True"].contains(&value)
}

/// A container with its log driver.
#[derive(Clone, Copy)]
pub(super) struct Logging<'d> {
    /// Place among the task definition's containers.
    pub(super) index: usize,
    pub(super) container: &'d ContainerDefinition,
    pub(super) log: &'d LogConfiguration,
    pub(super) driver: &'d str,
}

/// The containers that name a log driver.
pub(super) fn drivers(definition: &TaskDefinition) -> impl Iterator<Item = Logging<'_>> {
    definition.container_definitions.iter().enumerate().filter_map(|(index, container)| {
        let log = container.log_configuration.as_ref()?;
        let driver = log.log_driver.as_deref()?;
        Some(Logging { index, container, log, driver })
    })
}
