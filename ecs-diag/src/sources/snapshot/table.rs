//! The table of outputs: how each is recognised, what identifies its objects, and how requests
//! select them. An operation is added by a row.

use std::{collections::HashMap, sync::LazyLock};

use super::select::{self, Special};
use crate::aws;

/// How an output looks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// A list under this key.
    List(&'static str),
    /// One object: the whole output, which has all of these members…
    Whole(&'static [&'static str]),
    /// Made out of other outputs; its own does not say what was asked.
    Made,
}

/// What the absence of an object from an output proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// The output lists everything that there is in the account and region.
    Listing,
    /// The output lists everything of the object at this path (the image's repository, …): it is
    /// complete for those that it shows something of.
    Per(&'static str),
    /// The output is about objects that the request named.
    Named,
}

/// Where ids are unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everywhere: `subnet-…`, ARNs.
    Anywhere,
    /// In an account: names.
    Account,
}

/// What the service says when a request names what is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// An error with this code.
    Code(&'static str),
    /// An entry in `failures`.
    Failures,
    /// Nothing: the list is shorter.
    Shorter,
}

/// A member of the request.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    /// Names objects: input member, path in the object.
    Ids(&'static str, &'static str),
    /// Selects objects: input member, path in the object.
    Equal(&'static str, &'static str),
    /// EC2 filters: input member.
    Filters(&'static str),
    /// Anything else.
    Special(&'static str, Special),
    /// Does not change the answer as far as it is saved.
    Any(&'static str),
    /// Which attribute of an EC2 object; the answer is cut down to it.
    Attribute,
}

impl Ask {
    pub(super) fn input(&self) -> &'static str {
        match self {
            Self::Ids(input, _)
            | Self::Equal(input, _)
            | Self::Filters(input)
            | Self::Special(input, _)
            | Self::Any(input) => input,
            Self::Attribute => "Attribute",
        }
    }
}

/// A row of the table.
pub(super) struct Row {
    pub(super) service: &'static str,
    pub(super) operation: &'static str,
    pub(super) shape: Shape,
    /// An element (or the one object) has one of these members; empty where any will do.
    pub(super) like: &'static [&'static str],
    /// An element has none of these members.
    pub(super) unlike: &'static [&'static str],
    /// Paths that together identify an object. Empty: there is only one.
    pub(super) id: &'static [&'static str],
    /// Paths to what names account and region.
    pub(super) owner: &'static [&'static str],
    pub(super) scope: Scope,
    pub(super) proof: Proof,
    pub(super) asks: &'static [Ask],
    /// EC2 filters: name, path; `=` before the path where at most one object has a given value.
    pub(super) filters: &'static [(&'static str, &'static str)],
    pub(super) missing: Missing,
    /// A request that selects gets what is there, if anything, though there may be more.
    pub(super) some: bool,
}

impl Row {
    const fn new(service: &'static str, operation: &'static str, shape: Shape) -> Self {
        Self {
            service,
            operation,
            shape,
            like: &[],
            unlike: &[],
            id: &[],
            owner: &[],
            scope: Scope::Anywhere,
            proof: Proof::Named,
            asks: &[],
            filters: &[],
            missing: Missing::Shorter,
            some: false,
        }
    }

    /// A listing operation.
    const fn list(service: &'static str, operation: &'static str, key: &'static str) -> Self {
        let mut row = Self::new(service, operation, Shape::List(key));
        row.proof = Proof::Listing;
        row
    }

    /// An operation about one object.
    const fn one(
        service: &'static str,
        operation: &'static str,
        keys: &'static [&'static str],
    ) -> Self {
        Self::new(service, operation, Shape::Whole(keys))
    }

    const fn like(mut self, members: &'static [&'static str]) -> Self {
        self.like = members;
        self
    }

    const fn unlike(mut self, members: &'static [&'static str]) -> Self {
        self.unlike = members;
        self
    }

    const fn id(mut self, paths: &'static [&'static str]) -> Self {
        self.id = paths;
        self
    }

    const fn owner(mut self, paths: &'static [&'static str]) -> Self {
        self.owner = paths;
        self
    }

    const fn in_account(mut self) -> Self {
        self.scope = Scope::Account;
        self
    }

    const fn proof(mut self, proof: Proof) -> Self {
        self.proof = proof;
        self
    }

    const fn asks(mut self, asks: &'static [Ask]) -> Self {
        self.asks = asks;
        self
    }

    const fn filters(mut self, filters: &'static [(&'static str, &'static str)]) -> Self {
        self.filters = filters;
        self
    }

    const fn code(mut self, code: &'static str) -> Self {
        self.missing = Missing::Code(code);
        self
    }

    const fn failures(mut self) -> Self {
        self.missing = Missing::Failures;
        self.proof = Proof::Named;
        self
    }

    const fn some(mut self) -> Self {
        self.some = true;
        self
    }

    /// The output key that holds the objects, for instance `Subnets`.
    pub(super) fn key(&self) -> &'static str {
        match self.shape {
            Shape::List(key) => key,
            Shape::Whole(keys) => keys.first().copied().unwrap_or_default(),
            Shape::Made => match self.operation {
                "ListRolePolicies" => "PolicyNames",
                "ListAttachedRolePolicies" => "AttachedPolicies",
                _ => "PolicyVersion",
            },
        }
    }

    /// `service:Operation`.
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.shape, Shape::List(_))
    }
}

use Ask::{Any, Equal, Filters, Ids, Special as By};

