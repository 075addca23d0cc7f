//! Trust policies, as far as they concern ECS tasks: who may assume the role, read with care.
//!
//! What is not plainly a match or a mismatch is unclear, never one of the two.

use serde_json::{Value, json};

/// Who assumes execution and task roles.
pub(super) const SERVICE: &str = "ecs-tasks.amazonaws.com";
/// How.
pub(super) const ACTION: &str = "sts:AssumeRole";

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// Whether a statement, its conditions aside, is about ECS tasks that assume the role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Applies {
    Yes,
    No,
    /// There is no telling, for this reason.
    Unclear(String),
}

/// A statement of a trust policy.
#[derive(Clone, Debug)]
pub(super) struct Statement<'d> {
    /// JSON pointer in the document.
    pub(super) pointer: String,
    /// The statement in words: its `Sid`, or its place.
    pub(super) label: String,
    /// `None` where it is unreadable.
    pub(super) effect: Option<Effect>,
    pub(super) applies: Applies,
    /// Its conditions; `None` where it has none.
    pub(super) condition: Option<&'d Value>,
    /// The statement itself.
    pub(super) value: &'d Value,
}

impl Statement<'_> {
    /// Whether it is of this effect, or may be.
    pub(super) fn may(&self, effect: Effect) -> bool {
        self.effect.is_none_or(|own| own == effect) && self.applies != Applies::No
    }

    /// Whether it is of this effect and about ECS tasks for certain.
    pub(super) fn does(&self, effect: Effect) -> bool {
        self.effect == Some(effect) && self.applies == Applies::Yes
    }

    /// Why it is unclear, if it is.
    pub(super) fn unclear(&self) -> Option<String> {
        match &self.applies {
            Applies::Unclear(why) => Some(format!("{}: {why}", self.label)),
            _ if self.effect.is_none() => Some(format!("{} cannot be read", self.label)),
            _ => None,
        }
    }
}

/// The statements of a trust policy.
pub(super) fn statements(document: &Value) -> Result<Vec<Statement<'_>>, String> {
    match document.get("Statement") {
        Some(Value::Array(items)) => Ok(items
            .iter()
            .enumerate()
            .map(|(index, item)| statement(item, format!("/Statement/{index}"), index))
            .collect()),
        Some(item @ Value::Object(_)) => Ok(vec![statement(item, "/Statement".to_owned(), 0)]),
        _ => Err("the trust policy has no statements that can be read".to_owned()),
    }
}

fn statement(value: &Value, pointer: String, index: usize) -> Statement<'_> {
    let label = match value.get("Sid").and_then(Value::as_str) {
        Some(sid) if !sid.is_empty() => format!("statement `{sid}`"),
        _ => format!("statement {}", index + 1),
    };
    let effect = match value.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Some(Effect::Allow),
        Some("Deny") => Some(Effect::Deny),
        _ => None,
    };
    let condition = value.get("Condition").filter(|condition| !is_empty(condition));
    let applies = match (principal(value), action(value)) {
        _ if !value.is_object() => unclear("it is not an object"),
        (Applies::No, _) | (_, Applies::No) => Applies::No,
        (Applies::Unclear(why), _) | (_, Applies::Unclear(why)) => Applies::Unclear(why),
        (Applies::Yes, Applies::Yes) => Applies::Yes,
    };
    Statement { pointer, label, effect, applies, condition, value }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty)
}

