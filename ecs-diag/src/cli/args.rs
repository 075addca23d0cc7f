//! The command line.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::{Access, render::Detail};

/// Finds out why an Amazon ECS task does not start, and proves the fix
///
/// It reads and never writes: a live account, or answers saved from one (`--snapshot`).
#[derive(Debug, Parser)]
#[command(
    name = "ecs-diag",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Exit status of `diagnose`: 0 healthy, 1 any other verdict, 2 no report. \
                  Other commands: 0 answered, 2 not."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

impl Arguments {
    /// Parses; help is laid out for `width` columns.
    pub(super) fn try_parse_from_width(
        args: &[OsString],
        width: usize,
    ) -> Result<Self, clap::Error> {
        let command = Self::command().term_width(width.min(100));
        Self::from_arg_matches(&command.try_get_matches_from(args)?)
    }
}

#[derive(Args, Debug)]
pub(super) struct Common {
    /// Form of the answer
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,

    /// Only these checks or domains
    #[arg(long, global = true, value_name = "CODE|DOMAIN", value_delimiter = ',')]
    pub(super) only: Vec<String>,

    /// Without these checks or domains
    #[arg(long, global = true, value_name = "CODE|DOMAIN", value_delimiter = ',')]
    pub(super) skip: Vec<String>,

    /// When to colour; `NO_COLOR` is heeded
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(super) color: Color,

    /// Only the verdict and its causes
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// Everything: all checks, all evidence, texts in full
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
}

impl Common {
    pub(super) fn detail(&self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Brief,
            (_, true) => Detail::Full,
            _ => Detail::Normal,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Finds out why a task does not start
    Diagnose(Diagnose),
    /// Saves the answers that the diagnosis of a task needs, redacted, as JSON Lines
    Capture(Capture),
    /// Says what a failure text means
    Explain(Explain),
    /// Evaluates IAM policies
    Iam {
        #[command(subcommand)]
        command: Iam,
    },
    /// Lists the checks, or shows the page of one
    Checks {
        #[command(subcommand)]
        command: Option<Checks>,
    },
    /// Prints the IAM policy that a diagnosis of a live account needs
    IamPolicy,
    /// Prints a script that completes this command's arguments in a shell
    Completions {
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Prints the manual page
    #[command(hide = true)]
    Man,
}

#[derive(Args, Debug)]
pub(super) struct Diagnose {
    /// Folder or file of saved answers: captures, outputs of AWS CLI commands, recordings,
    /// EventBridge events
    #[arg(long, value_name = "PATH", conflicts_with_all = ["region", "profile", "endpoint_url", "timeout"])]
    pub(super) snapshot: Option<PathBuf>,

    #[command(flatten)]
    pub(super) named: Named,

    #[command(flatten)]
    pub(super) live: Live,
}

#[derive(Args, Debug)]
pub(super) struct Capture {
    #[command(flatten)]
    pub(super) named: Named,

    /// File to write, packed if it ends with `.gz`; standard output where it is not given
    #[arg(short, long, value_name = "PATH")]
    pub(super) output: Option<PathBuf>,

    #[command(flatten)]
    pub(super) live: Live,
}

/// What is diagnosed.
#[derive(Args, Debug)]
pub(super) struct Named {
    /// Cluster, by name or ARN
    #[arg(long, value_name = "CLUSTER")]
    pub(super) cluster: Option<String>,

    /// Task, by id or ARN; not needed where a snapshot has one that failed
    #[arg(long, value_name = "ID|ARN", conflicts_with = "service")]
    pub(super) task: Option<String>,

    /// Service, by name or ARN: its newest failed task, or its events
    #[arg(long, value_name = "NAME|ARN")]
    pub(super) service: Option<String>,
}

/// How a live account is reached.
#[derive(Args, Debug)]
#[command(next_help_heading = "Live account")]
pub(super) struct Live {
    /// Region of the cluster; else the one of an ARN, the environment or the profile
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// Profile of the shared AWS configuration files
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// Endpoint to ask in place of AWS's own
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,

    /// Seconds to wait for AWS altogether; what is not answered by then stays unknown
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

impl Live {
    pub(super) fn access(&self) -> Access {
        Access {
            region: self.region.clone(),
            profile: self.profile.clone(),
            endpoint_url: self.endpoint_url.clone(),
            timeout: self.timeout,
        }
    }
}

/// A positive number of seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "must be more than 0".to_owned())
}

#[derive(Args, Debug)]
pub(super) struct Explain {
    /// Failure text: a stopped reason, a container's reason, a service event; `-` reads it from
    /// standard input
    #[arg(value_name = "TEXT")]
    pub(super) text: Option<String>,

    /// One text a line; the answer is JSON Lines
    #[arg(long)]
    pub(super) lines: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Iam {
    /// Decides whether policies allow a request, and says why
    Evaluate {
        /// File with one request as JSON, or with one a line (JSON Lines); `-` is standard input
        #[arg(long, value_name = "FILE", default_value = "-")]
        input: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Checks {
    /// Lists the checks by domain
    List,
    /// Shows what a check looks at, why it matters and how to fix what it finds
    Explain {
        /// Code of the check, for instance `img-ecr-tag-exists`
        code: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For the terminal
    Text,
    /// For programs
    Json,
    /// For tickets and chat (`diagnose`)
    Markdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What `--color` says in arguments that could not be parsed.
pub(super) fn color_of(args: &[OsString]) -> Color {
    let mut color = Color::Auto;
    for (index, arg) in args.iter().enumerate() {
        let value = match arg.to_str() {
            Some("--") => break,
            Some("--color") => args.get(index + 1).and_then(|value| value.to_str()),
            Some(arg) => arg.strip_prefix("--color="),
            None => None,
        };
        color = value.and_then(|value| Color::from_str(value, false).ok()).unwrap_or(color);
    }
    color
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn colors_are_heeded_before_parsing() {
        let color = |args: &[&str]| {
            color_of(&args.iter().map(|arg| OsString::from(*arg)).collect::<Vec<_>>())
        };
        assert_eq!(color(&["x", "--bogus", "--color", "never"]), Color::Never);
        assert_eq!(color(&["x", "--color=always", "--help"]), Color::Always);
        assert_eq!(color(&["x", "--", "--color=always"]), Color::Auto);
    }
}
