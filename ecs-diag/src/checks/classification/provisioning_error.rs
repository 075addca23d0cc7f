use super::{about, failure};
use crate::{
    Phase,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Finding, Remedy},
    shell,
};

check! {
    /// AWS did not provide the task's network interface or storage in time
    ///
    /// # What it looks at
    /// Whether the message is one of those that ECS gives when a network interface or ephemeral
    /// storage was not there in time, or EC2 refused to create an interface.
    ///
    /// # Why it matters
    /// The task ends before any of its own configuration counts. Mostly that passes by itself; when
    /// it comes back, the subnet has no free addresses, a quota of network interfaces or calls is
    /// reached, or the key for the task's storage cannot be used.
    ///
    /// # How to fix it
    /// Start the task again; a service does so by itself. If it comes back, look at the free
    /// addresses of the subnets, at quotas, and at the key policy of the cluster's storage key.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/failed-to-start-error.html>,
    /// <https://aws.amazon.com/blogs/compute/securing-amazon-ecs-workloads-on-aws-fargate-with-customer-managed-keys>
    ProvisioningError {
        id: "cls-provisioning-error",
        domain: "classification",
        phase: Eni,
        causes: [EniProvisionTimeout, AwsInternalTransient],
        explains: [],
    }
}

impl Check for ProvisioningError {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(symptom) = failure(cx)? else {
            return cx.not_applicable("nothing speaks of a failure");
        };
        let (what, repeated) = match symptom.reading.signature {
            Some("TFS-ENI-CREATE") => (
                "EC2 did not create the task's network interface",
                "if it comes back: free addresses of the subnet, quota of network interfaces, and \
                 whether a service control policy refuses ec2:CreateNetworkInterface",
            ),
            Some("TFS-ENI-TIMEOUT") => (
                "the task's network interface was not ready in time",
                "if it comes back: free addresses of the subnets, quota of network interfaces",
            ),
            Some("TFS-ENI-RATE") => (
                "calls for the task's network interface were throttled",
                "start fewer tasks at once, or ask for a higher rate of EC2 calls",
            ),
            Some("TFS-EPHEMERAL-TIMEOUT") => (
                "the task's ephemeral storage was not ready in time",
                "if it comes back: the policy of the key that the cluster's storage is encrypted with",
            ),
            Some("TFS-INTERNAL") => (
                "AWS could not provide what the task runs on, for an internal reason",
                "if it comes back: free addresses of the subnets, quotas, and the policy of the key \
                 for the cluster's storage",
            ),
            _ => return Ok(()),
        };
        let subnet = cx.interface_detail("subnetId")?;
        let subnet = subnet.or_else(|| symptom.reading.parameters.get("subnet").cloned());
        let place = subnet.as_ref().map_or(String::new(), |id| format!(" in subnet `{id}`"));
        let again = if cx.service()?.is_some() {
            "the service starts another task by itself"
        } else {
            "start the task again"
        };
        let mut remedy = Remedy::new("start the task again; look further only if it comes back")
            .step(again)
            .step(repeated);
        if let Some(subnet) = &subnet {
            remedy = remedy.command(format!(
                "aws ec2 describe-subnets --subnet-ids {} --query \
                 'Subnets[].[SubnetId,AvailableIpAddressCount]'{}",
                shell::quoted(subnet),
                shell::region_option(cx.region())
            ));
        }
        let finding = Finding::likely(format!("{what}{place}"))
            .detail(
                "the task ended before any of its own configuration counted; mostly this passes by \
                 itself",
            )
            .phase(symptom.reading.phase.unwrap_or(Phase::Eni))
            .remedy(remedy);
        let finding = about(cx, &symptom, finding)?;
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::testing::by_user;
    use crate::checks::testing::{Examples, World};

    const REASON: &str = "Timeout waiting for network interface provisioning to complete.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world.stopped(REASON);
        },
        passes: |_| {},
        unknown: |world| {
            world.deny("ecs:DescribeTasks");
        },
        near_miss: |world| by_user(world.stopped(REASON)),
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("cls-provisioning-error"), @r"
        likely: the task's network interface was not ready in time in subnet `subnet-0a11111111111111a`
          the task ended before any of its own configuration counted; mostly this passes by itself
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: start the task again; look further only if it comes back
          - the service starts another task by itself
          - if it comes back: free addresses of the subnets, quota of network interfaces
          $ aws ec2 describe-subnets --subnet-ids subnet-0a11111111111111a --query 'Subnets[].[SubnetId,AvailableIpAddressCount]' --region eu-west-1
        ");
    }

    #[test]
    fn every_text_of_this_kind_is_told() {
        for text in [
            "Timeout waiting for EphemeralStorage provisioning to complete.",
            "TaskFailedToStart: InternalError: unexpected failure",
            "Rate limit exceeded while preparing network interface to be attached to instance",
            "Unexpected EC2 error while attempting to Create Network Interface with public IP \
             assignment enabled in subnet 'subnet-0a11111111111111a'",
        ] {
            let mut world = World::default();
            world.stopped(text);
            assert_eq!(world.outcome("cls-provisioning-error").findings.len(), 1, "{text}");
        }
    }
}
