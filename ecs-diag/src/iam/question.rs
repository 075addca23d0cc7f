//! Requests and explanations as JSON.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use super::{
    Context, ContextValue, Decision, Document, Explanation, Grant, Invalid, Layer, Layered, Level,
    Missing, Policies, Policy, Request, Verdict, evaluate, explain,
};

/// A request with the policies that have a say in it, in their wire form.
///
/// ```json
/// {"principal": "arn:… | service.amazonaws.com | *", "action": "s:A", "resource": "arn:…",
///  "resource_account": "…", "context": {"key": "value" | ["…"]}, "unknown_context": ["key"],
///  "identity_policies": [P], "resource_policy": {}, "permissions_boundaries": [P],
///  "session_policies": [P], "service_control_policies": [{"level": "…", "policies": [P]}],
///  "resource_control_policies": [{"level": "…", "policies": [P]}], "endpoint_policies": [P],
///  "grants": [{}]}
/// ```
///
/// where P is `{"name": "…", "policy": {}}`. All but the first three may be left out: a layer that
/// is left out does not exist, a layer or a policy that is `null` exists and was not read. A context
/// key that is named nowhere is absent from the request. A value of `aws:SourceArn` that ends with
/// `*` is known up to there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The request.
    pub request: Request,
    /// The policies.
    pub policies: Policies,
}

impl Question {
    /// Reads a question.
    ///
    /// # Errors
    ///
    /// The value is not in the form above. Policy documents that cannot be read are no error: what
    /// they say is unknown.
    pub fn parse(question: &Value) -> Result<Self, Invalid> {
        const MEMBERS: [&str; 14] = [
            "principal",
            "action",
            "resource",
            "resource_account",
            "context",
            "unknown_context",
            "identity_policies",
            "resource_policy",
            "permissions_boundaries",
            "session_policies",
            "service_control_policies",
            "resource_control_policies",
            "endpoint_policies",
            "grants",
        ];
        let Value::Object(question) = question else {
            return Err(Invalid::new("the request is not an object"));
        };
        if let Some(other) = question.keys().find(|key| !MEMBERS.contains(&key.as_str())) {
            let shown: String = other.chars().take(200).collect();
            return Err(Invalid::new(format!("`{shown}` is not a member of a request")));
        }
        let text = |name: &str| match question.get(name) {
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => Err(Invalid::new(format!("`{name}` is not a text"))),
            None => Err(Invalid::new(format!("`{name}` is missing"))),
        };
        let mut request =
            Request::new(text("principal")?.parse()?, text("action")?, text("resource")?)?;
        if question.get("resource_account").is_some_and(|account| !account.is_null()) {
            request = request.resource_account(text("resource_account")?)?;
        }
        let request = request.context(context(question)?);
        let policies = Policies {
            identity: layer(question, "identity_policies", policy)?,
            resource: match question.get("resource_policy") {
                None => Layered::Absent,
                Some(Value::Null) => Layered::Unread,
                Some(document) => {
                    Layered::Read(Policy::new("resource_policy", Document::parse(document)))
                }
            },
            boundaries: layer(question, "permissions_boundaries", policy)?,
            session: layer(question, "session_policies", policy)?,
            service_control: layer(question, "service_control_policies", level)?,
            resource_control: layer(question, "resource_control_policies", level)?,
            endpoint: layer(question, "endpoint_policies", policy)?,
            grants: layer(question, "grants", |_, grant| match grant {
                Value::Object(_) => Ok(Grant::parse(grant)),
                _ => Err(Invalid::new("a grant is not an object")),
            })?,
        };
        Ok(Self { request, policies })
    }

    /// Decides it.
    pub fn evaluate(&self) -> Decision {
        evaluate(&self.request, &self.policies)
    }

    /// Decides it and says why.
    pub fn explain(&self) -> Explanation {
        explain(&self.request, &self.policies)
    }
}

