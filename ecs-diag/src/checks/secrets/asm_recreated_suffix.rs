use super::{References, ask_ahead};
use crate::{
    aws::secretsmanager::DescribeSecret,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
};

check! {
    /// Every secret is the one that the task's ARN was written for
    ///
    /// # What it looks at
    /// For every whole ARN of a secret that `DescribeSecret` does not find, whether a secret of the
    /// same name exists under another ARN.
    ///
    /// # Why it matters
    /// Secrets Manager ends every ARN with six random characters. A secret that is deleted and
    /// created again, as templates do when they replace it, gets others, and the task definition's
    /// ARN names nothing any more.
    ///
    /// # How to fix it
    /// Register a task definition revision with the secret's present ARN. Let templates refer to
    /// the secret instead of copying its ARN.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-not-found-error.html>
    AsmRecreatedSuffix {
        id: "sec-asm-recreated-suffix",
        domain: "secrets",
        phase: Secrets,
        causes: [SecretNotFound, SecretBadReference],
        explains: ["sec-asm-exists"],
    }
}

impl Check for AsmRecreatedSuffix {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let mut secrets = References::of(cx)?.secrets;
        secrets.retain(|secret| secret.bare_name().is_some());
        if secrets.is_empty() {
            return cx.not_applicable("no container refers to a secret by its whole ARN");
        }
        cx.each(secrets, |cx, secret| {
            let region = secret.region(cx);
            let region = region.as_deref();
            let request = secret.request();
            let Some(name) = secret.bare_name() else { return Ok(()) };
            if cx.get_in(region, &request)?.is_some() {
                return Ok(());
            }
            if secret.is_foreign(cx) {
                return Err(Missing::undecided(
                    cx.query_in(region, &request),
                    "secrets of another account cannot be looked up by name",
                ));
            }
            let by_name = DescribeSecret { secret_id: name.to_owned() };
            let Some(present) = cx.get_in(region, &by_name)? else { return Ok(()) };
            if present.name != name || present.arn.is_empty() {
                return Ok(());
            }
            // The ARN is right; what stands behind it is another check's matter.
            let behind = secret.id.strip_prefix(present.arn.as_str());
            if behind.is_some_and(|behind| behind.is_empty() || behind.starts_with(':')) {
                return Ok(());
            }
            ask_ahead(cx, region, &DescribeSecret { secret_id: present.arn.clone() })?;

            let task_definition = cx.definition()?;
            let mut remedy = Remedy::new(format!(
                "replace `{}` by `{}` in the task definition",
                secret.id, present.arn
            ));
            for mention in &secret.mentions {
                let text = format!("{}{}", present.arn, mention.tail);
                remedy = remedy
                    .step(format!("set `{}` to `{text}`", mention.pointer))
                    .edit(definition::set(&task_definition, &mention.pointer, text));
            }
            let finding = Finding::blocker(format!(
                "secret `{name}` was created again: its ARN is `{}`, not `{}`",
                present.arn, secret.id
            ))
            .detail(format!(
                "{} names the ARN that it had before, which names nothing any more: ECS cannot \
                 read the secret",
                secret.named_by()
            ));
            let finding = secret
                .finding(finding)
                .resource(
                    Resource::new("AWS::SecretsManager::Secret", name).arn(present.arn.clone()),
                )
                .evidence(
                    Evidence::new(cx.query_in(region, &by_name), "/ARN", present.arn.clone())
                        .object(name),
                )
                .changed_at(present.created_date)
                .remedy(definition::deployed(cx, &task_definition, remedy));
            cx.report(finding);
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::asm_exists::tests::{MESSAGE, absent};
    use crate::{
        check::Status,
        checks::testing::{Examples, SECRET, World},
    };

    /// The ARN is gone, the name has another.
    fn recreated(world: &mut World) -> &mut World {
        world
            .stopped(MESSAGE)
            .set("secret", "/ARN", json!(SECRET.replace("AbCdEf", "GhIjKl")))
            .recorded_error(
                "secretsmanager",
                "DescribeSecret",
                &json!({"SecretId": SECRET}),
                "ResourceNotFoundException",
            )
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            recreated(world);
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).deny("secretsmanager:DescribeSecret");
        },
        near_miss: |world| {
            // The secret is gone, and nothing took its place.
            absent(world);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-asm-recreated-suffix"), @"
        blocker: secret `shop/db` was created again: its ARN is `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-GhIjKl`, not `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf`
          container `app` names the ARN that it had before, which names nothing any more: ECS cannot read the secret
          @ AWS::SecretsManager::Secret shop/db-AbCdEf
          @ AWS::SecretsManager::Secret shop/db
          fix (verified): replace `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf` by `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-GhIjKl` in the task definition
          - set `/containerDefinitions/0/secrets/0/valueFrom` to `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-GhIjKl:password::`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn it_explains_that_the_secret_does_not_exist() {
        let report = EXAMPLES.failing().report();
        let cause = &report.root_causes[0];
        assert_eq!(report.findings[cause.finding].check, "sec-asm-recreated-suffix");
        let explained: Vec<_> =
            cause.explains.iter().map(|index| report.findings[*index].check.as_str()).collect();
        assert!(explained.contains(&"sec-asm-exists"), "{explained:?}");
    }

    #[test]
    fn every_place_is_corrected_and_keeps_its_fields() {
        let mut world = World::default();
        recreated(&mut world)
            .container("/secrets/1/valueFrom", json!(format!("{SECRET}:user:AWSCURRENT:")))
            .container(
                "/logConfiguration/secretOptions",
                json!([{"name": "token", "valueFrom": SECRET}]),
            );
        let report = world.report();
        let findings: Vec<_> =
            report.findings.iter().filter(|f| f.check == "sec-asm-recreated-suffix").collect();
        assert_eq!(findings.len(), 1);
        let remedy = findings[0].remedy.as_ref().unwrap();
        assert_eq!(remedy.edits.len(), 3);
        assert!(remedy.verified);
        assert!(remedy.steps[1].contains("db-GhIjKl:user:AWSCURRENT:"), "{:?}", remedy.steps);
    }

    #[test]
    fn a_secret_made_again_after_the_failure_is_not_its_cause() {
        let mut world = World::default();
        recreated(&mut world).set("secret", "/CreatedDate", json!("2026-11-20T10:15:00Z"));
        let report = world.report();
        let index =
            report.findings.iter().position(|f| f.check == "sec-asm-recreated-suffix").unwrap();
        assert!(report.changed_after_failure[index]);
    }

    #[test]
    fn another_accounts_secret_cannot_be_looked_up_by_name() {
        let mut world = World::default();
        let arn = SECRET.replace("111122223333", "999988887777");
        world.container("/secrets/0/valueFrom", json!(arn)).recorded_error(
            "secretsmanager",
            "DescribeSecret",
            &json!({"SecretId": arn}),
            "ResourceNotFoundException",
        );
        assert_eq!(world.outcome("sec-asm-recreated-suffix").status, Status::Unknown);
        assert_eq!(world.outcome("sec-asm-exists").status, Status::Failed);
    }
}
