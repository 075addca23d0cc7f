use std::collections::HashMap;

use serde_json::Value;

use super::containers::{
    EcrImage, cached_from, ecr_images, image_request, is_told, pull_failure, repository_request,
    repository_resource,
};
use crate::{
    Phase,
    aws::ecs::{DescribeServiceRevisions, Service, TaskDefinition},
    case::Symptom,
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    edit::{Edit, Object},
    facts::{self, Missing},
    finding::{Evidence, Finding, Remedy},
    image::Reference,
};

check! {
    /// The digest that a service pinned a tag to is still there
    ///
    /// # What it looks at
    /// A service resolves the tags of its images to digests when a deployment begins, and starts every
    /// task of that deployment from these digests. For images in Amazon ECR that the task definition
    /// names by tag, whether the repository still has the digest: the one that the task or the failure
    /// names, else the one of the service's current revisions. Containers with `versionConsistency`
    /// `disabled` are not pinned. That the tag is gone as well is the matter of `img-ecr-tag-exists`.
    ///
    /// # Why it matters
    /// When a tag such as `latest` moves on and a lifecycle policy removes the image without a tag, the
    /// service cannot replace a task any more, though the tag is there: the pull of
    /// `REPOSITORY:TAG@sha256:…` ends in `not found`.
    ///
    /// # How to fix it
    /// Start a new deployment, which resolves the tag anew. Push every version under a tag of its own,
    /// or have the lifecycle policy keep what still runs.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerImage.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html>
    PinnedDigestGone {
        id: "img-pinned-digest-gone",
        domain: "image",
        phase: Pull,
        causes: [ImageDigestExpired],
        explains: [],
    }
}

/// How many revisions one call describes.
const REVISIONS_A_CALL: usize = 20;

/// A digest that the service is pinned to, and what a new deployment puts in its place.
struct Pinned {
    digest: String,
    evidence: Evidence,
    place: Place,
}

enum Place {
    /// A container of the task.
    Task,
    /// The failure message names it.
    Message,
    /// A container image of a revision of the service.
    Revision(String, usize),
}

