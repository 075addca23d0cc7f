//! The container instances that a case's task was placed on, or could be.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    LaunchType,
    aws::ecs::{ContainerInstance, DescribeContainerInstances, ListContainerInstances},
    case::Case,
    facts::Missing,
    finding::{Evidence, Resource},
};

/// How many container instances of a cluster are looked at.
const MOST: usize = 1000;
/// How many one call describes.
const A_CALL: usize = 100;

/// The attribute of servers outside AWS.
const EXTERNAL: &str = "ecs.capability.external";

/// The container instance that the task was placed on; `None` while it was not placed.
pub(super) fn own(case: &Case<'_>) -> Result<Option<Arc<ContainerInstance>>, Missing> {
    let Some(arn) = case.task()?.and_then(|task| task.container_instance_arn.clone()) else {
        return Ok(None);
    };
    let request = request(case, [arn.clone()]);
    let answer = case.get(&request)?;
    let instance =
        answer.and_then(|answer| answer.container_instances.first().cloned()).ok_or_else(|| {
            let why = format!("container instance `{arn}` is not registered any more");
            Missing::undecided(case.query(&request), why)
        })?;
    Ok(Some(instance))
}

fn request(case: &Case<'_>, ids: impl IntoIterator<Item = String>) -> DescribeContainerInstances {
    DescribeContainerInstances::new(cluster(case).as_deref(), ids)
}

fn cluster(case: &Case<'_>) -> Option<String> {
    case.target().cluster().or_else(|| case.task().ok()??.cluster_arn.clone())
}

/// The call that lists the container instances of the cluster.
pub(super) fn list(case: &Case<'_>) -> ListContainerInstances {
    ListContainerInstances { cluster: cluster(case) }
}

/// The cluster's container instances of the task's launch type; read once a run.
pub(super) fn of_cluster(case: &Case<'_>) -> Result<Arc<Vec<Arc<ContainerInstance>>>, Missing> {
    let external = case.launch_type()? == LaunchType::External;
    let key = format!("{:?} {:?} {external}", case.region(), case.cluster());
    case.derived(&key, || {
        let list = list(case);
        let Some(answer) = case.get(&list)? else { return Ok(vec![]) };
        let mut arns = answer.container_instance_arns.clone();
        if arns.len() > MOST {
            let why = format!("the cluster has more than {MOST} container instances");
            return Err(Missing::undecided(case.query(&list), why));
        }
        arns.sort_unstable();
        let mut instances = Vec::new();
        let mut missing = None;
        for arns in arns.chunks(A_CALL) {
            match case.get(&request(case, arns.iter().cloned())) {
                Ok(answer) => instances
                    .extend(answer.iter().flat_map(|answer| answer.container_instances.clone())),
                Err(gap) => missing = Some(gap),
            }
        }
        instances.retain(|instance| instance.has(EXTERNAL) == external);
        missing.map_or(Ok(instances), Err)
    })
}

/// The one that the task was placed on, else those that it could be placed on.
pub(super) fn candidates(case: &Case<'_>) -> Result<Arc<Vec<Arc<ContainerInstance>>>, Missing> {
    match own(case)? {
        Some(instance) => Ok(Arc::new(vec![instance])),
        None => of_cluster(case),
    }
}

/// A container instance as an object that a finding is about.
pub(super) fn resource(instance: &ContainerInstance) -> Resource {
    Resource::new("AWS::ECS::ContainerInstance", instance.id())
        .arn(instance.container_instance_arn.clone())
}

/// A member of a container instance.
pub(super) fn evidence(
    case: &Case<'_>,
    instance: &ContainerInstance,
    pointer: &str,
    value: impl Into<Value>,
) -> Evidence {
    let request = request(case, [instance.container_instance_arn.clone()]);
    Evidence::new(case.query(&request), pointer, value)
        .object(instance.container_instance_arn.clone())
}

/// That no container instance can do what a task needs.
pub(super) struct Lack {
    /// The container instance, or the cluster.
    pub(super) resource: Resource,
    /// Subject of a sentence: "container instance `…` (agent 1.30.0) does not", "none of …".
    pub(super) who: String,
    pub(super) evidence: Evidence,
}

