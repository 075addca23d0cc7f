//! Live accounts over HTTP, good answers and bad: the example `ask` against a small server.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// A request as it came.
#[derive(Clone, Debug)]
struct Request {
    path: String,
    headers: String,
    body: String,
}

impl Request {
    /// The operation, which JSON services name in a header and EC2 in the body.
    fn is(&self, operation: &str) -> bool {
        self.headers.contains(&format!(".{operation}\r\n"))
            || self.body.contains(&format!("Action={operation}&"))
    }
}

/// What the server does with a request.
enum Reply {
    /// Status, more headers, body.
    Answer(u16, &'static str, String),
    /// The beginning of an answer, and then nothing more.
    Part,
    Nothing,
}

fn answer(body: &Value) -> Reply {
    Reply::Answer(200, "", body.to_string())
}

fn refusal(code: &str, message: &str) -> Reply {
    Reply::Answer(400, "", json!({"__type": code, "message": message}).to_string())
}

struct Server {
    url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Answers each request with what `reply` makes of it and the number of those before it.
    fn start(reply: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let server =
            Self { url, requests: Arc::clone(&requests), connections: Arc::clone(&connections) };
        let reply = Arc::new(reply);
        thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (requests, reply) = (Arc::clone(&requests), Arc::clone(&reply));
                thread::spawn(move || serve(stream.unwrap(), &requests, &*reply));
            }
        });
        server
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    fn ask(&self, queries: &[Value], options: &[&str]) -> Vec<Value> {
        let options = [&["--region", "eu-west-1"], options].concat();
        let output = ask(&self.url, queries, &options, &KEYS);
        assert!(output.status.success(), "{output:?}");
        let lines = String::from_utf8(output.stdout).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn error(&self, query: Value, options: &[&str]) -> String {
        let answers = self.ask(&[query], options);
        let error = &answers[0]["error"];
        let part =
            |name: &str| error[name].as_str().unwrap_or_else(|| panic!("{answers:?}")).to_owned();
        format!("{} {}: {}", part("kind"), part("code"), part("message"))
    }
}

/// One connection, for as long as the client keeps it.
fn serve(
    mut stream: TcpStream,
    requests: &Mutex<Vec<Request>>,
    reply: &(dyn Fn(&Request, usize) -> Reply + Send + Sync),
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read(&mut reader) {
        let before = {
            let mut requests = requests.lock().unwrap();
            requests.push(request.clone());
            requests.len() - 1
        };
        let written = match reply(&request, before) {
            Reply::Answer(status, headers, body) => {
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 {status} Status\r\n{headers}content-length: {length}\r\n\r\n{body}"
                )
            }
            Reply::Part => write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{{"),
            Reply::Nothing => Ok(()),
        };
        if written.is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut headers = String::new();
    while !headers.ends_with("\r\n\r\n") {
        if reader.read_line(&mut headers).ok()? == 0 {
            return None;
        }
    }
    let lower = headers.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let path = headers.split(' ').nth(1)?.to_owned();
    Some(Request { path, headers, body: String::from_utf8(body).ok()? })
}

const KEYS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "AKENV"), ("AWS_SECRET_ACCESS_KEY", "secret")];

/// Runs the example with these queries, in an environment of nothing but `variables`.
fn ask(url: &str, queries: &[Value], options: &[&str], variables: &[(&str, &str)]) -> Output {
    let here = std::env::current_exe().expect("this test");
    let examples = here.ancestors().nth(2).expect("the profile's folder").join("examples");
    let mut child = Command::new(examples.join("ask"))
        .args(["--endpoint-url", url])
        .args(options)
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example `ask`");
    let lines = queries.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    // A run that ends before it reads has nothing to read.
    let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
    child.wait_with_output().unwrap()
}

fn query(service: &str, operation: &str, input: &Value) -> Value {
    json!({"service": service, "operation": operation, "input": input})
}

fn definition(name: &str) -> Value {
    query("ecs", "DescribeTaskDefinition", &json!({"taskDefinition": name}))
}

const DEFINITION: &str = r#"{"taskDefinition": {"family": "app"}}"#;

