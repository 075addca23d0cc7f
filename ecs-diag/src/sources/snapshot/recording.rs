//! Recordings: saved calls, their pages, and the keys they are found by.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{normal, path::string, select::secret_name, store::canonical, table};
use crate::{ErrorKind, SourceError};

/// A saved call.
pub(super) struct Recording {
    pub(super) service: String,
    pub(super) operation: String,
    pub(super) region: Option<String>,
    pub(super) input: Value,
    pub(super) result: Result<Value, SourceError>,
    /// The answer is not the last page.
    pub(super) truncated: bool,
    /// The answer is not the first page.
    pub(super) continued: bool,
    pub(super) source: String,
}

/// The error of a recording. Captures name the kind where the code does not give it.
pub(super) fn recorded_error(error: &Value) -> Option<SourceError> {
    let code = string(error, "code").or_else(|| string(error, "Code"))?;
    let message = string(error, "message").or_else(|| string(error, "Message"));
    let recorded = coded(code, message.unwrap_or_default());
    Some(match kind(error.get("kind")) {
        Some(kind) => SourceError { kind, ..recorded },
        None => recorded,
    })
}

/// An error as its code gives it: our own kinds are their own codes.
fn coded(code: String, message: String) -> SourceError {
    match kind(Some(&code.as_str().into())) {
        Some(kind) => SourceError::new(kind, message),
        None => SourceError::from_code(code, message),
    }
}

fn kind(name: Option<&Value>) -> Option<ErrorKind> {
    ErrorKind::deserialize(name?).ok()
}

/// The `error` of a recording, such that it is read as it was.
pub(in crate::sources) fn error_to_record(error: &SourceError) -> Value {
    let mut recorded = json!({"code": error.code, "message": error.message});
    if coded(error.code.clone(), error.message.clone()).kind != error.kind {
        recorded["kind"] = error.kind.as_str().into();
    }
    recorded
}

/// Pages put together; they stay a part where one is not there.
pub(super) fn chain(mut pages: Vec<Recording>) -> Vec<Recording> {
    pages.sort_by_cached_key(|page| {
        (page.continued, canonical(&page.input), page.result.as_ref().ok().map(canonical))
    });
    pages.dedup_by(|one, other| one.input == other.input && one.result == other.result);
    let mut order: Vec<usize> = Vec::new();
    let mut next = pages.iter().position(|page| !page.continued);
    while let Some(at) = next {
        if order.contains(&at) {
            return pages;
        }
        order.push(at);
        let token = pages[at].result.as_ref().ok().and_then(normal::token_out);
        match token {
            None => break,
            Some(token) => {
                next = pages
                    .iter()
                    .position(|page| normal::token_in(&page.input) == Some(token.as_str()));
                if next.is_none() {
                    return pages;
                }
            }
        }
    }
    if order.is_empty() {
        return pages;
    }
    let mut all = Map::new();
    for at in &order {
        let Ok(Value::Object(output)) = &mut pages[*at].result else { return pages };
        for (name, member) in std::mem::take(output) {
            match (all.get_mut(&name), member) {
                (Some(Value::Array(items)), Value::Array(more)) => items.extend(more),
                (Some(_), _) => {}
                (None, member) => {
                    all.insert(name, member);
                }
            }
        }
    }
    let mut whole = pages.swap_remove(order[0]);
    let mut output = Value::Object(all);
    normal::strip(&mut output);
    whole.result = Ok(output);
    whole.truncated = false;
    vec![whole]
}

/// The key of an error that stands for every input.
pub(super) fn every_key(service: &str, operation: &str, region: &str) -> String {
    let region = if table::is_global(service) { "" } else { region };
    format!("{service}:{operation}\n{region}")
}

/// The keys under which a recording with this (normalised) input may stand. A recording stands
/// under the first; where a secret is named by its ARN, the name can end at two places.
pub(super) fn recording_keys(
    service: &str,
    operation: &str,
    region: &str,
    mut input: Map<String, Value>,
) -> Vec<String> {
    let every = every_key(service, operation, region);
    let key = |input: &Map<String, Value>| {
        format!("{every}\n{}", canonical(&Value::Object(input.clone())))
    };
    let secret = input.get("SecretId").and_then(Value::as_str).and_then(secret_name);
    let Some(name) = secret.map(str::to_owned) else { return vec![key(&input)] };
    let mut keys = Vec::new();
    let short = without_suffix(&name).map(str::to_owned);
    for name in short.into_iter().chain([name]) {
        input.insert("SecretId".to_owned(), name.into());
        keys.push(key(&input));
    }
    keys
}

/// A secret's name without the hyphen and six characters that its ARN ends with.
pub(super) fn without_suffix(name: &str) -> Option<&str> {
    let (name, suffix) = name.rsplit_once('-')?;
    (suffix.len() == 6 && suffix.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(name)
}
