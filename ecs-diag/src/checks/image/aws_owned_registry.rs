use super::{
    aws_registries,
    containers::{about, ecr_images, is_there, is_told, pull_failure, replacing},
};
use crate::{
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Images of AWS come from the registry of their Region
    ///
    /// # What it looks at
    /// Images in registries that belong to AWS itself, such as the log router `aws-for-fluent-bit`:
    /// whether the account in the host is the one that has the image in that Region, and, where a pull
    /// was refused, that the registry is a foreign one at all.
    ///
    /// # Why it matters
    /// AWS has these images in another account in some Regions: with the account of another Region the
    /// pull is refused. And a role or an endpoint's policy that names only repositories of the own
    /// account refuses them everywhere.
    ///
    /// # How to fix it
    /// Name the account of the Region, or the image in Amazon ECR Public; allow the foreign repository
    /// in the policies.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-using-fluentbit.html>,
    /// <https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy.html>
    AwsOwnedRegistry {
        id: "img-aws-owned-registry",
        domain: "image",
        phase: Pull,
        causes: [ImageWrongReference],
        explains: [],
    }
}

impl Check for AwsOwnedRegistry {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let mut images = ecr_images(cx, &definition);
        if images.is_empty() {
            return cx.not_applicable("no container's image is in Amazon ECR");
        }
        images.retain(|image| aws_registries::is_aws(&image.registry.account));
        let failure = pull_failure(cx)?;
        cx.each(&images, |cx, found| {
            let (image, registry) = (&found.image, &found.registry);
            let repository = &found.reference.repository;
            let owner = aws_registries::owner(repository, &registry.region);
            if let Some(owner) = owner.filter(|owner| *owner != registry.account) {
                let right = image.text.replacen(&registry.account, owner, 1);
                is_there(cx, &right)?;
                let remedy = Remedy::new(format!("pull from account `{owner}`: `{right}`"));
                let remedy = replacing(cx, &definition, remedy, &[(image, right)]);
                let finding = Finding::likely(format!(
                    "`{repository}` of AWS is not in account `{}` in `{}`",
                    registry.account, registry.region
                ))
                .detail(format!(
                    "{} cannot be pulled unless AWS opened a registry there since: in this Region \
                     account `{owner}` has the image",
                    image.named_by()
                ));
                let finding = about(cx, &definition, image, finding)?;
                cx.report(finding.remedy(remedy));
                return Ok(());
            }
            let refused = failure.as_ref().is_some_and(|failure| {
                let action = failure.reading.parameters.get("action");
                action.is_some_and(|action| action.starts_with("ecr:"))
                    && is_told(failure, image) != Some(false)
            });
            if refused {
                let finding = Finding::info(format!(
                    "image `{}` is in a registry of AWS, account `{}`",
                    image.text, registry.account
                ))
                .detail(format!(
                    "a role or an endpoint's policy that names only repositories of your own account \
                     refuses the pull for {}; allow `{}` as well",
                    image.named_by(),
                    registry.repository_arn(cx.partition(), repository)
                ));
                let finding = about(cx, &definition, image, finding)?;
                cx.report(finding);
            }
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::{
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const ID: &str = "img-aws-owned-registry";
    const WRONG: &str = "741863432321.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:stable";
    const RIGHT: &str = "906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:stable";
    const MESSAGE: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
        failed to resolve ref 741863432321.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:stable: \
        741863432321.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:stable: not found";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).image(WRONG);
        },
        passes: |world| {
            world.image(RIGHT);
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            world.stopped(MESSAGE).image(RIGHT);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: `aws-for-fluent-bit` of AWS is not in account `741863432321` in `eu-west-1`
          container `app` cannot be pulled unless AWS opened a registry there since: in this Region account `906394416424` has the image
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): pull from account `906394416424`: `906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:stable`
          - in a new revision of task definition `checkout:42`, set `image` of container `app` to `906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit:stable`
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn the_fix_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn a_refusal_is_told_to_be_of_a_foreign_registry() {
        let mut world = World::default();
        world.image(RIGHT).stopped(
            "CannotPullContainerError: Error response from daemon: pull access denied for \
             906394416424.dkr.ecr.eu-west-1.amazonaws.com/aws-for-fluent-bit, repository does not \
             exist or may require 'docker login': denied: User: \
             arn:aws:sts::111122223333:assumed-role/checkout-execution/0123 is not authorized to \
             perform: ecr:BatchGetImage on resource: \
             arn:aws:ecr:eu-west-1:906394416424:repository/aws-for-fluent-bit because no \
             identity-based policy allows the ecr:BatchGetImage action",
        );
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings[0].severity, Severity::Info, "{outcome:?}");
    }

    #[test]
    fn every_account_has_twelve_digits_and_a_region_one_owner() {
        use super::aws_registries::{is_aws, owner};
        assert_eq!(owner("aws-for-fluent-bit", "me-south-1"), Some("741863432321"));
        assert_eq!(owner("aws-for-fluent-bit", "eu-south-2"), None);
        assert!(is_aws("840364872350") && !is_aws("111122223333"));
    }
}
