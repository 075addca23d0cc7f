use serde_json::Value;

use super::{
    References, ask_ahead,
    reference::{Malformed, Parameter},
};
use crate::{
    aws::secretsmanager::DescribeSecret,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
};

check! {
    /// Every secret is referred to in a way that ECS reads as meant
    ///
    /// # What it looks at
    /// Every `valueFrom` of `secrets` and `secretOptions`, and the credentials of private
    /// registries: each must be the ARN of a secret or parameter, or a name. A bare name in
    /// `valueFrom` is a parameter's; where there is no such parameter but a secret of that name,
    /// the secret was meant.
    ///
    /// # Why it matters
    /// ECS asks Systems Manager for a bare name and stops with `invalid ssm parameters: NAME`, even
    /// if Secrets Manager has a secret of that name. What is empty or the ARN of another service
    /// cannot be resolved at all.
    ///
    /// # How to fix it
    /// Refer to a secret by its whole ARN, six random characters included, and to a parameter by
    /// its name or ARN.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html>
    RefKind {
        id: "sec-ref-kind",
        domain: "secrets",
        phase: Secrets,
        causes: [SecretBadReference, SecretNotFound],
        explains: ["sec-ssm-exists", "sec-ssm-same-region-name"],
    }
}

impl Check for RefKind {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let References { secrets, parameters, malformed, .. } = References::of(cx)?;
        if secrets.is_empty() && parameters.is_empty() && malformed.is_empty() {
            return cx.not_applicable("no container refers to a secret or parameter");
        }
        cx.each(malformed, |cx, reference| unreadable(cx, &reference));
        cx.each(parameters.iter().filter(|parameter| parameter.arn.is_none()), bare_name);
        Ok(())
    }
}

fn unreadable(cx: &mut Cx<'_>, reference: &Malformed) -> Result<(), Missing> {
    let task_definition = cx.definition()?;
    let query = cx.query(&cx.definition_request()?);
    let mut finding = Finding::blocker(format!(
        "`{}` is no reference to a secret or parameter: {}",
        reference.text, reference.why
    ))
    .detail(format!(
        "ECS cannot resolve it for {}, so that the task does not start",
        reference.named_by()
    ))
    .resource(definition::resource(&task_definition))
    .named(reference.text.clone());
    for mention in &reference.mentions {
        let pointer = format!("/taskDefinition{}", mention.pointer);
        finding = finding.evidence(Evidence::new(query.clone(), pointer, mention.text.clone()));
    }
    let places: Vec<_> =
        reference.mentions.iter().map(|mention| format!("`{}`", mention.pointer)).collect();
    let remedy = Remedy::new(format!(
        "put the ARN of a secret, or the name or ARN of a parameter, at {} of the task definition",
        places.join(", ")
    ));
    cx.report(finding.remedy(definition::deployed(cx, &task_definition, remedy)));
    Ok(())
}

