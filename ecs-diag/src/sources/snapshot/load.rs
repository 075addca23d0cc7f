//! Files to values.

use std::{fs, io::Read, path::Path};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::{SnapshotError, SnapshotErrorKind, error::shown};

/// Bytes of all files together, unpacked. More is a mistake or an attack.
const LIMIT: u64 = 1 << 30;

/// One JSON value of a file.
pub(super) struct Item {
    /// The file, and which of its values where it holds several; fit to be shown.
    pub(super) source: String,
    pub(super) value: Value,
}

/// What was read.
pub(super) struct Loaded {
    pub(super) items: Vec<Item>,
    /// Warnings with the name of the file that each is about.
    pub(super) warnings: Vec<(String, String)>,
    /// Bytes that may still be read.
    left: u64,
}

impl Default for Loaded {
    fn default() -> Self {
        Self::with_limit(LIMIT)
    }
}

impl Loaded {
    pub(super) fn with_limit(limit: u64) -> Self {
        Self { items: Vec::new(), warnings: Vec::new(), left: limit }
    }

    pub(super) fn warn(&mut self, source: &str, words: &str) {
        self.warnings.push((source.to_owned(), format!("{source}: {words}")));
    }

    /// A folder, or one file.
    pub(super) fn path(&mut self, path: &Path) -> Result<(), SnapshotError> {
        let unreadable = |path: &Path, error: std::io::Error| {
            let kind = SnapshotErrorKind::Unreadable;
            SnapshotError::new(kind, &path.to_string_lossy(), error.to_string())
        };
        let metadata = fs::metadata(path).map_err(|error| unreadable(path, error))?;
        if !metadata.is_dir() {
            return self.file(path);
        }
        let mut files = Vec::new();
        let mut folders = vec![path.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, error))? {
                let entry = entry.map_err(|error| unreadable(&folder, error))?;
                let kind = entry.file_type().map_err(|error| unreadable(&entry.path(), error))?;
                let path = entry.path();
                if kind.is_dir() {
                    folders.push(path);
                } else if wanted(&path) {
                    if kind.is_file() {
                        files.push(path);
                    } else {
                        // A link could lead out of the folder or back into it; a pipe would block.
                        let name = shown(&path.to_string_lossy());
                        self.warn(&name, "is not a regular file, not read");
                    }
                }
            }
        }
        files.sort_unstable();
        if files.is_empty() {
            let name = shown(&path.to_string_lossy());
            self.warn(&name, "holds no `*.json` or `*.jsonl` file");
        }
        files.iter().try_for_each(|file| self.file(file))
    }

    fn file(&mut self, path: &Path) -> Result<(), SnapshotError> {
        let name = path.to_string_lossy();
        let error = |error: std::io::Error| {
            SnapshotError::new(SnapshotErrorKind::Unreadable, &name, error.to_string())
        };
        let file = fs::File::open(path).map_err(error)?;
        let mut bytes = Vec::new();
        file.take(self.left + 1).read_to_end(&mut bytes).map_err(error)?;
        self.bytes(&name, &bytes)
    }

    /// The bytes of one file; the name tells JSON Lines from JSON.
    pub(super) fn bytes(&mut self, name: &str, bytes: &[u8]) -> Result<(), SnapshotError> {
        let too_large = || {
            let words = format!("the snapshot is larger than {} MiB unpacked", LIMIT >> 20);
            SnapshotError::new(SnapshotErrorKind::TooLarge, name, words)
        };
        let left = self.left;
        let unpacked;
        let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut out = Vec::new();
            MultiGzDecoder::new(bytes).take(left + 1).read_to_end(&mut out).map_err(|error| {
                let words = format!("not a valid gzip file: {error}");
                SnapshotError::new(SnapshotErrorKind::Malformed, name, words)
            })?;
            unpacked = out;
            &unpacked[..]
        } else {
            bytes
        };
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > left {
            return Err(too_large());
        }
        self.left -= size;

        let decoded;
        let bytes = if let Some(text) = utf16(bytes) {
            decoded = text;
            decoded.as_bytes()
        } else {
            bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
        };
        let values = if extension(name) == Some("jsonl") {
            lines(name, bytes)?
        } else {
            stream(name, bytes)?
        };
        self.values(&shown(name), values);
        Ok(())
    }

    /// Values of one file, arrays opened.
    pub(super) fn values(&mut self, name: &str, values: Vec<Value>) {
        if values.is_empty() {
            self.warn(name, "empty");
        }
        let single = values.len() == 1;
        let mut number = 0;
        for value in values {
            match value {
                Value::Array(items) => {
                    if items.is_empty() {
                        self.warn(name, "an empty array says nothing");
                    }
                    for value in items {
                        number += 1;
                        let source = format!("{name}: value {number}");
                        self.items.push(Item { source, value });
                    }
                }
                value => {
                    number += 1;
                    let source =
                        if single { name.to_owned() } else { format!("{name}: value {number}") };
                    self.items.push(Item { source, value });
                }
            }
        }
    }
}

fn wanted(path: &Path) -> bool {
    matches!(extension(&path.to_string_lossy()), Some("json" | "jsonl"))
}

/// What a name ends with, `.gz` aside.
fn extension(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let (_, end) = name.strip_suffix(".gz").unwrap_or(&name).rsplit_once('.')?;
    ["json", "jsonl"].into_iter().find(|known| *known == end)
}

/// Text with a UTF-16 mark, as Windows PowerShell's `>` writes it.
fn utf16(bytes: &[u8]) -> Option<String> {
    let little = match bytes {
        [0xff, 0xfe, ..] => true,
        [0xfe, 0xff, ..] => false,
        _ => return None,
    };
    let units: Vec<u16> = bytes[2..]
        .chunks(2)
        .map(|pair| {
            let pair = [pair[0], pair.get(1).copied().unwrap_or(0)];
            if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
        })
        .collect();
    Some(String::from_utf16_lossy(&units))
}

/// One value, or several one after the other, as `>>` leaves them.
fn stream(name: &str, bytes: &[u8]) -> Result<Vec<Value>, SnapshotError> {
    serde_json::Deserializer::from_slice(bytes)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| SnapshotError::json(name, 0, &error))
}

fn lines(name: &str, bytes: &[u8]) -> Result<Vec<Value>, SnapshotError> {
    let mut values = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let value = serde_json::from_slice(line)
            .map_err(|error| SnapshotError::json(name, number, &error))?;
        values.push(value);
    }
    Ok(values)
}
