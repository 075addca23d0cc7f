//! Secrets and parameters: what the task refers to, and whether it is there to be read.

mod env_file;
mod keys;
mod reference;

pub(super) use keys::{Key, keys, severity as key_severity};

use crate::{
    aws::Request,
    check::Cx,
    facts::{self, Missing},
};
use reference::References;

super::checks! {
    ref_kind: RefKind,
    ssm_same_region_name: SsmSameRegionName,
    ssm_exists: SsmExists,
    ssm_asm_reference: SsmAsmReference,
    ssm_selector: SsmSelector,
    asm_arn_shape: AsmArnShape,
    asm_stage_and_id: AsmStageAndId,
    asm_jsonkey_support: AsmJsonkeySupport,
    asm_exists: AsmExists,
    asm_recreated_suffix: AsmRecreatedSuffix,
    asm_scheduled_deletion: AsmScheduledDeletion,
    asm_version_exists: AsmVersionExists,
    asm_cross_account: AsmCrossAccount,
    asm_cross_region: AsmCrossRegion,
    logsecret_support: LogsecretSupport,
    windows_ec2: WindowsEc2,
    duplicate_name: DuplicateName,
    env_s3_arn: EnvS3Arn,
    env_exists: EnvExists,
    env_support: EnvSupport,
    env_format: EnvFormat,
}

/// Why the checks of secrets have nothing to ask.
const NO_SECRETS: &str = "no container refers to a secret of Secrets Manager";

/// Asks ahead what the checks ask once a remedy is applied. That there is no answer is no obstacle.
fn ask_ahead<R: Request>(cx: &Cx<'_>, region: Option<&str>, request: &R) -> Result<(), Missing> {
    facts::at_hand(cx.get_in(region, request)).map(drop)
}
