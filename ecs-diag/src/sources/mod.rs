//! The sources that come with the crate.

#[cfg(feature = "live")]
mod live;
mod recorder;
mod snapshot;

#[cfg(feature = "live")]
pub use live::Live;
pub use recorder::Recorder;
pub use snapshot::{
    RecognisedOutput, Snapshot, SnapshotError, SnapshotErrorKind, recognised_outputs,
};
