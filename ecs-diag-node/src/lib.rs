//! The native half of the npm package `ecs-diag`: it converts and drives, and decides nothing.
//!
//! Reports cross the border as text. An error's code is its class on the other side; see
//! `index.js`.

// A string that comes from JavaScript is owned.
#![allow(clippy::needless_pass_by_value)]

use ecs_diag::{Diagnosis, Kind, render, signature, sources};
use napi::Error;
use napi_derive::napi;
use serde::Serialize;

type Result<T> = std::result::Result<T, Error<&'static str>>;

/// Saved answers of an account: a folder or one file, read once.
#[napi]
pub struct Snapshot {
    source: sources::Snapshot,
}

#[napi]
impl Snapshot {
    /// Reads a folder or a file.
    #[napi(constructor, catch_unwind)]
    pub fn new(path: String) -> Result<Self> {
        match sources::Snapshot::open(&path) {
            Ok(source) => Ok(Self { source }),
            Err(error) => Err(Error::new("snapshot", error)),
        }
    }

    /// What was not used, and why.
    #[napi(getter)]
    pub fn warnings(&self) -> Vec<String> {
        self.source.warnings().to_vec()
    }
}

/// What to diagnose, and with which checks.
#[napi(object, object_to_js = false)]
pub struct Options {
    /// Name or ARN of the cluster.
    pub cluster: Option<String>,
    /// Id or ARN of the task.
    pub task: Option<String>,
    /// Name or ARN of the service.
    pub service: Option<String>,
    /// Ids of checks, or domains: no other checks run.
    pub only: Option<Vec<String>>,
    /// Ids of checks, or domains, that do not run.
    pub skip: Option<Vec<String>>,
}

/// A report in its forms.
#[napi(object, object_from_js = false)]
pub struct Rendered {
    /// The wire form.
    pub json: String,
    /// For people.
    pub text: String,
    /// For pages.
    pub markdown: String,
}

/// Diagnoses a target.
#[napi(catch_unwind)]
pub fn diagnose(snapshot: &Snapshot, options: Options) -> Result<Rendered> {
    let mut diagnosis = Diagnosis::new();
    if let Some(only) = options.only {
        diagnosis = diagnosis.only(only).map_err(thrown)?;
    }
    if let Some(skip) = options.skip {
        diagnosis = diagnosis.skip(skip).map_err(thrown)?;
    }
    let target = snapshot
        .source
        .find(options.cluster.as_deref(), options.task.as_deref(), options.service.as_deref())
        .map_err(thrown)?;
    // A snapshot answers at once: nothing is waited for.
    let report = pollster::block_on(diagnosis.run(&target, &snapshot.source)).map_err(thrown)?;
    Ok(Rendered {
        json: report.to_json(),
        text: render::text(&report, &render::Style::default()),
        markdown: render::markdown(&report),
    })
}

/// What a failure text says, as JSON.
#[napi(catch_unwind)]
pub fn explain(text: String) -> Result<String> {
    json(&signature::read(&text))
}

/// What is known of the checks, as JSON.
#[napi(catch_unwind)]
pub fn checks() -> Result<String> {
    json(&Diagnosis::new().checks().collect::<Vec<_>>())
}

/// The version of the package.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::new("internal", error))
}

fn thrown(error: ecs_diag::Error) -> Error<&'static str> {
    let code = match error.kind() {
        Kind::NoSuchTarget => "no-such-target",
        Kind::NoSuchCheck => "no-such-check",
        _ => "other",
    };
    Error::new(code, error)
}
