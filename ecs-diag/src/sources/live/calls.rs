//! The operations as the SDK calls them: one line each.

use std::sync::OnceLock;

use aws_config::SdkConfig;
use futures_util::future::BoxFuture;

use super::{
    error::outcome,
    exchange::Exchange,
    input::{Input, member},
};
use crate::source::SourceError;

/// An operation of the SDK.
pub(super) struct Call {
    pub(super) service: &'static str,
    pub(super) operation: &'static str,
    /// Members of the request that can be sent, page tokens included.
    pub(super) members: &'static [&'static str],
    /// Makes the request; nothing is sent until the future is awaited. What the service answers
    /// is in the exchange then.
    pub(super) send: fn(&Clients, &Input, Exchange) -> Result<Sent, SourceError>,
}

pub(super) type Sent = BoxFuture<'static, Result<(), SourceError>>;

/// The operation of that name.
pub(super) fn call(service: &str, operation: &str) -> Option<&'static Call> {
    CALLS.iter().find(|call| (call.service, call.operation) == (service, operation))
}

/// Declares, for each service, its client, and for each operation its method and, for each member
/// of the request, the method that sets it.
macro_rules! calls {
    ($(
        $service:literal $client:ident $sdk:ident {
            $($operation:literal $method:ident($($member:literal $set:ident),*);)*
        }
    )*) => {
        /// The clients of one Region, made when they are first needed.
        pub(super) struct Clients {
            config: SdkConfig,
            $($client: OnceLock<$sdk::Client>,)*
        }

        impl Clients {
            pub(super) fn new(config: SdkConfig) -> Self {
                Self { config, $($client: OnceLock::new(),)* }
            }
        }

        #[allow(unused_variables, reason = "requests without members")]
        pub(super) static CALLS: &[Call] = &[$($(
            Call {
                service: $service,
                operation: $operation,
                members: &[$($member),*],
                send: |clients, input, exchange| {
                    let client = clients.$client.get_or_init(|| client!($sdk, &clients.config));
                    let request = client.$method();
                    $(let request = match member(input, $member)? {
                        None => request,
                        value => request.$set(value),
                    };)*
                    let request = request.customize().interceptor(exchange.clone());
                    Ok(Box::pin(async move { outcome(request.send().await, &exchange) }))
                },
            },
        )*)*];
    };
}

macro_rules! client {
    // Other endpoints than AWS's own have no host name for each bucket.
    (aws_sdk_s3, $config:expr) => {{
        let config = aws_sdk_s3::config::Builder::from($config);
        let path = $config.endpoint_url().is_some();
        aws_sdk_s3::Client::from_conf(config.force_path_style(path).build())
    }};
    ($sdk:ident, $config:expr) => {
        $sdk::Client::new($config)
    };
}