/// Every output that says what it is about.
#[rustfmt::skip]
pub(super) static ROWS: &[Row] = &[
    Row::list("autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups")
        .id(&["AutoScalingGroupName"]).owner(&["AutoScalingGroupARN", "AvailabilityZones"]).in_account()
        .asks(&[Ids("AutoScalingGroupNames", "AutoScalingGroupName"), Any("IncludeInstances")]),
    Row::list("autoscaling", "DescribeScalingActivities", "Activities").like(&["ActivityId"])
        .id(&["ActivityId"]).owner(&["AutoScalingGroupARN"]).proof(Proof::Per("AutoScalingGroupName")).some()
        .asks(&[Ids("ActivityIds", "ActivityId"), Equal("AutoScalingGroupName", "AutoScalingGroupName"), Any("IncludeDeletedGroups")]),
    Row::list("cloudtrail", "LookupEvents", "Events").like(&["EventId"])
        .id(&["EventId"]).proof(Proof::Named).some()
        .asks(&[By("LookupAttributes", select::lookup_attributes), By("StartTime", select::start_time), By("EndTime", select::end_time)]),

    Row::list("ec2", "DescribeDhcpOptions", "DhcpOptions").id(&["DhcpOptionsId"]).owner(&["OwnerId"])
        .asks(&[Ids("DhcpOptionsIds", "DhcpOptionsId"), Filters("Filters")]).code("InvalidDhcpOptionID.NotFound")
        .filters(&[("dhcp-options-id", "=DhcpOptionsId"), ("owner-id", "OwnerId"), ("key", "DhcpConfigurations.Key"),
            ("value", "DhcpConfigurations.Values.Value")]),
    Row::list("ec2", "DescribeEgressOnlyInternetGateways", "EgressOnlyInternetGateways").id(&["EgressOnlyInternetGatewayId"])
        .asks(&[Ids("EgressOnlyInternetGatewayIds", "EgressOnlyInternetGatewayId"), Filters("Filters")])
        .code("InvalidGatewayID.NotFound"),
    Row::list("ec2", "DescribeIamInstanceProfileAssociations", "IamInstanceProfileAssociations").id(&["AssociationId"])
        .owner(&["IamInstanceProfile.Arn"])
        .asks(&[Ids("AssociationIds", "AssociationId"), Filters("Filters")]).code("InvalidAssociationID.NotFound")
        .filters(&[("instance-id", "InstanceId"), ("state", "State")]),
    Row::one("ec2", "DescribeInstanceAttribute", &["InstanceId"]).like(INSTANCE_ATTRIBUTES).id(&["InstanceId"])
        .asks(&[Equal("InstanceId", "InstanceId"), Ask::Attribute]),
    Row::list("ec2", "DescribeInstanceTypes", "InstanceTypes").like(&["InstanceType"]).id(&["InstanceType"])
        .proof(Proof::Named)
        .asks(&[Ids("InstanceTypes", "InstanceType"), Filters("Filters")])
        .filters(&[("instance-type", "=InstanceType")]),
    Row::list("ec2", "DescribeInstances", "Reservations").like(&["Instances"]).id(&["Instances.InstanceId"])
        .owner(&["OwnerId", "Instances.Placement.AvailabilityZone"])
        .asks(&[Ids("InstanceIds", "Instances.InstanceId"), Filters("Filters"), Any("IncludeManagedResources")])
        .code("InvalidInstanceID.NotFound")
        .filters(&[("instance-id", "=Instances.InstanceId"), ("vpc-id", "Instances.VpcId"), ("subnet-id", "Instances.SubnetId"),
            ("instance-state-name", "Instances.State.Name"), ("instance-state-code", "Instances.State.Code"),
            ("instance-type", "Instances.InstanceType"), ("image-id", "Instances.ImageId"),
            ("availability-zone", "Instances.Placement.AvailabilityZone"), ("private-ip-address", "Instances.PrivateIpAddress"),
            ("ip-address", "Instances.PublicIpAddress"), ("private-dns-name", "Instances.PrivateDnsName"),
            ("iam-instance-profile.arn", "Instances.IamInstanceProfile.Arn"), ("iam-instance-profile.id", "Instances.IamInstanceProfile.Id"),
            ("instance.group-id", "Instances.SecurityGroups.GroupId"), ("instance.group-name", "Instances.SecurityGroups.GroupName"),
            ("network-interface.network-interface-id", "=Instances.NetworkInterfaces.NetworkInterfaceId"),
            ("network-interface.subnet-id", "Instances.NetworkInterfaces.SubnetId"),
            ("network-interface.vpc-id", "Instances.NetworkInterfaces.VpcId"),
            ("network-interface.group-id", "Instances.NetworkInterfaces.Groups.GroupId"),
            ("network-interface.addresses.private-ip-address", "Instances.NetworkInterfaces.PrivateIpAddresses.PrivateIpAddress"),
            ("owner-id", "OwnerId"), ("reservation-id", "ReservationId")]),
    Row::list("ec2", "DescribeInternetGateways", "InternetGateways").id(&["InternetGatewayId"]).owner(&["OwnerId"])
        .asks(&[Ids("InternetGatewayIds", "InternetGatewayId"), Filters("Filters")]).code("InvalidInternetGatewayID.NotFound")
        .filters(&[("attachment.vpc-id", "=Attachments.VpcId"), ("attachment.state", "Attachments.State"),
            ("internet-gateway-id", "=InternetGatewayId"), ("owner-id", "OwnerId")]),
    Row::list("ec2", "DescribeManagedPrefixLists", "PrefixLists").like(&["PrefixListArn", "AddressFamily", "MaxEntries", "Version"]).unlike(&["Cidrs"])
        .id(&["PrefixListId"]).owner(&["PrefixListArn", "OwnerId"])
        .asks(&[Ids("PrefixListIds", "PrefixListId"), Filters("Filters")]).code("InvalidPrefixListID.NotFound")
        .filters(&[("prefix-list-id", "=PrefixListId"), ("prefix-list-name", "PrefixListName"), ("owner-id", "OwnerId")]),
    Row::list("ec2", "DescribeNatGateways", "NatGateways").id(&["NatGatewayId"])
        .asks(&[Ids("NatGatewayIds", "NatGatewayId"), Filters("Filter"), Filters("Filters")]).code("NatGatewayNotFound")
        .filters(&[("nat-gateway-id", "=NatGatewayId"), ("state", "State"), ("subnet-id", "SubnetId"), ("vpc-id", "VpcId")]),
    Row::list("ec2", "DescribeNetworkAcls", "NetworkAcls").id(&["NetworkAclId"]).owner(&["OwnerId"])
        .asks(&[Ids("NetworkAclIds", "NetworkAclId"), Filters("Filters")]).code("InvalidNetworkAclID.NotFound")
        .filters(&[("association.association-id", "=Associations.NetworkAclAssociationId"), ("association.network-acl-id", "=Associations.NetworkAclId"),
            ("association.subnet-id", "=Associations.SubnetId"), ("default", "IsDefault"), ("network-acl-id", "=NetworkAclId"),
            ("owner-id", "OwnerId"), ("vpc-id", "VpcId")]),
    Row::list("ec2", "DescribeNetworkInsightsAnalyses", "NetworkInsightsAnalyses").id(&["NetworkInsightsAnalysisId"])
        .owner(&["NetworkInsightsAnalysisArn"])
        .asks(&[Ids("NetworkInsightsAnalysisIds", "NetworkInsightsAnalysisId"), Equal("NetworkInsightsPathId", "NetworkInsightsPathId"),
            Filters("Filters")])
        .code("InvalidNetworkInsightsAnalysisId.NotFound")
        .filters(&[("path-found", "NetworkPathFound"), ("status", "Status")]),
    Row::list("ec2", "DescribeNetworkInterfaces", "NetworkInterfaces").like(&["NetworkInterfaceId"]).id(&["NetworkInterfaceId"])
        .owner(&["OwnerId", "AvailabilityZone"])
        .asks(&[Ids("NetworkInterfaceIds", "NetworkInterfaceId"), Filters("Filters"), Any("IncludeManagedResources")])
        .code("InvalidNetworkInterfaceID.NotFound")
        .filters(&[("network-interface-id", "=NetworkInterfaceId"), ("vpc-id", "VpcId"), ("subnet-id", "SubnetId"),
            ("group-id", "Groups.GroupId"), ("group-name", "Groups.GroupName"), ("status", "Status"), ("description", "Description"),
            ("interface-type", "InterfaceType"), ("availability-zone", "AvailabilityZone"), ("mac-address", "MacAddress"),
            ("private-ip-address", "PrivateIpAddress"), ("private-dns-name", "PrivateDnsName"),
            ("addresses.private-ip-address", "PrivateIpAddresses.PrivateIpAddress"), ("addresses.primary", "PrivateIpAddresses.Primary"),
            ("addresses.association.public-ip", "=PrivateIpAddresses.Association.PublicIp"),
            ("addresses.association.owner-id", "PrivateIpAddresses.Association.IpOwnerId"),
            ("ipv6-addresses.ipv6-address", "Ipv6Addresses.Ipv6Address"),
            ("association.allocation-id", "Association.AllocationId"), ("association.association-id", "=Association.AssociationId"),
            ("association.ip-owner-id", "Association.IpOwnerId"), ("association.public-ip", "=Association.PublicIp"),
            ("association.public-dns-name", "Association.PublicDnsName"),
            ("attachment.attachment-id", "=Attachment.AttachmentId"), ("attachment.instance-id", "Attachment.InstanceId"),
            ("attachment.instance-owner-id", "Attachment.InstanceOwnerId"), ("attachment.status", "Attachment.Status"),
            ("attachment.device-index", "Attachment.DeviceIndex"), ("attachment.delete-on-termination", "Attachment.DeleteOnTermination"),
            ("requester-id", "RequesterId"), ("requester-managed", "RequesterManaged"), ("source-dest-check", "SourceDestCheck"),
            ("owner-id", "OwnerId")]),
    Row::list("ec2", "DescribePrefixLists", "PrefixLists").like(&["Cidrs"]).id(&["PrefixListId"])
        .asks(&[Ids("PrefixListIds", "PrefixListId"), Filters("Filters")]).code("InvalidPrefixListId.NotFound")
        .filters(&[("prefix-list-id", "=PrefixListId"), ("prefix-list-name", "=PrefixListName")]),
    Row::list("ec2", "DescribeRouteTables", "RouteTables").id(&["RouteTableId"]).owner(&["OwnerId"])
        .asks(&[Ids("RouteTableIds", "RouteTableId"), Filters("Filters")]).code("InvalidRouteTableID.NotFound")
        .filters(&[("association.gateway-id", "=Associations.GatewayId"), ("association.main", "Associations.Main"),
            ("association.route-table-association-id", "=Associations.RouteTableAssociationId"),
            ("association.route-table-id", "=Associations.RouteTableId"), ("association.subnet-id", "=Associations.SubnetId"),
            ("owner-id", "OwnerId"), ("route-table-id", "=RouteTableId"), ("vpc-id", "VpcId"),
            ("route.destination-cidr-block", "Routes.DestinationCidrBlock"), ("route.destination-ipv6-cidr-block", "Routes.DestinationIpv6CidrBlock"),
            ("route.destination-prefix-list-id", "Routes.DestinationPrefixListId"), ("route.gateway-id", "Routes.GatewayId"),
            ("route.egress-only-internet-gateway-id", "Routes.EgressOnlyInternetGatewayId"), ("route.instance-id", "Routes.InstanceId"),
            ("route.nat-gateway-id", "Routes.NatGatewayId"), ("route.transit-gateway-id", "Routes.TransitGatewayId"),
            ("route.origin", "Routes.Origin"), ("route.state", "Routes.State"),
            ("route.vpc-peering-connection-id", "Routes.VpcPeeringConnectionId")]),
    Row::list("ec2", "DescribeSecurityGroups", "SecurityGroups").like(&["GroupId"]).id(&["GroupId"])
        .owner(&["SecurityGroupArn", "OwnerId"])
        .asks(&[Ids("GroupIds", "GroupId"), Ids("GroupNames", "GroupName"), Filters("Filters")]).code("InvalidGroup.NotFound")
        .filters(&[("group-id", "=GroupId"), ("group-name", "GroupName"), ("vpc-id", "VpcId"), ("owner-id", "OwnerId"), ("description", "Description"),
            ("ip-permission.cidr", "IpPermissions.IpRanges.CidrIp"), ("ip-permission.ipv6-cidr", "IpPermissions.Ipv6Ranges.CidrIpv6"),
            ("ip-permission.group-id", "IpPermissions.UserIdGroupPairs.GroupId"), ("ip-permission.prefix-list-id", "IpPermissions.PrefixListIds.PrefixListId"),
            ("ip-permission.from-port", "IpPermissions.FromPort"), ("ip-permission.to-port", "IpPermissions.ToPort"),
            ("ip-permission.user-id", "IpPermissions.UserIdGroupPairs.UserId"),
            ("egress.ip-permission.cidr", "IpPermissionsEgress.IpRanges.CidrIp"), ("egress.ip-permission.ipv6-cidr", "IpPermissionsEgress.Ipv6Ranges.CidrIpv6"),
            ("egress.ip-permission.group-id", "IpPermissionsEgress.UserIdGroupPairs.GroupId"),
            ("egress.ip-permission.prefix-list-id", "IpPermissionsEgress.PrefixListIds.PrefixListId"),
            ("egress.ip-permission.from-port", "IpPermissionsEgress.FromPort"), ("egress.ip-permission.to-port", "IpPermissionsEgress.ToPort")]),
    // Mostly saved for one owner or one id: everybody's public snapshots are never all there.
    Row::list("ec2", "DescribeSnapshots", "Snapshots").like(&["SnapshotId"]).id(&["SnapshotId"]).proof(Proof::Named)
        .asks(&[Ids("SnapshotIds", "SnapshotId"), Equal("OwnerIds", "OwnerId"), Filters("Filters")]).code("InvalidSnapshot.NotFound")
        .filters(&[("snapshot-id", "=SnapshotId"), ("volume-id", "VolumeId"), ("owner-id", "OwnerId"), ("status", "State"), ("encrypted", "Encrypted")]),
    Row::list("ec2", "DescribeStaleSecurityGroups", "StaleSecurityGroupSet").id(&["GroupId"]).proof(Proof::Per("VpcId"))
        .asks(&[Equal("VpcId", "VpcId")]),
    Row::list("ec2", "DescribeSubnets", "Subnets").like(&["SubnetId", "VpcId"]).id(&["SubnetId"])
        .owner(&["SubnetArn", "OwnerId", "AvailabilityZone"])
        .asks(&[Ids("SubnetIds", "SubnetId"), Filters("Filters")]).code("InvalidSubnetID.NotFound")
        .filters(&[("subnet-id", "=SubnetId"), ("vpc-id", "VpcId"), ("availability-zone", "AvailabilityZone"), ("availabilityZone", "AvailabilityZone"),
            ("availability-zone-id", "AvailabilityZoneId"), ("availabilityZoneId", "AvailabilityZoneId"), ("cidr-block", "CidrBlock"),
            ("cidr", "CidrBlock"), ("cidrBlock", "CidrBlock"), ("default-for-az", "DefaultForAz"), ("defaultForAz", "DefaultForAz"),
            ("map-public-ip-on-launch", "MapPublicIpOnLaunch"), ("owner-id", "OwnerId"), ("state", "State"), ("subnet-arn", "=SubnetArn"),
            ("available-ip-address-count", "AvailableIpAddressCount"), ("ipv6-native", "Ipv6Native"),
            ("ipv6-cidr-block-association.ipv6-cidr-block", "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock")]),
    Row::list("ec2", "DescribeTransitGatewayVpcAttachments", "TransitGatewayVpcAttachments").id(&["TransitGatewayAttachmentId"])
        .asks(&[Ids("TransitGatewayAttachmentIds", "TransitGatewayAttachmentId"), Filters("Filters")])
        .code("InvalidTransitGatewayAttachmentID.NotFound")
        .filters(&[("state", "State"), ("transit-gateway-attachment-id", "=TransitGatewayAttachmentId"), ("transit-gateway-id", "TransitGatewayId"),
            ("vpc-id", "VpcId")]),
    Row::one("ec2", "DescribeVpcAttribute", &["VpcId"]).like(&["EnableDnsHostnames", "EnableDnsSupport", "EnableNetworkAddressUsageMetrics"])
        .id(&["VpcId"]).asks(&[Equal("VpcId", "VpcId"), Ask::Attribute]),
    Row::list("ec2", "DescribeVpcBlockPublicAccessExclusions", "VpcBlockPublicAccessExclusions").id(&["ExclusionId"]).owner(&["ResourceArn"])
        .asks(&[Ids("ExclusionIds", "ExclusionId"), Filters("Filters")]).code("InvalidVpcBlockPublicAccessExclusionId.NotFound")
        .filters(&[("resource-arn", "ResourceArn"), ("internet-gateway-exclusion-mode", "InternetGatewayExclusionMode"), ("state", "State")]),
    Row::one("ec2", "DescribeVpcBlockPublicAccessOptions", &["VpcBlockPublicAccessOptions"])
        .owner(&["VpcBlockPublicAccessOptions.AwsAccountId", "VpcBlockPublicAccessOptions.AwsRegion"]).in_account(),
    Row::list("ec2", "DescribeVpcEndpoints", "VpcEndpoints").id(&["VpcEndpointId"]).owner(&["OwnerId"])
        .asks(&[Ids("VpcEndpointIds", "VpcEndpointId"), Filters("Filters")]).code("InvalidVpcEndpointId.NotFound")
        .filters(&[("ip-address-type", "IpAddressType"), ("service-name", "ServiceName"), ("service-region", "ServiceRegion"), ("vpc-id", "VpcId"),
            ("vpc-endpoint-id", "=VpcEndpointId"), ("vpc-endpoint-state", "State"), ("vpc-endpoint-type", "VpcEndpointType")]),
    Row::list("ec2", "DescribeVpcPeeringConnections", "VpcPeeringConnections").id(&["VpcPeeringConnectionId"])
        .asks(&[Ids("VpcPeeringConnectionIds", "VpcPeeringConnectionId"), Filters("Filters")]).code("InvalidVpcPeeringConnectionID.NotFound")
        .filters(&[("accepter-vpc-info.cidr-block", "AccepterVpcInfo.CidrBlock"), ("accepter-vpc-info.owner-id", "AccepterVpcInfo.OwnerId"),
            ("accepter-vpc-info.vpc-id", "AccepterVpcInfo.VpcId"), ("requester-vpc-info.cidr-block", "RequesterVpcInfo.CidrBlock"),
            ("requester-vpc-info.owner-id", "RequesterVpcInfo.OwnerId"), ("requester-vpc-info.vpc-id", "RequesterVpcInfo.VpcId"),
            ("status-code", "Status.Code"), ("vpc-peering-connection-id", "=VpcPeeringConnectionId")]),
    Row::list("ec2", "DescribeVpcs", "Vpcs").like(&["VpcId"]).id(&["VpcId"]).owner(&["OwnerId"])
        .asks(&[Ids("VpcIds", "VpcId"), Filters("Filters")]).code("InvalidVpcID.NotFound")
        .filters(&[("cidr", "CidrBlock"), ("cidr-block-association.cidr-block", "CidrBlockAssociationSet.CidrBlock"),
            ("ipv6-cidr-block-association.ipv6-cidr-block", "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock"), ("dhcp-options-id", "DhcpOptionsId"),
            ("is-default", "IsDefault"), ("isDefault", "IsDefault"), ("owner-id", "OwnerId"), ("state", "State"), ("vpc-id", "=VpcId")]),

    Row::list("ecr", "BatchGetImage", "images").like(&["imageManifest", "imageId"])
        .id(&["repositoryName", "imageId.imageDigest", "imageId.imageTag"]).owner(&["registryId"]).in_account()
        .proof(Proof::Named)
        .asks(&[Equal("repositoryName", "repositoryName"), By("imageIds", select::batch_image_ids), Any("acceptedMediaTypes")]),
    Row::list("ecr", "DescribeImages", "imageDetails").id(&["repositoryName", "imageDigest"]).owner(&["registryId"]).in_account()
        .proof(Proof::Per("repositoryName"))
        .asks(&[Equal("repositoryName", "repositoryName"), By("imageIds", select::image_ids), By("filter", select::image_filter)])
        .code("ImageNotFoundException"),
    Row::list("ecr", "DescribePullThroughCacheRules", "pullThroughCacheRules").id(&["ecrRepositoryPrefix"])
        .owner(&["registryId", "credentialArn"]).in_account()
        .asks(&[Ids("ecrRepositoryPrefixes", "ecrRepositoryPrefix")]).code("PullThroughCacheRuleNotFoundException"),
    Row::list("ecr", "DescribeRepositories", "repositories").like(&["repositoryName"]).unlike(&["repositoryId", "catalogData"])
        .id(&["repositoryName"]).owner(&["repositoryArn", "registryId"]).in_account()
        .asks(&[Ids("repositoryNames", "repositoryName")]).code("RepositoryNotFoundException"),
    Row::one("ecr", "GetLifecyclePolicy", &["lifecyclePolicyText", "repositoryName"]).id(&["repositoryName"]).owner(&["registryId"]).in_account()
        .asks(&[Equal("repositoryName", "repositoryName")]),
    Row::one("ecr", "GetRegistryPolicy", &["policyText", "registryId"]).unlike(&["repositoryName"]).owner(&["registryId"]).in_account(),
    Row::one("ecr", "GetRepositoryPolicy", &["policyText", "repositoryName"]).id(&["repositoryName"]).owner(&["registryId"]).in_account()
        .asks(&[Equal("repositoryName", "repositoryName")]),

    Row::list("ecs", "DescribeCapacityProviders", "capacityProviders").like(&["capacityProviderArn", "name"]).id(&["capacityProviderArn"])
        .owner(&["capacityProviderArn"]).asks(&[Ids("capacityProviders", "name"), Any("cluster")]).failures(),
    Row::list("ecs", "DescribeClusters", "clusters").like(&["clusterArn"]).id(&["clusterArn"]).owner(&["clusterArn"])
        .asks(&[Ids("clusters", "clusterArn|last")]).failures(),
    Row::list("ecs", "DescribeContainerInstances", "containerInstances").id(&["containerInstanceArn"]).owner(&["containerInstanceArn"])
        .asks(&[Ids("containerInstances", "containerInstanceArn|last"), Equal("cluster", "containerInstanceArn|parent")]).failures(),
    Row::list("ecs", "DescribeServiceDeployments", "serviceDeployments")
        .like(&["targetServiceRevision", "sourceServiceRevisions", "deploymentConfiguration", "lifecycleStage", "updatedAt", "rollback", "deploymentCircuitBreaker"])
        .unlike(&["targetServiceRevisionArn"]).id(&["serviceDeploymentArn"])
        .owner(&["serviceDeploymentArn"]).asks(&[Ids("serviceDeploymentArns", "serviceDeploymentArn")]).failures(),
    Row::list("ecs", "DescribeServiceRevisions", "serviceRevisions").id(&["serviceRevisionArn"]).owner(&["serviceRevisionArn"])
        .asks(&[Ids("serviceRevisionArns", "serviceRevisionArn")]).failures(),
    Row::list("ecs", "DescribeServices", "services").like(&["serviceArn"]).id(&["serviceArn"]).owner(&["serviceArn"])
        .asks(&[Ids("services", "serviceArn|last"), Equal("cluster", "clusterArn|last")]).failures(),
    Row::one("ecs", "DescribeTaskDefinition", &["taskDefinition"]).like(&["taskDefinitionArn"]).id(&["taskDefinition.taskDefinitionArn"])
        .owner(&["taskDefinition.taskDefinitionArn"])
        .asks(&[Equal("taskDefinition", "taskDefinition.taskDefinitionArn|last")]),
    Row::list("ecs", "DescribeTaskSets", "taskSets").id(&["taskSetArn"]).owner(&["taskSetArn"]).some()
        .asks(&[Ids("taskSets", "taskSetArn|last"), Equal("service", "serviceArn|last"), Equal("cluster", "clusterArn|last")]).failures(),
    Row::list("ecs", "DescribeTasks", "tasks").like(&["taskArn"]).id(&["taskArn"]).owner(&["taskArn"])
        .asks(&[Ids("tasks", "taskArn|last"), Equal("cluster", "clusterArn|last")]).failures(),
    Row::list("ecs", "ListAccountSettings", "settings").like(&["name"]).id(&["name", "principalArn"]).owner(&["principalArn"]).proof(Proof::Named).some()
        .asks(&[Equal("name", "name"), Equal("value", "value"), Equal("principalArn", "principalArn"), Any("effectiveSettings")]),
    Row::list("ecs", "ListServiceDeployments", "serviceDeployments").like(&["targetServiceRevisionArn"]).id(&["serviceDeploymentArn"])
        .owner(&["serviceDeploymentArn"]).proof(Proof::Per("serviceArn|last"))
        .asks(&[Equal("service", "serviceArn|last"), Equal("cluster", "clusterArn|last"), Equal("status", "status")]),

    Row::list("efs", "DescribeAccessPoints", "AccessPoints").like(&["AccessPointId"]).id(&["AccessPointId"]).owner(&["AccessPointArn", "OwnerId"])
        .asks(&[Ids("AccessPointId", "AccessPointId"), Equal("FileSystemId", "FileSystemId")]).code("AccessPointNotFound"),
    Row::one("efs", "DescribeFileSystemPolicy", &["FileSystemId", "Policy"]).id(&["FileSystemId"])
        .asks(&[Equal("FileSystemId", "FileSystemId")]),
    Row::list("efs", "DescribeFileSystems", "FileSystems").like(&["FileSystemArn", "CreationToken", "PerformanceMode", "NumberOfMountTargets", "LifeCycleState"])
        .unlike(&["FileSystemType"])
        .id(&["FileSystemId"]).owner(&["FileSystemArn", "OwnerId"])
        .asks(&[Ids("FileSystemId", "FileSystemId"), Equal("CreationToken", "CreationToken")]).code("FileSystemNotFound"),
    Row::list("efs", "DescribeMountTargets", "MountTargets").id(&["MountTargetId"]).owner(&["OwnerId", "AvailabilityZoneName"])
        .proof(Proof::Per("FileSystemId"))
        .asks(&[Ids("MountTargetId", "MountTargetId"), Equal("FileSystemId", "FileSystemId")]).code("MountTargetNotFound"),

    Row::list("elbv2", "DescribeListeners", "Listeners").like(&["ListenerArn"]).id(&["ListenerArn"]).owner(&["ListenerArn"])
        .proof(Proof::Per("LoadBalancerArn"))
        .asks(&[Ids("ListenerArns", "ListenerArn"), Equal("LoadBalancerArn", "LoadBalancerArn")]).code("ListenerNotFound"),
    Row::list("elbv2", "DescribeLoadBalancers", "LoadBalancers").like(&["LoadBalancerArn"]).id(&["LoadBalancerArn"]).owner(&["LoadBalancerArn"])
        .asks(&[Ids("LoadBalancerArns", "LoadBalancerArn"), Ids("Names", "LoadBalancerName")]).code("LoadBalancerNotFound"),
    Row::list("elbv2", "DescribeRules", "Rules").like(&["RuleArn"]).id(&["RuleArn"]).owner(&["RuleArn"]).proof(Proof::Per("RuleArn|listener"))
        .asks(&[Ids("RuleArns", "RuleArn"), Equal("ListenerArn", "RuleArn|listener")]).code("RuleNotFound"),
    Row::list("elbv2", "DescribeTargetGroups", "TargetGroups").like(&["TargetGroupArn"]).id(&["TargetGroupArn"]).owner(&["TargetGroupArn"])
        .asks(&[Ids("TargetGroupArns", "TargetGroupArn"), Ids("Names", "TargetGroupName"), Equal("LoadBalancerArn", "LoadBalancerArns")])
        .code("TargetGroupNotFound"),
    Row::list("fsx", "DescribeFileSystems", "FileSystems").like(&["FileSystemType", "ResourceARN", "StorageCapacity"]).id(&["FileSystemId"])
        .owner(&["ResourceARN", "OwnerId"]).asks(&[Ids("FileSystemIds", "FileSystemId")]).code("FileSystemNotFound"),

    // A region has at most one detector, so its output needs no id.
    Row::one("guardduty", "GetDetector", &["ServiceRole", "Status"]).like(&["FindingPublishingFrequency", "Features", "DataSources"])
        .asks(&[Any("DetectorId")]),
    Row::list("guardduty", "ListCoverage", "Resources").like(&["CoverageStatus", "ResourceDetails"]).id(&["DetectorId", "ResourceId"])
        .asks(&[Equal("DetectorId", "DetectorId"), By("FilterCriteria", select::coverage), Any("SortCriteria")]),
    Row::one("guardduty", "ListDetectors", &["DetectorIds"]),

    Row::one("iam", "GetInstanceProfile", &["InstanceProfile"]).id(&["InstanceProfile.InstanceProfileName"]).owner(&["InstanceProfile.Arn"])
        .in_account().asks(&[Equal("InstanceProfileName", "InstanceProfile.InstanceProfileName")]).code("NoSuchEntity"),
    Row::one("iam", "GetPolicy", &["Policy"]).like(&["Arn"]).unlike(&["PolicySummary"]).id(&["Policy.Arn"]).owner(&["Policy.Arn"])
        .in_account().asks(&[Equal("PolicyArn", "Policy.Arn")]).code("NoSuchEntity"),
    Row::new("iam", "GetPolicyVersion", Shape::Made).id(&["_PolicyArn", "PolicyVersion.VersionId"]).owner(&["_PolicyArn"]).in_account()
        .asks(&[Equal("PolicyArn", "_PolicyArn"), Equal("VersionId", "PolicyVersion.VersionId")]).code("NoSuchEntity"),
    Row::one("iam", "GetRole", &["Role"]).like(&["RoleName"]).id(&["Role.RoleName"]).owner(&["Role.Arn"]).in_account()
        .asks(&[Equal("RoleName", "Role.RoleName")]).code("NoSuchEntity"),
    Row::one("iam", "GetRolePolicy", &["PolicyDocument", "RoleName", "PolicyName"]).id(&["RoleName", "PolicyName"]).owner(&["_Arn"]).in_account()
        .asks(&[Equal("RoleName", "RoleName"), Equal("PolicyName", "PolicyName")]).code("NoSuchEntity"),
    Row::new("iam", "ListAttachedRolePolicies", Shape::Made).id(&["_RoleName"]).owner(&["_Arn"]).in_account()
        .asks(&[Equal("RoleName", "_RoleName")]).code("NoSuchEntity"),
    Row::new("iam", "ListRolePolicies", Shape::Made).id(&["_RoleName"]).owner(&["_Arn"]).in_account()
        .asks(&[Equal("RoleName", "_RoleName")]).code("NoSuchEntity"),

    Row::one("kms", "DescribeKey", &["KeyMetadata"]).id(&["KeyMetadata.KeyId"]).owner(&["KeyMetadata.Arn"]).in_account()
        .asks(&[Equal("KeyId", "KeyMetadata.KeyId")]),
    Row::list("kms", "ListAliases", "Aliases").like(&["AliasName"]).id(&["AliasName"]).owner(&["AliasArn"]).in_account()
        .asks(&[Equal("KeyId", "TargetKeyId")]).code("NotFoundException"),
    Row::list("kms", "ListGrants", "Grants").like(&["GrantId"]).id(&["GrantId"]).owner(&["KeyId"]).in_account().proof(Proof::Per("KeyId|last"))
        .asks(&[Equal("KeyId", "KeyId|last"), Equal("GrantId", "GrantId"), Equal("GranteePrincipal", "GranteePrincipal")]),
    Row::list("logs", "DescribeLogGroups", "logGroups").id(&["logGroupName"]).owner(&["arn", "logGroupArn"]).in_account()
        .asks(&[By("logGroupNamePrefix", select::begins_log_group), By("logGroupNamePattern", select::contains_log_group),
            By("logGroupIdentifiers", select::log_group_identifiers), Equal("logGroupClass", "logGroupClass")]),
    Row::one("organizations", "DescribePolicy", &["Policy"]).like(&["PolicySummary"]).id(&["Policy.PolicySummary.Id"])
        .asks(&[Equal("PolicyId", "Policy.PolicySummary.Id")]),
    Row::list("route53resolver", "ListFirewallRuleGroupAssociations", "FirewallRuleGroupAssociations").id(&["Id"]).owner(&["Arn"])
        .asks(&[Equal("VpcId", "VpcId"), Equal("FirewallRuleGroupId", "FirewallRuleGroupId"), Equal("Priority", "Priority"), Equal("Status", "Status")]),

    Row::one("secretsmanager", "DescribeSecret", &["ARN", "Name"])
        .like(&["CreatedDate", "LastChangedDate", "VersionIdsToStages", "KmsKeyId", "Description", "RotationEnabled", "LastAccessedDate", "DeletedDate", "Tags"])
        .unlike(&["ResourcePolicy", "Versions", "VersionId", "SecretString", "SecretBinary", "VersionStages"])
        .id(&["ARN"]).owner(&["ARN"]).in_account().asks(&[By("SecretId", select::secret)]).code("ResourceNotFoundException"),
    Row::one("secretsmanager", "GetResourcePolicy", &["ARN", "Name"]).like(&["ResourcePolicy"])
        .id(&["ARN"]).owner(&["ARN"]).in_account().asks(&[By("SecretId", select::secret)]),
    Row::one("secretsmanager", "ListSecretVersionIds", &["Versions", "ARN"])
        .id(&["ARN"]).owner(&["ARN"]).in_account().asks(&[By("SecretId", select::secret), Any("IncludeDeprecated")]),
    Row::list("secretsmanager", "ListSecrets", "SecretList").id(&["ARN"]).owner(&["ARN"]).in_account()
        .asks(&[By("Filters", select::secret_filters), Any("IncludePlannedDeletion"), Any("SortOrder"), Any("SortBy")]),
    Row::list("service-quotas", "ListServiceQuotas", "Quotas").like(&["QuotaCode"]).id(&["ServiceCode", "QuotaCode"]).owner(&["QuotaArn"])
        .proof(Proof::Per("ServiceCode"))
        .asks(&[Equal("ServiceCode", "ServiceCode"), Equal("QuotaCode", "QuotaCode"), Any("QuotaAppliedAtLevel")]),
    Row::one("servicediscovery", "GetNamespace", &["Namespace"]).like(&["Id"]).id(&["Namespace.Id"]).owner(&["Namespace.Arn"])
        .asks(&[Equal("Id", "Namespace.Id")]),
    Row::one("servicediscovery", "GetService", &["Service"]).like(&["Id"]).id(&["Service.Id"]).owner(&["Service.Arn"])
        .asks(&[Equal("Id", "Service.Id")]),
    Row::list("ssm", "DescribeActivations", "ActivationList").id(&["ActivationId"])
        .asks(&[By("Filters", select::activations)]),
    Row::list("ssm", "DescribeInstanceInformation", "InstanceInformationList").id(&["InstanceId"])
        .asks(&[By("Filters", select::instance_information), By("InstanceInformationFilterList", select::instance_information)]),
    Row::list("ssm", "DescribeParameters", "Parameters").like(&["Name"]).unlike(&["Value"]).id(&["Name"]).owner(&["ARN"]).in_account()
        .asks(&[By("ParameterFilters", select::parameters), By("Filters", select::old_parameters), Any("Shared")]),
    Row::one("ssm", "GetServiceSetting", &["ServiceSetting"]).id(&["ServiceSetting.SettingId"]).owner(&["ServiceSetting.ARN"])
        .in_account().asks(&[Equal("SettingId", "ServiceSetting.SettingId")]),
    Row::one("sts", "GetCallerIdentity", &["UserId", "Account", "Arn"]),
];

