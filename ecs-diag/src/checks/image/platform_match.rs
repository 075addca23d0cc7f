use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use super::{
    containers::{EcrImage, ecr_images, image_request, repository_resource},
    manifest::{self, Entry, Manifest, is_single, manifest},
    windows,
};
use crate::{
    LaunchType, Phase,
    aws::ecs::{Task, TaskDefinition},
    case::Symptom,
    check::{Check, Cx, Meta, check},
    checks::{definition, fargate},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Severity},
    shell::quoted,
    signature::{Cause, Place},
};

check! {
    /// Indexes of images list the task's platform
    ///
    /// # What it looks at
    /// For every image in Amazon ECR, whether its index lists a manifest for the operating system and
    /// processor in `runtimePlatform` (on Fargate `LINUX` and `X86_64` where it names none); for
    /// Windows also whether the build is one that the task's Windows family runs. An image without an
    /// index is built for one platform, and its manifest does not say for which: it is looked at only
    /// where the failure can come from that. On EC2 instances a task definition that names no
    /// processor may run on either.
    ///
    /// # Why it matters
    /// Where the index lacks the platform, the pull ends in `image Manifest does not contain
    /// descriptor matching platform`. Where there is no index, an image for the wrong processor is
    /// pulled all the same, and its first program ends in `exec format error`.
    ///
    /// # How to fix it
    /// Build the image for the platform (`docker buildx build --platform`), or set `runtimePlatform` to
    /// the platform that it is built for. Mostly it was built on a machine with an ARM processor.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html>,
    /// <https://learn.microsoft.com/en-us/virtualization/windowscontainers/deploy-containers/version-compatibility>
    PlatformMatch {
        id: "img-platform-match",
        domain: "image",
        phase: Pull,
        causes: [ImagePlatformOrManifest, ImageExecFormat],
        explains: [],
    }
}

/// A processor as ECS and as manifests name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Processor {
    ecs: &'static str,
    oci: &'static str,
    /// What it may run as well; whether it does is not known here.
    perhaps: &'static str,
}

const PROCESSORS: [Processor; 2] = [
    Processor { ecs: "X86_64", oci: "amd64", perhaps: "386" },
    Processor { ecs: "ARM64", oci: "arm64", perhaps: "arm" },
];

/// What the task can run on.
struct Wanted {
    os: &'static str,
    /// One, or both where nothing decides.
    processors: Vec<Processor>,
    /// Builds of Windows that will do; none where any will.
    builds: &'static [&'static str],
}

impl Wanted {
    fn of(cx: &Cx<'_>, definition: &TaskDefinition) -> Result<Self, Missing> {
        let family = fargate::operating_system(definition);
        let windows = fargate::is_windows(family);
        let named = definition.runtime_platform.as_ref();
        let named = named.and_then(|platform| platform.cpu_architecture.as_deref());
        let undecided = |what: &str| {
            let query = cx.query(&cx.definition_request()?);
            Err(Missing::undecided(query, format!("`{what}` is not a platform known here")))
        };
        let processors = match named {
            Some(name) => PROCESSORS.into_iter().filter(|known| known.ecs == name).collect(),
            None if windows || cx.launch_type()? == LaunchType::Fargate => vec![PROCESSORS[0]],
            None => PROCESSORS.to_vec(),
        };
        if processors.is_empty() {
            return undecided(named.unwrap_or_default());
        }
        let builds = match windows::builds(family) {
            Some(builds) if windows => builds,
            None if windows => return undecided(family),
            _ => &[],
        };
        Ok(Self { os: if windows { "windows" } else { "linux" }, processors, builds })
    }

    fn shown(&self) -> String {
        let names: Vec<_> =
            self.processors.iter().map(|one| format!("{}/{}", self.os, one.oci)).collect();
        names.join(" or ")
    }
}

