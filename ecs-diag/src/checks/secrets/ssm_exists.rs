use serde_json::{Value, json};

use super::{References, reference::Parameter};
use crate::{
    Query,
    check::{Check, Cx, Meta, check},
    checks::definition,
    edit::Edit,
    facts::{self, Missing},
    finding::{Evidence, Finding, Remedy},
    shell,
    shell::quoted,
};

check! {
    /// Every parameter that the task refers to exists
    ///
    /// # What it looks at
    /// For every parameter of Systems Manager that a `valueFrom` names, by name in the task's
    /// Region or by ARN in the ARN's, whether `DescribeParameters` lists it under exactly that
    /// name. Selectors of a version or label are left aside. Parameters of other accounts and of
    /// AWS are not listed: whether they exist stays unknown. `/aws/reference/secretsmanager/…`
    /// stands for a secret and is not looked up.
    ///
    /// # Why it matters
    /// ECS reads parameters ten at a time with `GetParameters`; one that does not exist fails them
    /// all with `invalid ssm parameters: NAME, …`, and the task does not start.
    ///
    /// # How to fix it
    /// Create the parameter under that name in that Region, or correct the name in a new task
    /// definition revision. Names are case-sensitive, and a name with slashes begins with one:
    /// `shop/flag` is not `/shop/flag`, and cannot be created.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html>,
    /// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html>
    SsmExists {
        id: "sec-ssm-exists",
        domain: "secrets",
        phase: Secrets,
        causes: [SecretNotFound],
        explains: [],
    }
}

impl Check for SsmExists {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let mut parameters = References::of(cx)?.parameters;
        parameters
            .retain(|parameter| !parameter.name.starts_with("/aws/reference/secretsmanager/"));
        if parameters.is_empty() {
            return cx.not_applicable("no container refers to a parameter of Systems Manager");
        }
        let several = parameters.len() > 1;
        cx.each(parameters, |cx, parameter| {
            let region = parameter.region(cx);
            let region = region.as_deref();
            let request = parameter.request();
            let query = cx.query_in(region, &request);
            let name = &parameter.name;
            let foreign = parameter.arn.as_ref().is_some_and(|arn| {
                cx.account().is_some_and(|account| account != arn.account)
            });
            if foreign || name.starts_with("/aws/") || name.starts_with("//") {
                let why = if name.starts_with("//") {
                    format!("which parameter `{}` names is not documented", parameter.mentions[0].text)
                } else {
                    format!("`{name}` belongs to another account, and only its own parameters are listed")
                };
                return Err(Missing::undecided(query, why));
            }
            let names = &request.parameter_filters[0].values;
            if cx.get_in(region, &request)?.is_some_and(|answer| {
                answer.parameters.iter().any(|found| names.contains(&found.name))
            }) {
                return Ok(());
            }
            let place = region.map_or(String::new(), |region| format!(" in `{region}`"));
            let batch = if several {
                "; all parameters that are asked for together fail with it"
            } else {
                ""
            };
            let finding = Finding::blocker(format!("parameter `{name}` does not exist{place}"))
                .detail(format!(
                    "ECS reads it for {} before the container starts: `invalid ssm parameters` \
                     stops the task{batch}",
                    parameter.named_by()
                ))
                .evidence(Evidence::new(query.clone(), "/Parameters", Value::Array(vec![])));
            let finding = parameter.finding(cx, finding);
            let remedy = match qualified(&parameter) {
                Some(qualified) => renamed(cx, &parameter, &qualified, region)?,
                None => created(&parameter, query, finding.resources[0].arn.as_deref(), region),
            };
            cx.report(finding.remedy(remedy));
            Ok(())
        });
        Ok(())
    }
}

/// The name that Systems Manager would take, where it takes none like this: a hierarchy begins with
/// a slash.
fn qualified(parameter: &Parameter) -> Option<String> {
    let name = &parameter.name;
    (name.contains('/') && !name.starts_with('/')).then(|| format!("/{name}"))
}

/// The parameter under its name with a slash before it.
fn renamed(
    cx: &Cx<'_>,
    parameter: &Parameter,
    qualified: &str,
    region: Option<&str>,
) -> Result<Remedy, Missing> {
    let there = Parameter { name: qualified.to_owned(), ..parameter.clone() };
    // Whether it exists is help, so that no answer is no obstacle.
    let there = facts::at_hand(cx.get_in(region, &there.request()))?
        .is_some_and(|answer| answer.parameters.iter().any(|found| found.name == *qualified));
    let task_definition = cx.definition()?;
    let mut remedy = if there {
        Remedy::new(format!("set `valueFrom` to `{qualified}`, which exists"))
    } else {
        Remedy::new(format!(
            "set `valueFrom` to the name of a parameter that exists; one with slashes begins with \
             one, as in `{qualified}`"
        ))
    };
    for mention in parameter.mentions.iter().filter(|_| there) {
        remedy = remedy.edit(definition::set(
            &task_definition,
            &mention.pointer,
            format!("/{}", mention.text),
        ));
    }
    Ok(definition::deployed(cx, &task_definition, remedy))
}

