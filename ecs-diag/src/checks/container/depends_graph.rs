use std::collections::HashMap;

use serde_json::{Value, json};

use crate::{
    aws::ecs::{ContainerDefinition, TaskDefinition},
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// The containers can be started in the order that `dependsOn` asks for
    ///
    /// # What it looks at
    /// Every `dependsOn`: the container that it names exists, no container waits for itself, directly
    /// or through others, and the condition is one that can come true: `COMPLETE` and `SUCCESS` not
    /// of an essential container, since the task stops when that ends; `HEALTHY` only of a container
    /// with a health check in the task definition, since one in the image does not count.
    ///
    /// # Why it matters
    /// `RegisterTaskDefinition` refuses such a definition; where one got through, the container never
    /// starts: `container ordering dependency … does not exist`, `TaskDependencyError: Task
    /// dependencies cannot be resolved`.
    ///
    /// # How to fix it
    /// Name a container that exists, break the circle, or wait for a condition that can come true.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html>
    DependsGraph {
        id: "ctr-depends-graph",
        domain: "container",
        phase: Create,
        causes: [DeployConfiguration],
        explains: [],
    }
}

/// How many circles are told, and how many containers of one.
const CIRCLES: usize = 5;
const IN_A_CIRCLE: usize = 12;
/// Among how many containers one with a similar name is looked for.
const COMPARED: usize = 100;

/// What cannot come true.
struct Fault {
    what: String,
    pointer: String,
    value: Value,
    /// The member to set, its value, and the change in words.
    fix: Option<(String, Value, String)>,
    advice: String,
}

impl Check for DependsGraph {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let containers = &task_definition.container_definitions;
        if containers.iter().all(|container| container.depends_on.is_empty()) {
            return cx.not_applicable("no container waits for another one");
        }
        let faults = faults(&task_definition);
        if faults.is_empty() {
            return Ok(());
        }
        let label = definition::name(&task_definition);
        let what: Vec<_> = faults.iter().map(|fault| fault.what.as_str()).collect();
        let mut finding = Finding::blocker(format!(
            "the containers of `{label}` wait for what cannot happen: {}",
            what.join("; ")
        ))
        .detail("a container whose dependency never comes true is never started")
        .resource(definition::resource(&task_definition));
        let mut remedy = Remedy::new("correct `dependsOn` in the task definition");
        let evident = faults.iter().all(|fault| fault.fix.is_some());
        for fault in faults {
            finding = finding.evidence(definition::evidence(
                cx,
                &task_definition,
                &fault.pointer,
                fault.value,
            )?);
            remedy = match fault.fix {
                Some((pointer, value, words)) => {
                    let remedy = remedy.step(words);
                    if evident {
                        remedy.edit(definition::set(&task_definition, &pointer, value))
                    } else {
                        remedy
                    }
                }
                None => remedy.step(fault.advice),
            };
        }
        cx.report(finding.remedy(definition::deployed(cx, &task_definition, remedy)));
        Ok(())
    }
}

