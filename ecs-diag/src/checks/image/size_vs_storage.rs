use super::containers::{ecr_images, image_request, images};
use crate::{
    LaunchType, Phase,
    check::{Check, Cx, Meta, check},
    checks::{definition, fargate, task},
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    signature::Cause,
};

check! {
    /// Images fit into the task's storage
    ///
    /// # What it looks at
    /// On Fargate, whether the task's images in Amazon ECR fit into its ephemeral storage: 20 GiB, or
    /// what `ephemeralStorage` says (21 to 200 GiB), overrides included; on Linux platform versions
    /// before 1.4.0 it is 10 GB. The storage holds images both compressed and unpacked, which together
    /// are about three times what ECR counts. Images of other registries are not counted, nor is what
    /// the task writes.
    ///
    /// # Why it matters
    /// A pull that fills the storage ends in `no space left on device`. Data of one large model in an
    /// image are enough.
    ///
    /// # How to fix it
    /// Raise `ephemeralStorage`, or make the image smaller: a build with stages, a smaller base, data
    /// from Amazon S3 or EFS instead of layers.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html>
    SizeVsStorage {
        id: "img-size-vs-storage",
        domain: "image",
        phase: Pull,
        causes: [StorageFargateEphemeralFull],
        explains: [],
    }
}

const GIB: u64 = 1 << 30;
/// Storage where the task definition asks for none.
const DEFAULT_GIB: u64 = 20;
/// The largest storage.
const MOST_GIB: u64 = 200;
/// Storage on Linux platform versions before 1.4.0.
const OLD_BYTES: u64 = 10_000_000_000;
/// How much larger an image is compressed and unpacked than compressed: a rule of thumb.
const UNPACKED: u64 = 3;

impl Check for SizeVsStorage {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if cx.launch_type()? != LaunchType::Fargate {
            return cx.not_applicable("the task does not run on Fargate");
        }
        let definition = cx.definition()?;
        let found = ecr_images(cx, &definition);
        if found.is_empty() {
            return cx.not_applicable("no container's image is in Amazon ECR");
        }
        if cx.proven(Phase::Pull)? {
            return Ok(());
        }
        let mut sizes = Vec::new();
        cx.each(&found, |cx, image| {
            let region = Some(image.registry.region.as_str());
            let request = image_request(&image.registry, &image.reference);
            let Some(answer) = cx.get_in(region, &request)? else { return Ok(()) };
            let Some(detail) = answer.image_details.first() else { return Ok(()) };
            let query = cx.query_in(region, &request);
            let size = detail.image_size_in_bytes.and_then(|size| u64::try_from(size).ok());
            let Some(size) = size else {
                return Err(Missing::undecided(query, "the answer does not say how large it is"));
            };
            sizes.push((size, image.image.text.clone(), query));
            Ok(())
        });
        sizes.sort_by(|a, b| b.cmp(a));
        let total = sizes.iter().fold(0_u64, |sum, (size, ..)| sum.saturating_add(*size));
        let needed = total.saturating_mul(UNPACKED);

        let task = cx.task()?;
        let version = task.as_ref().and_then(|task| task.platform_version.clone());
        let windows = fargate::is_windows(fargate::operating_system(&definition));
        let old = version.filter(|version| !windows && fargate::before_1_4(version));
        let asked = definition.ephemeral_storage.as_ref().and_then(|storage| storage.size_in_gib);
        let asked = asked.and_then(|size| u64::try_from(size).ok()).unwrap_or(DEFAULT_GIB);
        let storage = if old.is_some() { OLD_BYTES } else { asked.saturating_mul(GIB) };
        if needed <= storage {
            return Ok(());
        }
        let full = cx.symptom()?.is_some_and(|symptom| {
            let causes = &symptom.reading.causes;
            !symptom.reading.benign && causes.contains(&Cause::StorageFargateEphemeralFull)
        });
        let has = match &old {
            Some(version) => format!("10 GB on platform version {version}"),
            None => format!("{asked} GiB"),
        };
        let name = definition::name(&definition);
        let summary = |what: &str| {
            format!("the images of task definition `{name}` {what} its storage of {has}")
        };
        let finding = if total > storage {
            Finding::blocker(summary("are larger than"))
        } else if full {
            Finding::likely(summary("unpacked are larger than"))
        } else {
            Finding::warning(summary("unpacked may be larger than"))
        };
        let mut detail = format!(
            "they are {} compressed, and compressed and unpacked about three times that; Fargate \
             keeps both in the task's storage",
            shown(total)
        );
        for (size, text, _) in &sizes {
            detail += &format!("; `{text}` is {}", shown(*size));
        }
        if images(&definition).len() > found.len() {
            detail += "; images outside Amazon ECR come on top";
        }

