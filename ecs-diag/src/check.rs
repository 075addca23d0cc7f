//! What a check is: one question about a target, answered from facts.

use std::{borrow::Cow, ops::Deref, panic, sync::Arc};

use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

use crate::{
    Phase,
    aws::Request,
    case::Case,
    facts::{Missing, Trace},
    finding::{Finding, Severity},
    signature::Cause,
};

/// What is known of a check without running it.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    /// Catalogue id, kebab-case.
    pub id: Cow<'static, str>,
    /// Domain, for instance `image`.
    pub domain: Cow<'static, str>,
    /// Phase of a task's start that a fault stops.
    pub phase: Phase,
    /// Classes of cause that a fault is an instance of.
    pub causes: Cow<'static, [Cause]>,
    /// Checks whose findings about the same object this check's finding explains.
    pub explains: Cow<'static, [&'static str]>,
    /// Title and page, Markdown.
    pub docs: Cow<'static, str>,
}

impl Meta {
    /// The first line of the page.
    pub fn title(&self) -> &str {
        first_line(&self.docs)
    }
}

/// As other languages are told of a check: with its title.
impl Serialize for Meta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut meta = serializer.serialize_struct("Meta", 6)?;
        meta.serialize_field("id", &self.id)?;
        meta.serialize_field("domain", &self.domain)?;
        meta.serialize_field("phase", &self.phase)?;
        meta.serialize_field("title", self.title())?;
        meta.serialize_field("causes", &self.causes)?;
        meta.serialize_field("docs", self.docs.trim())?;
        meta.end()
    }
}

/// The first line of a page.
pub(crate) fn first_line(docs: &str) -> &str {
    docs.trim().lines().next().unwrap_or("").trim()
}

/// One question about a target.
///
/// A check is pure: it reads facts through [`Cx`], reports findings, and does nothing else. Any
/// finding above `info` makes it failed; else anything missing makes it unknown; else it passed.
///
/// ```
/// use ecs_diag::{Check, Cx, Finding, Meta, Missing, Phase};
///
/// struct NoLatest(Meta);
///
/// impl Check for NoLatest {
///     fn meta(&self) -> &Meta {
///         &self.0
///     }
///
///     fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
///         for container in &cx.definition()?.container_definitions {
///             if container.image.as_deref().is_some_and(|image| image.ends_with(":latest")) {
///                 cx.report(Finding::warning(format!("`{}` runs `:latest`", container.name)));
///             }
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait Check: Send + Sync {
    /// What is known of it without running it.
    fn meta(&self) -> &Meta;

    /// Answers the question.
    ///
    /// # Errors
    /// A fact that is missing; the check runs again when it is there.
    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing>;
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nothing is wrong there.
    Passed,
    /// There are findings.
    Failed,
    /// Facts are missing.
    Unknown,
    /// The question does not arise.
    NotApplicable,
}

impl Status {
    /// The name used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// How a check ended, with all it said.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Why it does not apply, or why it could not be answered.
    pub reason: Option<String>,
    /// What it found.
    pub findings: Vec<Finding>,
    /// What it could not read, sorted.
    pub missing: Vec<Missing>,
    /// What it read.
    pub(crate) trace: Trace,
}

impl Outcome {
    /// Whether facts that were not asked for yet could change it.
    pub(crate) fn is_pending(&self) -> bool {
        self.missing.iter().any(Missing::is_pending)
    }
}

/// How many queries one check may want at once; one that wants more is not heard further.
const WANTED_AT_ONCE: usize = 1000;

/// What a check works with: the case, and a place for what it finds.
pub struct Cx<'a> {
    case: &'a Case<'a>,
    meta: &'a Meta,
    findings: Vec<Finding>,
    missing: Vec<Missing>,
    not_applicable: Option<String>,
}

impl<'a> Deref for Cx<'a> {
    type Target = Case<'a>;

