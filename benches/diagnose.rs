//! One task, many tasks, a large snapshot, many texts.
//!
//! Figures are for comparison within one run: `parse` is what `serde_json` alone needs for the
//! same bytes.

use std::{fs, hint::black_box, path::Path};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ecs_diag::{
    Answer, DataSource, Diagnosis, Query, Target, signature,
    sources::{Recorder, Snapshot},
};
use serde_json::{Value, json};

const REGION: &str = "eu-west-1";
const ACCOUNT: &str = "111122223333";

/// The bundled snapshot, spread over 40 files as a person would save them.
fn forty_files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/snapshots/checkout");
    let mut files = 0;
    for entry in fs::read_dir(from).expect("the snapshot") {
        let path = entry.expect("a file").path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).expect("a copy");
        files += 1;
    }
    for index in files..40 {
        let groups: Vec<_> = (0..40)
            .map(|group| {
                let id = format!("sg-{index:08}{group:08}a");
                json!({
                    "GroupId": id, "GroupName": format!("group-{index}-{group}"),
                    "VpcId": "vpc-0d44444444444444d", "OwnerId": ACCOUNT, "Description": "filler",
                    "SecurityGroupArn": format!("arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/{id}"),
                    "IpPermissions": [], "IpPermissionsEgress": [{
                        "IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
                        "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": [],
                    }],
                })
            })
            .collect();
        let text = serde_json::to_string_pretty(&json!({"SecurityGroups": groups})).unwrap();
        fs::write(folder.path().join(format!("security-groups-{index}.json")), text).unwrap();
    }
    folder
}

fn parse_only(folder: &Path) -> usize {
    fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| {
            let bytes = fs::read(entry.expect("a file").path()).expect("bytes");
            serde_json::from_slice::<Value>(&bytes).map(|value| value.is_object()).is_ok()
        })
        .filter(|parsed| *parsed)
        .count()
}

fn one_task(c: &mut Criterion) {
    let folder = forty_files();
    let mut group = c.benchmark_group("one task from 40 files");
    group.bench_function("parse", |b| b.iter(|| black_box(parse_only(folder.path()))));
    group.bench_function("diagnose", |b| {
        b.iter(|| {
            let snapshot = Snapshot::open(folder.path()).expect("a snapshot");
            let target = snapshot.target(None).expect("a target");
            black_box(
                pollster::block_on(Diagnosis::new().run(&target, &snapshot)).expect("a report"),
            )
        });
    });
    group.finish();
}

