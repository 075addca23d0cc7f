//! The container instance of a task, as findings name and remedies change it.

use std::{ops::Deref, sync::Arc};

use serde_json::Value;

use crate::{
    Query,
    aws::ecs::{ContainerInstance, DescribeContainerInstances},
    case::Case,
    checks::task,
    edit::{Edit, Object},
    facts::Missing,
    finding::{Evidence, Resource},
};

/// A container instance, and the query that told of it.
pub(super) struct Instance {
    instance: Arc<ContainerInstance>,
    pub(super) query: Query,
}

impl Deref for Instance {
    type Target = ContainerInstance;

    fn deref(&self) -> &Self::Target {
        &self.instance
    }
}

/// The container instance that the task was placed on; `None` for a task that was not placed on one.
pub(super) fn of(case: &Case<'_>) -> Result<Option<Instance>, Missing> {
    let Some(task) = case.task()? else { return Ok(None) };
    let Some(arn) = task.container_instance_arn.clone() else { return Ok(None) };
    let cluster = case.target().cluster().or_else(|| task.cluster_arn.clone());
    let request = DescribeContainerInstances::new(cluster.as_deref(), [arn]);
    let query = case.query(&request);
    match case.get(&request)?.and_then(|answer| answer.container_instances.first().cloned()) {
        Some(instance) => Ok(Some(Instance { instance, query })),
        None => Err(Missing::undecided(query, "the container instance is not there any more")),
    }
}

impl Instance {
    /// The container instance as an object that a finding is about.
    pub(super) fn resource(&self) -> Resource {
        let arn = &self.container_instance_arn;
        Resource::new("AWS::ECS::ContainerInstance", task::id(arn)).arn(arn.clone())
    }

    /// A member of it.
    pub(super) fn evidence(&self, pointer: &str, value: impl Into<Value>) -> Evidence {
        Evidence::new(self.query.clone(), pointer, value)
            .object(self.container_instance_arn.clone())
    }

    /// Sets a member of it.
    pub(super) fn set(&self, pointer: &str, value: impl Into<Value>) -> Edit {
        let arn = self.container_instance_arn.clone();
        let object = Object::new("containerInstances", "containerInstanceArn", arn);
        Edit::Set(object, pointer.to_owned(), value.into())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::checks::testing::World;

    pub(in crate::checks) const INSTANCE: &str = "arn:aws:ecs:eu-west-1:111122223333:\
        container-instance/shop/0f1e2d3c4b5a69788796a5b4c3d2e1f0";

    /// The task was placed on an EC2 instance with that agent, which offers that.
    pub(in crate::checks) fn placed<'w>(
        world: &'w mut World,
        agent: &str,
        attributes: &[&str],
    ) -> &'w mut World {
        let attributes: Vec<_> = attributes.iter().map(|name| json!({"name": name})).collect();
        world
            .task("/launchType", json!("EC2"))
            .task("/platformVersion", Value::Null)
            .task("/platformFamily", Value::Null)
            .task("/containerInstanceArn", json!(INSTANCE))
            .output(
                "containerInstances",
                json!({"containerInstances": [{
                    "containerInstanceArn": INSTANCE, "ec2InstanceId": "i-0e55555555555555e",
                    "status": "ACTIVE", "agentConnected": true,
                    "versionInfo": {"agentVersion": agent}, "attributes": attributes,
                }], "failures": []}),
            )
    }
}
