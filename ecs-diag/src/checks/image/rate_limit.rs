use super::containers::{about, foreign_images, is_host_told, is_told, pull_failure};
use crate::{
    Phase,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Finding, Remedy},
    shell,
    signature::Cause,
};

check! {
    /// Pulls do not run into the registry's rate limit
    ///
    /// # What it looks at
    /// Images outside private registries of Amazon ECR: whether the failure says that the registry
    /// limits the rate of pulls, and whether an image of Docker Hub is pulled without credentials.
    ///
    /// # Why it matters
    /// Docker Hub counts pulls without a login by IP address, and all tasks behind a NAT gateway share
    /// one. A deployment of many tasks, or a crash loop, uses the limit up: `toomanyrequests: You have
    /// reached your pull rate limit`. Amazon ECR Public limits pulls without a login as well.
    ///
    /// # How to fix it
    /// Pull through Amazon ECR with a pull through cache rule, copy the image into a repository of your
    /// own, or give the container `repositoryCredentials`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html>,
    /// <https://docs.docker.com/docker-hub/usage/pulls/>
    RateLimit {
        id: "img-rate-limit",
        domain: "image",
        phase: Pull,
        causes: [ImageRateLimited],
        explains: [],
    }
}

impl Check for RateLimit {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let images = foreign_images(cx, &definition);
        if images.is_empty() {
            return cx.not_applicable("every container's image is in Amazon ECR");
        }
        if cx.proven(Phase::Pull)? {
            return Ok(());
        }
        let failure = pull_failure(cx)?
            .filter(|failure| failure.reading.causes.first() == Some(&Cause::ImageRateLimited));
        cx.each(&images, |cx, (image, reference)| {
            let limited = failure.as_ref().is_some_and(|failure| {
                is_told(failure, image).or_else(|| is_host_told(failure, reference)) != Some(false)
            });
            let hub = reference.docker_hub();
            let host = if hub { "Docker Hub" } else { reference.host.as_str() };
            let by = if image.credentials {
                "the account whose credentials the container gives"
            } else {
                "the IP address, which all tasks behind a NAT gateway share"
            };
            let finding = if limited {
                Finding::likely(format!("{host} limits the rate of pulls of `{}`", image.text))
                    .detail(format!(
                        "the registry refused the pull for {}: it counts pulls by {by}; a retry \
                         succeeds once the period is over, unless others use the limit up again",
                        image.named_by()
                    ))
            } else if hub && !image.credentials {
                Finding::warning(format!(
                    "`{}` is pulled from Docker Hub without a login",
                    image.text
                ))
                .detail(format!(
                    "pulls for {} count towards the limit of {by}: a deployment of many tasks, \
                         or a crash loop, can use it up",
                    image.named_by()
                ))
            } else {
                return Ok(());
            };
            let mut remedy = Remedy::new(
                "pull it through Amazon ECR with a pull through cache rule, or copy it into a \
                 repository of your own, and name that one",
            );
            if !image.credentials {
                remedy = remedy.step(
                    "or store a login in Secrets Manager and name the secret in \
                     `repositoryCredentials` of the container",
                );
            }
            if hub {
                remedy = remedy.command(format!(
                    "aws ecr create-pull-through-cache-rule --ecr-repository-prefix docker-hub \
                     --upstream-registry-url registry-1.docker.io --credential-arn \
                     SECRET_ARN{}",
                    shell::region_option(cx.region())
                ));
            }
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
        finding::Severity,
    };

    const ID: &str = "img-rate-limit";
    const MESSAGE: &str = "CannotPullContainerError: inspect image has been retried 5 time(s): \
        httpReaderSeeker: failed open: unexpected status code \
        https://registry-1.docker.io/v2/library/nginx/manifests/sha256:abc: 429 Too Many Requests - \
        Server message: toomanyrequests: You have reached your pull rate limit. You may increase the \
        limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).image("nginx:1.27");
        },
        passes: |world| {
            world
                .image("nginx:1.27")
                .container("/repositoryCredentials", json!({"credentialsParameter": "shop/db"}));
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            // The image is pulled through Amazon ECR now.
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: Docker Hub limits the rate of pulls of `nginx:1.27`
          the registry refused the pull for container `app`: it counts pulls by the IP address, which all tasks behind a NAT gateway share; a retry succeeds once the period is over, unless others use the limit up again
          @ AWS::ECS::TaskDefinition checkout:42
          fix: pull it through Amazon ECR with a pull through cache rule, or copy it into a repository of your own, and name that one
          - or store a login in Secrets Manager and name the secret in `repositoryCredentials` of the container
          $ aws ecr create-pull-through-cache-rule --ecr-repository-prefix docker-hub --upstream-registry-url registry-1.docker.io --credential-arn SECRET_ARN --region eu-west-1
        ");
    }

    #[test]
    fn a_pull_without_a_login_is_only_a_risk() {
        let mut world = World::default();
        world.image("nginx:1.27");
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Warning);
        world.task("/startedAt", json!("2026-11-20T10:00:40Z"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.task("/startedAt", json!(null)).image("ghcr.io/shop/checkout:v42");
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn another_registry_is_not_limited_by_docker_hub() {
        let mut world = World::default();
        world.stopped(MESSAGE).image("ghcr.io/shop/checkout:v42");
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn a_login_has_a_limit_too() {
        let mut world = EXAMPLES.passing();
        let outcome = world.stopped(MESSAGE).outcome(ID);
        assert!(outcome.findings[0].detail.contains("by the account"), "{outcome:?}");
    }
}
