//! ARNs, segment by segment.
//!
//! A wildcard does not cross the first five colons of an ARN; what is behind them is one segment,
//! colons and slashes included.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>

use super::{
    Truth,
    pattern::{Glob, Token},
};

/// The resource of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    text: Box<str>,
    /// The first five segments in lower case; `None` for `*`.
    segments: Option<[Box<str>; 5]>,
    /// Where the last segment begins.
    rest: usize,
}

/// The six segments of a text.
pub(super) fn segments(text: &str) -> Option<[&str; 6]> {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next();
    Some([next()?, next()?, next()?, next()?, next()?, next()?])
}

impl Resource {
    /// An ARN or `*`.
    pub(super) fn new(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self { text: text.into(), segments: None, rest: 0 });
        }
        let [arn, partition, service, region, account, rest] = segments(text)?;
        if arn != "arn" || partition.is_empty() || service.is_empty() || rest.is_empty() {
            return None;
        }
        let lower = |text: &str| text.to_ascii_lowercase().into_boxed_str();
        let segments = [arn, partition, service, region, account].map(lower);
        Some(Self { text: text.into(), segments: Some(segments), rest: text.len() - rest.len() })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn rest(&self) -> &str {
        &self.text[self.rest..]
    }

    pub(super) fn account(&self) -> Option<&str> {
        let account = &*self.segments.as_ref()?[4];
        super::principal::is_account(account).then_some(account)
    }

    pub(super) fn is_role(&self) -> bool {
        self.segments.as_ref().is_some_and(|segments| &*segments[2] == "iam")
            && self.rest().starts_with("role/")
    }

    pub(super) fn is_key(&self) -> bool {
        self.rest().starts_with("key/")
    }

    /// The form in which denials of `logs:CreateLogGroup` name a log group.
    pub(super) fn log_stream_form(&self) -> Option<Self> {
        let name = self.rest().strip_prefix("log-group:")?;
        if name.contains(':') { None } else { Self::new(&format!("{}:log-stream:", self.text)) }
    }
}

/// A pattern for resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ArnPattern {
    /// `*`
    Any,
    Segments {
        /// The first five, in lower case.
        head: Box<[Glob; 5]>,
        rest: Glob,
    },
    /// Matches nothing.
    Nothing,
}

/// Cuts a pattern at its first five colons. A short one that ends with a star goes on with stars.
fn cut(tokens: &[Token]) -> Option<[Vec<Token>; 6]> {
    let mut cut: [Vec<Token>; 6] = Default::default();
    let mut at = 0;
    for token in tokens {
        match token {
            Token::Text(text) => {
                let mut parts = text.splitn(6 - at, ':');
                let mut part = parts.next();
                while let Some(text) = part {
                    if !text.is_empty() {
                        cut[at].push(Token::Text(text.into()));
                    }
                    part = parts.next();
                    if part.is_some() {
                        at += 1;
                    }
                }
            }
            _ => cut[at].push(token.clone()),
        }
    }
    if at < 5 {
        if tokens.last() != Some(&Token::Star) {
            return None;
        }
        for segment in &mut cut[at + 1..] {
            segment.push(Token::Star);
        }
    }
    Some(cut)
}

/// The same for a pattern without variables, as it is written.
fn cut_text(text: &str) -> Option<[&str; 6]> {
    let mut cut = ["*"; 6];
    let mut parts = 0;
    for (at, part) in text.splitn(6, ':').enumerate() {
        cut[at] = part;
        parts = at + 1;
    }
    (parts == 6 || text.ends_with('*')).then_some(cut)
}

impl ArnPattern {
    /// The pattern of a resource, whose variables have values.
    pub(super) fn new(tokens: &[Token]) -> Self {
        if tokens == [Token::Star] {
            return Self::Any;
        }
        let Some(cut) = cut(tokens) else { return Self::Nothing };
        let [head @ .., rest] = &cut;
        let head = head.each_ref().map(|segment| {
            let lower: Vec<_> = segment
                .iter()
                .map(|token| match token {
                    Token::Text(text) => Token::Text(text.to_ascii_lowercase().into()),
                    _ => token.clone(),
                })
                .collect();
            Glob::new(&lower)
        });
        Self::Segments { head: Box::new(head), rest: Glob::new(rest) }
    }

    /// The pattern of a resource without variables, as it is written.
    pub(super) fn parse(text: &str) -> Self {
        if text == "*" {
            return Self::Any;
        }
        let Some([head @ .., rest]) = cut_text(text) else { return Self::Nothing };
        let head = head.map(|segment| Glob::parse(&segment.to_ascii_lowercase()));
        Self::Segments { head: Box::new(head), rest: Glob::parse(rest) }
    }

    pub(super) fn matches(&self, resource: &Resource) -> bool {
        match (self, &resource.segments) {
            (Self::Any, _) => true,
            (Self::Segments { head, rest }, Some(segments)) => {
                // The last of them differ most.
                head.iter().zip(segments).rev().all(|(glob, segment)| glob.matches(segment))
                    && rest.matches(resource.rest())
            }
            // A request for no resource in particular is not about a particular one.
            (Self::Segments { .. } | Self::Nothing, _) => false,
        }
    }
}

/// A pattern for ARNs in the values of conditions: all of it with regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ArnValue(Option<Box<[Glob; 6]>>);

impl ArnValue {
    pub(super) fn new(tokens: &[Token]) -> Self {
        Self(cut(tokens).map(|cut| Box::new(cut.each_ref().map(|segment| Glob::new(segment)))))
    }

    /// A pattern without variables, as it is written.
    pub(super) fn parse(text: &str) -> Self {
        Self(cut_text(text).map(|cut| Box::new(cut.map(Glob::parse))))
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let (Some(globs), Some(segments)) = (&self.0, segments(text)) else { return false };
        globs.iter().zip(segments).all(|(glob, segment)| glob.matches(segment))
    }

    /// Whether all ARNs match that begin like this: True, none does: False.
    pub(super) fn matches_from(&self, prefix: &str) -> Truth {
        let Some(globs) = &self.0 else { return Truth::False };
        let Some(known) = segments(prefix) else { return Truth::Unknown };
        if globs[..5].iter().zip(known).all(|(glob, segment)| glob.matches(segment)) {
            globs[5].matches_from(known[5])
        } else {
            Truth::False
        }
    }
}
