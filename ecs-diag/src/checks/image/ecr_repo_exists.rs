use serde_json::Value;

use super::containers::{
    EcrImage, cached_from, ecr_images, is_there, replacing, repository_request,
};
use crate::{
    aws::ecr::DescribeRepositories,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::{self, Missing},
    finding::{Evidence, Finding, Remedy, Resource},
    image::Reference,
    shell,
};

check! {
    /// The image's repository exists
    ///
    /// # What it looks at
    /// For every container image in Amazon ECR, whether the registry that the host names (its account,
    /// its Region) has the repository. A repository under the prefix of a pull through cache rule is
    /// created by the first pull and need not exist.
    ///
    /// # Why it matters
    /// The pull ends in `CannotPullContainerError: … not found` or `repository does not exist`. The
    /// name is misspelt, or account or Region in the host are those of another environment, or nothing
    /// created the repository yet.
    ///
    /// # How to fix it
    /// Register a task definition revision that names the repository as it is called, or create the
    /// repository and push the image.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html>
    EcrRepoExists {
        id: "img-ecr-repo-exists",
        domain: "image",
        phase: Pull,
        causes: [ImageWrongReference],
        explains: [],
    }
}

/// How many repositories of similar names are shown, and tried.
const NEAR_SHOWN: usize = 3;
/// Longest name of a repository.
const LONGEST_NAME: usize = 256;

impl Check for EcrRepoExists {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        // Images of one repository are one question.
        let mut repositories: Vec<Vec<EcrImage>> = Vec::new();
        for image in ecr_images(cx, &definition) {
            let same = |known: &&mut Vec<EcrImage>| {
                known[0].registry == image.registry
                    && known[0].reference.repository == image.reference.repository
            };
            match repositories.iter_mut().find(same) {
                Some(known) => known.push(image),
                None => repositories.push(vec![image]),
            }
        }
        if repositories.is_empty() {
            return cx.not_applicable("no container's image is in Amazon ECR");
        }
        cx.each(repositories, |cx, images| {
            let EcrImage { registry, reference, .. } = &images[0];
            let repository = &reference.repository;
            let region = Some(registry.region.as_str());
            let request = repository_request(registry, repository);
            if cx.get_in(region, &request)?.is_some() {
                return Ok(());
            }
            let all = DescribeRepositories { repository_names: None, ..request.clone() };
            let all = facts::at_hand(cx.get_in(region, &all));
            if cached_from(cx, registry, repository)?.is_some() {
                return Ok(());
            }
            let all = all?;
            let names = all.iter().flat_map(|all| &all.repositories);
            let near = near(repository, names.map(|found| found.repository_name.as_str()));

            // A near one that has all of the images, if only one has.
            let renamed = |name: &str| -> Vec<_> {
                let text = |reference: &Reference| {
                    Reference { repository: name.to_owned(), ..reference.clone() }.to_string()
                };
                images.iter().map(|image| (&image.image, text(&image.reference))).collect()
            };
            let mut candidates = Vec::new();
            for name in &near {
                let changes = renamed(name);
                let there: Vec<_> = changes.iter().map(|(_, text)| is_there(cx, text)).collect();
                let there = there.into_iter().collect::<Result<Vec<_>, _>>()?;
                if there.into_iter().all(|there| there) {
                    candidates.push(changes);
                }
            }

            let own = cx.account() == Some(&registry.account);
            let mut remedy = match candidates.as_slice() {
                [changes] => replacing(
                    cx,
                    &definition,
                    Remedy::new(format!(
                        "name the repository that has the image: `{}`",
                        changes[0].1
                    )),
                    changes,
                ),
                _ if own => Remedy::new(format!(
                    "create repository `{repository}` and push the image, or name the repository \
                     that has it"
                ))
                .command(format!(
                    "aws ecr create-repository --repository-name {} --region {}",
                    shell::quoted(repository),
                    registry.region
                )),
                _ => Remedy::new(format!(
                    "name a repository that account `{}` has, or have it create `{repository}`",
                    registry.account
                )),
            };
            if own && candidates.len() != 1 {
                for image in &images {
                    let push = format!("docker push {}", shell::quoted(&image.image.text));
                    remedy = remedy.command(push);
                }
            }
            let containers: Vec<_> =
                images.iter().flat_map(|image| image.image.containers.clone()).collect();
            let mut detail = format!(
                "{} cannot be pulled: ECR answers `not found`",
                definition::containers(containers.iter().map(String::as_str))
            );
            if !near.is_empty() {
                let near: Vec<_> = near.iter().map(|name| format!("`{name}`")).collect();
                detail += &format!("; the registry has {}", near.join(", "));
            }
            if !own {
                detail += "; the registry is another account's than the task's";
            }
            if cx.region() != region {
                detail += &format!("; its Region `{}` is not the task's", registry.region);
            }
            let mut finding = Finding::blocker(format!(
                "registry `{}` in `{}` has no repository `{repository}`",
                registry.account, registry.region
            ))
            .detail(detail)
            .resource(
                Resource::new("AWS::ECR::Repository", repository.clone())
                    .arn(registry.repository_arn(cx.partition(), repository)),
            )
            .evidence(
                Evidence::new(cx.query_in(region, &request), "/repositories", Value::Null)
                    .object(repository.clone()),
            )
            .remedy(remedy);
            for image in &images {
                finding = finding.named(image.image.text.clone());
            }
            cx.report(finding);
            Ok(())
        });
        Ok(())
    }
}

