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
        && is_refused(&ecs::DescribeTasks::new(cluster, [task.clone()]), snapshot)
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

/// Whether this call was made and gave an error: then the report says which.
fn is_refused(request: &impl Request, snapshot: &Snapshot) -> bool {
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
    let arn: Option<Arn> = service.parse().ok();
    let in_arn = arn.as_ref().and_then(|arn| Some(arn.resource_id().split_once('/')?.0));
    let cluster = cluster.or(in_arn);
    let here = |of: &str| cluster.is_none_or(|cluster| same(of, cluster));
    let member = |object: &Value, name: &str| {
        object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    // Clusters and names of services that were saved, and of those that only a task tells of.
    let saved = snapshot.services().map(|object| {
        (member(object, "clusterArn"), member(object, "serviceName"), member(object, "serviceArn"))
    });
    let told = snapshot.tasks().filter_map(Candidate::new).filter_map(|candidate| {
        let name = candidate.task.service_name()?.to_owned();
        Some((candidate.cluster()?.to_owned(), name, String::new()))
    });
    let all: BTreeSet<(String, String, String)> =
        saved.chain(told).filter(|(cluster, _, _)| here(cluster)).collect();
    let meant: Vec<_> = all
        .iter()
        .filter(|(_, named, arn)| {
            arn == service || (named == name(service) && (arn.is_empty() || named == service))
        })
        .collect();
    let clusters: BTreeSet<&str> = meant.iter().map(|(cluster, _, _)| name(cluster)).collect();
    match clusters.iter().collect::<Vec<_>>().as_slice() {
        [one] => {
            // The ARN, where it is known, says region and account.
            let arn = meant.iter().map(|(_, _, arn)| arn.as_str()).find(|arn| !arn.is_empty());
            Ok(Target::service(cluster.or(Some(one)), arn.unwrap_or(service)))
        }
        [] => {
            let request = ecs::DescribeServices {
                cluster: cluster.map(str::to_owned),
                services: vec![service.to_owned()],
            };
            if is_refused(&request, snapshot) {
                return Ok(Target::service(cluster, service));
            }
            let names: BTreeSet<&str> = all.iter().map(|(_, name, _)| name.as_str()).collect();
            let failure = Failure::new(format!("the snapshot holds no service `{service}`"));
            Err(if names.is_empty() {
                failure.hint(
                    "save it with `aws ecs describe-services --cluster CLUSTER --services NAME`",
                )
            } else {
                failure.hint(format!("it holds {}", quoted(&names)))
            })
        }
        _ => Err(Failure::new(format!("several clusters have a service `{service}`"))
            .hint(format!("name one with `--cluster`: {}", quoted(&clusters)))),
    }
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
