//! The `ecs-diag` command.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use anstream::{AutoStream, ColorChoice};
use ecs_diag::cli::{self, Io};

/// Width where the output is no terminal.
const WIDTH: usize = 80;

fn main() -> ExitCode {
    let (mut input, mut output, mut errors) = (io::stdin(), io::stdout(), io::stderr());
    let width = terminal_size::terminal_size_of(&output)
        .or_else(|| terminal_size::terminal_size_of(&errors))
        .map_or(WIDTH, |(width, _)| usize::from(width.0));
    let mut io = Io {
        input_is_terminal: input.is_terminal(),
        input: &mut input,
        output_color: AutoStream::choice(&output) != ColorChoice::Never,
        output: &mut output,
        errors_color: AutoStream::choice(&errors) != ColorChoice::Never,
        errors: &mut errors,
        width,
    };
    ExitCode::from(cli::run(std::env::args_os(), None, &mut io))
}
