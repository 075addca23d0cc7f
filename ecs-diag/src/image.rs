//! Image references, and the registries that they name.

use std::{fmt, str::FromStr};

use crate::aws::regions::PARTITIONS;

/// An image reference as container runtimes read it.
///
/// Source: <https://github.com/distribution/reference> (grammar),
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-image-by-digest.html>
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Registry host with its port; `docker.io` where the reference names none.
    pub host: String,
    /// Whether the reference names its host.
    pub host_given: bool,
    /// Repository; Docker Hub's official images have their `library/`.
    pub repository: String,
    /// Tag, if one is given.
    pub tag: Option<String>,
    /// Digest with its algorithm, if one is given.
    pub digest: Option<String>,
}

impl Reference {
    /// The tag that is pulled where no digest is given.
    pub fn tag_or_latest(&self) -> &str {
        self.tag.as_deref().unwrap_or("latest")
    }

    /// The ECR registry that the host names, if it does.
    pub fn ecr(&self) -> Option<EcrRegistry> {
        EcrRegistry::of_host(self.host.strip_suffix(":443").unwrap_or(&self.host))
    }

    /// Whether it is pulled from Docker Hub.
    pub fn docker_hub(&self) -> bool {
        matches!(self.host.as_str(), "docker.io" | "index.docker.io")
    }
}

/// What is wrong with an image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReferenceError(String);

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = |why: &str| Err(ReferenceError(why.to_owned()));
        if text.is_empty() {
            return error("it is empty");
        }
        if let Some(at) = text.find(|c: char| c.is_whitespace() || c.is_control()) {
            let what = if at + 1 == text.len() { "ends in" } else { "contains" };
            return Err(ReferenceError(format!("it {what} white space")));
        }
        if text.contains("://") {
            return error("it begins with a scheme; a reference has none");
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        if let Some(digest) = digest {
            check_digest(digest)?;
        }
        // A colon behind the last slash begins a tag, one before it a port.
        let slash = name.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match name[slash..].find(':') {
            Some(at) => (&name[..slash + at], Some(&name[slash + at + 1..])),
            None => (name, None),
        };
        if let Some(tag) = tag {
            check_tag(tag)?;
        }
        let (host, path) = match name.split_once('/') {
            Some((first, rest)) if is_host(first) => (Some(first), rest),
            _ => (None, name),
        };
        if let Some(host) = host {
            check_host(host)?;
        }
        check_path(path)?;
        if digest.is_none() && tag.is_none() && host.is_none() && is_hex(path) && path.len() == 64 {
            return error("64 hex digits are the id of an image, not its name");
        }
        if name.len() > 255 {
            return error("its name is longer than 255 characters");
        }
        let repository = match (host, path.contains('/')) {
            (None | Some("docker.io" | "index.docker.io"), false) => format!("library/{path}"),
            _ => path.to_owned(),
        };
        Ok(Self {
            host: host.unwrap_or("docker.io").to_owned(),
            host_given: host.is_some(),
            repository,
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// Whether the first part of a name is a host: it has a dot or a port, or is `localhost`.
fn is_host(part: &str) -> bool {
    part.contains(['.', ':']) || part == "localhost" || part.chars().any(char::is_uppercase)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Labels of letters, digits and inner hyphens, or an IPv6 address in brackets; then a port.
fn check_host(host: &str) -> Result<(), ReferenceError> {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let right = match address {
        Some(address) => {
            !address.is_empty() && address.chars().all(|c| c.is_ascii_hexdigit() || c == ':')
        }
        None => name.split('.').all(label),
    };
    if !right {
        return Err(ReferenceError(format!("`{name}` is not a host name")));
    }
    match port {
        Some(port) if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) => {
            Err(ReferenceError(format!("`{port}` is not a port")))
        }
        _ => Ok(()),
    }
}

fn check_digest(digest: &str) -> Result<(), ReferenceError> {
    let right = match digest.split_once(':') {
        Some(("sha256", encoded)) => encoded.len() == 64 && is_hex(encoded),
        Some(("sha384", encoded)) => encoded.len() == 96 && is_hex(encoded),
        Some(("sha512", encoded)) => encoded.len() == 128 && is_hex(encoded),
        _ => false,
    };
    if right {
        return Ok(());
    }
    Err(ReferenceError(format!("`{digest}` is not a digest (`sha256:` and 64 hex digits)")))
}

fn check_tag(tag: &str) -> Result<(), ReferenceError> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if tag.len() <= 128
        && tag.starts_with(word)
        && tag.chars().all(|c| word(c) || c == '.' || c == '-')
    {
        return Ok(());
    }
    Err(ReferenceError(if tag.is_empty() {
        "its tag is empty".to_owned()
    } else {
        format!(
            "`{tag}` is not a tag: at most 128 letters, digits, `_`, `.` and `-`, not beginning \
             with `.` or `-`"
        )
    }))
}

fn check_path(path: &str) -> Result<(), ReferenceError> {
    for part in path.split('/') {
        let why = if part.is_empty() {
            "has an empty part".to_owned()
        } else if part.chars().any(|c| c.is_ascii_uppercase()) {
            format!("has upper case letters in `{part}`")
        } else if let Some(c) = part
            .chars()
            .find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(*c)))
        {
            format!("has `{c}` in `{part}`")
        } else if !well_separated(part) {
            format!("has separators in the wrong place in `{part}`")
        } else {
            continue;
        };
        return Err(ReferenceError(format!("its repository name {why}")));
    }
    Ok(())
}

