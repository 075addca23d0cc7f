//! AWS Identity and Access Management.

use super::{Document, Time, request, shape};

request! {
    /// Gets a role with its trust policy.
    GetRole: "iam", "GetRole", "PascalCase" => GetRoleResponse {
        /// Name without path.
        role_name: String,
    }
}

shape! {
    /// A role, wrapped.
    GetRoleResponse: "PascalCase" {
        /// The role.
        role: Role,
    }
}

shape! {
    /// A role.
    Role: "PascalCase" {
        /// Name without path.
        role_name: String,
        /// ARN with path.
        arn: String,
        /// `AROA…`.
        role_id: Option<String>,
        /// Path.
        path: Option<String>,
        /// When it was created.
        create_date: Option<Time>,
        /// Trust policy.
        assume_role_policy_document: Option<Document>,
    }
}
