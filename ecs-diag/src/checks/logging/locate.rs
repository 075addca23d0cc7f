use std::collections::BTreeSet;

use super::awslogs::{Awslogs, awslogs};
use crate::{
    LaunchType,
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Finding, Remedy},
    shell::{self, quoted},
};

check! {
    /// Where the logs of a task that ended are
    ///
    /// # What it looks at
    /// For a task whose containers ran and that failed: the log group and the log stream of every
    /// container with the log driver `awslogs`. The stream is `PREFIX/CONTAINER/TASK`.
    ///
    /// # Why it matters
    /// Why an application ended stands in its log and nowhere else.
    ///
    /// # How to fix it
    /// Read the log with the command.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html>
    Locate {
        id: "log-locate",
        domain: "logging",
        phase: Run,
        causes: [],
        explains: [],
    }
}

impl Check for Locate {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let failed = cx.symptom()?.is_some_and(|symptom| !symptom.reading.benign);
        let Some(this) = cx.task()?.filter(|_| failed) else {
            return cx.not_applicable("no task failed");
        };
        let ran: BTreeSet<&str> = this
            .containers
            .iter()
            .filter(|container| container.exit_code.is_some())
            .filter_map(|container| container.name.as_deref())
            .collect();
        if ran.is_empty() {
            return cx.not_applicable("no container ran");
        }
        let task_definition = cx.definition()?;
        // On an instance the driver falls back to the instance's Region.
        let own = cx.region().filter(|_| matches!(cx.launch_type(), Ok(LaunchType::Ec2)));
        let id = task::id(&this.task_arn);
        let streams: Vec<_> = awslogs(&task_definition)
            .into_iter()
            .filter(|logging| ran.contains(logging.container.name.as_str()))
            .filter_map(|logging| stream(&logging, own, id))
            .collect();
        if streams.is_empty() {
            return Ok(());
        }
        let mut remedy = Remedy::new("read the log");
        let mut shown = Vec::new();
        for (group, stream, region) in streams {
            remedy = remedy.command(format!(
                "aws logs get-log-events --log-group-name {} --log-stream-name {}{}",
                quoted(group),
                quoted(&stream),
                shell::region_option(Some(region))
            ));
            shown.push(format!("`{stream}` in `{group}`"));
        }
        cx.report(
            Finding::info(format!("the task's logs are in {}", shown.join(", ")))
                .detail("why an application ended stands there and nowhere else")
                .resource(task::resource(&this))
                .evidence(task::evidence(cx, &this, "/taskArn", this.task_arn.clone()))
                .remedy(remedy),
        );
        Ok(())
    }
}

/// Group, stream and Region of a container's log; without a prefix the stream is named after
/// Docker's id of the container, which ECS does not tell.
fn stream<'d>(
    logging: &Awslogs<'d>,
    own: Option<&'d str>,
    task: &str,
) -> Option<(&'d str, String, &'d str)> {
    let region = match logging.option("awslogs-region") {
        None if !logging.is_secret("awslogs-region") => own?,
        region => region?,
    };
    let prefix = logging.option("awslogs-stream-prefix")?;
    let stream = format!("{prefix}/{}/{task}", logging.container.name);
    Some((logging.option("awslogs-group")?, stream, region))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    fn exited(world: &mut World) -> &mut World {
        world
            .stopped("Essential container in task exited")
            .task("/stopCode", json!("EssentialContainerExited"))
            .task("/startedAt", json!("2026-11-20T10:00:40Z"))
            .task("/containers/0/exitCode", json!(1))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            exited(world);
        },
        passes: |world| {
            exited(world).container("/logConfiguration/options/awslogs-group", json!("[redacted]"));
        },
        unknown: |world| {
            exited(world).without("taskDefinition");
        },
        near_miss: |world| {
            exited(world).container("/logConfiguration", json!({"logDriver": "splunk"}));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("log-locate"), @"
        info: the task's logs are in `app/app/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` in `/ecs/checkout`
          why an application ended stands there and nowhere else
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: read the log
          $ aws logs get-log-events --log-group-name /ecs/checkout --log-stream-name app/app/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c --region eu-west-1
        ");
    }

    #[test]
    fn what_never_ran_has_no_log() {
        let mut world = EXAMPLES.failing();
        world.task("/containers/0/exitCode", Value::Null);
        assert_eq!(world.outcome("log-locate").status, Status::NotApplicable);
    }
}
