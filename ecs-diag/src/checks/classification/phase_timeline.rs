use super::failure;
use crate::{
    Phase,
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::Finding,
};

check! {
    /// How far the task came, and how long that took
    ///
    /// # What it looks at
    /// The times that the task gives: created, connected, pull begun and ended, started, stopped. A
    /// message that speaks of a failed pull outranks them: the end of a pull is also noted when it
    /// failed.
    ///
    /// # Why it matters
    /// The last step that was reached bounds the cause: without `connectivityAt` the task got no
    /// network interface; connected but without a pull, it failed while credentials, secrets,
    /// environment files, logs or volumes were prepared; pulled but not started, the containers
    /// could not be created. Seconds speak of a definite answer, minutes of retries.
    ///
    /// # How to fix it
    /// Look at the checks of that phase first.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>
    PhaseTimeline {
        id: "cls-phase-timeline",
        domain: "classification",
        phase: Place,
        causes: [],
        explains: [],
    }
}

impl Check for PhaseTimeline {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        if !this.is_stopped() {
            return Ok(());
        }
        let Some(symptom) = failure(cx)? else {
            return cx.not_applicable("nothing speaks of a failure");
        };
        let Some(end) = this.stopping_at.or(this.execution_stopped_at).or(this.stopped_at) else {
            return Ok(());
        };
        // Only a task with an interface of its own tells when it was connected.
        let has_interface = cx.interface_detail("networkInterfaceId")?.is_some()
            || cx.interface_detail("subnetId")?.is_some();
        let pull_failed = symptom.reading.phase == Some(Phase::Pull);
        let (since, reached, phase, next) = if let Some(at) = this.started_at {
            (at, "it did start, and ran", Phase::Run, "read its exit codes and health checks")
        } else if let (Some(at), true) = (this.pull_started_at, pull_failed) {
            (at, "it came to the pull of images, which failed", Phase::Pull, "a registry counts")
        } else if let Some(at) = this.pull_stopped_at {
            let next = "the containers could not be created or started: command, limits, devices, \
                        mounts, dependencies";
            (at, "its images were pulled, but it did not start", Phase::Create, next)
        } else if let Some(at) = this.pull_started_at {
            (
                at,
                "it came to the pull of images, which did not end",
                Phase::Pull,
                "a registry counts",
            )
        } else if let Some(at) = this.connectivity_at {
            let next = "registry credentials, secrets, environment files, log driver and volumes \
                        come between";
            (at, "it was connected, but did not come to the pull of images", Phase::Auth, next)
        } else if let Some(at) = this.created_at {
            if has_interface {
                (at, "it was not connected", Phase::Eni, "capacity and network interface count")
            } else {
                let next = "placement, registry and whatever the agent prepares come before";
                (at, "it did not come to the pull of images", Phase::Place, next)
            }
        } else {
            return Ok(());
        };
        let mut steps = Vec::new();
        for (name, at) in [
            ("createdAt", this.created_at),
            ("connectivityAt", this.connectivity_at),
            ("pullStartedAt", this.pull_started_at),
            ("pullStoppedAt", this.pull_stopped_at),
            ("startedAt", this.started_at),
            ("stoppingAt", this.stopping_at),
            ("stoppedAt", this.stopped_at),
        ] {
            if let (Some(at), Some(created)) = (at, this.created_at) {
                steps.push((name, task::span(created, at)));
            }
        }
        let steps: Vec<_> =
            steps.iter().skip(1).map(|(name, span)| format!("{name} after {span}")).collect();
        let id = task::id(&this.task_arn);
        let mut finding = Finding::info(format!(
            "task `{id}`: {reached}; it stopped {} later",
            task::span(since, end)
        ))
        .detail(format!("{next}; {}", steps.join(", ")))
        .phase(phase)
        .resource(task::resource(&this));
        for (name, at) in [
            ("connectivityAt", this.connectivity_at),
            ("pullStartedAt", this.pull_started_at),
            ("pullStoppedAt", this.pull_stopped_at),
            ("startedAt", this.started_at),
        ] {
            let value = at.map(|at| at.to_string());
            finding = finding.evidence(task::evidence(cx, &this, format!("/{name}"), value));
        }
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::testing::by_user;
    use crate::{
        Phase,
        checks::testing::{Examples, World},
    };

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |_| {},
        passes: |world| {
            world
                .task("/lastStatus", json!("RUNNING"))
                .task("/startedAt", json!("2026-11-20T10:00:40Z"));
        },
        unknown: |world| {
            world.deny("ecs:DescribeTasks");
        },
        near_miss: by_user,
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("cls-phase-timeline"), @r"
        info: task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c`: it was connected, but did not come to the pull of images; it stopped 55 s later
          registry credentials, secrets, environment files, log driver and volumes come between; connectivityAt after 5 s, stoppedAt after 60 s
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
        ");
    }

    #[test]
    fn the_last_step_bounds_the_phase() {
        let at = |second: u8| json!(format!("2026-11-20T10:00:{second:02}Z"));
        let none = Value::Null;
        for (connected, pull, pulled, started, phase) in [
            (none.clone(), none.clone(), none.clone(), none.clone(), Phase::Eni),
            (at(5), none.clone(), none.clone(), none.clone(), Phase::Auth),
            (at(5), at(10), none.clone(), none.clone(), Phase::Pull),
            (at(5), at(10), at(20), none.clone(), Phase::Create),
            (at(5), at(10), at(20), at(30), Phase::Run),
        ] {
            let mut world = World::default();
            world
                .task("/connectivityAt", connected)
                .task("/pullStartedAt", pull)
                .task("/pullStoppedAt", pulled)
                .task("/startedAt", started);
            let findings = world.outcome("cls-phase-timeline").findings;
            assert_eq!(findings[0].phase, Some(phase), "{}", findings[0].summary);
        }
    }

    #[test]
    fn a_message_about_the_pull_outranks_its_end() {
        let mut world = World::default();
        world
            .stopped("CannotPullContainerError: manifest unknown")
            .task("/pullStartedAt", json!("2026-11-20T10:00:10Z"))
            .task("/pullStoppedAt", json!("2026-11-20T10:00:20Z"));
        let findings = world.outcome("cls-phase-timeline").findings;
        assert_eq!(findings[0].phase, Some(Phase::Pull));
    }

    #[test]
    fn without_an_interface_a_missing_connection_says_nothing() {
        let mut world = World::default();
        world.task("/connectivityAt", json!(null)).task("/attachments", json!([]));
        let findings = world.outcome("cls-phase-timeline").findings;
        assert_eq!(findings[0].phase, Some(Phase::Place));
    }
}
