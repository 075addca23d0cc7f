use serde_json::Value;

use super::containers::{
    EcrImage, cached_from, ecr_images, image_request, is_there, replacing, repository_request,
};
use crate::{
    aws::ecr::{DescribeImages, GetLifecyclePolicy, ImageDetail},
    check::{Check, Cx, Meta, check},
    facts::{self, Missing},
    finding::{Evidence, Finding, Remedy, Resource, Severity},
    image::Reference,
    shell,
};

check! {
    /// The image's tag or digest is in its repository
    ///
    /// # What it looks at
    /// For every container image in Amazon ECR, whether the repository has an image with the tag
    /// (`latest` where none is given) or digest. With both given, the digest decides: runtimes pull
    /// by it and do not read the tag. A repository that does not exist is the matter of
    /// `img-ecr-repo-exists`; one that a pull through cache rule fills gets the image with the pull,
    /// unless the failure message says that it was not found even so.
    ///
    /// # Why it matters
    /// The pull ends in `CannotPullContainerError: … not found`. Tags go missing when a pipeline
    /// never pushed them, somebody deleted them, or a lifecycle policy expired them; a digest goes
    /// missing when its tag moved on and the image without a tag expired.
    ///
    /// # How to fix it
    /// Push the image under that tag, or register a task definition revision that names an image the
    /// repository has.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html>
    EcrTagExists {
        id: "img-ecr-tag-exists",
        domain: "image",
        phase: Pull,
        causes: [ImageTagMissing, ImageDigestExpired],
        explains: [],
    }
}

/// How many of a repository's tags are shown.
const TAGS_SHOWN: usize = 5;

impl Check for EcrTagExists {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let images = ecr_images(cx, &definition);
        if images.is_empty() {
            return cx.not_applicable("no container's image is in Amazon ECR");
        }
        cx.each(images, |cx, image| {
            let EcrImage { image, reference, registry } = &image;
            let region = Some(registry.region.as_str());
            let repository = &reference.repository;
            let request = image_request(registry, reference);
            // Asked together, to be answered in one round.
            let there = cx.get_in(region, &repository_request(registry, repository));
            let found = cx.get_in(region, &request);
            if there?.is_none() || found?.is_some_and(|found| !found.image_details.is_empty()) {
                return Ok(());
            }
            // What is there instead, newest first.
            let all = DescribeImages { image_ids: None, ..request.clone() };
            let all = facts::at_hand(cx.get_in(region, &all));
            let policy = GetLifecyclePolicy {
                registry_id: registry.account.clone(),
                repository_name: repository.clone(),
            };
            let policy = facts::at_hand(cx.get_in(region, &policy));
            let cached = cached_from(cx, registry, repository);
            // Where ECR said at the pull that there is no such image, no rule made up for it.
            let cached = if answered_not_found(cx, reference)? {
                facts::at_hand(cached)?
            } else if cached?.is_some() {
                return Ok(());
            } else {
                None
            };
            let (all, expires) = (all?, policy?.is_some());
            let known = all.is_some();
            let mut details = all.map_or(vec![], |all| all.image_details.clone());
            details.sort_by(|a, b| {
                (b.image_pushed_at, &b.image_tags).cmp(&(a.image_pushed_at, &a.image_tags))
            });
            let tagged =
                |tag: &String| details.iter().find(|detail| detail.image_tags.contains(tag));

            let (what, other) = match &reference.digest {
                Some(digest) => {
                    let moved = reference.tag.as_ref().and_then(tagged);
                    (format!("digest `{digest}`"), moved.or_else(|| newest(&details)))
                }
                None => (format!("tag `{}`", reference.tag_or_latest()), newest(&details)),
            };
            let mut detail =
                format!("{} cannot be pulled: ECR answers `not found`", image.named_by());
            match (&reference.digest, reference.tag.as_ref().and_then(tagged)) {
                (Some(_), Some(moved)) => {
                    detail += &format!(
                        "; tag `{}` is there, but the digest decides, and the tag has moved on to \
                         `{}`",
                        reference.tag_or_latest(),
                        moved.image_digest.as_deref().unwrap_or("another digest")
                    );
                }
                _ if known && details.is_empty() => {
                    detail +=
                        "; the repository is empty: nothing was pushed yet, or all has expired";
                }
                _ => {
                    let tags: Vec<_> = details
                        .iter()
                        .flat_map(|detail| &detail.image_tags)
                        .take(TAGS_SHOWN)
                        .map(|tag| format!("`{tag}`"))
                        .collect();
                    if !tags.is_empty() {
                        detail += &format!("; newest tags there: {}", tags.join(", "));
                    }
                }
            }
            if expires {
                detail +=
                    "; the repository has a lifecycle policy, which may have expired the image";
            }

            let push = match (&reference.digest, &cached) {
                (_, Some(upstream)) => {
                    detail += &format!(
                        "; a pull through cache rule fills the repository from `{upstream}`, which \
                         does not have the image either unless the role may not import it"
                    );
                    format!("name an image that `{upstream}` has")
                }
                (Some(digest), None) => format!("push the image with digest `{digest}` again"),
                (None, None) => format!("push the image as `{}`", image.text),
            };
            let other = other.and_then(|other| instead(reference, other));
            // What is there can be put to the test; what is pushed is the user's to know.
            let mut remedy = Remedy::new(match &other {
                Some(other) => format!("run `{other}`, where that version will do; or {push}"),
                None => push.clone(),
            });
            if let Some(other) = other {
                is_there(cx, &other)?;
                remedy = replacing(cx, &definition, remedy, &[(image, other)])
                    .step(format!("or, {push}"));
            }
            if reference.digest.is_none() && cached.is_none() {
                remedy = remedy.command(format!("docker push {}", shell::quoted(&image.text)));
            }
            let severity = if cached.is_some() { Severity::Likely } else { Severity::Blocker };
            let summary = format!("repository `{repository}` has no image with {what}");
            cx.report(
                Finding::of(severity, summary)
                    .detail(detail)
                    .resource(
                        Resource::new("AWS::ECR::Repository", repository.clone())
                            .arn(registry.repository_arn(cx.partition(), repository)),
                    )
                    .named(image.text.clone())
                    .evidence(
                        Evidence::new(cx.query_in(region, &request), "/imageDetails", Value::Null)
                            .object(repository.clone()),
                    )
                    .remedy(remedy),
            );
            Ok(())
        });
        Ok(())
    }
}

