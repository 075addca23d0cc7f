use super::{EcrImage, ecr_images};
use crate::{
    aws::ecr::{DescribeImages, DescribeRepositories, ImageIdentifier},
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
};

check! {
    /// The image's tag or digest is in its repository
    ///
    /// # What it looks at
    /// For every container image in Amazon ECR, whether the repository has an image with the tag
    /// (`latest` where none is given) or digest. With both given, the digest decides: runtimes pull
    /// by it and do not read the tag. A repository that does not exist is the matter of
    /// `img-ecr-repo-exists`.
    ///
    /// # Why it matters
    /// The pull ends in `CannotPullContainerError: … not found`. Tags go missing when a pipeline
    /// never pushed them, somebody deleted them, or a lifecycle policy expired them.
    ///
    /// # How to fix it
    /// Push the image under that tag, or register a task definition revision that names a tag the
    /// repository has.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html>
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
        let images = ecr_images(cx)?;
        if images.is_empty() {
            return cx.not_applicable("no container's image is in Amazon ECR");
        }
        cx.each(images, |cx, image| {
            let EcrImage { reference, registry, .. } = &image;
            let region = Some(registry.region.as_str());
            let repositories = DescribeRepositories {
                registry_id: registry.account.clone(),
                repository_names: Some(vec![reference.repository.clone()]),
            };
            if cx.get_in(region, &repositories)?.is_none() {
                return Ok(());
            }
            let by_digest = reference.digest.is_some();
            let request = DescribeImages {
                registry_id: registry.account.clone(),
                repository_name: reference.repository.clone(),
                image_ids: Some(vec![ImageIdentifier {
                    image_tag: (!by_digest).then(|| reference.tag_or_latest().to_owned()),
                    image_digest: reference.digest.clone(),
                }]),
            };
            if cx.get_in(region, &request)?.is_some_and(|answer| !answer.image_details.is_empty()) {
                return Ok(());
            }
            // The tags that are there, newest first: help, so that their absence is no obstacle.
            let all = DescribeImages { image_ids: None, ..request.clone() };
            let mut details = match cx.get_in(region, &all) {
                Err(missing) if missing.is_pending() => return Err(missing),
                answer => answer.ok().flatten().map_or(vec![], |all| all.image_details.clone()),
            };
            details.sort_by(|a, b| {
                (b.image_pushed_at, &b.image_tags).cmp(&(a.image_pushed_at, &a.image_tags))
            });
            let tags: Vec<_> = details.iter().flat_map(|detail| &detail.image_tags).collect();

            let what = match &reference.digest {
                Some(digest) => format!("digest `{digest}`"),
                None => format!("tag `{}`", reference.tag_or_latest()),
            };
            let repository = &reference.repository;
            let there = if tags.is_empty() {
                String::new()
            } else {
                let shown: Vec<_> =
                    tags.iter().take(TAGS_SHOWN).map(|tag| format!("`{tag}`")).collect();
                format!("; newest tags there: {}", shown.join(", "))
            };
            let mut remedy = Remedy::new(format!(
                "push the image as `{}`, or deploy a task definition that names an image the \
                 repository has",
                image.text
            ))
            .command(format!(
                "aws ecr describe-images --registry-id {} --repository-name {repository} --region {}",
                registry.account, registry.region
            ));
            if !by_digest {
                remedy = remedy.command(format!("docker push {}", image.text));
            }
            cx.report(
                Finding::blocker(format!("repository `{repository}` has no image with {what}"))
                    .detail(format!(
                        "{} cannot be pulled: ECR answers `not found`{there}",
                        image.named_by()
                    ))
                    .resource(
                        Resource::new("AWS::ECR::Repository", repository.clone()).arn(
                            registry.repository_arn(
                                &cx.partition(),
                                repository,
                            ),
                        ),
                    )
                    .named(image.text.clone())
                    .evidence(
                        Evidence::new(
                            cx.query_in(region, &request),
                            "/imageDetails",
                            serde_json::Value::Null,
                        )
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

    use crate::checks::testing::{Examples, IMAGE};

    const MESSAGE: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
        failed to resolve ref 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42: \
        111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42: not found";

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
        insta::assert_snapshot!(EXAMPLES.messages("img-ecr-tag-exists"), @"");
    }
}