/// One string or a list of them; `None` for anything else.
fn strings(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn unclear(why: impl Into<String>) -> Applies {
    Applies::Unclear(why.into())
}

fn action(statement: &Value) -> Applies {
    let matches = |patterns: &Value| {
        let patterns = strings(patterns)?;
        Some(
            patterns
                .into_iter()
                .any(|pattern| glob(&pattern.to_ascii_lowercase(), &ACTION.to_ascii_lowercase())),
        )
    };
    let (found, wanted) = match (statement.get("Action"), statement.get("NotAction")) {
        (Some(patterns), None) => (matches(patterns), true),
        (None, Some(patterns)) => (matches(patterns), false),
        _ => (None, true),
    };
    match found {
        Some(found) if found == wanted => Applies::Yes,
        Some(_) => Applies::No,
        None => unclear("its actions cannot be read"),
    }
}

fn principal(statement: &Value) -> Applies {
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), None) => among(principal),
        // Everybody else is meant; what that says of services depends on the service.
        (None, Some(exempt)) => match among(exempt) {
            Applies::Yes => Applies::No,
            _ => unclear("whether `NotPrincipal` is about services is not documented"),
        },
        // A trust policy's statement without a principal is about nobody.
        (None, None) => Applies::No,
        (Some(_), Some(_)) => unclear("it has both `Principal` and `NotPrincipal`"),
    }
}

/// Whether ECS tasks are among these principals.
fn among(principal: &Value) -> Applies {
    let wildcard = || unclear("whether the principal `*` stands for services is not documented");
    let kinds = match principal {
        Value::String(all) if all == "*" => return wildcard(),
        Value::Object(kinds) => kinds,
        _ => return unclear("its principals cannot be read"),
    };
    let mut found = Applies::No;
    for (kind, values) in kinds {
        let Some(values) = strings(values) else {
            found = unclear("its principals cannot be read");
            continue;
        };
        match kind.as_str() {
            "Service" if values.contains(&SERVICE) => return Applies::Yes,
            "Service" => {
                // Other spellings: a partition's or a region's suffix, a wildcard.
                let near = values.into_iter().find(|value| {
                    value.contains('*') || value.to_ascii_lowercase().starts_with("ecs-tasks.")
                });
                if let Some(near) = near {
                    found = unclear(format!(
                        "whether `{near}` stands for `{SERVICE}` is not documented"
                    ));
                }
            }
            "AWS" if values.contains(&"*") => found = wildcard(),
            "AWS" | "Federated" | "CanonicalUser" => {}
            _ => found = unclear(format!("`{kind}` is not a kind of principal that is known")),
        }
    }
    found
}

/// The principals of the statements that allow the role to be assumed, as text, sorted.
pub(super) fn trusted(statements: &[Statement<'_>]) -> Vec<String> {
    let mut trusted: Vec<String> = statements
        .iter()
        .filter(|statement| {
            statement.effect == Some(Effect::Allow) && action(statement.value) == Applies::Yes
        })
        .filter_map(|statement| statement.value.get("Principal")?.as_object())
        .flat_map(|kinds| kinds.values().filter_map(strings).flatten())
        .map(str::to_owned)
        .collect();
    trusted.sort_unstable();
    trusted.dedup();
    trusted
}

/// The document with one more statement.
pub(super) fn with_statement(document: &Value, statement: &Value) -> Value {
    let mut statements = match document.get("Statement") {
        Some(Value::Array(items)) => items.clone(),
        Some(item) => vec![item.clone()],
        None => vec![],
    };
    statements.push(statement.clone());
    let mut document = document.clone();
    document["Statement"] = Value::Array(statements);
    document
}

/// The statement that lets ECS tasks assume a role.
pub(super) fn allowing() -> Value {
    json!({"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": ACTION})
}

/// Whether `pattern`, with its wildcards `*` and `?`, is the whole of `text`.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    reached(&pattern, text).contains(&pattern.len())
}

