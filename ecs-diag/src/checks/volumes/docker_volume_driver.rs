use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    about, named,
    platform::{Capability, capability},
    volumes,
};
use crate::{
    LaunchType,
    aws::ecs::ContainerInstance,
    check::{Check, Cx, Meta, check},
    checks::definition,
    edit::Edit,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Docker has the volume drivers that the task's volumes name
    ///
    /// # What it looks at
    /// `dockerVolumeConfiguration` of every volume. Fargate has no Docker volumes. Elsewhere the
    /// container instance must have the attribute `ecs.capability.docker-plugin.DRIVER`; the driver
    /// `local` is always there, and `:latest` behind a name makes no difference. `autoprovision`
    /// goes with the scope `shared` only.
    ///
    /// # Why it matters
    /// ECS places the task on no instance whose agent did not find the driver (`ATTRIBUTE`); a
    /// driver that went away since fails with `CannotCreateVolumeError`.
    ///
    /// # How to fix it
    /// Install the plugin on the container instance and restart the agent, which looks for plugins
    /// when it starts; write its name as `docker plugin ls` does.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/docker-volumes.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-volume-config.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DockerVolumeConfiguration.html>
    DockerVolumeDriver {
        id: "docker-volume-driver",
        domain: "volumes",
        phase: Volume,
        causes: [VolumeEc2DockerDriver, PlaceAttributeOrGpu],
        explains: [],
    }
}

const LOCAL: &str = "local";
const PREFIX: &str = "ecs.capability.docker-plugin.";

/// The attributes that prove a driver: colons are dots in them, and `:latest` may be left out.
fn attributes(driver: &str) -> [String; 2] {
    let bare = driver.strip_suffix(":latest").unwrap_or(driver);
    [bare, driver].map(|name| format!("{PREFIX}{}", name.replace(':', ".")))
}

impl Check for DockerVolumeDriver {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let found = volumes(&task_definition, |volume| volume.docker_volume_configuration.as_ref());
        if found.is_empty() {
            return cx.not_applicable("no volume of the task is a Docker volume");
        }
        let label = definition::name(&task_definition);
        if cx.launch_type()? == LaunchType::Fargate {
            let what = named(found.iter().map(|(_, name, _)| *name));
            let mut remedy = Remedy::new(format!(
                "leave `dockerVolumeConfiguration` of {what} out: the volume is then an empty \
                 directory that the task's containers share"
            ));
            for (place, ..) in &found {
                remedy = remedy.edit(Edit::Remove(
                    definition::object(&task_definition),
                    format!("/volumes/{place}/dockerVolumeConfiguration"),
                ));
            }
            let seen = found.iter().map(|(place, _, docker)| {
                let driver = docker.driver.as_deref().unwrap_or(LOCAL);
                (format!("/volumes/{place}/dockerVolumeConfiguration"), Value::from(driver))
            });
            let finding = Finding::blocker(format!(
                "{what} of `{label}` cannot be a Docker volume on Fargate"
            ))
            .detail("Fargate has no Docker volumes; ECS refuses the task")
            .remedy(definition::deployed(cx, &task_definition, remedy));
            let finding = about(cx, &task_definition, finding, seen)?;
            cx.report(finding);
            return Ok(());
        }

        let provisioned: Vec<_> = found
            .iter()
            .filter(|(.., docker)| {
                docker.autoprovision == Some(true) && docker.scope.as_deref() != Some("shared")
            })
            .collect();
        if !provisioned.is_empty() {
            let what = named(provisioned.iter().map(|(_, name, _)| *name));
            let pointer =
                |place: usize| format!("/volumes/{place}/dockerVolumeConfiguration/autoprovision");
            let mut remedy = Remedy::new(format!("leave `autoprovision` of {what} out"));
            for (place, ..) in &provisioned {
                remedy = remedy
                    .edit(Edit::Remove(definition::object(&task_definition), pointer(*place)));
            }
            let seen = provisioned.iter().map(|(place, ..)| (pointer(*place), Value::Bool(true)));
            let finding = Finding::blocker(format!(
                "{what} of `{label}` {} `autoprovision` without the scope `shared`",
                if provisioned.len() == 1 { "has" } else { "have" },
            ))
            .detail(
                "a volume of the scope `task` is always created; ECS refuses `autoprovision` with \
                 it",
            )
            .remedy(definition::deployed(cx, &task_definition, remedy));
            let finding = about(cx, &task_definition, finding, seen)?;
            cx.report(finding);
        }

