//! The report as Markdown, for tickets and chat.

use super::{
    ITEMS, NAME, NOT_SHOWN, SENTENCE, SYMPTOM, VALUE, broken, changed_after_failure, checks, clean,
    explained, failure, headlines, is_showable, names_command, open_calls, others, passed, shorten,
    target, with_status,
};
use crate::{
    check::Status,
    finding::{Finding, Remedy},
    report::{Report, RootCause},
};

/// The report as Markdown; long texts and lists are shortened.
///
/// Nothing in the report becomes markup: what could is shown as code or escaped.
pub fn markdown(report: &Report) -> String {
    let mut out = String::new();
    let lines = headlines(report);
    out += &format!("**{}:** {}\n\n", report.verdict.as_str(), prose(&lines[0]));
    about(&mut out, report);
    for (index, cause) in report.root_causes.iter().take(ITEMS).enumerate() {
        root_cause(&mut out, report, cause, index);
    }
    if let Some(left) = left(report.root_causes.len()) {
        out += &format!("\n… and {left} more possible causes\n");
    }
    other_findings(&mut out, report);
    ruled_out(&mut out, report);
    unknown(&mut out, report);
    if !report.assumptions.is_empty() {
        out += "\n### Assumed\n\n";
        for assumption in report.assumptions.iter().take(ITEMS) {
            out += &format!("- {}\n", prose(assumption));
        }
        more(&mut out, "", report.assumptions.len());
    }
    out
}

fn left(items: usize) -> Option<usize> {
    items.checked_sub(ITEMS).filter(|left| *left > 0)
}

fn more(out: &mut String, indent: &str, items: usize) {
    if let Some(left) = left(items) {
        *out += &format!("{indent}- … and {left} more\n");
    }
}

fn about(out: &mut String, report: &Report) {
    let (kind, names) = target(report, code);
    if !names.is_empty() {
        *out += &format!("- {kind}: {names}\n");
    }
    if let Some(arn) = &report.target.task {
        *out += &format!("- ARN: {}\n", code(arn));
    }
    if let (Some(symptom), Some(failure)) = (&report.symptom, failure(report, code)) {
        let label = if symptom.reading.benign { "stopped" } else { "failed" };
        *out += &format!("- {label}: {failure}\n\n");
        fence(out, "", "text", [shorten(&symptom.text, SYMPTOM)]);
    }
}

fn root_cause(out: &mut String, report: &Report, cause: &RootCause, index: usize) {
    let Some(finding) = report.findings.get(cause.finding) else { return };
    let confidence = cause.confidence.as_str();
    match report.root_causes.len() {
        1 => *out += &format!("\n### Cause ({confidence})\n\n"),
        many => {
            let place = index + 1;
            *out += &format!(
                "\n### Cause {place} of {many} ({confidence})\n\n{}\n\n",
                prose(&finding.summary)
            );
        }
    }
    *out += &format!("- because: {}\n", prose(&cause.because));
    for (index, resource) in finding.resources.iter().take(ITEMS).enumerate() {
        let label = if index == 0 { "object" } else { "with" };
        *out += &format!("- {label}: {} {}", code(&resource.kind), code(&resource.id));
        if let Some(arn) = resource.arn.as_ref().filter(|arn| **arn != resource.id) {
            *out += &format!(", {}", code(arn));
        }
        out.push('\n');
    }
    more(out, "", finding.resources.len());
    if !finding.detail.is_empty() {
        *out += &format!("- why: {}\n", prose(&finding.detail));
    }
    if changed_after_failure(report, cause.finding) {
        *out += "- changed after this failure\n";
    }
    for evidence in finding.evidence.iter().take(ITEMS) {
        let query = code(&evidence.query.name());
        *out += &format!("- seen in: {query} {}", code(&evidence.pointer));
        if let Some(object) = &evidence.object {
            *out += &format!(" of {}", code(object));
        }
        let value = &evidence.value;
        *out += &if value.is_null() {
            ": not there\n".to_owned()
        } else {
            format!(": {}\n", code(&shorten(&value.to_string(), VALUE)))
        };
    }
    more(out, "", finding.evidence.len());
    let also = explained(report, cause);
    for other in also.iter().take(ITEMS) {
        *out += &format!("- explains: {} ({})\n", prose(&other.summary), code(&other.check));
    }
    more(out, "", also.len());
    *out += &format!("- check: {}\n", code(&finding.check));
    if let Some(remedy) = &finding.remedy {
        out.push('\n');
        fix(out, "", remedy);
    }
}

