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

/// A source that hands on another one's answers, without what is nobody's business, and keeps them.
///
/// Whoever has access to an account diagnoses through a recorder and gives the [capture](Self::capture)
/// to whoever has the knowledge: the diagnosis of the capture gives the same report, byte for byte.
/// What was denied, throttled or not answered in time is kept as well, and is unknown there as it
/// was here.
///
/// What is handed on is what is kept, so a report tells no more than the capture:
///
/// * Texts become `[redacted]`, or the secret part of them does; members and elements stay, because
///   what is not there means something. [`DataSource::now`] is the capture's clock, and page tokens
///   and what an SDK adds about the call are left out.
/// * **By place** go the values of environment variables, Docker labels, tags (keys stay, and the
///   values of AWS's own), options of log drivers and routers other than those that say where logs
///   go, descriptions that people wrote, user data other than the settings of the ECS agent,
///   external ids, metadata of objects, and values of secrets and parameters, should one occur.
/// * **By form** go, wherever they stand, user and password of URLs, private keys, access keys,
///   web tokens, tokens that show whose they are, and what is given to a name such as `password`;
///   in commands and reasons also long random texts. ARNs, image references, ids, host names,
///   policies and AWS's own words stay.
///
/// A secret in the name of something, or one that looks like a word, is not told from other names:
/// read a capture before it leaves the house. What the source assumes
/// ([`DataSource::assumption`]) is handed on and not kept. Of a query that is asked again the last
/// answer is kept.
///
/// ```
/// use ecs_diag::{Diagnosis, sources::{Recorder, Snapshot}};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/snapshots/checkout");
/// let account = Snapshot::open(folder)?; // or a live account
/// let target = account.target(None)?;
/// let recorder = Recorder::new(&account);
/// let report = pollster::block_on(Diagnosis::new().run(&target, &recorder))?;
///
/// let capture = recorder.capture();
/// let replay = Snapshot::from_bytes("capture.jsonl", capture.as_bytes())?;
/// let again = pollster::block_on(Diagnosis::new().run(&target, &replay))?;
/// assert_eq!(again.root_causes, report.root_causes);
/// # Ok(())
/// # }
/// ```
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
