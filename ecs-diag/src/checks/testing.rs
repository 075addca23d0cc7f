//! What the tests of checks are written with: a small account in which a task failed to start.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
    sync::Arc,
};

use serde_json::{Value, json};

use crate::{
    DataSource, Diagnosis, Query, SourceError, Step, Target,
    check::{self, Outcome},
    facts::Facts,
    report::Report,
    sources::Snapshot,
};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const TASK: &str =
    "arn:aws:ecs:eu-west-1:111122223333:task/shop/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c";
pub(crate) const DEFINITION: &str =
    "arn:aws:ecs:eu-west-1:111122223333:task-definition/checkout:42";
pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/checkout-execution";
pub(crate) const SECRET: &str =
    "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf";
pub(crate) const IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:v42";
pub(crate) const DIGEST: &str =
    "sha256:5f2c9d0e8b7a6f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6";

/// The four sides of a check. Each starts from [`World::default`], in which nothing is wrong but
/// that the task stopped, and changes it.
#[derive(Clone, Copy)]
pub(crate) struct Examples {
    /// Facts on which the check reports a finding.
    pub(crate) fails: fn(&mut World),
    /// Facts on which it passes.
    pub(crate) passes: fn(&mut World),
    /// Facts that leave it unknown.
    pub(crate) unknown: fn(&mut World),
    /// The same failure message as in `fails`, and yet nothing for this check to find.
    pub(crate) near_miss: fn(&mut World),
}

impl Examples {
    fn world(change: fn(&mut World)) -> World {
        let mut world = World::default();
        change(&mut world);
        world
    }

    pub(crate) fn failing(&self) -> World {
        Self::world(self.fails)
    }

    pub(crate) fn passing(&self) -> World {
        Self::world(self.passes)
    }

    pub(crate) fn unknown(&self) -> World {
        Self::world(self.unknown)
    }

    pub(crate) fn near_miss(&self) -> World {
        Self::world(self.near_miss)
    }

    /// What the failing example says, for an inline snapshot: severity, summary, detail and
    /// remedy of each finding.
    pub(crate) fn messages(&self, check: &str) -> String {
        let report = self.failing().report();
        let mut out = String::new();
        for finding in report.findings.iter().filter(|finding| finding.check == check) {
            out += &format!("{}: {}\n  {}\n", finding.severity, finding.summary, finding.detail);
            for resource in &finding.resources {
                out += &format!("  @ {} {}\n", resource.kind, resource.id);
            }
            if let Some(remedy) = &finding.remedy {
                let verified = if remedy.verified { " (verified)" } else { "" };
                out += &format!("  fix{verified}: {}\n", remedy.summary);
                for step in &remedy.steps {
                    out += &format!("  - {step}\n");
                }
                for command in &remedy.commands {
                    out += &format!("  $ {command}\n");
                }
            }
        }
        out
    }
}

/// Every example of every check.
pub(crate) fn worlds() -> Vec<World> {
    super::all()
        .iter()
        .flat_map(|entry| {
            let examples = &entry.examples;
            [examples.failing(), examples.passing(), examples.unknown(), examples.near_miss()]
        })
        .collect()
}

/// Holds a page of the documentation to what the code says, or writes it anew.
#[track_caller]
pub(super) fn assert_page(path: &str, page: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if env::var_os("ECS_DIAG_BLESS").is_some() {
        fs::write(file, page).unwrap();
    } else {
        assert_eq!(fs::read_to_string(file).unwrap(), page, "run `make bless`");
    }
}

/// Facts, and the checks that are run on them: each check on its own examples, and all of them on
/// the account from which the examples start, with a task of a service and with one that was run
/// alone. All of them on all examples would take minutes.
pub(crate) fn settings() -> Vec<(World, Diagnosis)> {
    let own = super::all().iter().flat_map(|entry| {
        let only = Diagnosis::new().only([&entry.check.meta().id]).unwrap();
        let examples = &entry.examples;
        [examples.failing(), examples.passing(), examples.unknown(), examples.near_miss()]
            .map(|world| (world, only.clone()))
    });
    let alone =
        super::all().iter().find(|entry| entry.check.meta().id == "pre-network-config-recovery");
    let alone = alone.map(|entry| entry.examples.failing());
    let shared = alone.into_iter().chain([World::default()]);
    own.chain(shared.map(|world| (world, Diagnosis::new()))).collect()
}