/// Stopped tasks that share 50 pairs of subnet and security group, and 50 task definitions.
fn fleet(tasks: usize) -> (Vec<Target>, Vec<(String, Value)>) {
    const CLASSES: usize = 50;
    let definition =
        |class: usize| format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/app-{class}:1");
    let subnets: Vec<_> = (0..CLASSES)
        .map(|class| {
            json!({
                "SubnetId": format!("subnet-{class:017}"), "VpcId": "vpc-0d44444444444444d",
                "OwnerId": ACCOUNT, "State": "available", "CidrBlock": format!("10.0.{class}.0/24"),
                "AvailableIpAddressCount": 200, "AvailabilityZone": format!("{REGION}a"),
                "SubnetArn": format!("arn:aws:ec2:{REGION}:{ACCOUNT}:subnet/subnet-{class:017}"),
            })
        })
        .collect();
    let groups: Vec<_> = (0..CLASSES)
        .map(|class| {
            json!({
                "GroupId": format!("sg-{class:017}"), "GroupName": format!("app-{class}"),
                "VpcId": "vpc-0d44444444444444d", "OwnerId": ACCOUNT, "IpPermissions": [],
                "IpPermissionsEgress": [],
            })
        })
        .collect();
    let services: Vec<_> = (0..CLASSES)
        .map(|class| {
            json!({
                "serviceArn": format!("arn:aws:ecs:{REGION}:{ACCOUNT}:service/fleet/app-{class}"),
                "serviceName": format!("app-{class}"), "status": "ACTIVE", "desiredCount": 1,
                "clusterArn": format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/fleet"),
                "taskDefinition": definition(class), "events": [],
                "deployments": [{
                    "id": format!("ecs-svc/{class:019}"), "status": "PRIMARY",
                    "taskDefinition": definition(class), "createdAt": "2026-11-20T09:00:00Z",
                    "updatedAt": "2026-11-20T09:00:00Z",
                    "networkConfiguration": {"awsvpcConfiguration": {
                        "subnets": [format!("subnet-{class:017}")],
                        "securityGroups": [format!("sg-{class:017}")],
                        "assignPublicIp": "DISABLED",
                    }},
                }],
            })
        })
        .collect();
    let mut values = vec![
        ("subnets".to_owned(), json!({"Subnets": subnets})),
        ("groups".to_owned(), json!({"SecurityGroups": groups})),
        ("services".to_owned(), json!({"services": services, "failures": []})),
        ("log groups".to_owned(), json!({"logGroups": []})),
        ("rules".to_owned(), json!({"pullThroughCacheRules": []})),
        (
            "role".to_owned(),
            json!({"Role": {
                "RoleName": "app", "Arn": format!("arn:aws:iam::{ACCOUNT}:role/app"), "Path": "/",
                "CreateDate": "2026-01-10T08:00:00Z",
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }]},
            }}),
        ),
    ];
    for class in 0..CLASSES {
        values.push((
            format!("definition {class}"),
            json!({"taskDefinition": {
                "taskDefinitionArn": definition(class), "family": format!("app-{class}"),
                "revision": 1, "status": "ACTIVE", "networkMode": "awsvpc", "cpu": "256",
                "memory": "512", "requiresCompatibilities": ["FARGATE"],
                "executionRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/app"),
                "containerDefinitions": [{
                    "name": "app", "essential": true,
                    "image": format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/app-{class}:v1"),
                    "logConfiguration": {"logDriver": "awslogs", "options": {
                        "awslogs-group": format!("/ecs/app-{class}"), "awslogs-region": REGION,
                        "awslogs-stream-prefix": "app",
                    }},
                }],
            }}),
        ));
        values.push((
            format!("repository {class}"),
            json!({"repositories": [{
                "repositoryArn": format!("arn:aws:ecr:{REGION}:{ACCOUNT}:repository/app-{class}"),
                "registryId": ACCOUNT, "repositoryName": format!("app-{class}"),
            }]}),
        ));
        values.push((
            format!("images {class}"),
            json!({"imageDetails": [{
                "registryId": ACCOUNT, "repositoryName": format!("app-{class}"),
                "imageDigest": format!("sha256:{class:064}"), "imageTags": ["v1"],
            }]}),
        ));
    }
    let arn = |index: usize| format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task/fleet/{index:032x}");
    let stopped: Vec<_> = (0..tasks)
        .map(|index| {
            let class = index % CLASSES;
            json!({
                "taskArn": arn(index), "launchType": "FARGATE", "platformVersion": "1.4.0",
                "clusterArn": format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/fleet"),
                "taskDefinitionArn": definition(class), "group": format!("service:app-{class}"),
                "startedBy": format!("ecs-svc/{class:019}"), "lastStatus": "STOPPED",
                "desiredStatus": "STOPPED", "stopCode": "TaskFailedToStart",
                "createdAt": "2026-11-20T10:00:00Z", "stoppedAt": "2026-11-20T10:01:00Z",
                "stoppedReason": "ResourceInitializationError: failed to validate logger args: \
                    create stream has been retried 1 times: failed to create Cloudwatch log \
                    stream: ResourceNotFoundException: The specified log group does not exist. : \
                    exit status 1",
                "containers": [{"name": "app", "lastStatus": "STOPPED"}],
                "attachments": [{"id": "x", "type": "ElasticNetworkInterface", "status": "DELETED",
                    "details": [{"name": "subnetId", "value": format!("subnet-{class:017}")}]}],
            })
        })
        .collect();
    values.push(("tasks".to_owned(), json!({"tasks": stopped, "failures": []})));
    ((0..tasks).map(|index| Target::task(None, arn(index))).collect(), values)
}

