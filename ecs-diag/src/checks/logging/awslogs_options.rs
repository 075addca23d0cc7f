use super::awslogs::{Awslogs, awslogs, is_region};
use crate::{
    Phase,
    aws::{
        logs::DescribeLogGroups,
        regions::{self, AS_OF, PARTITIONS},
    },
    case::LaunchType,
    check::{Check, Cx, Meta, check},
    checks::definition,
    edit::Edit,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Severity},
};

check! {
    /// The options of the log driver `awslogs` are complete and fit together
    ///
    /// # What it looks at
    /// For every container with the log driver `awslogs`: `awslogs-group` and `awslogs-region` are
    /// there, on Fargate also `awslogs-stream-prefix`; the Region is a Region code, and not one that
    /// AWS did not have, a letter off one that it has; and `awslogs-datetime-format` and
    /// `awslogs-multiline-pattern` are not both set. On EC2 instances
    /// the driver falls back to the instance's Region, so that its absence is only a warning there.
    ///
    /// # Why it matters
    /// The driver is set up before the container starts: `awslogs-region is required`, or
    /// `MissingEndpoint` where a URL stands in place of a Region, stops the task.
    ///
    /// # How to fix it
    /// Register a task definition revision with the options that are missing or wrong.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html>
    AwslogsOptions {
        id: "log-awslogs-options",
        domain: "logging",
        phase: LogDriver,
        causes: [LogDriverMisconfigured, LogRegionWrong],
        explains: [],
    }
}

