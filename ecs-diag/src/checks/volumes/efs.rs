//! Amazon EFS: the volumes of a task definition that are on it.

use std::collections::BTreeMap;

use crate::{
    aws::{
        ecs::{EfsVolume, TaskDefinition},
        efs::{DescribeFileSystems, FileSystem},
    },
    case::Case,
    facts::Missing,
    finding::Resource,
};

/// Why checks of EFS have nothing to look at.
pub(super) const NO_EFS: &str = "no volume of the task is on Amazon EFS";

/// A volume on EFS: its place in the task definition, its name, its configuration.
pub(super) type Mount<'d> = (usize, &'d str, &'d EfsVolume);

pub(super) fn mounts(definition: &TaskDefinition) -> Vec<Mount<'_>> {
    super::volumes(definition, |volume| {
        volume.efs_volume_configuration.as_ref().filter(|efs| !efs.file_system_id.is_empty())
    })
}

/// The volumes by file system.
pub(super) fn by_file_system<'m, 'd>(
    mounts: &'m [Mount<'d>],
) -> BTreeMap<&'d str, Vec<&'m Mount<'d>>> {
    let mut systems: BTreeMap<&str, Vec<&Mount<'_>>> = BTreeMap::new();
    for mount in mounts {
        systems.entry(mount.2.file_system_id.as_str()).or_default().push(mount);
    }
    systems
}

/// The request for a file system.
pub(super) fn request(id: &str) -> DescribeFileSystems {
    DescribeFileSystems { file_system_id: id.to_owned() }
}

/// A file system; `None` if the account has none of this id in the task's Region.
pub(super) fn file_system(case: &Case<'_>, id: &str) -> Result<Option<FileSystem>, Missing> {
    let answer = case.get(&request(id))?;
    Ok(answer
        .and_then(|answer| answer.file_systems.iter().find(|s| s.file_system_id == id).cloned()))
}

/// Something of EFS as an object that a finding is about: `file-system` or `access-point`.
pub(super) fn resource(case: &Case<'_>, kind: &str, id: &str, arn: Option<&String>) -> Resource {
    let name = if kind == "access-point" { "AccessPoint" } else { "FileSystem" };
    let resource = Resource::new(format!("AWS::EFS::{name}"), id);
    let own = || {
        let own = case.arn()?;
        Some(format!(
            "arn:{}:elasticfilesystem:{}:{}:{kind}/{id}",
            own.partition, own.region, own.account
        ))
    };
    match arn.cloned().or_else(own) {
        Some(arn) => resource.arn(arn),
        None => resource,
    }
}

/// Whether the failure message says that this file system's name does not resolve.
pub(super) fn unresolved(case: &Case<'_>, id: &str) -> Result<bool, Missing> {
    Ok(case.symptom()?.is_some_and(|symptom| {
        symptom.reading.signature == Some("RIE-EFS-RESOLVE")
            && symptom.reading.parameters.get("file_system").is_none_or(|named| named == id)
    }))
}

#[cfg(test)]
pub(super) mod account {
    //! A file system for the tests of checks.

    use serde_json::{Value, json};

    use crate::checks::testing::{ACCOUNT, REGION, World};

    pub(in crate::checks::volumes) const ID: &str = "fs-0123456789abcdef0";
    pub(in crate::checks::volumes) const ACCESS_POINT: &str = "fsap-0123456789abcdef0";

    pub(in crate::checks::volumes) const UNRESOLVED: &str = "ResourceInitializationError: failed \
        to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve \
        \"fs-0123456789abcdef0.efs.eu-west-1.amazonaws.com\" - check that your file system ID is \
        correct, and ensure that the VPC has an EFS mount target for this file system ID. : \
        unsuccessful EFS utils command execution; code: 1";
    pub(in crate::checks::volumes) const NO_ENTRY: &str = "ResourceInitializationError: failed to \
        invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: mounting \
        fs-0123456789abcdef0.efs.eu-west-1.amazonaws.com:/data failed, reason given by server: No \
        such file or directory' : unsuccessful EFS utils command execution; code: 32";
    pub(in crate::checks::volumes) const DENIED: &str = "ResourceInitializationError: failed to \
        invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: access denied by \
        server while mounting 127.0.0.1:/' : unsuccessful EFS utils command execution; code: 32";

    /// The task mounts a file system that has a mount target in either zone.
    pub(in crate::checks::volumes) fn mounted(world: &mut World) -> &mut World {
        world
            .definition(
                "/volumes",
                json!([{"name": "data", "efsVolumeConfiguration": {"fileSystemId": ID}}]),
            )
            .container(
                "/mountPoints",
                json!([{"sourceVolume": "data", "containerPath": "/data", "readOnly": false}]),
            )
            .output("FileSystems", json!({"FileSystems": [{
                "FileSystemId": ID, "OwnerId": ACCOUNT, "CreationToken": "shop",
                "FileSystemArn": format!("arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/{ID}"),
                "Name": "shop", "LifeCycleState": "available", "NumberOfMountTargets": 2,
                "PerformanceMode": "generalPurpose", "CreationTime": "2026-01-10T08:00:00Z",
            }]}))
            .output("MountTargets", json!({"MountTargets": [
                target("fsmt-0a", "subnet-0a11111111111111a", "a"),
                target("fsmt-0b", "subnet-0b22222222222222b", "b"),
            ]}))
    }

    fn target(id: &str, subnet: &str, zone: &str) -> Value {
        json!({
            "MountTargetId": id, "FileSystemId": ID, "SubnetId": subnet, "OwnerId": ACCOUNT,
            "LifeCycleState": "available", "VpcId": "vpc-0d44444444444444d",
            "AvailabilityZoneName": format!("{REGION}{zone}"),
            "AvailabilityZoneId": format!("euw1-az{}", if zone == "a" { 1 } else { 2 }),
        })
    }

    /// The task mounts the file system through an access point.
    pub(in crate::checks::volumes) fn with_access_point(world: &mut World) -> &mut World {
        mounted(world)
            .definition("/volumes/0/efsVolumeConfiguration/transitEncryption", json!("ENABLED"))
            .definition(
                "/volumes/0/efsVolumeConfiguration/authorizationConfig",
                json!({"accessPointId": ACCESS_POINT}),
            )
            .output(
                "AccessPoints",
                json!({"AccessPoints": [{
                    "AccessPointId": ACCESS_POINT, "FileSystemId": ID, "OwnerId": ACCOUNT,
                    "AccessPointArn": format!(
                        "arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/{ACCESS_POINT}"
                    ),
                    "LifeCycleState": "available",
                    "RootDirectory": {"Path": "/shop", "CreationInfo": {
                        "OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "755",
                    }},
                }]}),
            )
    }
}
