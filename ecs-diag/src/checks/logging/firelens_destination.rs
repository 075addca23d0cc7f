use serde_json::Value;

use super::{
    firelens::{DRIVER, NO_FIRELENS},
    options::{Given, Logging, drivers, option},
};
use crate::{
    LaunchType,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// A log router that writes to AWS has a role to write with
    ///
    /// # What it looks at
    /// On Fargate, where a container logs through FireLens with one of Fluent Bit's outputs to
    /// AWS (`cloudwatch_logs`, `kinesis_firehose`, `kinesis_streams`, `s3`, …): whether the task has
    /// a task role. What the role may do, and whether the destination can be reached, is not checked
    /// here. An output whose name is not shown is not judged.
    ///
    /// # Why it matters
    /// The router is a container of the task: it writes with the task role, not with the execution
    /// role. Without credentials it starts, and the logs go nowhere.
    ///
    /// # How to fix it
    /// Give the task a role that may write to the destination, for instance
    /// `firehose:PutRecordBatch`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_firelens.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-taskdef.html>
    FirelensDestination {
        id: "log-firelens-destination",
        domain: "logging",
        phase: Run,
        causes: [],
        explains: [],
    }
}

/// Outputs of Fluent Bit that write to AWS with the task's credentials.
const OUTPUTS: [&str; 8] = [
    "cloudwatch",
    "cloudwatch_logs",
    "firehose",
    "kinesis_firehose",
    "kinesis",
    "kinesis_streams",
    "s3",
    "bedrock",
];

impl Check for FirelensDestination {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let routed: Vec<Logging<'_>> =
            drivers(&task_definition).filter(|logging| logging.driver == DRIVER).collect();
        if routed.is_empty() {
            return cx.not_applicable(NO_FIRELENS);
        }
        // On an instance the router may have the instance's role.
        if cx.launch_type()? != LaunchType::Fargate {
            return cx.not_applicable("the task does not run on Fargate");
        }
        if task_definition.task_role_arn.as_ref().is_some_and(|role| !role.is_empty()) {
            return Ok(());
        }
        let to_aws: Vec<_> = routed
            .iter()
            .filter_map(|logging| Some((logging, output(logging)?)))
            .filter(|(_, output)| OUTPUTS.contains(&output.as_str()))
            .collect();
        let Some((_, first)) = to_aws.first() else { return Ok(()) };
        let names = to_aws.iter().map(|(logging, _)| logging.container.name.as_str());
        let by = definition::containers(names);
        let label = definition::name(&task_definition);
        let remedy = Remedy::new(format!(
            "set `taskRoleArn` of `{label}` to a role that may write to the destination"
        ));
        let mut finding = Finding::warning(format!(
            "the log router writes the logs of {by} to AWS (`{first}`), but the task has no role"
        ))
        .detail("without a task role it has no credentials: the logs go nowhere")
        .resource(definition::resource(&task_definition))
        .evidence(definition::evidence(
            cx,
            &task_definition,
            "/taskRoleArn",
            Value::Null,
        )?);
        for (logging, output) in &to_aws {
            let pointer =
                format!("/containerDefinitions/{}/logConfiguration/options/Name", logging.index);
            let evidence = definition::evidence(cx, &task_definition, &pointer, output.clone())?;
            finding = finding.evidence(evidence);
        }
        cx.report(finding.remedy(definition::deployed(cx, &task_definition, remedy)));
        Ok(())
    }
}

/// The output that a container's logs go to; Fluent Bit's options know no case.
fn output(logging: &Logging<'_>) -> Option<String> {
    let name = logging.log.options.keys().find(|name| name.eq_ignore_ascii_case("name"))?;
    match option(logging.log, name) {
        Given::Is(output) => Some(output.to_ascii_lowercase()),
        Given::Hidden | Given::Not => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::firelens::tests::routed;
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    fn to<'w>(world: &'w mut World, output: &str) -> &'w mut World {
        routed(world, &json!({})).container("/logConfiguration/options/Name", json!(output))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            to(world, "cloudwatch_logs");
        },
        passes: |world| {
            to(world, "cloudwatch_logs")
                .definition("/taskRoleArn", json!("arn:aws:iam::111122223333:role/checkout"));
        },
        unknown: |world| {
            to(world, "cloudwatch_logs").deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            to(world, "datadog");
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("log-firelens-destination"), @"
        warning: the log router writes the logs of container `app` to AWS (`cloudwatch_logs`), but the task has no role
          without a task role it has no credentials: the logs go nowhere
          @ AWS::ECS::TaskDefinition checkout:42
          fix: set `taskRoleArn` of `checkout:42` to a role that may write to the destination
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn only_what_is_shown_is_judged() {
        for (output, status) in [
            ("Firehose", Status::Failed),
            ("[redacted]", Status::Passed),
            ("forward", Status::Passed),
        ] {
            let mut world = World::default();
            to(&mut world, output);
            assert_eq!(world.outcome("log-firelens-destination").status, status, "{output}");
        }
    }
}
