use super::{AGENT, Exec, OFF};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Finding, Remedy, Severity},
};

check! {
    /// ECS Exec: its agent runs in the containers
    ///
    /// # What it looks at
    /// `managedAgents` of every container of a task that runs: the `ExecuteCommandAgent` must be
    /// `RUNNING`. One that has still to be started is `PENDING`.
    ///
    /// # Why it matters
    /// Without its agent no command can be run in a container (`TargetNotConnectedException`). It
    /// does not start on a read-only root file system, and stops if the task role may not open
    /// channels of Systems Manager, or if these cannot be reached.
    ///
    /// # How to fix it
    /// Follow the reason and the other findings about ECS Exec; then start a new task.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedAgent.html>
    ManagedAgent {
        id: "exec-managed-agent",
        domain: "exec",
        phase: Run,
        causes: [ExecAgentCannotConnect],
        explains: [],
    }
}

impl Check for ManagedAgent {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(exec) = Exec::of(cx)? else { return cx.not_applicable(OFF) };
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        if !exec.alive {
            return cx.not_applicable("the task stopped, and with it the agents in its containers");
        }
        let stopped: Vec<_> = this
            .containers
            .iter()
            .enumerate()
            .flat_map(|(at, container)| {
                let agents = container.managed_agents.iter().enumerate();
                agents.map(move |(place, agent)| (at, container, place, agent))
            })
            .filter(|(.., agent)| {
                agent.name.as_deref() == Some(AGENT)
                    && agent.last_status.as_deref() == Some("STOPPED")
            })
            .collect();
        if stopped.is_empty() {
            return Ok(());
        }
        let names = stopped.iter().filter_map(|(_, container, ..)| container.name.as_deref());
        let reasons: Vec<_> = stopped
            .iter()
            .filter_map(|(.., agent)| agent.reason.as_deref())
            .filter(|reason| !reason.is_empty())
            .collect();
        let detail = match reasons.first() {
            Some(reason) => format!("no command can be run there; the agent says `{reason}`"),
            None => "no command can be run there; the agent gives no reason".to_owned(),
        };
        let mut finding = Finding::of(
            exec.severity(Severity::Likely),
            format!("the agent of ECS Exec stopped in {}", definition::containers(names)),
        )
        .detail(detail)
        .resource(task::resource(&this));
        for (at, _, place, _) in &stopped {
            let pointer = format!("/containers/{at}/managedAgents/{place}/lastStatus");
            finding = finding.evidence(task::evidence(cx, &this, pointer, "STOPPED"));
        }
        let mut remedy = Remedy::new("remove the reason, and start a new task").step(
            "the root file system must be writable, the task role must allow \
             `ssmmessages:*Channel`, and the task must reach Systems Manager",
        );
        if let Some(command) = definition::update_service(cx) {
            remedy = remedy.command(format!("{command} --force-new-deployment"));
        }
        cx.report(finding.remedy(remedy));
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::failure::{MESSAGE, on};
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const ID: &str = "exec-managed-agent";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            agent(world, "STOPPED").stopped(MESSAGE);
        },
        passes: |world| {
            agent(world, "RUNNING");
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("tasks");
        },
        near_miss: |world| {
            agent(world, "RUNNING").stopped(MESSAGE);
        },
    };

    fn agent<'w>(world: &'w mut World, status: &str) -> &'w mut World {
        on(world).task(
            "/containers/0/managedAgents",
            json!([
                {"name": "Another", "lastStatus": "STOPPED"},
                {"name": "ExecuteCommandAgent", "lastStatus": status,
                    "reason": "ExecuteCommandAgent process exited with exit code: 255"},
            ]),
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        likely: the agent of ECS Exec stopped in container `app`
          no command can be run there; the agent says `ExecuteCommandAgent process exited with exit code: 255`
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: remove the reason, and start a new task
          - the root file system must be writable, the task role must allow `ssmmessages:*Channel`, and the task must reach Systems Manager
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --force-new-deployment
        ");
    }

    #[test]
    fn the_agent_itself_is_the_symptom_of_a_task_that_runs() {
        let mut world = World::default();
        agent(&mut world, "STOPPED");
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Likely);
        agent(&mut world, "PENDING");
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn in_a_stopped_task_it_stopped_too() {
        let mut world = World::default();
        agent(&mut world, "STOPPED").task("/lastStatus", json!("STOPPED"));
        world.stopped("Essential container in task exited");
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
