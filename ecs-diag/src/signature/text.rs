//! Spelling: one form for texts that were copied, wrapped, cut and escaped on their way.

use std::borrow::Cow;

/// How much of a huge text is read: failure texts name their wrapper first and their reason last.
const HEAD: usize = 64 * 1024;
const TAIL: usize = 16 * 1024;

/// A text, with white space and quotes made uniform.
///
/// `plain` and `lower` have the same length and the same character boundaries, so that a place
/// found in one is the same place in the other.
pub(super) struct Text {
    pub(super) plain: String,
    pub(super) lower: String,
}

impl Text {
    pub(super) fn new(text: &str) -> Self {
        let text = bounded(text);
        let mut plain = String::with_capacity(text.len());
        let mut characters = text.chars().peekable();
        // White space at the beginning is dropped.
        let mut space = true;
        while let Some(character) = characters.next() {
            let character = match character {
                // Zero-width marks come along when text is copied from a web page.
                '\u{200b}'..='\u{200d}' | '\u{feff}' | '\u{2060}' => continue,
                '\u{2018}' | '\u{2019}' => '\'',
                '\u{201c}' | '\u{201d}' => '"',
                // JSON that was pasted with its escapes.
                '\\' if characters.peek() == Some(&'"') => continue,
                other => other,
            };
            if character.is_whitespace() {
                if !space {
                    plain.push(' ');
                }
                space = true;
            } else {
                plain.push(character);
                space = false;
            }
        }
        plain.truncate(plain.trim_end().len());
        let lower = plain.to_ascii_lowercase();
        Self { plain, lower }
    }

    /// The lower-case text without the labels that consoles and scripts put around it; used to
    /// recognise texts that consist of one word.
    pub(super) fn bare(&self) -> &str {
        let mut rest = self.lower.as_str();
        loop {
            let before = rest.len();
            for label in LABELS {
                rest = rest.strip_prefix(label).unwrap_or(rest).trim_start();
            }
            rest =
                rest.trim_matches(|c| matches!(c, '"' | '\'' | '(' | ')' | '.' | ':' | ' ' | ','));
            if rest.len() == before {
                return rest;
            }
        }
    }
}

const LABELS: [&str; 9] = [
    "stopped reason:",
    "stoppedreason:",
    "stopped reason",
    "stopcode:",
    "stop code:",
    "status reason:",
    "reason:",
    "stopped (",
    "taskfailedtostart:",
];

fn bounded(text: &str) -> Cow<'_, str> {
    if text.len() <= HEAD + TAIL {
        return Cow::Borrowed(text);
    }
    let head = text.floor_char_boundary(HEAD);
    let tail = text.ceil_char_boundary(text.len() - TAIL);
    // The control character keeps the two halves from forming words that the text does not have.
    Cow::Owned(format!("{} \u{0} {}", &text[..head], &text[tail..]))
}

/// Pairs of spellings for one thing; the first is the one that the table uses.
const SPELLINGS: [(&str, &str); 11] = [
    ("canceled", "cancelled"),
    ("transition", "tranisition"),
    ("httpreadseeker", "httpreaderseeker"),
    ("signal: killed", "signal:killed"),
    ("allows the", "allowsthe"),
    ("unsupported protocol scheme", "unsupported protocol schema"),
    ("non empty", "non-empty"),
    ("can't", "cannot"),
    ("doesn't", "does not"),
    ("secret with arn", "sercretarn"),
    ("time(s)", "times"),
];

/// All spellings of a piece of text.
pub(super) fn spellings(piece: &str) -> Vec<String> {
    let mut all = vec![piece.to_owned()];
    for (usual, other) in SPELLINGS {
        for at in 0..all.len() {
            if all[at].contains(usual) {
                all.push(all[at].replace(usual, other));
            }
        }
    }
    all
}
