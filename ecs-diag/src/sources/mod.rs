//! The sources that come with the crate.
