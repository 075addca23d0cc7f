//! Objects of Amazon S3 that the task names.

use crate::{
    aws::{Arn, s3::HeadObject},
    finding::Resource,
};

/// Where an object is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Location<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
}

impl Location<'_> {
    pub(super) fn request(&self) -> HeadObject {
        HeadObject { bucket: self.bucket.to_owned(), key: self.key.to_owned() }
    }

    /// The object as one that a finding is about.
    pub(super) fn resource(&self, arn: &str) -> Resource {
        Resource::new("AWS::S3::Object", format!("{}/{}", self.bucket, self.key)).arn(arn)
    }
}

/// Bucket and key that an ARN names, or what is wrong with it.
pub(super) fn location(text: &str) -> Result<Location<'_>, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if !text.starts_with("arn:") {
        return Err("it does not begin with `arn:`".to_owned());
    }
    let Ok(arn) = text.parse::<Arn>() else { return Err("it is not a whole ARN".to_owned()) };
    if arn.service != "s3" {
        return Err(format!("it is an ARN of `{}`, not of Amazon S3", arn.service));
    }
    if !arn.region.is_empty() || !arn.account.is_empty() {
        return Err("it names a Region or an account, which ARNs of objects do not".to_owned());
    }
    // Cut again, so that the parts are the text's.
    let object = text.splitn(6, ':').nth(5).unwrap_or_default();
    match object.split_once('/') {
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
            Ok(Location { bucket, key })
        }
        _ => Err("it names a bucket, but no key in it".to_owned()),
    }
}
