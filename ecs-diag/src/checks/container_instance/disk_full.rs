use super::host;
use crate::{
    check::{Check, Cx, Meta, check},
    checks::placement::said,
    facts::Missing,
    finding::{Finding, Remedy},
    signature::Cause,
};

check! {
    /// The disk of the container instance is not full
    ///
    /// # What it looks at
    /// Whether the failure message of a task on a container instance says that its disk or Docker's
    /// thin pool is full. How full a disk is no AWS answer tells.
    ///
    /// # Why it matters
    /// Images and the containers' own files share the instance's disk; stopped containers keep theirs
    /// for hours. On a full disk no image is unpacked and no container is made.
    ///
    /// # How to fix it
    /// Clean up, have the agent clean up earlier, or launch instances with a larger volume.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/CannotCreateContainerError.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/automated_image_cleanup.html>
    DiskFull {
        id: "ci-disk-full",
        domain: "container-instance",
        phase: Pull,
        causes: [StorageHostDiskFull],
        explains: [],
    }
}

impl Check for DiskFull {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let host = match host::of(cx)? {
            Ok(host) => host,
            Err(why) => return cx.not_applicable(why),
        };
        let says = |symptom: &crate::case::Symptom| {
            symptom.reading.causes.contains(&Cause::StorageHostDiskFull)
                && ["no space left on device", "thin pool"]
                    .iter()
                    .any(|words| symptom.text.to_ascii_lowercase().contains(words))
        };
        let Some(symptom) = cx.symptom()?.filter(|symptom| says(symptom)) else { return Ok(()) };
        let (_, evidence) = said(cx, &symptom)?;
        let mut finding = Finding::likely(format!("the disk of instance `{}` is full", host.name))
            .detail(
                "the failure message says so; images, containers and their logs share it, and \
                 stopped containers are kept for three hours",
            )
            .resource(host.resource.clone())
            .evidence(evidence)
            .remedy(
                Remedy::new(
                    "free space on the instance, or replace it by one with a larger volume",
                )
                .step("on the instance: `sudo docker system df`, then `sudo docker system prune`")
                .step(
                    "for the future, set `ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION` and \
                         `ECS_IMAGE_CLEANUP_INTERVAL` lower, or enlarge the volume in the launch \
                         template",
                ),
            );
        finding.phase = symptom.reading.phase;
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::{instances::fixtures::stopped_on, testing::Examples};

    const ID: &str = "ci-disk-full";
    const MESSAGE: &str = "CannotPullContainerError: write /var/lib/docker/tmp/GetImageBlob111111111: \
        no space left on device";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            stopped_on(world, MESSAGE);
        },
        passes: |world| {
            stopped_on(world, "CannotPullContainerError: manifest unknown");
        },
        unknown: |world| {
            stopped_on(world, MESSAGE).deny("ecs:DescribeTasks");
        },
        near_miss: |world| {
            // On Fargate it is the task's own storage.
            world.stopped(MESSAGE).task("/launchType", json!("FARGATE"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: the disk of instance `i-0a000000000000001` is full
          the failure message says so; images, containers and their logs share it, and stopped containers are kept for three hours
          @ AWS::ECS::ContainerInstance 0a0000000000000000000000000000a1
          fix: free space on the instance, or replace it by one with a larger volume
          - on the instance: `sudo docker system df`, then `sudo docker system prune`
          - for the future, set `ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION` and `ECS_IMAGE_CLEANUP_INTERVAL` lower, or enlarge the volume in the launch template
        ");
    }
}
