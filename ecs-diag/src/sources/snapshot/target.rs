//! Which task of a snapshot is meant where none is named.

use serde::Deserialize;
use serde_json::Value;

use super::Snapshot;
use crate::{Error, Kind, Target, aws::ecs::Task, case};

/// Candidates that an error lists.
const LISTED: usize = 20;

impl Snapshot {
    /// The target where none is named: the only task (of `cluster`, by name or ARN, if it is given)
    /// that stopped otherwise than it should, else the only task there is. Where an event is all
    /// that tells of it, it is the event.
    ///
    /// # Errors
    /// If there is no such task, or more than one; the message lists them.
    pub fn target(&self, cluster: Option<&str>) -> Result<Target, Error> {
        let tasks: Vec<(Task, &Value)> = self
            .tasks()
            .filter_map(|value| Some((Task::deserialize(value).ok()?, value)))
            .filter(|(task, _)| cluster.is_none_or(|cluster| task.is_in(cluster)))
            .collect();
        let failed: Vec<_> = tasks.iter().filter(|(task, _)| case::failed(task)).collect();
        match (failed.as_slice(), tasks.as_slice()) {
            ([(task, value)], _) | ([], [(task, value)]) => Ok(self.of(task, value)),
            ([], []) => {
                let place = cluster.map_or(String::new(), |name| format!(" of cluster `{name}`"));
                Err(Error::new(Kind::NoSuchTarget, format!("the snapshot holds no task{place}")))
            }
            ([], _) => Err(several("holds", tasks.iter().map(|(task, _)| task))),
            _ => Err(several("holds failed", failed.iter().map(|(task, _)| task))),
        }
    }

    /// The target that a task of this snapshot is: the event that tells of it, where an event is
    /// all that does.
    pub(crate) fn of(&self, task: &Task, value: &Value) -> Target {
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
            .unwrap_or_else(|| Target::task(task.cluster_arn.as_deref(), &task.task_arn))
    }
}

fn several<'t>(holds: &str, tasks: impl ExactSizeIterator<Item = &'t Task>) -> Error {
    let count = tasks.len();
    let mut names: Vec<_> = tasks.take(LISTED).map(|task| format!("`{}`", task.task_arn)).collect();
    if count > names.len() {
        names.push(format!("{} more", count - names.len()));
    }
    Error::new(
        Kind::NoSuchTarget,
        format!("the snapshot {holds} tasks, name the one that is meant: {}", names.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PREFIX: &str = "arn:aws:ecs:eu-west-1:111122223333";

    fn task(cluster: &str, id: &str, status: &str, code: &str, reason: &str) -> Value {
        json!({
            "taskArn": format!("{PREFIX}:task/{cluster}/{id}"),
            "clusterArn": format!("{PREFIX}:cluster/{cluster}"),
            "lastStatus": status, "desiredStatus": status, "version": 3,
            "stopCode": code, "stoppedReason": reason,
        })
    }

    fn failed(cluster: &str, id: &str) -> Value {
        let reason = "CannotPullContainerError: pull image manifest has been retried 1 time(s)";
        task(cluster, id, "STOPPED", "TaskFailedToStart", reason)
    }

    fn scaled_in(cluster: &str, id: &str) -> Value {
        let reason = format!("Scaling activity initiated by (deployment ecs-svc/{id})");
        task(cluster, id, "STOPPED", "ServiceSchedulerInitiated", &reason)
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
        let tasks =
            [failed("shop", "a"), scaled_in("shop", "1"), task("shop", "b", "RUNNING", "", "")];
        assert_eq!(id(snapshot(&tasks).target(None)), "a");
    }

    #[test]
    fn the_only_task_is_meant_even_if_it_did_not_fail() {
        assert_eq!(id(snapshot(&[scaled_in("shop", "1")]).target(None)), "1");
    }

    #[test]
    fn the_cluster_narrows() {
        let snapshot = snapshot(&[failed("shop", "a"), failed("lab", "b")]);
        assert_eq!(id(snapshot.target(Some("lab"))), "b");
        assert_eq!(id(snapshot.target(Some(&format!("{PREFIX}:cluster/shop")))), "a");
        let error = snapshot.target(Some("prod")).unwrap_err();
        assert_eq!(error.to_string(), "the snapshot holds no task of cluster `prod`");
    }

    #[test]
    fn of_several_none_is_meant() {
        let error = snapshot(&[failed("shop", "a"), failed("lab", "b")]).target(None).unwrap_err();
        assert_eq!(error.kind(), Kind::NoSuchTarget);
        assert_eq!(
            error.to_string(),
            format!(
                "the snapshot holds failed tasks, name the one that is meant: `{PREFIX}:task/lab/b`, \
                 `{PREFIX}:task/shop/a`"
            )
        );
        let many: Vec<_> = (0..30).map(|n| failed("shop", &format!("t{n:02}"))).collect();
        assert!(snapshot(&many).target(None).unwrap_err().to_string().ends_with("`, 10 more"));
        assert!(snapshot(&[]).target(None).is_err());
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
        assert_eq!(of(&[event.clone()]), "event");
        let mut described = failed("shop", "a");
        described["tags"] = json!([]);
        assert_eq!(of(&[event.clone(), json!({"tasks": [described]})]), "task");
    }
}
