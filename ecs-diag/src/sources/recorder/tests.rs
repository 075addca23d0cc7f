//! What a capture replays to.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::{
    Diagnosis, Report, Target,
    checks::testing::{ACCOUNT, DEFINITION, REGION, TASK, World, WorldSource, settings},
    sources::Snapshot,
};

const KINDS: [ErrorKind; 8] = [
    ErrorKind::AccessDenied,
    ErrorKind::Throttled,
    ErrorKind::Timeout,
    ErrorKind::Unreachable,
    ErrorKind::NoCredentials,
    ErrorKind::NotRecorded,
    ErrorKind::LimitReached,
    ErrorKind::Other,
];

/// A world as an account answers: in an order of its own, assuming nothing, now and then an error.
struct Live {
    world: WorldSource,
    fails: Option<(String, SourceError)>,
}

#[async_trait::async_trait]
impl DataSource for Live {
    async fn fetch(&self, query: &Query) -> Answer {
        match &self.fails {
            Some((name, error)) if *name == query.name() => Err(error.clone()),
            _ => self.world.answer(query).map(|mut output| {
                for member in output.as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
                    if let Value::Array(items) = member {
                        items.reverse();
                    }
                }
                output["ResponseMetadata"] = json!({"RequestId": "0"});
                output
            }),
        }
    }

    fn now(&self) -> Option<Timestamp> {
        self.world.snapshot.now()
    }

    fn region(&self) -> Option<String> {
        self.world.snapshot.region()
    }
}

fn run(diagnosis: &Diagnosis, target: &Target, source: &dyn DataSource) -> Option<String> {
    let report = pollster::block_on(diagnosis.run(target, source));
    report.ok().as_ref().map(Report::to_json)
}

fn replayed(capture: &str) -> Snapshot {
    let snapshot = Snapshot::from_bytes("capture.jsonl", capture.as_bytes()).expect("a capture");
    assert_eq!(snapshot.warnings(), &[] as &[String], "{capture}");
    snapshot
}

/// Runs a diagnosis, and its replay with the capture alone.
fn assert_replays(diagnosis: &Diagnosis, world: &World, fails: Option<(String, SourceError)>) {
    let what = format!("{:?} with {fails:?}", world.target);
    let recorder = Recorder::new(Live { world: world.source(), fails });
    let live = run(diagnosis, &world.target, &recorder);
    let capture = recorder.capture();
    let snapshot = replayed(&capture);
    assert_eq!(run(diagnosis, &world.target, &snapshot), live, "{what}\n{capture}");

    // The replay captures to the same, whatever it is asked in.
    let again = Recorder::new(snapshot);
    run(diagnosis, &world.target, &again);
    assert_eq!(again.capture(), capture, "{what}");
}

#[test]
fn every_example_replays_to_the_same_report() {
    for (world, diagnosis) in settings() {
        assert_replays(&diagnosis, &world, None);
    }
}

#[test]
fn every_partial_capture_replays_to_the_same_report() {
    for (number, (world, diagnosis)) in settings().iter().enumerate() {
        for (index, name) in world.asked(diagnosis).into_iter().enumerate() {
            let kind = KINDS[(number + index) % KINDS.len()];
            let error = SourceError::new(kind, format!("{name}: not this time"));
            assert_replays(diagnosis, world, Some((name, error)));
        }
    }
}

#[test]
fn services_replay_to_the_same_report_under_the_names_that_were_given() {
    let arn = format!("arn:aws:ecs:{REGION}:{ACCOUNT}:service/shop/checkout");
    let cluster = format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop");
    let id = TASK.rsplit('/').next().expect("an id");
    let names = [
        (Some("shop"), None, Some("checkout")),
        (Some("shop"), None, Some(arn.as_str())),
        (Some(cluster.as_str()), None, Some("checkout")),
        (None, None, Some(arn.as_str())),
        (Some("shop"), Some(id), None),
        (Some("shop"), Some(TASK), None),
        (Some(cluster.as_str()), Some(id), None),
        (None, Some(TASK), None),
    ];
    for (cluster, task, service) in names {
        for fails in [None, Some("ecs:ListTasks"), Some("ecs:DescribeTasks")] {
            for fails in fails.into_iter().chain(["ecs:DescribeServices", ""]) {
                let target = match (task, service) {
                    (Some(task), _) => Target::task(cluster, task),
                    (_, service) => Target::service(cluster, service.expect("a name")),
                };
                let error = SourceError::from_code("AccessDeniedException", "no");
                let fails = Some((fails.to_owned(), error));
                let recorder = Recorder::new(Live { world: World::default().source(), fails });
                let live = run(&Diagnosis::new(), &target, &recorder).expect("a report");
                let snapshot = replayed(&recorder.capture());
                let found = snapshot.find(cluster, task, service).expect("a target");
                assert_eq!(
                    run(&Diagnosis::new(), &found, &snapshot),
                    Some(live),
                    "{target:?} {found:?}"
                );
            }
        }
    }
}

