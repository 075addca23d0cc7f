use super::{
    containers::{EcrImage, ecr_images, is_told, pull_failure, repository_resource},
    manifest::{self, Layer, Manifest, manifest},
};
use crate::{
    Phase,
    check::{Check, Cx, Meta, check},
    checks::fargate,
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    image::Reference,
    signature::Cause,
};

check! {
    /// Windows images have their layers in the registry
    ///
    /// # What it looks at
    /// Where a pull for a Windows task got no answer, whether the manifests of its images in Amazon ECR
    /// have layers that are not in the registry, but where their URLs say: with Microsoft.
    ///
    /// # Why it matters
    /// Licences forbid to distribute some layers of Windows, so a push leaves them out. A pull fetches
    /// them from Microsoft over the internet; endpoints for Amazon ECR and S3 are not enough for it.
    /// Layers that the host has already are not fetched.
    ///
    /// # How to fix it
    /// Give the task a path to the internet, or push the image again from a Docker daemon that has the
    /// registry in `allow-nondistributable-artifacts`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html>
    WindowsForeignLayers {
        id: "img-windows-foreign-layers",
        domain: "image",
        phase: Pull,
        causes: [NetRegistryUnreachable],
        explains: [],
    }
}

/// How many manifests of an index are looked at.
const MOST_MANIFESTS: usize = 8;

impl Check for WindowsForeignLayers {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        if !fargate::is_windows(fargate::operating_system(&definition)) {
            return cx.not_applicable("the task does not run Windows containers");
        }
        let images = ecr_images(cx, &definition);
        if images.is_empty() {
            return cx.not_applicable("no container's image is in Amazon ECR");
        }
        if cx.proven(Phase::Pull)? {
            return Ok(());
        }
        let Some(failure) = pull_failure(cx)?.filter(|failure| {
            failure.reading.causes.first() == Some(&Cause::NetRegistryUnreachable)
        }) else {
            return Ok(());
        };
        cx.each(&images, |cx, found| {
            if is_told(&failure, &found.image) == Some(false) {
                return Ok(());
            }
            let Some((count, at)) = foreign(cx, found)? else { return Ok(()) };
            let layers = if count == 1 { "one layer".to_owned() } else { format!("{count} layers") };
            let query = cx.query_in(
                Some(&found.registry.region),
                &manifest::request(&found.registry, &at),
            );
            let finding = Finding::likely(format!(
                    "image `{}` has {layers} of Windows that Microsoft's registry holds",
                    found.image.text
                ),
            )
            .detail(format!(
                "the pull for {} fetches them over the internet unless the host has them already: \
                 endpoints for Amazon ECR and S3 alone are not enough",
                found.image.named_by()
            ))
            .resource(repository_resource(cx, found))
            .named(found.image.text.clone())
            .evidence(
                Evidence::new(query, "/images/0/imageManifest", count)
                    .object(found.reference.repository.clone()),
            )
            .remedy(
                Remedy::new(
                    "give the task a path to the internet, or push the image again with all its \
                     layers",
                )
                .step(format!(
                    "with all layers: name `{}` in `allow-nondistributable-artifacts` of the Docker \
                     daemon that pushes",
                    found.reference.host
                ))
                .command(format!("docker push {}", crate::shell::quoted(&found.image.text))),
            );
            cx.report(finding);
            Ok(())
        });
        Ok(())
    }
}

