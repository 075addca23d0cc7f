//! Finds out why an Amazon ECS task does not start, and proves the fix.

#![forbid(unsafe_code)]

mod phase;
pub mod signature;

pub use phase::Phase;
