use super::{References, ask_ahead, reference::Parameter};
use crate::{
    aws::ssm::DescribeParameters,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy, Severity},
};

check! {
    /// Every parameter is named as Systems Manager names parameters
    ///
    /// # What it looks at
    /// Every `valueFrom` that names a parameter: a name with slashes begins with one, and in an ARN
    /// one slash, not two, stands between `parameter` and the rest of the name. By name ECS finds
    /// parameters of the task's own Region only; one of another Region is named by its ARN.
    ///
    /// # Why it matters
    /// Systems Manager has no parameter with a hierarchy whose name does not begin with a slash, so
    /// that `invalid ssm parameters: NAME` stops the task. What ECS makes of an ARN with two slashes
    /// is not documented.
    ///
    /// # How to fix it
    /// Name the parameter `/a/b`, or `arn:aws:ssm:REGION:ACCOUNT:parameter/a/b`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html>,
    /// <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html>
    SsmSameRegionName {
        id: "sec-ssm-same-region-name",
        domain: "secrets",
        phase: Secrets,
        causes: [SecretBadReference, SecretNotFound],
        explains: ["sec-ssm-exists"],
    }
}

impl Check for SsmSameRegionName {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let parameters = References::of(cx)?.parameters;
        if parameters.is_empty() {
            return cx.not_applicable("no container refers to a parameter of Systems Manager");
        }
        cx.each(parameters, |cx, parameter| misnamed(cx, &parameter));
        Ok(())
    }
}

fn misnamed(cx: &mut Cx<'_>, parameter: &Parameter) -> Result<(), Missing> {
    let name = &parameter.name;
    // An ARN's `parameter//a` is read as the name `//a`.
    let (severity, what, right) = if let Some(rest) = name.strip_prefix("//") {
        let what = "has two slashes behind `parameter`, where ARNs of parameters have one";
        (Severity::Warning, what, format!("/{}", rest.trim_start_matches('/')))
    } else if name.contains('/') && !name.starts_with('/') {
        (Severity::Blocker, "has slashes and does not begin with one", format!("/{name}"))
    } else {
        return Ok(());
    };
    let region = parameter.region(cx);
    ask_ahead(cx, region.as_deref(), &DescribeParameters::named(&right))?;
    let task_definition = cx.definition()?;
    let text = &parameter.mentions[0].text;
    let why = if severity == Severity::Blocker {
        "Systems Manager has no parameter of such a name, so that the task does not start"
    } else {
        "which parameter that names is not documented"
    };
    let mut finding = Finding::of(severity, format!("`{text}` {what}"))
        .detail(format!("it is what {} refers to; {why}", parameter.named_by()));
    let mut remedy = Remedy::new(format!("name the parameter `{right}`"));
    for mention in &parameter.mentions {
        let text = match &parameter.arn {
            Some(_) => mention.text.replacen("parameter//", "parameter/", 1),
            None => format!("/{}", mention.text),
        };
        finding = finding.evidence(definition::evidence(
            cx,
            &task_definition,
            &mention.pointer,
            mention.text.clone(),
        )?);
        remedy = remedy
            .step(format!("set `{}` to `{text}`", mention.pointer))
            .edit(definition::set(&task_definition, &mention.pointer, text));
    }
    let finding = parameter.finding(cx, finding);
    cx.report(finding.remedy(definition::deployed(cx, &task_definition, remedy)));
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

    const MESSAGE: &str = "ResourceInitializationError: unable to pull secrets or registry auth: \
        execution resource retrieval failed: unable to retrieve secrets from ssm: service call has \
        been retried 1 time(s): invalid ssm parameters: shop/flag";

    fn refers_to<'w>(world: &'w mut World, text: &str) -> &'w mut World {
        world.stopped(MESSAGE).container("/secrets/1/valueFrom", json!(text))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            refers_to(world, "shop/flag");
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            // Missing under a name that a parameter can have.
            refers_to(world, "/shop/other");
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-ssm-same-region-name"), @"
        blocker: `shop/flag` has slashes and does not begin with one
          it is what container `app` refers to; Systems Manager has no parameter of such a name, so that the task does not start
          @ AWS::SSM::Parameter shop/flag
          fix (verified): name the parameter `/shop/flag`
          - set `/containerDefinitions/0/secrets/1/valueFrom` to `/shop/flag`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn it_explains_that_there_is_no_such_parameter() {
        let report = EXAMPLES.failing().report();
        assert_eq!(report.cause().unwrap().check, "sec-ssm-same-region-name");
        assert_eq!(report.root_causes[0].explains.len(), 2, "{report:?}");
    }

    #[test]
    fn names_have_a_form() {
        let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter";
        for (text, severity) in [
            ("flag", None),
            ("/shop/flag", None),
            ("shop/flag", Some(Severity::Blocker)),
            (&format!("{arn}/flag"), None),
            (&format!("{arn}/shop/flag"), None),
            (&format!("{arn}//shop/flag"), Some(Severity::Warning)),
            ("arn:aws:ssm:us-east-1:111122223333:parameter/shop/flag", None),
        ] {
            let mut world = World::default();
            let outcome = refers_to(&mut world, text).outcome("sec-ssm-same-region-name");
            let found = outcome.findings.first().map(|finding| finding.severity);
            assert_eq!(found, severity, "{text}");
            if found.is_some() {
                assert!(world.verified("sec-ssm-same-region-name"), "{text}");
            }
        }
        let mut world = World::default();
        world.container("/secrets", json!([]));
        assert_eq!(world.outcome("sec-ssm-same-region-name").status, Status::NotApplicable);
    }
}
