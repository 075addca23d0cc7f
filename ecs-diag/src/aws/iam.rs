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

request! {
    /// Gets an instance profile with its role.
    GetInstanceProfile: "iam", "GetInstanceProfile", "PascalCase" => GetInstanceProfileResponse {
        /// Name without path.
        instance_profile_name: String,
    }
}

shape! {
    /// An instance profile, wrapped.
    GetInstanceProfileResponse: "PascalCase" {
        /// The instance profile.
        instance_profile: InstanceProfile,
    }
}

shape! {
    /// An instance profile.
    InstanceProfile: "PascalCase" {
        /// Name without path.
        instance_profile_name: String,
        /// Its role, at most one.
        roles: Vec<Role>,
    }
}

request! {
    /// Lists the managed policies of a role.
    ListAttachedRolePolicies: "iam", "ListAttachedRolePolicies", "PascalCase" => ListAttachedRolePoliciesResponse {
        /// Name without path.
        role_name: String,
    }
}

shape! {
    /// Managed policies of a role.
    ListAttachedRolePoliciesResponse: "PascalCase" {
        /// The policies.
        attached_policies: Vec<AttachedPolicy>,
    }
}

shape! {
    /// A managed policy of a role.
    AttachedPolicy: "PascalCase" {
        /// Name.
        policy_name: Option<String>,
        /// ARN.
        policy_arn: Option<String>,
    }
}

request! {
    /// Lists the names of the inline policies of a role.
    ListRolePolicies: "iam", "ListRolePolicies", "PascalCase" => ListRolePoliciesResponse {
        /// Name without path.
        role_name: String,
    }
}

shape! {
    /// Names of the inline policies of a role.
    ListRolePoliciesResponse: "PascalCase" {
        /// Names.
        policy_names: Vec<String>,
    }
}
