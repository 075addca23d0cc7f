use super::containers::{about, images, is_host_told, is_told, pull_failure};
use crate::{
    LaunchType,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Registries have a certificate that the runtime trusts
    ///
    /// # What it looks at
    /// Whether the failure says that the runtime refused the registry's certificate (`x509: …`), or
    /// that the registry answered without TLS.
    ///
    /// # Why it matters
    /// Fargate takes neither a certificate authority of one's own nor a registry without TLS; on an
    /// instance the Docker daemon can be told of both. For a registry of AWS or another public one, a
    /// certificate that is not trusted means that something in between opens the TLS connection.
    ///
    /// # How to fix it
    /// Give the registry a publicly trusted certificate, or copy the image into Amazon ECR; exempt the
    /// registry's host from the proxy that inspects TLS.
    ///
    /// # Source
    /// <https://docs.docker.com/engine/security/certificates/>,
    /// <https://docs.docker.com/reference/cli/dockerd/#insecure-registries>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html>
    RegistryTls {
        id: "img-registry-tls",
        domain: "image",
        phase: Pull,
        causes: [NetProxyOrTlsInspection],
        explains: [],
    }
}

/// Registries whose certificates every runtime trusts.
const PUBLIC: [&str; 5] =
    ["public.ecr.aws", "docker.io", "ghcr.io", "quay.io", "registry.gitlab.com"];

impl Check for RegistryTls {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let Some(failure) =
            pull_failure(cx)?.filter(|failure| failure.reading.signature == Some("CPC-TLS"))
        else {
            return Ok(());
        };
        let plain = failure.text.contains("HTTP response to HTTPS client");
        let fargate = cx.launch_type()? == LaunchType::Fargate;
        cx.each(images(&definition), |cx, image| {
            let Ok(reference) = &image.reference else { return Ok(()) };
            let told = is_told(&failure, &image).or_else(|| is_host_told(&failure, reference));
            if told == Some(false) {
                return Ok(());
            }
            let host = &reference.host;
            let public = reference.ecr().is_some()
                || reference.docker_hub()
                || PUBLIC.contains(&host.as_str());
            let summary = if plain {
                format!("registry `{host}` answers without TLS")
            } else {
                format!("the certificate of registry `{host}` is not trusted")
            };
            let (why, summary_of_remedy) = if public {
                (
                    "the registry has a publicly trusted certificate, so something in between \
                     answers in its place, such as a proxy that inspects TLS",
                    "exempt the registry's host from TLS inspection, or reach it on another way",
                )
            } else if plain {
                (
                    "runtimes pull over TLS only, unless they are told otherwise",
                    "serve the registry over TLS with a publicly trusted certificate, or copy the \
                     image into Amazon ECR",
                )
            } else {
                (
                    "it is signed by an authority that the runtime does not know, is for another \
                     name, or has expired; or something in between inspects TLS",
                    "give the registry a publicly trusted certificate, or copy the image into \
                     Amazon ECR",
                )
            };
            let platform =
                if fargate { "; Fargate cannot be given an authority or an exemption" } else { "" };
            let mut remedy = Remedy::new(summary_of_remedy);
            if !fargate && !public {
                remedy = remedy.step(if plain {
                    format!(
                        "or, on the instances, name `{host}` in `insecure-registries` of \
                         `/etc/docker/daemon.json` and restart Docker"
                    )
                } else {
                    format!(
                        "or, on the instances, put the authority's certificate into \
                         `/etc/docker/certs.d/{host}/ca.crt`"
                    )
                });
            }
            let finding = Finding::likely(summary).detail(format!(
                "the pull for {} ended before it began: {why}{platform}",
                image.named_by()
            ));
            let finding = about(cx, &definition, &image, finding)?.named(host.clone());
            cx.report(finding.remedy(remedy));
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::private_creds_missing::tests::IMAGE;
    use crate::checks::testing::{self, Examples, World};

    const ID: &str = "img-registry-tls";
    const MESSAGE: &str = "CannotPullContainerError: Error response from daemon: Get \
        \"https://registry.example.com/v2/\": x509: certificate signed by unknown authority";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).image(IMAGE);
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            // The image comes from Amazon ECR now.
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: the certificate of registry `registry.example.com` is not trusted
          the pull for container `app` ended before it began: it is signed by an authority that the runtime does not know, is for another name, or has expired; or something in between inspects TLS; Fargate cannot be given an authority or an exemption
          @ AWS::ECS::TaskDefinition checkout:42
          fix: give the registry a publicly trusted certificate, or copy the image into Amazon ECR
        ");
    }

    #[test]
    fn something_in_between_answers_for_a_public_registry() {
        let mut world = World::default();
        let host = testing::IMAGE.split('/').next().unwrap();
        world.stopped(&MESSAGE.replace("registry.example.com", host));
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].detail.contains("inspects TLS"), "{outcome:?}");
    }

    #[test]
    fn instances_can_be_told_of_an_authority() {
        let mut world = EXAMPLES.failing();
        world.task("/launchType", json!("EC2")).task("/platformVersion", json!(null));
        let outcome = world.outcome(ID);
        let remedy = outcome.findings[0].remedy.as_ref().unwrap();
        assert!(remedy.steps[0].contains("certs.d/registry.example.com/ca.crt"), "{remedy:?}");
    }
}