        // A fifth more for what the task writes.
        let size = needed.saturating_add(needed / 5).div_ceil(GIB).max(DEFAULT_GIB + 1);
        let overriding = task.as_deref().filter(|task| task.overrides.ephemeral_storage.is_some());
        let remedy = if size > MOST_GIB {
            Remedy::new(format!(
                "make the images smaller: {MOST_GIB} GiB, the most that Fargate has, may not hold \
                 them"
            ))
        } else if let (Some(_), Some(task)) = (&old, task.as_deref()) {
            let set = serde_json::json!({"sizeInGiB": size});
            let remedy = fargate::on_1_4(cx, task);
            let remedy = remedy
                .step(format!(
                    "in a new revision of task definition `{name}`, set `ephemeralStorage.sizeInGiB` \
                     to {size}"
                ))
                .edit(definition::set(&definition, "/ephemeralStorage", set));
            definition::deployed(cx, &definition, remedy)
        } else if let Some(task) = overriding {
            let set = serde_json::json!({"sizeInGiB": size});
            Remedy::new(format!(
                "start the task with {size} GiB as override of `ephemeralStorage.sizeInGiB`: it \
                 outranks the task definition"
            ))
            .edit(task::set(task, "/overrides/ephemeralStorage", set))
        } else {
            let set = serde_json::json!({"sizeInGiB": size});
            let remedy = Remedy::new(format!("set `ephemeralStorage.sizeInGiB` to {size}"))
                .edit(definition::set(&definition, "/ephemeralStorage", set));
            definition::deployed(cx, &definition, remedy)
        };
        let mut finding =
            finding.detail(detail).resource(definition::resource(&definition)).remedy(remedy);
        for (size, text, query) in sizes {
            let evidence = Evidence::new(query, "/imageDetails/0/imageSizeInBytes", size);
            finding = finding.evidence(evidence.object(text));
        }
        cx.report(finding);
        Ok(())
    }
}

/// A size as people say it.
fn shown(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) / GIB;
    if tenths == 0 {
        return format!("{} MiB", bytes >> 20);
    }
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::shown;
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const ID: &str = "img-size-vs-storage";
    const MESSAGE: &str = "CannotPullContainerError: ref pull has been retried 1 time(s): failed to \
        extract layer sha256:1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c: write \
        /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs/model.bin: no space \
        left on device: unknown";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            large(world, 9_000_000_000).stopped(MESSAGE);
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).deny("ecr:DescribeImages");
        },
        near_miss: |world| {
            // The image is small: it is something else that fills the storage.
            world.stopped(MESSAGE);
        },
    };

    fn large(world: &mut World, bytes: u64) -> &mut World {
        world.set("imageDetails", "/imageDetails/0/imageSizeInBytes", json!(bytes))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: the images of task definition `checkout:42` unpacked are larger than its storage of 20 GiB
          they are 8.3 GiB compressed, and compressed and unpacked about three times that; Fargate keeps both in the task's storage; `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42` is 8.3 GiB
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): set `ephemeralStorage.sizeInGiB` to 31
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn severity_is_what_the_sizes_prove() {
        let severity = |bytes, message: &str| {
            let mut world = World::default();
            let outcome = large(&mut world, bytes).stopped(message).outcome(ID);
            outcome.findings.first().map(|finding| finding.severity)
        };
        assert_eq!(severity(7_000_000_000, MESSAGE), None);
        assert_eq!(severity(9_000_000_000, MESSAGE), Some(Severity::Likely));
        assert_eq!(severity(9_000_000_000, "Task failed to start"), Some(Severity::Warning));
        assert_eq!(severity(22_000_000_000, "Task failed to start"), Some(Severity::Blocker));
    }

    #[test]
    fn the_fixes_are_proved() {
        assert!(EXAMPLES.failing().verified(ID));
        let mut world = EXAMPLES.failing();
        world.task("/overrides/ephemeralStorage", json!({"sizeInGiB": 21}));
        assert!(world.verified(ID));
        let mut world = World::default();
        large(&mut world, 5_000_000_000).task("/platformVersion", json!("1.3.0"));
        assert!(world.verified(ID));
        // No storage is that large.
        let mut world = World::default();
        large(&mut world, 300_000_000_000);
        assert!(!world.verified(ID));
    }

    #[test]
    fn what_was_pulled_fitted() {
        let mut world = EXAMPLES.failing();
        world.task("/startedAt", json!("2026-11-20T10:00:40Z"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        let mut world = EXAMPLES.failing();
        world.task("/launchType", json!("EC2"));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }

    #[test]
    fn a_size_that_is_not_told_is_unknown() {
        let mut world = World::default();
        world.set("imageDetails", "/imageDetails/0/imageSizeInBytes", json!(null));
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }

    #[test]
    fn sizes_are_shown_in_a_unit_that_suits() {
        assert_eq!(shown(81_000_000), "77 MiB");
        assert_eq!(shown(9_000_000_000), "8.3 GiB");
        assert_eq!(shown(u64::MAX), "1717986918.3 GiB");
    }
}
