use std::collections::BTreeMap;

use super::containers::{images, pull_failure};
use crate::{
    Phase,
    aws::secretsmanager::DescribeSecret,
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::{self, Missing},
    finding::{Finding, Remedy, Resource},
    shell::{self, quoted},
};

check! {
    /// Credentials of registries hold a user name and a password
    ///
    /// # What it looks at
    /// What the failure says of the secret in `repositoryCredentials`: its value must be a JSON object
    /// with `username` and `password`, neither of them empty. The value itself is never read.
    ///
    /// # Why it matters
    /// Anything else cannot be used as a login: `unable to unmarshal secret value, invalid schema` or
    /// `AuthorizationData is malformed, empty field` stops the task before its pull.
    ///
    /// # How to fix it
    /// Store `{"username": "…", "password": "…"}` as the secret's value.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html>
    PrivateCredsSchema {
        id: "img-private-creds-schema",
        domain: "image",
        phase: Auth,
        causes: [SecretJsonKeyMissing],
        explains: [],
    }
}

/// What the container agent says of a value that is no login.
const SAYS: [(&str, &str); 3] = [
    ("invalid schema", "is not a JSON object"),
    ("authorizationdata is malformed", "lacks `username` or `password`"),
    ("empty secrets value", "is empty"),
];

impl Check for PrivateCredsSchema {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        if !images(&definition).iter().any(|image| image.credentials) {
            return cx.not_applicable("no container gives credentials for a registry");
        }
        let Some(failure) = pull_failure(cx)? else { return Ok(()) };
        let text = failure.text.to_ascii_lowercase();
        if !text.contains("asm fetching") {
            return Ok(());
        }
        let Some((_, what)) = SAYS.iter().find(|(words, _)| text.contains(words)) else {
            return Ok(());
        };
        let mut secrets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for container in &definition.container_definitions {
            let credentials = container.repository_credentials.as_ref();
            if let Some(secret) = credentials.and_then(|it| it.credentials_parameter.as_deref()) {
                secrets.entry(secret).or_default().push(&container.name);
            }
        }
        // Where the message names one, it is that one.
        if secrets.keys().any(|secret| failure.text.contains(secret)) {
            secrets.retain(|secret, _| failure.text.contains(secret));
        }
        let only = secrets.len() == 1;
        cx.each(secrets, |cx, (secret, names)| {
            let region = secret.starts_with("arn:").then(|| secret.split(':').nth(3)).flatten();
            let region = region.map(str::to_owned).or_else(|| cx.region().map(str::to_owned));
            let request = DescribeSecret { secret_id: secret.to_owned() };
            let found = facts::at_hand(cx.get_in(region.as_deref(), &request))?;
            let name = found.as_ref().map_or(secret, |found| found.name.as_str());
            let names = definition::containers(names);
            let doubt = if only { "" } else { ", if it is this secret that the message means" };
            let mut resource = Resource::new("AWS::SecretsManager::Secret", name);
            if secret.starts_with("arn:") {
                resource = resource.arn(secret);
            }
            let mut finding = Finding::likely(format!("the value of secret `{name}` {what}"))
                .detail(format!(
                    "the login for the registry of {names} cannot be used{doubt}: it must be a JSON \
                     object with `username` and `password`; values are never read here, the message \
                     says so"
                ))
                .phase(failure.reading.phase.unwrap_or(Phase::Auth))
                .resource(resource)
                .named(secret)
                .changed_at(found.and_then(|found| found.last_changed_date));
            if let Some(task) = cx.task()? {
                let text = failure.text.clone();
                finding = finding.evidence(task::evidence(cx, &task, "/stoppedReason", text));
            }
            let remedy = Remedy::new(
                "put `{\"username\": \"…\", \"password\": \"…\"}` into a file and store it as the \
                 secret's value",
            )
            .command(format!(
                "aws secretsmanager put-secret-value --secret-id {} --secret-string \
                 file://login.json{}",
                quoted(secret),
                shell::region_option(region.as_deref())
            ));
            cx.report(finding.remedy(remedy));
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, SECRET, World},
    };

    const ID: &str = "img-private-creds-schema";
    const MESSAGE: &str = "ResourceInitializationError: unable to pull secrets or registry auth: \
        execution resource retrieval failed: unable to get registry auth from asm: service call has \
        been retried 1 time(s): asm fetching authorization data: unable to unmarshal secret value, \
        invalid schema";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            credentials(world).stopped(MESSAGE);
        },
        passes: |world| {
            credentials(world);
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            // The image comes from Amazon ECR now, without credentials.
            world.stopped(MESSAGE);
        },
    };

    fn credentials(world: &mut World) -> &mut World {
        world
            .image(super::super::private_creds_missing::tests::IMAGE)
            .container("/repositoryCredentials", json!({"credentialsParameter": SECRET}))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r#"
        likely: the value of secret `shop/db` is not a JSON object
          the login for the registry of container `app` cannot be used: it must be a JSON object with `username` and `password`; values are never read here, the message says so
          @ AWS::SecretsManager::Secret shop/db
          fix: put `{"username": "…", "password": "…"}` into a file and store it as the secret's value
          $ aws secretsmanager put-secret-value --secret-id arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf --secret-string file://login.json --region eu-west-1
        "#);
    }

    #[test]
    fn a_secret_that_was_changed_since_is_told_to_be() {
        let mut world = EXAMPLES.failing();
        world.set("secret", "/LastChangedDate", json!("2026-11-20T10:20:00Z"));
        let report = world.report();
        let at = report.findings.iter().position(|finding| finding.check == ID).unwrap();
        assert!(report.changed_after_failure[at]);
    }

    #[test]
    fn other_failures_of_the_secret_are_others() {
        let mut world = EXAMPLES.failing();
        world.stopped(&MESSAGE.replace("invalid schema", "AccessDeniedException: no"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
