use serde_json::{Value, json};

use super::awslogs::{Awslogs, awslogs, is_region};
use crate::{
    aws::{ecs::TaskDefinition, logs::DescribeLogGroups},
    case::{Case, LaunchType},
    check::{Check, Cx, Meta, check},
    checks::definition,
    edit::Edit,
    facts::{self, Missing},
    finding::{Evidence, Finding, Remedy, Resource},
    shell::{self, quoted},
};

check! {
    /// The log groups that the containers write to exist
    ///
    /// # What it looks at
    /// For every container with the log driver `awslogs`, whether CloudWatch Logs has a log group
    /// of exactly the name in `awslogs-group`, in the Region in `awslogs-region`. A group that the
    /// driver creates itself (`awslogs-create-group`) need not exist. Where the group exists in the
    /// task's Region only, that is said.
    ///
    /// # Why it matters
    /// The driver opens a log stream before the container starts: `The specified log group does not
    /// exist` stops the task.
    ///
    /// # How to fix it
    /// Create the log group in that Region, or register a task definition revision that names the
    /// group or Region that was meant.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html>,
    /// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html>
    GroupExists {
        id: "log-group-exists",
        domain: "logging",
        phase: LogDriver,
        causes: [LogGroupMissing, LogRegionWrong],
        explains: [],
    }
}

/// A log group that containers write to.
pub(super) struct Group<'d> {
    pub(super) name: &'d str,
    pub(super) region: String,
    containers: Vec<Awslogs<'d>>,
}

impl Check for GroupExists {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let containers = awslogs(&task_definition);
        if containers.is_empty() {
            return cx.not_applicable("no container has the log driver `awslogs`");
        }
        let groups = groups(&containers, cx.launch_type()?, cx.region());
        cx.each(groups, |cx, group| look_up(cx, &task_definition, &group));
        Ok(())
    }
}

/// The log groups that must exist, each once. Where name or Region are missing or wrong, that is
/// the matter of `log-awslogs-options`.
pub(super) fn groups<'d>(
    containers: &[Awslogs<'d>],
    launch_type: LaunchType,
    own: Option<&str>,
) -> Vec<Group<'d>> {
    let mut groups: Vec<Group<'d>> = Vec::new();
    for container in containers {
        // On an instance the driver falls back to the instance's Region.
        let hidden = container.is_secret("awslogs-region");
        let own = own.filter(|_| launch_type == LaunchType::Ec2 && !hidden);
        let region = container.option("awslogs-region").or(own);
        let (Some(name), Some(region)) = (container.option("awslogs-group"), region) else {
            continue;
        };
        if !is_region(region) {
            continue;
        }
        let same = |group: &&mut Group<'_>| group.name == name && group.region == region;
        if let Some(group) = groups.iter_mut().find(same) {
            group.containers.push(*container);
        } else {
            let containers = vec![*container];
            groups.push(Group { name, region: region.to_owned(), containers });
        }
    }
    groups.retain(|group| !group.containers.iter().any(Awslogs::creates_group));
    groups
}

pub(super) fn exists(
    case: &Case<'_>,
    region: &str,
    request: &DescribeLogGroups,
) -> Result<bool, Missing> {
    // The answer lists every group whose name begins like that.
    Ok(case.get_in(Some(region), request)?.is_some_and(|answer| {
        let name = &request.log_group_name_prefix;
        answer.log_groups.iter().any(|group| group.log_group_name == *name)
    }))
}

