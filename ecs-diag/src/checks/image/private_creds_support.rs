use super::containers::images;
use crate::{
    LaunchType,
    check::{Check, Cx, Meta, check},
    checks::{definition, fargate, task, version::Version},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// The platform can log in to private registries
    ///
    /// # What it looks at
    /// Where a container has `repositoryCredentials`: on Fargate, whether the platform version for
    /// Linux is 1.2.0 or newer; on instances, whether the failure says that none had a required
    /// attribute. The attribute is `ecs.capability.private-registry-authentication.secretsmanager`,
    /// which container agents have from version 1.19.0 on. That the task needs an execution role is the
    /// matter of `exr-required`.
    ///
    /// # Why it matters
    /// A platform that does not know the parameter pulls without a login, and ECS places no task with
    /// it on an instance whose agent is too old.
    ///
    /// # How to fix it
    /// Run the task on a newer platform version, or update the container agent.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-versions.html>
    PrivateCredsSupport {
        id: "img-private-creds-support",
        domain: "image",
        phase: Place,
        causes: [PlaceAttributeOrGpu],
        explains: [],
    }
}

/// Attribute of instances whose agent can log in to private registries.
const ATTRIBUTE: &str = "ecs.capability.private-registry-authentication.secretsmanager";

impl Check for PrivateCredsSupport {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let images = images(&definition);
        let with: Vec<_> = images.iter().filter(|image| image.credentials).collect();
        if with.is_empty() {
            return cx.not_applicable("no container gives credentials for a registry");
        }
        let names = definition::containers(
            with.iter().flat_map(|image| &image.containers).map(String::as_str),
        );
        let Some(task) = cx.task()? else { return Ok(()) };
        if cx.launch_type()? == LaunchType::Fargate {
            let windows = fargate::is_windows(fargate::operating_system(&definition));
            let version = task.platform_version.as_deref().filter(|_| !windows);
            let Some(version) =
                version.filter(|version| fargate::before(version, Version(1, 2, 0)))
            else {
                return Ok(());
            };
            let finding = Finding::blocker(format!(
                "platform version {version} cannot log in to a private registry"
            ))
            .detail(format!(
                "`repositoryCredentials` of {names} need platform version 1.2.0 or newer; without \
                 them the registry refuses the pull"
            ))
            .resource(task::resource(&task))
            .evidence(task::evidence(cx, &task, "/platformVersion", version))
            .remedy(fargate::on_1_4(cx, &task));
            cx.report(finding.phase(crate::Phase::Auth));
            return Ok(());
        }
        // Where it was placed, the instance had what it requires.
        if task.container_instance_arn.is_some() {
            return Ok(());
        }
        let lacks = cx.symptom()?.filter(|symptom| {
            !symptom.reading.benign && symptom.reading.signature == Some("TFS-ATTRIBUTE")
        });
        if let Some(symptom) = lacks {
            let remedy = Remedy::new(
                "update the container agent to version 1.19.0 or newer on the cluster's instances",
            )
            .command(format!(
                "aws ecs list-attributes --target-type container-instance --attribute-name \
                 {ATTRIBUTE}{}",
                task::options(cx)
            ));
            cx.report(
                Finding::likely(
                    "no instance had all attributes that the task requires; one of them is that its \
                     agent can log in to private registries",
                )
                .detail(format!(
                    "`repositoryCredentials` of {names} require the attribute `{ATTRIBUTE}`, which \
                     agents have from version 1.19.0 on: this is why if the instances' agents are \
                     older, otherwise another attribute is missing"
                ))
                .resource(definition::resource(&definition))
                .evidence(task::evidence(cx, &task, "/stoppedReason", symptom.text.clone()))
                .remedy(remedy),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const ID: &str = "img-private-creds-support";
    const MESSAGE: &str = super::super::private_creds_missing::tests::MESSAGE;

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            credentials(world).stopped(MESSAGE).task("/platformVersion", json!("1.1.0"));
        },
        passes: |world| {
            credentials(world);
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            credentials(world).stopped(MESSAGE);
        },
    };

    fn credentials(world: &mut World) -> &mut World {
        world
            .image(super::super::private_creds_missing::tests::IMAGE)
            .container("/repositoryCredentials", json!({"credentialsParameter": "shop/db"}))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: platform version 1.1.0 cannot log in to a private registry
          `repositoryCredentials` of container `app` need platform version 1.2.0 or newer; without them the registry refuses the pull
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix (verified): run the task on platform version 1.4.0
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --platform-version 1.4.0
        ");
    }

    #[test]
    fn the_fix_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn an_instance_that_took_the_task_can_log_in() {
        let mut world = World::default();
        credentials(&mut world)
            .task("/launchType", json!("EC2"))
            .task("/platformVersion", json!(null))
            .stopped("TaskFailedToStart: ATTRIBUTE");
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Likely);
        let instance = "arn:aws:ecs:eu-west-1:111122223333:container-instance/shop/0123";
        world.task("/containerInstanceArn", json!(instance));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
