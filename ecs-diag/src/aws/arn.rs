//! Amazon Resource Names.

use std::{fmt, str::FromStr};

/// An ARN in its six parts; the resource keeps whatever colons and slashes it has.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// Service as ARNs name it, for instance `secretsmanager`.
    pub service: String,
    /// Region; empty for global services.
    pub region: String,
    /// Account; empty where the service leaves it out.
    pub account: String,
    /// The rest, for instance `task/my-cluster/0123…`.
    pub resource: String,
}

impl Arn {
    /// The part of the resource behind the first `/` or `:`, for instance `my-role` of
    /// `role/my-role`.
    pub fn resource_id(&self) -> &str {
        self.resource.split_once(['/', ':']).map_or("", |(_, id)| id)
    }

    /// The part of the resource before the first `/` or `:`, for instance `role`.
    pub fn resource_type(&self) -> &str {
        self.resource.split_once(['/', ':']).map_or(&self.resource, |(kind, _)| kind)
    }

    /// The last part of the resource's path: a role's name without its path, a task's id.
    pub fn last(&self) -> &str {
        self.resource.rsplit(['/', ':']).next().unwrap_or("")
    }

    /// The DNS suffix of the partition, for instance `amazonaws.com.cn`.
    pub fn dns_suffix(&self) -> &'static str {
        if self.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
    }
}

impl FromStr for Arn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().map(str::to_owned);
        match (next().as_deref(), next(), next(), next(), next(), next()) {
            (
                Some("arn"),
                Some(partition),
                Some(service),
                Some(region),
                Some(account),
                Some(resource),
            ) if !partition.is_empty() && !service.is_empty() && !resource.is_empty() => {
                Ok(Self { partition, service, region, account, resource })
            }
            _ => Err(format!("`{text}` is not an ARN")),
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_comes_back_as_it_went_in() {
        for text in [
            "arn:aws:iam::111122223333:role/service-role/my-role",
            "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:a/b-AbCdEf:key::",
            "arn:aws:s3:::bucket/key",
        ] {
            assert_eq!(text.parse::<Arn>().unwrap().to_string(), text);
        }
        let role: Arn = "arn:aws:iam::111122223333:role/service-role/my-role".parse().unwrap();
        assert_eq!((role.resource_type(), role.resource_id()), ("role", "service-role/my-role"));
        assert_eq!(role.last(), "my-role");
    }

    #[test]
    fn what_is_no_arn_is_refused() {
        for text in ["", "arn", "arn:aws:iam::1", "arn::iam:::role/x", "my-role", "null"] {
            assert!(text.parse::<Arn>().is_err(), "{text}");
        }
    }
}
