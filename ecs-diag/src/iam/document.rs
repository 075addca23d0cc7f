//! Policy documents.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use std::{borrow::Cow, fmt};

use serde_json::{Map, Value};

use super::{
    Request, Truth,
    arn::ArnPattern,
    condition::Condition,
    pattern::{Glob, Resolved, Token, is_template, resolve, tokens},
    principal::Entry,
};

/// Longest pattern or name in a statement, in bytes. No policy of AWS may be much longer as a whole.
const LONGEST: usize = 16 << 10;

/// What a statement does where it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Allows.
    Allow,
    /// Denies.
    Deny,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        })
    }
}

/// A policy document, read and ready to be evaluated.
///
/// Whatever is not understood stays unknown: a statement that cannot be read may allow or deny
/// anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    statements: Box<[Statement]>,
}

/// A statement of a policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    index: usize,
    pointer: Box<str>,
    sid: Option<Box<str>>,
    pub(super) body: Result<Body, Box<str>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) effect: Effect,
    pub(super) principals: Principals,
    pub(super) actions: Actions,
    pub(super) resources: Resources,
    pub(super) conditions: Box<[Condition]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Principals {
    /// The element is not there.
    Unnamed,
    Only(Box<[Entry]>),
    Except(Box<[Entry]>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Actions {
    Only(Box<[ActionPattern]>),
    Except(Box<[ActionPattern]>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ActionPattern {
    pub(super) text: Box<str>,
    /// In lower case.
    glob: Glob,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Resources {
    /// The element is not there: the resource that the policy is attached to.
    This,
    Only(Box<[ResourcePattern]>),
    Except(Box<[ResourcePattern]>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ResourcePattern {
    pub(super) text: Box<str>,
    pub(super) form: Form,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Pattern(ArnPattern),
    Template(Box<[Token]>),
}

impl Document {
    /// Reads a policy document: an object, or as some services answer it, its JSON text.
    pub fn parse(document: &Value) -> Self {
        let document = match document {
            Value::String(text) => match serde_json::from_str(text) {
                Ok(value) => Cow::Owned(value),
                Err(error) => return Self::unreadable(&format!("it is not JSON: {error}")),
            },
            value => Cow::Borrowed(value),
        };
        let Value::Object(document) = &*document else {
            return Self::unreadable("it is not an object");
        };
        let variables = match document.get("Version") {
            None => false,
            Some(Value::String(version)) if version == "2008-10-17" => false,
            Some(Value::String(version)) if version == "2012-10-17" => true,
            Some(_) => return Self::unreadable("its `Version` is not known"),
        };
        let statements = match document.get("Statement") {
            Some(statement @ Value::Object(_)) => {
                vec![Statement::parse(0, "/Statement".into(), statement, variables)]
            }
            Some(Value::Array(statements)) => statements
                .iter()
                .enumerate()
                .map(|(index, statement)| {
                    let pointer = format!("/Statement/{index}").into();
                    Statement::parse(index, pointer, statement, variables)
                })
                .collect(),
            _ => return Self::unreadable("it has no statements"),
        };
        Self { statements: statements.into() }
    }

    fn unreadable(why: &str) -> Self {
        let body = Err(format!("the document cannot be read: {why}").into());
        let statement = Statement { index: 0, pointer: "".into(), sid: None, body };
        Self { statements: [statement].into() }
    }

    /// The statements, in their order. A document that cannot be read has one, which is unknown.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

impl Statement {
    fn parse(index: usize, pointer: Box<str>, statement: &Value, variables: bool) -> Self {
        let sid = statement.get("Sid").and_then(Value::as_str).map(Into::into);
        let body = match statement {
            Value::Object(statement) => Body::parse(statement, variables).map_err(Into::into),
            _ => Err("it is not an object".into()),
        };
        Self { index, pointer, sid, body }
    }

    /// Its place among the statements, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The JSON pointer to it, for instance `/Statement/2`.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Its `Sid`.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Its effect, where it can be read.
    pub fn effect(&self) -> Option<Effect> {
        self.body.as_ref().ok().map(|body| body.effect)
    }

    /// Why it cannot be read, where it cannot.
    pub fn problem(&self) -> Option<&str> {
        self.body.as_ref().err().map(|why| &**why)
    }
}

impl Body {
    fn parse(statement: &Map<String, Value>, variables: bool) -> Result<Self, String> {
        const ELEMENTS: [&str; 9] = [
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        if let Some(other) = statement.keys().find(|name| !ELEMENTS.contains(&name.as_str())) {
            return Err(format!("`{other}` is not an element of a statement"));
        }
        let effect = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err("its `Effect` is neither `Allow` nor `Deny`".to_owned()),
        };
        let one_of = |name: &str, not: &str| match (statement.get(name), statement.get(not)) {
            (Some(_), Some(_)) => Err(format!("it has both `{name}` and `{not}`")),
            pair => Ok(pair),
        };
        let principals = match one_of("Principal", "NotPrincipal")? {
            (Some(only), _) => Principals::Only(entries(only)?),
            (_, Some(except)) => Principals::Except(entries(except)?),
            _ => Principals::Unnamed,
        };
        let actions = match one_of("Action", "NotAction")? {
            (Some(only), _) => Actions::Only(actions(only)?),
            (_, Some(except)) => Actions::Except(actions(except)?),
            _ => return Err("it has neither `Action` nor `NotAction`".to_owned()),
        };
        let resources = match one_of("Resource", "NotResource")? {
            (Some(only), _) => Resources::Only(resources(only, variables)?),
            (_, Some(except)) => Resources::Except(resources(except, variables)?),
            _ => Resources::This,
        };
        let mut conditions = Vec::new();
        match statement.get("Condition") {
            None => {}
            Some(Value::Object(operators)) => {
                for (operator, keys) in operators {
                    let Value::Object(keys) = keys else {
                        return Err(format!("`{operator}` has no keys"));
                    };
                    for (key, values) in keys {
                        conditions.push(Condition::parse(operator, key, values, variables)?);
                    }
                }
            }
            Some(_) => return Err("its `Condition` is not an object".to_owned()),
        }
        Ok(Self { effect, principals, actions, resources, conditions: conditions.into() })
    }
}

/// The texts of an element that has one or many.
fn texts<'a>(element: &str, value: &'a Value) -> Result<Vec<&'a str>, String> {
    let values = match value {
        Value::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    values
        .iter()
        .map(|value| match value.as_str() {
            Some(text) if text.len() <= LONGEST => Ok(text),
            Some(_) => Err(format!("a text in its {element} is longer than any policy")),
            None => Err(format!("its {element} are not texts")),
        })
        .collect()
}

fn actions(value: &Value) -> Result<Box<[ActionPattern]>, String> {
    texts("actions", value)?
        .into_iter()
        .map(|text| {
            if text == "*" || text.contains(':') {
                let glob = Glob::parse(&text.to_ascii_lowercase());
                Ok(ActionPattern { text: text.into(), glob })
            } else {
                Err(format!("action `{text}` names no service"))
            }
        })
        .collect()
}

fn resources(value: &Value, variables: bool) -> Result<Box<[ResourcePattern]>, String> {
    let resources = texts("resources", value)?;
    Ok(resources.into_iter().map(|text| ResourcePattern::new(text, variables)).collect())
}

impl ResourcePattern {
    fn new(text: &str, variables: bool) -> Self {
        if !variables || !is_template(text) {
            return Self { text: text.into(), form: Form::Pattern(ArnPattern::parse(text)) };
        }
        // Variables are read behind the fifth colon only.
        let at = text.match_indices(':').nth(4).map_or(text.len(), |(at, _)| at + 1);
        let (head, rest) = text.split_at(at);
        let mut parsed = tokens(head, true, false);
        parsed.extend(tokens(rest, true, true));
        let template = parsed.iter().any(|token| matches!(token, Token::Variable { .. }));
        let form = if template {
            Form::Template(parsed.into())
        } else {
            Form::Pattern(ArnPattern::new(&parsed))
        };
        Self { text: text.into(), form }
    }

    /// Whether it is about the resource of the request, and what became of its variables.
    pub(super) fn matches(&self, request: &Request) -> (bool, Resolved) {
        match &self.form {
            Form::Pattern(pattern) => (pattern.matches(&request.resource), Resolved::Known),
            Form::Template(tokens) => {
                let (tokens, resolved) = resolve(tokens, &request.context);
                (ArnPattern::new(&tokens).matches(&request.resource), resolved)
            }
        }
    }
}

impl Actions {
    pub(super) fn matches(&self, request: &Request) -> bool {
        let any = |patterns: &[ActionPattern]| {
            patterns.iter().any(|pattern| pattern.glob.matches(&request.lower_action))
        };
        match self {
            Self::Only(patterns) => any(patterns),
            Self::Except(patterns) => !any(patterns),
        }
    }
}

impl Resources {
    /// Whether they are about the resource of the request. Where `attached`, the policy is attached
    /// to a resource, which statements need not name.
    pub(super) fn matches(&self, request: &Request, attached: bool) -> Truth {
        match self {
            Self::This if attached => Truth::True,
            // AWS does not take such a statement.
            Self::This => Truth::Unknown,
            Self::Only(patterns) => {
                Truth::any(patterns.iter().map(|pattern| match pattern.matches(request) {
                    (matches, Resolved::Known) => Truth::of(matches),
                    (true, Resolved::Unknown) => Truth::Unknown,
                    _ => Truth::False,
                }))
            }
            Self::Except(patterns) => Truth::any(patterns.iter().map(|pattern| {
                match pattern.matches(request) {
                    (matches, Resolved::Known) => Truth::of(matches),
                    // Whether an exception without a value is one is not documented.
                    (true, _) => Truth::Unknown,
                    (false, _) => Truth::False,
                }
            }))
            .not(),
        }
    }
}

fn entries(value: &Value) -> Result<Box<[Entry]>, String> {
    let kinds = match value {
        Value::String(text) if text == "*" => return Ok([Entry::Everyone].into()),
        Value::Object(kinds) => kinds,
        _ => return Err("its principal is neither `*` nor an object".to_owned()),
    };
    let mut entries = Vec::new();
    for (kind, names) in kinds {
        let entry: fn(&str) -> Entry = match kind.as_str() {
            "AWS" => Entry::aws,
            "Service" => |name| Entry::Service(name.into()),
            "Federated" => |name| Entry::Federated(name.into()),
            "CanonicalUser" => |name| Entry::CanonicalUser(name.into()),
            _ => return Err(format!("`{kind}` is not a kind of principal")),
        };
        entries.extend(texts("principals", names)?.into_iter().map(entry));
    }
    Ok(entries.into())
}
