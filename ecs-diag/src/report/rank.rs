//! Which findings explain the failure, and how surely.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    Phase,
    case::{Case, Symptom},
    check::{Meta, Outcome, Status},
    finding::{Finding, Resource, Severity},
    report::{Confidence, RootCause, Verdict},
};

/// Shortest name that is looked for inside the message; a shorter one is there by chance.
const SHORTEST_NAME: usize = 6;

/// How a finding relates to the failure, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    /// The failure message names the object at fault.
    Named,
    /// It stops the phase that failed.
    SamePhase,
    /// It could have caused this failure, but for the message, which names another object of its
    /// kind.
    AnotherObject,
    /// It stops another phase, which did not provably succeed.
    OtherPhase,
    /// It explains a failure under a condition.
    Conditional,
}

struct Candidate<'f> {
    index: usize,
    finding: &'f Finding,
    tier: Tier,
    /// Place of its class among those that the message suggests.
    class: Option<usize>,
    changed_after: bool,
}

/// The findings that explain the failure, best first, one a cause.
pub(super) fn root_causes(
    case: &Case<'_>,
    checks: &[(&Meta, Outcome)],
    findings: &[Finding],
    changed_after_failure: &[bool],
) -> Vec<RootCause> {
    let symptom = case.symptom().ok().flatten();
    let failure = symptom.as_deref().filter(|symptom| !symptom.reading.benign);
    let metas: HashMap<&str, &Meta> =
        checks.iter().map(|(meta, _)| (meta.id.as_ref(), *meta)).collect();
    let meta = |id: &str| metas.get(id).copied();

    let mut candidates: Vec<Candidate<'_>> = findings
        .iter()
        .enumerate()
        .filter(|(_, finding)| finding.severity >= Severity::Likely)
        // What provably succeeded did not fail; without a failure it may still fail next time.
        .filter(|(_, finding)| failure.is_none() || !proven(case, finding.phase))
        .map(|(index, finding)| {
            let class = failure.and_then(|symptom| class(symptom, meta(&finding.check)?));
            let tier = failure.map_or(Tier::OtherPhase, |symptom| tier(symptom, finding, class));
            Candidate { index, finding, tier, class, changed_after: changed_after_failure[index] }
        })
        .collect();
    candidates.sort_by_key(|candidate| {
        (
            candidate.changed_after,
            candidate.tier,
            candidate.class.unwrap_or(usize::MAX),
            std::cmp::Reverse(candidate.finding.severity),
            candidate.index,
        )
    });

    // A finding about an object is told with the one that says why it is so.
    let explains = |candidate: &Candidate<'_>| {
        meta(&candidate.finding.check).map_or(&[][..], |meta| &*meta.explains)
    };
    let mut explaining: HashMap<Option<&Resource>, Vec<&Candidate<'_>>> = HashMap::new();
    for candidate in candidates.iter().filter(|candidate| !explains(candidate).is_empty()) {
        explaining.entry(candidate.finding.subject()).or_default().push(candidate);
    }
    let told_with = |candidate: &Candidate<'_>| {
        let others = explaining.get(&candidate.finding.subject())?;
        let check = candidate.finding.check.as_str();
        others.iter().find(|other| explains(other).contains(&check)).map(|other| other.index)
    };
    let mut companions: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for candidate in &candidates {
        companions
            .entry(told_with(candidate).unwrap_or(candidate.index))
            .or_default()
            .push(candidate.index);
    }
    let mut root_causes: Vec<RootCause> = candidates
        .iter()
        .filter(|candidate| told_with(candidate).is_none())
        .map(|candidate| {
            let mut explains = companions.remove(&candidate.index).unwrap_or_default();
            explains.sort_unstable();
            RootCause {
                finding: candidate.index,
                confidence: confidence(case, checks, failure, candidate),
                because: because(failure, candidate),
                explains,
            }
        })
        .collect();
    // Where the message names what failed, what else stops the same phase comes next at best.
    let named: BTreeSet<usize> = candidates
        .iter()
        .filter(|candidate| candidate.tier == Tier::Named)
        .map(|candidate| candidate.index)
        .collect();
    let is_told = |cause: &RootCause| {
        cause.confidence == Confidence::Certain && named.contains(&cause.finding)
    };
    if root_causes.iter().any(is_told) {
        for cause in &mut root_causes {
            if !is_told(cause) {
                cause.confidence = cause.confidence.max(Confidence::Likely);
            }
        }
    }
    // What is sure stands above what is only named.
    root_causes.sort_by_key(|cause| cause.confidence);
    root_causes
}

