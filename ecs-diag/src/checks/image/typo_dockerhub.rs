use super::containers::{
    images, is_there, own_registry, replacing, repository_request, without_host,
};
use crate::{
    Phase,
    aws::regions,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    signature::Cause,
};

check! {
    /// Images without a host are meant to come from Docker Hub
    ///
    /// # What it looks at
    /// For images whose reference names no host, and for which there are no registry credentials,
    /// whether the account's registry in the task's Region has a repository of that name. A name of
    /// Docker's official images counts only where the failure says that Docker Hub has no such image;
    /// an image that was pulled does not count.
    ///
    /// # Why it matters
    /// A reference without a host means Docker Hub: `shop/checkout:v42` is
    /// `docker.io/shop/checkout:v42`, `checkout` is `docker.io/library/checkout`. Docker Hub answers
    /// for a repository that it does not have as for one that needs a login: `pull access denied,
    /// repository does not exist or may require authorization`.
    ///
    /// # How to fix it
    /// Put the host of the registry before the name: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>
    TypoDockerhub {
        id: "img-typo-dockerhub",
        domain: "image",
        phase: Pull,
        causes: [ImageWrongReference],
        explains: ["img-private-creds-missing"],
    }
}

/// Official images of Docker Hub that are often copied into a registry of one's own.
///
/// Source: <https://github.com/docker-library/official-images/tree/master/library>
const OFFICIAL: [&str; 40] = [
    "alpine",
    "amazoncorretto",
    "amazonlinux",
    "bash",
    "busybox",
    "caddy",
    "debian",
    "docker",
    "eclipse-temurin",
    "elasticsearch",
    "fluentd",
    "golang",
    "grafana",
    "haproxy",
    "httpd",
    "influxdb",
    "kong",
    "mariadb",
    "memcached",
    "mongo",
    "mysql",
    "nats",
    "nginx",
    "node",
    "openjdk",
    "php",
    "postgres",
    "python",
    "rabbitmq",
    "redis",
    "ruby",
    "rust",
    "telegraf",
    "tomcat",
    "traefik",
    "ubuntu",
    "vault",
    "wordpress",
    "zookeeper",
    "hello-world",
];

impl Check for TypoDockerhub {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let mut images = images(&definition);
        images.retain(|image| {
            image.reference.as_ref().is_ok_and(|reference| !reference.host_given)
                && !image.credentials
        });
        if images.is_empty() {
            return cx.not_applicable("every container's image names its registry");
        }
        if cx.proven(Phase::Pull)? {
            return Ok(());
        }
        if let Some(task) = cx.task()? {
            let pulled = |name: &String| {
                task.containers.iter().any(|container| {
                    container.name.as_ref() == Some(name) && container.image_digest.is_some()
                })
            };
            images.retain(|image| !image.containers.iter().any(pulled));
        }
        let refused = cx.symptom()?.is_some_and(|symptom| {
            symptom.reading.causes.contains(&Cause::ImageWrongReference)
                && symptom.text.contains("docker.io/")
        });
        let Some(registry) = own_registry(cx) else {
            let query = cx.query(&cx.definition_request()?);
            return Err(Missing::undecided(query, "nothing names the target's account"));
        };
        let suffix =
            regions::partition(cx.partition()).map_or("amazonaws.com", |known| known.dns_suffix);
        let host = format!("{}.dkr.ecr.{}.{suffix}", registry.account, registry.region);

