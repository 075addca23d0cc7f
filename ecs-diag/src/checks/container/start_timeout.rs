use super::stops::{Definitions, host, said};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Finding, Remedy},
    shell,
};

check! {
    /// No container took too long to create or to start
    ///
    /// # What it looks at
    /// Texts of the container agent that say that Docker did not bring a container to the next state
    /// in time, and the log driver of that container.
    ///
    /// # Why it matters
    /// The agent waits 4 minutes for the creation of a container and 3 minutes for its start (8 on
    /// Windows); then the task stops. Docker takes that long when the disk is busy or out of burst
    /// credits, when many containers start at once, or when it waits for something else: the log
    /// driver opens its target before the container starts, so that an unreachable target looks
    /// like a slow host.
    ///
    /// # How to fix it
    /// See whether the target of the log driver can be reached. Then look at disk, memory and Docker
    /// of the host. `ECS_CONTAINER_START_TIMEOUT` and `ECS_CONTAINER_CREATE_TIMEOUT` make the agent
    /// wait longer.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>
    StartTimeout {
        id: "ctr-start-timeout",
        domain: "container",
        phase: Start,
        causes: [HostDockerSlow],
        explains: [],
    }
}

impl Check for StartTimeout {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        let late = said(cx, &this, &["AGT-START-TIMEOUT", "CRTT"])?;
        // A slow pull is a matter of the registry, a slow stop none of the start.
        let late: Vec<_> = late
            .into_iter()
            .filter(|said| {
                let text = said.text.to_ascii_lowercase();
                !["to pulled", "to manifest_pulled", "to stopped"]
                    .iter()
                    .any(|state| text.contains(state))
            })
            .collect();
        let Some(first) = late.first() else { return Ok(()) };
        let task_definition = cx.definition()?;
        let names: Vec<_> = late.iter().filter_map(|said| said.container_name()).collect();
        let definitions = Definitions::of(&task_definition);
        let drivers: Vec<_> = late
            .iter()
            .filter_map(|said| {
                let (_, container) = definitions.find(said.container_name())?;
                container.log_configuration.as_ref()?.log_driver.as_deref()
            })
            .collect();
        let who = match names.as_slice() {
            [] => "a container".to_owned(),
            names => definition::containers(names.iter().copied()),
        };
        let waited = first
            .text
            .split_once("after waiting ")
            .map(|(_, rest)| rest.split_whitespace().next().unwrap_or_default())
            .filter(|span| !span.is_empty())
            .map_or(String::new(), |span| format!(" within {}", span.trim_end_matches('.')));
        let place = host(&this);
        let mut detail = "Docker did not answer in time".to_owned();
        detail += match drivers.first() {
            Some(&driver) if driver != "json-file" => {
                "; the log driver opens its target first, so that one that cannot be reached looks \
                 like a slow host"
            }
            _ => "; nothing but the host itself is in the way: disk, memory, Docker",
        };
        let mut finding = Finding::likely(format!("{who} did not start{waited}"))
            .detail(detail)
            .resource(place)
            .resource(task::resource(&this));
        for said in &late {
            finding = finding.evidence(said.evidence(cx, &this));
        }
        let mut remedy = Remedy::new("find out what Docker waited for");
        if let Some(driver) = drivers.first() {
            remedy = remedy
                .step(format!("see whether the target of the log driver `{driver}` is reached"));
        }
        if let Some(arn) = &this.container_instance_arn {
            remedy = remedy
                .step("look at disk and memory of the instance, and at the log of Docker and agent")
                .command(format!(
                    "aws ecs describe-container-instances --container-instances {}{}",
                    shell::quoted(task::id(arn)),
                    task::options(cx)
                ));
        } else {
            remedy = remedy.step("start the task again: on Fargate the host is another one then");
        }
        cx.report(finding.remedy(remedy));
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "ctr-start-timeout";
    const REASON: &str =
        "DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s";

    fn late(world: &mut World) -> &mut World {
        world.task("/containers/0/reason", json!(REASON)).task("/launchType", json!("EC2")).task(
            "/containerInstanceArn",
            json!("arn:aws:ecs:eu-west-1:111122223333:container-instance/shop/0a1b2c"),
        )
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            late(world);
        },
        passes: |_| {},
        unknown: |world| {
            late(world).deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            // Somebody stopped the task while Docker was busy.
            late(world).task("/stopCode", json!("UserInitiated"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: container `app` did not start within 3m0s
          Docker did not answer in time; the log driver opens its target first, so that one that cannot be reached looks like a slow host
          @ AWS::ECS::ContainerInstance 0a1b2c
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: find out what Docker waited for
          - see whether the target of the log driver `awslogs` is reached
          - look at disk and memory of the instance, and at the log of Docker and agent
          $ aws ecs describe-container-instances --container-instances 0a1b2c --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn a_slow_pull_is_another_question() {
        let mut world = EXAMPLES.failing();
        world.task("/containers/0/reason", json!(REASON.replace("started", "pulled")));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn without_a_log_driver_the_host_is_left() {
        let mut world = EXAMPLES.failing();
        world.container("/logConfiguration", json!(null));
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].detail.contains("the host itself"), "{outcome:?}");
    }
}
