use serde_json::json;

use crate::{
    Target,
    aws::Arn,
    check::{Check, Cx, Meta, check},
    checks::task,
    edit::{Edit, Object},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
};

check! {
    /// Cluster, task definition and roles belong where the task runs
    ///
    /// # What it looks at
    /// Partition, Region and account in the ARNs of the task (or service), the cluster and the task
    /// definition, and the partition in the ARNs of both roles.
    ///
    /// # Why it matters
    /// ECS looks for a cluster and a task definition only in its own Region and account; a role of
    /// another partition (`aws`, `aws-cn`, `aws-us-gov`) does not exist for it, so that it cannot
    /// be assumed. Templates that were written for one partition and deployed in another fail so.
    ///
    /// # How to fix it
    /// Name the object of the task's own Region, account and partition. In templates, take the
    /// partition from `AWS::Partition`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>
    RegionMatch {
        id: "pre-region-match",
        domain: "preflight",
        phase: Place,
        causes: [IamRoleNotAssumable],
        explains: [],
    }
}

impl Check for RegionMatch {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let given = match cx.target() {
            Target::Task { cluster, .. } | Target::Service { cluster, .. } => cluster.clone(),
            Target::Event(_) => None,
        };
        let home = match cx.target() {
            Target::Task { task: arn, .. } | Target::Service { service: arn, .. } => {
                arn.parse::<Arn>().ok()
            }
            Target::Event(_) => None,
        };
        // Two ARNs that a caller gave can contradict each other before anything is asked.
        if let (Some(home), Some(cluster)) =
            (&home, given.as_ref().and_then(|text| text.parse().ok()))
            && let Some(what) = difference(home, &cluster)
        {
            report_elsewhere(cx, home, &cluster, what, "AWS::ECS::Cluster", "cluster", None);
        }

        let task = cx.task()?;
        let service = cx.service()?;
        let owner = match (&task, &service) {
            (Some(task), _) => task.task_arn.as_str(),
            (None, Some(service)) => service.service_arn.as_str(),
            (None, None) => return Ok(()),
        };
        let Ok(home) = owner.parse::<Arn>() else { return Ok(()) };
        let definition = cx.definition()?;
        if let Ok(arn) = definition.task_definition_arn.parse::<Arn>()
            && let Some(what) = difference(&home, &arn)
        {
            let evidence = Evidence::new(
                cx.query(&cx.definition_request()?),
                "/taskDefinition/taskDefinitionArn",
                arn.to_string(),
            );
            let kind = "AWS::ECS::TaskDefinition";
            report_elsewhere(cx, &home, &arn, what, kind, "task definition", Some(evidence));
        }
        let overrides = task.map(|task| task.overrides.clone()).unwrap_or_default();
        for (member, role, overridden) in [
            ("executionRoleArn", &definition.execution_role_arn, overrides.execution_role_arn),
            ("taskRoleArn", &definition.task_role_arn, overrides.task_role_arn),
        ] {
            let Some(arn) = role.as_ref().and_then(|role| role.parse::<Arn>().ok()) else {
                continue;
            };
            if arn.partition == home.partition {
                continue;
            }
            let right = Arn { partition: home.partition.clone(), ..arn.clone() };
            let request = cx.definition_request()?;
            let remedy = if overridden.is_some() {
                Remedy::new(format!("start the task with `{right}` in overrides.{member}"))
            } else {
                let object = Object::new(
                    "taskDefinition",
                    "taskDefinitionArn",
                    definition.task_definition_arn.clone(),
                );
                Remedy::new(format!(
                    "register a revision whose {member} is `{right}`, and deploy it"
                ))
                .edit(Edit::Set(
                    object,
                    format!("/{member}"),
                    json!(right.to_string()),
                ))
            };
            cx.report(
                Finding::blocker(format!(
                    "{member} `{arn}` is of partition `{}`, the task runs in `{}`",
                    arn.partition, home.partition
                ))
                .detail(
                    "a role of another partition does not exist for ECS: it cannot assume it, and \
                     the task does not start",
                )
                .resource(Resource::new("AWS::IAM::Role", arn.last()).arn(arn.to_string()))
                .evidence(
                    Evidence::new(
                        cx.query(&request),
                        format!("/taskDefinition/{member}"),
                        arn.to_string(),
                    )
                    .object(definition.task_definition_arn.clone()),
                )
                .remedy(remedy),
            );
        }
        Ok(())
    }
}

