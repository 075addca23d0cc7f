//! What can be wrong with a snapshot.

use std::fmt;

/// What is wrong with a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SnapshotErrorKind {
    /// A file or folder cannot be read.
    Unreadable,
    /// A file is not JSON, or is cut off.
    Malformed,
    /// It is JSON, but a recording or a `snapshot.json` lacks what it must have.
    Invalid,
    /// More data than is taken.
    TooLarge,
}

impl SnapshotErrorKind {
    /// The name used where kinds are shown, for instance `malformed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Malformed => "malformed",
            Self::Invalid => "invalid",
            Self::TooLarge => "too-large",
        }
    }
}

impl fmt::Display for SnapshotErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A snapshot that cannot be used: which file, where in it, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {reason}", position(*line, *column))]
pub struct SnapshotError {
    /// What is wrong.
    pub kind: SnapshotErrorKind,
    /// The file, as it was given; control characters are escaped.
    pub file: String,
    /// The line in the file (unpacked, if it was packed), counted from 1.
    pub line: Option<usize>,
    /// The column in the line, counted from 1.
    pub column: Option<usize>,
    /// The reason.
    pub reason: String,
}

impl SnapshotError {
    pub(super) fn new(kind: SnapshotErrorKind, file: &str, reason: impl Into<String>) -> Self {
        let reason = shown(&reason.into());
        Self { kind, file: shown(file), line: None, column: None, reason }
    }

    /// A parser's error; `before` lines of the file come before what was parsed.
    pub(super) fn json(file: &str, before: usize, error: &serde_json::Error) -> Self {
        // The parser repeats the position in its words.
        let words = error.to_string();
        let end = format!(" at line {} column {}", error.line(), error.column());
        let reason = words.strip_suffix(&end).unwrap_or(&words);
        Self {
            line: Some(before + error.line().max(1)),
            column: Some(error.column()),
            ..Self::new(SnapshotErrorKind::Malformed, file, format!("not valid JSON: {reason}"))
        }
    }
}

fn position(line: Option<usize>, column: Option<usize>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!(": line {line}, column {column}"),
        (Some(line), None) => format!(": line {line}"),
        _ => String::new(),
    }
}

/// Names and words out of a snapshot go to terminals: control characters are escaped.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}
