//! The AWS CLI command that makes a call.

use serde_json::Value;

use super::{
    error::shown,
    table::{self, Proof, is_global},
};
use crate::{Query, shell};

/// Members of requests that narrow a list, beside those that end with `Ids`, `Names` or `Arns`.
const NARROWING: [&str; 3] = ["Filters", "ParameterFilters", "logGroupNamePrefix"];

/// The command that records the answer to `query`.
///
/// A saved list counts as complete, so that the command lists everything of the target's `own`
/// account: part of a list would make what it leaves out seem not to exist.
pub(super) fn command(query: &Query, region: &str, own: bool) -> String {
    let secret = ("secretsmanager", "DescribeSecret");
    let asked = (&*query.service, &*query.operation);
    let lists = own
        && table::row(asked.0, asked.1).is_some_and(|row| table::ROWS[row].proof != Proof::Named);
    let mut out = if own && asked == secret {
        // Without the option the list leaves out secrets that are marked for deletion.
        "aws secretsmanager list-secrets --include-planned-deletion".to_owned()
    } else {
        let service = if query.service == "s3" { "s3api" } else { &query.service };
        let mut out = format!("aws {service} {}", kebab(&query.operation));
        let Value::Object(members) = query.input() else { return out };
        for (name, value) in members.iter().filter(|(name, _)| !(lists && narrows(name))) {
            out.push_str(" --");
            out.push_str(&kebab(name));
            match value {
                Value::Bool(true) => {}
                Value::Array(items) => items.iter().for_each(|item| argument(&mut out, item)),
                value => argument(&mut out, value),
            }
        }
        out
    };
    if !is_global(&query.service) {
        out.push_str(&shell::region_option(Some(region).filter(|region| !region.is_empty())));
    }
    shown(&out)
}

fn narrows(member: &str) -> bool {
    NARROWING.contains(&member) || ["Ids", "Names", "Arns"].iter().any(|end| member.ends_with(end))
}

fn argument(out: &mut String, value: &Value) {
    out.push(' ');
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Object(_) => shorthand(value).unwrap_or_else(|| value.to_string()),
        other => other.to_string(),
    };
    out.push_str(&shell::quoted(&text));
}

/// `Name=vpc-id,Values=vpc-1,vpc-2`, where no text would have to be quoted inside.
fn shorthand(value: &Value) -> Option<String> {
    let plain = |value: &Value| {
        let text = value.as_str()?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:*@".contains(&b);
        (!text.is_empty() && text.bytes().all(plain)).then(|| text.to_owned())
    };
    let parts = value.as_object()?.iter().map(|(name, value)| {
        let values = match value {
            Value::Array(items) if !items.is_empty() => {
                items.iter().map(plain).collect::<Option<Vec<_>>>()?.join(",")
            }
            value => plain(value)?,
        };
        Some(format!("{name}={values}"))
    });
    Some(parts.collect::<Option<Vec<_>>>()?.join(","))
}

/// `describe-vpcs` of `DescribeVpcs`.
fn kebab(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| chars[before]);
        let after = chars.get(at + 1);
        let starts = c.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if starts {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn commands() {
        for (service, operation, input, expected) in [
            (
                "ec2",
                "DescribeSubnets",
                json!({"SubnetIds": ["subnet-1", "subnet-2"]}),
                "aws ec2 describe-subnets --region eu-west-1",
            ),
            (
                "ecr",
                "DescribeImages",
                json!({"repositoryName": "app", "imageIds": [{"imageTag": "v1"}]}),
                "aws ecr describe-images --repository-name app --region eu-west-1",
            ),
            (
                "secretsmanager",
                "DescribeSecret",
                json!({"SecretId": "db"}),
                "aws secretsmanager list-secrets --include-planned-deletion --region eu-west-1",
            ),
            (
                "ecs",
                "DescribeTasks",
                json!({"cluster": "shop", "tasks": ["a", "b"]}),
                "aws ecs describe-tasks --cluster shop --tasks a b --region eu-west-1",
            ),
            ("iam", "GetRole", json!({"RoleName": "x"}), "aws iam get-role --role-name x"),
            (
                "s3",
                "GetBucketPolicy",
                json!({"Bucket": "it's"}),
                r"aws s3api get-bucket-policy --bucket 'it'\''s'",
            ),
            (
                "route53",
                "ListHostedZonesByVPC",
                json!({"VPCId": "vpc-1"}),
                "aws route53 list-hosted-zones-by-vpc --vpc-id vpc-1",
            ),
        ] {
            let query = Query::new(service, operation, &input);
            assert_eq!(command(&query, "eu-west-1", true), expected);
        }
    }

    #[test]
    fn another_account_is_asked_for_what_is_wanted_alone() {
        for (service, operation, input, expected) in [
            (
                "ec2",
                "DescribeRouteTables",
                json!({"Filters": [{"Name": "association.subnet-id", "Values": ["a", "b"]}]}),
                "aws ec2 describe-route-tables --filters Name=association.subnet-id,Values=a,b \
                 --region eu-west-1",
            ),
            (
                "secretsmanager",
                "DescribeSecret",
                json!({"SecretId": "arn:aws:secretsmanager:eu-west-1:999999999999:secret:db"}),
                "aws secretsmanager describe-secret --secret-id \
                 arn:aws:secretsmanager:eu-west-1:999999999999:secret:db --region eu-west-1",
            ),
        ] {
            let query = Query::new(service, operation, &input);
            assert_eq!(command(&query, "eu-west-1", false), expected);
        }
    }
}