impl Check for PinnedDigestGone {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let disabled = |place: usize| {
            let container = &definition.container_definitions[place];
            container.version_consistency.as_deref() == Some("disabled")
        };
        let mut images = ecr_images(cx, &definition);
        images.retain(|image| {
            image.reference.digest.is_none()
                && !image.image.places.iter().any(|place| disabled(*place))
        });
        if images.is_empty() {
            return cx
                .not_applicable("no image in Amazon ECR is named by a tag that a service pins");
        }
        let Some(service) = cx.service()? else {
            return cx.not_applicable("the task belongs to no service, which would pin its images");
        };
        if cx.proven(Phase::Pull)? {
            return Ok(());
        }
        let failure = pull_failure(cx)?;
        let task = cx.task()?;
        // Places of the task's containers by name.
        let places: HashMap<&str, usize> = task
            .iter()
            .flat_map(|task| task.containers.iter().enumerate())
            .filter_map(|(at, container)| Some((container.name.as_deref()?, at)))
            .collect();
        cx.each(&images, |cx, image| {
            let names = image.image.containers.iter();
            let places: Vec<_> =
                names.filter_map(|name| places.get(name.as_str()).copied()).collect();
            let failure = failure.as_deref();
            let Some(pinned) = pinned(cx, &definition, &service, image, &places, failure)? else {
                return Ok(());
            };
            let region = Some(image.registry.region.as_str());
            let by = |digest: &str| {
                let digest = Some(digest.to_owned());
                image_request(&image.registry, &Reference { digest, ..image.reference.clone() })
            };
            let repository = &image.reference.repository;
            // Asked together, to be answered in one round.
            let there = cx.get_in(region, &repository_request(&image.registry, repository));
            let tagged = cx.get_in(region, &image_request(&image.registry, &image.reference));
            let request = by(&pinned.digest);
            let found = cx.get_in(region, &request);
            if there?.is_none() || found?.is_some_and(|found| !found.image_details.is_empty()) {
                return Ok(());
            }
            let tagged = tagged?;
            let Some(now) = tagged.as_ref().and_then(|found| found.image_details.first()) else {
                return Ok(());
            };
            // A pull brings it back, unless it just did not.
            let told = matches!(pinned.place, Place::Message);
            if !told && cached_from(cx, &image.registry, repository)?.is_some() {
                return Ok(());
            }
            let new = now.image_digest.clone().unwrap_or_default();
            facts::at_hand(cx.get_in(region, &by(&new)))?;

            let name = &service.service_name;
            let tag = image.reference.tag_or_latest();
            let mut remedy = Remedy::new(format!(
                "start a new deployment of `{name}`: it resolves tag `{tag}` anew, to `{new}`"
            ))
            .step(
                "or push the image with the old digest again, where that version is the one to run",
            )
            .step(
                "to keep it from happening again, push each version under a tag of its own; or set \
                 `versionConsistency` of the container to `disabled`",
            );
            if let Some(command) = definition::update_service(cx) {
                remedy = remedy.command(format!("{command} --force-new-deployment"));
            }
            let edits = match &pinned.place {
                Place::Revision(arn, at) => vec![Edit::Set(
                    Object::new("serviceRevisions", "serviceRevisionArn", arn.clone()),
                    format!("/containerImages/{at}/imageDigest"),
                    new.clone().into(),
                )],
                // The task as the new deployment starts it.
                Place::Task | Place::Message => task
                    .iter()
                    .flat_map(|task| {
                        places.iter().map(|at| {
                            let pointer = format!("/containers/{at}/imageDigest");
                            task::set(task, pointer, new.as_str())
                        })
                    })
                    .collect(),
            };
            let remedy = edits.into_iter().fold(remedy, Remedy::edit);
            let full = format!("{}@{}", image.image.text, pinned.digest);
            cx.report(
                Finding::blocker(format!(
                    "service `{name}` is pinned to digest `{}` of `{}`, which repository \
                     `{repository}` no longer has",
                    pinned.digest, image.image.text
                ))
                .detail(format!(
                    "{} cannot be pulled, though tag `{tag}` is there: the deployment resolved the \
                     tag when it began and starts every task from that digest; the tag is `{new}` \
                     now",
                    image.image.named_by()
                ))
                .resource(repository_resource(cx, image))
                .named(full)
                .named(image.image.text.clone())
                .named(pinned.digest.clone())
                .evidence(pinned.evidence)
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

/// The digest that the service is pinned to for this image, as far as anything tells.
fn pinned(
    cx: &Cx<'_>,
    definition: &TaskDefinition,
    service: &Service,
    image: &EcrImage,
    places: &[usize],
    failure: Option<&Symptom>,
) -> Result<Option<Pinned>, Missing> {
    let task = cx.task()?;
    // A task set's images are not pinned by the service.
    if let Some(task) = task.as_ref().filter(|_| service.task_sets.is_empty()) {
        let found = places.iter().find_map(|at| {
            let digest = task.containers[*at].image_digest.clone();
            Some((at, digest.filter(|digest| !digest.is_empty())?))
        });
        if let Some((at, digest)) = found {
            let pointer = format!("/containers/{at}/imageDigest");
            let evidence = task::evidence(cx, task, pointer, digest.clone());
            return Ok(Some(Pinned { digest, evidence, place: Place::Task }));
        }
    }
    if let (Some(failure), Some(task)) = (failure, &task)
        && is_told(failure, &image.image) == Some(true)
        && let Some(digest) = failure.reading.parameters.get("digest")
    {
        let evidence = task::evidence(cx, task, "/stoppedReason", failure.text.clone());
        return Ok(Some(Pinned { digest: digest.clone(), evidence, place: Place::Message }));
    }
    let arns: Vec<_> = service
        .current_service_revisions
        .iter()
        .filter_map(|revision| revision.arn.clone())
        .take(REVISIONS_A_CALL)
        .collect();
    if arns.is_empty() {
        return Ok(None);
    }
    let request = DescribeServiceRevisions { service_revision_arns: arns };
    let Some(answer) = cx.get(&request)? else { return Ok(None) };
    let revisions = answer.service_revisions.iter().filter(|revision| {
        revision.task_definition.as_ref() == Some(&definition.task_definition_arn)
    });
    for revision in revisions {
        let mut images = revision.container_images.iter().enumerate();
        let found = images.find(|(_, found)| {
            found.image.as_ref() == Some(&image.image.text)
                && found
                    .container_name
                    .as_ref()
                    .is_some_and(|name| image.image.containers.contains(name))
        });
        if let Some((at, digest)) = found.and_then(|(at, f)| Some((at, f.image_digest.clone()?))) {
            let arn = revision.service_revision_arn.clone();
            let pointer = format!("/containerImages/{at}/imageDigest");
            let evidence = Evidence::new(cx.query(&request), pointer, digest.clone());
            let evidence = evidence.object(arn.clone());
            return Ok(Some(Pinned { digest, evidence, place: Place::Revision(arn, at) }));
        }
    }
    Ok(None)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{ACCOUNT, DEFINITION, DIGEST, Examples, IMAGE, World},
    };

    const ID: &str = "img-pinned-digest-gone";
    const GONE: &str = "sha256:0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";
    const MESSAGE: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
        failed to resolve ref 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42@sha256:\
        0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f: \
        111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42@sha256:\
        0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f: not found";
    const REVISION: &str =
        "arn:aws:ecs:eu-west-1:111122223333:service-revision/shop/checkout/4980306466373577095";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE);
        },
        passes: |world| {
            revision(world, DIGEST);
        },
        unknown: |world| {
            world.stopped(MESSAGE).deny("ecr:DescribeImages");
        },
        near_miss: |world| {
            // Somebody pushed the image with the old digest again.
            world.stopped(MESSAGE).set(
                "imageDetails",
                "/imageDetails/-",
                json!({
                    "registryId": ACCOUNT, "repositoryName": "shop/checkout", "imageDigest": GONE,
                    "imagePushedAt": "2026-11-20T10:20:00Z",
                }),
            );
        },
    };

