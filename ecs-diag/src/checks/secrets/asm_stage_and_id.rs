use serde_json::json;

use super::{NO_SECRETS, References, reference::Secret};
use crate::{
    aws::secretsmanager::DescribeSecretResponse,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Severity},
};

check! {
    /// No reference to a secret asks for a staging label and a version at once
    ///
    /// # What it looks at
    /// Every reference with both a version stage and a version id behind the secret's ARN, and
    /// whether `DescribeSecret` lists that version with that label.
    ///
    /// # Why it matters
    /// ECS documents that the two exclude each other, but hands both on. Secrets Manager answers
    /// only if they mean the same version, and a label means one version at a time: where it is
    /// another one's, the secret cannot be read. Where it is this one's, the next rotation moves the
    /// label, and the next task does not start.
    ///
    /// # How to fix it
    /// Keep the label to follow the rotation, or the id to stay with that version.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html>,
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>
    AsmStageAndId {
        id: "sec-asm-stage-and-id",
        domain: "secrets",
        phase: Secrets,
        causes: [SecretBadReference, SecretNoReadableVersion],
        explains: [],
    }
}

impl Check for AsmStageAndId {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let secrets = References::of(cx)?.secrets;
        if secrets.is_empty() {
            return cx.not_applicable(NO_SECRETS);
        }
        cx.each(secrets, |cx, mut secret| {
            secret.mentions.retain(|mention| {
                mention.fields().is_some_and(|f| f.stage.is_some() && f.version.is_some())
            });
            if secret.mentions.is_empty() {
                return Ok(());
            }
            let region = secret.region(cx);
            let request = secret.request();
            match cx.get_in(region.as_deref(), &request)? {
                Some(answer) => compare(cx, &secret, &answer),
                // That there is no such secret is another check's matter.
                None => Ok(()),
            }
        });
        Ok(())
    }
}

fn compare(
    cx: &mut Cx<'_>,
    secret: &Secret,
    answer: &DescribeSecretResponse,
) -> Result<(), Missing> {
    let region = secret.region(cx);
    let query = cx.query_in(region.as_deref(), &secret.request());
    let Some(versions) = &answer.version_ids_to_stages else {
        return Err(Missing::undecided(query, "the answer does not list versions"));
    };
    let task_definition = cx.definition()?;
    let mut severity = None;
    let mut disagreeing = Vec::new();
    let mut remedy = Remedy::new("keep the staging label, or the version id, but not both");
    for mention in &secret.mentions {
        let fields = mention.fields().unwrap_or_default();
        let (Some(stage), Some(version)) = (fields.stage, fields.version) else { continue };
        let holder = versions.iter().find(|(_, stages)| stages.contains(&stage));
        // A label that no version has is the matter of the check of versions.
        let Some((holder, _)) = holder else { continue };
        let found = if *holder == version { Severity::Warning } else { Severity::Blocker };
        if found == Severity::Blocker {
            disagreeing.push(format!("`{stage}` is the label of `{holder}`, not of `{version}`"));
        }
        severity = severity.max(Some(found));
        let id = mention.text.strip_suffix(mention.tail.as_str()).unwrap_or(&mention.text);
        let text = format!("{id}:{}:{stage}:", fields.json_key.as_deref().unwrap_or(""));
        remedy = remedy
            .step(format!("set `{}` to `{text}`", mention.pointer))
            .edit(definition::set(&task_definition, &mention.pointer, text));
    }
    let Some(severity) = severity else { return Ok(()) };
    disagreeing.dedup();
    let name = &answer.name;
    let (summary, detail) = if severity == Severity::Blocker {
        (
            format!(
                "secret `{name}` is asked for by a label and a version that do not go together: {}",
                disagreeing.join(", ")
            ),
            format!(
                "Secrets Manager answers {} only if both mean the same version",
                secret.named_by()
            ),
        )
    } else {
        (
            format!("secret `{name}` is asked for by a label and a version at once"),
            format!(
                "{} can be started as long as both mean the same version: the next rotation moves \
                 the label",
                secret.named_by()
            ),
        )
    };
    let evidence = Evidence::new(query, "/VersionIdsToStages", json!(versions)).object(name);
    let remedy = definition::deployed(cx, &task_definition, remedy);
    let finding =
        Finding::of(severity, summary).detail(detail).changed_at(answer.last_changed_date);
    cx.report(secret.finding(finding).evidence(evidence).remedy(remedy));
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, SECRET, World},
        finding::Severity,
    };

    const FIRST: &str = "a1b2c3d4-0000-0000-0000-000000000001";
    const SECOND: &str = "a1b2c3d4-0000-0000-0000-000000000002";

    fn asked<'w>(world: &'w mut World, stage: &str, version: &str) -> &'w mut World {
        world
            .stopped(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution \
                 resource retrieval failed: unable to retrieve secret from asm: service call has \
                 been retried 1 time(s): failed to fetch secret \
                 arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf from secrets \
                 manager: InvalidRequestException: You provided a VersionStage that is not \
                 associated to the provided VersionId.",
            )
            .set(
                "secret",
                "/VersionIdsToStages",
                json!({FIRST: ["AWSPREVIOUS"], SECOND: ["AWSCURRENT"]}),
            )
            .container(
                "/secrets/0/valueFrom",
                json!(format!("{SECRET}:password:{stage}:{version}")),
            )
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            asked(world, "AWSCURRENT", FIRST);
        },
        passes: |_| {},
        unknown: |world| {
            asked(world, "AWSCURRENT", FIRST).deny("secretsmanager:DescribeSecret");
        },
        near_miss: |world| {
            asked(world, "AWSCURRENT", "");
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-asm-stage-and-id"), @"
        blocker: secret `shop/db` is asked for by a label and a version that do not go together: `AWSCURRENT` is the label of `a1b2c3d4-0000-0000-0000-000000000002`, not of `a1b2c3d4-0000-0000-0000-000000000001`
          Secrets Manager answers container `app` only if both mean the same version
          @ AWS::SecretsManager::Secret shop/db-AbCdEf
          fix (verified): keep the staging label, or the version id, but not both
          - set `/containerDefinitions/0/secrets/0/valueFrom` to `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf:password:AWSCURRENT:`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn what_is_wrong_is_decided_by_the_labels() {
        for (stage, version, severity) in [
            ("AWSCURRENT", FIRST, Some(Severity::Blocker)),
            ("AWSCURRENT", SECOND, Some(Severity::Warning)),
            // Not listed: a version without a label.
            ("AWSCURRENT", "a1b2c3d4-0000-0000-0000-000000000009", Some(Severity::Blocker)),
            ("", FIRST, None),
            ("AWSPREVIOUS", "", None),
            ("blue", FIRST, None),
        ] {
            let mut world = World::default();
            let outcome = asked(&mut world, stage, version).outcome("sec-asm-stage-and-id");
            let found = outcome.findings.first().map(|finding| finding.severity);
            assert_eq!(found, severity, "{stage} {version}");
        }
        let mut world = World::default();
        asked(&mut world, "AWSCURRENT", FIRST).set("secret", "/VersionIdsToStages", json!(null));
        assert_eq!(world.outcome("sec-asm-stage-and-id").status, Status::Unknown);
    }
}
