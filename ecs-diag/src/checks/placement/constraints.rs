use super::expression::{self, Expression};
use crate::{
    aws::ecs::Attribute,
    check::{Check, Cx, Meta, check},
    checks::{
        definition,
        instances::{self, Faults},
        service::object,
        task,
    },
    facts::Missing,
    finding::{Finding, Remedy},
    shell::quoted,
};

check! {
    /// Container instances satisfy the placement constraints
    ///
    /// # What it looks at
    /// The `memberOf` expressions of the task definition and the service, for every active instance
    /// with a connected agent; and, where the service has `distinctInstance`, whether there are more
    /// instances than tasks. Constraints that were given to `RunTask` are not known. Of an expression
    /// about groups of tasks, or with a pattern that fits a part of a value only, it is not told
    /// whether it holds.
    ///
    /// # Why it matters
    /// A constraint binds: where no instance satisfies it, there is no place for the task: `MemberOf
    /// placement constraint unsatisfied`.
    ///
    /// # How to fix it
    /// Give an instance the attribute, add one that satisfies the constraint, or relax it.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html>
    Constraints {
        id: "plc-constraints",
        domain: "placement",
        phase: Place,
        causes: [PlaceAttributeOrGpu, PlaceNoInstances],
        explains: [],
    }
}

impl Check for Constraints {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let judged = match instances::up(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        let definition = cx.definition()?;
        let service = cx.service()?;
        let own = definition.placement_constraints.iter().enumerate();
        let of_service = service.iter().flat_map(|service| &service.placement_constraints);
        if definition.placement_constraints.is_empty() && of_service.clone().next().is_none() {
            return cx
                .not_applicable("neither task definition nor service constrains the placement");
        }

        if let Some(service) = &service
            && of_service.clone().any(|c| c.kind.as_deref() == Some("distinctInstance"))
        {
            let up = judged.instances.iter().filter(|judgement| judgement.is_up()).count();
            let tasks = service.running_count.saturating_add(service.pending_count);
            if usize::try_from(tasks).is_ok_and(|tasks| tasks >= up) {
                let name = &service.service_name;
                cx.report(
                    Finding::blocker(format!(
                        "service `{name}` wants each of its tasks on an instance of its own, and all \
                         {up} active instances have one"
                    ))
                    .detail(format!(
                        "it has {tasks} tasks and wants {}: `distinctInstance` allows no second one \
                         on an instance",
                        service.desired_count
                    ))
                    .resource(instances::cluster(cx))
                    .evidence(object::evidence(
                        cx,
                        service,
                        "/placementConstraints",
                        "distinctInstance",
                    ))
                    .remedy(Remedy::new(format!(
                        "add instances, or ask for {up} tasks at most"
                    ))),
                );
            }
        }

        let failing = judged.failing(cx, Faults::CONSTRAINT)?;
        let Some(failing) = failing else { return Ok(()) };
        // Each expression, where it stands, and for how many of them it does not hold.
        let mut broken = Vec::new();
        let expressions = own
            .filter_map(|(at, constraint)| Some((Some(at), constraint.expression.as_deref()?)))
            .chain(of_service.filter_map(|c| Some((None, c.expression.as_deref()?))));
        for (at, text) in expressions {
            let Some(parsed) = expression::parse(text) else { continue };
            let not = failing
                .instances
                .iter()
                .filter(|judgement| parsed.holds(&judgement.instance) == Some(false))
                .count();
            if not > 0 {
                broken.push((at, text, parsed, not));
            }
        }
        broken.sort_by(|a, b| (a.0.is_none(), a.1).cmp(&(b.0.is_none(), b.1)));
        let told: Vec<_> = broken
            .iter()
            .map(|(at, text, _, not)| {
                let of = if at.is_some() { "the task definition's" } else { "the service's" };
                let on = if *not == failing.instances.len() {
                    String::new()
                } else {
                    format!(" (not on {not})")
                };
                format!("{of} `{text}`{on}")
            })
            .collect();
        let summary = format!(
            "{} {} not what a placement constraint asks for: {}",
            failing.count(),
            failing.verb("is", "are"),
            told.join("; ")
        );
        let mut remedy = Remedy::new("add an instance that satisfies the constraint, or relax it");
        if let [(_, _, parsed, _)] = broken.as_slice()
            && let Some((name, value)) = custom_attribute(parsed)
        {
            let first = &failing.instances[0].instance;
            remedy = Remedy::new(format!(
                "give an instance the attribute, if it is one that the task is meant for: \
                 `{name}` = `{value}`; or relax the constraint"
            ))
            .command(format!(
                "aws ecs put-attributes --attributes {}{}",
                quoted(&format!(
                    "name={name},value={value},targetId={}",
                    first.container_instance_arn
                )),
                task::options(cx)
            ));
            let attribute = Attribute { name: name.to_owned(), value: Some(value.to_owned()) };
            remedy = remedy.edit(first.with_attributes(&[attribute]));
        }
        let evidence = match (broken.first(), &service) {
            (Some((Some(at), text, ..)), _) => definition::evidence(
                cx,
                &definition,
                &format!("/placementConstraints/{at}/expression"),
                *text,
            )?,
            (Some((None, text, ..)), Some(service)) => {
                object::evidence(cx, service, "/placementConstraints", *text)
            }
            _ => failing.instances[0].instance.evidence(cx, "/attributes", serde_json::Value::Null),
        };
        let finding = failing
            .finding(
                cx,
                summary,
                format!("a constraint binds: ECS does not place the task on {}", failing.ids()),
            )?
            .evidence(evidence)
            .remedy(remedy);
        cx.report(finding);
        Ok(())
    }
}

