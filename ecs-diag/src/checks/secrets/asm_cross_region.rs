use serde_json::json;

use super::{NO_SECRETS, References, reference::Secret};
use crate::{
    Phase,
    aws::secretsmanager::{DescribeSecret, DescribeSecretResponse},
    check::{Check, Cx, Meta, check},
    checks::definition,
    edit::Edit,
    facts::{self, Missing},
    finding::{Finding, Remedy},
    shell::{self, quoted},
};

check! {
    /// Secrets are in the task's own Region
    ///
    /// # What it looks at
    /// Every secret whose ARN names another Region than the task's, unless the task provably read
    /// it.
    ///
    /// # Why it matters
    /// ECS asks the Region of the ARN, but the task must get there: the interface endpoint of its
    /// VPC serves the VPC's own Region only, so that it takes a way to the internet. Where AWS
    /// answered, the way is there, and this is advice only.
    ///
    /// # How to fix it
    /// Replicate the secret into the task's Region and name the replica, whose ARN differs in the
    /// Region only.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-not-found-error.html>,
    /// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html>
    AsmCrossRegion {
        id: "sec-asm-cross-region",
        domain: "secrets",
        phase: Secrets,
        causes: [NetAwsApiUnreachable],
        explains: [],
    }
}

impl Check for AsmCrossRegion {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let secrets = References::of(cx)?.secrets;
        if secrets.is_empty() {
            return cx.not_applicable(NO_SECRETS);
        }
        if cx.proven(Phase::Secrets)? {
            return Ok(());
        }
        let symptom = facts::at_hand(cx.symptom())?;
        let answered = symptom.as_ref().is_some_and(|symptom| {
            symptom.reading.parameters.get("answered").is_some_and(|value| value == "true")
        });
        cx.each(secrets, |cx, secret| elsewhere(cx, &secret, answered));
        Ok(())
    }
}

fn elsewhere(cx: &mut Cx<'_>, secret: &Secret, answered: bool) -> Result<(), Missing> {
    let (Some(own), Some(arn)) = (cx.region().map(str::to_owned), &secret.arn) else {
        return Ok(());
    };
    let there = &arn.region;
    if *there == own {
        return Ok(());
    }
    let summary = format!("secret `{}` is in `{there}`, but the task runs in `{own}`", secret.id);
    let by = secret.named_by();
    let finding = if answered {
        Finding::warning(summary).detail(format!(
            "{by} reads it over the internet: an interface endpoint of the VPC serves `{own}` only"
        ))
    } else {
        Finding::likely(summary).detail(format!(
            "{by} can read it only if the task has a way to the internet: an interface endpoint of \
             the VPC serves `{own}` only"
        ))
    };
    let mut replica = arn.clone();
    replica.region.clone_from(&own);
    // The resource keeps what stands behind the secret's name.
    replica.resource = format!("secret:{}", secret.name);
    let replica = replica.to_string();
    let request = DescribeSecret { secret_id: replica.clone() };
    let replicated = facts::at_hand(cx.get_in(Some(&own), &request))?.is_some();
    let mut remedy = if replicated {
        Remedy::new(format!("name the replica in `{own}`, `{replica}`"))
    } else {
        Remedy::new(format!("replicate the secret into `{own}` and name the replica, `{replica}`"))
    };
    if !replicated && !secret.is_foreign(cx) {
        remedy = remedy.command(format!(
            "aws secretsmanager replicate-secret-to-regions --secret-id {} --add-replica-regions \
             {}{}",
            quoted(&secret.id),
            quoted(&format!("Region={own}")),
            shell::region_option(Some(there))
        ));
    }
    let task_definition = cx.definition()?;
    let mut finding = finding;
    for mention in &secret.mentions {
        let evidence =
            definition::evidence(cx, &task_definition, &mention.pointer, mention.text.clone())?;
        finding = finding.evidence(evidence);
        let text = format!("{replica}{}", mention.tail);
        remedy = remedy.edit(definition::set(&task_definition, &mention.pointer, text));
    }
    let answer = facts::at_hand(cx.get_in(Some(there), &secret.request()))?;
    if let Some(answer) = answer.filter(|answer| !replicated && !answer.arn.is_empty()) {
        let query = cx.query_in(Some(&own), &request);
        remedy = remedy.edit(Edit::Answer(query, described(&answer, &replica)));
    }
    let remedy = definition::deployed(cx, &task_definition, remedy);
    let host = format!("secretsmanager.{there}.{}", arn.dns_suffix());
    cx.report(secret.finding(finding).named(host).remedy(remedy));
    Ok(())
}

