use serde_json::{Value, json};

use super::{about, failure};
use crate::{
    Phase,
    aws::Arn,
    check::{Check, Cx, Meta, check},
    facts::{self, Missing},
    finding::{Finding, Remedy, Resource},
    shell,
    signature::Place,
};

check! {
    /// Who was refused what, by which policy
    ///
    /// # What it looks at
    /// Principal, action, resource and kind of policy in a failure message that reports a refusal,
    /// and whether the role in it is the execution role (or task role) of this revision.
    ///
    /// # Why it matters
    /// The service itself says what is missing. `because no identity-based policy allows` means the
    /// role lacks a statement; an explicit deny must be found and narrowed, another statement does
    /// not help; a resource's, an endpoint's or the organization's policy is changed on its side. A
    /// role that is not this revision's means an older revision, an override or, on EC2, the
    /// instance's role.
    ///
    /// # How to fix it
    /// Allow exactly that action on exactly that resource, in the policy that refused it.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html>
    AccessDeniedExtraction {
        id: "cls-access-denied-extraction",
        domain: "classification",
        phase: Auth,
        causes: [
            IamExecRoleMissingAction, IamKmsDecrypt, IamVpcEndpointPolicy, IamEcrRepositoryPolicy,
        ],
        explains: [],
    }
}

impl Check for AccessDeniedExtraction {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(symptom) = failure(cx)? else {
            return cx.not_applicable("nothing speaks of a failure");
        };
        let said = |name| symptom.reading.parameters.get(name).map(String::as_str);
        let Some(action) = said("action") else { return Ok(()) };
        let principal = said("principal");
        let role = said("role");
        let resource = said("resource");
        let layer = said("layer");
        let explicit = said("deny") == Some("explicit");

        // The roles only explain whose role it is; without them the refusal is as certain.
        let definition = facts::at_hand(cx.definition().map(Some))?;
        // Other services are called with roles that the task definition does not name.
        let service = action.split(':').next().unwrap_or_default();
        let of_task = symptom.place != Place::ServiceEvent
            && ASKED_FOR_TASKS.contains(&service)
            && cx.task()?.is_some();
        let arns = definition.as_ref().filter(|_| of_task).map(|definition| {
            [&definition.execution_role_arn, &definition.task_role_arn]
                .map(|role| role.as_ref().and_then(|role| role.parse::<Arn>().ok()))
        });
        let (arn, whose) = match (role, arns) {
            (Some(role), Some([execution, task])) => {
                let is_it = |arn: &Option<Arn>| arn.as_ref().is_some_and(|arn| arn.last() == role);
                if is_it(&execution) {
                    (execution, "it is the execution role".to_owned())
                } else if is_it(&task) {
                    (task, "it is the task role, not the execution role".to_owned())
                } else if let Some(execution) = execution {
                    let execution = execution.last();
                    let why = format!(
                        "the role in the message is not the execution role of this revision, \
                         `{execution}`: an older revision or the instance's role was used"
                    );
                    (None, why)
                } else {
                    let why = "this revision has no execution role: the role in the message is \
                               another one, on EC2 the instance's";
                    (None, why.to_owned())
                }
            }
            _ => (None, String::new()),
        };

        let who = role.map_or_else(
            || principal.map_or("the caller".to_owned(), |principal| format!("`{principal}`")),
            |role| format!("role `{role}`"),
        );
        let on = resource.map_or(String::new(), |resource| format!(" on `{resource}`"));
        let policy = match layer {
            Some("identity-based") => "identity-based policy",
            Some("resource-based") => "resource-based policy",
            Some("permissions-boundary") => "permissions boundary",
            Some("service-control-policy") => "service control policy",
            Some("resource-control-policy") => "resource control policy",
            Some("session-policy") => "session policy",
            Some("vpc-endpoint") => "VPC endpoint policy",
            _ => "policy, which the message does not name,",
        };
        let verdict = if explicit {
            format!("a statement with Deny in a {policy} refuses it")
        } else if layer.is_some() {
            format!("no {policy} allows it")
        } else {
            "the message does not say which policy refused it".to_owned()
        };
        let mut parts = vec![verdict];
        if let Some(principal) = principal {
            parts.push(format!("it was asked as `{principal}`"));
        }
        if !whose.is_empty() {
            parts.push(whose);
        }

        let mut finding =
            Finding::likely(format!("{who} may not `{action}`{on}")).detail(parts.join("; "));
        if let Some(role) = role {
            let object = Resource::new("AWS::IAM::Role", role);
            finding = finding.resource(match &arn {
                Some(arn) => object.arn(arn.to_string()),
                None => object,
            });
        }
        let finding = about(cx, &symptom, finding)?
            .phase(symptom.reading.phase.unwrap_or(Phase::Auth))
            .remedy(remedy(cx, &Refusal { action, resource, layer, explicit, role, principal }));
        cx.report(finding);
        Ok(())
    }
}

/// Services that are called with the execution role, or the task role, to start a task.
const ASKED_FOR_TASKS: [&str; 7] =
    ["ecr", "secretsmanager", "ssm", "kms", "logs", "s3", "elasticfilesystem"];

