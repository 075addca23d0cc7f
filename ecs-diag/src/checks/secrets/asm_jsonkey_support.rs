use std::collections::BTreeSet;

use super::{References, reference::Mention};
use crate::{
    aws::ecs::TaskDefinition,
    check::{Check, Cx, Meta, check},
    checks::{
        definition,
        features::{ASM_FIELDS, ASM_SECRET, Feature, SSM_SECRET, too_old},
    },
    facts::Missing,
    finding::{Evidence, Finding},
};

check! {
    /// What runs the task can read secrets in the way that they are asked for
    ///
    /// # What it looks at
    /// Where the task refers to parameters or secrets in `secrets`, the Fargate platform version of
    /// the task, or the version of the container agent that it was placed under:
    ///
    /// | reference | Fargate on Linux | container agent |
    /// |---|---|---|
    /// | parameter of Systems Manager | 1.3.0 | 1.22.0 |
    /// | whole secret of Secrets Manager | 1.3.0 | 1.23.0 |
    /// | JSON key or version of a secret | 1.4.0 | 1.37.0 |
    ///
    /// # Why it matters
    /// What is older takes the fields behind a secret's ARN for a part of its name, or does not know
    /// of secrets at all: the secret cannot be read.
    ///
    /// # How to fix it
    /// Run the task on a newer platform version, update the agent, or refer to the whole secret.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html>,
    /// <https://github.com/aws/amazon-ecs-agent/blob/master/CHANGELOG.md>
    AsmJsonkeySupport {
        id: "sec-asm-jsonkey-support",
        domain: "secrets",
        phase: Secrets,
        causes: [SecretBadReference, AgentVersionBugOrConfig],
        explains: [],
    }
}

impl Check for AsmJsonkeySupport {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let References { secrets, parameters, .. } = References::of(cx)?;
        let in_environment = |mention: &&Mention| mention.pointer.contains("/secrets/");
        let secrets: Vec<_> = secrets.iter().flat_map(|secret| &secret.mentions).collect();
        let secrets: Vec<_> = secrets.into_iter().filter(in_environment).collect();
        let parameters: Vec<_> =
            parameters.iter().flat_map(|one| &one.mentions).filter(in_environment).collect();
        let with_fields: Vec<_> =
            secrets.iter().copied().filter(|mention| !mention.tail.is_empty()).collect();
        if secrets.is_empty() && parameters.is_empty() {
            return cx.not_applicable("no container has a secret in its environment");
        }
        let task_definition = cx.definition()?;
        // The strictest one tells all.
        for (feature, mentions, what) in [
            (&ASM_FIELDS, with_fields, "a JSON key or a version of a secret"),
            (&ASM_SECRET, secrets, "a secret of Secrets Manager"),
            (&SSM_SECRET, parameters, "a parameter of Systems Manager"),
        ] {
            if report(cx, &task_definition, feature, &mentions, what)? {
                break;
            }
        }
        Ok(())
    }
}

fn report(
    cx: &mut Cx<'_>,
    task_definition: &TaskDefinition,
    feature: &Feature,
    mentions: &[&Mention],
    what: &str,
) -> Result<bool, Missing> {
    let Some(first) = mentions.first() else { return Ok(false) };
    let Some(old) = too_old(cx, feature)? else { return Ok(false) };
    let by = definition::containers(mentions.iter().map(|mention| mention.container.as_str()));
    let finding = Finding::blocker(format!("{} cannot read {what}", old.what))
        .detail(format!("{by} refers to one; that needs {} or newer", old.needed))
        .resource(old.resource)
        .resource(definition::resource(task_definition))
        .evidence(old.evidence);
    let query = cx.query(&cx.definition_request()?);
    let pointer = format!("/taskDefinition{}", first.pointer);
    let finding = finding.evidence(Evidence::new(query, pointer, first.text.clone()));
    let texts: BTreeSet<_> = mentions.iter().map(|mention| mention.text.as_str()).collect();
    let finding = texts.into_iter().fold(finding, Finding::named);
    cx.report(finding.remedy(old.remedy));
    Ok(true)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{one, placed},
            testing::{Examples, SECRET, World},
        },
    };

    const MESSAGE: &str = "ResourceInitializationError: unable to pull secrets or registry auth: \
        execution resource retrieval failed: unable to retrieve secret from asm: unexpected ARN \
        format with parameters when trying to retrieve ASM secret";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).task("/platformVersion", json!("1.3.0"));
        },
        passes: |_| {},
        unknown: |world| {
            one(
                placed(world.stopped(MESSAGE), "EC2", &[]),
                0,
                "/versionInfo/agentVersion",
                json!("1.30.0"),
            )
            .deny("ecs:DescribeContainerInstances");
        },
        near_miss: |world| {
            world
                .stopped(MESSAGE)
                .task("/platformVersion", json!("1.3.0"))
                .container("/secrets/0/valueFrom", json!(SECRET));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-asm-jsonkey-support"), @"
        blocker: Fargate platform version 1.3.0 cannot read a JSON key or a version of a secret
          container `app` refers to one; that needs 1.4.0 or newer
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): run the task on platform version 1.4.0
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --platform-version 1.4.0
        ");
    }

    #[test]
    fn agents_are_compared_by_number() {
        for (agent, tail, status) in [
            ("1.9.0", "", Status::Failed),
            ("1.36.2", "", Status::Passed),
            ("1.36.2", ":password::", Status::Failed),
            ("1.37.0", ":password::", Status::Passed),
            ("EC2", ":password::", Status::Passed),
        ] {
            let mut world = World::default();
            one(placed(&mut world, "EC2", &[]), 0, "/versionInfo/agentVersion", json!(agent))
                .container("/secrets/0/valueFrom", json!(format!("{SECRET}{tail}")));
            let outcome = world.outcome("sec-asm-jsonkey-support");
            assert_eq!(outcome.status, status, "{agent} {tail}");
            if status == Status::Failed {
                assert!(world.verified("sec-asm-jsonkey-support"), "{agent}");
            }
        }
    }

    #[test]
    fn windows_has_had_it_from_its_first_platform_version() {
        let mut world = EXAMPLES.failing();
        world
            .task("/platformVersion", json!("1.0.0"))
            .task("/platformFamily", json!("Windows Server 2022 Core"));
        assert_eq!(world.outcome("sec-asm-jsonkey-support").status, Status::Passed);
    }
}
