use super::stops::{host, said};
use crate::{
    LaunchType,
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Finding, Remedy},
    shell,
};

check! {
    /// The agent could set up the task's network on its instance
    ///
    /// # What it looks at
    /// Texts of the container agent that say that the CNI plugins or the pause container failed:
    /// `ContainerNetworkingError`, `cni setup`, `ecs-ipam`.
    ///
    /// # Why it matters
    /// A task in the network mode `awsvpc` gets its interface from the agent, which runs CNI plugins
    /// and a pause container for that. Where those fail, no task in that mode starts on the
    /// instance, whatever its VPC looks like. The task often says only `Task failed to start`.
    ///
    /// # How to fix it
    /// Drain the instance and replace it by one with the current ECS-optimized AMI, whose agent brings
    /// its plugins and pause image along.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-update.html>
    NetworkingError {
        id: "ctr-networking-error",
        domain: "container",
        phase: Eni,
        causes: [EniCniSetupFailed],
        explains: [],
    }
}

impl Check for NetworkingError {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        if cx.launch_type()? == LaunchType::Fargate {
            return cx.not_applicable("on Fargate the host is not the account's");
        }
        let told = said(cx, &this, &["AGT-CNI"])?;
        let Some(first) = told.first() else { return Ok(()) };
        let (why, fix) = meaning(first.text);
        let place = host(&this);
        let mut finding = Finding::likely(format!(
            "the agent could not set up the task's network on `{}`: {why}",
            place.id
        ))
        .detail(
            "no task in the network mode `awsvpc` starts on this instance while that is so; the VPC \
             is not at fault",
        )
        .resource(place);
        for said in &told {
            finding = finding.evidence(said.evidence(cx, &this));
        }
        let mut remedy = Remedy::new(fix);
        if let Some(arn) = &this.container_instance_arn {
            finding = finding.resource(task::resource(&this));
            remedy = remedy.command(format!(
                "aws ecs update-container-instances-state --container-instances {} --status \
                 DRAINING{}",
                shell::quoted(task::id(arn)),
                task::options(cx)
            ));
        }
        cx.report(finding.remedy(remedy));
        Ok(())
    }
}

/// What the text says went wrong, and what helps.
fn meaning(text: &str) -> (&'static str, &'static str) {
    let text = text.to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if any(&["failed to get available ip", "exchange full", "no available ip"]) {
        (
            "it has no address or place left on the bridge between agent and tasks",
            "drain the instance and replace it: what stopped tasks left behind is not given back",
        )
    } else if any(&["no such image", "pause image", "inspecting pause container"]) {
        (
            "its pause container is not there",
            "restart the agent, which loads the pause image, or replace the instance; image cleanup \
             must not remove `amazon/amazon-ecs-pause`",
        )
    } else if any(&["no such file", "executable file not found", "unable to build cni"]) {
        (
            "its CNI plugins are not there or cannot be used",
            "update the agent, or replace the instance by one with the current ECS-optimized AMI",
        )
    } else if any(&["ipv6"]) {
        (
            "IPv6 is not set up as the subnet says",
            "update the agent and the kernel's IPv6 settings, or replace the instance",
        )
    } else {
        (
            "its CNI plugins failed",
            "drain the instance and replace it by one with the current ECS-optimized AMI",
        )
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::meaning;
    use crate::checks::testing::{Examples, World};

    const ID: &str = "ctr-networking-error";
    const REASON: &str = "ContainerNetworkingError: container resource provisioning: failed to setup \
        network namespace: cni setup: invoke bridge plugin failed: ecs-ipam: getIPV4AddressFromDB \
        commands: failed to get available ip from the db";

    fn on_instance(world: &mut World) -> &mut World {
        world
            .task("/containers/0/reason", json!(REASON))
            .task("/launchType", json!("EC2"))
            .task("/platformVersion", json!(null))
            .task(
                "/containerInstanceArn",
                json!("arn:aws:ecs:eu-west-1:111122223333:container-instance/shop/0a1b2c"),
            )
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            on_instance(world);
        },
        passes: |world| {
            on_instance(world).task("/containers/0/reason", json!(null));
        },
        unknown: |world| {
            on_instance(world).deny("ecs:DescribeTasks");
        },
        near_miss: |world| {
            // There is no instance to replace.
            on_instance(world).task("/launchType", json!("FARGATE"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: the agent could not set up the task's network on `0a1b2c`: it has no address or place left on the bridge between agent and tasks
          no task in the network mode `awsvpc` starts on this instance while that is so; the VPC is not at fault
          @ AWS::ECS::ContainerInstance 0a1b2c
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: drain the instance and replace it: what stopped tasks left behind is not given back
          $ aws ecs update-container-instances-state --container-instances 0a1b2c --status DRAINING --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn tails_say_what_is_missing() {
        for (text, word) in [
            ("No such image: amazon/amazon-ecs-pause:0.1.0", "pause"),
            ("unable to build cni configuration", "CNI plugins"),
            ("no IPv6 subnet gateway address", "IPv6"),
            ("failed to setup network namespace: netplugin failed", "failed"),
        ] {
            assert!(meaning(text).0.contains(word), "{text}");
        }
    }
}
