use super::containers::{ecr_images, pull_failure};
use crate::{
    LaunchType,
    aws::Arn,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Resource},
};

check! {
    /// Whose permissions count for a pull
    ///
    /// # What it looks at
    /// Where Amazon ECR refused a pull: whether the role that the message names is the task's execution
    /// role. On Fargate and external instances the execution role pulls. On EC2 instances the container
    /// agent pulls with the execution role where the task definition names one, else with the role of
    /// the instance.
    ///
    /// # Why it matters
    /// Permissions on another role than the one that pulls change nothing, and the task role never
    /// pulls.
    ///
    /// # How to fix it
    /// Give the permissions to the role that the message names, or name an execution role that has them.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html>
    PullerIdentity {
        id: "img-puller-identity",
        domain: "image",
        phase: Pull,
        causes: [],
        explains: [],
    }
}

impl Check for PullerIdentity {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        if ecr_images(cx, &definition).is_empty() {
            return cx.not_applicable("no container's image is in Amazon ECR");
        }
        let Some(failure) = pull_failure(cx)? else { return Ok(()) };
        let said = |name| failure.reading.parameters.get(name).map(String::as_str);
        let refused = said("action").is_some_and(|action| action.starts_with("ecr:"));
        let Some(role) = said("role").filter(|_| refused) else { return Ok(()) };
        let launch_type = cx.launch_type()?;
        let execution: Option<Arn> =
            definition.execution_role_arn.as_ref().and_then(|arn| arn.parse().ok());
        if execution.as_ref().is_some_and(|execution| execution.last() == role) {
            return Ok(());
        }
        let (who, detail) = match (&execution, launch_type) {
            (None, LaunchType::Ec2) => (
                format!("the instance's role `{role}`"),
                "the task definition names no execution role, so the agent pulls with the role of \
                 the instance: give that role the permissions, or name an execution role that has \
                 them"
                    .to_owned(),
            ),
            (Some(execution), LaunchType::Ec2) => (
                format!("role `{role}`"),
                format!(
                    "the task definition names the execution role `{}`, but this pull used `{role}`, \
                     most likely the role of the instance: its agent does not pull with execution \
                     roles, or the definition named none when the task started",
                    execution.last()
                ),
            ),
            (execution, _) => (
                format!("role `{role}`"),
                format!(
                    "it is not the execution role of the task definition, {}: the failure is of \
                     another role than the one to be seen now",
                    execution.as_ref().map_or("which names none".to_owned(), |execution| format!(
                        "`{}`",
                        execution.last()
                    ))
                ),
            ),
        };
        let mut finding = Finding::info(format!("images were pulled with {who}"))
            .detail(detail)
            .resource(definition::resource(&definition))
            .evidence(definition::evidence(
                cx,
                &definition,
                "/executionRoleArn",
                definition.execution_role_arn.clone(),
            )?);
        if let Some(account) = cx.account() {
            let arn = format!("arn:{}:iam::{account}:role/{role}", cx.partition());
            finding = finding.resource(Resource::new("AWS::IAM::Role", role).arn(arn));
        }
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::{Examples, ROLE, World};

    const ID: &str = "img-puller-identity";

    fn refused(world: &mut World, role: &str) {
        world.stopped(&format!(
            "CannotPullContainerError: The task can’t pull the image. Check that the role has the \
             permissions to pull images from the registry. Error response from daemon: pull access \
             denied for 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout, repository does \
             not exist or may require 'docker login': denied: User: \
             arn:aws:sts::111122223333:assumed-role/{role}/i-0123456789abcdef0 is not authorized to \
             perform: ecr:BatchGetImage on resource: \
             arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout because no identity-based \
             policy allows the ecr:BatchGetImage action"
        ));
    }

    fn on_instance(world: &mut World) -> &mut World {
        world.task("/launchType", json!("EC2")).task("/platformVersion", json!(null))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            refused(world, "ecsInstanceRole");
            on_instance(world).definition("/executionRoleArn", json!(null));
        },
        passes: |_| {},
        unknown: |world| {
            refused(world, "ecsInstanceRole");
            world.without("taskDefinition");
        },
        near_miss: |world| {
            // The execution role happens to be called like that.
            refused(world, "ecsInstanceRole");
            let role = ROLE.replace("checkout-execution", "ecsInstanceRole");
            on_instance(world).definition("/executionRoleArn", json!(role));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        info: images were pulled with the instance's role `ecsInstanceRole`
          the task definition names no execution role, so the agent pulls with the role of the instance: give that role the permissions, or name an execution role that has them
          @ AWS::ECS::TaskDefinition checkout:42
          @ AWS::IAM::Role ecsInstanceRole
        ");
    }

    #[test]
    fn an_agent_may_pull_without_the_execution_role() {
        let mut world = World::default();
        refused(&mut world, "ecsInstanceRole");
        let outcome = on_instance(&mut world).outcome(ID);
        assert!(outcome.findings[0].detail.contains("`checkout-execution`"), "{outcome:?}");
    }
}
