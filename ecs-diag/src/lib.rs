//! Finds out why an Amazon ECS task does not start, and proves the fix.
//!
//! A [`DataSource`] answers queries, one read-only AWS API call each. Checks ask for facts; what
//! is not there is fetched, and the checks run again, until nothing new is wanted. What they find
//! becomes a [`Report`]: a verdict, the root causes in order, and remedies, proved by evaluating
//! again on facts to which they were applied.
//!
//! ```
//! use ecs_diag::{Diagnosis, sources::Snapshot};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/snapshots/checkout");
//! let snapshot = Snapshot::open(folder)?;
//! let target = snapshot.target(None)?;
//! let report = pollster::block_on(Diagnosis::new().run(&target, &snapshot))?;
//! assert_eq!(report.cause().unwrap().check, "sec-asm-recreated-suffix");
//! # Ok(())
//! # }
//! ```
//!
//! - [`Diagnosis`] chooses checks and runs them; [`Diagnosis::start`] hands the loop to the caller.
//! - [`sources`] has the sources that come with the crate.
//! - [`Check`] and [`Cx`] are what a check of one's own is written with.
//! - [`signature`] reads failure texts, and is useful alone.
//! - [`iam`] decides who may do what, and is useful alone.
//!
//! | feature | what it adds |
//! |---|---|
//! | none | the core: snapshots, signatures, checks, reports |
//! | `cli` | the command `ecs-diag` |
//! | `live` | live accounts as a source: `sources::Live`, through the AWS SDK for Rust |

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
pub mod iam;
pub mod image;
mod phase;
pub mod render;
mod report;
mod select;
mod shell;
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
pub use source::{Access, Answer, DataSource, ErrorKind, Query, SourceError};
pub use target::Target;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
