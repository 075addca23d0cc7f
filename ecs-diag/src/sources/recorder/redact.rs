//! What of an answer is nobody's business: told by the place where it stands, and by its form.
//!
//! Members and elements stay, since what is not there means something; texts, or the secret parts
//! of them, become `[redacted]`.

use serde_json::{Map, Value};

use super::{
    secrets::{Kind, REDACTED, is_harmless, is_option, is_secret, redacted},
    user_data,
};
use crate::{Query, SourceError};

/// No answer of AWS is nested deeper; what is could not be read again.
const DEPTH: usize = 64;

/// What becomes of what a member holds.
#[derive(Clone, Copy)]
enum Treatment {
    /// All texts go.
    All,
    /// Values go, of a list of names and values or of a map; but not those of the names that the
    /// function knows.
    Values(fn(&str) -> bool),
    /// The same of one element of such a list.
    Pair(fn(&str) -> bool),
    /// User data of an instance.
    UserData,
    /// Secrets go by their form.
    Form(Kind),
}

use Treatment::{All, Form, Pair, UserData, Values};

/// What becomes of members, whatever operation answers with them. Names are compared without
/// regard to case: CloudTrail has its own.
const MEMBERS: &[(&str, Treatment)] = &[
    // Containers.
    ("environment", Values(user_data::is_proxy)),
    ("dockerLabels", Values(no_name)),
    ("labels", Values(no_name)),
    ("driverOpts", Values(is_driver_option)),
    ("command", Form(Kind::Command)),
    ("entryPoint", Form(Kind::Command)),
    // Tags of all services.
    ("tags", Values(is_known_tag)),
    ("TagSet", Values(is_known_tag)),
    ("TagList", Values(is_known_tag)),
    // What a person wrote for persons.
    ("description", All),
    ("comment", All),
    // Values that no operation on the closed list gives.
    ("SecretString", All),
    ("SecretBinary", All),
    ("KeyMaterial", All),
    ("PasswordData", All),
    ("Plaintext", All),
    ("password", All),
    ("masterUserPassword", All),
    ("clientSecret", All),
    ("accessKeyId", All),
    ("secretAccessKey", All),
    ("sessionToken", All),
    ("authToken", All),
    ("authorizationToken", All),
    ("privateKey", All),
    ("userData", UserData),
    // Conditions that serve as passwords.
    ("sts:ExternalId", All),
    ("aws:Referer", All),
    ("aws:UserAgent", All),
];

/// What becomes of members in the answers of one operation or, where that is empty, one service.
const MEMBERS_OF: &[(&str, &str, &str, Treatment)] = &[
    ("s3", "HeadObject", "Metadata", All),
    ("ssm", "", "Value", All),
    // Words of AWS.
    ("autoscaling", "DescribeScalingActivities", "Description", Form(Kind::Prose)),
    ("ec2", "DescribeNetworkInterfaces", "Description", Form(Kind::Prose)),
    ("elbv2", "DescribeTargetHealth", "Description", Form(Kind::Prose)),
    ("service-quotas", "ListServiceQuotas", "Description", Form(Kind::Prose)),
];

/// What names and values are called where they come in pairs.
const NAMES: &[&str] = &["name", "Name", "key", "Key", "TagKey"];
const VALUES: &[&str] = &["value", "Value", "TagValue"];

/// Members whose names end like this hold words about what happened.
const PROSE: &[&str] = &["reason", "message", "cause", "detail"];

/// Tags by which AWS's own features are switched.
fn is_known_tag(key: &str) -> bool {
    key.starts_with("aws:") || ["GuardDutyManaged", "AmazonECSManaged"].contains(&key)
}

fn no_name(_: &str) -> bool {
    false
}

fn is_driver_option(name: &str) -> bool {
    ["type", "device", "o"].contains(&name)
}

