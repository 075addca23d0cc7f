//! The images that the containers of a case name.

use std::{collections::HashMap, sync::Arc};

use super::{
    hosts::{self, Home},
    manifest::{is_single, manifest},
};
use crate::{
    Phase,
    aws::{
        ecr::{
            DescribeImages, DescribePullThroughCacheRules, DescribeRepositories, ImageIdentifier,
            PullThroughCacheRule,
        },
        ecs::TaskDefinition,
    },
    case::{Case, Symptom},
    checks::definition,
    facts::{self, Missing},
    finding::{Finding, Remedy, Resource},
    image::{EcrRegistry, Reference, ReferenceError},
    signature::Place,
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
    let mut known: HashMap<&str, usize> = HashMap::new();
    for (place, container) in definition.container_definitions.iter().enumerate() {
        let Some(text) = &container.image else { continue };
        let credentials = container.repository_credentials.is_some();
        if let Some(at) = known.get(text.as_str()) {
            let image = &mut images[*at];
            image.containers.push(container.name.clone());
            image.places.push(place);
            image.credentials |= credentials;
            continue;
        }
        known.insert(text, images.len());
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
    let there =
        repository?.is_some() && image?.is_some_and(|found| !found.image_details.is_empty());
    if !there {
        facts::at_hand(cache_rule(case, &registry, &reference.repository))?;
    }
    let single = facts::at_hand(is_single(case, &registry, &reference))?;
    if there && (single != Some(true) || reference.digest.is_some()) {
        facts::at_hand(manifest(case, &registry, &reference))?;
    }
    Ok(there)
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
pub(super) fn cached_from(
    case: &Case<'_>,
    registry: &EcrRegistry,
    repository: &str,
) -> Result<Option<String>, Missing> {
    let rule = cache_rule(case, registry, repository)?;
    Ok(rule.map(|(rule, _)| rule.upstream_registry_url.unwrap_or_default()))
}

/// The request for a registry's pull through cache rules.
pub(super) fn rules_request(registry: &EcrRegistry) -> DescribePullThroughCacheRules {
    DescribePullThroughCacheRules { registry_id: registry.account.clone() }
}

/// The pull through cache rule that fills this repository, and the name that the repository has
/// behind the rule's prefix.
///
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-rule.html>
pub(super) fn cache_rule(
    case: &Case<'_>,
    registry: &EcrRegistry,
    repository: &str,
) -> Result<Option<(PullThroughCacheRule, String)>, Missing> {
    let answer = case.get_in(Some(&registry.region), &rules_request(registry))?;
    let rest = |prefix: &str| {
        // The rule that has no prefix of its own fills all that no other rule does.
        if prefix == "ROOT" {
            return Some((0, repository));
        }
        let prefix = prefix.trim_end_matches('/');
        Some((prefix.len(), repository.strip_prefix(prefix)?.strip_prefix('/')?))
    };
    Ok(answer
        .iter()
        .flat_map(|answer| &answer.pull_through_cache_rules)
        .filter_map(|rule| Some((rest(&rule.ecr_repository_prefix)?, rule)))
        .max_by_key(|((length, _), _)| *length)
        .map(|((_, rest), rule)| (rule.clone(), rest.to_owned())))
}

/// The failure of the case, if it is one of a pull or of the registry's login before it.
pub(super) fn pull_failure(case: &Case<'_>) -> Result<Option<Arc<Symptom>>, Missing> {
    Ok(case.symptom()?.filter(|symptom| {
        !symptom.reading.benign
            && (matches!(symptom.reading.phase, Some(Phase::Auth | Phase::Pull))
                || symptom.reading.signature.is_some_and(|id| id.starts_with("CPC-")))
    }))
}

/// A finding about an image that the task definition names.
pub(super) fn about(
    case: &Case<'_>,
    definition: &TaskDefinition,
    image: &Image,
    finding: Finding,
) -> Result<Finding, Missing> {
    let pointer = format!("/containerDefinitions/{}/image", image.places[0]);
    Ok(finding
        .resource(definition::resource(definition))
        .named(image.text.clone())
        .evidence(definition::evidence(case, definition, &pointer, image.text.as_str())?)
        .changed_at(definition.registered_at))
}

/// A repository of Amazon ECR as an object that a finding is about.
pub(super) fn repository_resource(case: &Case<'_>, image: &EcrImage) -> Resource {
    let repository = &image.reference.repository;
    Resource::new("AWS::ECR::Repository", repository.clone())
        .arn(image.registry.repository_arn(case.partition(), repository))
}

/// The images outside Amazon ECR that the case's containers name, each once. A host that only looks
/// like a registry's is the matter of `img-host-misspelled`.
pub(super) fn foreign_images(
    case: &Case<'_>,
    definition: &TaskDefinition,
) -> Vec<(Image, Reference)> {
    let home = Home::of(case);
    let images = images(definition).into_iter();
    images
        .filter_map(|image| {
            let reference = image.reference.clone().ok()?;
            let foreign =
                reference.ecr().is_none() && hosts::misspelt(&reference.host, &home).is_none();
            foreign.then_some((image, reference))
        })
        .collect()
}

/// Whether a failure of a pull is about an image of this registry; `None` where it names none.
pub(super) fn is_host_told(symptom: &Symptom, reference: &Reference) -> Option<bool> {
    // Docker Hub answers under several names.
    let name = |host: &str| {
        let host = host.strip_suffix(":443").unwrap_or(host);
        if host == "docker.io" || host.ends_with(".docker.io") { "docker.io" } else { host }
            .to_owned()
    };
    let parameters = &symptom.reading.parameters;
    let told = parameters.get("registry").or_else(|| parameters.get("host"))?;
    Some(name(told) == name(&reference.host))
}

/// Whether a failure of a pull is about this image; `None` where it does not say about which one.
pub(super) fn is_told(symptom: &Symptom, image: &Image) -> Option<bool> {
    if let Place::Container(name) = &symptom.place {
        return Some(image.containers.contains(name));
    }
    let told = symptom.reading.parameters.get("image")?.parse::<Reference>().ok()?;
    let own = image.reference.as_ref().ok()?;
    let same_tag = told.tag.is_none() || told.tag_or_latest() == own.tag_or_latest();
    let same_digest = told.digest.is_none() || own.digest.is_none() || told.digest == own.digest;
    let same_name = told.host == own.host && told.repository == own.repository;
    Some(same_name && (own.digest.is_some() || same_tag) && same_digest)
}
