//! The capacity providers of a case, and the Auto Scaling groups behind them.

use crate::{
    LaunchType,
    aws::{
        autoscaling::{AutoScalingGroup, DescribeAutoScalingGroups},
        ecs::{CapacityProvider, CapacityProviderStrategyItem, DescribeCapacityProviders},
    },
    case::Case,
    facts::Missing,
    finding::Resource,
};

/// Whether a capacity provider is Fargate's, which is in every account.
fn is_fargate(name: &str) -> bool {
    matches!(name, "FARGATE" | "FARGATE_SPOT")
}

/// The capacity providers that the task was to run on, Fargate's included: its own one, or those
/// of the deployment. Empty where a launch type was asked for.
pub(super) fn strategy(case: &Case<'_>) -> Result<Vec<String>, Missing> {
    let names = |items: &[CapacityProviderStrategyItem]| -> Vec<String> {
        items.iter().filter_map(|item| item.capacity_provider.clone()).collect()
    };
    let mut found = match case.task()? {
        Some(task) => task.capacity_provider_name.clone().into_iter().collect(),
        None => match (case.deployment()?, case.service()?) {
            (Some(deployment), _) if !deployment.capacity_provider_strategy.is_empty() => {
                names(&deployment.capacity_provider_strategy)
            }
            (Some(deployment), _) if deployment.launch_type.is_some() => vec![],
            (_, Some(service)) => names(&service.capacity_provider_strategy),
            (_, None) => vec![],
        },
    };
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The account's own capacity providers that the task was to run on.
pub(super) fn names(case: &Case<'_>) -> Result<Vec<String>, Missing> {
    let mut names = strategy(case)?;
    names.retain(|name| !is_fargate(name));
    Ok(names)
}

/// The request for capacity providers of the case's cluster.
pub(super) fn request(case: &Case<'_>, names: &[String]) -> DescribeCapacityProviders {
    DescribeCapacityProviders { capacity_providers: names.to_vec(), cluster: case.cluster() }
}

/// The account's own capacity providers that the task was to run on, as far as they exist.
pub(super) fn providers(case: &Case<'_>) -> Result<Vec<CapacityProvider>, Missing> {
    let names = names(case)?;
    if names.is_empty() {
        return Ok(vec![]);
    }
    let answer = case.get(&request(case, &names))?;
    let mut found = answer.map_or(vec![], |answer| answer.capacity_providers.clone());
    found.retain(|provider| names.contains(&provider.name));
    found.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// A capacity provider as the object that a finding is about.
pub(super) fn resource(provider: &CapacityProvider) -> Resource {
    let resource = Resource::new("AWS::ECS::CapacityProvider", provider.name.clone());
    match &provider.capacity_provider_arn {
        Some(arn) => resource.arn(arn.clone()),
        None => resource,
    }
}

/// Where the task runs, also for a service of which no task was placed yet.
pub(super) fn launch_type(case: &Case<'_>) -> Result<LaunchType, Missing> {
    let told = case.task()?.is_some_and(|task| task.launch_type.is_some());
    if told || names(case)?.is_empty() {
        return case.launch_type();
    }
    let managed =
        providers(case)?.iter().any(|provider| provider.managed_instances_provider.is_some());
    Ok(if managed { LaunchType::ManagedInstances } else { LaunchType::Ec2 })
}

/// The name of a capacity provider's Auto Scaling group.
pub(super) fn group_name(provider: &CapacityProvider) -> Option<&str> {
    let arn = provider.auto_scaling_group_provider.as_ref()?.auto_scaling_group_arn.as_deref()?;
    Some(arn.rsplit_once("autoScalingGroupName/").map_or(arn, |(_, name)| name))
}

/// The request for an Auto Scaling group.
pub(super) fn group_request(name: &str) -> DescribeAutoScalingGroups {
    DescribeAutoScalingGroups { auto_scaling_group_names: vec![name.to_owned()] }
}

/// The Auto Scaling group of a capacity provider, if it has one and that exists.
pub(super) fn group(
    case: &Case<'_>,
    provider: &CapacityProvider,
) -> Result<Option<AutoScalingGroup>, Missing> {
    let Some(name) = group_name(provider) else { return Ok(None) };
    let answer = case.get(&group_request(name))?;
    Ok(answer.and_then(|answer| {
        answer
            .auto_scaling_groups
            .iter()
            .find(|group| group.auto_scaling_group_name == name)
            .cloned()
    }))
}

/// An Auto Scaling group as the object that a finding is about.
pub(super) fn group_resource(group: &AutoScalingGroup) -> Resource {
    let resource =
        Resource::new("AWS::AutoScaling::AutoScalingGroup", group.auto_scaling_group_name.clone());
    match &group.auto_scaling_group_arn {
        Some(arn) => resource.arn(arn.clone()),
        None => resource,
    }
}

/// Whether ECS scales the capacity provider's Auto Scaling group.
pub(super) fn scales(provider: &CapacityProvider) -> bool {
    provider
        .auto_scaling_group_provider
        .as_ref()
        .and_then(|group| group.managed_scaling.as_ref())
        .and_then(|scaling| scaling.status.as_deref())
        == Some("ENABLED")
}