/// Options of log drivers and log routers that say where logs go and how: no secrets, and what
/// checks compare.
fn is_log_option(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "mode",
        "max-buffer-size",
        "max-size",
        "max-file",
        "compress",
        "tag",
        "labels",
        "labels-regex",
        "env",
        "env-regex",
        "name",
        "match",
        "region",
        "host",
        "port",
        "tls",
        "tls.verify",
        "format",
        "retry_limit",
        "config-file-type",
        "config-file-value",
        "enable-ecs-log-metadata",
        "log-driver-buffer-limit",
        "endpoint",
        "sts_endpoint",
        "role_arn",
        "delivery_stream",
        "stream",
        "bucket",
        "s3_key_format",
        "total_file_size",
        "upload_timeout",
        "use_put_object",
        "compression",
        "log_group_name",
        "log_stream_name",
        "log_stream_prefix",
        "log_retention_days",
        "log_key",
        "log_format",
        "auto_create_group",
        "data_keys",
        "aws_auth",
        "aws_region",
        "index",
        "type",
        "provider",
        "splunk-url",
        "splunk-index",
        "splunk-source",
        "splunk-sourcetype",
        "splunk-format",
        "splunk-verify-connection",
        "fluentd-address",
        "fluentd-async",
        "fluentd-async-connect",
        "gelf-address",
        "syslog-address",
        "syslog-facility",
    ];
    name.starts_with("awslogs-") || NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Redacts an answer.
pub(super) fn answer(query: &Query, output: &mut Value) {
    let (service, operation) = (&query.service, &query.operation);
    let redaction = Redaction { service, operation, kind: Kind::Name, embedded: false };
    redaction.value("", output, Form(Kind::Name), 0);
}

/// Redacts the words of an error.
pub(super) fn error(error: &mut SourceError) {
    text(&mut error.message, Kind::Prose);
}

fn text(text: &mut String, kind: Kind) {
    if let std::borrow::Cow::Owned(changed) = redacted(text, kind) {
        *text = changed;
    }
}

#[derive(Clone, Copy)]
struct Redaction<'q> {
    service: &'q str,
    operation: &'q str,
    /// What texts are that no rule knows.
    kind: Kind,
    /// Whether this is JSON in a text, whose members anybody may have named.
    embedded: bool,
}

