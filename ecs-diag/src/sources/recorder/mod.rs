//! Answers handed on and kept, so that they can be given away.

mod redact;
mod secrets;
#[cfg(test)]
mod tests;
mod user_data;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::snapshot::{SCHEMA, error_to_record, settle};
use crate::{
    DataSource, ErrorKind, Query, SourceError,
    aws::{self, Arn},
    source::Answer,
};

/// A source that hands on another one's answers and keeps them.
pub struct Recorder<S> {
    source: S,
    now: Timestamp,
    calls: Mutex<BTreeMap<Query, Answer>>,
}

impl<S: DataSource> Recorder<S> {
    /// A recorder of what `source` answers.
    pub fn new(source: S) -> Self {
        let now = source.now().unwrap_or_else(Timestamp::now);
        Self { source, now, calls: Mutex::default() }
    }

    /// What was answered so far, as JSON Lines that a [`Snapshot`](super::Snapshot) reads: where
    /// and when, then a recording a line, sorted.
    pub fn capture(&self) -> String {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let manifest = Manifest {
            schema: SCHEMA,
            account: account(&calls),
            region: self.source.region(),
            captured_at: self.now.to_string(),
        };
        let mut lines = line(&manifest);
        for (query, answer) in &*calls {
            lines += &line(&Recording {
                service: &query.service,
                operation: &query.operation,
                region: query.region.as_deref(),
                input: query.input(),
                output: answer.as_ref().ok(),
                error: answer.as_ref().err().map(error_to_record),
            });
        }
        lines
    }

    /// Makes an answer fit to be given away, and keeps it.
    fn keep(&self, query: &Query, answer: Answer) -> Answer {
        let mut answer = answer.and_then(|output| {
            let words = "the answer is not a JSON object";
            let error = SourceError::new(ErrorKind::Malformed, words);
            if output.is_object() { Ok(output) } else { Err(error) }
        });
        match &mut answer {
            Ok(output) => {
                redact::answer(query, output);
                settle(&query.service, &query.operation, output);
            }
            Err(error) => redact::error(error),
        }
        // Of what is never asked nothing is replayed.
        if aws::operation(&query.service, &query.operation).is_some() {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.insert(query.clone(), answer.clone());
        }
        answer
    }
}

#[async_trait::async_trait]
impl<S: DataSource> DataSource for Recorder<S> {
    async fn fetch(&self, query: &Query) -> Answer {
        self.keep(query, self.source.fetch(query).await)
    }

    async fn fetch_all(&self, queries: Vec<Query>) -> Vec<(Query, Answer)> {
        let answers = self.source.fetch_all(queries).await.into_iter();
        answers
            .map(|(query, answer)| {
                let answer = self.keep(&query, answer);
                (query, answer)
            })
            .collect()
    }

    fn now(&self) -> Option<Timestamp> {
        Some(self.now)
    }

    fn region(&self) -> Option<String> {
        self.source.region()
    }

    fn assumption(&self, query: &Query) -> Option<String> {
        self.source.assumption(query)
    }
}

impl<S> std::fmt::Debug for Recorder<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("now", &self.now).finish_non_exhaustive()
    }
}

/// The first line of a capture.
#[derive(Serialize)]
struct Manifest {
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    captured_at: String,
}

/// Another line of it.
#[derive(Serialize)]
struct Recording<'a> {
    service: &'a str,
    operation: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    input: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

fn line(value: &impl Serialize) -> String {
    // Texts, numbers and maps by texts cannot fail to be written.
    serde_json::to_string(value).unwrap_or_default() + "\n"
}

/// The account that the ARNs of ECS name, in questions and answers.
fn account(calls: &BTreeMap<Query, Answer>) -> Option<String> {
    fn named(value: &Value) -> Option<String> {
        match value {
            Value::String(text) => {
                let arn: Arn = text.parse().ok()?;
                (arn.service == "ecs" && !arn.account.is_empty()).then_some(arn.account)
            }
            Value::Array(items) => items.iter().find_map(named),
            Value::Object(members) => members.values().find_map(named),
            _ => None,
        }
    }
    let of_ecs = || calls.iter().filter(|(query, _)| query.service == "ecs");
    of_ecs()
        .find_map(|(query, _)| named(&query.input()))
        .or_else(|| of_ecs().find_map(|(_, answer)| named(answer.as_ref().ok()?)))
}
