//! A task definition with ten independent mistakes: one run finds them all, whichever of them the
//! failure message tells of, and puts that one first.

use std::{collections::BTreeSet, path::Path};

use ecs_diag::{Confidence, Diagnosis, Report, Severity, sources::Snapshot};

const MISTAKES: [&str; 10] = [
    "sec-asm-exists",
    "sec-asm-arn-shape",
    "sec-ssm-exists",
    "env-exists",
    "log-group-exists",
    "efs-access-point",
    "img-ecr-tag-exists",
    "img-host-misspelled",
    "ctr-depends-graph",
    "ctr-command",
];

fn report(told: &str) -> Report {
    let case = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(format!("ten-mistakes-of-which-{told}-is-told"));
    let snapshot = Snapshot::open(case.join("snapshot")).expect("a snapshot");
    let target = snapshot.target(None).expect("a task");
    pollster::block_on(Diagnosis::new().run(&target, &snapshot)).expect("a report")
}

#[test]
fn all_are_found_and_the_one_that_is_told_is_first() {
    for (told, check) in [
        ("a-secret", "sec-asm-exists"),
        ("the-log-group", "log-group-exists"),
        ("the-image", "img-ecr-tag-exists"),
    ] {
        let report = report(told);
        let found: BTreeSet<_> = report
            .findings
            .iter()
            .filter(|finding| finding.severity >= Severity::Likely)
            .map(|finding| finding.check.as_str())
            .collect();
        assert_eq!(found, MISTAKES.into(), "{told}");
        let causes: Vec<_> = report
            .root_causes
            .iter()
            .map(|cause| (report.findings[cause.finding].check.as_str(), cause.confidence))
            .collect();
        assert_eq!(causes[0], (check, Confidence::Certain), "{told}");
        let others = causes[1..].iter();
        assert!(others.clone().all(|(_, confidence)| *confidence > Confidence::Certain), "{told}");
        // What the phase that failed proves to be right is no cause of this failure.
        assert_eq!(others.count(), if told == "the-image" { 3 } else { 9 }, "{causes:?}");
    }
}