impl Check for PlatformMatch {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let images = ecr_images(cx, &definition);
        if images.is_empty() {
            return cx.not_applicable("no container's image is in Amazon ECR");
        }
        let suspicion = Suspicion::of(cx)?;
        // What runs was built for where it runs.
        if matches!(suspicion, Suspicion::None) && cx.proven(Phase::Start)? {
            return Ok(());
        }
        let wanted = Wanted::of(cx, &definition)?;
        let mut judged = false;
        cx.each(&images, |cx, image| {
            let manifest = match is_single(cx, &image.registry, &image.reference)? {
                Some(true) => Some(None),
                _ => match manifest(cx, &image.registry, &image.reference)? {
                    None => None,
                    Some(Manifest::Image(_)) => Some(None),
                    Some(Manifest::Index(entries)) => Some(Some(entries)),
                },
            };
            match (manifest, &suspicion) {
                (None, _) => judged = true,
                (Some(Some(entries)), _) => {
                    judged = true;
                    index(cx, &definition, image, &wanted, &entries)?;
                }
                (Some(None), Suspicion::None) => {}
                (Some(None), suspicion) => {
                    judged = true;
                    single(cx, &definition, image, &wanted, suspicion)?;
                }
            }
            Ok(())
        });
        if judged {
            return Ok(());
        }
        cx.not_applicable(
            "no image in Amazon ECR has an index, and without one a manifest does not say what it is \
             built for",
        )
    }
}

/// Whether the failure can come from an image that is built for another processor.
enum Suspicion {
    /// It cannot.
    None,
    /// A container ended as it would, and as others do: exit code 1 or 255.
    ExitCode(Arc<Task>),
    /// It says so.
    Said(Arc<Symptom>),
}

/// Seconds after which what ran was built for where it ran.
const RAN: i64 = 60;

impl Suspicion {
    fn of(cx: &Cx<'_>) -> Result<Self, Missing> {
        let symptom = cx.symptom()?.filter(|symptom| {
            !symptom.reading.benign && symptom.reading.causes.contains(&Cause::ImageExecFormat)
        });
        let Some(symptom) = symptom else { return Ok(Self::None) };
        if symptom.text.to_ascii_lowercase().contains("exec format error") {
            return Ok(Self::Said(symptom));
        }
        let Some(task) = cx.task()? else { return Ok(Self::None) };
        let ended = task.stopping_at.or(task.execution_stopped_at).or(task.stopped_at);
        let ran = task.started_at.zip(ended).is_some_and(|(started, ended)| {
            ended.0.as_second().saturating_sub(started.0.as_second()) > RAN
        });
        Ok(if ran { Self::None } else { Self::ExitCode(task) })
    }
}

/// An image of one platform, which its manifest does not name.
fn single(
    cx: &mut Cx<'_>,
    definition: &TaskDefinition,
    image: &EcrImage,
    wanted: &Wanted,
    suspicion: &Suspicion,
) -> Result<(), Missing> {
    let request = image_request(&image.registry, &image.reference);
    let query = cx.query_in(Some(&image.registry.region), &request);
    let symptom = match suspicion {
        Suspicion::None => return Ok(()),
        Suspicion::Said(symptom) => symptom,
        Suspicion::ExitCode(task) => {
            let names: HashSet<_> = image.image.containers.iter().collect();
            let suspect = task.containers.iter().any(|container| {
                matches!(container.exit_code, Some(1 | 255))
                    && container.name.as_ref().is_some_and(|name| names.contains(name))
            });
            if !suspect {
                return Ok(());
            }
            let why = format!(
                "`{}` has a manifest of its own and no index: for which platform it is built stands \
                 in its configuration, which the API does not give",
                image.image.text
            );
            return Err(Missing::undecided(query, why));
        }
    };
    if let Place::Container(name) = &symptom.place
        && !image.image.containers.contains(name)
    {
        return Ok(());
    }
    let shown = wanted.shown();
    let evidence =
        Evidence::new(query, "/imageDetails/0/imageManifestMediaType", manifest_kind(cx, image)?);
    let remedy = build(image, &wanted.shown().replace(" or ", ","), "build the image for")
        .step(format!(
            "see what it is built for: `docker buildx imagetools inspect {} --format '{{{{json \
             .Image}}}}'`",
            image.image.text
        ))
        .step("if its platform is right, begin the script that it starts with `#!/bin/sh`");
    let finding = Finding::of(
        Severity::Likely,
        format!(
            "image `{}` is built for one platform, and its program cannot run",
            image.image.text
        ),
    )
    .detail(format!(
        "{} stopped with `exec format error` on {shown}: if the image was built on a machine with \
         another processor, that is why; otherwise the script that it starts lacks its interpreter \
         line",
        image.image.named_by()
    ))
    .phase(symptom.reading.phase.unwrap_or(Phase::Start))
    .evidence(evidence)
    .remedy(remedy);
    cx.report(about(cx, definition, image, finding));
    Ok(())
}

