use super::capabilities;
use crate::{
    Phase,
    aws::ecs::{Attribute, ContainerInstance, TaskDefinition},
    check::{Check, Cx, Meta, check},
    checks::{
        definition,
        features::ASM_FIELDS,
        instances::{self, Faults, Instance, Judgement},
        version::Version,
    },
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// The container agents are new enough for the task definition
    ///
    /// # What it looks at
    /// The first agent version that has each feature which the task definition requires by an
    /// attribute, and single keys of JSON secrets (1.37.0), which no attribute stands for; against
    /// the agent of the instance that the task was placed on, or of those that could take it.
    ///
    /// # Why it matters
    /// An older agent does not report the attribute, so that ECS does not place the task there; or it
    /// does not understand the feature, and the task fails on the instance.
    ///
    /// # How to fix it
    /// Update the agent, better still the AMI.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-update.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html>,
    /// <https://github.com/aws/amazon-ecs-agent/blob/master/CHANGELOG.md>
    AgentVersionFeatures {
        id: "ci-agent-version-features",
        domain: "container-instance",
        phase: Place,
        causes: [PlaceAttributeOrGpu, AgentVersionBugOrConfig],
        explains: ["ci-attribute-diff", "sec-asm-jsonkey-support"],
    }
}

/// How many features are told of.
const TOLD: usize = 8;

/// Features that the task definition uses, each with the version that has it.
struct Feature<'d> {
    what: &'d str,
    since: Version,
    /// The attribute by which ECS keeps the task from instances that do not have it.
    attribute: Option<&'d Attribute>,
}

fn features(definition: &TaskDefinition) -> Vec<Feature<'_>> {
    let mut features: Vec<_> = definition
        .requires_attributes
        .iter()
        .filter_map(|attribute| {
            let since = capabilities::of(&attribute.name)?.since?;
            Some(Feature { what: &attribute.name, since, attribute: Some(attribute) })
        })
        .collect();
    let keyed = |text: &str| {
        // `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME`, and three more fields behind it.
        text.split_once(":secretsmanager:")
            .is_some_and(|(_, rest)| rest.split(':').skip(4).any(|field| !field.is_empty()))
    };
    let refers = definition
        .container_definitions
        .iter()
        .flat_map(|container| &container.secrets)
        .filter_map(|secret| secret.value_from.as_deref())
        .any(keyed);
    if refers {
        let what = "a secret's JSON key or version in `valueFrom`";
        features.push(Feature { what, since: ASM_FIELDS.agent, attribute: None });
    }
    features.sort_unstable_by_key(|feature| (feature.since, feature.what));
    features
}

/// The features that the instance's agent is too old for; `None` where its version is not known.
fn too_old<'f, 'd>(
    instance: &ContainerInstance,
    features: &'f [Feature<'d>],
) -> Option<Vec<&'f Feature<'d>>> {
    let own = Version::parse(instance.version_info.agent_version.as_deref()?)?;
    Some(features.iter().filter(|feature| own < feature.since).collect())
}

impl Check for AgentVersionFeatures {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let features = features(&definition);
        if let Ok(placed) = instances::placed_on(cx)? {
            return match placed {
                Some(host) => of_host(cx, &definition, &features, &host),
                None => {
                    cx.not_applicable("the task's container instance is not registered any more")
                }
            };
        }
        let judged = match instances::up(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        let gated: Vec<_> =
            features.into_iter().filter(|feature| feature.attribute.is_some()).collect();
        let fails = |judgement: &Judgement| {
            too_old(&judgement.instance, &gated).map(|features| !features.is_empty())
        };
        let Some(failing) = judged.failing_by(cx, Faults::ATTRIBUTE, fails)? else {
            return Ok(());
        };
        let lacks =
            |judgement: &Judgement| too_old(&judgement.instance, &gated).unwrap_or_default();
        let Some(newest) = failing.instances.iter().min_by_key(|judgement| lacks(judgement).len())
        else {
            return Ok(());
        };
        let (needed, told) = told(&lacks(newest));
        let own = newest.instance.version_info.agent_version.as_deref().unwrap_or("");
        let summary = format!(
            "{} {} an agent too old for task definition `{}`: {told}",
            failing.count(),
            failing.verb("has", "have"),
            definition::name(&definition),
        );
        let detail = format!(
            "the agent of `{}` is {own} and does not report what the task requires, so that ECS does \
             not place it there",
            newest.instance.ec2_id()
        );
        let finding = failing
            .finding(cx, summary, detail)?
            .evidence(newest.instance.evidence(cx, "/versionInfo/agentVersion", own))
            .remedy(
                update(cx, &newest.instance, needed).edit(
                    newest.instance.with_attributes(
                        &lacks(newest)
                            .iter()
                            .filter_map(|feature| feature.attribute.cloned())
                            .collect::<Vec<_>>(),
                    ),
                ),
            );
        cx.report(finding);
        Ok(())
    }
}

