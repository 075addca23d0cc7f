use std::collections::BTreeMap;

use serde_json::Value;

use super::{efs, named};
use crate::{
    Phase,
    aws::efs::DescribeAccessPoints,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::{self, Missing},
    finding::{Evidence, Finding, Remedy, Severity},
    shell::{quoted, region_option},
};

check! {
    /// The access points of the task's EFS volumes exist, on the volumes' file systems
    ///
    /// # What it looks at
    /// Every `accessPointId` of a volume on EFS: whether there is such an access point, whether it
    /// is available, and whether it belongs to the volume's file system. An access point whose
    /// directory is not created at the first mount is named where the failure message says that a
    /// directory is missing.
    ///
    /// # Why it matters
    /// The mount names file system and access point together. EFS refuses an access point that it
    /// does not know for that file system, and one whose directory does not exist.
    ///
    /// # How to fix it
    /// Name an access point of that file system, or create one, with `CreationInfo` if its
    /// directory is not there yet.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/efs/latest/ug/efs-access-points.html>,
    /// <https://docs.aws.amazon.com/efs/latest/ug/enforce-root-directory-access-point.html>,
    /// <https://docs.aws.amazon.com/efs/latest/ug/API_DescribeAccessPoints.html>
    EfsAccessPoint {
        id: "efs-access-point",
        domain: "volumes",
        phase: Volume,
        causes: [EfsAccessDenied, EfsPathMissing],
        explains: [],
    }
}

impl Check for EfsAccessPoint {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let mounts = efs::mounts(&task_definition);
        let mut points: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for mount in &mounts {
            if let Some(id) = mount.2.access_point() {
                points.entry(id).or_default().push(mount);
            }
        }
        if points.is_empty() {
            return cx.not_applicable("no volume of the task has an access point of Amazon EFS");
        }
        let no_entry =
            cx.symptom()?.is_some_and(|symptom| symptom.reading.signature == Some("RIE-EFS-NOENT"));
        cx.each(points, |cx, (id, mounts)| {
            let request = DescribeAccessPoints { access_point_id: id.to_owned() };
            let query = cx.query(&request);
            let answer = cx.get(&request)?;
            let point = answer
                .as_ref()
                .and_then(|answer| answer.access_points.iter().find(|p| p.access_point_id == id));
            let what = named(mounts.iter().map(|mount| mount.1));
            let system = mounts[0].2.file_system_id.as_str();
            let list = format!(
                "aws efs describe-access-points --file-system-id {}{}",
                quoted(system),
                region_option(cx.region())
            );
            let seen = |pointer: &str, value: Value| {
                Evidence::new(query.clone(), pointer, value).object(id)
            };
            let resource = efs::resource(
                cx,
                "access-point",
                id,
                point.and_then(|p| p.access_point_arn.as_ref()),
            );
            let Some(point) = point else {
                // An access point belongs to the account of its file system.
                let own = facts::at_hand(efs::file_system(cx, system))?.is_some();
                if !own && cx.proven(Phase::Volume)? {
                    return Ok(());
                }
                let severity = if own { Severity::Blocker } else { Severity::Likely };
                let detail = if own {
                    format!("{what} cannot be mounted through it: EFS refuses the mount")
                } else {
                    format!(
                        "{what} cannot be mounted through it, unless file system `{system}` and it \
                         belong to another account"
                    )
                };
                cx.report(
                    Finding::of(severity, format!("access point `{id}` does not exist"))
                        .detail(detail)
                        .resource(resource)
                        .evidence(seen("/AccessPoints", Value::Null))
                        .remedy(
                            Remedy::new(format!("name an access point of file system `{system}`"))
                                .command(list),
                        ),
                );
                return Ok(());
            };
            if let Some(other) = mounts.iter().find(|(.., efs)| {
                point.file_system_id.as_ref().is_some_and(|own| *own != efs.file_system_id)
            }) {
                let (place, name, efs) = other;
                let own = point.file_system_id.clone().unwrap_or_default();
                let pointer = format!("/volumes/{place}/efsVolumeConfiguration/fileSystemId");
                let named = efs.file_system_id.as_str();
                cx.report(
                    Finding::blocker(format!(
                        "access point `{id}` belongs to file system `{own}`, volume `{name}` names \
                         `{named}`"
                    ))
                    .detail("EFS refuses an access point of another file system")
                    .resource(resource)
                    .evidence(seen("/FileSystemId", own.into()))
                    .evidence(definition::evidence(cx, &task_definition, &pointer, named)?)
                    .remedy(
                        Remedy::new("name a file system and an access point of it").command(list),
                    ),
                );
                return Ok(());
            }
            match point.life_cycle_state.as_deref() {
                Some("available" | "updating") => {}
                None => {
                    let why = format!("the answer does not say whether `{id}` is available");
                    return Err(Missing::undecided(query.clone(), why));
                }
                Some(state) => {
                    cx.report(
                        Finding::blocker(format!(
                            "access point `{id}` is `{state}`, not `available`"
                        ))
                        .detail(format!("{what} cannot be mounted through it"))
                        .resource(resource)
                        .evidence(seen("/LifeCycleState", state.into()))
                        .remedy(
                            Remedy::new("name an access point that is available").command(list),
                        ),
                    );
                    return Ok(());
                }
            }
            let root = point.root_directory.clone().unwrap_or_default();
            let path = root.path.as_deref().unwrap_or("/");
            if no_entry && path != "/" && root.creation_info.is_none() {
                cx.report(
                    Finding::likely(format!(
                        "access point `{id}` gives access to `{path}`, and does not create it"
                    ))
                    .detail(format!(
                        "{what} cannot be mounted while that directory is not on the file system; \
                         the failure message says that one is missing"
                    ))
                    .resource(resource)
                    .named(path)
                    .evidence(seen("/RootDirectory/Path", path.into()))
                    .remedy(
                        Remedy::new(format!("create `{path}` on file system `{system}`")).step(
                            "or name a new access point with `CreationInfo`, which creates it at \
                             the first mount; an access point cannot be changed",
                        ),
                    ),
                );
            }
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::efs::account::{ACCESS_POINT, DENIED, NO_ENTRY, mounted, with_access_point};
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const ID: &str = "efs-access-point";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            absent(world).stopped(DENIED);
        },
        passes: |world| {
            with_access_point(world);
        },
        unknown: |world| {
            with_access_point(world).stopped(DENIED).deny("efs:DescribeAccessPoints");
        },
        near_miss: |world| {
            with_access_point(world).stopped(DENIED);
        },
    };

