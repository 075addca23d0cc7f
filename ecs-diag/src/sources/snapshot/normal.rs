//! Requests in one form: identifiers as AWS compares them, members that change nothing left out.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::path::{Owner, last};

/// Members that page, or that ask for more about the same objects.
const IGNORED: &[&str] = &[
    "NextToken",
    "nextToken",
    "Marker",
    "StartingToken",
    "MaxResults",
    "maxResults",
    "MaxItems",
    "MaxRecords",
    "PageSize",
    "Limit",
    "limit",
    "DryRun",
    "include",
    "Include",
    "IncludeInstances",
    "IncludeManagedResources",
    "GrantTokens",
    "ExpectedBucketOwner",
    "RequestPayer",
    "acceptedMediaTypes",
];

const TOKENS: &[&str] = &["NextToken", "nextToken", "Marker"];

/// Whose names short ids are.
pub(super) struct Place<'a> {
    pub(super) account: Option<&'a str>,
    pub(super) region: &'a str,
    /// Key ids by region and alias.
    pub(super) aliases: &'a HashMap<(String, String), String>,
}

impl Place<'_> {
    /// The request in its one form.
    pub(super) fn normalise(
        &self,
        service: &str,
        operation: &str,
        input: &Value,
    ) -> Map<String, Value> {
        let mut out = Map::new();
        let members = input.as_object().into_iter().flatten();
        for (name, value) in members {
            let empty = match value {
                Value::Null => true,
                Value::Array(items) => items.is_empty(),
                _ => false,
            };
            if empty || IGNORED.contains(&name.as_str()) {
                continue;
            }
            let own_registry = name == "registryId" && self.account == value.as_str();
            let default_policy =
                service == "kms" && name == "PolicyName" && value.as_str() == Some("default");
            if own_registry || default_policy {
                continue;
            }
            out.insert(name.clone(), self.value(service, name, value));
        }
        if service == "ecs" {
            let default = |value: Value| move || value;
            match operation {
                "DescribeTasks"
                | "DescribeServices"
                | "DescribeContainerInstances"
                | "ListTasks"
                | "ListServices"
                | "ListContainerInstances"
                | "DescribeTaskSets"
                | "ListServiceDeployments" => {
                    out.entry("cluster").or_insert_with(default("default".into()));
                }
                "DescribeClusters" => {
                    out.entry("clusters").or_insert_with(default(vec!["default"].into()));
                }
                _ => {}
            }
        }
        out
    }

    fn value(&self, service: &str, name: &str, value: &Value) -> Value {
        match value {
            Value::Array(items) => {
                let mut items: Vec<_> =
                    items.iter().map(|item| self.value(service, name, item)).collect();
                if items.len() > 1 {
                    items.sort_by_cached_key(super::store::canonical);
                    items.dedup();
                }
                Value::Array(items)
            }
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, member)| (name.clone(), self.value("", "", member)))
                    .collect(),
            ),
            Value::String(text) => self.text(service, name, text).into(),
            other => other.clone(),
        }
    }

    fn text(&self, service: &str, name: &str, text: &str) -> String {
        let ours = !text.starts_with("arn:") || self.is_ours(text);
        match (service, name) {
            (
                "ecs",
                "cluster" | "clusters" | "tasks" | "services" | "service" | "serviceName"
                | "containerInstances" | "containerInstance" | "taskSets" | "taskDefinition"
                | "capacityProviders",
            )
            | ("iam", "RoleName" | "InstanceProfileName")
                if ours =>
            {
                last(text).to_owned()
            }
            ("kms", "KeyId") if ours => self.key(text),
            ("ssm", "SettingId") if ours => {
                text.split_once(":servicesetting").map_or(text, |(_, id)| id).to_owned()
            }
            _ => text.to_owned(),
        }
    }

    /// A key's id, whether named by id, ARN, alias or the alias's ARN.
    fn key(&self, text: &str) -> String {
        let name = if text.starts_with("arn:") {
            let name = text.splitn(6, ':').nth(5).unwrap_or(text);
            name.strip_prefix("key/").unwrap_or(name)
        } else {
            text
        };
        if name.starts_with("alias/") {
            let key = (self.region.to_owned(), name.to_owned());
            if let Some(id) = self.aliases.get(&key) {
                return id.clone();
            }
        }
        name.to_owned()
    }

    /// Whether an ARN is of this account and region.
    pub(super) fn is_ours(&self, arn: &str) -> bool {
        let owner = Owner::of(arn);
        let same = |named: Option<&str>, ours: Option<&str>| match (named, ours) {
            (Some(named), Some(ours)) => named == ours,
            _ => true,
        };
        let region = Some(self.region).filter(|region| !region.is_empty());
        same(owner.account, self.account) && same(owner.region, region)
    }
}

/// The page that a request asks for.
pub(super) fn token_in(input: &Value) -> Option<&str> {
    TOKENS.iter().find_map(|name| input.get(name)?.as_str()).filter(|token| !token.is_empty())
}

/// What an answer that is not the last page says about the next one.
pub(super) fn token_out(output: &Value) -> Option<String> {
    let token = ["NextToken", "nextToken", "NextMarker", "Marker", "NextRecordName"]
        .iter()
        .find_map(|name| output.get(name)?.as_str())
        .filter(|token| !token.is_empty());
    let more = ["IsTruncated", "Truncated"]
        .iter()
        .any(|name| output.get(name).and_then(Value::as_bool) == Some(true));
    token.map(str::to_owned).or_else(|| more.then(String::new))
}

/// Leaves out what is about the call and not in the CLI's output.
pub(super) fn strip(output: &mut Value) {
    let Value::Object(members) = output else { return };
    members.retain(|name, _| {
        !matches!(
            name.as_str(),
            "NextToken"
                | "nextToken"
                | "NextMarker"
                | "Marker"
                | "IsTruncated"
                | "Truncated"
                | "NextRecordName"
                | "NextRecordType"
                | "NextRecordIdentifier"
                | "ResponseMetadata"
                | "$metadata"
        ) && !name.starts_with('_')
    });
}