fn manifest_kind(cx: &Cx<'_>, image: &EcrImage) -> Result<Option<String>, Missing> {
    let request = image_request(&image.registry, &image.reference);
    let found = cx.get_in(Some(&image.registry.region), &request)?;
    let detail = found.as_ref().and_then(|found| found.image_details.first());
    Ok(detail.and_then(|detail| detail.image_manifest_media_type.clone()))
}

/// An image with an index.
fn index(
    cx: &mut Cx<'_>,
    definition: &TaskDefinition,
    image: &EcrImage,
    wanted: &Wanted,
    entries: &[Entry],
) -> Result<(), Missing> {
    let region = Some(image.registry.region.as_str());
    let query = cx.query_in(region, &manifest::request(&image.registry, &image.reference));
    let undecided = |why: &str| Err(Missing::undecided(query.clone(), why));
    let images: Vec<_> = entries.iter().filter(|entry| !entry.is_attestation()).collect();
    if images.is_empty() {
        // No image at all: the matter of `img-attestation-manifest`.
        return Ok(());
    }
    let mut there = BTreeSet::new();
    let mut found = vec![false; wanted.processors.len()];
    let mut other_build = false;
    for entry in &images {
        let Some(platform) = entry.platform.as_ref().filter(|one| !one.os.is_empty()) else {
            return undecided("a manifest of the index names no platform");
        };
        let version = platform.os_version.as_deref();
        let mut name = format!("{}/{}", platform.os, platform.architecture);
        if let Some(version) = version {
            name += &format!(" {version}");
        }
        there.insert(name);
        if !platform.os.eq_ignore_ascii_case(wanted.os) {
            continue;
        }
        for (processor, found) in wanted.processors.iter().zip(&mut found) {
            if platform.architecture.eq_ignore_ascii_case(processor.perhaps) {
                return undecided("whether the processor runs its 32-bit manifests is not known");
            }
            if !platform.architecture.eq_ignore_ascii_case(processor.oci) {
                continue;
            }
            let runs = |version: &str| {
                wanted.builds.iter().any(|build| {
                    version
                        .strip_prefix(build)
                        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
                })
            };
            if wanted.builds.is_empty() || version.is_none_or(runs) {
                *found = true;
            } else {
                other_build = true;
            }
        }
    }
    if found.iter().all(|found| *found) {
        return Ok(());
    }
    if found.iter().any(|found| *found) {
        return undecided(
            "the task definition names no `runtimePlatform.cpuArchitecture`: the instance decides",
        );
    }
    let shown = wanted.shown();
    let list = there.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let mut remedy;
    let finding = if other_build {
        let builds = wanted.builds.iter().map(|build| format!("`{build}`")).collect::<Vec<_>>();
        remedy = Remedy::new(
            "build the image on the Windows version that the task runs on, or name the operating \
             system family that it was built for",
        );
        Finding::likely(format!(
            "image `{}` is built for another Windows than `{}`",
            image.image.text,
            fargate::operating_system(definition)
        ))
        .detail(format!(
            "{} cannot be pulled where containers share the host's kernel, as on ECS: that takes \
             build {}, and the index has {list}",
            image.image.named_by(),
            builds.join(" or ")
        ))
    } else {
        remedy = build(image, &shown.replace(" or ", ","), "build the image for");
        // The other processor, if the index has it.
        let other = PROCESSORS.into_iter().find(|processor| {
            wanted.os == "linux"
                && !wanted.processors.contains(processor)
                && there.contains(&format!("linux/{}", processor.oci))
        });
        if let Some(other) = other {
            let summary = format!(
                "run the task on `{}`, for which the image is built, if all its images are; or {}",
                other.ecs, remedy.summary
            );
            let platform = if definition.runtime_platform.is_some() {
                definition::set(definition, "/runtimePlatform/cpuArchitecture", other.ecs)
            } else {
                let value = serde_json::json!({"cpuArchitecture": other.ecs});
                definition::set(definition, "/runtimePlatform", value)
            };
            let commands = remedy.commands;
            let step = format!("set `runtimePlatform.cpuArchitecture` to `{}`", other.ecs);
            remedy = Remedy::new(summary).step(step).edit(platform);
            remedy = definition::deployed(cx, definition, remedy);
            remedy.commands.extend(commands);
        }
        Finding::blocker(format!("image `{}` has no manifest for {shown}", image.image.text))
            .detail(format!(
                "{} cannot be pulled: the task runs on {shown}, and the image's index has {list}",
                image.image.named_by()
            ))
    };
    let finding = finding
        .evidence(
            Evidence::new(query.clone(), "/images/0/imageManifest", list.clone())
                .object(image.reference.repository.clone()),
        )
        .remedy(remedy);
    cx.report(about(cx, definition, image, finding));
    Ok(())
}