fn faults(definition: &TaskDefinition) -> Vec<Fault> {
    let containers = &definition.container_definitions;
    let places: HashMap<&str, usize> =
        containers.iter().enumerate().map(|(at, c)| (c.name.as_str(), at)).collect();
    let mut faults = Vec::new();
    for (at, container) in containers.iter().enumerate() {
        let name = &container.name;
        for (nth, dependency) in container.depends_on.iter().enumerate() {
            let pointer = format!("/containerDefinitions/{at}/dependsOn/{nth}");
            let on = &dependency.container_name;
            let condition = dependency.condition.as_str();
            let value = json!({"containerName": on, "condition": condition});
            let fault = |what: String, fix, advice: String| Fault {
                what,
                pointer: pointer.clone(),
                value: value.clone(),
                fix,
                advice,
            };
            let Some(&other) = places.get(on.as_str()) else {
                let near = nearest(on, containers).filter(|near| *near != name);
                let fix = near.map(|near| {
                    let words = format!("container `{name}`: wait for `{near}`");
                    (format!("{pointer}/containerName"), json!(near), words)
                });
                faults.push(fault(
                    format!("`{name}` waits for `{on}`, which does not exist"),
                    fix,
                    format!("container `{name}`: wait for a container that exists"),
                ));
                continue;
            };
            let other_one = &containers[other];
            match condition {
                "COMPLETE" | "SUCCESS" if other_one.essential.unwrap_or(true) => {
                    let words = format!("container `{on}`: set `essential` to `false`");
                    faults.push(fault(
                        format!(
                            "`{name}` waits for the end of `{on}`, which is essential, so that the \
                             task ends with it"
                        ),
                        Some((
                            format!("/containerDefinitions/{other}/essential"),
                            json!(false),
                            words.clone(),
                        )),
                        words,
                    ));
                }
                "HEALTHY" if other_one.health_check.is_none() => {
                    faults.push(fault(
                        format!(
                            "`{name}` waits for `{on}` to be healthy, which has no health check in \
                             the task definition"
                        ),
                        None,
                        format!(
                            "container `{on}`: add a `healthCheck`; or container `{name}`: wait for \
                             `START`"
                        ),
                    ));
                }
                "START" | "COMPLETE" | "SUCCESS" | "HEALTHY" => {}
                _ => faults.push(fault(
                    format!("`{name}` waits for `{on}` on the condition `{condition}`"),
                    None,
                    format!(
                        "container `{name}`: wait for `START`, `COMPLETE`, `SUCCESS` or `HEALTHY`"
                    ),
                )),
            }
        }
    }
    for circle in circles(containers, &places) {
        let mut names: Vec<_> = circle
            .iter()
            .take(IN_A_CIRCLE)
            .map(|at| format!("`{}`", containers[*at].name))
            .collect();
        if circle.len() > IN_A_CIRCLE {
            names.push("…".to_owned());
        }
        let at = circle[0];
        names.push(format!("`{}`", containers[at].name));
        faults.push(Fault {
            what: format!("{} wait in a circle", names.join(" → ")),
            pointer: format!("/containerDefinitions/{at}/dependsOn"),
            value: json!(
                containers[at].depends_on.iter().map(|on| &on.container_name).collect::<Vec<_>>()
            ),
            fix: None,
            advice: format!("leave out one of the dependencies {}", names.join(" → ")),
        });
    }
    faults
}

/// The container whose name is a letter or two off, if there is one such.
fn nearest<'d>(name: &str, containers: &'d [ContainerDefinition]) -> Option<&'d String> {
    let mut near = containers
        .iter()
        .take(COMPARED)
        .map(|container| &container.name)
        .filter(|other| strsim::osa_distance(other, name) <= 2);
    near.next().filter(|_| near.next().is_none())
}