#[test]
fn a_call_that_is_throttled_is_tried_again() {
    let server = Server::start(|_, before| match before {
        0 | 1 => refusal("ThrottlingException", "Rate exceeded"),
        _ => Reply::Answer(200, "", DEFINITION.to_owned()),
    });
    let answers = server.ask(&[definition("app")], &[]);
    assert_eq!(answers, [json!({"output": {"taskDefinition": {"family": "app"}}})]);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_call_that_stays_throttled_is_given_up() {
    let server = Server::start(|_, _| refusal("ThrottlingException", "Rate exceeded"));
    assert_eq!(
        server.error(definition("app"), &[]),
        "throttled ThrottlingException: Rate exceeded"
    );
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_page_of_something_in_between_is_no_answer() {
    for (status, expected, tries) in [
        (500, "other other: the answer has HTTP status 500 and is none of the service's", 3),
        (
            200,
            "malformed malformed: the answer (HTTP status 200) is not what ecs:DescribeTaskDefinition gives",
            1,
        ),
    ] {
        let server = Server::start(move |_, _| {
            Reply::Answer(status, "content-type: text/html\r\n", "<html>Log in</html>".to_owned())
        });
        assert_eq!(server.error(definition("app"), &[]), expected);
        assert_eq!(server.requests().len(), tries);
    }
}

#[test]
fn an_error_of_the_service_without_a_reason_has_its_status() {
    let server = Server::start(|_, _| Reply::Answer(500, "", String::new()));
    assert_eq!(
        server.error(definition("app"), &[]),
        "other 500: the answer says no more than this status"
    );
}

#[test]
fn nothing_waits_beyond_the_timeout() {
    let started = Instant::now();
    let silent = Server::start(|_, _| Reply::Nothing);
    let queries: Vec<_> = (0..20).map(|n| definition(&format!("app:{n}"))).collect();
    let answers = silent.ask(&queries, &["--timeout", "1"]);
    assert_eq!(answers.len(), 20);
    // Eight were under way; the others were never asked.
    assert_eq!(silent.requests().len(), 8);
    for answer in answers {
        assert_eq!(answer["error"]["kind"], "timeout", "{answer}");
    }
    let stalling = Server::start(|_, _| Reply::Part);
    assert_eq!(
        stalling.error(definition("app"), &["--timeout", "1"]),
        "timeout timeout: no answer from `127.0.0.1` in time"
    );
    assert!(started.elapsed() < Duration::from_mins(1));
}

#[test]
fn an_endpoint_that_nobody_listens_at_is_unreachable() {
    let url = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let output = ask(&url, &[definition("app")], &["--region", "eu-west-1"], &KEYS);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        answer["error"],
        json!({
            "kind": "unreachable",
            "code": "unreachable",
            "message": "`127.0.0.1` cannot be reached: Connection refused (os error 111)",
        })
    );
}

#[test]
fn pages_are_one_answer() {
    let server = Server::start(|request, _| {
        if request.is("DescribeSubnets") {
            let (id, token) = if request.body.contains("NextToken=2") {
                ("subnet-2", "")
            } else {
                ("subnet-1", "<nextToken>2</nextToken>")
            };
            return Reply::Answer(
                200,
                "",
                format!(
                    "<DescribeSubnetsResponse><subnetSet><item><subnetId>{id}</subnetId></item>\
                 </subnetSet>{token}</DescribeSubnetsResponse>"
                ),
            );
        }
        if request.body.contains("nextToken") {
            answer(&json!({"taskArns": ["c"]}))
        } else {
            answer(&json!({"taskArns": ["a", "b"], "nextToken": "2"}))
        }
    });
    let queries = [
        query("ecs", "ListTasks", &json!({"cluster": "shop", "desiredStatus": "STOPPED"})),
        query("ec2", "DescribeSubnets", &json!({})),
    ];
    assert_eq!(
        server.ask(&queries, &[]),
        [
            json!({"output": {"taskArns": ["a", "b", "c"]}}),
            json!({"output": {"Subnets": [{"SubnetId": "subnet-1"}, {"SubnetId": "subnet-2"}]}}),
        ]
    );
}

#[test]
fn pages_without_end_are_no_answer() {
    let server = Server::start(|_, _| answer(&json!({"taskArns": ["a"], "nextToken": "again"})));
    assert_eq!(
        server.error(query("ecs", "ListTasks", &json!({})), &[]),
        "limit-reached limit-reached: ecs:ListTasks has more than 100 pages"
    );
    assert_eq!(server.requests().len(), 100);
}

#[test]
fn denials_are_told_in_the_words_of_the_service() {
    let denied = "User: arn:aws:iam::111122223333:user/dev is not authorized to perform this";
    let server = Server::start(move |request, _| {
        if request.is("DescribeSubnets") {
            return Reply::Answer(
                403,
                "",
                format!(
                    "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>{denied}\
                 </Message></Error></Errors><RequestID>1</RequestID></Response>"
                ),
            );
        }
        if request.is("GetRole") {
            return Reply::Answer(
                403,
                "",
                format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{denied}\
                 </Message></Error><RequestId>1</RequestId></ErrorResponse>"
                ),
            );
        }
        refusal("com.amazonaws.ecs#AccessDeniedException", denied)
    });
    let queries = [
        definition("app"),
        query("ec2", "DescribeSubnets", &json!({"SubnetIds": ["subnet-1"]})),
        query("iam", "GetRole", &json!({"RoleName": "app"})),
    ];
    let codes = ["AccessDeniedException", "UnauthorizedOperation", "AccessDenied"];
    let expected = codes
        .map(|code| json!({"error": {"kind": "access-denied", "code": code, "message": denied}}));
    assert_eq!(server.ask(&queries, &[]), expected);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn eight_calls_are_under_way_at_once_and_share_connections() {
    let under_way = AtomicUsize::new(0);
    let most = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&most);
    let server = Server::start(move |request, _| {
        seen.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(100));
        under_way.fetch_sub(1, Ordering::SeqCst);
        if request.is("DescribeSubnets") {
            return Reply::Answer(200, "", "<DescribeSubnetsResponse/>".to_owned());
        }
        Reply::Answer(200, "", DEFINITION.to_owned())
    });
    let queries: Vec<_> = (0..12)
        .flat_map(|n| {
            let ids = json!({"SubnetIds": [format!("subnet-{n}")]});
            [definition(&format!("app:{n}")), query("ec2", "DescribeSubnets", &ids)]
        })
        .collect();
    let answers = server.ask(&queries, &[]);
    assert!(answers.iter().all(|answer| answer["output"].is_object()), "{answers:?}");
    assert_eq!(server.requests().len(), queries.len());
    let most = most.load(Ordering::SeqCst);
    assert!((2..=8).contains(&most), "{most}");
    // How soon a connection is free for the next call is the machine's business.
    assert!(server.connections.load(Ordering::SeqCst) < queries.len());
}

