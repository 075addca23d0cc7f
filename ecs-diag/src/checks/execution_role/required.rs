use serde_json::Value;

use super::super::definition;
use crate::{
    Phase,
    aws::ecs::ContainerDefinition,
    case::LaunchType,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    image::Reference,
};

check! {
    /// The task has an execution role if it needs one
    ///
    /// # What it looks at
    /// Whether the task definition, or the task's overrides, name an execution role where the task
    /// cannot start without: for secrets, secrets of the log driver, environment files,
    /// credentials of a private registry and a FireLens configuration in Amazon S3 everywhere; for
    /// images in a private registry of Amazon ECR and the `awslogs` driver everywhere but on
    /// EC2 instances, whose own role can stand in for these two.
    ///
    /// # Why it matters
    /// Before a container runs, ECS fetches its image, secrets and files and opens its log stream
    /// with the credentials of the execution role. Without one the agent says `unable to find
    /// execution role credentials`. On Fargate such a task definition is already refused when it is
    /// registered.
    ///
    /// # How to fix it
    /// Register a task definition revision with `executionRoleArn`: a role that trusts
    /// `ecs-tasks.amazonaws.com` and has the policy `AmazonECSTaskExecutionRolePolicy`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html>
    Required {
        id: "exr-required",
        domain: "execution-role",
        phase: Auth,
        causes: [IamRoleNotAssumable],
        explains: [],
    }
}

impl Check for Required {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        if definition.execution_role_arn.as_ref().is_some_and(|arn| !arn.is_empty()) {
            return Ok(());
        }
        let launch_type = cx.launch_type()?;
        let mut needs: Vec<(Phase, String)> = definition
            .container_definitions
            .iter()
            .flat_map(|container| {
                needs(container, launch_type).map(|(phase, what)| {
                    (phase, format!("{what} (container `{}`)", container.name))
                })
            })
            .collect();
        needs.sort();
        needs.dedup();
        let Some((phase, _)) = needs.first() else { return Ok(()) };
        let phase = *phase;
        let needs: Vec<_> = needs.into_iter().map(|(_, what)| what).collect();
        let label = definition::name(&definition);
        let refused = if launch_type == LaunchType::Fargate {
            "; on Fargate, ECS refuses to register a task definition like that"
        } else {
            ""
        };
        let role = format!(
            "arn:{}:iam::{}:role/ecsTaskExecutionRole",
            cx.partition(),
            cx.account().unwrap_or("ACCOUNT")
        );
        let remedy = Remedy::new(format!(
            "set `executionRoleArn` of `{label}` to a role that trusts `ecs-tasks.amazonaws.com` \
             and has the policy `AmazonECSTaskExecutionRolePolicy`, for instance `{role}`"
        ));
        cx.report(
            Finding::blocker(format!("task definition `{label}` names no execution role"))
                .detail(format!(
                    "ECS needs the execution role's credentials before the containers start, for \
                     {}{refused}",
                    needs.join(", ")
                ))
                .resource(definition::resource(&definition))
                .evidence(
                    Evidence::new(
                        cx.query(&cx.definition_request()?),
                        "/taskDefinition/executionRoleArn",
                        Value::Null,
                    )
                    .object(label),
                )
                .phase(phase)
                .remedy(definition::deployed(cx, &definition, remedy)),
        );
        Ok(())
    }
}

