//! Which task or service of a snapshot is meant.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    Answer, Error, ErrorKind, Kind, Target,
    aws::{Arn, Request, ecs},
    case,
    render::{clean, shorten},
    sources::Snapshot,
};

/// How many candidates are listed.
const LISTED: usize = 20;
/// How much of a candidate's reason is shown.
const REASON: usize = 80;

impl Snapshot {
    /// The target where none is named: the only task (of `cluster`, by name or ARN, if it is given)
    /// that stopped otherwise than it should, else the only task there is. Where an event is all
    /// that tells of it, it is the event.
    ///
    /// # Errors
    /// If there is no such task, or more than one; the error lists them.
    pub fn target(&self, cluster: Option<&str>) -> Result<Target, Error> {
        let (failed, others): (Vec<_>, Vec<_>) =
            tasks_in(cluster, self).into_iter().partition(|(task, _)| case::failed(task));
        match (failed.as_slice(), others.as_slice()) {
            ([(task, value)], _) | ([], [(task, value)]) => {
                Ok(self.of(cluster, &task.task_arn, task, value))
            }
            ([], []) => Err(no_task(cluster, self)),
            ([], _) => Err(list("no task failed, and there is more than one", &others)
                .with_help("name the one that is meant:")),
            _ => {
                Err(list("more than one task failed", &failed)
                    .with_help("name the one that is meant:"))
            }
        }
    }

    /// The task or service that is meant by these names, ids or ARNs; see [`Snapshot::target`] where
    /// neither is given.
    ///
    /// # Errors
    /// If the snapshot does not hold it, or it is not clear which one is meant; the error lists
    /// what there is.
    pub fn find(
        &self,
        cluster: Option<&str>,
        task: Option<&str>,
        service: Option<&str>,
    ) -> Result<Target, Error> {
        match (task, service) {
            (Some(task), _) => named_task(cluster, task, self),
            (None, Some(service)) => named_service(cluster, service, self),
            (None, None) => self.target(cluster),
        }
    }

    /// The event that tells of a task, where an event is all that does; else the task by the names
    /// that were given, so that what a capture was made with finds what it was made of.
    fn of(&self, cluster: Option<&str>, given: &str, task: &ecs::Task, value: &Value) -> Target {
        let tells_all = |event: &&Value| {
            let detail = &event["detail"];
            detail["taskArn"] == value["taskArn"]
                && detail["version"] == value["version"]
                && value.as_object().is_some_and(|members| {
                    members.keys().all(|member| detail.get(member).is_some())
                })
        };
        self.events()
            .find(tells_all)
            .and_then(|event| Target::event(event.clone()).ok())
            .unwrap_or_else(|| {
                let own = task.cluster_arn.as_deref().map(name);
                let known = cluster.or(own);
                [Target::task(cluster, given), Target::task(known, given)]
                    .into_iter()
                    .find(|target| self.leads(target, &task.task_arn))
                    .unwrap_or_else(|| Target::task(known, &task.task_arn))
            })
    }

    /// Whether these names mean the task or service of that ARN.
    fn leads(&self, target: &Target, arn: &str) -> bool {
        let Ok(answer) = self.described(target) else { return false };
        [("tasks", "taskArn"), ("services", "serviceArn")].into_iter().any(|(objects, id)| {
            answer[objects].as_array().into_iter().flatten().any(|object| object[id] == arn)
        })
    }

    /// Whether the call that describes the target was made and gave an error: then the report says
    /// which.
    fn is_refused(&self, target: &Target) -> bool {
        let refused = |kind| !matches!(kind, ErrorKind::NotRecorded | ErrorKind::NotFound);
        self.described(target).is_err_and(|error| refused(error.kind))
    }

    /// The answer to the call that describes the target.
    fn described(&self, target: &Target) -> Answer {
        let cluster = target.cluster();
        let query = match target {
            Target::Task { task, .. } => {
                ecs::DescribeTasks::new(cluster.as_deref(), [task.clone()]).query()
            }
            Target::Service { service, .. } => {
                ecs::DescribeServices { cluster, services: vec![service.clone()] }.query()
            }
            Target::Event(_) => return Ok(Value::Null),
        };
        let region = target.arn().map(|arn| arn.region);
        self.answer(&query.in_region(region.as_deref()))
    }
}

fn error(message: impl Into<String>) -> Error {
    Error::new(Kind::NoSuchTarget, message)
}