/// The names most like `wanted`, best first: a letter or two off, or the same behind another
/// namespace.
fn near<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let last = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
    let most = (wanted.len() / 5).clamp(1, 3);
    let mut near: Vec<_> = names
        .filter(|name| name.len() <= LONGEST_NAME)
        .filter_map(|name| {
            let edits = if name.len().abs_diff(wanted.len()) <= most {
                strsim::osa_distance(name, wanted)
            } else {
                usize::MAX
            };
            match edits {
                edits if edits <= most => Some((edits, name)),
                _ if last(name) == last(wanted) => Some((most + 1, name)),
                _ => None,
            }
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(NEAR_SHOWN).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::near;
    use crate::{
        check::Status,
        checks::testing::{Examples, IMAGE, World},
    };

    const ID: &str = "img-ecr-repo-exists";
    const MESSAGE: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
        failed to resolve ref 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/chekout:v42: \
        111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/chekout:v42: not found";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).image(&IMAGE.replace("checkout", "chekout"));
        },
        passes: |world| {
            world.image(IMAGE);
        },
        unknown: |world| {
            world.stopped(MESSAGE).deny("ecr:DescribeRepositories");
        },
        near_miss: |world| {
            // The first pull creates the repository.
            world.stopped(MESSAGE).image(&IMAGE.replace("checkout", "chekout")).output(
                "pullThroughCacheRules",
                json!({"pullThroughCacheRules": [{
                    "ecrRepositoryPrefix": "shop", "upstreamRegistryUrl": "registry-1.docker.io",
                    "registryId": "111122223333",
                }]}),
            );
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: registry `111122223333` in `eu-west-1` has no repository `shop/chekout`
          container `app` cannot be pulled: ECR answers `not found`; the registry has `shop/checkout`
          @ AWS::ECR::Repository shop/chekout
          fix (verified): name the repository that has the image: `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`
          - in a new revision of task definition `checkout:42`, set `image` of container `app` to `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn the_fix_is_proved_where_a_near_repository_has_the_image() {
        assert!(EXAMPLES.failing().verified(ID));
        let mut world = EXAMPLES.failing();
        world.set("imageDetails", "/imageDetails/0/imageTags", json!(["v41"]));
        assert!(!world.verified(ID));
    }

    #[test]
    fn the_root_rule_serves_every_repository_and_a_prefix_only_its_own() {
        let rule = |prefix: &str| {
            let mut world = EXAMPLES.failing();
            world.output(
                "pullThroughCacheRules",
                json!({"pullThroughCacheRules": [{
                    "ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": "quay.io",
                    "registryId": "111122223333",
                }]}),
            );
            world.outcome(ID).status
        };
        assert_eq!(rule("ROOT"), Status::Passed);
        assert_eq!(rule("shop/"), Status::Passed);
        assert_eq!(rule("sho"), Status::Failed);
        assert_eq!(rule("shop/chekout"), Status::Failed);
    }

    #[test]
    fn without_the_rules_there_is_no_telling() {
        let mut world = EXAMPLES.failing();
        world.without("pullThroughCacheRules");
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }

    #[test]
    fn another_account_that_refuses_is_unknown() {
        let mut world = World::default();
        world
            .image(&IMAGE.replace("111122223333", "999988887777"))
            .deny("ecr:DescribeRepositories");
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }

    #[test]
    fn a_repository_is_told_once_for_all_its_images() {
        let mut world = EXAMPLES.failing();
        world.definition(
            "/containerDefinitions/-",
            json!({"name": "worker", "image": IMAGE.replace("checkout:v42", "chekout:v43")}),
        );
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings.len(), 1);
        assert!(
            outcome.findings[0].detail.starts_with("containers `app`, `worker`"),
            "{outcome:?}"
        );
    }

    #[test]
    fn near_names() {
        let names = ["shop/checkout", "shop/cart", "checkout", "prod/chekout", "shop/chekouts"];
        assert_eq!(
            near("shop/chekout", names.into_iter()),
            ["shop/checkout", "shop/chekouts", "prod/chekout"]
        );
        assert_eq!(near("api", ["app", "web", "apis"].into_iter()), ["apis", "app"]);
    }
}
