use crate::{
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Spot capacity was not taken away
    ///
    /// # What it looks at
    /// Whether the task's stop code is `SpotInterruption`.
    ///
    /// # Why it matters
    /// AWS takes Spot capacity back with two minutes' notice. Nothing is wrong with the task; a service
    /// starts another one as soon as there is capacity.
    ///
    /// # How to fix it
    /// Run a base of tasks on On-Demand capacity, and offer several Availability Zones.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/spot-interruption-errors.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html>
    Spot {
        id: "plc-spot",
        domain: "placement",
        phase: Stop,
        causes: [StopHostOrSpotGone],
        explains: [],
    }
}

impl Check for Spot {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        if this.stop_code.as_deref() != Some("SpotInterruption") {
            return Ok(());
        }
        let on = this
            .capacity_provider_name
            .as_deref()
            .map_or(String::new(), |name| format!(" of capacity provider `{name}`"));
        cx.report(
            Finding::info(format!(
                "AWS took back the Spot capacity{on} that task `{}` ran on",
                task::id(&this.task_arn)
            ))
            .detail("nothing is wrong with the task; that is what Spot capacity is")
            .resource(task::resource(&this))
            .evidence(task::evidence(cx, &this, "/stopCode", "SpotInterruption"))
            .remedy(Remedy::new(
                "run a base of tasks on On-Demand capacity, and offer several Availability Zones",
            )),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::{Examples, World};

    const ID: &str = "plc-spot";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| stopped(world, "SpotInterruption"),
        passes: |_| {},
        unknown: |world| {
            world.deny("ecs:DescribeTasks");
        },
        near_miss: |world| stopped(world, "UserInitiated"),
    };

    fn stopped(world: &mut World, code: &str) {
        world
            .stopped("Your Spot Task was interrupted.")
            .task("/stopCode", json!(code))
            .task("/capacityProviderName", json!("FARGATE_SPOT"));
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        info: AWS took back the Spot capacity of capacity provider `FARGATE_SPOT` that task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` ran on
          nothing is wrong with the task; that is what Spot capacity is
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: run a base of tasks on On-Demand capacity, and offer several Availability Zones
        ");
    }
}
