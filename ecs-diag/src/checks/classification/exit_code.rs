use serde_json::json;

use super::failure;
use crate::{
    Phase,
    aws::ecs::{Container, TaskDefinition},
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Finding, Remedy},
    shell,
    signature::{self, Cause},
};

check! {
    /// What the exit code of the container that ended the task means
    ///
    /// # What it looks at
    /// Exit codes of the essential containers: the first one that is not 0, else the first one. A
    /// container without an exit code never ran. Code 137 is a lack of memory only where the
    /// container's reason says so.
    ///
    /// # Why it matters
    /// A task stops with its first essential container, even when that ends well. Codes up to 125 are
    /// the application's own; 126 and 127 come from the runtime; above 128 a signal ended the
    /// process: 137 is SIGKILL, which ECS also sends after `stopTimeout` or a failed health check.
    ///
    /// # How to fix it
    /// Read the log of that container; the reason for a code of the application's own stands there
    /// and nowhere else.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Container.html>
    ExitCode {
        id: "cls-exit-code",
        domain: "classification",
        phase: Run,
        causes: [],
        explains: [],
    }
}

impl Check for ExitCode {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        if !this.is_stopped() {
            return Ok(());
        }
        if failure(cx)?.is_none() {
            return cx.not_applicable("nothing speaks of a failure");
        }
        if this.containers.iter().all(|container| container.exit_code.is_none()) {
            return Ok(());
        }
        let definition = cx.definition()?;
        let essential = |container: &&Container| {
            container.exit_code.is_some()
                && defined(&definition, container).is_none_or(|of| of.essential.unwrap_or(true))
        };
        let first = this
            .containers
            .iter()
            .filter(essential)
            .find(|container| container.exit_code != Some(0))
            .or_else(|| this.containers.iter().find(essential));
        let Some(first) = first else { return Ok(()) };
        let code = first.exit_code.unwrap_or_default();
        let name = first.name.as_deref().unwrap_or("");
        let out_of_memory = first
            .reason
            .as_deref()
            .is_some_and(|reason| signature::read(reason).causes.contains(&Cause::Oom));
        let others: Vec<_> = this
            .containers
            .iter()
            .filter(|other| other.name != first.name)
            .map(|other| {
                let name = other.name.as_deref().unwrap_or("");
                match other.exit_code {
                    Some(code) => format!("`{name}` exited with {code}"),
                    None => format!(
                        "`{name}` has no exit code: it never ran or was killed with its host"
                    ),
                }
            })
            .collect();
        let mut detail = meaning(code, out_of_memory);
        if !others.is_empty() {
            detail += &format!("; {}", others.join(", "));
        }
        let mut remedy = Remedy::new(format!("read the log of container `{name}`"));
        if let Some(command) = log_command(cx, &definition, first, task::id(&this.task_arn)) {
            remedy = remedy.command(command);
        }
        let at = this.containers.iter().position(|other| other.name == first.name).unwrap_or(0);
        cx.report(
            Finding::info(format!("essential container `{name}` exited with code {code}"))
                .detail(detail)
                .phase(if this.started_at.is_some() { Phase::Run } else { Phase::Start })
                .resource(task::resource(&this))
                .evidence(task::evidence(
                    cx,
                    &this,
                    format!("/containers/{at}/exitCode"),
                    json!(code),
                ))
                .remedy(remedy),
        );
        Ok(())
    }
}

fn defined<'d>(
    definition: &'d TaskDefinition,
    container: &Container,
) -> Option<&'d crate::aws::ecs::ContainerDefinition> {
    let name = container.name.as_ref()?;
    definition.container_definitions.iter().find(|defined| defined.name == *name)
}

