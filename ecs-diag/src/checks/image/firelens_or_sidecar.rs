use super::containers::{images, is_told, pull_failure};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Finding, Resource},
    signature::Place,
};

check! {
    /// Which container's image a pull failed for
    ///
    /// # What it looks at
    /// Where a pull failed and the task has several images: which of its containers the message means.
    /// An image that no container of the task definition names is of a container that ECS added: the
    /// GuardDuty agent, or the proxy of Service Connect.
    ///
    /// # Why it matters
    /// A task is only as healthy as its sidecars: a log router, a proxy or a monitoring agent that
    /// cannot be pulled stops it, and the application's image is searched in vain.
    ///
    /// # How to fix it
    /// Look at the container that the message means; the other checks judge every container's image.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html>,
    /// <https://docs.aws.amazon.com/guardduty/latest/ug/how-runtime-monitoring-works-ecs-fargate.html>
    FirelensOrSidecar {
        id: "img-firelens-or-sidecar",
        domain: "image",
        phase: Pull,
        causes: [],
        explains: [],
    }
}

impl Check for FirelensOrSidecar {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let (Some(failure), Some(task)) = (pull_failure(cx)?, cx.task()?) else { return Ok(()) };
        let images = images(&definition);
        let meant: Vec<_> =
            images.iter().filter(|image| is_told(&failure, image) == Some(true)).collect();
        let evidence = |pointer: &str| task::evidence(cx, &task, pointer, failure.text.clone());
        if let [image] = meant.as_slice() {
            if images.len() < 2 {
                return Ok(());
            }
            let role = |name: &String| {
                let container = definition.container_definitions.iter().find(|c| c.name == *name);
                let container = container?;
                if container.firelens_configuration.is_some() {
                    Some("the log router")
                } else if container.essential == Some(false) {
                    Some("a sidecar that is not essential")
                } else {
                    None
                }
            };
            let role = image.containers.iter().find_map(role);
            let role = role.map_or(String::new(), |role| format!(", {role}"));
            let finding = Finding::info(format!(
                "it is {}{role}, whose pull failed",
                image.named_by()
            ))
            .detail(format!(
                "the message means image `{}`; nothing is said about the other images of the \
                     task",
                image.text
            ))
            .resource(definition::resource(&definition))
            .named(image.text.clone())
            .evidence(evidence("/stoppedReason"));
            cx.report(finding);
        } else if meant.is_empty()
            && let Some((told, name)) = added(&failure, &definition)
        {
            let finding = Finding::info(format!("{told} is no image of the task definition"))
                .detail(format!(
                    "the pull that failed is that of a container which ECS added to the task{name}, \
                     or the task definition was another one when the task started"
                ))
                .resource(Resource::new("AWS::ECS::Task", task::id(&task.task_arn)).arn(&task.task_arn))
                .evidence(evidence("/stoppedReason"));
            cx.report(finding);
        }
        Ok(())
    }
}

/// What the message means, if no container of the task definition does.
fn added(
    failure: &crate::case::Symptom,
    definition: &crate::aws::ecs::TaskDefinition,
) -> Option<(String, &'static str)> {
    let known = |text: &str| {
        if text.contains("aws-guardduty-agent") {
            " (the GuardDuty agent)"
        } else if text.contains("service-connect") {
            " (the proxy of Service Connect)"
        } else {
            ""
        }
    };
    if let Place::Container(name) = &failure.place {
        let ours = definition.container_definitions.iter().any(|container| container.name == *name);
        return (!ours).then(|| (format!("the image of container `{name}`"), known(name)));
    }
    let image = failure.reading.parameters.get("image")?;
    // What cannot be read names nothing.
    image.parse::<crate::image::Reference>().ok()?;
    Some((format!("`{image}`"), known(image)))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::{Examples, IMAGE, World};

    const ID: &str = "img-firelens-or-sidecar";
    const ROUTER: &str = "906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:stable";
    const MESSAGE: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
        failed to resolve ref 906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:stable: \
        906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:stable: not found";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            router(world).stopped(MESSAGE);
        },
        passes: |world| {
            router(world);
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            // It is the only image that the task has.
            world.stopped(MESSAGE).image(ROUTER);
        },
    };

    fn router(world: &mut World) -> &mut World {
        world.definition(
            "/containerDefinitions/-",
            json!({
                "name": "log_router", "image": ROUTER, "essential": true,
                "firelensConfiguration": {"type": "fluentbit"},
            }),
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        info: it is container `log_router`, the log router, whose pull failed
          the message means image `906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:stable`; nothing is said about the other images of the task
          @ AWS::ECS::TaskDefinition checkout:42
        ");
    }

    #[test]
    fn what_ecs_added_is_told_to_be() {
        let mut world = World::default();
        world.stopped(
            &MESSAGE.replace("aws-for-fluent-bit:stable", "aws-guardduty-agent-fargate:v1"),
        );
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].detail.contains("GuardDuty agent"), "{outcome:?}");
    }

    #[test]
    fn a_message_that_names_no_image_means_none() {
        let mut world = World::default();
        router(&mut world).stopped("CannotPullContainerError: context canceled");
        assert!(world.outcome(ID).findings.is_empty());
        let mut world = World::default();
        router(&mut world).stopped(&format!(
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to \
             resolve ref {IMAGE}: {IMAGE}: not found"
        ));
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings[0].summary, "it is container `app`, whose pull failed");
    }
}
