//! `capture`.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};

use super::{
    Connect, Failure, Io,
    args::{Capture, Common},
    checks, live,
};
pub(super) fn run(
    options: &Capture,
    common: &Common,
    connect: Option<&Connect<'_>>,
    io: &mut Io<'_>,
) -> Result<(), Failure> {
    let diagnosis = checks::chosen(common)?;
    let asked = live::run(&diagnosis, (&options.named, &options.live), common, connect, io)?;
    let capture = asked.recorder.capture();
    match &options.output {
        Some(path) => save(path, capture.as_bytes()).map_err(|error| {
            Failure::new(format!("`{}` cannot be written: {error}", path.display()))
        })?,
        None => {
            io.write(capture.as_bytes())?;
        }
    }
    // What stays unknown in the replay, whoever captures can still mend.
    for (operation, error) in &asked.unanswered {
        io.warn(&format!("`{operation}` gave no answer: {error}"));
    }
    Ok(())
}

/// Writes a file that only its owner can read.
fn save(path: &Path, capture: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut packed = GzEncoder::new(file, Compression::default());
        packed.write_all(capture)?;
        packed.finish()?;
        Ok(())
    } else {
        file.write_all(capture)
    }
}