/// What `DescribeSecret` will say of the replica.
fn described(answer: &DescribeSecretResponse, arn: &str) -> serde_json::Value {
    json!({
        "ARN": arn, "Name": answer.name, "VersionIdsToStages": answer.version_ids_to_stages,
        "CreatedDate": answer.created_date.map(|time| time.to_string()),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, SECRET, World},
        finding::Severity,
    };

    const MESSAGE: &str = "ResourceInitializationError: unable to pull secrets or registry auth: \
        execution resource retrieval failed: unable to retrieve secret from asm: service call has \
        been retried 5 time(s): failed to fetch secret \
        arn:aws:secretsmanager:us-east-1:111122223333:secret:shop/db-AbCdEf from secrets manager: \
        RequestCanceled: request context canceled caused by: context deadline exceeded";

    fn elsewhere(world: &mut World) -> &mut World {
        let arn = SECRET.replace("eu-west-1", "us-east-1");
        let secret = json!({
            "ARN": arn, "Name": "shop/db", "CreatedDate": "2026-01-10T08:00:00Z",
            "VersionIdsToStages": {"a1b2c3d4-0000-0000-0000-000000000001": ["AWSCURRENT"]},
        });
        world
            .stopped(MESSAGE)
            .container("/secrets/0/valueFrom", json!(format!("{arn}:password::")))
            .recorded_error(
                "secretsmanager",
                "DescribeSecret",
                &json!({"SecretId": SECRET}),
                "ResourceNotFoundException",
            )
            .without("secret")
            .recordings
            .push(json!({
                "service": "secretsmanager", "operation": "DescribeSecret", "region": "us-east-1",
                "input": {"SecretId": arn}, "output": secret,
            }));
        world
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            elsewhere(world);
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-asm-cross-region"), @"
        likely: secret `arn:aws:secretsmanager:us-east-1:111122223333:secret:shop/db-AbCdEf` is in `us-east-1`, but the task runs in `eu-west-1`
          container `app` can read it only if the task has a way to the internet: an interface endpoint of the VPC serves `eu-west-1` only
          @ AWS::SecretsManager::Secret shop/db-AbCdEf
          fix (verified): replicate the secret into `eu-west-1` and name the replica, `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws secretsmanager replicate-secret-to-regions --secret-id arn:aws:secretsmanager:us-east-1:111122223333:secret:shop/db-AbCdEf --add-replica-regions Region=eu-west-1 --region us-east-1
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn where_aws_answered_there_is_a_way() {
        let mut world = World::default();
        elsewhere(&mut world).stopped(
            "ResourceInitializationError: unable to pull secrets or registry auth: execution \
             resource retrieval failed: unable to retrieve secret from asm: service call has been \
             retried 1 time(s): failed to fetch secret \
             arn:aws:secretsmanager:us-east-1:111122223333:secret:shop/db-AbCdEf from secrets \
             manager: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/x/y is \
             not authorized to perform: secretsmanager:GetSecretValue on resource: \
             arn:aws:secretsmanager:us-east-1:111122223333:secret:shop/db-AbCdEf because no \
             identity-based policy allows the secretsmanager:GetSecretValue action",
        );
        let outcome = world.outcome("sec-asm-cross-region");
        assert_eq!(outcome.findings[0].severity, Severity::Warning, "{outcome:?}");
        world.task("/startedAt", json!("2026-11-20T10:00:40Z"));
        assert_eq!(world.outcome("sec-asm-cross-region").status, Status::Passed);
    }
}
