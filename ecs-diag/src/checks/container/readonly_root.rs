use std::collections::HashMap;

use serde_json::json;

use super::stops::by_name;
use crate::{
    aws::ecs::ContainerDefinition,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Containers with a read-only root file system have a place to write to
    ///
    /// # What it looks at
    /// Containers with `readonlyRootFilesystem` that ended with an error, or in a task with ECS Exec:
    /// whether a volume or `tmpfs` that can be written to is mounted at `/tmp` or above.
    ///
    /// # Why it matters
    /// Many programs keep a socket, a PID file or a cache in `/tmp` or `/var/run` and end with an error
    /// of their own where they cannot; nothing in the task says so, only the log. ECS Exec does not
    /// work at all: its agent writes to the root file system.
    ///
    /// # How to fix it
    /// Mount a volume or `tmpfs` where the program writes. For ECS Exec, let the root file system be
    /// written to.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>
    ReadonlyRoot {
        id: "ctr-readonly-root",
        domain: "container",
        phase: Run,
        causes: [],
        explains: [],
    }
}

impl Check for ReadonlyRoot {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let this = cx.task()?;
        let exec = this.as_ref().is_some_and(|this| this.enable_execute_command);
        let states = this.as_deref().map_or(HashMap::new(), by_name);
        let failed = |container: &ContainerDefinition| {
            let state = states.get(container.name.as_str());
            state.is_some_and(|(_, state)| state.exit_code.is_some_and(|code| code != 0))
        };
        let (mut at_fault, mut why) = (Vec::new(), Vec::new());
        for (at, container) in task_definition.container_definitions.iter().enumerate() {
            let unwritable = container.readonly_root_filesystem && !can_write(container);
            if container.readonly_root_filesystem && exec || unwritable && failed(container) {
                at_fault.push((at, container));
            }
            if unwritable && failed(container) {
                why.push(format!(
                    "`{}` ended with an error and has no place to write to, not even `/tmp`",
                    container.name
                ));
            }
        }
        if at_fault.is_empty() {
            return Ok(());
        }
        if exec {
            why.push("ECS Exec needs a root file system that can be written to".to_owned());
        }
        let names = definition::containers(at_fault.iter().map(|(_, c)| c.name.as_str()));
        let label = definition::name(&task_definition);
        let verb = if at_fault.len() == 1 { "has" } else { "have" };
        let mut finding =
            Finding::info(format!("{names} of `{label}` {verb} a read-only root file system"))
                .detail(why.join("; "))
                .resource(definition::resource(&task_definition));
        for (at, _) in &at_fault {
            finding = finding.evidence(definition::evidence(
                cx,
                &task_definition,
                &format!("/containerDefinitions/{at}/readonlyRootFilesystem"),
                json!(true),
            )?);
        }
        let remedy = if exec {
            Remedy::new("set `readonlyRootFilesystem` to `false`, or do without ECS Exec")
        } else {
            Remedy::new(
                "mount a volume or `tmpfs` where the program writes, for instance at `/tmp`",
            )
            .step("read the log of the container: it names the file that could not be written")
        };
        cx.report(finding.remedy(remedy));
        Ok(())
    }
}

/// Whether something that can be written to is mounted at `/tmp` or above.
fn can_write(container: &ContainerDefinition) -> bool {
    let holds_tmp = |path: &Option<String>| {
        path.as_deref()
            .is_some_and(|path| ["/tmp", "/"].contains(&path.trim_end_matches('/')) || path == "/")
    };
    container.mount_points.iter().any(|mount| !mount.read_only && holds_tmp(&mount.container_path))
        || container
            .linux_parameters
            .iter()
            .flat_map(|parameters| &parameters.tmpfs)
            .any(|tmpfs| holds_tmp(&tmpfs.container_path))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "ctr-readonly-root";

    fn exited(world: &mut World) -> &mut World {
        world
            .stopped("Essential container in task exited")
            .task("/stopCode", json!("EssentialContainerExited"))
            .task("/startedAt", json!("2026-11-20T10:00:30Z"))
            .task("/containers/0/exitCode", json!(1))
            .container("/readonlyRootFilesystem", json!(true))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            exited(world);
        },
        passes: |world| {
            world.container("/readonlyRootFilesystem", json!(true));
        },
        unknown: |world| {
            exited(world).deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            exited(world)
                .container("/mountPoints", json!([{"sourceVolume": "t", "containerPath": "/tmp"}]));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        info: container `app` of `checkout:42` has a read-only root file system
          `app` ended with an error and has no place to write to, not even `/tmp`
          @ AWS::ECS::TaskDefinition checkout:42
          fix: mount a volume or `tmpfs` where the program writes, for instance at `/tmp`
          - read the log of the container: it names the file that could not be written
        ");
    }

    #[test]
    fn what_can_be_written_to() {
        for (pointer, value, found) in [
            ("/mountPoints", json!([{"containerPath": "/data"}]), 1),
            ("/mountPoints", json!([{"containerPath": "/tmp", "readOnly": true}]), 1),
            ("/mountPoints", json!([{"containerPath": "/tmp/"}]), 0),
            ("/linuxParameters", json!({"tmpfs": [{"containerPath": "/tmp", "size": 64}]}), 0),
            ("/readonlyRootFilesystem", Value::Null, 0),
        ] {
            let mut world = EXAMPLES.failing();
            world.container(pointer, value.clone());
            assert_eq!(world.outcome(ID).findings.len(), found, "{pointer} {value}");
        }
    }

    #[test]
    fn exec_needs_the_root_file_system() {
        let mut world = EXAMPLES.near_miss();
        world.task("/enableExecuteCommand", json!(true));
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].detail.contains("ECS Exec"), "{outcome:?}");
        assert_eq!(outcome.status, Status::Passed);
    }
}
