//! Which task or service of a snapshot is meant.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Failure, args::Diagnose};
use crate::{
    ErrorKind, Target,
    aws::{Arn, Request, ecs},
    case,
    render::shorten,
    sources::Snapshot,
};

/// How many candidates are listed.
const LISTED: usize = 20;
/// How much of a candidate's reason is shown.
const REASON: usize = 80;

/// A task of the snapshot.
struct Candidate {
    task: ecs::Task,
    failed: bool,
}

/// The target that the arguments mean.
pub(super) fn target(options: &Diagnose, snapshot: &Snapshot) -> Result<Target, Failure> {
    let cluster = options.cluster.as_deref();
    if let Some(service) = &options.service {
        return find_service(cluster, service, snapshot);
    }
    let all: Vec<Candidate> = snapshot.tasks().filter_map(Candidate::new).collect();
    if let Some(task) = &options.task
        && !all.iter().any(|candidate| is(&candidate.task.task_arn, task))
        && is_refused(cluster, task, snapshot)
    {
        return Ok(Target::task(cluster, task));
    }
    if all.is_empty() {
        return Err(Failure::new("the snapshot holds no task").hint(
            "save one with `aws ecs describe-tasks --cluster CLUSTER --tasks ID`, or name a \
             service: `--service NAME`",
        ));
    }
    let (here, elsewhere): (Vec<_>, Vec<_>) = all.into_iter().partition(|candidate| {
        cluster.is_none_or(|cluster| same(candidate.cluster().unwrap_or_default(), cluster))
    });
    if here.is_empty() {
        let clusters: BTreeSet<_> =
            elsewhere.iter().filter_map(|candidate| candidate.cluster()).map(name).collect();
        let cluster = cluster.unwrap_or_default();
        return Err(Failure::new(format!("the snapshot holds no task of cluster `{cluster}`"))
            .hint(format!("it holds tasks of {}", quoted(&clusters))));
    }
    let chosen: Vec<&Candidate> = if let Some(task) = &options.task {
        here.iter().filter(|candidate| is(&candidate.task.task_arn, task)).collect()
    } else {
        let failed: Vec<_> = here.iter().filter(|candidate| candidate.failed).collect();
        if failed.is_empty() { here.iter().collect() } else { failed }
    };
    match chosen.as_slice() {
        [one] => Ok(one.target(cluster, snapshot)),
        [] => {
            let task = options.task.as_deref().unwrap_or_default();
            Err(list(
                Failure::new(format!("the snapshot holds no task `{task}`")),
                "it holds",
                &here.iter().collect::<Vec<_>>(),
            ))
        }
        several => {
            let (what, which) = if options.task.is_some() {
                ("several tasks have that id", "name one by its ARN, or its cluster")
            } else if several[0].failed {
                ("several tasks failed", "name one with `--task`")
            } else {
                ("no task failed, and several are there", "name one with `--task`")
            };
            Err(list(Failure::new(what), which, several))
        }
    }
}

impl Candidate {
    fn new(task: &Value) -> Option<Self> {
        // A task with a member of a wrong type can still be named; its report says what is wrong.
        let task = serde_json::from_value(task.clone()).ok().or_else(|| {
            let text = |name: &str| task.get(name).and_then(Value::as_str).map(str::to_owned);
            Some(ecs::Task {
                task_arn: text("taskArn")?,
                cluster_arn: text("clusterArn"),
                last_status: text("lastStatus"),
                ..ecs::Task::default()
            })
        })?;
        Some(Self { failed: case::failed(&task), task })
    }

    /// The cluster: its ARN, else the name in the task's ARN.
    fn cluster(&self) -> Option<&str> {
        let in_arn = || {
            let mut parts = self.task.task_arn.rsplit('/');
            parts.next();
            parts.next().filter(|part| !part.contains(':'))
        };
        self.task.cluster_arn.as_deref().or_else(in_arn)
    }

    fn target(&self, cluster: Option<&str>, snapshot: &Snapshot) -> Target {
        let arn = &self.task.task_arn;
        if snapshot.is_events_only() {
            let told = |event: &&Value| event["detail"]["taskArn"].as_str() == Some(arn);
            // The last one is the newest.
            if let Some(Ok(target)) =
                snapshot.events().filter(told).last().cloned().map(Target::event)
            {
                return target;
            }
        }
        Target::task(cluster.or_else(|| self.cluster().map(name)), arn)
    }

    /// Id, status and reason in a line.
    fn line(&self) -> String {
        let task = &self.task;
        let mut line = name(&task.task_arn).to_owned();
        for word in [&task.last_status, &task.stop_code].into_iter().flatten() {
            line += &format!("  {word}");
        }
        if let Some(reason) = &task.stopped_reason {
            line += &format!("  {}", shorten(reason, REASON));
        }
        line
    }
}

/// Whether the call that would tell of the task was made and gave an error: the report says which.
fn is_refused(cluster: Option<&str>, task: &str, snapshot: &Snapshot) -> bool {
    let request = ecs::DescribeTasks::new(cluster, [task.to_owned()]);
    let refused = |kind| !matches!(kind, ErrorKind::NotRecorded | ErrorKind::NotFound);
    snapshot.answer(&request.query()).is_err_and(|error| refused(error.kind))
}

