//! ECS Exec: whether commands can be run in the task's containers.
//!
//! A task starts without it: its faults are warnings, unless it is ECS Exec that failed.

super::checks! {
    task_running: TaskRunning,
    enabled: Enabled,
    update_needs_role: UpdateNeedsRole,
    platform: Platform,
    managed_agent: ManagedAgent,
    readonly_root: ReadonlyRoot,
    init_process: InitProcess,
    pid_mode: PidMode,
    logging: Logging,
    client: Client,
    ipv6_only: Ipv6Only,
    async_placement: AsyncPlacement,
    sidecar_name: SidecarName,
}

use crate::{
    case::{Case, Symptom},
    facts::Missing,
    finding::Severity,
};
use std::sync::Arc;

/// Why the checks of ECS Exec do not apply.
const OFF: &str = "ECS Exec is off, and the failure is not about it";

/// The agent that ECS Exec runs in a container.
const AGENT: &str = "ExecuteCommandAgent";

/// How far ECS Exec is the question.
struct Exec {
    /// What says that ECS Exec failed.
    failure: Option<Arc<Symptom>>,
    /// Whether the task, or without one its service, has it on.
    on: bool,
    /// Whether there is a task in which a command could run, now or soon.
    alive: bool,
}

impl Exec {
    /// `None` where ECS Exec is off and nothing is said about it.
    fn of(case: &Case<'_>) -> Result<Option<Self>, Missing> {
        let failure = case.symptom()?.filter(|symptom| {
            symptom
                .reading
                .signature
                .is_some_and(|known| known.starts_with("EXEC-") || known == "REG-EXECROLE")
        });
        let (on, alive) = match case.task()? {
            Some(task) => (task.enable_execute_command, !task.is_stopped()),
            None => (case.service()?.is_some_and(|service| service.enable_execute_command), true),
        };
        Ok((on || failure.is_some()).then_some(Self { failure, on, alive }))
    }

    /// The severity of what explains a failure of ECS Exec: it explains nothing else.
    fn severity(&self, severity: Severity) -> Severity {
        if self.failure.is_some() { severity } else { severity.min(Severity::Warning) }
    }

    /// Whether advice about ECS Exec is to the point.
    fn wants_advice(&self) -> bool {
        self.failure.is_some() || self.on && self.alive
    }
}

#[cfg(test)]
mod failure {
    //! What ECS Exec says when it fails, for the tests of checks.

    use serde_json::{Value, json};

    use crate::checks::testing::World;

    pub(super) const MESSAGE: &str = "The execute command failed because execute command was not \
        enabled when the task was run or the execute command agent isn't running. Wait and try \
        again or run a new task with execute command enabled and try again.";

    /// The task runs, with ECS Exec on.
    pub(super) fn on(world: &mut World) -> &mut World {
        world
            .task("/enableExecuteCommand", json!(true))
            .task("/lastStatus", json!("RUNNING"))
            .task("/desiredStatus", json!("RUNNING"))
            .task("/startedAt", json!("2026-11-20T10:00:40Z"))
            .task("/stopCode", Value::Null)
            .task("/stoppedAt", Value::Null)
            .task("/stoppedReason", Value::Null)
            .definition("/taskRoleArn", json!("arn:aws:iam::111122223333:role/checkout"))
    }
}
