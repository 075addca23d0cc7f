//! Paths into objects, and the patterns that filters compare with.

use serde_json::Value;

/// Calls `visit` with every scalar that `path` leads to.
///
/// A path is member names joined by `.`; arrays on the way are entered. What follows `|` says
/// which part of the text counts: `last` segment, its `parent`, a `family`, a `listener`.
pub(super) fn texts(value: &Value, path: &str, visit: &mut dyn FnMut(&str)) {
    let (path, part) = path.split_once('|').unwrap_or((path, ""));
    walk(value, path, &mut |text| {
        if let Some(text) = part_of(text, part) {
            visit(&text);
        }
    });
}

/// The first text that `path` leads to.
pub(super) fn text(value: &Value, path: &str) -> Option<String> {
    let mut first = None;
    texts(value, path, &mut |text| {
        if first.is_none() {
            first = Some(text.to_owned());
        }
    });
    first
}

/// The text of a member.
pub(super) fn string(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn walk(value: &Value, path: &str, visit: &mut dyn FnMut(&str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, path, visit)),
        Value::Object(members) if !path.is_empty() => {
            let (name, rest) = path.split_once('.').unwrap_or((path, ""));
            if let Some(member) = members.get(name) {
                walk(member, rest, visit);
            }
        }
        _ if !path.is_empty() => {}
        Value::String(text) => visit(text),
        Value::Bool(_) | Value::Number(_) => visit(&value.to_string()),
        Value::Null | Value::Object(_) => {}
    }
}

fn part_of<'a>(text: &'a str, part: &str) -> Option<std::borrow::Cow<'a, str>> {
    Some(match part {
        "last" => last(text).into(),
        "parent" => text.rsplit('/').nth(1)?.into(),
        "family" => {
            let last = last(text);
            last.rsplit_once(':').map_or(last, |(family, _)| family).into()
        }
        // A rule's ARN is its listener's with another word and one more segment.
        "listener" => text
            .rsplit_once('/')
            .map_or(text, |(listener, _)| listener)
            .replacen(":listener-rule/", ":listener/", 1)
            .into(),
        _ => text.into(),
    })
}

/// What follows the last `/`.
pub(super) fn last(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// What a text is compared with.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// The same text.
    Is(String),
    /// The same text in upper or lower case: states are written both ways.
    IsState(String),
    /// The text begins so.
    Begins(String),
    /// The text holds this.
    Contains(String),
    /// `*` stands for any characters, `?` for one, `\` takes the meaning from the next.
    Wild(String),
    /// A moment not before this one, in seconds.
    From(f64),
    /// A moment not after this one, in seconds.
    Until(f64),
    /// The path leads to tags, and one has this key and such a value.
    Tag(String, Box<Pattern>),
}

impl Pattern {
    /// A value of an EC2 filter.
    pub(super) fn wild(text: &str) -> Self {
        if text.contains(['*', '?', '\\']) {
            Self::Wild(text.to_owned())
        } else {
            Self::Is(text.to_owned())
        }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Is(other) => text == other,
            Self::IsState(other) => text.eq_ignore_ascii_case(other),
            Self::Begins(start) => text.starts_with(start.as_str()),
            Self::Contains(part) => text.contains(part.as_str()),
            Self::Wild(pattern) => wild(pattern, text),
            Self::From(start) => seconds(text).is_some_and(|moment| moment >= *start),
            Self::Until(end) => seconds(text).is_some_and(|moment| moment <= *end),
            Self::Tag(..) => false,
        }
    }

    /// Whether something at `path` matches.
    pub(super) fn matches_at(&self, object: &Value, path: &str) -> bool {
        if let Self::Tag(key, value) = self {
            return tagged(object, path, key, value);
        }
        let mut found = false;
        texts(object, path, &mut |text| found |= self.matches(text));
        found
    }
}

fn tagged(value: &Value, path: &str, key: &str, pattern: &Pattern) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| tagged(item, path, key, pattern)),
        Value::Object(members) if path.is_empty() => {
            members.get("Key").and_then(Value::as_str) == Some(key)
                && members.get("Value").and_then(Value::as_str).is_some_and(|v| pattern.matches(v))
        }
        Value::Object(members) => {
            let (name, rest) = path.split_once('.').unwrap_or((path, ""));
            members.get(name).is_some_and(|member| tagged(member, rest, key, pattern))
        }
        _ => false,
    }
}

/// A moment as AWS tools print it: seconds since 1970 or ISO 8601.
pub(super) fn seconds(text: &str) -> Option<f64> {
    if let Ok(number) = text.parse::<f64>() {
        return Some(number);
    }
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(moment.as_duration().as_secs_f64())
}