/// The instance that the task was placed on: what ECS does not look at may fail there.
fn of_host(
    cx: &mut Cx<'_>,
    definition: &TaskDefinition,
    features: &[Feature<'_>],
    host: &Instance,
) -> Result<(), Missing> {
    let id = host.ec2_id();
    let own = host.version_info.agent_version.clone().unwrap_or_default();
    let evidence = host.evidence(cx, "/versionInfo/agentVersion", own.as_str());
    let Some(lacks) = too_old(host, features) else {
        return Err(Missing::undecided(
            evidence.query,
            format!("the answer does not tell the agent version of `{id}`"),
        ));
    };
    // What ECS looks at the instance has, whatever the version says.
    let lacks: Vec<_> = lacks.into_iter().filter(|feature| feature.attribute.is_none()).collect();
    if lacks.is_empty() {
        return Ok(());
    }
    let (needed, told) = told(&lacks);
    cx.report(
        Finding::blocker(format!(
            "the agent of the task's instance `{id}` is too old for task definition `{}`: {told}",
            definition::name(definition)
        ))
        .detail(format!("agent {own} takes the reference for the name of a secret, and finds none"))
        .phase(Phase::Secrets)
        .resource(host.resource())
        .named(host.id())
        .evidence(evidence)
        .remedy(update(cx, host, needed)),
    );
    Ok(())
}

/// The version that has all features, and the features in words.
fn told(features: &[&Feature<'_>]) -> (Version, String) {
    let needed = features.iter().map(|feature| feature.since).max().unwrap_or_default();
    let words: Vec<_> = features
        .iter()
        .take(TOLD)
        .map(|feature| {
            let what = feature.what;
            let what =
                if feature.attribute.is_some() { format!("`{what}`") } else { what.to_owned() };
            format!("{what} needs {}", feature.since)
        })
        .collect();
    (needed, words.join(", "))
}

fn update(cx: &Cx<'_>, instance: &Instance, needed: Version) -> Remedy {
    Remedy::new(format!("update the agent to {needed} or newer"))
        .step("launch instances from a current ECS-optimized AMI, or update the agents in place")
        .command(instance.update_agent(cx))
        .edit(instance.set("/versionInfo/agentVersion", needed.to_string()))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        Phase,
        check::Status,
        checks::{
            instances::fixtures::{both, one, stopped_on, unplaced},
            testing::{Examples, World},
        },
    };

    const ID: &str = "ci-agent-version-features";
    const MESSAGE: &str = "TaskFailedToStart: ATTRIBUTE";
    const FEATURE: &str = "ecs.capability.container-restart-policy";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            both(requiring(world), "/versionInfo/agentVersion", &json!("1.9.0"));
        },
        passes: |world| {
            unplaced(world, "TaskFailedToStart: RESOURCE:MEMORY");
        },
        unknown: |world| {
            both(requiring(world), "/versionInfo", &Value::Null);
        },
        near_miss: |world| {
            // Both are new enough; what is missing has another reason.
            both(requiring(world), "/versionInfo/agentVersion", &json!("1.105.1"));
        },
    };

    fn requiring(world: &mut World) -> &mut World {
        unplaced(world, MESSAGE).definition("/requiresAttributes/-", json!({"name": FEATURE}))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: both container instances have an agent too old for task definition `checkout:42`: `ecs.capability.execution-role-ecr-pull` needs 1.16.0, `ecs.capability.secrets.asm.environment-variables` needs 1.23.0, `ecs.capability.container-restart-policy` needs 1.86.0
          the agent of `i-0a000000000000001` is 1.9.0 and does not report what the task requires, so that ECS does not place it there
          @ AWS::ECS::Cluster shop
          fix (verified): update the agent to 1.86.0 or newer
          - launch instances from a current ECS-optimized AMI, or update the agents in place
          $ aws ecs update-container-agent --container-instance 0a0000000000000000000000000000a1 --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn updating_one_is_enough() {
        let mut world = World::default();
        both(requiring(&mut world), "/versionInfo/agentVersion", &json!("1.85.0"));
        assert!(world.verified(ID));
        one(&mut world, 1, "/versionInfo/agentVersion", json!("1.100.0"));
        one(&mut world, 1, "/attributes/-", json!({"name": FEATURE}));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn what_no_attribute_stands_for_fails_on_the_instance() {
        let mut world = World::default();
        let message = "unable to pull secrets";
        one(stopped_on(&mut world, message), 0, "/versionInfo/agentVersion", json!("1.36.2"));
        let finding = world.outcome(ID).findings.remove(0);
        assert_eq!(finding.phase, Some(Phase::Secrets));
        assert!(finding.summary.contains("needs 1.37.0"), "{}", finding.summary);
        world.container("/secrets", json!([]));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