/// The place of a check's likeliest class among those that the message suggests.
fn class(symptom: &Symptom, meta: &Meta) -> Option<usize> {
    symptom.reading.causes.iter().position(|cause| meta.causes.contains(cause))
}

fn tier(symptom: &Symptom, finding: &Finding, class: Option<usize>) -> Tier {
    let same_phase = symptom.reading.phase.is_some() && symptom.reading.phase == finding.phase;
    let told = told(symptom, finding);
    if (class.is_some() || same_phase) && named(symptom, finding, &told) {
        Tier::Named
    } else if (class.is_some() || same_phase) && !told.is_empty() {
        Tier::AnotherObject
    } else if finding.severity < Severity::Blocker {
        Tier::Conditional
    } else if same_phase {
        Tier::SamePhase
    } else {
        Tier::OtherPhase
    }
}

/// The objects of the finding's kind that the failure message names.
fn told<'s>(symptom: &'s Symptom, finding: &Finding) -> Vec<&'s str> {
    let parameters = &symptom.reading.parameters;
    let keys: &[&str] = match finding.subject().map_or("", |subject| subject.kind.as_str()) {
        "AWS::IAM::Role" => &["role_arn", "role"],
        "AWS::SecretsManager::Secret" => &["secret"],
        "AWS::SSM::Parameter" => &["parameters"],
        "AWS::Logs::LogGroup" => &["log_group"],
        "AWS::EC2::Subnet" => &["subnet"],
        "AWS::ElasticLoadBalancingV2::TargetGroup" => &["target_group"],
        "AWS::EFS::FileSystem" | "AWS::S3Files::FileSystem" => &["file_system"],
        // Where an image is named by its tag, its repository is not enough.
        "AWS::ECR::Repository"
            if ["image", "tag"].iter().all(|key| parameters.contains_key(*key)) =>
        {
            &["image"]
        }
        "AWS::ECR::Repository" => &["repository"],
        // A reference in the task definition, if the finding is about one.
        "AWS::ECS::TaskDefinition" if !finding.names.is_empty() => {
            &["image", "host", "secret", "parameters"]
        }
        _ => &[],
    };
    keys.iter().filter_map(|key| parameters.get(*key)).flat_map(|value| value.split(',')).collect()
}

/// Whether the failure message names the object at fault, among those that it tells of or in its
/// text.
fn named(symptom: &Symptom, finding: &Finding, told: &[&str]) -> bool {
    let parameters = &symptom.reading.parameters;
    let ids = finding.resources.iter().take(1).flat_map(|resource| {
        [Some(resource.id.as_str()), resource.arn.as_deref()].into_iter().flatten()
    });
    ids.chain(finding.names.iter().map(String::as_str)).filter(|name| !name.is_empty()).any(
        |name| {
            told.contains(&name)
                || told.is_empty() && parameters.values().any(|value| value == name)
                || (name.len() >= SHORTEST_NAME
                    && contains_word(&symptom.text, name, !told.is_empty()))
        },
    )
}

/// Whether `word` stands in `text` as a whole, not as a part of a longer name; nor as the end of a
/// path, if that would be another object.
fn contains_word(text: &str, word: &str, whole_path: bool) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let before = |c: char| part_of_name(c) || whole_path && matches!(c, '/' | '.' | ':');
    let after = |c: char| part_of_name(c) || whole_path && c == '/';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(before)
            && !text[at + word.len()..].chars().next().is_some_and(after)
    })
}

