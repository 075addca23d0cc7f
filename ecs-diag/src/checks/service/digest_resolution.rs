use serde_json::json;

use super::object::{self, NO_SERVICE};
use crate::{
    Phase,
    aws::ecs::ContainerDefinition,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// The deployment can establish the digests of its images
    ///
    /// # What it looks at
    /// Containers of the task definition that the service runs whose image has a tag and no digest,
    /// and whether the deployment has a task that could tell the digest: with no task wanted there is
    /// none; after three tasks whose pull failed ECS gives up.
    ///
    /// # Why it matters
    /// ECS takes the digest of each image from the first tasks of a deployment and starts all others
    /// with it, so that they run the same image although the tag moves on. Where it cannot, later tasks
    /// run whatever the tag means then; with the circuit breaker on, three failed attempts end the
    /// deployment.
    ///
    /// # How to fix it
    /// Name images by digest, or by tags that never move.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerImage.html>
    DigestResolution {
        id: "svc-digest-resolution",
        domain: "service",
        phase: Pull,
        causes: [],
        explains: [],
    }
}

/// Failed attempts after which ECS gives up.
const ATTEMPTS: i64 = 3;

impl Check for DigestResolution {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else { return cx.not_applicable(NO_SERVICE) };
        if service
            .deployment_controller
            .as_ref()
            .is_some_and(|controller| controller.kind.as_deref().is_some_and(|kind| kind != "ECS"))
        {
            return cx.not_applicable("deployments of the service are steered from outside");
        }
        let primary = service
            .deployments
            .iter()
            .enumerate()
            .find(|(_, deployment)| deployment.status.as_deref() == Some("PRIMARY"));
        let Some((at, deployment)) = primary else { return Ok(()) };
        let none_wanted = deployment.desired_count == 0 && service.desired_count == 0;
        let gave_up = deployment.failed_tasks >= ATTEMPTS
            && deployment.running_count == 0
            && deployment.rollout_state.as_deref() != Some("COMPLETED");
        // Other failures do not keep ECS from learning the digest.
        let pull_failed =
            || Ok(cx.symptom()?.is_some_and(|symptom| symptom.reading.phase == Some(Phase::Pull)));
        if !(none_wanted || gave_up && pull_failed()?) {
            return Ok(());
        }
        if !object::is_current(cx, &service)? {
            return cx.not_applicable(object::ANOTHER_REVISION);
        }
        let task_definition = cx.definition()?;
        let by_tag: Vec<&ContainerDefinition> = task_definition
            .container_definitions
            .iter()
            .filter(|container| {
                container.version_consistency.as_deref() != Some("disabled")
                    && container.image.as_deref().is_some_and(|image| !image.contains('@'))
            })
            .collect();
        if by_tag.is_empty() {
            return Ok(());
        }
        let names = definition::containers(by_tag.iter().map(|container| container.name.as_str()));
        let name = &service.service_name;
        let (summary, detail, pointer, value) = if none_wanted {
            (
                format!("service `{name}` has no task that could tell the digests of its images"),
                format!(
                    "`{}` names the image of {names} by tag only: the first tasks after a scale-out run what the \
                     tag means then",
                    definition::name(&task_definition)
                ),
                format!("/deployments/{at}/desiredCount"),
                0,
            )
        } else {
            (
                format!(
                    "{} tasks of service `{name}` failed before the digests of its images were known",
                    deployment.failed_tasks
                ),
                format!(
                    "the image of {names} has a tag only: after {ATTEMPTS} failed attempts ECS goes on without a \
                     digest, or ends the deployment if the circuit breaker is on; what the tasks say \
                     is the reason"
                ),
                format!("/deployments/{at}/failedTasks"),
                deployment.failed_tasks,
            )
        };
        cx.report(
            Finding::info(summary)
                .detail(detail)
                .resource(object::resource(&service))
                .resource(definition::resource(&task_definition))
                .evidence(object::evidence(cx, &service, pointer, json!(value)))
                .remedy(Remedy::new("name images by digest, or by tags that never move")),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::{DIGEST, Examples, IMAGE, World};

    const ID: &str = "svc-digest-resolution";

    fn failed(world: &mut World, tasks: i64) -> &mut World {
        world
            .stopped("CannotPullContainerError: pull image manifest has been retried 1 time(s)")
            .set("services", "/services/0/deployments/0/failedTasks", json!(tasks))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            failed(world, 3);
        },
        passes: |world| {
            failed(world, 2);
        },
        unknown: |world| {
            failed(world, 3).deny("ecs:DescribeServices");
        },
        near_miss: |world| {
            failed(world, 3).image(&format!("{IMAGE}@{DIGEST}"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        info: 3 tasks of service `checkout` failed before the digests of its images were known
          the image of container `app` has a tag only: after 3 failed attempts ECS goes on without a digest, or ends the deployment if the circuit breaker is on; what the tasks say is the reason
          @ AWS::ECS::Service checkout
          @ AWS::ECS::TaskDefinition checkout:42
          fix: name images by digest, or by tags that never move
        ");
    }

    #[test]
    fn nobody_tells_the_digest_where_no_task_is_wanted() {
        let mut world = World::default();
        world.set("services", "/services/0/desiredCount", json!(0)).set(
            "services",
            "/services/0/deployments/0/desiredCount",
            json!(0),
        );
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].summary.contains("no task that could tell"), "{outcome:?}");
        world.container("/versionConsistency", json!("disabled"));
        assert!(world.outcome(ID).findings.is_empty());
    }
}
