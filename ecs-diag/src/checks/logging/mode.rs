use super::options::{Given, drivers, option};
use crate::{
    aws::ecs::ListAccountSettings,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
};

check! {
    /// Whether log lines may be missing
    ///
    /// # What it looks at
    /// For a task that started and failed: the option `mode` of its log drivers; where it is not
    /// set, the account setting `defaultLogDriverMode`, which is `non-blocking` since June 25, 2025
    /// unless it was set.
    ///
    /// # Why it matters
    /// In the mode `non-blocking`, lines are lost when the buffer is full and when the task ends
    /// before it is written: an empty log does not prove that the application never ran. In the
    /// mode `blocking` nothing is lost, but the application waits while CloudWatch Logs does not
    /// take its lines, and may look as if it hung.
    ///
    /// # How to fix it
    /// To find out more, set `mode` to `blocking`, or `max-buffer-size` to more.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html>
    Mode {
        id: "log-mode",
        domain: "logging",
        phase: Run,
        causes: [],
        explains: [],
    }
}

const SETTING: &str = "defaultLogDriverMode";

impl Check for Mode {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let failed = cx.symptom()?.is_some_and(|symptom| !symptom.reading.benign);
        if !failed || cx.task()?.is_none_or(|task| task.started_at.is_none()) {
            return cx.not_applicable("no task started and failed, whose log would be read");
        }
        let task_definition = cx.definition()?;
        let mut lossy = Vec::new();
        let mut by_default = Vec::new();
        for logging in drivers(&task_definition) {
            match option(logging.log, "mode") {
                Given::Is("non-blocking") => lossy.push(logging),
                Given::Not => by_default.push(logging),
                Given::Is(_) | Given::Hidden => {}
            }
        }
        let mut setting = None;
        if !by_default.is_empty() {
            let request = ListAccountSettings { name: SETTING, effective_settings: true };
            let query = cx.query(&request);
            let answer = cx.get(&request)?;
            let settings = answer.iter().flat_map(|answer| &answer.settings);
            let value = settings
                .filter(|setting| setting.name.as_deref() == Some(SETTING))
                .find_map(|setting| setting.value.clone());
            let Some(value) = value else {
                return Err(Missing::undecided(query, "the answer does not name the setting"));
            };
            if value == "non-blocking" {
                lossy.extend(by_default);
                setting = Some(Evidence::new(query, "/settings/0/value", value).object(SETTING));
            }
        }
        if lossy.is_empty() {
            return Ok(());
        }
        lossy.sort_by_key(|logging| logging.index);
        let names = lossy.iter().map(|logging| logging.container.name.as_str());
        let mut finding = Finding::info(format!(
            "{} may lose log lines: the log driver's mode is `non-blocking`",
            definition::containers(names)
        ))
        .detail("a log that is empty or ends early does not prove that the application did not run")
        .resource(definition::resource(&task_definition))
        .remedy(Remedy::new(
            "to see every line, set the option `mode` of the log driver to `blocking` for a while",
        ));
        for logging in lossy {
            let pointer =
                format!("/containerDefinitions/{}/logConfiguration/options/mode", logging.index);
            let value = logging.log.option("mode").map(str::to_owned);
            let evidence = definition::evidence(cx, &task_definition, &pointer, value)?;
            finding = finding.evidence(evidence);
        }
        cx.report(match setting {
            Some(evidence) => finding.evidence(evidence),
            None => finding,
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::SETTING;
    use crate::{
        Diagnosis,
        checks::testing::{Examples, World},
    };

    const MODE: &str = "/logConfiguration/options/mode";

    fn exited(world: &mut World) -> &mut World {
        world
            .stopped("Essential container in task exited")
            .task("/stopCode", json!("EssentialContainerExited"))
            .task("/startedAt", json!("2026-11-20T10:00:40Z"))
            .task("/containers/0/exitCode", json!(1))
    }

    fn setting<'w>(world: &'w mut World, value: &str) -> &'w mut World {
        world.recorded(
            "ecs",
            "ListAccountSettings",
            &json!({"name": SETTING, "effectiveSettings": true}),
            &json!({"settings": [{"name": SETTING, "value": value, "type": "user"}]}),
        )
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            setting(exited(world), "non-blocking");
        },
        passes: |world| {
            setting(exited(world), "blocking");
        },
        unknown: |world| {
            exited(world);
        },
        near_miss: |world| {
            setting(exited(world), "non-blocking").container(MODE, json!("blocking"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("log-mode"), @"
        info: container `app` may lose log lines: the log driver's mode is `non-blocking`
          a log that is empty or ends early does not prove that the application did not run
          @ AWS::ECS::TaskDefinition checkout:42
          fix: to see every line, set the option `mode` of the log driver to `blocking` for a while
        ");
    }

    #[test]
    fn the_setting_is_asked_only_where_the_option_is_not_set() {
        let mut world = World::default();
        exited(&mut world).container(MODE, json!("non-blocking"));
        let outcome = world.outcome("log-mode");
        assert_eq!(outcome.findings.len(), 1, "{outcome:?}");
        assert!(!world.asked(&Diagnosis::new()).contains("ecs:ListAccountSettings"));
        world.container(MODE, json!("[redacted]"));
        assert!(world.outcome("log-mode").findings.is_empty());
    }
}
