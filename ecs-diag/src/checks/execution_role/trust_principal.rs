use super::{
    role::{object, trusting},
    trust::{self, Effect},
};
use crate::{
    check::{Check, Cx, Meta, check},
    edit::Edit,
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    shell::quoted,
};

check! {
    /// The execution role trusts ECS tasks
    ///
    /// # What it looks at
    /// Whether the role's trust policy has a statement that allows `sts:AssumeRole` to the service
    /// `ecs-tasks.amazonaws.com`, and none that denies it unconditionally. Whether conditions of
    /// such a statement hold is the matter of `exr-trust-conditions`. Wildcard principals and
    /// `NotPrincipal` leave it unknown.
    ///
    /// # Why it matters
    /// ECS assumes the execution role as `ecs-tasks.amazonaws.com`. Roles made for another service,
    /// for instance `ecs.amazonaws.com` or `ec2.amazonaws.com`, cannot be assumed: `ECS was unable
    /// to assume the role … that was provided for this task`.
    ///
    /// # How to fix it
    /// Add a statement for `ecs-tasks.amazonaws.com` to the role's trust policy, or remove the
    /// statement that denies it.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html>,
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
    TrustPrincipal {
        id: "exr-trust-principal",
        domain: "execution-role",
        phase: Auth,
        causes: [IamRoleNotAssumable],
        explains: [],
    }
}

