use super::containers::{
    about, cache_rule, ecr_images, is_there, is_told, pull_failure, replacing, repository_request,
    rules_request,
};
use crate::{
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    image::Reference,
};

check! {
    /// Pull through cache rules fit the images that rely on them
    ///
    /// # What it looks at
    /// Images in Amazon ECR whose repository does not exist yet, but stands under the prefix of a pull
    /// through cache rule, so that the first pull creates it: whether an official image of Docker Hub
    /// is named with its `library/`, and whether the host is ECR's FIPS host. Where a pull failed, it
    /// also says what the first pull needs. Permissions are the matter of other checks.
    ///
    /// # Why it matters
    /// ECR asks the upstream registry for exactly what stands behind the prefix: `docker-hub/nginx` is
    /// no repository of Docker Hub, `docker-hub/library/nginx` is. Over FIPS endpoints no first pull is
    /// possible. The first pull needs the actions `ecr:CreateRepository` and
    /// `ecr:BatchImportUpstreamImage`, and a path to the internet even where there are endpoints.
    ///
    /// # How to fix it
    /// Put `library/` before the name, name the usual host, or pull the image once from where it can be
    /// pulled.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-working.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html>
    PtcRule {
        id: "img-ptc-rule",
        domain: "image",
        phase: Pull,
        causes: [ImageWrongReference],
        explains: [],
    }
}

impl Check for PtcRule {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let images = ecr_images(cx, &definition);
        if images.is_empty() {
            return cx.not_applicable("no container's image is in Amazon ECR");
        }
        let failure = pull_failure(cx)?;
        cx.each(&images, |cx, found| {
            let (image, registry) = (&found.image, &found.registry);
            let repository = &found.reference.repository;
            let region = Some(registry.region.as_str());
            if cx.get_in(region, &repository_request(registry, repository))?.is_some() {
                return Ok(());
            }
            let Some((rule, rest)) = cache_rule(cx, registry, repository)? else { return Ok(()) };
            let upstream = rule.upstream_registry_url.clone().unwrap_or_default();
            let evidence = Evidence::new(
                cx.query_in(region, &rules_request(registry)),
                "/pullThroughCacheRules",
                upstream.clone(),
            )
            .object(rule.ecr_repository_prefix.clone());
            let hub = upstream.ends_with("docker.io");
            let prefixed =
                rule.upstream_repository_prefix.as_deref().is_some_and(|prefix| prefix != "ROOT");
            if hub && !prefixed && !rest.contains('/') {
                let head = repository.strip_suffix(rest.as_str()).unwrap_or_default();
                let right = format!("{head}library/{rest}");
                let right = Reference { repository: right, ..found.reference.clone() }.to_string();
                is_there(cx, &right)?;
                let remedy = Remedy::new(format!("name the image as Docker Hub has it: `{right}`"));
                let remedy = replacing(cx, &definition, remedy, &[(image, right)]);
                let finding = Finding::likely(format!(
                    "image `{}` lacks the `library/` of Docker Hub's official images",
                    image.text
                ))
                .detail(format!(
                    "the first pull for {} asks Docker Hub for `{rest}`, which has official images \
                     under `library/{rest}` only; right only if the repository is created by other \
                     means",
                    image.named_by()
                ));
                let finding = about(cx, &definition, image, finding)?;
                cx.report(finding.evidence(evidence).remedy(remedy));
            } else if registry.fips {
                let usual = found.reference.host.replace("ecr-fips", "ecr");
                let right = Reference { host: usual, ..found.reference.clone() }.to_string();
                is_there(cx, &right)?;
                let remedy =
                    Remedy::new(format!("make the first pull over the usual host: `{right}`"));
                let remedy = replacing(cx, &definition, remedy, &[(image, right)]);
                let finding = Finding::likely(format!(
                    "image `{}` is not cached yet, and FIPS hosts fill no cache",
                    image.text
                ))
                .detail(format!(
                    "the pull for {} is the first one and has to fetch the image from `{upstream}`; \
                     ECR does not do that over its FIPS endpoints; right only if the image is pulled \
                     otherwise before",
                    image.named_by()
                ));
                let finding = about(cx, &definition, image, finding)?;
                cx.report(finding.evidence(evidence).remedy(remedy));
            } else if failure.as_ref().is_some_and(|f| is_told(f, image) != Some(false)) {
                let finding = Finding::info(format!(
                    "image `{}` is not cached yet: its first pull fetches it from `{upstream}`",
                    image.text
                ))
                .detail(format!(
                    "for that the role that pulls for {} needs `ecr:CreateRepository` and \
                     `ecr:BatchImportUpstreamImage`, `{upstream}` must have `{rest}`, and the task \
                     needs a path to the internet even with endpoints for Amazon ECR",
                    image.named_by()
                ));
                let finding = about(cx, &definition, image, finding)?;
                cx.report(finding.evidence(evidence));
            }
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
        checks::testing::{ACCOUNT, Examples, World},
        finding::Severity,
    };

    const ID: &str = "img-ptc-rule";
    const REGISTRY: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    const MESSAGE: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
        failed to resolve ref 111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/nginx:1.27: \
        111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/nginx:1.27: not found";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            cached(world, "docker-hub/nginx:1.27").stopped(MESSAGE);
        },
        passes: |_| {},
        unknown: |world| {
            cached(world, "docker-hub/nginx:1.27")
                .stopped(MESSAGE)
                .deny("ecr:DescribePullThroughCacheRules");
        },
        near_miss: |world| {
            // No rule fills it: it is simply not there.
            cached(world, "docker-hub/nginx:1.27")
                .stopped(MESSAGE)
                .output("pullThroughCacheRules", json!({"pullThroughCacheRules": []}));
        },
    };

    fn cached<'w>(world: &'w mut World, image: &str) -> &'w mut World {
        world.image(&format!("{REGISTRY}/{image}")).output(
            "pullThroughCacheRules",
            json!({"pullThroughCacheRules": [{
                "ecrRepositoryPrefix": "docker-hub", "registryId": ACCOUNT,
                "upstreamRegistryUrl": "registry-1.docker.io", "upstreamRegistry": "docker-hub",
            }]}),
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: image `111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/nginx:1.27` lacks the `library/` of Docker Hub's official images
          the first pull for container `app` asks Docker Hub for `nginx`, which has official images under `library/nginx` only; right only if the repository is created by other means
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): name the image as Docker Hub has it: `111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1.27`
          - in a new revision of task definition `checkout:42`, set `image` of container `app` to `111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1.27`
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn the_fix_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn a_right_name_is_told_only_where_the_pull_failed() {
        let mut world = World::default();
        cached(&mut world, "docker-hub/library/nginx:1.27");
        assert_eq!(world.outcome(ID).status, Status::Passed);
        assert!(world.outcome(ID).findings.is_empty());
        world.stopped(&MESSAGE.replace("docker-hub/", "docker-hub/library/"));
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Info);
    }

    #[test]
    fn fips_hosts_fill_no_cache() {
        let mut world = World::default();
        cached(&mut world, "docker-hub/library/nginx:1.27");
        let host = REGISTRY.replace("dkr.ecr.", "dkr.ecr-fips.");
        world.image(&format!("{host}/docker-hub/library/nginx:1.27"));
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Likely);
    }

    #[test]
    fn a_rule_may_add_a_prefix_of_its_own() {
        let mut world = EXAMPLES.failing();
        world.set(
            "pullThroughCacheRules",
            "/pullThroughCacheRules/0/upstreamRepositoryPrefix",
            json!("library"),
        );
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Info);
    }
}