fn bare_name(cx: &mut Cx<'_>, parameter: &Parameter) -> Result<(), Missing> {
    let region = cx.region();
    let request = parameter.request();
    let name = &parameter.name;
    let there = |answer: std::sync::Arc<crate::aws::ssm::DescribeParametersResponse>| {
        answer.parameters.iter().any(|found| found.name == *name)
    };
    if cx.get_in(region, &request)?.is_some_and(there) {
        return Ok(());
    }
    let by_name = DescribeSecret { secret_id: name.clone() };
    let Some(secret) = cx.get_in(region, &by_name)? else { return Ok(()) };
    if secret.name != *name {
        return Ok(());
    }
    ask_ahead(cx, region, &DescribeSecret { secret_id: secret.arn.clone() })?;

    let task_definition = cx.definition()?;
    let mut remedy = Remedy::new(format!("set `valueFrom` to the secret's ARN, `{}`", secret.arn));
    for mention in &parameter.mentions {
        // Key, stage and version, had they been meant.
        let fields = mention.text[name.len()..].to_owned();
        let fields = if fields.matches(':').count() == 3 { fields } else { String::new() };
        remedy = remedy.edit(definition::set(
            &task_definition,
            &mention.pointer,
            secret.arn.clone() + &fields,
        ));
    }
    let finding = Finding::blocker(format!(
        "`{name}` is the name of a secret of Secrets Manager, but ECS takes it for a parameter's"
    ))
    .detail(format!(
        "{} names it in `valueFrom` without an ARN: ECS asks Systems Manager for it, which has no \
         parameter `{name}`",
        parameter.named_by()
    ));
    let finding = parameter
        .finding(cx, finding)
        .resource(
            Resource::new("AWS::SecretsManager::Secret", secret.name.clone())
                .arn(secret.arn.clone()),
        )
        .evidence(Evidence::new(cx.query_in(region, &request), "/Parameters", Value::Array(vec![])))
        .evidence(
            Evidence::new(cx.query_in(region, &by_name), "/ARN", secret.arn.clone())
                .object(secret.name.clone()),
        )
        .changed_at(secret.created_date)
        .remedy(definition::deployed(cx, &task_definition, remedy));
    cx.report(finding);
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, SECRET, World},
    };

    const MESSAGE: &str = "ResourceInitializationError: unable to pull secrets or registry auth: \
        execution resource retrieval failed: unable to retrieve secrets from ssm: service call has \
        been retried 1 time(s): invalid ssm parameters: shop/db";

    fn refers_to(world: &mut World, text: &str) {
        world.stopped(MESSAGE).container("/secrets/0/valueFrom", json!(text));
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| refers_to(world, "shop/db"),
        passes: |_| {},
        unknown: |world| {
            refers_to(world, "shop/db");
            world.deny("ssm:DescribeParameters");
        },
        near_miss: |world| {
            // Neither a parameter nor a secret: the parameter is missing, the reference is right.
            refers_to(world, "shop/db");
            world.set("secret", "/Name", json!("shop/other")).set(
                "secret",
                "/ARN",
                json!("arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/other-AbCdEf"),
            );
            world.recorded_error(
                "secretsmanager",
                "DescribeSecret",
                &json!({"SecretId": "shop/db"}),
                "ResourceNotFoundException",
            );
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-ref-kind"), @"
        blocker: `shop/db` is the name of a secret of Secrets Manager, but ECS takes it for a parameter's
          container `app` names it in `valueFrom` without an ARN: ECS asks Systems Manager for it, which has no parameter `shop/db`
          @ AWS::SSM::Parameter shop/db
          @ AWS::SecretsManager::Secret shop/db
          fix (verified): set `valueFrom` to the secret's ARN, `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn it_explains_that_there_is_no_such_parameter() {
        let report = EXAMPLES.failing().report();
        let cause = report.cause().unwrap();
        assert_eq!(cause.check, "sec-ref-kind");
        assert_eq!(report.root_causes[0].explains.len(), 3, "{report:?}");
        assert_eq!(report.root_causes.len(), 1, "{report:?}");
    }

    #[test]
    fn a_denied_secret_leaves_it_open_whether_one_was_meant() {
        let mut world = World::default();
        refers_to(&mut world, "shop/db");
        world.deny("secretsmanager:DescribeSecret");
        assert_eq!(world.outcome("sec-ref-kind").status, Status::Unknown);
        assert_eq!(world.outcome("sec-ssm-exists").status, Status::Failed);
    }

    #[test]
    fn the_fields_behind_a_name_go_behind_the_arn() {
        let mut world = World::default();
        refers_to(&mut world, "shop/db:password::");
        let report = world.report();
        let finding =
            report.findings.iter().find(|finding| finding.check == "sec-ref-kind").unwrap();
        let remedy = finding.remedy.as_ref().unwrap();
        assert!(remedy.verified);
        assert!(format!("{:?}", remedy.edits).contains(&format!("{SECRET}:password::")));
    }

    #[test]
    fn what_names_nothing_is_a_finding_about_the_task_definition() {
        for text in ["", "arn:aws:s3:::bucket/key", "arn:aws:ssm:eu-west-1:111122223333:document/x"]
        {
            let mut world = World::default();
            refers_to(&mut world, text);
            let outcome = world.outcome("sec-ref-kind");
            assert_eq!(outcome.findings.len(), 1, "{text}");
            assert_eq!(outcome.findings[0].resources[0].id, "checkout:42");
        }
    }

    #[test]
    fn a_task_without_secrets_has_no_references() {
        let mut world = World::default();
        world.container("/secrets", json!([]));
        assert_eq!(world.outcome("sec-ref-kind").status, Status::NotApplicable);
    }
}
