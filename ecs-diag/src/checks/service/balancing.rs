//! Target groups that a service's tasks are registered with.

use crate::{
    aws::{
        Arn,
        ecs::{PortMapping, Service},
        elbv2::{DescribeTargetGroups, TargetGroup},
    },
    case::Case,
    facts::Missing,
    finding::{Evidence, Resource},
};

/// How many entries are looked at; a service has five target groups at most.
pub(super) const ENTRIES: usize = 100;

/// Why checks of target groups do not apply where there is none.
pub(super) const NO_GROUP: &str = "the service is behind no target group";

/// An entry of a service's `loadBalancers` with a target group.
pub(super) struct Balanced<'s> {
    /// Its place.
    pub(super) at: usize,
    /// ARN of the target group.
    pub(super) arn: &'s str,
}

/// The service's target groups, each once.
pub(super) fn groups(service: &Service) -> Vec<Balanced<'_>> {
    let mut groups: Vec<Balanced<'_>> = Vec::new();
    for (at, entry) in service.load_balancers.iter().enumerate().take(ENTRIES) {
        let Some(arn) = entry.target_group_arn.as_deref() else { continue };
        if groups.iter().all(|known| known.arn != arn) {
            groups.push(Balanced { at, arn });
        }
    }
    groups
}

/// The request for one target group: an unknown one must not hide the others.
pub(super) fn request(arn: &str) -> DescribeTargetGroups {
    DescribeTargetGroups { target_group_arns: Some(vec![arn.to_owned()]), names: None }
}

/// A target group; `None` if there is none of this ARN.
pub(super) fn group(case: &Case<'_>, arn: &str) -> Result<Option<TargetGroup>, Missing> {
    let answer = case.get(&request(arn))?;
    Ok(answer.and_then(|answer| {
        answer.target_groups.iter().find(|g| g.target_group_arn == arn).cloned()
    }))
}

/// The name in a target group's ARN.
pub(super) fn name(arn: &str) -> String {
    let parsed = arn.parse::<Arn>().ok();
    let id = parsed.as_ref().map_or(arn, |parsed| parsed.resource_id());
    id.split('/').next().unwrap_or(id).to_owned()
}

/// A target group as an object that a finding is about.
pub(super) fn resource(arn: &str) -> Resource {
    Resource::new("AWS::ElasticLoadBalancingV2::TargetGroup", name(arn)).arn(arn)
}

/// A member of a target group.
pub(super) fn evidence(
    case: &Case<'_>,
    arn: &str,
    member: &str,
    value: impl Into<serde_json::Value>,
) -> Evidence {
    let pointer = format!("/TargetGroups/0/{member}");
    Evidence::new(case.query(&request(arn)), pointer, value).object(name(arn))
}

/// Whether a port is in `FROM-TO`.
pub(super) fn in_range(mapping: &PortMapping, port: i64) -> bool {
    let range = mapping.container_port_range.as_deref().and_then(|range| range.split_once('-'));
    range.is_some_and(|(from, to)| {
        let bounds = from.trim().parse::<i64>().ok().zip(to.trim().parse::<i64>().ok());
        bounds.is_some_and(|(from, to)| (from..=to).contains(&port))
    })
}