/// An account with a service `checkout` in cluster `shop`, one of whose tasks stopped. Everything
/// the task names exists.
#[derive(Clone)]
pub(crate) struct World {
    /// Saved outputs by name; what a test removes is "not saved".
    pub(crate) outputs: BTreeMap<&'static str, Value>,
    pub(crate) recordings: Vec<Value>,
    /// Whether files are read in the other order.
    pub(crate) reverse_files: bool,
    denied: Vec<String>,
    pub(crate) target: Target,
}

impl Default for World {
    fn default() -> Self {
        let outputs = [
            (
                "snapshot",
                json!({
                    "schema": "ecs-diag/snapshot/v1", "account": ACCOUNT, "region": REGION,
                    "captured_at": "2026-11-20T10:30:00Z",
                }),
            ),
            (
                "tasks",
                json!({"tasks": [{
                "taskArn": TASK,
                "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/shop",
                "taskDefinitionArn": DEFINITION,
                "group": "service:checkout",
                "startedBy": "ecs-svc/8512345678901234567",
                "launchType": "FARGATE", "platformVersion": "1.4.0", "platformFamily": "Linux",
                "lastStatus": "STOPPED", "desiredStatus": "STOPPED",
                "stopCode": "TaskFailedToStart",
                "stoppedReason": "Task failed to start",
                "cpu": "256", "memory": "512", "version": 4,
                "availabilityZone": "eu-west-1a",
                "createdAt": "2026-11-20T10:00:00Z",
                "connectivityAt": "2026-11-20T10:00:05Z",
                "stoppedAt": "2026-11-20T10:01:00Z",
                "containers": [{"name": "app", "image": IMAGE, "lastStatus": "STOPPED"}],
                "overrides": {"containerOverrides": [{"name": "app"}]},
                "attachments": [{
                    "id": "8e1f", "type": "ElasticNetworkInterface", "status": "DELETED",
                    "details": [
                        {"name": "subnetId", "value": "subnet-0a11111111111111a"},
                        {"name": "networkInterfaceId", "value": "eni-0123456789abcdef0"},
                        {"name": "privateIPv4Address", "value": "10.0.1.25"},
                    ],
                }],
            }], "failures": []}),
            ),
            (
                "taskDefinition",
                json!({"taskDefinition": {
                    "taskDefinitionArn": DEFINITION, "family": "checkout", "revision": 42,
                    "status": "ACTIVE", "networkMode": "awsvpc",
                    "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
                    "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"},
                    "executionRoleArn": ROLE,
                    "registeredAt": "2026-11-19T09:00:00Z",
                    "containerDefinitions": [{
                        "name": "app", "image": IMAGE, "essential": true,
                        "secrets": [
                            {"name": "DB_PASSWORD", "valueFrom": format!("{SECRET}:password::")},
                            {"name": "FLAG", "valueFrom": "/shop/flag"},
                        ],
                        "logConfiguration": {"logDriver": "awslogs", "options": {
                            "awslogs-group": "/ecs/checkout", "awslogs-region": REGION,
                            "awslogs-stream-prefix": "app",
                        }},
                    }],
                }}),
            ),
            (
                "services",
                json!({"services": [{
                "serviceArn": "arn:aws:ecs:eu-west-1:111122223333:service/shop/checkout",
                "serviceName": "checkout",
                "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/shop",
                "status": "ACTIVE", "desiredCount": 2, "runningCount": 0, "pendingCount": 0,
                "launchType": "FARGATE", "taskDefinition": DEFINITION,
                "deployments": [{
                    "id": "ecs-svc/8512345678901234567", "status": "PRIMARY",
                    "taskDefinition": DEFINITION, "launchType": "FARGATE",
                    "createdAt": "2026-11-20T09:55:00Z", "updatedAt": "2026-11-20T09:56:00Z",
                    "desiredCount": 2, "failedTasks": 1, "rolloutState": "IN_PROGRESS",
                    "networkConfiguration": {"awsvpcConfiguration": {
                        "subnets": ["subnet-0a11111111111111a", "subnet-0b22222222222222b"],
                        "securityGroups": ["sg-0c33333333333333c"], "assignPublicIp": "DISABLED",
                    }},
                }],
                "events": [],
            }], "failures": []}),
            ),
            (
                "Role",
                json!({"Role": {
                    "RoleName": "checkout-execution", "Arn": ROLE, "Path": "/",
                    "RoleId": "AROAEXAMPLEEXAMPLEEXA", "CreateDate": "2026-01-10T08:00:00Z",
                    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
                        "Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }]},
                }}),
            ),
            (
                "secret",
                json!({
                    "ARN": SECRET, "Name": "shop/db",
                    "CreatedDate": "2026-01-10T08:00:00Z", "LastChangedDate": "2026-10-01T08:00:00Z",
                    "VersionIdsToStages": {"a1b2c3d4-0000-0000-0000-000000000001": ["AWSCURRENT"]},
                }),
            ),
            (
                "Parameters",
                json!({"Parameters": [{
                    "Name": "/shop/flag", "Type": "String", "Version": 1, "Tier": "Standard",
                    "ARN": "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/flag",
                    "LastModifiedDate": "2026-01-10T08:00:00Z", "Policies": [], "DataType": "text",
                }]}),
            ),
            (
                "logGroups",
                json!({"logGroups": [{
                    "logGroupName": "/ecs/checkout", "creationTime": 1_768_032_000_000_u64,
                    "arn": "arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/checkout:*",
                    "metricFilterCount": 0, "storedBytes": 0,
                }]}),
            ),
            (
                "repositories",
                json!({"repositories": [{
                    "repositoryArn": "arn:aws:ecr:eu-west-1:111122223333:repository/shop/checkout",
                    "registryId": ACCOUNT, "repositoryName": "shop/checkout",
                    "repositoryUri": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout",
                    "createdAt": "2026-01-10T08:00:00Z", "imageTagMutability": "MUTABLE",
                }]}),
            ),
            (
                "imageDetails",
                json!({"imageDetails": [{
                    "registryId": ACCOUNT, "repositoryName": "shop/checkout", "imageDigest": DIGEST,
                    "imageTags": ["v42"], "imageSizeInBytes": 81_000_000,
                    "imageManifestMediaType": "application/vnd.oci.image.index.v1+json",
                    "imagePushedAt": "2026-11-19T08:30:00Z",
                }]}),
            ),
            (
                "images",
                json!({"images": [{
                    "registryId": ACCOUNT, "repositoryName": "shop/checkout",
                    "imageId": {"imageDigest": DIGEST, "imageTag": "v42"},
                    "imageManifestMediaType": "application/vnd.oci.image.index.v1+json",
                    "imageManifest": index(&["linux/amd64", "linux/arm64"]),
                }], "failures": []}),
            ),
            ("pullThroughCacheRules", json!({"pullThroughCacheRules": []})),
            (
                "Subnets",
                json!({"Subnets": [
                    subnet("subnet-0a11111111111111a", "eu-west-1a", "10.0.1.0/24"),
                    subnet("subnet-0b22222222222222b", "eu-west-1b", "10.0.2.0/24"),
                ]}),
            ),
            (
                "SecurityGroups",
                json!({"SecurityGroups": [{
                    "GroupId": "sg-0c33333333333333c", "GroupName": "checkout",
                    "VpcId": "vpc-0d44444444444444d", "OwnerId": ACCOUNT,
                    "Description": "checkout tasks", "IpPermissions": [], "IpPermissionsEgress": [{
                        "IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
                        "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": [],
                    }],
                }]}),
            ),
        ];
        Self {
            outputs: outputs.into_iter().collect(),
            recordings: vec![],
            reverse_files: false,
            denied: vec![],
            target: Target::task(None, TASK),
        }
    }
}

