use super::{
    awslogs::awslogs,
    group_exists::{exists, groups},
};
use crate::{
    aws::logs::DescribeLogGroups,
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
};

check! {
    /// A message about the log group is not always about the log group
    ///
    /// # What it looks at
    /// Where the failure message says that the task cannot find its log group and that there is a
    /// connection issue, whether the log groups exist nevertheless.
    ///
    /// # Why it matters
    /// ECS says both when it could not reach CloudWatch Logs at all. A log group that is really
    /// missing is told by CloudWatch Logs itself: `ResourceNotFoundException: The specified log
    /// group does not exist`.
    ///
    /// # How to fix it
    /// Where the group exists, look at the way from the task to `logs.REGION.amazonaws.com` only.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-tasks-error-messages-updates.html>
    MessageTrap {
        id: "log-message-trap",
        domain: "logging",
        phase: LogDriver,
        causes: [],
        explains: [],
    }
}

impl Check for MessageTrap {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(symptom) = cx.symptom()? else { return Ok(()) };
        let says = |words: &str| symptom.text.to_ascii_lowercase().contains(words);
        let trap = symptom.reading.signature == Some("RIE-LOG-NET") && says("log group");
        let Some(this) = cx.task()?.filter(|_| trap) else { return Ok(()) };
        let task_definition = cx.definition()?;
        let containers = awslogs(&task_definition);
        let groups = groups(&containers, cx.launch_type()?, cx.region());
        cx.each(groups, |cx, group| {
            let request = DescribeLogGroups { log_group_name_prefix: group.name.to_owned() };
            if !exists(cx, &group.region, &request)? {
                return Ok(());
            }
            let query = cx.query_in(Some(&group.region), &request);
            cx.report(
                Finding::info(format!(
                    "the message speaks of a log group that cannot be found, but `{}` exists in `{}`",
                    group.name, group.region
                ))
                .detail(
                    "ECS puts that sentence before every failure to reach CloudWatch Logs: what \
                     failed is the connection",
                )
                .resource(task::resource(&this))
                .resource(Resource::new("AWS::Logs::LogGroup", group.name))
                .evidence(Evidence::new(query, "/logGroups", group.name).object(group.name))
                .remedy(Remedy::new("leave the log group alone; look at the way to it")),
            );
            Ok(())
        });
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

    const MESSAGE: &str = "ResourceInitializationError: failed to validate logger args: The task \
        cannot find the Amazon CloudWatch log group defined in the task definition. There is a \
        connection issue between the task and Amazon CloudWatch. Check your network configuration. \
        : signal: killed";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE);
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).deny("logs:DescribeLogGroups");
        },
        near_miss: |world| {
            // It is missing as well.
            world.stopped(MESSAGE).set("logGroups", "/logGroups/0/logGroupName", json!("/ecs/x"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("log-message-trap"), @"
        info: the message speaks of a log group that cannot be found, but `/ecs/checkout` exists in `eu-west-1`
          ECS puts that sentence before every failure to reach CloudWatch Logs: what failed is the connection
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          @ AWS::Logs::LogGroup /ecs/checkout
          fix: leave the log group alone; look at the way to it
        ");
    }

    #[test]
    fn the_answer_of_cloudwatch_is_believed() {
        let mut world = World::default();
        world.stopped(
            "ResourceInitializationError: failed to validate logger args: create stream has been \
             retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: \
             The specified log group does not exist. : exit status 1",
        );
        let outcome = world.outcome("log-message-trap");
        assert!(outcome.status == Status::Passed && outcome.findings.is_empty());
    }
}
