use serde_json::Value;

use super::{
    super::definition,
    role::{Named, Resolved, resolve},
    trust,
};
use crate::{
    check::{Check, Cx, Meta, check},
    edit::Edit,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell::quoted,
};

check! {
    /// The execution role exists
    ///
    /// # What it looks at
    /// Whether `executionRoleArn` is the ARN of a role, of the task's account, and whether
    /// `GetRole` returns a role with that very ARN, path included. An override counts before the
    /// task definition.
    ///
    /// # Why it matters
    /// ECS cannot assume a role that does not exist and starts no task: `ECS was unable to assume
    /// the role … that was provided for this task`. Roles go missing when a stack is deleted, when
    /// a name is mistyped, or when a template leaves a variable empty (`role/null`).
    ///
    /// # How to fix it
    /// Name an existing role with its whole ARN in a new task definition revision, or create the
    /// role under that name.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html>,
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>
    Exists {
        id: "exr-exists",
        domain: "execution-role",
        phase: Auth,
        causes: [IamRoleNotAssumable],
        explains: [],
    }
}

impl Check for Exists {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let (named, finding, remedy) = match resolve(cx)? {
            Resolved::Unset => return cx.not_applicable("the task has no execution role"),
            Resolved::Found(..) => return Ok(()),
            Resolved::Malformed(named) => {
                let text = &named.text;
                let what = if text.contains(":instance-profile/") {
                    "it is an instance profile, which only EC2 instances can use"
                } else {
                    "it is neither the ARN nor the name of an IAM role"
                };
                let finding =
                    Finding::blocker(format!("`{text}` cannot be the execution role: {what}"))
                        .resource(named.resource());
                (named, finding, Remedy::new("set `executionRoleArn` to the ARN of a role"))
            }
            Resolved::OtherAccount(named, account) => {
                let own = cx.account().unwrap_or_default();
                let finding = Finding::blocker(format!(
                    "execution role `{}` belongs to account `{account}`, the task to `{own}`",
                    named.text
                ))
                .resource(named.resource());
                let remedy = Remedy::new(format!(
                    "set `executionRoleArn` to the ARN of a role of account `{own}`: roles cannot \
                     be passed to another account's tasks"
                ));
                (named, finding, remedy)
            }
            Resolved::Absent(named) => {
                let null = if named.name == "null" {
                    "; `null` looks like a variable that a template left empty"
                } else {
                    ""
                };
                let finding = Finding::blocker(format!(
                    "execution role `{}` does not exist{null}",
                    named.text
                ))
                .resource(named.resource())
                .evidence(Evidence::new(
                    cx.query(&named.request()),
                    "/Role",
                    Value::Null,
                ));
                let remedy = created(cx, &named);
                cx.report(told(cx, &named, finding)?.remedy(remedy));
                return Ok(());
            }
            Resolved::OtherArn(named, role) => {
                let finding = Finding::blocker(format!(
                    "execution role `{}` does not exist; the role `{}` has the ARN `{}`",
                    named.text, named.name, role.arn
                ))
                .changed_at(role.create_date)
                .resource(named.resource())
                .resource(Resource::new("AWS::IAM::Role", named.name.clone()).arn(role.arn.clone()))
                .evidence(
                    Evidence::new(cx.query(&named.request()), "/Role/Arn", role.arn.clone())
                        .object(named.name.clone()),
                );
                let mut remedy = Remedy::new(format!("set `executionRoleArn` to `{}`", role.arn));
                if !named.overridden {
                    remedy = remedy.edit(Edit::Set(
                        definition::object(&definition),
                        "/executionRoleArn".to_owned(),
                        Value::from(role.arn.clone()),
                    ));
                }
                (named, finding, remedy)
            }
        };
        let remedy = if named.overridden {
            remedy.step(
                "the role comes from the overrides with which the task was started: change them \
                 in the call that starts it, a new task definition does not help",
            )
        } else {
            definition::deployed(cx, &definition, remedy)
        };
        cx.report(told(cx, &named, finding)?.remedy(remedy));
        Ok(())
    }
}

/// What every finding has to say.
fn told(cx: &Cx<'_>, named: &Named, finding: Finding) -> Result<Finding, Missing> {
    let finding = finding
        .detail("ECS cannot assume the role and so starts no task with it")
        .named(named.text.clone());
    if named.overridden {
        return Ok(finding);
    }
    let query = cx.query(&cx.definition_request()?);
    Ok(finding.evidence(Evidence::new(
        query,
        "/taskDefinition/executionRoleArn",
        named.text.clone(),
    )))
}

