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

impl DescribeInstancesResponse {
    /// The instance of this id.
    pub fn instance(&self, id: &str) -> Option<&Instance> {
        self.reservations.iter().flat_map(|r| &r.instances).find(|i| i.instance_id == id)
    }
}

shape! {
    /// Instances that were launched together.
    Reservation: "PascalCase" {
        /// The instances.
        instances: Vec<Instance>,
        /// Id.
        reservation_id: Option<String>,
    }
}

shape! {
    /// An instance.
    Instance: "PascalCase" {
        /// Id.
        instance_id: String,
        /// How its metadata service is reached.
        metadata_options: Option<MetadataOptions>,
        /// Type, for instance `m7g.large`.
        instance_type: Option<String>,
        /// `running`, `stopped`, …
        state: Option<InstanceState>,
        /// Network interfaces attached to it.
        network_interfaces: Option<Vec<AttachedInterface>>,
    }
}

shape! {
    /// How the metadata service of an instance is reached.
    MetadataOptions: "PascalCase" {
        /// `enabled` or `disabled`.
        http_endpoint: Option<String>,
        /// `optional` or `required`.
        http_tokens: Option<String>,
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

shape! {
    /// State of an instance.
    InstanceState: "PascalCase" {
        /// `running`, `stopped`, …
        name: Option<String>,
    }
}

shape! {
    /// A network interface attached to an instance.
    AttachedInterface: "PascalCase" {
        /// Id.
        network_interface_id: Option<String>,
        /// `interface`, `trunk`, `branch`, …
        interface_type: Option<String>,
    }
}

request! {
    /// Describes instance types by name.
    DescribeInstanceTypes: "ec2", "DescribeInstanceTypes", "PascalCase" => DescribeInstanceTypesResponse {
        /// Names.
        instance_types: Vec<String>,
    }
}

shape! {
    /// Instance types.
    DescribeInstanceTypesResponse: "PascalCase" {
        /// The types.
        instance_types: Vec<InstanceType>,
    }
}

shape! {
    /// An instance type.
    InstanceType: "PascalCase" {
        /// Name.
        instance_type: String,
        /// Its memory.
        memory_info: Option<MemoryInfo>,
        /// Its network interfaces.
        network_info: Option<NetworkInfo>,
    }
}

shape! {
    /// Memory of an instance type.
    MemoryInfo: "PascalCase" {
        /// MiB.
        #[serde(rename = "SizeInMiB")]
        size_in_mib: Option<i64>,
    }
}

shape! {
    /// Network interfaces of an instance type.
    NetworkInfo: "PascalCase" {
        /// How many an instance can have.
        maximum_network_interfaces: Option<i64>,
    }
}

request! {
    /// Reads an attribute of an instance.
    DescribeInstanceAttribute: "ec2", "DescribeInstanceAttribute", "PascalCase" => DescribeInstanceAttributeResponse {
        /// Id.
        instance_id: String,
        /// `userData`.
        attribute: &'static str,
    }
}

shape! {
    /// An attribute of an instance.
    DescribeInstanceAttributeResponse: "PascalCase" {
        /// User data.
        user_data: Option<AttributeValue>,
    }
}

shape! {
    /// A value of an attribute.
    AttributeValue: "PascalCase" {
        /// The value; absent where there is none.
        value: Option<String>,
    }
}
