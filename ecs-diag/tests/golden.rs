//! Golden cases: a snapshot, and the report that every language must give for it, byte for byte.
//!
//! `ECS_DIAG_BLESS=1 cargo test -p ecs-diag --test golden` writes the reports anew; read the diff
//! before you commit it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use ecs_diag::{
    Answer, DataSource, Diagnosis, Query, Report, Target,
    sources::{Recorder, Snapshot},
};
use jiff::Timestamp;
use serde_json::Value;

fn opened(case: &Path) -> (Snapshot, Target) {
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
    (snapshot, target)
}

fn diagnose(target: &Target, source: &dyn DataSource) -> Report {
    pollster::block_on(Diagnosis::new().run(target, source)).expect("a report")
}

fn cases() -> Vec<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut folders: Vec<_> =
        fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() >= 20, "cases went missing");
    folders
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
    let bless = env::var_os("ECS_DIAG_BLESS").is_some();
    let mut different = Vec::new();
    for case in cases() {
        let (snapshot, target) = opened(&case);
        let report = diagnose(&target, &snapshot).to_json() + "\n";
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

/// A snapshot as an account would answer: it assumes nothing.
struct Live<'s>(&'s Snapshot);

#[async_trait::async_trait]
impl DataSource for Live<'_> {
    async fn fetch(&self, query: &Query) -> Answer {
        self.0.answer(query)
    }

    fn now(&self) -> Option<Timestamp> {
        self.0.now()
    }

    fn region(&self) -> Option<String> {
        self.0.region()
    }
}

#[test]
fn every_case_gives_its_report_through_a_recorder_and_from_its_capture() {
    for case in cases() {
        let (snapshot, target) = opened(&case);
        let expected = fs::read_to_string(case.join("report.json")).expect("a report");
        let report = diagnose(&target, &Recorder::new(&snapshot)).to_json() + "\n";
        assert_eq!(first_difference(&expected, &report), None, "{}", case.display());

        let recorder = Recorder::new(Live(&snapshot));
        let live = diagnose(&target, &recorder).to_json();
        let capture = recorder.capture();
        let replay = Snapshot::from_bytes("capture.jsonl", capture.as_bytes()).expect("a capture");
        assert_eq!(replay.warnings(), &[] as &[String], "{}", case.display());
        let replayed = diagnose(&target, &replay).to_json();
        assert_eq!(first_difference(&live, &replayed), None, "{}", case.display());
    }
}
