//! Amazon EC2 Auto Scaling.

use super::{Time, request, shape};

request! {
    /// Describes Auto Scaling groups by name.
    DescribeAutoScalingGroups: "autoscaling", "DescribeAutoScalingGroups", "PascalCase" => DescribeAutoScalingGroupsResponse {
        /// Names.
        auto_scaling_group_names: Vec<String>,
    }
}

shape! {
    /// Auto Scaling groups.
    DescribeAutoScalingGroupsResponse: "PascalCase" {
        /// The groups.
        auto_scaling_groups: Vec<AutoScalingGroup>,
    }
}

shape! {
    /// An Auto Scaling group.
    AutoScalingGroup: "PascalCase" {
        /// Name.
        auto_scaling_group_name: String,
        /// ARN.
        #[serde(rename = "AutoScalingGroupARN")]
        auto_scaling_group_arn: Option<String>,
        /// Most instances that it may have.
        max_size: Option<i64>,
        /// Instances wanted.
        desired_capacity: Option<i64>,
        /// Its instances.
        instances: Vec<GroupInstance>,
        /// What it does not do at present.
        suspended_processes: Vec<SuspendedProcess>,
        /// Its warm pool, if it has one.
        warm_pool_configuration: Option<WarmPoolConfiguration>,
    }
}

shape! {
    /// An instance of an Auto Scaling group.
    GroupInstance: "PascalCase" {
        /// Id.
        instance_id: String,
        /// `InService`, `Pending`, …
        lifecycle_state: Option<String>,
    }
}

shape! {
    /// Something that an Auto Scaling group does not do at present.
    SuspendedProcess: "PascalCase" {
        /// `Launch`, `Terminate`, …
        process_name: Option<String>,
    }
}

shape! {
    /// A warm pool.
    WarmPoolConfiguration: "PascalCase" {
        /// Instances that it has at least.
        min_size: Option<i64>,
        /// `Stopped`, `Running`, `Hibernated`.
        pool_state: Option<String>,
    }
}

request! {
    /// Lists what an Auto Scaling group did in the last six weeks.
    DescribeScalingActivities: "autoscaling", "DescribeScalingActivities", "PascalCase" => DescribeScalingActivitiesResponse {
        /// Name.
        auto_scaling_group_name: String,
    }
}

shape! {
    /// What an Auto Scaling group did.
    DescribeScalingActivitiesResponse: "PascalCase" {
        /// Activities.
        activities: Vec<Activity>,
    }
}

shape! {
    /// Something that an Auto Scaling group did.
    Activity: "PascalCase" {
        /// Id.
        activity_id: String,
        /// What, in words.
        description: Option<String>,
        /// When it began.
        start_time: Option<Time>,
        /// `Successful`, `Failed`, …
        status_code: Option<String>,
        /// Why, in words.
        status_message: Option<String>,
    }
}
