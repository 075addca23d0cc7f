use super::{about, efs, named};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// The directories of the task's EFS volumes exist
    ///
    /// # What it looks at
    /// `rootDirectory` of every volume on EFS: with an access point it must be absent or `/`;
    /// without one it must be there on the file system. What a file system holds cannot be read;
    /// that a directory is missing shows in the failure message only.
    ///
    /// # Why it matters
    /// ECS mounts that directory and does not create it: `mounting … failed, reason given by
    /// server: No such file or directory`. A new file system is empty.
    ///
    /// # How to fix it
    /// Mount `/` once and create the directory, or use an access point that creates it.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EFSVolumeConfiguration.html>,
    /// <https://docs.aws.amazon.com/efs/latest/ug/enforce-root-directory-access-point.html>
    EfsRootDir {
        id: "efs-root-dir",
        domain: "volumes",
        phase: Volume,
        causes: [EfsPathMissing],
        explains: [],
    }
}

impl Check for EfsRootDir {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let mounts = efs::mounts(&task_definition);
        if mounts.is_empty() {
            return cx.not_applicable(efs::NO_EFS);
        }
        let pointer =
            |place: usize| format!("/volumes/{place}/efsVolumeConfiguration/rootDirectory");
        let label = definition::name(&task_definition);

        let both: Vec<_> = mounts
            .iter()
            .filter(|(.., efs)| efs.access_point().is_some() && efs.directory().is_some())
            .collect();
        if !both.is_empty() {
            let what = named(both.iter().map(|mount| mount.1));
            let mut remedy = Remedy::new(format!(
                "leave `rootDirectory` of {what} out: the access point says which directory it is"
            ));
            for (place, ..) in &both {
                remedy = remedy.edit(definition::set(&task_definition, &pointer(*place), "/"));
            }
            let seen = both
                .iter()
                .map(|(place, _, efs)| (pointer(*place), efs.root_directory.clone().into()));
            let finding = Finding::blocker(format!(
                "{what} of `{label}` {} an access point and a `rootDirectory`",
                if both.len() == 1 { "has" } else { "have" },
            ))
            .detail("ECS refuses a `rootDirectory` other than `/` beside an access point")
            .remedy(definition::deployed(cx, &task_definition, remedy));
            let finding = about(cx, &task_definition, finding, seen)?;
            cx.report(finding);
        }

        let Some(symptom) = cx.symptom()? else { return Ok(()) };
        if symptom.reading.signature != Some("RIE-EFS-NOENT") {
            return Ok(());
        }
        let told = |key| symptom.reading.parameters.get(key).map(String::as_str);
        let missing: Vec<_> = mounts
            .iter()
            .filter(|(.., efs)| {
                efs.access_point().is_none()
                    && efs.directory().is_some_and(|directory| {
                        let bare = |path: &str| path.trim_matches('/').to_owned();
                        told("path").is_none_or(|path| bare(path) == bare(directory))
                    })
                    && told("file_system").is_none_or(|id| id == efs.file_system_id)
            })
            .collect();
        for (place, name, efs) in missing {
            let directory = efs.directory().unwrap_or_default();
            let remedy = Remedy::new(format!(
                "create `{directory}` on file system `{}`",
                efs.file_system_id
            ))
            .step("mount `/` of the file system once, from a task or an instance, and create it")
            .step(
                "or mount through an access point with that path and `CreationInfo`, which creates \
                 it at the first mount",
            );
            let finding = Finding::blocker(format!(
                "file system `{}` has no directory `{directory}`",
                efs.file_system_id
            ))
            .detail(format!(
                "volume `{name}` of `{label}` mounts it as its root, and nothing creates it: the \
                 failure message says that it is not there"
            ))
            .resource(efs::resource(cx, "file-system", &efs.file_system_id, None))
            .named(directory)
            .evidence(definition::evidence(cx, &task_definition, &pointer(*place), directory)?)
            .remedy(remedy);
            cx.report(finding);
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::efs::account::{NO_ENTRY, mounted, with_access_point};
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        report::Confidence,
    };

    const ID: &str = "efs-root-dir";
    const POINTER: &str = "/volumes/0/efsVolumeConfiguration/rootDirectory";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            mounted(world).stopped(NO_ENTRY).definition(POINTER, json!("/data"));
        },
        passes: |world| {
            mounted(world).definition(POINTER, json!("/data"));
        },
        unknown: |world| {
            mounted(world).stopped(NO_ENTRY).without("taskDefinition");
        },
        near_miss: |world| {
            // It is not the directory that this task mounts.
            mounted(world).stopped(NO_ENTRY).definition(POINTER, json!("/other"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: file system `fs-0123456789abcdef0` has no directory `/data`
          volume `data` of `checkout:42` mounts it as its root, and nothing creates it: the failure message says that it is not there
          @ AWS::EFS::FileSystem fs-0123456789abcdef0
          fix: create `/data` on file system `fs-0123456789abcdef0`
          - mount `/` of the file system once, from a task or an instance, and create it
          - or mount through an access point with that path and `CreationInfo`, which creates it at the first mount
        ");
    }

    #[test]
    fn the_message_names_it() {
        let report = EXAMPLES.failing().report();
        let cause = &report.root_causes[0];
        assert_eq!(report.findings[cause.finding].check, ID);
        assert_eq!(cause.confidence, Confidence::Certain, "{report:?}");
    }

    #[test]
    fn the_address_of_an_encrypted_mount_names_no_file_system() {
        let mut world = EXAMPLES.failing();
        world.stopped(
            &NO_ENTRY.replace("fs-0123456789abcdef0.efs.eu-west-1.amazonaws.com", "127.0.0.1"),
        );
        assert_eq!(world.outcome(ID).status, Status::Failed);
    }

    #[test]
    fn an_access_point_has_a_directory_of_its_own() {
        let mut world = World::default();
        with_access_point(&mut world).definition(POINTER, json!("/data"));
        assert_eq!(world.outcome(ID).status, Status::Failed);
        assert!(world.verified(ID));
        for directory in [Value::Null, json!("/"), json!("")] {
            world.definition(POINTER, directory);
            assert_eq!(world.outcome(ID).status, Status::Passed);
        }
    }
}
