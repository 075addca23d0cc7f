use super::{LINUX, before_1_4, is_windows, on_1_4, operating_system};
use crate::{
    LaunchType,
    aws::ecs::DescribeServices,
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
};

check! {
    /// Fargate has the task's operating system and processor
    ///
    /// # What it looks at
    /// `runtimePlatform` of the task definition; absent means `LINUX` on `X86_64`. Windows runs on
    /// `X86_64` only, not on Fargate Spot, and not every Windows family is on Fargate. `ARM64` needs
    /// Linux and platform version 1.4.0; Fargate Spot has it. All tasks of a service run the platform
    /// family that the service has.
    ///
    /// # Why it matters
    /// ECS refuses the task: `The specified platform does not satisfy the task definition's required
    /// capabilities`.
    ///
    /// # How to fix it
    /// Register a task definition revision with the platform that the images are built for; a service
    /// of another platform family is a new service.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html>
    RuntimePlatform {
        id: "fg-runtime-platform",
        domain: "fargate",
        phase: Place,
        causes: [ImagePlatformOrManifest, DeployConfiguration],
        explains: [],
    }
}

const X86_64: &str = "X86_64";
const ARM64: &str = "ARM64";

/// Windows families that only EC2 instances run, as of November 2026.
const NOT_ON_FARGATE: [&str; 2] = ["WINDOWS_SERVER_2016_FULL", "WINDOWS_SERVER_2004_CORE"];

impl Check for RuntimePlatform {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if cx.launch_type()? != LaunchType::Fargate {
            return cx.not_applicable("the task does not run on Fargate");
        }
        let definition = cx.definition()?;
        let name = definition::name(&definition);
        let platform = definition.runtime_platform.clone().unwrap_or_default();
        let system = operating_system(&definition).to_owned();
        let processor = platform.cpu_architecture.clone().unwrap_or_else(|| X86_64.to_owned());
        let windows = is_windows(&system);
        let query = cx.query(&cx.definition_request()?);
        if !windows && system != LINUX || ![X86_64, ARM64].contains(&processor.as_str()) {
            let why = format!("`{system}` on `{processor}` is not a platform known here");
            return Err(Missing::undecided(query, why));
        }
        // A member of a `runtimePlatform` that may be absent.
        let set = |member: &str, value: &str| {
            if definition.runtime_platform.is_some() {
                definition::set(&definition, &format!("/runtimePlatform/{member}"), value)
            } else {
                definition::set(&definition, "/runtimePlatform", serde_json::json!({member: value}))
            }
        };
        let revision = |member: &str, value: &str| {
            format!(
                "in a new revision of task definition `{name}`, set `runtimePlatform.{member}` to \
                 `{value}`"
            )
        };
        let command = definition::roll_out(cx, &definition);
        let roll_out = |remedy: Remedy| match &command {
            Some(command) => remedy.command(command.clone()),
            None => remedy,
        };
        let mut findings = Vec::new();

        if windows && processor == ARM64 {
            let remedy = Remedy::new(format!("run it on `{X86_64}`"))
                .step(revision("cpuArchitecture", X86_64))
                .edit(set("cpuArchitecture", X86_64));
            let pointer = "/runtimePlatform/cpuArchitecture";
            findings.push(
                Finding::blocker(format!(
                    "task definition `{name}` asks for `{system}` on `{ARM64}`"
                ))
                .detail("Fargate runs Windows on `X86_64` only, and refuses the task")
                .evidence(definition::evidence(cx, &definition, pointer, ARM64)?)
                .changed_at(definition.registered_at)
                .remedy(roll_out(remedy)),
            );
        }
        if NOT_ON_FARGATE.contains(&system.as_str()) {
            let pointer = "/runtimePlatform/operatingSystemFamily";
            findings.push(
                Finding::blocker(format!(
                    "task definition `{name}` asks for `{system}`, which Fargate does not have"
                ))
                .detail("only EC2 instances run this Windows family; Fargate refuses the task")
                .evidence(definition::evidence(cx, &definition, pointer, system.as_str())?)
                .changed_at(definition.registered_at)
                .remedy(Remedy::new(
                    "build the image for a Windows family that Fargate has and name that one, or \
                     run the task on EC2 instances",
                )),
            );
        }

        if let Some(task) = cx.task()? {
            if windows && task.capacity_provider_name.as_deref() == Some("FARGATE_SPOT") {
                let mut remedy = Remedy::new("run it with capacity provider `FARGATE`")
                    .edit(task::set(&task, "/capacityProviderName", "FARGATE"));
                if let Some(command) = definition::update_service(cx) {
                    remedy = remedy.command(format!(
                        "{command} --capacity-provider-strategy capacityProvider=FARGATE,weight=1 \
                         --force-new-deployment"
                    ));
                }
                findings.push(
                    Finding::blocker(format!(
                        "task definition `{name}` asks for `{system}` on Fargate Spot"
                    ))
                    .detail("Fargate Spot runs Linux only")
                    .evidence(task::evidence(cx, &task, "/capacityProviderName", "FARGATE_SPOT"))
                    .remedy(remedy),
                );
            }
            if let Some(version) = &task.platform_version
                && processor == ARM64
                && !windows
                && before_1_4(version)
            {
                findings.push(
                    Finding::blocker(format!(
                        "task definition `{name}` asks for `{ARM64}` on platform version {version}"
                    ))
                    .detail("`ARM64` needs platform version 1.4.0 or newer")
                    .evidence(task::evidence(cx, &task, "/platformVersion", version.as_str()))
                    .remedy(on_1_4(cx, &task)),
                );
            }
        }

