use std::collections::{BTreeMap, BTreeSet};

use super::{about, named, volumes};
use crate::{
    LaunchType, Phase,
    check::{Check, Cx, Meta, check},
    checks::definition,
    edit::Edit,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Mount points name volumes that exist, and can be mounted
    ///
    /// # What it looks at
    /// `mountPoints` and `volumesFrom` of every container: whether the task definition has the
    /// volume or the container that they name. `host.sourcePath` of a volume, which Fargate does
    /// not have. Where the failure message says that a mount failed, the volume that is mounted
    /// there.
    ///
    /// # Why it matters
    /// Without its volume a container cannot be created. A directory cannot be mounted on a file of
    /// the image, nor a file on a directory: `error mounting "…" to rootfs at "…": not a
    /// directory`. If `sourcePath` does not exist on the instance, Docker creates a directory
    /// there, even where a file was meant.
    ///
    /// # How to fix it
    /// Name a volume of the task definition; mount directories on directories; put the file on the
    /// instance before the task starts.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_MountPoint.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HostVolumeProperties.html>
    BindMounts {
        id: "bind-mounts",
        domain: "volumes",
        phase: Start,
        causes: [StartBindMountFailed],
        explains: [],
    }
}

impl Check for BindMounts {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let label = definition::name(&task_definition);
        let containers = &task_definition.container_definitions;
        let mounts = || {
            containers.iter().enumerate().flat_map(|(at, container)| {
                let points = container.mount_points.iter().enumerate();
                points.map(move |(place, point)| {
                    (format!("/containerDefinitions/{at}/mountPoints/{place}"), container, point)
                })
            })
        };
        let volume_names: BTreeSet<&str> =
            task_definition.volumes.iter().map(|volume| volume.name.as_str()).collect();
        let container_names: BTreeSet<&str> =
            containers.iter().map(|container| container.name.as_str()).collect();

        // What is named and not there, with who names it and where.
        let mut gone: BTreeMap<String, Vec<(&str, String)>> = BTreeMap::new();
        for (pointer, container, point) in mounts() {
            let Some(source) = &point.source_volume else { continue };
            if !volume_names.contains(source.as_str()) {
                gone.entry(format!("volume `{source}`"))
                    .or_default()
                    .push((&container.name, format!("{pointer}/sourceVolume")));
            }
        }
        for (at, container) in containers.iter().enumerate() {
            for (place, from) in container.volumes_from.iter().enumerate() {
                let Some(source) = &from.source_container else { continue };
                if !container_names.contains(source.as_str()) {
                    gone.entry(format!("container `{source}`")).or_default().push((
                        &container.name,
                        format!("/containerDefinitions/{at}/volumesFrom/{place}/sourceContainer"),
                    ));
                }
            }
        }
        if !gone.is_empty() {
            let what: Vec<_> = gone
                .iter()
                .map(|(what, users)| {
                    let users = definition::containers(users.iter().map(|(name, _)| *name));
                    format!("{what}, which {users} mounts from")
                })
                .collect();
            let seen = gone.iter().flat_map(|(what, users)| {
                users.iter().map(move |(_, pointer)| (pointer.clone(), what.as_str().into()))
            });
            let finding = Finding::blocker(format!("`{label}` has no {}", what.join("; no ")))
                .phase(Phase::Create)
                .detail("ECS refuses a task definition whose mounts name what it does not have")
                .remedy(Remedy::new(
                    "add what is missing to the task definition, or leave the mount out",
                ));
            let finding = about(cx, &task_definition, finding, seen)?;
            cx.report(finding);
        }

        let hosts = volumes(&task_definition, |volume| {
            volume.host.as_ref()?.source_path.as_deref().filter(|path| !path.is_empty())
        });
        if !hosts.is_empty() && cx.launch_type()? == LaunchType::Fargate {
            let what = named(hosts.iter().map(|(_, name, _)| *name));
            let pointer = |place: usize| format!("/volumes/{place}/host/sourcePath");
            let mut remedy = Remedy::new(format!(
                "leave `host.sourcePath` of {what} out: the volume is then an empty directory that \
                 the task's containers share"
            ));
            for (place, ..) in &hosts {
                remedy = remedy
                    .edit(Edit::Remove(definition::object(&task_definition), pointer(*place)));
            }
            let seen = hosts.iter().map(|(place, _, path)| (pointer(*place), (*path).into()));
            let finding = Finding::blocker(format!(
                "{what} of `{label}` cannot have a `sourcePath` on Fargate"
            ))
            .phase(Phase::Create)
            .detail("there is no host whose directories a task on Fargate could mount")
            .remedy(definition::deployed(cx, &task_definition, remedy));
            let finding = about(cx, &task_definition, finding, seen)?;
            cx.report(finding);
        }

