// Requests are written where they are asked.
#![allow(clippy::needless_pass_by_value)]

use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{ErrorKind, aws};

const ACCOUNT: &str = "111122223333";

fn snapshot(values: impl IntoIterator<Item = Value>) -> Snapshot {
    let values = values.into_iter().enumerate();
    Snapshot::from_values(values.map(|(at, value)| (format!("{at}.json"), value))).unwrap()
}

fn home() -> Value {
    json!({"schema": "ecs-diag/snapshot/v1", "account": ACCOUNT, "region": "eu-west-1"})
}

#[track_caller]
fn ask(snapshot: &Snapshot, name: &str, input: Value) -> Result<Value, SourceError> {
    let (service, operation) = name.split_once(':').unwrap();
    snapshot.answer(&Query::new(service.to_owned(), operation.to_owned(), &input))
}

#[track_caller]
fn kind(snapshot: &Snapshot, name: &str, input: Value) -> ErrorKind {
    match ask(snapshot, name, input) {
        Ok(value) => panic!("an answer: {value}"),
        Err(error) => error.kind,
    }
}

fn assumption(snapshot: &Snapshot, name: &str, input: Value) -> Option<String> {
    let (service, operation) = name.split_once(':').unwrap();
    snapshot.assumption(&Query::new(service.to_owned(), operation.to_owned(), &input))
}

fn ids(answer: &Value, key: &str, id: &str) -> Vec<String> {
    let items = answer[key].as_array().unwrap();
    items.iter().map(|item| item[id].as_str().unwrap().to_owned()).collect()
}

fn task_arn(id: &str) -> String {
    format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:task/web/{id}")
}

fn task(id: &str, version: u64) -> Value {
    json!({
        "taskArn": task_arn(id),
        "clusterArn": format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/web"),
        "group": "service:api",
        "taskDefinitionArn": format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:task-definition/api:3"),
        "desiredStatus": "STOPPED",
        "version": version,
    })
}

fn subnet(id: &str) -> Value {
    json!({"SubnetId": id, "VpcId": "vpc-1", "AvailabilityZone": "eu-west-1a", "OwnerId": ACCOUNT})
}

fn filter(name: &str, value: &str) -> Value {
    json!({"Filters": [{"Name": name, "Values": [value]}]})
}

#[test]
fn every_operation_is_in_the_table_once() {
    let outputs = recognised_outputs();
    let listed: Vec<_> = outputs.iter().map(|o| (o.service, o.operation)).collect();
    let asked: Vec<_> = aws::OPERATIONS.iter().map(|o| (o.service, o.name)).collect();
    assert_eq!(listed, asked);
    for (service, operations) in table::NEED_INPUT {
        for operation in *operations {
            assert!(aws::operation(service, operation).is_some(), "{service}:{operation}");
        }
    }
    for (from, _, to) in table::REFERENCES {
        assert!(!table::rows_of_key(from).is_empty(), "{from}");
        assert!(!table::rows_of_key(to).is_empty(), "{to}");
    }
    for parent in table::PARENTS {
        assert!(aws::operation(parent.of.0, parent.of.1).is_some(), "{:?}", parent.of);
        assert!(table::row(parent.row.0, parent.row.1).is_some(), "{:?}", parent.row);
    }
}

#[test]
fn operations_outside_the_list_are_not_allowed() {
    let snapshot = snapshot([home()]);
    for name in ["secretsmanager:GetSecretValue", "ecs:StopTask", "x:Y"] {
        assert_eq!(kind(&snapshot, name, json!({})), ErrorKind::NotAllowed);
    }
}

#[test]
fn what_is_not_saved_is_unknown_and_the_message_says_how_to_save_it() {
    let snapshot = snapshot([home()]);
    let error = ask(&snapshot, "ec2:DescribeSubnets", json!({"SubnetIds": ["subnet-1"]}));
    let error = error.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotRecorded);
    assert_eq!(error.message, "not saved: run `aws ec2 describe-subnets --region eu-west-1`");
    // Nothing at all can be asked without panicking.
    for operation in aws::OPERATIONS {
        let name = format!("{}:{}", operation.service, operation.name);
        assert_eq!(kind(&snapshot, &name, json!({})), ErrorKind::NotRecorded, "{name}");
    }
}

