//! `explain`.

use std::io::{BufReader, Read};

use super::{
    Failure, Io,
    args::{Common, Explain, Format},
    input::{LONGEST, read_line, too_long, unreadable, without_mark},
};
use crate::{
    render::{Detail, Ink, Paper, Style},
    signature::{self, Reading},
};

/// Where texts come from that are no argument.
const INPUT: &str = "standard input";

pub(super) fn run(options: &Explain, common: &Common, io: &mut Io<'_>) -> Result<(), Failure> {
    let given = options.text.as_deref().filter(|text| *text != "-");
    if options.lines {
        if given.is_some() {
            return Err(Failure::new("`--lines` reads standard input, not an argument")
                .hint("give the texts like this: `ecs-diag explain --lines - < FILE`"));
        }
        return lines(io);
    }
    let text = match given {
        Some(text) => text.to_owned(),
        None if options.text.is_none() && io.input_is_terminal => {
            return Err(Failure::new("no text to explain")
                .hint("give it in quotes, or on standard input with `-`"));
        }
        None => {
            let mut bytes = Vec::new();
            (&mut *io.input)
                .take(LONGEST + 1)
                .read_to_end(&mut bytes)
                .map_err(|error| unreadable(INPUT, &error))?;
            if bytes.len() as u64 > LONGEST {
                return Err(too_long("text"));
            }
            decoded(&bytes)
        }
    };
    let reading = signature::read(&text);
    let answer = match common.format {
        Format::Json => json(&reading)?,
        _ => page(&reading, &io.style(io.output_color, common.detail())),
    };
    io.write(answer.as_bytes())?;
    Ok(())
}

/// One text a line, JSON Lines out, as they come.
fn lines(io: &mut Io<'_>) -> Result<(), Failure> {
    // The reader borrows the input only: answers are written in between.
    let Io { input, output, .. } = io;
    let mut input = BufReader::new(&mut **input);
    let mut line = Vec::new();
    while read_line(&mut input, &mut line, INPUT, "text")? {
        let text = decoded(&line);
        let reading = signature::read(text.trim_end_matches(['\n', '\r']));
        if !super::write(output, json(&reading)?.as_bytes())? {
            break;
        }
    }
    Ok(())
}

fn decoded(bytes: &[u8]) -> String {
    String::from_utf8_lossy(without_mark(bytes)).into_owned()
}

fn json(reading: &Reading) -> Result<String, Failure> {
    let text = serde_json::to_string(reading).map_err(|error| Failure::new(error.to_string()))?;
    Ok(text + "\n")
}

/// A reading for the terminal.
fn page(reading: &Reading, style: &Style) -> String {
    let mut paper = Paper::new(style);
    let Some(id) = reading.signature else {
        let known = "unknown: no known failure text says this";
        paper.words(0, 2, &[(Ink::Yellow, known)]);
        details(&mut paper, reading, style.detail);
        return paper.finish();
    };
    let row = signature::signatures().iter().find(|row| row.id == id);
    let template = row.map_or("", |row| row.template);
    paper.words(0, 2, &[(Ink::Bold, &format!("{id}:")), (Ink::Plain, template)]);
    details(&mut paper, reading, style.detail);
    paper.finish()
}

fn details(paper: &mut Paper, reading: &Reading, detail: Detail) {
    if detail == Detail::Brief {
        for cause in &reading.causes {
            paper.whole(2, &[(Ink::Plain, cause.as_str())]);
        }
        return;
    }
    if reading.phase.is_none() && reading.causes.is_empty() && reading.parameters.is_empty() {
        return;
    }
    paper.gap();
    if reading.benign {
        paper.field("benign", Ink::Green, "this is expected, not a failure");
    }
    if let Some(phase) = reading.phase {
        paper.field("phase", Ink::Dim, phase.as_str());
    }
    for (index, cause) in reading.causes.iter().enumerate() {
        paper.field(if index == 0 { "causes" } else { "" }, Ink::Dim, cause.as_str());
    }
    for (index, (name, value)) in reading.parameters.iter().enumerate() {
        let label = if index == 0 { "says" } else { "" };
        paper.field(label, Ink::Dim, &format!("{name}: {value}"));
    }
}
