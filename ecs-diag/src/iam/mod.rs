//! Who may do what, decided locally and explained.
//!
//! AWS decides about a request from many policies: those of the caller, of the resource, of the
//! organization, of the network path. This module knows the rules, and takes plain values: it asks
//! nobody, and is useful alone.
//!
//! Much about a request is often not known: a policy that was not read, the value of a context key.
//! Then the answer is [`Decision::Inconclusive`], and says what would settle it, but only if what
//! is not known could change the answer. A definite decision holds whatever the unknown turns out
//! to be.
//!
//! ```
//! use ecs_diag::iam::{self, Decision, Document, Layered, Policies, Policy, Request};
//! use serde_json::json;
//!
//! let document = Document::parse(&json!({
//!     "Version": "2012-10-17",
//!     "Statement": {
//!         "Effect": "Allow",
//!         "Action": "secretsmanager:GetSecretValue",
//!         "Resource": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db",
//!     },
//! }));
//! let policies = Policies {
//!     identity: Layered::Read(vec![Policy::new("read-secrets", document)]),
//!     ..Policies::default()
//! };
//! let request = Request::new(
//!     "arn:aws:iam::111122223333:role/shop-execution".parse()?,
//!     "secretsmanager:GetSecretValue",
//!     "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf",
//! )?;
//!
//! assert_eq!(iam::evaluate(&request, &policies), Decision::ImplicitlyDenied);
//! let explanation = iam::explain(&request, &policies);
//! assert_eq!(explanation.near_misses[0].element, "Resource");
//! # Ok::<(), iam::Invalid>(())
//! ```
//!
//! A [`Document`] is parsed once and evaluated often. [`evaluate`] gives the decision alone and
//! allocates nothing for most policies; [`explain`] says which statement decided, what every layer
//! says, what was missed by little and what is missing.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

mod arn;
mod condition;
mod data;
mod document;
mod evaluate;
mod explain;
mod grant;
mod managed;
mod pattern;
mod policies;
mod principal;
#[cfg(test)]
mod properties;
mod question;
mod request;

use std::fmt;

use serde::Serialize;

pub use document::{Document, Effect, Statement};
pub use evaluate::{bounds, evaluate};
pub use explain::{DecidedBy, Explanation, Missing, NearMiss, Unknown, Verdict, explain};
pub use grant::Grant;
pub use managed::{Managed, managed};
pub use policies::{Layered, Level, Policies, Policy};
pub use principal::Principal;
pub use question::Question;
pub use request::{Context, ContextValue, Request};

/// What AWS answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// A statement denies it.
    ExplicitlyDenied,
    /// No statement denies it, and not everything that has to allow it does.
    ImplicitlyDenied,
    /// Everything that has to allow it does.
    Allowed,
    /// What is not known could change the answer.
    Inconclusive,
}

impl Decision {
    /// The word of the wire form, for instance `implicitly-denied`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExplicitlyDenied => "explicitly-denied",
            Self::ImplicitlyDenied => "implicitly-denied",
            Self::Allowed => "allowed",
            Self::Inconclusive => "inconclusive",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A kind of policy that has a say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Identity-based policies: managed and inline policies of the caller.
    Identity,
    /// The resource-based policy.
    Resource,
    /// The permissions boundary of the caller.
    Boundary,
    /// The session policies of the caller.
    Session,
    /// Service control policies of the caller's account.
    Scp,
    /// Resource control policies of the resource's account.
    Rcp,
    /// The policy of the VPC endpoint that the request goes through.
    Endpoint,
    /// The trust policy of the role that is assumed.
    Trust,
    /// The grants of the KMS key.
    Grant,
}

impl Layer {
    /// All layers, in the order of reports.
    pub const ALL: [Self; 9] = [
        Self::Identity,
        Self::Resource,
        Self::Boundary,
        Self::Session,
        Self::Scp,
        Self::Rcp,
        Self::Endpoint,
        Self::Trust,
        Self::Grant,
    ];

    /// The word of the wire form, for instance `scp`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Resource => "resource",
            Self::Boundary => "boundary",
            Self::Session => "session",
            Self::Scp => "scp",
            Self::Rcp => "rcp",
            Self::Endpoint => "endpoint",
            Self::Trust => "trust",
            Self::Grant => "grant",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What cannot be a request, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(String);

impl Invalid {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// False, unknown or true. The order makes `max` the "or" and `min` the "and" of Kleene's logic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Truth {
    #[default]
    False,
    Unknown,
    True,
}

impl Truth {
    fn of(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }

    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }

    /// The "or" of many.
    fn any(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut any = Self::False;
        for truth in truths {
            any = any.max(truth);
            if any == Self::True {
                break;
            }
        }
        any
    }

    /// The "and" of many.
    fn all(truths: impl IntoIterator<Item = Self>) -> Self {
        Self::any(truths.into_iter().map(Self::not)).not()
    }
}