/// The parameter, created under its name.
fn created(parameter: &Parameter, query: Query, arn: Option<&str>, region: Option<&str>) -> Remedy {
    let name = &parameter.name;
    let place = region.map_or(String::new(), |region| format!(" in `{region}`"));
    let created = json!({"Parameters": [{
        "Name": name, "Type": "SecureString", "KeyId": "alias/aws/ssm", "Version": 1, "ARN": arn,
        "Tier": "Standard", "DataType": "text", "Policies": [],
    }]});
    Remedy::new(format!(
        "create the parameter `{name}`{place}, or correct the name in the task definition"
    ))
    .command(format!(
        "aws ssm put-parameter --name {} --type SecureString --value file://value.txt{}",
        quoted(name),
        shell::region_option(region)
    ))
    .edit(Edit::Answer(query, created))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::{Outcome, Status},
        checks::testing::{Examples, World},
    };

    const MESSAGE: &str = "ResourceInitializationError: unable to pull secrets or registry auth: \
        execution resource retrieval failed: unable to retrieve secrets from ssm: service call has \
        been retried 1 time(s): invalid ssm parameters: /shop/flag";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).set("Parameters", "/Parameters/0/Name", json!("/shop/flags"));
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).without("Parameters");
        },
        near_miss: |world| {
            // It was created since.
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-ssm-exists"), @r"
        blocker: parameter `/shop/flag` does not exist in `eu-west-1`
          ECS reads it for container `app` before the container starts: `invalid ssm parameters` stops the task
          @ AWS::SSM::Parameter /shop/flag
          fix (verified): create the parameter `/shop/flag` in `eu-west-1`, or correct the name in the task definition
          $ aws ssm put-parameter --name /shop/flag --type SecureString --value file://value.txt --region eu-west-1
        ");
    }

    fn refers_to(text: &str) -> Outcome {
        let mut world = World::default();
        world.container("/secrets/1/valueFrom", json!(text)).outcome("sec-ssm-exists")
    }

    #[test]
    fn name_and_arn_name_the_same_parameter_exactly() {
        let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter";
        for (text, status) in [
            ("/shop/flag", Status::Passed),
            ("/shop/flag:1", Status::Passed),
            ("shop/flag", Status::Failed),
            ("/shop/Flag", Status::Failed),
            (&format!("{arn}/shop/flag"), Status::Passed),
            (&format!("{arn}/shop/flag:prod"), Status::Passed),
            (&format!("{arn}/shop/other"), Status::Failed),
            (&format!("{arn}//shop/flag"), Status::Unknown),
            ("arn:aws:ssm:eu-west-1:999988887777:parameter/shop/flag", Status::Unknown),
            ("arn:aws:ssm:us-east-1:111122223333:parameter/shop/flag", Status::Unknown),
            ("/aws/service/ecs/optimized-ami/x", Status::Unknown),
            ("/aws/reference/secretsmanager/shop/db", Status::NotApplicable),
        ] {
            assert_eq!(refers_to(text).status, status, "{text}");
        }
    }

    #[test]
    fn an_arn_of_a_name_without_hierarchy_may_begin_with_a_slash() {
        for name in ["flag", "/flag"] {
            let mut world = World::default();
            world.set("Parameters", "/Parameters/0/Name", json!(name)).container(
                "/secrets/1/valueFrom",
                json!("arn:aws:ssm:eu-west-1:111122223333:parameter/flag"),
            );
            assert_eq!(world.outcome("sec-ssm-exists").status, Status::Passed, "{name}");
        }
    }

    #[test]
    fn each_missing_parameter_is_told_once() {
        let mut world = World::default();
        world.container(
            "/secrets",
            json!([
                {"name": "A", "valueFrom": "/a"}, {"name": "B", "valueFrom": "/b"},
                {"name": "C", "valueFrom": "/a"},
            ]),
        );
        let outcome = world.outcome("sec-ssm-exists");
        assert_eq!(outcome.findings.len(), 2, "{outcome:?}");
        assert!(outcome.findings[0].detail.contains("all parameters"));
    }

    #[test]
    fn a_name_with_slashes_begins_with_one() {
        let mut world = World::default();
        world.container("/secrets/1/valueFrom", json!("shop/flag"));
        let remedy = |world: &World| {
            let findings = world.report().findings;
            let finding = findings.into_iter().find(|finding| finding.check == "sec-ssm-exists");
            finding.unwrap().remedy.unwrap()
        };
        let found = remedy(&world);
        assert_eq!(found.summary, "set `valueFrom` to `/shop/flag`, which exists");
        assert!(found.verified, "{found:?}");
        world.container("/secrets/1/valueFrom", json!("shop/none"));
        let found = remedy(&world);
        assert!(found.summary.ends_with("as in `/shop/none`"), "{found:?}");
        assert!(!found.commands.iter().any(|command| command.contains("put-parameter")));
    }

    #[test]
    fn a_message_may_name_it_with_the_slash_that_an_arn_hides() {
        let mut world = World::default();
        let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/gone";
        world.container("/secrets/1/valueFrom", json!(arn));
        for name in ["gone", "/gone"] {
            let report = world.stopped(&MESSAGE.replace("/shop/flag", name)).report();
            assert_eq!(report.root_causes[0].because, "the failure message names it", "{name}");
        }
    }
}