struct Refusal<'a> {
    action: &'a str,
    resource: Option<&'a str>,
    layer: Option<&'a str>,
    explicit: bool,
    role: Option<&'a str>,
    principal: Option<&'a str>,
}

fn remedy(cx: &Cx<'_>, refusal: &Refusal<'_>) -> Remedy {
    let Refusal { action, resource, layer, explicit, role, principal } = *refusal;
    let Some(resource) = resource else {
        return Remedy::new(format!("allow `{action}` on the resource that the task names"))
            .step("the message was cut before the resource: take it from the task definition");
    };
    if explicit {
        let place = layer.map_or("policies".to_owned(), |layer| layer.replace('-', " "));
        return Remedy::new(format!(
            "find the statement with Deny in the {place} that covers `{action}` on `{resource}`, and \
             except this role from it"
        ))
        .step("another statement with Allow does not help against a Deny");
    }
    let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
    let region = shell::region_option(cx.region());
    let (service, name) = action.split_once(':').unwrap_or((action, ""));
    match layer {
        Some("vpc-endpoint") => {
            let endpoint = match service {
                "ecr" if name == "GetAuthorizationToken" => "ecr.api",
                "ecr" => "ecr.dkr",
                other => other,
            };
            let mut statement = statement;
            statement["Principal"] = json!("*");
            Remedy::new(format!(
                "allow `{action}` on `{resource}` in the policy of the VPC endpoint for `{endpoint}`"
            ))
            .step(format!("add this statement to the endpoint's policy: {statement}"))
            .command(format!(
                "aws ec2 describe-vpc-endpoints --filters {}{region}",
                shell::quoted(&format!(
                    "Name=service-name,Values=com.amazonaws.{}.{endpoint}",
                    cx.region().unwrap_or_default()
                ))
            ))
        }
        Some("resource-based") => {
            let principal = principal.map_or("the role".to_owned(), role_arn);
            let remedy = Remedy::new(format!(
                "allow `{principal}` to `{action}` in the policy of `{resource}`"
            ));
            let mut statement = json!({
                "Effect": "Allow", "Principal": {"AWS": principal}, "Action": action,
            });
            // A repository's policy speaks of the repository it hangs on, and names no resource.
            if service != "ecr" {
                statement["Resource"] = json!(resource);
            }
            let remedy = remedy
                .step(format!("add this statement to the policy of the resource: {statement}"));
            match reading(service, resource) {
                Some(command) => remedy.command(format!("{command}{region}")),
                None => remedy,
            }
        }
        Some(
            layer @ ("permissions-boundary"
            | "service-control-policy"
            | "resource-control-policy"
            | "session-policy"),
        ) => Remedy::new(format!(
            "allow `{action}` on `{resource}` in the {}",
            layer.replace('-', " ")
        ))
        .step("every policy of that kind must allow it; the role's own policies may do so already"),
        _ => {
            let remedy = Remedy::new(format!(
                "allow {} `{action}` on `{resource}`",
                match role {
                    Some(role) => format!("role `{role}`"),
                    None => "the principal".to_owned(),
                }
            ));
            match role {
                Some(role) => {
                    let policy: Value = json!({"Version": "2012-10-17", "Statement": [statement]});
                    remedy.command(format!(
                        "aws iam put-role-policy --role-name {} --policy-name {} --policy-document {}",
                        shell::quoted(role),
                        shell::quoted(&format!("allow-{}", action.replace(':', "-"))),
                        shell::quoted(&policy.to_string())
                    ))
                }
                None => remedy.step(format!("add this statement to its policy: {statement}")),
            }
        }
    }
}

/// The role behind `arn:…:assumed-role/NAME/SESSION`; its path is not in there.
fn role_arn(principal: &str) -> String {
    match principal.parse::<Arn>() {
        Ok(arn) if arn.resource_type() == "assumed-role" => {
            let name = arn.resource_id().split('/').next().unwrap_or_default();
            format!("arn:{}:iam::{}:role/{name}", arn.partition, arn.account)
        }
        _ => principal.to_owned(),
    }
}

