use serde_json::{Value, json};

use super::{NO_SECRETS, References, reference::Mention};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::definition,
    edit::{Edit, Object},
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    shell::{self, quoted},
};

check! {
    /// Every secret has the version that the task asks for
    ///
    /// # What it looks at
    /// For every reference to a secret, whether `DescribeSecret` lists a version with the staging
    /// label that the reference asks for, `AWSCURRENT` where it asks for none. Versions without a
    /// label are not listed: whether one that is asked for by its id exists stays unknown then.
    ///
    /// # Why it matters
    /// A secret can exist without a value, for instance when a template creates it and nothing puts
    /// a value in: `Secrets Manager can't find the specified secret value for staging label:
    /// AWSCURRENT` stops the task.
    ///
    /// # How to fix it
    /// Put a value into the secret, or ask for a label that it has.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html>,
    /// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html>
    AsmVersionExists {
        id: "sec-asm-version-exists",
        domain: "secrets",
        phase: Secrets,
        causes: [SecretNoReadableVersion],
        explains: [],
    }
}

/// The label that is read where none is asked for.
const CURRENT: &str = "AWSCURRENT";

impl Check for AsmVersionExists {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let secrets = References::of(cx)?.secrets;
        if secrets.is_empty() {
            return cx.not_applicable(NO_SECRETS);
        }
        cx.each(secrets, |cx, mut secret| {
            let region = secret.region(cx);
            let region = region.as_deref();
            let request = secret.request();
            let query = cx.query_in(region, &request);
            let Some(answer) = cx.get_in(region, &request)? else { return Ok(()) };
            if answer.deleted_date.is_some() {
                return Ok(());
            }
            // A secret without a value has no such member; neither has an answer that was cut.
            let complete = answer.created_date.is_some() && !answer.name.is_empty();
            let Some(versions) = answer
                .version_ids_to_stages
                .clone()
                .or_else(|| complete.then(std::collections::BTreeMap::new))
            else {
                return Err(Missing::undecided(query, "the answer does not list versions"));
            };
            let labelled = |label: &str| versions.values().flatten().any(|stage| stage == label);

            let mut unlisted = None;
            secret.mentions.retain(|mention| {
                let Some(fields) = mention.fields() else { return false };
                let lacks = |label: Option<String>| label.is_some_and(|label| !labelled(&label));
                if let Some(version) = &fields.version {
                    if !versions.contains_key(version) {
                        unlisted = Some(version.clone());
                    }
                    return lacks(fields.stage);
                }
                lacks(Some(fields.stage.unwrap_or_else(|| CURRENT.to_owned())))
            });
            if !secret.mentions.is_empty() {
                let mut wanted: Vec<_> = secret.mentions.iter().map(label).collect();
                wanted.sort_unstable();
                wanted.dedup();
                let name = &answer.name;
                let wanted_text =
                    wanted.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
                let mut there: Vec<_> =
                    versions.values().flatten().map(|stage| format!("`{stage}`")).collect();
                there.sort_unstable();
                there.dedup();
                let there = if there.is_empty() {
                    "`DescribeSecret` lists no version of it: nobody has put a value in".to_owned()
                } else {
                    format!("its versions have the labels {}", there.join(", "))
                };
                let finding = Finding::blocker(format!(
                    "secret `{name}` has no version with the staging label {wanted_text}"
                ))
                .detail(format!(
                    "{} reads that version before it starts; {there}",
                    secret.named_by()
                ))
                .changed_at(answer.last_changed_date);
                let remedy = if labelled(CURRENT) {
                    relabelled(cx, &secret.mentions)?
                } else {
                    let mut stages: Vec<&str> = wanted.iter().map(String::as_str).collect();
                    if !stages.contains(&CURRENT) {
                        stages.push(CURRENT);
                    }
                    let mut after = versions.clone();
                    after.insert("new".to_owned(), stages.iter().map(|&s| s.to_owned()).collect());
                    let explicit = if stages == [CURRENT] {
                        String::new()
                    } else {
                        let stages: Vec<_> = stages.iter().map(|stage| quoted(stage)).collect();
                        format!(" --version-stages {}", stages.join(" "))
                    };
                    Remedy::new(format!("put a value into the secret `{name}`"))
                        .command(format!(
                            "aws secretsmanager put-secret-value --secret-id {} --secret-string \
                             file://value.json{explicit}{}",
                            quoted(&answer.arn),
                            shell::region_option(region)
                        ))
                        .edit(Edit::Set(
                            Object::new("", "ARN", answer.arn.clone()),
                            "/VersionIdsToStages".to_owned(),
                            json!(after),
                        ))
                };
                let evidence = Evidence::new(
                    query.clone(),
                    "/VersionIdsToStages",
                    answer.version_ids_to_stages.as_ref().map_or(Value::Null, |map| json!(map)),
                );
                cx.report(secret.finding(finding).evidence(evidence.object(name)).remedy(remedy));
            }
            unlisted.map_or(Ok(()), |version| {
                let why = format!(
                    "whether the secret has the version `{version}` is not known: only versions \
                     with a staging label are listed"
                );
                Err(Missing::undecided(query, why))
            })
        });
        Ok(())
    }
}