    fn revision<'w>(world: &'w mut World, digest: &str) -> &'w mut World {
        world
            .set("services", "/services/0/currentServiceRevisions", json!([{"arn": REVISION}]))
            .output(
                "serviceRevisions",
                json!({"serviceRevisions": [{
                    "serviceRevisionArn": REVISION, "taskDefinition": DEFINITION,
                    "serviceArn": "arn:aws:ecs:eu-west-1:111122223333:service/shop/checkout",
                    "containerImages": [
                        {"containerName": "app", "image": IMAGE, "imageDigest": digest},
                    ],
                }], "failures": []}),
            )
    }

    fn pinned(digest: &str) -> World {
        let mut world = World::default();
        revision(&mut world, digest);
        world
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: service `checkout` is pinned to digest `sha256:0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f` of `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`, which repository `shop/checkout` no longer has
          container `app` cannot be pulled, though tag `v42` is there: the deployment resolved the tag when it began and starts every task from that digest; the tag is `sha256:5f2c9d0e8b7a6f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6` now
          @ AWS::ECR::Repository shop/checkout
          fix (verified): start a new deployment of `checkout`: it resolves tag `v42` anew, to `sha256:5f2c9d0e8b7a6f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6`
          - or push the image with the old digest again, where that version is the one to run
          - to keep it from happening again, push each version under a tag of its own; or set `versionConsistency` of the container to `disabled`
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --force-new-deployment
        ");
    }

    #[test]
    fn a_new_deployment_is_proved_to_help() {
        assert!(EXAMPLES.failing().verified(ID));
        let mut world = World::default();
        world.stopped("Task failed to start").task("/containers/0/imageDigest", json!(GONE));
        assert!(world.verified(ID));
        assert!(pinned(GONE).verified(ID));
    }

    #[test]
    fn the_services_revision_tells_where_nothing_else_does() {
        assert_eq!(pinned(DIGEST).outcome(ID).status, Status::Passed);
        assert_eq!(pinned(GONE).outcome(ID).status, Status::Failed);
        let mut world = pinned(GONE);
        world.deny("ecs:DescribeServiceRevisions");
        assert_eq!(world.outcome(ID).status, Status::Unknown);
        let mut world = pinned(GONE);
        world.container("/versionConsistency", json!("disabled"));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }

    #[test]
    fn a_task_of_its_own_is_not_pinned() {
        let mut world = EXAMPLES.failing();
        world.task("/group", json!("family:checkout"));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }

    #[test]
    fn where_the_tag_is_gone_too_that_is_the_matter() {
        let mut world = EXAMPLES.failing();
        world.set("imageDetails", "/imageDetails/0/imageTags", json!(["v41"]));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        assert_eq!(world.outcome("img-ecr-tag-exists").status, Status::Failed);
    }

    #[test]
    fn a_cache_brings_it_back() {
        let mut world = pinned(GONE);
        world.output(
            "pullThroughCacheRules",
            json!({"pullThroughCacheRules": [{
                "ecrRepositoryPrefix": "shop", "upstreamRegistryUrl": "quay.io",
                "registryId": ACCOUNT,
            }]}),
        );
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
