use crate::{
    Phase,
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::Finding,
};

check! {
    /// The task did start; it was stopped later
    ///
    /// # What it looks at
    /// `startedAt` and `stopCode` of a stopped task. With a `startedAt`, all containers ran once. The
    /// codes for exits, scale-in, users, Spot and maintenance are not failures to start.
    ///
    /// # Why it matters
    /// A task that ran has passed credentials, secrets, volumes and pulls: looking there is lost
    /// time. What counts are exit codes, health checks, the deployment, or whoever stopped it.
    ///
    /// # How to fix it
    /// Follow the finding to exit codes, health checks, scaling or capacity.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html>
    NotAStartFailure {
        id: "cls-not-a-start-failure",
        domain: "classification",
        phase: Run,
        causes: [],
        explains: [],
    }
}

impl Check for NotAStartFailure {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        if !this.is_stopped() {
            return Ok(());
        }
        let code = this.stop_code.as_deref().unwrap_or("");
        let (what, look, phase) = match code {
            "EssentialContainerExited" => (
                "an essential container exited",
                "its exit code, its reason and its log tell why",
                Phase::Run,
            ),
            "ServiceSchedulerInitiated" => (
                "the service scheduler stopped it",
                "a deployment, scale-in or a failed health check is behind it: the service's events \
                 and the target's health tell which",
                Phase::Health,
            ),
            "UserInitiated" => (
                "somebody called StopTask",
                "CloudTrail's StopTask event tells who; the reason is whatever they wrote",
                Phase::Stop,
            ),
            "SpotInterruption" => (
                "its Spot capacity was taken back",
                "that is normal for Spot: mix it with on-demand capacity where it must not happen",
                Phase::Stop,
            ),
            "TerminationNotice" => (
                "its host was taken away",
                "maintenance or the end of an instance is behind it; the service starts another task",
                Phase::Stop,
            ),
            _ if this.started_at.is_some() => (
                "it stopped after it had started",
                "exit codes, health checks and the service's events tell why",
                Phase::Run,
            ),
            _ => return Ok(()),
        };
        let id = task::id(&this.task_arn);
        let ran = match (this.started_at, this.stopping_at.or(this.stopped_at)) {
            (Some(from), Some(to)) => format!(", after it had run {}", task::span(from, to)),
            (Some(_), None) => ", after it had started".to_owned(),
            (None, _) => String::new(),
        };
        let (pointer, value) = match this.started_at {
            Some(at) => ("/startedAt", at.to_string()),
            None => ("/stopCode", code.to_owned()),
        };
        cx.report(
            Finding::info(format!("task `{id}` did not fail to start: {what}{ran}"))
                .detail(look)
                .phase(phase)
                .resource(task::resource(&this))
                .evidence(task::evidence(cx, &this, pointer, value)),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::testing::{Examples, World};

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world
                .stopped("Essential container in task exited")
                .task("/stopCode", json!("EssentialContainerExited"))
                .task("/startedAt", json!("2026-11-20T10:00:20Z"));
        },
        passes: |_| {},
        unknown: |world| {
            world.deny("ecs:DescribeTasks");
        },
        near_miss: |world| {
            world.stopped("Essential container in task exited");
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("cls-not-a-start-failure"), @r"
        info: task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` did not fail to start: an essential container exited, after it had run 40 s
          its exit code, its reason and its log tell why
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
        ");
    }

    #[test]
    fn every_other_stop_code_is_told() {
        for code in
            ["ServiceSchedulerInitiated", "UserInitiated", "SpotInterruption", "TerminationNotice"]
        {
            let mut world = World::default();
            world.task("/stopCode", json!(code));
            assert_eq!(world.outcome("cls-not-a-start-failure").findings.len(), 1, "{code}");
        }
    }
}