/// Letters and digits with one `.`, one or two `_` or any number of `-` between them.
fn well_separated(part: &str) -> bool {
    part.split(|c: char| c.is_ascii_alphanumeric()).enumerate().all(|(index, separator)| {
        let at_edge = index == 0;
        separator.is_empty()
            || (!at_edge
                && (matches!(separator, "." | "_" | "__") || separator.chars().all(|c| c == '-')))
    }) && part.ends_with(|c: char| c.is_ascii_alphanumeric())
}

/// A private registry of Amazon ECR.
///
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html>
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EcrRegistry {
    /// Account that owns it.
    pub account: String,
    /// Region.
    pub region: String,
    /// Whether the host also has IPv6 addresses.
    pub dual_stack: bool,
    /// Whether the host is the FIPS endpoint.
    pub fips: bool,
}

impl EcrRegistry {
    /// The registry that a host name belongs to, if it has ECR's form.
    pub fn of_host(host: &str) -> Option<Self> {
        let (account, rest) = host.split_once('.')?;
        if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let forms = [
            ("dkr.ecr.", false, false),
            ("dkr.ecr-fips.", false, true),
            ("dkr-ecr.", true, false),
            ("dkr-ecr-fips.", true, true),
        ];
        let (rest, dual_stack, fips) =
            forms.into_iter().find_map(|(prefix, dual_stack, fips)| {
                Some((rest.strip_prefix(prefix)?, dual_stack, fips))
            })?;
        let (region, suffix) = rest.split_once('.')?;
        let known = PARTITIONS.iter().any(|partition| {
            let right =
                if dual_stack { partition.dual_stack_suffix } else { Some(partition.dns_suffix) };
            right == Some(suffix)
        });
        (known && is_region(region)).then(|| Self {
            account: account.to_owned(),
            region: region.to_owned(),
            dual_stack,
            fips,
        })
    }

    /// The ARN of one of its repositories.
    pub fn repository_arn(&self, partition: &str, repository: &str) -> String {
        format!("arn:{partition}:ecr:{}:{}:repository/{repository}", self.region, self.account)
    }
}

