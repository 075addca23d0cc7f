//! Secrets told by their form, in texts of any kind.
//!
//! What is left must still say what a diagnosis reads: ARNs, image references, ids, host names and
//! the words of AWS stay as they are.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

/// What stands in place of a secret.
pub(super) const REDACTED: &str = "[redacted]";

/// What a text is, which decides how far it is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, an id, an ARN, …
    Name,
    /// Words of AWS about what happened.
    Prose,
    /// A command or a part of one.
    Command,
}

/// Private keys, in plain and once more encoded; one that was cut off ends with the text.
static KEYS: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"(?s)-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?",
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\z)",
        r"|LS0tLS1CRUdJT[A-Za-z0-9+/=]*",
    ))
});

/// Tokens that show whose they are.
static TOKENS: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        "(?:{})|(?-u:\\b)(?:{})",
        [
            // Access keys of AWS; unique ids (`AROA…`, `AIDA…`) are no secrets.
            "(?:AKIA|ASIA|ABIA)[A-Z0-9]{16,}",
            // JSON Web Tokens, and other JSON in base64, such as the credentials of a registry.
            "eyJ[A-Za-z0-9_-]{8,}(?:\\.[A-Za-z0-9_-]*){2,4}",
            "eyJ[A-Za-z0-9+/_-]{30,}={0,2}",
        ]
        .join("|"),
        [
            "gh[pousr]_[A-Za-z0-9]{20,}",
            "github_pat_[A-Za-z0-9_]{20,}",
            "gl(?:pat|ptt|dt|rt|cbt|soat|ft|agent|imt|oas)-[A-Za-z0-9_.-]{16,}",
            "xox[a-z]-[A-Za-z0-9-]{10,}",
            "xapp-[A-Za-z0-9-]{10,}",
            "[srp]k_(?:live|test)_[A-Za-z0-9]{10,}",
            "whsec_[A-Za-z0-9+/=]{16,}",
            "AIza[A-Za-z0-9_-]{30,}",
            "ya29\\.[A-Za-z0-9_-]{20,}",
            "GOCSPX-[A-Za-z0-9_-]{20,}",
            "1//0[A-Za-z0-9_-]{20,}",
            "npm_[A-Za-z0-9]{30,}",
            "pypi-AgEI[A-Za-z0-9_-]{20,}",
            "SG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}",
            "SK[0-9a-f]{32}",
            "key-[0-9a-f]{32}",
            "sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9]{20,}[A-Za-z0-9_-]*",
            "sk-ant-[a-z0-9]+-[A-Za-z0-9_-]{20,}",
            "do[opr]_v1_[a-f0-9]{40,}",
            "shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32,}",
            "ATATT3[A-Za-z0-9_=-]{20,}",
            "hv[sbr]\\.[A-Za-z0-9_-]{20,}",
            "[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_-]{40,}",
            "dapi[0-9a-f]{32}",
            "NRAK-[A-Z0-9]{20,}",
            "[0-9a-f]{36}NRAL",
            "dckr_pat_[A-Za-z0-9_-]{20,}",
            "lin_api_[A-Za-z0-9]{30,}",
            "AGE-SECRET-KEY-1[0-9A-Z]{50,}",
            "[0-9]{8,10}:AA[A-Za-z0-9_-]{30,}",
            "sq0[a-z]{3}-[A-Za-z0-9_-]{20,}",
            "hf_[A-Za-z0-9]{30,}",
            "PMAK-[A-Za-z0-9]{20,}-[A-Za-z0-9]{30,}",
            "sbp_[0-9a-f]{40}",
            "dp\\.(?:pt|st|ct|sa|scim|audit)\\.[A-Za-z0-9.]{30,}",
            "pscale_[a-z]+_[A-Za-z0-9_-]{20,}",
            "rubygems_[0-9a-f]{40,}",
        ]
        .join("|")
    ))
});

/// What stands before a secret that nothing else tells.
static LEADS: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"(?i-u:hooks\.slack\.com/(?:services|workflows|triggers)/",
        r"|discord(?:app)?\.com/api/webhooks/",
        r"|authorization[\x22']?[ \t]*[:=][ \t]*[\x22']?(?:(?:bearer|basic|token|negotiate|apikey)[ \t]+)?)",
    ))
});

/// `Bearer …` and `Basic …` without the header's name.
static SCHEMES: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?-u:\b)(?i-u:bearer|basic)[ \t]+[A-Za-z0-9._~+/-]{16,}=*"));

