//! The network configuration of a case, as findings and remedies change it.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    LaunchType, Network,
    aws::{
        ec2::{DescribeSubnets, Subnet},
        ecs::{AwsvpcConfiguration, DescribeServices, DescribeTasks},
    },
    case::Case,
    check::Cx,
    checks::{definition, task},
    edit::{Edit, Object},
    facts::Missing,
    finding::{Evidence, Remedy, Resource},
    shell,
};

/// Whether the task has an interface of its own; on Fargate it always has.
pub(super) fn has_interface(cx: &Cx<'_>) -> Result<bool, Missing> {
    Ok(cx.launch_type()? == LaunchType::Fargate
        || cx.definition()?.network_mode.as_deref() == Some("awsvpc"))
}

/// Why checks of the interface do not apply where there is none.
pub(super) const NO_INTERFACE: &str =
    "the task has no network interface of its own: its network mode is not `awsvpc`";

/// The network configuration, with a subnet at least.
pub(super) fn known(case: &Case<'_>) -> Result<Arc<Network>, Missing> {
    let network = case.network()?;
    if network.subnets.is_empty() {
        let task = case.task()?.map(|task| task.task_arn.clone());
        let request = DescribeTasks::new(case.target().cluster().as_deref(), task);
        return Err(Missing::undecided(
            case.query(&request),
            "nothing names the subnets that the task was to go to",
        ));
    }
    Ok(network)
}

/// The request for one subnet: an unknown one must not hide the others.
pub(super) fn subnet_request(id: &str) -> DescribeSubnets {
    DescribeSubnets { subnet_ids: vec![id.to_owned()] }
}

/// A subnet; `None` if there is none of this id.
pub(super) fn subnet(case: &Case<'_>, id: &str) -> Result<Option<Subnet>, Missing> {
    let answer = case.get(&subnet_request(id))?;
    Ok(answer.and_then(|answer| answer.subnets.iter().find(|s| s.subnet_id == id).cloned()))
}

/// A subnet as an object that a finding is about.
pub(super) fn subnet_resource(case: &Case<'_>, id: &str, subnet: Option<&Subnet>) -> Resource {
    let resource = Resource::new("AWS::EC2::Subnet", id);
    let known = subnet.and_then(|subnet| subnet.subnet_arn.clone());
    let own = || {
        let arn = case.arn()?;
        Some(format!("arn:{}:ec2:{}:{}:subnet/{id}", arn.partition, arn.region, arn.account))
    };
    match known.or_else(own) {
        Some(arn) => resource.arn(arn),
        None => resource,
    }
}

/// What says where the task goes: its service, else its task definition has no say and the caller
/// had.
pub(super) struct Holder {
    /// The service, or the task.
    pub(super) resource: Resource,
    /// Where the configuration stands.
    pub(super) evidence: Evidence,
    /// Its name in a sentence.
    pub(super) name: String,
}

pub(super) fn holder(case: &Case<'_>) -> Result<Option<Holder>, Missing> {
    if let Some(service) = case.service()? {
        let name = service.service_name.clone();
        let request = DescribeServices {
            cluster: case.target().cluster().or_else(|| service.cluster_arn.clone()),
            services: vec![name.clone()],
        };
        return Ok(Some(Holder {
            resource: Resource::new("AWS::ECS::Service", name.clone())
                .arn(service.service_arn.clone()),
            evidence: Evidence::new(case.query(&request), "/deployments", Value::Null)
                .object(service.service_arn.clone()),
            name: format!("service `{name}`"),
        }));
    }
    let Some(task) = case.task()? else { return Ok(None) };
    Ok(Some(Holder {
        resource: task::resource(&task),
        evidence: task::evidence(case, &task, "/attachments", Value::Null),
        name: format!("task `{}`", task::id(&task.task_arn)),
    }))
}

/// Leaves subnets and groups out of the network configuration of the deployment that started the
/// task: the remedy with its command and edits, or the remedy as it was if nothing would be left
/// of what must not be empty, or no deployment is known.
pub(super) fn without(
    case: &Case<'_>,
    remedy: Remedy,
    subnets: &[&str],
    groups: &[&str],
) -> Result<Remedy, Missing> {
    let Some((service, deployment)) = case.service()?.zip(case.deployment()?) else {
        return Ok(remedy);
    };
    let Some(configuration) = deployment
        .network_configuration
        .as_ref()
        .and_then(|network| network.awsvpc_configuration.as_ref())
    else {
        return Ok(remedy);
    };
    let rest = |all: &[String], less: &[&str]| -> Vec<String> {
        all.iter().filter(|id| !less.contains(&id.as_str())).cloned().collect()
    };
    let left = AwsvpcConfiguration {
        subnets: rest(&configuration.subnets, subnets),
        security_groups: rest(&configuration.security_groups, groups),
        assign_public_ip: configuration.assign_public_ip.clone(),
    };
    // No group means the VPC's default group: not what anybody asked for.
    if left.subnets.is_empty() || left.security_groups.is_empty() && !groups.is_empty() {
        return Ok(remedy);
    }
    let object = Object::new("services", "serviceArn", service.service_arn.clone());
    let mut remedy = remedy;
    for (member, deployments) in
        [("deployments", &service.deployments), ("taskSets", &service.task_sets)]
    {
        let place = deployments.iter().position(|other| other.id == deployment.id);
        let Some(place) = place else { continue };
        let pointer = format!("/{member}/{place}/networkConfiguration/awsvpcConfiguration");
        for (name, ids) in [("subnets", &left.subnets), ("securityGroups", &left.security_groups)] {
            remedy =
                remedy.edit(Edit::Set(object.clone(), format!("{pointer}/{name}"), json!(ids)));
        }
    }
    let Some(command) = definition::update_service(case) else { return Ok(remedy) };
    let mut members = vec![format!("subnets=[{}]", left.subnets.join(","))];
    if !left.security_groups.is_empty() {
        members.push(format!("securityGroups=[{}]", left.security_groups.join(",")));
    }
    if let Some(assign) = &left.assign_public_ip {
        members.push(format!("assignPublicIp={assign}"));
    }
    let members = format!("awsvpcConfiguration={{{}}}", members.join(","));
    Ok(remedy.command(format!("{command} --network-configuration {}", shell::quoted(&members))))
}