impl Redaction<'_> {
    fn value(self, name: &str, value: &mut Value, treatment: Treatment, depth: usize) {
        if depth > DEPTH {
            *value = REDACTED.into();
            return;
        }
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(_) => {
                if matches!(treatment, All | Values(_) | Pair(_)) {
                    *value = REDACTED.into();
                }
            }
            Value::String(content) => self.content(content, treatment, depth),
            Value::Array(items) => {
                let program = Program::of(items);
                let mut option = None;
                for item in items {
                    let next =
                        item.as_str().filter(|item| item.starts_with('-')).map(str::to_owned);
                    let treatment = match treatment {
                        _ if program.is_secret(option.as_deref(), item) => All,
                        Values(is_known) if item.is_object() => Pair(is_known),
                        treatment => treatment,
                    };
                    self.value(name, item, treatment, depth + 1);
                    option = next;
                }
            }
            Value::Object(members) => self.members(name, members, treatment, depth),
        }
    }

    fn members(
        self,
        name: &str,
        members: &mut Map<String, Value>,
        treatment: Treatment,
        depth: usize,
    ) {
        match treatment {
            Values(is_known) => {
                for (member, value) in members {
                    let treatment = match is_known(member) {
                        true => Form(Kind::Name),
                        // CloudTrail has its lists one level down.
                        false if value.is_array() => treatment,
                        false => All,
                    };
                    self.value(member, value, treatment, depth + 1);
                }
            }
            Pair(is_known) => {
                let key = NAMES.iter().find_map(|name| members.get(*name)?.as_str());
                let rule = if key.is_some_and(is_known) { Form(Kind::Name) } else { All };
                for (member, value) in members {
                    let is_value = VALUES.contains(&member.as_str());
                    let treatment = if is_value { rule } else { self.treatment(member, value) };
                    self.value(member, value, treatment, depth + 1);
                }
            }
            All => {
                for (member, value) in members {
                    self.value(member, value, All, depth + 1);
                }
            }
            Form(_) | UserData => {
                let of_logs = ["logConfiguration", "firelensConfiguration"].contains(&name);
                for (member, value) in members {
                    let treatment = match treatment {
                        UserData => UserData,
                        _ if of_logs && member == "options" => Values(is_log_option),
                        _ => self.treatment(member, value),
                    };
                    self.value(member, value, treatment, depth + 1);
                }
            }
        }
    }

    /// What becomes of a member.
    fn treatment(self, member: &str, value: &Value) -> Treatment {
        let is_of = |service: &str, operation: &str| {
            service == self.service && (operation.is_empty() || operation == self.operation)
        };
        if let Some((.., treatment)) = MEMBERS_OF
            .iter()
            .find(|(service, operation, known, _)| *known == member && is_of(service, operation))
        {
            return *treatment;
        }
        if let Some((_, treatment)) =
            MEMBERS.iter().find(|(known, _)| known.eq_ignore_ascii_case(member))
        {
            return *treatment;
        }
        let is_scalar = !value.is_object() && !value.is_array();
        if self.embedded && is_scalar && !member.contains(':') && is_secret(member) {
            return All;
        }
        let is_prose = PROSE.iter().any(|end| {
            member.len() >= end.len()
                && member.is_char_boundary(member.len() - end.len())
                && member[member.len() - end.len()..].eq_ignore_ascii_case(end)
        });
        Form(if is_prose { Kind::Prose } else { self.kind })
    }

    fn content(self, content: &mut String, treatment: Treatment, depth: usize) {
        match treatment {
            All | Values(_) | Pair(_) => {
                if !content.is_empty() {
                    REDACTED.clone_into(content);
                }
            }
            UserData => *content = user_data::kept(content),
            Form(kind) => {
                if !(Self { kind, ..self }).json(content, depth) {
                    text(content, kind);
                }
            }
        }
    }

    /// Redacts JSON in a text: policies, CloudTrail's events. False if it is none.
    fn json(self, content: &mut String, depth: usize) -> bool {
        let start = content.trim_start();
        let decoded = if start.starts_with('{') || start.starts_with('[') {
            serde_json::from_str::<Value>(content)
        } else if start.starts_with("%7B") || start.starts_with("%7b") {
            serde_json::from_str(&crate::aws::percent_decoded(content))
        } else {
            return false;
        };
        let Ok(mut value) = decoded else { return false };
        if !value.is_object() && !value.is_array() {
            return false;
        }
        let before = value.clone();
        Self { embedded: true, ..self }.value("", &mut value, Form(self.kind), depth + 1);
        if value != before {
            *content = value.to_string();
        }
        true
    }
}

/// The programs in a list of words that take passwords in ways of their own.
#[derive(Clone, Copy, Default)]
struct Program {
    /// `-pPASSWORD`
    joined: bool,
    /// The option that a password follows.
    option: Option<&'static str>,
}

impl Program {
    fn of(items: &[Value]) -> Self {
        let mut program = Self::default();
        for word in items.iter().filter_map(Value::as_str) {
            let word = word.rsplit('/').next().unwrap_or(word);
            match word {
                "sshpass" | "login" => program.option = Some("-p"),
                "redis-cli" => program.option = Some("-a"),
                _ => {}
            }
            program.joined |= word.starts_with("mysql") || word.starts_with("mariadb");
        }
        program
    }

