//! Amazon S3.

use super::{request, shape};

request! {
    /// Describes an object, without its content.
    HeadObject: "s3", "HeadObject", "PascalCase" => HeadObjectResponse {
        /// Bucket.
        bucket: String,
        /// Key.
        key: String,
    }
}

shape! {
    /// An object, without its content.
    HeadObjectResponse: "PascalCase" {
        /// Bytes.
        content_length: Option<u64>,
        /// Storage class; absent means `STANDARD`.
        storage_class: Option<String>,
        /// Whether an archived object is being restored, and until when its copy stays.
        restore: Option<String>,
    }
}

request! {
    /// Says in which Region a bucket is.
    GetBucketLocation: "s3", "GetBucketLocation", "PascalCase" => GetBucketLocationResponse {
        /// Bucket.
        bucket: String,
    }
}

shape! {
    /// Where a bucket is.
    GetBucketLocationResponse: "PascalCase" {
        /// Region; absent means `us-east-1`.
        location_constraint: Option<String>,
    }
}
