//! The phases of a task's start, in the order in which they happen.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A step on a task's way from request to stop.
///
/// The order is the order of events, so `Phase::Auth < Phase::Pull` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Finding capacity: an instance, or room on Fargate.
    Place,
    /// Creating and attaching the task's network interface.
    Eni,
    /// Getting registry credentials.
    Auth,
    /// Fetching secrets and parameters.
    Secrets,
    /// Downloading environment files.
    EnvFile,
    /// Starting the log driver.
    LogDriver,
    /// Attaching and mounting volumes.
    Volume,
    /// Pulling the images.
    Pull,
    /// Creating the containers.
    Create,
    /// Starting the containers.
    Start,
    /// Running.
    Run,
    /// Container and load balancer health checks.
    Health,
    /// Stopping.
    Stop,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 13] = [
        Self::Place,
        Self::Eni,
        Self::Auth,
        Self::Secrets,
        Self::EnvFile,
        Self::LogDriver,
        Self::Volume,
        Self::Pull,
        Self::Create,
        Self::Start,
        Self::Run,
        Self::Health,
        Self::Stop,
    ];

    /// The name used in reports, for instance `log-driver`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Eni => "eni",
            Self::Auth => "auth",
            Self::Secrets => "secrets",
            Self::EnvFile => "env-file",
            Self::LogDriver => "log-driver",
            Self::Volume => "volume",
            Self::Pull => "pull",
            Self::Create => "create",
            Self::Start => "start",
            Self::Run => "run",
            Self::Health => "health",
            Self::Stop => "stop",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Phase {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|phase| phase.as_str() == text)
            .ok_or_else(|| format!("no phase is called `{text}`"))
    }
}