impl Check for TrustPrincipal {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let (named, role, document) = match trusting(cx)? {
            Ok(trusting) => trusting,
            Err(reason) => return cx.not_applicable(reason),
        };
        let query = cx.query(&named.request());
        let unclear = |why: String| Err(Missing::undecided(query.clone(), why));
        let statements = match trust::statements(&document) {
            Ok(statements) => statements,
            Err(why) => return unclear(why),
        };
        let denying = statements
            .iter()
            .find(|statement| statement.does(Effect::Deny) && statement.condition.is_none());
        let name = &named.name;
        let at = |pointer: &str| format!("/Role/AssumeRolePolicyDocument{pointer}");
        let finding = if let Some(denying) = denying {
            Finding::blocker(format!(
                "the trust policy of execution role `{name}` denies `{}` to `{}`",
                trust::ACTION,
                trust::SERVICE
            ))
            .detail(format!(
                "{} denies it without a condition, so that no other statement can allow it: ECS \
                 cannot assume the role and starts no task with it",
                denying.label
            ))
            .evidence(
                Evidence::new(query, at(&denying.pointer), denying.value.clone()).object(name),
            )
            .remedy(Remedy::new(format!(
                "remove {} from the trust policy of `{name}`, or except `{}` from it",
                denying.label,
                trust::SERVICE
            )))
        } else if statements.iter().any(|statement| statement.does(Effect::Allow)) {
            let unclear_denial = statements
                .iter()
                .filter(|statement| statement.may(Effect::Deny) && statement.condition.is_none())
                .find_map(trust::Statement::unclear);
            return unclear_denial.map_or(Ok(()), unclear);
        } else if let Some(why) = statements
            .iter()
            .filter(|statement| statement.may(Effect::Allow))
            .find_map(trust::Statement::unclear)
        {
            return unclear(why);
        } else {
            let trusted: Vec<_> =
                trust::trusted(&statements).iter().map(|text| format!("`{text}`")).collect();
            let instead = if trusted.iter().any(|text| text.trim_matches('`') == trust::SERVICE) {
                // It names the service elsewhere, not with the action.
                "no statement allows the action to it".to_owned()
            } else if trusted.is_empty() {
                "nobody may assume it".to_owned()
            } else {
                format!("only {} may assume it", trusted.join(", "))
            };
            let corrected = trust::with_statement(&document, &trust::allowing());
            let remedy = Remedy::new(format!(
                "add a statement to the trust policy of `{name}` that allows `{}` to `{}`",
                trust::ACTION,
                trust::SERVICE
            ))
            .command(format!(
                "aws iam update-assume-role-policy --role-name {} --policy-document {}",
                quoted(name),
                quoted(&corrected.to_string())
            ))
            .edit(Edit::Set(
                object(&role),
                "/AssumeRolePolicyDocument".to_owned(),
                corrected,
            ));
            Finding::blocker(format!(
                "execution role `{name}` does not trust `{}`: {instead}",
                trust::SERVICE
            ))
            .detail(
                "ECS assumes the execution role as that service; it cannot, and starts no task \
                 with this role",
            )
            .evidence(Evidence::new(query, at(""), document.clone()).object(name))
            .remedy(remedy)
        };
        let resource = named.resource().arn(role.arn.clone());
        cx.report(
            finding.resource(resource).named(named.text.clone()).changed_at(role.create_date),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::exists::tests::MESSAGE;
    use crate::{
        check::{Outcome, Status},
        checks::testing::{Examples, World},
    };

    const SERVICES: &str = "/Role/AssumeRolePolicyDocument/Statement/0/Principal/Service";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).set("Role", SERVICES, json!("ecs.amazonaws.com"));
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).set(
                "Role",
                "/Role/AssumeRolePolicyDocument/Statement/0/Principal",
                json!("*"),
            );
        },
        near_miss: |world| {
            world.stopped(MESSAGE).set(
                "Role",
                SERVICES,
                json!(["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]),
            );
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("exr-trust-principal"), @r#"
        blocker: execution role `checkout-execution` does not trust `ecs-tasks.amazonaws.com`: only `ecs.amazonaws.com` may assume it
          ECS assumes the execution role as that service; it cannot, and starts no task with this role
          @ AWS::IAM::Role checkout-execution
          fix (verified): add a statement to the trust policy of `checkout-execution` that allows `sts:AssumeRole` to `ecs-tasks.amazonaws.com`
          $ aws iam update-assume-role-policy --role-name checkout-execution --policy-document '{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"ecs.amazonaws.com"}},{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"}}],"Version":"2012-10-17"}'
        "#);
    }

    fn with(statements: &Value) -> Outcome {
        let mut world = World::default();
        world
            .set("Role", "/Role/AssumeRolePolicyDocument/Statement", statements.clone())
            .outcome("exr-trust-principal")
    }

    fn allow() -> Value {
        json!({"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"})
    }

    #[test]
    fn a_denial_outweighs_what_is_allowed() {
        let deny = json!({
            "Sid": "Stop", "Effect": "Deny", "Action": "sts:*",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        });
        let outcome = with(&json!([allow(), deny]));
        assert_eq!(outcome.status, Status::Failed);
        assert!(outcome.findings[0].detail.contains("statement `Stop`"), "{outcome:?}");
        assert!(outcome.findings[0].remedy.as_ref().unwrap().edits.is_empty());

        let mut conditional = deny.clone();
        conditional["Condition"] =
            json!({"StringNotEquals": {"aws:SourceAccount": "111122223333"}});
        assert_eq!(with(&json!([allow(), conditional])).status, Status::Passed);
        for unclear in [
            json!({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}),
            json!({"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}, "Action": "sts:*"}),
            json!({"Effect": "Perhaps", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:*"}),
            json!("what"),
        ] {
            assert_eq!(with(&json!([allow(), unclear])).status, Status::Unknown, "{unclear}");
        }
    }

    #[test]
    fn a_document_as_text_and_a_single_statement_are_read() {
        assert_eq!(with(&allow()).status, Status::Passed);
        let mut world = World::default();
        let text = json!({"Statement": allow()}).to_string();
        world.set("Role", "/Role/AssumeRolePolicyDocument", json!(text));
        assert_eq!(world.outcome("exr-trust-principal").status, Status::Passed);
        for broken in [json!("{"), json!([]), Value::Null] {
            let mut world = World::default();
            world.set("Role", "/Role/AssumeRolePolicyDocument", broken.clone());
            assert_eq!(world.outcome("exr-trust-principal").status, Status::Unknown, "{broken}");
        }
    }

    #[test]
    fn whoever_is_trusted_instead_is_named() {
        let outcome = with(&json!([
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sts:AssumeRole"},
        ]));
        let summary = &outcome.findings[0].summary;
        assert!(
            summary.ends_with(
                "only `arn:aws:iam::111122223333:root`, `lambda.amazonaws.com` may assume it"
            ),
            "{summary}"
        );
        assert!(with(&json!([])).findings[0].summary.ends_with("nobody may assume it"));
        let mut other_action = allow();
        other_action["Action"] = json!("sts:TagSession");
        assert_eq!(with(&json!([other_action])).status, Status::Failed);
    }

    #[test]
    fn nothing_is_asked_of_a_role_that_is_not_there() {
        let mut world = World::default();
        world.definition("/executionRoleArn", Value::Null);
        assert_eq!(world.outcome("exr-trust-principal").status, Status::NotApplicable);
    }
}
