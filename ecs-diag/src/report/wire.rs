//! The report's wire form, version 1: what scripts and the other languages read.

use serde::Serialize;
use serde_json::Value;

use crate::{
    Phase,
    case::NetworkSource,
    check::Status,
    facts::Missing,
    finding::{self, Resource, Severity},
    report::{Confidence, TargetSummary, Verdict},
    signature::Cause,
};

/// Name and version of the wire form.
pub const SCHEMA: &str = "ecs-diag/report/v1";

#[derive(Serialize)]
pub(super) struct Report<'r> {
    schema: &'static str,
    target: &'r TargetSummary,
    verdict: Verdict,
    symptom: Option<Symptom<'r>>,
    network: Network<'r>,
    root_causes: Vec<RootCause<'r>>,
    findings: Vec<Finding<'r>>,
    checks: Vec<Check<'r>>,
    assumptions: &'r [String],
}

#[derive(Serialize)]
struct Symptom<'r> {
    signature: Option<&'static str>,
    phase: Option<Phase>,
    stop_code: Option<&'r str>,
    text: &'r str,
    causes: &'r [Cause],
    parameters: &'r std::collections::BTreeMap<&'static str, String>,
    benign: bool,
}

#[derive(Serialize)]
struct Network<'r> {
    source: NetworkSource,
    subnets: &'r [String],
    security_groups: &'r [String],
    assign_public_ip: Option<bool>,
}

#[derive(Serialize)]
struct RootCause<'r> {
    finding: usize,
    check: &'r str,
    confidence: Confidence,
    because: &'r str,
    explains: &'r [usize],
}

#[derive(Serialize)]
struct Finding<'r> {
    check: &'r str,
    severity: Severity,
    phase: Option<Phase>,
    summary: &'r str,
    detail: &'r str,
    changed_after_failure: bool,
    resources: &'r [Resource],
    evidence: Vec<Evidence<'r>>,
    remedy: Option<Remedy<'r>>,
}

#[derive(Serialize)]
struct Evidence<'r> {
    query: String,
    input: Value,
    object: Option<&'r str>,
    pointer: &'r str,
    value: &'r Value,
}

#[derive(Serialize)]
struct Remedy<'r> {
    summary: &'r str,
    steps: &'r [String],
    commands: &'r [String],
    verified: bool,
}

#[derive(Serialize)]
// The members are named as the wire form names them.
#[allow(clippy::struct_field_names)]
struct Check<'r> {
    check: &'r str,
    status: Status,
    reason: Option<&'r str>,
    unknown: Vec<Unknown>,
}

#[derive(Serialize)]
struct Unknown {
    query: String,
    input: Value,
    error: String,
}

impl<'r> From<&'r super::Report> for Report<'r> {
    fn from(report: &'r super::Report) -> Self {
        Self {
            schema: SCHEMA,
            target: &report.target,
            verdict: report.verdict,
            symptom: report.symptom.as_ref().map(|symptom| Symptom {
                signature: symptom.reading.signature,
                phase: symptom.reading.phase,
                stop_code: symptom.stop_code.as_deref(),
                text: &symptom.text,
                causes: &symptom.reading.causes,
                parameters: &symptom.reading.parameters,
                benign: symptom.reading.benign,
            }),
            network: Network {
                source: report.network.source,
                subnets: &report.network.subnets,
                security_groups: &report.network.security_groups,
                assign_public_ip: report.network.assign_public_ip,
            },
            root_causes: report
                .root_causes
                .iter()
                .map(|cause| RootCause {
                    finding: cause.finding,
                    check: &report.findings[cause.finding].check,
                    confidence: cause.confidence,
                    because: &cause.because,
                    explains: &cause.explains,
                })
                .collect(),
            findings: report
                .findings
                .iter()
                .zip(&report.changed_after_failure)
                .map(|(finding, changed)| Finding::new(finding, *changed))
                .collect(),
            checks: report
                .checks
                .iter()
                .map(|check| Check {
                    check: &check.check,
                    status: check.status,
                    reason: check.reason.as_deref(),
                    unknown: check.unknown.iter().map(Unknown::from).collect(),
                })
                .collect(),
            assumptions: &report.assumptions,
        }
    }
}

impl<'r> Finding<'r> {
    fn new(finding: &'r finding::Finding, changed_after_failure: bool) -> Self {
        Self {
            check: &finding.check,
            severity: finding.severity,
            phase: finding.phase,
            summary: &finding.summary,
            detail: &finding.detail,
            changed_after_failure,
            resources: &finding.resources,
            evidence: finding
                .evidence
                .iter()
                .map(|evidence| Evidence {
                    query: evidence.query.name(),
                    input: evidence.query.input(),
                    object: evidence.object.as_deref(),
                    pointer: &evidence.pointer,
                    value: &evidence.value,
                })
                .collect(),
            remedy: finding.remedy.as_ref().map(|remedy| Remedy {
                summary: &remedy.summary,
                steps: &remedy.steps,
                commands: &remedy.commands,
                verified: remedy.verified,
            }),
        }
    }
}

impl From<&Missing> for Unknown {
    fn from(missing: &Missing) -> Self {
        let query = missing.query();
        Self { query: query.name(), input: query.input(), error: missing.why() }
    }
}
