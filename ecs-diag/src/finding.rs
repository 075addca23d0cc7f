//! What a check found, where it shows, and what to do.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Phase, Query, aws::Time, edit::Edit};

/// How much a finding explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Context or advice.
    Info,
    /// Bad practice, or a fault that shows only at times.
    Warning,
    /// Explains a failed start under a stated condition.
    Likely,
    /// Alone explains a failed start.
    Blocker,
}

impl Severity {
    /// The name used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Likely => "likely",
            Self::Blocker => "blocker",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An object of the account that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Resource {
    /// CloudFormation's name of its type, for instance `AWS::EC2::Subnet`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Id or name.
    pub id: String,
    /// ARN, where it is known.
    pub arn: Option<String>,
}

impl Resource {
    /// An object by type and id.
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self { kind: kind.into(), id: id.into(), arn: None }
    }

    /// With its ARN.
    pub fn arn(mut self, arn: impl Into<String>) -> Self {
        self.arn = Some(arn.into());
        self
    }
}

/// Where a finding can be seen: a value in an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The call.
    pub query: Query,
    /// The object in its answer.
    pub object: Option<String>,
    /// JSON pointer to the value, in the answer or in the object.
    pub pointer: String,
    /// The value; `null` for a thing that is not there.
    pub value: Value,
}

impl Evidence {
    /// The value at `pointer` in the answer to `query`.
    pub fn new(query: Query, pointer: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { query, object: None, pointer: pointer.into(), value: value.into() }
    }

    /// Names the object that the pointer starts from.
    pub fn object(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }
}

/// What makes a finding go away.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remedy {
    /// In a sentence.
    pub summary: String,
    /// Step by step.
    pub steps: Vec<String>,
    /// AWS CLI commands, ids filled in.
    pub commands: Vec<String>,
    /// Whether evaluating again with the change applied showed that the finding is gone and
    /// nothing worse came.
    pub verified: bool,
    pub(crate) edits: Vec<Edit>,
}

impl Remedy {
    /// A remedy in a sentence.
    pub fn new(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), ..Self::default() }
    }

    /// One more step.
    pub fn step(mut self, step: impl Into<String>) -> Self {
        self.steps.push(step.into());
        self
    }

    /// One more command.
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }

    /// A change that shows in answers; with all of a remedy's edits applied, it is put to the test.
    pub fn edit(mut self, edit: Edit) -> Self {
        self.edits.push(edit);
        self
    }
}

/// Something that a check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Catalogue id of the check, filled in when it is reported.
    pub check: String,
    /// How much it explains.
    pub severity: Severity,
    /// Phase that it stops; the check's where it names none.
    pub phase: Option<Phase>,
    /// What is wrong with which object, in a sentence.
    pub summary: String,
    /// Why that stops the task.
    pub detail: String,
    /// Objects it is about, the one at fault first.
    pub resources: Vec<Resource>,
    /// Where it can be seen.
    pub evidence: Vec<Evidence>,
    /// What to do.
    pub remedy: Option<Remedy>,
    /// When the object at fault was last changed, where that is known.
    pub changed_at: Option<Time>,
    /// Words by which a failure message would name the object at fault, beside its id and ARN.
    pub names: Vec<String>,
}

impl Finding {
    /// A finding that alone explains a failed start.
    pub fn blocker(summary: impl Into<String>) -> Self {
        Self::of(Severity::Blocker, summary)
    }

    /// A finding that explains a failed start under the condition that its detail states.
    pub fn likely(summary: impl Into<String>) -> Self {
        Self::of(Severity::Likely, summary)
    }

    /// Bad practice, or a fault that shows only at times.
    pub fn warning(summary: impl Into<String>) -> Self {
        Self::of(Severity::Warning, summary)
    }

    /// Context or advice.
    pub fn info(summary: impl Into<String>) -> Self {
        Self::of(Severity::Info, summary)
    }

    /// A finding of any severity.
    pub fn of(severity: Severity, summary: impl Into<String>) -> Self {
        Self {
            check: String::new(),
            severity,
            phase: None,
            summary: summary.into(),
            detail: String::new(),
            resources: Vec::new(),
            evidence: Vec::new(),
            remedy: None,
            changed_at: None,
            names: Vec::new(),
        }
    }

    /// Why that stops the task.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// An object it is about; the first one is the one at fault.
    pub fn resource(mut self, resource: Resource) -> Self {
        self.resources.push(resource);
        self
    }

    /// A place where it can be seen.
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// What to do.
    pub fn remedy(mut self, remedy: Remedy) -> Self {
        self.remedy = Some(remedy);
        self
    }

    /// The phase that it stops, if not the check's.
    pub fn phase(mut self, phase: Phase) -> Self {
        self.phase = Some(phase);
        self
    }

    /// When the object at fault was last changed.
    pub fn changed_at(mut self, time: Option<Time>) -> Self {
        self.changed_at = time;
        self
    }

    /// A word by which a failure message would name the object at fault, for instance the image
    /// reference.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    /// The object at fault: what findings of one cause have in common.
    pub(crate) fn subject(&self) -> Option<&Resource> {
        self.resources.first()
    }
}
