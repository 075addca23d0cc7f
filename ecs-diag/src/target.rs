//! What is diagnosed.

use serde_json::Value;

use crate::aws::Arn;

/// What is diagnosed: a task, a service or an event.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Target {
    /// One task.
    Task {
        /// Cluster name or ARN; `None` means the one that the task's ARN names, else `default`.
        cluster: Option<String>,
        /// Id or ARN.
        task: String,
    },
    /// The newest failed task of a service; its events where there is no such task.
    Service {
        /// Cluster name or ARN; `None` means the one that the service's ARN names, else `default`.
        cluster: Option<String>,
        /// Name or ARN.
        service: String,
    },
    /// The task in an EventBridge event "ECS Task State Change", as it was at that moment.
    Event(Box<Value>),
}

impl Target {
    /// A task, by ARN or by cluster and id.
    pub fn task(cluster: Option<&str>, task: impl Into<String>) -> Self {
        Self::Task { cluster: cluster.map(str::to_owned), task: task.into() }
    }

    /// A service, by ARN or by cluster and name.
    pub fn service(cluster: Option<&str>, service: impl Into<String>) -> Self {
        Self::Service { cluster: cluster.map(str::to_owned), service: service.into() }
    }

    /// A whole EventBridge event, or its `detail` alone.
    ///
    /// # Errors
    /// If it is no "ECS Task State Change" event.
    pub fn event(event: Value) -> Result<Self, String> {
        let kind = event.get("detail-type").and_then(Value::as_str);
        if kind.is_some_and(|kind| kind != "ECS Task State Change") {
            return Err(format!(
                "event is `{}`, not `ECS Task State Change`",
                kind.unwrap_or_default()
            ));
        }
        let target = Self::Event(Box::new(event));
        match target.detail().and_then(|detail| detail.get("taskArn")).and_then(Value::as_str) {
            Some(_) => Ok(target),
            None => Err("event has no `detail.taskArn`".to_owned()),
        }
    }

    /// `task`, `service` or `event`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Task { .. } => "task",
            Self::Service { .. } => "service",
            Self::Event(_) => "event",
        }
    }

    /// The ARN that names the target, if one does.
    pub(crate) fn arn(&self) -> Option<Arn> {
        let text = match self {
            Self::Task { task: text, .. } | Self::Service { service: text, .. } => text,
            Self::Event(_) => self.detail()?.get("taskArn")?.as_str()?,
        };
        text.parse().ok().or_else(|| self.cluster()?.parse().ok())
    }

    /// The cluster, by name or ARN: the one given, else the one in the ARN.
    pub(crate) fn cluster(&self) -> Option<String> {
        let (given, arn) = match self {
            Self::Task { cluster, task } => (cluster.clone(), task.parse::<Arn>().ok()),
            Self::Service { cluster, service } => (cluster.clone(), service.parse::<Arn>().ok()),
            Self::Event(_) => {
                return self.detail()?.get("clusterArn")?.as_str().map(str::to_owned);
            }
        };
        // `task/CLUSTER/ID`; ARNs of the old format lack the middle part.
        given.or_else(|| {
            let (cluster, _) = arn.as_ref()?.resource_id().split_once('/')?;
            Some(cluster.to_owned())
        })
    }

    /// The task in an event.
    pub(crate) fn detail(&self) -> Option<&Value> {
        let Self::Event(event) = self else { return None };
        Some(event.get("detail").unwrap_or(event))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_cluster_is_given_or_in_the_arn() {
        let arn = "arn:aws:ecs:eu-west-1:111122223333:task/prod/0123456789abcdef0123456789abcdef";
        assert_eq!(Target::task(None, arn).cluster().as_deref(), Some("prod"));
        assert_eq!(Target::task(Some("dev"), arn).cluster().as_deref(), Some("dev"));
        assert_eq!(Target::task(None, "0123").cluster(), None);
        let old = "arn:aws:ecs:eu-west-1:111122223333:task/0123";
        assert_eq!(Target::task(None, old).cluster(), None);
        let service = "arn:aws:ecs:eu-west-1:111122223333:service/prod/api";
        assert_eq!(Target::service(None, service).cluster().as_deref(), Some("prod"));
    }

    #[test]
    fn an_event_of_another_type_is_refused() {
        assert!(Target::event(json!({"detail-type": "ECS Deployment State Change"})).is_err());
        assert!(Target::event(json!({"detail": {}})).is_err());
        let event = json!({"detail-type": "ECS Task State Change", "detail": {"taskArn": "arn:x"}});
        assert_eq!(Target::event(event).unwrap().kind(), "event");
    }
}
