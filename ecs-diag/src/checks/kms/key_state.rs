use serde_json::Value;

use super::NOTHING_ENCRYPTED;
use crate::{
    check::{Check, Cx, Meta, check},
    checks::secrets::{Key, key_severity, keys},
    edit::{Edit, Object},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Severity},
    shell::{self, quoted},
};

check! {
    /// The keys of secrets and parameters can be used
    ///
    /// # What it looks at
    /// The customer managed key of every secret and `SecureString` parameter that the task refers
    /// to: whether `DescribeKey` finds it in a state in which it decrypts. Keys that are disabled,
    /// await their deletion, lack their material, are still being made or whose key store is not
    /// connected do not.
    ///
    /// # Why it matters
    /// Secrets Manager and Systems Manager decrypt with that key on behalf of the execution role.
    /// Where they cannot, the task stops with `DecryptionFailure`, `Access to KMS is not allowed` or
    /// `InvalidKeyId`, whatever the policies allow.
    ///
    /// # How to fix it
    /// Enable the key, or cancel its deletion and enable it then. What was encrypted with a key that
    /// is gone is gone: put a new value, under another key.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>,
    /// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html>
    KeyState {
        id: "kms-key-state",
        domain: "kms",
        phase: Secrets,
        causes: [IamKmsDecrypt],
        explains: [],
    }
}

impl Check for KeyState {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(keys) = keys(cx)? else { return cx.not_applicable(NOTHING_ENCRYPTED) };
        let severity = key_severity(cx)?;
        cx.each(&keys, |cx, key| {
            let Some(found) = &key.found else {
                missing(cx, key, severity);
                return Ok(());
            };
            let metadata = &found.key_metadata;
            let Some(state) = metadata.key_state.as_deref() else {
                return Err(Missing::undecided(
                    key.query.clone(),
                    "the answer does not say in what state the key is",
                ));
            };
            let Some((what, remedy)) = broken(state, key) else { return Ok(()) };
            let finding = Finding::of(severity, format!("key `{}` {what}", metadata.key_id))
                .detail(format!(
                    "it encrypts {}, which nobody can read while the key is in the state `{state}`",
                    key.encrypts.join(", ")
                ))
                .evidence(
                    Evidence::new(key.query.clone(), "/KeyMetadata/KeyState", state)
                        .object(&metadata.arn),
                )
                .remedy(remedy);
            cx.report(key.finding(finding));
            Ok(())
        });
        Ok(())
    }
}

/// What a state means, if a key in it does not decrypt, and what to do.
fn broken(state: &str, key: &Key) -> Option<(&'static str, Remedy)> {
    let metadata = &key.found.as_ref()?.key_metadata;
    let command = |name: &str| {
        format!(
            "aws kms {name} --key-id {}{}",
            quoted(&metadata.arn),
            shell::region_option(key.region.as_deref())
        )
    };
    let enabled = |remedy: Remedy| {
        let object = Object::new("KeyMetadata", "Arn", metadata.arn.clone());
        remedy.command(command("enable-key")).edit(Edit::Set(
            object,
            "/KeyState".to_owned(),
            "Enabled".into(),
        ))
    };
    Some(match state {
        "Disabled" => ("is disabled", enabled(Remedy::new("enable the key"))),
        "PendingDeletion" | "PendingReplicaDeletion" => (
            "awaits its deletion",
            enabled(
                Remedy::new("cancel the deletion, and enable the key, which is disabled then")
                    .command(command("cancel-key-deletion")),
            ),
        ),
        "PendingImport" => ("has no key material", Remedy::new("import the key material again")),
        "Unavailable" => (
            "cannot be reached: its key store is not connected",
            Remedy::new("connect the custom key store"),
        ),
        "Creating" => ("is still being made", Remedy::new("wait until the key is enabled")),
        _ => return None,
    })
}

