//! Which task or service of a snapshot is meant.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    Error, ErrorKind, Kind, Target,
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
    /// The target where none is named: the only task (of `cluster`, if it is given) that stopped
    /// otherwise than it should, else the only task there is.
    ///
    /// # Errors
    /// If there is no such task, or more than one; the error lists them.
    pub fn target(&self, cluster: Option<&str>) -> Result<Target, Error> {
        self.find(cluster, None, None)
    }

    /// The task or service that these names mean, each a name, an id or an ARN; without `task` and
    /// `service` see [`Snapshot::target`]. Where an event is all that tells of the task, it is the
    /// event.
    ///
    /// # Errors
    /// If it is not in the snapshot, or it is not clear which one is meant; the error lists what
    /// there is to choose from.
    pub fn find(
        &self,
        cluster: Option<&str>,
        task: Option<&str>,
        service: Option<&str>,
    ) -> Result<Target, Error> {
        if let (None, Some(service)) = (task, service) {
            return find_service(cluster, service, self);
        }
        let all: Vec<Candidate<'_>> = self.tasks().filter_map(Candidate::new).collect();
        if let Some(task) = task
            && !all.iter().any(|candidate| is(&candidate.task.task_arn, task))
            && is_refused(cluster, task, self)
        {
            return Ok(Target::task(cluster, task));
        }
        if all.is_empty() {
            return Err(error("the snapshot holds no task").with_help(
                "save one with `aws ecs describe-tasks --cluster CLUSTER --tasks ID`, or name a \
                 service",
            ));
        }
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|candidate| candidate.is_of(cluster));
        if here.is_empty() {
            let clusters = elsewhere.iter().filter_map(Candidate::cluster).map(name).collect();
            let cluster = cluster.unwrap_or_default();
            return Err(error(format!("the snapshot holds no task of cluster `{cluster}`"))
                .with_help(format!("it holds tasks of {}", quoted(&clusters))));
        }
        let chosen: Vec<&Candidate<'_>> = match task {
            Some(task) => {
                here.iter().filter(|candidate| is(&candidate.task.task_arn, task)).collect()
            }
            None if here.iter().any(|candidate| candidate.failed) => {
                here.iter().filter(|candidate| candidate.failed).collect()
            }
            None => here.iter().collect(),
        };
        match (chosen.as_slice(), task) {
            ([one], _) => Ok(one.target(cluster, self)),
            ([], task) => {
                let task = task.unwrap_or_default();
                Err(error(format!("the snapshot holds no task `{task}`"))
                    .with_help("it holds:")
                    .with_candidates(listed(here.iter())))
            }
            (several, Some(_)) => Err(error("several tasks have that id")
                .with_help("name one by its ARN, or its cluster:")
                .with_candidates(listed(several.iter().copied()))),
            (several, None) => {
                let what = if several[0].failed {
                    "several tasks failed"
                } else {
                    "no task failed, and several are there"
                };
                Err(error(what)
                    .with_help("name one of them:")
                    .with_candidates(listed(several.iter().copied())))
            }
        }
    }
}

fn error(message: impl Into<String>) -> Error {
    Error::new(Kind::NoSuchTarget, message)
}

/// A task of the snapshot.
struct Candidate<'s> {
    task: ecs::Task,
    value: &'s Value,
    failed: bool,
}

impl<'s> Candidate<'s> {
    fn new(value: &'s Value) -> Option<Self> {
        // A task with a member of a wrong type can still be named; its report says what is wrong.
        let task = ecs::Task::deserialize(value).ok().or_else(|| {
            let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
            Some(ecs::Task {
                task_arn: text("taskArn")?,
                cluster_arn: text("clusterArn"),
                last_status: text("lastStatus"),
                ..ecs::Task::default()
            })
        })?;
        Some(Self { failed: case::failed(&task), task, value })
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

    fn is_of(&self, cluster: Option<&str>) -> bool {
        cluster.is_none_or(|cluster| same(self.cluster().unwrap_or_default(), cluster))
    }

    fn target(&self, cluster: Option<&str>, snapshot: &Snapshot) -> Target {
        let tells_all = |event: &&Value| {
            let detail = &event["detail"];
            detail["taskArn"] == self.value["taskArn"]
                && detail["version"] == self.value["version"]
                && self.value.as_object().is_some_and(|members| {
                    members.keys().all(|member| detail.get(member).is_some())
                })
        };
        let event = snapshot.events().find(tells_all);
        event.and_then(|event| Target::event(event.clone()).ok()).unwrap_or_else(|| {
            Target::task(cluster.or_else(|| self.cluster().map(name)), &self.task.task_arn)
        })
    }

    /// Id, status and reason in a line.
    fn line(&self) -> String {
        let task = &self.task;
        let mut line = clean(name(&task.task_arn)).into_owned();
        for word in [&task.last_status, &task.stop_code].into_iter().flatten() {
            line += &format!("  {}", clean(&shorten(word, REASON)));
        }
        if let Some(reason) = &task.stopped_reason {
            line += &format!("  {}", clean(&shorten(reason, REASON)));
        }
        line
    }
}

/// Whether the call that would tell of the task was made and gave an error: the report says which.
fn is_refused(cluster: Option<&str>, task: &str, snapshot: &Snapshot) -> bool {
    let request = ecs::DescribeTasks::new(cluster, [task.to_owned()]);
    let refused = |kind| !matches!(kind, ErrorKind::NotRecorded | ErrorKind::NotFound);
    snapshot.answer(&request.query()).is_err_and(|why| refused(why.kind))
}

fn listed<'c>(candidates: impl ExactSizeIterator<Item = &'c Candidate<'c>>) -> Vec<String> {
    let count = candidates.len();
    let mut lines: Vec<_> = candidates.take(LISTED).map(Candidate::line).collect();
    if count > LISTED {
        lines.push(format!("… and {} more", count - LISTED));
    }
    lines
}

fn find_service(
    cluster: Option<&str>,
    service: &str,
    snapshot: &Snapshot,
) -> Result<Target, Error> {
    let request = ecs::DescribeServices {
        cluster: cluster.map(str::to_owned),
        services: vec![service.to_owned()],
    };
    let found = match snapshot.answer(&request.query()) {
        Ok(answer) => answer,
        Err(why) if why.kind == ErrorKind::NotRecorded => {
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
            Err(error(format!("several clusters have a service `{service}`"))
                .with_help(format!("name the cluster: {}", quoted(&clusters))))
        }
    }
}

/// A service that was not saved, but one of whose tasks was.
fn service_of_tasks(
    cluster: Option<&str>,
    service: &str,
    snapshot: &Snapshot,
) -> Result<Target, Error> {
    let tasks: Vec<Candidate<'_>> = snapshot.tasks().filter_map(Candidate::new).collect();
    let here = || tasks.iter().filter(|candidate| candidate.is_of(cluster));
    if here().any(|candidate| candidate.task.service_name() == Some(name(service))) {
        return Ok(Target::service(cluster, service));
    }
    let services: BTreeSet<_> =
        here().filter_map(|candidate| candidate.task.service_name()).collect();
    let unknown = error(format!("the snapshot holds no service `{service}`"));
    Err(if services.is_empty() {
        unknown
            .with_help("save it with `aws ecs describe-services --cluster CLUSTER --services NAME`")
    } else {
        unknown.with_help(format!("it holds tasks of {}", quoted(&services)))
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
    use serde_json::json;

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
        several tasks failed; name one of them:
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
        ] {
            let error = snapshot.find(cluster, task, service).unwrap_err();
            assert_eq!(error.kind(), Kind::NoSuchTarget, "{task:?} {service:?}");
        }
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
}