fn list(failure: Failure, hint: &str, candidates: &[&Candidate]) -> Failure {
    let mut failure = failure.hint(format!("{hint}:"));
    failure.items = candidates.iter().take(LISTED).map(|candidate| candidate.line()).collect();
    if candidates.len() > LISTED {
        failure.items.push(format!("… and {} more", candidates.len() - LISTED));
    }
    failure
}

fn find_service(
    cluster: Option<&str>,
    service: &str,
    snapshot: &Snapshot,
) -> Result<Target, Failure> {
    let request = ecs::DescribeServices {
        cluster: cluster.map(str::to_owned),
        services: vec![service.to_owned()],
    };
    let found = match snapshot.answer(&request.query()) {
        Ok(answer) => answer,
        Err(error) if error.kind == ErrorKind::NotRecorded => {
            return service_of_tasks(cluster, service, snapshot);
        }
        // Whether there is such a service cannot be told; the report says so.
        Err(_) => return Ok(Target::service(cluster, service)),
    };
    let text = |service: &Value, name: &str| {
        service.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    match found["services"].as_array().map_or(&[][..], Vec::as_slice) {
        [one] => {
            let arn = text(one, "serviceArn");
            let of = text(one, "clusterArn");
            let cluster = cluster.or(Some(name(&of)).filter(|name| !name.is_empty()));
            let service = if arn.is_empty() { service } else { &arn };
            Ok(Target::service(cluster, service))
        }
        [] => Ok(Target::service(cluster, service)),
        several => {
            let clusters: BTreeSet<_> =
                several.iter().map(|service| text(service, "clusterArn")).collect();
            let clusters: BTreeSet<_> = clusters.iter().map(|cluster| name(cluster)).collect();
            Err(Failure::new(format!("several clusters have a service `{service}`"))
                .hint(format!("name one with `--cluster`: {}", quoted(&clusters))))
        }
    }
}

/// A service that was not saved, but one of whose tasks was.
fn service_of_tasks(
    cluster: Option<&str>,
    service: &str,
    snapshot: &Snapshot,
) -> Result<Target, Failure> {
    let tasks: Vec<Candidate> = snapshot.tasks().filter_map(Candidate::new).collect();
    let here = || {
        tasks.iter().filter(|candidate| {
            cluster.is_none_or(|cluster| same(candidate.cluster().unwrap_or_default(), cluster))
        })
    };
    if here().any(|candidate| candidate.task.service_name() == Some(name(service))) {
        return Ok(Target::service(cluster, service));
    }
    let services: BTreeSet<_> =
        here().filter_map(|candidate| candidate.task.service_name()).collect();
    let failure = Failure::new(format!("the snapshot holds no service `{service}`"));
    Err(if services.is_empty() {
        failure.hint("save it with `aws ecs describe-services --cluster CLUSTER --services NAME`")
    } else {
        failure.hint(format!("it holds tasks of {}", quoted(&services)))
    })
}

/// The last part of an ARN: id or name.
fn name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Whether two names or ARNs can mean the same cluster.
fn same(one: &str, other: &str) -> bool {
    let arns = one.starts_with("arn:") && other.starts_with("arn:");
    if arns { one == other } else { name(one) == name(other) }
}

/// Whether a task is meant by an id or by a short or long ARN.
fn is(arn: &str, given: &str) -> bool {
    let (Ok(one), Ok(other)) = (arn.parse::<Arn>(), given.parse::<Arn>()) else {
        return arn == given || name(arn) == given;
    };
    let (one_id, other_id) = (one.resource_id(), other.resource_id());
    (&one.region, &one.account) == (&other.region, &other.account)
        && (one_id == other_id
            // ARNs of the old format lack the cluster.
            || (one_id.contains('/') != other_id.contains('/') && name(one_id) == name(other_id)))
}

fn quoted(names: &BTreeSet<&str>) -> String {
    let shown: Vec<_> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_goes_by_id_and_by_both_forms_of_arn() {
        let long = "arn:aws:ecs:eu-west-1:111122223333:task/shop/0123";
        let short = "arn:aws:ecs:eu-west-1:111122223333:task/0123";
        assert!(is(long, "0123") && is(short, "0123"));
        assert!(is(long, short) && is(short, long) && is(long, long));
        assert!(!is(long, "012") && !is(long, ""));
        assert!(!is(long, "arn:aws:ecs:eu-west-1:111122223333:task/other/0123"));
        assert!(!is(long, "arn:aws:ecs:eu-west-2:111122223333:task/shop/0123"));
    }

    #[test]
    fn a_cluster_goes_by_name_and_by_arn() {
        let arn = "arn:aws:ecs:eu-west-1:111122223333:cluster/shop";
        assert!(same(arn, "shop") && same("shop", arn) && same(arn, arn));
        assert!(!same(arn, "arn:aws:ecs:eu-west-2:111122223333:cluster/shop"));
        assert!(!same("", "shop"));
    }
}
