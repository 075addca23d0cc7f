use super::{about, failure};
use crate::{
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Finding, Remedy},
    shell,
};

check! {
    /// The pull failed at the layers, which ECR keeps in Amazon S3
    ///
    /// # What it looks at
    /// Whether the pull error says `REDACTED ECR URL related to …`. The container agent puts these
    /// words in place of the signed URL of a layer.
    ///
    /// # Why it matters
    /// Only URLs of layers are replaced so. Registry credentials and manifest were fetched; what
    /// failed is the download from Amazon S3, over a path of its own: NAT or the gateway endpoint
    /// for S3, its policy, and egress to S3's addresses.
    ///
    /// # How to fix it
    /// Open the path from the instance to S3: a route to the gateway endpoint, egress on 443 to the S3
    /// prefix list, and an endpoint policy that allows `s3:GetObject` on the bucket of ECR's layers.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html>
    RedactedEcrUrl {
        id: "cls-redacted-ecr-url",
        domain: "classification",
        phase: Pull,
        causes: [NetS3LayerUnreachable, IamVpcEndpointPolicy],
        explains: [],
    }
}

impl Check for RedactedEcrUrl {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(symptom) = failure(cx)? else {
            return cx.not_applicable("nothing speaks of a failure");
        };
        if !symptom.text.to_ascii_lowercase().contains("redacted ecr url") {
            return Ok(());
        }
        let said = |name| symptom.reading.parameters.get(name).map(String::as_str);
        let image = said("image").map_or(String::new(), |image| format!(" of image `{image}`"));
        let region = said("region").map(str::to_owned).or_else(|| cx.region().map(str::to_owned));
        let region = region.unwrap_or_else(|| "REGION".to_owned());
        let bucket = format!("arn:{}:s3:::prod-{region}-starport-layer-bucket/*", cx.partition());
        let refused = said("status_code") == Some("403");
        let why = if refused {
            "S3 answered 403, so the path is open and a policy refuses: the one of the gateway \
             endpoint, or an organization's"
        } else {
            "registry credentials and manifest were fetched; the layers come from Amazon S3 over a \
             path of their own"
        };
        let remedy = Remedy::new(if refused {
            format!("allow `s3:GetObject` on `{bucket}` in the policy of the S3 gateway endpoint")
        } else {
            "open the path from the instance's subnet to Amazon S3".to_owned()
        });
        let remedy = if refused {
            remedy
        } else {
            remedy
                .step(
                    "route: a NAT gateway, or the S3 gateway endpoint in the subnet's route table",
                )
                .step(
                    "egress: TCP 443 to the S3 prefix list in the security groups of the instance",
                )
                .step(format!("endpoint policy, if it is not open: s3:GetObject on {bucket}"))
        };
        let remedy = remedy.command(format!(
            "aws ec2 describe-vpc-endpoints --filters {}{}",
            shell::quoted(&format!("Name=service-name,Values=com.amazonaws.{region}.s3")),
            shell::region_option(cx.region())
        ));
        let finding =
            Finding::likely(format!("a layer{image} could not be fetched from Amazon S3"))
                .detail(why)
                .remedy(remedy);
        let finding = about(cx, &symptom, finding)?;
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::testing::by_user;
    use crate::checks::testing::{Examples, IMAGE, World};

    fn pull(world: &mut World, tail: &str) {
        let reason = format!(
            "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: \
             httpReadSeeker: failed open: REDACTED ECR URL related to {IMAGE}: {tail}"
        );
        world
            .task("/launchType", json!("EC2"))
            .task("/platformVersion", json!(null))
            .task("/containers/0/reason", json!(reason));
    }

    const TIMEOUT: &str = "dial tcp 52.218.1.2:443: i/o timeout";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| pull(world, TIMEOUT),
        passes: |_| {},
        unknown: |world| {
            world.deny("ecs:DescribeTasks");
        },
        near_miss: |world| {
            pull(world, TIMEOUT);
            by_user(world);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("cls-redacted-ecr-url"), @r"
        likely: a layer of image `111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42` could not be fetched from Amazon S3
          registry credentials and manifest were fetched; the layers come from Amazon S3 over a path of their own
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: open the path from the instance's subnet to Amazon S3
          - route: a NAT gateway, or the S3 gateway endpoint in the subnet's route table
          - egress: TCP 443 to the S3 prefix list in the security groups of the instance
          - endpoint policy, if it is not open: s3:GetObject on arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*
          $ aws ec2 describe-vpc-endpoints --filters Name=service-name,Values=com.amazonaws.eu-west-1.s3 --region eu-west-1
        ");
    }

    #[test]
    fn a_refusal_points_to_the_policy() {
        let mut world = World::default();
        pull(&mut world, "unexpected status code: 403 Forbidden");
        let finding = &world.outcome("cls-redacted-ecr-url").findings[0];
        assert!(finding.detail.contains("answered 403"), "{}", finding.detail);
        assert!(
            finding
                .remedy
                .as_ref()
                .unwrap()
                .summary
                .contains("arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*")
        );
    }
}