fn meaning(code: i64, out_of_memory: bool) -> String {
    let signal = |name: &str, why: &str| format!("the process was ended by {name}: {why}");
    match code {
        _ if out_of_memory => {
            "the kernel killed a process in it that exceeded the memory limit".to_owned()
        }
        0 => {
            "the process ended on its own, without an error; a task stops with its first essential \
              container all the same"
                .to_owned()
        }
        126 => "the command was found but cannot be executed: no execute bit, or a directory"
            .to_owned(),
        127 => "the command, or a command in its script, was not found in the image".to_owned(),
        132 => signal("SIGILL", "the binary needs instructions that the processor does not have"),
        134 => signal("SIGABRT", "it aborted itself"),
        135 => signal("SIGBUS", "it accessed memory that is not there"),
        137 => signal(
            "SIGKILL",
            "nothing says that memory was the reason; it also comes after `stopTimeout` when the \
             process ignores SIGTERM, and after a failed health check",
        ),
        139 => signal("SIGSEGV", "it accessed memory that is not its own"),
        143 => signal("SIGTERM", "it was asked to stop, and did"),
        129..=165 => signal(&format!("signal {}", code - 128), "the code is 128 plus its number"),
        255 => {
            "the process ended with -1, or the runtime could not execute it, for instance because \
                it is built for another processor"
                .to_owned()
        }
        _ => "the code is the application's own: its log tells the reason".to_owned(),
    }
}

/// The command that shows the container's log, where it goes to CloudWatch Logs under a known name.
fn log_command(
    cx: &Cx<'_>,
    definition: &TaskDefinition,
    container: &Container,
    task: &str,
) -> Option<String> {
    let defined = defined(definition, container)?;
    let log = defined.log_configuration.as_ref()?;
    let stream = format!("{}/{}/{task}", log.option("awslogs-stream-prefix")?, defined.name);
    let region = log
        .option("awslogs-region")
        .map(str::to_owned)
        .or_else(|| cx.region().map(str::to_owned))?;
    Some(format!(
        "aws logs get-log-events --log-group-name {} --log-stream-name {} --region {}",
        shell::quoted(log.option("awslogs-group")?),
        shell::quoted(&stream),
        shell::quoted(&region)
    ))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::checks::testing::{Examples, World};

    fn exited(world: &mut World, code: Value) -> &mut World {
        world
            .stopped("Essential container in task exited")
            .task("/stopCode", json!("EssentialContainerExited"))
            .task("/startedAt", json!("2026-11-20T10:00:40Z"))
            .task("/containers/0/exitCode", code)
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            exited(world, json!(137));
        },
        passes: |_| {},
        unknown: |world| {
            exited(world, json!(137)).deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            exited(world, json!(null));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("cls-exit-code"), @r"
        info: essential container `app` exited with code 137
          the process was ended by SIGKILL: nothing says that memory was the reason; it also comes after `stopTimeout` when the process ignores SIGTERM, and after a failed health check
          @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
          fix: read the log of container `app`
          $ aws logs get-log-events --log-group-name /ecs/checkout --log-stream-name app/app/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c --region eu-west-1
        ");
    }

    #[test]
    fn memory_is_the_reason_only_where_the_reason_says_so() {
        let detail = |world: &World| world.outcome("cls-exit-code").findings[0].detail.clone();
        let mut world = World::default();
        assert!(!detail(exited(&mut world, json!(137))).contains("exceeded the memory limit"));
        let reason = "OutOfMemoryError: Container killed due to memory usage";
        world.task("/containers/0/reason", json!(reason));
        assert!(detail(&world).contains("exceeded the memory limit"));
    }

    #[test]
    fn the_first_essential_container_that_failed_is_the_one() {
        let mut world = World::default();
        exited(&mut world, json!(0))
            .definition("/containerDefinitions/-", json!({"name": "warmup", "essential": false}))
            .definition("/containerDefinitions/-", json!({"name": "proxy"}))
            .task("/containers/-", json!({"name": "warmup", "exitCode": 1}))
            .task("/containers/-", json!({"name": "proxy", "exitCode": 127}));
        let finding = &world.outcome("cls-exit-code").findings[0];
        assert_eq!(finding.summary, "essential container `proxy` exited with code 127");
        assert!(finding.detail.contains("`warmup` exited with 1"));
    }

    #[test]
    fn every_code_has_a_meaning() {
        for code in [-1, 0, 1, 126, 127, 130, 132, 134, 135, 139, 143, 255, 3_221_225_477] {
            assert!(!super::meaning(code, false).is_empty());
        }
    }
}
