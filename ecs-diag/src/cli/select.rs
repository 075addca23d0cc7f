//! Which task or service of a snapshot is meant.

use std::collections::BTreeSet;

use serde::Deserialize;
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

/// The target that the arguments mean.
pub(super) fn target(options: &Diagnose, snapshot: &Snapshot) -> Result<Target, Failure> {
    let cluster = options.cluster.as_deref();
    match (&options.task, &options.service) {
        (Some(task), _) => named_task(cluster, task, snapshot),
        (None, Some(service)) => named_service(cluster, service, snapshot),
        (None, None) => snapshot.target(cluster).map_err(|_| {
            let here = tasks_in(cluster, snapshot);
            if here.is_empty() {
                return no_task(cluster, snapshot);
            }
            let (failed, others): (Vec<_>, Vec<_>) =
                here.into_iter().partition(|(task, _)| case::failed(task));
            if failed.is_empty() {
                list("no task failed, and there is more than one", &others)
            } else {
                list("more than one task failed", &failed)
            }
            .hint("name the one that is meant with `--task`:")
        }),
    }
}

/// The tasks of a cluster, or of all.
fn tasks_in<'s>(cluster: Option<&str>, snapshot: &'s Snapshot) -> Vec<(ecs::Task, &'s Value)> {
    snapshot
        .tasks()
        .filter_map(|value| Some((ecs::Task::deserialize(value).ok()?, value)))
        .filter(|(task, _)| cluster.is_none_or(|cluster| task.is_in(cluster)))
        .collect()
}

fn named_task(cluster: Option<&str>, task: &str, snapshot: &Snapshot) -> Result<Target, Failure> {
    let here = tasks_in(cluster, snapshot);
    let (meant, others): (Vec<_>, Vec<_>) =
        here.into_iter().partition(|(one, _)| is(&one.task_arn, task));
    match meant.as_slice() {
        [(task, value)] => Ok(snapshot.of(task, value)),
        [] if is_refused(&ecs::DescribeTasks::new(cluster, [task.to_owned()]), snapshot) => {
            Ok(Target::task(cluster, task))
        }
        [] if others.is_empty() => Err(no_task(cluster, snapshot)),
        [] => Err(list(format!("the snapshot holds no task `{task}`"), &others).hint("it holds:")),
        several => Err(list("more than one task has that id", several)
            .hint("name its cluster with `--cluster`, or the task by its ARN")),
    }
}

fn no_task(cluster: Option<&str>, snapshot: &Snapshot) -> Failure {
    let all = tasks_in(None, snapshot);
    let clusters: BTreeSet<&str> =
        all.iter().filter_map(|(task, _)| task.cluster_arn.as_deref()).map(name).collect();
    match cluster {
        Some(cluster) if !clusters.is_empty() => {
            Failure::new(format!("the snapshot holds no task of cluster `{cluster}`"))
                .hint(format!("it holds tasks of {}", quoted(&clusters)))
        }
        _ => {
            let failure = Failure::new("the snapshot holds no task");
            let services: BTreeSet<&str> = snapshot
                .services()
                .filter_map(|service| service.get("serviceName").and_then(Value::as_str))
                .collect();
            if services.is_empty() {
                failure.hint(
                    "save one with `aws ecs describe-tasks --cluster CLUSTER --tasks ID --include \
                     TAGS`",
                )
            } else {
                failure.hint(format!("name a service with `--service`: {}", quoted(&services)))
            }
        }
    }
}

/// A failure with the tasks that there are.
fn list(message: impl Into<String>, tasks: &[(ecs::Task, &Value)]) -> Failure {
    let mut failure = Failure::new(message);
    failure.items = tasks.iter().take(LISTED).map(|(task, _)| line(task)).collect();
    if tasks.len() > LISTED {
        failure.items.push(format!("… and {} more", tasks.len() - LISTED));
    }
    failure
}

/// Id, status and reason.
fn line(task: &ecs::Task) -> String {
    let reason = task.stopped_reason.as_deref().map(|reason| shorten(reason, REASON));
    [
        Some(name(&task.task_arn)),
        task.last_status.as_deref(),
        task.stop_code.as_deref(),
        reason.as_deref(),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join("  ")
}

fn named_service(
    cluster: Option<&str>,
    service: &str,
    snapshot: &Snapshot,
) -> Result<Target, Failure> {
    let arn: Option<Arn> = service.parse().ok();
    let in_arn = arn.as_ref().and_then(|arn| Some(arn.resource_id().split_once('/')?.0));
    let cluster = cluster.or(in_arn);

    // Cluster, name and ARN of services that were saved, and of those that only a task tells of.
    let saved = snapshot
        .services()
        .filter_map(|value| ecs::Service::deserialize(value).ok())
        .filter(|service| cluster.is_none_or(|cluster| service.is_in(cluster)))
        .map(|service| {
            (service.cluster_arn.unwrap_or_default(), service.service_name, service.service_arn)
        });
    let told = tasks_in(cluster, snapshot).into_iter().filter_map(|(task, _)| {
        let name = task.service_name()?.to_owned();
        Some((task.cluster_arn?, name, String::new()))
    });
    let all: Vec<(String, String, String)> = saved.chain(told).collect();
    let meant = || {
        all.iter().filter(|(_, named, arn)| {
            arn == service || (named == name(service) && (arn.is_empty() || named == service))
        })
    };
    let clusters: BTreeSet<&str> = meant().map(|(cluster, _, _)| name(cluster)).collect();
    if clusters.len() > 1 {
        return Err(Failure::new(format!("more than one cluster has a service `{service}`"))
            .hint(format!("name one with `--cluster`: {}", quoted(&clusters))));
    }
    if let Some(one) = clusters.first() {
        // The ARN, where it is known, says region and account.
        let arn = meant().map(|(_, _, arn)| arn.as_str()).find(|arn| !arn.is_empty());
        return Ok(Target::service(cluster.or(Some(one)), arn.unwrap_or(service)));
    }
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
        failure.hint("save it with `aws ecs describe-services --cluster CLUSTER --services NAME`")
    } else {
        failure.hint(format!("it holds {}", quoted(&names)))
    })
}

/// Whether this call was made and gave an error: then the report says which.
fn is_refused(request: &impl Request, snapshot: &Snapshot) -> bool {
    let refused = |kind| !matches!(kind, ErrorKind::NotRecorded | ErrorKind::NotFound);
    snapshot.answer(&request.query()).is_err_and(|error| refused(error.kind))
}

/// The last part of an ARN: id or name.
fn name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
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
    let mut shown: Vec<_> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    if names.len() > LISTED {
        shown.push(format!("{} more", names.len() - LISTED));
    }
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
}
