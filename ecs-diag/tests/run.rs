//! Runs: rounds, bounds, sharing, and checks that misbehave.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use ecs_diag::{
    Check, Cx, DataSource, Diagnosis, ErrorKind, Finding, Kind, Meta, Missing, Phase, Query,
    SourceError, Status, Step, Target,
    aws::{ec2::DescribeSubnets, iam::GetRole},
    sources::Snapshot,
};
use serde_json::Value;

const TASK: &str = "arn:aws:ecs:eu-west-1:111122223333:task/shop/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c";

fn snapshot(case: &str) -> Snapshot {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    Snapshot::open(cases.join(case).join("snapshot")).expect("a snapshot")
}

fn meta(id: &'static str) -> Meta {
    Meta {
        id: Cow::from(id),
        domain: Cow::from("test"),
        phase: Phase::Pull,
        causes: Cow::from(vec![]),
        explains: Cow::from(vec![]),
        docs: Cow::from("A test"),
    }
}

/// A check made of a function.
struct Made<F>(Meta, F);

impl<F: Fn(&mut Cx<'_>) -> Result<(), Missing> + Send + Sync> Check for Made<F> {
    fn meta(&self) -> &Meta {
        &self.0
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        self.1(cx)
    }
}

/// A snapshot that counts what it is asked, and how much at once.
struct Counting {
    snapshot: Snapshot,
    asked: Mutex<BTreeMap<Query, usize>>,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

impl Counting {
    fn new(snapshot: Snapshot) -> Self {
        Self {
            snapshot,
            asked: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }
    }
}

/// Ready at the second poll, so that calls overlap.
struct Later(bool);

impl Future for Later {
    type Output = ();

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<()> {
        if self.0 {
            return std::task::Poll::Ready(());
        }
        self.0 = true;
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    }
}

#[async_trait::async_trait]
impl DataSource for Counting {
    async fn fetch(&self, query: &Query) -> Result<Value, SourceError> {
        *self.asked.lock().unwrap().entry(query.clone()).or_default() += 1;
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        Later(false).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        self.snapshot.answer(query)
    }
}

#[test]
fn a_query_is_asked_once_for_all_targets_and_few_at_once() {
    let source = Counting::new(snapshot("image-tag-missing"));
    let many = Made(meta("many"), |cx: &mut Cx<'_>| {
        cx.each(0..100, |cx, index| {
            let role_name = format!("role-{index}");
            cx.get(&GetRole { role_name }).map(drop)
        });
        Ok(())
    });
    let targets = vec![Target::task(None, TASK); 50];
    let reports = pollster::block_on(Diagnosis::new().with(many).run_many(targets, &source));
    assert_eq!(reports.len(), 50);
    let first = reports[0].as_ref().unwrap().to_json();
    assert!(reports.iter().all(|report| report.as_ref().unwrap().to_json() == first));

    let asked = source.asked.lock().unwrap();
    assert!(asked.len() > 100);
    assert_eq!(asked.values().max(), Some(&1), "{asked:?}");
    assert_eq!(source.most.load(Ordering::SeqCst), 8);
}

#[test]
fn a_check_that_panics_is_unknown_and_harms_no_other() {
    let source = snapshot("image-tag-missing");
    let panics = Made(meta("panics"), |cx: &mut Cx<'_>| {
        cx.report(Finding::blocker("half a thought"));
        panic!("on purpose")
    });
    let without = pollster::block_on(Diagnosis::new().run(&Target::task(None, TASK), &source));
    let with =
        pollster::block_on(Diagnosis::new().with(panics).run(&Target::task(None, TASK), &source));
    let (without, with) = (without.unwrap(), with.unwrap());
    let check = with.checks.iter().find(|check| check.check == "panics").unwrap();
    assert_eq!(check.status, Status::Unknown);
    assert!(check.reason.as_ref().unwrap().contains("panicked"));
    assert_eq!(with.findings, without.findings);
    assert_eq!(with.verdict, without.verdict);
}

#[test]
fn a_check_that_keeps_inventing_queries_is_unknown_and_ends() {
    let source = Counting::new(snapshot("image-tag-missing"));
    let rounds = AtomicUsize::new(0);
    // A new query whenever it runs, and as many as it can at once.
    let invents = Made(meta("invents"), move |cx: &mut Cx<'_>| {
        let round = rounds.fetch_add(1, Ordering::SeqCst);
        cx.each(0..1_000_000, |cx, index| {
            cx.get(&GetRole { role_name: format!("{round}-{index}") }).map(drop)
        });
        Ok(())
    });
    let report =
        pollster::block_on(Diagnosis::new().with(invents).run(&Target::task(None, TASK), &source))
            .unwrap();
    let check = report.checks.iter().find(|check| check.check == "invents").unwrap();
    assert_eq!(check.status, Status::Unknown);
    assert!(!check.unknown.is_empty());
    assert_eq!(report.verdict.as_str(), "explained");
    assert!(source.asked.lock().unwrap().len() < 20_000);
}