/// Whether the container instance that the task was placed on, or every one that it could be placed
/// on, lacks something. A cluster without any is another question.
pub(super) fn lack(
    case: &Case<'_>,
    has: impl Fn(&ContainerInstance) -> bool,
) -> Result<Option<Lack>, Missing> {
    let instances = candidates(case)?;
    if instances.is_empty() || instances.iter().any(|instance| has(instance)) {
        return Ok(None);
    }
    if let [instance] = instances.as_slice() {
        let agent = instance.version_info.agent_version.as_ref();
        let agent = agent.map_or(String::new(), |version| format!(" (agent {version})"));
        return Ok(Some(Lack {
            resource: resource(instance),
            who: format!("container instance `{}`{agent} does not have", instance.id()),
            evidence: evidence(case, instance, "/attributes", Value::Null),
        }));
    }
    let cluster = case.cluster().unwrap_or_else(|| "default".to_owned());
    let mut resource = Resource::new("AWS::ECS::Cluster", cluster.clone());
    if let Some(arn) = case.arn() {
        resource = resource.arn(format!(
            "arn:{}:ecs:{}:{}:cluster/{cluster}",
            arn.partition, arn.region, arn.account
        ));
    }
    Ok(Some(Lack {
        resource,
        who: format!(
            "none of the {} container instances of cluster `{cluster}` has",
            instances.len()
        ),
        evidence: Evidence::new(case.query(&list(case)), "/containerInstanceArns", instances.len()),
    }))
}

#[cfg(test)]
pub(super) mod account {
    //! Container instances for the tests of checks.

    use serde_json::{Value, json};

    use crate::checks::testing::World;

    pub(in crate::checks) const INSTANCE: &str = "arn:aws:ecs:eu-west-1:111122223333:container-instance/shop/9f8e7d6c5b4a39281706f5e4d3c2b1a0";

    /// The task runs on a container instance, which has these attributes.
    pub(in crate::checks) fn placed<'w>(
        world: &'w mut World,
        launch_type: &str,
        attributes: &[&str],
    ) -> &'w mut World {
        world
            .task("/launchType", json!(launch_type))
            .task("/platformVersion", Value::Null)
            .task("/platformFamily", Value::Null)
            .task("/containerInstanceArn", json!(INSTANCE))
            .definition("/requiresCompatibilities", json!([launch_type]))
            .output("containerInstances", json!({
                "containerInstances": [instance(INSTANCE, launch_type, attributes)], "failures": [],
            }))
    }

    /// The task could not be placed; the cluster has these container instances.
    pub(in crate::checks) fn not_placed<'w>(
        world: &'w mut World,
        launch_type: &str,
        instances: &[&[&str]],
    ) -> &'w mut World {
        placed(world, launch_type, &[]).task("/containerInstanceArn", Value::Null);
        let instances: Vec<_> = instances
            .iter()
            .enumerate()
            .map(|(at, attributes)| {
                let arn = INSTANCE.replace("9f8e", &format!("9f8{at}"));
                instance(&arn, launch_type, attributes)
            })
            .collect();
        world.output("containerInstances", json!({"containerInstances": instances, "failures": []}))
    }

    fn instance(arn: &str, launch_type: &str, attributes: &[&str]) -> Value {
        let external = launch_type == "EXTERNAL";
        let own: &[(&str, &str)] = if external {
            &[("ecs.capability.external", "")]
        } else {
            &[
                ("ecs.availability-zone", "eu-west-1a"),
                ("ecs.vpc-id", "vpc-0d44444444444444d"),
                ("ecs.subnet-id", "subnet-0a11111111111111a"),
            ]
        };
        let attributes: Vec<_> = own
            .iter()
            .copied()
            .chain(attributes.iter().map(|name| (*name, "")))
            .map(|(name, value)| match value {
                "" => json!({"name": name}),
                value => json!({"name": name, "value": value}),
            })
            .collect();
        json!({
            "containerInstanceArn": arn, "status": "ACTIVE", "agentConnected": true,
            "ec2InstanceId": if external { "mi-0123456789abcdef0" } else { "i-0123456789abcdef0" },
            "versionInfo": {"agentVersion": "1.98.0", "dockerVersion": "DockerVersion: 25.0.8"},
            "attributes": attributes,
        })
    }
}
