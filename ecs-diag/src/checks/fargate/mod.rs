//! Fargate: what it demands of a task.

super::checks! {
    size: Size,
    platform_version: PlatformVersion,
    unsupported_params: UnsupportedParams,
    container_sums: ContainerSums,
    awsvpc_ports: AwsvpcPorts,
    runtime_platform: RuntimePlatform,
    ulimits: Ulimits,
    fips: Fips,
    internal_error: InternalError,
}

use super::{definition, task, version::Version};
use crate::{aws::ecs, case::Case, finding::Remedy};

/// Operating system of containers on Fargate where the task definition names none.
pub(super) const LINUX: &str = "LINUX";

/// The operating system family of the task definition.
pub(super) fn operating_system(definition: &ecs::TaskDefinition) -> &str {
    definition
        .runtime_platform
        .as_ref()
        .and_then(|platform| platform.operating_system_family.as_deref())
        .unwrap_or(LINUX)
}

pub(super) fn is_windows(family: &str) -> bool {
    family.to_ascii_uppercase().starts_with("WINDOWS")
}

/// A remedy for a task on a platform version before 1.4.0.
pub(super) fn on_1_4(case: &Case<'_>, task: &ecs::Task) -> Remedy {
    let remedy = Remedy::new("run the task on platform version 1.4.0").edit(task::set(
        task,
        "/platformVersion",
        "1.4.0",
    ));
    match definition::update_service(case) {
        Some(command) => remedy.command(format!("{command} --platform-version 1.4.0")),
        None => remedy,
    }
}

/// Whether a platform version for Linux is older than 1.4.0.
pub(super) fn before_1_4(version: &str) -> bool {
    before(version, Version(1, 4, 0))
}

/// Whether a platform version is older than another one; `LATEST` is not.
pub(super) fn before(version: &str, other: Version) -> bool {
    Version::parse(version).is_some_and(|version| version < other)
}
