//! The policies that have a say.

use std::sync::Arc;

use super::{Document, Grant};

/// A layer of policies, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Layered<T> {
    /// There is none.
    #[default]
    Absent,
    /// There is one, or may be one, and nobody read it.
    Unread,
    /// Read.
    Read(T),
}

impl<T> Layered<T> {
    /// The layer, where it was read.
    pub fn read(&self) -> Option<&T> {
        match self {
            Self::Read(layer) => Some(layer),
            Self::Absent | Self::Unread => None,
        }
    }
}

/// A policy: its name and its document. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    name: Arc<str>,
    document: Option<Arc<Document>>,
}

impl Policy {
    /// A policy under the name or ARN that explanations call it by.
    pub fn new(name: impl Into<Arc<str>>, document: impl Into<Arc<Document>>) -> Self {
        Self { name: name.into(), document: Some(document.into()) }
    }

    /// A policy that exists and was not read: it may allow or deny anything.
    pub fn unread(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), document: None }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn shared_name(&self) -> Arc<str> {
        self.name.clone()
    }

    /// Its document, where it was read.
    pub fn document(&self) -> Option<&Document> {
        self.document.as_deref()
    }
}

/// One level of an organization: the root, a unit, or the account, with the policies attached to
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// What explanations call it.
    pub name: Arc<str>,
    /// The policies attached to it; one of them has to allow the request.
    pub policies: Layered<Vec<Policy>>,
}

/// Everything that has a say in a request, each layer absent, unread or read.
///
/// Boundaries, session policies and endpoint policies are ceilings if there is at least one;
/// several policies of a layer are taken together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// Managed and inline policies of the caller, and of the groups of a user.
    pub identity: Layered<Vec<Policy>>,
    /// The policy of the resource. For `sts:AssumeRole` the trust policy of the role, for actions
    /// of KMS the key policy.
    pub resource: Layered<Policy>,
    /// The permissions boundary of the caller.
    pub boundaries: Layered<Vec<Policy>>,
    /// The session policies of the caller.
    pub session: Layered<Vec<Policy>>,
    /// Service control policies of the caller's account, level by level. Absent for the management
    /// account, which they do not restrict.
    pub service_control: Layered<Vec<Level>>,
    /// Resource control policies of the resource's account, level by level, with
    /// `RCPFullAWSAccess`. Absent for the management account, which they do not restrict.
    pub resource_control: Layered<Vec<Level>>,
    /// The policies of the VPC endpoint that the request goes through.
    pub endpoint: Layered<Vec<Policy>>,
    /// The grants of the KMS key.
    pub grants: Layered<Vec<Grant>>,
}
