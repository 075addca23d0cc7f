"""Volumes."""

from __future__ import annotations

import extras
from account import REGION, Shop, Stop
from planting import planted

EFS = "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: "
FAILED = " : unsuccessful EFS utils command execution; code: "


@planted("efs-filesystem")
def file_system_missing(shop: Shop) -> Stop:
    """The file system was deleted."""
    system, point = extras.add_file_system(shop)
    efs = shop.clients("efs")
    efs.delete_access_point(AccessPointId=point)
    for target in efs.describe_mount_targets(FileSystemId=system)["MountTargets"]:
        efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    efs.delete_file_system(FileSystemId=system)
    return _unresolved(system)


@planted("efs-mount-target-az")
def mount_target_missing(shop: Shop) -> Stop:
    """The file system has no mount target in the zone that the task went to."""
    system, _ = extras.add_file_system(shop)
    efs = shop.clients("efs")
    targets = efs.describe_mount_targets(FileSystemId=system)["MountTargets"]
    [here] = [target for target in targets if target["SubnetId"] == shop.network["subnets"][0]]
    efs.delete_mount_target(MountTargetId=here["MountTargetId"])
    return _unresolved(system)


@planted("efs-access-point")
def access_point_missing(shop: Shop) -> Stop:
    """The access point was deleted."""
    _, point = extras.add_file_system(shop)
    shop.clients("efs").delete_access_point(AccessPointId=point)
    return Stop(
        f"{EFS}stderr: b'mount.nfs4: access denied by server while mounting 127.0.0.1:/'{FAILED}32"
    )


@planted("ebs-support")
def snapshot_missing(shop: Shop) -> Stop:
    """The snapshot that the volume is made of was deleted."""
    ec2 = shop.clients("ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=20)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.delete_snapshot(SnapshotId=snapshot)
    extras.add_volume(shop, snapshot)
    return Stop(
        "ECS failed to set up the EBS volume. Encountered InvalidSnapshot.NotFound; 'The snapshot "
        f"'{snapshot}' does not exist.'"
    )


def _unresolved(system: str) -> Stop:
    return Stop(
        f'{EFS}stderr: Failed to resolve "{system}.efs.{REGION}.amazonaws.com" - check that your '
        "file system ID is correct, and ensure that the VPC has an EFS mount target for this file "
        f"system ID.{FAILED}1"
    )