/// The attribute that an expression asks for, where that is all, and everybody may set it.
fn custom_attribute(expression: &Expression) -> Option<(&str, &str)> {
    let (name, value) = expression.equality()?;
    let reserved = ["ecs.", "com.amazonaws."].iter().any(|begin| name.starts_with(begin));
    (!reserved).then_some((name, value))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        Target,
        check::Status,
        checks::{
            instances::fixtures::{one, unplaced},
            testing::{Examples, World},
        },
        finding::Severity,
    };

    const ID: &str = "plc-constraints";
    const MESSAGE: &str = "TaskFailedToStart: MemberOf placement constraint unsatisfied";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            constrained(world, "attribute:stack == prod");
        },
        passes: |world| {
            constrained(world, "attribute:ecs.instance-type =~ m5.*");
        },
        unknown: |world| {
            constrained(world, "task:group == service:databases");
        },
        near_miss: |world| {
            constrained(world, "attribute:stack == prod");
            one(world, 0, "/attributes/-", json!({"name": "stack", "value": "prod"}));
        },
    };

    fn constrained<'w>(world: &'w mut World, expression: &str) -> &'w mut World {
        unplaced(world, MESSAGE).definition(
            "/placementConstraints",
            json!([{"type": "memberOf", "expression": expression}]),
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: both container instances are not what a placement constraint asks for: the task definition's `attribute:stack == prod`
          a constraint binds: ECS does not place the task on `i-0a000000000000001`, `i-0b000000000000002`
          @ AWS::ECS::Cluster shop
          fix (verified): give an instance the attribute, if it is one that the task is meant for: `stack` = `prod`; or relax the constraint
          $ aws ecs put-attributes --attributes name=stack,value=prod,targetId=arn:aws:ecs:eu-west-1:111122223333:container-instance/shop/0a0000000000000000000000000000a1 --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn the_attribute_is_all_that_is_missing() {
        assert!(EXAMPLES.failing().verified(ID));
        // What AWS sets nobody else sets.
        let mut world = World::default();
        constrained(&mut world, "attribute:ecs.instance-type == m7g.large");
        assert_eq!(world.outcome(ID).status, Status::Failed);
        assert!(!world.verified(ID));
    }

    #[test]
    fn a_constraint_of_the_service_binds_too() {
        let mut world = World::default();
        unplaced(&mut world, MESSAGE).set(
            "services",
            "/services/0/placementConstraints",
            json!([{"type": "memberOf", "expression": "attribute:ecs.availability-zone == eu-west-1c"}]),
        );
        let finding = world.outcome(ID).findings.remove(0);
        assert!(finding.summary.contains("the service's `attribute:"), "{}", finding.summary);
    }

    #[test]
    fn each_task_on_an_instance_of_its_own_needs_as_many_instances() {
        let mut world = World::default();
        let event = "(service checkout) was unable to place a task because no container instance met \
            all of its requirements.";
        unplaced(&mut world, "")
            .target(Target::service(Some("shop"), "checkout"))
            .set("services", "/services/0/events", json!([{"message": event}]))
            .set("services", "/services/0/desiredCount", json!(3))
            .set("services", "/services/0/runningCount", json!(2))
            .set(
                "services",
                "/services/0/placementConstraints",
                json!([{"type": "distinctInstance"}]),
            );
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Blocker);
        world.set("services", "/services/0/runningCount", json!(1));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        let mut world = World::default();
        constrained(&mut world, "attribute:stack is prod");
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }
}