    fn deref(&self) -> &Self::Target {
        self.case
    }
}

impl<'a> Cx<'a> {
    /// The case: what the checks of one target share.
    pub fn case(&self) -> &'a Case<'a> {
        self.case
    }

    /// Reports a finding. It stays, whatever is missing later.
    pub fn report(&mut self, mut finding: Finding) {
        finding.check = self.meta.id.clone().into_owned();
        finding.phase = finding.phase.or(Some(self.meta.phase));
        self.findings.push(finding);
    }

    /// Visits every item; what is missing for one does not hide the others.
    pub fn each<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut visit: impl FnMut(&mut Self, T) -> Result<(), Missing>,
    ) {
        for item in items {
            if self.missing.len() >= WANTED_AT_ONCE {
                return;
            }
            if let Err(missing) = visit(self, item) {
                self.missing.push(missing);
            }
        }
    }

    /// Says that the question does not arise for this target, and why.
    pub fn not_applicable(&mut self, reason: impl Into<String>) -> Result<(), Missing> {
        self.not_applicable = Some(reason.into());
        Ok(())
    }

    /// The answer to `request` in the target's region; `None` if the service said that there is
    /// no such thing.
    pub fn get<R: Request>(&self, request: &R) -> Result<Option<Arc<R::Response>>, Missing> {
        self.case.get(request)
    }
}

/// Runs a check to its end, whatever it does.
pub(crate) fn run(check: &dyn Check, case: &Case<'_>) -> Outcome {
    let meta = check.meta();
    let mut cx = Cx { case, meta, findings: vec![], missing: vec![], not_applicable: None };
    // What a check leaves behind when it panics is thrown away with the context.
    let run = panic::AssertUnwindSafe(|| check.run(&mut cx));
    let (ended, trace) = case.traced(|| panic::catch_unwind(run));
    let Ok(ended) = ended else {
        return Outcome {
            status: Status::Unknown,
            reason: Some("the check panicked; its findings are left out".to_owned()),
            findings: vec![],
            missing: vec![],
            trace,
        };
    };
    let Cx { findings, mut missing, not_applicable, .. } = cx;
    missing.extend(ended.err());
    missing.sort_unstable();
    missing.dedup();
    let status = if findings.iter().any(|finding| finding.severity > Severity::Info) {
        Status::Failed
    } else if !missing.is_empty() {
        Status::Unknown
    } else if not_applicable.is_some() {
        Status::NotApplicable
    } else {
        Status::Passed
    };
    let reason = not_applicable.filter(|_| status == Status::NotApplicable);
    Outcome { status, reason, findings, missing, trace }
}

/// Declares a check: its doc comment is its page.
///
/// ```text
/// check! {
///     /// Title in one line
///     ///
///     /// # What it looks at
///     /// # Why it matters
///     /// # How to fix it
///     /// # Source
///     LogGroupExists { id: "log-group-exists", domain: Logging, phase: LogDriver,
///                          causes: [LogGroupMissing], explains: [] }
/// }
/// ```
macro_rules! check {
    (
        $(#[doc = $doc:literal])*
        $name:ident {
            id: $id:literal,
            domain: $domain:literal,
            phase: $phase:ident,
            causes: [$($cause:ident),* $(,)?],
            explains: [$($explained:literal),* $(,)?] $(,)?
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;

        impl $name {
            /// What is known of the check without running it.
            pub(crate) const META: $crate::check::Meta = $crate::check::Meta {
                id: std::borrow::Cow::Borrowed($id),
                domain: std::borrow::Cow::Borrowed($domain),
                phase: $crate::Phase::$phase,
                causes: std::borrow::Cow::Borrowed(&[$($crate::signature::Cause::$cause),*]),
                explains: std::borrow::Cow::Borrowed(&[$($explained),*]),
                docs: std::borrow::Cow::Borrowed(concat!($($doc, "\n"),*)),
            };
        }
    };
}

pub(crate) use check;
