//! The AWS API as far as a diagnosis reads it: one file a service, with its queries and the
//! fields that are read of the answers.
//!
//! Answers are read leniently: members that are absent, `null` or unknown do no harm.

mod operations;

pub use operations::{OPERATIONS, Operation, operation};
