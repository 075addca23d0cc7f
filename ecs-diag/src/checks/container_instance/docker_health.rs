use crate::{
    Phase,
    check::{Check, Cx, Meta, check},
    checks::instances,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Docker on the task's container instance is healthy
    ///
    /// # What it looks at
    /// `healthStatus` of the instance that the task was placed on, which agents report since version
    /// 1.57.0: whether the container runtime, or something else that the agent examines, is `IMPAIRED`.
    ///
    /// # Why it matters
    /// A Docker daemon that does not answer leaves tasks `PENDING`, and gives errors that look like
    /// faults of the container: `DockerTimeoutError`, `CannotGetDockerclientError`,
    /// `CannotInspectContainerError`.
    ///
    /// # How to fix it
    /// Restart Docker and the agent, or replace the instance.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-health.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_InstanceHealthCheckResult.html>
    DockerHealth {
        id: "ci-docker-health",
        domain: "container-instance",
        phase: Create,
        causes: [HostDockerBroken, HostDockerSlow],
        explains: [],
    }
}

impl Check for DockerHealth {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let host = match instances::placed_on(cx)? {
            Ok(Some(host)) => host,
            Ok(None) => {
                return cx
                    .not_applicable("the task's container instance is not registered any more");
            }
            Err(why) => return cx.not_applicable(why),
        };
        let id = host.ec2_id();
        let Some(health) = host.health_status.as_ref().filter(|h| !h.details.is_empty()) else {
            let query = host.evidence(cx, "/healthStatus", "").query;
            let why = format!("the answer does not tell the health of `{id}`");
            return Err(Missing::undecided(query, why));
        };
        let mut impaired: Vec<_> = health
            .details
            .iter()
            .filter(|detail| detail.status.as_deref() == Some("IMPAIRED"))
            .map(|detail| (detail.kind.as_deref().unwrap_or("health"), detail.last_status_change))
            .collect();
        impaired.sort_unstable_by_key(|(kind, _)| *kind);
        let symptom = cx.symptom()?.and_then(|symptom| symptom.reading.phase);
        for (kind, since) in impaired {
            let what = match kind {
                "CONTAINER_RUNTIME" => "its Docker daemon does not answer as it should",
                "ACCELERATED_COMPUTE" => "one of its GPUs is impaired",
                _ => "it cannot run tasks as it should",
            };
            let for_how_long = since.map_or(String::new(), |since| format!(", since {since}"));
            let mut finding = Finding::likely(format!(
                "the health of the task's instance `{id}` is impaired: `{kind}`{for_how_long}"
            ))
            .detail(format!("{what}; tasks there hang or fail, whatever their definition says"))
            .resource(host.resource())
            .named(host.id())
            .evidence(host.evidence(cx, "/healthStatus", "IMPAIRED"))
            .changed_at(since)
            .remedy(
                Remedy::new("replace the instance, or restart Docker and the agent on it")
                    .step("on the instance: `sudo systemctl restart docker && sudo systemctl start ecs`")
                    .command(instances::describe_command(cx, &[host.id()]) + " --include CONTAINER_INSTANCE_HEALTH"),
            );
            // Docker is needed from the pull on.
            finding.phase = symptom.filter(|phase| *phase >= Phase::Pull);
            cx.report(finding);
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{one, stopped_on, unplaced},
            testing::{Examples, World},
        },
    };

    const ID: &str = "ci-docker-health";
    const MESSAGE: &str = "CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s";
    const HEALTH: &str = "/healthStatus/details/0/status";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            one(stopped_on(world, MESSAGE), 0, HEALTH, json!("IMPAIRED"));
        },
        passes: |world| {
            stopped_on(world, MESSAGE);
        },
        unknown: |world| {
            one(stopped_on(world, MESSAGE), 0, "/healthStatus", Value::Null);
        },
        near_miss: |world| {
            // It is another instance that is impaired.
            one(stopped_on(world, MESSAGE), 1, HEALTH, json!("IMPAIRED"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: the health of the task's instance `i-0a000000000000001` is impaired: `CONTAINER_RUNTIME`, since 2026-11-01T08:00:00Z
          its Docker daemon does not answer as it should; tasks there hang or fail, whatever their definition says
          @ AWS::ECS::ContainerInstance 0a0000000000000000000000000000a1
          fix: replace the instance, or restart Docker and the agent on it
          - on the instance: `sudo systemctl restart docker && sudo systemctl start ecs`
          $ aws ecs describe-container-instances --container-instances 0a0000000000000000000000000000a1 --cluster shop --region eu-west-1 --include CONTAINER_INSTANCE_HEALTH
        ");
    }

    #[test]
    fn without_an_instance_there_is_no_docker() {
        let mut world = World::default();
        unplaced(&mut world, MESSAGE);
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
