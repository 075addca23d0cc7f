use serde_json::Value;

use super::{
    aws_registries,
    containers::{ecr_images, repository_request, repository_resource},
};
use crate::{
    aws::ecr::GetRepositoryPolicy,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    shell::{self, quoted},
};

check! {
    /// Repositories of other accounts have a policy
    ///
    /// # What it looks at
    /// For every image in a private registry of another account than the task's, whether the repository
    /// has a policy at all. What the policy allows is the matter of `img-ecr-repo-policy`. Registries
    /// of AWS itself are left out.
    ///
    /// # Why it matters
    /// Across accounts both sides must allow a pull. Without a policy a repository lets nobody in but
    /// its own account, whatever the puller's role allows: the pull ends in 403 or `not authorized to
    /// perform: ecr:BatchGetImage`.
    ///
    /// # How to fix it
    /// Set a repository policy in the other account that allows the task's account to pull.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html>
    EcrCrossAccount {
        id: "img-ecr-cross-account",
        domain: "image",
        phase: Pull,
        causes: [IamEcrRepositoryPolicy],
        explains: [],
    }
}

impl Check for EcrCrossAccount {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let mut images = ecr_images(cx, &definition);
        if images.is_empty() {
            return cx.not_applicable("no container's image is in Amazon ECR");
        }
        let Some(own) = cx.account().map(str::to_owned) else {
            let query = cx.query(&cx.definition_request()?);
            return Err(Missing::undecided(query, "nothing names the target's account"));
        };
        images.retain(|image| {
            image.registry.account != own && !aws_registries::is_aws(&image.registry.account)
        });
        // No wider than the role that pulls, where it is known.
        let account = format!("arn:{}:iam::{own}:root", cx.partition());
        let puller = definition.execution_role_arn.clone().unwrap_or(account);
        let mut seen = std::collections::BTreeSet::new();
        images.retain(|image| {
            let registry = &image.registry;
            let key = (&registry.account, &registry.region, &image.reference.repository);
            seen.insert((key.0.clone(), key.1.clone(), key.2.clone()))
        });
        cx.each(&images, |cx, image| {
            let registry = &image.registry;
            let region = Some(registry.region.as_str());
            let repository = &image.reference.repository;
            let request = GetRepositoryPolicy {
                registry_id: registry.account.clone(),
                repository_name: repository.clone(),
            };
            // Asked together, to be answered in one round.
            let there = cx.get_in(region, &repository_request(registry, repository));
            let policy = cx.get_in(region, &request);
            if there?.is_none() || policy?.is_some() {
                return Ok(());
            }
            let statement = serde_json::json!({"Version": "2012-10-17", "Statement": [{
                "Sid": "AllowPull", "Effect": "Allow",
                "Principal": {"AWS": puller},
                "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            }]});
            let remedy = Remedy::new(format!(
                "let `{puller}` pull: set a policy on `{repository}` in account `{}`",
                registry.account
            ))
            .command(format!(
                "aws ecr set-repository-policy --repository-name {} --policy-text {}{}",
                quoted(repository),
                quoted(&statement.to_string()),
                shell::region_option(region)
            ))
            .edit(crate::edit::Edit::Answer(
                cx.query_in(region, &request),
                serde_json::json!({"repositoryName": repository, "policyText": statement}),
            ));
            cx.report(
                Finding::blocker(format!(
                    "repository `{repository}` of account `{}` has no policy that lets account \
                     `{own}` in",
                    registry.account
                ))
                .detail(format!(
                    "{} cannot be pulled: across accounts the repository must allow it as well as \
                     the puller's role, and it has no policy",
                    image.image.named_by()
                ))
                .resource(repository_resource(cx, image))
                .named(image.image.text.clone())
                .evidence(
                    Evidence::new(cx.query_in(region, &request), "/policyText", Value::Null)
                        .object(repository.clone()),
                )
                .remedy(remedy),
            );
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

    const ID: &str = "img-ecr-cross-account";
    const OTHER: &str = "444455556666";
    const IMAGE: &str = "444455556666.dkr.ecr.eu-west-1.amazonaws.com/shared/web:v7";
    const MESSAGE: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
        failed to resolve ref 444455556666.dkr.ecr.eu-west-1.amazonaws.com/shared/web:v7: unexpected \
        status from HEAD request to https://444455556666.dkr.ecr.eu-west-1.amazonaws.com/v2/shared/\
        web/manifests/v7: 403 Forbidden";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            foreign(world).recorded_error(
                "ecr",
                "GetRepositoryPolicy",
                &json!({"registryId": OTHER, "repositoryName": "shared/web"}),
                "RepositoryPolicyNotFoundException",
            );
        },
        passes: |_| {},
        unknown: |world| {
            foreign(world).deny("ecr:GetRepositoryPolicy");
        },
        near_miss: |world| {
            foreign(world).recorded(
                "ecr",
                "GetRepositoryPolicy",
                &json!({"registryId": OTHER, "repositoryName": "shared/web"}),
                &json!({
                    "registryId": OTHER, "repositoryName": "shared/web",
                    "policyText": "{\"Version\":\"2012-10-17\",\"Statement\":[]}",
                }),
            );
        },
    };

    fn foreign(world: &mut World) -> &mut World {
        let repository = json!({
            "repositoryArn": format!("arn:aws:ecr:eu-west-1:{OTHER}:repository/shared/web"),
            "registryId": OTHER, "repositoryName": "shared/web",
        });
        world.stopped(MESSAGE).image(IMAGE).set("repositories", "/repositories/-", repository).set(
            "imageDetails",
            "/imageDetails/-",
            json!({
                "registryId": OTHER, "repositoryName": "shared/web", "imageDigest": "sha256:7",
                "imageTags": ["v7"], "imageSizeInBytes": 1000,
            }),
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r#"
        blocker: repository `shared/web` of account `444455556666` has no policy that lets account `111122223333` in
          container `app` cannot be pulled: across accounts the repository must allow it as well as the puller's role, and it has no policy
          @ AWS::ECR::Repository shared/web
          fix (verified): let `arn:aws:iam::111122223333:role/checkout-execution` pull: set a policy on `shared/web` in account `444455556666`
          $ aws ecr set-repository-policy --repository-name shared/web --policy-text '{"Statement":[{"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"],"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/checkout-execution"},"Sid":"AllowPull"}],"Version":"2012-10-17"}' --region eu-west-1
        "#);
    }

    #[test]
    fn the_fix_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn a_registry_of_aws_is_open() {
        let mut world = World::default();
        world.image("906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:stable");
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
