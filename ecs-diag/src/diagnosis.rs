//! Running checks: rounds of evaluation and fetching until nothing new is wanted.

use std::{borrow::Cow, collections::BTreeSet, fmt, sync::Arc};

use jiff::Timestamp;

use crate::{
    aws,
    case::Case,
    check::{self, Check, Meta, Outcome, Status},
    checks,
    edit::Edit,
    facts::{Facts, Missing, Trace},
    finding::{Finding, Severity},
    report::Report,
    source::{Answer, DataSource, ErrorKind, Query, SourceError},
    target::Target,
};

/// Rounds of fetching after which a target is reported with what is known.
const ROUNDS: usize = 16;
/// Targets under way at once; more wait, so that memory does not grow with their number.
const TARGETS_AT_ONCE: usize = 512;

/// Which checks to run; the entry to everything.
///
/// ```
/// use ecs_diag::{Diagnosis, Target, sources::Snapshot};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/image-tag-missing/snapshot");
/// let snapshot = Snapshot::open(folder)?;
/// let target = Target::task(Some("shop"), "4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c");
/// let report = pollster::block_on(Diagnosis::new().run(&target, &snapshot))?;
/// assert_eq!(report.verdict.as_str(), "explained");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Diagnosis {
    checks: Vec<Arc<dyn Check>>,
    built_in: usize,
}

impl Default for Diagnosis {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.checks.iter().map(|check| &check.meta().id)).finish()
    }
}

impl Diagnosis {
    /// With all built-in checks.
    pub fn new() -> Self {
        let checks: Vec<_> = checks::all().iter().map(|check| Arc::clone(&check.check)).collect();
        let built_in = checks.len();
        Self { checks, built_in }
    }

    /// With one more check.
    pub fn with(mut self, check: impl Check + 'static) -> Self {
        self.checks.push(Arc::new(check));
        self
    }

    /// With only the checks that have one of these ids or belong to one of these domains.
    ///
    /// # Errors
    /// A name that no check has.
    pub fn only<S: AsRef<str>>(self, names: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        let names = self.named(names)?;
        Ok(self.keep(|meta| selected(meta, &names)))
    }

    /// Without the checks that have one of these ids or belong to one of these domains.
    ///
    /// # Errors
    /// A name that no check has.
    pub fn skip<S: AsRef<str>>(self, names: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        let names = self.named(names)?;
        Ok(self.keep(|meta| !selected(meta, &names)))
    }

    /// What is known of the checks, in the catalogue's order.
    pub fn checks(&self) -> impl Iterator<Item = &Meta> {
        self.checks.iter().map(|check| check.meta())
    }

    fn named<S: AsRef<str>>(
        &self,
        names: impl IntoIterator<Item = S>,
    ) -> Result<Vec<String>, Error> {
        names
            .into_iter()
            .map(|name| {
                let name = name.as_ref();
                if checks::DOMAINS.contains(&name)
                    || self.checks().any(|meta| selected(meta, &[name]))
                {
                    return Ok(name.to_owned());
                }
                let known = self.checks().flat_map(|meta| [&meta.id, &meta.domain]);
                let near = known.max_by(|a, b| {
                    strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name))
                });
                let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                Err(Error::new(
                    Kind::NoSuchCheck,
                    format!("no check and no domain is called `{name}`{hint}"),
                ))
            })
            .collect()
    }

    fn keep(mut self, wanted: impl Fn(&Meta) -> bool) -> Self {
        let is_built_in = |index: usize| index < self.built_in;
        let kept: Vec<_> = self
            .checks
            .iter()
            .enumerate()
            .filter(|(_, check)| wanted(check.meta()))
            .map(|(index, check)| (is_built_in(index), Arc::clone(check)))
            .collect();
        self.built_in = kept.iter().filter(|(built_in, _)| *built_in).count();
        self.checks = kept.into_iter().map(|(_, check)| check).collect();
        self
    }

    /// Diagnoses a target on the facts at hand; what they lack is unknown.
    pub fn evaluate(&self, facts: &Arc<Facts>, target: &Target) -> Report {
        let mut progress = Progress::new(target.clone(), self.checks.len());
        progress.advance(self, facts);
        progress.report(self, facts)
    }

    /// Diagnoses a target, asking `source` for whatever the checks want.
    ///
    /// # Errors
    /// If there is no such target.
    pub async fn run(&self, target: &Target, source: &dyn DataSource) -> Result<Report, Error> {
        let mut reports = self.run_many([target.clone()], source).await;
        reports.pop().unwrap_or_else(|| unreachable!("one target gives one report"))
    }

    /// Diagnoses targets that share facts: each query is asked once for all of them. The results
    /// come in the order of the targets.
    pub async fn run_many(
        &self,
        targets: impl IntoIterator<Item = Target>,
        source: &dyn DataSource,
    ) -> Vec<Result<Report, Error>> {
        let mut run = self.start(targets, source.now());
        let mut reports = Vec::new();
        loop {
            match run.step() {
                Step::Ask(queries) => {
                    for (query, answer) in source.fetch_all(queries).await {
                        let assumption = source.assumption(&query);
                        run.answer(query, answer, assumption);
                    }
                }
                Step::Done(index, report) => {
                    let report = *report;
                    if reports.len() <= index {
                        reports.resize_with(index + 1, || None);
                    }
                    reports[index] = Some(report);
                }
                Step::Finished => return reports.into_iter().flatten().collect(),
            }
        }
    }

    /// Begins a run that the caller drives: ask what [`Run::step`] wants, give it to
    /// [`Run::answer`], and step again.
    pub fn start(&self, targets: impl IntoIterator<Item = Target>, now: Option<Timestamp>) -> Run {
        let mut waiting: Vec<Target> = targets.into_iter().collect();
        waiting.reverse();
        Run {
            diagnosis: self.clone(),
            facts: Arc::new(Facts::new().at(now)),
            waiting,
            started: 0,
            active: Vec::new(),
        }
    }
}

