//! AWS Systems Manager.

use super::{Time, request, shape};

request! {
    /// Lists parameters, without their values.
    DescribeParameters: "ssm", "DescribeParameters", "PascalCase" => DescribeParametersResponse {
        /// What to list.
        parameter_filters: Vec<ParameterFilter>,
    }
}

impl DescribeParameters {
    /// Asks for the parameter of exactly this name.
    pub fn named(name: &str) -> Self {
        Self {
            parameter_filters: vec![ParameterFilter {
                key: "Name",
                option: "Equals",
                values: vec![name.to_owned()],
            }],
        }
    }
}

/// A condition on parameters.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ParameterFilter {
    /// What is compared.
    pub key: &'static str,
    /// How.
    pub option: &'static str,
    /// With what.
    pub values: Vec<String>,
}

shape! {
    /// Parameters, without their values.
    DescribeParametersResponse: "PascalCase" {
        /// The parameters.
        parameters: Vec<Parameter>,
    }
}

shape! {
    /// A parameter, without its value.
    Parameter: "PascalCase" {
        /// Name.
        name: String,
        /// ARN, where the source gives it.
        #[serde(rename = "ARN")]
        arn: Option<String>,
        /// `String`, `StringList` or `SecureString`.
        #[serde(rename = "Type")]
        kind: Option<String>,
        /// Key that encrypts a `SecureString`.
        key_id: Option<String>,
    }
}

request! {
    /// Describes managed nodes.
    DescribeInstanceInformation: "ssm", "DescribeInstanceInformation", "PascalCase" => DescribeInstanceInformationResponse {
        /// Conditions.
        filters: Vec<InstanceFilter>,
    }
}

impl DescribeInstanceInformation {
    /// Asks for managed nodes by id.
    pub fn of(ids: impl IntoIterator<Item = String>) -> Self {
        Self {
            filters: vec![InstanceFilter { key: "InstanceIds", values: ids.into_iter().collect() }],
        }
    }
}

/// A condition on managed nodes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceFilter {
    /// What is compared.
    pub key: &'static str,
    /// With what.
    pub values: Vec<String>,
}

shape! {
    /// Managed nodes.
    DescribeInstanceInformationResponse: "PascalCase" {
        /// The managed nodes.
        instance_information_list: Vec<InstanceInformation>,
    }
}

shape! {
    /// A managed node: a server with SSM Agent.
    InstanceInformation: "PascalCase" {
        /// Id, for instance `mi-0123456789abcdef0`.
        instance_id: String,
        /// `Online`, `ConnectionLost` or `Inactive`.
        ping_status: Option<String>,
        /// When it was last heard of.
        last_ping_date_time: Option<Time>,
        /// Operating system, for instance `Ubuntu`.
        platform_name: Option<String>,
        /// Version of the operating system.
        platform_version: Option<String>,
    }
}

request! {
    /// Lists activations.
    DescribeActivations: "ssm", "DescribeActivations", "PascalCase" => DescribeActivationsResponse {
    }
}

shape! {
    /// Activations.
    DescribeActivationsResponse: "PascalCase" {
        /// The activations.
        activation_list: Vec<Activation>,
    }
}

shape! {
    /// A permission to register servers as managed nodes.
    Activation: "PascalCase" {
        /// Id.
        activation_id: String,
        /// Role of the servers.
        iam_role: Option<String>,
        /// How many servers may be registered.
        registration_limit: Option<i64>,
        /// How many servers were registered.
        registrations_count: Option<i64>,
        /// When it expires.
        expiration_date: Option<Time>,
        /// Whether it has expired.
        expired: bool,
    }
}