        let Some(symptom) = cx.symptom()? else { return Ok(()) };
        if symptom.reading.signature != Some("CSC-MOUNT") {
            return Ok(());
        }
        let sources: BTreeMap<&str, &str> =
            hosts.iter().map(|(_, name, path)| (*name, *path)).collect();
        let source_of = |name: &str| sources.get(name).copied();
        let said = symptom.reading.parameters.get("path").map(String::as_str);
        let failed = mounts().find(|(_, _, point)| {
            let there = point.container_path.as_deref().is_some_and(|path| {
                !path.is_empty() && symptom.text.contains(&format!("\"{path}\""))
            });
            let source = point.source_volume.as_deref().and_then(source_of);
            there && source.is_none_or(|source| said.is_none_or(|said| said == source))
        });
        let Some((pointer, container, point)) = failed else { return Ok(()) };
        let name = point.source_volume.as_deref().unwrap_or_default();
        let path = point.container_path.as_deref().unwrap_or_default();
        let source = source_of(name);
        let (detail, remedy) = match source {
            Some(source) => (
                format!(
                    "`{source}` of the instance is mounted there; if nothing was at that path, \
                     Docker created a directory, which cannot be mounted on a file"
                ),
                Remedy::new(format!(
                    "see to it that `{source}` on the instance and `{path}` in the image are both \
                     files or both directories"
                ))
                .step(
                    "write the file to the instance before the task starts, for instance in user \
                     data",
                ),
            ),
            None => (
                format!(
                    "a volume is a directory; it cannot be mounted where the image has a file, or \
                     in a directory that is read-only: the failure message names `{path}`"
                ),
                Remedy::new("mount the volume at a directory, not at a file"),
            ),
        };
        let finding = Finding::blocker(format!(
            "volume `{name}` cannot be mounted at `{path}` in container `{}`",
            container.name
        ))
        .detail(detail)
        .named(path)
        .remedy(remedy);
        let seen = [(format!("{pointer}/containerPath"), path.into())];
        let mut finding = about(cx, &task_definition, finding, seen)?;
        if let Some(source) = source {
            finding = finding.named(source);
        }
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
            instances::fixtures::placed,
            testing::{Examples, World},
        },
        report::Confidence,
    };

    const ID: &str = "bind-mounts";
    const MESSAGE: &str = "CannotStartContainerError: Error response from daemon: failed to \
        create task for container: failed to create shim task: OCI runtime create failed: runc \
        create failed: unable to start container process: error during container init: error mounting \
        \"/etc/shop/config.yml\" to rootfs at \"/app/config.yml\": mount \
        /etc/shop/config.yml:/app/config.yml (via /proc/self/fd/6), flags: 0x5000: not a directory";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            mounted(world, "/etc/shop/config.yml", "/app/config.yml").stopped(MESSAGE);
        },
        passes: |world| {
            mounted(world, "/etc/shop/config.yml", "/app/config.yml");
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            // Another task of that instance mounts it.
            mounted(world, "/etc/shop", "/app/config").stopped(MESSAGE);
        },
    };

    fn mounted<'w>(world: &'w mut World, source: &str, path: &str) -> &'w mut World {
        placed(world, "EC2", &[])
            .definition("/volumes", json!([{"name": "config", "host": {"sourcePath": source}}]))
            .container("/mountPoints", json!([{"sourceVolume": "config", "containerPath": path}]))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: volume `config` cannot be mounted at `/app/config.yml` in container `app`
          `/etc/shop/config.yml` of the instance is mounted there; if nothing was at that path, Docker created a directory, which cannot be mounted on a file
          @ AWS::ECS::TaskDefinition checkout:42
          fix: see to it that `/etc/shop/config.yml` on the instance and `/app/config.yml` in the image are both files or both directories
          - write the file to the instance before the task starts, for instance in user data
        ");
    }

    #[test]
    fn the_message_names_it() {
        let report = EXAMPLES.failing().report();
        let cause = &report.root_causes[0];
        assert_eq!(report.findings[cause.finding].check, ID);
        assert_eq!(cause.confidence, Confidence::Certain);
    }

    #[test]
    fn a_volume_without_path_is_a_directory() {
        let mut world = EXAMPLES.failing();
        world.definition("/volumes/0/host", json!({}));
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].detail.starts_with("a volume is a directory"), "{outcome:?}");
    }

    #[test]
    fn what_is_named_must_be_there() {
        let mut world = World::default();
        mounted(&mut world, "/etc/shop", "/app/config").definition("/volumes", json!([]));
        assert_eq!(
            world.outcome(ID).findings[0].summary,
            "`checkout:42` has no volume `config`, which container `app` mounts from"
        );
        let mut world = World::default();
        world.container("/volumesFrom", json!([{"sourceContainer": "init"}]));
        assert_eq!(world.outcome(ID).status, Status::Failed);
        world.container("/volumesFrom", json!([{"sourceContainer": "app"}]));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn fargate_has_no_host() {
        let mut world = World::default();
        mounted(&mut world, "/etc/shop", "/app/config").task("/launchType", json!("FARGATE"));
        assert_eq!(world.outcome(ID).status, Status::Failed);
        assert!(world.verified(ID));
    }
}
