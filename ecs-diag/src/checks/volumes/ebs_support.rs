use serde_json::Value;

use super::{
    about,
    ebs_filesystem::{configured, evidence, pointer},
    named,
    platform::{Capability, capability, old, windows},
    volumes,
};
use crate::{
    LaunchType, Phase,
    aws::ec2::DescribeSnapshots,
    check::{Check, Cx, Meta, check},
    checks::{fargate, task},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource, Severity},
    shell::{quoted, region_option},
};

check! {
    /// EBS volumes can be attached where the task runs, and their snapshots exist
    ///
    /// # What it looks at
    /// Where the task runs, if the task definition has a volume that is configured at launch:
    /// Fargate attaches EBS volumes to Linux tasks from platform version 1.4.0 on, Managed
    /// Instances to Linux tasks, external instances to none. An EC2 container instance must have
    /// the attribute `ecs.capability.storage.ebs-task-volume-attach`. A task has one such volume at
    /// most. Where the deployment names a snapshot, it must be there and complete.
    ///
    /// # Why it matters
    /// ECS refuses the task, finds no container instance for it (`ATTRIBUTE`), or cannot create the
    /// volume (`ECS failed to set up the EBS volume`).
    ///
    /// # How to fix it
    /// Run the task where EBS volumes can be attached: on Fargate, or on instances of the AWS Nitro
    /// System with a recent Amazon ECS-optimized AMI. Name a snapshot of the task's Region that the
    /// account owns or that is shared with it.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ebs-volumes.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Volume.html>,
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html>
    EbsSupport {
        id: "ebs-support",
        domain: "volumes",
        phase: Volume,
        causes: [PlaceAttributeOrGpu, DeployConfiguration],
        explains: [],
    }
}

const ATTRIBUTE: &str = "ecs.capability.storage.ebs-task-volume-attach";

impl Check for EbsSupport {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let found = volumes(&definition, |volume| volume.configured_at_launch.then_some(()));
        if found.is_empty() {
            return cx.not_applicable("no volume of the task is configured at launch");
        }
        if cx.proven(Phase::Volume)? {
            return Ok(());
        }
        let what = named(found.iter().map(|(_, name, ())| *name));
        let seen = || {
            found.iter().map(|(place, ..)| {
                (format!("/volumes/{place}/configuredAtLaunch"), Value::Bool(true))
            })
        };
        let launch_type = cx.launch_type()?;
        let is_windows = windows(&definition, launch_type) == Some(true);
        let refused = match launch_type {
            _ if found.len() > 1 => Some((
                format!("{what} are configured at launch, all of one task"),
                "a task has one EBS volume at most",
                "leave one of them out",
            )),
            LaunchType::External => Some((
                format!("{what} cannot be an EBS volume: the task runs on an external instance"),
                "EBS volumes are attached to instances inside AWS only",
                "use a bind mount of a directory of the server, or run the task on Fargate or EC2",
            )),
            LaunchType::Fargate | LaunchType::ManagedInstances if is_windows => Some((
                format!("{what} cannot be an EBS volume: the task runs Windows containers"),
                "neither Fargate nor Managed Instances attach EBS volumes to Windows tasks",
                "run the task on EC2 instances, or keep the data elsewhere",
            )),
            _ => None,
        };
        if let Some((summary, detail, remedy)) = refused {
            let finding = Finding::blocker(summary)
                .phase(Phase::Place)
                .detail(detail)
                .remedy(Remedy::new(remedy));
            let finding = about(cx, &definition, finding, seen())?;
            cx.report(finding);
            return Ok(());
        }
        if let Some((version, task)) = old(cx)?.zip(cx.task()?) {
            let finding = Finding::blocker(format!(
                "{what} cannot be an EBS volume: the task runs on platform version {version}"
            ))
            .phase(Phase::Place)
            .detail("Fargate attaches EBS volumes from platform version 1.4.0 on")
            .remedy(fargate::on_1_4(cx, &task));
            let finding = about(cx, &definition, finding, seen())?.evidence(task::evidence(
                cx,
                &task,
                "/platformVersion",
                version,
            ));
            cx.report(finding);
        }
        let needs = Capability {
            what,
            attribute: ATTRIBUTE.to_owned(),
            remedy: Remedy::new(
                "run the task on instances of the AWS Nitro System with an Amazon ECS-optimized \
                 AMI of 20231219 or later (Windows: 20241017)",
            ),
        };
        if let Some(finding) = capability(cx, needs, |instance| instance.has(ATTRIBUTE))? {
            cx.report(finding);
        }
        snapshots(cx)
    }
}