#[test]
fn clashing_keys_are_told_by_their_elements() {
    let snapshot = snapshot([
        home(),
        json!({"PrefixLists": [{"PrefixListId": "pl-1", "PrefixListName": "com.amazonaws.eu-west-1.s3", "Cidrs": ["1.2.3.0/24"]}]}),
        json!({"PrefixLists": [{"PrefixListId": "pl-2", "PrefixListName": "mine", "PrefixListArn": format!("arn:aws:ec2:eu-west-1:{ACCOUNT}:prefix-list/pl-2")}]}),
        json!({"SecurityGroups": [{"GroupId": "sg-1", "VpcId": "vpc-1"}]}),
        json!({"SecurityGroups": ["sg-9"]}),
        json!({"FileSystems": [{"FileSystemId": "fs-1", "FileSystemArn": "arn:aws:elasticfilesystem:eu-west-1:111122223333:file-system/fs-1", "LifeCycleState": "available"}]}),
        json!({"FileSystems": [{"FileSystemId": "fs-2", "FileSystemType": "LUSTRE", "Lifecycle": "AVAILABLE"}]}),
        json!({"clusters": ["eks-one"]}),
        json!({"clusters": [{"clusterArn": format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/web"), "clusterName": "web"}]}),
        json!({"repositories": [{"repositoryName": "pub", "repositoryArn": "arn:aws:ecr-public::111122223333:repository/pub"}]}),
        json!({"repositories": [{"repositoryName": "app", "repositoryArn": "arn:aws:ecr:eu-west-1:111122223333:repository/app"}]}),
        json!({"serviceDeployments": [{"serviceDeploymentArn": "arn:aws:ecs:eu-west-1:111122223333:service-deployment/web/api/1", "serviceArn": "arn:aws:ecs:eu-west-1:111122223333:service/web/api", "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/web", "targetServiceRevisionArn": "x"}]}),
        json!({"Policies": [{"Id": "p-FullAWSAccess", "Name": "FullAWSAccess"}]}),
        json!({"Policy": {"PolicyName": "mine", "Arn": format!("arn:aws:iam::{ACCOUNT}:policy/mine")}}),
        json!({"Policy": {"PolicySummary": {"Id": "p-1"}, "Content": "{}"}}),
        json!({"Policy": "{}", "PolicyName": "default"}),
    ]);
    let answer = |name, input| ask(&snapshot, name, input).unwrap();
    assert_eq!(
        ids(&answer("ec2:DescribePrefixLists", json!({})), "PrefixLists", "PrefixListId"),
        ["pl-1"]
    );
    assert_eq!(
        ids(&answer("ec2:DescribeManagedPrefixLists", json!({})), "PrefixLists", "PrefixListId"),
        ["pl-2"]
    );
    assert_eq!(
        ids(&answer("ec2:DescribeSecurityGroups", json!({})), "SecurityGroups", "GroupId"),
        ["sg-1"]
    );
    assert_eq!(
        ids(&answer("efs:DescribeFileSystems", json!({})), "FileSystems", "FileSystemId"),
        ["fs-1"]
    );
    assert_eq!(
        ids(&answer("fsx:DescribeFileSystems", json!({})), "FileSystems", "FileSystemId"),
        ["fs-2"]
    );
    assert_eq!(
        ids(
            &answer("ecs:DescribeClusters", json!({"clusters": ["web"]})),
            "clusters",
            "clusterName"
        ),
        ["web"]
    );
    assert_eq!(
        ids(&answer("ecr:DescribeRepositories", json!({})), "repositories", "repositoryName"),
        ["app"]
    );
    let input = json!({"service": "api", "cluster": "web"});
    assert!(answer("ecs:ListServiceDeployments", input)["serviceDeployments"].is_array());
    let input = json!({"PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/mine")});
    assert_eq!(answer("iam:GetPolicy", input)["Policy"]["PolicyName"], "mine");
    let input = json!({"PolicyId": "p-1"});
    assert_eq!(answer("organizations:DescribePolicy", input)["Policy"]["Content"], "{}");
    let warnings = snapshot.warnings().join("\n");
    for words in [
        "4.json: looks like the output of efs DescribeMountTargetSecurityGroups",
        "7.json: not recognised by its keys `clusters`",
        "9.json: not recognised by its keys `repositories`",
        "12.json: looks like the output of organizations ListPoliciesForTarget",
        "15.json: looks like the output of kms GetKeyPolicy",
    ] {
        assert!(warnings.contains(words), "{words}\n{warnings}");
    }
}

#[test]
fn secrets_are_told_apart_and_their_values_dropped() {
    let arn =
        |name: &str| format!("arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:{name}-AbCdEf");
    let snapshot = snapshot([
        home(),
        json!({"ARN": arn("one"), "Name": "one", "KmsKeyId": "alias/x", "VersionIdsToStages": {"v": ["AWSCURRENT"]}}),
        json!({"ARN": arn("one"), "Name": "one", "ResourcePolicy": "{}"}),
        json!({"ARN": arn("two"), "Name": "two"}),
        json!({"ARN": arn("one"), "Name": "one", "Versions": [{"VersionId": "v"}]}),
        json!({"ARN": arn("three"), "Name": "three", "VersionId": "v", "SecretString": "hush", "VersionStages": ["AWSCURRENT"], "CreatedDate": 1}),
        json!({"SecretList": [{"ARN": arn("four"), "Name": "four", "SecretVersionsToStages": {"v": []}}]}),
        json!({"Parameters": [{"Name": "/p", "Type": "SecureString", "Value": "hush", "Version": 1}], "InvalidParameters": ["/gone"]}),
        json!({"service": "secretsmanager", "operation": "GetSecretValue", "input": {"SecretId": "five"},
            "output": {"ARN": arn("five"), "Name": "five", "SecretString": "hush"}}),
        json!({"service": "ssm", "operation": "GetParameters", "input": {}, "output": {"Parameters": [{"Name": "/q", "Value": "hush"}]}}),
    ]);
    assert!(snapshot.warnings().is_empty(), "{:?}", snapshot.warnings());
    let secret = |id: &str| json!({"SecretId": id});
    for id in ["one".to_owned(), arn("one"), arn("one").trim_end_matches("-AbCdEf").to_owned()] {
        let answer = ask(&snapshot, "secretsmanager:DescribeSecret", secret(&id)).unwrap();
        assert_eq!(answer["KmsKeyId"], "alias/x", "{id}");
        let answer = ask(&snapshot, "secretsmanager:GetResourcePolicy", secret(&id)).unwrap();
        assert_eq!(answer["ResourcePolicy"], "{}");
        let answer = ask(&snapshot, "secretsmanager:ListSecretVersionIds", secret(&id)).unwrap();
        assert_eq!(answer["Versions"][0]["VersionId"], "v");
    }
    let answer = ask(&snapshot, "secretsmanager:GetResourcePolicy", secret("two")).unwrap();
    assert_eq!(answer.get("ResourcePolicy"), None);
    let answer = ask(&snapshot, "secretsmanager:DescribeSecret", secret("four")).unwrap();
    assert_eq!(answer["VersionIdsToStages"], json!({"v": []}));
    // These exist, but how they are kept was not saved.
    for id in ["three".to_owned(), "five".to_owned(), arn("three")] {
        let kind = kind(&snapshot, "secretsmanager:DescribeSecret", secret(&id));
        assert_eq!(kind, ErrorKind::NotRecorded, "{id}");
    }
    for id in ["six".to_owned(), arn("one").replace("AbCdEf", "XyZ123")] {
        for operation in ["DescribeSecret", "GetResourcePolicy", "ListSecretVersionIds"] {
            let error = ask(&snapshot, &format!("secretsmanager:{operation}"), secret(&id));
            let error = error.unwrap_err();
            assert_eq!(error.code, "ResourceNotFoundException", "{id} {operation}");
            assert_eq!(error.kind, ErrorKind::NotFound);
        }
    }
    let names = |name: &str| json!({"ParameterFilters": [{"Key": "Name", "Values": [name]}]});
    for name in ["/p", "/q"] {
        let answer = ask(&snapshot, "ssm:DescribeParameters", names(name)).unwrap();
        assert_eq!(ids(&answer, "Parameters", "Name"), [name]);
        assert!(answer["Parameters"][0].get("Value").is_none());
    }
    let answer = ask(&snapshot, "ssm:DescribeParameters", names("/gone")).unwrap();
    assert_eq!(answer, json!({"Parameters": []}));
    assert_eq!(assumption(&snapshot, "ssm:DescribeParameters", names("/gone")), None);
    assert_eq!(kind(&snapshot, "ssm:DescribeParameters", names("/other")), ErrorKind::NotRecorded);
}

#[test]
fn recordings_keep_no_values() {
    let recording = |name: &str, input: Value, output: Value| {
        let (service, operation) = name.split_once(':').unwrap();
        json!({"service": service, "operation": operation, "input": input, "output": output})
    };
    let secret = json!({"SecretId": "one"});
    let arn = format!("arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:one-AbCdEf");
    let tags = json!([{"Key": "team", "Value": "shop"}]);
    let snapshot = snapshot([
        home(),
        recording(
            "ssm:DescribeParameters",
            json!({}),
            json!({"Parameters": [{"Name": "/p", "Value": "hush"}]}),
        ),
        recording(
            "secretsmanager:DescribeSecret",
            secret.clone(),
            json!({"ARN": arn, "Name": "one", "Tags": tags, "SecretString": "hush"}),
        ),
    ]);
    let answer = ask(&snapshot, "ssm:DescribeParameters", json!({})).unwrap();
    assert_eq!(answer, json!({"Parameters": [{"Name": "/p"}]}));
    let answer = ask(&snapshot, "secretsmanager:DescribeSecret", secret).unwrap();
    assert_eq!(answer, json!({"ARN": arn, "Name": "one", "Tags": tags}));
}

#[test]
fn parameters_are_missing_where_they_were_asked_for() {
    let recording = |operation: &str, input: Value, rest: (&str, Value)| json!({"service": "ssm", "operation": operation, "region": "us-east-1", "input": input, rest.0: rest.1});
    let snapshot = snapshot([
        home(),
        recording(
            "GetParameters",
            json!({"Names": ["/a", "/b"]}),
            (
                "output",
                json!({"Parameters": [{"Name": "/b", "Value": "hush"}], "InvalidParameters": ["/a"]}),
            ),
        ),
        recording(
            "GetParameter",
            json!({"Name": "/c"}),
            ("error", json!({"code": "ParameterNotFound"})),
        ),
    ]);
    assert!(snapshot.warnings().is_empty(), "{:?}", snapshot.warnings());
    let found = |name: &str, region: &str| {
        let input = json!({"ParameterFilters": [{"Key": "Name", "Values": [name]}]});
        let query = Query::new("ssm", "DescribeParameters", &input).in_region(Some(region));
        snapshot.answer(&query).ok().map(|answer| ids(&answer, "Parameters", "Name").len())
    };
    for (name, there) in [("/a", 0), ("/b", 1), ("/c", 0)] {
        assert_eq!(found(name, "us-east-1"), Some(there), "{name}");
        assert_eq!(found(name, "eu-west-1"), None, "{name}");
    }
}

#[test]
fn absence_from_a_complete_list() {
    let snapshot = snapshot([home(), json!({"Subnets": [subnet("subnet-1")]})]);
    let name = "ec2:DescribeSubnets";
    let missing = json!({"SubnetIds": ["subnet-2"]});
    let error = ask(&snapshot, name, missing.clone()).unwrap_err();
    assert_eq!((error.kind, &*error.code), (ErrorKind::NotFound, "InvalidSubnetID.NotFound"));
    let words = "`Subnets` is complete for account 111122223333 in eu-west-1";
    assert_eq!(assumption(&snapshot, name, missing).as_deref(), Some(words));
    assert_eq!(ask(&snapshot, name, filter("vpc-id", "vpc-2")).unwrap(), json!({"Subnets": []}));
    assert_eq!(assumption(&snapshot, name, filter("vpc-id", "vpc-1")).as_deref(), Some(words));
    // What is there needs no assumption.
    assert_eq!(assumption(&snapshot, name, json!({"SubnetIds": ["subnet-1"]})), None);
    assert_eq!(assumption(&snapshot, name, filter("subnet-id", "subnet-1")), None);
    // Another region was not saved.
    let query = Query::new("ec2", "DescribeSubnets", &json!({})).in_region(Some("us-east-1"));
    assert_eq!(snapshot.answer(&query).unwrap_err().kind, ErrorKind::NotRecorded);
}

#[test]
fn lists_that_are_not_complete() {
    let cases = [
        vec![json!({"Subnets": [subnet("subnet-1")], "NextToken": "x"})],
        vec![json!({"Subnets": [subnet("subnet-1")], "NextToken": "x"}), json!({"Subnets": []})],
        vec![
            json!({"Subnets": [subnet("subnet-1")]}),
            json!({"schema": "ecs-diag/snapshot/v1", "partial": ["Subnets"]}),
        ],
        vec![
            json!({"Subnets": [subnet("subnet-1")]}),
            json!({"schema": "ecs-diag/snapshot/v1", "partial": ["ec2:DescribeSubnets"]}),
        ],
        vec![
            json!({"Subnets": [subnet("subnet-1")]}),
            json!({"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "SubnetIds": ["subnet-3"]}]}),
        ],
        vec![
            json!({"Subnets": [subnet("subnet-1")]}),
            json!({"RouteTables": [{"RouteTableId": "rtb-1", "Associations": [{"SubnetId": "subnet-3"}]}]}),
        ],
        vec![
            json!({"Subnets": [subnet("subnet-1")]}),
            json!({"MountTargets": [{"MountTargetId": "fsmt-1", "FileSystemId": "fs-1", "SubnetId": "subnet-3"}]}),
        ],
        vec![json!({"Subnets": [subnet("subnet-1"), {"VpcId": "vpc-1"}]})],
    ];
    for case in cases {
        let words = format!("{case:?}");
        let snapshot = snapshot(case.into_iter().chain([home()]));
        let ask_id = |id: &str| ask(&snapshot, "ec2:DescribeSubnets", json!({"SubnetIds": [id]}));
        assert!(ask_id("subnet-1").is_ok(), "{words}");
        assert_eq!(ask_id("subnet-2").unwrap_err().kind, ErrorKind::NotRecorded, "{words}");
        let list = ask(&snapshot, "ec2:DescribeSubnets", filter("vpc-id", "vpc-1"));
        assert_eq!(list.unwrap_err().kind, ErrorKind::NotRecorded, "{words}");
    }
}

#[test]
fn an_incomplete_list_answers_what_can_be_only_one() {
    let snapshot = snapshot([
        home(),
        json!({"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Associations": [{"SubnetId": "subnet-1"}]}], "NextToken": "x"}),
    ]);
    let name = "ec2:DescribeRouteTables";
    let answer = ask(&snapshot, name, filter("association.subnet-id", "subnet-1")).unwrap();
    assert_eq!(ids(&answer, "RouteTables", "RouteTableId"), ["rtb-1"]);
    let unknown = filter("association.subnet-id", "subnet-2");
    assert_eq!(kind(&snapshot, name, unknown), ErrorKind::NotRecorded);
    assert_eq!(kind(&snapshot, name, filter("vpc-id", "vpc-1")), ErrorKind::NotRecorded);
}

#[test]
fn filters_are_applied_as_ec2_applies_them() {
    let snapshot = snapshot([
        home(),
        json!({"VpcEndpoints": [
            {"VpcEndpointId": "vpce-1", "VpcId": "vpc-1", "ServiceName": "com.amazonaws.eu-west-1.s3", "State": "available", "Tags": [{"Key": "env", "Value": "prod"}, {"Key": "x", "Value": "test"}]},
            {"VpcEndpointId": "vpce-2", "VpcId": "vpc-1", "ServiceName": "com.amazonaws.eu-west-1.ecr.api", "State": "Available", "Tags": [{"Key": "env", "Value": "test"}]},
            {"VpcEndpointId": "vpce-3", "VpcId": "vpc-2", "ServiceName": "com.amazonaws.eu-west-1.ecr.dkr", "State": "deleted"},
        ]}),
        json!({"RouteTables": [
            {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Associations": [{"Main": true}]},
            {"RouteTableId": "rtb-2", "VpcId": "vpc-1", "Associations": [{"Main": false, "SubnetId": "subnet-1"}, {"SubnetId": "subnet-2"}]},
        ]}),
        json!({"Reservations": [{"ReservationId": "r-1", "OwnerId": ACCOUNT, "Instances": [
            {"InstanceId": "i-2", "VpcId": "vpc-1", "Tags": [{"Key": "env", "Value": "prod"}]}, {"InstanceId": "i-1", "VpcId": "vpc-2"},
        ]}]}),
    ]);
    for (filters, expected) in [
        (json!([{"Name": "vpc-id", "Values": ["vpc-1"]}]), vec!["vpce-1", "vpce-2"]),
        (json!([{"Name": "service-name", "Values": ["*.ecr.*"]}]), vec!["vpce-2", "vpce-3"]),
        (
            json!([{"Name": "service-name", "Values": ["*.ecr.*", "*.s3"]}, {"Name": "vpc-id", "Values": ["vpc-1"]}]),
            vec!["vpce-1", "vpce-2"],
        ),
        (
            json!([{"Name": "vpc-endpoint-state", "Values": ["available"]}]),
            vec!["vpce-1", "vpce-2"],
        ),
        (json!([{"Name": "tag:env", "Values": ["t?st"]}]), vec!["vpce-2"]),
        (json!([{"Name": "tag-key", "Values": ["x"]}]), vec!["vpce-1"]),
    ] {
        let answer =
            ask(&snapshot, "ec2:DescribeVpcEndpoints", json!({"Filters": filters})).unwrap();
        assert_eq!(ids(&answer, "VpcEndpoints", "VpcEndpointId"), expected, "{filters}");
    }
    for (name, value, expected) in [
        ("association.main", "true", vec!["rtb-1"]),
        ("association.subnet-id", "subnet-2", vec!["rtb-2"]),
        ("route-table-id", "rtb-1", vec!["rtb-1"]),
    ] {
        let answer = ask(&snapshot, "ec2:DescribeRouteTables", filter(name, value)).unwrap();
        assert_eq!(ids(&answer, "RouteTables", "RouteTableId"), expected, "{name}");
    }
    let answer = ask(&snapshot, "ec2:DescribeInstances", filter("tag:env", "prod")).unwrap();
    assert_eq!(
        answer["Reservations"][0]["Instances"],
        json!([{"InstanceId": "i-2", "VpcId": "vpc-1", "Tags": [{"Key": "env", "Value": "prod"}]}])
    );
    let unknown = filter("dns-entry", "x");
    assert_eq!(kind(&snapshot, "ec2:DescribeVpcEndpoints", unknown), ErrorKind::NotRecorded);
    let unknown = json!({"Whatever": 1});
    assert_eq!(kind(&snapshot, "ec2:DescribeVpcEndpoints", unknown), ErrorKind::NotRecorded);
}

#[test]
fn regions_and_accounts_are_kept_apart() {
    let there = json!({"SubnetId": "subnet-9", "VpcId": "vpc-9", "SubnetArn": format!("arn:aws:ec2:us-east-1:{ACCOUNT}:subnet/subnet-9")});
    let theirs = json!({"SubnetId": "subnet-8", "VpcId": "vpc-8", "AvailabilityZone": "eu-west-1b", "OwnerId": "999900001111"});
    let snapshot = snapshot([
        json!({"tasks": [task("a", 1)]}),
        json!({"Subnets": [subnet("subnet-1")]}),
        json!({"Subnets": [there]}),
        json!({"Subnets": [theirs]}),
        json!({"logGroups": [{"logGroupName": "/theirs", "arn": "arn:aws:logs:eu-west-1:999900001111:log-group:/theirs:*"}]}),
    ]);
    assert_eq!(snapshot.account(), Some(ACCOUNT));
    assert_eq!(snapshot.region().as_deref(), Some("eu-west-1"));
    let subnets = |region, id: &str| {
        let query = Query::new("ec2", "DescribeSubnets", &json!({"SubnetIds": [id]}));
        snapshot.answer(&query.in_region(region)).map_err(|error| error.kind)
    };
    assert!(subnets(None, "subnet-1").is_ok());
    assert!(subnets(Some("eu-west-1"), "subnet-8").is_ok());
    assert_eq!(subnets(None, "subnet-9"), Err(ErrorKind::NotFound));
    assert!(subnets(Some("us-east-1"), "subnet-9").is_ok());
    assert_eq!(subnets(Some("us-east-1"), "subnet-1"), Err(ErrorKind::NotFound));
    assert_eq!(subnets(Some("ap-south-1"), "subnet-1"), Err(ErrorKind::NotRecorded));
    // Another account's log groups prove nothing about ours.
    let groups = json!({"logGroupNamePrefix": "/ours"});
    assert_eq!(kind(&snapshot, "logs:DescribeLogGroups", groups), ErrorKind::NotRecorded);
}

#[test]
fn files_are_united_and_the_newest_task_wins() {
    let mut old = task("a", 3);
    old["tags"] = json!([{"key": "k", "value": "v"}]);
    let mut new = task("a", 5);
    new["stopCode"] = json!("TaskFailedToStart");
    let event = json!({"detail-type": "ECS Task State Change", "id": "e", "detail": task("a", 4)});
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let all = [json!({"tasks": [old]}), event.clone(), json!({"tasks": [new, task("b", 1)]})];
        let snapshot = snapshot(order.map(|at| all[at].clone()));
        let tasks: Vec<_> = snapshot.tasks().collect();
        assert_eq!(tasks.len(), 2);
        assert_eq!(tasks[0]["version"], 5);
        assert_eq!(tasks[0]["stopCode"], "TaskFailedToStart");
        assert_eq!(tasks[0]["tags"][0]["key"], "k");
        assert_eq!(snapshot.events().count(), 1);
    }
    // Nor does a recording keep an older version, or forget what an event tells.
    let input = json!({"cluster": "web", "tasks": ["a"]});
    let recording = |output: Value| json!({"service": "ecs", "operation": "DescribeTasks", "input": input, "output": output});
    for (output, newest) in [
        (json!({"tasks": [task("a", 3)], "failures": []}), 4),
        (json!({"tasks": [task("a", 7)], "failures": []}), 7),
        (json!({"tasks": [], "failures": [{"arn": task_arn("a"), "reason": "MISSING"}]}), 4),
    ] {
        let snapshot = snapshot([recording(output), event.clone()]);
        let answer = ask(&snapshot, "ecs:DescribeTasks", input.clone()).unwrap();
        assert_eq!(answer["tasks"][0]["version"], newest);
        assert_eq!(answer["failures"], json!([]));
    }
}

#[test]
fn tasks_by_any_name_and_missing_tasks() {
    let snapshot = snapshot([
        json!({"tasks": [task("a", 1), task("b", 1)], "failures": [{"arn": task_arn("gone"), "reason": "MISSING"}]}),
    ]);
    let name = "ecs:DescribeTasks";
    for (cluster, id) in [
        ("web".to_owned(), "a".to_owned()),
        ("web".to_owned(), task_arn("a")),
        (format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/web"), "a".to_owned()),
    ] {
        let answer = ask(&snapshot, name, json!({"cluster": cluster, "tasks": [id]})).unwrap();
        assert_eq!(ids(&answer, "tasks", "taskArn"), [task_arn("a")]);
        assert_eq!(answer["failures"], json!([]));
    }
    let answer = ask(&snapshot, name, json!({"cluster": "web", "tasks": ["a", "gone"]})).unwrap();
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
    for input in [
        json!({"cluster": "web", "tasks": ["c"]}),
        json!({"cluster": "other", "tasks": ["a"]}),
        json!({"tasks": ["a"]}),
        json!({"cluster": "web"}),
    ] {
        assert_eq!(kind(&snapshot, name, input.clone()), ErrorKind::NotRecorded, "{input}");
    }
    let stopped = json!({"cluster": "web", "serviceName": "api", "desiredStatus": "STOPPED"});
    let answer = ask(&snapshot, "ecs:ListTasks", stopped).unwrap();
    assert_eq!(answer["taskArns"], json!([task_arn("a"), task_arn("b")]));
    let family = json!({"cluster": "web", "family": "api", "desiredStatus": "STOPPED"});
    assert!(ask(&snapshot, "ecs:ListTasks", family).is_ok());
    // That none is saved does not mean that none runs.
    assert_eq!(kind(&snapshot, "ecs:ListTasks", json!({"cluster": "web"})), ErrorKind::NotRecorded);
}

#[test]
fn task_definitions_by_any_name() {
    let snapshot = snapshot([
        json!({"taskDefinition": {"taskDefinitionArn": format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:task-definition/api:3"), "family": "api", "revision": 3}, "tags": [{"key": "k"}]}),
    ]);
    let name = "ecs:DescribeTaskDefinition";
    for id in ["api:3".to_owned(), format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:task-definition/api:3")]
    {
        let input = json!({"taskDefinition": id, "include": ["TAGS"]});
        assert_eq!(ask(&snapshot, name, input).unwrap()["tags"][0]["key"], "k");
    }
    for id in ["api", "api:4"] {
        assert_eq!(kind(&snapshot, name, json!({"taskDefinition": id})), ErrorKind::NotRecorded);
    }
}

fn details() -> Value {
    json!({
        "RoleDetailList": [{
            "RoleName": "exec", "Arn": format!("arn:aws:iam::{ACCOUNT}:role/exec"), "AssumeRolePolicyDocument": {},
            "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": {"Version": "2012-10-17"}}],
            "AttachedManagedPolicies": [{"PolicyName": "mine", "PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/mine")}],
            "InstanceProfileList": [{"InstanceProfileName": "profile", "Arn": format!("arn:aws:iam::{ACCOUNT}:instance-profile/profile"), "Roles": []}],
        }],
        "Policies": [{"PolicyName": "mine", "Arn": format!("arn:aws:iam::{ACCOUNT}:policy/mine"), "DefaultVersionId": "v2", "AttachmentCount": 1,
            "PolicyVersionList": [{"VersionId": "v2", "Document": {"Version": "x"}, "IsDefaultVersion": true}]}],
        "UserDetailList": [], "GroupDetailList": [],
    })
}

#[test]
fn account_authorization_details_stand_for_all_role_calls() {
    let mine = format!("arn:aws:iam::{ACCOUNT}:policy/mine");
    let snapshot = snapshot([home(), details()]);
    let role = json!({"RoleName": "exec"});
    let answer = |name, input| ask(&snapshot, name, input).unwrap();
    assert_eq!(answer("iam:GetRole", role.clone())["Role"]["RoleName"], "exec");
    assert_eq!(answer("iam:GetRole", role.clone())["Role"].get("RolePolicyList"), None);
    assert_eq!(answer("iam:ListRolePolicies", role.clone()), json!({"PolicyNames": ["inline"]}));
    assert_eq!(
        answer("iam:ListAttachedRolePolicies", role),
        json!({"AttachedPolicies": [{"PolicyName": "mine", "PolicyArn": mine}]})
    );
    assert_eq!(
        answer("iam:GetRolePolicy", json!({"RoleName": "exec", "PolicyName": "inline"})),
        json!({"RoleName": "exec", "PolicyName": "inline", "PolicyDocument": {"Version": "2012-10-17"}})
    );
    assert_eq!(
        answer("iam:GetPolicy", json!({"PolicyArn": mine}))["Policy"]["DefaultVersionId"],
        "v2"
    );
    let input = json!({"PolicyArn": mine, "VersionId": "v2"});
    assert_eq!(answer("iam:GetPolicyVersion", input)["PolicyVersion"]["Document"]["Version"], "x");
    let input = json!({"InstanceProfileName": "profile"});
    assert_eq!(
        answer("iam:GetInstanceProfile", input)["InstanceProfile"]["InstanceProfileName"],
        "profile"
    );

    for (name, input) in [
        ("iam:GetRole", json!({"RoleName": "none"})),
        ("iam:ListRolePolicies", json!({"RoleName": "none"})),
        ("iam:GetRolePolicy", json!({"RoleName": "exec", "PolicyName": "none"})),
        ("iam:GetPolicy", json!({"PolicyArn": format!("{mine}2")})),
        ("iam:GetInstanceProfile", json!({"InstanceProfileName": "none"})),
    ] {
        let error = ask(&snapshot, name, input.clone()).unwrap_err();
        assert_eq!(error.code, "NoSuchEntity", "{name}");
        assert!(assumption(&snapshot, name, input).unwrap().contains("is complete for account"));
    }
    for arn in ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::999900001111:policy/x"] {
        let input = json!({"PolicyArn": arn});
        assert_eq!(kind(&snapshot, "iam:GetPolicy", input), ErrorKind::NotRecorded, "{arn}");
    }
}

#[test]
fn filtered_account_details_prove_nothing() {
    let mut filtered = details();
    filtered["RoleDetailList"] = json!([]);
    let only_policies = snapshot([home(), filtered]);
    let role = json!({"RoleName": "exec"});
    assert_eq!(kind(&only_policies, "iam:GetRole", role), ErrorKind::NotRecorded);
    let mut filtered = details();
    filtered["Policies"] = json!([]);
    let only_roles = snapshot([home(), filtered]);
    let policy = json!({"PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/other")});
    assert_eq!(kind(&only_roles, "iam:GetPolicy", policy), ErrorKind::NotRecorded);
}

#[test]
fn policies_alone_are_there_and_prove_nothing() {
    let arn = |name: &str| json!({"PolicyArn": format!("arn:aws:iam::{ACCOUNT}:policy/{name}")});
    let policy = json!({"PolicyName": "a", "Arn": arn("a")["PolicyArn"], "DefaultVersionId": "v2"});
    let snapshot = snapshot([home(), json!({"Policies": [policy]})]);
    assert!(snapshot.warnings().is_empty(), "{:?}", snapshot.warnings());
    assert_eq!(ask(&snapshot, "iam:GetPolicy", arn("a")).unwrap(), json!({"Policy": policy}));
    assert_eq!(kind(&snapshot, "iam:GetPolicy", arn("b")), ErrorKind::NotRecorded);
}

#[test]
fn one_role_proves_nothing_about_another() {
    let role =
        json!({"Role": {"RoleName": "exec", "Arn": format!("arn:aws:iam::{ACCOUNT}:role/exec")}});
    let snapshot = snapshot([home(), role]);
    assert!(ask(&snapshot, "iam:GetRole", json!({"RoleName": "exec"})).is_ok());
    assert_eq!(kind(&snapshot, "iam:GetRole", json!({"RoleName": "x"})), ErrorKind::NotRecorded);
}

#[test]
fn images_are_complete_for_repositories_that_show_some() {
    let image = json!({"registryId": ACCOUNT, "repositoryName": "app", "imageDigest": "sha256:1", "imageTags": ["v1", "latest"]});
    let snapshot = snapshot([
        home(),
        json!({"imageDetails": [image, {"registryId": ACCOUNT, "repositoryName": "app", "imageDigest": "sha256:2"}]}),
        json!({"repositories": [{"repositoryName": "app", "registryId": ACCOUNT}, {"repositoryName": "empty", "registryId": ACCOUNT}]}),
    ]);
    let name = "ecr:DescribeImages";
    let tag = |repository: &str, tag: &str| json!({"repositoryName": repository, "imageIds": [{"imageTag": tag}]});
    assert_eq!(
        ids(&ask(&snapshot, name, tag("app", "v1")).unwrap(), "imageDetails", "imageDigest"),
        ["sha256:1"]
    );
    let digest = json!({"repositoryName": "app", "registryId": ACCOUNT, "imageIds": [{"imageDigest": "sha256:2"}]});
    assert!(ask(&snapshot, name, digest).is_ok());
    let error = ask(&snapshot, name, tag("app", "v2")).unwrap_err();
    assert_eq!(error.code, "ImageNotFoundException");
    let words = assumption(&snapshot, name, tag("app", "v2")).unwrap();
    assert!(words.starts_with("`imageDetails` of `app` is complete for account"), "{words}");
    assert_eq!(kind(&snapshot, name, tag("empty", "v1")), ErrorKind::NotRecorded);
    for operation in ["DescribeImages", "GetRepositoryPolicy", "BatchGetImage"] {
        let input = tag("none", "v1");
        let error = ask(&snapshot, &format!("ecr:{operation}"), input).unwrap_err();
        assert_eq!(error.code, "RepositoryNotFoundException", "{operation}");
    }
    let mut other = tag("app", "v9");
    other["registryId"] = json!("999900001111");
    assert_eq!(kind(&snapshot, name, other), ErrorKind::NotRecorded);
    let untagged = json!({"repositoryName": "app", "filter": {"tagStatus": "UNTAGGED"}});
    assert_eq!(
        ids(&ask(&snapshot, name, untagged).unwrap(), "imageDetails", "imageDigest"),
        ["sha256:2"]
    );
}

#[test]
fn file_systems_count_their_mount_targets() {
    let system = |id: &str, count: u64| json!({"FileSystemId": id, "LifeCycleState": "available", "NumberOfMountTargets": count});
    let target = |id: &str, of: &str| json!({"MountTargetId": id, "FileSystemId": of});
    let snapshot = snapshot([
        home(),
        json!({"FileSystems": [system("fs-0", 0), system("fs-1", 1), system("fs-2", 2)]}),
        json!({"MountTargets": [target("fsmt-1", "fs-1"), target("fsmt-2", "fs-2")]}),
    ]);
    let of = |id: &str| ask(&snapshot, "efs:DescribeMountTargets", json!({"FileSystemId": id}));
    assert_eq!(of("fs-0").unwrap(), json!({"MountTargets": []}));
    assert_eq!(ids(&of("fs-1").unwrap(), "MountTargets", "MountTargetId"), ["fsmt-1"]);
    assert_eq!(of("fs-2").unwrap_err().kind, ErrorKind::NotRecorded);
    assert_eq!(of("fs-3").unwrap_err().code, "FileSystemNotFound");
}

#[test]
fn log_groups_by_prefix() {
    let group = |name: &str| json!({"logGroupName": name, "arn": format!("arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{name}:*")});
    let snapshot =
        snapshot([home(), json!({"logGroups": [group("/ecs/b"), group("/ecs/a"), group("/x")]})]);
    let answer =
        ask(&snapshot, "logs:DescribeLogGroups", json!({"logGroupNamePrefix": "/ecs/"})).unwrap();
    assert_eq!(ids(&answer, "logGroups", "logGroupName"), ["/ecs/a", "/ecs/b"]);
    let none = ask(&snapshot, "logs:DescribeLogGroups", json!({"logGroupNamePrefix": "/none"}));
    assert_eq!(none.unwrap(), json!({"logGroups": []}));
}

#[test]
fn recordings_win_over_collections_and_feed_them() {
    let recorded = |operation: &str, input: Value, output: Value| json!({"service": "ec2", "operation": operation, "input": input, "output": output});
    let mut other = subnet("subnet-1");
    other["CidrBlock"] = json!("10.0.0.0/24");
    let snapshot = snapshot([
        home(),
        json!({"Subnets": [subnet("subnet-1"), subnet("subnet-2")]}),
        recorded(
            "DescribeSubnets",
            json!({"SubnetIds": ["subnet-1"], "MaxResults": 5}),
            json!({"Subnets": [other]}),
        ),
        recorded("DescribeVpcs", json!({}), json!({"Vpcs": [{"VpcId": "vpc-1"}]})),
        recorded(
            "DescribeNatGateways",
            json!({"NatGatewayIds": ["nat-1"]}),
            json!({"NatGateways": [{"NatGatewayId": "nat-1"}]}),
        ),
        recorded(
            "DescribeVpcAttribute",
            json!({"VpcId": "vpc-1", "Attribute": "enableDnsSupport"}),
            json!({"VpcId": "vpc-1", "EnableDnsSupport": {"Value": true}}),
        ),
    ]);
    let answer = ask(&snapshot, "ec2:DescribeSubnets", json!({"SubnetIds": ["subnet-1"]})).unwrap();
    assert_eq!(answer["Subnets"][0]["CidrBlock"], "10.0.0.0/24");
    // A list asked for everything is complete, one that was narrowed is not.
    assert!(ask(&snapshot, "ec2:DescribeVpcs", json!({"VpcIds": ["vpc-1"]})).is_ok());
    assert_eq!(
        kind(&snapshot, "ec2:DescribeVpcs", json!({"VpcIds": ["vpc-2"]})),
        ErrorKind::NotFound
    );
    assert!(ask(&snapshot, "ec2:DescribeNatGateways", filter("nat-gateway-id", "nat-1")).is_ok());
    let nat = json!({"NatGatewayIds": ["nat-2"]});
    assert_eq!(kind(&snapshot, "ec2:DescribeNatGateways", nat), ErrorKind::NotRecorded);
    for (attribute, there) in [("enableDnsSupport", true), ("enableDnsHostnames", false)] {
        let input = json!({"VpcId": "vpc-1", "Attribute": attribute});
        assert_eq!(ask(&snapshot, "ec2:DescribeVpcAttribute", input).is_ok(), there);
    }
}

#[test]
fn identifiers_are_compared_as_aws_does() {
    let key = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let arn = format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/{key}");
    let secret = format!("arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:db-AbCdEf");
    let snapshot = snapshot([
        home(),
        json!({"Aliases": [{"AliasName": "alias/app", "AliasArn": format!("arn:aws:kms:eu-west-1:{ACCOUNT}:alias/app"), "TargetKeyId": key}]}),
        json!({"service": "kms", "operation": "GetKeyPolicy", "input": {"KeyId": arn, "PolicyName": "default"}, "output": {"Policy": "{}"}}),
        json!({"KeyMetadata": {"KeyId": key, "Arn": arn, "KeyState": "Enabled"}}),
        json!({"service": "secretsmanager", "operation": "GetResourcePolicy", "input": {"SecretId": secret}, "output": {"ARN": secret, "Name": "db"}}),
        json!({"service": "ecs", "operation": "DescribeServices", "input": {"cluster": "web", "services": ["api"]}, "output": {"services": [], "failures": [{"arn": "x", "reason": "MISSING"}]}}),
        json!({"service": "kms", "operation": "ListGrants", "input": {"KeyId": key}, "output": {"Grants": [], "Truncated": false}}),
    ]);
    for id in [
        key.to_owned(),
        arn.clone(),
        "alias/app".to_owned(),
        format!("arn:aws:kms:eu-west-1:{ACCOUNT}:alias/app"),
    ] {
        let input = json!({"KeyId": id});
        assert_eq!(
            ask(&snapshot, "kms:GetKeyPolicy", input.clone()).unwrap()["Policy"],
            "{}",
            "{id}"
        );
        assert_eq!(
            ask(&snapshot, "kms:DescribeKey", input.clone()).unwrap()["KeyMetadata"]["KeyState"],
            "Enabled"
        );
        assert_eq!(ask(&snapshot, "kms:ListGrants", input).unwrap(), json!({"Grants": []}));
    }
    assert_eq!(
        kind(&snapshot, "kms:DescribeKey", json!({"KeyId": "alias/none"})),
        ErrorKind::NotFound
    );
    let elsewhere = json!({"KeyId": arn.replace("eu-west-1", "us-east-1")});
    assert_eq!(kind(&snapshot, "kms:GetKeyPolicy", elsewhere), ErrorKind::NotRecorded);
    for id in ["db", &secret, secret.trim_end_matches("-AbCdEf")] {
        assert!(
            ask(&snapshot, "secretsmanager:GetResourcePolicy", json!({"SecretId": id})).is_ok(),
            "{id}"
        );
    }
    for id in ["db-AbCdEx".to_owned(), secret.replace("AbCdEf", "AbCdEx"), "d".to_owned()] {
        let input = json!({"SecretId": id});
        assert_eq!(
            kind(&snapshot, "secretsmanager:GetResourcePolicy", input),
            ErrorKind::NotRecorded,
            "{id}"
        );
    }
    let input = json!({
        "cluster": format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/web"),
        "services": [format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:service/web/api")],
        "include": ["TAGS"],
    });
    assert_eq!(
        ask(&snapshot, "ecs:DescribeServices", input).unwrap()["failures"][0]["reason"],
        "MISSING"
    );
}

#[test]
fn recorded_errors() {
    let error = |operation: &str, input: Value, code: &str| json!({"service": "iam", "operation": operation, "input": input, "error": {"code": code, "message": "m"}});
    let snapshot = snapshot([
        home(),
        error("GetRole", json!({"RoleName": "gone"}), "NoSuchEntity"),
        error("GetRolePolicy", json!({}), "AccessDenied"),
        json!({"service": "ec2", "operation": "DescribeVpcs", "error": {"code": "UnauthorizedOperation"}}),
        json!({"service": "ec2", "operation": "DescribeSubnets", "error": {"code": "RequestLimitExceeded"}}),
        json!({"service": "s3", "operation": "HeadObject", "input": {"Bucket": "b", "Key": "k"}, "error": {"code": "timeout", "message": "m"}}),
    ]);
    assert_eq!(kind(&snapshot, "iam:GetRole", json!({"RoleName": "gone"})), ErrorKind::NotFound);
    assert_eq!(kind(&snapshot, "iam:GetRole", json!({"RoleName": "x"})), ErrorKind::NotRecorded);
    let any = json!({"RoleName": "any", "PolicyName": "p"});
    assert_eq!(kind(&snapshot, "iam:GetRolePolicy", any), ErrorKind::AccessDenied);
    assert_eq!(kind(&snapshot, "ec2:DescribeVpcs", json!({})), ErrorKind::AccessDenied);
    let input = json!({"VpcIds": ["v"]});
    assert_eq!(kind(&snapshot, "ec2:DescribeVpcs", input), ErrorKind::AccessDenied);
    assert_eq!(kind(&snapshot, "ec2:DescribeSubnets", json!({})), ErrorKind::Throttled);
    let input = json!({"SubnetIds": ["s"]});
    assert_eq!(kind(&snapshot, "ec2:DescribeSubnets", input), ErrorKind::NotRecorded);
    let input = json!({"Bucket": "b", "Key": "k"});
    assert_eq!(kind(&snapshot, "s3:HeadObject", input), ErrorKind::Timeout);
}

#[test]
fn pages_are_put_together() {
    let page = |input: Value, id: &str, token: Option<&str>| {
        let mut output = json!({"Subnets": [subnet(id)]});
        if let Some(token) = token {
            output["NextToken"] = json!(token);
        }
        json!({"service": "ec2", "operation": "DescribeSubnets", "input": input, "output": output})
    };
    let pages = [
        page(json!({"NextToken": "b"}), "subnet-3", None),
        page(json!({}), "subnet-1", Some("a")),
        page(json!({"NextToken": "a"}), "subnet-2", Some("b")),
    ];
    let whole = snapshot(pages.iter().cloned().chain([home()]));
    let answer = ask(&whole, "ec2:DescribeSubnets", json!({})).unwrap();
    assert_eq!(answer["Subnets"].as_array().unwrap().len(), 3);
    assert_eq!(answer.get("NextToken"), None);
    assert_eq!(
        kind(&whole, "ec2:DescribeSubnets", json!({"SubnetIds": ["x"]})),
        ErrorKind::NotFound
    );
    let part = snapshot(pages[..2].iter().cloned().chain([home()]));
    assert_eq!(kind(&part, "ec2:DescribeSubnets", json!({})), ErrorKind::NotRecorded);
    assert!(
        ask(&part, "ec2:DescribeSubnets", json!({"SubnetIds": ["subnet-1", "subnet-3"]})).is_ok()
    );
}

#[test]
fn sdk_responses_are_outputs() {
    let snapshot = snapshot([
        home(),
        json!({"Subnets": [subnet("subnet-1")], "ResponseMetadata": {"RequestId": "x"}}),
        json!({"$metadata": {"httpStatusCode": 200}, "Vpcs": [{"VpcId": "vpc-1"}]}),
        json!({"UserId": "u", "Account": ACCOUNT, "Arn": format!("arn:aws:iam::{ACCOUNT}:root"), "ResponseMetadata": {}}),
    ]);
    assert!(snapshot.warnings().is_empty(), "{:?}", snapshot.warnings());
    let answer = ask(&snapshot, "ec2:DescribeVpcs", json!({})).unwrap();
    assert_eq!(answer, json!({"Vpcs": [{"VpcId": "vpc-1"}]}));
    assert_eq!(ask(&snapshot, "sts:GetCallerIdentity", json!({})).unwrap()["UserId"], "u");
}

#[test]
fn folders_lines_and_packed_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("deep/er")).unwrap();
    fs::write(path("snapshot.json"), br#"{"schema":"ecs-diag/snapshot/v1","account":"111122223333","region":"eu-west-1","captured_at":"2026-11-24T10:00:00+01:00"}"#).unwrap();
    fs::write(path("deep/er/x.json"), json!({"Subnets": [subnet("subnet-1")]}).to_string())
        .unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    for value in [json!({"tasks": [task("a", 1)]}), json!([{"Vpcs": [{"VpcId": "vpc-1"}]}])] {
        writeln!(packed, "{value}\n").unwrap();
    }
    fs::write(path("more.JSONL.gz"), packed.finish().unwrap()).unwrap();
    fs::write(path("odd.json"), "{\"odd\": 1}").unwrap();
    fs::write(path("nothing.json"), " \n").unwrap();
    fs::write(path("notes.txt"), "not read").unwrap();
    let text: Vec<u8> =
        "\u{feff}{\"NatGateways\": []}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(path("windows.json"), text).unwrap();
    let snapshot = Snapshot::open(folder.path()).unwrap();
    assert_eq!(snapshot.captured_at().unwrap().to_string(), "2026-11-24T09:00:00Z");
    assert_eq!(snapshot.now(), snapshot.captured_at());
    assert_eq!(snapshot.tasks().count(), 1);
    assert!(ask(&snapshot, "ec2:DescribeVpcs", json!({"VpcIds": ["vpc-1"]})).is_ok());
    assert!(ask(&snapshot, "ec2:DescribeSubnets", json!({"SubnetIds": ["subnet-1"]})).is_ok());
    assert_eq!(
        kind(&snapshot, "ec2:DescribeNatGateways", json!({"NatGatewayIds": ["n"]})),
        ErrorKind::NotFound
    );
    assert_eq!(snapshot.warnings().len(), 2, "{:?}", snapshot.warnings());
    assert!(snapshot.warnings()[0].contains("nothing.json: empty"));
    assert!(snapshot.warnings()[1].contains("odd.json: not recognised by its keys `odd`"));
    assert!(Snapshot::open(path("deep/er/x.json")).is_ok());
    let error = Snapshot::open(path("none")).unwrap_err();
    assert_eq!(error.kind, SnapshotErrorKind::Unreadable);
}

#[cfg(unix)]
#[test]
fn an_empty_list_of_what_belongs_to_something_is_a_warning() {
    let snapshot = snapshot([home(), json!({"imageDetails": []}), json!({"Subnets": []})]);
    let warning =
        "1.json: an empty `imageDetails` does not say whose it is; save it as a recording";
    assert_eq!(snapshot.warnings(), [warning]);
}

#[test]
fn links_are_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("x.json"), json!({"Vpcs": []}).to_string()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("out")).unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("x.json"), folder.path().join("x.json"))
        .unwrap();
    let snapshot = Snapshot::open(folder.path()).unwrap();
    assert_eq!(kind(&snapshot, "ec2:DescribeVpcs", json!({})), ErrorKind::NotRecorded);
    assert!(snapshot.warnings().iter().any(|warning| warning.contains("not a regular file")));
}

