use std::collections::BTreeSet;

use super::firelens::{NO_FIRELENS, routed, routers};
use crate::{
    aws::ecs::{ContainerDependency, TaskDefinition},
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// The log router starts before the containers that log through it
    ///
    /// # What it looks at
    /// The `dependsOn` of the containers with the log driver `awsfirelens` and of their router: a
    /// container waits for the router with `START` or `HEALTHY` only, and the router waits for none
    /// of the containers that log through it.
    ///
    /// # Why it matters
    /// ECS starts the router first by itself, unless an order is given. With `COMPLETE` or
    /// `SUCCESS` a container waits until the router ends, which a router does not. A router that
    /// waits for its containers misses their first lines, and in the network mode `bridge` they
    /// need its address to start.
    ///
    /// # How to fix it
    /// Remove the order, or wait for the router with `START` or `HEALTHY`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_firelens.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html>
    FirelensOrder {
        id: "log-firelens-order",
        domain: "logging",
        phase: LogDriver,
        causes: [LogDriverMisconfigured],
        explains: [],
    }
}

/// A dependency that should not be like that, at its place.
struct Wrong {
    pointer: String,
    value: String,
    what: String,
    waits_for_end: bool,
}

impl Check for FirelensOrder {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let wrong = wrong(&task_definition);
        if routed(&task_definition).is_empty() || routers(&task_definition).is_empty() {
            return cx.not_applicable(NO_FIRELENS);
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let bridge = task_definition.network_mode.as_deref().is_none_or(|mode| mode == "bridge");
        let what: Vec<_> = wrong.iter().map(|wrong| wrong.what.as_str()).collect();
        let summary = format!("the log router is not started first: {}", what.join("; "));
        let finding = if wrong.iter().any(|wrong| wrong.waits_for_end) {
            Finding::likely(summary).detail(
                "a container that waits until the router ends does not start as long as the router \
                 runs",
            )
        } else if bridge {
            Finding::likely(summary).detail(
                "in the network mode `bridge` the log driver needs the router's address when a \
                 container starts",
            )
        } else {
            Finding::warning(summary)
                .detail("what the containers write before the router runs may be lost")
        };
        let mut finding = finding.resource(definition::resource(&task_definition));
        let mut remedy = Remedy::new("let the router start first: wait for it with `START`");
        for wrong in wrong {
            let evidence = definition::evidence(cx, &task_definition, &wrong.pointer, wrong.value)?;
            finding = finding.evidence(evidence);
            if wrong.waits_for_end {
                let edit = definition::set(&task_definition, &wrong.pointer, "START");
                remedy = remedy.step(format!("set `{}` to `START`", wrong.pointer)).edit(edit);
            } else {
                remedy = remedy.step(format!("remove the dependency at `{}`", wrong.pointer));
            }
        }
        cx.report(finding.remedy(definition::deployed(cx, &task_definition, remedy)));
        Ok(())
    }
}

fn wrong(definition: &TaskDefinition) -> Vec<Wrong> {
    let routers: BTreeSet<_> =
        routers(definition).iter().map(|router| router.container.name.as_str()).collect();
    let routed: BTreeSet<_> = routed(definition).into_iter().collect();
    let on = |dependency: &ContainerDependency| dependency.container_name.clone();
    let mut wrong = Vec::new();
    for (index, container) in definition.container_definitions.iter().enumerate() {
        let name = &container.name;
        let is_router = routers.contains(name.as_str());
        for (place, dependency) in container.depends_on.iter().enumerate() {
            let other = on(dependency);
            let value = dependency.condition.clone();
            let pointer = format!("/containerDefinitions/{index}/dependsOn/{place}/condition");
            let to_router = routers.contains(other.as_str());
            let ends = ["COMPLETE", "SUCCESS"].iter().any(|end| value.eq_ignore_ascii_case(end));
            if to_router && ends {
                let what = format!("`{name}` waits for `{other}` with `{value}`");
                wrong.push(Wrong { pointer, value, what, waits_for_end: true });
            } else if is_router && routed.contains(other.as_str()) {
                let what = format!("the router `{name}` waits for `{other}`");
                wrong.push(Wrong { pointer, value, what, waits_for_end: false });
            }
        }
    }
    wrong
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::firelens::tests::routed;
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        finding::Severity,
    };

    fn waits<'w>(world: &'w mut World, who: usize, other: &str, condition: &str) -> &'w mut World {
        routed(world, &json!({})).definition(
            &format!("/containerDefinitions/{who}/dependsOn"),
            json!([{"containerName": other, "condition": condition}]),
        )
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            waits(world, 0, "router", "COMPLETE");
        },
        passes: |world| {
            waits(world, 0, "router", "START");
        },
        unknown: |world| {
            waits(world, 0, "router", "COMPLETE").without("taskDefinition");
        },
        near_miss: |world| {
            waits(world, 0, "router", "HEALTHY");
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("log-firelens-order"), @"
        likely: the log router is not started first: `app` waits for `router` with `COMPLETE`
          a container that waits until the router ends does not start as long as the router runs
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): let the router start first: wait for it with `START`
          - set `/containerDefinitions/0/dependsOn/0/condition` to `START`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn a_router_does_not_wait_for_those_who_need_it() {
        let mut world = World::default();
        waits(&mut world, 1, "app", "START");
        let outcome = world.outcome("log-firelens-order");
        assert_eq!(outcome.findings[0].severity, Severity::Warning);
        world.definition("/networkMode", json!("bridge"));
        let outcome = world.outcome("log-firelens-order");
        assert_eq!(outcome.findings[0].severity, Severity::Likely);
        let mut world = World::default();
        waits(&mut world, 0, "other", "COMPLETE");
        assert_eq!(world.outcome("log-firelens-order").status, Status::Passed);
    }
}
