//! A report for people: for the terminal, and as Markdown for tickets and chat.
//!
//! Names and messages in a report come from the account and from whoever could write there.
//! Everything goes through [`clean`]: nothing in a report can move the cursor, recolour, reorder
//! or forge a line; and in Markdown nothing in it becomes a link, HTML or the end of a code block.

mod clean;
mod markdown;
mod paper;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Phase,
    check::Status,
    facts::Missing,
    finding::Finding,
    report::{CheckReport, Report, RootCause, Verdict},
    source::{ErrorKind, Query},
};

pub use clean::clean;
pub(crate) use clean::shorten;
pub use markdown::markdown;
pub(crate) use paper::{Ink, Paper};
pub use text::text;

/// How text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour with ANSI escapes.
    pub color: bool,
    /// Columns of the terminal; lines are not made longer than 100. Commands and ARNs are never
    /// broken.
    pub width: usize,
    /// How much is said.
    pub detail: Detail,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 80, detail: Detail::Normal }
    }
}

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// The verdict and its causes, one line each.
    Brief,
    /// What is needed to act; long texts are shortened.
    #[default]
    Normal,
    /// Everything: all checks, all evidence with its queries, texts in full.
    Full,
}

/// Longest failure message shown whole; half a screen is for the answer.
const SYMPTOM: usize = 400;
/// Longest sentence shown whole. Ours are far shorter; a longer one is made so by a name in it.
const SENTENCE: usize = 1200;
/// Longest name shown whole: no ARN is longer.
const NAME: usize = 2048;
/// Longest JSON value shown whole.
const VALUE: usize = 160;
/// Longest command shown. A command is never cut: half of one is another one.
const COMMAND: usize = 16_384;
/// Items of one kind that are shown, unless everything is.
const ITEMS: usize = 12;

/// Whether a command can be shown as it is.
fn is_showable(command: &str) -> bool {
    command.len() <= COMMAND && clean(command) == command
}

/// What is said in place of a command that cannot be shown as it is.
const NOT_SHOWN: &str = "a command with unprintable or very long arguments: the JSON report has it";

/// The first lines: the answer in a word, and what it is about.
fn headlines(report: &Report) -> Vec<String> {
    let causes: Vec<_> = report
        .root_causes
        .iter()
        .filter_map(|cause| Some((cause, report.findings.get(cause.finding)?)))
        .collect();
    if causes.is_empty() {
        return vec![without_cause(report)];
    }
    causes
        .iter()
        .map(|(cause, finding)| {
            if causes.len() == 1 && report.verdict == Verdict::Explained {
                finding.summary.clone()
            } else {
                format!("{} ({})", finding.summary, cause.confidence.as_str())
            }
        })
        .collect()
}

fn without_cause(report: &Report) -> String {
    let unknown = with_status(report, Status::Unknown).count();
    let open = match unknown {
        0 => String::new(),
        many => format!("; {} could not be answered", checks(many)),
    };
    let benign = report.symptom.as_ref().is_some_and(|symptom| symptom.reading.benign);
    match report.verdict {
        Verdict::Healthy if benign => format!("the task stopped as it should{open}"),
        Verdict::Healthy => {
            format!("nothing failed, and nothing stands in the way of a start{open}")
        }
        Verdict::NotExplained if report.unchecked.is_empty() => {
            "no cause found, and nothing is missing that could show one".to_owned()
        }
        Verdict::NotExplained => {
            let classes: Vec<_> =
                report.unchecked.iter().map(|cause| format!("`{cause}`")).collect();
            format!(
                "no cause found; the failure message suggests what no check looks at: {}",
                classes.join(", ")
            )
        }
        _ => format!("no cause found{open}"),
    }
}

/// The findings that are not told with a root cause, worst first.
fn others(report: &Report) -> Vec<(&Finding, bool)> {
    let told: BTreeSet<usize> = report
        .root_causes
        .iter()
        .flat_map(|cause| cause.explains.iter().copied().chain([cause.finding]))
        .collect();
    report
        .findings
        .iter()
        .enumerate()
        .filter(|(index, _)| !told.contains(index))
        .map(|(index, finding)| (finding, changed_after_failure(report, index)))
        .collect()
}

fn changed_after_failure(report: &Report, finding: usize) -> bool {
    report.changed_after_failure.get(finding).copied().unwrap_or(false)
}