/// What is wrong with the options of a container.
struct Fault {
    severity: Severity,
    what: String,
    /// The option to set, and the value that is evidently right.
    fix: Option<(&'static str, String)>,
    /// The change in words, where no value is evident.
    advice: &'static str,
}

impl Check for AwslogsOptions {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let containers = awslogs(&task_definition);
        if containers.is_empty() {
            return cx.not_applicable("no container has the log driver `awslogs`");
        }
        let launch_type = cx.launch_type()?;
        let region = cx.region();
        let suffix = regions::partition(cx.partition()).map_or("", |known| known.dns_suffix);
        let reached = cx.proven(Phase::LogDriver)?;
        let family = task_definition.family.as_deref().unwrap_or("ecs");
        let faults: Vec<(&Awslogs<'_>, Fault)> = containers
            .iter()
            .flat_map(|container| {
                faults(container, launch_type, region, family)
                    .into_iter()
                    // A Region that was written to exists.
                    .filter(|fault| !(reached && fault.severity == Severity::Likely))
                    .map(move |fault| (container, fault))
            })
            .collect();
        let Some(severity) = faults.iter().map(|(_, fault)| fault.severity).max() else {
            return Ok(());
        };
        let query = cx.query(&cx.definition_request()?);
        let label = definition::name(&task_definition);
        let what: Vec<_> = faults
            .iter()
            .map(|(container, fault)| {
                format!("container `{}`: {}", container.container.name, fault.what)
            })
            .collect();
        let effect = if severity == Severity::Blocker {
            "the log driver cannot be set up, so that the containers do not start"
        } else if severity == Severity::Likely {
            "the log driver does not reach CloudWatch Logs, which reads like a network fault, unless \
             AWS opened that Region since"
        } else {
            "the log driver takes the instance's Region instead; ECS documents the option as required"
        };
        let mut finding = Finding::of(
            severity,
            format!("the `awslogs` options of `{label}` are wrong: {}", what.join("; ")),
        )
        .detail(effect)
        .resource(definition::resource(&task_definition));
        let mut remedy =
            Remedy::new("correct the options of the log driver in the task definition");
        let evident = faults.iter().all(|(_, fault)| fault.fix.is_some());
        for (container, fault) in &faults {
            let options = container.pointer("");
            finding = finding.evidence(Evidence::new(
                query.clone(),
                format!("/taskDefinition{}", options.trim_end_matches('/')),
                serde_json::to_value(container.options()).unwrap_or_default(),
            ));
            if fault.severity == Severity::Likely
                && let Some(region) = container.option("awslogs-region")
            {
                finding = finding.named(region).named(format!("logs.{region}.{suffix}"));
            }
            let name = &container.container.name;
            let Some((option, value)) = &fault.fix else {
                remedy = remedy.step(format!("container `{name}`: {}", fault.advice));
                continue;
            };
            remedy = remedy.step(format!("container `{name}`: set `{option}` to `{value}`"));
            if evident {
                let value = value.as_str().into();
                let object = definition::object(&task_definition);
                remedy = remedy.edit(Edit::Set(object, container.pointer(option), value));
            }
            // With the Region right, the log group is looked up there.
            if let (&"awslogs-region", Some(group)) = (option, container.option("awslogs-group")) {
                let ahead = DescribeLogGroups { log_group_name_prefix: group.to_owned() };
                if let Err(missing) = cx.get(&ahead)
                    && missing.is_pending()
                {
                    return Err(missing);
                }
            }
        }
        cx.report(finding.remedy(definition::deployed(cx, &task_definition, remedy)));
        Ok(())
    }
}

fn faults(
    container: &Awslogs<'_>,
    launch_type: LaunchType,
    own: Option<&str>,
    family: &str,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    let missing = |option| container.option(option).is_none() && !container.is_secret(option);
    if missing("awslogs-group") {
        faults.push(Fault {
            severity: Severity::Blocker,
            what: "`awslogs-group` is missing".to_owned(),
            fix: None,
            advice: "set `awslogs-group` to the name of a log group",
        });
    }
    let region_fix = own.map(|region| ("awslogs-region", region.to_owned()));
    let region_advice = "set `awslogs-region` to the Region of the log group";
    match container.option("awslogs-region") {
        None if missing("awslogs-region") => faults.push(Fault {
            severity: if launch_type == LaunchType::Ec2 {
                Severity::Warning
            } else {
                Severity::Blocker
            },
            what: "`awslogs-region` is missing".to_owned(),
            fix: region_fix,
            advice: region_advice,
        }),
        Some(region) if !is_region(region) => faults.push(Fault {
            severity: Severity::Blocker,
            what: format!("`awslogs-region` is `{region}`, which is no Region code"),
            fix: region_fix,
            advice: region_advice,
        }),
        Some(region) if own != Some(region) && is_misspelt(region) => faults.push(Fault {
            severity: Severity::Likely,
            what: format!("`awslogs-region` is `{region}`, which AWS did not have on {AS_OF}"),
            fix: region_fix,
            advice: region_advice,
        }),
        _ => {}
    }
    if launch_type == LaunchType::Fargate && missing("awslogs-stream-prefix") {
        faults.push(Fault {
            severity: Severity::Blocker,
            what: "`awslogs-stream-prefix` is missing, which Fargate requires".to_owned(),
            fix: Some(("awslogs-stream-prefix", family.to_owned())),
            advice: "set `awslogs-stream-prefix`",
        });
    }
    if container.option("awslogs-datetime-format").is_some()
        && container.option("awslogs-multiline-pattern").is_some()
    {
        faults.push(Fault {
            severity: Severity::Blocker,
            what: "`awslogs-datetime-format` and `awslogs-multiline-pattern` exclude each other"
                .to_owned(),
            fix: None,
            advice: "remove `awslogs-datetime-format` or `awslogs-multiline-pattern`",
        });
    }
    faults
}

/// Whether it is no Region that is known, but a letter off one.
fn is_misspelt(region: &str) -> bool {
    !regions::is_listed(region)
        && PARTITIONS
            .iter()
            .flat_map(|partition| partition.regions)
            .any(|known| strsim::osa_distance(known, region) == 1)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::{Outcome, Status},
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const MESSAGE: &str = "ResourceInitializationError: unable to get awslogs driver arguments: \
        awslogs-region is required";
    const OPTIONS: &str = "/logConfiguration/options";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).container(
                "/logConfiguration/options/awslogs-region",
                json!("https://logs.eu-west-1.amazonaws.com"),
            );
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("log-awslogs-options"), @"
        blocker: the `awslogs` options of `checkout:42` are wrong: container `app`: `awslogs-region` is `https://logs.eu-west-1.amazonaws.com`, which is no Region code
          the log driver cannot be set up, so that the containers do not start
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): correct the options of the log driver in the task definition
          - container `app`: set `awslogs-region` to `eu-west-1`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    fn with(option: &str, value: Value, launch_type: &str) -> Outcome {
        let mut world = World::default();
        world
            .task("/launchType", json!(launch_type))
            .container(&format!("{OPTIONS}/{option}"), value)
            .outcome("log-awslogs-options")
    }

    #[test]
    fn what_is_required_depends_on_the_launch_type() {
        for (option, launch_type, severity) in [
            ("awslogs-group", "FARGATE", Some(Severity::Blocker)),
            ("awslogs-group", "EC2", Some(Severity::Blocker)),
            ("awslogs-region", "FARGATE", Some(Severity::Blocker)),
            ("awslogs-region", "EXTERNAL", Some(Severity::Blocker)),
            ("awslogs-region", "EC2", Some(Severity::Warning)),
            ("awslogs-stream-prefix", "FARGATE", Some(Severity::Blocker)),
            ("awslogs-stream-prefix", "EC2", None),
        ] {
            for absent in [Value::Null, json!("")] {
                let outcome = with(option, absent, launch_type);
                let found = outcome.findings.first().map(|finding| finding.severity);
                assert_eq!(found, severity, "{option} on {launch_type}");
            }
        }
    }

    #[test]
    fn evident_values_are_proved() {
        let mut world = World::default();
        world
            .stopped(MESSAGE)
            .container(&format!("{OPTIONS}/awslogs-region"), json!("eu-west-1b"))
            .container(&format!("{OPTIONS}/awslogs-stream-prefix"), Value::Null);
        let report = world.report();
        let finding = report.findings.iter().find(|f| f.check == "log-awslogs-options").unwrap();
        let remedy = finding.remedy.as_ref().unwrap();
        assert_eq!(remedy.edits.len(), 2);
        assert!(remedy.verified, "{report:?}");
    }

    #[test]
    fn a_misspelt_region_is_named_by_the_host() {
        let mut world = World::default();
        world.container(&format!("{OPTIONS}/awslogs-region"), json!("eu-wets-1")).stopped(
            "ResourceInitializationError: failed to validate logger args: create stream has been \
             retried 1 times: RequestError: send request failed caused by: Post \
             \"https://logs.eu-wets-1.amazonaws.com/\": dial tcp: lookup \
             logs.eu-wets-1.amazonaws.com: no such host : exit status 1",
        );
        let report = world.report();
        let cause = &report.root_causes[0];
        let finding = &report.findings[cause.finding];
        assert_eq!(finding.check, "log-awslogs-options");
        assert!(finding.summary.contains("`eu-wets-1`, which AWS did not have"), "{finding:?}");
        assert!(finding.remedy.as_ref().unwrap().verified, "{finding:?}");
        assert_eq!(cause.because, "the failure message names it");
        // A task that started shows that the Region exists; one far from any is not known.
        world.task("/startedAt", json!("2026-11-20T10:00:40Z"));
        assert_eq!(world.outcome("log-awslogs-options").status, Status::Passed);
        let outcome = with("awslogs-region", json!("xy-central-1"), "FARGATE");
        assert_eq!(outcome.status, Status::Passed);
    }

    #[test]
    fn patterns_exclude_each_other() {
        let mut world = World::default();
        world.container(&format!("{OPTIONS}/awslogs-datetime-format"), json!("%Y"));
        assert_eq!(world.outcome("log-awslogs-options").status, Status::Passed);
        world.container(&format!("{OPTIONS}/awslogs-multiline-pattern"), json!("^x"));
        let outcome = world.outcome("log-awslogs-options");
        assert!(outcome.findings[0].summary.contains("exclude each other"), "{outcome:?}");
        assert!(outcome.findings[0].remedy.as_ref().unwrap().edits.is_empty());
    }

    #[test]
    fn what_was_redacted_is_not_judged() {
        let options = ["awslogs-group", "awslogs-region", "awslogs-stream-prefix"];
        for launch_type in ["FARGATE", "EC2"] {
            let mut world = World::default();
            world.task("/launchType", json!(launch_type));
            for option in options {
                world.container(&format!("{OPTIONS}/{option}"), json!("[redacted]"));
            }
            for check in ["log-awslogs-options", "log-group-exists"] {
                assert_eq!(world.outcome(check).status, Status::Passed, "{check}");
            }
        }
    }

    #[test]
    fn other_drivers_have_other_options() {
        let mut world = World::default();
        world.container("/logConfiguration", json!({"logDriver": "awsfirelens"}));
        assert_eq!(world.outcome("log-awslogs-options").status, Status::NotApplicable);
    }

    #[test]
    fn an_option_from_a_secret_is_there() {
        let mut world = World::default();
        world.container(&format!("{OPTIONS}/awslogs-group"), Value::Null).container(
            "/logConfiguration/secretOptions",
            json!([{"name": "awslogs-group", "valueFrom": "/shop/flag"}]),
        );
        assert_eq!(world.outcome("log-awslogs-options").status, Status::Passed);
    }
}
