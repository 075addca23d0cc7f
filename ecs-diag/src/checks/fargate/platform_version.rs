use super::{before, is_windows, on_1_4, operating_system};
use crate::{
    LaunchType, Phase,
    aws::ecs::{ContainerDefinition, Task, TaskDefinition},
    check::{Check, Cx, Meta, check},
    checks::{definition, task, version::Version},
    facts::Missing,
    finding::Finding,
};

check! {
    /// The platform version has what the task uses
    ///
    /// # What it looks at
    /// For Linux tasks on Fargate, which platform version each used parameter needs:
    ///
    /// | from | parameters |
    /// |---|---|
    /// | 1.2.0 | `repositoryCredentials` |
    /// | 1.3.0 | `secrets`, `secretOptions`, `dependsOn`, `startTimeout`, `stopTimeout`, `firelensConfiguration`, the log drivers `awsfirelens` and `splunk` |
    /// | 1.4.0 | a JSON key or version behind a secret's ARN, `environmentFiles`, volumes of Amazon EFS, `ephemeralStorage`, ECS Exec, `pidMode`, added capabilities |
    ///
    /// The size is the matter of `fg-size`, `ARM64` that of `fg-runtime-platform`. Platform versions
    /// for Windows are counted on their own; 1.0.0 has everything that Windows has.
    ///
    /// # Why it matters
    /// ECS refuses a task whose platform version lacks a parameter:
    /// `PlatformTaskDefinitionIncompatibilityException`. A service keeps the platform version that it
    /// was created with.
    ///
    /// # How to fix it
    /// Run the task on platform version 1.4.0, which is `LATEST`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html>, as of
    /// November 2026
    PlatformVersion {
        id: "fg-platform-version",
        domain: "fargate",
        phase: Place,
        causes: [DeployConfiguration],
        explains: ["img-private-creds-support"],
    }
}

/// What a container uses, and the platform version that it needs, as of November 2026.
#[allow(clippy::type_complexity, reason = "a table reads best where it stands")]
const OF_CONTAINERS: [(Version, &str, fn(&ContainerDefinition) -> bool); 12] = [
    (Version(1, 2, 0), "`repositoryCredentials`", |c| c.repository_credentials.is_some()),
    (Version(1, 3, 0), "`secrets`", |c| !c.secrets.is_empty()),
    (Version(1, 3, 0), "`secretOptions`", |c| {
        c.log_configuration.as_ref().is_some_and(|log| !log.secret_options.is_empty())
    }),
    (Version(1, 3, 0), "`dependsOn`", |c| !c.depends_on.is_empty()),
    (Version(1, 3, 0), "`startTimeout`", |c| c.start_timeout.is_some()),
    (Version(1, 3, 0), "`stopTimeout`", |c| c.stop_timeout.is_some()),
    (Version(1, 3, 0), "`firelensConfiguration`", |c| c.firelens_configuration.is_some()),
    (Version(1, 3, 0), "the log driver `awsfirelens`", |c| has_driver(c, "awsfirelens")),
    (Version(1, 3, 0), "the log driver `splunk`", |c| has_driver(c, "splunk")),
    (Version(1, 4, 0), "a key or version of a secret", names_key),
    (Version(1, 4, 0), "`environmentFiles`", |c| !c.environment_files.is_empty()),
    (Version(1, 4, 0), "added capabilities", |c| {
        let capabilities = c.linux_parameters.as_ref().and_then(|p| p.capabilities.as_ref());
        capabilities.is_some_and(|capabilities| !capabilities.add.is_empty())
    }),
];

/// What a task uses, and the platform version that it needs, as of November 2026.
#[allow(clippy::type_complexity, reason = "a table reads best where it stands")]
const OF_TASKS: [(Version, &str, fn(&TaskDefinition, Option<&Task>) -> bool); 4] = [
    (Version(1, 4, 0), "a volume of Amazon EFS", |definition, _| {
        definition.volumes.iter().any(|volume| volume.efs_volume_configuration.is_some())
    }),
    (Version(1, 4, 0), "`ephemeralStorage`", |definition, _| {
        definition.ephemeral_storage.is_some()
    }),
    (Version(1, 4, 0), "`pidMode`", |definition, _| definition.pid_mode.is_some()),
    (Version(1, 4, 0), "ECS Exec", |_, task| task.is_some_and(|task| task.enable_execute_command)),
];

fn has_driver(container: &ContainerDefinition, driver: &str) -> bool {
    let log = container.log_configuration.as_ref();
    log.and_then(|log| log.log_driver.as_deref()) == Some(driver)
}

/// Whether a secret's ARN has a key, a stage or a version behind it.
fn names_key(container: &ContainerDefinition) -> bool {
    container.secrets.iter().filter_map(|secret| secret.value_from.as_deref()).any(|text| {
        let behind = text.strip_prefix("arn:").and_then(|text| text.split_once(":secret:"));
        behind.is_some_and(|(_, rest)| rest.split(':').skip(1).any(|field| !field.is_empty()))
    })
}

