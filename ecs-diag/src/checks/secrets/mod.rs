//! Secrets and parameters: what the task refers to, and whether it is there to be read.

mod reference;

use crate::{
    aws::Request,
    check::Cx,
    facts::{self, Missing},
};
use reference::References;

super::checks! {
    ref_kind: RefKind,
    ssm_exists: SsmExists,
    asm_arn_shape: AsmArnShape,
    asm_exists: AsmExists,
    asm_recreated_suffix: AsmRecreatedSuffix,
    asm_scheduled_deletion: AsmScheduledDeletion,
    asm_version_exists: AsmVersionExists,
}

/// Why the checks of secrets have nothing to ask.
const NO_SECRETS: &str = "no container refers to a secret of Secrets Manager";

/// Asks ahead what the checks ask once a remedy is applied. That there is no answer is no obstacle.
fn ask_ahead<R: Request>(cx: &Cx<'_>, region: Option<&str>, request: &R) -> Result<(), Missing> {
    facts::at_hand(cx.get_in(region, request)).map(drop)
}
