use super::containers::{about, foreign_images, is_host_told, is_told, pull_failure};
use crate::{
    LaunchType,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Private registries get credentials
    ///
    /// # What it looks at
    /// Where a registry outside AWS refused a pull (`pull access denied`, `unauthorized`, `no basic
    /// auth credentials`, 401), whether the container gives `repositoryCredentials`.
    ///
    /// # Why it matters
    /// Without credentials only public images can be pulled. Registries answer for an image that does
    /// not exist as for one that needs a login, so a misspelt name looks the same.
    ///
    /// # How to fix it
    /// Store the login in Secrets Manager and name the secret in `repositoryCredentials`, or put the
    /// image's name right.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html>
    PrivateCredsMissing {
        id: "img-private-creds-missing",
        domain: "image",
        phase: Pull,
        causes: [ImageWrongReference, SecretBadReference],
        explains: [],
    }
}

/// Words by which registries ask for a login.
const ASKS: [&str; 6] = [
    "pull access denied",
    "no basic auth credentials",
    "unauthorized",
    "insufficient_scope",
    "requested access to the resource is denied",
    ": 401",
];

/// Whether a failure is a registry's demand for a login.
pub(super) fn asks_for_login(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ASKS.iter().any(|words| text.contains(words))
}

impl Check for PrivateCredsMissing {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let mut images = foreign_images(cx, &definition);
        // Amazon ECR Public has no private images.
        images.retain(|(_, reference)| reference.host != "public.ecr.aws");
        if images.is_empty() {
            return cx.not_applicable("no container's image is in a registry outside AWS");
        }
        let Some(failure) = pull_failure(cx)?.filter(|failure| asks_for_login(&failure.text))
        else {
            return Ok(());
        };
        images.retain(|(image, reference)| {
            let told = is_told(&failure, image).or_else(|| is_host_told(&failure, reference));
            told != Some(false) && !image.credentials
        });
        let on_instance = cx.launch_type()? == LaunchType::Ec2;
        cx.each(&images, |cx, (image, reference)| {
            let mut detail = format!(
                "{} cannot be pulled: the registry wants a login, or has no such image and does not \
                 say so",
                image.named_by()
            );
            if on_instance {
                detail += "; unless the instance's agent has a login of its own for this registry";
            }
            let name = definition::name(&definition);
            let remedy = Remedy::new(format!(
                "give {} a login for `{}`, if the image is private; else put its name right",
                image.named_by(),
                reference.host
            ))
            .step(
                "store a secret with the value `{\"username\": \"…\", \"password\": \"…\"}` in \
                 Secrets Manager, and allow the execution role `secretsmanager:GetSecretValue` on it",
            )
            .step(format!(
                "in a new revision of task definition `{name}`, set `repositoryCredentials` to \
                 `{{\"credentialsParameter\": \"SECRET_ARN\"}}`"
            ));
            let finding = Finding::likely(format!(
                "image `{}` is pulled without a login, which its registry asks for",
                image.text
            ))
            .detail(detail);
            let finding = about(cx, &definition, image, finding)?.named(reference.to_string());
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
        checks::testing::{Examples, World},
    };

    const ID: &str = "img-private-creds-missing";
    pub(in crate::checks::image) const IMAGE: &str = "registry.example.com/shop/checkout:v42";
    pub(in crate::checks::image) const MESSAGE: &str = "CannotPullContainerError: Error response from \
        daemon: Head \"https://registry.example.com/v2/shop/checkout/manifests/v42\": no basic auth \
        credentials";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).image(IMAGE);
        },
        passes: |world| {
            world.image(IMAGE);
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            // It has credentials: they may be wrong, but they are not missing.
            world
                .stopped(MESSAGE)
                .image(IMAGE)
                .container("/repositoryCredentials", json!({"credentialsParameter": "shop/db"}));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r#"
        likely: image `registry.example.com/shop/checkout:v42` is pulled without a login, which its registry asks for
          container `app` cannot be pulled: the registry wants a login, or has no such image and does not say so
          @ AWS::ECS::TaskDefinition checkout:42
          fix: give container `app` a login for `registry.example.com`, if the image is private; else put its name right
          - store a secret with the value `{"username": "…", "password": "…"}` in Secrets Manager, and allow the execution role `secretsmanager:GetSecretValue` on it
          - in a new revision of task definition `checkout:42`, set `repositoryCredentials` to `{"credentialsParameter": "SECRET_ARN"}`
        "#);
    }

    #[test]
    fn only_the_registry_that_asks_is_meant() {
        let mut world = World::default();
        world.stopped(MESSAGE).image("ghcr.io/shop/checkout:v42");
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.image("public.ecr.aws/shop/checkout:v42");
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }

    #[test]
    fn a_forgotten_host_explains_it() {
        let mut world = World::default();
        world.image("shop/checkout:v42").stopped(
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to \
             resolve ref docker.io/shop/checkout:v42: pull access denied, repository does not exist \
             or may require authorization: server message: insufficient_scope: authorization failed",
        );
        let report = world.report();
        let cause = &report.root_causes[0];
        assert_eq!(report.findings[cause.finding].check, "img-typo-dockerhub");
        let mut explained: Vec<_> =
            cause.explains.iter().map(|at| report.findings[*at].check.as_str()).collect();
        explained.sort_unstable();
        assert_eq!(explained, [ID, "img-typo-dockerhub"]);
    }
}
