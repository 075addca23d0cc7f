use super::{
    containers::{Image, about, images, is_host_told, is_told, pull_failure},
    hosts::{self, Home},
};
use crate::{
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::Finding,
    image::Reference,
};

check! {
    /// What kind of registry a failed image comes from
    ///
    /// # What it looks at
    /// Where a pull failed: whether the image comes from a private registry of Amazon ECR in the usual
    /// form (`ACCOUNT.dkr.ecr.REGION.amazonaws.com`), or from somewhere with rules of its own: the FIPS
    /// or the dual-stack host of ECR, Amazon ECR Public, Docker Hub, or another registry.
    ///
    /// # Why it matters
    /// It decides what a pull needs. Only private registries of ECR take the role's permissions and
    /// have VPC endpoints in the task's Region; the others need a path to the internet and, if they
    /// are private, credentials.
    ///
    /// # How to fix it
    /// Nothing is wrong with it as such: look for the cause where this registry is reached.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/public/public-registries.html>
    HostClass {
        id: "img-host-class",
        domain: "image",
        phase: Pull,
        causes: [],
        explains: [],
    }
}

impl Check for HostClass {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let Some(failure) = pull_failure(cx)? else { return Ok(()) };
        let home = Home::of(cx);
        let images: Vec<Image> = images(&definition);
        cx.each(&images, |cx, image| {
            let Ok(reference) = &image.reference else { return Ok(()) };
            // A host that only looks like a registry's is of no kind.
            if hosts::misspelt(&reference.host, &home).is_some() {
                return Ok(());
            }
            let told = is_told(&failure, image).or_else(|| is_host_told(&failure, reference));
            if told == Some(false) {
                return Ok(());
            }
            let Some((class, needs)) = class(reference) else { return Ok(()) };
            let finding = Finding::info(format!("image `{}` comes from {class}", image.text))
                .detail(format!("what the pull for {} needs is {needs}", image.named_by()));
            let finding = about(cx, &definition, image, finding)?;
            cx.report(finding);
            Ok(())
        });
        Ok(())
    }
}

/// The kind of registry, and what a pull from it needs; nothing for the usual host of ECR.
fn class(reference: &Reference) -> Option<(String, &'static str)> {
    if let Some(registry) = reference.ecr() {
        return if registry.fips {
            Some((
                "the FIPS host of Amazon ECR".to_owned(),
                "a path to that host: an endpoint for `ecr.dkr` serves it only with its name",
            ))
        } else if registry.dual_stack {
            Some((
                "the dual-stack host of Amazon ECR".to_owned(),
                "a path to that host over IPv4 or IPv6: an endpoint for `ecr.dkr` serves it only \
                 with its name",
            ))
        } else {
            None
        };
    }
    Some(match reference.host.as_str() {
        "public.ecr.aws" => (
            "Amazon ECR Public".to_owned(),
            "a path to the internet: the endpoints of private registries do not serve it",
        ),
        _ if reference.docker_hub() => (
            "Docker Hub".to_owned(),
            "a path to the internet, and credentials where the repository is private or the rate \
             limit is reached; no role of AWS matters",
        ),
        host => (
            format!("`{host}`, a registry outside AWS"),
            "a path to that host, and credentials where the repository is private; no role of AWS \
             matters",
        ),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::class;
    use crate::checks::testing::{Examples, IMAGE, World};

    const ID: &str = "img-host-class";
    const MESSAGE: &str = "CannotPullContainerError: The task can’t pull the image. Check your network \
        configuration. Error response from daemon: Get https://public.ecr.aws/v2/: net/http: request \
        canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).image("public.ecr.aws/shop/checkout:v42");
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            // The image comes from a private registry now.
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        info: image `public.ecr.aws/shop/checkout:v42` comes from Amazon ECR Public
          what the pull for container `app` needs is a path to the internet: the endpoints of private registries do not serve it
          @ AWS::ECS::TaskDefinition checkout:42
        ");
    }

    #[test]
    fn a_misspelt_host_is_of_no_kind() {
        let mut world = World::default();
        world.stopped(MESSAGE).image("public.erc.aws/shop/checkout:v42");
        assert!(world.outcome(ID).findings.is_empty());
    }

    #[test]
    fn every_kind_of_host_has_its_words() {
        for (image, words) in [
            (IMAGE, None),
            (
                "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com/a:1",
                Some("the FIPS host of Amazon ECR"),
            ),
            (
                "111122223333.dkr-ecr.eu-west-1.on.aws/a:1",
                Some("the dual-stack host of Amazon ECR"),
            ),
            ("public.ecr.aws/a/b:1", Some("Amazon ECR Public")),
            ("nginx", Some("Docker Hub")),
            ("ghcr.io/a/b", Some("`ghcr.io`, a registry outside AWS")),
        ] {
            let found = class(&image.parse().unwrap());
            assert_eq!(found.map(|(words, _)| words).as_deref(), words, "{image}");
        }
    }
}