/// The first part in which `arn` is not from where `home` is.
fn difference(home: &Arn, arn: &Arn) -> Option<&'static str> {
    [
        ("partition", &home.partition, &arn.partition),
        ("Region", &home.region, &arn.region),
        ("account", &home.account, &arn.account),
    ]
    .into_iter()
    .find_map(|(what, home, arn)| (home != arn).then_some(what))
}

fn report_elsewhere(
    cx: &mut Cx<'_>,
    home: &Arn,
    arn: &Arn,
    what: &str,
    kind: &str,
    word: &str,
    evidence: Option<Evidence>,
) {
    let part = |arn: &Arn| match what {
        "partition" => arn.partition.clone(),
        "Region" => arn.region.clone(),
        _ => arn.account.clone(),
    };
    let right = Arn {
        partition: home.partition.clone(),
        region: home.region.clone(),
        account: home.account.clone(),
        ..arn.clone()
    };
    let finding = Finding::blocker(format!(
        "{word} `{arn}` is of {what} `{}`, {} `{}` of `{}`",
        part(arn),
        home.resource_type(),
        task::id(&home.resource),
        part(home)
    ))
    .detail(format!(
        "ECS looks for a {word} only in its own Region and account: it does not find this one"
    ))
    .resource(Resource::new(kind, arn.resource_id()).arn(arn.to_string()))
    .remedy(Remedy::new(format!("name `{right}` instead")));
    cx.report(match evidence {
        Some(evidence) => finding.evidence(evidence),
        None => finding,
    });
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        Target,
        checks::testing::{Examples, TASK, World},
    };

    const CHINA: &str = "arn:aws-cn:iam::111122223333:role/checkout-execution";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.definition("/executionRoleArn", json!(CHINA));
        },
        passes: |_| {},
        unknown: |world| {
            world.deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            world.definition("/executionRoleArn", json!(null));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("pre-region-match"), @r"
        blocker: executionRoleArn `arn:aws-cn:iam::111122223333:role/checkout-execution` is of partition `aws-cn`, the task runs in `aws`
          a role of another partition does not exist for ECS: it cannot assume it, and the task does not start
          @ AWS::IAM::Role checkout-execution
          fix (verified): register a revision whose executionRoleArn is `arn:aws:iam::111122223333:role/checkout-execution`, and deploy it
        ");
    }

    #[test]
    fn a_role_from_overrides_is_not_fixed_in_the_definition() {
        let mut world = World::default();
        world.task("/overrides/taskRoleArn", json!(CHINA));
        let outcome = world.outcome("pre-region-match");
        let remedy = outcome.findings[0].remedy.as_ref().unwrap();
        assert!(remedy.edits.is_empty() && remedy.summary.contains("overrides.taskRoleArn"));
    }

    #[test]
    fn a_cluster_of_another_region_is_said_before_anything_is_read() {
        let mut world = World::default();
        world
            .target(Target::task(Some("arn:aws:ecs:us-east-1:111122223333:cluster/shop"), TASK))
            .deny("ecs:DescribeTasks");
        let outcome = world.outcome("pre-region-match");
        assert_eq!(outcome.findings.len(), 1, "{outcome:?}");
        assert_eq!(
            outcome.findings[0].summary,
            "cluster `arn:aws:ecs:us-east-1:111122223333:cluster/shop` is of Region `us-east-1`, \
             task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` of `eu-west-1`"
        );
    }
}
