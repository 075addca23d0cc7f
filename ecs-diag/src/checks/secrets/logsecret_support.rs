use crate::{
    check::{Check, Cx, Meta, check},
    checks::{
        definition,
        features::{LOG_SECRET, too_old},
    },
    facts::Missing,
    finding::{Evidence, Finding},
};

check! {
    /// What runs the task can give secrets to log drivers
    ///
    /// # What it looks at
    /// Where a container's log driver has `secretOptions`: whether the Fargate platform version of
    /// the task is 1.3.0 or newer, or the container agent that it was placed under 1.27.0 or newer.
    ///
    /// # Why it matters
    /// What is older knows no secrets of log drivers: the log driver lacks the option, and the
    /// container does not start.
    ///
    /// # How to fix it
    /// Run the task on a newer platform version, or update the agent.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-logconfig.html>,
    /// <https://github.com/aws/amazon-ecs-agent/blob/master/CHANGELOG.md>
    LogsecretSupport {
        id: "sec-logsecret-support",
        domain: "secrets",
        phase: Secrets,
        causes: [AgentVersionBugOrConfig, LogDriverMisconfigured],
        explains: [],
    }
}

impl Check for LogsecretSupport {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let containers = task_definition.container_definitions.iter().enumerate();
        let with_secrets: Vec<_> = containers
            .filter(|(_, container)| {
                let log = container.log_configuration.as_ref();
                log.is_some_and(|log| !log.secret_options.is_empty())
            })
            .collect();
        let Some((index, _)) = with_secrets.first() else {
            return cx.not_applicable("no log driver has secrets");
        };
        let Some(old) = too_old(cx, &LOG_SECRET)? else { return Ok(()) };
        let query = cx.query(&cx.definition_request()?);
        let pointer =
            format!("/taskDefinition/containerDefinitions/{index}/logConfiguration/secretOptions");
        let names = with_secrets.iter().map(|(_, container)| container.name.as_str());
        cx.report(
            Finding::blocker(format!("{} cannot give secrets to log drivers", old.what))
                .detail(format!(
                    "the log driver of {} has `secretOptions`; that needs {} or newer",
                    definition::containers(names),
                    old.needed
                ))
                .resource(old.resource)
                .resource(definition::resource(&task_definition))
                .evidence(old.evidence)
                .evidence(Evidence::new(query, pointer, with_secrets.len()))
                .remedy(old.remedy),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{one, placed},
            testing::{Examples, World},
        },
    };

    fn secret_option(world: &mut World) -> &mut World {
        world.container(
            "/logConfiguration",
            json!({
                "logDriver": "splunk", "options": {"splunk-url": "https://splunk.example.com:8088"},
                "secretOptions": [{"name": "splunk-token", "valueFrom": "/shop/flag"}],
            }),
        )
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            one(
                placed(secret_option(world), "EC2", &[]),
                0,
                "/versionInfo/agentVersion",
                json!("1.26.1"),
            );
        },
        passes: |world| {
            secret_option(world);
        },
        unknown: |world| {
            one(
                placed(secret_option(world), "EC2", &[]),
                0,
                "/versionInfo/agentVersion",
                json!("1.26.1"),
            )
            .deny("ecs:DescribeContainerInstances");
        },
        near_miss: |world| {
            placed(secret_option(world), "EC2", &[]);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-logsecret-support"), @"
        blocker: container agent 1.26.1 cannot give secrets to log drivers
          the log driver of container `app` has `secretOptions`; that needs 1.27.0 or newer
          @ AWS::ECS::ContainerInstance 0a0000000000000000000000000000a1
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): update the container agent
          $ aws ecs update-container-agent --container-instance 0a0000000000000000000000000000a1 --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn platform_versions_before_1_3_know_no_secrets_of_log_drivers() {
        for (version, status) in [
            ("1.2.0", Status::Failed),
            ("1.3.0", Status::Passed),
            ("1.4.0", Status::Passed),
            ("LATEST", Status::Passed),
        ] {
            let mut world = World::default();
            secret_option(&mut world).task("/platformVersion", json!(version));
            assert_eq!(world.outcome("sec-logsecret-support").status, status, "{version}");
        }
    }
}
