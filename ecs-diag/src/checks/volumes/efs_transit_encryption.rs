use super::{about, efs, named};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Volumes on EFS with IAM or an access point are encrypted in transit
    ///
    /// # What it looks at
    /// `transitEncryption` of every volume on EFS whose `authorizationConfig` turns `iam` on or
    /// names an access point.
    ///
    /// # Why it matters
    /// The mount helper proves who it is inside the encrypted connection: without one there is
    /// neither IAM authorization nor an access point, and ECS refuses the task definition.
    ///
    /// # How to fix it
    /// Set `transitEncryption` to `ENABLED`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EFSVolumeConfiguration.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EFSAuthorizationConfig.html>
    EfsTransitEncryption {
        id: "efs-transit-encryption",
        domain: "volumes",
        phase: Volume,
        causes: [EfsAccessDenied, DeployConfiguration],
        explains: [],
    }
}

impl Check for EfsTransitEncryption {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let mounts = efs::mounts(&task_definition);
        if mounts.is_empty() {
            return cx.not_applicable(efs::NO_EFS);
        }
        let wrong: Vec<_> = mounts
            .iter()
            .filter(|(.., efs)| {
                (efs.uses_iam() || efs.access_point().is_some())
                    && efs.transit_encryption.as_deref() != Some("ENABLED")
            })
            .collect();
        if wrong.is_empty() {
            return Ok(());
        }
        let pointer =
            |place: usize| format!("/volumes/{place}/efsVolumeConfiguration/transitEncryption");
        let what = named(wrong.iter().map(|mount| mount.1));
        let mut remedy = Remedy::new(format!("set `transitEncryption` of {what} to `ENABLED`"));
        for (place, ..) in &wrong {
            remedy = remedy.edit(definition::set(&task_definition, &pointer(*place), "ENABLED"));
        }
        let seen = wrong
            .iter()
            .map(|(place, _, efs)| (pointer(*place), efs.transit_encryption.clone().into()));
        let finding = Finding::blocker(format!(
            "{what} of `{}` {} an access point or IAM without encryption in transit",
            definition::name(&task_definition),
            if wrong.len() == 1 { "uses" } else { "use" },
        ))
        .detail(
            "the mount helper authenticates inside the encrypted connection: ECS refuses the one \
             without the other",
        )
        .remedy(definition::deployed(cx, &task_definition, remedy));
        let finding = about(cx, &task_definition, finding, seen)?;
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::efs::account::{DENIED, mounted, with_access_point};
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "efs-transit-encryption";
    const POINTER: &str = "/volumes/0/efsVolumeConfiguration/transitEncryption";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            with_access_point(world).stopped(DENIED).definition(POINTER, Value::Null);
        },
        passes: |world| {
            with_access_point(world);
        },
        unknown: |world| {
            with_access_point(world).stopped(DENIED).without("taskDefinition");
        },
        near_miss: |world| {
            // Without IAM and access point nothing needs encryption.
            mounted(world).stopped(DENIED);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: volume `data` of `checkout:42` uses an access point or IAM without encryption in transit
          the mount helper authenticates inside the encrypted connection: ECS refuses the one without the other
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): set `transitEncryption` of volume `data` to `ENABLED`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn iam_needs_it_too() {
        let mut world = World::default();
        mounted(&mut world).definition(
            "/volumes/0/efsVolumeConfiguration/authorizationConfig",
            json!({"iam": "ENABLED"}),
        );
        assert_eq!(world.outcome(ID).status, Status::Failed);
        world.definition(POINTER, json!("ENABLED"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.definition(POINTER, json!("DISABLED")).definition(
            "/volumes/0/efsVolumeConfiguration/authorizationConfig/iam",
            json!("DISABLED"),
        );
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
