use super::{asg_activity::refusal, said};
use crate::{
    aws::ecs::DescribeCapacityProviders,
    check::{Check, Cx, Meta, check},
    checks::{capacity, task},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource, Severity},
    signature::Cause,
};

check! {
    /// ECS can launch instances for a capacity provider of Managed Instances
    ///
    /// # What it looks at
    /// Whether the failure message is `Unable to launch instance(s) for capacity provider …`, which EC2
    /// error stands in it, and whether the provider is one of ECS Managed Instances.
    ///
    /// # Why it matters
    /// The message begins with `ResourceInitializationError`, like those about secrets and images, but
    /// tells of a launch that EC2 refused: the infrastructure role lacks a permission, a quota is
    /// reached, or there is no capacity.
    ///
    /// # How to fix it
    /// Follow EC2's error: let the infrastructure role pass the instance role, ask for a larger quota,
    /// allow more instance types.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instances-errors.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instances-instance-profile.html>
    MiLaunch {
        id: "plc-mi-launch",
        domain: "placement",
        phase: Place,
        causes: [IamServiceRole, CapacityUnavailable, QuotaAccountLimit],
        explains: [],
    }
}

impl Check for MiLaunch {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(symptom) =
            cx.symptom()?.filter(|symptom| symptom.reading.signature == Some("MI-LAUNCH"))
        else {
            return Ok(());
        };
        let mut names = capacity::names(cx)?;
        if let Some(named) = symptom.reading.parameters.get("capacity_provider") {
            names = vec![named.clone()];
        }
        let request =
            DescribeCapacityProviders { capacity_providers: names.clone(), cluster: cx.cluster() };
        let answer = cx.get(&request)?;
        let provider =
            answer.iter().flat_map(|answer| &answer.capacity_providers).find(|provider| {
                names.contains(&provider.name) && provider.managed_instances_provider.is_some()
            });
        let Some(provider) = provider else {
            return cx.not_applicable("the capacity provider is not one of ECS Managed Instances");
        };
        let name = &provider.name;
        let denied = symptom.reading.causes.first() == Some(&Cause::IamServiceRole);
        let role = provider
            .managed_instances_provider
            .as_ref()
            .and_then(|managed| managed.infrastructure_role_arn.clone());
        let (means, remedy) = if denied {
            let action =
                symptom.reading.parameters.get("action").map_or("the launch", String::as_str);
            let on = symptom
                .reading
                .parameters
                .get("resource")
                .map_or(String::new(), |resource| format!(" on `{resource}`"));
            let role = role.as_deref().unwrap_or("the infrastructure role");
            (
                format!("its infrastructure role may not do `{action}`{on}"),
                format!("allow `{action}`{on} to `{role}`"),
            )
        } else {
            let (means, remedy) = refusal(&symptom.text)
                .unwrap_or(("EC2 refuses the launch", "follow EC2's error in the message"));
            (means.to_owned(), remedy.to_owned())
        };
        // What may not be done is the infrastructure role's matter.
        let fault = match role.as_deref().filter(|_| denied) {
            Some(arn) => Resource::new("AWS::IAM::Role", task::id(arn)).arn(arn),
            None => capacity::resource(provider),
        };
        // Capacity comes and goes; a permission or a quota does not come by itself.
        let passing = symptom.reading.causes.first() == Some(&Cause::CapacityUnavailable);
        let severity = if passing { Severity::Likely } else { Severity::Blocker };
        let (_, evidence) = said(cx, &symptom)?;
        cx.report(
            Finding::of(
                severity,
                format!("ECS cannot launch instances for capacity provider `{name}`: {means}"),
            )
            .detail(
                "the failure message says so; it is about the instances, not about the task's secrets \
                 or images",
            )
            .resource(fault)
            .resource(capacity::resource(provider))
            .named(name.clone())
            .evidence(evidence)
            .evidence(
                Evidence::new(
                    cx.query(&request),
                    "/managedInstancesProvider/infrastructureRoleArn",
                    role,
                )
                .object(name.clone()),
            )
            .remedy(Remedy::new(remedy)),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::managed_instances::tests::managed;
    use crate::{
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const ID: &str = "plc-mi-launch";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            managed(world, "Shop-InstanceRole-1A2B");
        },
        passes: |world| {
            managed(world, "ecsInstanceRole").stopped("CannotPullContainerError: manifest unknown");
        },
        unknown: |world| {
            managed(world, "Shop-InstanceRole-1A2B").deny("ecs:DescribeCapacityProviders");
        },
        near_miss: |world| {
            // An Auto Scaling group launches the instances of this one.
            managed(world, "ecsInstanceRole").set(
                "capacityProviders",
                "/capacityProviders/0/managedInstancesProvider",
                json!(null),
            );
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: ECS cannot launch instances for capacity provider `burst`: its infrastructure role may not do `iam:PassRole` on `arn:aws:iam::111122223333:role/Shop-InstanceRole-1A2B`
          the failure message says so; it is about the instances, not about the task's secrets or images
          @ AWS::IAM::Role ecsInfrastructure
          @ AWS::ECS::CapacityProvider burst
          fix: allow `iam:PassRole` on `arn:aws:iam::111122223333:role/Shop-InstanceRole-1A2B` to `arn:aws:iam::111122223333:role/ecsInfrastructure`
        ");
    }

    #[test]
    fn capacity_comes_and_goes() {
        let mut world = World::default();
        managed(&mut world, "ecsInstanceRole").stopped(
            "ResourceInitializationError: Unable to launch instance(s) for capacity provider burst. \
             UnfulfillableCapacity: Unable to fulfill capacity due to your request configuration.",
        );
        let finding = world.outcome(ID).findings.remove(0);
        assert_eq!(finding.severity, Severity::Likely);
        assert!(finding.summary.contains("no capacity"), "{}", finding.summary);
    }
}
