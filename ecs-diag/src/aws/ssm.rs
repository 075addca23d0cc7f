//! AWS Systems Manager.

use super::{request, shape};

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
