//! Builds of Windows Server.
//!
//! Source: <https://learn.microsoft.com/en-us/virtualization/windowscontainers/deploy-containers/version-compatibility>,
//! as of November 2026.

/// Operating system families of ECS and the builds whose containers they run.
const BUILDS: [(&str, &[&str]); 6] = [
    ("WINDOWS_SERVER_2016", &["10.0.14393"]),
    ("WINDOWS_SERVER_2019", &["10.0.17763"]),
    ("WINDOWS_SERVER_2004", &["10.0.19041"]),
    ("WINDOWS_SERVER_20H2", &["10.0.19042"]),
    ("WINDOWS_SERVER_2022", &["10.0.20348"]),
    // From Windows Server 2022 on, a newer host runs older containers.
    ("WINDOWS_SERVER_2025", &["10.0.26100", "10.0.20348"]),
];

/// The builds whose containers run on an operating system family; `None` for an unknown family.
pub(super) fn builds(family: &str) -> Option<&'static [&'static str]> {
    let family = family.to_ascii_uppercase();
    BUILDS.iter().find(|(known, _)| family.starts_with(known)).map(|(_, builds)| *builds)
}