/// Members of DescribeInstanceAttribute's output.
const INSTANCE_ATTRIBUTES: &[&str] = &[
    "UserData",
    "SourceDestCheck",
    "Groups",
    "DisableApiTermination",
    "EnaSupport",
    "EnclaveOptions",
    "EbsOptimized",
    "InstanceInitiatedShutdownBehavior",
    "InstanceType",
    "BlockDeviceMappings",
    "RootDeviceName",
    "DisableApiStop",
    "ProductCodes",
    "SriovNetSupport",
    "KernelId",
    "RamdiskId",
];

/// Outputs that do not say what was asked: service, operation, their keys, and what else answers.
#[rustfmt::skip]
pub(super) static RECORDING_ONLY: &[(&str, &str, &[&str], &str)] = &[
    ("ec2", "GetManagedPrefixListEntries", &["Entries"], ""),
    ("ecs", "ListContainerInstances", &["containerInstanceArns"], "`containerInstances`"),
    ("ecs", "ListServices", &["serviceArns"], "`services`"),
    ("ecs", "ListTagsForResource", &["tags"], ""),
    ("ecs", "ListTasks", &["taskArns"], "`tasks` and events"),
    ("efs", "DescribeMountTargetSecurityGroups", &["SecurityGroups"], ""),
    ("elbv2", "DescribeTargetHealth", &["TargetHealthDescriptions"], ""),
    ("guardduty", "GetCoverageStatistics", &["CoverageStatistics"], ""),
    ("iam", "GetPolicyVersion", &["PolicyVersion"], "`get-account-authorization-details`"),
    ("iam", "ListAttachedRolePolicies", &["AttachedPolicies"], "`get-account-authorization-details`"),
    ("iam", "ListRolePolicies", &["PolicyNames"], "`get-account-authorization-details`"),
    ("kms", "GetKeyPolicy", &["Policy", "PolicyName"], ""),
    ("organizations", "ListParents", &["Parents"], ""),
    ("organizations", "ListPoliciesForTarget", &["Policies"], ""),
    ("route53", "ListHostedZonesByVPC", &["HostedZoneSummaries"], ""),
    ("route53", "ListResourceRecordSets", &["ResourceRecordSets"], ""),
    ("s3", "GetBucketEncryption", &["ServerSideEncryptionConfiguration"], ""),
    ("s3", "GetBucketLocation", &["LocationConstraint"], ""),
    ("s3", "GetBucketPolicy", &["Policy"], ""),
    ("s3", "HeadObject", &["ContentLength", "ETag"], ""),
];

