//! Conditions of a trust policy, judged by what ECS sends when it assumes a role for a task.
//!
//! ECS sends the task's account as `aws:SourceAccount`, and as `aws:SourceArn` an ARN of which
//! only the beginning is documented, `arn:PARTITION:ecs:REGION:ACCOUNT:`. It sends no
//! `sts:ExternalId`. Of every other key there is no telling.

use serde_json::{Map, Value, json};

use super::trust::reached;

/// What ECS sends.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) partition: String,
    pub(super) region: String,
    pub(super) account: String,
}

impl Context {
    /// The beginning of `aws:SourceArn`.
    fn source_arn(&self) -> String {
        format!("arn:{}:ecs:{}:{}:", self.partition, self.region, self.account)
    }

    /// The pattern that AWS documents for `aws:SourceArn`.
    pub(super) fn pattern(&self) -> String {
        self.source_arn() + "*"
    }
}

/// Whether conditions hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Judgement {
    Met,
    /// They do not, because of these.
    Unmet(Vec<Failed>),
    /// There is no telling, for this reason.
    Unclear(String),
}

/// A condition that does not hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failed {
    /// Operator as it stands.
    pub(super) operator: String,
    /// Key as it stands.
    pub(super) key: String,
    /// What it wants, and what ECS sends.
    pub(super) why: String,
    /// Whether it can never hold; else it is documented as unsupported.
    pub(super) certain: bool,
}

/// How one condition ends.
enum One {
    Met,
    Unmet { why: String, certain: bool },
    Unclear(String),
}

/// How one value of a policy compares.
enum Compared {
    Equal,
    Different,
    /// It narrows `aws:SourceArn` to one cluster.
    Cluster,
    Unclear,
}

/// What is known of a key's value.
enum Sent {
    Whole(String),
    Beginning(String),
    Absent,
    Unknown,
}

/// Judges the `Condition` element of a statement.
pub(super) fn judge(condition: &Value, context: &Context) -> Judgement {
    let Some(operators) = condition.as_object() else {
        return Judgement::Unclear("its conditions cannot be read".to_owned());
    };
    let mut failed = Vec::new();
    let mut unclear = None;
    for (operator, keys) in operators {
        let Some(keys) = keys.as_object() else {
            unclear = Some(format!("`{operator}` cannot be read"));
            continue;
        };
        for (key, values) in keys {
            match one(operator, key, values, context) {
                One::Met => {}
                One::Unmet { why, certain } => failed.push(Failed {
                    operator: operator.clone(),
                    key: key.clone(),
                    why,
                    certain,
                }),
                One::Unclear(why) => unclear = Some(why),
            }
        }
    }
    match unclear {
        _ if !failed.is_empty() => Judgement::Unmet(failed),
        Some(why) => Judgement::Unclear(why),
        None => Judgement::Met,
    }
}

