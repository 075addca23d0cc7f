//! Members of a request to conditions on objects.

use serde_json::Value;

use super::{
    path::{self, Pattern},
    table::{Ask, Row},
};

/// One way to satisfy a condition: all of its parts hold.
pub(super) type Way = Vec<(&'static str, Pattern)>;

/// What a request demands of an object.
pub(super) struct Condition {
    /// One of these holds.
    pub(super) ways: Vec<Way>,
    /// Each way names an object that ought to exist.
    pub(super) named: bool,
    /// At most one object can satisfy a way.
    pub(super) unique: bool,
    /// None of the ways may hold.
    pub(super) negated: bool,
}

impl Condition {
    fn any_of(ways: Vec<Way>) -> Self {
        Self { ways, named: false, unique: false, negated: false }
    }

    /// The text at `path` is this one.
    pub(super) fn is(path: &'static str, text: String) -> Self {
        Self::any_of(vec![vec![(path, Pattern::Is(text))]])
    }

    fn named(mut self) -> Self {
        self.named = true;
        self.unique = true;
        self
    }

    pub(super) fn holds(&self, object: &Value) -> bool {
        self.ways.iter().any(|way| way_holds(way, object)) != self.negated
    }
}

pub(super) fn way_holds(way: &Way, object: &Value) -> bool {
    way.iter().all(|(path, pattern)| pattern.matches_at(object, path))
}

/// Makes conditions of a member of the request, or says why it cannot.
pub(super) type Special = fn(&Value) -> Result<Vec<Condition>, String>;

/// Conditions of a whole (normalised) request.
pub(super) fn conditions(
    row: &Row,
    input: &serde_json::Map<String, Value>,
) -> Result<Vec<Condition>, String> {
    let mut conditions = Vec::new();
    for (name, value) in input {
        let ask = row.asks.iter().find(|ask| ask.input() == name);
        match ask {
            None => return Err(format!("a saved collection cannot be asked with `{name}`")),
            Some(Ask::Any(_) | Ask::Attribute) => {}
            Some(Ask::Ids(_, path)) => {
                let ways = scalars(value)?.into_iter().map(|id| by_id(path, id)).collect();
                conditions.push(Condition::any_of(ways).named());
            }
            Some(Ask::Equal(_, path)) => {
                let ways = scalars(value)?.into_iter().map(|id| by_id(path, id)).collect();
                conditions.push(Condition::any_of(ways));
            }
            Some(Ask::Filters(_)) => {
                for (name, values) in named_values(value, "Name", "Values")? {
                    conditions.push(filter(row, &name, &values)?);
                }
            }
            Some(Ask::Special(_, special)) => conditions.extend(special(value)?),
        }
    }
    Ok(conditions)
}

/// An ARN that is still one after normalisation is another account's or region's: it is compared
/// whole.
fn by_id(path: &'static str, id: String) -> Way {
    let path = if id.starts_with("arn:") {
        path.split_once("|last").map_or(path, |(path, _)| path)
    } else {
        path
    };
    vec![(path, Pattern::Is(id))]
}

fn filter(row: &Row, name: &str, values: &[String]) -> Result<Condition, String> {
    let values = values.iter();
    if let Some(key) = name.strip_prefix("tag:") {
        let ways = values.flat_map(|value| tag_ways(key, value)).collect();
        return Ok(Condition::any_of(ways));
    }
    if name == "tag-key" {
        let ways = values
            .flat_map(|key| {
                ["Tags.Key", "TagSet.Key", "Instances.Tags.Key"]
                    .map(|path| vec![(path, Pattern::wild(key))])
            })
            .collect();
        return Ok(Condition::any_of(ways));
    }
    let found = row.filters.iter().find(|(known, _)| *known == name);
    let Some((_, path)) = found else {
        return Err(format!("the filter `{name}` is not one that saved answers can apply"));
    };
    let unique = path.starts_with('=');
    let path = path.trim_start_matches('=');
    let state = name.ends_with("state") || name.ends_with("state-name");
    let ways: Vec<Way> = values
        .map(|value| {
            let pattern = match Pattern::wild(value) {
                Pattern::Is(value) if state => Pattern::IsState(value),
                pattern => pattern,
            };
            vec![(path, pattern)]
        })
        .collect();
    let unique = unique && ways.iter().flatten().all(|(_, p)| matches!(p, Pattern::Is(_)));
    Ok(Condition { unique, ..Condition::any_of(ways) })
}

/// Where tags stand differs; key and value must be of the same tag.
fn tag_ways(key: &str, value: &str) -> Vec<Way> {
    ["Tags", "TagSet", "Instances.Tags"]
        .into_iter()
        .map(|path| vec![(path, Pattern::Tag(key.to_owned(), Box::new(Pattern::wild(value))))])
        .collect()
}

/// A scalar or a list of scalars as texts.
fn scalars(value: &Value) -> Result<Vec<String>, String> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        _ => Err("an id in the request is not a text".to_owned()),
    };
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        other => Ok(vec![text(other)?]),
    }
}

