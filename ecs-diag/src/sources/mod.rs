//! The sources that come with the crate.

mod snapshot;

pub use snapshot::{
    RecognisedOutput, Snapshot, SnapshotError, SnapshotErrorKind, recognised_outputs,
};
