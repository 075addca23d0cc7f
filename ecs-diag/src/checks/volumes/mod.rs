//! Volumes: whether what the task mounts is there, and can be mounted where the task runs.

mod efs;
mod platform;

super::checks! {
    efs_support: EfsSupport,
    efs_filesystem: EfsFilesystem,
    efs_mount_target_az: EfsMountTargetAz,
    efs_utils_region: EfsUtilsRegion,
    efs_transit_encryption: EfsTransitEncryption,
    efs_root_dir: EfsRootDir,
    efs_access_point: EfsAccessPoint,
    efs_chown: EfsChown,
    efs_fargate_memory: EfsFargateMemory,
    s3files_mount_target: S3FilesMountTarget,
    ebs_filesystem: EbsFilesystem,
    ebs_support: EbsSupport,
    docker_volume_driver: DockerVolumeDriver,
    fsx_windows: FsxWindows,
    bind_mounts: BindMounts,
    ephemeral_storage: EphemeralStorage,
}

use crate::{
    aws::ecs::{TaskDefinition, Volume},
    case::Case,
    checks::definition,
    facts::Missing,
    finding::{Evidence, Finding},
};

/// Volumes of a kind, with their places in the task definition.
fn volumes<'d, K>(
    definition: &'d TaskDefinition,
    kind: impl Fn(&'d Volume) -> Option<K>,
) -> Vec<(usize, &'d str, K)> {
    definition
        .volumes
        .iter()
        .enumerate()
        .filter_map(|(place, volume)| Some((place, volume.name.as_str(), kind(volume)?)))
        .collect()
}

/// "volume `data`" or "volumes `data`, `cache`".
fn named<'v>(names: impl IntoIterator<Item = &'v str>) -> String {
    let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    format!("volume{} {}", if names.len() == 1 { "" } else { "s" }, names.join(", "))
}

/// A finding about the task definition, seen at these pointers.
fn about(
    case: &Case<'_>,
    task_definition: &TaskDefinition,
    finding: Finding,
    seen: impl IntoIterator<Item = (String, serde_json::Value)>,
) -> Result<Finding, Missing> {
    let mut finding = finding
        .resource(definition::resource(task_definition))
        .changed_at(task_definition.registered_at);
    for (pointer, value) in seen {
        let evidence: Evidence = definition::evidence(case, task_definition, &pointer, value)?;
        finding = finding.evidence(evidence);
    }
    Ok(finding)
}