    fn absent(world: &mut World) -> &mut World {
        with_access_point(world).without("AccessPoints").recorded_error(
            "efs",
            "DescribeAccessPoints",
            &json!({"AccessPointId": ACCESS_POINT}),
            "AccessPointNotFound",
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: access point `fsap-0123456789abcdef0` does not exist
          volume `data` cannot be mounted through it: EFS refuses the mount
          @ AWS::EFS::AccessPoint fsap-0123456789abcdef0
          fix: name an access point of file system `fs-0123456789abcdef0`
          $ aws efs describe-access-points --file-system-id fs-0123456789abcdef0 --region eu-west-1
        ");
    }

    #[test]
    fn of_another_account_it_is_not_visible() {
        let mut world = EXAMPLES.failing();
        world.without("FileSystems");
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Likely);
    }

    #[test]
    fn it_belongs_to_one_file_system() {
        let mut world = World::default();
        with_access_point(&mut world).set(
            "AccessPoints",
            "/AccessPoints/0/FileSystemId",
            json!("fs-0fedcba9876543210"),
        );
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].summary.contains("belongs to"), "{outcome:?}");
    }

    #[test]
    fn its_state_counts() {
        for (state, status) in
            [("available", Status::Passed), ("deleting", Status::Failed), ("error", Status::Failed)]
        {
            let mut world = World::default();
            with_access_point(&mut world).set(
                "AccessPoints",
                "/AccessPoints/0/LifeCycleState",
                json!(state),
            );
            assert_eq!(world.outcome(ID).status, status, "{state}");
        }
    }

    #[test]
    fn its_directory_is_created_if_it_says_how() {
        let mut world = World::default();
        with_access_point(&mut world).stopped(NO_ENTRY);
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.set("AccessPoints", "/AccessPoints/0/RootDirectory/CreationInfo", Value::Null);
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Likely);
        world.stopped(DENIED);
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn without_one_there_is_nothing_to_look_at() {
        let mut world = World::default();
        mounted(&mut world);
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
