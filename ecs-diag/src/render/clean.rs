//! Data made fit to be shown.

use std::borrow::Cow;

/// Text from data, with everything escaped that would not show or would act: control characters
/// and line breaks, ANSI escapes with them, marks that change the direction of writing, and
/// characters without width.
///
/// ```
/// assert_eq!(
///     ecs_diag::render::clean("a\u{1b}[2Jb\n\u{202e}c"),
///     r"a\u{1b}[2Jb\n\u{202e}c"
/// );
/// ```
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_unprintable(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// How far the cut moves to fall between two words, in bytes.
const NEAR: usize = 24;

/// Text of about `most` characters at most: what is too much is left out of the middle, because a
/// failure message begins with what happened and ends with why.
pub(crate) fn shorten(text: &str, most: usize) -> Cow<'_, str> {
    // A character has at least one byte.
    if text.len() <= most || text.chars().count() <= most {
        return Cow::Borrowed(text);
    }
    let tail = most / 2;
    let at = |count: usize| text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
    let start = at(most - tail);
    let end = text.char_indices().nth_back(tail.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    let head = match text[..start].rfind(' ') {
        Some(space) if start - space <= NEAR => &text[..space],
        _ => &text[..start],
    };
    let tail = match text[end..].find(' ') {
        Some(space) if space <= NEAR => &text[end + space + 1..],
        _ => &text[end..],
    };
    let left_out = text[head.len()..text.len() - tail.len()].trim().chars().count();
    Cow::Owned(format!("{head} … ({left_out} characters) … {tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts() {
        for (text, shown) in [
            ("plain `text` – ä 漢", "plain `text` – ä 漢"),
            ("\u{1b}]8;;http://x\u{7}y", r"\u{1b}]8;;http://x\u{7}y"),
            ("\u{9b}31m\u{7f}", r"\u{9b}31m\u{7f}"),
            ("a\r\nb\tc\0", r"a\r\nb\tc\u{0}"),
            ("\u{2066}\u{2069}\u{200b}\u{feff}", r"\u{2066}\u{2069}\u{200b}\u{feff}"),
        ] {
            assert_eq!(clean(text), shown);
        }
        for c in ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}') {
            assert!(clean(&c.to_string()).is_ascii(), "{c:?}");
        }
    }

    #[test]
    fn the_middle_is_left_out() {
        assert_eq!(shorten("0123456789", 10), "0123456789");
        assert_eq!(shorten("0123456789ab", 4), "01 … (8 characters) … ab");
        assert_eq!(shorten("äöüß", 4), "äöüß");
        assert_eq!(shorten("äöüßäöüß", 3), "äö … (5 characters) … ß");
        assert_eq!(shorten("one two three four", 12), "one … (9 characters) … four");
    }
}