/// Containers that wait for each other: each circle once, in the order of waiting.
fn circles(containers: &[ContainerDefinition], places: &HashMap<&str, usize>) -> Vec<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        OnPath,
        Done,
    }
    let mut states = vec![State::New; containers.len()];
    let mut circles = Vec::new();
    for start in 0..containers.len() {
        if states[start] != State::New {
            continue;
        }
        states[start] = State::OnPath;
        // A container, and its next dependency to follow.
        let mut path = vec![(start, 0)];
        while let Some((at, next)) = path.last_mut() {
            let dependencies = &containers[*at].depends_on;
            let Some(dependency) = dependencies.get(*next) else {
                states[*at] = State::Done;
                path.pop();
                continue;
            };
            *next += 1;
            let Some(&on) = places.get(dependency.container_name.as_str()) else { continue };
            match states[on] {
                State::New => {
                    states[on] = State::OnPath;
                    path.push((on, 0));
                }
                State::OnPath if circles.len() < CIRCLES => {
                    let from = path.iter().position(|(at, _)| *at == on).unwrap_or_default();
                    circles.push(path[from..].iter().map(|(at, _)| *at).collect());
                }
                State::OnPath | State::Done => {}
            }
        }
    }
    circles
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::{Outcome, Status},
        checks::testing::{Examples, World},
    };

    const ID: &str = "ctr-depends-graph";
    const REASON: &str = "dependency graph: container ordering dependency [migrat] for target [app] \
        does not exist.";

    fn on(container: &str, condition: &str) -> Value {
        json!([{"containerName": container, "condition": condition}])
    }

    fn with_migrate(world: &mut World, dependency: &str) {
        world
            .task("/containers/0/reason", json!(REASON))
            .container("/dependsOn", on(dependency, "SUCCESS"))
            .definition(
                "/containerDefinitions/-",
                json!({"name": "migrate", "image": crate::checks::testing::IMAGE,
                    "essential": false}),
            );
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| with_migrate(world, "migrat"),
        passes: |world| with_migrate(world, "migrate"),
        unknown: |world| {
            with_migrate(world, "migrat");
            world.deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| with_migrate(world, "migrate"),
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: the containers of `checkout:42` wait for what cannot happen: `app` waits for `migrat`, which does not exist
          a container whose dependency never comes true is never started
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): correct `dependsOn` in the task definition
          - container `app`: wait for `migrate`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn the_container_that_was_meant_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }

    /// Containers by name, what each waits for, and on which condition.
    fn graph(edges: &[(&str, &[(&str, &str)])]) -> Outcome {
        let containers: Vec<_> = edges
            .iter()
            .map(|(name, on)| {
                let on: Vec<_> = on
                    .iter()
                    .map(|(name, condition)| json!({"containerName": name, "condition": condition}))
                    .collect();
                json!({"name": name, "dependsOn": on, "essential": *name == "app"})
            })
            .collect();
        World::default().definition("/containerDefinitions", json!(containers)).outcome(ID)
    }

    #[test]
    fn circles_are_told_each_once() {
        let outcome = graph(&[
            ("app", &[("a", "START")]),
            ("a", &[("b", "START")]),
            ("b", &[("c", "START")]),
            ("c", &[("a", "START")]),
            ("alone", &[("alone", "START")]),
        ]);
        let summary = &outcome.findings[0].summary;
        assert!(summary.contains("`a` → `b` → `c` → `a` wait in a circle"), "{summary}");
        assert!(summary.contains("`alone` → `alone` wait in a circle"), "{summary}");
        assert_eq!(summary.matches("circle").count(), 2, "{summary}");
    }

    #[test]
    fn two_ways_to_one_container_are_no_circle() {
        let outcome = graph(&[
            ("app", &[("a", "START"), ("b", "START")]),
            ("a", &[("b", "START")]),
            ("b", &[]),
        ]);
        assert_eq!(outcome.status, Status::Passed, "{outcome:?}");
    }

    #[test]
    fn conditions_must_be_able_to_come_true() {
        for (condition, health, essential, passes) in [
            ("START", false, true, true),
            ("COMPLETE", false, false, true),
            ("COMPLETE", false, true, false),
            ("SUCCESS", false, true, false),
            ("HEALTHY", true, true, true),
            ("HEALTHY", false, true, false),
            ("STARTED", false, true, false),
        ] {
            let mut world = World::default();
            let mut other = json!({"name": "db", "essential": essential});
            if health {
                other["healthCheck"] = json!({"command": ["CMD-SHELL", "true"]});
            }
            world
                .container("/dependsOn", on("db", condition))
                .definition("/containerDefinitions/-", other);
            let status = world.outcome(ID).status;
            assert_eq!(status == Status::Passed, passes, "{condition} {health} {essential}");
        }
    }

    #[test]
    fn an_essential_container_that_is_to_end_becomes_another_one() {
        let mut world = EXAMPLES.failing();
        world
            .container("/dependsOn", on("migrate", "SUCCESS"))
            .definition("/containerDefinitions/1/essential", json!(true));
        assert!(world.verified(ID));
    }

    #[test]
    fn a_long_chain_is_followed_without_a_deep_stack() {
        let names: Vec<_> = (0..20_000).map(|n| format!("c{n}")).collect();
        let containers: Vec<_> = (0..names.len())
            .map(|n| {
                let next = &names[(n + 1) % names.len()];
                json!({"name": names[n], "dependsOn": on(next, "START")})
            })
            .collect();
        let outcome =
            World::default().definition("/containerDefinitions", json!(containers)).outcome(ID);
        assert!(outcome.findings[0].summary.contains("wait in a circle"));
    }
}
