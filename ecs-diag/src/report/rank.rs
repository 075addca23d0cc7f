//! Which findings explain the failure, and how surely.

use crate::{
    Phase,
    case::{Case, Symptom},
    check::{Meta, Outcome, Status},
    finding::{Finding, Severity},
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
    let meta = |id: &str| checks.iter().map(|(meta, _)| *meta).find(|meta| meta.id == id);

    let mut candidates: Vec<Candidate<'_>> = findings
        .iter()
        .enumerate()
        .filter(|(_, finding)| finding.severity >= Severity::Likely)
        // What provably succeeded did not fail; without a failure it may still fail next time.
        .filter(|(_, finding)| failure.is_none() || !proven(case, finding.phase))
        .map(|(index, finding)| {
            let class = failure.and_then(|symptom| {
                let classes = &meta(&finding.check)?.causes;
                symptom.reading.causes.iter().position(|cause| classes.contains(cause))
            });
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
    let explainer = |candidate: &Candidate<'_>| {
        candidates.iter().find(|other| {
            other.finding.subject() == candidate.finding.subject()
                && meta(&other.finding.check)
                    .is_some_and(|meta| meta.explains.contains(&candidate.finding.check.as_str()))
        })
    };
    let mut root_causes: Vec<RootCause> = candidates
        .iter()
        .filter(|candidate| explainer(candidate).is_none())
        .map(|candidate| {
            let mut explains: Vec<usize> = candidates
                .iter()
                .filter(|other| {
                    explainer(other).is_some_and(|explainer| explainer.index == candidate.index)
                })
                .map(|other| other.index)
                .chain([candidate.index])
                .collect();
            explains.sort_unstable();
            RootCause {
                finding: candidate.index,
                confidence: confidence(case, checks, failure, candidate),
                because: because(failure, candidate),
                explains,
            }
        })
        .collect();
    // What is sure stands above what is only named.
    root_causes.sort_by_key(|cause| cause.confidence);
    root_causes
}

fn tier(symptom: &Symptom, finding: &Finding, class: Option<usize>) -> Tier {
    let same_phase = symptom.reading.phase.is_some() && symptom.reading.phase == finding.phase;
    if (class.is_some() || same_phase) && named(symptom, finding) {
        Tier::Named
    } else if finding.severity < Severity::Blocker {
        Tier::Conditional
    } else if same_phase {
        Tier::SamePhase
    } else {
        Tier::OtherPhase
    }
}

/// Whether the failure message names the object at fault.
fn named(symptom: &Symptom, finding: &Finding) -> bool {
    let ids = finding.resources.iter().take(1).flat_map(|resource| {
        [Some(resource.id.as_str()), resource.arn.as_deref()].into_iter().flatten()
    });
    ids.chain(finding.names.iter().map(String::as_str)).filter(|name| !name.is_empty()).any(
        |name| {
            symptom.reading.parameters.values().any(|value| value == name)
                || (name.len() >= SHORTEST_NAME && contains_word(&symptom.text, name))
        },
    )
}

/// Whether `word` stands in `text` as a whole, not as a part of a longer name.
fn contains_word(text: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(part_of_name)
            && !text[at + word.len()..].chars().next().is_some_and(part_of_name)
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
        Tier::Named => Confidence::Likely,
        Tier::SamePhase | Tier::OtherPhase if text_is_silent => Confidence::Likely,
        Tier::OtherPhase | Tier::Conditional if candidate.class.is_some() => Confidence::Likely,
        Tier::SamePhase | Tier::OtherPhase | Tier::Conditional => Confidence::Possible,
    }
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
        let class = symptom.reading.causes.iter().position(|cause| meta.causes.contains(cause));
        // The object that the message names is outranked only by a likelier class.
        class.is_some_and(|class| match candidate.tier {
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
        Tier::Named => "the failure message names it".to_owned(),
        Tier::SamePhase => format!("it stops the phase that failed, `{phase}`"),
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
