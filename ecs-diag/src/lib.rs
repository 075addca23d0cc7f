//! Finds out why an Amazon ECS task does not start, and proves the fix.

#![forbid(unsafe_code)]

pub mod aws;
mod phase;
mod source;
pub mod sources;

pub use phase::Phase;
pub use source::{DataSource, ErrorKind, Query, SourceError};
