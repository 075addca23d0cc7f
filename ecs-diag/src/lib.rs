//! Finds out why an Amazon ECS task does not start, and proves the fix.

#![forbid(unsafe_code)]

pub mod aws;
mod case;
mod check;
mod checks;
#[cfg(feature = "cli")]
pub mod cli;
mod diagnosis;
mod edit;
mod facts;
mod finding;
pub mod image;
mod phase;
pub mod render;
mod report;
mod select;
pub mod signature;
mod source;
pub mod sources;
mod target;

pub use case::{Case, LaunchType, Network, NetworkSource, Symptom};
pub use check::{Check, Cx, Meta, Outcome, Status};
pub use diagnosis::{Diagnosis, Error, Kind, Run, Step};
pub use edit::{Edit, Object};
pub use facts::{Facts, Missing};
pub use finding::{Evidence, Finding, Remedy, Resource, Severity};
pub use phase::Phase;
pub use report::{CheckReport, Confidence, Report, RootCause, SCHEMA, TargetSummary, Verdict};
pub use source::{DataSource, ErrorKind, Query, SourceError};
pub use target::Target;
