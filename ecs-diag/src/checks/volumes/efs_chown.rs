use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::efs;
use crate::{
    LaunchType,
    aws::efs::DescribeAccessPoints,
    check::{Check, Cx, Meta, check},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Severity},
};

check! {
    /// On EC2, Docker need not change owners on an EFS access point
    ///
    /// # What it looks at
    /// Volumes on EFS of a task on EC2 whose access point sets a user (`PosixUser`) for all
    /// requests.
    ///
    /// # Why it matters
    /// On EC2, such a volume is a Docker volume. When a container first mounts it, Docker copies
    /// what the image has at that path into the volume and gives it the owner it has in the image.
    /// The access point does everything as its own user, who may not do that: `failed to chown
    /// /var/lib/ecs/volumes/…: operation not permitted`. Fargate copies nothing.
    ///
    /// # How to fix it
    /// Mount at a path that the image does not have, or that is empty and belongs to the access
    /// point's user; or use an access point without `PosixUser`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/efs/latest/ug/enforce-identity-access-points.html>,
    /// <https://docs.docker.com/engine/storage/volumes/>; the effect is known from field reports
    EfsChown {
        id: "efs-chown",
        domain: "volumes",
        phase: Create,
        causes: [VolumeEc2DockerDriver],
        explains: [],
    }
}

impl Check for EfsChown {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let definition = cx.definition()?;
        let mounts = efs::mounts(&definition);
        let points: Vec<_> =
            mounts.iter().filter_map(|(_, name, efs)| Some((*name, efs.access_point()?))).collect();
        if points.is_empty() {
            return cx.not_applicable("no volume of the task has an access point of Amazon EFS");
        }
        if cx.launch_type()? == LaunchType::Fargate {
            return cx.not_applicable("Fargate copies nothing into a volume on EFS");
        }
        let said =
            cx.symptom()?.is_some_and(|symptom| symptom.reading.signature == Some("CCC-CHOWN"));
        // Without that message, the image's directory may well be empty or have the right owner.
        let severity = if said { Severity::Likely } else { Severity::Info };
        let mut paths: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for mount in definition.container_definitions.iter().flat_map(|c| &c.mount_points) {
            if let (Some(name), Some(path)) = (&mount.source_volume, &mount.container_path) {
                paths.entry(name).or_default().push(format!("`{path}`"));
            }
        }
        let mut seen = BTreeSet::new();
        cx.each(points, |cx, (name, id)| {
            if !seen.insert(id) {
                return Ok(());
            }
            let request = DescribeAccessPoints { access_point_id: id.to_owned() };
            // That it exists is another check's question.
            let Some(answer) = cx.get(&request)? else { return Ok(()) };
            let point = answer.access_points.iter().find(|point| point.access_point_id == id);
            let Some((point, user)) =
                point.and_then(|point| Some((point, point.posix_user.as_ref()?)))
            else {
                return Ok(());
            };
            let at = paths.get(name).map_or(String::new(), |at| format!(" at {}", at.join(", ")));
            cx.report(
                Finding::of(
                    severity,
                    format!(
                        "access point `{id}` of volume `{name}` does everything as user {}, Docker \
                         sets other owners",
                        user.uid
                    ),
                )
                .detail(format!(
                    "Docker copies what the image has{at} into the volume and changes its owner, \
                     which that user may not do; if the image has nothing there, or all of it \
                     belongs to {}:{}, this is not the reason",
                    user.uid, user.gid
                ))
                .resource(efs::resource(cx, "access-point", id, point.access_point_arn.as_ref()))
                .named(name)
                .evidence(
                    Evidence::new(
                        cx.query(&request),
                        "/PosixUser",
                        json!({"Uid": user.uid, "Gid": user.gid}),
                    )
                    .object(id),
                )
                .remedy(
                    Remedy::new("mount the volume at a path that the image does not have")
                        .step(format!(
                            "or make that path in the image empty and `chown {}:{}` it",
                            user.uid, user.gid
                        ))
                        .step("or name an access point without `PosixUser`"),
                ),
            );
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::efs::account::with_access_point;
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::placed,
            testing::{Examples, World},
        },
        finding::Severity,
    };

    const ID: &str = "efs-chown";
    const MESSAGE: &str = "CannotCreateContainerError: Error response from daemon: failed to \
        copy file info for /var/lib/ecs/volumes/ecs-checkout-42-data: failed to chown \
        /var/lib/ecs/volumes/ecs-checkout-42-data: lchown \
        /var/lib/ecs/volumes/ecs-checkout-42-data: operation not permitted";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            with_user(world).stopped(MESSAGE);
        },
        passes: |world| {
            placed(with_access_point(world), "EC2", &[]);
        },
        unknown: |world| {
            with_user(world).stopped(MESSAGE).deny("efs:DescribeAccessPoints");
        },
        near_miss: |world| {
            placed(with_access_point(world), "EC2", &[]).stopped(MESSAGE);
        },
    };

    fn with_user(world: &mut World) -> &mut World {
        placed(with_access_point(world), "EC2", &[]).set(
            "AccessPoints",
            "/AccessPoints/0/PosixUser",
            json!({"Uid": 1000, "Gid": 1000}),
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        likely: access point `fsap-0123456789abcdef0` of volume `data` does everything as user 1000, Docker sets other owners
          Docker copies what the image has at `/data` into the volume and changes its owner, which that user may not do; if the image has nothing there, or all of it belongs to 1000:1000, this is not the reason
          @ AWS::EFS::AccessPoint fsap-0123456789abcdef0
          fix: mount the volume at a path that the image does not have
          - or make that path in the image empty and `chown 1000:1000` it
          - or name an access point without `PosixUser`
        ");
    }

    #[test]
    fn it_is_context_where_nothing_failed_and_nothing_on_fargate() {
        let mut world = World::default();
        with_user(&mut world);
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Info);
        world.task("/launchType", json!("FARGATE"));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
