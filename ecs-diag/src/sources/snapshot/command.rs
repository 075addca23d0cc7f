//! The AWS CLI command that makes a call.

use serde_json::Value;

use super::{error::shown, table::is_global};
use crate::Query;

/// The command that records the answer to `query`.
pub(super) fn command(query: &Query, region: &str) -> String {
    let service = if query.service == "s3" { "s3api" } else { &query.service };
    let mut out = format!("aws {service} {}", kebab(&query.operation));
    if let Value::Object(members) = query.input() {
        for (name, value) in members {
            out.push_str(" --");
            out.push_str(&kebab(&name));
            match &value {
                Value::Bool(true) => {}
                Value::Array(items) => items.iter().for_each(|item| argument(&mut out, item)),
                value => argument(&mut out, value),
            }
        }
    }
    if !region.is_empty() && !is_global(&query.service) {
        out.push_str(" --region ");
        out.push_str(&quoted(region));
    }
    shown(&out)
}

fn argument(out: &mut String, value: &Value) {
    out.push(' ');
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Object(_) => shorthand(value).unwrap_or_else(|| value.to_string()),
        other => other.to_string(),
    };
    out.push_str(&quoted(&text));
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

/// A word for a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=,@+".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
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
                "aws ec2 describe-subnets --subnet-ids subnet-1 subnet-2 --region eu-west-1",
            ),
            (
                "ec2",
                "DescribeRouteTables",
                json!({"Filters": [{"Name": "association.subnet-id", "Values": ["a", "b"]}]}),
                "aws ec2 describe-route-tables --filters Name=association.subnet-id,Values=a,b \
                 --region eu-west-1",
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
            assert_eq!(command(&Query::new(service, operation, &input), "eu-west-1"), expected);
        }
    }
}
