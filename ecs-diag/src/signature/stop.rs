//! Everything that a stopped task or a service says about itself, read together.

use std::fmt;

use serde::Serialize;

use super::{Cause, Reading, rank, ranked, read};

/// Service events beyond this many are not looked at.
const MOST_EVENTS: usize = 100;

/// What a stopped task (or a service) says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stop<'a> {
    /// The task's `stopCode`.
    pub stop_code: Option<&'a str>,
    /// The task's `stoppedReason`.
    pub stopped_reason: Option<&'a str>,
    /// The task's containers, in the order of the task.
    pub containers: Vec<ContainerStop<'a>>,
    /// The task's attachments: network interfaces, volumes.
    pub attachments: Vec<AttachmentStop<'a>>,
    /// Messages of the service's events, newest first. They count only where no task says
    /// anything.
    pub service_events: Vec<&'a str>,
    /// Whether the task has a `startedAt`: all of its containers once ran.
    pub started: bool,
    /// The task's `lastStatus`.
    pub last_status: Option<&'a str>,
}

/// What a container says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerStop<'a> {
    /// The container's name.
    pub name: &'a str,
    /// Whether the task stops with it, where the task definition is known. `true` is ECS's default.
    pub essential: Option<bool>,
    /// Why it stopped.
    pub reason: Option<&'a str>,
    /// Its exit code.
    pub exit_code: Option<i64>,
    /// Agents that ECS runs inside it.
    pub managed_agents: Vec<ManagedAgentStop<'a>>,
}

/// What a managed agent says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedAgentStop<'a> {
    /// Its name, `ExecuteCommandAgent`.
    pub name: &'a str,
    /// Its last status.
    pub last_status: Option<&'a str>,
    /// Why it has that status.
    pub reason: Option<&'a str>,
}

/// What an attachment says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachmentStop<'a> {
    /// Its type, for instance `ElasticNetworkInterface` or `AmazonElasticBlockStorage`.
    pub kind: &'a str,
    /// Its status.
    pub status: Option<&'a str>,
    /// Its `statusReason` detail.
    pub reason: Option<&'a str>,
}

/// Where the decisive text was found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The task's `stoppedReason`.
    StoppedReason,
    /// The reason of the named container.
    Container(String),
    /// The reason of an attachment.
    Attachment,
    /// The reason of a managed agent in the named container.
    ManagedAgent(String),
    /// An event of the service.
    ServiceEvent,
    /// The task's `stopCode`; no text said more.
    StopCode,
    /// The exit code of a container; no text said more.
    ExitCode,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StoppedReason => f.write_str("stoppedReason"),
            Self::Container(name) => write!(f, "the reason of container {name}"),
            Self::Attachment => f.write_str("the reason of an attachment"),
            Self::ManagedAgent(name) => write!(f, "the managed agent of container {name}"),
            Self::ServiceEvent => f.write_str("a service event"),
            Self::StopCode => f.write_str("stopCode"),
            Self::ExitCode => f.write_str("an exit code"),
        }
    }
}

/// The most specific of all that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopReading {
    /// What it says.
    pub reading: Reading,
    /// The decisive text as it is, control characters included: escape it before showing it.
    pub text: String,
    /// Where it was.
    pub place: Place,
}

/// Reads everything that a stopped task says, and takes the most specific of it.
///
/// `None` where nothing says anything, as for a running task. A task that is stuck says nothing
/// either; `read("PENDING")` has the signature for one that has been so for too long.
pub fn read_stop(stop: &Stop<'_>) -> Option<StopReading> {
    let reason = said(stop.stopped_reason);
    let code = said(stop.stop_code).unwrap_or_default();
    // Whoever stopped the task wrote the text, and can write anything.
    if code == "UserInitiated" {
        let (signature, text, place) = match reason {
            Some(reason) => ("Task stopped by user", reason, Place::StoppedReason),
            None => (code, code, Place::StopCode),
        };
        return Some(answer(read(signature), text, place));
    }
    task(stop, code, reason).or_else(|| event(&stop.service_events)).or_else(|| agent(stop))
}

