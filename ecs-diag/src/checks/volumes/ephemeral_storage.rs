use super::about;
use crate::{
    LaunchType,
    check::{Check, Cx, Meta, check},
    checks::{definition, fargate, task, volumes::platform},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// On Fargate, ephemeral storage has a size that there is
    ///
    /// # What it looks at
    /// `ephemeralStorage.sizeInGiB` of the task, overrides included: from 21 to 200 GiB, on
    /// platform version 1.4.0 or newer (Windows: any). Absent, a task has 20 GiB.
    ///
    /// # Why it matters
    /// ECS refuses other sizes, and older platform versions have storage of a fixed size.
    ///
    /// # How to fix it
    /// Ask for a size from 21 to 200 GiB, or leave `ephemeralStorage` out.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html>
    EphemeralStorage {
        id: "ephemeral-storage",
        domain: "volumes",
        phase: Place,
        causes: [DeployConfiguration],
        explains: [],
    }
}

/// What Fargate offers, in GiB, as of November 2026.
const LEAST: i64 = 21;
const MOST: i64 = 200;

impl Check for EphemeralStorage {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if cx.launch_type()? != LaunchType::Fargate {
            return cx.not_applicable("the task does not run on Fargate");
        }
        let task_definition = cx.definition()?;
        let size =
            task_definition.ephemeral_storage.as_ref().and_then(|storage| storage.size_in_gib);
        let Some(size) = size else { return Ok(()) };
        let task = cx.task()?;
        // A task that started had a size that there is, whatever is known here.
        if task.as_ref().is_some_and(|task| task.started_at.is_some()) {
            return Ok(());
        }
        let label = definition::name(&task_definition);
        if !(LEAST..=MOST).contains(&size) {
            let right = size.clamp(LEAST, MOST);
            let pointer = "/ephemeralStorage/sizeInGiB";
            // A value given when the task was started outranks the task definition's.
            let overridden =
                task.as_ref().filter(|task| task.overrides.ephemeral_storage.is_some());
            let (who, remedy) = match overridden {
                Some(task) => (
                    "the override given when the task was started".to_owned(),
                    Remedy::new(format!(
                        "start the task with {right} GiB as override of `ephemeralStorage`: it \
                         outranks the task definition"
                    ))
                    .edit(task::set(
                        task,
                        format!("/overrides{pointer}"),
                        right,
                    )),
                ),
                None => (
                    format!("`{label}`"),
                    definition::deployed(
                        cx,
                        &task_definition,
                        Remedy::new(format!("set `ephemeralStorage.sizeInGiB` to {right}"))
                            .edit(definition::set(&task_definition, pointer, right)),
                    ),
                ),
            };
            let finding =
                Finding::blocker(format!("{who} asks for {size} GiB of ephemeral storage"))
                    .detail(format!(
                        "Fargate has from {LEAST} to {MOST} GiB; ECS refuses other sizes"
                    ))
                    .remedy(remedy);
            let finding = match overridden {
                Some(task) => finding.resource(task::resource(task)).evidence(task::evidence(
                    cx,
                    task,
                    format!("/overrides{pointer}"),
                    size,
                )),
                None => about(cx, &task_definition, finding, [(pointer.to_owned(), size.into())])?,
            };
            cx.report(finding);
        } else if let Some((version, task)) = platform::old(cx)?.zip(task) {
            let finding = Finding::blocker(format!(
                "`{label}` asks for {size} GiB of ephemeral storage on platform version {version}"
            ))
            .detail("platform versions before 1.4.0 have storage of a fixed size")
            .remedy(fargate::on_1_4(cx, &task));
            let seen = [("/ephemeralStorage/sizeInGiB".to_owned(), size.into())];
            let finding = about(cx, &task_definition, finding, seen)?.evidence(task::evidence(
                cx,
                &task,
                "/platformVersion",
                version,
            ));
            cx.report(finding);
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "ephemeral-storage";
    const MESSAGE: &str = "CannotPullContainerError: write \
        /var/lib/docker/tmp/GetImageBlob111111111: no space left on device";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            asking(world, 500).stopped(MESSAGE);
        },
        passes: |world| {
            asking(world, 100);
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            asking(world, 100).stopped(MESSAGE);
        },
    };

    fn asking(world: &mut World, size: i64) -> &mut World {
        world.definition("/ephemeralStorage", json!({"sizeInGiB": size}))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: `checkout:42` asks for 500 GiB of ephemeral storage
          Fargate has from 21 to 200 GiB; ECS refuses other sizes
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): set `ephemeralStorage.sizeInGiB` to 200
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn from_21_to_200() {
        for (size, status) in [
            (20, Status::Failed),
            (21, Status::Passed),
            (200, Status::Passed),
            (201, Status::Failed),
            (-1, Status::Failed),
        ] {
            let mut world = World::default();
            asking(&mut world, size);
            assert_eq!(world.outcome(ID).status, status, "{size}");
        }
    }

    #[test]
    fn an_override_outranks_the_task_definition() {
        let mut world = World::default();
        asking(&mut world, 100).task("/overrides/ephemeralStorage", json!({"sizeInGiB": 500}));
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].summary.starts_with("the override"), "{outcome:?}");
        assert!(world.verified(ID));
    }

    #[test]
    fn old_platforms_have_a_fixed_size() {
        let mut world = World::default();
        asking(&mut world, 100).task("/platformVersion", json!("1.3.0"));
        assert_eq!(world.outcome(ID).status, Status::Failed);
        assert!(world.verified(ID));
        let mut world = World::default();
        world.task("/platformVersion", json!("1.3.0"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
