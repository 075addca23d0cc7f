//! The `ecs-diag` command, for any source and any terminal.

mod args;
mod capture;
mod checks;
mod diagnose;
mod explain;
mod iam;
mod input;
mod live;
mod policy;

use std::{
    ffi::OsString,
    io::{self, Read, Write},
};

use clap::{CommandFactory, error::ErrorKind as UsageErrorKind};

use crate::{
    Access, DataSource, Error, SourceError,
    render::{Detail, Ink, Paper, Style},
};
use args::{Arguments, Color, Command, Format};

/// What the command reads from and writes to.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact about one stream")]
pub struct Io<'a> {
    /// Standard input.
    pub input: &'a mut dyn Read,
    /// Whether somebody would have to type the input.
    pub input_is_terminal: bool,
    /// Standard output: the answer and nothing else.
    pub output: &'a mut dyn Write,
    /// Whether the output is coloured when `--color` is `auto`.
    pub output_color: bool,
    /// Standard error: what went wrong.
    pub errors: &'a mut dyn Write,
    /// Whether errors are coloured when `--color` is `auto`.
    pub errors_color: bool,
    /// Whether somebody watches standard error: progress is shown there.
    pub errors_is_terminal: bool,
    /// Columns of the terminal.
    pub width: usize,
}

/// Reaches a live account, or says why it cannot be reached and what to do.
pub type Connect<'a> = dyn Fn(&Access) -> Result<Box<dyn DataSource + 'a>, SourceError> + 'a;

/// Runs the command with these arguments, the program's name first, and gives its exit status.
///
/// With `connect`, a live account is asked where no snapshot is given.
///
/// ```
/// use ecs_diag::cli::{Io, run};
///
/// let (mut output, mut errors) = (Vec::new(), Vec::new());
/// let status = run(
///     ["ecs-diag", "explain", "OutOfMemoryError: Container killed due to memory usage"],
///     None,
///     &mut Io {
///         input: &mut std::io::empty(),
///         input_is_terminal: false,
///         output: &mut output,
///         output_color: false,
///         errors: &mut errors,
///         errors_color: false,
///         errors_is_terminal: false,
///         width: 80,
///     },
/// );
/// assert_eq!(status, 0);
/// assert!(output.starts_with(b"OOM: "));
/// ```
pub fn run<A: Into<OsString> + Clone>(
    args: impl IntoIterator<Item = A>,
    connect: Option<&Connect<'_>>,
    io: &mut Io<'_>,
) -> u8 {
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let parsed = Arguments::try_parse_from_width(&args, io.width);
    let color = parsed.as_ref().map_or_else(|_| args::color_of(&args), |args| args.common.color);
    if color != Color::Auto {
        io.output_color = color == Color::Always;
        io.errors_color = color == Color::Always;
    }
    let ended = match parsed {
        Ok(arguments) => execute(&arguments, connect, io),
        Err(error) => usage(&error, io),
    };
    ended.unwrap_or_else(|failure| {
        failure.write(io);
        FAILED
    })
}

/// The exit status of a command that gave no answer.
const FAILED: u8 = 2;

fn execute(
    arguments: &Arguments,
    connect: Option<&Connect<'_>>,
    io: &mut Io<'_>,
) -> Result<u8, Failure> {
    let common = &arguments.common;
    if common.format == Format::Markdown && !matches!(arguments.command, Command::Diagnose(_)) {
        return Err(Failure::new("only `diagnose` has the format `markdown`"));
    }
    match &arguments.command {
        Command::Diagnose(options) => return diagnose::run(options, common, connect, io),
        Command::Capture(options) => capture::run(options, common, connect, io)?,
        Command::Explain(options) => explain::run(options, common, io)?,
        Command::Iam { command } => iam::run(command, common, io)?,
        Command::Checks { command } => checks::run(command.as_ref(), common, io)?,
        Command::IamPolicy => policy::run(io)?,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "ecs-diag", &mut script);
            io.write(&script)?;
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Arguments::command()).render(&mut page).map_err(Failure::io)?;
            io.write(&page)?;
        }
    }
    Ok(0)
}

/// Help and versions are answers; everything else that `clap` has to say is an error.
fn usage(error: &clap::Error, io: &mut Io<'_>) -> Result<u8, Failure> {
    let text = |color: bool| {
        let text = error.render();
        if color { text.ansi().to_string() } else { text.to_string() }
    };
    if matches!(error.kind(), UsageErrorKind::DisplayHelp | UsageErrorKind::DisplayVersion) {
        let text = text(io.output_color);
        io.write(text.as_bytes())?;
        return Ok(0);
    }
    let text = text(io.errors_color);
    // There is nowhere left to say that this could not be said.
    let _ = io.errors.write_all(text.as_bytes());
    Ok(FAILED)
}

impl Io<'_> {
    /// Writes a part of the answer. `false` means that nobody reads any more, which is no error.
    fn write(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        write(self.output, bytes)
    }

    /// Writes a line about what was not used.
    fn warn(&mut self, warning: &str) {
        let mut paper = Paper::new(&self.style(self.errors_color, Detail::Normal));
        paper.whole(0, &[(Ink::Yellow, "warning:"), (Ink::Plain, " "), (Ink::Plain, warning)]);
        let _ = self.errors.write_all(paper.finish().as_bytes());
    }

    fn style(&self, color: bool, detail: Detail) -> Style {
        Style { color, width: self.width, detail }
    }
}

fn write(output: &mut dyn Write, bytes: &[u8]) -> Result<bool, Failure> {
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::new(format!("the output cannot be written: {error}"))),
    }
}

