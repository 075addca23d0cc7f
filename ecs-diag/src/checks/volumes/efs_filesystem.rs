use serde_json::Value;

use super::{efs, named};
use crate::{
    Phase,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
    shell::region_option,
};

check! {
    /// The file systems of the task's EFS volumes exist and are available
    ///
    /// # What it looks at
    /// `fileSystemId` of every volume on EFS: whether the task's account has that file system in
    /// the task's Region, and whether its state is `available`. A file system of another account is
    /// not visible here; it can be mounted where a private hosted zone resolves its name.
    ///
    /// # Why it matters
    /// Without mount targets, the name of the file system does not resolve: `Failed to resolve
    /// "fs-….efs.REGION.amazonaws.com" - check that your file system ID is correct`. The id may be
    /// mistyped, of another Region, or of a file system that was deleted.
    ///
    /// # How to fix it
    /// Name a file system of the task's Region in a new task definition revision.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html>,
    /// <https://docs.aws.amazon.com/efs/latest/ug/API_DescribeFileSystems.html>
    EfsFilesystem {
        id: "efs-filesystem",
        domain: "volumes",
        phase: Volume,
        causes: [EfsDnsOrMountTarget],
        explains: ["efs-mount-target-az"],
    }
}

impl Check for EfsFilesystem {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let mounts = efs::mounts(&definition);
        if mounts.is_empty() {
            return cx.not_applicable(efs::NO_EFS);
        }
        cx.each(efs::by_file_system(&mounts), |cx, (id, mounts)| {
            let what = named(mounts.iter().map(|mount| mount.1));
            let query = cx.query(&efs::request(id));
            let list = format!(
                "aws efs describe-file-systems --query \
                 'FileSystems[].[FileSystemId,Name,LifeCycleState]' --output text{}",
                region_option(cx.region())
            );
            let Some(system) = efs::file_system(cx, id)? else {
                // What was mounted is there, in another account.
                if cx.proven(Phase::Volume)? {
                    return Ok(());
                }
                let region = cx.region().map_or(String::new(), |region| format!(" in `{region}`"));
                let detail = format!(
                    "{what} cannot be mounted: the name of the file system does not resolve"
                );
                let finding = if efs::unresolved(cx, id)? {
                    Finding::blocker(format!("file system `{id}` does not exist{region}"))
                        .detail(detail)
                } else {
                    Finding::likely(format!("file system `{id}` is not in this account{region}"))
                        .detail(format!(
                            "{detail}, unless it is another account's and a private hosted zone \
                         resolves its name"
                        ))
                };
                cx.report(
                    finding
                        .resource(efs::resource(cx, "file-system", id, None))
                        .evidence(Evidence::new(query, "/FileSystems", Value::Null).object(id))
                        .remedy(
                            Remedy::new(
                                "name a file system of the task's Region in a new revision of the \
                                 task definition",
                            )
                            .command(list),
                        ),
                );
                return Ok(());
            };
            let Some(state) = system.life_cycle_state.as_deref() else {
                let why = format!("the answer does not say whether `{id}` is available");
                return Err(Missing::undecided(query, why));
            };
            // While its throughput is changed it can be mounted.
            if ["available", "updating"].contains(&state) {
                return Ok(());
            }
            let remedy = if state == "creating" {
                Remedy::new("wait until the file system is available")
            } else {
                Remedy::new(
                    "name another file system in a new revision of the task definition, or restore \
                     this one from a backup",
                )
            };
            cx.report(
                Finding::blocker(format!("file system `{id}` is `{state}`, not `available`"))
                    .detail(format!("{what} cannot be mounted from it"))
                    .resource(efs::resource(cx, "file-system", id, system.file_system_arn.as_ref()))
                    .evidence(Evidence::new(query, "/LifeCycleState", state).object(id))
                    .remedy(remedy.command(list)),
            );
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::efs::account::{ID as FILE_SYSTEM, UNRESOLVED, mounted};
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const ID: &str = "efs-filesystem";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            absent(world).stopped(UNRESOLVED);
        },
        passes: |world| {
            mounted(world);
        },
        unknown: |world| {
            mounted(world).stopped(UNRESOLVED).deny("efs:DescribeFileSystems");
        },
        near_miss: |world| {
            // The name does not resolve for another reason.
            mounted(world).stopped(UNRESOLVED);
        },
    };

    fn absent(world: &mut World) -> &mut World {
        mounted(world).without("FileSystems").without("MountTargets").recorded_error(
            "efs",
            "DescribeFileSystems",
            &json!({"FileSystemId": FILE_SYSTEM}),
            "FileSystemNotFound",
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: file system `fs-0123456789abcdef0` does not exist in `eu-west-1`
          volume `data` cannot be mounted: the name of the file system does not resolve
          @ AWS::EFS::FileSystem fs-0123456789abcdef0
          fix: name a file system of the task's Region in a new revision of the task definition
          $ aws efs describe-file-systems --query 'FileSystems[].[FileSystemId,Name,LifeCycleState]' --output text --region eu-west-1
        ");
    }

    #[test]
    fn a_file_system_of_another_account_may_be_mounted() {
        let mut world = World::default();
        absent(&mut world);
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings[0].severity, Severity::Likely);
        assert!(outcome.findings[0].detail.contains("private hosted zone"));
        // Another file system does not resolve.
        world.stopped(&UNRESOLVED.replace(FILE_SYSTEM, "fs-0fedcba9876543210"));
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Likely);
    }

    #[test]
    fn its_state_counts() {
        for (state, status) in [
            ("available", Status::Passed),
            ("updating", Status::Passed),
            ("creating", Status::Failed),
            ("deleting", Status::Failed),
            ("error", Status::Failed),
        ] {
            let mut world = World::default();
            mounted(&mut world).set("FileSystems", "/FileSystems/0/LifeCycleState", json!(state));
            assert_eq!(world.outcome(ID).status, status, "{state}");
        }
    }

    #[test]
    fn a_file_system_is_told_once() {
        let mut world = EXAMPLES.failing();
        world.definition(
            "/volumes/-",
            json!({"name": "cache", "efsVolumeConfiguration": {"fileSystemId": FILE_SYSTEM}}),
        );
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings.len(), 1);
        assert!(outcome.findings[0].detail.starts_with("volumes `data`, `cache` cannot"));
    }
}
