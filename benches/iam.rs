//! Decisions about a realistic execution role, alone and explained; policies are parsed once.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ecs_diag::iam::{
    self, Context, Decision, Document, Layered, Policies, Policy, Question, Request,
};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";

fn role() -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/shop-execution")
}

fn secret() -> String {
    format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop/db-AbCdEf")
}

fn key() -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab")
}

fn inline() -> [(&'static str, Value); 2] {
    let secrets = json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Secrets", "Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
             "Resource": [format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop/db-??????"),
                          format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop/api-??????")]},
            {"Sid": "Parameters", "Effect": "Allow", "Action": ["ssm:GetParameters"],
             "Resource": format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop/*")},
            {"Sid": "Key", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key(),
             "Condition": {"StringEquals": {
                 "kms:ViaService": format!("secretsmanager.{REGION}.amazonaws.com")}}},
        ],
    });
    let files = json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject",
             "Resource": "arn:aws:s3:::shop-config/*.env"},
            {"Effect": "Allow", "Action": "s3:GetBucketLocation",
             "Resource": "arn:aws:s3:::shop-config"},
            {"Effect": "Allow", "Action": "logs:CreateLogGroup",
             "Resource": format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ecs/shop*")},
        ],
    });
    [("secrets", secrets), ("files", files)]
}

fn attached() -> [Value; 3] {
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    [
        json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "EnableIam", "Effect": "Allow", "Principal": {"AWS": root},
             "Action": "kms:*", "Resource": "*"},
            {"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:role/admin")},
             "Action": ["kms:Create*", "kms:Describe*", "kms:Put*"], "Resource": "*"},
        ]}),
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*",
             "Condition": {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}},
        ]}),
        json!({"Version": "2008-10-17", "Statement": [
            {"Sid": "Pull", "Effect": "Allow", "Principal": {"AWS": [role(), root]},
             "Action": ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer",
                        "ecr:BatchGetImage"]},
        ]}),
    ]
}

/// What starting a task asks for: action, resource, context, policy of the resource, and whether
/// it is allowed.
fn needs() -> Vec<(&'static str, String, Value, Option<usize>, bool)> {
    let repository = format!("arn:aws:ecr:{REGION}:{ACCOUNT}:repository/shop");
    let stream = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ecs/shop:log-stream:shop/1");
    let via = json!({"kms:ViaService": format!("secretsmanager.{REGION}.amazonaws.com"),
                     "kms:EncryptionContext:SecretARN": secret()});
    let none = || json!({});
    vec![
        ("ecr:GetAuthorizationToken", "*".to_owned(), none(), None, true),
        ("ecr:BatchCheckLayerAvailability", repository.clone(), none(), Some(2), true),
        ("ecr:GetDownloadUrlForLayer", repository.clone(), none(), Some(2), true),
        ("ecr:BatchGetImage", repository, none(), Some(2), true),
        ("secretsmanager:GetSecretValue", secret(), none(), Some(1), true),
        (
            "secretsmanager:GetSecretValue",
            secret().replace("/db", "/other"),
            none(),
            Some(1),
            false,
        ),
        ("kms:Decrypt", key(), via, Some(0), true),
        (
            "ssm:GetParameters",
            format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/web"),
            none(),
            None,
            false,
        ),
        ("logs:CreateLogStream", stream.clone(), none(), None, true),
        ("logs:PutLogEvents", stream, none(), None, true),
    ]
}

fn requests() -> Vec<(Request, Policies)> {
    let managed = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    let mut identity = vec![iam::managed(managed).expect("a bundled policy").policy()];
    for (name, document) in inline() {
        identity.push(Policy::new(name, Document::parse(&document)));
    }
    let attached = attached().map(|it| Policy::new("resource_policy", Document::parse(&it)));
    needs()
        .into_iter()
        .map(|(action, resource, context, policy, _)| {
            let mut known = Context::new();
            for (key, value) in context.as_object().expect("an object") {
                known = known.with(key, value.as_str().expect("a text"));
            }
            let principal = role().parse().expect("a principal");
            let request = Request::new(principal, action, &resource).expect("a request");
            let policies = Policies {
                identity: Layered::Read(identity.clone()),
                resource: policy.map_or(Layered::Absent, |at| Layered::Read(attached[at].clone())),
                ..Policies::default()
            };
            (request.context(known), policies)
        })
        .collect()
}

fn execution_role(c: &mut Criterion) {
    let requests = requests();
    for ((request, policies), (.., allowed)) in requests.iter().zip(needs()) {
        let decision = iam::evaluate(request, policies);
        assert_eq!(decision == Decision::Allowed, allowed, "{}", request.action());
    }
    let mut group = c.benchmark_group("an execution role");
    group.throughput(Throughput::Elements(requests.len() as u64));
    group.bench_function("evaluate", |b| {
        b.iter(|| {
            for (request, policies) in &requests {
                black_box(iam::evaluate(black_box(request), policies));
            }
        });
    });
    group.bench_function("explain", |b| {
        b.iter(|| {
            for (request, policies) in &requests {
                black_box(iam::explain(black_box(request), policies));
            }
        });
    });
    group.finish();
}

/// From and to JSON, as `ecs-diag iam evaluate` does.
fn wire(c: &mut Criterion) {
    let managed = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    let mut identity = vec![json!({"name": managed, "policy": {
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": [
            "ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "logs:CreateLogStream",
            "logs:PutLogEvents"]}]}})];
    identity.extend(inline().map(|(name, policy)| json!({"name": name, "policy": policy})));
    let lines: Vec<_> = needs()
        .into_iter()
        .map(|(action, resource, context, policy, _)| {
            let mut request = json!({
                "principal": role(), "action": action, "resource": resource, "context": context,
                "identity_policies": identity,
            });
            if let Some(policy) = policy {
                request["resource_policy"] = attached()[policy].clone();
            }
            request.to_string()
        })
        .collect();
    let mut group = c.benchmark_group("an execution role as JSON Lines");
    group.throughput(Throughput::Elements(lines.len() as u64));
    group.bench_function("parse", |b| {
        b.iter(|| {
            for line in &lines {
                black_box(serde_json::from_str::<Value>(line).expect("JSON"));
            }
        });
    });
    group.bench_function("answer", |b| {
        b.iter(|| {
            for line in &lines {
                let request = serde_json::from_str(line).expect("JSON");
                let question = Question::parse(&request).expect("a request");
                black_box(serde_json::to_string(&question.explain()).expect("JSON"));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, execution_role, wire);
criterion_main!(benches);
