use super::firelens::{NO_FIRELENS, Router, routed, routers};
use crate::{
    aws::ecs::TaskDefinition,
    check::{Check, Cx, Meta, check},
    checks::{
        definition,
        features::{FIRELENS, too_old},
    },
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Containers that log through FireLens have one log router
    ///
    /// # What it looks at
    /// Where a container has the log driver `awsfirelens`: exactly one container has a
    /// `firelensConfiguration`, of the type `fluentbit` or `fluentd`; it is essential; and what
    /// runs the task knows FireLens (Fargate platform version 1.3.0, container agent 1.30.0).
    /// Where only the router is there, that no container logs through it.
    ///
    /// # Why it matters
    /// ECS refuses to register one without the other. With several routers it is not documented
    /// which one gets the logs. If a router that is not essential ends, the other containers run on
    /// and their logs are lost.
    ///
    /// # How to fix it
    /// Give one container, for instance one of the image AWS for Fluent Bit, a
    /// `firelensConfiguration`, and mark it essential.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_firelens.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_FirelensConfiguration.html>
    FirelensRouter {
        id: "log-firelens-router",
        domain: "logging",
        phase: LogDriver,
        causes: [LogDriverMisconfigured],
        explains: [],
    }
}

impl Check for FirelensRouter {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let routers = routers(&task_definition);
        let senders = routed(&task_definition);
        if senders.is_empty() && routers.is_empty() {
            return cx.not_applicable(NO_FIRELENS);
        }
        match routers.as_slice() {
            [] => none(cx, &task_definition, &senders)?,
            [router] => one(cx, &task_definition, router, senders.is_empty())?,
            several => too_many(cx, &task_definition, several)?,
        }
        let Some(old) = too_old(cx, &FIRELENS)? else { return Ok(()) };
        cx.report(
            Finding::blocker(format!("{} does not know FireLens", old.what))
                .detail(format!("the log driver `awsfirelens` needs {} or newer", old.needed))
                .resource(old.resource)
                .resource(definition::resource(&task_definition))
                .evidence(old.evidence)
                .remedy(old.remedy),
        );
        Ok(())
    }
}

fn none(cx: &mut Cx<'_>, task_definition: &TaskDefinition, routed: &[&str]) -> Result<(), Missing> {
    let by = definition::containers(routed.iter().copied());
    let pointer = "/containerDefinitions";
    let evidence = definition::evidence(cx, task_definition, pointer, serde_json::Value::Null)?;
    let remedy = Remedy::new(
        "add a log router: an essential container with a `firelensConfiguration` of the type \
         `fluentbit`",
    );
    let finding =
        Finding::blocker(format!("{by} logs through FireLens, but there is no log router"))
            .detail(
                "the log driver `awsfirelens` hands the logs to a container with a \
             `firelensConfiguration`; ECS refuses a task definition without one",
            )
            .resource(definition::resource(task_definition))
            .evidence(evidence)
            .remedy(definition::deployed(cx, task_definition, remedy));
    cx.report(finding);
    Ok(())
}

fn one(
    cx: &mut Cx<'_>,
    task_definition: &TaskDefinition,
    router: &Router<'_>,
    alone: bool,
) -> Result<(), Missing> {
    let Router { index, container, firelens } = router;
    let name = &container.name;
    let at = format!("/containerDefinitions/{index}");
    let kind = firelens.kind.as_deref().unwrap_or("");
    let found = if alone {
        Finding::blocker(format!("log router `{name}` has no container that logs through it"))
            .detail(
                "ECS refuses a task definition with a `firelensConfiguration` and no log driver \
                 `awsfirelens`",
            )
            .evidence(definition::evidence(
                cx,
                task_definition,
                &format!("{at}/firelensConfiguration"),
                kind,
            )?)
            .remedy(Remedy::new(
                "give a container the log driver `awsfirelens`, or remove the \
                 `firelensConfiguration`",
            ))
    } else if !["fluentbit", "fluentd"].contains(&kind) {
        let pointer = format!("{at}/firelensConfiguration/type");
        Finding::blocker(format!("log router `{name}` is of the type `{kind}`, which there is not"))
            .detail("the agent refuses it: `invalid firelens configuration type`")
            .evidence(definition::evidence(cx, task_definition, &pointer, kind)?)
            .remedy(Remedy::new("set the type to `fluentbit` or `fluentd`, as the image is"))
    } else if container.essential == Some(false) {
        let pointer = format!("{at}/essential");
        Finding::warning(format!("log router `{name}` is not essential"))
            .detail("if it ends, the task runs on and its logs are lost")
            .evidence(definition::evidence(cx, task_definition, &pointer, false)?)
            .remedy(Remedy::new(format!("mark `{name}` essential")).edit(definition::set(
                task_definition,
                &pointer,
                true,
            )))
    } else {
        return Ok(());
    };
    let mut finding = found.resource(definition::resource(task_definition));
    let remedy = finding.remedy.take().unwrap_or_default();
    cx.report(finding.remedy(definition::deployed(cx, task_definition, remedy)));
    Ok(())
}

