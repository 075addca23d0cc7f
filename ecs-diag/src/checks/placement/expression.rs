//! The cluster query language, in which placement constraints are written.
//!
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html>.
//! An expression holds, does not hold, or it cannot be told: the document does not say how ECS
//! compares everything with everything.

use std::cmp::Ordering;

use regex::bytes::{Regex, RegexBuilder};

use crate::{
    aws::{Time, ecs::ContainerInstance},
    checks::version::Version,
};

/// ECS takes no longer ones.
const LONGEST: usize = 2000;
/// Parentheses and negations in one another beyond this are not followed.
const DEEPEST: usize = 50;

/// A parsed expression.
#[derive(Debug)]
pub(in crate::checks) enum Expression {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Compare { subject: String, operator: Operator, arguments: Vec<Argument> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::checks) enum Operator {
    Equals,
    NotEquals,
    Ordered { greater: bool, or_equal: bool },
    Exists,
    NotExists,
    In,
    NotIn,
    Matches,
    NotMatches,
}

#[derive(Debug)]
pub(in crate::checks) struct Argument {
    text: String,
    /// The text as a pattern, where it is to be one and can be.
    pattern: Option<Pattern>,
}

/// A pattern that matches the whole of a text, and one that matches a part of it.
#[derive(Debug)]
struct Pattern {
    whole: Regex,
    part: Regex,
}

impl Pattern {
    fn new(text: &str) -> Option<Self> {
        let build =
            |text: &str| RegexBuilder::new(text).unicode(false).size_limit(1 << 18).build().ok();
        Some(Self { whole: build(&format!("^(?:{text})$"))?, part: build(text)? })
    }

    /// The document does not say whether the whole value has to match.
    fn matches(&self, text: &str) -> Option<bool> {
        if self.whole.is_match(text.as_bytes()) {
            Some(true)
        } else if self.part.is_match(text.as_bytes()) {
            None
        } else {
            Some(false)
        }
    }
}

/// The expression that `text` is; `None` where it cannot be read.
pub(in crate::checks) fn parse(text: &str) -> Option<Expression> {
    if text.len() > LONGEST {
        return None;
    }
    let mut parser = Parser { rest: text.trim() };
    let expression = parser.any(0)?;
    parser.rest.is_empty().then_some(expression)
}

struct Parser<'t> {
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes one of the symbols, or one of the words with a boundary behind it.
    fn take(&mut self, spellings: &[&str]) -> bool {
        for spelling in spellings {
            let Some(rest) = self.rest.strip_prefix(spelling) else { continue };
            let is_word = spelling.ends_with(|c: char| c.is_ascii_alphabetic());
            let goes_on = |c: char| c.is_ascii_alphanumeric() || "_:.-".contains(c);
            if is_word && rest.starts_with(goes_on) {
                continue;
            }
            self.rest = rest;
            self.skip();
            return true;
        }
        false
    }

    fn any(&mut self, depth: usize) -> Option<Expression> {
        let mut parts = vec![self.all(depth)?];
        while self.take(&["||", "or"]) {
            parts.push(self.all(depth)?);
        }
        Some(if parts.len() == 1 { parts.pop()? } else { Expression::Any(parts) })
    }

    fn all(&mut self, depth: usize) -> Option<Expression> {
        let mut parts = vec![self.one(depth)?];
        while self.take(&["&&", "and"]) {
            parts.push(self.one(depth)?);
        }
        Some(if parts.len() == 1 { parts.pop()? } else { Expression::All(parts) })
    }

