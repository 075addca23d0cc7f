use super::containers::{about, ecr_images};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::definition,
    edit::Edit,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Images in Amazon ECR are pulled with a role
    ///
    /// # What it looks at
    /// Whether a container whose image is in a private registry of Amazon ECR has
    /// `repositoryCredentials`.
    ///
    /// # Why it matters
    /// Credentials in a secret are for registries outside AWS. ECR takes a role: credentials in a
    /// secret are one more thing that can fail, and ECR does not know them.
    ///
    /// # How to fix it
    /// Remove `repositoryCredentials`, and give the permissions to pull to the execution role.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ECR_on_ECS.html>
    PrivateCredsOnEcr {
        id: "img-private-creds-on-ecr",
        domain: "image",
        phase: Auth,
        causes: [],
        explains: [],
    }
}

impl Check for PrivateCredsOnEcr {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let mut images = ecr_images(cx, &definition);
        if images.is_empty() {
            return cx.not_applicable("no container's image is in Amazon ECR");
        }
        images.retain(|image| image.image.credentials);
        cx.each(&images, |cx, image| {
            let image = &image.image;
            let mut remedy = Remedy::new(format!(
                "remove `repositoryCredentials` from {}: the execution role pulls from Amazon ECR",
                image.named_by()
            ));
            for place in &image.places {
                let container = &definition.container_definitions[*place];
                if container.repository_credentials.is_some() {
                    remedy = remedy.edit(Edit::Remove(
                        definition::object(&definition),
                        format!("/containerDefinitions/{place}/repositoryCredentials"),
                    ));
                }
            }
            let finding = Finding::warning(format!(
                "`{}` is in Amazon ECR, but has credentials for a registry outside AWS",
                image.text
            ))
            .detail(format!(
                "`repositoryCredentials` of {} do not apply to Amazon ECR: the secret is fetched, \
                 and where its login is used, ECR refuses it",
                image.named_by()
            ));
            let finding = about(cx, &definition, image, finding)?;
            cx.report(finding.remedy(definition::deployed(cx, &definition, remedy)));
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::Examples;

    const ID: &str = "img-private-creds-on-ecr";
    const MESSAGE: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
        failed to resolve ref 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42: pulling \
        from host 111122223333.dkr.ecr.eu-west-1.amazonaws.com failed with status code [manifests v42]: \
        401 Unauthorized";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world
                .stopped(MESSAGE)
                .container("/repositoryCredentials", json!({"credentialsParameter": "shop/db"}));
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        warning: `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42` is in Amazon ECR, but has credentials for a registry outside AWS
          `repositoryCredentials` of container `app` do not apply to Amazon ECR: the secret is fetched, and where its login is used, ECR refuses it
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): remove `repositoryCredentials` from container `app`: the execution role pulls from Amazon ECR
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn the_fix_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }
}
