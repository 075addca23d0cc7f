//! Words of commands that a reader copies into a shell.

use std::borrow::Cow;

/// `word` as one word of a POSIX shell, whatever it holds.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@=,+-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
    }
}

/// ` --region R`, where the Region is known.
pub(crate) fn region_option(region: Option<&str>) -> String {
    region.map_or(String::new(), |region| format!(" --region {}", quoted(region)))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_stays_one_word() {
        assert_eq!(
            quoted("arn:aws:iam::1:role/a_b.c@d=e,f+g-h"),
            "arn:aws:iam::1:role/a_b.c@d=e,f+g-h"
        );
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("x'; rm -rf ~ #"), r"'x'\''; rm -rf ~ #'");
        assert_eq!(quoted("$(id)"), "'$(id)'");
    }
}
