//! Requests: from the JSON of a query to the values that the SDK's builders take.

use aws_smithy_types::DateTime;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    aws::Time,
    source::{ErrorKind, SourceError},
};

/// The members of a request.
pub(super) type Input = Map<String, Value>;

/// A member's value; `null` is as good as absent.
pub(super) fn member<T: FromJson>(input: &Input, name: &str) -> Result<Option<T>, SourceError> {
    match input.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => T::from_json(value).map(Some).ok_or_else(|| {
            SourceError::new(ErrorKind::Other, format!("`{name}` cannot be {value}"))
        }),
    }
}

/// What a builder of the SDK takes.
pub(super) trait FromJson: Sized {
    /// `None` if the API has no such value.
    fn from_json(value: &Value) -> Option<Self>;
}

impl FromJson for String {
    fn from_json(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl FromJson for bool {
    fn from_json(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl FromJson for i32 {
    fn from_json(value: &Value) -> Option<Self> {
        value.as_i64()?.try_into().ok()
    }
}

impl FromJson for i64 {
    fn from_json(value: &Value) -> Option<Self> {
        value.as_i64()
    }
}

impl FromJson for DateTime {
    fn from_json(value: &Value) -> Option<Self> {
        let Time(time) = Time::deserialize(value).ok()?;
        Self::from_nanos(time.as_nanosecond()).ok()
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::from_json).collect()
    }
}

/// Enumerations, which take whatever text there is: the service judges it.
macro_rules! texts {
    ($($sdk:ident: $($name:ident)*;)*) => { $($(
        impl FromJson for $sdk::types::$name {
            fn from_json(value: &Value) -> Option<Self> {
                value.as_str().map(Self::from)
            }
        }
    )*)* };
}

/// Structures, by their builders; `try_build` where the SDK says that members are required.
macro_rules! structures {
    ($($sdk:ident $name:ident { $($member:literal $set:ident)* } $build:ident;)*) => { $(
        impl FromJson for $sdk::types::$name {
            fn from_json(value: &Value) -> Option<Self> {
                let members = value.as_object()?;
                if members.keys().any(|name| ![$($member),*].contains(&name.as_str())) {
                    return None;
                }
                let builder = Self::builder()$(.$set(member(members, $member).ok()?))*;
                structures!(@$build builder)
            }
        }
    )* };
    (@build $builder:ident) => { Some($builder.build()) };
    (@try_build $builder:ident) => { $builder.build().ok() };
}

texts! {
    aws_sdk_cloudtrail: EventCategory LookupAttributeKey;
    aws_sdk_cloudwatchlogs: LogGroupClass;
    aws_sdk_ec2: InstanceAttributeName InstanceType VpcAttributeName;
    aws_sdk_ecr: ImageStatusFilter TagStatus;
    aws_sdk_ecs: CapacityProviderField ClusterField ContainerInstanceField ContainerInstanceStatus
        DesiredStatus LaunchType ResourceManagementType SchedulingStrategy ServiceDeploymentStatus
        ServiceField SettingName TaskDefinitionField TaskField TaskSetField;
    aws_sdk_elasticloadbalancingv2: DescribeTargetHealthInputIncludeEnum;
    aws_sdk_guardduty: CoverageFilterCriterionKey CoverageSortKey CoverageStatisticsType OrderBy;
    aws_sdk_organizations: PolicyType;
    aws_sdk_route53: RrType VpcRegion;
    aws_sdk_route53resolver: FirewallRuleGroupAssociationStatus;
    aws_sdk_secretsmanager: FilterNameStringType SortByType SortOrderType;
    aws_sdk_servicequotas: AppliedLevelEnum;
    aws_sdk_ssm: DescribeActivationsFilterKeys InstanceInformationFilterKey ParametersFilterKey;
}

structures! {
    aws_sdk_autoscaling Filter { "Name" set_name "Values" set_values } build;
    aws_sdk_cloudtrail LookupAttribute { "AttributeKey" set_attribute_key "AttributeValue" set_attribute_value } try_build;
    aws_sdk_ec2 Filter { "Name" set_name "Values" set_values } build;
    aws_sdk_ecr DescribeImagesFilter { "tagStatus" set_tag_status "imageStatus" set_image_status } build;
    aws_sdk_ecr ImageIdentifier { "imageDigest" set_image_digest "imageTag" set_image_tag } build;
    aws_sdk_ecs CreatedAt { "before" set_before "after" set_after } build;
    aws_sdk_elasticloadbalancingv2 TargetDescription { "Id" set_id "Port" set_port "AvailabilityZone" set_availability_zone } build;
    aws_sdk_guardduty CoverageFilterCondition { "Equals" set_equals "NotEquals" set_not_equals } build;
    aws_sdk_guardduty CoverageFilterCriteria { "FilterCriterion" set_filter_criterion } build;
    aws_sdk_guardduty CoverageFilterCriterion { "CriterionKey" set_criterion_key "FilterCondition" set_filter_condition } build;
    aws_sdk_guardduty CoverageSortCriteria { "AttributeName" set_attribute_name "OrderBy" set_order_by } build;
    aws_sdk_secretsmanager Filter { "Key" set_key "Values" set_values } build;
    aws_sdk_ssm DescribeActivationsFilter { "FilterKey" set_filter_key "FilterValues" set_filter_values } build;
    aws_sdk_ssm InstanceInformationFilter { "key" set_key "valueSet" set_value_set } try_build;
    aws_sdk_ssm InstanceInformationStringFilter { "Key" set_key "Values" set_values } try_build;
    aws_sdk_ssm ParameterStringFilter { "Key" set_key "Option" set_option "Values" set_values } try_build;
    aws_sdk_ssm ParametersFilter { "Key" set_key "Values" set_values } try_build;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_become_what_the_builders_take() {
        let read = |value: Value| DateTime::from_json(&value).map(|time| time.as_nanos());
        assert_eq!(read(json!(1_795_291_235.123)), Some(1_795_291_235_123_000_000));
        assert_eq!(read(json!("2026-11-21T15:00:35.123-05:00")), read(json!(1_795_291_235.123)));
        assert_eq!(read(json!("yesterday")), None);
        assert_eq!(i32::from_json(&json!(1_u64 << 40)), None);
        assert_eq!(Vec::<String>::from_json(&json!(["a", 1])), None);

        let filter = aws_sdk_ssm::types::ParameterStringFilter::from_json(
            &json!({"Key": "Name", "Option": "Equals", "Values": ["a", "b"]}),
        );
        let filter = filter.unwrap();
        assert_eq!((filter.key(), filter.option()), ("Name", Some("Equals")));
        assert_eq!(filter.values(), ["a", "b"]);
        // A required member is absent; a member that there is not.
        for value in [json!({"Values": ["a"]}), json!({"Key": "Name", "Value": "a"})] {
            assert!(aws_sdk_ssm::types::ParameterStringFilter::from_json(&value).is_none());
        }
        let status = aws_sdk_ecs::types::DesiredStatus::from_json(&json!("NEW")).unwrap();
        assert_eq!(status.as_str(), "NEW");
    }
}