fn context(question: &Map<String, Value>) -> Result<Context, Invalid> {
    let mut context = Context::new();
    let no_text = |key: &str| {
        let shown: String = key.chars().take(200).collect();
        Invalid::new(format!("a value of the context key `{shown}` is not a text"))
    };
    let scalar = |key: &str, value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(no_text(key)),
    };
    match question.get("context") {
        None | Some(Value::Null) => {}
        Some(Value::Object(keys)) => {
            for (key, value) in keys {
                let values = match value {
                    Value::Array(values) => {
                        values.iter().map(|value| scalar(key, value)).collect::<Result<_, _>>()?
                    }
                    value => vec![scalar(key, value)?],
                };
                let value = match &values[..] {
                    [arn] if key.eq_ignore_ascii_case("aws:SourceArn") => {
                        match arn.strip_suffix('*') {
                            Some(prefix) => ContextValue::Prefix(prefix.to_owned()),
                            None => ContextValue::Known(values),
                        }
                    }
                    _ => ContextValue::Known(values),
                };
                context.set(key, value);
            }
        }
        Some(_) => return Err(Invalid::new("`context` is not an object")),
    }
    match question.get("unknown_context") {
        None | Some(Value::Null) => {}
        Some(Value::Array(keys)) => {
            for key in keys {
                let key = key.as_str();
                let key =
                    key.ok_or_else(|| Invalid::new("an unknown context key is not a text"))?;
                context.set(key, ContextValue::Unknown);
            }
        }
        Some(_) => return Err(Invalid::new("`unknown_context` is not an array")),
    }
    Ok(context)
}

fn layer<T>(
    object: &Map<String, Value>,
    name: &str,
    read: impl Fn(&str, &Value) -> Result<T, Invalid>,
) -> Result<Layered<Vec<T>>, Invalid> {
    match object.get(name) {
        None => Ok(Layered::Absent),
        Some(Value::Null) => Ok(Layered::Unread),
        Some(Value::Array(values)) => values
            .iter()
            .map(|value| read(name, value))
            .collect::<Result<_, _>>()
            .map(Layered::Read),
        Some(_) => Err(Invalid::new(format!("`{name}` is not an array"))),
    }
}

fn policy(layer: &str, value: &Value) -> Result<Policy, Invalid> {
    let name = value.get("name").and_then(Value::as_str);
    match (name, value.get("policy")) {
        (Some(name), Some(Value::Null)) => Ok(Policy::unread(name)),
        (Some(name), Some(document)) => Ok(Policy::new(name, Document::parse(document))),
        _ => Err(Invalid::new(format!("a policy of `{layer}` lacks `name` or `policy`"))),
    }
}

fn level(name: &str, value: &Value) -> Result<Level, Invalid> {
    let (Value::Object(object), Some(level)) = (value, value.get("level").and_then(Value::as_str))
    else {
        return Err(Invalid::new(format!("a level of `{name}` lacks `level`")));
    };
    Ok(Level { name: level.into(), policies: layer(object, "policies", policy)? })
}

impl Serialize for Explanation {
    /// The wire form.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            decision: Decision,
            decided_by: Option<By<'a>>,
            blocked_by: &'a [Layer],
            unknown: Vec<String>,
            layers: &'a BTreeMap<Layer, Verdict>,
            near_misses: Vec<Miss<'a>>,
            missing: Option<&'a Missing>,
        }
        #[derive(Serialize)]
        struct By<'a> {
            layer: Layer,
            policy: &'a str,
            statement: usize,
        }
        #[derive(Serialize)]
        struct Miss<'a> {
            policy: &'a str,
            statement: usize,
            element: &'a str,
            why: &'a str,
        }
        let by = self.decided_by.as_ref();
        let misses = self.near_misses.iter();
        Wire {
            decision: self.decision,
            decided_by: by.map(|by| By {
                layer: by.layer,
                policy: &by.policy,
                statement: by.statement,
            }),
            blocked_by: &self.blocked_by,
            unknown: self.unknown.iter().map(ToString::to_string).collect(),
            layers: &self.layers,
            near_misses: misses
                .map(|miss| Miss {
                    policy: &miss.policy,
                    statement: miss.statement,
                    element: miss.element,
                    why: &miss.why,
                })
                .collect(),
            missing: self.missing.first(),
        }
        .serialize(serializer)
    }
}

impl Serialize for Missing {
    /// The statement, as it stands in a policy.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut statement = serializer.serialize_map(None)?;
        statement.serialize_entry("Effect", "Allow")?;
        match &self.principal {
            None => {}
            Some((_, name)) if name == "*" => statement.serialize_entry("Principal", "*")?,
            Some((kind, name)) => {
                statement.serialize_entry("Principal", &BTreeMap::from([(kind, name)]))?;
            }
        }
        statement.serialize_entry("Action", &self.action)?;
        // What a role's trust policy is about is the role.
        if self.layer != Layer::Trust {
            statement.serialize_entry("Resource", &self.resource)?;
        }
        statement.end()
    }
}