#[test]
fn queries_that_one_call_answers_share_it() {
    let task = |id: &str| format!("arn:aws:ecs:eu-west-1:111122223333:task/shop/{id}");
    let server = Server::start(move |request, _| {
        let input: Value = serde_json::from_str(&request.body).unwrap();
        let ids = input["tasks"].as_array().unwrap().iter().map(|id| id.as_str().unwrap());
        let (gone, there): (Vec<_>, Vec<_>) = ids.partition(|id| id.starts_with('x'));
        answer(&json!({
            // A type that the SDK does not expect hides nothing.
            "tasks": there.iter().map(|id| json!({"taskArn": task(id), "cpu": 256})).collect::<Vec<_>>(),
            "failures": gone.iter().map(|id| json!({"arn": task(id), "reason": "MISSING"})).collect::<Vec<_>>(),
        }))
    });
    let one = |id: &str| query("ecs", "DescribeTasks", &json!({"cluster": "shop", "tasks": [id]}));
    assert_eq!(
        server.ask(&[one("b"), one("x"), one("a")], &[]),
        [
            json!({"output": {"tasks": [{"taskArn": task("b"), "cpu": 256}], "failures": []}}),
            json!({"output": {"tasks": [], "failures": [{"arn": task("x"), "reason": "MISSING"}]}}),
            json!({"output": {"tasks": [{"taskArn": task("a"), "cpu": 256}], "failures": []}}),
        ]
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn calls_go_to_the_region_that_is_meant() {
    let server = Server::start(|request, _| {
        if !request.path.starts_with("/files") {
            return Reply::Answer(200, "", DEFINITION.to_owned());
        }
        if request.path.starts_with("/files/denied") {
            // An answer to HEAD has no body.
            return Reply::Answer(403, "x-amz-bucket-region: eu-west-1\r\n", String::new());
        }
        if request.headers.contains("/eu-central-1/s3/") {
            let bucket = "<LocationConstraint>eu-central-1</LocationConstraint>";
            return Reply::Answer(200, "", bucket.to_owned());
        }
        let error = "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>";
        Reply::Answer(301, "x-amz-bucket-region: eu-central-1\r\n", error.to_owned())
    });
    let mut elsewhere = definition("app");
    elsewhere["region"] = "us-east-1".into();
    let bucket = query("s3", "GetBucketLocation", &json!({"Bucket": "files"}));
    let denied = query("s3", "HeadObject", &json!({"Bucket": "files", "Key": "denied"}));
    let answers = server.ask(&[definition("app"), elsewhere, bucket, denied], &[]);
    assert_eq!(answers[2], json!({"output": {"LocationConstraint": "eu-central-1"}}));
    let scope = |scope: &str| {
        server.requests().iter().filter(|request| request.headers.contains(scope)).count()
    };
    assert_eq!(scope("/eu-west-1/ecs/"), 1);
    assert_eq!(scope("/us-east-1/ecs/"), 1);
    assert_eq!(answers[3]["error"]["kind"], "access-denied");
    assert_eq!((scope("/eu-west-1/s3/"), scope("/eu-central-1/s3/")), (2, 1));
}

#[test]
fn what_cannot_be_asked_is_said_and_not_sent() {
    let server = Server::start(|_, _| Reply::Nothing);
    for (query, expected) in [
        (
            query("secretsmanager", "GetSecretValue", &json!({"SecretId": "db"})),
            "not-allowed not-allowed: secretsmanager:GetSecretValue is not on the list of operations",
        ),
        (
            query("ecs", "ListTasks", &json!({"Cluster": "shop"})),
            "other other: ecs:ListTasks cannot be asked with `Cluster`",
        ),
        (
            query("ecs", "ListTasks", &json!({"nextToken": "2"})),
            "other other: ecs:ListTasks cannot be asked with `nextToken`",
        ),
    ] {
        assert_eq!(server.error(query, &[]), expected);
    }
    assert!(server.requests().is_empty());
}

#[test]
fn a_profile_that_is_named_goes_before_the_environment() {
    let server = Server::start(|_, _| Reply::Answer(200, "", DEFINITION.to_owned()));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let text = "[profile prod]\naws_access_key_id = AKPROD\naws_secret_access_key = secret\n\
                region = ap-south-1\n[profile empty]\nregion = ap-south-1\n";
    fs::write(&file, text).unwrap();
    let variables = [KEYS[0], KEYS[1], ("AWS_CONFIG_FILE", file.to_str().unwrap())];
    let run = |options: &[&str]| ask(&server.url, &[definition("app")], options, &variables);

    let output = run(&["--profile", "prod"]);
    assert!(output.status.success(), "{output:?}");
    assert!(server.requests()[0].headers.contains("Credential=AKPROD/"));
    assert!(server.requests()[0].headers.contains("/ap-south-1/ecs/"));

    let stderr = |output: Output| String::from_utf8(output.stderr).unwrap();
    let gone = stderr(run(&["--profile", "gone"]));
    assert!(gone.contains("no profile of the AWS configuration files is called `gone`"), "{gone}");
    let empty = stderr(run(&["--profile", "empty"]));
    assert!(empty.contains("no credentials in profile `empty`: run `aws configure`"), "{empty}");
    let nowhere = stderr(run(&[]));
    assert!(nowhere.contains("no Region: give `--region` or AWS_REGION"), "{nowhere}");
    let keyless = stderr(ask(&server.url, &[definition("app")], &["--region", "eu-west-1"], &[]));
    assert!(keyless.contains("no credentials: run `aws configure`"), "{keyless}");
}