/// Whether the failure message is the registry's word that there is no such image.
fn answered_not_found(cx: &Cx<'_>, reference: &Reference) -> Result<bool, Missing> {
    let Some(symptom) = cx.symptom()?.filter(|symptom| !symptom.reading.benign) else {
        return Ok(false);
    };
    let full = Reference {
        tag: match &reference.digest {
            Some(_) => reference.tag.clone(),
            None => Some(reference.tag_or_latest().to_owned()),
        },
        ..reference.clone()
    };
    let full = full.to_string();
    // A full stop may end the sentence or go on with the tag.
    let goes_on = |c: char| c.is_ascii_alphanumeric() || "_-@".contains(c);
    let ends = |rest: &str| !rest.strip_prefix('.').unwrap_or(rest).starts_with(goes_on);
    let mut places = symptom.text.match_indices(&full);
    let named = places.any(|(at, _)| ends(&symptom.text[at + full.len()..]));
    Ok(named && ["not found", "manifest unknown"].iter().any(|said| symptom.text.contains(said)))
}

/// The newest image that somebody named; signatures and attestations have tags like
/// `sha256-….sig`.
fn newest(details: &[ImageDetail]) -> Option<&ImageDetail> {
    details.iter().find(|detail| detail.image_tags.iter().any(|tag| is_name(tag)))
}

fn is_name(tag: &str) -> bool {
    !tag.starts_with("sha256-")
}

