use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use super::stops::{by_name, said};
use crate::{
    Phase,
    aws::ecs::{ContainerDefinition, Task},
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// What containers wait for comes true in time
    ///
    /// # What it looks at
    /// For every `dependsOn`, whether the container that is waited for can and did reach the
    /// condition: one that must succeed ended with another exit code than 0; the failure message
    /// says that it timed out; or its `startTimeout` ends before its first health check is due.
    ///
    /// # Why it matters
    /// The container that waits is not started, and the task stops: `container ordering dependency …
    /// has timed out`, `… did not exit successfully`, `… will never start`. The fault is in the
    /// container that is waited for, whose log tells more.
    ///
    /// # How to fix it
    /// Read the log of the container that is waited for. If it only needs more time, raise its
    /// `startTimeout`; if its end does not matter, wait for `COMPLETE`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html>
    DependsTimeout {
        id: "ctr-depends-timeout",
        domain: "container",
        phase: Start,
        causes: [ExitAppOrSidecarError, HealthContainerCheck],
        explains: [],
    }
}

/// Seconds between health checks where the definition does not say.
const INTERVAL: i64 = 30;

/// A container that others wait for, by condition.
struct Awaited<'d> {
    at: usize,
    container: &'d ContainerDefinition,
    waiting: BTreeMap<&'d str, Vec<&'d str>>,
}

impl Check for DependsTimeout {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let containers = &task_definition.container_definitions;
        let places: HashMap<&str, usize> =
            containers.iter().enumerate().map(|(at, c)| (c.name.as_str(), at)).collect();
        let mut awaited: BTreeMap<usize, Awaited<'_>> = BTreeMap::new();
        for container in containers {
            for dependency in &container.depends_on {
                let Some(&at) = places.get(dependency.container_name.as_str()) else { continue };
                awaited
                    .entry(at)
                    .or_insert_with(|| Awaited {
                        at,
                        container: &containers[at],
                        waiting: BTreeMap::new(),
                    })
                    .waiting
                    .entry(&dependency.condition)
                    .or_default()
                    .push(&container.name);
            }
        }
        if awaited.is_empty() {
            return cx.not_applicable("no container waits for another one");
        }
        let this = cx.task()?;
        let told = match &this {
            Some(this) => said(cx, this, &["AGT-DEP-TIMEOUT", "AGT-DEP-EXIT"])?,
            None => vec![],
        };
        let ran = this
            .as_deref()
            .filter(|this| this.is_stopped() && this.started_at.is_none())
            .map_or(HashMap::new(), by_name);
        let started = cx.proven(Phase::Start)?;
        cx.each(awaited.into_values(), |cx, awaited| {
            let name = awaited.container.name.as_str();
            let late = told.iter().find(|said| {
                said.reading.signature == Some("AGT-DEP-TIMEOUT")
                    && said.reading.parameters.get("container").is_some_and(|named| named == name)
            });
            let failed = ran.get(name).and_then(|(place, c)| Some((*place, c.exit_code?)));
            let never_ran = |waiting: &&str| {
                ran.get(waiting).is_some_and(|(_, container)| container.exit_code.is_none())
            };
            let succeeds: Vec<&str> = awaited.waiting.get("SUCCESS").cloned().unwrap_or_default();
            let blocked: Vec<_> = succeeds.iter().copied().filter(never_ran).collect();
            if let (Some(code), Some(this)) = (failed.filter(|(_, code)| *code != 0), &this)
                && !blocked.is_empty()
            {
                return exited(cx, this, &awaited, code, &blocked);
            }
            if let (Some(said), Some(this)) = (late, &this) {
                return timed_out(cx, &awaited, Some((this, said)));
            }
            if !started && awaited.never_healthy_in_time() {
                return timed_out(cx, &awaited, None);
            }
            Ok(())
        });
        Ok(())
    }
}

impl Awaited<'_> {
    fn interval(&self) -> i64 {
        let health = self.container.health_check.as_ref();
        health.and_then(|health| health.interval).unwrap_or(INTERVAL)
    }

    /// Whether the time in which it must be healthy ends before its first check.
    fn never_healthy_in_time(&self) -> bool {
        self.waiting.contains_key("HEALTHY")
            && self.container.health_check.is_some()
            && self.container.start_timeout.is_some_and(|timeout| timeout <= self.interval())
    }

    /// Everybody who waits for it.
    fn waiting(&self) -> String {
        definition::containers(self.waiting.values().flatten().copied())
    }
}

/// It ended, but not well.
fn exited(
    cx: &mut Cx<'_>,
    this: &Task,
    awaited: &Awaited<'_>,
    (place, code): (usize, i64),
    blocked: &[&str],
) -> Result<(), Missing> {
    let task_definition = cx.definition()?;
    let name = &awaited.container.name;
    let remedy = Remedy::new(format!("read the log of container `{name}`: it tells the reason"))
        .step(format!(
            "if it need not succeed, wait for `COMPLETE` of `{name}` instead of `SUCCESS`"
        ));
    cx.report(
        Finding::likely(format!(
            "container `{name}` exited with code {code}; {} {} for its success",
            definition::containers(blocked.iter().copied()),
            if blocked.len() == 1 { "waits" } else { "wait" }
        ))
        .detail("a container that waits for the success of another one is not started without it")
        .resource(definition::resource(&task_definition))
        .resource(task::resource(this))
        .named(name.as_str())
        .evidence(task::evidence(cx, this, format!("/containers/{place}/exitCode"), json!(code)))
        .remedy(remedy),
    );
    Ok(())
}