/// Backtracks to the last `*` only, so the time is at worst the product of both lengths.
fn wild(pattern: &str, text: &str) -> bool {
    let pattern: Vec<(char, bool)> = {
        let mut chars = pattern.chars();
        let mut parts = Vec::new();
        while let Some(c) = chars.next() {
            parts.push(match c {
                '\\' => (chars.next().unwrap_or('\\'), true),
                c => (c, false),
            });
        }
        parts
    };
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut here) = (0, 0);
    let mut star = None;
    while here < text.len() {
        match pattern.get(at) {
            Some(('*', false)) => {
                star = Some((at, here));
                at += 1;
            }
            Some(&(c, literal)) if (c == '?' && !literal) || c == text[here] => {
                at += 1;
                here += 1;
            }
            _ => match star {
                Some((back, from)) => {
                    star = Some((back, from + 1));
                    at = back + 1;
                    here = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|part| *part == ('*', false))
}

/// The account and region that a text names: an ARN, an availability zone, a region, an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Owner<'a> {
    pub(super) account: Option<&'a str>,
    pub(super) region: Option<&'a str>,
}

impl<'a> Owner<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        if let Some(rest) = text.strip_prefix("arn:") {
            let mut parts = rest.splitn(5, ':').skip(2);
            let region = parts.next().filter(|region| !region.is_empty());
            let account = parts.next().filter(|account| !account.is_empty());
            return Self { account, region };
        }
        if is_account(text) {
            return Self { account: Some(text), region: None };
        }
        Self { account: None, region: region_of_zone(text) }
    }
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `eu-west-1` of `eu-west-1a`, `eu-west-1` and the local zone `eu-west-1-x-1a`.
fn region_of_zone(text: &str) -> Option<&str> {
    let mut end = 0;
    for (index, part) in text.split('-').enumerate() {
        if part.is_empty() {
            return None;
        }
        if index > 0 {
            end += 1;
        }
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            let zone = &part[digits..];
            return (index >= 2 && zone.len() <= 1 && zone.bytes().all(|b| b.is_ascii_lowercase()))
                .then(|| &text[..end + digits]);
        }
        if !part.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return None;
        }
        end += part.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_enter_arrays_and_take_parts() {
        let table = json!({"Associations": [{"SubnetId": "a"}, {"SubnetId": "b", "Main": true}]});
        let mut seen = Vec::new();
        texts(&table, "Associations.SubnetId", &mut |text| seen.push(text.to_owned()));
        assert_eq!(seen, ["a", "b"]);
        assert_eq!(text(&table, "Associations.Main").as_deref(), Some("true"));
        let arns = json!({
            "task": "arn:aws:ecs:eu-west-1:1:task/web/abc",
            "def": "arn:aws:ecs:eu-west-1:1:task-definition/fam:3",
            "rule": "arn:aws:e:r:1:listener-rule/app/x/1/2/3",
        });
        assert_eq!(text(&arns, "task|last").as_deref(), Some("abc"));
        assert_eq!(text(&arns, "task|parent").as_deref(), Some("web"));
        assert_eq!(text(&arns, "def|family").as_deref(), Some("fam"));
        assert_eq!(
            text(&arns, "rule|listener").as_deref(),
            Some("arn:aws:e:r:1:listener/app/x/1/2")
        );
    }

    #[test]
    fn wildcards() {
        for (pattern, text, matches) in [
            ("com.amazonaws.*.s3", "com.amazonaws.eu-west-1.s3", true),
            ("*", "", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a\\*c", "a*c", true),
            ("a\\*c", "abc", false),
            ("*b*b", "abab", true),
            ("*b*b", "aba", false),
        ] {
            assert_eq!(Pattern::wild(pattern).matches(text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn owners() {
        assert_eq!(
            Owner::of("arn:aws:ecs:eu-west-1:111122223333:cluster/a:b"),
            Owner { account: Some("111122223333"), region: Some("eu-west-1") }
        );
        assert_eq!(Owner::of("arn:aws:iam::aws:policy/X").account, Some("aws"));
        assert_eq!(Owner::of("us-gov-west-1b").region, Some("us-gov-west-1"));
        assert_eq!(Owner::of("us-west-2-lax-1a").region, Some("us-west-2"));
        assert_eq!(Owner::of("eu-west-1").region, Some("eu-west-1"));
        for text in ["", "-", "default", "a-1", "euw1-az1", "arn:", "x-y-1zz"] {
            assert_eq!(Owner::of(text).region, None, "{text}");
        }
    }
}
