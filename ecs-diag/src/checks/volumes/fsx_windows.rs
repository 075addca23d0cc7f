use super::{
    about, named,
    platform::{Capability, capability, windows},
    volumes,
};
use crate::{
    LaunchType, Phase,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Volumes on Amazon FSx for Windows File Server can be mounted where the task runs
    ///
    /// # What it looks at
    /// Where the task runs, if one of its volumes is on FSx for Windows File Server: Windows
    /// container instances with the attribute `ecs.capability.fsxWindowsFileServer` only, not
    /// Fargate, not Managed Instances, not Linux.
    ///
    /// # Why it matters
    /// ECS refuses the task, or finds no container instance for it (`ATTRIBUTE`).
    ///
    /// # How to fix it
    /// Run the task on Windows container instances with agent 1.47.0 or newer (1.54.0 in the
    /// network mode `awsvpc`) that have joined the domain. On Linux, mount the share on the
    /// instance and use a bind mount.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/wfsx-volumes.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>
    FsxWindows {
        id: "fsx-windows",
        domain: "volumes",
        phase: Place,
        causes: [PlaceAttributeOrGpu, DeployConfiguration],
        explains: [],
    }
}

const ATTRIBUTE: &str = "ecs.capability.fsxWindowsFileServer";

impl Check for FsxWindows {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let found = volumes(&definition, |volume| {
            volume.fsx_windows_file_server_volume_configuration.as_ref()
        });
        if found.is_empty() {
            return cx
                .not_applicable("no volume of the task is on Amazon FSx for Windows File Server");
        }
        if cx.proven(Phase::Volume)? {
            return Ok(());
        }
        let what = named(found.iter().map(|(_, name, _)| *name));
        let launch_type = cx.launch_type()?;
        let place = match launch_type {
            LaunchType::Fargate => Some("on Fargate"),
            LaunchType::ManagedInstances => Some("on Managed Instances"),
            _ if windows(&definition, launch_type) == Some(false) => Some("in Linux containers"),
            _ => None,
        };
        if let Some(place) = place {
            let seen = found.iter().map(|(place, _, fsx)| {
                let pointer = format!(
                    "/volumes/{place}/fsxWindowsFileServerVolumeConfiguration/fileSystemId"
                );
                (pointer, fsx.file_system_id.clone().into())
            });
            let finding = Finding::blocker(format!(
                "{what} cannot be mounted {place}: it is on Amazon FSx for Windows File Server"
            ))
            .detail("ECS mounts FSx for Windows File Server on Windows container instances only")
            .remedy(Remedy::new(
                "run the task on Windows container instances, or keep the data elsewhere, for \
                 instance on Amazon EFS",
            ));
            let finding = about(cx, &definition, finding, seen)?;
            cx.report(finding);
            return Ok(());
        }
        let needs = Capability {
            what,
            attribute: ATTRIBUTE.to_owned(),
            remedy: Remedy::new(
                "run the task on instances of a recent Amazon ECS-optimized Windows AMI that have \
                 joined the domain",
            )
            .step("`ECS_FSX_WINDOWS_FILE_SERVER_SUPPORTED` must not be `false` on the instance"),
        };
        if let Some(finding) = capability(cx, needs, |instance| instance.has(ATTRIBUTE))? {
            cx.report(finding);
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::ATTRIBUTE;
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::placed,
            testing::{Examples, World},
        },
    };

    const ID: &str = "fsx-windows";
    const MESSAGE: &str = "TaskFailedToStart: ATTRIBUTE";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            mounted(world, "EC2", &[]).stopped(MESSAGE);
        },
        passes: |world| {
            mounted(world, "EC2", &[ATTRIBUTE]);
        },
        unknown: |world| {
            mounted(world, "EC2", &[]).stopped(MESSAGE).without("containerInstances");
        },
        near_miss: |world| {
            mounted(world, "EC2", &[ATTRIBUTE]).stopped(MESSAGE);
        },
    };

    fn mounted<'w>(world: &'w mut World, launch_type: &str, attributes: &[&str]) -> &'w mut World {
        placed(world, launch_type, attributes)
            .definition("/runtimePlatform/operatingSystemFamily", json!("WINDOWS_SERVER_2022_CORE"))
            .definition(
                "/volumes",
                json!([{"name": "share", "fsxWindowsFileServerVolumeConfiguration": {
                    "fileSystemId": "fs-0123456789abcdef0", "rootDirectory": "share",
                    "authorizationConfig": {
                        "credentialsParameter":
                            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/ad-AbCdEf",
                        "domain": "shop.example.com",
                    },
                }}]),
            )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: container instance `0a0000000000000000000000000000a1` (agent 1.98.0) does not have `ecs.capability.fsxWindowsFileServer`
          without it volume `share` cannot be mounted; the agent registers the attribute when it finds what that takes, and ECS places the task on no instance that lacks it
          @ AWS::ECS::ContainerInstance 0a0000000000000000000000000000a1
          fix: run the task on instances of a recent Amazon ECS-optimized Windows AMI that have joined the domain
          - `ECS_FSX_WINDOWS_FILE_SERVER_SUPPORTED` must not be `false` on the instance
        ");
    }

    #[test]
    fn only_windows_instances_mount_it() {
        for launch_type in ["FARGATE", "MANAGED_INSTANCES"] {
            let mut world = World::default();
            mounted(&mut world, launch_type, &[ATTRIBUTE]);
            assert_eq!(world.outcome(ID).status, Status::Failed, "{launch_type}");
        }
        let mut world = World::default();
        mounted(&mut world, "EC2", &[ATTRIBUTE])
            .definition("/runtimePlatform/operatingSystemFamily", json!("LINUX"));
        assert_eq!(world.outcome(ID).status, Status::Failed);
        // On EC2 a task definition need not say for which system it is.
        world.definition("/runtimePlatform", Value::Null);
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