/// The text of an index with an image for each of these platforms.
pub(crate) fn index(platforms: &[&str]) -> String {
    let manifests = platforms.iter().enumerate().map(|(at, platform)| {
        let (os, architecture) = platform.split_once('/').expect("a platform");
        json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": format!("sha256:{at:064}"), "size": 1024,
            "platform": {"os": os, "architecture": architecture},
        })
    });
    let media_type = "application/vnd.oci.image.index.v1+json";
    let manifests: Vec<_> = manifests.collect();
    json!({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests}).to_string()
}

fn subnet(id: &str, zone: &str, cidr: &str) -> Value {
    json!({
        "SubnetId": id, "SubnetArn": format!("arn:aws:ec2:{REGION}:{ACCOUNT}:subnet/{id}"),
        "VpcId": "vpc-0d44444444444444d", "OwnerId": ACCOUNT, "State": "available",
        "AvailableIpAddressCount": 240, "CidrBlock": cidr, "AvailabilityZone": zone,
        "AvailabilityZoneId": format!("euw1-az{}", if zone.ends_with('a') { 1 } else { 2 }),
    })
}

impl World {
    /// Another target than the task.
    pub(crate) fn target(&mut self, target: Target) -> &mut Self {
        self.target = target;
        self
    }

    /// The task's stopped reason.
    pub(crate) fn stopped(&mut self, reason: &str) -> &mut Self {
        self.task("/stoppedReason", json!(reason))
    }

