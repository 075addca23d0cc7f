use super::env_file::{NO_FILES, env_files};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::{
        definition,
        features::{self, ENV_FILES, too_old},
    },
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// What runs the task can download environment files
    ///
    /// # What it looks at
    /// Where a container has `environmentFiles`: whether the Fargate platform version of the task is
    /// 1.4.0 or newer, or the container agent that it was placed under 1.39.0 or newer; and whether
    /// its containers are Windows containers, for which the documentation contradicts itself.
    ///
    /// # Why it matters
    /// What is older does not know of environment files.
    ///
    /// # How to fix it
    /// Run the task on a newer platform version, or update the agent.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EnvironmentFile.html>
    EnvSupport {
        id: "env-support",
        domain: "secrets",
        phase: EnvFile,
        causes: [AgentVersionBugOrConfig],
        explains: [],
    }
}

impl Check for EnvSupport {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let files = env_files(cx)?;
        let Some(first) = files.first() else { return cx.not_applicable(NO_FILES) };
        let names = files.iter().flat_map(|file| &file.places);
        let by = definition::containers(names.map(|place| place.container.as_str()));
        let task_definition = cx.definition()?;
        let this = cx.task()?;
        let mut findings = Vec::new();
        if this.is_some_and(|this| features::is_windows(&this, &task_definition)) {
            let remedy = Remedy::new("put the variables into `environment` or `secrets`");
            findings.push(
                Finding::warning("Windows containers may not take environment files")
                    .detail(format!(
                        "the developer guide says that {by} cannot have any, the API reference that \
                         platform version 1.0.0 is enough"
                    ))
                    .resource(definition::resource(&task_definition))
                    .remedy(definition::deployed(cx, &task_definition, remedy)),
            );
        }
        if let Some(old) = too_old(cx, &ENV_FILES)? {
            findings.push(
                Finding::blocker(format!("{} knows no environment files", old.what))
                    .detail(format!("{by} has some; that needs {} or newer", old.needed))
                    .resource(old.resource)
                    .resource(definition::resource(&task_definition))
                    .evidence(old.evidence)
                    .remedy(old.remedy),
            );
        }
        for mut finding in findings {
            for evidence in first.evidence(cx)? {
                finding = finding.evidence(evidence);
            }
            cx.report(finding);
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{one, placed},
            testing::{Examples, World},
        },
        finding::Severity,
    };

    fn files(world: &mut World) -> &mut World {
        let file = json!({"type": "s3", "value": "arn:aws:s3:::shop-config/prod.env"});
        world.container("/environmentFiles", json!([file]))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            files(world).task("/platformVersion", json!("1.3.0"));
        },
        passes: |world| {
            files(world);
        },
        unknown: |world| {
            one(placed(files(world), "EC2", &[]), 0, "/versionInfo/agentVersion", json!("1.38.0"))
                .without("containerInstances");
        },
        near_miss: |world| {
            one(placed(files(world), "EC2", &[]), 0, "/versionInfo/agentVersion", json!("1.39.0"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("env-support"), @"
        blocker: Fargate platform version 1.3.0 knows no environment files
          container `app` has some; that needs 1.4.0 or newer
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): run the task on platform version 1.4.0
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --platform-version 1.4.0
        ");
    }

    #[test]
    fn agents_and_windows() {
        let mut world = World::default();
        one(placed(files(&mut world), "EC2", &[]), 0, "/versionInfo/agentVersion", json!("1.38.0"));
        assert_eq!(world.outcome("env-support").status, Status::Failed);
        assert!(world.verified("env-support"));
        let mut world = World::default();
        files(&mut world)
            .task("/platformVersion", json!("1.0.0"))
            .task("/platformFamily", json!("Windows Server 2022 Core"));
        let outcome = world.outcome("env-support");
        assert_eq!(outcome.findings.len(), 1);
        assert_eq!(outcome.findings[0].severity, Severity::Warning);
    }
}
