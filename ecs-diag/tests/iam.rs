//! What AWS documents about permissions, case by case, through the wire form.
//!
//! A case names the rule it pins and the document it is from. What it expects was worked out from
//! the document: it is not what the engine answered.

use std::{collections::BTreeSet, fs, path::Path};

use ecs_diag::iam::Question;
use serde_json::{Value, json};

#[test]
fn documented_cases_hold() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/iam/conformance.jsonl");
    let text = fs::read_to_string(file).unwrap();
    let mut names = BTreeSet::new();
    let mut wrong = Vec::new();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).expect("a case");
        let name = case["name"].as_str().expect("a name").to_owned();
        for member in ["rule", "source"] {
            assert!(case[member].as_str().is_some_and(|text| !text.is_empty()), "{name}: {member}");
        }
        assert!(case["source"].as_str().unwrap().starts_with("https://docs.aws.amazon.com/"));
        let question = Question::parse(&case["request"])
            .unwrap_or_else(|error| panic!("{name} is no request: {error}"));
        let actual = json!(question.explain());
        assert_eq!(actual["decision"], json!(question.evaluate()), "{name}");
        for (member, wanted) in case["expect"].as_object().expect("expectations") {
            if !holds(member, wanted, &actual[member]) {
                wrong.push(format!("{name}: {member} should be {wanted}, is {}", actual[member]));
            }
        }
        assert!(names.insert(name), "two cases have one name");
    }
    assert!(names.len() >= 300, "{} cases", names.len());
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// `layers` names some, `near_misses` the first, with some members of each; all else is whole.
fn holds(member: &str, wanted: &Value, actual: &Value) -> bool {
    let part_of = |wanted: &Value, actual: &Value| {
        wanted.as_object().is_some_and(|wanted| wanted.iter().all(|(key, it)| actual[key] == *it))
    };
    match (member, wanted.as_array(), actual.as_array()) {
        ("layers", ..) => part_of(wanted, actual),
        ("near_misses", Some(wanted), Some(actual)) => {
            (wanted.is_empty() == actual.is_empty())
                && wanted.len() <= actual.len()
                && wanted.iter().zip(actual).all(|(wanted, actual)| part_of(wanted, actual))
        }
        _ => wanted == actual,
    }
}
