//! The images that the containers of a case name.

use super::hosts::{self, Home};
use crate::{
    aws::{
        ecr::{
            DescribeImages, DescribePullThroughCacheRules, DescribeRepositories, ImageIdentifier,
        },
        ecs::TaskDefinition,
    },
    case::Case,
    checks::definition,
    facts::{self, Missing},
    finding::Remedy,
    image::{EcrRegistry, Reference, ReferenceError},
};

/// An image that containers name.
#[derive(Clone, Debug)]
pub(super) struct Image {
    /// Containers that name it.
    pub(super) containers: Vec<String>,
    /// Their places in the task definition.
    pub(super) places: Vec<usize>,
    /// The reference as it stands in the task definition.
    pub(super) text: String,
    pub(super) reference: Result<Reference, ReferenceError>,
    /// Whether a container gives credentials for its registry.
    pub(super) credentials: bool,
}

impl Image {
    /// `container` or `containers`, with their names.
    pub(super) fn named_by(&self) -> String {
        definition::containers(self.containers.iter().map(String::as_str))
    }
}

/// The images that the case's containers name, each once.
pub(super) fn images(definition: &TaskDefinition) -> Vec<Image> {
    let mut images: Vec<Image> = Vec::new();
    for (place, container) in definition.container_definitions.iter().enumerate() {
        let Some(text) = &container.image else { continue };
        let credentials = container.repository_credentials.is_some();
        if let Some(image) = images.iter_mut().find(|image| image.text == *text) {
            image.containers.push(container.name.clone());
            image.places.push(place);
            image.credentials |= credentials;
            continue;
        }
        images.push(Image {
            containers: vec![container.name.clone()],
            places: vec![place],
            text: text.clone(),
            reference: text.parse(),
            credentials,
        });
    }
    images
}

/// An image in a private registry of Amazon ECR that containers name.
#[derive(Clone, Debug)]
pub(super) struct EcrImage {
    pub(super) image: Image,
    pub(super) reference: Reference,
    pub(super) registry: EcrRegistry,
}

/// The images in Amazon ECR that the case's containers name, each once. A host that only looks
/// like ECR's is the matter of `img-host-misspelled`.
pub(super) fn ecr_images(case: &Case<'_>, definition: &TaskDefinition) -> Vec<EcrImage> {
    let home = Home::of(case);
    images(definition)
        .into_iter()
        .filter_map(|image| {
            let reference = image.reference.clone().ok()?;
            let registry = reference.ecr()?;
            if hosts::misspelt(&reference.host, &home).is_some() {
                return None;
            }
            Some(EcrImage { image, reference, registry })
        })
        .collect()
}

/// The request for one repository.
pub(super) fn repository_request(registry: &EcrRegistry, repository: &str) -> DescribeRepositories {
    DescribeRepositories {
        registry_id: registry.account.clone(),
        repository_names: Some(vec![repository.to_owned()]),
    }
}

/// The request for the image that a runtime pulls: by digest where one is given, else by tag.
pub(super) fn image_request(registry: &EcrRegistry, reference: &Reference) -> DescribeImages {
    let by_digest = reference.digest.is_some();
    DescribeImages {
        registry_id: registry.account.clone(),
        repository_name: reference.repository.clone(),
        image_ids: Some(vec![ImageIdentifier {
            image_tag: (!by_digest).then(|| reference.tag_or_latest().to_owned()),
            image_digest: reference.digest.clone(),
        }]),
    }
}

/// The repositories of the account that a reference without a host may mean.
pub(super) fn without_host(reference: &Reference) -> Vec<String> {
    if reference.host_given {
        return vec![];
    }
    let name = &reference.repository;
    let short = name.strip_prefix("library/").map(str::to_owned);
    short.into_iter().chain([name.clone()]).collect()
}

/// The account's registry in the Region of the target.
pub(super) fn own_registry(case: &Case<'_>) -> Option<EcrRegistry> {
    Some(EcrRegistry {
        account: case.account()?.to_owned(),
        region: case.region()?.to_owned(),
        dual_stack: false,
        fips: false,
    })
}

/// Whether a reference that a remedy proposes is an image in ECR that is there. It asks what the
/// checks will ask of it, so that the remedy can be put to the test.
pub(super) fn is_there(case: &Case<'_>, text: &str) -> Result<bool, Missing> {
    let Ok(reference) = text.parse::<Reference>() else { return Ok(false) };
    if let Some(registry) = own_registry(case) {
        for name in without_host(&reference) {
            facts::at_hand(case.get(&repository_request(&registry, &name)))?;
        }
    }
    let Some(registry) = reference.ecr() else { return Ok(false) };
    let region = Some(registry.region.as_str());
    let request = repository_request(&registry, &reference.repository);
    let repository = facts::at_hand(case.get_in(region, &request));
    let request = image_request(&registry, &reference);
    let image = facts::at_hand(case.get_in(region, &request));
    Ok(repository?.is_some() && image?.is_some_and(|answer| !answer.image_details.is_empty()))
}

/// Puts other references in the place of images, in one new revision of the task definition.
pub(super) fn replacing(
    case: &Case<'_>,
    definition: &TaskDefinition,
    mut remedy: Remedy,
    changes: &[(&Image, String)],
) -> Remedy {
    for (image, text) in changes {
        remedy = remedy.step(format!(
            "in a new revision of task definition `{}`, set `image` of {} to `{text}`",
            definition::name(definition),
            image.named_by()
        ));
        for place in &image.places {
            let pointer = format!("/containerDefinitions/{place}/image");
            remedy = remedy.edit(definition::set(definition, &pointer, text.as_str()));
        }
    }
    match definition::roll_out(case, definition) {
        Some(command) if !changes.is_empty() => remedy.command(command),
        _ => remedy,
    }
}

/// The registry from which a pull fills this repository, if a pull through cache rule does that.
///
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-rule.html>
pub(super) fn cached_from(
    case: &Case<'_>,
    registry: &EcrRegistry,
    repository: &str,
) -> Result<Option<String>, Missing> {
    let request = DescribePullThroughCacheRules { registry_id: registry.account.clone() };
    let answer = case.get_in(Some(&registry.region), &request)?;
    let fills = |prefix: &str| {
        // The rule that has no prefix of its own fills all that no other rule does.
        prefix == "ROOT"
            || repository
                .strip_prefix(prefix.trim_end_matches('/'))
                .is_some_and(|rest| rest.starts_with('/'))
    };
    Ok(answer
        .iter()
        .flat_map(|answer| &answer.pull_through_cache_rules)
        .find(|rule| fills(&rule.ecr_repository_prefix))
        .map(|rule| rule.upstream_registry_url.clone().unwrap_or_default()))
}