fn task(stop: &Stop<'_>, code: &str, reason: Option<&str>) -> Option<StopReading> {
    let mut best: Option<(u8, StopReading)> = None;
    if let Some(text) = reason {
        let (rank, reading) = ranked(text);
        // What containers say when they are stopped on purpose is a consequence.
        let decisive = reading.benign || matches!(code, "SpotInterruption" | "TerminationNotice");
        if decisive && reading.signature.is_some() {
            return Some(answer(reading, text, Place::StoppedReason));
        }
        best = Some((rank, answer(reading, text, Place::StoppedReason)));
    }
    let containers = stop
        .containers
        .iter()
        .filter_map(|container| Some((said(container.reason)?, Some(container))));
    let attachments =
        stop.attachments.iter().filter_map(|attachment| Some((said(attachment.reason)?, None)));
    for (text, container) in containers.chain(attachments) {
        let (rank, mut reading) = ranked(text);
        if best.as_ref().is_some_and(|(other, _)| *other >= rank) {
            continue;
        }
        let place = match container {
            Some(container) => {
                name(&mut reading, container);
                Place::Container(container.name.to_owned())
            }
            None => Place::Attachment,
        };
        best = Some((rank, answer(reading, text, place)));
    }
    let known = best
        .as_ref()
        .is_some_and(|(rank, best)| best.reading.signature.is_some() && *rank > rank::UNKNOWN);
    if known {
        return best.map(|(_, best)| best);
    }
    // Nothing but generic or unknown texts: the codes are facts.
    let text = best.as_ref().map(|(_, best)| best.text.clone());
    if matches!(code, "SpotInterruption" | "TerminationNotice" | "ServiceSchedulerInitiated") {
        return Some(answer(read(code), &text.unwrap_or_else(|| code.to_owned()), Place::StopCode));
    }
    if let Some(container) = culprit(stop)
        && (code == "EssentialContainerExited" || code.is_empty() || stop.started)
    {
        let exit = container.exit_code.unwrap_or_default();
        let said = format!("exit code {exit}");
        let mut reading = read(&said);
        name(&mut reading, container);
        return Some(answer(reading, &text.unwrap_or(said), Place::ExitCode));
    }
    best.map(|(_, best)| best)
        .or_else(|| (!code.is_empty()).then(|| answer(read(code), code, Place::StopCode)))
}

/// The first essential container that failed; without one, the first essential that exited at
/// all, since a task stops with that too.
fn culprit<'a, 'b>(stop: &'b Stop<'a>) -> Option<&'b ContainerStop<'a>> {
    let exited = |container: &&ContainerStop<'_>| {
        container.essential != Some(false) && container.exit_code.is_some()
    };
    let mut essential = stop.containers.iter().filter(exited);
    essential.clone().find(|container| container.exit_code != Some(0)).or_else(|| essential.next())
}

fn event(events: &[&str]) -> Option<StopReading> {
    let mut best: Option<(u8, StopReading)> = None;
    for text in events.iter().take(MOST_EVENTS) {
        let (rank, reading) = ranked(text);
        let Some(signature) = reading.signature else { continue };
        // What is older than a steady state has been overcome.
        let steady = signature == "SVC-STEADY";
        if steady && best.is_some() {
            break;
        }
        if best.as_ref().is_none_or(|(other, _)| rank > *other) {
            best = Some((rank, answer(reading, text, Place::ServiceEvent)));
        }
        if steady {
            break;
        }
    }
    best.map(|(_, best)| best)
}

fn agent(stop: &Stop<'_>) -> Option<StopReading> {
    stop.containers.iter().find_map(|container| {
        let agent = container.managed_agents.iter().find(|agent| {
            said(agent.reason).is_some()
                && agent.last_status.is_none_or(|status| !status.eq_ignore_ascii_case("RUNNING"))
        })?;
        let text = said(agent.reason)?;
        let mut reading = read("ExecuteCommandAgent");
        reading.parameters = read(text).parameters;
        name(&mut reading, container);
        Some(answer(reading, text, Place::ManagedAgent(container.name.to_owned())))
    })
}

/// What an exit code can mean where no text says more.
pub(super) fn exit_causes(code: Option<i64>) -> Vec<Cause> {
    match code {
        Some(126 | 127) => vec![Cause::StartCommand, Cause::ExitAppOrSidecarError],
        // 128 + signal. Out of memory needs a text that says so.
        Some(129..=165) => vec![Cause::ExitBySignalNotOom, Cause::ExitAppOrSidecarError],
        Some(1 | 255) => vec![Cause::ExitAppOrSidecarError, Cause::ImageExecFormat],
        _ => vec![Cause::ExitAppOrSidecarError],
    }
}

fn name(reading: &mut Reading, container: &ContainerStop<'_>) {
    if !container.name.is_empty() {
        reading.parameters.insert("container", container.name.to_owned());
    }
    if let Some(code) = container.exit_code {
        reading.parameters.insert("exit_code", code.to_string());
    }
}

fn said(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

fn answer(reading: Reading, text: &str, place: Place) -> StopReading {
    StopReading { reading, text: text.to_owned(), place }
}