fn one(operator: &str, key: &str, values: &Value, context: &Context) -> One {
    let Some(values) = texts(values) else {
        return One::Unclear(format!("the values of `{key}` cannot be read"));
    };
    let sent = match key.to_ascii_lowercase().as_str() {
        "aws:sourceaccount" => Sent::Whole(context.account.clone()),
        "aws:sourcearn" => Sent::Beginning(context.source_arn()),
        "sts:externalid" => Sent::Absent,
        _ => Sent::Unknown,
    };
    let name = operator.to_ascii_lowercase();
    if name == "null" {
        let absent = match sent {
            Sent::Whole(_) | Sent::Beginning(_) => false,
            Sent::Absent => true,
            Sent::Unknown => return unknown_key(key),
        };
        let [wanted] = values.as_slice() else { return unknown_operator(operator, key) };
        return match wanted.to_ascii_lowercase().parse::<bool>() {
            Ok(wanted) if wanted == absent => One::Met,
            Ok(_) => One::Unmet {
                why: format!(
                    "`{key}` must be {}, but ECS sends {}",
                    if absent { "there" } else { "absent" },
                    if absent { "none" } else { "one" }
                ),
                certain: true,
            },
            Err(_) => unknown_operator(operator, key),
        };
    }
    let (name, if_exists) = match name.strip_suffix("ifexists") {
        Some(name) => (name.to_owned(), true),
        None => (name, false),
    };
    let positive = name.replacen("not", "", 1);
    let negated = positive != name;
    if !matches!(
        positive.as_str(),
        "stringequals" | "stringequalsignorecase" | "stringlike" | "arnequals" | "arnlike"
    ) {
        return unknown_operator(operator, key);
    }
    let (text, open) = match sent {
        Sent::Whole(text) => (text, false),
        Sent::Beginning(text) => (text, true),
        Sent::Unknown => return unknown_key(key),
        // An absent key meets what is negated and what need not exist.
        Sent::Absent if negated || if_exists => return One::Met,
        Sent::Absent => {
            return One::Unmet {
                why: format!("`{key}` is required, but ECS sends none"),
                certain: true,
            };
        }
    };
    let mut result = Compared::Different;
    for value in &values {
        match (compare(&positive, value, &text, open), &result) {
            (Compared::Equal, _) => {
                result = Compared::Equal;
                break;
            }
            (Compared::Unclear, _) => result = Compared::Unclear,
            (Compared::Cluster, Compared::Different) => result = Compared::Cluster,
            _ => {}
        }
    }
    let wanted = values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" or ");
    let sends = if open { format!("`{text}…`") } else { format!("`{text}`") };
    match (result, negated) {
        (Compared::Equal, false) | (Compared::Different, true) => One::Met,
        (Compared::Equal, true) => One::Unmet {
            why: format!("`{key}` must not be {wanted}, but ECS sends {sends}"),
            certain: true,
        },
        (Compared::Different, false) => {
            let literal = positive.starts_with("stringequals")
                && values.iter().any(|value| value.contains(['*', '?']));
            let literal = if literal {
                format!(" ({operator} takes wildcards literally)")
            } else {
                String::new()
            };
            One::Unmet {
                why: format!("`{key}` must be {wanted}{literal}, but ECS sends {sends}"),
                certain: true,
            }
        }
        (Compared::Cluster, false) => One::Unmet {
            why: format!("`{key}` must be {wanted}, but ECS supports only `{text}*` there"),
            certain: false,
        },
        (Compared::Cluster, true) | (Compared::Unclear, _) => One::Unclear(format!(
            "whether `{key}` is {wanted} depends on more than is documented of {sends}"
        )),
    }
}

fn unknown_key(key: &str) -> One {
    One::Unclear(format!("whether ECS sends `{key}`, and with what value, is not documented"))
}

fn unknown_operator(operator: &str, key: &str) -> One {
    One::Unclear(format!("`{operator}` on `{key}` cannot be judged"))
}

/// Compares a value of the policy with what is sent: all of it, or its beginning.
fn compare(operator: &str, value: &str, sent: &str, open: bool) -> Compared {
    if value.contains("${") {
        return Compared::Unclear;
    }
    let equal = |matches: bool| if matches { Compared::Equal } else { Compared::Different };
    let narrowed = |tail: &str| match tail.strip_prefix("cluster/") {
        Some(cluster) if !cluster.is_empty() && !cluster.starts_with('*') => Compared::Cluster,
        _ => Compared::Unclear,
    };
    match operator {
        "stringequals" | "stringequalsignorecase" => {
            let ignore_case = operator.ends_with("ignorecase");
            let (value, sent) = if ignore_case {
                (value.to_ascii_lowercase(), sent.to_ascii_lowercase())
            } else {
                (value.to_owned(), sent.to_owned())
            };
            match value.strip_prefix(&sent) {
                _ if !open => equal(value == sent),
                // A wildcard is no part of any ARN.
                Some(tail) if !tail.is_empty() && !tail.contains(['*', '?']) => narrowed(tail),
                _ => Compared::Different,
            }
        }
        "stringlike" => {
            let pattern: Vec<char> = value.chars().collect();
            like(&pattern, sent, open, || {
                value.strip_prefix(sent).map_or(Compared::Unclear, narrowed)
            })
        }
        // `aws:SourceAccount` is no ARN.
        _ if !open => Compared::Unclear,
        _ => {
            let parts: Vec<&str> = value.splitn(6, ':').collect();
            let sent: Vec<&str> = sent.splitn(6, ':').collect();
            let ([first @ .., tail], [known @ .., _]) = (parts.as_slice(), sent.as_slice()) else {
                return Compared::Unclear;
            };
            if first.len() != known.len() {
                return Compared::Unclear;
            }
            if !first.iter().zip(known).all(|(pattern, text)| super::trust::glob(pattern, text)) {
                return Compared::Different;
            }
            let pattern: Vec<char> = tail.chars().collect();
            like(&pattern, "", true, || narrowed(tail))
        }
    }
}

