use super::containers::{Image, images, is_there, replacing};
use crate::{
    Query,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy, Severity},
    image::Reference,
};

check! {
    /// Image references can be read
    ///
    /// # What it looks at
    /// Whether the image of every container is a reference as container runtimes read it:
    /// `[host[:port]/]repository[:tag][@digest]`. Without a host it means Docker Hub, without a tag
    /// `latest`; a tag beside a digest is allowed. Repositories are lower case, a digest is
    /// `sha256:` and 64 hex digits, and there is neither a scheme nor white space.
    ///
    /// # Why it matters
    /// ECS registers a task definition with nearly any text as image. The runtime refuses what it
    /// cannot read (`invalid reference format`, `failed to normalize image reference`) when it is
    /// about to pull.
    ///
    /// # How to fix it
    /// Register a task definition revision with the reference put right. A `$` or a brace in it is
    /// mostly a variable of a pipeline that nobody filled in.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push.html>,
    /// <https://github.com/distribution/reference>
    RefParse {
        id: "img-ref-parse",
        domain: "image",
        phase: Pull,
        causes: [ImageWrongReference],
        explains: [],
    }
}

impl Check for RefParse {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let images = images(&definition);
        let wrong: Vec<_> =
            images.iter().filter_map(|image| Some((image, wrong(image)?))).collect();
        if !wrong.is_empty() {
            let changes: Vec<_> = wrong
                .iter()
                .filter_map(|(image, wrong)| Some((*image, wrong.right.clone()?)))
                .collect();
            let asked: Vec<_> = changes.iter().map(|(_, right)| is_there(cx, right)).collect();
            asked.into_iter().collect::<Result<Vec<_>, _>>()?;
            let summary = if changes.is_empty() {
                "put the reference right: `[host/]repository[:tag][@sha256:digest]`, in lower case \
                 up to the tag"
            } else {
                "put the reference right"
            };
            let remedy = replacing(cx, &definition, Remedy::new(summary), &changes);
            for (image, wrong) in wrong {
                let pointer = format!("/containerDefinitions/{}/image", image.places[0]);
                let placeholder = image.text.contains(['$', '{', '}', '<', '>']);
                let filled = if placeholder {
                    "; it looks like a placeholder that nobody filled in"
                } else {
                    ""
                };
                cx.report(
                    Finding::of(
                        wrong.severity,
                        format!("image reference `{}` cannot be read: {}", image.text, wrong.why),
                    )
                    .detail(format!(
                        "{} cannot be pulled: {}{filled}",
                        image.named_by(),
                        wrong.consequence
                    ))
                    .resource(definition::resource(&definition))
                    .named(image.text.clone())
                    .evidence(definition::evidence(cx, &definition, &pointer, image.text.as_str())?)
                    .changed_at(definition.registered_at)
                    .remedy(remedy.clone()),
                );
            }
        }
        cx.each(
            definition.container_definitions.iter().filter(|container| container.image.is_none()),
            |cx, container| {
                let query = cx.definition_request().map_or_else(
                    |missing| missing.query().clone(),
                    |request| -> Query { cx.query(&request) },
                );
                let why = format!("container `{}` has no `image`", container.name);
                Err(Missing::undecided(query, why))
            },
        );
        Ok(())
    }
}

struct Wrong {
    severity: Severity,
    why: String,
    consequence: &'static str,
    right: Option<String>,
}

fn wrong(image: &Image) -> Option<Wrong> {
    match &image.reference {
        Err(error) => Some(Wrong {
            severity: Severity::Blocker,
            why: error.to_string(),
            consequence: "the runtime refuses the reference before it asks any registry",
            right: corrected(&image.text),
        }),
        Ok(reference) if is_odd_host(reference) => Some(Wrong {
            severity: Severity::Likely,
            why: format!("`{}` has upper case letters", reference.host),
            consequence: "some runtimes refuse the reference, others look for a registry of that \
                          name, unless the VPC's DNS has one",
            right: corrected(&image.text),
        }),
        Ok(_) => None,
    }
}

