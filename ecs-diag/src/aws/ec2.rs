//! Amazon EC2 and VPC.

use super::{request, shape};

request! {
    /// Describes subnets by id.
    DescribeSubnets: "ec2", "DescribeSubnets", "PascalCase" => DescribeSubnetsResponse {
        /// Ids.
        subnet_ids: Vec<String>,
    }
}

shape! {
    /// Subnets.
    DescribeSubnetsResponse: "PascalCase" {
        /// The subnets.
        subnets: Vec<Subnet>,
    }
}

shape! {
    /// A subnet.
    Subnet: "PascalCase" {
        /// Id.
        subnet_id: String,
        /// ARN.
        subnet_arn: Option<String>,
        /// VPC.
        vpc_id: Option<String>,
        /// Account that owns it; another one shares it.
        owner_id: Option<String>,
        /// `available` or `pending`.
        state: Option<String>,
        /// Addresses left; absent where the source did not say.
        available_ip_address_count: Option<i64>,
        /// Whether it has no IPv4 addresses at all.
        ipv6_native: bool,
        /// IPv4 range.
        cidr_block: Option<String>,
        /// Availability Zone.
        availability_zone: Option<String>,
        /// Availability Zone id.
        availability_zone_id: Option<String>,
    }
}

request! {
    /// Describes security groups by id.
    DescribeSecurityGroups: "ec2", "DescribeSecurityGroups", "PascalCase" => DescribeSecurityGroupsResponse {
        /// Ids.
        group_ids: Vec<String>,
    }
}

shape! {
    /// Security groups.
    DescribeSecurityGroupsResponse: "PascalCase" {
        /// The groups.
        security_groups: Vec<SecurityGroup>,
    }
}

shape! {
    /// A security group.
    SecurityGroup: "PascalCase" {
        /// Id.
        group_id: String,
        /// Name.
        group_name: Option<String>,
        /// VPC.
        vpc_id: Option<String>,
        /// Account that owns it.
        owner_id: Option<String>,
    }
}

request! {
    /// Describes network interfaces by id.
    DescribeNetworkInterfaces: "ec2", "DescribeNetworkInterfaces", "PascalCase" => DescribeNetworkInterfacesResponse {
        /// Ids.
        network_interface_ids: Vec<String>,
    }
}

shape! {
    /// Network interfaces.
    DescribeNetworkInterfacesResponse: "PascalCase" {
        /// The interfaces.
        network_interfaces: Vec<NetworkInterface>,
    }
}

shape! {
    /// A network interface.
    NetworkInterface: "PascalCase" {
        /// Id.
        network_interface_id: String,
        /// Subnet.
        subnet_id: Option<String>,
        /// VPC.
        vpc_id: Option<String>,
        /// Security groups.
        groups: Vec<GroupIdentifier>,
        /// Public address, where it has one.
        association: Option<Association>,
        /// Private IPv4 address.
        private_ip_address: Option<String>,
    }
}

shape! {
    /// A security group by id and name.
    GroupIdentifier: "PascalCase" {
        /// Id.
        group_id: Option<String>,
        /// Name.
        group_name: Option<String>,
    }
}

shape! {
    /// A public address of an interface.
    Association: "PascalCase" {
        /// Public IPv4 address.
        public_ip: Option<String>,
    }
}

request! {
    /// Describes instances by id.
    DescribeInstances: "ec2", "DescribeInstances", "PascalCase" => DescribeInstancesResponse {
        /// Ids.
        instance_ids: Vec<String>,
    }
}

shape! {
    /// Instances, by reservation.
    DescribeInstancesResponse: "PascalCase" {
        /// Reservations.
        reservations: Vec<Reservation>,
    }
}

shape! {
    /// Instances that were launched together.
    Reservation: "PascalCase" {
        /// The instances.
        instances: Vec<Instance>,
    }
}

shape! {
    /// An instance.
    Instance: "PascalCase" {
        /// Id.
        instance_id: String,
        /// How its metadata service is reached.
        metadata_options: Option<MetadataOptions>,
    }
}

shape! {
    /// How the metadata service of an instance is reached.
    MetadataOptions: "PascalCase" {
        /// `enabled` or `disabled`.
        http_endpoint: Option<String>,
    }
}

request! {
    /// Describes snapshots by id.
    DescribeSnapshots: "ec2", "DescribeSnapshots", "PascalCase" => DescribeSnapshotsResponse {
        /// Ids.
        snapshot_ids: Vec<String>,
    }
}

shape! {
    /// Snapshots.
    DescribeSnapshotsResponse: "PascalCase" {
        /// The snapshots.
        snapshots: Vec<EbsSnapshot>,
    }
}

shape! {
    /// A snapshot of an Amazon EBS volume.
    EbsSnapshot: "PascalCase" {
        /// Id.
        snapshot_id: String,
        /// `pending`, `completed`, `error`, …
        state: Option<String>,
    }
}