/// Compares a pattern; `narrower` says what it is if some texts of that beginning match it.
fn like(pattern: &[char], sent: &str, open: bool, narrower: impl FnOnce() -> Compared) -> Compared {
    let places = reached(pattern, sent);
    if !open {
        let whole = places.contains(&pattern.len());
        return if whole { Compared::Equal } else { Compared::Different };
    }
    // Whatever follows matches where nothing but `*` is left of the pattern.
    let any_tail =
        |&place: &usize| place < pattern.len() && pattern[place..].iter().all(|&c| c == '*');
    if places.iter().any(any_tail) {
        Compared::Equal
    } else if places.iter().all(|&place| place == pattern.len()) {
        Compared::Different
    } else {
        narrower()
    }
}

/// One scalar or a list of them, as text; `None` for anything else, and for nothing.
fn texts(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    };
    match value {
        Value::Array(items) if !items.is_empty() => items.iter().map(text).collect(),
        scalar => Some(vec![text(scalar)?]),
    }
}

/// The conditions with those that failed corrected; `None` where that is not evident.
///
/// Values that are right for other tasks stay: a pattern for another region gets one more beside it.
pub(super) fn corrected(condition: &Value, failed: &[Failed], context: &Context) -> Option<Value> {
    let mut condition = condition.as_object()?.clone();
    for Failed { operator, key, certain, .. } in failed {
        let name = operator.to_ascii_lowercase();
        if name.contains("not") || name == "null" {
            return None;
        }
        let pattern = Value::from(context.pattern());
        match key.to_ascii_lowercase().as_str() {
            "aws:sourcearn" if *certain && !name.starts_with("stringequals") => {
                let values = condition.get_mut(operator)?.get_mut(key)?;
                let mut all = match values.take() {
                    Value::Array(all) => all,
                    one => vec![one],
                };
                all.push(pattern);
                *values = Value::Array(all);
            }
            "aws:sourcearn" => {
                remove(&mut condition, operator, key);
                set(&mut condition, "ArnLike", "aws:SourceArn", pattern);
            }
            // ECS sends no external id; the account is what keeps others out.
            "aws:sourceaccount" | "sts:externalid" => {
                remove(&mut condition, operator, key);
                let account = Value::from(context.account.as_str());
                set(&mut condition, "StringEquals", "aws:SourceAccount", account);
            }
            _ => return None,
        }
    }
    Some(Value::Object(condition))
}

fn remove(condition: &mut Map<String, Value>, operator: &str, key: &str) {
    if let Some(Value::Object(keys)) = condition.get_mut(operator) {
        keys.remove(key);
        if keys.is_empty() {
            condition.remove(operator);
        }
    }
}