/// Whether the text has the form of a Region code, such as `eu-west-1` or `us-gov-east-1`.
pub fn is_region(text: &str) -> bool {
    let mut parts = text.split('-');
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let number = |part: &str| part.len() == 1 && part.bytes().all(|b| b.is_ascii_digit());
    let Some(last) = parts.next_back() else { return false };
    let rest: Vec<_> = parts.collect();
    number(last) && (2..=3).contains(&rest.len()) && rest.iter().all(|part| letters(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn parts(text: &str) -> (String, String, Option<String>, Option<String>) {
        let reference: Reference = text.parse().unwrap();
        (reference.host, reference.repository, reference.tag, reference.digest)
    }

    #[test]
    fn hosts_paths_tags_and_digests_are_told_apart() {
        let ecr = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        for (text, host, repository, tag, digest) in [
            ("nginx", "docker.io", "library/nginx", None, None),
            ("docker.io/nginx", "docker.io", "library/nginx", None, None),
            ("grafana/grafana:11.2", "docker.io", "grafana/grafana", Some("11.2"), None),
            ("localhost:5000/app", "localhost:5000", "app", None, None),
            ("reg.example.com:5000/a/b:1", "reg.example.com:5000", "a/b", Some("1"), None),
            (&format!("{ecr}/team/app:v1"), ecr, "team/app", Some("v1"), None),
            (&format!("{ecr}/app@{DIGEST}"), ecr, "app", None, Some(DIGEST)),
            (&format!("{ecr}/app:v1@{DIGEST}"), ecr, "app", Some("v1"), Some(DIGEST)),
        ] {
            assert_eq!(
                parts(text),
                (
                    host.to_owned(),
                    repository.to_owned(),
                    tag.map(str::to_owned),
                    digest.map(str::to_owned)
                ),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, why) in [
            ("", "it is empty"),
            ("https://ghcr.io/a/b", "it begins with a scheme; a reference has none"),
            ("app:v1 ", "it ends in white space"),
            ("Team/app:v1", "its repository name has upper case letters in `app`"),
            ("team/App:v1", "its repository name has upper case letters in `App`"),
            ("team//app", "its repository name has an empty part"),
            ("app:", "its tag is empty"),
            ("team/app-", "its repository name has separators in the wrong place in `app-`"),
            ("team/a..b", "its repository name has separators in the wrong place in `a..b`"),
        ] {
            let found = text.parse::<Reference>();
            if text == "Team/app:v1" {
                // An upper case first part is a host, as runtimes read it.
                assert_eq!(found.unwrap().host, "Team");
            } else {
                assert_eq!(found.unwrap_err().to_string(), why, "{text}");
            }
        }
        for (text, why) in [
            ("my_host.example.com/app", "`my_host.example.com` is not a host name"),
            ("reg.example.com:/app", "`` is not a port"),
            ("reg.example.com:v1/app", "`v1` is not a port"),
            (":5000/app", "`` is not a host name"),
            ("reg..example.com/app", "`reg..example.com` is not a host name"),
            (&DIGEST[7..], "64 hex digits are the id of an image, not its name"),
            (
                "app:v1:v2",
                "`v1:v2` is not a tag: at most 128 letters, digits, `_`, `.` and `-`, not beginning with `.` or `-`",
            ),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap_err().to_string(), why, "{text}");
        }
        assert_eq!(parts("[fd00::1]:5000/app:v1").0, "[fd00::1]:5000");
        assert!(format!("app@{DIGEST}0").parse::<Reference>().is_err());
        assert!("app@sha256:abc".parse::<Reference>().is_err());
    }

    #[test]
    fn ecr_hosts_of_every_form_are_known_and_others_are_not() {
        for (host, region, dual_stack, fips) in [
            ("111122223333.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1", false, false),
            ("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", false, false),
            ("111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1", false, true),
            ("111122223333.dkr-ecr.eu-west-1.on.aws", "eu-west-1", true, false),
            ("111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", false, false),
        ] {
            let registry = EcrRegistry::of_host(host).unwrap();
            assert_eq!(registry.region, region, "{host}");
            assert_eq!((registry.dual_stack, registry.fips), (dual_stack, fips), "{host}");
        }
        for host in [
            "11112222333.dkr.ecr.eu-west-1.amazonaws.com",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.con",
            "111122223333.dkr.ecr.eu-west1.amazonaws.com",
            "111122223333.dkr-ecr.eu-west-1.amazonaws.com",
            "public.ecr.aws",
        ] {
            assert_eq!(EcrRegistry::of_host(host), None, "{host}");
        }
    }
}