fn too_many(
    cx: &mut Cx<'_>,
    task_definition: &TaskDefinition,
    routers: &[Router<'_>],
) -> Result<(), Missing> {
    let names = routers.iter().map(|router| router.container.name.as_str());
    let mut finding = Finding::likely(format!(
        "there are several log routers: {}",
        definition::containers(names)
    ))
    .detail("a task has one log router; which of these gets the logs is not documented")
    .resource(definition::resource(task_definition));
    for router in routers {
        let pointer = format!("/containerDefinitions/{}/firelensConfiguration", router.index);
        let kind = router.firelens.kind.clone();
        finding = finding.evidence(definition::evidence(cx, task_definition, &pointer, kind)?);
    }
    let remedy = Remedy::new("leave one container with a `firelensConfiguration`");
    cx.report(finding.remedy(definition::deployed(cx, task_definition, remedy)));
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::firelens::tests::routed;
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{one, placed},
            testing::{Examples, World},
        },
        finding::Severity,
    };

    const ROUTER: &str = "/containerDefinitions/1";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            routed(world, &json!({})).definition(ROUTER, Value::Null);
        },
        passes: |world| {
            routed(world, &json!({}));
        },
        unknown: |world| {
            placed(routed(world, &json!({})), "EC2", &[]).without("containerInstances");
        },
        near_miss: |world| {
            routed(world, &json!({})).definition(&format!("{ROUTER}/name"), json!("logs"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("log-firelens-router"), @"
        blocker: container `app` logs through FireLens, but there is no log router
          the log driver `awsfirelens` hands the logs to a container with a `firelensConfiguration`; ECS refuses a task definition without one
          @ AWS::ECS::TaskDefinition checkout:42
          fix: add a log router: an essential container with a `firelensConfiguration` of the type `fluentbit`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn one_router_of_a_known_type_is_wanted() {
        let other = json!({"name": "second", "firelensConfiguration": {"type": "fluentd"}});
        for (pointer, value, severity) in [
            ("/containerDefinitions/1/firelensConfiguration/type", json!("fluentd"), None),
            (
                "/containerDefinitions/1/firelensConfiguration/type",
                json!("logstash"),
                Some(Severity::Blocker),
            ),
            ("/containerDefinitions/1/essential", json!(false), Some(Severity::Warning)),
            ("/containerDefinitions/-", other, Some(Severity::Likely)),
            (
                "/containerDefinitions/0/logConfiguration/logDriver",
                json!("awslogs"),
                Some(Severity::Blocker),
            ),
        ] {
            let mut world = World::default();
            routed(&mut world, &json!({})).definition(pointer, value);
            let outcome = world.outcome("log-firelens-router");
            let found = outcome.findings.first().map(|finding| finding.severity);
            assert_eq!(found, severity, "{pointer}");
        }
        assert_eq!(World::default().outcome("log-firelens-router").status, Status::NotApplicable);
    }

    #[test]
    fn old_agents_know_no_firelens() {
        let mut world = World::default();
        one(
            placed(routed(&mut world, &json!({})), "EC2", &[]),
            0,
            "/versionInfo/agentVersion",
            json!("1.29.0"),
        );
        assert!(world.verified("log-firelens-router"));
    }
}
