//! stub
mod cause;
use crate::Phase;
pub use cause::Cause;
use std::collections::BTreeMap;
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub signature: Option<&'static str>,
    pub phase: Option<Phase>,
    pub causes: Vec<Cause>,
    pub parameters: BTreeMap<&'static str, String>,
    pub benign: bool,
}
#[derive(Clone, Debug, Default)]
pub struct Stop<'a> {
    pub stop_code: Option<&'a str>,
    pub stopped_reason: Option<&'a str>,
    pub containers: Vec<ContainerStop<'a>>,
    pub attachments: Vec<AttachmentStop<'a>>,
    pub service_events: Vec<&'a str>,
    pub started: bool,
    pub last_status: Option<&'a str>,
}
#[derive(Clone, Debug)]
pub struct ContainerStop<'a> {
    pub name: &'a str,
    pub essential: Option<bool>,
    pub reason: Option<&'a str>,
    pub exit_code: Option<i64>,
    pub managed_agents: Vec<ManagedAgentStop<'a>>,
}
#[derive(Clone, Debug)]
pub struct ManagedAgentStop<'a> {
    pub name: &'a str,
    pub last_status: Option<&'a str>,
    pub reason: Option<&'a str>,
}
#[derive(Clone, Debug)]
pub struct AttachmentStop<'a> {
    pub kind: &'a str,
    pub status: Option<&'a str>,
    pub reason: Option<&'a str>,
}
#[derive(Clone, Debug)]
pub enum Place {
    StoppedReason,
}
pub struct StopReading {
    pub reading: Reading,
    pub text: String,
    pub place: Place,
}
pub fn read_stop(_: &Stop<'_>) -> Option<StopReading> {
    None
}