/// A list of `{name, values}`.
fn named_values(
    value: &Value,
    name: &str,
    values: &str,
) -> Result<Vec<(String, Vec<String>)>, String> {
    let malformed = || format!("a filter is not of the form {{{name}, {values}}}");
    let filters = value.as_array().ok_or_else(malformed)?;
    filters
        .iter()
        .map(|filter| {
            let name = filter.get(name).and_then(Value::as_str).ok_or_else(malformed)?;
            let values = scalars(filter.get(values).ok_or_else(malformed)?)?;
            if values.is_empty() {
                return Err(format!("the filter `{name}` has no values"));
            }
            Ok((name.to_owned(), values))
        })
        .collect()
}

/// Filters that compare whole values, by a table of names and paths.
fn by_table(
    filters: Vec<(String, Vec<String>)>,
    table: &[(&str, &'static str)],
) -> Result<Vec<Condition>, String> {
    filters
        .into_iter()
        .map(|(name, values)| {
            let (_, path) = table.iter().find(|(known, _)| *known == name).ok_or_else(|| {
                format!("the filter `{name}` is not one that saved answers can apply")
            })?;
            let ways = values.into_iter().map(|value| vec![(*path, Pattern::Is(value))]).collect();
            Ok(Condition::any_of(ways))
        })
        .collect()
}

pub(super) fn lookup_attributes(value: &Value) -> Result<Vec<Condition>, String> {
    by_table(
        named_values(value, "AttributeKey", "AttributeValue")?,
        &[
            ("EventId", "EventId"),
            ("EventName", "EventName"),
            ("ReadOnly", "ReadOnly"),
            ("Username", "Username"),
            ("ResourceType", "Resources.ResourceType"),
            ("ResourceName", "Resources.ResourceName"),
            ("EventSource", "EventSource"),
            ("AccessKeyId", "AccessKeyId"),
        ],
    )
}

pub(super) fn start_time(value: &Value) -> Result<Vec<Condition>, String> {
    moment("StartTime", value, Pattern::From)
}

pub(super) fn end_time(value: &Value) -> Result<Vec<Condition>, String> {
    moment("EndTime", value, Pattern::Until)
}

fn moment(
    input: &'static str,
    value: &Value,
    pattern: fn(f64) -> Pattern,
) -> Result<Vec<Condition>, String> {
    let text = scalars(value)?.into_iter().next().unwrap_or_default();
    let moment = path::seconds(&text).ok_or_else(|| format!("`{input}` is not a time"))?;
    Ok(vec![Condition::any_of(vec![vec![("EventTime", pattern(moment))]])])
}

pub(super) fn image_ids(value: &Value) -> Result<Vec<Condition>, String> {
    image_conditions(value, "imageTags", "imageDigest")
}

pub(super) fn batch_image_ids(value: &Value) -> Result<Vec<Condition>, String> {
    image_conditions(value, "imageId.imageTag", "imageId.imageDigest")
}

fn image_conditions(
    value: &Value,
    tags: &'static str,
    digest: &'static str,
) -> Result<Vec<Condition>, String> {
    let malformed = || "an image id has neither tag nor digest".to_owned();
    let ways = value
        .as_array()
        .ok_or_else(malformed)?
        .iter()
        .map(|id| {
            let mut way = Vec::new();
            for (member, path) in [("imageDigest", digest), ("imageTag", tags)] {
                if let Some(text) = id.get(member).and_then(Value::as_str) {
                    way.push((path, Pattern::Is(text.to_owned())));
                }
            }
            if way.is_empty() { Err(malformed()) } else { Ok(way) }
        })
        .collect::<Result<_, _>>()?;
    Ok(vec![Condition::any_of(ways).named()])
}

pub(super) fn image_filter(value: &Value) -> Result<Vec<Condition>, String> {
    let anything = || vec![vec![("imageTags", Pattern::Begins(String::new()))]];
    let tagged = Condition::any_of(anything());
    let members = value.as_object().map_or(0, serde_json::Map::len);
    match value.get("tagStatus").and_then(Value::as_str) {
        Some("ANY") if members == 1 => Ok(Vec::new()),
        Some("TAGGED") if members == 1 => Ok(vec![tagged]),
        Some("UNTAGGED") if members == 1 => Ok(vec![Condition { negated: true, ..tagged }]),
        _ => Err("the filter of images is not one that saved answers can apply".to_owned()),
    }
}

pub(super) fn coverage(value: &Value) -> Result<Vec<Condition>, String> {
    let malformed = || "the filter of coverage is not one that saved answers can apply".to_owned();
    let criteria = value.get("FilterCriterion").and_then(Value::as_array).ok_or_else(malformed)?;
    let table = [
        ("ACCOUNT_ID", "AccountId"),
        ("COVERAGE_STATUS", "CoverageStatus"),
        ("RESOURCE_TYPE", "ResourceDetails.ResourceType"),
        ("ECS_CLUSTER_NAME", "ResourceDetails.EcsClusterDetails.ClusterName"),
        ("INSTANCE_ID", "ResourceDetails.Ec2InstanceDetails.InstanceId"),
        ("CLUSTER_ARN", "ResourceDetails.Ec2InstanceDetails.ClusterArn"),
    ];
    let mut conditions = Vec::new();
    for criterion in criteria {
        let name = criterion.get("CriterionKey").and_then(Value::as_str).ok_or_else(malformed)?;
        let tests =
            criterion.get("FilterCondition").and_then(Value::as_object).ok_or_else(malformed)?;
        for (test, values) in tests {
            let values = vec![(name.to_owned(), scalars(values)?)];
            let negated = match test.as_str() {
                "Equals" => false,
                "NotEquals" => true,
                _ => return Err(malformed()),
            };
            for condition in by_table(values, &table)? {
                conditions.push(Condition { negated, ..condition });
            }
        }
    }
    Ok(conditions)
}

pub(super) fn begins_log_group(value: &Value) -> Result<Vec<Condition>, String> {
    log_groups(value, Pattern::Begins)
}

pub(super) fn contains_log_group(value: &Value) -> Result<Vec<Condition>, String> {
    log_groups(value, Pattern::Contains)
}

fn log_groups(value: &Value, pattern: fn(String) -> Pattern) -> Result<Vec<Condition>, String> {
    let ways = scalars(value)?.into_iter().map(|t| vec![("logGroupName", pattern(t))]).collect();
    Ok(vec![Condition::any_of(ways)])
}

pub(super) fn log_group_identifiers(value: &Value) -> Result<Vec<Condition>, String> {
    let ways = scalars(value)?
        .into_iter()
        .map(|id| {
            let name = id.split_once(":log-group:").map_or(id.as_str(), |(_, name)| name);
            vec![("logGroupName", Pattern::Is(name.trim_end_matches(":*").to_owned()))]
        })
        .collect();
    Ok(vec![Condition { unique: true, ..Condition::any_of(ways) }])
}

/// A name, an ARN, or an ARN without the six characters that the service appends to the name.
pub(super) fn secret(value: &Value) -> Result<Vec<Condition>, String> {
    let ways = scalars(value)?
        .into_iter()
        .flat_map(|id| match secret_name(&id) {
            None => vec![vec![("Name", Pattern::Is(id))]],
            Some(name) => {
                let name = name.to_owned();
                vec![vec![("ARN", Pattern::Is(id))], vec![("Name", Pattern::Is(name))]]
            }
        })
        .collect();
    Ok(vec![Condition::any_of(ways)])
}

/// What follows `:secret:` in a secret's ARN.
pub(super) fn secret_name(id: &str) -> Option<&str> {
    id.strip_prefix("arn:")?.split_once(":secret:").map(|(_, name)| name)
}

pub(super) fn secret_filters(value: &Value) -> Result<Vec<Condition>, String> {
    let mut conditions = Vec::new();
    for (key, values) in named_values(value, "Key", "Values")? {
        let path = match key.as_str() {
            "name" => "Name",
            "description" => "Description",
            "tag-key" => "Tags.Key",
            "tag-value" => "Tags.Value",
            _ => return Err(format!("the filter `{key}` is not one that saved answers can apply")),
        };
        for negated in [false, true] {
            let values = values.iter().filter(|value| value.starts_with('!') == negated);
            let ways: Vec<_> = values
                .map(|value| {
                    vec![(path, Pattern::Begins(value.trim_start_matches('!').to_owned()))]
                })
                .collect();
            if !ways.is_empty() {
                conditions.push(Condition { negated, ..Condition::any_of(ways) });
            }
        }
    }
    Ok(conditions)
}

pub(super) fn activations(value: &Value) -> Result<Vec<Condition>, String> {
    by_table(
        named_values(value, "FilterKey", "FilterValues")?,
        &[
            ("ActivationIds", "ActivationId"),
            ("DefaultInstanceName", "DefaultInstanceName"),
            ("IamRole", "IamRole"),
        ],
    )
}

pub(super) fn instance_information(value: &Value) -> Result<Vec<Condition>, String> {
    let filters =
        named_values(value, "Key", "Values").or_else(|_| named_values(value, "key", "valueSet"))?;
    let mut conditions = by_table(
        filters,
        &[
            ("InstanceIds", "InstanceId"),
            ("AgentVersion", "AgentVersion"),
            ("PingStatus", "PingStatus"),
            ("PlatformTypes", "PlatformType"),
            ("ActivationIds", "ActivationId"),
            ("IamRole", "IamRole"),
            ("ResourceType", "ResourceType"),
            ("AssociationStatus", "AssociationStatus"),
            ("SourceIds", "SourceId"),
            ("SourceTypes", "SourceType"),
        ],
    )?;
    for condition in &mut conditions {
        condition.unique = condition.ways.iter().all(|way| way[0].0 == "InstanceId");
    }
    Ok(conditions)
}

pub(super) fn parameters(value: &Value) -> Result<Vec<Condition>, String> {
    let malformed = || "a filter of parameters is not one that saved answers can apply".to_owned();
    let filters = value.as_array().ok_or_else(malformed)?;
    let mut conditions = Vec::new();
    for filter in filters {
        let key = filter.get("Key").and_then(Value::as_str).ok_or_else(malformed)?;
        let option = filter.get("Option").and_then(Value::as_str);
        let values = scalars(filter.get("Values").unwrap_or(&Value::Array(Vec::new())))?;
        let path = match key {
            "Name" => "Name",
            "Type" => "Type",
            "KeyId" => "KeyId",
            "Tier" => "Tier",
            "DataType" => "DataType",
            _ => return Err(malformed()),
        };
        // Names are stored with or without the first slash as they were written.
        let pattern: fn(String) -> Pattern = match option {
            None | Some("Equals") => Pattern::Is,
            Some("BeginsWith") => Pattern::Begins,
            Some("Contains") if path == "Name" => Pattern::Contains,
            _ => return Err(malformed()),
        };
        let unique = path == "Name" && matches!(option, None | Some("Equals"));
        let ways = values
            .into_iter()
            .map(|value| {
                let path = if unique && value.starts_with("arn:") { "ARN" } else { path };
                vec![(path, pattern(value))]
            })
            .collect();
        conditions.push(Condition { unique, ..Condition::any_of(ways) });
    }
    Ok(conditions)
}

/// The older filters of parameters: names begin with the value.
pub(super) fn old_parameters(value: &Value) -> Result<Vec<Condition>, String> {
    let mut conditions = Vec::new();
    for (key, values) in named_values(value, "Key", "Values")? {
        let ways = match key.as_str() {
            "Name" => values.into_iter().map(|v| vec![("Name", Pattern::Begins(v))]).collect(),
            "Type" => values.into_iter().map(|v| vec![("Type", Pattern::Is(v))]).collect(),
            "KeyId" => values.into_iter().map(|v| vec![("KeyId", Pattern::Is(v))]).collect(),
            _ => return Err(format!("the filter `{key}` is not one that saved answers can apply")),
        };
        conditions.push(Condition::any_of(ways));
    }
    Ok(conditions)
}
