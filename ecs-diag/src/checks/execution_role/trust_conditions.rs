use serde_json::Value;

use super::{
    condition::{Context, Failed, Judgement, corrected, judge},
    role::{object, trusting},
    trust::{self, Effect, Statement},
};
use crate::{
    aws::iam::Role,
    check::{Check, Cx, Meta, check},
    edit::Edit,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Severity},
    shell::quoted,
};

check! {
    /// The conditions of the execution role's trust policy hold for the task
    ///
    /// # What it looks at
    /// The conditions of the statements that allow `ecs-tasks.amazonaws.com` to assume the role,
    /// and of those that deny it: `aws:SourceAccount` must be the task's account, `aws:SourceArn`
    /// must leave open what follows `arn:PARTITION:ecs:REGION:ACCOUNT:`, and `sts:ExternalId` is
    /// never sent. Other keys and operators leave it unknown.
    ///
    /// # Why it matters
    /// If no statement's conditions hold, ECS cannot assume the role: `ECS was unable to assume the
    /// role … that was provided for this task`. Usual faults are another Region or account, an
    /// equality operator on a value with a wildcard, and the ARN of one cluster, which ECS does not
    /// support there.
    ///
    /// # How to fix it
    /// Compare `aws:SourceArn` by `ArnLike` with `arn:PARTITION:ecs:REGION:ACCOUNT:*` and
    /// `aws:SourceAccount` by `StringEquals` with the account.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html>,
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
    TrustConditions {
        id: "exr-trust-conditions",
        domain: "execution-role",
        phase: Auth,
        causes: [IamRoleNotAssumable],
        explains: [],
    }
}

impl Check for TrustConditions {
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
        let Some(arn) = cx.arn() else {
            return unclear("the task's account and Region are not known".to_owned());
        };
        let context = Context {
            partition: arn.partition.clone(),
            region: arn.region.clone(),
            account: arn.account.clone(),
        };

        let denials = of(&statements, Effect::Deny, &context, |statement| {
            // Without a condition it is the matter of `exr-trust-principal`.
            statement.condition.is_some()
        });
        let allowances = of(&statements, Effect::Allow, &context, |_| true);
        if allowances.is_empty() {
            return cx.not_applicable(
                "no statement lets ECS tasks assume the role; see `exr-trust-principal`",
            );
        }
        let name = &named.name;
        let finding = if let Some((denial, _)) =
            denials.iter().find(|(_, judgement)| *judgement == Judgement::Met)
        {
            Finding::blocker(format!(
                "the trust policy of execution role `{name}` denies `{}` to `{}` for this task",
                trust::ACTION,
                trust::SERVICE
            ))
            .detail(format!(
                "the conditions of {}, which denies it, hold for what ECS sends: ECS cannot \
                 assume the role and starts no task with it",
                denial.label
            ))
            .evidence(condition_evidence(&query, name, denial))
            .remedy(Remedy::new(format!(
                "change {} of the trust policy of `{name}` so that it leaves out tasks of account \
                 `{}` in `{}`",
                denial.label, context.account, context.region
            )))
        } else if let Some(why) = doubt(&allowances, &denials) {
            return unclear(why);
        } else if allowances.iter().any(|(_, judgement)| *judgement == Judgement::Met) {
            return Ok(());
        } else {
            let failing: Vec<(&Statement<'_>, &[Failed])> = allowances
                .iter()
                .filter_map(|(statement, judgement)| match judgement {
                    Judgement::Unmet(failed) => Some((*statement, failed.as_slice())),
                    _ => None,
                })
                .collect();
            unmet(&query, &role, &document, &failing, &context)
        };
        let resource = named.resource().arn(role.arn.clone());
        cx.report(
            finding.resource(resource).named(named.text.clone()).changed_at(role.create_date),
        );
        Ok(())
    }
}

type Judged<'s, 'd> = Vec<(&'s Statement<'d>, Judgement)>;

