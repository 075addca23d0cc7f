use super::containers::{about, ecr_images, is_told, pull_failure};
use crate::{
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Finding, Remedy, Severity},
    shell,
    signature::Cause,
};

check! {
    /// Images are in the task's Region
    ///
    /// # What it looks at
    /// Whether an image in Amazon ECR is in another Region than the task. It is told as advice, and as
    /// a likely cause where a pull got no answer.
    ///
    /// # Why it matters
    /// The VPC's endpoints for ECR and Amazon S3 serve their own Region, unless the endpoint for ECR
    /// was created for a service in another Region: a pull from elsewhere needs a path to the internet.
    /// It is slower as well, and fails with the other Region.
    ///
    /// # How to fix it
    /// Replicate the repository to the task's Region and name the image there, or give the task a path
    /// to the internet.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html>
    EcrCrossRegion {
        id: "img-ecr-cross-region",
        domain: "image",
        phase: Pull,
        causes: [NetRegistryUnreachable, NetS3LayerUnreachable],
        explains: [],
    }
}

impl Check for EcrCrossRegion {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let mut images = ecr_images(cx, &definition);
        if images.is_empty() {
            return cx.not_applicable("no container's image is in Amazon ECR");
        }
        let Some(own) = cx.region().map(str::to_owned) else {
            let query = cx.query(&cx.definition_request()?);
            return Err(Missing::undecided(query, "nothing names the target's Region"));
        };
        images.retain(|image| image.registry.region != own);
        let failure = pull_failure(cx)?.filter(|failure| {
            let causes = &failure.reading.causes;
            [Cause::NetRegistryUnreachable, Cause::NetS3LayerUnreachable]
                .iter()
                .any(|cause| causes.first() == Some(cause))
        });
        cx.each(&images, |cx, found| {
            let (image, region) = (&found.image, &found.registry.region);
            let told = failure.as_ref().is_some_and(|failure| is_told(failure, image) != Some(false));
            let severity = if told { Severity::Likely } else { Severity::Info };
            let finding = Finding::of(
                severity,
                format!("image `{}` is in `{region}`, and the task runs in `{own}`", image.text),
            )
            .detail(format!(
                "the pull for {} leaves the Region: endpoints in the VPC for Amazon ECR and S3 do \
                 not serve it, unless they were made for `{region}`, so it needs a path to the \
                 internet",
                image.named_by()
            ));
            let remedy = Remedy::new(format!(
                "replicate `{}` to `{own}` and name the image there, or give the task a path to the \
                 internet",
                found.reference.repository
            ))
            .step(format!(
                "replication: add a rule with destination `{own}` to the ones that the registry has, \
                 push the image again, and name `{}`",
                image.text.replacen(region.as_str(), &own, 1)
            ))
            .command(format!(
                "aws ecr describe-registry{}",
                shell::region_option(Some(region))
            ));
            let finding = about(cx, &definition, image, finding)?;
            cx.report(finding.remedy(remedy));
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::{
        checks::testing::{Examples, IMAGE, World},
        finding::Severity,
    };

    const ID: &str = "img-ecr-cross-region";
    const MESSAGE: &str = "CannotPullContainerError: Error response from daemon: Get \
        https://111122223333.dkr.ecr.us-east-1.amazonaws.com/v2/: net/http: request canceled while \
        waiting for connection (Client.Timeout exceeded while awaiting headers)";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE).image(&IMAGE.replace("eu-west-1", "us-east-1"));
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
        likely: image `111122223333.dkr.ecr.us-east-1.amazonaws.com/shop/checkout:v42` is in `us-east-1`, and the task runs in `eu-west-1`
          the pull for container `app` leaves the Region: endpoints in the VPC for Amazon ECR and S3 do not serve it, unless they were made for `us-east-1`, so it needs a path to the internet
          @ AWS::ECS::TaskDefinition checkout:42
          fix: replicate `shop/checkout` to `eu-west-1` and name the image there, or give the task a path to the internet
          - replication: add a rule with destination `eu-west-1` to the ones that the registry has, push the image again, and name `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42`
          $ aws ecr describe-registry --region us-east-1
        ");
    }

    #[test]
    fn it_is_advice_where_the_registry_answered() {
        let mut world = World::default();
        world.image(&IMAGE.replace("eu-west-1", "us-east-1"));
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Info);
    }
}