    /// Whether the word after `option` is a secret as a whole; one that is joined to its option is
    /// redacted here.
    fn is_secret(self, option: Option<&str>, item: &mut Value) -> bool {
        let Value::String(word) = item else { return false };
        if self.joined
            && let Some(password) = word.strip_prefix("-p")
            && !password.is_empty()
        {
            *word = format!("-p{REDACTED}");
        }
        let user = ["-u", "-U", "--user", "--proxy-user"];
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        option.is_some_and(|option| {
            (is_option(option) && !word.starts_with('-') && !is_harmless(word))
                || self.option == Some(option)
                || (user.contains(&option)
                    && word.split_once(':').is_some_and(|(_, word)| !is_number(word)))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn redacted_answer(name: &str, mut output: Value) -> Value {
        let (service, operation) = name.split_once(':').expect("service and operation");
        let query = Query::new(service.to_owned(), operation.to_owned(), &json!({}));
        answer(&query, &mut output);
        output
    }

    #[track_caller]
    fn check(name: &str, output: &Value, expected: &Value) {
        let once = redacted_answer(name, output.clone());
        assert_eq!(once, *expected);
        assert_eq!(redacted_answer(name, once.clone()), once);
    }

    /// The same with `#` for what goes: in `output` it stands for a secret.
    #[track_caller]
    fn check_marked(name: &str, marked: &str) {
        let of = |mark: &str| serde_json::from_str(&marked.replace('#', mark)).expect("JSON");
        check(name, &of("hush"), &of(REDACTED));
    }

    #[test]
    fn containers_keep_names_and_lose_values() {
        check_marked(
            "ecs:DescribeTaskDefinition",
            r##"{
                "environment": [
                    {"name": "A", "value": "#"}, {"name": "B", "value": ""}, {"name": "C"},
                    {"value": "#"}, {"name": "https_proxy", "value": "http://#@proxy:1"},
                    {"name": "NO_PROXY", "value": "169.254.170.2"}, "#"
                ],
                "dockerLabels": {"a": "#", "b": ""},
                "secrets": [{"name": "PASSWORD", "valueFrom": "arn:aws:ssm:eu-west-1:1:parameter/a"}],
                "logConfiguration": {
                    "logDriver": "splunk",
                    "options": {"splunk-url": "https://#@h", "splunk-token": "#", "awslogs-group": "/g"},
                    "secretOptions": [{"name": "splunk-token", "valueFrom": "/splunk/token"}]
                },
                "firelensConfiguration": {"options": {"config-file-type": "s3", "x": "#"}},
                "options": {"x": "kept"},
                "command": ["app", "--password", "#", "--token=#", "-v", "--secret", "$SECRET"],
                "entryPoint": ["/usr/bin/mysql", "-uroot", "-p#", "-u", "1:1"],
                "healthCheck": {"command": ["CMD-SHELL", "curl -u a:# h || exit 1"], "retries": 3},
                "dockerVolumeConfiguration": {
                    "driverOpts": {"type": "cifs", "o": "username=a,password=#", "k": "#"}
                },
                "user": "app", "essential": true, "cpu": 256, "links": null
            }"##,
        );
        let words = |user: &str| json!({"command": ["curl", "-u", user]});
        check("ecs:DescribeTasks", &words("a:hush"), &words(REDACTED));
        let number = json!({"environment": [{"name": "PIN", "value": 1234}]});
        let gone = json!({"environment": [{"name": "PIN", "value": REDACTED}]});
        check("ecs:DescribeTasks", &number, &gone);
    }

    #[test]
    fn tags_of_all_services_keep_their_keys() {
        check_marked(
            "ec2:DescribeVpcs",
            r##"{
                "Tags": [
                    {"Key": "owner", "Value": "#", "PropagateAtLaunch": true},
                    {"Key": "aws:cloudformation:stack-name", "Value": "shop"}
                ],
                "tags": {"a": "#", "GuardDutyManaged": "false", "name": "#", "value": "#"},
                "tagSet": {"items": [{"key": "a", "value": "#"}]},
                "TagList": [{"TagKey": "a", "TagValue": "#"}],
                "imageTags": ["v42"], "tag": "v42"
            }"##,
        );
    }

    #[test]
    fn descriptions_go_unless_aws_wrote_them() {
        check_marked("iam:GetRole", r##"{"X": {"Description": "#"}}"##);
        check_marked("ec2:DescribeSecurityGroups", r##"{"IpRanges": [{"Description": "#"}]}"##);
        let words = json!({"X": {"Description": "Health checks failed with these codes: [502]"}});
        check("elbv2:DescribeTargetHealth", &words, &words);
        check("ec2:DescribeNetworkInterfaces", &words, &words);
    }

    #[test]
    fn values_and_metadata_go_where_they_should_not_be() {
        check_marked(
            "ssm:DescribeParameters",
            r##"{"Parameters": [{"Name": "/a", "Value": "#", "Type": "SecureString"}]}"##,
        );
        check_marked(
            "secretsmanager:DescribeSecret",
            r##"{"SecretString": "#", "Name": "shop/db"}"##,
        );
        check_marked(
            "s3:HeadObject",
            r##"{"Metadata": {"a": "#"}, "ContentLength": 7, "ServerSideEncryption": "aws:kms"}"##,
        );
        let data = |value: &str| json!({"InstanceId": "i-1", "UserData": {"Value": value}});
        check(
            "ec2:DescribeInstanceAttribute",
            &data("RUNTX0NMVVNURVI9c2hvcAo="),
            &data("IyBbcmVkYWN0ZWRdCkVDU19DTFVTVEVSPXNob3AK"),
        );
    }

    #[test]
    fn policies_lose_external_ids_and_keep_the_rest_in_every_spelling() {
        let policy = |id: &str| {
            json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": ["secretsmanager:GetSecretValue", "ssm:GetParameters"],
                "Resource": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/token-AbCdEf",
                "Condition": {"StringEquals": {
                    "sts:ExternalId": [id], "secretsmanager:ResourceTag/token": "kept",
                }},
            }]})
        };
        check("iam:GetRole", &policy("hush"), &policy(REDACTED));
        let text = |id: &str| json!({"Policy": policy(id).to_string()});
        check("kms:GetKeyPolicy", &text("hush"), &text(REDACTED));
        let encoded = policy("hush").to_string().replace('{', "%7B").replace('"', "%22");
        let decoded = json!({"D": policy(REDACTED).to_string()});
        check("iam:GetRole", &json!({"D": encoded}), &decoded);
        // What holds no secret keeps its spelling.
        let plain = json!({"Policy": "{ \"Version\" : \"2012-10-17\" }", "x": "{not JSON"});
        check("kms:GetKeyPolicy", &plain, &plain);
    }

    #[test]
    fn events_of_cloudtrail_keep_the_network() {
        let event = |hush: &str| {
            let event = json!({
                "eventName": "RunTask",
                "userIdentity": {"accessKeyId": hush, "principalId": "AROAX:me"},
                "requestParameters": {
                    "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
                    "overrides": {"containerOverrides": [
                        {"name": "app", "environment": [{"name": "A", "value": hush}]},
                    ]},
                    "apiToken": hush, "clientRequestTokens": 2,
                },
            });
            json!({"Events": [{"EventId": "e", "AccessKeyId": hush, "CloudTrailEvent": event.to_string()}]})
        };
        check("cloudtrail:LookupEvents", &event("hush"), &event(REDACTED));
    }

    #[test]
    fn depth_is_bounded() {
        let mut deep = json!("hush");
        for _ in 0..200 {
            deep = json!({"a": [deep]});
        }
        let text = redacted_answer("iam:GetRole", deep).to_string();
        assert!(!text.contains("hush") && text.contains(REDACTED));
        assert!(serde_json::from_str::<Value>(&text).is_ok());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let names = proptest::sample::select(vec![
            "environment",
            "Tags",
            "name",
            "value",
            "command",
            "options",
            "logConfiguration",
            "UserData",
            "reason",
            "Description",
            "sts:ExternalId",
        ]);
        let member = prop_oneof![names.prop_map(str::to_owned), "\\PC{0,6}"];
        let nested = r#"{"token": "x", "environment": [{"name": "a", "value": "b"}]}"#;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,40}".prop_map(Value::from),
            "[A-Za-z0-9+/]{8}".prop_map(Value::from),
            Just(json!("--password")),
            Just(json!(nested)),
        ];
        leaf.prop_recursive(5, 64, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::vec((member.clone(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// Members and elements, without texts and numbers.
    fn bones(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(bones).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, member)| (name.clone(), bones(member))).collect()
            }
            Value::String(_) | Value::Number(_) => Value::Null,
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn any_json_keeps_its_members_and_once_is_enough(output in any_json()) {
            let once = redacted_answer("ecs:DescribeTasks", output.clone());
            prop_assert_eq!(bones(&once), bones(&output));
            prop_assert_eq!(redacted_answer("ecs:DescribeTasks", once.clone()), once);
        }
    }
}
