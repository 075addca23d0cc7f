//! Golden cases: a snapshot, and the report that every language must give for it, byte for byte.
//!
//! `ECS_DIAG_BLESS=1 cargo test -p ecs-diag --test golden` writes the reports anew; read the diff
//! before you commit it.

use std::{env, fs, path::Path};

use ecs_diag::{DataSource, Diagnosis, Report, Target, sources::Snapshot};
use serde_json::Value;

fn diagnose(case: &Path) -> Report {
    let snapshot = Snapshot::open(case.join("snapshot")).expect("a snapshot");
    assert_eq!(snapshot.warnings(), &[] as &[String], "{}", case.display());
    let args: Value = serde_json::from_slice(&fs::read(case.join("args.json")).unwrap()).unwrap();
    let arg = |name: &str| args.get(name).and_then(Value::as_str);
    let target = match (arg("task"), arg("service")) {
        (Some(task), _) => Target::task(arg("cluster"), task),
        (None, Some(service)) => Target::service(arg("cluster"), service),
        (None, None) => {
            let event = snapshot.events().next().expect("an event").clone();
            Target::event(event).expect("a task state change")
        }
    };
    assert!(snapshot.now().is_some());
    pollster::block_on(Diagnosis::new().run(&target, &snapshot)).expect("a report")
}

/// The first line that is another one.
fn first_difference(expected: &str, actual: &str) -> Option<String> {
    if expected == actual {
        return None;
    }
    let mut lines = expected.lines().zip(actual.lines()).enumerate();
    Some(match lines.find(|(_, (expected, actual))| expected != actual) {
        Some((number, (expected, actual))) => {
            format!("line {}: `{}`, not `{}`", number + 1, actual.trim(), expected.trim())
        }
        None => "one is longer".to_owned(),
    })
}

#[test]
fn every_case_gives_its_report() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let bless = env::var_os("ECS_DIAG_BLESS").is_some();
    let mut different = Vec::new();
    let mut folders: Vec<_> =
        fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() >= 20, "cases went missing");
    for case in folders {
        let report = diagnose(&case).to_json() + "\n";
        let expected = case.join("report.json");
        if bless {
            fs::write(&expected, report).unwrap();
        } else {
            let expected = fs::read_to_string(&expected).unwrap_or_default();
            if let Some(line) = first_difference(&expected, &report) {
                different.push(format!("{}: {line}", case.display()));
            }
        }
    }
    assert!(
        different.is_empty(),
        "reports differ; `make bless` writes them anew, if that is what is meant:\n{}",
        different.join("\n")
    );
}
