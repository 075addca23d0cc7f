//! `iam-policy`.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Failure, Io};
use crate::aws::OPERATIONS;

/// Prints the policy that allows what the built-in checks ask, and nothing else.
pub(super) fn run(io: &mut Io<'_>) -> Result<(), Failure> {
    let asked = OPERATIONS.iter().filter(|operation| operation.is_asked);
    let actions: BTreeSet<_> = asked.flat_map(|operation| operation.iam_actions).collect();
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{"Sid": "EcsDiag", "Effect": "Allow", "Action": actions, "Resource": "*"}],
    });
    io.write(format!("{policy:#}\n").as_bytes())?;
    Ok(())
}