/// References that AWS itself keeps whole: what they name exists, so a collection that lacks it
/// is not complete. From key, path, to key.
pub(super) static REFERENCES: &[(&str, &str, &str)] = &[
    ("VpcEndpoints", "Groups.GroupId", "SecurityGroups"),
    ("VpcEndpoints", "SubnetIds", "Subnets"),
    ("VpcEndpoints", "RouteTableIds", "RouteTables"),
    ("VpcEndpoints", "NetworkInterfaceIds", "NetworkInterfaces"),
    ("VpcEndpoints", "VpcId", "Vpcs"),
    ("RouteTables", "Associations.SubnetId", "Subnets"),
    ("RouteTables", "VpcId", "Vpcs"),
    ("NetworkAcls", "Associations.SubnetId", "Subnets"),
    ("NetworkAcls", "VpcId", "Vpcs"),
    ("NetworkInterfaces", "Groups.GroupId", "SecurityGroups"),
    ("NetworkInterfaces", "SubnetId", "Subnets"),
    ("NetworkInterfaces", "VpcId", "Vpcs"),
    ("NatGateways", "SubnetId", "Subnets"),
    ("NatGateways", "VpcId", "Vpcs"),
    ("NatGateways", "NatGatewayAddresses.NetworkInterfaceId", "NetworkInterfaces"),
    ("Subnets", "VpcId", "Vpcs"),
    ("SecurityGroups", "VpcId", "Vpcs"),
    ("InternetGateways", "Attachments.VpcId", "Vpcs"),
    ("EgressOnlyInternetGateways", "Attachments.VpcId", "Vpcs"),
    ("Vpcs", "DhcpOptionsId", "DhcpOptions"),
    ("Reservations", "Instances.SubnetId", "Subnets"),
    ("Reservations", "Instances.SecurityGroups.GroupId", "SecurityGroups"),
    ("Reservations", "Instances.NetworkInterfaces.NetworkInterfaceId", "NetworkInterfaces"),
    ("MountTargets", "SubnetId", "Subnets"),
    ("MountTargets", "NetworkInterfaceId", "NetworkInterfaces"),
    ("MountTargets", "FileSystemId", "FileSystems"),
    ("AccessPoints", "FileSystemId", "FileSystems"),
    ("LoadBalancers", "SecurityGroups", "SecurityGroups"),
    ("LoadBalancers", "AvailabilityZones.SubnetId", "Subnets"),
    ("LoadBalancers", "VpcId", "Vpcs"),
    ("TargetGroups", "LoadBalancerArns", "LoadBalancers"),
    ("Listeners", "LoadBalancerArn", "LoadBalancers"),
    ("imageDetails", "repositoryName", "repositories"),
    ("lifecyclePolicyText", "repositoryName", "repositories"),
    ("policyText", "repositoryName", "repositories"),
    ("TransitGatewayVpcAttachments", "SubnetIds", "Subnets"),
    ("AttachedPolicies", "AttachedPolicies.PolicyArn", "Policy"),
    ("Role", "Role.PermissionsBoundary.PermissionsBoundaryArn", "Policy"),
    ("InstanceProfile", "InstanceProfile.Roles.RoleName", "Role"),
];

