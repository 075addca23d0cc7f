//! Where which kinds of volumes can be mounted.

use crate::{
    LaunchType, Phase,
    aws::ecs::{ContainerInstance, TaskDefinition},
    case::Case,
    checks::{fargate, instances},
    facts::Missing,
    finding::{Finding, Remedy},
};

/// What a kind of volume needs of a container instance.
pub(super) struct Capability {
    /// The volumes, as the subject of a sentence.
    pub(super) what: String,
    /// The attribute that its agent registers.
    pub(super) attribute: String,
    /// What provides the attribute.
    pub(super) remedy: Remedy,
}

/// Reports that no container instance has a capability.
pub(super) fn capability(
    case: &Case<'_>,
    capability: Capability,
    has: impl Fn(&ContainerInstance) -> bool,
) -> Result<Option<Finding>, Missing> {
    // ECS sees to it that instances that it manages can do what their tasks need.
    if !matches!(case.launch_type()?, LaunchType::Ec2 | LaunchType::External) {
        return Ok(None);
    }
    let Some(lack) = instances::lack(case, has)? else { return Ok(None) };
    let placed = instances::own(case)?.is_some();
    let Capability { what, attribute, remedy } = capability;
    Ok(Some(
        Finding::blocker(format!("{} `{attribute}`", lack.who))
            .phase(if placed { Phase::Volume } else { Phase::Place })
            .detail(format!(
                "without it {what} cannot be mounted; the agent registers the attribute when it \
                 finds what that takes, and ECS places the task on no instance that lacks it"
            ))
            .resource(lack.resource)
            .named(attribute)
            .evidence(lack.evidence)
            .remedy(remedy),
    ))
}

/// Whether the task definition says that its containers are Windows containers. On EC2 it need not
/// say, and then `None`.
pub(super) fn windows(definition: &TaskDefinition, launch_type: LaunchType) -> Option<bool> {
    let platform = definition.runtime_platform.as_ref();
    let told = platform.is_some_and(|platform| platform.operating_system_family.is_some());
    (told || launch_type == LaunchType::Fargate)
        .then(|| fargate::is_windows(fargate::operating_system(definition)))
}

/// The platform version of a Linux task on Fargate that is older than 1.4.0.
pub(super) fn old(case: &Case<'_>) -> Result<Option<String>, Missing> {
    if case.launch_type()? != LaunchType::Fargate
        || fargate::is_windows(fargate::operating_system(&*case.definition()?))
    {
        return Ok(None);
    }
    let version = case.task()?.and_then(|task| task.platform_version.clone());
    Ok(version.filter(|version| fargate::before_1_4(version)))
}
