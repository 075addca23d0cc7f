use std::collections::BTreeMap;

use serde_json::json;

use super::capabilities::{self, With};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::{
        definition,
        instances::{self, Faults},
    },
    facts::Missing,
    finding::Remedy,
};

check! {
    /// The container instances have the attributes that the task definition requires
    ///
    /// # What it looks at
    /// `requiresAttributes` of the task definition against the attributes of every container instance
    /// that could take the task, is `ACTIVE` and has a connected agent. For an attribute that is
    /// missing, what provides it: a version of the container agent, a setting, or software on the
    /// instance.
    ///
    /// # Why it matters
    /// ECS places a task only on an instance that has all of them; else it says `ATTRIBUTE`, or that
    /// the closest matching instance is missing an attribute required by the task.
    ///
    /// # How to fix it
    /// Update the agent, or change its configuration in `/etc/ecs/ecs.config` and restart it; or leave
    /// out of the task definition what needs the attribute.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>,
    /// <https://github.com/aws/amazon-ecs-agent/blob/master/agent/app/agent_capability.go>
    AttributeDiff {
        id: "ci-attribute-diff",
        domain: "container-instance",
        phase: Place,
        causes: [PlaceAttributeOrGpu, AgentVersionBugOrConfig],
        explains: [],
    }
}

/// How many attributes are told of.
const TOLD: usize = 8;

