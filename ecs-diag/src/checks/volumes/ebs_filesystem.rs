use std::{collections::BTreeSet, sync::Arc};

use super::{platform::windows, volumes};
use crate::{
    Phase,
    aws::ecs::{Deployment, DescribeServices, Service},
    check::{Check, Cx, Meta, check},
    checks::definition,
    edit::{Edit, Object},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource, Severity},
};

check! {
    /// EBS volumes get a file system that their container can mount
    ///
    /// # What it looks at
    /// `filesystemType` in the `volumeConfigurations` of the deployment that started the task:
    /// Linux mounts `ext3`, `ext4` and `xfs` (the default), Windows `ntfs`. A volume from a
    /// snapshot must get the file system of the snapshot; which that is cannot be read, so it is
    /// named where the failure message says that the volume was not ready in time. What RunTask was
    /// given is not kept.
    ///
    /// # Why it matters
    /// The volume is attached, but not mounted, until ECS gives up: `ECS timed out while
    /// configuring the EBS volume attachment to your Task`.
    ///
    /// # How to fix it
    /// Set `filesystemType` to one of the container's operating system, for a snapshot to that of
    /// the volume it was made of.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceManagedEBSVolumeConfiguration.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshoot-ebs-volumes-scenarios.html>
    EbsFilesystem {
        id: "ebs-filesystem",
        domain: "volumes",
        phase: Volume,
        causes: [DeployConfiguration],
        explains: [],
    }
}

const NTFS: &str = "ntfs";
const XFS: &str = "xfs";

/// The volume configurations of a deployment as evidence.
pub(super) fn evidence(cx: &Cx<'_>, service: &Service, pointer: &str, value: &str) -> Evidence {
    let request = DescribeServices {
        cluster: cx.target().cluster().or_else(|| service.cluster_arn.clone()),
        services: vec![service.service_name.clone()],
    };
    Evidence::new(cx.query(&request), pointer, value).object(service.service_arn.clone())
}

/// Where a service holds the volume configurations of a deployment or task set.
pub(super) fn pointer(service: &Service, deployment: &Deployment) -> String {
    let place = |deployments: &[Deployment]| deployments.iter().position(|d| d.id == deployment.id);
    let (member, place) = match place(&service.deployments) {
        Some(place) => ("deployments", place),
        None => ("taskSets", place(&service.task_sets).unwrap_or_default()),
    };
    format!("/{member}/{place}/volumeConfigurations")
}

/// The service and the deployment that started the task; `Err` for a task that was run alone.
pub(super) fn configured(cx: &Cx<'_>) -> Result<(Arc<Service>, Deployment), Missing> {
    match cx.service()?.zip(cx.deployment()?) {
        Some(known) => Ok(known),
        None => Err(Missing::undecided(
            cx.query(&cx.definition_request()?),
            "nothing tells how the volume was configured at launch",
        )),
    }
}

