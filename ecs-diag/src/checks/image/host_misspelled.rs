use super::{
    containers::{Image, images, is_there, replacing},
    hosts::{self, Home, Misspelt},
};
use crate::{
    Phase,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Registry hosts are spelt right
    ///
    /// # What it looks at
    /// Whether the host of an image is a letter or two off a host of Amazon ECR
    /// (`ACCOUNT.dkr.ecr.REGION.amazonaws.com` and its forms for FIPS, IPv6 and other partitions),
    /// of ECR Public, Docker Hub, GitHub or Quay: an account id without its 12 digits, a Region that
    /// does not exist, a lost `dkr`, a misspelt domain. Hosts that resemble none of these are left
    /// alone, and so is a host from which this task did pull.
    ///
    /// # Why it matters
    /// A misspelt host ends in `no such host`, or in a plain timeout where the name happens to be
    /// somebody else's: the failure looks like a network fault, and hours go into routes and security
    /// groups.
    ///
    /// # How to fix it
    /// Register a task definition revision with the host put right.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html>,
    /// <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>
    HostMisspelled {
        id: "img-host-misspelled",
        domain: "image",
        phase: Pull,
        causes: [ImageWrongReference],
        explains: [],
    }
}

/// A misspelt host with the images that name it.
struct Wrong<'i> {
    host: String,
    found: Misspelt,
    images: Vec<&'i Image>,
}

impl Check for HostMisspelled {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let home = Home::of(cx);
        let images = images(&definition);
        let mut wrong: Vec<Wrong<'_>> = Vec::new();
        for image in &images {
            let Ok(reference) = &image.reference else { continue };
            if let Some(same) = wrong.iter_mut().find(|wrong| wrong.host == reference.host) {
                same.images.push(image);
            } else if let Some(found) = hosts::misspelt(&reference.host, &home) {
                wrong.push(Wrong { host: reference.host.clone(), found, images: vec![image] });
            }
        }
        if wrong.is_empty() || cx.proven(Phase::Pull)? {
            return Ok(());
        }
        if let Some(task) = cx.task()? {
            let pulled = |name: &String| {
                task.containers.iter().any(|container| {
                    container.name.as_ref() == Some(name) && container.image_digest.is_some()
                })
            };
            wrong.retain(|wrong| {
                !wrong.images.iter().flat_map(|image| &image.containers).any(pulled)
            });
        }
        let mut changes = Vec::new();
        for wrong in &wrong {
            let Some(right) = &wrong.found.right else { continue };
            changes.extend(wrong.images.iter().map(|image| {
                let rest = image.text.strip_prefix(&wrong.host).unwrap_or_default();
                (*image, format!("{right}{rest}"))
            }));
        }
        let asked: Vec<_> = changes.iter().map(|(_, text)| is_there(cx, text)).collect();
        asked.into_iter().collect::<Result<Vec<_>, _>>()?;
        let remedy = |summary: String| replacing(cx, &definition, Remedy::new(summary), &changes);

        let mut findings = Vec::new();
        for Wrong { host, found, images } in &wrong {
            let names: Vec<_> = images.iter().flat_map(|image| image.containers.clone()).collect();
            let summary = match &found.right {
                Some(right) => format!("pull from `{right}`"),
                None => format!(
                    "put `{host}` right: an ECR host is `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, with \
                     the 12 digits of the account"
                ),
            };
            let pointer = format!("/containerDefinitions/{}/image", images[0].places[0]);
            let mut finding =
                Finding::likely(format!("image host `{host}` is misspelt: it {}", found.why))
                    .detail(format!(
                        "{} cannot be pulled: the host does not exist, or answers for somebody \
                         else, and the failure reads like a network fault; right only if {}",
                        definition::containers(names.iter().map(String::as_str)),
                        found.unless
                    ))
                    .resource(definition::resource(&definition))
                    .named(host.clone())
                    .evidence(definition::evidence(
                        cx,
                        &definition,
                        &pointer,
                        images[0].text.as_str(),
                    )?)
                    .changed_at(definition.registered_at)
                    .remedy(remedy(summary));
            for image in images {
                finding = finding.named(image.text.clone());
            }
            findings.push(finding);
        }
        for finding in findings {
            cx.report(finding);
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, IMAGE, World},
    };

    const ID: &str = "img-host-misspelled";
    const MISSPELT: &str = "111122223333.dkr.ecr.eu-west-1.amazonawss.com/shop/checkout:v42";
    const MESSAGE: &str = "CannotPullContainerError: The task can’t pull the image. Check your \
        network configuration. Error response from daemon: Get \
        https://111122223333.dkr.ecr.eu-west-1.amazonawss.com/v2/: net/http: request canceled while \
        waiting for connection (Client.Timeout exceeded while awaiting headers)";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).image(MISSPELT);
        },
        passes: |world| {
            world.image("registry.example.com/shop/checkout:v42");
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            // A revision with the right host is registered since; the network is to blame now.
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: image host `111122223333.dkr.ecr.eu-west-1.amazonawss.com` is misspelt: it is a host of Amazon ECR but for a letter or two
          container `app` cannot be pulled: the host does not exist, or answers for somebody else, and the failure reads like a network fault; right only if it is a registry of your own
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): pull from `111122223333.dkr.ecr.eu-west-1.amazonaws.com`
          - in a new revision of task definition `checkout:42`, set `image` of container `app` to `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn the_fix_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
        let mut world = World::default();
        world.stopped(MESSAGE).image(&IMAGE.replace("111122223333", "11112222333"));
        assert!(world.verified(ID));
        let mut world = World::default();
        world.stopped(MESSAGE).image(&IMAGE.replace("eu-west-1", "eu-wset-1"));
        assert!(world.verified(ID));
        // The right host has no such image: something else is wrong as well.
        let mut world = EXAMPLES.failing();
        world.set("imageDetails", "/imageDetails/0/imageTags", json!(["v41"]));
        assert!(!world.verified(ID));
    }

    #[test]
    fn a_host_is_told_once_for_all_images() {
        let mut world = EXAMPLES.failing();
        world.definition("/containerDefinitions/-", json!({"name": "proxy", "image": MISSPELT}));
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings.len(), 1);
        assert!(outcome.findings[0].detail.contains("containers `app`, `proxy`"), "{outcome:?}");
        assert!(world.verified(ID));
    }

    #[test]
    fn what_was_pulled_is_not_misspelt() {
        let mut world = EXAMPLES.failing();
        world.task("/containers/0/imageDigest", json!("sha256:0"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
