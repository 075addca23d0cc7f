use super::{about, failure};
use crate::{
    LaunchType,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// The friendly sentence in front of the error is the agent's guess
    ///
    /// # What it looks at
    /// On EC2 and external instances, whether a pull error begins with one of the sentences that the
    /// container agent puts in front: check the role's permissions, check whether the image exists,
    /// check your network configuration.
    ///
    /// # Why it matters
    /// The agent chooses the sentence by a few words of the error, for images of Amazon ECR and of
    /// other registries alike. "Check whether the image exists" also stands before what a private
    /// registry answers to missing credentials. Only the rest of the text is the registry's answer.
    ///
    /// # How to fix it
    /// Judge by the text behind the sentence.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-tasks-error-messages-updates.html>,
    /// <https://github.com/aws/amazon-ecs-agent/blob/master/CHANGELOG.md>
    AgentHintUnreliable {
        id: "cls-agent-hint-unreliable",
        domain: "classification",
        phase: Pull,
        causes: [],
        explains: [],
    }
}

/// What the agent puts in front, without what differs in spelling.
const HINTS: [&str; 3] = [
    "Check that the role has the permissions to pull images from the registry.",
    "Check whether the image exists.",
    "Check your network configuration.",
];

impl Check for AgentHintUnreliable {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(symptom) = failure(cx)? else {
            return cx.not_applicable("nothing speaks of a failure");
        };
        if !matches!(cx.launch_type()?, LaunchType::Ec2 | LaunchType::External) {
            return cx
                .not_applicable("the task does not run under the container agent of an instance");
        }
        let hint = HINTS
            .into_iter()
            .find_map(|hint| Some((hint, symptom.text.split_once(hint)?.1.trim())));
        let Some((hint, tail)) = hint else { return Ok(()) };
        if !symptom.text.contains("CannotPull") || tail.is_empty() {
            return Ok(());
        }
        let finding = Finding::info(format!("`{hint}` is the agent's guess, not the answer"))
            .detail(format!(
                "the agent chose the sentence by a few words of the error; what was answered is: \
                 {tail}"
            ))
            .remedy(Remedy::new("judge by the text behind the sentence"));
        let finding = about(cx, &symptom, finding)?;
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::{Examples, World};

    const REASON: &str = "CannotPullContainerError: The task can\u{2019}t pull the image. Check whether \
        the image exists. Error response from daemon: pull access denied for registry.example.com/shop, \
        repository does not exist or may require 'docker login': denied: requested access to the \
        resource is denied";

    fn pull(world: &mut World, launch_type: &str) {
        world
            .task("/launchType", json!(launch_type))
            .task("/platformVersion", json!(null))
            .task("/containers/0/reason", json!(REASON));
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| pull(world, "EC2"),
        passes: |world| {
            world.task("/launchType", json!("EC2"));
        },
        unknown: |world| {
            world.deny("ecs:DescribeTasks");
        },
        near_miss: |world| pull(world, "FARGATE"),
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("cls-agent-hint-unreliable"), @r"
        info: `Check whether the image exists.` is the agent's guess, not the answer
          the agent chose the sentence by a few words of the error; what was answered is: Error response from daemon: pull access denied for registry.example.com/shop, repository does not exist or may require 'docker login': denied: requested access to the resource is denied
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: judge by the text behind the sentence
        ");
    }
}