/// What stands before a password in commands that take it without a telling name. Between program
/// and option is a part of the same command, not too long.
static COMMANDS: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"(?:mysql[a-z]*|mariadb[a-z-]*)[ \t][ -%'-:<-{}~\t]{0,120}?[ \t]-p",
        r"|sshpass[ \t]+-p[ \t]*",
        r"|redis-cli[ \t][ -%'-:<-{}~\t]{0,120}?-a[ \t]+",
        r"|login[ \t][ -%'-:<-{}~\t]{0,120}?[ \t]-p[ \t]+",
        r"|(?:^|[ \t])(?:-u|-U|--user|--proxy-user)[ =]?[\x22']?[^ \t\n:/\x22'=]+:",
        r"|(?-u:\b)pass:",
    ))
});

/// A pattern that needs no Unicode tables: other crates bring them to the build of the tests, and
/// the crate alone lacks them.
pub(super) fn regex(pattern: &str) -> Regex {
    let plain = pattern.replace(r"(?-u:\b)", "");
    debug_assert!(
        ![r"\b", r"\s", r"\d", r"\w", r"\p", "(?i)", "(?i:"].iter().any(|it| plain.contains(it)),
        "{pattern}"
    );
    Regex::new(pattern).expect("a pattern")
}

/// The text without its secrets; borrowed if it has none.
pub(super) fn redacted(text: &str, kind: Kind) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    update(&mut text, |text| replaced(&KEYS, text));
    update(&mut text, urls);
    update(&mut text, |text| replaced(&TOKENS, text));
    update(&mut text, |text| after(&LEADS, text, kind));
    update(&mut text, schemes);
    if !text.starts_with("arn:") {
        update(&mut text, |text| assignments(text, kind));
        update(&mut text, options);
    }
    if kind == Kind::Command {
        update(&mut text, |text| after(&COMMANDS, text, kind));
    }
    if kind != Kind::Name {
        update(&mut text, random);
    }
    text
}

fn update(text: &mut Cow<'_, str>, step: impl FnOnce(&str) -> Option<String>) {
    if let Some(changed) = step(text) {
        *text = Cow::Owned(changed);
    }
}

/// A text with parts of it redacted. Parts come in order and do not overlap.
#[derive(Default)]
struct Redaction {
    out: String,
    done: usize,
}

impl Redaction {
    fn part(&mut self, text: &str, start: usize, end: usize) {
        if start < end && start >= self.done && &text[start..end] != REDACTED {
            self.out.push_str(&text[self.done..start]);
            self.out.push_str(REDACTED);
            self.done = end;
        }
    }

    fn finish(mut self, text: &str) -> Option<String> {
        (self.done > 0).then(|| {
            self.out.push_str(&text[self.done..]);
            self.out
        })
    }
}

fn replaced(pattern: &Regex, text: &str) -> Option<String> {
    let mut redaction = Redaction::default();
    for found in pattern.find_iter(text) {
        redaction.part(text, found.start(), found.end());
    }
    redaction.finish(text)
}

/// Redacts the value after each match.
fn after(pattern: &Regex, text: &str, kind: Kind) -> Option<String> {
    let mut redaction = Redaction::default();
    for found in pattern.find_iter(text) {
        if found.end() < redaction.done {
            continue;
        }
        let Some((start, end)) = value(text, found.end()) else { continue };
        let (lead, value) = (found.as_str(), &text[start..end]);
        // A user and a group by number are no user and password.
        let is_group = lead.ends_with(':')
            && !lead.ends_with("pass:")
            && value.bytes().all(|byte| byte.is_ascii_digit());
        let is_prose = kind != Kind::Command && is_word(value);
        if !is_group && !is_prose {
            redaction.part(text, start, end);
        }
    }
    redaction.finish(text)
}

fn schemes(text: &str) -> Option<String> {
    let mut redaction = Redaction::default();
    for found in SCHEMES.find_iter(text) {
        let start = found.start() + found.as_str().find([' ', '\t']).unwrap_or_default();
        let start =
            start + text[start..].len() - text[start..].trim_start_matches([' ', '\t']).len();
        if text[start..found.end()].bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
            redaction.part(text, start, found.end());
        }
    }
    redaction.finish(text)
}