        let mut found = Vec::new();
        cx.each(&images, |cx, image| {
            let Ok(reference) = &image.reference else { return Ok(()) };
            let official = reference
                .repository
                .strip_prefix("library/")
                .is_some_and(|name| OFFICIAL.contains(&name));
            if official && !refused {
                return Ok(());
            }
            let answers: Vec<_> = without_host(reference)
                .into_iter()
                .map(|name| {
                    let request = repository_request(&registry, &name);
                    cx.get(&request).map(|answer| (name, request, answer.is_some()))
                })
                .collect();
            let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
            if let Some((name, request, _)) = answers.into_iter().find(|(_, _, there)| *there) {
                let mut meant = reference.clone();
                meant.host.clone_from(&host);
                meant.repository.clone_from(&name);
                found.push((image, name, request, meant.to_string()));
            }
            Ok(())
        });
        let changes: Vec<_> =
            found.iter().map(|(image, _, _, meant)| (*image, meant.clone())).collect();
        let there: Vec<_> = changes.iter().map(|(_, meant)| is_there(cx, meant)).collect();
        let there = there.into_iter().collect::<Result<Vec<_>, _>>()?;
        for ((image, name, request, meant), there) in found.into_iter().zip(there) {
            let Ok(reference) = &image.reference else { continue };
            let remedy = replacing(
                cx,
                &definition,
                Remedy::new(format!("name the registry: `{meant}`")),
                &changes,
            );
            let tag = if there { "" } else { ", though not seen to have this image" };
            cx.report(
                Finding::likely(format!(
                    "image `{}` names no registry and is pulled from Docker Hub",
                    image.text
                ))
                .detail(format!(
                    "{} asks for `{reference}`; registry `{host}` has a repository `{name}`{tag}; \
                     unless Docker Hub has an image of this name and it is the one that is meant, \
                     the pull is refused",
                    image.named_by()
                ))
                .resource(definition::resource(&definition))
                .resource(
                    Resource::new("AWS::ECR::Repository", name.clone())
                        .arn(registry.repository_arn(cx.partition(), &name)),
                )
                .named(reference.to_string())
                .named(image.text.clone())
                .evidence(
                    Evidence::new(
                        cx.query(&request),
                        "/repositories/0/repositoryName",
                        name.clone(),
                    )
                    .object(name),
                )
                .changed_at(definition.registered_at)
                .remedy(remedy),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{ACCOUNT, Examples, World},
    };

    const ID: &str = "img-typo-dockerhub";
    const MESSAGE: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
        failed to resolve ref docker.io/shop/checkout:v42: pull access denied, repository does not \
        exist or may require authorization: server message: insufficient_scope: authorization failed";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).image("shop/checkout:v42");
        },
        passes: |world| {
            world.image("grafana/grafana:11.2.0");
        },
        unknown: |world| {
            world.stopped(MESSAGE).image("shop/checkout:v42").deny("ecr:DescribeRepositories");
        },
        near_miss: |world| {
            // Docker Hub is meant; the account has no such repository.
            world
                .stopped(MESSAGE)
                .image("shop/checkout:v42")
                .output("repositories", json!({"repositories": []}))
                .output("imageDetails", json!({"imageDetails": []}));
        },
    };

    fn repository(world: &mut World, name: &str) {
        world
            .set("repositories", "/repositories/0/repositoryName", json!(name))
            .set(
                "repositories",
                "/repositories/0/repositoryArn",
                json!(format!("arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/{name}")),
            )
            .set("imageDetails", "/imageDetails/0/repositoryName", json!(name));
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: image `shop/checkout:v42` names no registry and is pulled from Docker Hub
          container `app` asks for `docker.io/shop/checkout:v42`; registry `111122223333.dkr.ecr.eu-west-1.amazonaws.com` has a repository `shop/checkout`; unless Docker Hub has an image of this name and it is the one that is meant, the pull is refused
          @ AWS::ECS::TaskDefinition checkout:42
          @ AWS::ECR::Repository shop/checkout
          fix (verified): name the registry: `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`
          - in a new revision of task definition `checkout:42`, set `image` of container `app` to `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn the_fix_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
        for name in ["checkout", "library/checkout"] {
            let mut world = World::default();
            world.stopped(MESSAGE).image("checkout:v42");
            repository(&mut world, name);
            assert!(world.verified(ID), "{name}");
        }
        let mut world = EXAMPLES.failing();
        world.set("imageDetails", "/imageDetails/0/imageTags", json!(["v41"]));
        assert!(!world.verified(ID));
    }

    #[test]
    fn a_copy_of_an_official_image_is_no_typo_unless_docker_hub_refuses() {
        let mut world = World::default();
        world.image("nginx:1.27");
        repository(&mut world, "nginx");
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.stopped(&MESSAGE.replace("shop/checkout:v42", "library/nginx:1.27"));
        assert_eq!(world.outcome(ID).status, Status::Failed);
    }

    #[test]
    fn credentials_and_a_pull_show_that_docker_hub_is_meant() {
        let mut world = EXAMPLES.failing();
        world.container("/repositoryCredentials", json!({"credentialsParameter": "hub"}));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
        let mut world = EXAMPLES.failing();
        world.task("/containers/0/imageDigest", json!("sha256:0"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        let mut world = EXAMPLES.failing();
        world.task("/startedAt", json!("2026-11-20T10:00:40Z"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
