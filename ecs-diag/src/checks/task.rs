//! The task of a case, as findings and commands name it.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    aws::{
        Time,
        ecs::{DescribeTasks, Task},
    },
    case::{Case, stop_of},
    edit::{Edit, Object},
    facts::Missing,
    finding::{Evidence, Resource},
    shell, signature,
};

/// The id at the end of a task's ARN.
pub(super) fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The task as an object that a finding is about.
pub(super) fn resource(task: &Task) -> Resource {
    Resource::new("AWS::ECS::Task", id(&task.task_arn)).arn(task.task_arn.clone())
}

/// A member of the task.
pub(super) fn evidence(
    case: &Case<'_>,
    task: &Task,
    pointer: impl Into<String>,
    value: impl Into<Value>,
) -> Evidence {
    let request = DescribeTasks::new(case.target().cluster().as_deref(), [task.task_arn.clone()]);
    Evidence::new(case.query(&request), pointer, value).object(task.task_arn.clone())
}

/// Sets a member of the task.
pub(super) fn set(task: &Task, pointer: impl Into<String>, value: impl Into<Value>) -> Edit {
    Edit::Set(Object::new("tasks", "taskArn", task.task_arn.clone()), pointer.into(), value.into())
}

/// `--cluster C --region R`, as far as they are known.
pub(super) fn options(case: &Case<'_>) -> String {
    let cluster = case.cluster().map(|cluster| format!(" --cluster {}", shell::quoted(&cluster)));
    cluster.unwrap_or_default() + &shell::region_option(case.region())
}

/// How long it took, in a word or two.
pub(super) fn span(from: Time, to: Time) -> String {
    let seconds = to.0.as_second().saturating_sub(from.0.as_second()).max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A task of a service that stopped otherwise than it should.
pub(super) struct Failure {
    pub(super) arn: String,
    pub(super) at: Option<Time>,
    /// Signature of what it says; where there is none, the text without what differs from task to
    /// task.
    pub(super) says: String,
    /// The decisive text, cut.
    pub(super) text: String,
    pub(super) started_by: Option<String>,
    pub(super) subnet: Option<String>,
    pub(super) instance: Option<String>,
}

/// The failed tasks of a service that ECS still tells of, newest first; read once a run.
pub(super) fn failures(case: &Case<'_>, service: &str) -> Result<Arc<Vec<Failure>>, Missing> {
    let key = format!("{:?} {:?} {service}", case.region(), case.cluster());
    case.derived(&key, || {
        let tasks = case.stopped_tasks(service)?;
        let mut failures: Vec<_> = tasks.iter().filter_map(|task| failure(task)).collect();
        failures.sort_unstable_by(|a, b| (b.at, &b.arn).cmp(&(a.at, &a.arn)));
        Ok(failures)
    })
}

fn failure(task: &Task) -> Option<Failure> {
    let read = signature::read_stop(&stop_of(task, None));
    if !task.is_stopped() || read.as_ref().is_some_and(|read| read.reading.benign) {
        return None;
    }
    let detail = |name| {
        task.attachments.iter().find_map(|attachment| attachment.detail(name)).map(str::to_owned)
    };
    Some(Failure {
        arn: task.task_arn.clone(),
        at: task.stopped_at.or(task.created_at),
        text: read.as_ref().map_or(String::new(), |read| read.text.chars().take(TOLD).collect()),
        started_by: task.started_by.clone(),
        says: read.map_or_else(
            || "nothing".to_owned(),
            |read| match read.reading.signature {
                Some(signature) => signature.to_owned(),
                None => general(&read.text),
            },
        ),
        subnet: detail("subnetId"),
        instance: task.container_instance_arn.clone(),
    })
}

/// How much of a text is kept.
const TOLD: usize = 200;
/// How much of an unknown text is compared.
const COMPARED: usize = 200;

/// A text without numbers and ids.
fn general(text: &str) -> String {
    let words = text.chars().take(COMPARED).collect::<String>();
    words
        .split_whitespace()
        .map(|word| if word.contains(|c: char| c.is_ascii_digit()) { "…" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_a_unit_that_suits() {
        let at = |text| Time::parse(text).unwrap();
        let from = at("2026-11-20T10:00:00Z");
        for (to, expected) in [
            ("2026-11-20T10:00:05Z", "5 s"),
            ("2026-11-20T10:05:00Z", "5 min"),
            ("2026-11-20T14:05:00Z", "4 h"),
            ("2026-11-23T10:05:00Z", "3 days"),
            ("2026-11-19T10:05:00Z", "0 s"),
        ] {
            assert_eq!(span(from, at(to)), expected);
        }
    }

    #[test]
    fn texts_that_differ_in_ids_are_the_same() {
        assert_eq!(general("disk 7 of i-0123 is odd"), "disk … of … is odd");
        assert_eq!(general(&"x".repeat(1000)).len(), COMPARED);
    }
}
