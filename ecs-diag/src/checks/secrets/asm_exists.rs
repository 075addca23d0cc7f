use serde_json::Value;

use super::{NO_SECRETS, References, ask_ahead};
use crate::{
    aws::secretsmanager::DescribeSecret,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::{self, Missing},
    finding::{Evidence, Finding, Remedy},
    shell::{self, quoted},
};

check! {
    /// Every secret that the task refers to exists
    ///
    /// # What it looks at
    /// For every secret that `secrets`, `secretOptions` or the credentials of a private registry
    /// refer to, whether `DescribeSecret` finds it, asked in the Region that its ARN names. An ARN
    /// without the six random characters is fine unless the name itself ends like them: Secrets
    /// Manager then takes it for a whole ARN.
    ///
    /// # Why it matters
    /// ECS reads secrets before a container starts: `ResourceNotFoundException: Secrets Manager
    /// can't find the specified secret` stops the task. The secret was deleted, has another name,
    /// or is in another Region or account than its ARN says.
    ///
    /// # How to fix it
    /// Name the ARN of an existing secret in a new task definition revision, or create the secret
    /// and name the ARN that it gets.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-not-found-error.html>,
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html>
    AsmExists {
        id: "sec-asm-exists",
        domain: "secrets",
        phase: Secrets,
        causes: [SecretNotFound, SecretBadReference],
        explains: [],
    }
}

impl Check for AsmExists {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let secrets = References::of(cx)?.secrets;
        if secrets.is_empty() {
            return cx.not_applicable(NO_SECRETS);
        }
        cx.each(secrets, |cx, secret| {
            let region = secret.region(cx);
            let region = region.as_deref();
            let request = secret.request();
            let answer = cx.get_in(region, &request)?;
            // A whole ARN finds its secret; one that only looks whole finds none.
            let misread = |arn: &str| secret.bare_name().is_some() && arn != secret.id;
            if answer.as_ref().is_some_and(|found| !misread(&found.arn)) {
                return Ok(());
            }
            let absent = answer.is_none();
            // The secret whose name ends like a whole ARN.
            let meant = match answer {
                Some(found) => Some(found),
                None if secret.bare_name().is_some() && !secret.is_foreign(cx) => {
                    let by_name = DescribeSecret { secret_id: secret.name.clone() };
                    facts::at_hand(cx.get_in(region, &by_name))?
                        .filter(|found| found.name == secret.name)
                }
                None => None,
            };
            let place = region.map_or(String::new(), |region| format!(" in `{region}`"));
            let of_account = match &secret.arn {
                Some(arn) if secret.is_foreign(cx) => format!(", account `{}`", arn.account),
                _ => String::new(),
            };
            let summary = format!("secret `{}` does not exist{place}{of_account}", secret.id);
            let mut finding =
                if absent { Finding::blocker(summary) } else { Finding::likely(summary) };
            let elsewhere = match (region, cx.region()) {
                (Some(region), Some(own)) if region != own => {
                    format!("; the task runs in `{own}`, the ARN is one of `{region}`")
                }
                _ => String::new(),
            };
            let mut remedy = Remedy::new(
                "name the ARN of an existing secret, or create the secret and name the ARN it gets",
            );
            if let Some(meant) = meant {
                ask_ahead(cx, region, &DescribeSecret { secret_id: meant.arn.clone() })?;
                finding = finding.detail(format!(
                    "{} needs it before it starts. The name `{}` ends like a whole ARN, so that \
                     Secrets Manager does not complete it: the secret's ARN is `{}`",
                    secret.named_by(),
                    secret.name,
                    meant.arn
                ));
                let task_definition = cx.definition()?;
                remedy = Remedy::new(format!("name the secret by its whole ARN, `{}`", meant.arn));
                for mention in &secret.mentions {
                    let text = format!("{}{}", meant.arn, mention.tail);
                    remedy = remedy.edit(definition::set(&task_definition, &mention.pointer, text));
                }
                remedy = definition::deployed(cx, &task_definition, remedy);
            } else {
                let name = secret.bare_name().unwrap_or(&secret.name);
                finding = finding.detail(format!(
                    "{} needs it before it starts: Secrets Manager can't find the specified \
                     secret{elsewhere}",
                    secret.named_by()
                ));
                remedy = remedy.command(format!(
                    "aws secretsmanager list-secrets --filters {}{}",
                    quoted(&format!("Key=name,Values={name}")),
                    shell::region_option(region)
                ));
            }
            let evidence = Evidence::new(cx.query_in(region, &request), "/ARN", Value::Null);
            cx.report(secret.finding(finding).evidence(evidence.object(&secret.id)).remedy(remedy));
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        Phase,
        check::Status,
        checks::testing::{Examples, SECRET, World},
        finding::Severity,
    };

    pub(in crate::checks::secrets) const MESSAGE: &str = "ResourceNotFoundException: The task \
        can't retrieve the secret with ARN \
        'arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf' from AWS Secrets \
        Manager. Check whether the secret exists in the specified Region. \
        ResourceInitializationError: unable to pull secrets or registry auth: execution resource \
        retrieval failed: unable to retrieve secret from asm: service call has been retried 1 \
        time(s): Fetching secret data from AWS Secrets Manager in region eu-west-1: secret \
        arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf: \
        ResourceNotFoundException: Secrets Manager can't find the specified secret.";

    /// Neither the ARN nor the names that it may stand for are known.
    pub(in crate::checks::secrets) fn absent(world: &mut World) -> &mut World {
        world.stopped(MESSAGE).without("secret");
        for id in [SECRET, "shop/db", "shop/db-AbCdEf"] {
            world.recorded_error(
                "secretsmanager",
                "DescribeSecret",
                &json!({"SecretId": id}),
                "ResourceNotFoundException",
            );
        }
        world
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            absent(world);
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).deny("secretsmanager:DescribeSecret");
        },
        near_miss: |world| {
            // It was created since.
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-asm-exists"), @r"
        blocker: secret `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf` does not exist in `eu-west-1`
          container `app` needs it before it starts: Secrets Manager can't find the specified secret
          @ AWS::SecretsManager::Secret shop/db-AbCdEf
          fix: name the ARN of an existing secret, or create the secret and name the ARN it gets
          $ aws secretsmanager list-secrets --filters Key=name,Values=shop/db --region eu-west-1
        ");
    }