/// The object that a request is about.
pub(super) struct Parent {
    /// Service and operation of the request.
    pub(super) of: (&'static str, &'static str),
    /// The member of the request that names the object.
    pub(super) member: &'static str,
    /// The row of the object.
    pub(super) row: (&'static str, &'static str),
    /// The path (or the member) by which the row is asked.
    pub(super) path: &'static str,
}

/// Requests about what belongs to an object: without the object there is nothing to ask about.
#[rustfmt::skip]
pub(super) static PARENTS: &[Parent] = &[
    Parent { of: ("ec2", "DescribeInstanceAttribute"), member: "InstanceId", row: ("ec2", "DescribeInstances"), path: "Instances.InstanceId" },
    Parent { of: ("ec2", "DescribeStaleSecurityGroups"), member: "VpcId", row: ("ec2", "DescribeVpcs"), path: "VpcId" },
    Parent { of: ("ec2", "DescribeVpcAttribute"), member: "VpcId", row: ("ec2", "DescribeVpcs"), path: "VpcId" },
    Parent { of: ("ec2", "GetManagedPrefixListEntries"), member: "PrefixListId", row: ("ec2", "DescribeManagedPrefixLists"), path: "PrefixListId" },
    Parent { of: ("ecr", "BatchGetImage"), member: "repositoryName", row: ("ecr", "DescribeRepositories"), path: "repositoryName" },
    Parent { of: ("ecr", "DescribeImages"), member: "repositoryName", row: ("ecr", "DescribeRepositories"), path: "repositoryName" },
    Parent { of: ("ecr", "GetLifecyclePolicy"), member: "repositoryName", row: ("ecr", "DescribeRepositories"), path: "repositoryName" },
    Parent { of: ("ecr", "GetRepositoryPolicy"), member: "repositoryName", row: ("ecr", "DescribeRepositories"), path: "repositoryName" },
    Parent { of: ("efs", "DescribeAccessPoints"), member: "FileSystemId", row: ("efs", "DescribeFileSystems"), path: "FileSystemId" },
    Parent { of: ("efs", "DescribeFileSystemPolicy"), member: "FileSystemId", row: ("efs", "DescribeFileSystems"), path: "FileSystemId" },
    Parent { of: ("efs", "DescribeMountTargets"), member: "AccessPointId", row: ("efs", "DescribeAccessPoints"), path: "AccessPointId" },
    Parent { of: ("efs", "DescribeMountTargets"), member: "FileSystemId", row: ("efs", "DescribeFileSystems"), path: "FileSystemId" },
    Parent { of: ("elbv2", "DescribeListeners"), member: "LoadBalancerArn", row: ("elbv2", "DescribeLoadBalancers"), path: "LoadBalancerArn" },
    Parent { of: ("elbv2", "DescribeTargetGroups"), member: "LoadBalancerArn", row: ("elbv2", "DescribeLoadBalancers"), path: "LoadBalancerArn" },
    Parent { of: ("elbv2", "DescribeTargetHealth"), member: "TargetGroupArn", row: ("elbv2", "DescribeTargetGroups"), path: "TargetGroupArn" },
    Parent { of: ("secretsmanager", "GetResourcePolicy"), member: "SecretId", row: ("secretsmanager", "DescribeSecret"), path: "SecretId" },
    Parent { of: ("secretsmanager", "ListSecretVersionIds"), member: "SecretId", row: ("secretsmanager", "DescribeSecret"), path: "SecretId" },
];

