use super::{is_windows, operating_system};
use crate::{
    LaunchType, Phase,
    check::{Check, Cx, Meta, check},
    checks::definition,
    edit::Edit,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// Fargate grants the limits that containers ask for
    ///
    /// # What it looks at
    /// `ulimits` of containers on Fargate: Windows has none, and `nofile` is 1048576 at most.
    ///
    /// # Why it matters
    /// A limit that Fargate does not grant is refused when the task definition is registered, or does
    /// not hold when the container runs.
    ///
    /// # How to fix it
    /// Lower `nofile` to 1048576, or remove `ulimits` on Windows.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Ulimit.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html>
    Ulimits {
        id: "fg-ulimits",
        domain: "fargate",
        phase: Place,
        causes: [],
        explains: [],
    }
}

/// The most open files that Fargate grants a process.
const MOST_FILES: i64 = 1_048_576;

impl Check for Ulimits {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if cx.launch_type()? != LaunchType::Fargate {
            return cx.not_applicable("the task does not run on Fargate");
        }
        let definition = cx.definition()?;
        if cx.proven(Phase::Start)? {
            return Ok(());
        }
        let windows = is_windows(operating_system(&definition));
        let mut what = Vec::new();
        let mut places = Vec::new();
        let mut remedy = Remedy::new(if windows {
            "remove `ulimits`".to_owned()
        } else {
            format!("set `nofile` to {MOST_FILES} or less")
        });
        for (at, container) in definition.container_definitions.iter().enumerate() {
            let base = format!("/containerDefinitions/{at}/ulimits");
            if windows && !container.ulimits.is_empty() {
                what.push(format!(
                    "container `{}` has limits, and Windows has none",
                    container.name
                ));
                remedy = remedy.edit(Edit::Remove(definition::object(&definition), base.clone()));
                places.push(base);
                continue;
            }
            for (place, limit) in container.ulimits.iter().enumerate() {
                let members = [("softLimit", limit.soft_limit), ("hardLimit", limit.hard_limit)];
                for (member, value) in members {
                    let Some(value) = value.filter(|value| {
                        limit.name.as_deref() == Some("nofile") && *value > MOST_FILES
                    }) else {
                        continue;
                    };
                    what.push(format!(
                        "container `{}` asks for {value} open files (`{member}`)",
                        container.name
                    ));
                    let pointer = format!("{base}/{place}/{member}");
                    remedy = remedy.edit(definition::set(&definition, &pointer, MOST_FILES));
                    places.push(pointer);
                }
            }
        }
        if what.is_empty() {
            return Ok(());
        }
        let mut finding = Finding::warning(format!(
            "task definition `{}` asks for limits that Fargate does not grant",
            definition::name(&definition)
        ))
        .detail(what.join("; "))
        .resource(definition::resource(&definition))
        .changed_at(definition.registered_at);
        for (pointer, what) in places.iter().zip(what) {
            finding = finding.evidence(definition::evidence(cx, &definition, pointer, what)?);
        }
        cx.report(finding.remedy(definition::deployed(cx, &definition, remedy)));
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::checks::testing::{Examples, World};

    const ID: &str = "fg-ulimits";
    const MESSAGE: &str = "ClientException: Invalid ulimit for container.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            limits(world, 2_097_152).stopped(MESSAGE);
        },
        passes: |world| {
            limits(world, 1_048_576);
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            limits(world, 65_535).stopped(MESSAGE);
        },
    };

    fn limits(world: &mut World, files: i64) -> &mut World {
        let limits: Value = json!([{"name": "nofile", "softLimit": 1024, "hardLimit": files}]);
        world.container("/ulimits", limits)
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        warning: task definition `checkout:42` asks for limits that Fargate does not grant
          container `app` asks for 2097152 open files (`hardLimit`)
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): set `nofile` to 1048576 or less
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn the_fixes_are_proved() {
        assert!(EXAMPLES.failing().verified(ID));
        let mut world = World::default();
        limits(&mut world, 1024).definition(
            "/runtimePlatform",
            json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}),
        );
        assert!(world.verified(ID));
    }
}
