//! What a failure text says.
//!
//! ECS reports a failure as text: `stoppedReason`, the `reason` of a container, a service event,
//! a line of the agent's log. The texts are not made for programs, differ between generations of
//! the service, and arrive wrapped, cut and re-spelt. This module knows their templates.
//!
//! A reading has two layers. The **signature** is what the text says; the **causes** are what can
//! be wrong in the account when it says so, most likely first. One text usually has several
//! causes, and only configuration tells which one holds.
//!
//! ```
//! use ecs_diag::{Phase, signature::{self, Cause}};
//!
//! let reading = signature::read(
//!     "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve \
//!      ref docker.io/library/shop-api:v3: pull access denied, repository does not exist or may \
//!      require authorization: server message: insufficient_scope: authorization failed",
//! );
//! assert_eq!(reading.signature, Some("CPC-HUB-SCOPE"));
//! assert_eq!(reading.phase, Some(Phase::Pull));
//! assert_eq!(reading.causes, [Cause::ImageWrongReference]);
//! assert_eq!(reading.parameters["registry"], "docker.io");
//!
//! let unknown = signature::read("The dog ate the container.");
//! assert_eq!(unknown.signature, None);
//! assert!(unknown.causes.is_empty());
//! ```
//!
//! Reading is pure, needs time linear in the text, and never panics.

mod cause;
mod matcher;
mod parameters;
mod refine;
mod stop;
mod table;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

use serde::Serialize;

pub use cause::Cause;
pub use stop::{
    AttachmentStop, ContainerStop, ManagedAgentStop, Place, Stop, StopReading, read_stop,
};
pub use table::{Signature, Source};

use crate::Phase;
use matcher::{Best, Matcher};
use table::rank;
use text::Text;

/// A reading names at most this many causes.
const MOST_CAUSES: usize = 5;
/// Joined texts beyond this many are not looked at one by one.
const MOST_PARTS: usize = 16;

/// What one text says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// The id of the signature, where the text has a known one.
    pub signature: Option<&'static str>,
    /// The phase in which the task failed, where the text tells.
    pub phase: Option<Phase>,
    /// What can be wrong in the account, most likely first; at most five.
    pub causes: Vec<Cause>,
    /// What the text names, in its own spelling. A key is present only where the text has its
    /// value; nothing is completed or guessed.
    ///
    /// * A refusal: `principal`, `role`, `action`, `resource`, `layer` (`identity-based`,
    ///   `resource-based`, `permissions-boundary`, `service-control-policy`,
    ///   `resource-control-policy`, `session-policy`, `vpc-endpoint`), `deny` (`explicit`,
    ///   `implicit`), `role_arn`.
    /// * The network: `host`, `ip`, `port`, `resolver`, `region`, `service` (`ecr.api`, `ecr.dkr`,
    ///   `registry`, `secretsmanager`, `ssm`, `kms`, `logs`, `s3-env`, `s3-layer`, `sts`, `efs`,
    ///   `ssmmessages`), `status_code`, `request_id`, `attempts`, and `answered`: `true` where
    ///   the text proves that the service answered, `false` where it proves that none did.
    /// * Images: `image`, `registry`, `repository`, `tag`, `digest`, `platform`.
    /// * Secrets: `secret`, `parameters` (names, separated by commas), `json_key`.
    /// * The rest: `log_group`, `subnet`, `file_system`, `path`, `exit_code`, `container`,
    ///   `instance`, `cluster`, `deployment`, `target_group`, `load_balancer`, `task`,
    ///   `capacity_provider`.
    pub parameters: BTreeMap<&'static str, String>,
    /// Whether the text reports something expected rather than a failure.
    pub benign: bool,
}

/// The table of signatures.
pub fn signatures() -> &'static [Signature] {
    &table::TABLE
}

/// Reads one text, from any place.
///
/// Of all signatures that fit, the most specific one is the answer: a tail that names the reason
/// outranks the sentence around it. A text without a known signature has none, and no causes.
pub fn read(text: &str) -> Reading {
    ranked(text).1
}

/// A reading, with how specific it is.
fn ranked(text: &str) -> (u8, Reading) {
    let text = Text::new(text);
    if text.plain.is_empty() {
        return (0, Reading::default());
    }
    // The agent joins the failures of several resources.
    if text.lower.contains(';') {
        let parts = text.plain.split(';').map(str::trim).take(MOST_PARTS);
        let mut known = parts
            .map(|part| one(&Text::new(part)))
            .filter(|(_, reading)| reading.signature.is_some());
        if let Some(mut best) = known.next() {
            let mut several = false;
            for other in known {
                several |= other.1.signature != best.1.signature;
                if other.0 > best.0 {
                    best = other;
                }
            }
            let whole = one(&text);
            // One text that happens to contain a semicolon is read as a whole.
            return if several && best.0 >= whole.0 { best } else { whole };
        }
    }
    one(&text)
}

fn one(text: &Text) -> (u8, Reading) {
    let matcher = Matcher::get();
    let found = matcher.find(text);
    let parameters = parameters::extract(text, &found, matcher.answered(&found));
    match matcher.best(text, &found) {
        Some(Best { signature, form }) => {
            let causes = form.causes.unwrap_or(signature.causes);
            let mut causes = refine::refine(causes, &parameters, &found);
            if signature.id == "EXIT" {
                causes =
                    stop::exit_causes(parameters.get("exit_code").and_then(|n| n.parse().ok()));
            }
            let reading = Reading {
                signature: Some(signature.id),
                phase: form.phase.or(signature.phase),
                causes,
                parameters,
                benign: signature.benign,
            };
            (form.rank, reading)
        }
        None => (
            rank::UNKNOWN,
            Reading { phase: category(&text.lower), parameters, ..Reading::default() },
        ),
    }
}

/// The phase that the word at the beginning of an unknown text stands for.
fn category(lower: &str) -> Option<Phase> {
    [
        ("cannotpull", Phase::Pull),
        ("cannotcreatecontainererror", Phase::Create),
        ("cannotstartcontainererror", Phase::Start),
    ]
    .into_iter()
    .find_map(|(word, phase)| {
        let rest = lower.strip_prefix("taskfailedtostart: ").unwrap_or(lower);
        rest.starts_with(word).then_some(phase)
    })
}