#[test]
fn errors_name_file_line_and_reason() {
    let error = Snapshot::from_bytes("a.json", b"{\n  \"Subnets\": [\n  nope\n]}").unwrap_err();
    assert_eq!(error.to_string(), "a.json: line 3, column 4: not valid JSON: expected ident");
    let error = Snapshot::from_bytes("a.jsonl", b"{\"Vpcs\": []}\n\n{\"Vpcs\": [}\n").unwrap_err();
    assert_eq!((error.kind, error.line), (SnapshotErrorKind::Malformed, Some(3)));
    let error = Snapshot::from_bytes("a.json", b"{\"Vpcs\": [").unwrap_err();
    assert!(error.to_string().contains("EOF"), "{error}");
    let error = Snapshot::from_bytes("a.json.gz", b"\x1f\x8bnonsense").unwrap_err();
    assert!(error.to_string().starts_with("a.json.gz: not a valid gzip file"), "{error}");
    let error = Snapshot::from_bytes("a\u{1b}[31m.json", b"{").unwrap_err();
    assert!(!error.to_string().contains('\u{1b}'));
    let deep = "[".repeat(1 << 20);
    assert!(Snapshot::from_bytes("deep.json", deep.as_bytes()).is_err());
    for value in [
        json!({"service": "ecs", "operation": "DescribeTasks", "input": {}}),
        json!({"service": "ecs", "operation": "DescribeTasks", "error": {}}),
        json!({"service": "ecs", "operation": "DescribeTasks", "output": {}, "error": {"code": "x"}}),
        json!({"service": "ecs", "operation": "DescribeTasks", "input": [], "output": {}}),
        json!({"schema": "ecs-diag/snapshot/v2"}),
        json!({"schema": "ecs-diag/snapshot/v1", "captured_at": "yesterday"}),
        json!({"schema": "ecs-diag/snapshot/v1", "captured_at": {}}),
    ] {
        let error = Snapshot::from_values([("x.json".to_owned(), value.clone())]).unwrap_err();
        assert_eq!((error.kind, &*error.file), (SnapshotErrorKind::Invalid, "x.json"), "{value}");
    }
}