/// Where in `pattern` one can be after reading `text`, at the end or with more to come; sorted.
pub(super) fn reached(pattern: &[char], text: &str) -> Vec<usize> {
    /// A `*` may stand for nothing.
    fn settled(pattern: &[char], places: impl Iterator<Item = usize>) -> Vec<usize> {
        let mut all = Vec::new();
        for mut place in places {
            all.push(place);
            while pattern.get(place) == Some(&'*') {
                place += 1;
                all.push(place);
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }
    let mut places = settled(pattern, std::iter::once(0));
    for c in text.chars() {
        let next: Vec<usize> = places
            .iter()
            .filter_map(|&place| match pattern.get(place)? {
                '*' => Some(place),
                '?' => Some(place + 1),
                own if *own == c => Some(place + 1),
                _ => None,
            })
            .collect();
        places = settled(pattern, next.into_iter());
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applies(statement: &Value) -> Applies {
        let document = json!({"Statement": statement});
        statements(&document).unwrap()[0].applies.clone()
    }

    fn with(principal: &Value, action: &Value) -> Applies {
        applies(&json!({"Effect": "Allow", "Principal": principal, "Action": action}))
    }

    #[test]
    fn principals_match_by_exact_text() {
        let action = json!("sts:AssumeRole");
        for principal in [
            json!({"Service": "ecs-tasks.amazonaws.com"}),
            json!({"Service": ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]}),
            json!({"AWS": "111122223333", "Service": "ecs-tasks.amazonaws.com"}),
            json!({"AWS": "*", "Service": "ecs-tasks.amazonaws.com"}),
        ] {
            assert_eq!(with(&principal, &action), Applies::Yes, "{principal}");
        }
        for principal in [
            json!({"Service": "ecs.amazonaws.com"}),
            json!({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}),
            json!({"AWS": "arn:aws:iam::111122223333:root"}),
            json!({"Federated": "cognito-identity.amazonaws.com"}),
            json!({}),
        ] {
            assert_eq!(with(&principal, &action), Applies::No, "{principal}");
        }
        for principal in [
            json!("*"),
            json!({"AWS": "*"}),
            json!({"Service": "*"}),
            json!({"Service": "ecs-tasks.amazonaws.com.cn"}),
            json!({"Service": 7}),
            json!({"Robots": "all"}),
            json!("ecs-tasks.amazonaws.com"),
        ] {
            assert!(matches!(with(&principal, &action), Applies::Unclear(_)), "{principal}");
        }
    }

    #[test]
    fn actions_match_in_any_case_and_with_wildcards() {
        let principal = json!({"Service": SERVICE});
        for action in
            [json!("STS:assumerole"), json!("sts:*"), json!("*"), json!(["x:Y", "sts:Assume?ole"])]
        {
            assert_eq!(with(&principal, &action), Applies::Yes, "{action}");
        }
        for action in [json!("sts:AssumeRoleWithWebIdentity"), json!([]), json!("sts:TagSession")] {
            assert_eq!(with(&principal, &action), Applies::No, "{action}");
        }
        assert!(matches!(with(&principal, &json!(7)), Applies::Unclear(_)));
        let not = json!({"Effect": "Allow", "Principal": principal, "NotAction": "sts:TagSession"});
        assert_eq!(applies(&not), Applies::Yes);
        let not = json!({"Effect": "Allow", "Principal": principal, "NotAction": "sts:Assume*"});
        assert_eq!(applies(&not), Applies::No);
    }

    #[test]
    fn not_principal_exempts_or_is_unclear() {
        let not = |principal| {
            applies(&json!({"Effect": "Deny", "NotPrincipal": principal, "Action": "sts:*"}))
        };
        assert_eq!(not(json!({"Service": SERVICE})), Applies::No);
        assert!(matches!(not(json!({"AWS": "111122223333"})), Applies::Unclear(_)));
    }

    #[test]
    fn a_document_without_statements_cannot_be_read() {
        for document in [json!({}), json!([]), json!("x"), json!({"Statement": 7})] {
            assert!(statements(&document).is_err(), "{document}");
        }
        assert!(statements(&json!({"Statement": []})).unwrap().is_empty());
        let odd = json!({"Statement": ["x"]});
        let odd = &statements(&odd).unwrap()[0];
        assert!(odd.effect.is_none() && !odd.does(Effect::Allow));
    }

    #[test]
    fn wildcards_match_in_linear_time() {
        assert!(glob("sts:*", "sts:AssumeRole"));
        assert!(glob("*", ""));
        assert!(!glob("s?s", "ss"));
        assert!(glob("a*b*c", "a-b-b-c"));
        assert!(!glob(&"*a".repeat(2000), &"b".repeat(2000)));
    }
}
