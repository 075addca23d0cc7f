//! The role that a task's `executionRoleArn` names.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    aws::{
        Arn,
        iam::{GetRole, Role},
    },
    case::Case,
    edit::Object,
    facts::Missing,
    finding::Resource,
};

/// What became of `executionRoleArn`.
pub(super) enum Resolved {
    /// There is none.
    Unset,
    /// It is neither the ARN nor the name of a role.
    Malformed(Named),
    /// It names a role of that account, which is not the task's.
    OtherAccount(Named, String),
    /// There is no role of that name.
    Absent(Named),
    /// The role of that name has another ARN.
    OtherArn(Named, Arc<Role>),
    /// The role.
    Found(Named, Arc<Role>),
}

/// `executionRoleArn` as it stands.
pub(super) struct Named {
    /// The whole text.
    pub(super) text: String,
    /// Name of the role, without path.
    pub(super) name: String,
    /// Path of the role, `/` where there is none.
    pub(super) path: String,
    /// Whether the task's overrides say so, not its definition.
    pub(super) overridden: bool,
}

impl Named {
    /// The role as the object at fault.
    pub(super) fn resource(&self) -> Resource {
        let resource = Resource::new("AWS::IAM::Role", self.name.clone());
        if self.text.starts_with("arn:") { resource.arn(self.text.clone()) } else { resource }
    }

    pub(super) fn request(&self) -> GetRole {
        GetRole { role_name: self.name.clone() }
    }
}

/// The role in the answer to [`GetRole`], to be edited.
pub(super) fn object(role: &Role) -> Object {
    Object::new("Role", "RoleName", role.role_name.clone())
}

/// Looks up the effective execution role.
pub(super) fn resolve(case: &Case<'_>) -> Result<Resolved, Missing> {
    let definition = case.definition()?;
    let set = |arn: &Option<String>| arn.clone().filter(|arn| !arn.is_empty());
    let Some(text) = set(&definition.execution_role_arn) else { return Ok(Resolved::Unset) };
    let overridden =
        case.task()?.is_some_and(|task| set(&task.overrides.execution_role_arn).is_some());
    let mut named =
        Named { name: text.clone(), path: "/".to_owned(), text: text.clone(), overridden };
    let arn = text.parse::<Arn>().ok();
    if let Some(arn) = &arn {
        if (arn.service.as_str(), arn.resource_type()) != ("iam", "role")
            || !arn.resource.starts_with("role/")
        {
            return Ok(Resolved::Malformed(named));
        }
        let (path, name) = arn.resource_id().rsplit_once('/').unwrap_or(("", arn.resource_id()));
        name.clone_into(&mut named.name);
        if !path.is_empty() {
            named.path = format!("/{path}/");
        }
    }
    if !is_role_name(&named.name) {
        return Ok(Resolved::Malformed(named));
    }
    if let (Some(arn), Some(account)) = (&arn, case.account())
        && arn.account != account
    {
        return Ok(Resolved::OtherAccount(named, arn.account.clone()));
    }
    let request = named.request();
    let Some(answer) = case.get(&request)? else { return Ok(Resolved::Absent(named)) };
    let role = Arc::new(answer.role.clone());
    if arn.is_none() || role.arn == text {
        return Ok(Resolved::Found(named, role));
    }
    // Names that differ in case only cannot both exist, and whether ECS finds one by the other is
    // not documented.
    if role.arn.is_empty() || role.arn.eq_ignore_ascii_case(&text) {
        let why = format!("whether `{text}` names the role `{}` is not documented", role.arn);
        return Err(Missing::undecided(case.query(&request), why));
    }
    Ok(Resolved::OtherArn(named, role))
}

/// The role and its trust policy, or why there is nothing to ask about them.
pub(super) type Trusting = Result<(Named, Arc<Role>, Value), &'static str>;

/// Looks up the execution role's trust policy.
pub(super) fn trusting(case: &Case<'_>) -> Result<Trusting, Missing> {
    Ok(match resolve(case)? {
        Resolved::Unset => Err("the task has no execution role"),
        Resolved::Found(named, role) => {
            let Some(document) = &role.assume_role_policy_document else {
                return Err(Missing::undecided(
                    case.query(&named.request()),
                    "the answer holds no trust policy",
                ));
            };
            let document = document.0.clone();
            Ok((named, role, document))
        }
        _ => Err("`executionRoleArn` names no role; see `exr-exists`"),
    })
}

fn is_role_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
}
