use super::{
    containers::{ecr_images, is_there, is_told, pull_failure, replacing, repository_resource},
    manifest::{self, Entry, Manifest, manifest},
};
use crate::{
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    image::Reference,
    shell::quoted,
};

check! {
    /// Digests name images, not statements about them
    ///
    /// # What it looks at
    /// For every image in Amazon ECR that is pinned to a digest, and for every one where the failure
    /// speaks of an attestation, whether the manifest is one of an image. `docker buildx` pushes
    /// statements about an image (its provenance, its bill of materials) as manifests beside it, with
    /// digests of their own.
    ///
    /// # Why it matters
    /// A statement cannot be run: the pull ends in `failed to get stream processor for
    /// application/vnd.in-toto+json: no processor for media-type`. Pipelines that take "the" digest of
    /// a push sometimes take the wrong one.
    ///
    /// # How to fix it
    /// Name the digest of the index, or the tag; or build without statements: `--provenance=false
    /// --sbom=false`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-image-by-digest.html>,
    /// <https://docs.docker.com/build/metadata/attestations/attestation-storage/>
    AttestationManifest {
        id: "img-attestation-manifest",
        domain: "image",
        phase: Pull,
        causes: [ImagePlatformOrManifest],
        explains: [],
    }
}

impl Check for AttestationManifest {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let failure =
            pull_failure(cx)?.filter(|symptom| symptom.reading.signature == Some("CPC-ATTEST"));
        let mut images = ecr_images(cx, &definition);
        images.retain(|image| {
            image.reference.digest.is_some()
                || failure
                    .as_ref()
                    .is_some_and(|failure| is_told(failure, &image.image) != Some(false))
        });
        if images.is_empty() {
            return cx.not_applicable("no image in Amazon ECR is pinned to a digest");
        }
        cx.each(&images, |cx, image| {
            let Some(manifest) = manifest(cx, &image.registry, &image.reference)? else {
                return Ok(());
            };
            let text = &image.image.text;
            let only = match &manifest {
                Manifest::Image(found) => found.is_attestation(),
                Manifest::Index(entries) => {
                    !entries.is_empty() && entries.iter().all(Entry::is_attestation)
                }
            };
            let beside = match &manifest {
                Manifest::Index(entries) => entries.iter().any(Entry::is_attestation),
                Manifest::Image(_) => false,
            };
            let rebuilt = format!(
                "docker buildx build --provenance=false --sbom=false --tag {} --push .",
                quoted(&Reference { digest: None, ..image.reference.clone() }.to_string())
            );
            let (finding, remedy) = if only {
                let finding = Finding::blocker(format!(
                    "`{text}` is not an image but an attestation, a statement about one"
                ))
                .detail(format!(
                    "{} cannot be pulled: the manifest has layers of kind \
                     `application/vnd.in-toto+json`, which no runtime unpacks",
                    image.image.named_by()
                ));
                // The tag, where one is given, most likely names the index with the image.
                let tagged = Reference { digest: None, ..image.reference.clone() }.to_string();
                let tagged = image.reference.tag.is_some().then_some(tagged);
                let remedy = match tagged {
                    Some(tagged) if is_there(cx, &tagged)? => {
                        let remedy = Remedy::new(format!(
                            "name the tag alone, `{tagged}`, or the digest of its index"
                        ));
                        replacing(cx, &definition, remedy, &[(&image.image, tagged)])
                    }
                    _ => Remedy::new("name the digest of the index that has the image"),
                };
                (finding, remedy)
            } else if beside && failure.is_some() {
                let finding = Finding::likely(format!(
                    "the index of `{text}` has attestations beside the image"
                ))
                .detail(format!(
                    "the pull for {} came upon an attestation, which it cannot unpack; without \
                     attestations in the index it cannot",
                    image.image.named_by()
                ));
                (finding, Remedy::new("build the image without attestations").command(rebuilt))
            } else {
                return Ok(());
            };
            let repository = &image.reference.repository;
            let query = cx.query_in(
                Some(&image.registry.region),
                &manifest::request(&image.registry, &image.reference),
            );
            let kind = match manifest {
                Manifest::Image(_) => "application/vnd.in-toto+json",
                Manifest::Index(_) => "attestation-manifest",
            };
            cx.report(
                finding
                    .resource(repository_resource(cx, image))
                    .named(text.clone())
                    .evidence(
                        Evidence::new(query, "/images/0/imageManifest", kind)
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

    use crate::{
        check::Status,
        checks::testing::{ACCOUNT, DIGEST, Examples, IMAGE, World, index},
        finding::Severity,
    };

    const ID: &str = "img-attestation-manifest";
    const MESSAGE: &str = "CannotPullContainerError: ref pull has been retried 1 time(s): failed to \
        unpack image on snapshotter overlayfs: failed to extract layer \
        sha256:1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c: failed to get stream \
        processor for application/vnd.in-toto+json: no processor for media-type: unknown";
    const STATEMENT: &str =
        "sha256:abababababababababababababababababababababababababababababababab";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            pinned(world, &format!("{IMAGE}@{STATEMENT}")).stopped(MESSAGE);
        },
        passes: |world| {
            pinned(world, &format!("{IMAGE}@{DIGEST}"));
        },
        unknown: |world| {
            pinned(world, &format!("{IMAGE}@{STATEMENT}"))
                .stopped(MESSAGE)
                .deny("ecr:BatchGetImage");
        },
        near_miss: |world| {
            // Another revision names the image.
            pinned(world, &format!("{IMAGE}@{DIGEST}")).stopped(MESSAGE);
        },
    };

    /// The repository has the attestation of the image as well.
    fn pinned<'w>(world: &'w mut World, image: &str) -> &'w mut World {
        let manifest = json!({"layers": [{"mediaType": "application/vnd.in-toto+json"}]});
        world
            .image(image)
            .set(
                "imageDetails",
                "/imageDetails/-",
                json!({
                    "registryId": ACCOUNT, "repositoryName": "shop/checkout",
                    "imageDigest": STATEMENT, "imagePushedAt": "2026-11-19T08:30:00Z",
                    "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
                }),
            )
            .set(
                "images",
                "/images/-",
                json!({
                    "registryId": ACCOUNT, "repositoryName": "shop/checkout",
                    "imageId": {"imageDigest": STATEMENT}, "imageManifest": manifest.to_string(),
                }),
            )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42@sha256:abababababababababababababababababababababababababababababababab` is not an image but an attestation, a statement about one
          container `app` cannot be pulled: the manifest has layers of kind `application/vnd.in-toto+json`, which no runtime unpacks
          @ AWS::ECR::Repository shop/checkout
          fix (verified): name the tag alone, `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`, or the digest of its index
          - in a new revision of task definition `checkout:42`, set `image` of container `app` to `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn the_tag_is_offered_and_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn attestations_beside_the_image_matter_only_where_the_failure_says_so() {
        let mut world = World::default();
        let list = index(&["linux/amd64", "unknown/unknown"]);
        world.set("images", "/images/0/imageManifest", json!(list));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
        let outcome = world.stopped(MESSAGE).outcome(ID);
        assert_eq!(outcome.findings[0].severity, Severity::Likely, "{outcome:?}");
    }
}
