//! The built-in checks: one file a check, one folder a domain.

use std::sync::{Arc, LazyLock};

use crate::check::Check;

/// A registered check.
pub(crate) struct Entry {
    pub(crate) check: Arc<dyn Check>,
    /// Facts on which it fails, passes, cannot tell, and passes although the message is the same.
    #[cfg(test)]
    pub(crate) examples: testing::Examples,
}

/// Declares the checks of a domain: one line a check, its file and its name. The file's tests must
/// have `EXAMPLES`, or this does not compile.
macro_rules! checks {
    ($($file:ident: $check:ident,)*) => {
        $(mod $file;)*

        pub(super) fn all() -> Vec<$crate::checks::Entry> {
            vec![$(
                $crate::checks::Entry {
                    check: std::sync::Arc::new($file::$check),
                    #[cfg(test)]
                    examples: $file::tests::EXAMPLES,
                },
            )*]
        }
    };
}

use checks;

mod capacity;
#[cfg(test)]
mod catalogue;
mod classification;
mod container;
mod container_instance;
mod definition;
mod exec;
mod execution_role;
mod external;
mod fargate;
mod features;
mod image;
mod instances;
mod kms;
mod logging;
mod network;
mod object;
mod placement;
mod preflight;
#[cfg(test)]
mod properties;
mod secrets;
mod service;
mod task;
#[cfg(test)]
pub(crate) mod testing;
mod version;
mod volumes;

/// The check that says whether there is a target at all.
pub(crate) const TASK_FOUND: &str = "pre-task-found";

/// The check that says what the caller may not read.
pub(crate) const CALLER_PERMISSIONS: &str = "pre-caller-permissions";

/// The catalogue's domains: each may be named where checks are chosen, whether or not it has
/// checks yet.
pub(crate) const DOMAINS: [&str; 19] = [
    "preflight",
    "classification",
    "image",
    "execution-role",
    "task-role",
    "exec",
    "secrets",
    "kms",
    "logging",
    "network",
    "volumes",
    "container-instance",
    "external",
    "ssm-agent",
    "placement",
    "fargate",
    "container",
    "service",
    "guardduty",
];

/// Every built-in check, in the catalogue's order.
pub(crate) fn all() -> &'static [Entry] {
    static ALL: LazyLock<Vec<Entry>> = LazyLock::new(|| {
        [
            preflight::all(),
            classification::all(),
            image::all(),
            execution_role::all(),
            exec::all(),
            secrets::all(),
            kms::all(),
            logging::all(),
            network::all(),
            volumes::all(),
            container_instance::all(),
            external::all(),
            placement::all(),
            fargate::all(),
            container::all(),
            service::all(),
        ]
        .into_iter()
        .flatten()
        .collect()
    });
    &ALL
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{Phase, check::Status};

    #[test]
    fn ids_are_unique_and_kebab_case() {
        let mut seen = BTreeSet::new();
        for entry in all() {
            let id = &entry.check.meta().id;
            assert!(seen.insert(id.clone()), "`{id}` is registered twice");
            assert!(
                id.split('-').all(|word| !word.is_empty()
                    && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())),
                "`{id}` is not kebab-case"
            );
        }
    }

    #[test]
    fn every_check_belongs_to_a_domain() {
        for entry in all() {
            let meta = entry.check.meta();
            assert!(DOMAINS.contains(&&*meta.domain), "`{}`: `{}`", meta.id, meta.domain);
        }
    }

    #[test]
    fn every_check_documents_itself() {
        for entry in all() {
            let meta = entry.check.meta();
            let headings: Vec<_> =
                meta.docs.lines().filter_map(|line| line.trim().strip_prefix("# ")).collect();
            assert_eq!(
                headings,
                ["What it looks at", "Why it matters", "How to fix it", "Source"],
                "headings of `{}`",
                meta.id
            );
            let title = meta.title();
            assert!(!title.is_empty() && !title.ends_with('.'), "title of `{}`: {title}", meta.id);
            assert!(
                meta.docs
                    .split("# Source")
                    .nth(1)
                    .is_some_and(|source| source.contains("https://")),
                "`{}` names no source",
                meta.id
            );
            assert!(Phase::ALL.contains(&meta.phase));
        }
    }

    #[test]
    fn what_a_check_explains_is_registered() {
        let ids: BTreeSet<_> = all().iter().map(|entry| &*entry.check.meta().id).collect();
        for entry in all() {
            for explained in &*entry.check.meta().explains {
                assert!(
                    ids.contains(explained),
                    "`{}` explains `{explained}`",
                    entry.check.meta().id
                );
            }
        }
    }

    #[test]
    fn every_check_fails_passes_and_cannot_tell() {
        for entry in all() {
            let id = &*entry.check.meta().id;
            let examples = &entry.examples;

            let failing = examples.failing();
            let outcome = failing.outcome(id);
            assert!(
                !outcome.findings.is_empty(),
                "`{id}` finds nothing where it should fail: {outcome:?}"
            );
            for finding in &outcome.findings {
                assert_eq!(finding.check, id);
                assert!(!finding.summary.ends_with('.'), "`{id}`: {}", finding.summary);
                assert!(!finding.detail.is_empty(), "`{id}` does not say why: {}", finding.summary);
            }

            let outcome = examples.passing().outcome(id);
            assert_eq!(outcome.status, Status::Passed, "`{id}` passes: {outcome:?}");
            assert!(outcome.findings.is_empty(), "`{id}` passes: {outcome:?}");

            let outcome = examples.unknown().outcome(id);
            assert_eq!(outcome.status, Status::Unknown, "`{id}` cannot tell: {outcome:?}");
            assert!(!outcome.missing.is_empty(), "`{id}` does not say what is missing");

            let near_miss = examples.near_miss();
            let outcome = near_miss.outcome(id);
            assert!(
                matches!(outcome.status, Status::Passed | Status::NotApplicable)
                    && outcome.findings.is_empty(),
                "`{id}` is not to be fooled: {outcome:?}"
            );
            // A target that does not exist says nothing.
            if id != TASK_FOUND {
                assert_eq!(near_miss.texts(), failing.texts(), "`{id}`: another message");
                assert!(!failing.texts().is_empty(), "`{id}` needs a failure message");
            }
        }
    }
}