/// The statements of an effect that are or may be about ECS tasks, and whether their conditions
/// hold.
fn of<'s, 'd>(
    statements: &'s [Statement<'d>],
    effect: Effect,
    context: &Context,
    relevant: impl Fn(&Statement<'d>) -> bool,
) -> Judged<'s, 'd> {
    statements
        .iter()
        .filter(|statement| statement.may(effect) && relevant(statement))
        .map(|statement| {
            let judged = statement.condition.map_or(Judgement::Met, |text| judge(text, context));
            let judgement = match statement.unclear() {
                // What cannot hold does no harm, whomever it is about.
                Some(why) if !matches!(judged, Judgement::Unmet(_)) => Judgement::Unclear(why),
                _ => judged,
            };
            (statement, judgement)
        })
        .collect()
}

/// Why there is no telling whether ECS may assume the role, if so.
fn doubt(allowances: &Judged<'_, '_>, denials: &Judged<'_, '_>) -> Option<String> {
    let unclear = |judged: &Judged<'_, '_>| {
        judged.iter().find_map(|(statement, judgement)| match judgement {
            Judgement::Unclear(why) => Some(format!("{}: {why}", statement.label)),
            _ => None,
        })
    };
    let allowed = allowances.iter().any(|(_, judgement)| *judgement == Judgement::Met);
    // Whatever a denial says, it matters only if something is allowed.
    if allowed { unclear(denials) } else { unclear(allowances) }
}

fn condition_evidence(query: &crate::Query, name: &str, statement: &Statement<'_>) -> Evidence {
    Evidence::new(
        query.clone(),
        format!("/Role/AssumeRolePolicyDocument{}/Condition", statement.pointer),
        statement.condition.cloned().unwrap_or_default(),
    )
    .object(name)
}