        let mut drivers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (_, name, docker) in &found {
            if let Some(driver) = docker.driver.as_deref().filter(|d| !["", LOCAL].contains(d)) {
                drivers.entry(driver).or_default().push(name);
            }
        }
        cx.each(drivers, |cx, (driver, users)| {
            let [bare, whole] = attributes(driver);
            let needs = Capability {
                what: named(users),
                attribute: bare.clone(),
                remedy: Remedy::new(format!(
                    "install the volume driver `{driver}` on the container instances"
                ))
                .step(
                    "`docker plugin ls` on the instance shows the driver's name and that it is \
                     enabled",
                )
                .step("restart the ECS agent: it looks for plugins when it starts"),
            };
            let has = |instance: &ContainerInstance| instance.has(&bare) || instance.has(&whole);
            if let Some(finding) = capability(cx, needs, has)? {
                cx.report(finding.named(driver));
            }
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{not_placed, placed},
            testing::{Examples, World},
        },
    };

    const ID: &str = "docker-volume-driver";
    const MESSAGE: &str = "CannotCreateVolumeError: Error response from daemon: create data: error \
        looking up volume plugin rexray/ebs: plugin \"rexray/ebs\" not found";
    const ATTRIBUTE: &str = "ecs.capability.docker-plugin.rexray/ebs";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            placed(with_driver(world, json!("rexray/ebs")), "EC2", &[]).stopped(MESSAGE);
        },
        passes: |world| {
            placed(with_driver(world, json!("rexray/ebs")), "EC2", &[ATTRIBUTE]);
        },
        unknown: |world| {
            placed(with_driver(world, json!("rexray/ebs")), "EC2", &[])
                .stopped(MESSAGE)
                .without("containerInstances");
        },
        near_miss: |world| {
            placed(with_driver(world, json!("rexray/ebs")), "EC2", &[ATTRIBUTE]).stopped(MESSAGE);
        },
    };

    fn with_driver(world: &mut World, driver: Value) -> &mut World {
        let mut docker = json!({"scope": "shared", "autoprovision": true});
        if !driver.is_null() {
            docker["driver"] = driver;
        }
        world.definition("/volumes", json!([{"name": "data", "dockerVolumeConfiguration": docker}]))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: container instance `0a0000000000000000000000000000a1` (agent 1.98.0) does not have `ecs.capability.docker-plugin.rexray/ebs`
          without it volume `data` cannot be mounted; the agent registers the attribute when it finds what that takes, and ECS places the task on no instance that lacks it
          @ AWS::ECS::ContainerInstance 0a0000000000000000000000000000a1
          fix: install the volume driver `rexray/ebs` on the container instances
          - `docker plugin ls` on the instance shows the driver's name and that it is enabled
          - restart the ECS agent: it looks for plugins when it starts
        ");
    }

    #[test]
    fn the_driver_local_is_always_there_and_latest_makes_no_difference() {
        for (driver, attribute, status) in [
            (Value::Null, "x", Status::Passed),
            (json!("local"), "x", Status::Passed),
            (json!("rexray/ebs:latest"), ATTRIBUTE, Status::Passed),
            (json!("rexray/ebs:0.11"), ATTRIBUTE, Status::Failed),
            (
                json!("rexray/ebs:0.11"),
                "ecs.capability.docker-plugin.rexray/ebs.0.11",
                Status::Passed,
            ),
        ] {
            let mut world = World::default();
            placed(with_driver(&mut world, driver.clone()), "EC2", &[attribute]);
            assert_eq!(world.outcome(ID).status, status, "{driver}");
        }
    }

    #[test]
    fn no_instance_of_the_cluster_has_it() {
        let mut world = World::default();
        not_placed(with_driver(&mut world, json!("rexray/ebs")), "EC2", &[&[], &[]]);
        assert_eq!(world.outcome(ID).findings[0].resources[0].kind, "AWS::ECS::Cluster");
        not_placed(&mut world, "EC2", &[&[], &[ATTRIBUTE]]);
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn fargate_has_no_docker_volumes() {
        let mut world = World::default();
        with_driver(&mut world, Value::Null);
        assert_eq!(world.outcome(ID).status, Status::Failed);
        assert!(world.verified(ID));
    }

    #[test]
    fn a_volume_of_the_task_is_always_created() {
        let mut world = World::default();
        placed(with_driver(&mut world, Value::Null), "EC2", &[])
            .definition("/volumes/0/dockerVolumeConfiguration/scope", json!("task"));
        assert_eq!(world.outcome(ID).status, Status::Failed);
        assert!(world.verified(ID));
        world.definition("/volumes/0/dockerVolumeConfiguration/autoprovision", json!(false));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
