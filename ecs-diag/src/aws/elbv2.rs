//! Elastic Load Balancing: Application, Network and Gateway Load Balancers.

use super::{Text, request, shape};

request! {
    /// Describes target groups by ARN or name.
    DescribeTargetGroups: "elbv2", "DescribeTargetGroups", "PascalCase" => DescribeTargetGroupsResponse {
        /// ARNs.
        #[serde(skip_serializing_if = "Option::is_none")]
        target_group_arns: Option<Vec<String>>,
        /// Names.
        #[serde(skip_serializing_if = "Option::is_none")]
        names: Option<Vec<String>>,
    }
}

shape! {
    /// Target groups.
    DescribeTargetGroupsResponse: "PascalCase" {
        /// The target groups.
        target_groups: Vec<TargetGroup>,
    }
}

shape! {
    /// A target group.
    TargetGroup: "PascalCase" {
        /// ARN.
        target_group_arn: String,
        /// Name.
        target_group_name: Option<String>,
        /// `HTTP`, `HTTPS`, `TCP`, …
        protocol: Option<String>,
        /// Port of targets that are registered without one.
        port: Option<i64>,
        /// VPC of its targets.
        vpc_id: Option<String>,
        /// `ip`, `instance`, `lambda`, `alb`.
        target_type: Option<String>,
        /// Whether targets are checked.
        health_check_enabled: Option<bool>,
        /// `HTTP`, `HTTPS`, `TCP`.
        health_check_protocol: Option<String>,
        /// `traffic-port` or a number.
        health_check_port: Option<Text>,
        /// Path of an HTTP check.
        health_check_path: Option<String>,
        /// Seconds between two checks.
        health_check_interval_seconds: Option<i64>,
        /// Seconds that a check may take.
        health_check_timeout_seconds: Option<i64>,
        /// Passed checks in a row that make a target healthy.
        healthy_threshold_count: Option<i64>,
        /// Failed checks in a row that make a target unhealthy.
        unhealthy_threshold_count: Option<i64>,
        /// Codes that an HTTP check accepts.
        matcher: Option<Matcher>,
        /// Load balancers whose listeners forward to it.
        load_balancer_arns: Vec<String>,
    }
}

shape! {
    /// Codes that a health check accepts.
    Matcher: "PascalCase" {
        /// For instance `200-399`.
        http_code: Option<String>,
        /// For instance `0`.
        grpc_code: Option<String>,
    }
}

request! {
    /// Describes the health of a target group's targets.
    DescribeTargetHealth: "elbv2", "DescribeTargetHealth", "PascalCase" => DescribeTargetHealthResponse {
        /// ARN.
        target_group_arn: String,
    }
}

shape! {
    /// The health of targets.
    DescribeTargetHealthResponse: "PascalCase" {
        /// One for each target.
        target_health_descriptions: Vec<TargetHealthDescription>,
    }
}

shape! {
    /// The health of a target.
    TargetHealthDescription: "PascalCase" {
        /// The target.
        target: Option<TargetDescription>,
        /// Its health.
        target_health: Option<TargetHealth>,
    }
}

shape! {
    /// A target.
    TargetDescription: "PascalCase" {
        /// Address or instance.
        id: Option<String>,
        /// Port.
        port: Option<i64>,
    }
}

shape! {
    /// The health of a target.
    TargetHealth: "PascalCase" {
        /// `healthy`, `unhealthy`, `initial`, `unused`, `draining`, …
        state: Option<String>,
        /// Why, for instance `Target.Timeout`.
        reason: Option<String>,
        /// Why, in words.
        description: Option<String>,
    }
}