/// Of every statement that could allow it, some condition does not hold.
fn unmet(
    query: &crate::Query,
    role: &Role,
    document: &Value,
    failing: &[(&Statement<'_>, &[Failed])],
    context: &Context,
) -> Finding {
    let name = &role.role_name;
    let certain = failing.iter().all(|(_, failed)| failed.iter().any(|failed| failed.certain));
    let severity = if certain { Severity::Blocker } else { Severity::Likely };
    let because: Vec<_> = failing
        .iter()
        .map(|(statement, failed)| {
            let why: Vec<_> = failed.iter().map(|failed| failed.why.as_str()).collect();
            format!("{}: {}", statement.label, why.join("; "))
        })
        .collect();
    let mut finding = Finding::of(
        severity,
        format!(
            "the trust policy of execution role `{name}` lets `{}` assume it only under conditions \
             that this task does not meet",
            trust::SERVICE
        ),
    )
    .detail(format!(
        "{}; ECS cannot assume the role and starts no task with it",
        because.join("; ")
    ));
    for (statement, _) in failing {
        finding = finding.evidence(condition_evidence(query, name, statement));
    }
    let wanted = format!(
        "compare `aws:SourceAccount` by `StringEquals` with `{}` and `aws:SourceArn` by `ArnLike` \
         with `{}` in the trust policy of `{name}`",
        context.account,
        context.pattern()
    );
    let correction = failing.iter().find_map(|(statement, failed)| {
        let condition = corrected(statement.condition?, failed, context)?;
        let mut document = document.clone();
        document.pointer_mut(&statement.pointer)?["Condition"] = condition;
        Some(document)
    });
    let mut remedy = Remedy::new(wanted);
    if let Some(document) = correction {
        remedy = remedy
            .command(format!(
                "aws iam update-assume-role-policy --role-name {} --policy-document {}",
                quoted(name),
                quoted(&document.to_string())
            ))
            .edit(Edit::Set(object(role), "/AssumeRolePolicyDocument".to_owned(), document));
    }
    finding.remedy(remedy)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::exists::tests::MESSAGE;
    use crate::{
        check::{Outcome, Status},
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const CONDITION: &str = "/Role/AssumeRolePolicyDocument/Statement/0/Condition";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).set(
                "Role",
                CONDITION,
                json!({
                    "StringEquals": {"aws:SourceAccount": "111122223333"},
                    "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-central-1:111122223333:*"},
                }),
            );
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).set(
                "Role",
                CONDITION,
                json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
            );
        },
        near_miss: |world| {
            world.stopped(MESSAGE).set(
                "Role",
                CONDITION,
                json!({
                    "StringEquals": {"aws:SourceAccount": "111122223333"},
                    "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-1:111122223333:*"},
                }),
            );
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("exr-trust-conditions"), @r#"
        blocker: the trust policy of execution role `checkout-execution` lets `ecs-tasks.amazonaws.com` assume it only under conditions that this task does not meet
          statement 1: `aws:SourceArn` must be `arn:aws:ecs:eu-central-1:111122223333:*`, but ECS sends `arn:aws:ecs:eu-west-1:111122223333:…`; ECS cannot assume the role and starts no task with it
          @ AWS::IAM::Role checkout-execution
          fix (verified): compare `aws:SourceAccount` by `StringEquals` with `111122223333` and `aws:SourceArn` by `ArnLike` with `arn:aws:ecs:eu-west-1:111122223333:*` in the trust policy of `checkout-execution`
          $ aws iam update-assume-role-policy --role-name checkout-execution --policy-document '{"Statement":[{"Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:SourceArn":["arn:aws:ecs:eu-central-1:111122223333:*","arn:aws:ecs:eu-west-1:111122223333:*"]},"StringEquals":{"aws:SourceAccount":"111122223333"}},"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"}}],"Version":"2012-10-17"}'
        "#);
    }

    fn statement(effect: &str, condition: &Value) -> Value {
        json!({
            "Effect": effect, "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole", "Condition": condition,
        })
    }

    fn world(statements: Value) -> World {
        let mut world = World::default();
        world.stopped(MESSAGE).set("Role", "/Role/AssumeRolePolicyDocument/Statement", statements);
        world
    }

    fn with(statements: Value) -> Outcome {
        world(statements).outcome("exr-trust-conditions")
    }

    #[test]
    fn one_statement_that_holds_is_enough() {
        let wrong = statement("Allow", &json!({"StringEquals": {"sts:ExternalId": "x"}}));
        let unclear = statement("Allow", &json!({"Bool": {"aws:SecureTransport": "true"}}));
        let open = statement("Allow", &json!({}));
        assert_eq!(with(json!([wrong, unclear, open])).status, Status::Passed);
        assert_eq!(with(json!([wrong, unclear])).status, Status::Unknown);
        assert_eq!(with(json!([wrong])).status, Status::Failed);
    }

    #[test]
    fn a_denial_whose_conditions_hold_decides() {
        let allow = statement("Allow", &json!({}));
        let deny = |condition| statement("Deny", &condition);
        let other = deny(json!({"StringNotEquals": {"aws:SourceAccount": "111122223333"}}));
        assert_eq!(with(json!([allow, other])).status, Status::Passed);
        let hit = deny(json!({"StringEquals": {"aws:SourceAccount": "111122223333"}}));
        assert_eq!(with(json!([allow, hit])).status, Status::Failed);
        let unclear = deny(json!({"Bool": {"aws:SecureTransport": "false"}}));
        assert_eq!(with(json!([allow, unclear])).status, Status::Unknown);
    }

    #[test]
    fn one_cluster_is_unsupported_and_every_correction_is_proved() {
        for (condition, severity) in [
            (
                json!({"ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/shop"}}),
                Severity::Likely,
            ),
            (
                json!({"StringEquals": {"aws:SourceArn": "arn:aws:ecs:eu-west-1:111122223333:*"}}),
                Severity::Blocker,
            ),
            (json!({"StringEquals": {"sts:ExternalId": "x"}}), Severity::Blocker),
            (json!({"StringEquals": {"aws:SourceAccount": "999988887777"}}), Severity::Blocker),
        ] {
            let report = world(json!([statement("Allow", &condition)])).report();
            let finding = report
                .findings
                .iter()
                .find(|finding| finding.check == "exr-trust-conditions")
                .unwrap_or_else(|| panic!("{condition}"));
            assert_eq!(finding.severity, severity, "{condition}");
            assert!(finding.remedy.as_ref().unwrap().verified, "{condition}");
        }
    }

    #[test]
    fn without_a_statement_for_ecs_tasks_there_are_no_conditions_to_judge() {
        let other = json!([{"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}]);
        assert_eq!(with(other).status, Status::NotApplicable);
    }
}
