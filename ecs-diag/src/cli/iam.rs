//! `iam evaluate`.

use std::{
    fs::File,
    io::{BufReader, Read, Write},
    path::Path,
};

use serde_json::{Value, json};

use super::{
    Failure, Io,
    args::{Common, Format, Iam},
    input::{LONGEST, read_line, too_long, unreadable, without_mark},
};
use crate::{
    iam::{Decision, Explanation, Question},
    render::{Ink, Paper, Style},
};

/// Where requests come from.
const INPUT: &str = "the input";
/// Answers are handed on when there are this many bytes of them, or when the next request is not
/// there yet.
const CHUNK: usize = 64 << 10;

pub(super) fn run(command: &Iam, common: &Common, io: &mut Io<'_>) -> Result<(), Failure> {
    let Iam::Evaluate { input: path } = command;
    let style = io.style(io.output_color, common.detail());
    let mut answers = Answers {
        style: (common.format != Format::Json).then_some(style),
        buffer: Vec::new(),
        lines: 0,
        answered: 0,
    };
    if path == Path::new("-") {
        if io.input_is_terminal {
            return Err(Failure::new("no request to evaluate")
                .hint("give it with `--input FILE`, or on standard input"));
        }
        let input: &mut dyn Read = io.input;
        answers.all(BufReader::new(input), io.output)?;
    } else {
        let input = File::open(path)
            .map_err(|error| unreadable(&format!("`{}`", path.display()), &error))?;
        answers.all(BufReader::new(input), io.output)?;
    }
    match (answers.answered, answers.lines) {
        (0, 0) => Err(Failure::new("the input has no request")),
        (0, 1) => Err(Failure::new("the request cannot be evaluated")),
        (0, _) => Err(Failure::new("none of the requests can be evaluated")),
        _ => Ok(()),
    }
}

struct Answers {
    /// How answers look for people; JSON where there is none.
    style: Option<Style>,
    buffer: Vec<u8>,
    lines: u64,
    answered: u64,
}

impl Answers {
    /// Answers all requests of the input.
    fn all<R: Read>(
        &mut self,
        mut input: BufReader<R>,
        output: &mut dyn Write,
    ) -> Result<(), Failure> {
        let mut line = Vec::new();
        let mut first = true;
        while read_line(&mut input, &mut line, INPUT, "request")? {
            let text = trimmed(&line);
            if text.is_empty() {
                continue;
            }
            let request = serde_json::from_slice::<Value>(text);
            if std::mem::take(&mut first) && request.as_ref().is_err_and(serde_json::Error::is_eof)
            {
                // One request over several lines, or a line that was cut.
                let mut whole = std::mem::take(&mut line);
                (&mut input)
                    .take(LONGEST)
                    .read_to_end(&mut whole)
                    .map_err(|error| unreadable(INPUT, &error))?;
                if whole.len() as u64 > LONGEST {
                    return Err(too_long("request"));
                }
                let request = serde_json::from_slice(trimmed(&whole));
                let lines = || whole.split(|byte| *byte == b'\n').map(trimmed);
                let is_request = |line: &[u8]| {
                    serde_json::from_slice::<Value>(line).is_ok_and(|line| line.is_object())
                };
                if request.is_ok() || !lines().any(is_request) {
                    self.answer(request)?;
                } else {
                    for line in lines().filter(|line| !line.is_empty()) {
                        self.answer(serde_json::from_slice(line))?;
                    }
                }
                break;
            }
            self.answer(request)?;
            let waits = !input.buffer().contains(&b'\n');
            if (waits || self.buffer.len() >= CHUNK) && !self.hand_on(output)? {
                return Ok(());
            }
        }
        self.hand_on(output)?;
        Ok(())
    }

    /// Answers a request.
    fn answer(&mut self, request: Result<Value, serde_json::Error>) -> Result<(), Failure> {
        let explained = match request {
            Ok(request) => Question::parse(&request).map_err(|error| error.to_string()),
            Err(error) => Err(format!("it is not JSON: {error}")),
        }
        .map(|question| (question.explain(), question));
        self.answered += u64::from(explained.is_ok());
        match &self.style {
            None => {
                let written = match &explained {
                    Ok((explanation, _)) => serde_json::to_writer(&mut self.buffer, explanation),
                    Err(error) => serde_json::to_writer(&mut self.buffer, &json!({"error": error})),
                };
                written.map_err(|error| Failure::new(error.to_string()))?;
                self.buffer.push(b'\n');
            }
            Some(style) => {
                if self.lines > 0 {
                    self.buffer.push(b'\n');
                }
                let page = match &explained {
                    Ok((explanation, question)) => page(explanation, question, style),
                    Err(error) => {
                        let mut paper = Paper::new(style);
                        paper.words(0, 2, &[(Ink::Red, "error:"), (Ink::Plain, error)]);
                        paper.finish()
                    }
                };
                self.buffer.extend_from_slice(page.as_bytes());
            }
        }
        self.lines += 1;
        Ok(())
    }

    /// Hands on what there is. `false`: nobody reads any more.
    fn hand_on(&mut self, output: &mut dyn Write) -> Result<bool, Failure> {
        let reads = super::write(output, &self.buffer)?;
        self.buffer.clear();
        Ok(reads)
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    without_mark(line).trim_ascii()
}

/// An explanation for the terminal.
fn page(explanation: &Explanation, question: &Question, style: &Style) -> String {
    let mut paper = Paper::new(style);
    let request = &question.request;
    let ink = match explanation.decision {
        Decision::Allowed => Ink::Green,
        Decision::Inconclusive => Ink::Yellow,
        Decision::ExplicitlyDenied | Decision::ImplicitlyDenied => Ink::Red,
    };
    let what = format!("{} on {}", request.action(), request.resource());
    paper.words(0, 2, &[(ink, &format!("{}:", explanation.decision)), (Ink::Plain, &what)]);
    paper.field("by", Ink::Dim, request.principal().as_str());
    if let Some(by) = &explanation.decided_by {
        let sid = by.sid.as_ref().map(|sid| format!(" ({sid})")).unwrap_or_default();
        let text = format!("{}: {}, statement {}{sid}", by.layer, by.policy, by.statement);
        paper.field("decided", Ink::Dim, &text);
    }
    let many = |paper: &mut Paper, label: &str, texts: &mut dyn Iterator<Item = String>| {
        for (index, text) in texts.enumerate() {
            paper.field(if index == 0 { label } else { "" }, Ink::Dim, &text);
        }
    };
    many(&mut paper, "blocked", &mut explanation.blocked_by.iter().map(ToString::to_string));
    many(&mut paper, "unknown", &mut explanation.unknown.iter().map(ToString::to_string));
    many(
        &mut paper,
        "misses",
        &mut explanation
            .near_misses
            .iter()
            .map(|miss| format!("{}, statement {}: {}", miss.policy, miss.statement, miss.why)),
    );
    many(
        &mut paper,
        "missing",
        &mut explanation.missing.iter().filter_map(|missing| {
            Some(format!("{}: {}", missing.layer, serde_json::to_string(missing).ok()?))
        }),
    );
    paper.finish()
}
