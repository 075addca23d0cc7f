use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::{
    ErrorKind, Query, SourceError, aws,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell, signature,
};

check! {
    /// The caller may read what the diagnosis reads
    ///
    /// # What it looks at
    /// Every read that was refused with an access error and left a check without its answer. It
    /// runs when the other checks have asked all they want; nothing is simulated beforehand.
    ///
    /// # Why it matters
    /// A refused read proves nothing: the checks that need it end as unknown, and one of them may
    /// hide the cause.
    ///
    /// # How to fix it
    /// Grant the caller the actions that the finding lists; all of them only read, and none reads
    /// the value of a secret. `ecs-diag iam-policy` prints the policy for all reads there are.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>,
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
    CallerPermissions {
        id: "pre-caller-permissions",
        domain: "preflight",
        phase: Place,
        causes: [],
        explains: [],
    }
}

impl Check for CallerPermissions {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        // What every diagnosis needs is asked here too, in case no other check runs.
        let own = [cx.task().err(), cx.service().err(), cx.definition().err()];
        let mut gaps = cx.gaps();
        gaps.extend(own.into_iter().flatten());

        let mut names = BTreeSet::new();
        let mut actions: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let mut evidence = Vec::new();
        let mut caller = None;
        for gap in &gaps {
            let Some((query, error)) = refused(gap) else { continue };
            let mut said = signature::read(&error.message).parameters;
            if let Some(principal) = said.remove("principal") {
                let role = role_of(&principal).map(str::to_owned);
                caller.get_or_insert((principal, role));
            }
            // What the message leaves open, or does not name as a policy does (`role app`), is
            // granted for all objects of that kind.
            let resource = said.remove("resource").filter(|resource| resource.starts_with("arn:"));
            let resource = resource.unwrap_or_else(|| "*".to_owned());
            let needed = aws::operation(&query.service, &query.operation);
            let needed = needed.map_or(&[][..], |operation| operation.iam_actions);
            actions.entry(resource).or_default().extend(needed);
            if names.insert(query.name()) {
                evidence.push(Evidence::new(query.clone(), "", error.to_string()));
            }
        }
        if !names.is_empty() {
            let statements: Vec<_> = actions
                .iter()
                .filter(|(_, actions)| !actions.is_empty())
                .map(|(resource, actions)| {
                    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
                })
                .collect();
            let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
            let who =
                caller.as_ref().map_or("the caller".to_owned(), |(arn, _)| format!("`{arn}`"));
            let listed: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            let mut remedy = Remedy::new("allow the caller these reads, and diagnose again")
                .step(format!("attach this policy to {who}: {policy}"));
            let mut finding = Finding::warning(format!("{who} may not call {}", listed.join(", ")))
                .detail(
                    "checks that need these answers are unknown: a refused read proves neither a \
                     fault nor that there is none",
                );
            if let Some((arn, role)) = &caller {
                let kind = if role.is_some() { "AWS::IAM::Role" } else { "AWS::IAM::User" };
                let name = role.as_deref().or(arn.rsplit('/').next()).unwrap_or(arn);
                finding = finding.resource(Resource::new(kind, name));
                // The roles of IAM Identity Center are changed in their permission sets.
                if role.is_some() && !name.starts_with("AWSReservedSSO_") {
                    remedy = remedy.command(format!(
                        "aws iam put-role-policy --role-name {} --policy-name ecs-diag-read \
                         --policy-document {}",
                        shell::quoted(name),
                        shell::quoted(&policy)
                    ));
                }
            }
            for evidence in evidence {
                finding = finding.evidence(evidence);
            }
            cx.report(finding.remedy(remedy));
        }
        // Behind what could not be read for another reason more reads may wait, and be refused.
        cx.each(gaps.into_iter().filter(|gap| refused(gap).is_none()), |_, gap| Err(gap));
        Ok(())
    }
}

/// The role that a session (`…:assumed-role/NAME/SESSION`) is of.
fn role_of(principal: &str) -> Option<&str> {
    principal.split_once(":assumed-role/")?.1.split('/').next()
}

/// A call that the caller may not make, and what the service said.
fn refused(gap: &Missing) -> Option<(&Query, &SourceError)> {
    match gap {
        Missing::Unavailable(query, error) if error.kind == ErrorKind::AccessDenied => {
            Some((query, error))
        }
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.deny("ecs:DescribeTaskDefinition");
        },
        passes: |_| {},
        unknown: |world| {
            world.without("taskDefinition");
        },
        near_miss: |_| {},
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("pre-caller-permissions"), @r#"
        warning: the caller may not call `ecs:DescribeTaskDefinition`
          checks that need these answers are unknown: a refused read proves neither a fault nor that there is none
          fix: allow the caller these reads, and diagnose again
          - attach this policy to the caller: {"Statement":[{"Action":["ecs:DescribeTaskDefinition"],"Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}
        "#);
    }

    #[test]
    fn what_other_checks_were_refused_is_told_with_the_actions_to_allow() {
        let mut world = World::default();
        world.deny("ecr:DescribeImages");
        let report = world.report();
        let findings: Vec<_> =
            report.findings.iter().filter(|f| f.check == "pre-caller-permissions").collect();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].summary, "the caller may not call `ecr:DescribeImages`");
        let step = &findings[0].remedy.as_ref().unwrap().steps[0];
        assert!(step.contains(r#""Action":["ecr:DescribeImages"]"#), "{step}");
        assert!(!step.contains("ecs:"), "{step}");
    }

    #[test]
    fn a_session_is_of_a_role() {
        assert_eq!(
            super::role_of("arn:aws:sts::111122223333:assumed-role/Auditor/me"),
            Some("Auditor")
        );
        assert_eq!(super::role_of("arn:aws:iam::111122223333:user/me"), None);
    }

    #[test]
    fn what_others_still_wait_for_is_not_waited_for_twice() {
        let report = World::default().report();
        let missing = report.checks.iter().flat_map(|check| &check.unknown);
        assert!(missing.map(|gap| format!("{gap:?}")).all(|gap| !gap.contains("limit-reached")));
    }

    #[test]
    fn what_was_not_saved_was_not_refused() {
        let mut world = World::default();
        world.without("imageDetails").without("Role");
        let report = world.report();
        let check = report.checks.iter().find(|c| c.check == "pre-caller-permissions").unwrap();
        assert_eq!(check.status, Status::Unknown);
        assert!(report.findings.iter().all(|f| f.check != "pre-caller-permissions"));
    }
}
