use super::said;
use crate::{
    check::{Check, Cx, Meta, check},
    checks::instances,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// What the reason of a placement failure means
    ///
    /// # What it looks at
    /// The short reasons of `RunTask` and `StartTask`, which also come as a task's stopped reason:
    /// `RESOURCE:…`, `AGENT`, `ATTRIBUTE`, `LOCATION`, `INACTIVE`, `MISSING`, `MemberOf placement
    /// constraint unsatisfied`, `NO ACTIVE INSTANCES`, `EMPTY CAPACITY PROVIDER`. The answer to the call
    /// itself, and what CloudTrail keeps of it, is not read.
    ///
    /// # Why it matters
    /// The reason says what was missing on the last instance that ECS looked at, not why it is missing.
    ///
    /// # How to fix it
    /// Follow the check that examines the reason.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/failed-to-start-error.html>
    FailureReasons {
        id: "plc-failure-reasons",
        domain: "placement",
        phase: Place,
        causes: [],
        explains: [],
    }
}

/// What a reason means, and which checks examine it.
fn meaning(signature: &str, text: &str) -> Option<(&'static str, &'static [&'static str])> {
    let text = text.to_ascii_uppercase();
    Some(match signature {
        "TFS-RESOURCE" if text.contains("RESOURCE:ENI") => {
            ("no network interface was left on an instance", &["ci-eni-capacity"])
        }
        "TFS-RESOURCE" if text.contains("RESOURCE:PORT") => {
            ("a port of the host was taken", &["ci-ports"])
        }
        "TFS-RESOURCE" if text.contains("RESOURCE:GPU") => ("GPUs were missing", &["ci-gpu"]),
        "TFS-RESOURCE" => ("CPU or memory was not left", &["ci-resources"]),
        "TFS-AGENT" => ("the agent of the instance was disconnected", &["ci-agent-connected"]),
        "TFS-ATTRIBUTE" => (
            "an instance lacked an attribute that the task definition requires, or was not in the \
             task's subnets",
            &["ci-attribute-diff", "ci-subnet-az"],
        ),
        "RUN-LOCATION" => (
            "the instance was in another Availability Zone than the task's subnets",
            &["ci-subnet-az"],
        ),
        "RUN-INACTIVE" => ("the instance was deregistered", &["ci-status"]),
        "API-MISSING" => {
            ("the cluster does not know the instance", &["ci-registered", "ci-cluster-missing"])
        }
        "TFS-MEMBEROF" => {
            ("no instance was what a placement constraint asks for", &["plc-constraints"])
        }
        "TFS-NO-ACTIVE" => {
            ("the capacity provider had no active instance", &["ci-registered", "ci-status"])
        }
        "TFS-EMPTY-CP" => (
            "the capacity provider had no instance, and did not get one",
            &["ci-registered", "plc-capacity-provider", "plc-asg-activity"],
        ),
        _ => return None,
    })
}

impl Check for FailureReasons {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if let Err(why) = instances::own_hosts(cx)? {
            return cx.not_applicable(why);
        }
        let Some(symptom) = cx.symptom()? else { return Ok(()) };
        let Some((means, checks)) =
            symptom.reading.signature.and_then(|signature| meaning(signature, &symptom.text))
        else {
            return Ok(());
        };
        let (resource, evidence) = said(cx, &symptom)?;
        let checks: Vec<_> = checks.iter().map(|id| format!("`{id}`")).collect();
        cx.report(
            Finding::info(format!("ECS found no place for the task: {means}"))
                .detail(format!(
                    "that is what `{}` means, of the last instance that ECS looked at; {} examines it",
                    symptom.text.trim(),
                    checks.join(", ")
                ))
                .resource(resource)
                .evidence(evidence)
                .remedy(Remedy::new(format!("see {}", checks.join(", ")))),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::checks::{
        instances::fixtures::unplaced,
        testing::{Examples, World},
    };

    const ID: &str = "plc-failure-reasons";
    const MESSAGE: &str = "TaskFailedToStart: RESOURCE:ENI";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            unplaced(world, MESSAGE);
        },
        passes: |world| {
            unplaced(world, "CannotPullContainerError: manifest unknown");
        },
        unknown: |world| {
            unplaced(world, MESSAGE).deny("ecs:DescribeTasks");
        },
        near_miss: |world| {
            // Fargate has no instances to say such a thing of.
            world.stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        info: ECS found no place for the task: no network interface was left on an instance
          that is what `TaskFailedToStart: RESOURCE:ENI` means, of the last instance that ECS looked at; `ci-eni-capacity` examines it
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: see `ci-eni-capacity`
        ");
    }

    #[test]
    fn every_reason_has_its_meaning() {
        for (text, means) in [
            ("TaskFailedToStart: RESOURCE:MEMORY", "CPU or memory"),
            ("RESOURCE:PORTS", "a port of the host"),
            ("TaskFailedToStart: RESOURCE:GPU", "GPUs"),
            ("TaskFailedToStart: AGENT", "the agent"),
            ("ATTRIBUTE", "lacked an attribute"),
            ("LOCATION", "another Availability Zone"),
            ("INACTIVE", "deregistered"),
            (
                "TaskFailedToStart: MemberOf placement constraint unsatisfied",
                "placement constraint",
            ),
            ("TaskFailedToStart: NO ACTIVE INSTANCES", "no active instance"),
            ("TaskFailedToStart: EMPTY CAPACITY PROVIDER", "did not get one"),
        ] {
            let mut world = World::default();
            unplaced(&mut world, text);
            let findings = world.outcome(ID).findings;
            assert!(findings[0].summary.contains(means), "{text}: {}", findings[0].summary);
        }
    }
}