    /// Sets a member of the task; `null` removes it.
    pub(crate) fn task(&mut self, pointer: &str, value: Value) -> &mut Self {
        self.set("tasks", &format!("/tasks/0{pointer}"), value)
    }

    /// Sets a member of the task definition; `null` removes it.
    pub(crate) fn definition(&mut self, pointer: &str, value: Value) -> &mut Self {
        self.set("taskDefinition", &format!("/taskDefinition{pointer}"), value)
    }

    /// Sets a member of the first container definition; `null` removes it.
    pub(crate) fn container(&mut self, pointer: &str, value: Value) -> &mut Self {
        self.definition(&format!("/containerDefinitions/0{pointer}"), value)
    }

    /// The image of the first container, in definition and task.
    pub(crate) fn image(&mut self, reference: &str) -> &mut Self {
        self.task("/containers/0/image", json!(reference)).container("/image", json!(reference))
    }

    /// Sets a member of a saved output; `null` removes it. A pointer that ends in `/-` appends.
    pub(crate) fn set(&mut self, output: &'static str, pointer: &str, value: Value) -> &mut Self {
        let output = self.outputs.get_mut(output).expect("such an output");
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        match output.pointer_mut(parent).expect("the parent exists") {
            Value::Object(members) if value.is_null() => drop(members.remove(name)),
            Value::Object(members) => {
                members.insert(name.replace("~1", "/").replace("~0", "~"), value);
            }
            Value::Array(items) if name == "-" => items.push(value),
            Value::Array(items) if value.is_null() => {
                items.remove(name.parse().expect("an index"));
            }
            Value::Array(items) => items[name.parse::<usize>().expect("an index")] = value,
            other => panic!("{pointer} leads into {other}"),
        }
        self
    }

    /// Adds or replaces a saved output.
    pub(crate) fn output(&mut self, name: &'static str, output: Value) -> &mut Self {
        self.outputs.insert(name, output);
        self
    }

    /// Removes a saved output: it is "not saved".
    pub(crate) fn without(&mut self, output: &'static str) -> &mut Self {
        self.outputs.remove(output).expect("such an output");
        self
    }

    /// Refuses every call of an operation, for instance `ecr:DescribeImages`.
    pub(crate) fn deny(&mut self, operation: &str) -> &mut Self {
        self.denied.push(operation.to_owned());
        self
    }

    /// Adds the recording of one call.
    pub(crate) fn recorded(
        &mut self,
        service: &str,
        operation: &str,
        input: &Value,
        output: &Value,
    ) -> &mut Self {
        self.recordings.push(json!({
            "service": service, "operation": operation, "input": input, "output": output,
        }));
        self
    }

    /// Adds the recording of one call that ended in an error.
    pub(crate) fn recorded_error(
        &mut self,
        service: &str,
        operation: &str,
        input: &Value,
        code: &str,
    ) -> &mut Self {
        self.recordings.push(json!({
            "service": service, "operation": operation, "input": input,
            "error": {"code": code, "message": "…"},
        }));
        self
    }

