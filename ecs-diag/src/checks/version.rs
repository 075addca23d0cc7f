//! Versions of container agents and of Fargate platforms, compared by number.

use std::fmt;

/// Major, minor and patch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u64, pub(super) u64, pub(super) u64);

impl Version {
    /// The version in a text such as `1.4.0`, `v1.98.0-rc1` or `1.4`. `LATEST` and other words are
    /// none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('v');
        let numbers = text.split(['-', '+']).next()?;
        let mut numbers = numbers.split('.').map(|number| number.parse().ok());
        let version = Self(
            numbers.next()??,
            numbers.next().unwrap_or(Some(0))?,
            numbers.next().unwrap_or(Some(0))?,
        );
        numbers.next().is_none().then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(Version::parse("1.9.0") < Version::parse("1.11.0"));
        assert_eq!(Version::parse("v1.98.0-rc1"), Some(Version(1, 98, 0)));
        assert_eq!(Version::parse("1.4"), Some(Version(1, 4, 0)));
        for text in ["LATEST", "1.4.0.1", "1.x.0", ""] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }
}