impl Check for EbsFilesystem {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let names = volumes(&task_definition, |volume| volume.configured_at_launch.then_some(()));
        if names.is_empty() {
            return cx.not_applicable("no volume of the task is configured at launch");
        }
        let names: BTreeSet<&str> = names.into_iter().map(|(_, name, ())| name).collect();
        if cx.proven(Phase::Volume)? {
            return Ok(());
        }
        let (service, deployment) = configured(cx)?;
        let timed_out =
            cx.symptom()?.is_some_and(|symptom| symptom.reading.signature == Some("EBS-TIMEOUT"));
        let windows = windows(&task_definition, cx.launch_type()?);
        let at = pointer(&service, &deployment);
        for (place, configuration) in deployment.volume_configurations.iter().enumerate() {
            let name = &configuration.name;
            let Some(ebs) = &configuration.managed_ebs_volume else { continue };
            if !names.contains(name.as_str()) {
                continue;
            }
            let kind = ebs.filesystem_type.as_deref();
            let pointer = format!("{at}/{place}/managedEBSVolume/filesystemType");
            let (severity, summary, detail, right) = match (windows, kind) {
                (Some(true), Some(kind)) if kind != NTFS => (
                    Severity::Likely,
                    format!(
                        "volume `{name}` gets the file system `{kind}`, the task runs Windows \
                         containers"
                    ),
                    "Windows mounts `ntfs` only; the volume is attached and never mounted"
                        .to_owned(),
                    Some(NTFS),
                ),
                (Some(false), Some(NTFS)) => (
                    Severity::Likely,
                    format!(
                        "volume `{name}` gets the file system `{NTFS}`, the task runs Linux \
                         containers"
                    ),
                    "Linux mounts `ext3`, `ext4` and `xfs`; the volume is attached and never \
                     mounted"
                        .to_owned(),
                    Some(XFS),
                ),
                _ => match &ebs.snapshot_id {
                    Some(snapshot) if timed_out => (
                        Severity::Likely,
                        format!(
                            "volume `{name}` is made from snapshot `{snapshot}` with the file \
                             system `{}`",
                            kind.unwrap_or(if windows == Some(true) { NTFS } else { XFS })
                        ),
                        "if the snapshot holds another file system, or partitions, it cannot be \
                         mounted, and ECS waits until it gives up"
                            .to_owned(),
                        None,
                    ),
                    _ => continue,
                },
            };
            let mut remedy = Remedy::new(match right {
                Some(right) => {
                    format!("set `filesystemType` of volume `{name}` to `{right}` in the service")
                }
                None => format!(
                    "set `filesystemType` of volume `{name}` to that of the volume of which the \
                     snapshot was made"
                ),
            });
            if let Some(right) = right {
                remedy = remedy.edit(Edit::Set(
                    Object::new("services", "serviceArn", service.service_arn.clone()),
                    pointer.clone(),
                    right.into(),
                ));
            }
            if let Some(command) = definition::update_service(cx) {
                remedy = remedy
                    .step(
                        "write the service's `volumeConfigurations` with that change to \
                         `volumes.json`",
                    )
                    .command(format!("{command} --volume-configurations file://volumes.json"));
            }
            let evidence = evidence(cx, &service, &pointer, kind.unwrap_or_default());
            cx.report(
                Finding::of(severity, summary)
                    .detail(detail)
                    .resource(
                        Resource::new("AWS::ECS::Service", service.service_name.clone())
                            .arn(service.service_arn.clone()),
                    )
                    .evidence(evidence)
                    .changed_at(deployment.created_at)
                    .remedy(remedy),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "ebs-filesystem";
    pub(in crate::checks::volumes) const TIMED_OUT: &str =
        "ECS timed out while configuring the EBS volume attachment to your Task.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            with_volume(world, &json!({"filesystemType": "ntfs"})).stopped(TIMED_OUT);
        },
        passes: |world| {
            with_volume(world, &json!({"filesystemType": "ext4"}));
        },
        unknown: |world| {
            with_volume(world, &json!({})).stopped(TIMED_OUT).without("services");
        },
        near_miss: |world| {
            with_volume(world, &json!({"filesystemType": "xfs"})).stopped(TIMED_OUT);
        },
    };

    /// The task gets an EBS volume with these settings.
    pub(in crate::checks::volumes) fn with_volume<'w>(
        world: &'w mut World,
        settings: &Value,
    ) -> &'w mut World {
        let mut volume =
            json!({"roleArn": "arn:aws:iam::111122223333:role/ecs-volumes", "sizeInGiB": 20});
        for (name, value) in settings.as_object().unwrap() {
            volume[name] = value.clone();
        }
        world.definition("/volumes", json!([{"name": "data", "configuredAtLaunch": true}])).set(
            "services",
            "/services/0/deployments/0/volumeConfigurations",
            json!([{"name": "data", "managedEBSVolume": volume}]),
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        likely: volume `data` gets the file system `ntfs`, the task runs Linux containers
          Linux mounts `ext3`, `ext4` and `xfs`; the volume is attached and never mounted
          @ AWS::ECS::Service checkout
          fix (verified): set `filesystemType` of volume `data` to `xfs` in the service
          - write the service's `volumeConfigurations` with that change to `volumes.json`
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --volume-configurations file://volumes.json
        ");
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn a_snapshot_may_hold_another_file_system() {
        let mut world = World::default();
        with_volume(&mut world, &json!({"snapshotId": "snap-0123456789abcdef0"}));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.stopped(TIMED_OUT);
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].summary.ends_with("with the file system `xfs`"), "{outcome:?}");
    }

    #[test]
    fn windows_mounts_ntfs() {
        for (kind, status) in [
            (json!("ext4"), Status::Failed),
            (json!("ntfs"), Status::Passed),
            (Value::Null, Status::Passed),
        ] {
            let mut world = World::default();
            with_volume(&mut world, &json!({"filesystemType": kind})).definition(
                "/runtimePlatform/operatingSystemFamily",
                json!("WINDOWS_SERVER_2022_CORE"),
            );
            assert_eq!(world.outcome(ID).status, status);
        }
    }

    #[test]
    fn what_a_task_of_its_own_was_given_is_not_kept() {
        let mut world = EXAMPLES.failing();
        world.task("/group", json!("family:checkout"));
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }
}
