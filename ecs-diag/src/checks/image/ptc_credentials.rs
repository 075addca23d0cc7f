use std::collections::BTreeSet;

use serde_json::Value;

use super::containers::{cache_rule, ecr_images, image_request, rules_request};
use crate::{
    Phase,
    aws::{Arn, secretsmanager::DescribeSecret},
    check::{Check, Cx, Meta, check},
    edit::{Edit, Object},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell::{self, quoted},
};

check! {
    /// Pull through cache rules have credentials that exist
    ///
    /// # What it looks at
    /// For every image in Amazon ECR whose repository a pull through cache rule fills, and whose rule
    /// names a secret: whether the name begins with `ecr-pullthroughcache/`, whether the secret is in
    /// the registry's account and Region, exists, and is not marked for deletion. Its value is not read.
    ///
    /// # Why it matters
    /// ECR logs in to the upstream registry with that secret. Without it no image is fetched that is
    /// not cached yet, and the pull ends in `not found` or a denial. What is cached can still be
    /// pulled, and is not looked at.
    ///
    /// # How to fix it
    /// Restore or create the secret, and name it in the rule.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/error-pullthroughcache.html>
    PtcCredentials {
        id: "img-ptc-credentials",
        domain: "image",
        phase: Pull,
        causes: [ImageTagMissing, ImageWrongReference],
        explains: [],
    }
}

/// What names of such secrets begin with.
const PREFIX: &str = "ecr-pullthroughcache/";