        // The task itself says what it was started with; the service what it takes.
        let service = cx.service()?;
        let family = match &service {
            Some(service) => service.platform_family.clone().map(|family| {
                let request = DescribeServices {
                    cluster: cx.target().cluster().or_else(|| service.cluster_arn.clone()),
                    services: vec![service.service_name.clone()],
                };
                let evidence =
                    Evidence::new(cx.query(&request), "/platformFamily", family.as_str())
                        .object(service.service_arn.clone());
                (format!("service `{}`", service.service_name), family, evidence)
            }),
            None => cx.task()?.and_then(|task| {
                let family = task.platform_family.clone()?;
                let evidence = task::evidence(cx, &task, "/platformFamily", family.as_str());
                Some(("the task".to_owned(), family, evidence))
            }),
        };
        if let Some((whose, family, evidence)) = family
            && !family.eq_ignore_ascii_case(&system)
        {
            let family = family.to_ascii_uppercase();
            let remedy = Remedy::new(format!(
                "run the images on `{family}`, or, if they are built for `{system}`, create another \
                 service for them"
            ))
            .step(revision("operatingSystemFamily", &family))
            .edit(set("operatingSystemFamily", &family));
            findings.push(
                Finding::blocker(format!(
                    "task definition `{name}` asks for `{system}`, but {whose} runs `{family}`"
                ))
                .detail("all tasks of a service run its platform family; ECS refuses another one")
                .evidence(evidence)
                .evidence(Evidence::new(
                    query,
                    "/taskDefinition/runtimePlatform/operatingSystemFamily",
                    platform.operating_system_family,
                ))
                .changed_at(definition.registered_at)
                .remedy(roll_out(remedy)),
            );
        }
        for finding in findings {
            cx.report(finding.resource(definition::resource(&definition)));
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, World, index},
    };

    const ID: &str = "fg-runtime-platform";
    const MESSAGE: &str = "PlatformTaskDefinitionIncompatibilityException: The specified platform does \
        not satisfy the task definition's required capabilities.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            windows(world, "ARM64").stopped(MESSAGE);
        },
        passes: |world| {
            windows(world, "X86_64");
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            windows(world, "X86_64").stopped(MESSAGE);
        },
    };

    fn windows<'w>(world: &'w mut World, processor: &str) -> &'w mut World {
        world
            .definition(
                "/runtimePlatform",
                json!({
                    "operatingSystemFamily": "WINDOWS_SERVER_2019_CORE",
                    "cpuArchitecture": processor,
                }),
            )
            .definition("/cpu", json!("1024"))
            .definition("/memory", json!("2048"))
            .task("/platformFamily", json!("Windows_Server_2019_Core"))
            .task("/platformVersion", json!("1.0.0"))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: task definition `checkout:42` asks for `WINDOWS_SERVER_2019_CORE` on `ARM64`
          Fargate runs Windows on `X86_64` only, and refuses the task
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): run it on `X86_64`
          - in a new revision of task definition `checkout:42`, set `runtimePlatform.cpuArchitecture` to `X86_64`
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    fn platform(value: Value) -> World {
        let mut world = World::default();
        world.definition("/runtimePlatform", value);
        world
    }

    #[test]
    fn the_fixes_are_proved() {
        assert!(EXAMPLES.failing().verified(ID));
        let mut world = World::default();
        windows(&mut world, "X86_64").task("/capacityProviderName", json!("FARGATE_SPOT"));
        assert!(world.verified(ID));
        let mut world = platform(json!({"cpuArchitecture": "ARM64"}));
        world.task("/platformVersion", json!("1.3.0"));
        assert!(world.verified(ID));
        for platform in [Value::Null, json!({"operatingSystemFamily": "LINUX"})] {
            let mut world = World::default();
            world
                .definition("/runtimePlatform", platform)
                .definition("/cpu", json!("1024"))
                .definition("/memory", json!("2048"))
                .set("images", "/images/0/imageManifest", json!(index(&["windows/amd64"])))
                .set("services", "/services/0/platformFamily", json!("WINDOWS_SERVER_2022_CORE"));
            assert!(world.verified(ID));
        }
    }

    #[test]
    fn absent_means_linux_on_x86_64() {
        for value in [Value::Null, json!({}), json!({"cpuArchitecture": "ARM64"})] {
            assert_eq!(platform(value).outcome(ID).status, Status::Passed);
        }
    }

    #[test]
    fn arm64_runs_on_spot() {
        let mut world = platform(json!({"cpuArchitecture": "ARM64"}));
        world.task("/capacityProviderName", json!("FARGATE_SPOT"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn the_service_has_one_platform_family() {
        let mut world = World::default();
        world.set("services", "/services/0/platformFamily", json!("LINUX"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.set("services", "/services/0/platformFamily", json!("WINDOWS_SERVER_2022_CORE"));
        assert_eq!(world.outcome(ID).status, Status::Failed);
        world.without("services");
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }

    #[test]
    fn what_is_not_known_is_unknown_and_what_only_ec2_has_fails() {
        let unknown = platform(json!({"operatingSystemFamily": "PLAN9"}));
        assert_eq!(unknown.outcome(ID).status, Status::Unknown);
        let unknown = platform(json!({"cpuArchitecture": "RISCV64"}));
        assert_eq!(unknown.outcome(ID).status, Status::Unknown);
        let mut world = World::default();
        windows(&mut world, "X86_64")
            .definition("/runtimePlatform/operatingSystemFamily", json!("WINDOWS_SERVER_2016_FULL"))
            .task("/platformFamily", json!("Windows_Server_2016_Full"));
        assert_eq!(world.outcome(ID).findings.len(), 1);
    }

    #[test]
    fn other_launch_types_choose_by_instance() {
        let mut world = EXAMPLES.failing();
        world.task("/launchType", json!("EC2"));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
