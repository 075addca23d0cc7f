use super::{
    about, efs, named,
    platform::{Capability, capability, old, windows},
};
use crate::{
    LaunchType, Phase,
    check::{Check, Cx, Meta, check},
    checks::{fargate, task},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Volumes on Amazon EFS can be mounted where the task runs
    ///
    /// # What it looks at
    /// Where the task runs, if one of its volumes is on EFS: Fargate mounts EFS from platform
    /// version 1.4.0 on, for Linux only; external instances do not mount it at all. On EC2, the
    /// container instance must have the attribute `ecs.capability.efs`, for access points and IAM
    /// authorization `ecs.capability.efsAuth` as well; before the task is placed, one of the
    /// cluster's instances must.
    ///
    /// # Why it matters
    /// ECS refuses the task, or finds no container instance for it (`ATTRIBUTE`).
    ///
    /// # How to fix it
    /// Run the task on platform version 1.4.0, or on container instances with agent 1.38.0 or newer
    /// and the packages `amazon-efs-utils` and `amazon-ecs-volume-plugin`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html>
    EfsSupport {
        id: "efs-support",
        domain: "volumes",
        phase: Place,
        causes: [PlaceAttributeOrGpu, DeployConfiguration],
        explains: [],
    }
}

impl Check for EfsSupport {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let mounts = efs::mounts(&definition);
        if mounts.is_empty() {
            return cx.not_applicable(efs::NO_EFS);
        }
        // What was mounted can be mounted.
        if cx.proven(Phase::Volume)? {
            return Ok(());
        }
        let what = named(mounts.iter().map(|mount| mount.1));
        let seen = || {
            mounts.iter().map(|(place, _, efs)| {
                let pointer = format!("/volumes/{place}/efsVolumeConfiguration/fileSystemId");
                (pointer, efs.file_system_id.clone().into())
            })
        };
        let launch_type = cx.launch_type()?;
        let refused = match launch_type {
            LaunchType::External => Some(
                Finding::blocker(format!(
                    "{what} cannot be on EFS: the task runs on an external instance"
                ))
                .detail("ECS does not mount EFS on external instances")
                .remedy(Remedy::new(
                    "keep the data elsewhere, for instance in a bind mount of a directory that the \
                     server itself mounts, or run the task on Fargate or EC2",
                )),
            ),
            _ if windows(&definition, launch_type) == Some(true) => Some(
                Finding::blocker(format!(
                    "{what} cannot be on EFS: the task runs Windows containers"
                ))
                .detail("EFS is for Linux containers only")
                .remedy(Remedy::new(
                    "keep the data elsewhere; Windows containers on EC2 can mount Amazon FSx for \
                     Windows File Server",
                )),
            ),
            _ => None,
        };
        if let Some(finding) = refused {
            let finding = about(cx, &definition, finding, seen())?;
            cx.report(finding);
            return Ok(());
        }
        if let Some((version, task)) = old(cx)?.zip(cx.task()?) {
            let finding = Finding::blocker(format!(
                "{what} cannot be on EFS: the task runs on platform version {version}"
            ))
            .detail("Fargate mounts EFS from platform version 1.4.0 on")
            .remedy(fargate::on_1_4(cx, &task));
            let finding = about(cx, &definition, finding, seen())?.evidence(task::evidence(
                cx,
                &task,
                "/platformVersion",
                version,
            ));
            cx.report(finding);
        }

        let with_plugin =
            mounts.iter().any(|(.., efs)| efs.access_point().is_some() || efs.uses_iam());
        let needed = [("ecs.capability.efs", true), ("ecs.capability.efsAuth", with_plugin)];
        for (attribute, _) in needed.into_iter().filter(|(_, needed)| *needed) {
            let needs = Capability {
                what: what.clone(),
                attribute: attribute.to_owned(),
                remedy: Remedy::new(
                    "run the task on instances of a recent Amazon ECS-optimized Linux AMI",
                )
                .step(
                    "on an AMI of your own: agent and ecs-init 1.38.0 or newer, then `yum install \
                     amazon-efs-utils`, `systemctl enable --now amazon-ecs-volume-plugin`, and \
                     restart the agent",
                ),
            };
            if let Some(finding) = capability(cx, needs, |instance| instance.has(attribute))? {
                cx.report(finding);
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::efs::account::{mounted, with_access_point};
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{not_placed, placed},
            testing::{Examples, World},
        },
    };

    const ID: &str = "efs-support";
    const MESSAGE: &str = "PlatformTaskDefinitionIncompatibilityException: The specified \
        platform does not satisfy the task definition's required capabilities.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            mounted(world).stopped(MESSAGE).task("/platformVersion", json!("1.3.0"));
        },
        passes: |world| {
            mounted(world);
        },
        unknown: |world| {
            mounted(world).stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            mounted(world).stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: volume `data` cannot be on EFS: the task runs on platform version 1.3.0
          Fargate mounts EFS from platform version 1.4.0 on
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): run the task on platform version 1.4.0
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --platform-version 1.4.0
        ");
        assert!(EXAMPLES.failing().verified(ID));
    }

    fn summary(world: &World) -> Option<String> {
        let outcome = world.outcome(ID);
        outcome.findings.first().map(|finding| finding.summary.clone())
    }

    #[test]
    fn neither_external_instances_nor_windows_mount_efs() {
        let mut world = World::default();
        placed(mounted(&mut world), "EXTERNAL", &["ecs.capability.efs"]);
        assert!(summary(&world).unwrap().contains("external instance"));
        let mut world = World::default();
        mounted(&mut world).definition(
            "/runtimePlatform/operatingSystemFamily",
            json!("WINDOWS_SERVER_2022_CORE"),
        );
        assert!(summary(&world).unwrap().contains("Windows"));
    }

    #[test]
    fn the_agent_must_be_able_to() {
        const EFS: &str = "ecs.capability.efs";
        for (attributes, iam, missing) in [
            (&[][..], false, Some("`ecs.capability.efs`")),
            (&[EFS], false, None),
            (&[EFS], true, Some("`ecs.capability.efsAuth`")),
            (&[EFS, "ecs.capability.efsAuth"], true, None),
        ] {
            let mut world = World::default();
            if iam {
                with_access_point(&mut world);
            } else {
                mounted(&mut world);
            }
            placed(&mut world, "EC2", attributes);
            let summary = summary(&world);
            assert_eq!(summary.is_some(), missing.is_some(), "{summary:?}");
            assert!(summary.is_none_or(|text| text.ends_with(missing.unwrap())));
        }
    }

    #[test]
    fn one_instance_of_the_cluster_is_enough() {
        let mut world = World::default();
        not_placed(mounted(&mut world), "EC2", &[&[], &["ecs.capability.efs"]]);
        assert_eq!(world.outcome(ID).status, Status::Passed);
        not_placed(&mut world, "EC2", &[&[], &[]]);
        assert_eq!(
            summary(&world).unwrap(),
            "none of the 2 container instances of cluster `shop` has `ecs.capability.efs`"
        );
        world.deny("ecs:ListContainerInstances");
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }

    #[test]
    fn a_large_cluster_is_read_in_parts() {
        let mut world = World::default();
        not_placed(mounted(&mut world), "EC2", &vec![&[][..]; 250]);
        assert_eq!(world.outcome(ID).status, Status::Failed);
    }

    #[test]
    fn what_was_mounted_can_be_mounted() {
        let mut world = EXAMPLES.failing();
        world.task("/startedAt", json!("2026-11-20T10:00:40Z"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
