//! Containers with the log driver `awslogs`.

use std::collections::BTreeMap;

use crate::aws::{
    REDACTED,
    ecs::{ContainerDefinition, LogConfiguration, TaskDefinition},
};

/// A container that logs to CloudWatch Logs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Awslogs<'d> {
    /// Place among the task definition's containers.
    pub(super) index: usize,
    pub(super) container: &'d ContainerDefinition,
    log: &'d LogConfiguration,
}

impl<'d> Awslogs<'d> {
    /// The value of an option; `None` where it is absent, empty or not known.
    pub(super) fn option(&self, name: &str) -> Option<&'d str> {
        self.log.option(name).filter(|value| !value.is_empty() && *value != REDACTED)
    }

    /// All options, by name.
    pub(super) fn options(&self) -> BTreeMap<&'d str, &'d str> {
        self.log.options.iter().map(|(name, value)| (name.as_str(), value.0.as_str())).collect()
    }

    /// Whether an option is given, but its value is not known: it comes from a secret, or the
    /// answer was redacted.
    pub(super) fn is_secret(&self, name: &str) -> bool {
        self.log.option(name) == Some(REDACTED)
            || self.log.secret_options.iter().any(|option| option.name.as_deref() == Some(name))
    }

    /// Whether the driver creates the log group if it does not exist.
    pub(super) fn creates_group(&self) -> bool {
        // The spellings that the driver takes for true.
        self.option("awslogs-create-group")
            .is_some_and(|value| ["1", "t", "T", "true", "TRUE", "True"].contains(&value))
    }

    /// JSON pointer to an option in the task definition.
    pub(super) fn pointer(&self, option: &str) -> String {
        format!("/containerDefinitions/{}/logConfiguration/options/{option}", self.index)
    }
}

/// The containers of a task definition that log to CloudWatch Logs.
pub(super) fn awslogs(definition: &TaskDefinition) -> Vec<Awslogs<'_>> {
    definition
        .container_definitions
        .iter()
        .enumerate()
        .filter_map(|(index, container)| {
            let log = container.log_configuration.as_ref()?;
            (log.log_driver.as_deref() == Some("awslogs")).then_some(Awslogs {
                index,
                container,
                log,
            })
        })
        .collect()
}

/// Whether `text` has the form of a Region code: words and a number, joined by hyphens.
pub(super) fn is_region(text: &str) -> bool {
    let words: Vec<_> = text.split('-').collect();
    let [first, middle @ .., number] = words.as_slice() else { return false };
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    !middle.is_empty()
        && word(first)
        && middle.iter().all(|text| word(text))
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_region;

    #[test]
    fn regions_have_a_form() {
        for region in
            ["eu-west-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1", "ap-southeast-7"]
        {
            assert!(is_region(region), "{region}");
        }
        for other in [
            "",
            "eu-west-1a",
            "Ireland",
            "eu-west",
            "EU-WEST-1",
            "https://logs.eu-west-1.amazonaws.com",
            "eu-1",
            "eu--1",
            "$AWS_REGION",
        ] {
            assert!(!is_region(other), "{other}");
        }
    }
}
