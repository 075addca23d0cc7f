use super::NOTHING_ENCRYPTED;
use crate::{
    check::{Check, Cx, Meta, check},
    checks::secrets::keys,
    facts::Missing,
    finding::{Evidence, Finding},
};

check! {
    /// Which secrets and parameters are encrypted with a customer managed key
    ///
    /// # What it looks at
    /// The key of every secret and of every parameter of type `SecureString` that the task refers
    /// to, as `DescribeSecret` and `DescribeParameters` name it, and whether `DescribeKey` says that
    /// a customer manages it.
    ///
    /// # Why it matters
    /// For AWS managed keys (`aws/secretsmanager`, `aws/ssm`) the right to read the secret or
    /// parameter is enough. For a customer managed key, the execution role needs `kms:Decrypt` on
    /// the key as well, and the key's policy has to allow it. The keys are used by Secrets Manager
    /// and Systems Manager: the task needs no way to KMS.
    ///
    /// # How to fix it
    /// Nothing is wrong. Allow `kms:Decrypt` on the ARN of the key, not on its alias.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html>,
    /// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html>
    CustomerKeyDetect {
        id: "kms-customer-key-detect",
        domain: "kms",
        phase: Secrets,
        causes: [],
        explains: [],
    }
}

impl Check for CustomerKeyDetect {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(keys) = keys(cx)? else { return cx.not_applicable(NOTHING_ENCRYPTED) };
        for key in keys {
            let Some(found) = &key.found else { continue };
            let metadata = &found.key_metadata;
            let finding = Finding::info(format!(
                "customer managed key `{}` encrypts {}",
                metadata.key_id,
                key.encrypts.join(", ")
            ))
            .detail(format!(
                "to read that, the execution role needs `kms:Decrypt` on `{}`, and the key's policy \
                 has to allow it",
                metadata.arn
            ))
            .evidence(
                Evidence::new(key.query.clone(), "/KeyMetadata/KeyManager", "CUSTOMER")
                    .object(&metadata.arn),
            );
            cx.report(key.finding(finding));
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::key_state::tests::{KEY, encrypted};
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| encrypted(world, "Enabled"),
        passes: |_| {},
        unknown: |world| {
            encrypted(world, "Enabled");
            world.deny("kms:DescribeKey");
        },
        near_miss: |world| {
            encrypted(world, "Enabled");
            world.set("secret", "/KmsKeyId", json!("alias/aws/secretsmanager"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("kms-customer-key-detect"), @"
        info: customer managed key `0a1b2c3d-1111-2222-3333-444455556666` encrypts secret `shop/db` (container `app`)
          to read that, the execution role needs `kms:Decrypt` on `arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-1111-2222-3333-444455556666`, and the key's policy has to allow it
          @ AWS::KMS::Key 0a1b2c3d-1111-2222-3333-444455556666
        ");
    }

    #[test]
    fn the_spellings_of_a_key_are_one_key() {
        let mut world = EXAMPLES.failing();
        let id = KEY.rsplit('/').next().unwrap();
        world.set("Parameters", "/Parameters/0/Type", json!("SecureString")).set(
            "Parameters",
            "/Parameters/0/KeyId",
            json!(id),
        );
        let outcome = world.outcome("kms-customer-key-detect");
        assert_eq!(outcome.findings.len(), 1, "{outcome:?}");
        assert!(outcome.findings[0].summary.contains("secret `shop/db`"), "{outcome:?}");
        assert!(outcome.findings[0].summary.contains("parameter `/shop/flag`"), "{outcome:?}");
        // Which key it is has to be said.
        world.set("Parameters", "/Parameters/0/KeyId", Value::Null);
        assert_eq!(world.outcome("kms-customer-key-detect").status, Status::Unknown);
        let mut world = World::default();
        world.set("Parameters", "/Parameters/0/Type", json!("SecureString")).set(
            "Parameters",
            "/Parameters/0/KeyId",
            json!("alias/aws/ssm"),
        );
        let outcome = world.outcome("kms-customer-key-detect");
        assert!(outcome.status == Status::Passed && outcome.findings.is_empty());
    }
}
