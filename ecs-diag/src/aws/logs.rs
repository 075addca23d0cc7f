//! Amazon CloudWatch Logs.

use super::{request, shape};

request! {
    /// Lists log groups whose names begin with a prefix.
    DescribeLogGroups: "logs", "DescribeLogGroups", "camelCase" => DescribeLogGroupsResponse {
        /// Prefix of the names.
        log_group_name_prefix: String,
    }
}

shape! {
    /// Log groups.
    DescribeLogGroupsResponse: "camelCase" {
        /// The log groups.
        log_groups: Vec<LogGroup>,
    }
}

shape! {
    /// A log group.
    LogGroup: "camelCase" {
        /// Name.
        log_group_name: String,
        /// ARN, ending in `:*`.
        arn: Option<String>,
        /// Milliseconds since the epoch.
        creation_time: Option<i64>,
        /// Key that encrypts it, if one does.
        kms_key_id: Option<String>,
    }
}