/// The staging label that a reference asks for.
fn label(mention: &Mention) -> String {
    let fields = mention.fields().unwrap_or_default();
    fields.stage.unwrap_or_else(|| CURRENT.to_owned())
}

/// Asking for the current version instead of a label that no version has.
fn relabelled(cx: &Cx<'_>, mentions: &[Mention]) -> Result<Remedy, Missing> {
    let task_definition = cx.definition()?;
    let mut remedy = Remedy::new(
        "ask for the current version instead, or put the label on one of the secret's versions",
    );
    for mention in mentions {
        let fields = mention.fields().unwrap_or_default();
        let id = mention.text.strip_suffix(mention.tail.as_str()).unwrap_or(&mention.text);
        let text = format!("{id}:{}::", fields.json_key.as_deref().unwrap_or(""));
        remedy = remedy
            .step(format!("set `{}` to `{text}`", mention.pointer))
            .edit(definition::set(&task_definition, &mention.pointer, text));
    }
    Ok(definition::deployed(cx, &task_definition, remedy))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, SECRET, World},
    };

    const MESSAGE: &str = "ResourceInitializationError: unable to pull secrets or registry auth: \
        execution resource retrieval failed: unable to retrieve secret from asm: service call has \
        been retried 1 time(s): failed to fetch secret \
        arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf from secrets manager: \
        ResourceNotFoundException: Secrets Manager can't find the specified secret value for \
        staging label: AWSCURRENT";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).set("secret", "/VersionIdsToStages", Value::Null);
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).container(
                "/secrets/0/valueFrom",
                json!(format!("{SECRET}:password::a1b2c3d4-0000-0000-0000-000000000009")),
            );
        },
        near_miss: |world| {
            // A value was put in since.
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-asm-version-exists"), @r"
        blocker: secret `shop/db` has no version with the staging label `AWSCURRENT`
          container `app` reads that version before it starts; `DescribeSecret` lists no version of it: nobody has put a value in
          @ AWS::SecretsManager::Secret shop/db-AbCdEf
          fix (verified): put a value into the secret `shop/db`
          $ aws secretsmanager put-secret-value --secret-id arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf --secret-string file://value.json --region eu-west-1
        ");
    }

    fn asked(tail: &str) -> World {
        let mut world = World::default();
        world.stopped(MESSAGE).container("/secrets/0/valueFrom", json!(format!("{SECRET}{tail}")));
        world
    }

    #[test]
    fn labels_and_versions_that_are_listed_exist() {
        for (tail, status) in [
            ("", Status::Passed),
            ("::AWSCURRENT:", Status::Passed),
            (":k::a1b2c3d4-0000-0000-0000-000000000001", Status::Passed),
            ("::AWSPREVIOUS:", Status::Failed),
            ("::awscurrent:", Status::Failed),
        ] {
            assert_eq!(asked(tail).outcome("sec-asm-version-exists").status, status, "{tail}");
        }
    }

    #[test]
    fn an_answer_that_was_cut_proves_nothing() {
        let mut world = asked("");
        world.set("secret", "/VersionIdsToStages", Value::Null).set(
            "secret",
            "/CreatedDate",
            Value::Null,
        );
        assert_eq!(world.outcome("sec-asm-version-exists").status, Status::Unknown);
    }

    #[test]
    fn both_remedies_are_proved() {
        let mut without_value = EXAMPLES.failing();
        without_value.container("/secrets/1/valueFrom", json!(format!("{SECRET}::AWSPREVIOUS:")));
        for world in [without_value, asked(":password:AWSPREVIOUS:"), EXAMPLES.failing()] {
            let report = world.report();
            let findings: Vec<_> =
                report.findings.iter().filter(|f| f.check == "sec-asm-version-exists").collect();
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert!(findings[0].remedy.as_ref().unwrap().verified, "{findings:?}");
        }
    }
}