fn fix(out: &mut String, indent: &str, remedy: &Remedy) {
    *out += &format!("{indent}**Fix:** {}\n", prose(&remedy.summary));
    if !remedy.steps.is_empty() {
        out.push('\n');
    }
    for (index, step) in remedy.steps.iter().take(ITEMS).enumerate() {
        *out += &format!("{indent}{}. {}\n", index + 1, prose(step));
    }
    if let Some(left) = left(remedy.steps.len()) {
        *out += &format!("\n{indent}… and {left} more steps\n");
    }
    let (shown, hidden): (Vec<_>, Vec<_>) =
        remedy.commands.iter().take(ITEMS).partition(|command| is_showable(command));
    if !shown.is_empty() {
        out.push('\n');
        fence(out, indent, "sh", shown.iter().map(|command| command.as_str().into()));
    }
    if !hidden.is_empty() {
        *out += &format!("\n{indent}{NOT_SHOWN}\n");
    }
    if let Some(left) = left(remedy.commands.len()) {
        *out += &format!("\n{indent}… and {left} more commands\n");
    }
    if remedy.verified {
        *out += &format!("\n{indent}**Proved:** with this change the checks pass\n");
    }
}

fn other_findings(out: &mut String, report: &Report) {
    let others = others(report);
    if others.is_empty() {
        return;
    }
    *out += if report.root_causes.is_empty() { "\n### Found\n\n" } else { "\n### Also found\n\n" };
    for (finding, changed) in others.iter().take(ITEMS) {
        let Finding { severity, summary, check, detail, .. } = finding;
        *out += &format!("- **{severity}:** {} ({})\n", prose(summary), code(check));
        if !detail.is_empty() {
            *out += &format!("\n  {}\n", prose(detail));
        }
        if *changed {
            *out += "\n  changed after this failure\n";
        }
        if let Some(remedy) = &finding.remedy {
            out.push('\n');
            fix(out, "  ", remedy);
        }
    }
    more(out, "", others.len());
}

fn unknown(out: &mut String, report: &Report) {
    let unknown = with_status(report, Status::Unknown).count();
    if unknown == 0 {
        return;
    }
    *out += &format!("\n### Could not be known: {}\n\n", checks(unknown));
    let calls = open_calls(report);
    for open in calls.iter().take(ITEMS) {
        *out += &format!("- {}", code(&open.query.name()));
        if !names_command(&open.error) {
            *out += &format!(" {}", code(&shorten(open.query.input_json(), VALUE)));
        }
        *out += &format!(": {}; would settle {}\n", prose(&open.error), names(&open.checks));
    }
    more(out, "", calls.len());
    for (check, why) in broken(report) {
        *out += &format!("- {}: {}\n", code(&check.check), prose(why));
    }
}

fn ruled_out(out: &mut String, report: &Report) {
    let number = with_status(report, Status::Passed).count();
    if number == 0 {
        return;
    }
    *out += &format!("\n### Ruled out: {} passed\n\n", checks(number));
    for (phase, passed) in passed(report) {
        let passed: Vec<_> = passed.into_iter().map(code).collect();
        *out += &format!("- {phase}: {}\n", passed.join(", "));
    }
}

fn names(names: &[&str]) -> String {
    let shown: Vec<_> = names.iter().take(ITEMS).map(|name| code(name)).collect();
    let more = left(names.len()).map_or(String::new(), |left| format!(" and {left} more"));
    format!("{}{more}", shown.join(", "))
}