fn set(condition: &mut Map<String, Value>, operator: &str, key: &str, value: Value) {
    let keys = condition.entry(operator).or_insert_with(|| json!({}));
    if let Value::Object(keys) = keys {
        keys.retain(|present, _| !present.eq_ignore_ascii_case(key));
        keys.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context {
            partition: "aws".to_owned(),
            region: "eu-west-1".to_owned(),
            account: "111122223333".to_owned(),
        }
    }

    /// `met`, `never`, `unsupported` or `unclear`.
    fn verdict(condition: &Value) -> &'static str {
        match judge(condition, &context()) {
            Judgement::Met => "met",
            Judgement::Unmet(failed) if failed.iter().any(|failed| failed.certain) => "never",
            Judgement::Unmet(_) => "unsupported",
            Judgement::Unclear(_) => "unclear",
        }
    }

    fn arn(operator: &str, value: &str) -> &'static str {
        verdict(&json!({operator: {"aws:SourceArn": value}}))
    }

    #[test]
    fn the_account_must_be_the_tasks() {
        for (condition, expected) in [
            (json!({"StringEquals": {"aws:SourceAccount": "111122223333"}}), "met"),
            (json!({"StringEquals": {"AWS:sourceaccount": 111_122_223_333_u64}}), "met"),
            (json!({"stringlike": {"aws:SourceAccount": "1111*"}}), "met"),
            (
                json!({"StringEquals": {"aws:SourceAccount": ["999988887777", "111122223333"]}}),
                "met",
            ),
            (json!({"StringEquals": {"aws:SourceAccount": "999988887777"}}), "never"),
            (json!({"StringEqualsIfExists": {"aws:SourceAccount": "999988887777"}}), "never"),
            (json!({"StringEquals": {"aws:SourceAccount": "*"}}), "never"),
            (json!({"StringNotEquals": {"aws:SourceAccount": "999988887777"}}), "met"),
            (
                json!({"StringNotEquals": {"aws:SourceAccount": ["999988887777", "111122223333"]}}),
                "never",
            ),
            (json!({"Null": {"aws:SourceAccount": "false"}}), "met"),
            (json!({"Null": {"aws:SourceAccount": true}}), "never"),
            (json!({"NumericEquals": {"aws:SourceAccount": "111122223333"}}), "unclear"),
            (json!({"StringEquals": {"aws:SourceAccount": "${aws:PrincipalAccount}"}}), "unclear"),
            (json!({"ForAnyValue:StringEquals": {"aws:SourceAccount": "1"}}), "unclear"),
            (json!({"StringEquals": {"aws:SourceAccount": []}}), "unclear"),
            (json!({"StringEquals": "x"}), "unclear"),
            (json!(7), "unclear"),
        ] {
            assert_eq!(verdict(&condition), expected, "{condition}");
        }
    }

    #[test]
    fn the_source_arn_must_leave_everything_behind_the_account_open() {
        for (operator, value, expected) in [
            ("ArnLike", "arn:aws:ecs:eu-west-1:111122223333:*", "met"),
            ("ArnEquals", "arn:aws:ecs:*:111122223333:*", "met"),
            ("ArnLike", "arn:*:ecs:*:*:**", "met"),
            ("StringLike", "arn:aws:ecs:eu-west-1:111122223333:*", "met"),
            ("StringLike", "arn:aws:ecs:*", "met"),
            ("StringLike", "*", "met"),
            ("ArnLikeIfExists", "arn:aws:ecs:eu-west-1:111122223333:*", "met"),
            ("ArnLike", "arn:aws:ecs:eu-central-1:111122223333:*", "never"),
            ("ArnLike", "arn:aws:ecs:eu-west-1:999988887777:*", "never"),
            ("ArnLike", "arn:aws:ecs-tasks:eu-west-1:111122223333:*", "never"),
            ("StringLike", "arn:aws:ecs:eu-west-2*", "never"),
            ("StringEquals", "arn:aws:ecs:eu-west-1:111122223333:*", "never"),
            ("StringEquals", "arn:aws:ecs:eu-west-2:111122223333:cluster/shop", "never"),
            ("ArnLike", "arn:aws:ecs:eu-west-1:111122223333:cluster/shop", "unsupported"),
            ("StringLike", "arn:aws:ecs:eu-west-1:111122223333:cluster/shop", "unsupported"),
            ("StringEquals", "arn:aws:ecs:eu-west-1:111122223333:cluster/shop", "unsupported"),
            ("ArnLike", "arn:aws:ecs:eu-west-1:111122223333:task/*", "unclear"),
            ("ArnLike", "arn:aws:ecs:eu-west-1:111122223333:cluster/*", "unclear"),
            ("ArnLike", "*", "unclear"),
            ("ArnLike", "arn:aws:ecs:eu-west-1:${aws:SourceAccount}:*", "unclear"),
            ("ArnNotLike", "arn:aws:ecs:eu-west-1:111122223333:*", "never"),
            ("ArnNotLike", "arn:aws:ecs:us-east-1:111122223333:*", "met"),
            ("ArnNotLike", "arn:aws:ecs:eu-west-1:111122223333:cluster/shop", "unclear"),
            ("Bool", "true", "unclear"),
        ] {
            assert_eq!(arn(operator, value), expected, "{operator} {value}");
        }
    }

    #[test]
    fn one_of_several_values_is_enough_and_every_condition_must_hold() {
        let both = json!({"ArnLike": {"aws:SourceArn": [
            "arn:aws:ecs:us-east-1:111122223333:*", "arn:aws:ecs:eu-west-1:111122223333:*",
        ]}});
        assert_eq!(verdict(&both), "met");
        let unclear_or_wrong = json!({"ArnLike": {"aws:SourceArn": [
            "arn:aws:ecs:us-east-1:111122223333:*", "arn:aws:ecs:eu-west-1:111122223333:task/*",
        ]}});
        assert_eq!(verdict(&unclear_or_wrong), "unclear");
        // What fails for certain is not saved by what is unclear.
        let and = json!({
            "Bool": {"aws:SecureTransport": "true"},
            "StringEquals": {"aws:SourceAccount": "999988887777"},
        });
        assert_eq!(verdict(&and), "never");
    }

    #[test]
    fn other_keys_are_absent_or_unclear() {
        for (condition, expected) in [
            (json!({"StringEquals": {"sts:ExternalId": "x"}}), "never"),
            (json!({"StringEqualsIfExists": {"sts:ExternalId": "x"}}), "met"),
            (json!({"StringNotEquals": {"sts:ExternalId": "x"}}), "met"),
            (json!({"Null": {"sts:ExternalId": "true"}}), "met"),
            (json!({"Null": {"sts:ExternalId": "false"}}), "never"),
            (json!({"Null": {"aws:SourceVpc": "false"}}), "unclear"),
            (json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), "unclear"),
            (json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}), "unclear"),
        ] {
            assert_eq!(verdict(&condition), expected, "{condition}");
        }
    }

    #[test]
    fn corrections_keep_what_is_right() {
        let correct = |condition: Value| {
            let Judgement::Unmet(failed) = judge(&condition, &context()) else { return None };
            let corrected = corrected(&condition, &failed, &context())?;
            assert_eq!(judge(&corrected, &context()), Judgement::Met, "{corrected}");
            Some(corrected)
        };
        assert_eq!(
            correct(json!({"ArnLike": {"aws:SourceArn": "arn:aws:ecs:us-east-1:111122223333:*"}})),
            Some(json!({"ArnLike": {"aws:SourceArn": [
                "arn:aws:ecs:us-east-1:111122223333:*", "arn:aws:ecs:eu-west-1:111122223333:*",
            ]}}))
        );
        let pattern = json!({"ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-1:111122223333:*"}});
        for value in
            ["arn:aws:ecs:eu-west-1:111122223333:*", "arn:aws:ecs:eu-west-1:111122223333:cluster/a"]
        {
            let condition = json!({"StringEquals": {"aws:sourcearn": value}});
            assert_eq!(correct(condition), Some(pattern.clone()), "{value}");
        }
        let cluster =
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/a"}});
        assert_eq!(correct(cluster), Some(pattern));
        assert_eq!(
            correct(json!({"StringEquals": {"sts:ExternalId": "x", "aws:SourceAccount": "9"}})),
            Some(json!({"StringEquals": {"aws:SourceAccount": "111122223333"}}))
        );
        assert_eq!(
            correct(json!({"StringNotEquals": {"aws:SourceAccount": "111122223333"}})),
            None
        );
    }
}
