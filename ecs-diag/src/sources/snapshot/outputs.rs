//! The table of what is recognised, for the documentation.

use super::{
    build::label,
    table::{Proof, RECORDING_ONLY, ROWS, Shape},
};

/// How the output of an operation is recognised in a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecognisedOutput {
    /// Service, as botocore names it.
    pub service: &'static str,
    /// Operation, as the API names it.
    pub operation: &'static str,
    /// The keys of the output; empty where only a recording can answer the operation.
    pub keys: Vec<&'static str>,
    /// Members that tell its objects from others under the same key: one of these is there.
    pub like: &'static [&'static str],
    /// Another output that answers the operation as well.
    pub also: Option<&'static str>,
    /// A named object that is missing in the output does not exist.
    pub proves_absence: bool,
}

impl RecognisedOutput {
    /// Whether the operation's own output has to be saved as a recording, because it does not say
    /// what was asked.
    pub fn recording_only(&self) -> bool {
        self.keys.is_empty()
    }
}

/// How the output of every operation that a source may be asked is recognised, by service and
/// operation.
///
/// *Like* names members that tell the objects from others under the same key: one of them is
/// there. An operation marked *recording only* prints an output that does not say what was asked;
/// save it as a recording.
///
#[doc = include_str!("../../../docs/snapshot.md")]
pub fn recognised_outputs() -> Vec<RecognisedOutput> {
    let details = Some("`RoleDetailList` (get-account-authorization-details)");
    let mut outputs: Vec<_> = ROWS
        .iter()
        .filter(|row| !matches!(row.shape, Shape::Made))
        .map(|row| RecognisedOutput {
            service: row.service,
            operation: row.operation,
            keys: match row.shape {
                Shape::Whole(keys) => keys.to_vec(),
                _ => vec![row.key()],
            },
            like: row.like,
            also: match (row.service, row.operation) {
                ("iam", "GetPolicy") => {
                    Some("`Policies` (get-account-authorization-details, list-policies)")
                }
                ("iam", _) => details,
                ("secretsmanager", "DescribeSecret") => Some("`SecretList` (list-secrets)"),
                ("ssm", "DescribeParameters") => {
                    Some("`Parameters`, `InvalidParameters` (get-parameters), without the values")
                }
                ("ecs", "DescribeTasks") => Some("EventBridge events"),
                _ => None,
            },
            proves_absence: row.proof != Proof::Named || label(row) != row.key(),
        })
        .chain(RECORDING_ONLY.iter().map(|(service, operation, _, also)| RecognisedOutput {
            service,
            operation,
            keys: Vec::new(),
            like: &[],
            also: Some(*also).filter(|also| !also.is_empty()),
            proves_absence: false,
        }))
        .collect();
    outputs.sort_by_key(|output| (output.service, output.operation));
    outputs
}
