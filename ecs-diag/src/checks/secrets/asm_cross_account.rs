use serde_json::Value;

use super::{NO_SECRETS, References, keys, reference::Secret};
use crate::{
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    shell::{self, quoted},
};

check! {
    /// Secrets of other accounts are encrypted with a key that can be shared
    ///
    /// # What it looks at
    /// Every secret whose ARN names another account than the task's: whether `DescribeSecret` shows
    /// that it is encrypted with a customer managed key. Where it is, the check says who must allow
    /// what.
    ///
    /// # Why it matters
    /// The AWS managed key `aws/secretsmanager` works for its own account only: Secrets Manager
    /// refuses to give the secret to another one, whatever its policies say.
    ///
    /// # How to fix it
    /// In the secret's account, encrypt the secret with a customer managed key, and let the secret's
    /// resource policy and the key's policy name the execution role. In the task's account, let the
    /// role read both.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html>
    AsmCrossAccount {
        id: "sec-asm-cross-account",
        domain: "secrets",
        phase: Secrets,
        causes: [IamKmsDecrypt],
        explains: [],
    }
}

impl Check for AsmCrossAccount {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let secrets = References::of(cx)?.secrets;
        if secrets.is_empty() {
            return cx.not_applicable(NO_SECRETS);
        }
        cx.each(
            secrets,
            |cx, secret| {
                if secret.is_foreign(cx) { foreign(cx, &secret) } else { Ok(()) }
            },
        );
        Ok(())
    }
}

fn foreign(cx: &mut Cx<'_>, secret: &Secret) -> Result<(), Missing> {
    let region = secret.region(cx);
    let region = region.as_deref();
    let request = secret.request();
    let query = cx.query_in(region, &request);
    let Some(answer) = cx.get_in(region, &request)? else { return Ok(()) };
    if answer.arn.is_empty() {
        return Err(Missing::undecided(query, "the answer does not name the secret"));
    }
    let account = secret.arn.as_ref().map_or("", |arn| arn.account.as_str());
    let name = &answer.name;
    let by = secret.named_by();
    let evidence = |key: Option<&str>| {
        Evidence::new(query.clone(), "/KmsKeyId", key.map_or(Value::Null, Value::from)).object(name)
    };
    let key = answer.kms_key_id.as_deref();
    let severity = keys::severity(cx)?;
    let finding = match key.filter(|key| !key.ends_with("alias/aws/secretsmanager")) {
        None => Finding::of(
            severity,
            format!(
                "secret `{name}` of account `{account}` is encrypted with the AWS managed key \
             `aws/secretsmanager`, which is not for other accounts"
            ),
        )
        .detail(format!(
            "{by} needs it before it starts, and Secrets Manager gives a secret under that key to \
             its own account only"
        ))
        .evidence(evidence(key))
        .remedy(
            Remedy::new(format!(
                "in account `{account}`, encrypt the secret with a customer managed key whose \
                 policy lets the execution role decrypt"
            ))
            .command(format!(
                "aws secretsmanager update-secret --secret-id {} --kms-key-id KEY_ARN{}",
                quoted(&answer.arn),
                shell::region_option(region)
            )),
        ),
        Some(key) => Finding::info(format!("secret `{name}` belongs to account `{account}`"))
            .detail(format!(
                "{by} can read it only if its resource policy and the policy of the key `{key}` \
                 allow the execution role, and the role's own policies allow both"
            ))
            .evidence(evidence(Some(key))),
    };
    cx.report(secret.finding(finding));
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, SECRET, World},
        finding::Severity,
    };

    const MESSAGE: &str = "ResourceInitializationError: unable to pull secrets or registry auth: \
        execution resource retrieval failed: unable to retrieve secret from asm: service call has \
        been retried 1 time(s): failed to fetch secret \
        arn:aws:secretsmanager:eu-west-1:999988887777:secret:shop/db-AbCdEf from secrets manager: \
        AccessDeniedException: Access to KMS is not allowed";

    fn foreign(world: &mut World, key: &Value) {
        let arn = SECRET.replace("111122223333", "999988887777");
        world
            .stopped(MESSAGE)
            .container("/secrets/0/valueFrom", json!(format!("{arn}:password::")))
            .recorded(
                "secretsmanager",
                "DescribeSecret",
                &json!({"SecretId": arn}),
                &json!({
                    "ARN": arn, "Name": "shop/db", "KmsKeyId": key,
                    "CreatedDate": "2026-01-10T08:00:00Z",
                    "VersionIdsToStages": {"a1b2c3d4-0000-0000-0000-000000000001": ["AWSCURRENT"]},
                }),
            );
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| foreign(world, &Value::Null),
        passes: |_| {},
        unknown: |world| {
            foreign(world, &Value::Null);
            world.deny("secretsmanager:DescribeSecret");
        },
        near_miss: |world| {
            // A secret of the task's own account may have any key.
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-asm-cross-account"), @"
        blocker: secret `shop/db` of account `999988887777` is encrypted with the AWS managed key `aws/secretsmanager`, which is not for other accounts
          container `app` needs it before it starts, and Secrets Manager gives a secret under that key to its own account only
          @ AWS::SecretsManager::Secret shop/db-AbCdEf
          fix: in account `999988887777`, encrypt the secret with a customer managed key whose policy lets the execution role decrypt
          $ aws secretsmanager update-secret --secret-id arn:aws:secretsmanager:eu-west-1:999988887777:secret:shop/db-AbCdEf --kms-key-id KEY_ARN --region eu-west-1
        ");
    }

    #[test]
    fn a_customer_key_can_be_shared() {
        let mut world = World::default();
        foreign(&mut world, &json!("arn:aws:kms:eu-west-1:999988887777:key/1"));
        let outcome = world.outcome("sec-asm-cross-account");
        assert_eq!(outcome.status, Status::Passed);
        assert_eq!(outcome.findings[0].severity, Severity::Info);
    }
}
