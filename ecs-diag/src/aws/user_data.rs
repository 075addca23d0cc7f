//! User data of instances, as far as captures keep it: settings of the ECS agent, and whether
//! there can be others.

use std::io::Read;

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::MultiGzDecoder;

/// EC2 takes 16 KiB, which may be packed.
const LIMIT: u64 = 1 << 20;

/// What a capture begins with that leaves out all but settings of the agent. Behind it stand how the
/// user data began and what of [`ELSEWHERE`] was in it.
pub(crate) const REDACTED: &str = "# [redacted]";
/// What begins user data that an instance understands.
const HEADERS: [&str; 6] =
    ["#!", "#cloud-config", "Content-Type:", "MIME-Version:", "<powershell>", "[settings"];
/// What in a script means that settings can come from elsewhere.
const ELSEWHERE: [&str; 7] = ["curl", "wget", "aws s3", "#include", "ansible", "base64", "b64"];

/// User data as the instance gets it, unpacked as far as that goes, and whether it goes to the end;
/// `None` if it is not base64.
pub(crate) fn decode(encoded: &str) -> Option<(Vec<u8>, bool)> {
    let compact: String = encoded.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = STANDARD.decode(compact).ok()?;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Some((bytes, true));
    }
    let mut unpacked = Vec::new();
    let end = MultiGzDecoder::new(&bytes[..]).take(LIMIT).read_to_end(&mut unpacked);
    Some((unpacked, end.is_ok()))
}

/// How user data begins, if an instance understands it.
fn header(text: &str) -> Option<&'static str> {
    let begin = text.trim_start();
    let begin = begin.strip_prefix(REDACTED).map_or(begin, |rest| rest.trim_start_matches(' '));
    HEADERS.into_iter().find(|header| {
        begin.get(..header.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(header))
    })
}

/// Where else its settings can come from.
fn elsewhere(text: &str) -> impl Iterator<Item = &'static str> {
    ELSEWHERE.into_iter().filter(|word| text.contains(word))
}

/// Whether the settings in it are all that there are.
pub(crate) fn is_whole(text: &str) -> bool {
    header(text).is_some() && elsewhere(text).next().is_none()
}

/// The first line of what is kept of it.
pub(crate) fn note(text: &str) -> String {
    std::iter::once(REDACTED)
        .chain(header(text))
        .chain(elsewhere(text))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::{is_whole, note};

    #[test]
    fn what_is_kept_tells_whether_it_is_all() {
        for (text, kept, whole) in [
            ("#!/bin/bash\nsecret", "# [redacted] #!", true),
            ("#!/bin/bash\ncurl x | base64 -d", "# [redacted] #! curl base64", false),
            ("<PowerShell>\n", "# [redacted] <powershell>", true),
            ("something", "# [redacted]", false),
            ("# [redacted]\n#!/bin/bash", "# [redacted]", false),
        ] {
            assert_eq!(note(text), kept);
            assert_eq!(is_whole(text), whole, "{text}");
            assert_eq!(note(kept), kept);
            assert_eq!(is_whole(kept), whole, "{kept}");
        }
    }
}
