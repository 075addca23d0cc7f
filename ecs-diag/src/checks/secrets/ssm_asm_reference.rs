use serde_json::Value;

use super::{References, reference::Parameter};
use crate::{
    aws::secretsmanager::DescribeSecret,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell::{self, quoted},
};

check! {
    /// Every secret that is read through Parameter Store is there
    ///
    /// # What it looks at
    /// Every parameter `/aws/reference/secretsmanager/NAME`, which stands for the secret `NAME` of
    /// Secrets Manager: whether `DescribeSecret` finds that secret, not marked for deletion. Where
    /// it does, the check says what reading it takes.
    ///
    /// # Why it matters
    /// Systems Manager hands the request on to Secrets Manager with the rights of the execution
    /// role, which therefore needs `secretsmanager:GetSecretValue` beside `ssm:GetParameters`. A
    /// secret that is not there fails like a parameter that is not there. Such a reference is always
    /// to the current version.
    ///
    /// # How to fix it
    /// Refer to the secret by its own ARN in `valueFrom`, or correct the name.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html>
    SsmAsmReference {
        id: "sec-ssm-asm-reference",
        domain: "secrets",
        phase: Secrets,
        causes: [SecretNotFound],
        explains: [],
    }
}

/// What stands before the name of a secret.
const PREFIX: &str = "/aws/reference/secretsmanager/";

impl Check for SsmAsmReference {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let parameters = References::of(cx)?.parameters;
        if parameters.is_empty() {
            return cx.not_applicable("no container refers to a parameter of Systems Manager");
        }
        cx.each(&parameters, |cx, parameter| match parameter.name.strip_prefix(PREFIX) {
            Some(name) if !name.is_empty() => look_up(cx, parameter, name),
            _ => Ok(()),
        });
        Ok(())
    }
}

fn look_up(cx: &mut Cx<'_>, parameter: &Parameter, name: &str) -> Result<(), Missing> {
    let region = parameter.region(cx);
    let region = region.as_deref();
    let request = DescribeSecret { secret_id: name.to_owned() };
    let query = cx.query_in(region, &request);
    let secret = cx.get_in(region, &request)?;
    let reference = &parameter.name;
    let by = parameter.named_by();
    let command = format!(
        "aws secretsmanager list-secrets --filters {}{}",
        quoted(&format!("Key=name,Values={name}")),
        shell::region_option(region)
    );
    let Some(secret) = secret else {
        let finding = Finding::blocker(format!(
            "`{reference}` stands for the secret `{name}`, which does not exist"
        ))
        .detail(format!(
            "{by} needs it before it starts: Systems Manager asks Secrets Manager for it"
        ))
        .evidence(Evidence::new(query, "/ARN", Value::Null));
        let remedy =
            Remedy::new("correct the name, or create the secret and refer to it by its own ARN");
        let finding = parameter.finding(cx, finding).remedy(remedy.command(command));
        cx.report(finding);
        return Ok(());
    };
    let resource =
        Resource::new("AWS::SecretsManager::Secret", secret.name.clone()).arn(secret.arn.clone());
    let finding = if let Some(deleted) = secret.deleted_date {
        Finding::blocker(format!(
            "`{reference}` stands for the secret `{name}`, which is marked for deletion"
        ))
        .detail(format!("{by} needs it before it starts, and nobody can read it now"))
        .evidence(Evidence::new(query, "/DeletedDate", deleted.to_string()).object(name))
        .remedy(Remedy::new(format!("restore the secret `{name}`")).command(format!(
            "aws secretsmanager restore-secret --secret-id {}{}",
            quoted(&secret.arn),
            shell::region_option(region)
        )))
    } else {
        Finding::info(format!("`{reference}` stands for the secret `{name}`"))
            .detail(format!(
                "to read it for {by}, the execution role needs `secretsmanager:GetSecretValue` on \
                 `{}` beside `ssm:GetParameters`",
                secret.arn
            ))
            .evidence(Evidence::new(query, "/ARN", secret.arn.clone()).object(name))
            .remedy(Remedy::new(format!("refer to the secret by its own ARN, `{}`", secret.arn)))
    };
    let finding = parameter.finding(cx, finding).resource(resource);
    cx.report(finding);
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const REFERENCE: &str = "/aws/reference/secretsmanager/shop/db";

    fn refers_to(world: &mut World) -> &mut World {
        world
            .stopped(&format!(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution \
                 resource retrieval failed: unable to retrieve secrets from ssm: service call has \
                 been retried 1 time(s): invalid ssm parameters: {REFERENCE}"
            ))
            .container("/secrets/1/valueFrom", json!(REFERENCE))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            refers_to(world).recorded_error(
                "secretsmanager",
                "DescribeSecret",
                &json!({"SecretId": "shop/db"}),
                "ResourceNotFoundException",
            );
        },
        passes: |_| {},
        unknown: |world| {
            refers_to(world).deny("secretsmanager:DescribeSecret");
        },
        near_miss: |world| {
            // The message speaks of it, the definition does not any more.
            refers_to(world).container("/secrets/1/valueFrom", json!("/shop/flag"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-ssm-asm-reference"), @"
        blocker: `/aws/reference/secretsmanager/shop/db` stands for the secret `shop/db`, which does not exist
          container `app` needs it before it starts: Systems Manager asks Secrets Manager for it
          @ AWS::SSM::Parameter /aws/reference/secretsmanager/shop/db
          fix: correct the name, or create the secret and refer to it by its own ARN
          $ aws secretsmanager list-secrets --filters Key=name,Values=shop/db --region eu-west-1
        ");
    }

    #[test]
    fn a_secret_that_is_there_is_told_with_what_it_takes() {
        let mut world = World::default();
        let outcome = refers_to(&mut world).outcome("sec-ssm-asm-reference");
        assert_eq!(outcome.status, Status::Passed);
        assert_eq!(outcome.findings[0].severity, Severity::Info);
        world.set("secret", "/DeletedDate", json!("2026-11-19T22:00:00Z"));
        let outcome = world.outcome("sec-ssm-asm-reference");
        assert_eq!(outcome.findings[0].severity, Severity::Blocker);
    }
}