    #[test]
    fn the_region_of_the_arn_is_asked() {
        let mut world = World::default();
        let arn = SECRET.replace("eu-west-1", "us-east-1");
        world.container("/secrets/0/valueFrom", json!(arn));
        let outcome = world.outcome("sec-asm-exists");
        assert_eq!(outcome.status, Status::Unknown);
        assert!(
            outcome.missing.iter().all(|gap| gap.query().region.as_deref() == Some("us-east-1"))
        );
    }

    #[test]
    fn credentials_of_a_registry_are_secrets_by_name_or_arn() {
        for (credentials, status) in [
            (SECRET, Status::Passed),
            ("shop/db", Status::Passed),
            ("shop/registry", Status::Failed),
        ] {
            let mut world = World::default();
            world
                .container("/secrets", json!([]))
                .container("/repositoryCredentials", json!({"credentialsParameter": credentials}))
                .recorded_error(
                    "secretsmanager",
                    "DescribeSecret",
                    &json!({"SecretId": "shop/registry"}),
                    "ResourceNotFoundException",
                );
            let outcome = world.outcome("sec-asm-exists");
            assert_eq!(outcome.status, status, "{credentials}");
            assert!(outcome.findings.iter().all(|finding| finding.phase == Some(Phase::Auth)));
        }
    }

    #[test]
    fn an_arn_without_its_random_characters_is_completed() {
        let mut world = World::default();
        let arn = SECRET.strip_suffix("-AbCdEf").unwrap();
        world.container("/secrets/0/valueFrom", json!(format!("{arn}:password::")));
        assert_eq!(world.outcome("sec-asm-exists").status, Status::Passed);
    }

    #[test]
    fn a_name_that_ends_like_a_whole_arn_is_not_completed() {
        let partial = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/my-secret";
        let with_name = |world: &mut World| {
            world
                .stopped("")
                .container("/secrets/0/valueFrom", json!(format!("{partial}:password::")))
                .set("secret", "/Name", json!("shop/my-secret"))
                .set("secret", "/ARN", json!(format!("{partial}-AbCdEf")));
        };
        let mut world = World::default();
        with_name(&mut world);
        let finding = &world.outcome("sec-asm-exists").findings[0];
        assert_eq!(finding.severity, Severity::Likely, "{finding:?}");

        world.recorded_error(
            "secretsmanager",
            "DescribeSecret",
            &json!({"SecretId": partial}),
            "ResourceNotFoundException",
        );
        let report = world.report();
        let finding = report.findings.iter().find(|f| f.check == "sec-asm-exists").unwrap();
        assert_eq!(finding.severity, Severity::Blocker);
        assert!(finding.detail.contains("ends like a whole ARN"), "{}", finding.detail);
        assert!(finding.remedy.as_ref().unwrap().verified, "{report:?}");
    }
}
