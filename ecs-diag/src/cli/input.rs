//! What commands read: bounded, and told of where it is no good.

use std::io::{self, BufRead, Read};

use super::Failure;

/// Longest text or request taken, in bytes.
pub(super) const LONGEST: u64 = 64 << 20;

/// Reads a line of `what` each; `false` at the end of the input.
pub(super) fn read_line(
    input: &mut impl BufRead,
    line: &mut Vec<u8>,
    from: &str,
    what: &str,
) -> Result<bool, Failure> {
    line.clear();
    let read = input
        .take(LONGEST + 1)
        .read_until(b'\n', line)
        .map_err(|error| unreadable(from, &error))?;
    if line.len() as u64 > LONGEST {
        return Err(too_long(what));
    }
    Ok(read > 0)
}

/// The bytes without the mark that some editors begin a file with.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

pub(super) fn unreadable(from: &str, error: &io::Error) -> Failure {
    Failure::new(format!("{from} cannot be read: {error}"))
}

pub(super) fn too_long(what: &str) -> Failure {
    Failure::new(format!("a {what} is longer than {} MiB", LONGEST >> 20))
}
