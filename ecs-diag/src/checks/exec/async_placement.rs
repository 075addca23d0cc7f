use super::{Exec, OFF};
use crate::{
    LaunchType,
    aws::ecs::DescribeCapacityProviders,
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
};

check! {
    /// ECS Exec: a task run alone had an instance to go to
    ///
    /// # What it looks at
    /// Tasks without a service on a capacity provider whose managed scaling is on.
    ///
    /// # Why it matters
    /// If RunTask starts a task for which there is no instance yet, the capacity provider brings
    /// one, and the task is placed later. ECS Exec cannot be used in such a task.
    ///
    /// # How to fix it
    /// Run the task while an instance has room for it, or in a service.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html>
    AsyncPlacement {
        id: "exec-async-placement",
        domain: "exec",
        phase: Run,
        causes: [ExecAgentCannotConnect],
        explains: [],
    }
}

impl Check for AsyncPlacement {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(exec) = Exec::of(cx)? else { return cx.not_applicable(OFF) };
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        if this.service_name().is_some() || cx.launch_type()? != LaunchType::Ec2 {
            return cx
                .not_applicable("the task belongs to a service, or does not run on EC2 instances");
        }
        let Some(provider) = this.capacity_provider_name.clone() else {
            return cx.not_applicable("the task was started without a capacity provider");
        };
        let request =
            DescribeCapacityProviders { capacity_providers: vec![provider.clone()], cluster: None };
        let query = cx.query(&request);
        let answer = cx.get(&request)?;
        let Some(found) = answer.as_ref().and_then(|answer| answer.capacity_providers.first())
        else {
            let why = format!("capacity provider `{provider}` is not in the answer");
            return Err(Missing::undecided(query, why));
        };
        let status = found
            .auto_scaling_group_provider
            .as_ref()
            .and_then(|group| group.managed_scaling.as_ref()?.status.as_deref());
        if status != Some("ENABLED") || !exec.wants_advice() {
            return Ok(());
        }
        let pointer = "/autoScalingGroupProvider/managedScaling/status";
        let mut evidence = Evidence::new(query, pointer, "ENABLED");
        if let Some(arn) = &found.capacity_provider_arn {
            evidence = evidence.object(arn.clone());
        }
        cx.report(
            Finding::warning(format!(
                "task `{}` may have been placed later than it was run, by capacity provider \
                 `{provider}`",
                task::id(&this.task_arn)
            ))
            .detail(
                "if there was no instance with room for it when it was run, ECS Exec cannot be \
                 used in it",
            )
            .resource(task::resource(&this))
            .evidence(evidence)
            .remedy(Remedy::new("run the task while an instance has room for it, or in a service")),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::failure::{MESSAGE, on};
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::placed,
            testing::{Examples, World},
        },
    };

    const ID: &str = "exec-async-placement";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            alone(world, "ENABLED").stopped(MESSAGE);
        },
        passes: |world| {
            alone(world, "DISABLED");
        },
        unknown: |world| {
            alone(world, "ENABLED").stopped(MESSAGE).without("capacityProviders");
        },
        near_miss: |world| {
            alone(world, "DISABLED").stopped(MESSAGE);
        },
    };

    fn alone<'w>(world: &'w mut World, scaling: &str) -> &'w mut World {
        placed(on(world), "EC2", &["ecs.capability.execute-command"])
            .task("/group", json!("family:checkout"))
            .task("/startedBy", Value::Null)
            .task("/capacityProviderName", json!("shop-ec2"))
            .output("capacityProviders", json!({"capacityProviders": [{
                "capacityProviderArn":
                    "arn:aws:ecs:eu-west-1:111122223333:capacity-provider/shop-ec2",
                "name": "shop-ec2", "status": "ACTIVE",
                "autoScalingGroupProvider": {
                    "autoScalingGroupArn": "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:x:autoScalingGroupName/shop",
                    "managedScaling": {"status": scaling},
                },
            }], "failures": []}))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        warning: task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` may have been placed later than it was run, by capacity provider `shop-ec2`
          if there was no instance with room for it when it was run, ECS Exec cannot be used in it
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: run the task while an instance has room for it, or in a service
        ");
    }

    #[test]
    fn tasks_of_a_service_are_another_story() {
        let mut world = EXAMPLES.failing();
        world.task("/group", json!("service:checkout"));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