/// It did not, or cannot, reach the condition within its `startTimeout`.
fn timed_out(
    cx: &mut Cx<'_>,
    awaited: &Awaited<'_>,
    told: Option<(&Task, &super::stops::Said<'_>)>,
) -> Result<(), Missing> {
    let task_definition = cx.definition()?;
    let (name, at) = (&awaited.container.name, awaited.at);
    let within = awaited
        .container
        .start_timeout
        .map_or("its time".to_owned(), |seconds| format!("its `startTimeout` of {seconds} s"));
    let conditions: Vec<_> =
        awaited.waiting.keys().map(|condition| format!("`{condition}`")).collect();
    let conditions = conditions.join(", ");
    let interval = awaited.interval();
    let too_short = awaited.never_healthy_in_time();
    let summary = if too_short {
        format!("container `{name}` cannot be healthy within {within}")
    } else {
        format!("container `{name}` did not reach {conditions} within {within}")
    };
    let mut detail = format!("{} waits for it, and is not started then", awaited.waiting());
    if too_short {
        detail += &format!("; the first health check comes after {interval} s");
    }
    let mut finding = Finding::likely(summary)
        .detail(detail)
        .resource(definition::resource(&task_definition))
        .named(name.as_str())
        .evidence(definition::evidence(
            cx,
            &task_definition,
            &format!("/containerDefinitions/{at}/startTimeout"),
            awaited.container.start_timeout,
        )?);
    if let Some((this, said)) = told {
        finding = finding.resource(task::resource(this)).evidence(said.evidence(cx, this));
    }
    let mut remedy;
    if too_short && told.is_none() {
        // Time for the first check, and for it to be late once.
        let enough = interval.saturating_mul(2).min(MOST);
        remedy = Remedy::new(format!("give `{name}` more time than its first health check needs"))
            .step(format!("container `{name}`: set `startTimeout` to {enough} or more"));
        if enough > interval {
            let pointer = format!("/containerDefinitions/{at}/startTimeout");
            remedy = remedy.edit(definition::set(&task_definition, &pointer, enough));
        }
    } else {
        remedy = Remedy::new(format!(
            "read the log of container `{name}`; if it only needs more time, raise its \
             `startTimeout`"
        ));
    }
    cx.report(finding.remedy(definition::deployed(cx, &task_definition, remedy)));
    Ok(())
}

/// The longest `startTimeout` that Fargate takes, in seconds.
const MOST: i64 = 120;

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "ctr-depends-timeout";
    const REASON: &str = "dependency graph: failed to resolve container ordering dependency \
        [migrate] for target [app] as dependency did not exit successfully.";

    fn with_migrate<'w>(world: &'w mut World, condition: &str) -> &'w mut World {
        let dependency = json!([{"containerName": "migrate", "condition": condition}]);
        world
            .task("/containers/0/reason", json!(REASON))
            .task("/containers/-", json!({"name": "migrate", "exitCode": 1}))
            .container("/dependsOn", dependency)
            .definition(
                "/containerDefinitions/-",
                json!({"name": "migrate", "image": crate::checks::testing::IMAGE,
                    "essential": false}),
            )
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            with_migrate(world, "SUCCESS");
        },
        passes: |world| {
            with_migrate(world, "SUCCESS").task("/containers/1/exitCode", json!(0));
        },
        unknown: |world| {
            with_migrate(world, "SUCCESS").deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            // That it ends is enough.
            with_migrate(world, "COMPLETE");
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: container `migrate` exited with code 1; container `app` waits for its success
          a container that waits for the success of another one is not started without it
          @ AWS::ECS::TaskDefinition checkout:42
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: read the log of container `migrate`: it tells the reason
          - if it need not succeed, wait for `COMPLETE` of `migrate` instead of `SUCCESS`
        ");
    }

    fn healthy(start_timeout: i64) -> World {
        let mut world = World::default();
        world
            .container("/dependsOn", json!([{"containerName": "db", "condition": "HEALTHY"}]))
            .definition(
                "/containerDefinitions/-",
                json!({"name": "db", "image": crate::checks::testing::IMAGE,
                    "startTimeout": start_timeout,
                    "healthCheck": {"command": ["CMD-SHELL", "true"]}}),
            );
        world
    }

    #[test]
    fn the_first_health_check_must_come_in_time() {
        let world = healthy(20);
        let outcome = world.outcome(ID);
        assert_eq!(
            outcome.findings[0].summary,
            "container `db` cannot be healthy within its `startTimeout` of 20 s"
        );
        assert!(world.verified(ID));
        assert_eq!(healthy(60).outcome(ID).status, Status::Passed);
    }

    #[test]
    fn what_timed_out_is_told() {
        let mut world = healthy(90);
        let reason = "dependency graph: container ordering dependency [db] for target [app] has \
            timed out.";
        world.task("/containers/0/reason", json!(reason));
        let outcome = world.outcome(ID);
        assert_eq!(
            outcome.findings[0].summary,
            "container `db` did not reach `HEALTHY` within its `startTimeout` of 90 s"
        );
        // Another container than the one that timed out.
        world.task("/containers/0/reason", json!(reason.replace("[db]", "[cache]")));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn what_ran_was_started() {
        let mut world = EXAMPLES.failing();
        world.task("/startedAt", json!("2026-11-20T10:00:30Z"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