    fn one(&mut self, depth: usize) -> Option<Expression> {
        if depth > DEEPEST {
            return None;
        }
        if self.take(&["!", "not"]) {
            return Some(Expression::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.take(&["("]) {
            let inner = self.any(depth + 1)?;
            return self.take(&[")"]).then_some(inner);
        }
        let subject = self.word(|c| c.is_ascii_alphanumeric() || "_:.-/\\".contains(c))?.to_owned();
        self.skip();
        let operator = self.operator()?;
        let arguments = match operator {
            Operator::Exists | Operator::NotExists => vec![],
            Operator::In | Operator::NotIn => self.list()?,
            Operator::Matches | Operator::NotMatches => {
                let text = self.pattern()?;
                vec![Argument { pattern: Pattern::new(&text), text }]
            }
            _ => vec![self.value()?],
        };
        self.skip();
        Some(Expression::Compare { subject, operator, arguments })
    }

    fn operator(&mut self) -> Option<Operator> {
        let ordered = |greater, or_equal| Operator::Ordered { greater, or_equal };
        let spellings: [(&[&str], Operator); 12] = [
            (&["==", "equals"], Operator::Equals),
            (&["!=", "not_equals"], Operator::NotEquals),
            (&[">=", "greater_than_equal"], ordered(true, true)),
            (&["<=", "less_than_equal"], ordered(false, true)),
            (&[">", "greater_than"], ordered(true, false)),
            (&["<", "less_than"], ordered(false, false)),
            (&["exists"], Operator::Exists),
            (&["!exists", "not_exists"], Operator::NotExists),
            (&["!in", "not_in"], Operator::NotIn),
            (&["in"], Operator::In),
            (&["=~", "matches"], Operator::Matches),
            (&["!~", "not_matches"], Operator::NotMatches),
        ];
        spellings.iter().find(|(spelling, _)| self.take(spelling)).map(|(_, operator)| *operator)
    }

    /// The longest beginning of such characters, if there is any.
    fn word(&mut self, part: impl Fn(char) -> bool) -> Option<&'t str> {
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn quoted(&mut self) -> Option<&'t str> {
        let quote = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (text, rest) = self.rest[1..].split_once(quote)?;
        self.rest = rest;
        Some(text)
    }

    fn value(&mut self) -> Option<Argument> {
        let text = match self.quoted() {
            Some(text) => text,
            None => self.word(|c| !c.is_whitespace() && !"()[],'\"&|".contains(c))?,
        };
        Some(Argument { text: text.to_owned(), pattern: None })
    }

    fn list(&mut self) -> Option<Vec<Argument>> {
        if !self.take(&["["]) {
            return None;
        }
        let mut items = Vec::new();
        loop {
            items.push(self.value()?);
            self.skip();
            if self.take(&["]"]) {
                return Some(items);
            }
            if !self.take(&[","]) {
                return None;
            }
        }
    }

    /// A pattern ends at white space, or at a parenthesis that it did not open.
    fn pattern(&mut self) -> Option<String> {
        if let Some(text) = self.quoted() {
            return Some(text.to_owned());
        }
        let mut open = 0_usize;
        let ends = |c: char| {
            match c {
                '(' => open += 1,
                ')' if open == 0 => return true,
                ')' => open -= 1,
                _ => {}
            }
            c.is_whitespace()
        };
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// What an instance has of a subject.
enum Has<'i> {
    Text(&'i str),
    Number(i64),
    Version(Version),
    Time(Time),
    Nothing,
    /// There is no telling.
    Unclear,
}

impl Expression {
    /// The attribute and the value that it asks for, where that is all.
    pub(in crate::checks) fn equality(&self) -> Option<(&str, &str)> {
        match self {
            Self::Compare { subject, operator: Operator::Equals, arguments } => {
                Some((subject.strip_prefix("attribute:")?, &arguments.first()?.text))
            }
            _ => None,
        }
    }

    /// Whether the expression holds for an instance; `None` where it cannot be told.
    pub(in crate::checks) fn holds(&self, instance: &ContainerInstance) -> Option<bool> {
        match self {
            Self::All(parts) => together(parts, instance, false),
            Self::Any(parts) => together(parts, instance, true),
            Self::Not(part) => part.holds(instance).map(|holds| !holds),
            Self::Compare { subject, operator, arguments } => {
                compare(&has(subject, instance), *operator, arguments)
            }
        }
    }
}

/// `decisive` if one part is that, its opposite if all are, and else no telling.
fn together(parts: &[Expression], instance: &ContainerInstance, decisive: bool) -> Option<bool> {
    let mut unclear = false;
    for part in parts {
        match part.holds(instance) {
            Some(holds) if holds == decisive => return Some(decisive),
            Some(_) => {}
            None => unclear = true,
        }
    }
    (!unclear).then_some(!decisive)
}

fn has<'i>(subject: &str, instance: &'i ContainerInstance) -> Has<'i> {
    let text = |text: Option<&'i str>| text.map_or(Has::Unclear, Has::Text);
    match subject {
        "agentConnected" => match instance.agent_connected {
            Some(true) => Has::Text("true"),
            Some(false) => Has::Text("false"),
            None => Has::Unclear,
        },
        "agentVersion" => instance
            .version_info
            .agent_version
            .as_deref()
            .and_then(Version::parse)
            .map_or(Has::Unclear, Has::Version),
        "ec2InstanceId" => text(instance.ec2_instance_id.as_deref()),
        "registeredAt" => instance.registered_at.map_or(Has::Unclear, Has::Time),
        "runningTasksCount" => instance.running_tasks_count.map_or(Has::Unclear, Has::Number),
        // Which groups have tasks there is not read; on an empty instance none has.
        "task:group"
            if instance.running_tasks_count == Some(0)
                && instance.pending_tasks_count == Some(0) =>
        {
            Has::Nothing
        }
        _ => match subject.strip_prefix("attribute:") {
            Some(name) if instance.has(name) => Has::Text(instance.attribute(name).unwrap_or("")),
            Some(_) if !instance.attributes.is_empty() => Has::Nothing,
            _ => Has::Unclear,
        },
    }
}

fn compare(has: &Has<'_>, operator: Operator, arguments: &[Argument]) -> Option<bool> {
    let first = arguments.first();
    match (has, operator) {
        (Has::Nothing, Operator::NotExists) => Some(true),
        // `attribute:stack != prod` selects the instances that have the attribute.
        (
            Has::Nothing,
            Operator::Exists
            | Operator::Equals
            | Operator::NotEquals
            | Operator::In
            | Operator::Matches,
        ) => Some(false),
        // Of the rest the document does not tell.
        (Has::Unclear | Has::Nothing, _) | (Has::Text(_), Operator::Ordered { .. }) => None,
        (_, Operator::Exists) => Some(true),
        (_, Operator::NotExists) => Some(false),
        (Has::Text(text), Operator::Equals) => Some(first?.text == *text),
        (Has::Text(text), Operator::NotEquals) => Some(first?.text != *text),
        (Has::Text(text), Operator::In) => Some(arguments.iter().any(|a| a.text == *text)),
        (Has::Text(text), Operator::NotIn) => Some(!arguments.iter().any(|a| a.text == *text)),
        (Has::Text(text), Operator::Matches) => first?.pattern.as_ref()?.matches(text),
        (Has::Text(text), Operator::NotMatches) => {
            first?.pattern.as_ref()?.matches(text).map(|matches| !matches)
        }
        (Has::Number(number), operator) => {
            by_order(number.cmp(&first?.text.parse().ok()?), operator)
        }
        (Has::Version(own), operator) => {
            by_order(own.cmp(&Version::parse(&first?.text)?), operator)
        }
        (Has::Time(own), operator) => by_order(own.cmp(&time(&first?.text)?), operator),
    }
}

fn by_order(order: Ordering, operator: Operator) -> Option<bool> {
    match operator {
        Operator::Equals => Some(order.is_eq()),
        Operator::NotEquals => Some(order.is_ne()),
        Operator::Ordered { greater, or_equal } => {
            let side = if greater { order.is_gt() } else { order.is_lt() };
            Some(side || or_equal && order.is_eq())
        }
        _ => None,
    }
}

fn time(text: &str) -> Option<Time> {
    Time::parse(text)
        .or_else(|| Time::parse(&format!("{text}Z")))
        .or_else(|| Time::parse(&format!("{text}T00:00:00Z")))
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn instance() -> ContainerInstance {
        from_value(json!({
            "containerInstanceArn": "arn:x/1", "ec2InstanceId": "i-abcd1234", "agentConnected": true,
            "versionInfo": {"agentVersion": "1.14.10"}, "registeredAt": "2018-02-01T00:00:00Z",
            "runningTasksCount": 1, "pendingTasksCount": 0,
            "attributes": [
                {"name": "ecs.instance-type", "value": "t2.small"},
                {"name": "ecs.availability-zone", "value": "us-east-1a"},
                {"name": "stack", "value": "prod"}, {"name": "gpu"},
            ],
        }))
        .unwrap()
    }

    fn holds(text: &str) -> Option<bool> {
        parse(text).unwrap_or_else(|| panic!("{text} can be read")).holds(&instance())
    }

    #[test]
    fn the_documents_examples_hold_or_not() {
        for (text, expected) in [
            ("attribute:ecs.instance-type == t2.small", Some(true)),
            ("attribute:ecs.availability-zone in [us-east-1a, us-east-1b]", Some(true)),
            ("attribute:ecs.availability-zone not_in ['us-east-1a']", Some(false)),
            (
                "attribute:ecs.instance-type =~ g2.* and attribute:ecs.availability-zone != us-east-1d",
                Some(false),
            ),
            (
                "attribute:ecs.instance-type =~ t2.* && attribute:ecs.availability-zone != us-east-1d",
                Some(true),
            ),
            ("task:group == service:production", None),
            ("not(task:group == database)", None),
            ("runningTasksCount == 1", Some(true)),
            ("agentVersion < 1.14.5", Some(false)),
            ("agentVersion >= 1.14.9", Some(true)),
            ("registeredAt < 2018-02-13", Some(true)),
            ("registeredAt > 2018-06-18T22:28:28", Some(false)),
            ("ec2InstanceId in ['i-abcd1234', 'i-wxyx7890']", Some(true)),
            ("attribute:gpu exists", Some(true)),
            ("attribute:none !exists", Some(true)),
            ("attribute:none == x", Some(false)),
            ("attribute:none != x", Some(false)),
            ("attribute:none !in [x]", None),
            ("!(attribute:stack == dev) or attribute:none exists", Some(true)),
            (
                "(attribute:stack == dev or attribute:stack == prod) and agentConnected == true",
                Some(true),
            ),
            // What is unclear does not matter where the rest decides.
            ("task:group == x and attribute:stack == dev", Some(false)),
            ("task:group == x or attribute:stack == prod", Some(true)),
            // Whether a part is enough is not documented.
            ("attribute:ecs.instance-type =~ t2", None),
            ("attribute:ecs.instance-type =~ (t2|t3).*", Some(true)),
            ("attribute:ecs.instance-type =~ (?=x)t2.*", None),
            ("attribute:ecs.instance-type > a", None),
        ] {
            assert_eq!(holds(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_not_read() {
        for text in
            ["", "attribute:x", "== y", "(attribute:x == y", "attribute:x in []", "a == b c"]
        {
            assert!(parse(text).is_none(), "{text}");
        }
        assert!(parse(&"(".repeat(1999)).is_none());
        assert!(parse(&"a == b or ".repeat(1000)).is_none());
    }

    #[test]
    fn on_an_empty_instance_no_group_has_tasks() {
        let mut empty = instance();
        empty.running_tasks_count = Some(0);
        let holds = |text: &str| parse(text).unwrap().holds(&empty);
        assert_eq!(holds("task:group == databases"), Some(false));
        assert_eq!(holds("not(task:group == databases)"), Some(true));
    }
}
