//! `checks`, and which of them are run.

use serde_json::json;

use super::{
    Failure, Io,
    args::{Checks, Common, Format},
};
use crate::{
    Diagnosis, Meta,
    render::{Detail, Ink, Paper, Style},
};

/// How alike two names are at least where one is suggested for the other.
const ALIKE: f64 = 0.75;
/// How many names are suggested.
const SUGGESTED: usize = 3;

/// The checks that `--only` and `--skip` leave.
pub(super) fn chosen(common: &Common) -> Result<Diagnosis, Failure> {
    let all = Diagnosis::new();
    for name in common.only.iter().chain(&common.skip) {
        let known = |meta: &Meta| meta.id == *name || meta.domain == *name;
        if !all.checks().any(known) {
            let names = all.checks().flat_map(|meta| [&*meta.id, &*meta.domain]);
            let failure = Failure::new(format!("no check and no domain is called `{name}`"));
            return Err(suggesting(failure, name, names));
        }
    }
    let failed = |error: crate::Error| Failure::new(error.to_string());
    let only = if common.only.is_empty() { all } else { all.only(&common.only).map_err(failed)? };
    // What both name is skipped; a name that `--only` left out is no mistake.
    let skip = common
        .skip
        .iter()
        .filter(|name| only.checks().any(|meta| meta.id == **name || meta.domain == **name));
    let skip: Vec<_> = skip.collect();
    only.skip(skip).map_err(failed)
}

pub(super) fn run(
    command: Option<&Checks>,
    common: &Common,
    io: &mut Io<'_>,
) -> Result<(), Failure> {
    let diagnosis = chosen(common)?;
    let style = io.style(io.output_color, common.detail());
    let answer = match (command, common.format) {
        (Some(Checks::Explain { code }), format) => {
            let meta = find(&diagnosis, code)?;
            if format == Format::Json { pretty(&page_json(meta)) } else { page(meta, &style) }
        }
        (_, Format::Json) => {
            let rows: Vec<_> = diagnosis.checks().map(row_json).collect();
            pretty(&rows.into())
        }
        _ => list(&diagnosis, &style),
    };
    io.write(answer.as_bytes())?;
    Ok(())
}

fn find<'d>(diagnosis: &'d Diagnosis, code: &str) -> Result<&'d Meta, Failure> {
    if let Some(meta) = diagnosis.checks().find(|meta| meta.id == code) {
        return Ok(meta);
    }
    let of_domain: Vec<_> =
        diagnosis.checks().filter(|meta| meta.domain == code).map(|meta| &*meta.id).collect();
    let failure = Failure::new(format!("no check is called `{code}`"));
    if of_domain.is_empty() {
        return Err(suggesting(failure, code, diagnosis.checks().map(|meta| &*meta.id)));
    }
    let mut failure = failure.hint("it is a domain, with these checks:");
    failure.items = of_domain.into_iter().map(str::to_owned).collect();
    Err(failure)
}

fn suggesting<'n>(failure: Failure, name: &str, known: impl Iterator<Item = &'n str>) -> Failure {
    let mut alike: Vec<(f64, &str)> = known
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    alike.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(one.cmp(other)));
    alike.dedup();
    let names: Vec<_> =
        alike.iter().take(SUGGESTED).map(|(_, known)| format!("`{known}`")).collect();
    if names.is_empty() {
        failure.hint("`ecs-diag checks list` lists them")
    } else {
        failure.hint(format!("did you mean {}?", names.join(" or ")))
    }
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

fn row_json(meta: &Meta) -> serde_json::Value {
    json!({
        "check": meta.id, "domain": meta.domain, "phase": meta.phase, "title": meta.title(),
    })
}

fn page_json(meta: &Meta) -> serde_json::Value {
    json!({
        "check": meta.id, "domain": meta.domain, "phase": meta.phase, "title": meta.title(),
        "causes": meta.causes, "explains": meta.explains, "page": body(meta),
    })
}

/// The page without its title, Markdown.
fn body(meta: &Meta) -> String {
    let lines = meta.docs.trim().lines().skip(1);
    // Doc comments keep the space after their slashes.
    let lines: Vec<_> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n").trim().to_owned()
}

fn list(diagnosis: &Diagnosis, style: &Style) -> String {
    let mut paper = Paper::new(style);
    let widest = diagnosis.checks().map(|meta| meta.id.len()).max().unwrap_or(0);
    let mut domain = "";
    for meta in diagnosis.checks() {
        if style.detail == Detail::Brief {
            paper.whole(0, &[(Ink::Plain, &meta.id)]);
            continue;
        }
        if meta.domain != domain {
            if !domain.is_empty() {
                paper.gap();
            }
            domain = &meta.domain;
            paper.whole(0, &[(Ink::Bold, domain)]);
        }
        let id = format!("{:widest$}", meta.id);
        paper.whole(2, &[(Ink::Cyan, &id), (Ink::Plain, "  "), (Ink::Plain, meta.title())]);
        if style.detail == Detail::Full {
            let causes: Vec<_> = meta.causes.iter().map(|cause| cause.as_str()).collect();
            let said = format!("phase {}; {}", meta.phase, causes.join(", "));
            let said = said.trim_end_matches("; ");
            paper.words(widest + 4, widest + 4, &[(Ink::Dim, said)]);
        }
    }
    paper.finish()
}

/// A check's page for the terminal.
fn page(meta: &Meta, style: &Style) -> String {
    let mut paper = Paper::new(style);
    paper.words(0, 2, &[(Ink::Bold, meta.title())]);
    let about = format!("{}, domain {}, phase {}", meta.id, meta.domain, meta.phase);
    paper.words(0, 2, &[(Ink::Dim, &about)]);
    let body = body(meta);
    for paragraph in body.split("\n\n") {
        let paragraph = paragraph.trim();
        if let Some(heading) = paragraph.strip_prefix("# ") {
            paper.gap();
            // A heading may stand right above its text.
            let (heading, text) = heading.split_once('\n').unwrap_or((heading, ""));
            paper.whole(0, &[(Ink::Green, heading)]);
            paragraph_or_list(&mut paper, text);
        } else {
            paragraph_or_list(&mut paper, paragraph);
        }
    }
    paper.finish()
}

fn paragraph_or_list(paper: &mut Paper, text: &str) {
    let mut words = String::new();
    let mut hang = 2;
    let flush = |paper: &mut Paper, words: &mut String, hang: usize| {
        if !words.is_empty() {
            paper.words(2, hang, &[(Ink::Plain, words)]);
            words.clear();
        }
    };
    for line in text.lines().map(str::trim) {
        if line.starts_with("* ") || line.starts_with("- ") {
            flush(paper, &mut words, hang);
            hang = 4;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        // Links stand in angle brackets.
        words.push_str(&line.replace("<https://", "https://").replace(">,", ",").replace('>', ""));
    }
    flush(paper, &mut words, hang);
}
