//! Conditions.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::{cmp::Ordering, fmt, net::IpAddr};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    ContextValue, Truth,
    arn::ArnValue,
    data,
    pattern::{Glob, Resolved, Token, is_template, resolve, tokens, unknown_variables},
    request::Context,
};

/// One key of one operator: all of a statement have to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    /// The operator, as it is written.
    pub(super) written: Box<str>,
    /// The key, as it is written.
    pub(super) name: Box<str>,
    /// The key, in lower case.
    key: Box<str>,
    operator: Operator,
    negated: bool,
    set: Set,
    if_exists: bool,
    wanted: Box<[Wanted]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    None,
    ForAllValues,
    ForAnyValue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    String {
        fold: bool,
        like: bool,
    },
    Numeric(Comparison),
    Date(Comparison),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
    /// Nobody knows what it does.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering == Ordering::Equal,
            Self::Less => ordering == Ordering::Less,
            Self::LessOrEqual => ordering != Ordering::Greater,
            Self::Greater => ordering == Ordering::Greater,
            Self::GreaterOrEqual => ordering != Ordering::Less,
        }
    }
}

/// A value that a condition asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    text: Box<str>,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Text,
    /// In lower case.
    Folded(Box<str>),
    Like(Glob),
    Arn(ArnValue),
    /// With variables.
    Template(Box<[Token]>),
    Number(Decimal),
    Moment(Timestamp),
    Bytes(Box<[u8]>),
    Block(Block),
    /// Not a value of the operator's type.
    Malformed,
}

