//! Words of commands that people copy into a shell.

use std::borrow::Cow;

/// `text` as one word of a POSIX shell, quoted where it holds anything unusual.
pub(crate) fn quoted(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@=,+-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn unusual_words_are_quoted() {
        assert_eq!(
            quoted("arn:aws:iam::111122223333:role/a+b@c"),
            "arn:aws:iam::111122223333:role/a+b@c"
        );
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a b; rm -rf /"), "'a b; rm -rf /'");
        assert_eq!(quoted("it's $(here)"), r"'it'\''s $(here)'");
    }
}
