use super::{
    about, named,
    platform::{Capability, capability},
    volumes,
};
use crate::{
    Phase,
    aws::Arn,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy, Resource},
    shell::{quoted, region_option},
};

check! {
    /// Volumes on Amazon S3 Files can be mounted where the task runs
    ///
    /// # What it looks at
    /// Volumes on S3 Files: the task must have a task role; beside an access point, `rootDirectory`
    /// must be absent or `/`; a container instance must have the attribute
    /// `ecs.capability.storage.s3-files`. Mount targets of S3 Files are not read: that a zone has
    /// none shows in the failure message, which names zone and file system.
    ///
    /// # Why it matters
    /// In each Availability Zone, the name of a file system stands for the mount target there.
    /// Without one it does not resolve: `Failed to resolve "ZONE.fs-….s3files.REGION.on.aws"`.
    ///
    /// # How to fix it
    /// Create a mount target in the zone, or keep the task out of the zone.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_S3FilesVolumeConfiguration.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-s3files-config.html>
    S3FilesMountTarget {
        id: "s3files-mount-target",
        domain: "volumes",
        phase: Volume,
        causes: [EfsDnsOrMountTarget],
        explains: [],
    }
}

const ATTRIBUTE: &str = "ecs.capability.storage.s3-files";

/// The id in the ARN of a file system.
fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

impl Check for S3FilesMountTarget {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let found =
            volumes(&task_definition, |volume| volume.s3files_volume_configuration.as_ref());
        if found.is_empty() {
            return cx.not_applicable("no volume of the task is on Amazon S3 Files");
        }
        if cx.proven(Phase::Volume)? {
            return Ok(());
        }
        let label = definition::name(&task_definition);
        let what = named(found.iter().map(|(_, name, _)| *name));
        let member = |place: usize, member: &str| {
            format!("/volumes/{place}/s3filesVolumeConfiguration/{member}")
        };

        if task_definition.task_role_arn.is_none() {
            let finding =
                Finding::blocker(format!("`{label}` has no task role for {what} on S3 Files"))
                    .detail("the task role is what mounts S3 Files; ECS demands one")
                    .remedy(definition::deployed(
                        cx,
                        &task_definition,
                        Remedy::new(
                            "name a task role that may mount the file system: `taskRoleArn`",
                        ),
                    ));
            let seen = [("/taskRoleArn".to_owned(), serde_json::Value::Null)];
            let finding = about(cx, &task_definition, finding, seen)?;
            cx.report(finding);
        }
        for (place, name, volume) in &found {
            let directory =
                volume.root_directory.as_deref().filter(|path| !["", "/"].contains(path));
            let Some(directory) = directory.filter(|_| volume.access_point_arn.is_some()) else {
                continue;
            };
            let pointer = member(*place, "rootDirectory");
            let remedy = Remedy::new(format!("leave `rootDirectory` of volume `{name}` out"))
                .edit(definition::set(&task_definition, &pointer, "/"));
            let finding = Finding::blocker(format!(
                "volume `{name}` of `{label}` has an access point and a `rootDirectory`"
            ))
            .detail(
                "the access point says which directory it is; ECS refuses another one beside it",
            )
            .remedy(definition::deployed(cx, &task_definition, remedy));
            let finding = about(cx, &task_definition, finding, [(pointer, directory.into())])?;
            cx.report(finding);
        }

        // What the failure message says does not resolve.
        if let Some(symptom) = cx.symptom()?.filter(|s| s.reading.signature == Some("RIE-S3FILES"))
        {
            let said = symptom.reading.parameters.get("file_system");
            let failed = found
                .iter()
                .find(|(.., volume)| said.is_some_and(|said| said == id(&volume.file_system_arn)));
            if let Some((place, name, volume)) = failed {
                let system = id(&volume.file_system_arn);
                let zone = zone(&symptom.text, system);
                let place_of =
                    zone.map_or("the task's Availability Zone".to_owned(), |z| format!("`{z}`"));
                let region = volume.file_system_arn.parse::<Arn>().ok().map(|arn| arn.region);
                let pointer = member(*place, "fileSystemArn");
                let arn = volume.file_system_arn.as_str();
                cx.report(
                    Finding::likely(format!(
                        "file system `{system}` has no mount target of S3 Files in {place_of}"
                    ))
                    .detail(format!(
                        "volume `{name}` cannot be mounted: the failure message says that the name \
                         of the file system in that zone does not resolve; unless the VPC does not \
                         use Amazon's DNS, the mount target is missing"
                    ))
                    .resource(Resource::new("AWS::S3Files::FileSystem", system).arn(arn))
                    .evidence(definition::evidence(cx, &task_definition, &pointer, arn)?)
                    .remedy(
                        Remedy::new("create a mount target in each zone that the task can go to")
                            .command(format!(
                                "aws s3files list-mount-targets --file-system-id {}{}",
                                quoted(system),
                                region_option(region.as_deref())
                            )),
                    ),
                );
            }
        }