    /// The failure texts of the task and its service.
    pub(crate) fn texts(&self) -> Vec<String> {
        let Some(tasks) = self.outputs.get("tasks") else { return vec![] };
        let task = &tasks["tasks"][0];
        let reasons = task["containers"].as_array().into_iter().flatten();
        let events =
            self.outputs.get("services").map(|services| &services["services"][0]["events"]);
        [&task["stoppedReason"]]
            .into_iter()
            .chain(reasons.map(|container| &container["reason"]))
            .chain(events.and_then(Value::as_array).into_iter().flatten().map(|e| &e["message"]))
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect()
    }

    /// The operations that a diagnosis of this world asks.
    pub(crate) fn asked(&self, diagnosis: &Diagnosis) -> BTreeSet<String> {
        let source = self.source();
        let mut run = diagnosis.start([self.target.clone()], source.snapshot.now());
        let mut asked = BTreeSet::new();
        while let Step::Ask(queries) = run.step() {
            asked.extend(queries.iter().map(Query::name));
            source.answer_all(queries, |query, answer, assumption| {
                run.answer(query, answer, assumption);
            });
        }
        asked
    }

    /// The source that holds this world.
    pub(crate) fn source(&self) -> WorldSource {
        let outputs = self.outputs.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let recordings = ("recordings".to_owned(), Value::from(self.recordings.clone()));
        let recordings = (!self.recordings.is_empty()).then_some(recordings);
        let mut files: Vec<_> = outputs.chain(recordings).collect();
        if self.reverse_files {
            files.reverse();
        }
        let snapshot = Snapshot::from_values(files).expect("a snapshot");
        WorldSource { snapshot, denied: self.denied.clone() }
    }

    /// The report of a whole diagnosis.
    pub(crate) fn report(&self) -> Report {
        self.diagnose().expect("there is such a task")
    }

    /// Whether the remedies of a check's findings, of which there is one at least, are all proved.
    pub(crate) fn verified(&self, check: &str) -> bool {
        let report = self.report();
        let mut findings =
            report.findings.iter().filter(|finding| finding.check == check).peekable();
        findings.peek().is_some()
            && findings.all(|finding| finding.remedy.as_ref().is_some_and(|remedy| remedy.verified))
    }

    /// The report of a whole diagnosis, if there is such a task.
    pub(crate) fn diagnose(&self) -> Option<Report> {
        self.diagnose_with(&Diagnosis::new())
    }

    /// The report of these checks, if there is such a task.
    pub(crate) fn diagnose_with(&self, diagnosis: &Diagnosis) -> Option<Report> {
        let source = self.source();
        let mut run = diagnosis.start([self.target.clone()], source.snapshot.now());
        loop {
            match run.step() {
                Step::Ask(queries) => source.answer_all(queries, |query, answer, assumption| {
                    run.answer(query, answer, assumption);
                }),
                Step::Done(_, report) => return report.ok(),
                Step::Finished => unreachable!("one target gives one report"),
            }
        }
    }

    /// How one check ends.
    pub(crate) fn outcome(&self, id: &str) -> Outcome {
        let source = self.source();
        let check = super::all().iter().find(|entry| entry.check.meta().id == id);
        let check = &check.unwrap_or_else(|| panic!("`{id}` is not registered")).check;
        let facts = Arc::new(Facts::new().at(source.snapshot.now()));
        loop {
            let outcome = check::run(&**check, &crate::Case::new(&facts, &self.target));
            let wanted = facts.take_wanted();
            if wanted.is_empty() {
                return outcome;
            }
            source.answer_all(wanted, |query, answer, assumption| {
                facts.insert(query, answer, assumption);
            });
        }
    }
}

/// A snapshot some of whose operations are denied.
pub(crate) struct WorldSource {
    pub(crate) snapshot: Snapshot,
    denied: Vec<String>,
}

impl WorldSource {
    fn answer_all(
        &self,
        queries: Vec<Query>,
        mut give: impl FnMut(Query, Result<Value, SourceError>, Option<String>),
    ) {
        for query in queries {
            let answer = self.answer(&query);
            let assumption = self.snapshot.assumption(&query);
            give(query, answer, assumption);
        }
    }

    pub(crate) fn answer(&self, query: &Query) -> Result<Value, SourceError> {
        if self.denied.contains(&query.name()) {
            let words = format!("not authorized to perform: {}", query.name());
            return Err(SourceError::from_code("AccessDeniedException", words));
        }
        self.snapshot.answer(query)
    }
}
