use crate::{
    LaunchType,
    aws::{Time, ecs::DescribeTasks},
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Finding, Remedy},
    shell,
};

check! {
    /// What kind of task is diagnosed, where that limits the answer
    ///
    /// # What it looks at
    /// Whether a task that has not stopped hangs on its way (`PROVISIONING`, `PENDING`,
    /// `ACTIVATING`) for more than five minutes, and whether it runs on an external instance or on
    /// ECS Managed Instances.
    ///
    /// # Why it matters
    /// A task that hangs has no stop code and no stopped reason: only what stands in its way can be
    /// told. The network of an external instance is not AWS's, so that no AWS answer describes it.
    /// On Managed Instances AWS runs the host, so that its agent and disk are not yours to change.
    ///
    /// # How to fix it
    /// Read the blockers of the other checks; they stand in the way of a start. Diagnose again when
    /// the task has stopped.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html>
    Scope {
        id: "pre-scope",
        domain: "preflight",
        phase: Place,
        causes: [],
        explains: [],
    }
}

/// How long a start may take before it is worth a word.
const PATIENCE_SECONDS: i64 = 5 * 60;

impl Check for Scope {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(this) = cx.task()? else { return Ok(()) };
        let id = task::id(&this.task_arn);
        let status = this.last_status.as_deref().unwrap_or("");
        if matches!(status, "PROVISIONING" | "PENDING" | "ACTIVATING") {
            let request =
                DescribeTasks::new(cx.target().cluster().as_deref(), [this.task_arn.clone()]);
            let unknown = |what: &str| Missing::undecided(cx.query(&request), what);
            let created = this.created_at.ok_or_else(|| unknown("the task has no `createdAt`"))?;
            let now = cx.now().map(Time).ok_or_else(|| unknown("there is no clock"))?;
            if now.0.as_second() - created.0.as_second() > PATIENCE_SECONDS {
                let after = task::span(created, now);
                cx.report(
                    Finding::info(format!("task `{id}` is still {status} after {after}"))
                        .detail(
                            "it has not stopped, so there is no stop code and no stopped reason: \
                             blockers tell what stands in its way, not what stopped it",
                        )
                        .resource(task::resource(&this))
                        .evidence(task::evidence(cx, &this, "/lastStatus", status))
                        .remedy(Remedy::new("diagnose again when the task has stopped").command(
                            format!(
                                "aws ecs wait tasks-stopped --tasks {}{}",
                                shell::quoted(id),
                                task::options(cx)
                            ),
                        )),
                );
            }
        }
        let limits = match cx.launch_type()? {
            LaunchType::External => (
                "an external instance",
                "no AWS answer describes the network, the disk and the firewall of that server: \
                 checks of the VPC do not apply",
            ),
            LaunchType::ManagedInstances => (
                "ECS Managed Instances",
                "AWS runs the host: checks of the agent and of the instance do not apply",
            ),
            LaunchType::Fargate | LaunchType::Ec2 => return Ok(()),
        };
        cx.report(
            Finding::info(format!("task `{id}` runs on {}", limits.0))
                .detail(limits.1)
                .resource(task::resource(&this))
                .evidence(task::evidence(cx, &this, "/launchType", this.launch_type.clone())),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::{Examples, World};

    fn status(world: &mut World, status: &str, created: &str) {
        world
            .task("/lastStatus", json!(status))
            .task("/stoppedAt", json!(null))
            .task("/createdAt", json!(created));
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| status(world, "PENDING", "2026-11-20T10:10:00Z"),
        passes: |_| {},
        unknown: |world| {
            world.deny("ecs:DescribeTasks");
        },
        // A minute is no hanging.
        near_miss: |world| status(world, "PENDING", "2026-11-20T10:29:00Z"),
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("pre-scope"), @r"
        info: task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` is still PENDING after 20 min
          it has not stopped, so there is no stop code and no stopped reason: blockers tell what stands in its way, not what stopped it
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: diagnose again when the task has stopped
          $ aws ecs wait tasks-stopped --tasks 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn hosts_that_are_not_of_the_account_are_said() {
        for (kind, says) in [("EXTERNAL", "external instance"), ("MANAGED_INSTANCES", "Managed")] {
            let mut world = World::default();
            world.task("/launchType", json!(kind)).task("/platformVersion", json!(null));
            let findings = world.outcome("pre-scope").findings;
            assert_eq!(findings.len(), 1);
            assert!(findings[0].summary.contains(says), "{}", findings[0].summary);
        }
    }

    #[test]
    fn without_a_time_nothing_is_said_about_time() {
        let mut world = World::default();
        status(&mut world, "PENDING", "2026-11-20T10:10:00Z");
        world.task("/createdAt", json!(null));
        assert_eq!(world.outcome("pre-scope").status, crate::check::Status::Unknown);
    }
}