/// What a container needs the execution role for, and in which phase.
fn needs(
    container: &ContainerDefinition,
    launch_type: LaunchType,
) -> impl Iterator<Item = (Phase, &'static str)> {
    let log = container.log_configuration.as_ref();
    // An instance's own role pulls from Amazon ECR and writes logs.
    let no_instance_role = launch_type != LaunchType::Ec2;
    let ecr = || {
        let reference = container.image.as_ref()?.parse::<Reference>().ok()?;
        reference.ecr()
    };
    let awslogs = log.is_some_and(|log| log.log_driver.as_deref() == Some("awslogs"));
    let firelens = container.firelens_configuration.as_ref().is_some_and(|firelens| {
        firelens.options.get("config-file-type").is_some_and(|kind| kind.0 == "s3")
    });
    [
        (
            container
                .repository_credentials
                .as_ref()
                .is_some_and(|credentials| credentials.credentials_parameter.is_some()),
            Phase::Auth,
            "credentials of a private registry",
        ),
        (no_instance_role && ecr().is_some(), Phase::Auth, "an image in Amazon ECR"),
        (!container.secrets.is_empty(), Phase::Secrets, "secrets"),
        (
            log.is_some_and(|log| !log.secret_options.is_empty()),
            Phase::Secrets,
            "secrets of the log driver",
        ),
        (!container.environment_files.is_empty(), Phase::EnvFile, "environment files"),
        (firelens, Phase::Create, "a FireLens configuration in Amazon S3"),
        (no_instance_role && awslogs, Phase::LogDriver, "the log driver `awslogs`"),
    ]
    .into_iter()
    .filter_map(|(needed, phase, what)| needed.then_some((phase, what)))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::testing::{Examples, ROLE, World};

    const MESSAGE: &str = "ASM secret resource: unable to find execution role credentials";

    fn on_ec2(world: &mut World) -> &mut World {
        world
            .stopped(MESSAGE)
            .task("/launchType", json!("EC2"))
            .task("/platformVersion", Value::Null)
            .definition("/requiresCompatibilities", json!(["EC2"]))
            .definition("/executionRoleArn", Value::Null)
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            on_ec2(world);
        },
        passes: |_| {},
        unknown: |world| {
            world.without("taskDefinition");
        },
        near_miss: |world| {
            // The override names one.
            on_ec2(world).task("/overrides/executionRoleArn", json!(ROLE));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("exr-required"), @"
        blocker: task definition `checkout:42` names no execution role
          ECS needs the execution role's credentials before the containers start, for secrets (container `app`)
          @ AWS::ECS::TaskDefinition checkout:42
          fix: set `executionRoleArn` of `checkout:42` to a role that trusts `ecs-tasks.amazonaws.com` and has the policy `AmazonECSTaskExecutionRolePolicy`, for instance `arn:aws:iam::111122223333:role/ecsTaskExecutionRole`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    fn findings(change: impl Fn(&mut World)) -> Vec<Finding> {
        let mut world = World::default();
        on_ec2(&mut world).container("/secrets", json!([]));
        change(&mut world);
        world.outcome("exr-required").findings
    }

    #[test]
    fn an_instance_role_can_pull_and_log_but_no_more() {
        assert_eq!(findings(|_| {}), []);
        for (pointer, value, phase) in [
            ("/repositoryCredentials", json!({"credentialsParameter": "x"}), Phase::Auth),
            (
                "/environmentFiles",
                json!([{"type": "s3", "value": "arn:aws:s3:::b/k.env"}]),
                Phase::EnvFile,
            ),
            (
                "/logConfiguration/secretOptions",
                json!([{"name": "a", "valueFrom": "b"}]),
                Phase::Secrets,
            ),
            (
                "/firelensConfiguration",
                json!({"type": "fluentbit", "options": {"config-file-type": "s3"}}),
                Phase::Create,
            ),
        ] {
            let findings = findings(|world| {
                world.container(pointer, value.clone());
            });
            assert_eq!(findings.len(), 1, "{pointer}");
            assert_eq!(findings[0].phase, Some(phase), "{pointer}");
        }
        let files = findings(|world| {
            world.task(
                "/overrides/containerOverrides/0/environmentFiles",
                json!([{"type": "s3", "value": "arn:aws:s3:::b/k.env"}]),
            );
        });
        assert_eq!(files.len(), 1);
    }

    #[test]
    fn elsewhere_pulling_and_logging_need_the_role() {
        for launch_type in ["FARGATE", "EXTERNAL", "MANAGED_INSTANCES"] {
            let found = findings(|world| {
                world.task("/launchType", json!(launch_type));
            });
            assert!(found[0].detail.contains("an image in Amazon ECR"), "{}", found[0].detail);
            assert!(found[0].detail.contains("`awslogs`"));
            assert_eq!(found[0].detail.contains("refuses to register"), launch_type == "FARGATE");
            let other = findings(|world| {
                world
                    .task("/launchType", json!(launch_type))
                    .image("docker.io/library/nginx:1")
                    .container("/logConfiguration", Value::Null);
            });
            assert_eq!(other, []);
        }
    }
}