#[test]
fn every_error_replays_as_it_was() {
    let mut errors: Vec<_> =
        KINDS.into_iter().map(|kind| SourceError::new(kind, "why: \"so\"")).collect();
    errors.push(SourceError::new(ErrorKind::NotFound, ""));
    errors.push(SourceError::new(ErrorKind::Malformed, "an answer"));
    for code in ["NoSuchEntity", "AccessDenied", "timeout", "", "com.amazonaws#Throttling"] {
        errors.push(SourceError::from_code(code, "words"));
        // A source that knows better than the code.
        let kind = ErrorKind::NotFound;
        errors.push(SourceError { kind, code: code.to_owned(), message: "gone".to_owned() });
    }
    errors.push(SourceError::from_code("ClientException", "Unable to describe task definition."));
    let query = Query::new("iam", "GetRole", &json!({"RoleName": "app"}));
    for error in errors {
        let recorder = Recorder::new(Fixed(Err(error.clone())));
        assert_eq!(pollster::block_on(recorder.fetch(&query)), Err(error.clone()));
        assert_eq!(replayed(&recorder.capture()).answer(&query), Err(error));
    }
}

/// A source with one answer, and neither clock nor region.
struct Fixed(Answer);

#[async_trait::async_trait]
impl DataSource for Fixed {
    async fn fetch(&self, _query: &Query) -> Answer {
        self.0.clone()
    }
}

#[test]
fn a_capture_says_where_and_when_as_far_as_is_known() {
    let source = World::default().source().snapshot;
    let recorder = Recorder::new(&source as &dyn DataSource);
    let first = |capture: &str| -> Value {
        serde_json::from_str(capture.lines().next().expect("a line")).expect("JSON")
    };
    let manifest = json!({
        "schema": "ecs-diag/snapshot/v1", "region": REGION, "captured_at": "2026-11-20T10:30:00Z",
    });
    assert_eq!(first(&recorder.capture()), manifest);
    run(&Diagnosis::new(), &Target::task(Some("shop"), TASK), &recorder);
    assert_eq!(first(&recorder.capture())["account"], ACCOUNT);

    let before = Timestamp::now();
    let recorder = Recorder::new(Fixed(Ok(json!({}))));
    let now = recorder.now().expect("a clock");
    assert!((before..=Timestamp::now()).contains(&now));
    let manifest = first(&recorder.capture());
    assert_eq!(manifest.get("region"), None);
    assert_eq!(replayed(&recorder.capture()).now(), Some(now));
}

#[test]
fn a_round_reaches_the_source_as_one() {
    struct Batches(Mutex<Vec<usize>>);

    #[async_trait::async_trait]
    impl DataSource for Batches {
        async fn fetch(&self, _query: &Query) -> Answer {
            unreachable!("rounds are asked at once")
        }

        async fn fetch_all(&self, queries: Vec<Query>) -> Vec<(Query, Answer)> {
            self.0.lock().unwrap().push(queries.len());
            queries.into_iter().map(|query| (query, Ok(json!({})))).collect()
        }
    }

    let source = Batches(Mutex::default());
    let recorder = Recorder::new(&source);
    let role = |name: &str| Query::new("iam", "GetRole", &json!({"RoleName": name}));
    let answers = pollster::block_on(recorder.fetch_all(vec![role("a"), role("b")]));
    assert_eq!(answers.len(), 2);
    assert_eq!(*source.0.lock().unwrap(), [2]);
    assert_eq!(recorder.capture().lines().count(), 3);
}