fn missing(cx: &mut Cx<'_>, key: &Key, severity: Severity) {
    let place = key.region.as_deref().map_or(String::new(), |region| format!(" in `{region}`"));
    let finding = Finding::of(severity, format!("key `{}` does not exist{place}", key.id))
        .detail(format!("it encrypted {}, which nobody can read any more", key.encrypts.join(", ")))
        .evidence(Evidence::new(key.query.clone(), "/KeyMetadata", Value::Null))
        .remedy(Remedy::new("put a new value, under a key that exists"));
    cx.report(key.finding(finding));
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, SECRET, World},
        report::Confidence,
    };

    pub(in crate::checks::kms) const KEY: &str =
        "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-1111-2222-3333-444455556666";

    const MESSAGE: &str = "ResourceInitializationError: unable to pull secrets or registry auth: \
        execution resource retrieval failed: unable to retrieve secret from asm: service call has \
        been retried 1 time(s): failed to fetch secret \
        arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf from secrets manager: \
        DecryptionFailure: arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-1111-2222-3333-\
        444455556666 is disabled. (Service: AWSKMS; Status Code: 400; Error Code: DisabledException)";

    /// The secret has a customer key in that state.
    pub(in crate::checks::kms) fn encrypted(world: &mut World, state: &str) {
        let id = KEY.rsplit('/').next().unwrap();
        world.stopped(MESSAGE).set("secret", "/KmsKeyId", json!(KEY)).output(
            "KeyMetadata",
            json!({"KeyMetadata": {
                "KeyId": id, "Arn": KEY, "AWSAccountId": "111122223333", "KeyManager": "CUSTOMER",
                "Enabled": state == "Enabled", "KeyState": state,
            }}),
        );
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| encrypted(world, "Disabled"),
        passes: |world| encrypted(world, "Enabled"),
        unknown: |world| {
            encrypted(world, "Disabled");
            world.without("KeyMetadata");
        },
        near_miss: |world| {
            // It was enabled since.
            encrypted(world, "Enabled");
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("kms-key-state"), @"
        blocker: key `0a1b2c3d-1111-2222-3333-444455556666` is disabled
          it encrypts secret `shop/db` (container `app`), which nobody can read while the key is in the state `Disabled`
          @ AWS::KMS::Key 0a1b2c3d-1111-2222-3333-444455556666
          fix (verified): enable the key
          $ aws kms enable-key --key-id arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-1111-2222-3333-444455556666 --region eu-west-1
        ");
    }

    #[test]
    fn a_disabled_key_is_the_cause_of_what_it_says() {
        let report = EXAMPLES.failing().report();
        assert_eq!(report.cause().unwrap().check, "kms-key-state");
        assert_eq!(report.root_causes[0].confidence, Confidence::Certain);
    }

    #[test]
    fn what_aws_denied_was_not_for_want_of_the_key() {
        let mut world = EXAMPLES.failing();
        world.stopped(&format!(
            "ResourceInitializationError: unable to pull secrets or registry auth: execution \
             resource retrieval failed: unable to retrieve secret from asm: service call has been \
             retried 1 time(s): failed to fetch secret {SECRET} from secrets manager: \
             AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/x/y is not \
             authorized to perform: secretsmanager:GetSecretValue on resource: {SECRET} because no \
             identity-based policy allows the secretsmanager:GetSecretValue action"
        ));
        let report = world.report();
        let cause = report
            .root_causes
            .iter()
            .find(|cause| report.findings[cause.finding].check == "kms-key-state");
        assert_ne!(cause.unwrap().confidence, Confidence::Certain, "{report:?}");
    }

    #[test]
    fn only_some_states_decrypt() {
        for (state, status, verified) in [
            ("Enabled", Status::Passed, false),
            ("Updating", Status::Passed, false),
            ("Disabled", Status::Failed, true),
            ("PendingDeletion", Status::Failed, true),
            ("PendingImport", Status::Failed, false),
            ("Unavailable", Status::Failed, false),
        ] {
            let mut world = World::default();
            encrypted(&mut world, state);
            assert_eq!(world.outcome("kms-key-state").status, status, "{state}");
            assert_eq!(world.verified("kms-key-state"), verified, "{state}");
        }
    }

    #[test]
    fn a_key_that_is_gone_is_told_under_the_name_it_has() {
        let mut world = World::default();
        encrypted(&mut world, "Disabled");
        world.without("KeyMetadata").recorded_error(
            "kms",
            "DescribeKey",
            &json!({"KeyId": KEY}),
            "NotFoundException",
        );
        let outcome = world.outcome("kms-key-state");
        assert!(outcome.findings[0].summary.contains("does not exist"), "{outcome:?}");
    }
}