/// User and password of URLs. Passwords with an unescaped `/` are found as well, by a port that is
/// none.
fn urls(text: &str) -> Option<String> {
    let mut redaction = Redaction::default();
    for (at, _) in text.match_indices("://") {
        let before = text[..at].bytes().next_back();
        if !before.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte)) {
            continue;
        }
        let start = at + 3;
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`');
        // The next address, in a list of them, has a user of its own.
        let whole = &text[start..];
        let whole = &whole[..whole.find("://").unwrap_or(whole.len())];
        let whole = &whole[..whole.find(ends).unwrap_or(whole.len())];
        let host = &whole[..whole.find(['/', '?', '#']).unwrap_or(whole.len())];
        let port = host.split_once(':').map(|(_, port)| port);
        let is_port = port.is_none_or(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
        let user =
            if host.contains('@') || is_port || host.starts_with('[') { host } else { whole };
        if let Some(end) = user.rfind('@')
            && !user[end..].starts_with("@sha256:")
        {
            redaction.part(text, start, start + end);
        }
    }
    redaction.finish(text)
}

/// Values given to names that are those of secrets: `name=value`, `"name": "value"`,
/// `name: value`.
fn assignments(text: &str, kind: Kind) -> Option<String> {
    let mut redaction = Redaction::default();
    // Values are looked at once, and nothing in them.
    let mut seen = 0;
    for (at, sign) in text.match_indices(['=', ':']) {
        let Some(given) = name_before(text, at).filter(|_| at >= seen) else { continue };
        if !is_secret(given.name) {
            continue;
        }
        let rest = &text[at + 1..];
        let blank = rest.starts_with([' ', '\t', '\n', '\r']);
        let bare = sign == ":" && !given.quoted;
        let prose = bare && kind != Kind::Command;
        // In a sentence a colon also follows what an error is called, or happened to.
        if prose && (!blank || is_error(given.name) || !is_plainly_secret(given.name)) {
            continue;
        }
        // In a command it begins a header's value, or is part of an address.
        if bare && !blank && (!given.opens || rest.starts_with([':', '/'])) {
            continue;
        }
        let gap = rest.len() - rest.trim_start_matches([' ', '\t', '>']).len();
        let Some((start, end)) = value(text, at + 1 + gap) else { continue };
        let given = &text[start..end];
        let is_none = is_harmless(given) || (prose && is_word(given));
        if !is_none {
            redaction.part(text, start, end);
        }
        seen = end;
    }
    redaction.finish(text)
}

struct Given<'t> {
    name: &'t str,
    quoted: bool,
    /// Whether it stands at the beginning, or after white space or a quotation mark.
    opens: bool,
}

/// Names longer than this are not looked at whole.
const NAME: usize = 100;

/// The name that `=` or `:` at this place gives a value to.
fn name_before(text: &str, at: usize) -> Option<Given<'_>> {
    let bytes = text.as_bytes();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let is_quote = |byte: u8| b"\"'`\\".contains(&byte);
    let first = at.saturating_sub(NAME);
    let mut end = at;
    while end > first && b" \t".contains(&bytes[end - 1]) {
        end -= 1;
    }
    let blanks_end = end;
    while end > first && is_quote(bytes[end - 1]) {
        end -= 1;
    }
    let mut start = end;
    while start > first && is_name(bytes[start - 1]) {
        start -= 1;
    }
    let before = start.checked_sub(1).map(|at| bytes[at]);
    (start < end).then(|| Given {
        name: &text[start..end],
        quoted: end < blanks_end,
        opens: before.is_none_or(|byte| byte.is_ascii_whitespace() || is_quote(byte)),
    })
}

/// Values of options: `--password value`.
fn options(text: &str) -> Option<String> {
    let mut redaction = Redaction::default();
    let bytes = text.as_bytes();
    for (at, _) in text.match_indices('-') {
        if at < redaction.done
            || (at > 0
                && !bytes[at - 1].is_ascii_whitespace()
                && !b"\"'`(".contains(&bytes[at - 1]))
        {
            continue;
        }
        let rest = &text[at..];
        let name = &rest[..rest.find(|c| !is_of_option(c)).unwrap_or(rest.len())];
        let blanks = rest.len() - name.len() - rest[name.len()..].trim_start().len();
        if is_option(name)
            && blanks > 0
            && let Some((start, end)) = value(text, at + name.len() + blanks)
            && !text[start..].starts_with('-')
            && !is_harmless(&text[start..end])
        {
            redaction.part(text, start, end);
        }
    }
    redaction.finish(text)
}