fn selected<S: AsRef<str>>(meta: &Meta, names: &[S]) -> bool {
    names.iter().any(|name| [&meta.id, &meta.domain].contains(&&Cow::Borrowed(name.as_ref())))
}

/// A run under way; see [`Diagnosis::start`].
pub struct Run {
    diagnosis: Diagnosis,
    facts: Arc<Facts>,
    waiting: Vec<Target>,
    started: usize,
    active: Vec<(usize, Progress)>,
}

/// What a run wants next.
#[derive(Debug)]
pub enum Step {
    /// Answers to these queries, in any order.
    Ask(Vec<Query>),
    /// The target of this index is done.
    Done(usize, Box<Result<Report, Error>>),
    /// Nothing; every target is done.
    Finished,
}

impl Run {
    /// Goes on as far as the facts allow.
    pub fn step(&mut self) -> Step {
        loop {
            while self.active.len() < TARGETS_AT_ONCE
                && let Some(target) = self.waiting.pop()
            {
                let mut progress = Progress::new(target, self.diagnosis.checks.len());
                progress.advance(&self.diagnosis, &self.facts);
                self.active.push((self.started, progress));
                self.started += 1;
            }
            if let Some(at) = self.active.iter().position(|(_, progress)| progress.done) {
                let (index, progress) = self.active.swap_remove(at);
                let report = progress.finish(&self.diagnosis, &self.facts);
                return Step::Done(index, Box::new(report));
            }
            if self.active.is_empty() {
                return Step::Finished;
            }
            let (allowed, refused): (Vec<_>, Vec<_>) = self
                .facts
                .take_wanted()
                .into_iter()
                .partition(|query| aws::operation(&query.service, &query.operation).is_some());
            for query in refused {
                let why =
                    format!("`{}` is not an operation that a source may be asked", query.name());
                self.facts.insert(query, Err(SourceError::new(ErrorKind::NotAllowed, why)), None);
            }
            if !allowed.is_empty() {
                return Step::Ask(allowed);
            }
            // Everything wanted is answered.
            for (_, progress) in &mut self.active {
                progress.advance(&self.diagnosis, &self.facts);
            }
        }
    }

    /// Gives the answer to a query, and what it rests on beside what was said.
    pub fn answer(&mut self, query: Query, answer: Answer, assumption: Option<String>) {
        self.facts.insert(query, answer, assumption);
    }

    /// The facts so far.
    pub fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }
}

/// A target on its way to a report.
struct Progress {
    target: Target,
    outcomes: Vec<Option<Outcome>>,
    rounds: usize,
    /// Whether nothing is pending any more, or the rounds are used up.
    done: bool,
}

impl Progress {
    fn new(target: Target, checks: usize) -> Self {
        Self { target, outcomes: vec![None; checks], rounds: 0, done: false }
    }

    /// Runs the checks that are not at their end yet.
    fn advance(&mut self, diagnosis: &Diagnosis, facts: &Arc<Facts>) {
        self.rounds += 1;
        let mut case = Case::new(facts, &self.target);
        let mut gaps = BTreeSet::new();
        // What the caller may not read shows when the others have asked: it runs last, every time.
        let mut last = None;
        for (check, outcome) in diagnosis.checks.iter().zip(&mut self.outcomes) {
            if check.meta().id == checks::CALLER_PERMISSIONS {
                last = Some((check, outcome));
                continue;
            }
            if outcome.as_ref().is_none_or(Outcome::is_pending) {
                *outcome = Some(run_check(&**check, &case));
            }
            gaps.extend(outcome.iter().flat_map(|outcome| outcome.missing.iter().cloned()));
        }
        case.note_gaps(gaps);
        if let Some((check, outcome)) = last {
            *outcome = Some(run_check(&**check, &case));
        }
        // The report's own parts need facts too.
        let summary = [case.symptom().err(), case.network().err(), case.service().err()];
        let pending = summary.iter().flatten().any(Missing::is_pending)
            || self.outcomes.iter().flatten().any(Outcome::is_pending);
        self.done = !pending || self.rounds > ROUNDS;
    }