/// The reference to another image of the repository, pinned if this one is.
fn instead(reference: &Reference, other: &ImageDetail) -> Option<String> {
    let kept = reference.tag.as_ref().filter(|tag| other.image_tags.contains(tag));
    let tag = kept.or_else(|| other.image_tags.iter().find(|tag| is_name(tag)))?;
    let digest = match &reference.digest {
        Some(_) => Some(other.image_digest.clone()?),
        None => None,
    };
    Some(Reference { tag: Some(tag.clone()), digest, ..reference.clone() }.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{ACCOUNT, DIGEST, Examples, IMAGE, World},
        finding::Severity,
    };

    const ID: &str = "img-ecr-tag-exists";
    const MESSAGE: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
        failed to resolve ref 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42: \
        111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42: not found";
    const GONE: &str = "sha256:0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).set("imageDetails", "/imageDetails/0/imageTags", json!(["v41"]));
        },
        passes: |world| {
            world.image(IMAGE);
        },
        unknown: |world| {
            world.stopped(MESSAGE).deny("ecr:DescribeImages");
        },
        near_miss: |world| {
            // The tag was pushed since.
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: repository `shop/checkout` has no image with tag `v42`
          container `app` cannot be pulled: ECR answers `not found`; newest tags there: `v41`
          @ AWS::ECR::Repository shop/checkout
          fix (verified): run `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v41`, where that version will do; or push the image as `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`
          - in a new revision of task definition `checkout:42`, set `image` of container `app` to `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v41`
          - or, push the image as `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
          $ docker push 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42
        ");
    }

    #[test]
    fn a_version_that_is_there_is_offered_and_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn the_digest_decides_and_the_tag_tells_where_it_went() {
        let mut world = World::default();
        world.stopped(MESSAGE).image(&format!("{IMAGE}@{GONE}"));
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings.len(), 1);
        let finding = &outcome.findings[0];
        assert!(finding.summary.contains(GONE), "{finding:?}");
        assert!(finding.detail.contains(&format!("moved on to `{DIGEST}`")), "{finding:?}");
        let remedy = finding.remedy.as_ref().unwrap();
        assert!(remedy.summary.starts_with(&format!("run `{IMAGE}@{DIGEST}`,")), "{remedy:?}");
        assert!(world.verified(ID));

        let mut world = World::default();
        world.image(&format!("{}@{DIGEST}", IMAGE.replace("v42", "gone")));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn no_tag_means_latest() {
        let mut world = World::default();
        world.image(IMAGE.strip_suffix(":v42").unwrap());
        let outcome = world.outcome(ID);
        assert_eq!(
            outcome.findings[0].summary,
            "repository `shop/checkout` has no image with tag `latest`"
        );
    }

    #[test]
    fn a_pull_through_cache_may_have_what_the_repository_has_not() {
        let mut world = EXAMPLES.failing();
        world.stopped("Task failed to start");
        assert_eq!(world.outcome(ID).status, Status::Failed);
        let rules = json!({"pullThroughCacheRules": [{
            "ecrRepositoryPrefix": "shop", "upstreamRegistryUrl": "quay.io", "registryId": ACCOUNT,
        }]});
        world.output("pullThroughCacheRules", rules.clone());
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.without("pullThroughCacheRules");
        assert_eq!(world.outcome(ID).status, Status::Unknown);
        // The message says that the rule did not help, whether there is one or not.
        world.stopped(MESSAGE);
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Blocker);
        world.output("pullThroughCacheRules", rules);
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings[0].severity, Severity::Likely);
        assert!(outcome.findings[0].detail.contains("from `quay.io`"), "{outcome:?}");
        // It names another tag.
        for other in ["v420", "v42.1", "v42-arm"] {
            world.stopped(&MESSAGE.replace("v42", other));
            assert_eq!(world.outcome(ID).status, Status::Passed, "{other}");
        }
    }

    #[test]
    fn signatures_are_not_offered_as_versions() {
        let mut world = EXAMPLES.failing();
        world.set(
            "imageDetails",
            "/imageDetails/-",
            json!({
                "registryId": ACCOUNT, "repositoryName": "shop/checkout", "imageDigest": GONE,
                "imageTags": ["sha256-0f0f.sig"], "imagePushedAt": "2026-11-19T09:30:00Z",
            }),
        );
        let outcome = world.outcome(ID);
        let remedy = outcome.findings[0].remedy.as_ref().unwrap();
        assert!(remedy.summary.contains(":v41`, where"), "{remedy:?}");
    }

    #[test]
    fn an_empty_repository_is_called_empty() {
        let mut world = EXAMPLES.failing();
        world.without("imageDetails");
        let input = json!({
            "repositoryName": "shop/checkout", "registryId": ACCOUNT,
            "imageIds": [{"imageTag": "v42"}],
        });
        world.recorded_error("ecr", "DescribeImages", &input, "ImageNotFoundException");
        let input = json!({"repositoryName": "shop/checkout", "registryId": ACCOUNT});
        world.recorded("ecr", "DescribeImages", &input, &json!({"imageDetails": []}));
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].detail.contains("is empty"), "{outcome:?}");
        assert_eq!(outcome.findings[0].evidence[0].value, Value::Null);
    }
}
