use serde_json::json;

use super::capabilities;
use crate::{
    aws::ecs::TaskDefinition,
    check::{Check, Cx, Meta, check},
    checks::{
        definition,
        instances::{self, Faults, Judgement},
    },
    facts::Missing,
    finding::Remedy,
};

check! {
    /// A container instance allows privileged containers and security labels where they are used
    ///
    /// # What it looks at
    /// `privileged` and `dockerSecurityOptions` of the containers, against the attributes with which the
    /// active instances tell that their agent allows them.
    ///
    /// # Why it matters
    /// The agent reports `privileged-container` unless it was told `ECS_DISABLE_PRIVILEGED=true`, and
    /// `selinux` or `apparmor` only where it was told that the instance has them. Without the attribute
    /// there is no place for the task.
    ///
    /// # How to fix it
    /// Change the agent's configuration, or do without in the task definition.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>
    PrivilegedSelinux {
        id: "ci-privileged-selinux",
        domain: "container-instance",
        phase: Place,
        causes: [PlaceAttributeOrGpu, AgentVersionBugOrConfig],
        explains: ["ci-attribute-diff"],
    }
}

/// What the containers use: the attribute, what it is in words, and by which containers.
fn used(definition: &TaskDefinition) -> Vec<(&'static str, &'static str, String)> {
    let by = |uses: &dyn Fn(&crate::aws::ecs::ContainerDefinition) -> bool| {
        let users = definition.container_definitions.iter().filter(|container| uses(container));
        let names: Vec<_> = users.map(|container| container.name.as_str()).collect();
        (!names.is_empty()).then(|| definition::containers(names))
    };
    let option = |begins: &'static [&'static str]| {
        by(&move |container| {
            container
                .docker_security_options
                .iter()
                .any(|option| begins.iter().any(|begin| option.starts_with(begin)))
        })
    };
    let all = [
        ("privileged-container", "`privileged`", by(&|c| c.privileged == Some(true))),
        ("selinux", "labels of SELinux", option(&["label:", "label="])),
        ("apparmor", "a profile of AppArmor", option(&["apparmor:", "apparmor="])),
    ];
    all.into_iter().filter_map(|(name, what, by)| Some((name, what, by?))).collect()
}

impl Check for PrivilegedSelinux {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let judged = match instances::up(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        let definition = cx.definition()?;
        let used = used(&definition);
        if used.is_empty() {
            return cx.not_applicable("no container is privileged or has security options");
        }
        for (name, what, by) in used {
            let attribute = format!("com.amazonaws.ecs.capability.{name}");
            let fails = |judgement: &Judgement| {
                (!judgement.instance.attributes.is_empty())
                    .then(|| !judgement.instance.has(&attribute))
            };
            let Some(failing) = judged.failing_by(cx, Faults::ATTRIBUTE, fails)? else { continue };
            let first = failing.instances[0];
            let needs =
                capabilities::of(&attribute).map_or(String::new(), |row| row.needs(&attribute));
            let summary = format!(
                "{by} of task definition `{}` uses {what}, which {} {} not allow",
                definition::name(&definition),
                failing.count(),
                failing.verb("does", "do"),
            );
            let finding = failing
                .finding(
                    cx,
                    summary,
                    format!(
                        "ECS does not place the task on {}: no `{attribute}` there",
                        failing.ids()
                    ),
                )?
                .evidence(first.instance.evidence(
                    cx,
                    "/attributes",
                    json!({"without": [attribute]}),
                ))
                .remedy(
                    Remedy::new(format!("do without {what}, or allow it on the instances"))
                        .step(format!("on the instances: {needs}; restart the agent")),
                );
            cx.report(finding);
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{both, unplaced},
            testing::{Examples, World},
        },
    };

    const ID: &str = "ci-privileged-selinux";
    const MESSAGE: &str = "TaskFailedToStart: ATTRIBUTE";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            both(privileged(world), "/attributes/9", &Value::Null);
        },
        passes: |world| {
            privileged(world);
        },
        unknown: |world| {
            both(privileged(world), "/attributes", &json!([]));
        },
        near_miss: |world| {
            privileged(world);
        },
    };

    fn privileged(world: &mut World) -> &mut World {
        unplaced(world, MESSAGE).container("/privileged", json!(true))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: container `app` of task definition `checkout:42` uses `privileged`, which both container instances do not allow
          ECS does not place the task on `i-0a000000000000001`, `i-0b000000000000002`: no `com.amazonaws.ecs.capability.privileged-container` there
          @ AWS::ECS::Cluster shop
          fix: do without `privileged`, or allow it on the instances
          - on the instances: `ECS_DISABLE_PRIVILEGED=false` in the agent's configuration; restart the agent
        ");
    }

    #[test]
    fn labels_need_an_agent_that_was_told() {
        let mut world = World::default();
        unplaced(&mut world, MESSAGE)
            .container("/dockerSecurityOptions", json!(["label:type:svirt_apache_t"]));
        let finding = world.outcome(ID).findings.remove(0);
        assert!(finding.summary.contains("labels of SELinux"), "{}", finding.summary);
        world.container("/dockerSecurityOptions", json!(["no-new-privileges"]));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