#[test]
fn the_clock_is_a_time_in_any_form() {
    for captured_at in [json!("2026-11-24T10:00:00+01:00"), json!(1_795_510_800)] {
        let manifest = json!({"schema": "ecs-diag/snapshot/v1", "captured_at": captured_at});
        assert_eq!(snapshot([manifest]).captured_at(), "2026-11-24T09:00:00Z".parse().ok());
    }
}

#[test]
fn gunzip_bombs_are_bounded() {
    assert!(matches!(
        Loaded::with_limit(1000).bytes("a.json.gz", &{
            let mut packed = GzEncoder::new(Vec::new(), Compression::best());
            packed.write_all(&vec![b' '; 100_000]).unwrap();
            packed.finish().unwrap()
        }),
        Err(SnapshotError { kind: SnapshotErrorKind::TooLarge, .. })
    ));
}

#[test]
fn unknown_recordings_are_warnings() {
    let snapshot = snapshot([
        json!({"service": "ecs", "operation": "RunTask", "input": {}, "output": {}}),
        json!([]),
        json!(3),
    ]);
    assert_eq!(snapshot.warnings().len(), 3, "{:?}", snapshot.warnings());
    assert!(snapshot.warnings()[0].contains("`ecs:RunTask`, which is never asked"));
}

fn json_value() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "Subnets",
        "SubnetId",
        "tasks",
        "taskArn",
        "service",
        "operation",
        "input",
        "output",
        "error",
        "code",
        "Parameters",
        "Value",
        "Name",
        "ARN",
        "SecretString",
        "RoleDetailList",
        "Policies",
        "PolicyVersionList",
        "Role",
        "RoleName",
        "detail",
        "detail-type",
        "schema",
        "partial",
        "NextToken",
        "failures",
        "arn",
        "Reservations",
        "Instances",
        "imageDetails",
        "Aliases",
        "InvalidParameters",
        "SecretList",
        "taskDefinition",
        "clusters",
        "version",
        "Tags",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z:/-]{0,8}".prop_map(Value::from),
        prop::sample::select(vec![
            "ec2",
            "DescribeSubnets",
            "ecs",
            "DescribeTasks",
            "ECS Task State Change",
            "arn:",
            "arn:aws:ecs:eu-west-1:111122223333:task/a/b",
            "ecs-diag/snapshot/v1",
            "eu-west-1a",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn everything() -> Vec<Value> {
    let mut stale = subnet("subnet-1");
    stale["CidrBlock"] = json!("10.0.0.0/24");
    vec![
        json!({"tasks": [task("a", 1), task("b", 2), task("c", 1)]}),
        json!({"tasks": [task("a", 4)], "failures": [{"arn": task_arn("d"), "reason": "MISSING"}]}),
        json!({"detail-type": "ECS Task State Change", "detail": task("b", 9)}),
        json!({"Subnets": [subnet("subnet-2"), subnet("subnet-1")]}),
        json!({"Subnets": [stale, subnet("subnet-0")]}),
        json!({"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "Groups": [{"GroupId": "sg-9"}], "VpcId": "vpc-1"}]}),
        json!({"SecurityGroups": [{"GroupId": "sg-2", "VpcId": "vpc-1"}, {"GroupId": "sg-1", "VpcId": "vpc-1"}]}),
        details(),
        json!({"service": "ec2", "operation": "DescribeVpcs", "input": {}, "output": {"Vpcs": [{"VpcId": "vpc-1"}]}}),
        json!({"service": "ec2", "operation": "DescribeVpcs", "input": {}, "output": {"Vpcs": [{"VpcId": "vpc-2"}, {"VpcId": "vpc-0"}]}}),
        json!({"service": "iam", "operation": "ListRolePolicies", "input": {"RoleName": "r"}, "output": {"PolicyNames": ["b", "a"]}}),
        json!({"service": "ec2", "operation": "DescribeVpcs", "input": {}, "error": {"code": "UnauthorizedOperation"}}),
        json!({"odd": 1}),
    ]
}

fn questions() -> Vec<Query> {
    let mut questions: Vec<_> = aws::OPERATIONS
        .iter()
        .map(|operation| Query::new(operation.service, operation.name, &json!({})))
        .collect();
    for (service, operation, input) in [
        ("ecs", "DescribeTasks", json!({"cluster": "web", "tasks": ["a", "b", "d"]})),
        ("ecs", "ListTasks", json!({"cluster": "web", "desiredStatus": "STOPPED"})),
        ("ec2", "DescribeSubnets", filter("vpc-id", "vpc-1")),
        ("ec2", "DescribeSubnets", json!({"SubnetIds": ["subnet-9"]})),
        ("ec2", "DescribeSecurityGroups", json!({"GroupIds": ["sg-9"]})),
        ("iam", "GetRole", json!({"RoleName": "exec"})),
        ("iam", "GetRole", json!({"RoleName": "none"})),
        ("iam", "ListRolePolicies", json!({"RoleName": "r"})),
    ] {
        questions.push(Query::new(service, operation, &input));
    }
    questions
}

/// Lists of the outermost objects, or of a recorded output, in another order.
fn shuffled(value: &mut Value, seed: usize) {
    if let Some(output) = value.get_mut("output") {
        shuffled(output, seed);
    }
    let Value::Object(members) = value else { return };
    for member in members.values_mut() {
        if let Value::Array(items) = member
            && !items.is_empty()
        {
            let by = seed % items.len();
            items.rotate_left(by);
            if seed % 2 == 1 {
                items.reverse();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), lines: bool, packed: bool) {
        let mut bytes = bytes;
        if packed {
            bytes.splice(0..0, [0x1f, 0x8b, 8, 0]);
        }
        let _ = Snapshot::from_bytes(if lines { "x.jsonl" } else { "x.json" }, &bytes);
    }

    #[test]
    fn any_values_do_not_panic(values in prop::collection::vec(json_value(), 0..5), input in json_value()) {
        let values = values.into_iter().map(|value| ("x.json".to_owned(), value));
        if let Ok(snapshot) = Snapshot::from_values(values) {
            for operation in aws::OPERATIONS {
                for input in [&input, &json!({})] {
                    let query = Query::new(operation.service, operation.name, input);
                    let _ = snapshot.answer(&query);
                    let _ = snapshot.assumption(&query);
                }
            }
        }
    }

    #[test]
    fn order_does_not_matter(order in Just((0..everything().len()).collect::<Vec<_>>()).prop_shuffle(), seed in 0_usize..6) {
        let all = everything();
        let one = snapshot(all.clone());
        let other = snapshot(order.iter().map(|at| {
            let mut value = all[*at].clone();
            shuffled(&mut value, seed);
            value
        }));
        for query in questions() {
            prop_assert_eq!(one.answer(&query), other.answer(&query), "{:?}", query);
            prop_assert_eq!(one.assumption(&query), other.assumption(&query), "{:?}", query);
        }
        prop_assert!(one.tasks().eq(other.tasks()));
    }
}