/// Operations that AWS does not answer without input: an error recorded with an empty input
/// stands for every input.
#[rustfmt::skip]
pub(super) static NEED_INPUT: &[(&str, &[&str])] = &[
    ("ec2", &["DescribeInstanceAttribute", "DescribeStaleSecurityGroups", "DescribeVpcAttribute", "GetManagedPrefixListEntries"]),
    ("ecr", &["BatchGetImage", "DescribeImages", "GetLifecyclePolicy", "GetRepositoryPolicy"]),
    ("ecs", &["DescribeContainerInstances", "DescribeServiceDeployments", "DescribeServiceRevisions", "DescribeServices",
        "DescribeTaskDefinition", "DescribeTaskSets", "DescribeTasks", "ListServiceDeployments", "ListTagsForResource"]),
    ("efs", &["DescribeFileSystemPolicy", "DescribeMountTargetSecurityGroups", "DescribeMountTargets"]),
    ("elbv2", &["DescribeListeners", "DescribeRules", "DescribeTargetHealth"]),
    ("guardduty", &["GetCoverageStatistics", "GetDetector", "ListCoverage"]),
    ("iam", &["GetInstanceProfile", "GetPolicy", "GetPolicyVersion", "GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies"]),
    ("kms", &["DescribeKey", "GetKeyPolicy", "ListGrants"]),
    ("organizations", &["DescribePolicy", "ListParents", "ListPoliciesForTarget"]),
    ("route53", &["ListHostedZonesByVPC", "ListResourceRecordSets"]),
    ("s3", &["GetBucketEncryption", "GetBucketLocation", "GetBucketPolicy", "HeadObject"]),
    ("secretsmanager", &["DescribeSecret", "GetResourcePolicy", "ListSecretVersionIds"]),
    ("service-quotas", &["ListServiceQuotas"]),
    ("servicediscovery", &["GetNamespace", "GetService"]),
    ("ssm", &["GetServiceSetting"]),
];

