//! What a diagnosis says, as data.

mod rank;
mod wire;

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    Phase,
    case::{Case, Network, NetworkSource, Symptom},
    check::{Meta, Outcome, Status, first_line},
    facts::Missing,
    finding::{Finding, Severity},
    signature::Cause,
};

pub use wire::SCHEMA;

/// The answer to "why does this task not start?".
#[derive(Clone, Debug)]
pub struct Report {
    /// What was diagnosed.
    pub target: TargetSummary,
    /// The answer in a word.
    pub verdict: Verdict,
    /// What the target says about its failure.
    pub symptom: Option<Arc<Symptom>>,
    /// The network configuration that the task was started with.
    pub network: Network,
    /// What explains the failure, best first.
    pub root_causes: Vec<RootCause>,
    /// Everything found, worst first.
    pub findings: Vec<Finding>,
    /// For each finding, whether the object at fault was changed after the failure.
    pub changed_after_failure: Vec<bool>,
    /// How each check ended, in the catalogue's order.
    pub checks: Vec<CheckReport>,
    /// What the answer rests on beside the facts.
    pub assumptions: Vec<String>,
    /// Classes of cause that the failure message suggests and none of the checks looks at.
    pub unchecked: Vec<Cause>,
}

/// What was diagnosed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetSummary {
    /// `task`, `service` or `event`.
    pub kind: String,
    /// Region.
    pub region: Option<String>,
    /// Account.
    pub account: Option<String>,
    /// Cluster name.
    pub cluster: Option<String>,
    /// ARN of the task; `null` for a service none of whose tasks failed.
    pub task: Option<String>,
    /// Name of the service.
    pub service: Option<String>,
}

/// The answer in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A cause is certain.
    Explained,
    /// There are causes, none of them certain.
    Suspected,
    /// No cause was found, but facts are missing that could show one.
    Inconclusive,
    /// No cause was found, and nothing is missing that could show one.
    NotExplained,
    /// Nothing failed, and nothing stands in the way of a start.
    Healthy,
}

impl Verdict {
    /// The name used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Explained => "explained",
            Self::Suspected => "suspected",
            Self::Inconclusive => "inconclusive",
            Self::NotExplained => "not-explained",
            Self::Healthy => "healthy",
        }
    }
}

/// How sure a cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// It explains the failure, and nothing unknown could outrank it.
    Certain,
    /// It explains the failure, under a condition or beside others.
    Likely,
    /// It stands in the way of a start, but does not match what the failure says.
    Possible,
}

impl Confidence {
    /// The name used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

/// A finding that explains the failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCause {
    /// Index into [`Report::findings`].
    pub finding: usize,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why it was chosen.
    pub because: String,
    /// The findings that it explains, itself among them.
    pub explains: Vec<usize>,
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckReport {
    /// Catalogue id.
    pub check: Cow<'static, str>,
    /// The question, in a line.
    pub title: Cow<'static, str>,
    /// Phase of a task's start that a fault stops.
    pub phase: Phase,
    /// How it ended.
    pub status: Status,
    /// Why it does not apply, or what went wrong.
    pub reason: Option<String>,
    /// What could not be read.
    pub unknown: Vec<Missing>,
}

/// Remedies that are proved at most.
const PROOFS: usize = 50;

impl Report {
    /// The report as its wire form: JSON, two spaces of indent, no line break at the end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(&wire::Report::from(self)).unwrap_or_default()
    }

    /// The finding of the best root cause.
    pub fn cause(&self) -> Option<&Finding> {
        self.findings.get(self.root_causes.first()?.finding)
    }

    /// Puts together what the checks of a case said.
    pub(crate) fn new(case: &Case<'_>, checks: &[(&Meta, Outcome)]) -> Self {
        let mut findings: Vec<Finding> =
            checks.iter().flat_map(|(_, outcome)| outcome.findings.iter().cloned()).collect();
        findings.sort_by(|a, b| {
            (b.severity, a.phase, &a.check, &a.resources, &a.summary).cmp(&(
                a.severity,
                b.phase,
                &b.check,
                &b.resources,
                &b.summary,
            ))
        });
        let failed_at = case.task().ok().flatten().and_then(|task| task.stopped_at);
        let changed_after_failure: Vec<bool> = findings
            .iter()
            .map(|finding| {
                failed_at.zip(finding.changed_at).is_some_and(|(failed, changed)| changed > failed)
            })
            .collect();
        let root_causes = rank::root_causes(case, checks, &findings, &changed_after_failure);
        let verdict = rank::verdict(case, checks, &findings, &root_causes);
        let service = case.service().ok().flatten().map(|service| service.service_name.clone());
        let task = case.task().ok().flatten();
        Self {
            target: TargetSummary {
                kind: case.target().kind().to_owned(),
                region: case.region().map(str::to_owned),
                account: case.account().map(str::to_owned),
                cluster: case.cluster(),
                service: service.or_else(|| Some(task.as_ref()?.service_name()?.to_owned())),
                task: task.map(|task| task.task_arn.clone()),
            },
            verdict,
            symptom: case.told(),
            network: case.network().map_or_else(
                |_| Network {
                    source: NetworkSource::None,
                    subnets: case.interface_detail("subnetId").ok().flatten().into_iter().collect(),
                    security_groups: vec![],
                    assign_public_ip: None,
                },
                |network| (*network).clone(),
            ),
            root_causes,
            findings,
            changed_after_failure,
            checks: checks
                .iter()
                .map(|(meta, outcome)| CheckReport {
                    check: meta.id.clone(),
                    title: match &meta.docs {
                        Cow::Borrowed(docs) => Cow::Borrowed(first_line(docs)),
                        Cow::Owned(docs) => Cow::Owned(first_line(docs).to_owned()),
                    },
                    phase: meta.phase,
                    status: outcome.status,
                    reason: outcome.reason.clone(),
                    unknown: if outcome.status == Status::Unknown {
                        outcome.missing.clone()
                    } else {
                        vec![]
                    },
                })
                .collect(),
            assumptions: checks
                .iter()
                .flat_map(|(_, outcome)| outcome.trace.assumptions.iter().cloned())
                .chain(case.assumptions())
                .collect::<BTreeSet<_>>()
                .iter()
                .map(|text| text.as_ref().to_owned())
                .collect(),
            unchecked: case.told().map_or(vec![], |symptom| {
                let is_checked =
                    |cause: &&Cause| checks.iter().any(|(meta, _)| meta.causes.contains(cause));
                symptom.reading.causes.iter().filter(|cause| !is_checked(cause)).copied().collect()
            }),
        }
    }

    /// Notes which remedies were proved, those of the root causes first.
    ///
    /// A proof takes about as long as the diagnosis did, so that their number is bounded: what
    /// finds more faults than that finds the same one again and again.
    pub(crate) fn prove(&mut self, proves: impl Fn(&Finding) -> bool) {
        let causes = self.root_causes.iter().map(|cause| cause.finding);
        let mut order: Vec<_> = causes.chain(0..self.findings.len()).collect();
        let mut seen = BTreeSet::new();
        order.retain(|index| {
            let finding = &self.findings[*index];
            let has_edits = finding.remedy.as_ref().is_some_and(|remedy| !remedy.edits.is_empty());
            has_edits && finding.severity >= Severity::Warning && seen.insert(*index)
        });
        for index in order.into_iter().take(PROOFS) {
            let verified = proves(&self.findings[index]);
            if let Some(remedy) = &mut self.findings[index].remedy {
                remedy.verified = verified;
            }
        }
    }
}
