//! Facts about services that no policy says.

use super::Truth;

/// Operations that know no resources: only a statement for `*` is about them. In lower case; `*` at
/// the end stands for the rest of the name.
///
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>,
/// of September 2026.
const WILDCARD_ONLY: [&str; 13] = [
    "ecr:getauthorizationtoken",
    "ssmmessages:createcontrolchannel",
    "ssmmessages:createdatachannel",
    "ssmmessages:opencontrolchannel",
    "ssmmessages:opendatachannel",
    "logs:describeloggroups",
    "ecs:discoverpollendpoint",
    "ec2messages:*",
    "guardduty:sendsecuritytelemetry",
    "fsx:describefilesystems",
    "elasticloadbalancing:describe*",
    "ec2:describe*",
    "xray:put*",
];

/// Whether an operation, in lower case, knows no resources.
pub(super) fn is_wildcard_only(action: &str) -> bool {
    WILDCARD_ONLY.iter().any(|known| match known.strip_suffix('*') {
        Some(prefix) => action.starts_with(prefix),
        None => *known == action,
    })
}

/// Services whose resources resource control policies are documented to protect. AWS adds to them:
/// about another one nothing can be said.
///
/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>,
/// of 2026.
const RCP_SERVICES: [&str; 6] = ["s3", "sts", "kms", "sqs", "secretsmanager", "ecr"];

/// Whether resource control policies apply to a service, in lower case.
pub(super) fn rcp_supported(service: &str) -> Truth {
    if RCP_SERVICES.contains(&service) { Truth::True } else { Truth::Unknown }
}

/// Operations on a key of another account that can work at all, in lower case.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html>
const KMS_CROSS_ACCOUNT: [&str; 20] = [
    "creategrant",
    "decrypt",
    "derivesharedsecret",
    "describekey",
    "encrypt",
    "generatedatakey",
    "generatedatakeypair",
    "generatedatakeypairwithoutplaintext",
    "generatedatakeywithoutplaintext",
    "generatemac",
    "getkeyrotationstatus",
    "getpublickey",
    "listgrants",
    "reencryptfrom",
    "reencryptto",
    "retiregrant",
    "revokegrant",
    "sign",
    "verify",
    "verifymac",
];

/// Whether an operation of KMS, in lower case, works on keys of other accounts.
pub(super) fn kms_cross_account(operation: &str) -> bool {
    KMS_CROSS_ACCOUNT.contains(&operation)
}

/// Operations that a grant can allow, in lower case.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations>
const KMS_GRANTABLE: [&str; 17] = [
    "creategrant",
    "decrypt",
    "derivesharedsecret",
    "describekey",
    "encrypt",
    "generatedatakey",
    "generatedatakeypair",
    "generatedatakeypairwithoutplaintext",
    "generatedatakeywithoutplaintext",
    "generatemac",
    "getpublickey",
    "reencryptfrom",
    "reencryptto",
    "retiregrant",
    "sign",
    "verify",
    "verifymac",
];

/// Whether a grant can allow an operation of KMS, in lower case.
pub(super) fn kms_grantable(operation: &str) -> bool {
    KMS_GRANTABLE.contains(&operation)
}

/// Keys that can have several values, in lower case.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
const MULTIVALUED: [&str; 8] = [
    "aws:calledvia",
    "aws:principalorgpaths",
    "aws:principalservicenameslist",
    "aws:resourceorgpaths",
    "aws:tagkeys",
    "kms:encryptioncontextkeys",
    "kms:grantoperations",
    "kms:resourcealiases",
];

/// Whether a key, in lower case, can have several values.
pub(super) fn is_multivalued(key: &str) -> bool {
    MULTIVALUED.contains(&key)
}
