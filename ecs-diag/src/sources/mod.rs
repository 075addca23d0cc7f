//! The sources that come with the crate.

mod recorder;
mod snapshot;

pub use recorder::Recorder;
pub use snapshot::{
    RecognisedOutput, Snapshot, SnapshotError, SnapshotErrorKind, recognised_outputs,
};