impl Condition {
    /// A key of an operator, with its values; an error says why it cannot be one.
    pub(super) fn parse(
        operator: &str,
        key: &str,
        values: &Value,
        variables: bool,
    ) -> Result<Self, String> {
        let lower = operator.to_ascii_lowercase();
        let (set, rest) = match lower.split_once(':') {
            Some(("forallvalues", rest)) => (Set::ForAllValues, rest),
            Some(("foranyvalue", rest)) => (Set::ForAnyValue, rest),
            _ => (Set::None, &*lower),
        };
        let (rest, if_exists) = match rest.strip_suffix("ifexists") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let plain = set == Set::None && !if_exists;
        let string = |fold, like| Operator::String { fold, like };
        let (parsed, negated) = match rest {
            "stringequals" => (string(false, false), false),
            "stringnotequals" => (string(false, false), true),
            "stringequalsignorecase" => (string(true, false), false),
            "stringnotequalsignorecase" => (string(true, false), true),
            "stringlike" => (string(false, true), false),
            "stringnotlike" => (string(false, true), true),
            "numericequals" => (Operator::Numeric(Comparison::Equal), false),
            "numericnotequals" => (Operator::Numeric(Comparison::Equal), true),
            "numericlessthan" => (Operator::Numeric(Comparison::Less), false),
            "numericlessthanequals" => (Operator::Numeric(Comparison::LessOrEqual), false),
            "numericgreaterthan" => (Operator::Numeric(Comparison::Greater), false),
            "numericgreaterthanequals" => (Operator::Numeric(Comparison::GreaterOrEqual), false),
            "dateequals" => (Operator::Date(Comparison::Equal), false),
            "datenotequals" => (Operator::Date(Comparison::Equal), true),
            "datelessthan" => (Operator::Date(Comparison::Less), false),
            "datelessthanequals" => (Operator::Date(Comparison::LessOrEqual), false),
            "dategreaterthan" => (Operator::Date(Comparison::Greater), false),
            "dategreaterthanequals" => (Operator::Date(Comparison::GreaterOrEqual), false),
            "bool" => (Operator::Bool, false),
            "binaryequals" => (Operator::Binary, false),
            "ipaddress" => (Operator::Ip, false),
            "notipaddress" => (Operator::Ip, true),
            "arnequals" | "arnlike" => (Operator::Arn, false),
            "arnnotequals" | "arnnotlike" => (Operator::Arn, true),
            "null" if plain => (Operator::Null, false),
            _ => (Operator::Unknown, false),
        };
        let values = match values {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        let wanted = values
            .iter()
            .map(|value| {
                let text = scalar(value).ok_or_else(|| {
                    format!("a value of `{key}` is neither a text nor a number nor a boolean")
                })?;
                Ok(Wanted { test: Test::new(parsed, &text, variables), text: text.into() })
            })
            .collect::<Result<_, String>>()?;
        Ok(Self {
            written: operator.into(),
            name: key.into(),
            key: key.to_lowercase().into(),
            operator: parsed,
            negated,
            set,
            if_exists,
            wanted,
        })
    }

    /// Whether it holds.
    pub(super) fn holds(&self, context: &Context) -> Truth {
        if self.operator == Operator::Unknown {
            return Truth::Unknown;
        }
        let value = context.get(&self.key);
        if self.operator == Operator::Null {
            return match value {
                ContextValue::Absent => self.null(true),
                ContextValue::Unknown => {
                    let absent = self.null(true);
                    if self.null(false) == absent { absent } else { Truth::Unknown }
                }
                _ => self.null(false),
            };
        }
        match value {
            ContextValue::Absent => self.when_absent(),
            ContextValue::Known(values) => match (self.set, &values[..]) {
                // What several values do without a set operator is not documented.
                (Set::None, [_, _, ..]) => Truth::Unknown,
                (Set::ForAllValues, values) => {
                    Truth::all(values.iter().map(|value| self.one(value, context)))
                }
                (_, values) => Truth::any(values.iter().map(|value| self.one(value, context))),
            },
            ContextValue::Prefix(prefix) => self.signed(self.starting_with(prefix, context)),
            ContextValue::UnknownValue => self.whatever(context),
            ContextValue::Unknown => {
                let absent = self.when_absent();
                if self.whatever(context) == absent { absent } else { Truth::Unknown }
            }
        }
    }

    /// Whether `Null` holds.
    fn null(&self, absent: bool) -> Truth {
        Truth::any(self.wanted.iter().map(|wanted| {
            if wanted.text.eq_ignore_ascii_case("true") {
                Truth::of(absent)
            } else if wanted.text.eq_ignore_ascii_case("false") {
                Truth::of(!absent)
            } else {
                Truth::Unknown
            }
        }))
    }

    fn when_absent(&self) -> Truth {
        Truth::of(match self.set {
            _ if self.if_exists => true,
            Set::ForAllValues => true,
            Set::ForAnyValue => false,
            Set::None => self.negated,
        })
    }

    fn signed(&self, matches: Truth) -> Truth {
        if self.negated { matches.not() } else { matches }
    }

    /// Whether it holds for one value.
    fn one(&self, actual: &str, context: &Context) -> Truth {
        let matches =
            Truth::any(self.wanted.iter().map(|wanted| self.matches(wanted, actual, context)));
        self.signed(matches)
    }

    /// Whether it holds for a value that nobody knows.
    fn whatever(&self, context: &Context) -> Truth {
        let anything = self.wanted.iter().any(|wanted| match &wanted.test {
            Test::Like(glob) => *glob == Glob::Any,
            Test::Template(tokens) => match resolve(tokens, context) {
                (tokens, Resolved::Known) => tokens == [Token::Star],
                _ => false,
            },
            _ => false,
        });
        // Of a key with several values nothing is certain without a set operator.
        let certain = self.set != Set::None || !data::is_multivalued(&self.key);
        let like = matches!(self.operator, Operator::String { like: true, .. });
        match (certain, self.wanted.is_empty()) {
            (true, true) => self.signed(Truth::False),
            (true, false) if anything && like => self.signed(Truth::True),
            _ => Truth::Unknown,
        }
    }

    /// Whether all values match that begin like this: True, none does: False.
    fn starting_with(&self, prefix: &str, context: &Context) -> Truth {
        Truth::any(self.wanted.iter().map(|wanted| {
            let tokens = match &wanted.test {
                Test::Text => return Glob::Exactly(wanted.text.clone()).matches_from(prefix),
                Test::Like(glob) => return glob.matches_from(prefix),
                Test::Arn(arn) => return arn.matches_from(prefix),
                Test::Template(tokens) => tokens,
                _ => return Truth::Unknown,
            };
            let (tokens, resolved) = resolve(tokens, context);
            let truth = match self.operator {
                Operator::Arn => ArnValue::new(&tokens).matches_from(prefix),
                Operator::String { fold: false, .. } => Glob::new(&tokens).matches_from(prefix),
                _ => Truth::Unknown,
            };
            match resolved {
                Resolved::Known => truth,
                Resolved::Unknown => truth.min(Truth::Unknown),
                Resolved::Valueless => Truth::False,
            }
        }))
    }

    fn matches(&self, wanted: &Wanted, actual: &str, context: &Context) -> Truth {
        // What a negated operator makes of a value that is none of its type is not documented.
        let malformed = if self.negated { Truth::Unknown } else { Truth::False };
        match &wanted.test {
            Test::Text => Truth::of(match self.operator {
                Operator::Bool => wanted.text.eq_ignore_ascii_case(actual),
                _ => *wanted.text == *actual,
            }),
            Test::Folded(text) => Truth::of(**text == *actual.to_lowercase()),
            Test::Like(glob) => Truth::of(glob.matches(actual)),
            Test::Arn(arn) => Truth::of(arn.matches(actual)),
            Test::Template(tokens) => self.template(tokens, actual, context),
            Test::Number(number) => match (self.operator, Decimal::parse(actual)) {
                (Operator::Numeric(comparison), Some(actual)) => {
                    Truth::of(comparison.holds(actual.cmp(number)))
                }
                _ => malformed,
            },
            Test::Moment(moment) => match (self.operator, moment_of(actual)) {
                (Operator::Date(comparison), Some(actual)) => {
                    Truth::of(comparison.holds(actual.cmp(moment)))
                }
                // Which forms of dates AWS reads is not documented in full.
                _ => Truth::Unknown,
            },
            Test::Bytes(bytes) => match STANDARD.decode(actual) {
                Ok(actual) => Truth::of(actual == **bytes),
                Err(_) => malformed,
            },
            Test::Block(block) => match actual.parse() {
                Ok(address) => Truth::of(block.contains(address)),
                Err(_) => malformed,
            },
            Test::Malformed => match self.operator {
                Operator::Date(_) => Truth::Unknown,
                _ => malformed,
            },
        }
    }

    fn template(&self, tokens: &[Token], actual: &str, context: &Context) -> Truth {
        let (tokens, resolved) = resolve(tokens, context);
        let matches = match self.operator {
            Operator::Arn => ArnValue::new(&tokens).matches(actual),
            Operator::String { fold: true, .. } => {
                let tokens: Vec<_> = tokens
                    .into_iter()
                    .map(|token| match token {
                        Token::Text(text) => Token::Text(text.to_lowercase().into()),
                        _ => token,
                    })
                    .collect();
                Glob::new(&tokens).matches(&actual.to_lowercase())
            }
            _ => Glob::new(&tokens).matches(actual),
        };
        match resolved {
            Resolved::Known => Truth::of(matches),
            Resolved::Unknown => Truth::of(matches).min(Truth::Unknown),
            Resolved::Valueless => Truth::False,
        }
    }

    /// Whether its operator is one that nobody knows.
    pub(super) fn is_unknown_operator(&self) -> bool {
        self.operator == Operator::Unknown
    }

    /// Whether it asks for more of a value than is known of it.
    pub(super) fn is_too_narrow(&self, context: &Context) -> bool {
        matches!(context.get(&self.key), ContextValue::Prefix(_))
            && self.holds(context) == Truth::Unknown
    }

    /// The keys whose values would tell whether it holds, where that is unknown.
    pub(super) fn unknown_keys<'a>(&'a self, context: &'a Context, keys: &mut Vec<&'a str>) {
        let known = matches!(context.get(&self.key), ContextValue::Known(_) | ContextValue::Absent);
        let before = keys.len();
        if !known {
            keys.push(context.name(&self.key, &self.name));
        }
        for wanted in &self.wanted {
            if let Test::Template(tokens) = &wanted.test {
                for (key, name) in unknown_variables(tokens, context) {
                    keys.push(context.name(key, name));
                }
            }
        }
        if keys.len() == before {
            keys.push(context.name(&self.key, &self.name));
        }
    }