/// Services whose answers do not depend on the region asked.
pub(super) fn is_global(service: &str) -> bool {
    let first = aws::OPERATIONS.partition_point(|operation| operation.service < service);
    aws::OPERATIONS.get(first).is_some_and(|known| known.service == service && known.is_global)
}

pub(super) fn needs_input(service: &str, operation: &str) -> bool {
    NEED_INPUT.iter().any(|(name, operations)| *name == service && operations.contains(&operation))
}

/// The index of an operation's row.
pub(super) fn row(service: &str, operation: &str) -> Option<usize> {
    static INDEX: LazyLock<HashMap<(&str, &str), usize>> = LazyLock::new(|| {
        ROWS.iter().enumerate().map(|(at, row)| ((row.service, row.operation), at)).collect()
    });
    INDEX.get(&(service, operation)).copied()
}

/// The indexes of the rows whose objects stand under an output key.
pub(super) fn rows_of_key(key: &str) -> &'static [usize] {
    static INDEX: LazyLock<HashMap<&str, Vec<usize>>> = LazyLock::new(|| {
        let mut index: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, row) in ROWS.iter().enumerate() {
            index.entry(row.key()).or_default().push(at);
        }
        index
    });
    INDEX.get(key).map(Vec::as_slice).unwrap_or_default()
}

/// What snapshots can be asked: service, operation, members of the request.
#[cfg(all(test, feature = "live"))]
pub(crate) fn known_members()
-> impl Iterator<Item = (&'static str, &'static str, Vec<&'static str>)> {
    ROWS.iter().map(|row| (row.service, row.operation, row.asks.iter().map(Ask::input).collect()))
}