fn confidence(
    case: &Case<'_>,
    checks: &[(&Meta, Outcome)],
    failure: Option<&Symptom>,
    candidate: &Candidate<'_>,
) -> Confidence {
    let blocker = candidate.finding.severity == Severity::Blocker;
    let Some(symptom) = failure else {
        // Nothing failed yet; a task that runs has passed what would stop the next one.
        let passed = proven(case, candidate.finding.phase);
        return if blocker && !passed { Confidence::Likely } else { Confidence::Possible };
    };
    if candidate.changed_after {
        return Confidence::Possible;
    }
    let text_is_silent = symptom.reading.causes.is_empty();
    match candidate.tier {
        Tier::Named | Tier::SamePhase if blocker && candidate.class.is_some() => {
            if outranked(case, checks, symptom, candidate) {
                Confidence::Likely
            } else {
                Confidence::Certain
            }
        }
        Tier::Named if candidate.class.is_none() && denied(symptom) => Confidence::Possible,
        Tier::Named => Confidence::Likely,
        Tier::SamePhase | Tier::OtherPhase if text_is_silent => Confidence::Likely,
        Tier::OtherPhase | Tier::Conditional if candidate.class.is_some() => Confidence::Likely,
        Tier::SamePhase | Tier::AnotherObject | Tier::OtherPhase | Tier::Conditional => {
            Confidence::Possible
        }
    }
}

/// Whether AWS said which permission is missing: then the role was assumed, and what it asked for
/// was not looked at.
fn denied(symptom: &Symptom) -> bool {
    symptom.reading.parameters.contains_key("action")
        && symptom.reading.causes.first().is_some_and(|cause| cause.as_str().starts_with("iam."))
}

/// Whether a check that could not be answered might supply a better cause.
fn outranked(
    case: &Case<'_>,
    checks: &[(&Meta, Outcome)],
    symptom: &Symptom,
    candidate: &Candidate<'_>,
) -> bool {
    let best = candidate.class.unwrap_or(usize::MAX);
    unknown(case, checks).any(|meta| {
        // The object that the message names is outranked only by a likelier class.
        class(symptom, meta).is_some_and(|class| match candidate.tier {
            Tier::Named => class < best,
            _ => class <= best && meta.id != candidate.finding.check,
        })
    })
}

/// Unknown checks that could supply a cause of this failure.
fn unknown<'m>(case: &Case<'_>, checks: &'m [(&Meta, Outcome)]) -> impl Iterator<Item = &'m Meta> {
    checks
        .iter()
        .filter(|(meta, outcome)| {
            outcome.status == Status::Unknown
                && !meta.causes.is_empty()
                && !proven(case, Some(meta.phase))
        })
        .map(|(meta, _)| *meta)
}

fn proven(case: &Case<'_>, phase: Option<Phase>) -> bool {
    phase.is_some_and(|phase| case.proven(phase).unwrap_or(false))
}

fn because(failure: Option<&Symptom>, candidate: &Candidate<'_>) -> String {
    let phase = candidate.finding.phase.map_or("", Phase::as_str);
    if candidate.changed_after {
        return "it stands in the way of a start now, but was changed after this failure"
            .to_owned();
    }
    let Some(symptom) = failure else {
        return format!("it stops a start in the phase `{phase}`");
    };
    match candidate.tier {
        Tier::Named if candidate.class.is_none() && denied(symptom) => {
            "the failure message names it, but says that a permission is missing".to_owned()
        }
        Tier::Named => "the failure message names it".to_owned(),
        Tier::SamePhase => format!("it stops the phase that failed, `{phase}`"),
        Tier::AnotherObject => {
            format!("it stops the phase `{phase}`, but the failure message names another object")
        }
        Tier::OtherPhase => match symptom.reading.phase {
            Some(failed) => format!(
                "it stops the phase `{phase}`, which did not provably succeed; the failure message \
                 points to `{failed}`"
            ),
            None => format!("it stops the phase `{phase}`, which did not provably succeed"),
        },
        Tier::Conditional => format!("it can stop the phase `{phase}`"),
    }
}