/// A first part that is a host only because of its upper case letters.
fn is_odd_host(reference: &Reference) -> bool {
    reference.host_given && reference.host != "localhost" && !reference.host.contains(['.', ':'])
}

/// The reference that is meant, where that is plain.
fn corrected(text: &str) -> Option<String> {
    let text = text.trim();
    let text = ["https://", "http://", "docker://", "oci://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .unwrap_or(text);
    let is_right =
        |text: &String| text.parse::<Reference>().is_ok_and(|reference| !is_odd_host(&reference));
    let (name, digest) = text.split_at(text.find('@').unwrap_or(text.len()));
    let slash = name.rfind('/').unwrap_or(0);
    let (name, tag) = name.split_at(name[slash..].find(':').map_or(name.len(), |at| slash + at));
    Some(text.to_owned())
        .filter(is_right)
        .or_else(|| Some(format!("{}{tag}{digest}", name.to_lowercase())).filter(is_right))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::corrected;
    use crate::{
        check::Status,
        checks::testing::{Examples, IMAGE, World},
        finding::Severity,
    };

    const ID: &str = "img-ref-parse";
    const MESSAGE: &str = "CannotPullContainerError: failed to normalize image reference \
        \"111122223333.dkr.ecr.eu-west-1.amazonaws.com/Shop/checkout:v42\": invalid reference format: \
        repository name (Shop/checkout) must be lowercase";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).image(&IMAGE.replace("shop", "Shop"));
        },
        passes: |world| {
            world.image(IMAGE);
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            // A newer revision is right.
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: image reference `111122223333.dkr.ecr.eu-west-1.amazonaws.com/Shop/checkout:v42` cannot be read: its repository name has upper case letters in `Shop`
          container `app` cannot be pulled: the runtime refuses the reference before it asks any registry
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): put the reference right
          - in a new revision of task definition `checkout:42`, set `image` of container `app` to `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn the_fix_is_proved() {
        for wrong in [
            IMAGE.replace("shop", "Shop"),
            format!("https://{IMAGE}"),
            format!(" {IMAGE}"),
            format!("{IMAGE}\n"),
        ] {
            let mut world = World::default();
            world.stopped(MESSAGE).image(&wrong);
            assert!(world.verified(ID), "{wrong:?}");
        }
        // The image is not there under the corrected name either.
        let mut world = World::default();
        world.stopped(MESSAGE).image(&IMAGE.replace("shop/checkout", "Shop/api"));
        assert!(!world.verified(ID));
    }

    #[test]
    fn several_are_put_right_in_one_revision() {
        let mut world = World::default();
        world.stopped(MESSAGE).image(&IMAGE.replace("shop", "Shop")).definition(
            "/containerDefinitions/-",
            json!({"name": "proxy", "image": format!("https://{IMAGE}")}),
        );
        assert_eq!(world.outcome(ID).findings.len(), 2);
        assert!(world.verified(ID));
    }

    #[test]
    fn what_runtimes_read_passes() {
        for image in [
            "nginx",
            "nginx:1.27",
            "grafana/grafana",
            "localhost/app",
            "registry.example.com:5000/team/app:v1",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/a/b/c:v1@sha256:5f2c9d0e8b7a6f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6",
        ] {
            let mut world = World::default();
            world.image(image);
            assert_eq!(world.outcome(ID).status, Status::Passed, "{image}");
        }
    }

    #[test]
    fn an_upper_case_first_part_is_refused_or_taken_for_a_host() {
        let mut world = World::default();
        world.image("Team/app:v1");
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings[0].severity, Severity::Likely);
        assert_eq!(corrected("Team/app:v1").as_deref(), Some("team/app:v1"));
    }

    #[test]
    fn a_placeholder_is_called_one() {
        let mut world = World::default();
        world.image("${REGISTRY}/app:v1");
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].detail.contains("placeholder"), "{outcome:?}");
        assert_eq!(corrected("${REGISTRY}/app:v1"), None);
    }

    #[test]
    fn an_image_that_is_not_told_is_unknown() {
        let mut world = World::default();
        world.container("/image", json!(null));
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }
}
