//! Manifests of images in Amazon ECR.
//!
//! Source: <https://github.com/opencontainers/image-spec/blob/main/image-index.md>,
//! <https://github.com/opencontainers/image-spec/blob/main/manifest.md>,
//! <https://docs.docker.com/build/metadata/attestations/attestation-storage/>

use serde::Deserialize;

use super::containers::{cached_from, image_request};
use crate::{
    aws::ecr::BatchGetImage,
    case::Case,
    facts::Missing,
    image::{EcrRegistry, Reference},
};

/// Kinds of manifest that runtimes ask a registry for.
const ACCEPTED: [&str; 4] = [
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
];

/// Layers that are statements about an image, not files of one.
const IN_TOTO: &str = "application/vnd.in-toto+json";

/// A manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Manifest {
    /// A list of images, one a platform.
    Index(Vec<Entry>),
    /// One image.
    Image(ImageManifest),
}

/// A manifest in an index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Entry {
    pub(super) media_type: Option<String>,
    pub(super) digest: Option<String>,
    pub(super) platform: Option<Platform>,
    annotations: Option<Annotations>,
}

impl Entry {
    /// Whether it is a statement about another entry, such as its provenance, and not an image.
    pub(super) fn is_attestation(&self) -> bool {
        let said = self.annotations.as_ref().and_then(|all| all.reference_type.as_deref());
        said == Some("attestation-manifest")
            || self.platform.as_ref().is_some_and(|platform| platform.os == "unknown")
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Annotations {
    #[serde(rename = "vnd.docker.reference.type")]
    reference_type: Option<String>,
}

/// What a manifest is built for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Platform {
    pub(super) os: String,
    pub(super) architecture: String,
    #[serde(rename = "os.version")]
    pub(super) os_version: Option<String>,
}

/// The manifest of one image. It does not say what it is built for: its configuration does, which
/// is a layer of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ImageManifest {
    pub(super) layers: Vec<Layer>,
}

/// A layer of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Layer {
    pub(super) media_type: String,
    urls: Option<Vec<String>>,
}

impl Layer {
    /// Whether it is not in the registry, but where its URLs say.
    pub(super) fn is_foreign(&self) -> bool {
        self.urls.as_ref().is_some_and(|urls| !urls.is_empty())
            || self.media_type.contains(".foreign.")
            || self.media_type.contains("nondistributable")
    }
}

impl ImageManifest {
    /// Whether it holds nothing but statements about another image.
    pub(super) fn is_attestation(&self) -> bool {
        !self.layers.is_empty() && self.layers.iter().all(|layer| layer.media_type == IN_TOTO)
    }
}

impl Manifest {
    fn read(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Either {
            manifests: Option<Vec<Entry>>,
            #[serde(flatten)]
            image: serde_json::Map<String, serde_json::Value>,
        }
        let either: Either = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if let Some(entries) = either.manifests {
            return Ok(Self::Index(entries));
        }
        if !either.image.contains_key("layers") {
            return Err("it has neither `manifests` nor `layers`".to_owned());
        }
        serde_json::from_value(either.image.into()).map(Self::Image).map_err(|e| e.to_string())
    }
}

/// The request for the manifest of an image, by digest where one is given, else by tag.
pub(super) fn request(registry: &EcrRegistry, reference: &Reference) -> BatchGetImage {
    let image_ids = image_request(registry, reference).image_ids;
    BatchGetImage {
        registry_id: registry.account.clone(),
        repository_name: reference.repository.clone(),
        image_ids: image_ids.unwrap_or_default(),
        accepted_media_types: ACCEPTED.to_vec(),
    }
}

/// The manifest of an image; `None` where the registry has no such image.
///
/// In a repository that a pull through cache rule fills, reading a manifest is a pull and can
/// change what is there: it is not asked for.
pub(super) fn manifest(
    case: &Case<'_>,
    registry: &EcrRegistry,
    reference: &Reference,
) -> Result<Option<Manifest>, Missing> {
    let region = Some(registry.region.as_str());
    let found = case.get_in(region, &image_request(registry, reference))?;
    if found.is_none_or(|found| found.image_details.is_empty()) {
        return Ok(None);
    }
    let request = request(registry, reference);
    let undecided = |why: String| Missing::undecided(case.query_in(region, &request), why);
    if let Some(upstream) = cached_from(case, registry, &reference.repository)? {
        return Err(undecided(format!(
            "not asked: reading the manifest could make ECR fetch the image from `{upstream}`"
        )));
    }
    let Some(answer) = case.get_in(region, &request)? else { return Ok(None) };
    if let Some(text) = answer.images.first().and_then(|image| image.image_manifest.as_deref()) {
        let read = Manifest::read(text);
        return read
            .map(Some)
            .map_err(|why| undecided(format!("the manifest is unreadable: {why}")));
    }
    match answer.failures.first() {
        Some(failure) if failure.failure_code.as_deref() == Some("ImageNotFound") => Ok(None),
        Some(failure) => Err(undecided(format!(
            "ECR answers `{}`: {}",
            failure.failure_code.as_deref().unwrap_or("no code"),
            failure.failure_reason.as_deref().unwrap_or("no reason")
        ))),
        None => Err(undecided("the answer has no manifest".to_owned())),
    }
}

/// Whether the registry says that the image has a manifest of its own rather than an index;
/// `None` where it does not say.
pub(super) fn is_single(
    case: &Case<'_>,
    registry: &EcrRegistry,
    reference: &Reference,
) -> Result<Option<bool>, Missing> {
    let request = image_request(registry, reference);
    let found = case.get_in(Some(&registry.region), &request)?;
    let detail = found.as_ref().and_then(|found| found.image_details.first());
    let kind = detail.and_then(|detail| detail.image_manifest_media_type.as_deref());
    Ok(kind.map(|kind| !kind.contains("manifest.list") && !kind.contains("image.index")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_lists_platforms_and_statements_about_them() {
        let text = r#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [
                {"digest": "sha256:1", "platform": {"os": "linux", "architecture": "amd64"}},
                {"digest": "sha256:2", "platform": {"os": "unknown", "architecture": "unknown"}},
                {"digest": "sha256:3",
                 "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}]}"#;
        let Ok(Manifest::Index(entries)) = Manifest::read(text) else { panic!("{text}") };
        let attestations: Vec<_> = entries.iter().map(Entry::is_attestation).collect();
        assert_eq!(attestations, [false, true, true]);
        assert_eq!(entries[0].platform.as_ref().unwrap().architecture, "amd64");
    }

    #[test]
    fn an_image_has_layers_here_and_elsewhere() {
        let text = r#"{"schemaVersion": 2, "config": {}, "layers": [
            {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
             "urls": ["https://mcr.microsoft.com/v2/x"]},
            {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"}]}"#;
        let Ok(Manifest::Image(image)) = Manifest::read(text) else { panic!("{text}") };
        let foreign: Vec<_> = image.layers.iter().map(Layer::is_foreign).collect();
        assert_eq!(foreign, [true, false]);
        assert!(!image.is_attestation());
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for text in ["", "[]", "{}", r#"{"manifests": 1}"#, r#"{"layers": [1]}"#] {
            assert!(Manifest::read(text).is_err(), "{text}");
        }
    }
}
