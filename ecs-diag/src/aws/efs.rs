//! Amazon EFS.

use super::{Time, request, shape};

request! {
    /// Describes a file system.
    DescribeFileSystems: "efs", "DescribeFileSystems", "PascalCase" => DescribeFileSystemsResponse {
        /// Id.
        file_system_id: String,
    }
}

shape! {
    /// File systems.
    DescribeFileSystemsResponse: "PascalCase" {
        /// The file systems.
        file_systems: Vec<FileSystem>,
    }
}

shape! {
    /// A file system.
    FileSystem: "PascalCase" {
        /// Id.
        file_system_id: String,
        /// ARN.
        file_system_arn: Option<String>,
        /// Name.
        name: Option<String>,
        /// `creating`, `available`, `updating`, `deleting`, `deleted` or `error`.
        life_cycle_state: Option<String>,
        /// Availability Zone of a One Zone file system; absent for others.
        availability_zone_name: Option<String>,
        /// When it was created.
        creation_time: Option<Time>,
    }
}

request! {
    /// Lists the mount targets of a file system.
    DescribeMountTargets: "efs", "DescribeMountTargets", "PascalCase" => DescribeMountTargetsResponse {
        /// File system.
        file_system_id: String,
    }
}

shape! {
    /// Mount targets.
    DescribeMountTargetsResponse: "PascalCase" {
        /// The mount targets.
        mount_targets: Vec<MountTarget>,
    }
}

shape! {
    /// A mount target: an address of a file system in an Availability Zone.
    MountTarget: "PascalCase" {
        /// Id.
        mount_target_id: String,
        /// Subnet.
        subnet_id: Option<String>,
        /// `creating`, `available`, `updating`, `deleting`, `deleted` or `error`.
        life_cycle_state: Option<String>,
        /// Availability Zone, by the name that the account has for it.
        availability_zone_name: Option<String>,
        /// Availability Zone id.
        availability_zone_id: Option<String>,
        /// VPC.
        vpc_id: Option<String>,
    }
}

request! {
    /// Describes an access point.
    DescribeAccessPoints: "efs", "DescribeAccessPoints", "PascalCase" => DescribeAccessPointsResponse {
        /// Id.
        access_point_id: String,
    }
}

shape! {
    /// Access points.
    DescribeAccessPointsResponse: "PascalCase" {
        /// The access points.
        access_points: Vec<AccessPoint>,
    }
}

shape! {
    /// An access point.
    AccessPoint: "PascalCase" {
        /// Id.
        access_point_id: String,
        /// ARN.
        access_point_arn: Option<String>,
        /// File system.
        file_system_id: Option<String>,
        /// `creating`, `available`, `updating`, `deleting`, `deleted` or `error`.
        life_cycle_state: Option<String>,
        /// User that all requests are made as, if it sets one.
        posix_user: Option<PosixUser>,
        /// Directory that it gives access to.
        root_directory: Option<RootDirectory>,
    }
}

shape! {
    /// A user.
    PosixUser: "PascalCase" {
        /// User id.
        uid: i64,
        /// Group id.
        gid: i64,
    }
}

shape! {
    /// The directory that an access point gives access to.
    RootDirectory: "PascalCase" {
        /// Path; absent means `/`.
        path: Option<String>,
        /// How it is created if it is not there; absent: it is not created.
        creation_info: Option<CreationInfo>,
    }
}

shape! {
    /// How the directory of an access point is created.
    CreationInfo: "PascalCase" {
        /// Permissions, in octal.
        permissions: Option<String>,
    }
}
