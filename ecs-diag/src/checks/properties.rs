//! What holds for every check, whatever the facts.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, sample::Index};
use serde_json::Value;

use super::testing::{World, assert_page, settings, worlds};
use crate::{Diagnosis, aws::OPERATIONS, check::Status};

/// How each check ends; nothing where there is no such task.
fn statuses(world: &World, diagnosis: &Diagnosis) -> BTreeMap<String, Status> {
    let checks = world.diagnose_with(diagnosis).map_or(vec![], |report| report.checks);
    checks.into_iter().map(|check| (check.check.into_owned(), check.status)).collect()
}

fn assert_only_unknown(before: &World, after: &World, diagnosis: &Diagnosis, what: &str) {
    let before = statuses(before, diagnosis);
    for (check, status) in statuses(after, diagnosis) {
        let was = before.get(&check);
        assert!(
            was == Some(&status) || status == Status::Unknown,
            "without {what}, `{check}` turns from {was:?} into {status:?}"
        );
    }
}

/// Removing or refusing one thing after another is done for all settings, so that no check escapes.
#[test]
fn one_collection_less_turns_a_status_only_into_unknown() {
    for (world, diagnosis) in settings() {
        for output in world.outputs.keys().copied().filter(|output| *output != "snapshot") {
            let mut less = world.clone();
            less.without(output);
            assert_only_unknown(&world, &less, &diagnosis, output);
        }
    }
}

#[test]
fn one_recording_less_turns_a_status_only_into_unknown() {
    for (world, diagnosis) in settings() {
        for index in 0..world.recordings.len() {
            let mut less = world.clone();
            let recording = less.recordings.remove(index);
            // An error recording may be all that keeps a collection from answering.
            if recording.get("error").is_none() {
                assert_only_unknown(&world, &less, &diagnosis, &recording.to_string());
            }
        }
    }
}

#[test]
fn one_denied_operation_turns_a_status_only_into_unknown() {
    let mut unknown: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (world, diagnosis) in settings() {
        let before = statuses(&world, &diagnosis);
        for name in world.asked(&diagnosis) {
            let mut less = world.clone();
            less.deny(&name);
            for (check, status) in statuses(&less, &diagnosis) {
                let was = before.get(&check);
                assert!(
                    was == Some(&status)
                        || status == Status::Unknown
                        // Reporting what was denied is that check's business.
                        || check == "pre-caller-permissions",
                    "with {name} denied, `{check}` turns from {was:?} into {status:?}"
                );
                if status == Status::Unknown && was != Some(&status) {
                    unknown.entry(name.clone()).or_default().insert(check);
                }
            }
        }
    }
    let page = operations_page(&unknown);
    assert_page("docs/operations.md", &page);
}

/// What each operation needs, and what a refusal costs.
fn operations_page(unknown: &BTreeMap<String, BTreeSet<String>>) -> String {
    let quoted = |words: &[&str]| words.join("`, `");
    let mut asked =
        "| operation | IAM actions | Region | if it is refused, these checks can be unknown |\n\
        |---|---|---|---|\n"
            .to_owned();
    let mut others = "| operation | IAM actions | Region |\n|---|---|---|\n".to_owned();
    for operation in OPERATIONS {
        let name = format!("{}:{}", operation.service, operation.name);
        let actions = quoted(operation.iam_actions);
        let region = if operation.is_global { "any" } else { "the object's" };
        let row = format!("| `{name}` | `{actions}` | {region} |");
        if operation.is_asked {
            let checks: Vec<_> = unknown.get(&name).into_iter().flatten().collect();
            let checks = match checks.len() {
                0 => "none: it only adds to what others find".to_owned(),
                _ => {
                    format!("`{}`", quoted(&checks.iter().map(|c| c.as_str()).collect::<Vec<_>>()))
                }
            };
            asked += &format!("{row} {checks} |\n");
        } else {
            others += &format!("{row}\n");
        }
    }
    format!(
        "Asked by the built-in checks, as far as a task needs it. The checks named are those that are \
         unknown in one of their own examples; where more rests on an answer, as on that about the \
         task, the service or its capacity providers, more can be unknown:\n\n{asked}\n\
         Not asked by a built-in check; there for checks of one's own:\n\n{others}"
    )
}

#[test]
fn the_operations_that_checks_ask_are_marked_on_the_closed_list() {
    let asked: BTreeSet<String> =
        settings().iter().flat_map(|(world, diagnosis)| world.asked(diagnosis)).collect();
    let marked = OPERATIONS.iter().filter(|operation| operation.is_asked);
    let marked = marked.map(|operation| format!("{}:{}", operation.service, operation.name));
    assert_eq!(asked, marked.collect());
}

/// What most tasks ask for is paid for by all of them.
#[test]
fn an_ordinary_task_asks_for_little() {
    let asked = World::default().asked(&Diagnosis::new());
    let expected = [
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ecr:BatchGetImage",
        "ecr:DescribeImages",
        "ecr:DescribePullThroughCacheRules",
        "ecr:DescribeRepositories",
        "ecs:DescribeServices",
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeTasks",
        "ecs:ListTasks",
        "iam:GetRole",
        "logs:DescribeLogGroups",
        "secretsmanager:DescribeSecret",
        "ssm:DescribeParameters",
    ];
    assert_eq!(asked.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

/// Reverses every array whose order means nothing to AWS.
fn reverse(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.reverse();
            items.iter_mut().for_each(reverse);
        }
        Value::Object(members) => {
            for (name, member) in members {
                // Order counts in commands, containers, events and policies' text.
                let ordered =
                    ["containerDefinitions", "containers", "command", "events", "secrets"];
                if !ordered.contains(&name.as_str()) {
                    reverse(member);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn the_order_of_files_and_objects_does_not_matter() {
    for (world, diagnosis) in settings() {
        let mut reordered = world.clone();
        reordered.outputs.values_mut().for_each(reverse);
        reordered.recordings.reverse();
        reordered.reverse_files = true;
        let json = |world: &World| world.diagnose_with(&diagnosis).map(|report| report.to_json());
        assert_eq!(json(&world), json(&reordered));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn fewer_collections_turn_a_status_only_into_unknown(
        which in any::<Index>(),
        less in proptest::collection::vec(any::<Index>(), 1..6),
    ) {
        let worlds = worlds();
        let world = which.get(&worlds);
        let outputs: Vec<_> = world.outputs.keys().copied().filter(|name| *name != "snapshot").collect();
        let mut fewer = world.clone();
        for index in less {
            fewer.outputs.remove(index.get(&outputs));
        }
        assert_only_unknown(world, &fewer, &Diagnosis::new(), "some outputs");
    }

    #[test]
    fn no_text_makes_a_diagnosis_panic(text in ".{0,400}", name in "\\PC{0,60}") {
        let mut world = World::default();
        world.stopped(&text).image(&name).container("/name", Value::from(name.clone()));
        let report = world.report();
        prop_assert!(report
            .checks
            .iter()
            .all(|check| check.reason.as_deref() != Some("the check panicked; its findings are left out")));
        serde_json::from_str::<Value>(&report.to_json()).unwrap();
    }
}