    /// What the request has, for people.
    pub(super) fn actual(&self, context: &Context) -> String {
        match context.get(&self.key) {
            ContextValue::Known(values) => quoted(values.iter().map(String::as_str)),
            ContextValue::Prefix(prefix) => format!("`{prefix}…`"),
            ContextValue::UnknownValue | ContextValue::Unknown => "unknown".to_owned(),
            ContextValue::Absent => "absent from the request".to_owned(),
        }
    }

    /// What it asks for, for people.
    pub(super) fn wanted(&self) -> String {
        quoted(self.wanted.iter().map(|wanted| &*wanted.text))
    }
}

/// At most three texts, in backticks.
pub(super) fn quoted<T: fmt::Display>(texts: impl ExactSizeIterator<Item = T>) -> String {
    let more = texts.len().saturating_sub(3);
    let mut quoted = texts.take(3).map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ");
    if more > 0 {
        quoted += &format!(" and {more} more");
    }
    quoted
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl Test {
    fn new(operator: Operator, text: &str, variables: bool) -> Self {
        match operator {
            Operator::String { .. } | Operator::Arn if variables && is_template(text) => {
                let wildcards = !matches!(operator, Operator::String { like: false, .. });
                Self::Template(tokens(text, wildcards, true).into())
            }
            Operator::String { like: true, .. } => Self::Like(Glob::parse(text)),
            Operator::String { fold: true, .. } => Self::Folded(text.to_lowercase().into()),
            Operator::Arn => Self::Arn(ArnValue::parse(text)),
            Operator::Numeric(_) => Decimal::parse(text).map_or(Self::Malformed, Self::Number),
            Operator::Date(_) => moment_of(text).map_or(Self::Malformed, Self::Moment),
            Operator::Binary => {
                STANDARD.decode(text).map_or(Self::Malformed, |bytes| Self::Bytes(bytes.into()))
            }
            Operator::Ip => Block::parse(text).map_or(Self::Malformed, Self::Block),
            Operator::String { .. } | Operator::Bool | Operator::Null | Operator::Unknown => {
                Self::Text
            }
        }
    }
}

/// A decimal number of any size.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    /// Without leading zeros.
    whole: Box<str>,
    /// Without trailing zeros.
    fraction: Box<str>,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let decimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !decimal(whole) || !decimal(fraction) || whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !zero, whole: whole.into(), fraction: fraction.into() })
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let size = |one: &Self, other: &Self| {
            (one.whole.len().cmp(&other.whole.len()))
                .then_with(|| one.whole.cmp(&other.whole))
                .then_with(|| one.fraction.cmp(&other.fraction))
        };
        match (self.negative, other.negative) {
            (false, false) => size(self, other),
            (true, true) => size(other, self),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

/// A moment: seconds since 1970, or the forms of ISO 8601 that W3C's note on dates lists.
fn moment_of(text: &str) -> Option<Timestamp> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Timestamp::from_second(text.parse().ok()?).ok();
    }
    if !text.is_ascii() {
        return None;
    }
    match text.len() {
        7 => format!("{text}-01T00:00:00Z").parse().ok(),
        10 => format!("{text}T00:00:00Z").parse().ok(),
        _ if text.contains('T') => text.parse().ok(),
        _ => None,
    }
}

/// A block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    address: IpAddr,
    bits: u8,
}

impl Block {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().ok()?,
            Some(_) => return None,
        };
        (bits <= most).then_some(Self { address, bits })
    }

    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(block), IpAddr::V4(address)) => {
                let differ = block.to_bits() ^ address.to_bits();
                differ.checked_shr(32 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(block), IpAddr::V6(address)) => {
                let differ = block.to_bits() ^ address.to_bits();
                differ.checked_shr(128 - u32::from(self.bits)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}
