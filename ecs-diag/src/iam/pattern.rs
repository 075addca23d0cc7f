//! Patterns of policies: wildcards and variables.
//!
//! No pattern is made into a regular expression: a pattern is cut at its stars, and every piece is
//! looked for once, from left to right.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::{ContextValue, Truth, request::Context};

/// A part of a pattern as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Text(Box<str>),
    /// `?`
    One,
    /// `*`
    Star,
    Variable {
        key: Box<str>,
        name: Box<str>,
        default: Option<Box<str>>,
    },
}

/// Whether a text can have variables, or characters that are written like them.
pub(super) fn is_template(text: &str) -> bool {
    text.contains("${")
}

/// Reads a pattern. Without `wildcards`, stars and question marks are text; without `variables`,
/// so are dollars and braces.
pub(super) fn tokens(text: &str, wildcards: bool, variables: bool) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    let flush = |plain: &mut String, tokens: &mut Vec<Token>| {
        if !plain.is_empty() {
            tokens.push(Token::Text(std::mem::take(plain).into()));
        }
    };
    while let Some(next) = rest.chars().next() {
        if variables
            && let Some(inside) = rest.strip_prefix("${")
            && let Some((inside, after)) = inside.split_once('}')
        {
            if matches!(inside, "*" | "?" | "$") {
                plain.push_str(inside);
            } else {
                flush(&mut plain, &mut tokens);
                let (name, default) = match inside.split_once(',') {
                    Some((name, default)) => {
                        let default = default.trim();
                        let quoted = default
                            .strip_prefix('\'')
                            .and_then(|default| default.strip_suffix('\''));
                        (name, quoted.map(Into::into))
                    }
                    None => (inside, None),
                };
                let name = name.trim();
                let key = name.to_lowercase().into();
                tokens.push(Token::Variable { key, name: name.into(), default });
            }
            rest = after;
            continue;
        }
        rest = &rest[next.len_utf8()..];
        match next {
            '*' if wildcards => {
                flush(&mut plain, &mut tokens);
                tokens.push(Token::Star);
            }
            '?' if wildcards => {
                flush(&mut plain, &mut tokens);
                tokens.push(Token::One);
            }
            _ => plain.push(next),
        }
    }
    flush(&mut plain, &mut tokens);
    tokens
}

/// What became of the variables of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resolved {
    /// All have values.
    Known,
    /// Some value is unknown; a star stands for it.
    Unknown,
    /// Some variable has no value.
    Valueless,
}

/// Puts values in place of variables, as text: a star in a value is a star, not a wildcard.
pub(super) fn resolve(tokens: &[Token], context: &Context) -> (Vec<Token>, Resolved) {
    let mut resolved = Resolved::Known;
    let tokens = tokens
        .iter()
        .map(|token| {
            let Token::Variable { key, default, .. } = token else { return token.clone() };
            match (context.get(key), default) {
                (ContextValue::Known(values), _) if values.len() == 1 => {
                    Token::Text(values[0].as_str().into())
                }
                (ContextValue::Absent, Some(default)) => Token::Text(default.clone()),
                (ContextValue::Absent, None) => {
                    resolved = Resolved::Valueless;
                    Token::Star
                }
                // Of several values AWS takes none or, as far as is documented, any.
                _ => {
                    if resolved == Resolved::Known {
                        resolved = Resolved::Unknown;
                    }
                    Token::Star
                }
            }
        })
        .collect();
    (tokens, resolved)
}

/// The variables of a pattern that nobody knows the value of: key and name.
pub(super) fn unknown_variables<'a>(
    tokens: &'a [Token],
    context: &'a Context,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    tokens.iter().filter_map(|token| match token {
        Token::Variable { key, name, .. } => match context.get(key) {
            ContextValue::Absent => None,
            ContextValue::Known(values) if values.len() == 1 => None,
            _ => Some((&**key, &**name)),
        },
        _ => None,
    })
}

/// A pattern without variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Glob {
    Any,
    Exactly(Box<str>),
    /// This and anything behind it.
    Prefix(Box<str>),
    /// Between two of these may be anything.
    Pieces(Box<[Piece]>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(Box<str>),
    /// Characters, and `None` for any one character.
    Wild(Box<[Option<char>]>),
}