/// The findings that a root cause explains beside its own.
fn explained<'r>(report: &'r Report, cause: &RootCause) -> Vec<&'r Finding> {
    let others = cause.explains.iter().filter(|index| **index != cause.finding);
    others.filter_map(|index| report.findings.get(*index)).collect()
}

fn with_status(report: &Report, status: Status) -> impl Iterator<Item = &CheckReport> {
    report.checks.iter().filter(move |check| check.status == status)
}

/// What passed, by phase.
fn passed(report: &Report) -> BTreeMap<Phase, Vec<&str>> {
    let mut phases: BTreeMap<Phase, Vec<&str>> = BTreeMap::new();
    for check in with_status(report, Status::Passed) {
        phases.entry(check.phase).or_default().push(&check.check);
    }
    phases
}

/// A call without an answer, and the checks that wait for it.
struct Open<'r> {
    query: &'r Query,
    error: String,
    checks: Vec<&'r str>,
}

/// The calls that would settle unknown checks: those of the phase that failed first, then those
/// that most checks wait for.
fn open_calls(report: &Report) -> Vec<Open<'_>> {
    let failed = report.symptom.as_ref().and_then(|symptom| symptom.reading.phase);
    // One command may answer several queries: it is told once.
    let mut calls: BTreeMap<(String, String), (bool, Open<'_>)> = BTreeMap::new();
    for check in with_status(report, Status::Unknown) {
        for missing in &check.unknown {
            // What was not saved says how to save it; the code would only repeat that.
            let error = match missing {
                Missing::Unavailable(_, error) if error.kind == ErrorKind::NotRecorded => {
                    error.message.clone()
                }
                missing => missing.why(),
            };
            let query = missing.query();
            let (near, open) = calls
                .entry((query.name(), error.clone()))
                .or_insert_with(|| (false, Open { query, error, checks: vec![] }));
            *near |= failed == Some(check.phase);
            if !open.checks.contains(&&*check.check) {
                open.checks.push(&check.check);
            }
        }
    }
    let mut calls: Vec<_> = calls.into_values().collect();
    calls.sort_by_key(|(near, open)| (!near, std::cmp::Reverse(open.checks.len())));
    calls.into_iter().map(|(_, open)| open).collect()
}

/// Unknown checks that no call would settle, and why they are unknown.
fn broken(report: &Report) -> impl Iterator<Item = (&CheckReport, &str)> {
    with_status(report, Status::Unknown)
        .filter(|check| check.unknown.is_empty())
        .map(|check| (check, check.reason.as_deref().unwrap_or("no reason given")))
}

fn checks(number: usize) -> String {
    format!("{number} check{}", if number == 1 { "" } else { "s" })
}

/// Whether the error already says which command would save the answer.
fn names_command(error: &str) -> bool {
    error.contains("`aws ")
}

/// How the target stopped, in a phrase; `name` marks what comes from data.
fn failure(report: &Report, name: impl Fn(&str) -> String) -> Option<String> {
    let symptom = report.symptom.as_ref()?;
    let reading = &symptom.reading;
    let phase = if reading.benign {
        Some("as it should".to_owned())
    } else {
        reading.phase.map(|phase| format!("in phase {}", name(phase.as_str())))
    };
    let code = symptom.stop_code.as_deref().map(&name);
    let signature = reading.signature.map(|id| format!("signature {}", name(id)));
    let parts: Vec<_> = [phase, code, signature].into_iter().flatten().collect();
    Some(if parts.is_empty() { "for an unknown reason".to_owned() } else { parts.join(", ") })
}

/// What was diagnosed: a word for its kind, and its names in a phrase.
fn target(report: &Report, name: impl Fn(&str) -> String) -> (&'static str, String) {
    let target = &report.target;
    let cluster = target.cluster.as_deref().map(|it| format!("cluster {}", name(it)));
    let service = target.service.as_deref();
    let (kind, parts) = match &target.task {
        Some(arn) => (
            if target.kind == "event" { "event" } else { "task" },
            [
                Some(name(arn.rsplit('/').next().unwrap_or(arn))),
                service.map(|it| format!("service {}", name(it))),
                cluster,
            ],
        ),
        None => ("service", [service.map(&name), cluster, None]),
    };
    (kind, parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests;
