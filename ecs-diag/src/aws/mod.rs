//! The AWS API as far as a diagnosis reads it: one file a service, with its requests and the
//! fields that are read of the answers.
//!
//! Answers are read leniently: members that are absent, `null` or unknown do no harm.

mod arn;
pub mod autoscaling;
pub mod cloudtrail;
pub mod ec2;
pub mod ecr;
pub mod ecs;
pub mod efs;
pub mod elbv2;
pub mod iam;
pub mod kms;
pub mod logs;
mod operations;
pub(crate) mod regions;
pub mod s3;
pub mod secretsmanager;
pub mod servicediscovery;
pub mod servicequotas;
pub mod ssm;
pub(crate) mod user_data;
mod values;

use serde::{Serialize, de::DeserializeOwned};

pub use arn::Arn;
pub use operations::{OPERATIONS, Operation, operation};
pub use values::{Document, Text, Time};
pub(crate) use values::{REDACTED, percent_decoded};

use crate::Query;

/// A typed read of the API: the request, and the shape of its answer.
pub trait Request: Serialize {
    /// What is read of the answer.
    type Response: DeserializeOwned + Send + Sync + 'static;
    /// Service, as botocore names it.
    const SERVICE: &'static str;
    /// Operation, as the API names it.
    const OPERATION: &'static str;

    /// The query that asks this of the target's region.
    fn query(&self) -> Query {
        Query::new(Self::SERVICE, Self::OPERATION, &serde_json::to_value(self).unwrap_or_default())
    }
}

/// Declares a request: its fields are the input members, in the API's spelling.
macro_rules! request {
    ($(#[$doc:meta])* $name:ident: $service:literal, $operation:literal, $case:literal => $response:ty {
        $($(#[$field_meta:meta])* $field:ident: $type:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
        #[serde(rename_all = $case)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl $crate::aws::Request for $name {
            type Response = $response;
            const SERVICE: &'static str = $service;
            const OPERATION: &'static str = $operation;
        }
    };
}

/// Declares the shape of an answer or of a part of one; `null` and absent are the default.
macro_rules! shape {
    ($(#[$doc:meta])* $name:ident: $case:literal {
        $($(#[$field_meta:meta])* $field:ident: $type:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
        #[serde(rename_all = $case, default)]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(deserialize_with = "crate::aws::values::null_as_default")]
                pub $field: $type,
            )*
        }
    };
}

pub(crate) use {request, shape};