        let needs = Capability {
            what,
            attribute: ATTRIBUTE.to_owned(),
            remedy: Remedy::new(
                "run the task on instances of a recent Amazon ECS-optimized AMI, with agent \
                 1.104.0 or newer",
            ),
        };
        if let Some(finding) = capability(cx, needs, |instance| instance.has(ATTRIBUTE))? {
            cx.report(finding);
        }
        Ok(())
    }
}

/// The zone in the host `ZONE.SYSTEM.s3files.REGION.on.aws`.
fn zone<'t>(text: &'t str, system: &str) -> Option<&'t str> {
    let before = text.split(&format!(".{system}.s3files.")).next()?;
    let zone = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '-').next()?;
    (!zone.is_empty() && zone.len() < before.len()).then_some(zone)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::{ATTRIBUTE, zone};
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::placed,
            testing::{Examples, World},
        },
        report::Confidence,
    };

    const ID: &str = "s3files-mount-target";
    const SYSTEM: &str = "arn:aws:s3files:eu-west-1:111122223333:file-system/fs-0123456789abcdef0";
    const MESSAGE: &str = "ResourceInitializationError: failed to invoke EFS utils commands to \
        set up EFS volumes: stderr: Failed to resolve \
        \"euw1-az1.fs-0123456789abcdef0.s3files.eu-west-1.on.aws\"";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            mounted(world, SYSTEM).stopped(MESSAGE);
        },
        passes: |world| {
            mounted(world, SYSTEM);
        },
        unknown: |world| {
            mounted(world, SYSTEM).stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            // The message is about another file system.
            mounted(world, &SYSTEM.replace("fs-01", "fs-ff")).stopped(MESSAGE);
        },
    };

    fn mounted<'w>(world: &'w mut World, system: &str) -> &'w mut World {
        world
            .definition("/taskRoleArn", json!("arn:aws:iam::111122223333:role/checkout"))
            .definition(
                "/volumes",
                json!([{"name": "data", "s3filesVolumeConfiguration": {"fileSystemArn": system}}]),
            )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        likely: file system `fs-0123456789abcdef0` has no mount target of S3 Files in `euw1-az1`
          volume `data` cannot be mounted: the failure message says that the name of the file system in that zone does not resolve; unless the VPC does not use Amazon's DNS, the mount target is missing
          @ AWS::S3Files::FileSystem fs-0123456789abcdef0
          fix: create a mount target in each zone that the task can go to
          $ aws s3files list-mount-targets --file-system-id fs-0123456789abcdef0 --region eu-west-1
        ");
    }

    #[test]
    fn the_message_names_it() {
        let report = EXAMPLES.failing().report();
        let cause = &report.root_causes[0];
        assert_eq!(report.findings[cause.finding].check, ID);
        assert_eq!(cause.confidence, Confidence::Likely);
    }

    #[test]
    fn the_zone_is_the_first_label() {
        let zone = |text| zone(text, "fs-0123456789abcdef0");
        assert_eq!(zone(MESSAGE), Some("euw1-az1"));
        assert_eq!(zone("nothing"), None);
        assert_eq!(zone(".fs-0123456789abcdef0.s3files."), None);
    }

    #[test]
    fn it_needs_a_role_and_one_directory() {
        let mut world = World::default();
        mounted(&mut world, SYSTEM).definition("/taskRoleArn", Value::Null);
        assert_eq!(world.outcome(ID).status, Status::Failed);
        let mut world = World::default();
        mounted(&mut world, SYSTEM)
            .definition("/volumes/0/s3filesVolumeConfiguration/rootDirectory", json!("/data"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.definition(
            "/volumes/0/s3filesVolumeConfiguration/accessPointArn",
            json!(format!("{SYSTEM}/access-point/fsap-0123456789abcdef0")),
        );
        assert_eq!(world.outcome(ID).status, Status::Failed);
        assert!(world.verified(ID));
    }

    #[test]
    fn the_agent_must_be_able_to() {
        for (attributes, status) in [(&[][..], Status::Failed), (&[ATTRIBUTE], Status::Passed)] {
            let mut world = World::default();
            placed(mounted(&mut world, SYSTEM), "EC2", attributes);
            assert_eq!(world.outcome(ID).status, status);
        }
    }
}
