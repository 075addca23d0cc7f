use super::{NO_SECRETS, References};
use crate::{
    check::{Check, Cx, Meta, check},
    edit::{Edit, Object},
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    shell,
    shell::quoted,
};

check! {
    /// No secret that the task refers to is marked for deletion
    ///
    /// # What it looks at
    /// For every secret that the task refers to, whether `DescribeSecret` gives a `DeletedDate`.
    ///
    /// # Why it matters
    /// A deleted secret stays for a recovery window of 7 to 30 days, but cannot be read:
    /// `InvalidRequestException: You can't perform this operation on the secret because it was
    /// marked for deletion` stops the task.
    ///
    /// # How to fix it
    /// Restore the secret, or name another one in a new task definition revision.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html>,
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html>
    AsmScheduledDeletion {
        id: "sec-asm-scheduled-deletion",
        domain: "secrets",
        phase: Secrets,
        causes: [SecretNoReadableVersion],
        explains: [],
    }
}

impl Check for AsmScheduledDeletion {
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
            let Some(answer) = cx.get_in(region, &request)? else { return Ok(()) };
            let Some(deleted) = answer.deleted_date else { return Ok(()) };
            // A date still to come is that of the deletion itself; when it was asked for is not
            // known then.
            let asked_for = cx.now().is_some_and(|now| deleted.0 <= now);
            let finding = Finding::blocker(format!(
                "secret `{}` is marked for deletion (`DeletedDate` {deleted})",
                answer.name
            ))
            .detail(format!(
                "{} needs it before it starts, and Secrets Manager lets nobody read a secret that \
                 is marked for deletion",
                secret.named_by()
            ))
            .changed_at(asked_for.then_some(deleted));
            let remedy = Remedy::new(format!("restore the secret `{}`", answer.name))
                .command(format!(
                    "aws secretsmanager restore-secret --secret-id {}{}",
                    quoted(&answer.arn),
                    shell::region_option(region)
                ))
                .edit(Edit::Remove(
                    Object::new("", "ARN", answer.arn.clone()),
                    "/DeletedDate".to_owned(),
                ));
            let evidence =
                Evidence::new(cx.query_in(region, &request), "/DeletedDate", deleted.to_string());
            cx.report(
                secret.finding(finding).evidence(evidence.object(&answer.name)).remedy(remedy),
            );
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::{Examples, World};

    const MESSAGE: &str = "ResourceInitializationError: unable to pull secrets or registry auth: \
        execution resource retrieval failed: unable to retrieve secret from asm: service call has \
        been retried 1 time(s): failed to fetch secret \
        arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf from secrets manager: \
        InvalidRequestException: You can't perform this operation on the secret because it was \
        marked for deletion.";

    fn deleted(world: &mut World, date: &str) {
        world.stopped(MESSAGE).set("secret", "/DeletedDate", json!(date));
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| deleted(world, "2026-11-19T22:00:00Z"),
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).without("secret");
        },
        near_miss: |world| {
            // It was restored since.
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-asm-scheduled-deletion"), @r"
        blocker: secret `shop/db` is marked for deletion (`DeletedDate` 2026-11-19T22:00:00Z)
          container `app` needs it before it starts, and Secrets Manager lets nobody read a secret that is marked for deletion
          @ AWS::SecretsManager::Secret shop/db-AbCdEf
          fix (verified): restore the secret `shop/db`
          $ aws secretsmanager restore-secret --secret-id arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf --region eu-west-1
        ");
    }

    #[test]
    fn a_deletion_after_the_failure_is_not_its_cause() {
        for (date, changed_after) in [
            ("2026-11-19T22:00:00Z", false),
            // Between failure and capture.
            ("2026-11-20T10:20:00Z", true),
            // The end of the recovery window: when it was deleted is not known.
            ("2026-12-01T00:00:00Z", false),
        ] {
            let mut world = World::default();
            deleted(&mut world, date);
            let report = world.report();
            let check = "sec-asm-scheduled-deletion";
            let index = report.findings.iter().position(|finding| finding.check == check).unwrap();
            assert_eq!(report.changed_after_failure[index], changed_after, "{date}");
            assert!(report.findings[index].remedy.as_ref().unwrap().verified, "{date}");
        }
    }
}