#[rustfmt::skip]
calls! {
    "autoscaling" autoscaling aws_sdk_autoscaling {
        "DescribeAutoScalingGroups" describe_auto_scaling_groups("AutoScalingGroupNames" set_auto_scaling_group_names, "IncludeInstances" set_include_instances, "Filters" set_filters, "NextToken" set_next_token);
        "DescribeScalingActivities" describe_scaling_activities("ActivityIds" set_activity_ids, "AutoScalingGroupName" set_auto_scaling_group_name, "IncludeDeletedGroups" set_include_deleted_groups, "Filters" set_filters, "NextToken" set_next_token);
    }
    "cloudtrail" cloudtrail aws_sdk_cloudtrail {
        "LookupEvents" lookup_events("LookupAttributes" set_lookup_attributes, "StartTime" set_start_time, "EndTime" set_end_time, "EventCategory" set_event_category, "NextToken" set_next_token);
    }
    "ec2" ec2 aws_sdk_ec2 {
        "DescribeDhcpOptions" describe_dhcp_options("DhcpOptionsIds" set_dhcp_options_ids, "Filters" set_filters, "NextToken" set_next_token);
        "DescribeEgressOnlyInternetGateways" describe_egress_only_internet_gateways("EgressOnlyInternetGatewayIds" set_egress_only_internet_gateway_ids, "Filters" set_filters, "NextToken" set_next_token);
        "DescribeIamInstanceProfileAssociations" describe_iam_instance_profile_associations("AssociationIds" set_association_ids, "Filters" set_filters, "NextToken" set_next_token);
        "DescribeInstanceAttribute" describe_instance_attribute("InstanceId" set_instance_id, "Attribute" set_attribute);
        "DescribeInstanceTypes" describe_instance_types("InstanceTypes" set_instance_types, "Filters" set_filters, "IncludeUnsupportedInRegion" set_include_unsupported_in_region, "NextToken" set_next_token);
        "DescribeInstances" describe_instances("InstanceIds" set_instance_ids, "IncludeManagedResources" set_include_managed_resources, "Filters" set_filters, "NextToken" set_next_token);
        "DescribeInternetGateways" describe_internet_gateways("InternetGatewayIds" set_internet_gateway_ids, "Filters" set_filters, "NextToken" set_next_token);
        "DescribeManagedPrefixLists" describe_managed_prefix_lists("Filters" set_filters, "PrefixListIds" set_prefix_list_ids, "NextToken" set_next_token);
        "DescribeNatGateways" describe_nat_gateways("Filter" set_filter, "Filters" set_filter, "NatGatewayIds" set_nat_gateway_ids, "NextToken" set_next_token);
        "DescribeNetworkAcls" describe_network_acls("NetworkAclIds" set_network_acl_ids, "Filters" set_filters, "NextToken" set_next_token);
        "DescribeNetworkInsightsAnalyses" describe_network_insights_analyses("NetworkInsightsAnalysisIds" set_network_insights_analysis_ids, "NetworkInsightsPathId" set_network_insights_path_id, "AnalysisStartTime" set_analysis_start_time, "AnalysisEndTime" set_analysis_end_time, "Filters" set_filters, "NextToken" set_next_token);
        "DescribeNetworkInterfaces" describe_network_interfaces("IncludeManagedResources" set_include_managed_resources, "NetworkInterfaceIds" set_network_interface_ids, "Filters" set_filters, "NextToken" set_next_token);
        "DescribePrefixLists" describe_prefix_lists("Filters" set_filters, "PrefixListIds" set_prefix_list_ids, "NextToken" set_next_token);
        "DescribeRouteTables" describe_route_tables("RouteTableIds" set_route_table_ids, "Filters" set_filters, "NextToken" set_next_token);
        "DescribeSecurityGroups" describe_security_groups("GroupIds" set_group_ids, "GroupNames" set_group_names, "Filters" set_filters, "NextToken" set_next_token);
        "DescribeSnapshots" describe_snapshots("OwnerIds" set_owner_ids, "RestorableByUserIds" set_restorable_by_user_ids, "SnapshotIds" set_snapshot_ids, "Filters" set_filters, "NextToken" set_next_token);
        "DescribeStaleSecurityGroups" describe_stale_security_groups("VpcId" set_vpc_id, "NextToken" set_next_token);
        "DescribeSubnets" describe_subnets("Filters" set_filters, "SubnetIds" set_subnet_ids, "NextToken" set_next_token);
        "DescribeTransitGatewayVpcAttachments" describe_transit_gateway_vpc_attachments("TransitGatewayAttachmentIds" set_transit_gateway_attachment_ids, "Filters" set_filters, "NextToken" set_next_token);
        "DescribeVpcAttribute" describe_vpc_attribute("Attribute" set_attribute, "VpcId" set_vpc_id);
        "DescribeVpcBlockPublicAccessExclusions" describe_vpc_block_public_access_exclusions("Filters" set_filters, "ExclusionIds" set_exclusion_ids, "NextToken" set_next_token);
        "DescribeVpcBlockPublicAccessOptions" describe_vpc_block_public_access_options();
        "DescribeVpcEndpoints" describe_vpc_endpoints("VpcEndpointIds" set_vpc_endpoint_ids, "Filters" set_filters, "NextToken" set_next_token);
        "DescribeVpcPeeringConnections" describe_vpc_peering_connections("VpcPeeringConnectionIds" set_vpc_peering_connection_ids, "Filters" set_filters, "NextToken" set_next_token);
        "DescribeVpcs" describe_vpcs("Filters" set_filters, "VpcIds" set_vpc_ids, "NextToken" set_next_token);
        "GetManagedPrefixListEntries" get_managed_prefix_list_entries("PrefixListId" set_prefix_list_id, "TargetVersion" set_target_version, "NextToken" set_next_token);
    }
    "ecr" ecr aws_sdk_ecr {
        "BatchGetImage" batch_get_image("registryId" set_registry_id, "repositoryName" set_repository_name, "imageIds" set_image_ids, "acceptedMediaTypes" set_accepted_media_types);
        "DescribeImages" describe_images("registryId" set_registry_id, "repositoryName" set_repository_name, "imageIds" set_image_ids, "filter" set_filter, "nextToken" set_next_token);
        "DescribePullThroughCacheRules" describe_pull_through_cache_rules("registryId" set_registry_id, "ecrRepositoryPrefixes" set_ecr_repository_prefixes, "nextToken" set_next_token);
        "DescribeRepositories" describe_repositories("registryId" set_registry_id, "repositoryNames" set_repository_names, "nextToken" set_next_token);
        "GetLifecyclePolicy" get_lifecycle_policy("registryId" set_registry_id, "repositoryName" set_repository_name);
        "GetRegistryPolicy" get_registry_policy();
        "GetRepositoryPolicy" get_repository_policy("registryId" set_registry_id, "repositoryName" set_repository_name);
    }
    "ecs" ecs aws_sdk_ecs {
        "DescribeCapacityProviders" describe_capacity_providers("capacityProviders" set_capacity_providers, "cluster" set_cluster, "include" set_include, "nextToken" set_next_token);
        "DescribeClusters" describe_clusters("clusters" set_clusters, "include" set_include);
        "DescribeContainerInstances" describe_container_instances("cluster" set_cluster, "containerInstances" set_container_instances, "include" set_include);
        "DescribeServiceDeployments" describe_service_deployments("serviceDeploymentArns" set_service_deployment_arns);
        "DescribeServiceRevisions" describe_service_revisions("serviceRevisionArns" set_service_revision_arns);
        "DescribeServices" describe_services("cluster" set_cluster, "services" set_services, "include" set_include);
        "DescribeTaskDefinition" describe_task_definition("taskDefinition" set_task_definition, "include" set_include);
        "DescribeTaskSets" describe_task_sets("cluster" set_cluster, "service" set_service, "taskSets" set_task_sets, "include" set_include);
        "DescribeTasks" describe_tasks("cluster" set_cluster, "tasks" set_tasks, "include" set_include);
        "ListAccountSettings" list_account_settings("name" set_name, "value" set_value, "principalArn" set_principal_arn, "effectiveSettings" set_effective_settings, "nextToken" set_next_token);
        "ListContainerInstances" list_container_instances("cluster" set_cluster, "filter" set_filter, "status" set_status, "nextToken" set_next_token);
        "ListServiceDeployments" list_service_deployments("service" set_service, "cluster" set_cluster, "status" set_status, "createdAt" set_created_at, "nextToken" set_next_token);
        "ListServices" list_services("cluster" set_cluster, "launchType" set_launch_type, "schedulingStrategy" set_scheduling_strategy, "resourceManagementType" set_resource_management_type, "nextToken" set_next_token);
        "ListTagsForResource" list_tags_for_resource("resourceArn" set_resource_arn);
        "ListTasks" list_tasks("cluster" set_cluster, "containerInstance" set_container_instance, "family" set_family, "startedBy" set_started_by, "serviceName" set_service_name, "desiredStatus" set_desired_status, "launchType" set_launch_type, "daemonName" set_daemon_name, "nextToken" set_next_token);
    }
    "efs" efs aws_sdk_efs {
        "DescribeAccessPoints" describe_access_points("AccessPointId" set_access_point_id, "FileSystemId" set_file_system_id, "NextToken" set_next_token);
        "DescribeFileSystemPolicy" describe_file_system_policy("FileSystemId" set_file_system_id);
        "DescribeFileSystems" describe_file_systems("CreationToken" set_creation_token, "FileSystemId" set_file_system_id, "Marker" set_marker);
        "DescribeMountTargetSecurityGroups" describe_mount_target_security_groups("MountTargetId" set_mount_target_id);
        "DescribeMountTargets" describe_mount_targets("FileSystemId" set_file_system_id, "MountTargetId" set_mount_target_id, "AccessPointId" set_access_point_id, "Marker" set_marker);
    }
    "elbv2" elasticloadbalancingv2 aws_sdk_elasticloadbalancingv2 {
        "DescribeListeners" describe_listeners("LoadBalancerArn" set_load_balancer_arn, "ListenerArns" set_listener_arns, "Marker" set_marker);
        "DescribeLoadBalancers" describe_load_balancers("LoadBalancerArns" set_load_balancer_arns, "Names" set_names, "Marker" set_marker);
        "DescribeRules" describe_rules("ListenerArn" set_listener_arn, "RuleArns" set_rule_arns, "Marker" set_marker);
        "DescribeTargetGroups" describe_target_groups("LoadBalancerArn" set_load_balancer_arn, "TargetGroupArns" set_target_group_arns, "Names" set_names, "Marker" set_marker);
        "DescribeTargetHealth" describe_target_health("TargetGroupArn" set_target_group_arn, "Targets" set_targets, "Include" set_include);
    }
    "fsx" fsx aws_sdk_fsx {
        "DescribeFileSystems" describe_file_systems("FileSystemIds" set_file_system_ids, "NextToken" set_next_token);
    }
    "guardduty" guardduty aws_sdk_guardduty {
        "GetCoverageStatistics" get_coverage_statistics("DetectorId" set_detector_id, "FilterCriteria" set_filter_criteria, "StatisticsType" set_statistics_type);
        "GetDetector" get_detector("DetectorId" set_detector_id);
        "ListCoverage" list_coverage("DetectorId" set_detector_id, "FilterCriteria" set_filter_criteria, "SortCriteria" set_sort_criteria, "NextToken" set_next_token);
        "ListDetectors" list_detectors("NextToken" set_next_token);
    }
    "iam" iam aws_sdk_iam {
        "GetInstanceProfile" get_instance_profile("InstanceProfileName" set_instance_profile_name);
        "GetPolicy" get_policy("PolicyArn" set_policy_arn);
        "GetPolicyVersion" get_policy_version("PolicyArn" set_policy_arn, "VersionId" set_version_id);
        "GetRole" get_role("RoleName" set_role_name);
        "GetRolePolicy" get_role_policy("RoleName" set_role_name, "PolicyName" set_policy_name);
        "ListAttachedRolePolicies" list_attached_role_policies("RoleName" set_role_name, "PathPrefix" set_path_prefix, "Marker" set_marker);
        "ListRolePolicies" list_role_policies("RoleName" set_role_name, "Marker" set_marker);
    }
    "kms" kms aws_sdk_kms {
        "DescribeKey" describe_key("KeyId" set_key_id, "GrantTokens" set_grant_tokens);
        "GetKeyPolicy" get_key_policy("KeyId" set_key_id, "PolicyName" set_policy_name);
        "ListAliases" list_aliases("KeyId" set_key_id, "Marker" set_marker);
        "ListGrants" list_grants("KeyId" set_key_id, "GrantId" set_grant_id, "GranteePrincipal" set_grantee_principal, "Marker" set_marker);
    }
    "logs" cloudwatchlogs aws_sdk_cloudwatchlogs {
        "DescribeLogGroups" describe_log_groups("accountIdentifiers" set_account_identifiers, "logGroupNamePrefix" set_log_group_name_prefix, "logGroupNamePattern" set_log_group_name_pattern, "includeLinkedAccounts" set_include_linked_accounts, "logGroupClass" set_log_group_class, "logGroupIdentifiers" set_log_group_identifiers, "nextToken" set_next_token);
    }
    "organizations" organizations aws_sdk_organizations {
        "DescribePolicy" describe_policy("PolicyId" set_policy_id);
        "ListParents" list_parents("ChildId" set_child_id, "NextToken" set_next_token);
        "ListPoliciesForTarget" list_policies_for_target("TargetId" set_target_id, "Filter" set_filter, "NextToken" set_next_token);
    }
    "route53" route53 aws_sdk_route53 {
        "ListHostedZonesByVPC" list_hosted_zones_by_vpc("VPCId" set_vpc_id, "VPCRegion" set_vpc_region, "NextToken" set_next_token);
        "ListResourceRecordSets" list_resource_record_sets("HostedZoneId" set_hosted_zone_id, "StartRecordName" set_start_record_name, "StartRecordType" set_start_record_type, "StartRecordIdentifier" set_start_record_identifier);
    }
    "route53resolver" route53resolver aws_sdk_route53resolver {
        "ListFirewallRuleGroupAssociations" list_firewall_rule_group_associations("FirewallRuleGroupId" set_firewall_rule_group_id, "VpcId" set_vpc_id, "Priority" set_priority, "Status" set_status, "NextToken" set_next_token);
    }
    "s3" s3 aws_sdk_s3 {
        "GetBucketEncryption" get_bucket_encryption("Bucket" set_bucket, "ExpectedBucketOwner" set_expected_bucket_owner);
        "GetBucketLocation" get_bucket_location("Bucket" set_bucket, "ExpectedBucketOwner" set_expected_bucket_owner);
        "GetBucketPolicy" get_bucket_policy("Bucket" set_bucket, "ExpectedBucketOwner" set_expected_bucket_owner);
        "HeadObject" head_object("Bucket" set_bucket, "Key" set_key, "VersionId" set_version_id, "ExpectedBucketOwner" set_expected_bucket_owner);
    }
    "secretsmanager" secretsmanager aws_sdk_secretsmanager {
        "DescribeSecret" describe_secret("SecretId" set_secret_id);
        "GetResourcePolicy" get_resource_policy("SecretId" set_secret_id);
        "ListSecretVersionIds" list_secret_version_ids("SecretId" set_secret_id, "IncludeDeprecated" set_include_deprecated, "NextToken" set_next_token);
        "ListSecrets" list_secrets("IncludePlannedDeletion" set_include_planned_deletion, "Filters" set_filters, "SortOrder" set_sort_order, "SortBy" set_sort_by, "NextToken" set_next_token);
    }
    "service-quotas" servicequotas aws_sdk_servicequotas {
        "ListServiceQuotas" list_service_quotas("ServiceCode" set_service_code, "QuotaCode" set_quota_code, "QuotaAppliedAtLevel" set_quota_applied_at_level, "NextToken" set_next_token);
    }
    "servicediscovery" servicediscovery aws_sdk_servicediscovery {
        "GetNamespace" get_namespace("Id" set_id);
        "GetService" get_service("Id" set_id);
    }
    "ssm" ssm aws_sdk_ssm {
        "DescribeActivations" describe_activations("Filters" set_filters, "NextToken" set_next_token);
        "DescribeInstanceInformation" describe_instance_information("InstanceInformationFilterList" set_instance_information_filter_list, "Filters" set_filters, "NextToken" set_next_token);
        "DescribeParameters" describe_parameters("Filters" set_filters, "ParameterFilters" set_parameter_filters, "Shared" set_shared, "MaxResults" set_max_results, "NextToken" set_next_token);
        "GetServiceSetting" get_service_setting("SettingId" set_setting_id);
    }
    "sts" sts aws_sdk_sts {
        "GetCallerIdentity" get_caller_identity();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_config::{BehaviorVersion, Region};
    use serde_json::json;

    use super::*;
    use crate::{
        Query,
        aws::{
            OPERATIONS, Request, Time, autoscaling, cloudtrail, ec2, ecr, ecs, efs, elbv2, iam,
            kms, logs, s3, secretsmanager, servicediscovery, servicequotas, ssm,
        },
        sources::snapshot::known_members,
    };

    #[test]
    fn every_operation_of_the_list_has_its_line_and_no_other_has() {
        let listed: Vec<_> = OPERATIONS.iter().map(|known| (known.service, known.name)).collect();
        let lines: BTreeSet<_> = CALLS.iter().map(|call| (call.service, call.operation)).collect();
        assert_eq!(lines.len(), CALLS.len());
        assert_eq!(lines.into_iter().collect::<Vec<_>>(), listed);
    }

    #[test]
    fn what_snapshots_can_be_asked_live_accounts_can_be_asked() {
        for (service, operation, members) in known_members() {
            let call = call(service, operation).unwrap();
            for member in members {
                assert!(call.members.contains(&member), "{service}:{operation} {member}");
            }
        }
    }

    fn clients() -> Clients {
        let region = Region::new("eu-west-1");
        let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest());
        Clients::new(config.region(region).build())
    }

    #[test]
    fn every_request_of_the_crate_can_be_sent() {
        let text = || "x".to_owned();
        let moment = Time::parse("2026-11-21T20:00:35Z").unwrap();
        let requests: Vec<Query> = vec![
            ec2::DescribeSubnets { subnet_ids: vec![text()] }.query(),
            ec2::DescribeSecurityGroups { group_ids: vec![text()] }.query(),
            ec2::DescribeNetworkInterfaces { network_interface_ids: vec![text()] }.query(),
            ecr::DescribeRepositories { registry_id: text(), repository_names: Some(vec![text()]) }
                .query(),
            ecr::DescribeImages {
                registry_id: text(),
                repository_name: text(),
                image_ids: Some(vec![ecr::ImageIdentifier {
                    image_tag: Some(text()),
                    image_digest: Some(text()),
                }]),
            }
            .query(),
            ecr::DescribePullThroughCacheRules { registry_id: text() }.query(),
            ecr::GetLifecyclePolicy { registry_id: text(), repository_name: text() }.query(),
            ecs::DescribeTasks::new(Some("x"), [text()]).query(),
            ecs::DescribeTaskDefinition { task_definition: text() }.query(),
            ecs::DescribeServices { cluster: Some(text()), services: vec![text()] }.query(),
            ecs::ListTasks {
                cluster: Some(text()),
                service_name: Some(text()),
                desired_status: "STOPPED",
            }
            .query(),
            secretsmanager::DescribeSecret { secret_id: text() }.query(),
            ssm::DescribeParameters::named("x").query(),
            iam::GetRole { role_name: text() }.query(),
            logs::DescribeLogGroups { log_group_name_prefix: text() }.query(),
            cloudtrail::LookupEvents::run_task_around(moment).query(),
            autoscaling::DescribeAutoScalingGroups { auto_scaling_group_names: vec![text()] }
                .query(),
            autoscaling::DescribeScalingActivities { auto_scaling_group_name: text() }.query(),
            ec2::DescribeInstanceAttribute { instance_id: text(), attribute: "userData" }.query(),
            ec2::DescribeInstanceTypes { instance_types: vec!["m5.large".to_owned()] }.query(),
            ec2::DescribeInstances { instance_ids: vec![text()] }.query(),
            ec2::DescribeSnapshots { snapshot_ids: vec![text()] }.query(),
            ecr::BatchGetImage {
                registry_id: text(),
                repository_name: text(),
                image_ids: vec![ecr::ImageIdentifier {
                    image_tag: Some(text()),
                    image_digest: None,
                }],
                accepted_media_types: vec!["x"],
            }
            .query(),
            ecr::GetRepositoryPolicy { registry_id: text(), repository_name: text() }.query(),
            ecs::DescribeCapacityProviders {
                capacity_providers: vec![text()],
                cluster: Some(text()),
            }
            .query(),
            ecs::DescribeClusters::new("x").query(),
            ecs::DescribeContainerInstances::new(Some("x"), [text()]).query(),
            ecs::DescribeServiceRevisions { service_revision_arns: vec![text()] }.query(),
            ecs::ListAccountSettings { name: "awsvpcTrunking", effective_settings: true }.query(),
            ecs::ListContainerInstances { cluster: Some(text()) }.query(),
            efs::DescribeAccessPoints { access_point_id: text() }.query(),
            efs::DescribeFileSystems { file_system_id: text() }.query(),
            efs::DescribeMountTargets { file_system_id: text() }.query(),
            elbv2::DescribeTargetGroups {
                target_group_arns: Some(vec![text()]),
                names: Some(vec![text()]),
            }
            .query(),
            elbv2::DescribeTargetHealth { target_group_arn: text() }.query(),
            iam::GetInstanceProfile { instance_profile_name: text() }.query(),
            iam::ListAttachedRolePolicies { role_name: text() }.query(),
            iam::ListRolePolicies { role_name: text() }.query(),
            kms::DescribeKey { key_id: text() }.query(),
            s3::GetBucketLocation { bucket: text() }.query(),
            s3::HeadObject { bucket: text(), key: text() }.query(),
            servicediscovery::GetNamespace { id: text() }.query(),
            servicediscovery::GetService { id: text() }.query(),
            servicequotas::ListServiceQuotas { service_code: text() }.query(),
            ssm::DescribeActivations {}.query(),
            ssm::DescribeInstanceInformation::of([text()]).query(),
        ];
        let mut asked: BTreeSet<_> =
            OPERATIONS.iter().filter(|known| known.is_asked).map(|known| known.name).collect();
        for query in &requests {
            let call = call(&query.service, &query.operation).unwrap();
            let input = query.input().as_object().unwrap().clone();
            for member in input.keys() {
                assert!(call.members.contains(&member.as_str()), "{query:?}");
            }
            assert!((call.send)(&clients(), &input, Exchange::default()).is_ok(), "{query:?}");
            asked.remove(&*query.operation);
        }
        assert!(asked.is_empty(), "not tried: {asked:?}");
    }

    #[test]
    fn a_value_that_the_api_does_not_have_is_an_error() {
        let call = call("ec2", "DescribeSubnets").unwrap();
        for (input, message) in [
            (json!({"SubnetIds": "subnet-1"}), "`SubnetIds` cannot be \"subnet-1\""),
            (
                json!({"Filters": [{"Name": "vpc-id", "Value": ["vpc-1"]}]}),
                r#"`Filters` cannot be [{"Name":"vpc-id","Value":["vpc-1"]}]"#,
            ),
        ] {
            let input = input.as_object().unwrap();
            let sent = (call.send)(&clients(), input, Exchange::default());
            assert_eq!(sent.err().unwrap().message, message);
        }
        let none = json!({"SubnetIds": null}).as_object().unwrap().clone();
        assert!((call.send)(&clients(), &none, Exchange::default()).is_ok());
    }
}