/// Why there is no answer, and what may help.
struct Failure {
    message: String,
    hints: Vec<String>,
    /// What there is to choose from.
    items: Vec<String>,
}

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new(), items: Vec::new() }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    #[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
    fn of(error: Error) -> Self {
        let items = error.candidates().to_vec();
        let hints = error.help().map(str::to_owned).into_iter().collect();
        Self { message: error.message().to_owned(), hints, items }
    }

    #[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
    fn io(error: io::Error) -> Self {
        Self::new(error.to_string())
    }

    fn write(&self, io: &mut Io<'_>) {
        let mut paper = Paper::new(&io.style(io.errors_color, Detail::Normal));
        paper.whole(0, &[(Ink::Red, "error:"), (Ink::Plain, " "), (Ink::Bold, &self.message)]);
        for hint in &self.hints {
            paper.whole(2, &[(Ink::Cyan, "hint:"), (Ink::Plain, " "), (Ink::Plain, hint)]);
        }
        for item in &self.items {
            paper.whole(4, &[(Ink::Plain, item)]);
        }
        let _ = io.errors.write_all(paper.finish().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Answer, ErrorKind, Query,
        checks::testing::{TASK, World},
        sources::Snapshot,
    };

    /// An account that has these answers, and like any account rests on no assumption.
    struct Account(Snapshot);

    #[async_trait::async_trait]
    impl DataSource for Account {
        async fn fetch(&self, query: &Query) -> Answer {
            self.0.answer(query)
        }
    }

    fn run_with(account: Option<&Account>, args: &[&str]) -> (u8, String, String) {
        run_on(account.map(|account| account as &dyn DataSource), args)
    }

    fn run_on(account: Option<&dyn DataSource>, args: &[&str]) -> (u8, String, String) {
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let mut io = Io {
            input: &mut io::empty(),
            input_is_terminal: true,
            output: &mut output,
            output_color: false,
            errors: &mut errors,
            errors_color: false,
            errors_is_terminal: false,
            width: 80,
        };
        let connect = |_: &Access| {
            let account = account.ok_or_else(|| SourceError::new(ErrorKind::NoCredentials, "none"));
            Ok(Box::new(account?) as Box<dyn DataSource>)
        };
        let code = run(["ecs-diag"].iter().chain(args), Some(&connect), &mut io);
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (code, text(output), text(errors))
    }

    #[test]
    fn a_caller_can_bring_a_source() {
        let account = Account(World::default().source().snapshot);
        let source = Some(&account);
        for args in [
            &["diagnose", "--task", TASK, "-q"][..],
            &["diagnose", "--cluster", "shop", "--service", "checkout", "-q"],
        ] {
            let (code, output, errors) = run_with(source, args);
            assert_eq!((code, errors.as_str()), (1, ""), "{output}");
            assert!(!output.is_empty());
        }
        let (code, _, errors) = run_with(source, &["diagnose"]);
        assert_eq!(code, 2);
        assert!(errors.contains("`--task ID|ARN`"), "{errors}");
        let gone = TASK.replace("4f1d", "0000");
        let (code, output, errors) = run_with(source, &["diagnose", "--task", &gone]);
        // What was not saved is unknown, not absent.
        assert_eq!((code, errors.as_str()), (1, ""));
        assert!(output.starts_with("inconclusive: "), "{output}");
    }

    #[test]
    fn without_credentials_there_is_no_report() {
        struct Expired;

        #[async_trait::async_trait]
        impl DataSource for Expired {
            async fn fetch(&self, _: &Query) -> Answer {
                Err(SourceError::from_code("ExpiredTokenException", "the token has expired"))
            }
        }

        for account in [None, Some(&Expired as &dyn DataSource)] {
            for command in ["diagnose", "capture"] {
                let (code, output, errors) = run_on(account, &[command, "--task", TASK]);
                assert_eq!((code, output.as_str()), (2, ""), "{errors}");
                assert!(errors.starts_with("error: "), "{errors}");
            }
        }
    }

    #[test]
    fn a_capture_is_diagnosed_as_the_account_was() {
        let account = Account(World::default().source().snapshot);
        let source = Some(&account);
        let args = ["--cluster", "shop", "--task", TASK, "--format", "json"];
        let live = run_with(source, &[&["diagnose"], &args[..]].concat()).1;
        let (code, capture, errors) = run_with(source, &[&["capture"], &args[..4]].concat());
        assert_eq!(code, 0, "{errors}");
        let folder = tempfile::tempdir().unwrap();
        for name in ["capture.jsonl", "capture.jsonl.gz"] {
            let path = folder.path().join(name).display().to_string();
            let (code, output, errors) =
                run_with(source, &[&["capture"], &args[..4], &["--output", &path]].concat());
            assert_eq!((code, output.as_str()), (0, ""), "{errors}");
            let replay = [&["diagnose", "--snapshot", &path], &args[..]].concat();
            let (_, replayed, errors) = run_with(None, &replay);
            assert!(replayed == live && errors.is_empty(), "{errors}\n{replayed}\n{live}");
        }
        assert!(
            capture.starts_with(r#"{"schema":"ecs-diag/snapshot/v1","account":"111122223333""#)
        );
    }

    #[test]
    fn a_person_is_not_kept_waiting_for_input() {
        let (code, output, errors) = run_with(None, &["explain"]);
        assert_eq!((code, output.as_str()), (2, ""));
        insta::assert_snapshot!(errors, @"
        error: no text to explain
          hint: give it in quotes, or on standard input with `-`
        ");
    }
}