impl Check for PtcCredentials {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let images = ecr_images(cx, &definition);
        if images.is_empty() {
            return cx.not_applicable("no container's image is in Amazon ECR");
        }
        if cx.proven(Phase::Pull)? {
            return Ok(());
        }
        let mut seen = BTreeSet::new();
        cx.each(&images, |cx, found| {
            let registry = &found.registry;
            let region = Some(registry.region.as_str());
            // What is cached is pulled whatever the upstream registry says.
            let cached = cx.get_in(region, &image_request(registry, &found.reference))?;
            if cached.is_some_and(|answer| !answer.image_details.is_empty()) {
                return Ok(());
            }
            let rule = cache_rule(cx, registry, &found.reference.repository)?;
            let Some((rule, _)) = rule else { return Ok(()) };
            let Some(id) = &rule.credential_arn else { return Ok(()) };
            if !seen.insert(id.clone()) {
                return Ok(());
            }
            let arn: Option<Arn> = id.parse().ok();
            let name = arn.as_ref().map_or(id.as_str(), Arn::resource_id);
            let upstream = rule.upstream_registry_url.as_deref().unwrap_or("the upstream registry");
            let request = DescribeSecret { secret_id: id.clone() };
            let misplaced = arn.as_ref().is_none_or(|arn| {
                arn.account != registry.account || arn.region != registry.region
            });
            let (why, deleted, pointer) = if !name.starts_with(PREFIX) {
                (format!("does not begin with `{PREFIX}`"), None, None)
            } else if misplaced {
                let place = format!("account `{}` in `{}`", registry.account, registry.region);
                (format!("is not in {place}, where the rule is"), None, None)
            } else {
                match cx.get_in(region, &request)? {
                    None => ("does not exist".to_owned(), None, Some("/ARN")),
                    Some(secret) => match secret.deleted_date {
                        Some(date) => (
                            format!("is marked for deletion (`DeletedDate` {date})"),
                            Some((secret.arn.clone(), date)),
                            Some("/DeletedDate"),
                        ),
                        None => return Ok(()),
                    },
                }
            };
            let mut remedy = Remedy::new(format!(
                "create a secret `{PREFIX}…` with `username` and `accessToken`, and name it in the rule"
            ))
            .command(format!(
                "aws ecr update-pull-through-cache-rule --ecr-repository-prefix {} --credential-arn \
                 SECRET_ARN{}",
                quoted(&rule.ecr_repository_prefix),
                shell::region_option(region)
            ));
            if let Some((arn, _)) = &deleted {
                remedy = Remedy::new(format!("restore the secret `{name}`"))
                    .command(format!(
                        "aws secretsmanager restore-secret --secret-id {}{}",
                        quoted(arn),
                        shell::region_option(region)
                    ))
                    .edit(Edit::Remove(
                        Object::new("", "ARN", arn.clone()),
                        "/DeletedDate".to_owned(),
                    ));
            }
            let rules = cx.query_in(region, &rules_request(registry));
            let mut finding = Finding::likely(format!(
                    "secret `{name}`, with which ECR logs in to `{upstream}`, {why}"
                ),
            )
            .detail(format!(
                "the pull through cache rule for `{}` names it, and {} relies on the rule: the \
                 image is not cached yet, so it cannot be pulled unless no login is needed there",
                rule.ecr_repository_prefix,
                found.image.named_by()
            ))
            .resource(Resource::new("AWS::SecretsManager::Secret", name).arn(id.clone()))
            .resource(Resource::new(
                "AWS::ECR::PullThroughCacheRule",
                rule.ecr_repository_prefix.clone(),
            ))
            .named(found.image.text.clone())
            .evidence(
                Evidence::new(rules, "/pullThroughCacheRules", id.clone())
                    .object(rule.ecr_repository_prefix.clone()),
            )
            .remedy(remedy);
            if let Some(pointer) = pointer {
                let date = deleted.map_or(Value::Null, |(_, date)| date.to_string().into());
                let query = cx.query_in(region, &request);
                finding = finding.evidence(Evidence::new(query, pointer, date).object(name));
            }
            cx.report(finding);
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

    const ID: &str = "img-ptc-credentials";
    const SECRET: &str =
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf";
    const IMAGE: &str =
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1.27";
    const MESSAGE: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
        failed to resolve ref 111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:\
        1.27: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1.27: not found";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            cached(world, SECRET).stopped(MESSAGE).set(
                "secret",
                "/DeletedDate",
                json!("2026-11-18T08:00:00Z"),
            );
        },
        passes: |world| {
            cached(world, SECRET);
        },
        unknown: |world| {
            cached(world, SECRET).stopped(MESSAGE).deny("secretsmanager:DescribeSecret");
        },
        near_miss: |world| {
            cached(world, SECRET).stopped(MESSAGE);
        },
    };

    fn cached<'w>(world: &'w mut World, secret: &str) -> &'w mut World {
        world
            .image(IMAGE)
            .container("/secrets", json!([]))
            .set("secret", "/ARN", json!(SECRET))
            .set("secret", "/Name", json!("ecr-pullthroughcache/hub"))
            .output(
                "pullThroughCacheRules",
                json!({"pullThroughCacheRules": [{
                    "ecrRepositoryPrefix": "docker-hub", "registryId": ACCOUNT,
                    "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": secret,
                }]}),
            )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: secret `ecr-pullthroughcache/hub-AbCdEf`, with which ECR logs in to `registry-1.docker.io`, is marked for deletion (`DeletedDate` 2026-11-18T08:00:00Z)
          the pull through cache rule for `docker-hub` names it, and container `app` relies on the rule: the image is not cached yet, so it cannot be pulled unless no login is needed there
          @ AWS::SecretsManager::Secret ecr-pullthroughcache/hub-AbCdEf
          @ AWS::ECR::PullThroughCacheRule docker-hub
          fix (verified): restore the secret `ecr-pullthroughcache/hub-AbCdEf`
          $ aws secretsmanager restore-secret --secret-id arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf --region eu-west-1
        ");
    }

    #[test]
    fn the_fix_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn the_secret_has_a_name_and_a_place() {
        let secret = |arn: &str| {
            let mut world = World::default();
            cached(&mut world, arn);
            // As a saved output it would belong to the place of the secret.
            let rules = world.outputs.remove("pullThroughCacheRules").unwrap();
            let input = json!({"registryId": ACCOUNT});
            world.recorded("ecr", "DescribePullThroughCacheRules", &input, &rules);
            world.outcome(ID)
        };
        for wrong in [
            SECRET.replace("ecr-pullthroughcache/", ""),
            SECRET.replace("eu-west-1", "us-east-1"),
            SECRET.replace(ACCOUNT, "444455556666"),
        ] {
            let outcome = secret(&wrong);
            assert_eq!(outcome.findings[0].severity, Severity::Likely, "{wrong}");
        }
        assert_eq!(secret(SECRET).status, Status::Passed);
    }

    #[test]
    fn what_is_cached_can_be_pulled() {
        let mut world = EXAMPLES.failing();
        let name = json!("docker-hub/library/nginx");
        world
            .set("repositories", "/repositories/0/repositoryName", name.clone())
            .set("imageDetails", "/imageDetails/0/repositoryName", name)
            .set("imageDetails", "/imageDetails/0/imageTags", json!(["1.27"]));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
