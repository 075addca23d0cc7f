//! What needs a newer Fargate platform version or container agent than there may be.
//!
//! Source: the considerations of
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html>,
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html> and
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-linux-fargate.html>, and
//! for the agent <https://github.com/aws/amazon-ecs-agent/blob/master/CHANGELOG.md>, whose numbers
//! hold where the two differ; as of November 2026.

use crate::{
    LaunchType,
    aws::ecs::{Task, TaskDefinition},
    case::Case,
    checks::{definition, instances, task, version::Version},
    facts::Missing,
    finding::{Evidence, Remedy, Resource},
};

/// Something that came with a version. Every platform version for Windows has it.
pub(super) struct Feature {
    fargate_linux: Version,
    pub(super) agent: Version,
}

pub(super) const SSM_SECRET: Feature =
    Feature { fargate_linux: Version(1, 3, 0), agent: Version(1, 22, 0) };
pub(super) const ASM_SECRET: Feature =
    Feature { fargate_linux: Version(1, 3, 0), agent: Version(1, 23, 0) };
pub(super) const ASM_FIELDS: Feature =
    Feature { fargate_linux: Version(1, 4, 0), agent: Version(1, 37, 0) };
pub(super) const LOG_SECRET: Feature =
    Feature { fargate_linux: Version(1, 3, 0), agent: Version(1, 27, 0) };
pub(super) const ENV_FILES: Feature =
    Feature { fargate_linux: Version(1, 4, 0), agent: Version(1, 39, 0) };
pub(super) const FIRELENS: Feature =
    Feature { fargate_linux: Version(1, 3, 0), agent: Version(1, 30, 0) };

/// What is too old for a feature.
pub(super) struct TooOld {
    /// In words: "Fargate platform version 1.3.0".
    pub(super) what: String,
    /// In words: "1.4.0".
    pub(super) needed: String,
    pub(super) resource: Resource,
    pub(super) evidence: Evidence,
    pub(super) remedy: Remedy,
}

/// Whether the task runs where the feature is not known yet.
pub(super) fn too_old(case: &Case<'_>, feature: &Feature) -> Result<Option<TooOld>, Missing> {
    // Where nothing was started there is nothing too old yet.
    let Some(this) = case.task()? else { return Ok(None) };
    match case.launch_type()? {
        LaunchType::Fargate => old_platform(case, &this, feature),
        LaunchType::Ec2 | LaunchType::External => old_agent(case, feature),
        LaunchType::ManagedInstances => Ok(None),
    }
}

fn old_platform(
    case: &Case<'_>,
    this: &Task,
    feature: &Feature,
) -> Result<Option<TooOld>, Missing> {
    let Some(version) = this.platform_version.as_deref() else { return Ok(None) };
    let older = Version::parse(version).is_some_and(|version| version < feature.fargate_linux);
    if !older || is_windows(this, &*case.definition()?) {
        return Ok(None);
    }
    // Fargate's newest version, which has everything that is asked for.
    let newest = "1.4.0";
    let remedy = Remedy::new(format!("run the task on platform version {newest}")).edit(task::set(
        this,
        "/platformVersion",
        newest,
    ));
    let remedy = match definition::update_service(case) {
        Some(command) => remedy.command(format!("{command} --platform-version {newest}")),
        None => remedy,
    };
    Ok(Some(TooOld {
        what: format!("Fargate platform version {version}"),
        needed: feature.fargate_linux.to_string(),
        resource: task::resource(this),
        evidence: task::evidence(case, this, "/platformVersion", version),
        remedy,
    }))
}

fn old_agent(case: &Case<'_>, feature: &Feature) -> Result<Option<TooOld>, Missing> {
    let Some(instance) = instances::own(case)? else { return Ok(None) };
    let Some(version) = instance.version_info.agent_version.as_deref() else {
        return Err(instance.unclear(case, "the answer names no agent version"));
    };
    if Version::parse(version).is_none_or(|version| version >= feature.agent) {
        return Ok(None);
    }
    let needed = feature.agent.to_string();
    let remedy = Remedy::new("update the container agent")
        .command(instance.update_agent(case))
        .edit(instance.set("/versionInfo/agentVersion", needed.clone()));
    Ok(Some(TooOld {
        what: format!("container agent {version}"),
        needed,
        resource: instance.resource(),
        evidence: instance.evidence(case, "/versionInfo/agentVersion", version),
        remedy,
    }))
}

/// Whether a task's containers are Windows containers.
pub(super) fn is_windows(task: &Task, definition: &TaskDefinition) -> bool {
    let of_definition = definition.runtime_platform.as_ref();
    task.platform_family
        .as_deref()
        .or_else(|| of_definition?.operating_system_family.as_deref())
        .is_some_and(|family| family.to_ascii_uppercase().starts_with("WINDOWS"))
}