#[test]
fn what_is_no_answer_and_what_is_never_asked_spoil_no_capture() {
    let query = Query::new("iam", "GetRole", &json!({"RoleName": "app"}));
    for output in [json!(null), json!([]), json!("text"), json!(7)] {
        let recorder = Recorder::new(Fixed(Ok(output)));
        let answer = pollster::block_on(recorder.fetch(&query));
        assert_eq!(answer.as_ref().unwrap_err().kind, ErrorKind::Malformed);
        assert_eq!(replayed(&recorder.capture()).answer(&query), answer);
    }
    let never = Query::new("secretsmanager", "GetSecretValue", &json!({"SecretId": "x"}));
    let recorder = Recorder::new(Fixed(Ok(json!({"SecretString": "x"}))));
    assert!(pollster::block_on(recorder.fetch(&never)).is_ok());
    assert_eq!(recorder.capture().lines().count(), 1);
}

#[test]
fn a_task_that_went_on_meanwhile_replays_as_it_was_each_time() {
    struct Meanwhile;

    #[async_trait::async_trait]
    impl DataSource for Meanwhile {
        async fn fetch(&self, query: &Query) -> Answer {
            let version = if query.input()["tasks"][0] == TASK { 7 } else { 4 };
            Ok(json!({"tasks": [{"taskArn": TASK, "version": version}], "failures": []}))
        }
    }

    let recorder = Recorder::new(Meanwhile);
    let asked = |task: &str| {
        Query::new("ecs", "DescribeTasks", &json!({"cluster": "shop", "tasks": [task]}))
    };
    let queries = [asked(TASK), asked("4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c")];
    let answers = queries.each_ref().map(|query| pollster::block_on(recorder.fetch(query)));
    let snapshot = replayed(&recorder.capture());
    assert_eq!(queries.each_ref().map(|query| snapshot.answer(query)), answers);
}

#[test]
fn a_capture_is_sorted_and_holds_each_query_once() {
    let recorder = Recorder::new(World::default().source().snapshot);
    for _ in 0..2 {
        run(&Diagnosis::new(), &Target::task(Some("shop"), TASK), &recorder);
    }
    let capture = recorder.capture();
    let lines: Vec<&str> = capture.lines().skip(1).collect();
    assert!(lines.len() > 5 && capture.contains(DEFINITION));
    assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), lines.len());
    let names: Vec<_> = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|call| format!("{}:{}", call["service"], call["operation"]))
        .collect();
    assert!(names.is_sorted(), "{names:?}");
}

/// Secrets of many kinds, put together here so that no scanner takes them for real ones.
fn secrets() -> Vec<String> {
    let many = "q7Zr2Xk9Lm4Tn8Vb3Wc6Yd1Pf5Gh0Js";
    let hex = "3b9f0c7d5e1a8246b7d0f3c9e5a18264";
    let key = ["wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYEXAMPLEKEY"].concat();
    let begin = ["-----BEGIN PRI", "VATE KEY-----"].concat();
    let parts: Vec<Vec<&str>> = vec![
        vec!["AK", "IA", "QZ7R2XK9LM4TN8VB"],
        vec!["AS", "IA", "QZ7R2XK9LM4TN8VB"],
        vec![&key],
        vec!["ey", "JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.", many],
        vec!["ey", "JhdXRocyI6eyJodHRwczovL2luZGV4LmRvY2tlci5pbyI6"],
        vec!["gh", "p_", many],
        vec!["gh", "s_", many],
        vec!["github", "_pat_", many],
        vec!["gl", "pat-", many],
        vec!["xo", "xb-", "123456789012-", many],
        vec!["xo", "xp-", "123456789012-", many],
        vec!["https://hooks.sl", "ack.com/services/T0000/B0000/", many],
        vec!["https://discord.com/api/web", "hooks/123456/", many],
        vec!["sk", "_live_", many],
        vec!["rk", "_live_", many],
        vec!["wh", "sec_", many],
        vec!["AI", "za", many, "abcd"],
        vec!["ya", "29.", many],
        vec!["GOC", "SPX-", many],
        vec!["npm", "_", many, "abcd"],
        vec!["pypi-", "AgEI", many],
        vec!["S", "G.", many, ".", many],
        vec!["S", "K", hex],
        vec!["sk", "-proj-", many],
        vec!["sk", "-ant-api03-", many],
        vec!["dop", "_v1_", hex, hex],
        vec!["shp", "at_", hex],
        vec!["hv", "s.", many],
        vec!["dckr", "_pat_", many],
        vec!["hf", "_", many],
        vec!["dapi", hex],
        vec!["123456789", ":AA", many],
        vec!["postgres://app:", many, "@db.internal:5432/shop"],
        vec!["redis://:", many, "@cache:6379"],
        vec!["--password=", many],
        vec!["--db-password ", many],
        vec!["DB_PASSWORD=", many],
        vec!["AWS_SECRET_ACCESS_KEY=", &key],
        vec!["Authorization: Bearer ", many],
        vec!["password: ", many],
        vec!["{\"apiKey\":\"", many, "\"}"],
        vec!["Server=db;Uid=app;Pwd=", many, ";"],
        vec![&begin, "\nMIIEvQIBADANBg", many],
    ];
    parts.into_iter().map(|parts| parts.concat()).collect()
}