fn build(image: &EcrImage, platforms: &str, what: &str) -> Remedy {
    Remedy::new(format!("{what} {platforms} and push it as `{}`", image.image.text)).command(
        format!(
            "docker buildx build --platform {} --tag {} --push .",
            quoted(platforms),
            quoted(&image.image.text)
        ),
    )
}

fn about(cx: &Cx<'_>, definition: &TaskDefinition, image: &EcrImage, finding: Finding) -> Finding {
    finding
        .resource(repository_resource(cx, image))
        .resource(definition::resource(definition))
        .named(image.image.text.clone())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        Diagnosis,
        check::Status,
        checks::testing::{Examples, World, index},
        finding::Severity,
    };

    const ID: &str = "img-platform-match";
    const MESSAGE: &str = "CannotPullContainerError: pull image manifest has been retried 7 time(s): \
        image Manifest does not contain descriptor matching platform 'linux/amd64'";
    const SINGLE: &str = "application/vnd.docker.distribution.manifest.v2+json";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            platforms(world, &["linux/arm64"]).stopped(MESSAGE);
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).deny("ecr:BatchGetImage");
        },
        near_miss: |world| {
            // The image was built for both since.
            world.stopped(MESSAGE);
        },
    };

    fn platforms<'w>(world: &'w mut World, platforms: &[&str]) -> &'w mut World {
        world.set("images", "/images/0/imageManifest", json!(index(platforms)))
    }

    fn single(world: &mut World) -> &mut World {
        world.set("imageDetails", "/imageDetails/0/imageManifestMediaType", json!(SINGLE))
    }

    fn exec_format(world: &mut World) -> &mut World {
        world
            .stopped("Essential container in task exited")
            .task("/stopCode", json!("EssentialContainerExited"))
            .task("/containers/0/reason", json!("exec /app: exec format error"))
            .task("/containers/0/exitCode", json!(255))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: image `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42` has no manifest for linux/amd64
          container `app` cannot be pulled: the task runs on linux/amd64, and the image's index has `linux/arm64`
          @ AWS::ECR::Repository shop/checkout
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): run the task on `ARM64`, for which the image is built, if all its images are; or build the image for linux/amd64 and push it as `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`
          - set `runtimePlatform.cpuArchitecture` to `ARM64`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
          $ docker buildx build --platform linux/amd64 --tag 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42 --push .
        ");
    }

    #[test]
    fn the_other_processor_is_offered_and_proved() {
        assert!(EXAMPLES.failing().verified(ID));
        for platform in [Value::Null, json!({"operatingSystemFamily": "LINUX"})] {
            let mut world = EXAMPLES.failing();
            world.definition("/runtimePlatform", platform);
            assert!(world.verified(ID));
        }
    }

    #[test]
    fn attestations_are_no_platforms() {
        let mut world = World::default();
        platforms(&mut world, &["linux/amd64", "unknown/unknown"]);
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn one_platform_without_an_index_matters_only_where_a_program_ended() {
        let mut world = World::default();
        assert_eq!(single(&mut world).outcome(ID).status, Status::NotApplicable);
        assert!(!world.asked(&Diagnosis::new()).contains("ecr:BatchGetImage"));
        let outcome = exec_format(&mut world).outcome(ID);
        assert_eq!(outcome.findings[0].severity, Severity::Likely, "{outcome:?}");
        // The message does not say so, but the exit code is the same.
        world.task("/containers/0/reason", Value::Null);
        assert_eq!(world.outcome(ID).status, Status::Unknown);
        // It ran for hours.
        world
            .task("/startedAt", json!("2026-11-20T06:00:00Z"))
            .task("/stoppingAt", json!("2026-11-20T10:00:00Z"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        // Built for the right one, says the index.
        let mut world = World::default();
        assert_eq!(exec_format(&mut world).outcome(ID).status, Status::Passed);
    }

    #[test]
    fn on_instances_the_processor_may_be_open() {
        let ec2 = |list: &[&str]| {
            let mut world = World::default();
            platforms(&mut world, list)
                .task("/launchType", json!("EC2"))
                .task("/platformVersion", json!(null))
                .definition("/runtimePlatform", json!(null));
            world.outcome(ID).status
        };
        assert_eq!(ec2(&["linux/amd64", "linux/arm64"]), Status::Passed);
        assert_eq!(ec2(&["linux/arm64"]), Status::Unknown);
        assert_eq!(ec2(&["linux/s390x"]), Status::Failed);
    }

    #[test]
    fn windows_has_builds() {
        let windows = |version: &str| {
            let mut world = World::default();
            let manifest = json!({"manifests": [{"platform": {
                "os": "windows", "architecture": "amd64", "os.version": version,
            }}]});
            world.set("images", "/images/0/imageManifest", json!(manifest.to_string())).definition(
                "/runtimePlatform",
                json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}),
            );
            world.outcome(ID).status
        };
        assert_eq!(windows("10.0.20348.3692"), Status::Passed);
        assert_eq!(windows("10.0.17763.1"), Status::Failed);
        assert_eq!(windows("10.0.203480"), Status::Failed);
    }

    #[test]
    fn a_cache_is_not_asked_for_manifests() {
        let mut world = World::default();
        world.output(
            "pullThroughCacheRules",
            json!({"pullThroughCacheRules": [{
                "ecrRepositoryPrefix": "shop", "upstreamRegistryUrl": "quay.io",
                "registryId": "111122223333",
            }]}),
        );
        assert_eq!(world.outcome(ID).status, Status::Unknown);
        assert!(!world.asked(&Diagnosis::new()).contains("ecr:BatchGetImage"));
    }

    #[test]
    fn hostile_manifests_are_unknown() {
        for text in ["", "[]", "{\"manifests\": {}}"] {
            let mut world = World::default();
            world.set("images", "/images/0/imageManifest", json!(text));
            assert_eq!(world.outcome(ID).status, Status::Unknown, "{text}");
        }
    }
}