/// The tasks of a cluster, or of all.
fn tasks_in<'s>(cluster: Option<&str>, snapshot: &'s Snapshot) -> Vec<(ecs::Task, &'s Value)> {
    snapshot
        .tasks()
        .filter_map(|value| Some((task_of(value)?, value)))
        .filter(|(task, _)| cluster.is_none_or(|cluster| task.is_in(cluster)))
        .collect()
}

/// A task with a member of a wrong type can be meant as well; its report says what is wrong.
fn task_of(value: &Value) -> Option<ecs::Task> {
    ecs::Task::deserialize(value).ok().or_else(|| {
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        Some(ecs::Task {
            task_arn: text("taskArn")?,
            cluster_arn: text("clusterArn"),
            last_status: text("lastStatus"),
            ..ecs::Task::default()
        })
    })
}

fn named_task(cluster: Option<&str>, task: &str, snapshot: &Snapshot) -> Result<Target, Error> {
    let here = tasks_in(cluster, snapshot);
    let (meant, others): (Vec<_>, Vec<_>) =
        here.into_iter().partition(|(one, _)| is(&one.task_arn, task));
    match meant.as_slice() {
        [(found, value)] => Ok(snapshot.of(cluster, task, found, value)),
        [] if snapshot.is_refused(&Target::task(cluster, task)) => Ok(Target::task(cluster, task)),
        [] if others.is_empty() => Err(no_task(cluster, snapshot)),
        [] => {
            Err(list(format!("the snapshot holds no task `{task}`"), &others)
                .with_help("it holds:"))
        }
        several => Err(list("more than one task has that id", several)
            .with_help("name its cluster, or the task by its ARN:")),
    }
}

fn no_task(cluster: Option<&str>, snapshot: &Snapshot) -> Error {
    let all = tasks_in(None, snapshot);
    let clusters: BTreeSet<&str> =
        all.iter().filter_map(|(task, _)| task.cluster_arn.as_deref()).map(name).collect();
    match cluster {
        Some(cluster) if !clusters.is_empty() => {
            error(format!("the snapshot holds no task of cluster `{cluster}`"))
                .with_help(format!("it holds tasks of {}", quoted(&clusters)))
        }
        _ => {
            let error = error("the snapshot holds no task");
            let services: BTreeSet<&str> = snapshot
                .services()
                .filter_map(|service| service.get("serviceName").and_then(Value::as_str))
                .collect();
            if services.is_empty() {
                error.with_help(
                    "save one with `aws ecs describe-tasks --cluster CLUSTER --tasks ID --include \
                     TAGS`",
                )
            } else {
                error.with_help(format!("name a service instead: {}", quoted(&services)))
            }
        }
    }
}

/// An error with the tasks that there are.
fn list(message: impl Into<String>, tasks: &[(ecs::Task, &Value)]) -> Error {
    // Ids that clusters share are told apart by the cluster.
    let ids: BTreeSet<&str> = tasks.iter().map(|(task, _)| name(&task.task_arn)).collect();
    let line = |(task, _): &(ecs::Task, &Value)| line(task, ids.len() == tasks.len());
    let mut lines: Vec<_> = tasks.iter().take(LISTED).map(line).collect();
    if tasks.len() > LISTED {
        lines.push(format!("… and {} more", tasks.len() - LISTED));
    }
    error(message).with_candidates(lines)
}

/// Id (with the cluster, unless it `is_unique`), status and reason.
fn line(task: &ecs::Task, is_unique: bool) -> String {
    let arn: Option<Arn> = task.task_arn.parse().ok();
    let long = arn.as_ref().map(Arn::resource_id);
    let reason = task.stopped_reason.as_deref().map(|reason| shorten(reason, REASON));
    [
        long.filter(|_| !is_unique).or_else(|| Some(name(&task.task_arn))),
        task.last_status.as_deref(),
        task.stop_code.as_deref(),
        reason.as_deref(),
    ]
    .into_iter()
    .flatten()
    .map(clean)
    .collect::<Vec<_>>()
    .join("  ")
}

