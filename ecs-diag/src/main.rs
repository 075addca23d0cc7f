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
        errors_is_terminal: errors.is_terminal(),
        errors: &mut errors,
        width,
    };
    ExitCode::from(run(&mut io))
}

#[cfg(not(feature = "live"))]
fn run(io: &mut Io<'_>) -> u8 {
    cli::run(std::env::args_os(), None, io)
}

#[cfg(feature = "live")]
fn run(io: &mut Io<'_>) -> u8 {
    use ecs_diag::{Access, DataSource, sources::Live};

    // The SDK's timers and connections live on the runtime; whoever polls them may do so here.
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                eprintln!("error: no runtime for live accounts: {error}");
                return 2;
            }
        };
    let entered = runtime.enter();
    let connect = |access: &Access| {
        let live = pollster::block_on(Live::connect(access))?;
        Ok(Box::new(live) as Box<dyn DataSource>)
    };
    let status = cli::run(std::env::args_os(), Some(&connect), io);
    drop(entered);
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
    status
}