    fn finish(self, diagnosis: &Diagnosis, facts: &Arc<Facts>) -> Result<Report, Error> {
        let case = Case::new(facts, &self.target);
        if matches!(case.exists(), Ok(false)) {
            return Err(Error::new(Kind::NoSuchTarget, not_found(&self.target)));
        }
        Ok(self.report(diagnosis, facts))
    }

    fn report(mut self, diagnosis: &Diagnosis, facts: &Arc<Facts>) -> Report {
        for missing in self.outcomes.iter_mut().flatten().flat_map(|outcome| &mut outcome.missing) {
            if let Missing::Pending(query) = missing {
                let error = SourceError::new(ErrorKind::LimitReached, "not asked");
                *missing = Missing::Unavailable(query.clone(), Arc::new(error));
            }
        }
        let case = Case::new(facts, &self.target);
        let checks: Vec<_> = diagnosis
            .checks
            .iter()
            .map(|check| check.meta())
            .zip(self.outcomes.into_iter().map(|outcome| outcome.expect("every check has run")))
            .collect();
        let mut report = Report::new(&case, &checks);
        report.prove(|finding| {
            let edits = finding.remedy.as_ref().map_or(&[][..], |remedy| &remedy.edits);
            proves(diagnosis, facts, &self.target, &checks, finding, edits)
        });
        report
    }
}

/// Whether, after these edits, the finding is gone, no new blocker came and nothing new is asked.
fn proves(
    diagnosis: &Diagnosis,
    facts: &Arc<Facts>,
    target: &Target,
    before: &[(&Meta, Outcome)],
    finding: &Finding,
    edits: &[Edit],
) -> bool {
    let edited = Facts::edited(facts, edits.to_vec());
    let case = Case::new(&edited, target);
    let before = &before[..diagnosis.built_in];
    let after: Vec<Cow<'_, Outcome>> = diagnosis
        .checks
        .iter()
        .zip(before)
        .map(|(check, (_, outcome))| {
            // A check that read nothing of what changed ends as it did.
            if outcome.trace.reads.iter().any(|index| edited.touches(*index)) {
                Cow::Owned(run_check(&**check, &case))
            } else {
                Cow::Borrowed(outcome)
            }
        })
        .collect();
    let findings = || after.iter().flat_map(|outcome| &outcome.findings);
    let known: BTreeSet<_> =
        blockers(before.iter().flat_map(|(_, outcome)| &outcome.findings)).collect();
    !after.iter().any(|outcome| outcome.is_pending())
        && !findings()
            .any(|other| other.check == finding.check && other.subject() == finding.subject())
        && blockers(findings()).all(|blocker| known.contains(&blocker))
}

/// Blockers by check and object.
fn blockers<'f>(
    findings: impl Iterator<Item = &'f Finding>,
) -> impl Iterator<Item = (&'f str, &'f str)> {
    findings.filter(|finding| finding.severity == Severity::Blocker).map(|finding| {
        (finding.check.as_str(), finding.subject().map_or("", |subject| subject.id.as_str()))
    })
}

/// Runs a check, unless its question does not arise because there is no target.
fn run_check(check: &dyn Check, case: &Case<'_>) -> Outcome {
    if check.meta().id != checks::TASK_FOUND && matches!(case.exists(), Ok(false)) {
        return Outcome {
            status: Status::NotApplicable,
            reason: Some("there is no such task".to_owned()),
            findings: vec![],
            missing: vec![],
            trace: Trace::default(),
        };
    }
    check::run(check, case)
}

fn not_found(target: &Target) -> String {
    let cluster = target.cluster().unwrap_or_else(|| "default".to_owned());
    match target {
        Target::Task { task, .. } => format!(
            "there is no task `{task}` in cluster `{cluster}`; stopped tasks are forgotten after \
             about an hour"
        ),
        Target::Service { service, .. } => {
            format!("there is no service `{service}` in cluster `{cluster}`")
        }
        Target::Event(_) => "the event holds no task".to_owned(),
    }
}

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    message: String,
    help: Option<String>,
    candidates: Vec<String>,
}

/// What went wrong, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// There is no such task or service, or it is not clear which one is meant.
    NoSuchTarget,
    /// No check and no domain has that name.
    NoSuchCheck,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, candidates: Vec::new() }
    }

    /// With what may help.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With what there is to choose from.
    pub(crate) fn with_candidates(mut self, candidates: Vec<String>) -> Self {
        self.candidates = candidates;
        self
    }

    /// What went wrong, for programs.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What went wrong, for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What may help.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// What there is to choose from, one line each.
    pub fn candidates(&self) -> &[String] {
        &self.candidates
    }
}

impl fmt::Display for Error {
    /// All of it: the message and the help in a line, a line for each candidate.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.help.iter().try_for_each(|help| write!(f, "; {help}"))?;
        self.candidates.iter().try_for_each(|candidate| write!(f, "\n  {candidate}"))
    }
}

impl std::error::Error for Error {}
