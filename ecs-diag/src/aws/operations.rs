//! The closed list of operations that a source may be asked: reads only, and no secret values.

/// A read-only operation of an AWS API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Service, as botocore names it.
    pub service: &'static str,
    /// Operation, as the API names it.
    pub name: &'static str,
    /// IAM actions that the caller needs.
    pub iam_actions: &'static [&'static str],
    /// Whether the answer is the same in whatever Region it is asked.
    pub is_global: bool,
    /// Whether a built-in check asks it; the others are there for checks of one's own.
    pub is_asked: bool,
}

impl Operation {
    const fn new(
        service: &'static str,
        name: &'static str,
        iam_actions: &'static [&'static str],
    ) -> Self {
        Self { service, name, iam_actions, is_global: false, is_asked: false }
    }

    const fn global(mut self) -> Self {
        self.is_global = true;
        self
    }

    const fn asked(mut self) -> Self {
        self.is_asked = true;
        self
    }
}

/// The operation of that name, if a source may be asked it.
pub fn operation(service: &str, name: &str) -> Option<&'static Operation> {
    OPERATIONS
        .binary_search_by(|operation| (operation.service, operation.name).cmp(&(service, name)))
        .ok()
        .map(|index| &OPERATIONS[index])
}

/// Every operation that a source may be asked, sorted by service and name.
///
#[doc = include_str!("../../docs/operations.md")]
#[rustfmt::skip]
pub const OPERATIONS: &[Operation] = &[
    Operation::new("autoscaling", "DescribeAutoScalingGroups", &["autoscaling:DescribeAutoScalingGroups"]).asked(),
    Operation::new("autoscaling", "DescribeScalingActivities", &["autoscaling:DescribeScalingActivities"]).asked(),
    Operation::new("cloudtrail", "LookupEvents", &["cloudtrail:LookupEvents"]).asked(),
    Operation::new("ec2", "DescribeDhcpOptions", &["ec2:DescribeDhcpOptions"]),
    Operation::new("ec2", "DescribeEgressOnlyInternetGateways", &["ec2:DescribeEgressOnlyInternetGateways"]),
    Operation::new("ec2", "DescribeIamInstanceProfileAssociations", &["ec2:DescribeIamInstanceProfileAssociations"]),
    Operation::new("ec2", "DescribeInstanceAttribute", &["ec2:DescribeInstanceAttribute"]).asked(),
    Operation::new("ec2", "DescribeInstanceTypes", &["ec2:DescribeInstanceTypes"]).asked(),
    Operation::new("ec2", "DescribeInstances", &["ec2:DescribeInstances"]).asked(),
    Operation::new("ec2", "DescribeInternetGateways", &["ec2:DescribeInternetGateways"]),
    Operation::new("ec2", "DescribeManagedPrefixLists", &["ec2:DescribeManagedPrefixLists"]),
    Operation::new("ec2", "DescribeNatGateways", &["ec2:DescribeNatGateways"]),
    Operation::new("ec2", "DescribeNetworkAcls", &["ec2:DescribeNetworkAcls"]),
    Operation::new("ec2", "DescribeNetworkInsightsAnalyses", &["ec2:DescribeNetworkInsightsAnalyses"]),
    Operation::new("ec2", "DescribeNetworkInterfaces", &["ec2:DescribeNetworkInterfaces"]).asked(),
    Operation::new("ec2", "DescribePrefixLists", &["ec2:DescribePrefixLists"]),
    Operation::new("ec2", "DescribeRouteTables", &["ec2:DescribeRouteTables"]),
    Operation::new("ec2", "DescribeSecurityGroups", &["ec2:DescribeSecurityGroups"]).asked(),
    Operation::new("ec2", "DescribeSnapshots", &["ec2:DescribeSnapshots"]).asked(),
    Operation::new("ec2", "DescribeStaleSecurityGroups", &["ec2:DescribeStaleSecurityGroups"]),
    Operation::new("ec2", "DescribeSubnets", &["ec2:DescribeSubnets"]).asked(),
    Operation::new("ec2", "DescribeTransitGatewayVpcAttachments", &["ec2:DescribeTransitGatewayVpcAttachments"]),
    Operation::new("ec2", "DescribeVpcAttribute", &["ec2:DescribeVpcAttribute"]),
    Operation::new("ec2", "DescribeVpcBlockPublicAccessExclusions", &["ec2:DescribeVpcBlockPublicAccessExclusions"]),
    Operation::new("ec2", "DescribeVpcBlockPublicAccessOptions", &["ec2:DescribeVpcBlockPublicAccessOptions"]),
    Operation::new("ec2", "DescribeVpcEndpoints", &["ec2:DescribeVpcEndpoints"]),
    Operation::new("ec2", "DescribeVpcPeeringConnections", &["ec2:DescribeVpcPeeringConnections"]),
    Operation::new("ec2", "DescribeVpcs", &["ec2:DescribeVpcs"]),
    Operation::new("ec2", "GetManagedPrefixListEntries", &["ec2:GetManagedPrefixListEntries"]),
    Operation::new("ecr", "BatchGetImage", &["ecr:BatchGetImage"]).asked(),
    Operation::new("ecr", "DescribeImages", &["ecr:DescribeImages"]).asked(),
    Operation::new("ecr", "DescribePullThroughCacheRules", &["ecr:DescribePullThroughCacheRules"]).asked(),
    Operation::new("ecr", "DescribeRepositories", &["ecr:DescribeRepositories"]).asked(),
    Operation::new("ecr", "GetLifecyclePolicy", &["ecr:GetLifecyclePolicy"]).asked(),
    Operation::new("ecr", "GetRegistryPolicy", &["ecr:GetRegistryPolicy"]),
    Operation::new("ecr", "GetRepositoryPolicy", &["ecr:GetRepositoryPolicy"]).asked(),
    Operation::new("ecs", "DescribeCapacityProviders", &["ecs:DescribeCapacityProviders"]).asked(),
    Operation::new("ecs", "DescribeClusters", &["ecs:DescribeClusters"]).asked(),
    Operation::new("ecs", "DescribeContainerInstances", &["ecs:DescribeContainerInstances"]).asked(),
    Operation::new("ecs", "DescribeServiceDeployments", &["ecs:DescribeServiceDeployments"]),
    Operation::new("ecs", "DescribeServiceRevisions", &["ecs:DescribeServiceRevisions"]).asked(),
    Operation::new("ecs", "DescribeServices", &["ecs:DescribeServices"]).asked(),
    Operation::new("ecs", "DescribeTaskDefinition", &["ecs:DescribeTaskDefinition"]).asked(),
    Operation::new("ecs", "DescribeTaskSets", &["ecs:DescribeTaskSets"]),
    Operation::new("ecs", "DescribeTasks", &["ecs:DescribeTasks"]).asked(),
    Operation::new("ecs", "ListAccountSettings", &["ecs:ListAccountSettings"]).asked(),
    Operation::new("ecs", "ListContainerInstances", &["ecs:ListContainerInstances"]).asked(),
    Operation::new("ecs", "ListServiceDeployments", &["ecs:ListServiceDeployments"]),
    Operation::new("ecs", "ListServices", &["ecs:ListServices"]),
    Operation::new("ecs", "ListTagsForResource", &["ecs:ListTagsForResource"]),
    Operation::new("ecs", "ListTasks", &["ecs:ListTasks"]).asked(),
    Operation::new("efs", "DescribeAccessPoints", &["elasticfilesystem:DescribeAccessPoints"]).asked(),
    Operation::new("efs", "DescribeFileSystemPolicy", &["elasticfilesystem:DescribeFileSystemPolicy"]),
    Operation::new("efs", "DescribeFileSystems", &["elasticfilesystem:DescribeFileSystems"]).asked(),
    Operation::new("efs", "DescribeMountTargetSecurityGroups", &["elasticfilesystem:DescribeMountTargetSecurityGroups"]),
    Operation::new("efs", "DescribeMountTargets", &["elasticfilesystem:DescribeMountTargets"]).asked(),
    Operation::new("elbv2", "DescribeListeners", &["elasticloadbalancing:DescribeListeners"]),
    Operation::new("elbv2", "DescribeLoadBalancers", &["elasticloadbalancing:DescribeLoadBalancers"]),
    Operation::new("elbv2", "DescribeRules", &["elasticloadbalancing:DescribeRules"]),
    Operation::new("elbv2", "DescribeTargetGroups", &["elasticloadbalancing:DescribeTargetGroups"]).asked(),
    Operation::new("elbv2", "DescribeTargetHealth", &["elasticloadbalancing:DescribeTargetHealth"]).asked(),
    Operation::new("fsx", "DescribeFileSystems", &["fsx:DescribeFileSystems"]),
    Operation::new("guardduty", "GetCoverageStatistics", &["guardduty:GetCoverageStatistics"]),
    Operation::new("guardduty", "GetDetector", &["guardduty:GetDetector"]),
    Operation::new("guardduty", "ListCoverage", &["guardduty:ListCoverage"]),
    Operation::new("guardduty", "ListDetectors", &["guardduty:ListDetectors"]),
    Operation::new("iam", "GetInstanceProfile", &["iam:GetInstanceProfile"]).global().asked(),
    Operation::new("iam", "GetPolicy", &["iam:GetPolicy"]).global(),
    Operation::new("iam", "GetPolicyVersion", &["iam:GetPolicyVersion"]).global(),
    Operation::new("iam", "GetRole", &["iam:GetRole"]).global().asked(),
    Operation::new("iam", "GetRolePolicy", &["iam:GetRolePolicy"]).global(),
    Operation::new("iam", "ListAttachedRolePolicies", &["iam:ListAttachedRolePolicies"]).global().asked(),
    Operation::new("iam", "ListRolePolicies", &["iam:ListRolePolicies"]).global().asked(),
    Operation::new("kms", "DescribeKey", &["kms:DescribeKey"]).asked(),
    Operation::new("kms", "GetKeyPolicy", &["kms:GetKeyPolicy"]),
    Operation::new("kms", "ListAliases", &["kms:ListAliases"]),
    Operation::new("kms", "ListGrants", &["kms:ListGrants"]),
    Operation::new("logs", "DescribeLogGroups", &["logs:DescribeLogGroups"]).asked(),
    Operation::new("organizations", "DescribePolicy", &["organizations:DescribePolicy"]).global(),
    Operation::new("organizations", "ListParents", &["organizations:ListParents"]).global(),
    Operation::new("organizations", "ListPoliciesForTarget", &["organizations:ListPoliciesForTarget"]).global(),
    Operation::new("route53", "ListHostedZonesByVPC", &["route53:ListHostedZonesByVPC", "ec2:DescribeVpcs"]).global(),
    Operation::new("route53", "ListResourceRecordSets", &["route53:ListResourceRecordSets"]).global(),
    Operation::new("route53resolver", "ListFirewallRuleGroupAssociations", &["route53resolver:ListFirewallRuleGroupAssociations"]),
    Operation::new("s3", "GetBucketEncryption", &["s3:GetEncryptionConfiguration"]).global(),
    Operation::new("s3", "GetBucketLocation", &["s3:GetBucketLocation"]).global().asked(),
    Operation::new("s3", "GetBucketPolicy", &["s3:GetBucketPolicy"]).global(),
    Operation::new("s3", "HeadObject", &["s3:GetObject", "s3:ListBucket"]).global().asked(),
    Operation::new("secretsmanager", "DescribeSecret", &["secretsmanager:DescribeSecret"]).asked(),
    Operation::new("secretsmanager", "GetResourcePolicy", &["secretsmanager:GetResourcePolicy"]),
    Operation::new("secretsmanager", "ListSecretVersionIds", &["secretsmanager:ListSecretVersionIds"]),
    Operation::new("secretsmanager", "ListSecrets", &["secretsmanager:ListSecrets"]),
    Operation::new("service-quotas", "ListServiceQuotas", &["servicequotas:ListServiceQuotas"]).asked(),
    Operation::new("servicediscovery", "GetNamespace", &["servicediscovery:GetNamespace"]).asked(),
    Operation::new("servicediscovery", "GetService", &["servicediscovery:GetService"]).asked(),
    Operation::new("ssm", "DescribeActivations", &["ssm:DescribeActivations"]).asked(),
    Operation::new("ssm", "DescribeInstanceInformation", &["ssm:DescribeInstanceInformation"]).asked(),
    Operation::new("ssm", "DescribeParameters", &["ssm:DescribeParameters"]).asked(),
    Operation::new("ssm", "GetServiceSetting", &["ssm:GetServiceSetting"]),
    Operation::new("sts", "GetCallerIdentity", &["sts:GetCallerIdentity"]).global(),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_unique() {
        assert!(
            OPERATIONS
                .windows(2)
                .all(|pair| { (pair[0].service, pair[0].name) < (pair[1].service, pair[1].name) })
        );
    }

    #[test]
    fn nothing_on_the_list_writes_or_reads_a_secret_value() {
        for operation in OPERATIONS {
            assert!(
                ["Describe", "List", "Get", "Head", "Lookup", "BatchGet"]
                    .iter()
                    .any(|verb| operation.name.starts_with(verb)),
                "{}:{}",
                operation.service,
                operation.name
            );
            assert!(
                !["GetSecretValue", "BatchGetSecretValue"].contains(&operation.name)
                    && !operation.name.starts_with("GetParameter"),
                "{}:{}",
                operation.service,
                operation.name
            );
        }
        assert!(operation("ecs", "DescribeTasks").is_some());
        assert!(operation("secretsmanager", "GetSecretValue").is_none());
    }
}