fn many_tasks(c: &mut Criterion) {
    const TASKS: usize = 10_000;
    let (targets, values) = fleet(TASKS);
    let snapshot = Snapshot::from_values(values).expect("a snapshot");
    let mut group = c.benchmark_group("many tasks");
    group.sample_size(10).throughput(Throughput::Elements(TASKS as u64));
    group.bench_function("10 000 of 50 classes", |b| {
        b.iter_batched(
            || targets.clone(),
            |targets| {
                let diagnosis = Diagnosis::new();
                let reports = pollster::block_on(diagnosis.run_many(targets, &snapshot));
                assert_eq!(reports.len(), TASKS);
                black_box(reports)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn large_snapshot(c: &mut Criterion) {
    const BYTES: usize = 50 << 20;
    let (_, values) = fleet(10_000);
    let one: Value = values.into_iter().map(|(_, value)| value).collect();
    let one = one.to_string();
    // As many task lists as it takes, each with tasks of its own.
    let mut bytes = String::with_capacity(BYTES + one.len());
    let mut copies = 0;
    while bytes.len() < BYTES {
        bytes.push_str(&one.replace("task/fleet/", &format!("task/fleet-{copies}/")));
        bytes.push('\n');
        copies += 1;
    }
    let mut group = c.benchmark_group("50 MB snapshot");
    group.sample_size(10).throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("parse", |b| {
        b.iter(|| {
            for line in bytes.lines() {
                black_box(serde_json::from_str::<Value>(line).expect("JSON"));
            }
        });
    });
    group.bench_function("load", |b| {
        b.iter(|| {
            black_box(Snapshot::from_bytes("answers.jsonl", bytes.as_bytes()).expect("a snapshot"))
        });
    });
    group.finish();
}

/// A source with one answer.
struct Fixed(Value);

#[async_trait::async_trait]
impl DataSource for Fixed {
    async fn fetch(&self, _query: &Query) -> Answer {
        Ok(self.0.clone())
    }
}

/// What a recorder adds to an answer: redaction, and a copy to keep.
fn recording(c: &mut Criterion) {
    let (_, values) = fleet(10_000);
    let (_, tasks) = values.into_iter().next_back().expect("tasks");
    let bytes = tasks.to_string();
    let source = Fixed(tasks);
    let query = Query::new("ecs", "DescribeTasks", &json!({}));
    let mut group = c.benchmark_group("an answer of 10 000 tasks");
    group.sample_size(10).throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("parse", |b| {
        b.iter(|| black_box(serde_json::from_str::<Value>(&bytes).expect("JSON")));
    });
    group.bench_function("copy", |b| b.iter(|| pollster::block_on(source.fetch(&query))));
    group.bench_function("record", |b| {
        b.iter(|| pollster::block_on(Recorder::new(&source).fetch(&query)));
    });
    group.finish();
}

fn texts(c: &mut Criterion) {
    let templates = [
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource \
         retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 \
         time(s): RequestError: send request failed caused by: Post \
         \"https://api.ecr.eu-west-1.amazonaws.com/\": dial tcp 52.94.5.10:443: i/o timeout",
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to \
         resolve ref 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42: not found",
        "Essential container in task exited",
        "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-west-1:\
         111122223333:targetgroup/checkout/0123456789abcdef)",
        "(service checkout) was unable to place a task because no container instance met all of \
         its requirements. The closest matching container-instance 0a1b has insufficient CPU \
         units available.",
        "the dog ate the container",
    ];
    let texts: Vec<_> = (0..10_000)
        .map(|index| format!("{} [{index}]", templates[index % templates.len()]))
        .collect();
    let mut group = c.benchmark_group("texts");
    group.throughput(Throughput::Elements(texts.len() as u64));
    group.bench_function("10 000", |b| {
        b.iter(|| {
            for text in &texts {
                black_box(signature::read(text));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, one_task, many_tasks, large_snapshot, recording, texts);
criterion_main!(benches);