fn named_service(
    cluster: Option<&str>,
    service: &str,
    snapshot: &Snapshot,
) -> Result<Target, Error> {
    let given = Target::service(cluster, service);
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
            (arn == service && !arn.is_empty())
                || (named == name(service) && (arn.is_empty() || named == service))
        })
    };
    let clusters: BTreeSet<&str> = meant().map(|(cluster, _, _)| name(cluster)).collect();
    if clusters.len() > 1 {
        return Err(error(format!("more than one cluster has a service `{service}`"))
            .with_help(format!("name the cluster: {}", quoted(&clusters))));
    }
    if let Some(one) = clusters.first() {
        let known = cluster.or(Some(one));
        let arn = meant().map(|(_, _, arn)| arn.as_str()).find(|arn| !arn.is_empty());
        // Where the names do not lead to it, its ARN, which says region and account.
        return Ok([given, Target::service(known, service)]
            .into_iter()
            .find(|target| arn.is_some_and(|arn| snapshot.leads(target, arn)))
            .unwrap_or_else(|| Target::service(known, arn.unwrap_or(service))));
    }
    if snapshot.is_refused(&given) {
        return Ok(given);
    }
    let names: BTreeSet<&str> = all.iter().map(|(_, name, _)| name.as_str()).collect();
    let unknown = error(format!("the snapshot holds no service `{service}`"));
    Err(if names.is_empty() {
        unknown
            .with_help("save it with `aws ecs describe-services --cluster CLUSTER --services NAME`")
    } else {
        unknown.with_help(format!("it holds {}", quoted(&names)))
    })
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
    use serde_json::json;

    use super::*;

    const PREFIX: &str = "arn:aws:ecs:eu-west-1:111122223333";

    fn described(cluster: &str, id: &str, status: &str, code: &str, reason: &str) -> Value {
        json!({
            "taskArn": format!("{PREFIX}:task/{cluster}/{id}"),
            "clusterArn": format!("{PREFIX}:cluster/{cluster}"),
            "lastStatus": status, "desiredStatus": status, "version": 3,
            "stopCode": code, "stoppedReason": reason,
        })
    }

    fn failed(cluster: &str, id: &str) -> Value {
        let reason = "CannotPullContainerError: pull image manifest has been retried 1 time(s)";
        described(cluster, id, "STOPPED", "TaskFailedToStart", reason)
    }

    fn scaled_in(cluster: &str, id: &str) -> Value {
        let reason = format!("Scaling activity initiated by (deployment ecs-svc/{id})");
        described(cluster, id, "STOPPED", "ServiceSchedulerInitiated", &reason)
    }

    fn snapshot(tasks: &[Value]) -> Snapshot {
        Snapshot::from_values([("tasks".to_owned(), json!({"tasks": tasks, "failures": []}))])
            .unwrap()
    }

    fn id(target: Result<Target, Error>) -> String {
        match target {
            Ok(Target::Task { task, .. }) => task.rsplit('/').next().unwrap().to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_only_failed_task_is_meant() {
        let tasks = [
            failed("shop", "a"),
            scaled_in("shop", "1"),
            described("shop", "b", "RUNNING", "", ""),
        ];
        assert_eq!(id(snapshot(&tasks).target(None)), "a");
    }

    #[test]
    fn the_only_task_is_meant_even_if_it_did_not_fail() {
        assert_eq!(id(snapshot(&[scaled_in("shop", "1")]).target(None)), "1");
    }

    #[test]
    fn a_task_of_a_wrong_shape_is_meant_as_well() {
        let mut task = failed("shop", "a");
        task["containers"] = json!("none");
        assert_eq!(id(snapshot(&[task]).target(None)), "a");
    }

    #[test]
    fn the_cluster_narrows() {
        let snapshot = snapshot(&[failed("shop", "a"), failed("lab", "b")]);
        assert_eq!(id(snapshot.target(Some("lab"))), "b");
        assert_eq!(id(snapshot.target(Some(&format!("{PREFIX}:cluster/shop")))), "a");
        let error = snapshot.target(Some("prod")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the snapshot holds no task of cluster `prod`; it holds tasks of `lab`, `shop`"
        );
    }

    #[test]
    fn of_several_none_is_meant() {
        let error = snapshot(&[failed("shop", "a"), failed("lab", "b")]).target(None).unwrap_err();
        assert_eq!(error.kind(), Kind::NoSuchTarget);
        insta::assert_snapshot!(error, @r"
        more than one task failed; name the one that is meant:
          b  STOPPED  TaskFailedToStart  CannotPullContainerError: pull image manifest has been retried 1 time(s)
          a  STOPPED  TaskFailedToStart  CannotPullContainerError: pull image manifest has been retried 1 time(s)
        ");
        let many: Vec<_> = (0..30).map(|n| failed("shop", &format!("t{n:02}"))).collect();
        let error = snapshot(&many).target(None).unwrap_err();
        assert_eq!(error.candidates().len(), 21);
        assert_eq!(error.candidates()[20], "… and 10 more");
        assert!(snapshot(&[]).target(None).is_err());
    }

    #[test]
    fn what_is_named_must_be_there() {
        let snapshot = snapshot(&[failed("shop", "a"), failed("lab", "a"), failed("lab", "b")]);
        assert_eq!(id(snapshot.find(None, Some("b"), None)), "b");
        assert_eq!(id(snapshot.find(None, Some(&format!("{PREFIX}:task/lab/a")), None)), "a");
        for (cluster, task, service) in [
            (None, Some("a"), None),
            (None, Some("c"), None),
            (None, Some(""), None),
            (Some("shop"), Some("b"), None),
            (None, None, Some("checkout")),
            (None, None, Some("")),
        ] {
            let error = snapshot.find(cluster, task, service).unwrap_err();
            assert_eq!(error.kind(), Kind::NoSuchTarget, "{task:?} {service:?}");
        }
        let error = snapshot.find(None, Some("a"), None).unwrap_err();
        let ids = error.candidates().iter().map(|line| line.split("  ").next());
        assert_eq!(ids.collect::<Vec<_>>(), [Some("lab/a"), Some("shop/a")]);
    }

    #[test]
    fn names_are_kept_where_they_lead_to_what_is_meant() {
        let service = |region: &str| {
            let prefix = format!("arn:aws:ecs:{region}:111122223333");
            json!({
                "serviceArn": format!("{prefix}:service/shop/web"), "serviceName": "web",
                "clusterArn": format!("{prefix}:cluster/shop"), "status": "ACTIVE",
            })
        };
        let of = |region: &str, task: Value| {
            Snapshot::from_values([
                (
                    "snapshot.json".to_owned(),
                    json!({"schema": "ecs-diag/snapshot/v1", "region": "eu-west-1"}),
                ),
                ("tasks".to_owned(), json!({"tasks": [task], "failures": []})),
                ("services".to_owned(), json!({"services": [service(region)], "failures": []})),
            ])
            .unwrap()
        };
        let here = of("eu-west-1", failed("shop", "a"));
        let arn = format!("{PREFIX}:service/shop/web");
        for (cluster, service) in [
            (Some("shop"), "web"),
            (Some("shop"), arn.as_str()),
            (Some("arn:aws:ecs:eu-west-1:111122223333:cluster/shop"), "web"),
            (None, arn.as_str()),
        ] {
            let target = here.find(cluster, None, Some(service)).unwrap();
            assert_eq!(target, Target::service(cluster, service));
        }
        let found = here.find(None, None, Some("web")).unwrap();
        assert_eq!(found, Target::service(Some("shop"), "web"));
        for (given, cluster) in [(Some("shop"), Some("shop")), (None, Some("shop"))] {
            assert_eq!(here.find(given, Some("a"), None).unwrap(), Target::task(cluster, "a"));
        }

        // Elsewhere only the ARN says where.
        let task: Value =
            failed("shop", "a").to_string().replace("eu-west-1", "us-east-2").parse().unwrap();
        let there = of("us-east-2", task);
        let found = there.find(Some("shop"), None, Some("web")).unwrap();
        assert_eq!(found, Target::service(Some("shop"), arn.replace("eu-west-1", "us-east-2")));
        let found = there.find(Some("shop"), Some("a"), None).unwrap();
        let arn = "arn:aws:ecs:us-east-2:111122223333:task/shop/a";
        assert_eq!(found, Target::task(Some("shop"), arn));
    }

    #[test]
    fn an_event_that_tells_all_is_the_target() {
        let event = json!({
            "detail-type": "ECS Task State Change", "source": "aws.ecs", "id": "e",
            "account": "111122223333", "region": "eu-west-1", "detail": failed("shop", "a"),
        });
        let of = |values: &[Value]| {
            let named = values.iter().enumerate().map(|(n, value)| (n.to_string(), value.clone()));
            Snapshot::from_values(named).unwrap().target(None).unwrap().kind()
        };
        assert_eq!(of(std::slice::from_ref(&event)), "event");
        let mut task = failed("shop", "a");
        task["tags"] = json!([]);
        assert_eq!(of(&[event.clone(), json!({"tasks": [task]})]), "task");
    }

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