fn is_of_option(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// Whether a word is an option whose value is a secret.
pub(super) fn is_option(word: &str) -> bool {
    word.len() <= NAME
        && word.starts_with('-')
        && word.chars().all(is_of_option)
        && is_secret(word.trim_start_matches('-'))
}

/// The value that begins at a place: what is quoted, or all up to white space and what ends a
/// command or a parameter.
fn value(text: &str, at: usize) -> Option<(usize, usize)> {
    let rest = &text[at..];
    let escapes = rest.len() - rest.trim_start_matches('\\').len();
    if let Some(quote @ (b'"' | b'\'' | b'`')) = rest.as_bytes().get(escapes) {
        let start = at + escapes + 1;
        let inside = &text[start..];
        let mut end = inside.find(char::from(*quote)).unwrap_or(inside.len());
        // A quotation mark that is escaped once more is part of the value.
        while escapes == 0 && inside[..end].ends_with('\\') && end < inside.len() {
            let more = &inside[end + 1..];
            end += 1 + more.find(char::from(*quote)).unwrap_or(more.len());
        }
        let inside = inside[..end].trim_end_matches('\\');
        return (!inside.is_empty()).then_some((start, start + inside.len()));
    }
    let known = if rest.starts_with(REDACTED) { REDACTED.len() } else { 0 };
    let ends = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '"' | '\'' | '`' | ';' | '&' | '|' | '<' | '>')
    };
    let more = &rest[known..];
    let more = more[..more.find(ends).unwrap_or(more.len())]
        .trim_end_matches([',', '.', ')', ']', '}', '\\', ':']);
    let end = known + more.len();
    (end > 0).then_some((at, at + end))
}

/// Words that names of secrets hold, without what joins words.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "accountkey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "licensekey",
    "signature",
];

/// Words that say so only as the last of a name.
const LAST: &[&str] = &["pass", "auth", "sig", "jwt", "pat", "cookie"];

/// What follows such a word in names that only tell of a secret.
const ABOUT: &[&str] = &[
    "file",
    "arn",
    "name",
    "id",
    "path",
    "url",
    "uri",
    "endpoint",
    "host",
    "expir",
    "ttl",
    "length",
    "type",
    "policy",
    "policies",
    "provider",
    "parameter",
    "param",
    "store",
    "manager",
    "version",
    "count",
    "limit",
    "region",
    "rotation",
    "izer",
    "ization",
    "exception",
    "error",
    "required",
    "enabled",
    "audience",
    "issuer",
    "method",
    "algorithm",
    "dir",
];

/// Whether a name is that of a secret, and not of something about one.
pub(super) fn is_secret(name: &str) -> bool {
    let last = name.rsplit(['_', '-', '.']).next().unwrap_or(name);
    LAST.iter().any(|word| last.eq_ignore_ascii_case(word)) || is_plainly_secret(name)
}

/// The same of names that say so in a sentence as well.
fn is_plainly_secret(name: &str) -> bool {
    let mut plain = String::with_capacity(name.len());
    plain.extend(
        name.chars().filter(|c| !matches!(c, '_' | '-' | '.')).map(|c| c.to_ascii_lowercase()),
    );
    WORDS.iter().any(|word| {
        plain.rfind(word).is_some_and(|at| {
            let rest = &plain[at + word.len()..];
            // Tokens are counted; other secrets come in several as well.
            let counted = *word == "token" && rest == "s";
            let rest = rest.strip_prefix('s').unwrap_or(rest);
            !counted && !ABOUT.iter().any(|about| rest.starts_with(about))
        })
    })
}

/// Whether a name is written as errors are: `ExpiredToken`.
fn is_error(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_uppercase)
        && bytes.windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

/// Whether a value says where a secret is, and not what.
pub(super) fn is_harmless(value: &str) -> bool {
    let name = value.strip_prefix('$').map(|name| name.trim_matches(['{', '}', '(', ')']));
    value.starts_with("arn:")
        || ["true", "false", "null", "none", "yes", "no"]
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word))
        || name.is_some_and(|name| {
            name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        })
}

/// Whether this is a word of a sentence.
fn is_word(value: &str) -> bool {
    value.len() <= 15
        && value.bytes().skip(1).all(|byte| byte.is_ascii_lowercase())
        && value.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
}