/// What of a planted text must not be found anywhere.
fn core(secret: &str) -> &str {
    let ends = |c: char| !c.is_ascii_alphanumeric() && c != '/' && c != '_';
    secret.split(ends).max_by_key(|part| part.len()).expect("a part")
}

/// A world with a secret wherever somebody may write one.
fn planted(secret: &str) -> World {
    let mut world = World::default();
    let tags = json!([{"key": "k", "value": secret}, {"Key": "k", "Value": secret}]);
    world
        .target(Target::task(Some("shop"), TASK))
        .stopped(&format!("Task failed to start: {secret}"))
        .task("/containers/0/reason", json!(format!("CannotStartContainerError: run {secret}")))
        .task("/tags", tags.clone())
        .task("/overrides", json!({"containerOverrides": [{
            "name": "app", "command": ["run", secret],
            "environment": [{"name": "X", "value": secret}],
        }]}))
        .container("/environment", json!([{"name": "X", "value": secret}]))
        .container("/command", json!(["sh", "-c", format!("run {secret} now")]))
        .container("/entryPoint", json!([secret]))
        .container("/healthCheck", json!({"command": ["CMD-SHELL", format!("check {secret}")]}))
        .container("/dockerLabels", json!({"x": secret}))
        .container("/logConfiguration/options/x-token", json!(secret))
        .definition("/tags", tags.clone())
        .set("services", "/services/0/tags", tags.clone())
        .set("services", "/services/0/events", json!([
            {"id": "1", "createdAt": "2026-11-20T10:01:00Z", "message": format!("(service checkout) {secret}")},
        ]))
        .set("Role", "/Role/Description", json!(secret))
        .set("Role", "/Role/Tags", tags.clone())
        .set("secret", "/Description", json!(secret))
        .set("secret", "/Tags", tags.clone())
        .set("Parameters", "/Parameters/0/Description", json!(secret))
        .set("Subnets", "/Subnets/0/Tags", tags);
    world
}

#[test]
fn no_planted_secret_leaves() {
    let secrets = secrets();
    assert!(secrets.len() >= 40);
    for secret in &secrets {
        let world = planted(secret);
        let recorder = Recorder::new(Live { world: world.source(), fails: None });
        let report = pollster::block_on(Diagnosis::new().run(&world.target, &recorder));
        let report = report.expect("a report");
        let style = crate::render::Style::default();
        let texts = [
            recorder.capture(),
            report.to_json(),
            crate::render::markdown(&report),
            crate::render::text(&report, &style),
        ];
        for text in texts {
            assert!(!text.contains(core(secret)), "{secret}: {} in\n{text}", core(secret));
        }
        assert!(recorder.capture().matches("[redacted]").count() > 10);
    }
}

#[test]
fn no_secret_in_an_error_leaves() {
    let query = Query::new("iam", "GetRole", &json!({"RoleName": "app"}));
    for secret in secrets() {
        let error = SourceError::new(ErrorKind::Unreachable, format!("cannot reach it: {secret}"));
        let recorder = Recorder::new(Fixed(Err(error)));
        let told = pollster::block_on(recorder.fetch(&query)).unwrap_err();
        assert!(!told.message.contains(core(&secret)), "{told}");
        assert!(!recorder.capture().contains(core(&secret)));
    }
}