/// The command that shows a resource's policy.
fn reading(service: &str, resource: &str) -> Option<String> {
    let arn: Arn = resource.parse().ok()?;
    Some(match service {
        "ecr" => format!(
            "aws ecr get-repository-policy --registry-id {} --repository-name {}",
            shell::quoted(&arn.account),
            shell::quoted(arn.resource_id())
        ),
        "secretsmanager" => format!(
            "aws secretsmanager get-resource-policy --secret-id {}",
            shell::quoted(resource)
        ),
        "kms" => format!(
            "aws kms get-key-policy --policy-name default --key-id {}",
            shell::quoted(resource)
        ),
        "s3" => format!(
            "aws s3api get-bucket-policy --bucket {}",
            shell::quoted(arn.resource.split('/').next().unwrap_or_default())
        ),
        _ => return None,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::testing::by_user;
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        finding::Finding,
    };

    const USER: &str = "arn:aws:sts::111122223333:assumed-role/checkout-execution/4f1d2a8c";
    const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf";

    fn text(principal: &str, action: &str, resource: &str, because: &str) -> String {
        format!(
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource \
             retrieval failed: unable to retrieve secret from asm: service call has been retried 1 \
             time(s): failed to fetch secret {SECRET} from secrets manager: AccessDeniedException: \
             User: {principal} is not authorized to perform: {action} on resource: {resource} because \
             {because} status code: 400, request id: 0f1e2d3c-0000-0000-0000-000000000000"
        )
    }

    fn usual() -> String {
        let action = "secretsmanager:GetSecretValue";
        text(USER, action, SECRET, &format!("no identity-based policy allows the {action} action"))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(&usual());
        },
        passes: |_| {},
        unknown: |world| {
            world.deny("ecs:DescribeTasks");
        },
        near_miss: |world| by_user(world.stopped(&usual())),
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("cls-access-denied-extraction"), @r#"
        likely: role `checkout-execution` may not `secretsmanager:GetSecretValue` on `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf`
          no identity-based policy allows it; it was asked as `arn:aws:sts::111122223333:assumed-role/checkout-execution/4f1d2a8c`; it is the execution role
          @ AWS::IAM::Role checkout-execution
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: allow role `checkout-execution` `secretsmanager:GetSecretValue` on `arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf`
          $ aws iam put-role-policy --role-name checkout-execution --policy-name allow-secretsmanager-GetSecretValue --policy-document '{"Statement":[{"Action":"secretsmanager:GetSecretValue","Effect":"Allow","Resource":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf"}],"Version":"2012-10-17"}'
        "#);
    }

    fn finding(world: &World) -> Finding {
        let mut outcome = world.outcome("cls-access-denied-extraction");
        assert_eq!((outcome.status, outcome.findings.len()), (Status::Failed, 1), "{outcome:?}");
        outcome.findings.remove(0)
    }

    fn of(text: &str) -> Finding {
        let mut world = World::default();
        finding(world.stopped(text))
    }

    #[test]
    fn a_role_that_is_not_the_revisions_is_said() {
        let other = USER.replace("checkout-execution", "ecsInstanceRole");
        let finding = of(&usual().replace(USER, &other));
        assert!(finding.detail.contains("not the execution role of this revision"));
        assert_eq!(finding.resources[0].id, "ecsInstanceRole");
        assert_eq!(finding.resources[0].arn, None);

        let mut world = World::default();
        world.stopped(&usual().replace(USER, &other)).definition("/executionRoleArn", json!(null));
        assert!(super::tests::finding(&world).detail.contains("has no execution role"));
    }

    #[test]
    fn a_role_that_no_definition_names_is_not_compared() {
        let role = "arn:aws:iam::111122223333:role/ecsInstance";
        let because = "no identity-based policy allows the iam:PassRole action";
        let infrastructure = USER.replace("checkout-execution", "ecsInfrastructure");
        let finding = of(&text(&infrastructure, "iam:PassRole", role, because));
        assert!(!finding.detail.contains("this revision"), "{}", finding.detail);
    }

    #[test]
    fn without_the_definition_the_refusal_is_still_told() {
        let mut world = World::default();
        world.stopped(&usual()).deny("ecs:DescribeTaskDefinition");
        assert_eq!(finding(&world).resources[0].arn, None);
    }

    #[test]
    fn the_policy_that_refused_is_the_one_to_change() {
        let action = "ecr:BatchGetImage";
        let repository = "arn:aws:ecr:eu-west-1:444455556666:repository/shop/checkout";
        let at = |because: &str| of(&text(USER, action, repository, because)).remedy.unwrap();

        let endpoint = at("no VPC endpoint policy allows the ecr:BatchGetImage action");
        assert!(endpoint.summary.contains("VPC endpoint for `ecr.dkr`"), "{}", endpoint.summary);
        let resource = at("no resource-based policy allows the ecr:BatchGetImage action");
        assert!(resource.summary.contains("`arn:aws:iam::111122223333:role/checkout-execution`"));
        assert!(resource.commands[0].contains("--registry-id 444455556666"));
        let boundary = at("no permissions boundary allows the ecr:BatchGetImage action");
        assert!(boundary.summary.ends_with("permissions boundary"), "{}", boundary.summary);
        let deny = format!("{} with an explicit deny in a service control policy", "");
        let deny = of(&text(USER, action, repository, "").replace(" because ", &deny));
        assert!(deny.detail.contains("Deny in a service control policy"), "{}", deny.detail);
        assert!(deny.remedy.unwrap().commands.is_empty());
    }

    #[test]
    fn a_resource_that_was_cut_is_not_widened() {
        let full = usual();
        let cut = &full[..full.find("on resource: ").unwrap() + 30];
        let remedy = of(cut).remedy.unwrap();
        assert!(remedy.commands.is_empty() && !remedy.summary.contains('*'), "{remedy:?}");
    }

    #[test]
    fn what_a_message_says_stays_one_word_of_the_command() {
        let finding = of(&usual().replace("checkout-execution", "a$(id)b"));
        let command = &finding.remedy.unwrap().commands[0];
        // The bracket ends the name where the message is read.
        assert!(command.contains("--role-name 'a$(id' "), "{command}");
    }
}
