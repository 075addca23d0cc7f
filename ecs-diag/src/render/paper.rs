//! Lines, colours and line breaks.

use std::fmt::Write;

use super::{Style, clean};

/// Longest line: longer ones are hard to read.
const WIDEST: usize = 100;
/// Narrowest terminal that is heeded.
const NARROWEST: usize = 20;
/// Where labels no longer have a column of their own.
const NARROW: usize = 40;
/// Where the text of a field begins: after the column of labels.
pub(crate) const FIELD: usize = 13;

/// A colour or weight; without colours nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    Bold,
    Dim,
    Red,
    Yellow,
    Green,
    Cyan,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Red => "\x1b[1;31m",
            Self::Yellow => "\x1b[1;33m",
            Self::Green => "\x1b[1;32m",
            Self::Cyan => "\x1b[36m",
        }
    }
}

/// Text under construction. What is given to it is cleaned here and nowhere else.
pub(crate) struct Paper {
    out: String,
    color: bool,
    width: usize,
}

impl Paper {
    pub(crate) fn new(style: &Style) -> Self {
        Self { out: String::new(), color: style.color, width: style.width.clamp(NARROWEST, WIDEST) }
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) {
        self.out.push('\n');
    }

    fn ink(&mut self, ink: Ink, text: &str) {
        if self.color && ink != Ink::Plain && !text.is_empty() {
            let _ = write!(self.out, "{}{text}\x1b[0m", ink.code());
        } else {
            self.out.push_str(text);
        }
    }

    /// A line that is not broken, whatever its length.
    pub(crate) fn whole(&mut self, indent: usize, parts: &[(Ink, &str)]) {
        self.out.extend(std::iter::repeat_n(' ', indent));
        for (ink, text) in parts {
            self.ink(*ink, &clean(text));
        }
        self.out.push('\n');
    }

    /// Words of several inks as a paragraph; lines after the first are indented to `hang`.
    pub(crate) fn words(&mut self, indent: usize, hang: usize, parts: &[(Ink, &str)]) {
        self.blank(indent);
        self.flow("", indent, hang, parts);
    }

    /// A quotation: every line of it is marked.
    pub(crate) fn quote(&mut self, indent: usize, text: &str) {
        let indent = if self.width < NARROW { indent.min(4) } else { indent };
        self.blank(indent);
        self.flow("> ", indent, indent, &[(Ink::Plain, text)]);
    }

    /// A label and a paragraph beside it; below it where there is no room.
    pub(crate) fn field(&mut self, label: &str, ink: Ink, text: &str) {
        if self.width < NARROW {
            if !label.is_empty() {
                self.whole(2, &[(ink, label)]);
            }
            return self.words(4, 4, &[(Ink::Plain, text)]);
        }
        self.blank(2);
        self.ink(ink, label);
        let column = (2 + label.chars().count() + 1).max(FIELD);
        self.blank(column - 2 - label.chars().count());
        self.flow("", column, FIELD, &[(Ink::Plain, text)]);
    }

    fn blank(&mut self, columns: usize) {
        self.out.extend(std::iter::repeat_n(' ', columns));
    }

    /// Words from `column`, where the line already is; further lines begin at `hang`.
    fn flow(&mut self, mark: &str, mut column: usize, hang: usize, parts: &[(Ink, &str)]) {
        self.ink(Ink::Dim, mark);
        column += mark.len();
        let mut fresh = true;
        for (ink, text) in parts {
            let text = clean(text);
            // The words of one ink on one line.
            let mut run = String::new();
            for word in words(&text) {
                let length = word.chars().count();
                if !fresh && column + 1 + length > self.width {
                    self.ink(*ink, &std::mem::take(&mut run));
                    self.out.push('\n');
                    self.blank(hang);
                    self.ink(Ink::Dim, mark);
                    column = hang + mark.len();
                } else if !fresh {
                    // A space between two inks belongs to neither.
                    let line = if run.is_empty() { &mut self.out } else { &mut run };
                    line.push(' ');
                    column += 1;
                }
                run.push_str(word);
                column += length;
                fresh = false;
            }
            self.ink(*ink, &run);
        }
        self.out.push('\n');
    }
}

/// What a line is broken between. Names and commands in backticks stay whole, so that they can be
/// copied.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut backticks = text.matches('`').count();
    let mut is_code = false;
    text.split(move |c| {
        if c == '`' {
            backticks -= 1;
            // The last one opens nothing.
            is_code = !is_code && backticks > 0;
        }
        c == ' ' && !is_code
    })
    .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_one_word() {
        let split = |text| words(text).collect::<Vec<_>>();
        assert_eq!(split("run `aws ecs  x`, then"), ["run", "`aws ecs  x`,", "then"]);
        assert_eq!(split("a ` b  c"), ["a", "`", "b", "c"]);
        assert_eq!(split("`a b` `c d"), ["`a b`", "`c", "d"]);
        assert_eq!(split("   "), Vec::<&str>::new());
    }
}