/// The snapshots from which the deployment makes volumes.
fn snapshots(cx: &mut Cx<'_>) -> Result<(), Missing> {
    let (service, deployment) = configured(cx)?;
    let at = pointer(&service, &deployment);
    let named =
        deployment.volume_configurations.iter().enumerate().filter_map(|(place, volume)| {
            Some((place, &volume.name, volume.managed_ebs_volume.as_ref()?.snapshot_id.as_ref()?))
        });
    cx.each(named, |cx, (place, name, id)| {
        let request = DescribeSnapshots { snapshot_ids: vec![id.clone()] };
        let query = cx.query(&request);
        let answer = cx.get(&request)?;
        let state = answer
            .as_ref()
            .and_then(|answer| answer.snapshots.iter().find(|snapshot| snapshot.snapshot_id == *id))
            .map(|snapshot| snapshot.state.as_deref());
        let pointer = format!("{at}/{place}/managedEBSVolume/snapshotId");
        let (severity, summary, detail, seen) = match state {
            Some(Some("completed")) => return Ok(()),
            Some(None) => {
                let why = format!("the answer does not say whether `{id}` is complete");
                return Err(Missing::undecided(query, why));
            }
            Some(Some(state)) => (
                Severity::Likely,
                format!("snapshot `{id}` is `{state}`, not `completed`"),
                "EC2 makes no volume from it while it is so",
                Evidence::new(query, "/State", state).object(id.clone()),
            ),
            None => (
                Severity::Blocker,
                format!("snapshot `{id}` does not exist, or is not shared with this account"),
                "EC2 cannot make the volume",
                Evidence::new(query, "/Snapshots", Value::Null).object(id.clone()),
            ),
        };
        let evidence = evidence(cx, &service, &pointer, id);
        cx.report(
            Finding::of(severity, summary)
                .detail(format!(
                    "{detail}: service `{}` names it for volume `{name}`",
                    service.service_name
                ))
                .resource(Resource::new("AWS::EC2::Snapshot", id.clone()))
                .evidence(seen)
                .evidence(evidence)
                .remedy(
                    Remedy::new("name a complete snapshot of the task's Region in the service")
                        .command(format!(
                            "aws ec2 describe-snapshots --owner-ids self --filters {}{}",
                            quoted("Name=status,Values=completed"),
                            region_option(cx.region())
                        )),
                ),
        );
        Ok(())
    });
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::ebs_filesystem::tests::with_volume;
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::placed,
            testing::{Examples, World},
        },
        finding::Severity,
    };

    const ID: &str = "ebs-support";
    const SNAPSHOT: &str = "snap-0123456789abcdef0";
    const MESSAGE: &str = "ECS failed to set up the EBS volume. Encountered \
        InvalidSnapshot.NotFound; 'The snapshot 'snap-0123456789abcdef0' does not exist.'";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            from_snapshot(world).stopped(MESSAGE).recorded_error(
                "ec2",
                "DescribeSnapshots",
                &json!({"SnapshotIds": [SNAPSHOT]}),
                "InvalidSnapshot.NotFound",
            );
        },
        passes: |world| {
            with_volume(world, &json!({}));
        },
        unknown: |world| {
            from_snapshot(world).stopped(MESSAGE);
        },
        near_miss: |world| {
            saved(from_snapshot(world), "completed").stopped(MESSAGE);
        },
    };

    fn from_snapshot(world: &mut World) -> &mut World {
        with_volume(world, &json!({"snapshotId": SNAPSHOT}))
    }

    fn saved<'w>(world: &'w mut World, state: &str) -> &'w mut World {
        world.output(
            "Snapshots",
            json!({"Snapshots": [{"SnapshotId": SNAPSHOT, "State": state, "VolumeSize": 20}]}),
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: snapshot `snap-0123456789abcdef0` does not exist, or is not shared with this account
          EC2 cannot make the volume: service `checkout` names it for volume `data`
          @ AWS::EC2::Snapshot snap-0123456789abcdef0
          fix: name a complete snapshot of the task's Region in the service
          $ aws ec2 describe-snapshots --owner-ids self --filters Name=status,Values=completed --region eu-west-1
        ");
    }

    #[test]
    fn a_snapshot_must_be_complete() {
        let mut world = World::default();
        saved(from_snapshot(&mut world), "pending");
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Likely);
    }

    #[test]
    fn one_volume_is_all() {
        let mut world = World::default();
        with_volume(&mut world, &json!({}))
            .definition("/volumes/-", json!({"name": "more", "configuredAtLaunch": true}));
        assert_eq!(world.outcome(ID).status, Status::Failed);
    }

    #[test]
    fn it_depends_on_where_the_task_runs() {
        let mut world = World::default();
        with_volume(&mut world, &json!({})).task("/platformVersion", json!("1.3.0"));
        assert_eq!(world.outcome(ID).status, Status::Failed);
        assert!(world.verified(ID));
        for (launch_type, attributes, status) in [
            ("EXTERNAL", &[][..], Status::Failed),
            ("EC2", &[], Status::Failed),
            ("EC2", &[super::ATTRIBUTE], Status::Passed),
            ("MANAGED_INSTANCES", &[], Status::Passed),
        ] {
            let mut world = World::default();
            placed(with_volume(&mut world, &json!({})), launch_type, attributes);
            assert_eq!(world.outcome(ID).status, status, "{launch_type}");
        }
        let mut world = World::default();
        with_volume(&mut world, &json!({})).definition(
            "/runtimePlatform/operatingSystemFamily",
            json!("WINDOWS_SERVER_2022_CORE"),
        );
        assert_eq!(world.outcome(ID).status, Status::Failed);
    }
}