/// How many layers are elsewhere, and the reference whose manifest says so.
fn foreign(cx: &Cx<'_>, image: &EcrImage) -> Result<Option<(usize, Reference)>, Missing> {
    let count = |layers: &[Layer]| layers.iter().filter(|layer| layer.is_foreign()).count();
    match manifest(cx, &image.registry, &image.reference)? {
        None => Ok(None),
        Some(Manifest::Image(found)) => {
            let count = count(&found.layers);
            Ok((count > 0).then(|| (count, image.reference.clone())))
        }
        Some(Manifest::Index(entries)) => {
            let windows = entries.iter().filter(|entry| {
                !entry.is_attestation()
                    && entry.platform.as_ref().is_some_and(|platform| platform.os == "windows")
            });
            // Asked together, to be answered in one round.
            let asked: Vec<_> = windows
                .filter_map(|entry| entry.digest.clone())
                .take(MOST_MANIFESTS)
                .map(|digest| {
                    let reference = Reference { digest: Some(digest), ..image.reference.clone() };
                    let found = manifest(cx, &image.registry, &reference);
                    (reference, found)
                })
                .collect();
            let mut most = None;
            for (reference, found) in asked {
                if let Some(Manifest::Image(found)) = found? {
                    let count = count(&found.layers);
                    if count > most.as_ref().map_or(0, |(count, _)| *count) {
                        most = Some((count, reference));
                    }
                }
            }
            Ok(most)
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{ACCOUNT, Examples, World},
    };

    const ID: &str = "img-windows-foreign-layers";
    const MESSAGE: &str = "CannotPullContainerError: Error response from daemon: Get \
        https://mcr.microsoft.com/v2/: net/http: request canceled while waiting for connection \
        (Client.Timeout exceeded while awaiting headers)";
    const HERE: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    const ELSEWHERE: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            windows(world, ELSEWHERE).stopped(MESSAGE);
        },
        passes: |world| {
            windows(world, HERE);
        },
        unknown: |world| {
            windows(world, ELSEWHERE).stopped(MESSAGE).deny("ecr:BatchGetImage");
        },
        near_miss: |world| {
            // It was pushed with all its layers since.
            windows(world, HERE).stopped(MESSAGE);
        },
    };

    fn windows<'w>(world: &'w mut World, layer: &str) -> &'w mut World {
        let manifest = json!({"layers": [{"mediaType": layer}, {"mediaType": HERE}]});
        world
            .definition(
                "/runtimePlatform",
                json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}),
            )
            .definition("/cpu", json!("1024"))
            .definition("/memory", json!("2048"))
            .set("images", "/images/0/imageManifest", json!(manifest.to_string()))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: image `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42` has one layer of Windows that Microsoft's registry holds
          the pull for container `app` fetches them over the internet unless the host has them already: endpoints for Amazon ECR and S3 alone are not enough
          @ AWS::ECR::Repository shop/checkout
          fix: give the task a path to the internet, or push the image again with all its layers
          - with all layers: name `111122223333.dkr.ecr.eu-west-1.amazonaws.com` in `allow-nondistributable-artifacts` of the Docker daemon that pushes
          $ docker push 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42
        ");
    }

    #[test]
    fn it_is_asked_only_where_the_registry_did_not_answer() {
        let mut world = World::default();
        windows(&mut world, ELSEWHERE);
        assert_eq!(world.outcome(ID).status, Status::Passed);
        assert_eq!(World::default().outcome(ID).status, Status::NotApplicable);
    }

    #[test]
    fn the_manifests_of_an_index_are_read() {
        let mut world = World::default();
        let child = "sha256:abababababababababababababababababababababababababababababababab";
        let index = json!({"manifests": [{
            "digest": child, "platform": {"os": "windows", "architecture": "amd64"},
        }]});
        let manifest = json!({"layers": [{"mediaType": ELSEWHERE}]});
        windows(&mut world, HERE)
            .stopped(MESSAGE)
            .set("images", "/images/0/imageManifest", json!(index.to_string()))
            .set(
                "images",
                "/images/-",
                json!({
                    "registryId": ACCOUNT, "repositoryName": "shop/checkout",
                    "imageId": {"imageDigest": child}, "imageManifest": manifest.to_string(),
                }),
            )
            .set(
                "imageDetails",
                "/imageDetails/-",
                json!({
                    "registryId": ACCOUNT, "repositoryName": "shop/checkout", "imageDigest": child,
                }),
            );
        assert_eq!(world.outcome(ID).findings.len(), 1);
    }
}
