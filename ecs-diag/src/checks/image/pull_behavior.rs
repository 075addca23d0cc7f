use super::containers::pull_failure;
use crate::{
    LaunchType,
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Which settings of the container agent bear on a pull
    ///
    /// # What it looks at
    /// On EC2 and external instances, where a pull ran out of time or stalled, or its manifest could
    /// not be read: the agent's settings for that. They are on the instance and cannot be read from
    /// here.
    ///
    /// # Why it matters
    /// The agent gives up a pull after `ECS_IMAGE_PULL_TIMEOUT` (2 hours), one that stalls after
    /// `ECS_IMAGE_PULL_INACTIVITY_TIMEOUT` (1 minute, on Windows 3), a manifest after
    /// `ECS_MANIFEST_PULL_TIMEOUT` (1 minute). With `ECS_IMAGE_PULL_BEHAVIOR` `once` or
    /// `prefer-cached` it runs what the instance has, even where the tag has moved on.
    ///
    /// # How to fix it
    /// Raise the timeout for large images or slow paths, or make the image smaller. A pull that stalls
    /// at once has no path to the registry.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>,
    /// <https://github.com/aws/amazon-ecs-agent/blob/master/README.md>
    PullBehavior {
        id: "img-pull-behavior",
        domain: "image",
        phase: Pull,
        causes: [],
        explains: [],
    }
}

impl Check for PullBehavior {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if !matches!(cx.launch_type()?, LaunchType::Ec2 | LaunchType::External) {
            return cx.not_applicable("the task does not run on instances of your own");
        }
        let (Some(failure), Some(task)) = (pull_failure(cx)?, cx.task()?) else { return Ok(()) };
        let text = failure.text.to_ascii_lowercase();
        let (what, setting, default) = if text.contains("inactivity time exceeded timeout") {
            ("stalled for longer than", "ECS_IMAGE_PULL_INACTIVITY_TIMEOUT", "1m, on Windows 3m")
        } else if text.contains("could not transition to manifest_pulled") {
            ("waited for the manifest longer than", "ECS_MANIFEST_PULL_TIMEOUT", "1m")
        } else if text.contains("could not transition to pulled") {
            ("took longer than", "ECS_IMAGE_PULL_TIMEOUT", "2h")
        } else {
            return Ok(());
        };
        cx.report(
            Finding::info(format!("the pull {what} `{setting}` of the container agent allows"))
                .detail(format!(
                    "it is {default} unless `/etc/ecs/ecs.config` says otherwise; a large image over \
                     a slow path needs more, and a path that is closed is not opened by it"
                ))
                .resource(task::resource(&task))
                .evidence(task::evidence(cx, &task, "/containers", failure.text.clone()))
                .remedy(
                    Remedy::new(format!(
                        "if the path is open, set `{setting}` higher in `/etc/ecs/ecs.config` and \
                         restart the agent"
                    ))
                    .command("sudo systemctl restart ecs"),
                ),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::{Examples, World};

    const ID: &str = "img-pull-behavior";
    const MESSAGE: &str =
        "CannotPullContainerError: inactivity time exceeded timeout while pulling image";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            on_instance(world).task("/containers/0/reason", json!(MESSAGE));
        },
        passes: |world| {
            on_instance(world);
        },
        unknown: |world| {
            world.deny("ecs:DescribeTasks");
        },
        near_miss: |world| {
            // Fargate has no agent of one's own.
            world.task("/containers/0/reason", json!(MESSAGE));
        },
    };

    fn on_instance(world: &mut World) -> &mut World {
        world.task("/launchType", json!("EC2")).task("/platformVersion", json!(null))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        info: the pull stalled for longer than `ECS_IMAGE_PULL_INACTIVITY_TIMEOUT` of the container agent allows
          it is 1m, on Windows 3m unless `/etc/ecs/ecs.config` says otherwise; a large image over a slow path needs more, and a path that is closed is not opened by it
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: if the path is open, set `ECS_IMAGE_PULL_INACTIVITY_TIMEOUT` higher in `/etc/ecs/ecs.config` and restart the agent
          $ sudo systemctl restart ecs
        ");
    }

    #[test]
    fn every_timeout_has_its_setting() {
        for (state, setting) in
            [("MANIFEST_PULLED", "ECS_MANIFEST_PULL_TIMEOUT"), ("PULLED", "ECS_IMAGE_PULL_TIMEOUT")]
        {
            let mut world = World::default();
            let reason = format!(
                "DockerTimeoutError: Could not transition to {state}; timed out after waiting 1m0s"
            );
            on_instance(&mut world).task("/containers/0/reason", json!(reason));
            let outcome = world.outcome(ID);
            assert!(outcome.findings[0].summary.contains(setting), "{outcome:?}");
        }
    }
}
