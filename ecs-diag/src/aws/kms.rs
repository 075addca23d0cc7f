//! AWS Key Management Service.

use super::{request, shape};

request! {
    /// Describes a key.
    DescribeKey: "kms", "DescribeKey", "PascalCase" => DescribeKeyResponse {
        /// Id, ARN or alias.
        key_id: String,
    }
}

shape! {
    /// A key, wrapped.
    DescribeKeyResponse: "PascalCase" {
        /// The key.
        key_metadata: KeyMetadata,
    }
}

shape! {
    /// A key.
    KeyMetadata: "PascalCase" {
        /// Id.
        key_id: String,
        /// ARN.
        arn: String,
        /// `Enabled`, `Disabled`, `PendingDeletion`, …
        key_state: Option<String>,
        /// `CUSTOMER` or `AWS`.
        key_manager: Option<String>,
    }
}
