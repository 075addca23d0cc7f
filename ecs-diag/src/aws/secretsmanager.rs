//! AWS Secrets Manager.

use std::collections::BTreeMap;

use super::{Time, request, shape};

request! {
    /// Describes a secret, without its value.
    DescribeSecret: "secretsmanager", "DescribeSecret", "PascalCase" => DescribeSecretResponse {
        /// ARN or name.
        secret_id: String,
    }
}

shape! {
    /// A secret, without its value.
    DescribeSecretResponse: "PascalCase" {
        /// ARN with its six random characters.
        #[serde(rename = "ARN")]
        arn: String,
        /// Name.
        name: String,
        /// Customer key that encrypts it.
        kms_key_id: Option<String>,
        /// When it was marked for deletion.
        deleted_date: Option<Time>,
        /// When it was last changed.
        last_changed_date: Option<Time>,
        /// When it was created.
        created_date: Option<Time>,
        /// Labelled versions and their staging labels.
        version_ids_to_stages: Option<BTreeMap<String, Vec<String>>>,
    }
}