/// The report's answer in a word.
pub(super) fn verdict(
    case: &Case<'_>,
    checks: &[(&Meta, Outcome)],
    findings: &[Finding],
    root_causes: &[RootCause],
) -> Verdict {
    let symptom = case.symptom();
    let failed = match &symptom {
        Ok(symptom) => symptom.as_ref().is_some_and(|symptom| !symptom.reading.benign),
        // What cannot be read cannot be called healthy.
        Err(_) => true,
    };
    if !failed && findings.iter().all(|finding| finding.severity < Severity::Likely) {
        Verdict::Healthy
    } else if root_causes.iter().any(|cause| cause.confidence == Confidence::Certain) {
        Verdict::Explained
    } else if !root_causes.is_empty() {
        Verdict::Suspected
    } else if symptom.is_err() || unknown(case, checks).next().is_some() {
        Verdict::Inconclusive
    } else {
        Verdict::NotExplained
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        checks::testing::{IMAGE, SECRET, World},
        report::{Confidence, Report},
    };

    fn causes(report: &Report) -> Vec<(&str, Confidence)> {
        let causes = report.root_causes.iter();
        let check = |finding: usize| report.findings[finding].check.as_str();
        causes.map(|cause| (check(cause.finding), cause.confidence)).collect()
    }

    fn invalid(named: &str) -> World {
        let mut world = World::default();
        world.stopped(&format!(
            "ResourceInitializationError: unable to pull secrets or registry auth: execution \
             resource retrieval failed: unable to retrieve secrets from ssm: service call has been \
             retried 1 time(s): invalid ssm parameters: {named}"
        ));
        world.container("/secrets/1/valueFrom", json!("/shop/gone"));
        world
    }

    #[test]
    fn the_message_names_another_object_of_the_kind() {
        let check = "sec-ssm-exists";
        for (named, confidence) in [
            ("/shop/gone", Confidence::Certain),
            ("/shop/other, /shop/gone", Confidence::Certain),
            ("/shop/other", Confidence::Possible),
            ("/prod/shop/gone", Confidence::Possible),
            ("/shop/gone/key", Confidence::Possible),
        ] {
            assert_eq!(causes(&invalid(named).report()), [(check, confidence)], "{named}");
        }
        let report = invalid("/shop/other").report();
        assert!(report.root_causes[0].because.contains("names another object"), "{report:?}");
    }

    #[test]
    fn another_role_than_the_message_names_is_no_cause_for_sure() {
        let mut world = World::default();
        world.stopped(
            "ECS was unable to assume the role 'arn:aws:iam::111122223333:role/checkout' that was \
             provided for this task.",
        );
        let service = "/Role/AssumeRolePolicyDocument/Statement/0/Principal/Service";
        world.set("Role", service, json!("ec2.amazonaws.com"));
        assert_eq!(causes(&world.report()), [("exr-trust-principal", Confidence::Possible)]);
    }

    #[test]
    fn another_tag_of_the_repository_is_another_image() {
        let mut world = World::default();
        world.stopped(&format!(
            "CannotPullContainerError: failed to resolve ref {IMAGE}: {IMAGE}: not found"
        ));
        let other = IMAGE.replace("v42", "v43");
        world.definition("/containerDefinitions/-", json!({"name": "worker", "image": other}));
        assert_eq!(causes(&world.report()), [("img-ecr-tag-exists", Confidence::Possible)]);
    }

    #[test]
    fn a_missing_permission_is_not_explained_by_what_else_is_wrong() {
        let mut world = World::default();
        world.set("secret", "/DeletedDate", json!("2026-11-18T08:00:00Z")).stopped(&format!(
            "AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/checkout-execution\
             /abc is not authorized to perform: secretsmanager:GetSecretValue on resource: {SECRET} \
             because no identity-based policy allows the secretsmanager:GetSecretValue action"
        ));
        let service = "/Role/AssumeRolePolicyDocument/Statement/0/Principal/Service";
        world.set("Role", service, json!("ec2.amazonaws.com"));
        let report = world.report();
        let causes = causes(&report);
        assert_eq!(causes[0], ("cls-access-denied-extraction", Confidence::Likely));
        let others = causes[1..].iter();
        assert!(others.clone().all(|(_, confidence)| *confidence == Confidence::Possible));
        assert_eq!(others.count(), 2, "{causes:?}");
    }
}
