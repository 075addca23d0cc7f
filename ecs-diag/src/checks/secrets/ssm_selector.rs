use super::References;
use crate::{
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// No parameter is asked for by version or label
    ///
    /// # What it looks at
    /// Every `valueFrom` that names a parameter: whether a `:version` or `:label` stands behind the
    /// name.
    ///
    /// # Why it matters
    /// ECS does not document selectors, and refuses a name with one when a task definition is
    /// registered. The container agent on instances keeps values by the name that Systems Manager
    /// answers, which is without the selector, and may then not find the value: the variable is
    /// missing in the container, and nothing says so.
    ///
    /// # How to fix it
    /// Leave the selector out; ECS reads the newest version. Give a value that must not change a
    /// parameter of its own.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html>,
    /// <https://github.com/aws/containers-roadmap/issues/859>
    SsmSelector {
        id: "sec-ssm-selector",
        domain: "secrets",
        phase: Secrets,
        causes: [SecretBadReference],
        explains: [],
    }
}

impl Check for SsmSelector {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let parameters = References::of(cx)?.parameters;
        if parameters.is_empty() {
            return cx.not_applicable("no container refers to a parameter of Systems Manager");
        }
        let task_definition = cx.definition()?;
        cx.each(parameters, |cx, mut parameter| {
            parameter.mentions.retain(|mention| selector(&mention.text).is_some());
            let Some(first) = parameter.mentions.first() else { return Ok(()) };
            let mut finding = Finding::warning(format!(
                "`{}` asks for a version or label of the parameter `{}`, which ECS does not document",
                first.text, parameter.name
            ))
            .detail(format!(
                "ECS may refuse it, or the variable may be missing in {}",
                parameter.named_by()
            ));
            let mut remedy = Remedy::new("leave the selector out: ECS reads the newest version");
            for mention in &parameter.mentions {
                let selector = selector(&mention.text).unwrap_or_default();
                let text = mention.text.strip_suffix(selector).unwrap_or(&mention.text);
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
        });
        Ok(())
    }
}

/// `:version` or `:label` behind a parameter's name or ARN.
fn selector(text: &str) -> Option<&str> {
    let name = if text.starts_with("arn:") { text.splitn(6, ':').nth(5)? } else { text };
    name.find(':').map(|at| &name[at..])
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::{Examples, World};

    fn refers_to<'w>(world: &'w mut World, text: &str) -> &'w mut World {
        world.container("/secrets/1/valueFrom", json!(text))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            refers_to(world, "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/flag:3");
        },
        passes: |_| {},
        unknown: |world| {
            world.without("taskDefinition");
        },
        near_miss: |world| {
            refers_to(world, "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/flag");
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-ssm-selector"), @"
        warning: `arn:aws:ssm:eu-west-1:111122223333:parameter/shop/flag:3` asks for a version or label of the parameter `/shop/flag`, which ECS does not document
          ECS may refuse it, or the variable may be missing in container `app`
          @ AWS::SSM::Parameter /shop/flag
          fix (verified): leave the selector out: ECS reads the newest version
          - set `/containerDefinitions/0/secrets/1/valueFrom` to `arn:aws:ssm:eu-west-1:111122223333:parameter/shop/flag`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn the_colons_of_an_arn_are_no_selector() {
        for (text, findings) in [("/shop/flag:prod", 1), ("/shop/flag", 0), ("/shop/flag:", 1)] {
            let mut world = World::default();
            refers_to(&mut world, text);
            assert_eq!(world.outcome("sec-ssm-selector").findings.len(), findings, "{text}");
            assert_eq!(world.verified("sec-ssm-selector"), findings == 1, "{text}");
        }
    }
}