/// A fenced block, one line an item. The fence is longer than any run of backticks inside.
fn fence<'t>(
    out: &mut String,
    indent: &str,
    language: &str,
    lines: impl IntoIterator<Item = std::borrow::Cow<'t, str>>,
) {
    let lines: Vec<_> = lines.into_iter().map(|line| clean(&line).into_owned()).collect();
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    *out += &format!("{indent}{fence}{language}\n");
    for line in lines {
        *out += &format!("{indent}{line}\n");
    }
    *out += &format!("{indent}{fence}\n");
}

/// A code span. Its fence is longer than any run of backticks inside.
fn code(text: &str) -> String {
    let short = shorten(text, NAME);
    let text = clean(&short);
    if text.trim().is_empty() {
        return "` `".to_owned();
    }
    match longest_run(&text) {
        0 => format!("`{text}`"),
        // The spaces belong to the fence, and keep a backtick at the edge apart from it.
        run => {
            let fence = "`".repeat(run + 1);
            format!("{fence} {text} {fence}")
        }
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A sentence: what stands in backticks is code, the rest is escaped.
fn prose(text: &str) -> String {
    let short = shorten(text, SENTENCE);
    let text = clean(&short);
    let parts: Vec<&str> = text.split('`').collect();
    let mut out = String::with_capacity(text.len() + 16);
    for (index, part) in parts.iter().enumerate() {
        let is_code = index % 2 == 1;
        if is_code && (index + 1 == parts.len() || part.trim().is_empty()) {
            // A backtick without its counterpart, or nothing between two.
            out.push_str("&#96;");
            plain(&mut out, part);
            if index + 1 < parts.len() {
                out.push_str("&#96;");
            }
        } else if is_code {
            out += &format!("`{part}`");
        } else if part.is_empty() && index > 0 && index + 1 < parts.len() {
            // Two spans of code must not touch: their backticks would be one fence.
            out.push(' ');
        } else {
            plain(&mut out, part);
        }
    }
    out
}

/// Text outside of code.
fn plain(out: &mut String, text: &str) {
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            out.push(' ');
        }
        if becomes_link(word) {
            *out += &format!("`{word}`");
            continue;
        }
        // What begins a list, a heading or a rule does so only at the beginning.
        let begins = index == 0 && word.ends_with(['.', ')']);
        for c in word.chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '\\' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' | '$' | '+'
                | '=' => {
                    out.push('\\');
                    out.push(c);
                }
                '-' if index == 0 => out.push_str("\\-"),
                '.' | ')' if begins => {
                    out.push('\\');
                    out.push(c);
                }
                c => out.push(c),
            }
        }
    }
}

/// Whether a renderer might make a link of a bare word: an address, a host, a mention, an issue.
fn becomes_link(word: &str) -> bool {
    let host = || {
        word.char_indices().any(|(at, c)| {
            c == '.'
                && word[..at].ends_with(char::is_alphanumeric)
                && word[at + 1..].starts_with(char::is_alphabetic)
        })
    };
    word.contains("://") || word.contains(['@', '#']) || host()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_ends_where_it_should() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("``"), "``` `` ```");
        assert_eq!(code(""), "` `");
        let mut out = String::new();
        fence(&mut out, "", "text", ["a ```` b\n```".into()]);
        assert_eq!(out, "`````text\na ```` b\\n```\n`````\n");
    }

    #[test]
    fn prose_is_escaped_outside_of_code() {
        for (text, markdown) in [
            ("repository `a_b` has *none*", r"repository `a_b` has \*none\*"),
            ("<img src=x> & [a](b) ![c]", r"&lt;img src\=x&gt; &amp; \[a\](b) \!\[c\]"),
            ("one ` alone <b>", "one &#96; alone &lt;b&gt;"),
            ("`a``b`", "`a` `b`"),
            ("`` <b>", "&#96;&#96; &lt;b&gt;"),
            (
                "see https://evil.example/x or www.evil.example",
                "see `https://evil.example/x` or `www.evil.example`",
            ),
            ("ping @all and #1, me@x", "ping `@all` and `#1,` `me@x`"),
            ("1. one", r"1\. one"),
            ("- one", r"\- one"),
            ("a\nb", r"a\\nb"),
        ] {
            assert_eq!(prose(text), markdown, "{text}");
        }
    }
}