impl Check for PlatformVersion {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if cx.launch_type()? != LaunchType::Fargate {
            return cx.not_applicable("the task does not run on Fargate");
        }
        let definition = cx.definition()?;
        if is_windows(operating_system(&definition)) {
            return cx
                .not_applicable("platform versions for Windows have everything from 1.0.0 on");
        }
        let Some(task) = cx.task()? else {
            return cx.not_applicable("there is no task, which would have a platform version");
        };
        if cx.proven(Phase::Start)? {
            return Ok(());
        }
        let Some(version) = task.platform_version.clone() else {
            let request = crate::aws::ecs::DescribeTasks::new(
                cx.target().cluster().as_deref(),
                [task.task_arn.clone()],
            );
            let why = "the task does not say its platform version";
            return Err(Missing::undecided(cx.query(&request), why));
        };
        let mut needs: Vec<(Version, String)> = Vec::new();
        for (least, what, uses) in OF_CONTAINERS {
            let containers = definition.container_definitions.iter();
            let users: Vec<_> = containers.filter(|c| uses(c)).map(|c| c.name.as_str()).collect();
            if !users.is_empty() && before(&version, least) {
                needs.push((least, format!("{what} ({})", definition::containers(users))));
            }
        }
        for (least, what, uses) in OF_TASKS {
            if uses(&definition, Some(&task)) && before(&version, least) {
                needs.push((least, what.to_owned()));
            }
        }
        let Some(least) = needs.iter().map(|(least, _)| *least).max() else { return Ok(()) };
        let list: Vec<_> =
            needs.iter().map(|(least, what)| format!("{what} from {least} on")).collect();
        cx.report(
            Finding::blocker(format!(
                "platform version {version} is too old for task definition `{}`, which needs {least}",
                definition::name(&definition),
            ))
            .detail(format!("ECS refuses the task: Fargate has {}", list.join(", ")))
            .resource(task::resource(&task))
            .resource(definition::resource(&definition))
            .evidence(task::evidence(cx, &task, "/platformVersion", version))
            .remedy(on_1_4(cx, &task)),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "fg-platform-version";
    const MESSAGE: &str = "PlatformTaskDefinitionIncompatibilityException: The specified platform does \
        not satisfy the task definition's required capabilities.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).task("/platformVersion", json!("1.3.0"));
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
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: platform version 1.3.0 is too old for task definition `checkout:42`, which needs 1.4.0
          ECS refuses the task: Fargate has a key or version of a secret (container `app`) from 1.4.0 on
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): run the task on platform version 1.4.0
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --platform-version 1.4.0
        ");
    }

    #[test]
    fn the_fix_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }

    /// A plain task on an old platform version, with one thing more.
    fn with(version: &str, pointer: &str, value: Value) -> Status {
        let mut world = World::default();
        world
            .task("/platformVersion", json!(version))
            .container("/secrets", json!([]))
            .definition(pointer, value)
            .outcome(ID)
            .status
    }

    #[test]
    fn each_parameter_has_its_version() {
        let first = "/containerDefinitions/0";
        for (least, older, pointer, value) in [
            ("1.2.0", "1.1.0", "/repositoryCredentials", json!({"credentialsParameter": "x"})),
            ("1.3.0", "1.2.0", "/secrets", json!([{"name": "A", "valueFrom": "/a"}])),
            ("1.3.0", "1.2.0", "/dependsOn", json!([{"containerName": "b"}])),
            ("1.3.0", "1.2.0", "/stopTimeout", json!(60)),
            ("1.3.0", "1.2.0", "/logConfiguration/logDriver", json!("splunk")),
            ("1.4.0", "1.3.0", "/environmentFiles", json!([{"type": "s3"}])),
            (
                "1.4.0",
                "1.3.0",
                "/linuxParameters",
                json!({"capabilities": {"add": ["SYS_PTRACE"]}}),
            ),
        ] {
            let pointer = format!("{first}{pointer}");
            assert_eq!(with(older, &pointer, value.clone()), Status::Failed, "{pointer}");
            assert_eq!(with(least, &pointer, value), Status::Passed, "{pointer}");
        }
        for (pointer, value) in [
            ("/ephemeralStorage", json!({"sizeInGiB": 50})),
            ("/pidMode", json!("task")),
            (
                "/volumes",
                json!([{"name": "a", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}]),
            ),
        ] {
            assert_eq!(with("1.3.0", pointer, value), Status::Failed, "{pointer}");
        }
        assert_eq!(with("1.1.0", "/pidMode", json!(null)), Status::Passed);
        assert_eq!(with("LATEST", "/pidMode", json!("task")), Status::Passed);
    }

    #[test]
    fn windows_counts_on_its_own() {
        let mut world = EXAMPLES.failing();
        world.definition(
            "/runtimePlatform",
            json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}),
        );
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