impl Check for AttributeDiff {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let judged = match instances::up(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        let Some(failing) = judged.failing(cx, Faults::ATTRIBUTE)? else { return Ok(()) };
        let definition = cx.definition()?;
        let required = &definition.requires_attributes;
        let mut counts: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
        // The instance that lacks the fewest is the closest one.
        let mut closest = None;
        for judgement in &failing.instances {
            let mut lacks: Vec<_> = instances::lacking(&judgement.instance, required).collect();
            lacks.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            for attribute in &lacks {
                *counts.entry((&attribute.name, attribute.value.as_deref())).or_default() += 1;
            }
            if closest.as_ref().is_none_or(|(_, fewest): &(_, Vec<_>)| lacks.len() < fewest.len()) {
                closest = Some((*judgement, lacks));
            }
        }
        let Some((closest, lacks)) = closest else { return Ok(()) };
        let mut lines: Vec<_> = counts.iter().collect();
        lines.sort_by_key(|(attribute, count)| (std::cmp::Reverse(**count), **attribute));
        let spelt = |name: &str, value: Option<&str>| match value {
            Some(value) => format!("`{name}` with the value `{value}`"),
            None => format!("`{name}`"),
        };
        let told: Vec<_> = lines
            .iter()
            .take(TOLD)
            .map(|((name, value), count)| {
                let on = if failing.instances.len() == 1 {
                    String::new()
                } else {
                    format!(" ({count} of {})", failing.of)
                };
                let needs = capabilities::of(name)
                    .map_or(String::new(), |row| format!(", which takes {}", row.needs(name)));
                spelt(name, *value) + &on + &needs
            })
            .collect();
        let more = lines.len().saturating_sub(TOLD);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let summary = format!(
            "{} {} attributes that task definition `{}` requires: {}{more}",
            failing.count(),
            failing.verb("lacks", "lack"),
            definition::name(&definition),
            told.join("; ")
        );

        let mut remedy = Remedy::new(format!(
            "give instance `{}` what it lacks, or leave out of the task definition what needs it",
            closest.instance.ec2_id()
        ));
        let known: Vec<_> =
            lacks.iter().filter_map(|a| Some((a, capabilities::of(&a.name)?))).collect();
        for (attribute, row) in &known {
            remedy =
                remedy.step(format!("for `{}`: {}", attribute.name, row.needs(&attribute.name)));
        }
        let by_setting = |with: With| matches!(with, With::Setting(_) | With::LogDriver);
        if known.iter().any(|(_, row)| by_setting(row.with)) {
            remedy = remedy.step(
                "change `/etc/ecs/ecs.config` on the instance and in its launch template, and \
                 restart the agent: `sudo systemctl restart ecs`",
            );
        }
        if known.iter().any(|(_, row)| row.since.is_some()) {
            remedy = remedy.command(closest.instance.update_agent(cx));
        }
        if known.len() == lacks.len() {
            let lacks: Vec<_> = lacks.iter().map(|attribute| (*attribute).clone()).collect();
            remedy = remedy.edit(closest.instance.with_attributes(&lacks));
        }
        let missing: Vec<_> = lacks.iter().map(|attribute| attribute.name.as_str()).collect();
        let finding = failing
            .finding(cx, summary, format!("ECS does not place the task on {}", failing.ids()))?
            .evidence(definition::evidence(cx, &definition, "/requiresAttributes", json!(missing))?)
            .evidence(closest.instance.evidence(cx, "/attributes", json!({"without": missing})))
            .remedy(remedy);
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{both, one, unplaced},
            testing::{Examples, World},
        },
        finding::Severity,
    };

    const ID: &str = "ci-attribute-diff";
    const MESSAGE: &str = "TaskFailedToStart: ATTRIBUTE";
    const DRIVER: &str = "com.amazonaws.ecs.capability.logging-driver.splunk";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            requiring(unplaced(world, MESSAGE), DRIVER);
        },
        passes: |world| {
            unplaced(world, "TaskFailedToStart: RESOURCE:MEMORY");
        },
        unknown: |world| {
            requiring(unplaced(world, MESSAGE), DRIVER).deny("ecs:DescribeContainerInstances");
        },
        near_miss: |world| {
            // One of the instances was given the log driver.
            let world = requiring(unplaced(world, MESSAGE), DRIVER);
            one(world, 1, "/attributes/-", json!({"name": DRIVER}));
        },
    };

    fn requiring<'w>(world: &'w mut World, name: &str) -> &'w mut World {
        world.definition("/requiresAttributes/-", json!({"name": name}))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: both container instances lack attributes that task definition `checkout:42` requires: `com.amazonaws.ecs.capability.logging-driver.splunk` (2 of 2), which takes `splunk` in the list `ECS_AVAILABLE_LOGGING_DRIVERS` of the agent's configuration
          ECS does not place the task on `i-0a000000000000001`, `i-0b000000000000002`
          @ AWS::ECS::Cluster shop
          fix (verified): give instance `i-0a000000000000001` what it lacks, or leave out of the task definition what needs it
          - for `com.amazonaws.ecs.capability.logging-driver.splunk`: `splunk` in the list `ECS_AVAILABLE_LOGGING_DRIVERS` of the agent's configuration
          - change `/etc/ecs/ecs.config` on the instance and in its launch template, and restart the agent: `sudo systemctl restart ecs`
        ");
    }

    #[test]
    fn the_attribute_is_what_is_missing() {
        assert!(EXAMPLES.failing().verified(ID));
        // Nobody knows what provides this one.
        let mut world = World::default();
        requiring(unplaced(&mut world, MESSAGE), "rack");
        let finding = &world.outcome(ID).findings[0];
        assert_eq!(finding.severity, Severity::Blocker);
        assert!(!world.verified(ID));
    }

    #[test]
    fn where_others_fail_for_other_reasons_it_is_one_of_several() {
        let mut world = EXAMPLES.near_miss();
        one(&mut world, 1, "/remainingResources/1/integerValue", json!(100));
        let finding = &world.outcome(ID).findings[0];
        assert_eq!(finding.severity, Severity::Likely);
        assert!(finding.summary.starts_with("1 of 2 container instances lacks"));
    }

    #[test]
    fn what_cannot_be_told_is_not_told() {
        // Attributes were left out of the answer.
        let mut world = EXAMPLES.failing();
        both(&mut world, "/attributes", &json!([]));
        assert_eq!(world.outcome(ID).status, Status::Unknown);
        // No instance is up at all.
        let mut world = EXAMPLES.failing();
        both(&mut world, "/agentConnected", &json!(false));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