/// How long a text without a name must be to be taken for a secret.
const RANDOM: usize = 32;
/// The length of secret access keys of AWS.
const SECRET_ACCESS_KEY: usize = 40;

/// Long texts that no person wrote: capitals, small letters and digits in no order. Digests, ids
/// and requests' ids have no capitals.
fn random(text: &str) -> Option<String> {
    if text.len() < RANDOM {
        return None;
    }
    let mut redaction = Redaction::default();
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"+/_=-".contains(&byte);
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !is_part(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && is_part(bytes[at]) {
            at += 1;
        }
        // What `sts decode-authorization-message` reads is no secret.
        if is_random(&bytes[start..at]) && !text[..start].ends_with("failure message: ") {
            redaction.part(text, start, at);
        }
    }
    redaction.finish(text)
}

fn is_random(bytes: &[u8]) -> bool {
    if bytes.len() < RANDOM {
        return false;
    }
    let class = |byte: &u8| match byte {
        b'A'..=b'Z' => Some(0),
        b'a'..=b'z' => Some(1),
        b'0'..=b'9' => Some(2),
        _ => None,
    };
    let mut counts = [0_usize; 3];
    let mut changes = 0;
    let mut before = None;
    for class in bytes.iter().filter_map(class) {
        counts[class] += 1;
        changes += usize::from(before.is_some_and(|before| before != class));
        before = Some(class);
    }
    let (digits, least) = match bytes.len() {
        SECRET_ACCESS_KEY => (1, bytes.len() * 3 / 10),
        length => (2, length * 2 / 5),
    };
    counts[0] > 1 && counts[1] > 1 && counts[2] >= digits && changes >= least
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::signature::signatures;

    fn command(text: &str) -> String {
        redacted(text, Kind::Command).into_owned()
    }

    /// Secrets are put together here, so that no scanner takes them for real ones.
    fn join(parts: &[&str]) -> String {
        parts.concat()
    }

    #[test]
    fn the_secret_part_goes_and_the_rest_stays() {
        let rows: &[(&str, &str)] = &[
            ("postgres://app:hunter2@db.shop:5432/x", "postgres://[redacted]@db.shop:5432/x"),
            ("redis://:p/w?d#1@cache:6379/0", "redis://[redacted]@cache:6379/0"),
            ("amqp://u:p@ss@mq/", "amqp://[redacted]@mq/"),
            ("http://a:b@one,http://c:d@two", "http://[redacted]@one,http://[redacted]@two"),
            ("--password=hunter2 --verbose", "--password=[redacted] --verbose"),
            ("--password hunter2 --verbose", "--password [redacted] --verbose"),
            ("app --db-password 'two words' -v", "app --db-password '[redacted]' -v"),
            (
                "java -Dspring.datasource.password=x.y -jar a.jar",
                "java -Dspring.datasource.password=[redacted] -jar a.jar",
            ),
            ("password: hunter2", "password: [redacted]"),
            ("token: a1b2c3", "token: [redacted]"),
            ("Server=db;Password=hunter2;Port=1433", "Server=db;Password=[redacted];Port=1433"),
            (
                r#"{"db_password":"hunter2","port":5432"#,
                r#"{"db_password":"[redacted]","port":5432"#,
            ),
            (r#"{\"token\": \"a1b2\", \"x\": 1"#, r#"{\"token\": \"[redacted]\", \"x\": 1"#),
            ("'api_key' => 'abc',", "'api_key' => '[redacted]',"),
            ("secret_key=abc&region=eu-west-1", "secret_key=[redacted]&region=eu-west-1"),
            ("https://h/x?X-Amz-Signature=00ff&a=b", "https://h/x?X-Amz-Signature=[redacted]&a=b"),
            ("export MYSQL_PWD=hunter2; run", "export MYSQL_PWD=[redacted]; run"),
            ("DB_PASS=hunter2 run", "DB_PASS=[redacted] run"),
            (
                "-H 'Authorization: Bearer abc' https://h",
                "-H 'Authorization: Bearer [redacted]' https://h",
            ),
            ("-H \"authorization:Basic YTpi\"", "-H \"authorization:Basic [redacted]\""),
            ("-H 'X-Api-Key: a b'", "-H 'X-Api-Key: [redacted] b'"),
            ("curl -u admin:hunter2 https://h", "curl -u admin:[redacted] https://h"),
            ("mysql -uroot -phunter2 shop", "mysql -uroot -p[redacted] shop"),
            ("sshpass -p hunter2 ssh h", "sshpass -p [redacted] ssh h"),
            ("redis-cli -h cache -a hunter2 ping", "redis-cli -h cache -a [redacted] ping"),
            ("openssl rsa -passin pass:1234", "openssl rsa -passin pass:[redacted]"),
        ];
        for (text, expected) in rows {
            assert_eq!(command(text), *expected);
        }
    }

    #[test]
    fn tokens_are_told_by_themselves() {
        let many = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6";
        let hex = "0123456789abcdef0123456789abcdef";
        let upper = "ABCDEFGH23456789ABCDEFGH23456789";
        for secret in [
            join(&["AK", "IA", "IOSFODNN7EXAMPLE"]),
            join(&["AS", "IA", "IOSFODNN7EXAMPLE"]),
            join(&["ey", "JhbGciOiJIUzI1NiJ9", ".", "eyJzdWIiOiIxIn0", ".", "c2ln"]),
            join(&["ey", "JhdXRocyI6eyJodHRwczovL2luZGV4LmRvY2tlci5pbyI6"]),
            join(&["gh", "p_", many]),
            join(&["github", "_pat_", many]),
            join(&["gl", "pat-", many]),
            join(&["xo", "xb-", "123456789012-", many]),
            join(&["sk", "_live_", many]),
            join(&["AI", "za", many, "abc"]),
            join(&["ya", "29.", many]),
            join(&["npm", "_", many, "abcd"]),
            join(&["pypi", "-AgEI", many]),
            join(&["S", "G.", many, ".", many]),
            join(&["S", "K", hex]),
            join(&["sk", "-ant-", "api03-", many]),
            join(&["sk", "-proj-", many]),
            join(&["dop", "_v1_", hex, hex]),
            join(&["hv", "s.", many]),
            join(&["dckr", "_pat_", many]),
            join(&["AGE-", "SECRET-KEY-1", upper, upper]),
            join(&["123456789", ":AA", many]),
            join(&["hf", "_", many]),
            join(&["glpat", "-", many]),
        ] {
            for kind in [Kind::Name, Kind::Prose, Kind::Command] {
                let text = format!("it is {secret}, no");
                assert_eq!(redacted(&text, kind), "it is [redacted], no");
            }
        }
    }

    #[test]
    fn private_keys_go_whole() {
        let (begin, end) =
            (["-----BEGIN RSA PRI", "VATE KEY-----"], ["-----END RSA PRI", "VATE KEY-----"]);
        let key = join(&[begin[0], begin[1], "\nMIIE\n", end[0], end[1]]);
        assert_eq!(command(&format!("a {key} b")), "a [redacted] b");
        let cut = join(&[begin[0], begin[1], "\nMIIE"]);
        assert_eq!(command(&format!("a {cut}")), "a [redacted]");
        assert_eq!(command(&join(&["k=LS0tLS1CR", "UdJTiBSU0E="])), "k=[redacted]");
        let public = "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----";
        assert_eq!(command(public), public);
    }

    #[test]
    fn what_nobody_wrote_goes_where_anything_can_stand() {
        let secret = join(&["wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYEXAMPLEKEY"]);
        assert_eq!(secret.len(), SECRET_ACCESS_KEY);
        let text = format!("run {secret} now");
        assert_eq!(command(&text), "run [redacted] now");
        assert_eq!(redacted(&text, Kind::Prose), "run [redacted] now");
        assert_eq!(redacted(&text, Kind::Name), text);
        let denied =
            "Encoded authorization failure message: 4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abc3dEfG9hIjK";
        assert_eq!(redacted(denied, Kind::Prose), denied);
    }

    #[test]
    fn what_diagnosis_lives_on_stays() {
        let image = format!(
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/token-api:{}",
            "5f".repeat(20)
        );
        let digest = format!("docker.io/library/nginx@sha256:{}", "5f".repeat(32));
        for text in [
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf:password::",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/token=a-AbCdEf",
            "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/token",
            "arn:aws:sts::111122223333:assumed-role/app/4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c",
            "secretsmanager:GetSecretValue",
            "ssm:GetParameters",
            "ecr:GetAuthorizationToken",
            "secretsmanager:ResourceTag/token",
            "AROAEXAMPLEEXAMPLEEXA",
            "AIDAEXAMPLEEXAMPLEEXA",
            "4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c",
            "eni-0123456789abcdef0",
            "subnet-0a11111111111111a",
            "10.0.0.0/16",
            "2001:db8::/32",
            "api.ecr.eu-west-1.amazonaws.com",
            "AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/app/x is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf because no identity-based policy allows the secretsmanager:GetSecretValue action",
            "not saved: run `aws secretsmanager describe-secret --secret-id shop/db --region eu-west-1`",
            "no basic auth credentials",
            "Www-Authenticate: Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\"",
            "--token-url https://h/oauth",
            "--secret-id shop/db",
            "DB_PASSWORD_FILE=/run/secrets/db",
            "--max-tokens=512",
            "PASSWORD=${DB_PASSWORD}",
            "--password $DB_PASSWORD",
            "docker run -u 1000:1000 app",
            "https://github.com/shop/app@v1",
            "http://[::1]:8080/a@b",
            "s3://bucket/key@2",
            "docker-pullable://nginx@sha256:00",
            "psk-abc",
            "risk-assessment-service-production-1",
            "/usr/local/lib/python3.11/site-packages/MyPackage/Main2.py",
            "com.example.shop.CheckoutApplication",
            "",
            "password",
            "=",
            ":",
            "password=",
            "--password",
            "token:",
            image.as_str(),
            digest.as_str(),
        ] {
            for kind in [Kind::Name, Kind::Prose, Kind::Command] {
                assert_eq!(redacted(text, kind), text, "{kind:?}");
            }
        }
    }

    #[test]
    fn the_words_of_failures_stay() {
        for text in [
            "ExpiredToken: The security token included in the request is expired",
            "unable to pull secrets or registry auth: 401 Unauthorized",
            "invalid reference: token: unexpected end",
            "registry: authorization: denied",
        ] {
            assert_eq!(redacted(text, Kind::Prose), text);
        }
        for signature in signatures() {
            assert_eq!(redacted(signature.example, Kind::Prose), signature.example);
            assert_eq!(redacted(signature.example, Kind::Name), signature.example);
        }
        assert!(signatures().len() > 200);
    }

    #[test]
    fn work_is_bounded() {
        let start = std::time::Instant::now();
        for part in [
            "a://",
            "a://b@",
            "token=arn:",
            "token=",
            "password=\"",
            "password='\\",
            "\"-",
            " --token",
            " --token arn:",
            "mysql pass:1 ",
            "mysql a ",
            "login ",
            "-u a:1 ",
            "pass:",
            "eyJ",
            "eyJa.",
            "-----BEGIN PRIVATE KEY-----",
            "authorization: ",
            "bearer ",
            "Ab1",
            "[redacted]",
            "a=",
            "\\\"",
            "token: x ",
            "hooks.slack.com/services/",
        ] {
            let text = part.repeat((1 << 16) / part.len());
            for kind in [Kind::Name, Kind::Prose, Kind::Command] {
                let _ = redacted(&text, kind);
            }
        }
        // A guard against hanging: it takes seconds even unoptimised.
        assert!(start.elapsed() < std::time::Duration::from_mins(3));
    }

    proptest! {
        #[test]
        fn what_is_redacted_stays_as_it_is(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just("password".to_owned()), Just("token".to_owned()), Just("--secret".to_owned()),
                    Just("://".to_owned()), Just("@".to_owned()), Just("=".to_owned()),
                    Just(": ".to_owned()), Just(":".to_owned()), Just("\"".to_owned()), Just("'".to_owned()),
                    Just("\\".to_owned()), Just(" ".to_owned()), Just("-u ".to_owned()),
                    Just("mysql ".to_owned()), Just(" -p".to_owned()), Just("[redacted]".to_owned()),
                    Just("Authorization: Basic ".to_owned()), Just("bearer ".to_owned()), Just("AKIA".to_owned()),
                    Just("arn:".to_owned()), Just("-----BEGIN PRIVATE KEY-----".to_owned()),
                    "[a-zA-Z0-9/+=._-]{0,40}", "\\PC{0,8}",
                ],
                0..12,
            ),
        ) {
            let text = parts.concat();
            for kind in [Kind::Name, Kind::Prose, Kind::Command] {
                let once = redacted(&text, kind).into_owned();
                prop_assert_eq!(redacted(&once, kind), once.as_str(), "{} {:?}", text, kind);
            }
        }
    }
}
