use serde_json::json;

use crate::{
    Phase,
    aws::ecs::{ContainerInstance, RuntimePlatform},
    check::{Check, Cx, Meta, check},
    checks::{
        definition,
        instances::{self, Faults, Judgement},
    },
    facts::Missing,
    finding::{Finding, Remedy, Severity},
};

check! {
    /// A container instance has the task's processor architecture and operating system
    ///
    /// # What it looks at
    /// `runtimePlatform` of the task definition against the attributes `ecs.cpu-architecture`,
    /// `ecs.os-type` and `ecs.os-family` of the instance that the task was placed on, or of the active
    /// ones that could take it. What the images are built for is not looked at here.
    ///
    /// # Why it matters
    /// There is no place for the task, or it is started where its images do not run: `exec format
    /// error`.
    ///
    /// # How to fix it
    /// Add instances of that architecture; or name in the task definition the one that the instances
    /// and the images have.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html>
    ArchOs {
        id: "ci-arch-os",
        domain: "container-instance",
        phase: Place,
        causes: [PlaceAttributeOrGpu, ImageExecFormat, ImagePlatformOrManifest],
        explains: [],
    }
}

/// How an instance's platform compares with what the task is for.
enum Difference {
    None,
    /// This attribute is not what it should be.
    Of(&'static str, String),
    /// The instance does not tell.
    Unclear,
}

fn difference(instance: &ContainerInstance, platform: &RuntimePlatform) -> Difference {
    let mut wanted = Vec::new();
    if let Some(architecture) = &platform.cpu_architecture {
        wanted.push(("ecs.cpu-architecture", architecture.to_ascii_lowercase()));
    }
    if let Some(family) = &platform.operating_system_family {
        let windows = family.to_ascii_uppercase().starts_with("WINDOWS");
        wanted.push(("ecs.os-type", if windows { "windows" } else { "linux" }.to_owned()));
        // Of Linux there is one family only.
        if windows && instance.has("ecs.os-family") {
            wanted.push(("ecs.os-family", family.to_ascii_lowercase()));
        }
    }
    let mut clear = true;
    for (name, value) in wanted {
        match instance.attribute(name) {
            Some(own) if !own.eq_ignore_ascii_case(&value) => return Difference::Of(name, value),
            Some(_) => {}
            None => clear = false,
        }
    }
    if clear { Difference::None } else { Difference::Unclear }
}

impl Check for ArchOs {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let Some(platform) = &definition.runtime_platform else {
            return cx.not_applicable("the task definition names no platform");
        };
        let name = definition::name(&definition);
        let remedy = |own: &str| {
            Remedy::new(format!(
                "add instances of that kind; or, if the images are built for `{own}`, name that in \
                 `runtimePlatform` of a new revision of `{name}`"
            ))
        };
        if let Ok(placed) = instances::placed_on(cx)? {
            let Some(host) = placed else {
                return cx
                    .not_applicable("the task's container instance is not registered any more");
            };
            let id = host.ec2_id();
            let evidence = host.evidence(cx, "/attributes", json!(null));
            return match difference(&host, platform) {
                Difference::None => Ok(()),
                Difference::Unclear => Err(Missing::undecided(
                    evidence.query,
                    format!("the answer does not tell the platform of `{id}`"),
                )),
                Difference::Of(attribute, wanted) => {
                    let own = host.attribute(attribute).unwrap_or("");
                    cx.report(
                        Finding::likely(format!(
                            "the task's instance `{id}` has `{attribute}` `{own}`; task definition \
                             `{name}` is for `{wanted}`"
                        ))
                        .detail("images that are built for the latter do not run there")
                        .phase(Phase::Start)
                        .resource(host.resource())
                        .named(host.id())
                        .evidence(host.evidence(cx, "/attributes", json!({attribute: own})))
                        .remedy(remedy(own)),
                    );
                    Ok(())
                }
            };
        }
        let judged = match instances::up(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        let fails = |judgement: &Judgement| match difference(&judgement.instance, platform) {
            Difference::None => Some(false),
            Difference::Of(..) => Some(true),
            Difference::Unclear => None,
        };
        let Some(failing) = judged.failing_by(cx, Faults::default(), fails)? else {
            return Ok(());
        };
        let first = failing.instances[0];
        let Difference::Of(attribute, wanted) = difference(&first.instance, platform) else {
            return Ok(());
        };
        let own = first.instance.attribute(attribute).unwrap_or("");
        let summary = format!(
            "{} {} not have the platform that task definition `{name}` is for: `{attribute}` is `{own}`, \
             not `{wanted}`",
            failing.count(),
            failing.verb("does", "do"),
        );
        let detail = format!(
            "there is no place for the task on {}, or its images do not run there",
            failing.ids()
        );
        let mut finding = failing
            .finding(cx, summary, detail)?
            .evidence(first.instance.evidence(cx, "/attributes", json!({attribute: own})))
            .remedy(remedy(own));
        // That ECS compares these itself is not documented.
        finding.severity = finding.severity.min(Severity::Likely);
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        Phase,
        check::Status,
        checks::{
            instances::fixtures::{both, one, stopped_on, unplaced},
            testing::{Examples, World},
        },
        finding::Severity,
    };

    const ID: &str = "ci-arch-os";
    const MESSAGE: &str = "TaskFailedToStart: ATTRIBUTE";
    const ARCHITECTURE: &str = "/runtimePlatform/cpuArchitecture";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            unplaced(world, MESSAGE).definition(ARCHITECTURE, json!("ARM64"));
        },
        passes: |world| {
            unplaced(world, "TaskFailedToStart: RESOURCE:CPU");
        },
        unknown: |world| {
            both(unplaced(world, MESSAGE), "/attributes", &json!([]));
        },
        near_miss: |world| {
            unplaced(world, MESSAGE).definition(ARCHITECTURE, json!("ARM64"));
            one(world, 1, "/attributes/5/value", json!("arm64"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: both container instances do not have the platform that task definition `checkout:42` is for: `ecs.cpu-architecture` is `x86_64`, not `arm64`
          there is no place for the task on `i-0a000000000000001`, `i-0b000000000000002`, or its images do not run there
          @ AWS::ECS::Cluster shop
          fix: add instances of that kind; or, if the images are built for `x86_64`, name that in `runtimePlatform` of a new revision of `checkout:42`
        ");
    }

    #[test]
    fn on_the_wrong_instance_the_images_do_not_run() {
        let mut world = World::default();
        stopped_on(&mut world, "exec format error").definition(ARCHITECTURE, json!("ARM64"));
        let finding = world.outcome(ID).findings.remove(0);
        assert_eq!((finding.phase, finding.severity), (Some(Phase::Start), Severity::Likely));
        world.definition("/runtimePlatform", Value::Null);
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }

    #[test]
    fn windows_needs_windows() {
        let mut world = EXAMPLES.passing();
        world.definition(
            "/runtimePlatform",
            json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}),
        );
        let finding = world.outcome(ID).findings.remove(0);
        assert!(finding.summary.contains("`ecs.os-type` is `linux`"), "{}", finding.summary);
    }
}
