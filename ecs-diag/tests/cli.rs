//! The command from outside: arguments in, bytes and exit status out.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

const ID: &str = "4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c";
const OTHER: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42";

/// The command with an empty environment.
fn ecs_diag(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecs-diag"));
    command.env_clear().args(args).stdin(Stdio::null());
    command
}

/// What came of a command: exit status, standard output, standard error.
struct Ran(i32, String, String);

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let code = output.status.code().expect("an exit status");
        Self(code, text(output.stdout), text(output.stderr))
    }
}

fn run(args: &[&str]) -> Ran {
    ecs_diag(args).output().expect("it runs").into()
}

fn run_with_input(args: &[&str], input: &str) -> Ran {
    let mut child = ecs_diag(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends").into()
}

fn arn(cluster: &str, id: &str) -> String {
    format!("arn:aws:ecs:eu-west-1:111122223333:task/{cluster}/{id}")
}

/// A task whose image was not found.
fn failed(cluster: &str, id: &str) -> Value {
    json!({
        "taskArn": arn(cluster, id),
        "clusterArn": format!("arn:aws:ecs:eu-west-1:111122223333:cluster/{cluster}"),
        "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/checkout:42",
        "group": "service:checkout", "launchType": "FARGATE", "platformVersion": "1.4.0",
        "lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stopCode": "TaskFailedToStart",
        "stoppedReason": format!(
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to \
             resolve ref {IMAGE}: {IMAGE}: not found"
        ),
        "createdAt": "2026-11-20T10:00:00Z", "connectivityAt": "2026-11-20T10:00:05Z",
        "stoppedAt": "2026-11-20T10:01:00Z", "version": 4, "cpu": "256", "memory": "512",
        "containers": [{"name": "app", "image": IMAGE, "lastStatus": "STOPPED"}],
        "overrides": {}, "attachments": [],
    })
}

fn stopped_by_user(cluster: &str, id: &str) -> Value {
    let mut task = failed(cluster, id);
    task["stopCode"] = "UserInitiated".into();
    task["stoppedReason"] = "Task stopped by user".into();
    task["startedAt"] = "2026-11-20T10:00:30Z".into();
    task
}

fn running(cluster: &str, id: &str) -> Value {
    let mut task = stopped_by_user(cluster, id);
    task["lastStatus"] = "RUNNING".into();
    task["desiredStatus"] = "RUNNING".into();
    for name in ["stopCode", "stoppedReason", "stoppedAt"] {
        task.as_object_mut().expect("an object").remove(name);
    }
    task
}

/// A folder with these tasks and all that the check of the image's tag needs.
fn snapshot(tasks: &[Value], tags: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    save(&folder, "tasks.json", &json!({"tasks": tasks, "failures": []}));
    save(
        &folder,
        "definition.json",
        &json!({"taskDefinition": {
            "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/checkout:42",
            "family": "checkout", "revision": 42, "status": "ACTIVE", "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "app", "image": IMAGE, "essential": true}],
        }}),
    );
    save(
        &folder,
        "repositories.json",
        &json!({"repositories": [{
            "repositoryArn": "arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout",
            "registryId": "111122223333", "repositoryName": "shop/checkout",
        }]}),
    );
    save(&folder, "cache.json", &json!({"pullThroughCacheRules": []}));
    save(
        &folder,
        "images.json",
        &json!({"imageDetails": [{
            "registryId": "111122223333", "repositoryName": "shop/checkout",
            "imageDigest": format!("sha256:{}", "5f".repeat(32)), "imageTags": tags,
            "imagePushedAt": "2026-11-19T08:30:00Z",
        }]}),
    );
    folder
}

fn save(folder: &TempDir, name: &str, value: &Value) {
    fs::write(folder.path().join(name), value.to_string()).expect("a file");
}

fn path(folder: &TempDir) -> &str {
    folder.path().to_str().expect("UTF-8")
}

fn diagnose(folder: &TempDir, more: &[&str]) -> Ran {
    // What is tested here is the command; other checks come and go.
    let mut args =
        vec!["diagnose", "--snapshot", path(folder), "--only", "img-ecr-tag-exists,pre-task-found"];
    args.extend(more);
    run(&args)
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_only_failed_task_is_diagnosed() {
    let tasks = [failed("shop", ID), stopped_by_user("shop", OTHER)];
    let Ran(code, out, err) = diagnose(&snapshot(&tasks, &["v41"]), &[]);
    assert_eq!((code, err.as_str()), (1, ""));
    let first = "explained: repository `shop/checkout` has no image with tag `v42`\n";
    assert!(out.starts_with(first), "{out}");
    assert!(out.contains("AWS::ECR::Repository shop/checkout"), "{out}");
    assert!(out.contains("\nfix: "), "{out}");
    assert!(!out.contains('\u{1b}'), "{out}");
}

#[test]
fn json_is_the_only_thing_on_standard_output() {
    let folder = snapshot(&[failed("shop", ID)], &["v41"]);
    save(&folder, "odd.json", &json!({"odd": 1}));
    let Ran(code, out, err) = diagnose(&folder, &["--format", "json", "--color", "always"]);
    assert_eq!(code, 1);
    assert!(out.ends_with("}\n") && !out.contains('\u{1b}'), "{out}");
    let report = json_of(&out);
    assert_eq!(report["schema"], "ecs-diag/report/v1");
    assert_eq!(report["verdict"], "explained");
    assert_eq!(report["target"]["kind"], "task");
    assert_eq!(report["target"]["task"], arn("shop", ID));
    assert_eq!(report["root_causes"][0]["check"], "img-ecr-tag-exists");
    assert!(err.contains("warning:") && err.contains("odd.json"), "{err}");
}

#[test]
fn markdown_quiet_verbose() {
    let folder = snapshot(&[failed("shop", ID)], &["v41"]);
    let Ran(code, out, _) = diagnose(&folder, &["--format=markdown"]);
    assert_eq!(code, 1);
    assert!(out.starts_with("**explained:** repository `shop/checkout` has no image"), "{out}");
    let Ran(code, out, _) = diagnose(&folder, &["-q"]);
    assert_eq!(code, 1);
    assert_eq!(out, "explained: repository `shop/checkout` has no image with tag `v42`\n");
    let Ran(code, out, _) = diagnose(&folder, &["-v"]);
    assert_eq!(code, 1);
    assert!(out.contains(r#"{"imageIds":[{"imageTag":"v42"}]"#), "{out}");
    assert_eq!(diagnose(&folder, &["-q", "-v"]).0, 2);
    // Options stand before the command as well.
    let Ran(code, out, _) =
        run(&["-q", "--only", "image", "diagnose", "--snapshot", path(&folder)]);
    assert_eq!(code, 1);
    assert_eq!(out.lines().next(), diagnose(&folder, &["-q"]).1.lines().next());
}

#[test]
fn colors() {
    let folder = snapshot(&[failed("shop", ID)], &["v41"]);
    assert!(diagnose(&folder, &["--color", "always"]).1.contains("\u{1b}[1;31mexplained:"));
    assert!(!diagnose(&folder, &["--color", "never"]).1.contains('\u{1b}'));
    let forced = |no_color: Option<&str>| {
        let mut command = ecs_diag(&["diagnose", "--snapshot", path(&folder)]);
        command.env("CLICOLOR_FORCE", "1").envs(no_color.map(|value| ("NO_COLOR", value)));
        Ran::from(command.output().expect("it runs")).1.contains('\u{1b}')
    };
    assert!(forced(None) && !forced(Some("1")));
    // What `--color` says counts even where the arguments are wrong.
    assert!(run(&["--bogus", "--color=always"]).2.contains('\u{1b}'));
    assert!(!run(&["--bogus", "--color=never"]).2.contains('\u{1b}'));
}

#[test]
fn healthy_is_zero() {
    for task in [running("shop", ID), stopped_by_user("shop", ID)] {
        let Ran(code, out, _) = diagnose(&snapshot(&[task], &["v42"]), &[]);
        assert_eq!(code, 0, "{out}");
        assert!(out.starts_with("healthy: "), "{out}");
    }
}

#[test]
fn what_is_unknown_is_not_healthy() {
    let folder = snapshot(&[failed("shop", ID)], &["v41"]);
    fs::remove_file(folder.path().join("images.json")).expect("a file");
    let Ran(code, out, _) = diagnose(&folder, &[]);
    assert_eq!(code, 1);
    assert!(out.starts_with("inconclusive: "), "{out}");
    assert!(out.contains("`aws ecr describe-images --"), "{out}");
}

#[test]
fn candidates_are_listed() {
    let third = "b".repeat(32);
    let tasks = [failed("shop", ID), failed("shop", OTHER), running("shop", &third)];
    let Ran(code, out, err) = diagnose(&snapshot(&tasks, &["v41"]), &["--format", "json"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with("error: more than one task failed\n"), "{err}");
    assert!(err.contains(&format!("    {ID}  STOPPED  TaskFailedToStart  Cannot")), "{err}");
    assert!(err.contains(OTHER) && !err.contains(&third), "{err}");

    let tasks = [running("a", ID), running("b", OTHER)];
    let Ran(code, _, err) = diagnose(&snapshot(&tasks, &["v42"]), &[]);
    assert_eq!(code, 2);
    assert!(err.contains("no task failed") && err.contains(ID) && err.contains(OTHER), "{err}");
}

#[test]
fn a_task_goes_by_id_and_arn_in_any_cluster() {
    let folder = snapshot(&[failed("shop", ID), failed("other", OTHER)], &["v41"]);
    let short = format!("arn:aws:ecs:eu-west-1:111122223333:task/{OTHER}");
    for (name, cluster, id) in [
        (ID, "shop", ID),
        (OTHER, "other", OTHER),
        (&arn("other", OTHER), "other", OTHER),
        (&short, "other", OTHER),
    ] {
        let Ran(code, out, err) = diagnose(&folder, &["--task", name, "--format", "json"]);
        assert_eq!(code, 1, "{err}");
        let report = json_of(&out);
        assert_eq!(report["target"]["task"], arn(cluster, id));
        assert_eq!(report["target"]["cluster"], cluster);
        assert_eq!(report["verdict"], "explained");
    }
    // The cluster alone is enough, by name and by ARN.
    for cluster in ["other", "arn:aws:ecs:eu-west-1:111122223333:cluster/other"] {
        let Ran(code, out, err) = diagnose(&folder, &["--cluster", cluster, "--format", "json"]);
        assert_eq!(code, 1, "{err}");
        let report = json_of(&out);
        assert_eq!(report["target"]["task"], arn("other", OTHER));
        assert_eq!(report["target"]["cluster"], "other");
        assert_eq!(report["verdict"], "explained");
    }
}

#[test]
fn no_such_target() {
    let folder = snapshot(&[failed("shop", ID)], &["v41"]);
    for (args, said) in [
        (&["--task", OTHER][..], ["holds no task", ID]),
        (&["--task", ID, "--cluster", "prod"], ["no task of cluster `prod`", "`shop`"]),
        (&["--service", "api"], ["holds no service `api`", "`checkout`"]),
        (&["--task", ID, "--service", "api"], ["cannot be used with", "--service"]),
        (&["--skip", "imge"], ["called `imge`", "did you mean `image`"]),
    ] {
        let Ran(code, out, err) = diagnose(&folder, args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(said.iter().all(|said| err.contains(said)), "{args:?}: {err}");
    }
    let empty = tempfile::tempdir().expect("a folder");
    let Ran(code, _, err) = diagnose(&empty, &[]);
    assert_eq!(code, 2);
    assert!(err.contains("warning: "), "{err}");
    assert!(err.contains("error: the snapshot holds no task\n"), "{err}");
}

#[test]
fn a_refused_call_is_told_in_the_report() {
    let folder = tempfile::tempdir().expect("a folder");
    save(
        &folder,
        "denied.json",
        &json!({
            "service": "ecs", "operation": "DescribeTasks",
            "input": {"cluster": "shop", "tasks": [ID], "include": ["TAGS"]},
            "error": {"code": "AccessDeniedException", "message": "not authorized"},
        }),
    );
    let Ran(code, out, err) = diagnose(&folder, &["--cluster", "shop", "--task", ID]);
    assert_eq!(code, 1, "{err}");
    assert!(out.starts_with("inconclusive: ") && out.contains("AccessDeniedException"), "{out}");
}

#[test]
fn a_service_is_diagnosed_by_its_newest_failed_task() {
    let folder = snapshot(&[failed("shop", ID)], &["v41"]);
    let service = |cluster: &str| {
        json!({
            "serviceArn": format!("arn:aws:ecs:eu-west-1:111122223333:service/{cluster}/checkout"),
            "serviceName": "checkout", "status": "ACTIVE", "desiredCount": 1,
            "clusterArn": format!("arn:aws:ecs:eu-west-1:111122223333:cluster/{cluster}"),
            "taskDefinition": "arn:aws:ecs:eu-west-1:111122223333:task-definition/checkout:42",
            "deployments": [], "events": [],
        })
    };
    let services = json!({"services": [service("shop")], "failures": []});
    save(&folder, "services.json", &services);
    let Ran(code, out, err) = diagnose(&folder, &["--service", "checkout", "--format", "json"]);
    assert_eq!(code, 1, "{err}");
    let report = json_of(&out);
    assert_eq!(report["target"]["kind"], "service");
    assert_eq!(report["target"]["service"], "checkout");
    assert_eq!(report["target"]["task"], arn("shop", ID));
    assert_eq!(report["verdict"], "explained");

    let both = json!({"services": [service("shop"), service("other")], "failures": []});
    save(&folder, "services.json", &both);
    let Ran(code, _, err) = diagnose(&folder, &["--service", "checkout"]);
    assert_eq!(code, 2);
    assert!(err.contains("`other`, `shop`"), "{err}");
    let service = "arn:aws:ecs:eu-west-1:111122223333:service/shop/checkout";
    for args in [&["--service", "checkout", "--cluster", "shop"][..], &["--service", service]] {
        assert!(diagnose(&folder, args).1.starts_with("explained: "), "{args:?}");
    }
    let alone = tempfile::tempdir().expect("a folder");
    save(&alone, "services.json", &services);
    let Ran(code, _, err) = diagnose(&alone, &[]);
    assert_eq!(code, 2);
    assert!(err.contains("name a service instead: `checkout`"), "{err}");
    let other = "arn:aws:ecs:eu-west-1:111122223333:service/shop/other";
    assert_eq!(diagnose(&folder, &["--service", other]).0, 2);
}

#[test]
fn an_event_alone_is_a_target() {
    let folder = tempfile::tempdir().expect("a folder");
    let event = json!({
        "version": "0", "id": "1", "source": "aws.ecs", "account": "111122223333",
        "detail-type": "ECS Task State Change", "region": "eu-west-1",
        "time": "2026-11-20T10:01:00Z", "detail": failed("shop", ID),
    });
    save(&folder, "event.json", &event);
    let file = folder.path().join("event.json");
    let file = file.to_str().expect("UTF-8");
    for more in [&[][..], &["--task", ID], &["--cluster", "shop"]] {
        let mut args = vec!["diagnose", "--snapshot", file, "--format", "json"];
        args.extend(more);
        let Ran(code, out, err) = run(&args);
        assert_eq!(code, 1, "{err}");
        let report = json_of(&out);
        assert_eq!(report["target"]["kind"], "event");
        assert_eq!(report["target"]["task"], arn("shop", ID));
        assert_eq!(report["symptom"]["stop_code"], "TaskFailedToStart");
    }
}

#[test]
fn no_snapshot_no_report() {
    let Ran(code, out, err) = run(&["diagnose", "--cluster", "shop", "--task", ID]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("--snapshot"), "{err}");
    let Ran(code, _, err) = run(&["diagnose", "--snapshot", "/no/such/folder"]);
    assert_eq!(code, 2);
    assert!(err.contains("/no/such/folder"), "{err}");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("tasks.json"), "{\"tasks\": [\n{]}").expect("a file");
    let Ran(code, _, err) = diagnose(&folder, &[]);
    assert_eq!(code, 2);
    assert!(err.contains("tasks.json: line 2"), "{err}");
}

#[test]
fn hostile_data_stays_data() {
    let mut task = failed("shop", ID);
    task["stoppedReason"] = "\u{1b}[2Jx\r\nexplained: forged\u{202e}".into();
    let folder = snapshot(&[task.clone()], &["v42"]);
    for args in [&[][..], &["-v"], &["-q"], &["--format", "markdown"]] {
        let Ran(_, out, _) = diagnose(&folder, args);
        assert!(!out.contains(['\u{1b}', '\r', '\u{202e}']), "{out:?}");
        assert!(!out.lines().any(|line| line.trim().starts_with("explained: forged")), "{out}");
    }
    task["taskArn"] = arn("shop", "\u{1b}[2Jx").into();
    let Ran(code, _, err) = diagnose(&snapshot(&[failed("shop", ID), task], &["v42"]), &[]);
    assert_eq!(code, 2);
    assert!(err.contains("more than one") && !err.contains('\u{1b}'), "{err:?}");
    let Ran(code, _, err) = run(&["diagnose", "--snapshot", "\u{1b}[2J"]);
    assert_eq!(code, 2);
    assert!(!err.contains('\u{1b}'), "{err:?}");
}

const DENIED: &str = "ResourceInitializationError: unable to pull secrets or registry auth: \
    execution resource retrieval failed: unable to retrieve secret from asm: service call has been \
    retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:eu-west-1:111122223333:secret:a \
    from secrets manager: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/x/y is \
    not authorized to perform: secretsmanager:GetSecretValue on resource: \
    arn:aws:secretsmanager:eu-west-1:111122223333:secret:a because no identity-based policy allows \
    the secretsmanager:GetSecretValue action status code: 400, request id: 0";

#[test]
fn explain_reads_arguments_and_standard_input() {
    let Ran(code, out, err) = run(&["explain", DENIED, "--format", "json"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let reading = json_of(&out);
    assert_eq!(reading["signature"], "RIE-ASM-DENIED");
    assert_eq!(reading["phase"], "secrets");
    assert_eq!(reading["causes"][0], "iam.exec-role-missing-action");
    assert_eq!(reading["parameters"]["action"], "secretsmanager:GetSecretValue");
    assert_eq!(reading["benign"], false);
    assert_eq!(reading.as_object().map(serde_json::Map::len), Some(5));

    for args in [&["explain", "-", "--format=json"][..], &["explain", "--format=json"]] {
        assert_eq!(run_with_input(args, DENIED).1, out);
    }
    let Ran(code, text, _) = run(&["explain", DENIED]);
    assert_eq!(code, 0);
    assert!(text.starts_with("RIE-ASM-DENIED: "), "{text}");

    let Ran(code, out, _) = run(&["explain", "the dog ate it", "--format", "json"]);
    assert_eq!(code, 0);
    assert_eq!(json_of(&out)["signature"], Value::Null);
    assert_eq!(json_of(&out)["causes"], json!([]));
}

#[test]
fn explain_reads_lines() {
    let input = format!("{DENIED}\r\n\nthe dog");
    let Ran(code, out, err) = run_with_input(&["explain", "--lines", "-"], &input);
    assert_eq!((code, err.as_str()), (0, ""));
    let lines: Vec<_> = out.lines().map(json_of).collect();
    assert_eq!(lines.len(), 3, "{out}");
    assert_eq!(lines[0]["signature"], "RIE-ASM-DENIED");
    assert_eq!(lines[1]["signature"], Value::Null);
    assert_eq!(lines[2]["signature"], Value::Null);
    assert_eq!(run(&["explain", "--lines", "text"]).0, 2);
}

/// A request that a policy allows.
fn allowed() -> Value {
    json!({
        "principal": "arn:aws:iam::111122223333:role/app", "action": "ecr:GetAuthorizationToken",
        "resource": "*",
        "identity_policies": [{"name": "pull", "policy": {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"},
        }}],
    })
}

#[test]
fn iam_evaluate_answers_one_request() {
    let expected = json!({
        "decision": "allowed",
        "decided_by": {"layer": "identity", "policy": "pull", "statement": 0},
        "blocked_by": [], "unknown": [],
        "layers": {
            "identity": "allowed", "resource": "absent", "boundary": "absent", "session": "absent",
            "scp": "absent", "rcp": "absent", "endpoint": "absent", "trust": "absent",
            "grant": "absent",
        },
        "near_misses": [], "missing": null,
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("request.json");
    for text in [allowed().to_string(), serde_json::to_string_pretty(&allowed()).unwrap()] {
        let args = ["iam", "evaluate", "--format", "json"];
        let Ran(code, output, errors) = run_with_input(&args, &text);
        assert_eq!((code, errors.as_str()), (0, ""));
        assert_eq!(json_of(&output), expected);
        fs::write(&file, &text).unwrap();
        let args = [&args[..], &["--input", file.to_str().unwrap()]].concat();
        assert_eq!(run(&args).1, output);
        let args = [&args[..4], &["--input", "-"]].concat();
        assert_eq!(run_with_input(&args, &text).1, output);
    }
    let mut denied = allowed();
    denied["resource"] = json!("arn:aws:ecr:eu-west-1:111122223333:repository/shop");
    denied["action"] = json!("ecr:BatchGetImage");
    denied["identity_policies"][0]["policy"]["Statement"]["Resource"] =
        json!("arn:aws:ecr:eu-west-1:111122223333:repository/web");
    let Ran(code, output, _) = run_with_input(&["iam", "evaluate"], &denied.to_string());
    assert_eq!(code, 0);
    for part in ["implicitly-denied: ecr:BatchGetImage", "blocked", "repository/web", "missing"] {
        assert!(output.contains(part), "{part} is not in {output}");
    }
}

#[test]
fn iam_evaluate_answers_line_by_line() {
    let mut denied = allowed();
    denied["identity_policies"] = json!([]);
    let mut unknown = allowed();
    unknown["identity_policies"] = Value::Null;
    let input =
        format!("{}\n{{\"principal\": 1}}\n\n{denied}\r\nnot JSON\n{{\"a\":\n{unknown}", allowed());
    let Ran(code, output, errors) =
        run_with_input(&["iam", "evaluate", "--format", "json"], &input);
    assert_eq!((code, errors.as_str()), (0, ""));
    let lines: Vec<_> = output.lines().map(json_of).collect();
    let decisions: Vec<_> = lines.iter().map(|line| line["decision"].as_str()).collect();
    let none = None;
    assert_eq!(
        decisions,
        [Some("allowed"), none, Some("implicitly-denied"), none, none, Some("inconclusive")]
    );
    for line in [&lines[1], &lines[3], &lines[4]] {
        let members = line.as_object().unwrap();
        assert!(members.len() == 1 && members["error"].is_string(), "{line}");
    }
    // The first line may be the bad one.
    for bad in ["{", "not JSON", "{}", "[]", "7"] {
        let input = format!("{bad}\n{}\n", allowed());
        let Ran(code, output, _) = run_with_input(&["iam", "evaluate", "--format", "json"], &input);
        assert_eq!((code, output.lines().count()), (0, 2), "{bad}: {output}");
        let decisions: Vec<_> =
            output.lines().map(|line| json_of(line)["decision"].clone()).collect();
        assert_eq!(decisions, [Value::Null, json!("allowed")], "{bad}");
    }
}

#[test]
fn iam_evaluate_without_an_answer_fails() {
    let args = ["iam", "evaluate", "--format", "json"];
    for (input, lines) in [("", 0), ("\n \n", 0), ("{}", 1), ("nonsense\n", 1), ("{\n\"a\":\n", 1)]
    {
        let Ran(code, output, errors) = run_with_input(&args, input);
        assert_eq!((code, output.lines().count()), (2, lines), "{input}: {output}");
        assert!(errors.starts_with("error: "), "{errors}");
    }
    let Ran(code, output, errors) = run(&["iam", "evaluate", "--input", "/nowhere/at/all"]);
    assert_eq!((code, output.as_str()), (2, ""));
    assert!(errors.contains("`/nowhere/at/all`"), "{errors}");
}

#[test]
fn checks_are_listed_and_explained() {
    let Ran(code, out, _) = run(&["checks"]);
    assert_eq!(code, 0);
    assert_eq!(out, run(&["checks", "list"]).1);
    assert!(out.lines().any(|line| line == "image"), "{out}");
    assert!(out.contains("\n  img-ecr-tag-exists "), "{out}");

    let Ran(_, out, _) = run(&["checks", "list", "--format", "json", "--only", "image"]);
    let rows = json_of(&out);
    let rows = rows.as_array().expect("an array");
    assert!(!rows.is_empty() && rows.iter().all(|row| row["domain"] == "image"), "{out}");

    let Ran(code, out, _) = run(&["checks", "explain", "img-ecr-tag-exists"]);
    assert_eq!(code, 0);
    assert!(out.contains("\nWhy it matters\n  The pull ends in"), "{out}");
    let Ran(_, out, _) = run(&["checks", "explain", "img-ecr-tag-exists", "--format", "json"]);
    let page = json_of(&out);
    assert_eq!(page["check"], "img-ecr-tag-exists");
    assert!(page["page"].as_str().is_some_and(|page| page.starts_with("# What it looks at\n")));

    for (code, said) in [
        ("img-ecr-tag-exist", "did you mean `img-ecr-tag-exists`"),
        ("image", "img-ecr-tag-exists"),
        ("zzz", "checks list"),
    ] {
        let Ran(status, out, err) = run(&["checks", "explain", code]);
        assert_eq!((status, out.as_str()), (2, ""));
        assert!(err.contains(said), "{err}");
    }
}

#[test]
fn usage() {
    let Ran(code, out, _) = run(&["--help"]);
    assert_eq!(code, 0);
    assert!(out.contains("diagnose") && out.contains("explain"), "{out}");
    assert_eq!(run(&["--version"]).1, concat!("ecs-diag ", env!("CARGO_PKG_VERSION"), "\n"));
    for args in [&[][..], &["--bogus"], &["diagnose", "--format", "xml"], &["checks", "explain"]] {
        let Ran(code, out, err) = run(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(err.contains("Usage") || err.contains("possible values"), "{args:?}: {err}");
    }
    assert_eq!(run(&["checks", "--format", "markdown"]).0, 2);
    assert!(run(&["completions", "bash"]).1.contains("complete -F _ecs__diag"));
    assert!(run(&["man"]).1.contains(".TH ecs-diag"));
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_no_error() {
    for args in [&["checks", "list"][..], &["checks", "list", "--format", "json"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let Ran(code, _, err) = ecs_diag(args).stdout(writer).output().expect("it runs").into();
        assert_eq!((code, err.as_str()), (0, ""));
    }
    let full = Path::new("/dev/full");
    if full.exists() {
        let full = fs::OpenOptions::new().write(true).open(full).expect("a device");
        let Ran(code, _, err) =
            ecs_diag(&["checks"]).stdout(full).output().expect("it runs").into();
        assert_eq!(code, 2);
        assert!(err.contains("cannot be written"), "{err}");
    }
}