#[test]
fn an_operation_off_the_list_is_refused_without_asking() {
    #[derive(serde::Serialize)]
    struct GetSecretValue {
        #[serde(rename = "SecretId")]
        secret_id: String,
    }
    impl ecs_diag::aws::Request for GetSecretValue {
        type Response = Value;
        const SERVICE: &'static str = "secretsmanager";
        const OPERATION: &'static str = "GetSecretValue";
    }
    let source = Counting::new(snapshot("image-tag-missing"));
    let nosy = Made(meta("nosy"), |cx: &mut Cx<'_>| {
        cx.get(&GetSecretValue { secret_id: "shop/db".to_owned() }).map(drop)
    });
    let report =
        pollster::block_on(Diagnosis::new().with(nosy).run(&Target::task(None, TASK), &source))
            .unwrap();
    let check = report.checks.iter().find(|check| check.check == "nosy").unwrap();
    assert_eq!(check.status, Status::Unknown);
    assert!(
        matches!(&check.unknown[..], [Missing::Unavailable(_, error)] if error.kind == ErrorKind::NotAllowed)
    );
    assert!(source.asked.lock().unwrap().keys().all(|query| query.operation != "GetSecretValue"));
}

#[test]
fn a_foreign_driver_gets_the_same_report() {
    let source = snapshot("image-tag-missing");
    let target = Target::task(None, TASK);
    let expected = pollster::block_on(Diagnosis::new().run(&target, &source)).unwrap().to_json();

    let mut run = Diagnosis::new().start([target], source.now());
    let mut rounds = 0;
    let report = loop {
        match run.step() {
            Step::Ask(queries) => {
                rounds += 1;
                // In another order than asked.
                for query in queries.into_iter().rev() {
                    let answer = source.answer(&query);
                    let assumption = source.assumption(&query);
                    run.answer(query, answer, assumption);
                }
            }
            Step::Done(0, report) => break report.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(report.to_json(), expected);
    assert!((2..=6).contains(&rounds), "{rounds} rounds");
}

#[test]
fn a_task_that_is_not_there_is_an_error_and_one_that_cannot_be_read_is_not() {
    struct Says(SourceError);
    #[async_trait::async_trait]
    impl DataSource for Says {
        async fn fetch(&self, _: &Query) -> Result<Value, SourceError> {
            Err(self.0.clone())
        }
    }
    let run = |error| {
        pollster::block_on(Diagnosis::new().run(&Target::task(Some("shop"), "0123"), &Says(error)))
    };
    let gone = run(SourceError::from_code("ClusterNotFoundException", "Cluster not found."));
    assert_eq!(gone.unwrap_err().kind(), Kind::NoSuchTarget);
    for kind in [ErrorKind::AccessDenied, ErrorKind::Throttled, ErrorKind::Timeout] {
        let report = run(SourceError::new(kind, "…")).unwrap();
        assert_eq!(report.verdict.as_str(), "inconclusive");
        assert!(report.findings.iter().all(|finding| finding.check == "pre-caller-permissions"));
        assert!(report.checks.iter().all(|check| check.status != Status::Passed), "{report:#?}");
    }
}

#[test]
fn what_is_missing_for_one_item_does_not_hide_the_others() {
    let source = snapshot("image-tag-missing");
    let subnets = Made(meta("subnets"), |cx: &mut Cx<'_>| {
        cx.each(["subnet-0a11111111111111a", "subnet-nowhere"], |cx, id| {
            let region = if id == "subnet-nowhere" { Some("us-east-1") } else { None };
            let request = DescribeSubnets { subnet_ids: vec![id.to_owned()] };
            let answer = match region {
                Some(region) => cx.get_in(Some(region), &request)?,
                None => cx.get(&request)?,
            };
            cx.report(Finding::info(format!("{}", answer.is_some())));
            Ok(())
        });
        Ok(())
    });
    let report =
        pollster::block_on(Diagnosis::new().with(subnets).run(&Target::task(None, TASK), &source))
            .unwrap();
    let check = report.checks.iter().find(|check| check.check == "subnets").unwrap();
    assert_eq!(check.status, Status::Unknown);
    assert_eq!(check.unknown.len(), 1);
    assert!(report.findings.iter().any(|finding| finding.check == "subnets"));
}

#[test]
fn checks_are_chosen_by_id_and_domain() {
    let ids = |diagnosis: Diagnosis| -> Vec<String> {
        diagnosis.checks().map(|meta| meta.id.to_string()).collect()
    };
    let only = ids(Diagnosis::new().only(["image"]).unwrap());
    assert!(only.contains(&"img-ecr-tag-exists".to_owned()));
    assert!(only.iter().all(|id| id.starts_with("img-")));
    let skipped = ids(Diagnosis::new().skip(["image", "pre-task-found"]).unwrap());
    assert!(skipped.iter().all(|id| !id.starts_with("img-") && id != "pre-task-found"));
    let error = Diagnosis::new().only(["img-ecr-tag-exist"]).unwrap_err();
    assert_eq!(error.kind(), Kind::NoSuchCheck);
    assert_eq!(
        error.to_string(),
        "no check and no domain is called `img-ecr-tag-exist`; did you mean `img-ecr-tag-exists`?"
    );
}
