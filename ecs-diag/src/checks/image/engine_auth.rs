use super::{
    containers::{about, foreign_images, is_host_told, is_told, pull_failure},
    private_creds_missing::asks_for_login,
};
use crate::{
    LaunchType,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Instances may have a login of their own for a registry
    ///
    /// # What it looks at
    /// On EC2 and external instances, where a registry outside AWS asks for a login and the container
    /// gives none: what the container agent can be told instead. Its configuration is on the instance
    /// and cannot be read from here.
    ///
    /// # Why it matters
    /// With `ECS_ENGINE_AUTH_TYPE` and `ECS_ENGINE_AUTH_DATA` the agent logs in for all tasks of its
    /// instance. It is read when the agent starts, and a mistake in it is not reported: type
    /// `dockercfg` must not have the outer `auths` that Docker's own file has.
    ///
    /// # How to fix it
    /// Put the data right and restart the agent, or give the container `repositoryCredentials`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth-container-instances.html>
    EngineAuth {
        id: "img-engine-auth",
        domain: "image",
        phase: Pull,
        causes: [],
        explains: [],
    }
}

impl Check for EngineAuth {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if !matches!(cx.launch_type()?, LaunchType::Ec2 | LaunchType::External) {
            return cx.not_applicable("the task does not run on instances of your own");
        }
        let definition = cx.definition()?;
        let Some(failure) = pull_failure(cx)?.filter(|failure| asks_for_login(&failure.text))
        else {
            return Ok(());
        };
        cx.each(foreign_images(cx, &definition), |cx, (image, reference)| {
            let told = is_told(&failure, &image).or_else(|| is_host_told(&failure, &reference));
            if told == Some(false) || image.credentials || reference.host == "public.ecr.aws" {
                return Ok(());
            }
            let host = &reference.host;
            let finding = Finding::info(format!(
                "the instance may have a login for `{host}`, which this check cannot see"
            ))
            .detail(format!(
                "{} gives none: if the agent is to log in instead, see on the instance whether \
                 `/etc/ecs/ecs.config` has `ECS_ENGINE_AUTH_TYPE` and `ECS_ENGINE_AUTH_DATA` with an \
                 entry for `{host}`",
                image.named_by()
            ));
            let remedy = Remedy::new("put the agent's login right and restart the agent")
                .step(format!(
                    "type `dockercfg`: `{{\"{host}\": {{\"auth\": \"…\", \"email\": \"…\"}}}}`, \
                     without an outer `auths`"
                ))
                .step(format!(
                    "type `docker`: `{{\"{host}\": {{\"username\": \"…\", \"password\": \"…\", \
                     \"email\": \"…\"}}}}`"
                ))
                .command("sudo systemctl restart ecs");
            let finding = about(cx, &definition, &image, finding)?;
            cx.report(finding.remedy(remedy));
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::private_creds_missing::tests::{IMAGE, MESSAGE};
    use crate::checks::testing::{Examples, World};

    const ID: &str = "img-engine-auth";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            on_instance(world).stopped(MESSAGE).image(IMAGE);
        },
        passes: |world| {
            on_instance(world).image(IMAGE);
        },
        unknown: |world| {
            on_instance(world).stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            // Fargate has no agent of one's own.
            world.stopped(MESSAGE).image(IMAGE);
        },
    };

    fn on_instance(world: &mut World) -> &mut World {
        world.task("/launchType", json!("EC2")).task("/platformVersion", json!(null))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r#"
        info: the instance may have a login for `registry.example.com`, which this check cannot see
          container `app` gives none: if the agent is to log in instead, see on the instance whether `/etc/ecs/ecs.config` has `ECS_ENGINE_AUTH_TYPE` and `ECS_ENGINE_AUTH_DATA` with an entry for `registry.example.com`
          @ AWS::ECS::TaskDefinition checkout:42
          fix: put the agent's login right and restart the agent
          - type `dockercfg`: `{"registry.example.com": {"auth": "…", "email": "…"}}`, without an outer `auths`
          - type `docker`: `{"registry.example.com": {"username": "…", "password": "…", "email": "…"}}`
          $ sudo systemctl restart ecs
        "#);
    }
}
