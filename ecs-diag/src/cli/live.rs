//! A live account: reaching it, asking it, and showing that something happens.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

use super::{
    Connect, Failure, Io,
    args::{Common, Live, Named},
};
use crate::{
    Answer, DataSource, Diagnosis, ErrorKind, Query, Report, SourceError, Target, sources::Recorder,
};

/// Where there are no answers to give, those of a snapshot will do.
const OFFLINE: &str = "or diagnose saved answers: `--snapshot PATH`";

/// What came of asking an account.
pub(super) struct Asked<'a> {
    pub(super) report: Report,
    pub(super) recorder: Recorder<Box<dyn DataSource + 'a>>,
    /// The operations that gave no answer, and the first reason of each.
    pub(super) unanswered: BTreeMap<String, SourceError>,
}

/// Diagnoses what `named` names in the account that `live` names, and records the answers.
pub(super) fn run<'a>(
    diagnosis: &Diagnosis,
    (named, live): (&Named, &Live),
    common: &Common,
    connect: Option<&Connect<'a>>,
    io: &Io<'_>,
) -> Result<Asked<'a>, Failure> {
    let target = target(named)?;
    let Some(connect) = connect else {
        return Err(Failure::new(
            "this build cannot ask a live account: it lacks the feature `live`",
        )
        .hint("give saved answers instead: `--snapshot PATH`"));
    };
    let mut access = live.access();
    access.region = access.region.or_else(|| target.arn().map(|arn| arn.region));
    let bar = progress(io.errors_is_terminal && !common.quiet);
    bar.set_message("connecting");
    let source = connect(&access).map_err(|error| unreached(&error))?;
    let recorder = Recorder::new(source);
    let watched =
        Watched { source: &recorder, bar, round: AtomicUsize::new(0), log: Mutex::default() };
    let report = pollster::block_on(diagnosis.run(&target, &watched));
    watched.bar.finish_and_clear();
    let Log { answered, unanswered } =
        watched.log.into_inner().unwrap_or_else(PoisonError::into_inner);
    let no_credentials = |error: &&SourceError| error.kind == ErrorKind::NoCredentials;
    if !answered && let Some(error) = unanswered.values().find(no_credentials) {
        return Err(unreached(error));
    }
    let report = report.map_err(Failure::of)?;
    Ok(Asked { report, recorder, unanswered })
}

/// The target that the arguments name.
fn target(named: &Named) -> Result<Target, Failure> {
    let cluster = named.cluster.as_deref();
    match (&named.task, &named.service) {
        (Some(task), _) => Ok(Target::task(cluster, task)),
        (_, Some(service)) => Ok(Target::service(cluster, service)),
        (None, None) => Err(Failure::new("nothing says what to diagnose")
            .hint("name a task (`--task ID|ARN`) or a service (`--service NAME|ARN`)")
            .hint(OFFLINE)),
    }
}

/// Without credentials, Region or profile there is nobody to ask.
fn unreached(error: &SourceError) -> Failure {
    let failure = Failure::new(error.message.clone());
    // What the source says itself says what to do; AWS only says what it does not take.
    let refused = error.code != error.kind.as_str();
    let failure = if refused {
        failure.hint(
            "renew the credentials: log in again (`aws sso login`, `aws login`), or replace the \
             keys in the environment or the profile",
        )
    } else {
        failure
    };
    failure.hint(OFFLINE)
}

/// A line on the terminal that says what is being asked.
fn progress(shown: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if shown {
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.set_style(ProgressStyle::default_spinner());
        bar.enable_steady_tick(Duration::from_millis(100));
    }
    bar
}

/// A source that tells what it is asked.
struct Watched<'a> {
    source: &'a dyn DataSource,
    bar: ProgressBar,
    round: AtomicUsize,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    /// AWS took the credentials, if only to refuse a call.
    answered: bool,
    unanswered: BTreeMap<String, SourceError>,
}

impl Watched<'_> {
    fn note(&self, query: &Query, answer: &Answer) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Err(error) if error.kind != ErrorKind::NotFound => {
                log.answered |= error.kind == ErrorKind::AccessDenied;
                log.unanswered.entry(query.name()).or_insert_with(|| error.clone());
            }
            _ => log.answered = true,
        }
    }
}

#[async_trait::async_trait]
impl DataSource for Watched<'_> {
    async fn fetch(&self, query: &Query) -> Answer {
        let answer = self.source.fetch(query).await;
        self.note(query, &answer);
        answer
    }

    async fn fetch_all(&self, queries: Vec<Query>) -> Vec<(Query, Answer)> {
        let round = self.round.fetch_add(1, Ordering::Relaxed) + 1;
        let names: BTreeSet<_> = queries.iter().map(Query::name).collect();
        let names: Vec<_> = names.into_iter().collect();
        let calls = queries.len();
        self.bar.set_message(format!("round {round}, {calls} calls: {}", names.join(", ")));
        let answers = self.source.fetch_all(queries).await;
        for (query, answer) in &answers {
            self.note(query, answer);
        }
        answers
    }

    fn now(&self) -> Option<Timestamp> {
        self.source.now()
    }

    fn region(&self) -> Option<String> {
        self.source.region()
    }

    fn assumption(&self, query: &Query) -> Option<String> {
        self.source.assumption(query)
    }
}
