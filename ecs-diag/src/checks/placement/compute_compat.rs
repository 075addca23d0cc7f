use serde_json::json;

use crate::{
    LaunchType,
    check::{Check, Cx, Meta, check},
    checks::{capacity, definition},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// The task definition suits where the task is to run
    ///
    /// # What it looks at
    /// `compatibilities` of the task definition, which ECS works out when it is registered, or else
    /// `requiresCompatibilities`, against the task's launch type or the kind of its capacity
    /// provider. ECS Managed Instances are not looked at.
    ///
    /// # Why it matters
    /// ECS refuses the task: `The selected task definition is not compatible with the selected compute
    /// strategy`. Fargate, for instance, needs the network mode `awsvpc` and a size of the task.
    ///
    /// # How to fix it
    /// Register a revision that meets the demands, or run the task elsewhere.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/failed-to-start-error.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html>
    ComputeCompat {
        id: "plc-compute-compat",
        domain: "placement",
        phase: Place,
        causes: [DeployConfiguration],
        explains: [],
    }
}

impl Check for ComputeCompat {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if cx.task()?.is_some_and(|task| task.started_at.is_some()) {
            return cx.not_applicable("the task ran where it was to run");
        }
        let kind = match capacity::launch_type(cx)? {
            LaunchType::Fargate => "FARGATE",
            LaunchType::Ec2 => "EC2",
            LaunchType::External => "EXTERNAL",
            LaunchType::ManagedInstances => {
                return cx.not_applicable("the task is for ECS Managed Instances");
            }
        };
        let definition = cx.definition()?;
        let (member, suits) = if definition.compatibilities.is_empty() {
            ("requiresCompatibilities", &definition.requires_compatibilities)
        } else {
            ("compatibilities", &definition.compatibilities)
        };
        let mut suits = suits.clone();
        suits.sort_unstable();
        if suits.is_empty() || suits.iter().any(|suits| suits == kind) {
            return Ok(());
        }
        let mut lacks = Vec::new();
        if kind == "FARGATE" {
            if definition.network_mode.as_deref() != Some("awsvpc") {
                lacks.push("network mode `awsvpc`");
            }
            if definition.cpu.is_none() || definition.memory.is_none() {
                lacks.push("`cpu` and `memory` of the task");
            }
        }
        let lacks = if lacks.is_empty() {
            String::new()
        } else {
            format!("; it lacks {}", lacks.join(" and "))
        };
        let name = definition::name(&definition);
        let words: Vec<_> = suits.iter().map(|suits| format!("`{suits}`")).collect();
        let remedy = Remedy::new(format!(
            "register a revision of `{name}` that is compatible with `{kind}`, or run the task on {}",
            words.join(" or ")
        ));
        cx.report(
            Finding::blocker(format!(
                "task definition `{name}` is for {}, but the task is to run on `{kind}`",
                words.join(" and ")
            ))
            .detail(format!("ECS refuses the task{lacks}"))
            .resource(definition::resource(&definition))
            .evidence(definition::evidence(cx, &definition, &format!("/{member}"), json!(suits))?)
            .changed_at(definition.registered_at)
            .remedy(definition::deployed(cx, &definition, remedy)),
        );
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

    const ID: &str = "plc-compute-compat";
    const MESSAGE: &str =
        "The selected task definition is not compatible with the selected compute strategy.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            suiting(world, &["EC2", "EXTERNAL"]).definition("/networkMode", json!("bridge"));
        },
        passes: |_| {},
        unknown: |world| {
            suiting(world, &["EC2"]).without("taskDefinition");
        },
        near_miss: |world| {
            suiting(world, &["EC2", "FARGATE"]);
        },
    };

    fn suiting<'w>(world: &'w mut World, kinds: &[&str]) -> &'w mut World {
        world
            .stopped(MESSAGE)
            .task("/connectivityAt", Value::Null)
            .task("/attachments", json!([]))
            .definition("/compatibilities", json!(kinds))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: task definition `checkout:42` is for `EC2` and `EXTERNAL`, but the task is to run on `FARGATE`
          ECS refuses the task; it lacks network mode `awsvpc`
          @ AWS::ECS::TaskDefinition checkout:42
          fix: register a revision of `checkout:42` that is compatible with `FARGATE`, or run the task on `EC2` or `EXTERNAL`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn what_it_was_registered_for_counts_where_ecs_does_not_tell() {
        let mut world = World::default();
        world.stopped(MESSAGE).definition("/requiresCompatibilities", json!(["EC2"]));
        assert_eq!(world.outcome(ID).status, Status::Failed);
        world.definition("/requiresCompatibilities", Value::Null);
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
