use super::{NO_SECRETS, References, reference::Mention};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
};

check! {
    /// Every ARN of a secret has no field behind it, or all three
    ///
    /// # What it looks at
    /// Every `valueFrom` that is the ARN of a secret: behind `secret:NAME` stands nothing, or
    /// `:json-key:version-stage:version-id`, each of which may be empty.
    ///
    /// # Why it matters
    /// ECS refuses any other number of fields with `an invalid ARN format for the AWS Secrets
    /// Manager secret was specified`. Mostly the two colons behind the JSON key are missing.
    ///
    /// # How to fix it
    /// Write `…:secret:NAME-AbCdEf:KEY::` for a key of the current version.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html>
    AsmArnShape {
        id: "sec-asm-arn-shape",
        domain: "secrets",
        phase: Secrets,
        causes: [SecretBadReference],
        explains: [],
    }
}

impl Check for AsmArnShape {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let secrets = References::of(cx)?.secrets;
        if secrets.is_empty() {
            return cx.not_applicable(NO_SECRETS);
        }
        cx.each(secrets, |cx, mut secret| {
            secret.mentions.retain(|mention| mention.fields().is_none());
            let Some(first) = secret.mentions.first() else { return Ok(()) };
            let task_definition = cx.definition()?;
            let query = cx.query(&cx.definition_request()?);
            let mut texts: Vec<_> =
                secret.mentions.iter().map(|mention| format!("`{}`", mention.text)).collect();
            texts.dedup();
            let corrections: Vec<_> = secret
                .mentions
                .iter()
                .map(|mention| corrected(mention).map(|text| (mention, text)))
                .collect();
            let mut remedy = match corrected(first) {
                Some(text) => Remedy::new(format!("set `valueFrom` to `{text}`")),
                None => Remedy::new(format!(
                    "put nothing or three fields, `:json-key:version-stage:version-id`, behind `{}`",
                    secret.id
                )),
            };
            for (mention, text) in corrections.into_iter().flatten() {
                if mention.pointer != first.pointer {
                    remedy = remedy.step(format!("set `{}` to `{text}`", mention.pointer));
                }
                remedy = remedy.edit(definition::set(&task_definition, &mention.pointer, text));
            }
            let mut finding = Finding::blocker(format!(
                "{} has {} behind the name of the secret, not none or three",
                texts.join(", "),
                counted(first)
            ))
            .detail(format!(
                "ECS refuses the ARN in {}: behind `secret:NAME` must stand nothing or \
                 `:json-key:version-stage:version-id`, empty fields included",
                secret.named_by()
            ));
            for mention in &secret.mentions {
                let pointer = format!("/taskDefinition{}", mention.pointer);
                let evidence = Evidence::new(query.clone(), pointer, mention.text.clone());
                finding = finding.evidence(evidence);
            }
            let remedy = definition::deployed(cx, &task_definition, remedy);
            cx.report(secret.finding(finding).remedy(remedy));
            Ok(())
        });
        Ok(())
    }
}

/// "one field", "two fields", …
fn counted(mention: &Mention) -> String {
    match mention.tail.matches(':').count() {
        1 => "one field".to_owned(),
        2 => "two fields".to_owned(),
        count => format!("{count} fields"),
    }
}

/// The reference with the colons that it lacks, or without those that it has too many of.
fn corrected(mention: &Mention) -> Option<String> {
    let secret = mention.text.strip_suffix(mention.tail.as_str())?;
    let fields: Vec<_> = mention.tail.split(':').skip(1).collect();
    let [key, stage, version] = match *fields.as_slice() {
        [""] => return Some(secret.to_owned()),
        [stage @ ("AWSCURRENT" | "AWSPREVIOUS" | "AWSPENDING")] => ["", stage, ""],
        [version] if is_version(version) => ["", "", version],
        [key] => [key, "", ""],
        [key, stage] => [key, stage, ""],
        [key, stage, version, ref more @ ..] if more.iter().all(|field| field.is_empty()) => {
            [key, stage, version]
        }
        _ => return None,
    };
    Some(format!("{secret}:{key}:{stage}:{version}"))
}

/// Version ids are UUIDs.
fn is_version(text: &str) -> bool {
    let lengths: Vec<_> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, SECRET, World},
    };

    const MESSAGE: &str = "ResourceInitializationError: unable to pull secrets or registry auth: \
        execution resource retrieval failed: unable to retrieve secret from asm: service call has \
        been retried 1 time(s): trying to retrieve secret with value \
        arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf:password resulted in \
        error: an invalid ARN format for the AWS Secrets Manager secret was specified. Specify a \
        valid ARN and try again.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            let text = format!("{SECRET}:password");
            world.stopped(MESSAGE).container("/secrets/0/valueFrom", json!(text));
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-asm-arn-shape"), @"
        blocker: `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf:password` has one field behind the name of the secret, not none or three
          ECS refuses the ARN in container `app`: behind `secret:NAME` must stand nothing or `:json-key:version-stage:version-id`, empty fields included
          @ AWS::SecretsManager::Secret shop/db-AbCdEf
          fix (verified): set `valueFrom` to `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf:password::`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn two_keys_of_a_secret_are_one_finding_with_a_proved_remedy() {
        let mut world = EXAMPLES.failing();
        world.container("/secrets/1/valueFrom", json!(format!("{SECRET}:user")));
        let report = world.report();
        let findings: Vec<_> =
            report.findings.iter().filter(|f| f.check == "sec-asm-arn-shape").collect();
        assert_eq!(findings.len(), 1);
        let remedy = findings[0].remedy.as_ref().unwrap();
        assert_eq!(remedy.edits.len(), 2);
        assert!(remedy.verified);
    }

    #[test]
    fn colons_are_added_where_they_are_missing() {
        for (tail, expected) in [
            (":password", Some(":password::")),
            (":password:", Some(":password::")),
            (":password:AWSPREVIOUS", Some(":password:AWSPREVIOUS:")),
            (":AWSPREVIOUS", Some("::AWSPREVIOUS:")),
            (
                ":a1b2c3d4-0000-0000-0000-000000000001",
                Some(":::a1b2c3d4-0000-0000-0000-000000000001"),
            ),
            (":", Some("")),
            (":password:::", Some(":password::")),
            (":a:b:c:d", None),
        ] {
            let mut world = World::default();
            world.container("/secrets/0/valueFrom", json!(format!("{SECRET}{tail}")));
            let outcome = world.outcome("sec-asm-arn-shape");
            assert_eq!(outcome.findings.len(), 1, "{tail}");
            let edits = format!("{:?}", outcome.findings[0].remedy.as_ref().unwrap().edits);
            match expected {
                Some(expected) => {
                    assert!(edits.contains(&format!("{SECRET}{expected}\"")), "{edits}");
                }
                None => assert_eq!(edits, "[]"),
            }
        }
        for tail in ["", ":::", ":key::", "::AWSCURRENT:"] {
            let mut world = World::default();
            world.container("/secrets/0/valueFrom", json!(format!("{SECRET}{tail}")));
            assert_eq!(world.outcome("sec-asm-arn-shape").status, Status::Passed, "{tail}");
        }
    }
}