/// Creating the role under the name that the task gives.
fn created(cx: &Cx<'_>, named: &Named) -> Remedy {
    let trust = serde_json::json!({"Version": "2012-10-17", "Statement": [trust::allowing()]});
    let path =
        if named.path == "/" { String::new() } else { format!(" --path {}", quoted(&named.path)) };
    let name = quoted(&named.name);
    Remedy::new(format!(
        "create the role `{}` under path `{}`, or name a role that exists in `executionRoleArn`",
        named.name, named.path
    ))
    .step("give the role what else the task needs of it, such as its secrets")
    .command(format!(
        "aws iam create-role --role-name {name}{path} --assume-role-policy-document {}",
        quoted(&trust.to_string())
    ))
    .command(format!(
        "aws iam attach-role-policy --role-name {name} --policy-arn \
         arn:{}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
        cx.partition()
    ))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::{Examples, ROLE, World};

    pub(in crate::checks::execution_role) const MESSAGE: &str = "(service checkout) failed to \
        launch a task with (error ECS was unable to assume the role \
        'arn:aws:iam::111122223333:role/checkout-execution' that was provided for this task. \
        Please verify that the role being passed has the proper trust relationship and \
        permissions and that your IAM user has permissions to pass this role.).";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).without("Role").recorded_error(
                "iam",
                "GetRole",
                &json!({"RoleName": "checkout-execution"}),
                "NoSuchEntity",
            );
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).deny("iam:GetRole");
        },
        near_miss: |world| {
            // It exists; its trust policy is the matter of another check.
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("exr-exists"), @r#"
        blocker: execution role `arn:aws:iam::111122223333:role/checkout-execution` does not exist
          ECS cannot assume the role and so starts no task with it
          @ AWS::IAM::Role checkout-execution
          fix: create the role `checkout-execution` under path `/`, or name a role that exists in `executionRoleArn`
          - give the role what else the task needs of it, such as its secrets
          $ aws iam create-role --role-name checkout-execution --assume-role-policy-document '{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"}}],"Version":"2012-10-17"}'
          $ aws iam attach-role-policy --role-name checkout-execution --policy-arn arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy
        "#);
    }

    fn with_arn(arn: &str) -> crate::check::Outcome {
        let mut world = World::default();
        world.definition("/executionRoleArn", json!(arn)).outcome("exr-exists")
    }

    fn summary(arn: &str) -> String {
        let outcome = with_arn(arn);
        assert_eq!(outcome.findings.len(), 1, "{arn}: {outcome:?}");
        outcome.findings[0].summary.clone()
    }

    #[test]
    fn what_is_no_role_of_the_account_is_no_execution_role() {
        let profile = "arn:aws:iam::111122223333:instance-profile/checkout-execution";
        assert!(summary(profile).contains("instance profile"));
        for malformed in [
            "arn:aws:iam::111122223333:user/checkout-execution",
            "arn:aws:sts::111122223333:assumed-role/checkout-execution/x",
            "arn:aws:iam::111122223333:role/",
            "a role",
        ] {
            assert!(summary(malformed).contains("neither the ARN nor the name"), "{malformed}");
        }
        let foreign = "arn:aws:iam::999988887777:role/checkout-execution";
        assert!(summary(foreign).contains("belongs to account `999988887777`"));
    }

    #[test]
    fn a_name_alone_is_a_role_of_the_account() {
        assert_eq!(with_arn("checkout-execution").findings, []);
    }

    #[test]
    fn null_is_a_name_that_nobody_has() {
        for arn in ["null", "arn:aws:iam::111122223333:role/null"] {
            let mut world = World::default();
            world.definition("/executionRoleArn", json!(arn)).recorded_error(
                "iam",
                "GetRole",
                &json!({"RoleName": "null"}),
                "NoSuchEntity",
            );
            let outcome = world.outcome("exr-exists");
            assert!(outcome.findings[0].summary.contains("a template left empty"), "{outcome:?}");
        }
    }

    #[test]
    fn the_path_is_part_of_the_arn_and_can_be_corrected() {
        let mut world = World::default();
        world.stopped(MESSAGE).definition(
            "/executionRoleArn",
            json!("arn:aws:iam::111122223333:role/x/checkout-execution"),
        );
        let report = world.report();
        let finding = report.findings.iter().find(|finding| finding.check == "exr-exists").unwrap();
        assert!(finding.summary.contains(ROLE), "{}", finding.summary);
        assert!(finding.remedy.as_ref().unwrap().verified);
    }

    #[test]
    fn an_override_is_not_mended_by_a_task_definition() {
        let mut world = World::default();
        world.task(
            "/overrides/executionRoleArn",
            json!("arn:aws:iam::111122223333:role/x/checkout-execution"),
        );
        let outcome = world.outcome("exr-exists");
        let remedy = outcome.findings[0].remedy.as_ref().unwrap();
        assert!(remedy.edits.is_empty());
        assert!(remedy.steps[0].contains("overrides"));
    }

    #[test]
    fn another_case_is_no_certain_answer() {
        let outcome = with_arn("arn:aws:iam::111122223333:role/Checkout-Execution");
        assert_eq!(outcome.findings, []);
        assert!(!outcome.missing.is_empty());
    }
}