impl Glob {
    /// A pattern of text and wildcards.
    pub(super) fn new(tokens: &[Token]) -> Self {
        let mut pieces = Vec::new();
        for piece in tokens.split(|token| *token == Token::Star) {
            pieces.push(Piece::new(piece));
        }
        // Several stars in a row are one.
        let last = pieces.len() - 1;
        let mut at = 0;
        pieces.retain(|piece| {
            let inside = at != 0 && at != last;
            at += 1;
            !(inside && piece.is_empty())
        });
        match &pieces[..] {
            [Piece::Text(text)] => Self::Exactly(text.clone()),
            [Piece::Text(first), last] if last.is_empty() => {
                if first.is_empty() {
                    Self::Any
                } else {
                    Self::Prefix(first.clone())
                }
            }
            _ => Self::Pieces(pieces.into()),
        }
    }

    /// A pattern without variables, as it is written.
    pub(super) fn parse(text: &str) -> Self {
        match text.find(['*', '?']) {
            None => Self::Exactly(text.into()),
            Some(0) if text == "*" => Self::Any,
            Some(at) if text[at..] == *"*" => Self::Prefix(text[..at].into()),
            Some(_) => Self::new(&tokens(text, true, false)),
        }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(exact) => **exact == *text,
            Self::Prefix(prefix) => text.starts_with(&**prefix),
            Self::Pieces(pieces) => match &**pieces {
                [] => text.is_empty(),
                [only] => only.strip_prefix(text) == Some(""),
                [first, middle @ .., last] => {
                    let Some(mut rest) = first.strip_prefix(text) else { return false };
                    for piece in middle {
                        let Some(after) = piece.find(rest) else { return false };
                        rest = after;
                    }
                    last.ends(rest)
                }
            },
        }
    }

    /// Whether all texts match that begin like this: True, none does: False.
    pub(super) fn matches_from(&self, prefix: &str) -> Truth {
        let (head, open) = match self {
            Self::Any => return Truth::True,
            Self::Exactly(text) => (&**text, false),
            Self::Prefix(text) => (&**text, true),
            Self::Pieces(pieces) => {
                let open = pieces.last().is_some_and(Piece::is_empty);
                match pieces.first() {
                    Some(Piece::Text(text)) => (&**text, open),
                    _ => ("", open),
                }
            }
        };
        if open && self.matches(prefix) {
            Truth::True
        } else if head.starts_with(prefix)
            || !matches!(self, Self::Exactly(_)) && prefix.starts_with(head)
        {
            Truth::Unknown
        } else {
            Truth::False
        }
    }
}

impl Piece {
    fn new(tokens: &[Token]) -> Self {
        if tokens.contains(&Token::One) {
            let mut wild = Vec::new();
            for token in tokens {
                match token {
                    Token::Text(text) => wild.extend(text.chars().map(Some)),
                    _ => wild.push(None),
                }
            }
            return Self::Wild(wild.into());
        }
        let mut piece = String::new();
        for token in tokens {
            if let Token::Text(text) = token {
                piece.push_str(text);
            }
        }
        Self::Text(piece.into())
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Wild(wild) => wild.is_empty(),
        }
    }

    /// What is behind this piece at the text's beginning.
    fn strip_prefix<'a>(&self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Text(piece) => text.strip_prefix(&**piece),
            Self::Wild(piece) => {
                let mut chars = text.chars();
                for wanted in piece {
                    let actual = chars.next()?;
                    if wanted.is_some_and(|wanted| wanted != actual) {
                        return None;
                    }
                }
                Some(chars.as_str())
            }
        }
    }

    /// What is behind this piece where it first is.
    fn find<'a>(&self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Text(piece) => text.split_once(&**piece).map(|(_, after)| after),
            Self::Wild(_) => {
                let mut rest = text;
                loop {
                    if let Some(after) = self.strip_prefix(rest) {
                        return Some(after);
                    }
                    let mut chars = rest.chars();
                    chars.next()?;
                    rest = chars.as_str();
                }
            }
        }
    }

    fn ends(&self, text: &str) -> bool {
        match self {
            Self::Text(piece) => text.ends_with(&**piece),
            Self::Wild(piece) => {
                let mut chars = text.chars();
                piece.iter().rev().all(|wanted| {
                    chars.next_back().is_some_and(|actual| wanted.is_none_or(|it| it == actual))
                })
            }
        }
    }
}
