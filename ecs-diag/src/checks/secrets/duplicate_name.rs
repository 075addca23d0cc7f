use std::collections::BTreeMap;

use crate::{
    aws::ecs::ContainerDefinition,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// No variable of a container is set twice
    ///
    /// # What it looks at
    /// The names in `environment` and `secrets` of each container, overrides included: whether one
    /// occurs twice among the secrets, or in both.
    ///
    /// # Why it matters
    /// ECS refuses such a task definition (`Duplicate secret names found`, `The secret name must be
    /// unique and not shared with any new or existing environment variables`). Where one is there
    /// nevertheless, which value the container gets is not documented.
    ///
    /// # How to fix it
    /// Keep one of the two, or rename it.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html>
    DuplicateName {
        id: "sec-duplicate-name",
        domain: "secrets",
        phase: Create,
        causes: [],
        explains: [],
    }
}

impl Check for DuplicateName {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let containers = task_definition.container_definitions.iter();
        let twice: Vec<(usize, &ContainerDefinition, Vec<String>)> = containers
            .enumerate()
            .map(|(index, container)| (index, container, twice(container)))
            .filter(|(_, _, names)| !names.is_empty())
            .collect();
        if twice.is_empty() {
            return Ok(());
        }
        let what: Vec<_> = twice
            .iter()
            .map(|(_, container, names)| {
                format!("container `{}`: {}", container.name, names.join(", "))
            })
            .collect();
        let label = definition::name(&task_definition);
        let mut finding = Finding::warning(format!(
            "task definition `{label}` sets variables twice: {}",
            what.join("; ")
        ))
        .detail(
            "ECS refuses to register that; which of the values a container gets is not documented",
        )
        .resource(definition::resource(&task_definition));
        for (index, container, _) in &twice {
            let names: Vec<_> =
                container.secrets.iter().map(|secret| secret.name.clone()).collect();
            let pointer = format!("/containerDefinitions/{index}/secrets");
            let evidence = definition::evidence(cx, &task_definition, &pointer, names)?;
            finding = finding.evidence(evidence);
        }
        let remedy = Remedy::new(
            "remove the variable from `environment`, from `secrets` or from the overrides",
        );
        cx.report(finding.remedy(definition::deployed(cx, &task_definition, remedy)));
        Ok(())
    }
}

/// Names that occur twice, with where.
fn twice(container: &ContainerDefinition) -> Vec<String> {
    let mut names: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let given = |name: &'_ Option<String>| name.as_deref().is_some_and(|name| !name.is_empty());
    for variable in container.environment.iter().filter(|variable| given(&variable.name)) {
        names.entry(variable.name.as_deref().unwrap_or("")).or_default().0 += 1;
    }
    for secret in container.secrets.iter().filter(|secret| given(&secret.name)) {
        names.entry(secret.name.as_deref().unwrap_or("")).or_default().1 += 1;
    }
    names
        .into_iter()
        .filter_map(|(name, (plain, secret))| match (plain, secret) {
            (_, 2..) => Some(format!("`{name}` twice in `secrets`")),
            (1.., 1) => Some(format!("`{name}` in `environment` and `secrets`")),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.container("/environment", json!([{"name": "FLAG", "value": "[redacted]"}]));
        },
        passes: |_| {},
        unknown: |world| {
            world.without("taskDefinition");
        },
        near_miss: |world| {
            world.container("/environment", json!([{"name": "flag", "value": "[redacted]"}]));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("sec-duplicate-name"), @"
        warning: task definition `checkout:42` sets variables twice: container `app`: `FLAG` in `environment` and `secrets`
          ECS refuses to register that; which of the values a container gets is not documented
          @ AWS::ECS::TaskDefinition checkout:42
          fix: remove the variable from `environment`, from `secrets` or from the overrides
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn overrides_and_secrets_count() {
        let mut world = World::default();
        world.task(
            "/overrides/containerOverrides/0/environment",
            json!([{"name": "FLAG", "value": "x"}]),
        );
        assert_eq!(world.outcome("sec-duplicate-name").status, Status::Failed);
        let mut world = World::default();
        world.container("/secrets/1/name", json!("DB_PASSWORD"));
        let outcome = world.outcome("sec-duplicate-name");
        assert!(outcome.findings[0].summary.contains("twice in `secrets`"), "{outcome:?}");
    }
}
