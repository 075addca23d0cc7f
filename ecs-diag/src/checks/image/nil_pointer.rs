use super::containers::{ecr_images, is_told, pull_failure};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Finding, Remedy},
    shell,
};

check! {
    /// A pull that crashed had no path to Amazon S3
    ///
    /// # What it looks at
    /// Whether the pull of an image in Amazon ECR ended in `panic: runtime error: invalid memory
    /// address or nil pointer dereference`.
    ///
    /// # Why it matters
    /// It reads like a fault of Fargate, but AWS documents it as a missing path to Amazon S3, where ECR
    /// keeps layers: the security group lacks a rule for it, or the subnet's route table lacks the
    /// gateway endpoint.
    ///
    /// # How to fix it
    /// Open the path to S3: a route to the gateway endpoint or a NAT gateway, and egress on 443 to the
    /// S3 prefix list.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html>
    NilPointer {
        id: "img-nil-pointer",
        domain: "image",
        phase: Pull,
        causes: [NetS3LayerUnreachable],
        explains: [],
    }
}

impl Check for NilPointer {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let mut images = ecr_images(cx, &definition);
        if images.is_empty() {
            return cx
                .not_applicable("no container's image is in Amazon ECR, which keeps layers in S3");
        }
        let (Some(failure), Some(task)) = (pull_failure(cx)?, cx.task()?) else { return Ok(()) };
        if failure.reading.signature != Some("CPC-NILPTR") {
            return Ok(());
        }
        images.retain(|image| is_told(&failure, &image.image) != Some(false));
        if images.is_empty() {
            return Ok(());
        }
        let regions: std::collections::BTreeSet<_> =
            images.iter().map(|image| image.registry.region.clone()).collect();
        let mut remedy = Remedy::new("open the path from the task's subnet to Amazon S3")
            .step(
                "route: the gateway endpoint for S3 in the subnet's route table, or a NAT gateway",
            )
            .step("egress: TCP 443 to the S3 prefix list in the task's security groups");
        for region in &regions {
            remedy = remedy.command(format!(
                "aws ec2 describe-vpc-endpoints --filters {}{}",
                shell::quoted(&format!("Name=service-name,Values=com.amazonaws.{region}.s3")),
                shell::region_option(Some(region))
            ));
        }
        let mut finding = Finding::likely("the pull crashed for want of a path to Amazon S3")
            .detail(
                "AWS documents this crash as a missing path to S3, where Amazon ECR keeps layers; \
                 the login and the manifest came over another path",
            )
            .resource(task::resource(&task))
            .evidence(task::evidence(cx, &task, "/stoppedReason", failure.text.clone()))
            .remedy(remedy);
        for image in images {
            finding = finding.named(image.image.text);
        }
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::checks::testing::Examples;

    const ID: &str = "img-nil-pointer";
    const MESSAGE: &str = "CannotPullContainerError: pull command failed: panic: runtime error: \
        invalid memory address or nil pointer dereference";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(MESSAGE);
        },
        passes: |_| {},
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            // Docker Hub keeps its layers elsewhere.
            world.stopped(MESSAGE).image("nginx:1.27");
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: the pull crashed for want of a path to Amazon S3
          AWS documents this crash as a missing path to S3, where Amazon ECR keeps layers; the login and the manifest came over another path
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: open the path from the task's subnet to Amazon S3
          - route: the gateway endpoint for S3 in the subnet's route table, or a NAT gateway
          - egress: TCP 443 to the S3 prefix list in the task's security groups
          $ aws ec2 describe-vpc-endpoints --filters Name=service-name,Values=com.amazonaws.eu-west-1.s3 --region eu-west-1
        ");
    }
}