fn look_up(
    cx: &mut Cx<'_>,
    task_definition: &TaskDefinition,
    group: &Group<'_>,
) -> Result<(), Missing> {
    let Group { name, region, containers } = group;
    let request = DescribeLogGroups { log_group_name_prefix: (*name).to_owned() };
    if exists(cx, region, &request)? {
        return Ok(());
    }
    // Whether it exists in the task's own Region is help, so that no answer is no obstacle.
    let meant = match cx.region().filter(|own| own != region) {
        Some(own) => facts::at_hand(exists(cx, own, &request).map(|there| there.then_some(own)))?,
        None => None,
    };
    let query = cx.query_in(Some(region), &request);
    let named_by = definition::containers(
        containers.iter().map(|container| container.container.name.as_str()),
    );
    let arn = format!(
        "arn:{}:logs:{region}:{}:log-group:{name}",
        cx.partition(),
        cx.account().unwrap_or_default()
    );
    let create = format!(
        "aws logs create-log-group --log-group-name {}{}",
        quoted(name),
        shell::region_option(Some(region))
    );
    let (elsewhere, remedy) = if let Some(own) = meant {
        let mut remedy =
            Remedy::new(format!("set `awslogs-region` to `{own}` in the task definition"));
        for container in containers {
            remedy = remedy.edit(Edit::Set(
                definition::object(task_definition),
                container.pointer("awslogs-region"),
                own.into(),
            ));
        }
        (
            format!("; there is one in `{own}`, where the task runs, but not in `awslogs-region`"),
            definition::deployed(cx, task_definition, remedy),
        )
    } else {
        let created = json!({"logGroups": [{"logGroupName": name, "arn": format!("{arn}:*")}]});
        let remedy = Remedy::new(format!("create the log group `{name}` in `{region}`"))
            .command(create)
            .edit(Edit::Answer(query.clone(), created));
        (String::new(), remedy)
    };
    cx.report(
        Finding::blocker(format!("log group `{name}` does not exist in `{region}`{elsewhere}"))
            .detail(format!(
                "the log driver of {named_by} opens its log stream there before the container \
                 starts, and `awslogs-create-group` is not `true`"
            ))
            .resource(Resource::new("AWS::Logs::LogGroup", *name).arn(arn))
            .evidence(Evidence::new(query, "/logGroups", Value::Array(vec![])).object(*name))
            .remedy(remedy),
    );
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const MESSAGE: &str = "ResourceInitializationError: failed to validate logger args: create \
        stream has been retried 1 times: failed to create Cloudwatch log stream: \
        ResourceNotFoundException: The specified log group does not exist. : exit status 1";
    const OPTIONS: &str = "/logConfiguration/options";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            // Only a group whose name begins with that name.
            world.stopped(MESSAGE).set(
                "logGroups",
                "/logGroups/0/logGroupName",
                json!("/ecs/checkout-old"),
            );
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).deny("logs:DescribeLogGroups");
        },
        near_miss: |world| {
            // It was created since.
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("log-group-exists"), @r"
        blocker: log group `/ecs/checkout` does not exist in `eu-west-1`
          the log driver of container `app` opens its log stream there before the container starts, and `awslogs-create-group` is not `true`
          @ AWS::Logs::LogGroup /ecs/checkout
          fix (verified): create the log group `/ecs/checkout` in `eu-west-1`
          $ aws logs create-log-group --log-group-name /ecs/checkout --region eu-west-1
        ");
    }

    #[test]
    fn a_group_that_the_driver_creates_need_not_exist() {
        for (value, status) in
            [("true", Status::Passed), ("false", Status::Failed), ("yes", Status::Failed)]
        {
            let mut world = EXAMPLES.failing();
            world.container(&format!("{OPTIONS}/awslogs-create-group"), json!(value));
            assert_eq!(world.outcome("log-group-exists").status, status, "{value}");
        }
    }

    fn in_other_region() -> World {
        let mut world = World::default();
        world.stopped(MESSAGE).container(&format!("{OPTIONS}/awslogs-region"), json!("eu-west-2"));
        world
    }

    #[test]
    fn the_region_of_the_option_is_asked() {
        let outcome = in_other_region().outcome("log-group-exists");
        assert_eq!(outcome.status, Status::Unknown);
        assert_eq!(outcome.missing[0].query().region.as_deref(), Some("eu-west-2"));
    }

    #[test]
    fn a_group_in_the_tasks_region_only_is_the_region_gone_wrong() {
        let mut world = in_other_region();
        world.recordings.push(json!({
            "service": "logs", "operation": "DescribeLogGroups", "region": "eu-west-2",
            "input": {"logGroupNamePrefix": "/ecs/checkout"}, "output": {"logGroups": []},
        }));
        let report = world.report();
        let finding = report.findings.iter().find(|f| f.check == "log-group-exists").unwrap();
        assert!(finding.summary.contains("there is one in `eu-west-1`"), "{}", finding.summary);
        assert!(finding.remedy.as_ref().unwrap().verified, "{report:?}");

        // What the task's own Region has is help only.
        world.without("logGroups");
        let outcome = world.outcome("log-group-exists");
        assert_eq!(outcome.status, Status::Failed);
        assert!(!outcome.findings[0].summary.contains("there is one"));
    }

    #[test]
    fn a_group_of_several_containers_is_one_finding() {
        let mut world = EXAMPLES.failing();
        let mut other =
            world.outputs["taskDefinition"]["taskDefinition"]["containerDefinitions"][0].clone();
        other["name"] = json!("sidecar");
        world.definition("/containerDefinitions/-", other);
        let outcome = world.outcome("log-group-exists");
        assert_eq!(outcome.findings.len(), 1);
        assert!(outcome.findings[0].detail.contains("containers `app`, `sidecar`"), "{outcome:?}");
    }

    #[test]
    fn a_region_that_is_none_is_another_checks_business() {
        let mut world = EXAMPLES.failing();
        world.container(&format!("{OPTIONS}/awslogs-region"), json!("Ireland"));
        assert_eq!(world.outcome("log-group-exists").status, Status::Passed);
    }
}
