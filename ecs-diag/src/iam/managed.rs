//! Policies that AWS manages.
//!
//! Their documents are the same in every account, and seldom change. Those that matter for ECS come
//! with the crate, each with its version and the day that version was created.
//!
//! Source: <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/about-managed-policy-reference.html>

use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde_json::Value;

use super::{Document, Policy};

/// One policy a line.
const FILE: &str = include_str!("managed.jsonl");

/// A policy that AWS manages, as it was in April 2026.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Managed {
    /// Its ARN in the partition `aws`.
    pub arn: Arc<str>,
    /// The id of the version, for instance `v1`.
    pub version: String,
    /// The day the version was created, for instance `2017-11-16`.
    pub date: String,
    /// Its document.
    pub document: Arc<Document>,
}

impl Managed {
    /// The policy, for evaluation.
    pub fn policy(&self) -> Policy {
        Policy::new(self.arn.clone(), self.document.clone())
    }
}

/// All policies that come with the crate, by ARN.
static MANAGED: LazyLock<Vec<Managed>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Line {
        arn: String,
        version: String,
        date: String,
        document: Value,
    }
    let lines = FILE.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines
        .map(|Line { arn, version, date, document }| Managed {
            arn: arn.into(),
            version,
            date,
            document: Arc::new(Document::parse(&document)),
        })
        .collect()
});

/// The policy that AWS manages under this ARN, of any partition, if it comes with the crate. Another
/// one is unknown.
///
/// ```
/// let policy = ecs_diag::iam::managed(
///     "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
/// );
/// assert_eq!(policy.unwrap().version, "v1");
/// ```
pub fn managed(arn: &str) -> Option<&'static Managed> {
    let (partition, path) = arn.strip_prefix("arn:")?.split_once(":iam::aws:")?;
    if !partition.starts_with("aws") {
        return None;
    }
    MANAGED.iter().find(|policy| policy.arn.strip_prefix("arn:aws:iam::aws:") == Some(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_read_whole() {
        assert_eq!(MANAGED.len(), FILE.lines().count());
        assert!(MANAGED.is_sorted_by(|one, other| one.arn < other.arn));
        for policy in MANAGED.iter() {
            assert!(policy.version.starts_with('v') && policy.date.len() == 10, "{policy:?}");
            for statement in policy.document.statements() {
                assert_eq!(statement.problem(), None, "{}", policy.arn);
            }
        }
    }

    #[test]
    fn policies_are_found_in_every_partition() {
        let path = "iam::aws:policy/AmazonSSMManagedInstanceCore";
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let found = managed(&format!("arn:{partition}:{path}")).unwrap();
            assert_eq!((&*found.version, &*found.date), ("v2", "2019-05-23"));
        }
        for arn in ["", "arn:", "arn:x:iam::aws:policy/AdministratorAccess", "AdministratorAccess"]
        {
            assert_eq!(managed(arn), None, "{arn}");
        }
        assert_eq!(managed("arn:aws:iam::aws:policy/ReadOnlyAccess"), None);
    }
}
