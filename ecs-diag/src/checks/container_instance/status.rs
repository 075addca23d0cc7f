use crate::{
    check::{Check, Cx, Meta, check},
    checks::{
        instances::{self, Faults},
        task,
    },
    facts::Missing,
    finding::Remedy,
    shell::quoted,
};

check! {
    /// Container instances are active
    ///
    /// # What it looks at
    /// `status` of every container instance that could take the task. `DRAINING` instances take no new
    /// tasks, and neither do those that are `REGISTERING`, `DEREGISTERING` or `REGISTRATION_FAILED`.
    ///
    /// # Why it matters
    /// ECS places tasks on `ACTIVE` instances only.
    ///
    /// # How to fix it
    /// Set draining instances to `ACTIVE`, if nobody is about to replace them; of an instance whose
    /// registration failed, `statusReason` says why.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>
    Status {
        id: "ci-status",
        domain: "container-instance",
        phase: Place,
        causes: [PlaceNoInstances],
        explains: [],
    }
}

/// How many instances a command changes at most.
const CHANGED: usize = 10;

impl Check for Status {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let judged = match instances::some(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        let Some(failing) = judged.failing(cx, Faults::STATUS)? else { return Ok(()) };
        let status_of = |at: usize| failing.instances[at].instance.status.as_deref().unwrap_or("");
        let mut statuses: Vec<_> = (0..failing.instances.len()).map(status_of).collect();
        statuses.sort_unstable();
        statuses.dedup();
        let statuses: Vec<_> = statuses.iter().map(|status| format!("`{status}`")).collect();
        let mut detail =
            format!("ECS places tasks on `ACTIVE` instances only, not on {}", failing.ids());
        let reason = failing.instances.iter().find_map(|judgement| {
            judgement.instance.status_reason.as_deref().filter(|reason| !reason.is_empty())
        });
        if let Some(reason) = reason {
            detail += &format!("; ECS says: {reason}");
        }
        let draining: Vec<_> = failing
            .instances
            .iter()
            .filter(|judgement| judgement.instance.status.as_deref() == Some("DRAINING"))
            .take(CHANGED)
            .collect();
        let mut remedy = if draining.is_empty() {
            Remedy::new("replace the instances, or wait until their registration is done")
        } else {
            let ids: Vec<_> = draining.iter().map(|j| quoted(j.instance.id())).collect();
            Remedy::new("set the draining instances to `ACTIVE`, or add instances").command(format!(
                "aws ecs update-container-instances-state --status ACTIVE --container-instances \
                 {}{}",
                ids.join(" "),
                task::options(cx)
            ))
        };
        for judgement in &draining {
            remedy = remedy.edit(judgement.instance.set("/status", "ACTIVE"));
        }
        let summary =
            format!("{} {} {}", failing.count(), failing.verb("is", "are"), statuses.join(" or "));
        let first = failing.instances[0];
        let finding = failing
            .finding(cx, summary, detail)?
            .evidence(first.instance.evidence(cx, "/status", first.instance.status.clone()))
            .remedy(remedy);
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{both, one, unplaced, without_instances},
            testing::{Examples, World},
        },
        finding::Severity,
    };

    const ID: &str = "ci-status";
    const MESSAGE: &str = "TaskFailedToStart: NO ACTIVE INSTANCES";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            both(unplaced(world, MESSAGE), "/status", &json!("DRAINING"));
        },
        passes: |world| {
            unplaced(world, "TaskFailedToStart: ATTRIBUTE");
        },
        unknown: |world| {
            both(unplaced(world, MESSAGE), "/status", &json!(null));
        },
        near_miss: |world| {
            one(unplaced(world, MESSAGE), 0, "/status", json!("DRAINING"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: both container instances are `DRAINING`
          ECS places tasks on `ACTIVE` instances only, not on `i-0a000000000000001`, `i-0b000000000000002`
          @ AWS::ECS::Cluster shop
          fix (verified): set the draining instances to `ACTIVE`, or add instances
          $ aws ecs update-container-instances-state --status ACTIVE --container-instances 0a0000000000000000000000000000a1 0b0000000000000000000000000000b2 --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn activating_them_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn a_failed_registration_says_why() {
        let mut world = EXAMPLES.near_miss();
        one(&mut world, 0, "/status", json!("REGISTRATION_FAILED"));
        one(&mut world, 0, "/statusReason", json!("trunk interface could not be attached"));
        one(&mut world, 1, "/agentConnected", json!(false));
        let finding = world.outcome(ID).findings.remove(0);
        assert_eq!(finding.severity, Severity::Likely);
        assert!(finding.detail.contains("trunk interface"), "{}", finding.detail);
    }

    #[test]
    fn without_instances_there_is_no_status() {
        let mut world = World::default();
        without_instances(unplaced(&mut world, MESSAGE));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
