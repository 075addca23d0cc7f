//! Outputs of one operation in the shape of another.

use serde_json::Value;

use super::store::canonical;

/// Reservations with one instance each.
pub(super) fn instances(reservations: Vec<Value>) -> Vec<Value> {
    let mut out = Vec::with_capacity(reservations.len());
    for reservation in reservations {
        let Value::Object(mut reservation) = reservation else { continue };
        let Some(Value::Array(instances)) = reservation.remove("Instances") else { continue };
        for instance in instances {
            let mut one = reservation.clone();
            one.insert("Instances".to_owned(), Value::Array(vec![instance]));
            out.push(Value::Object(one));
        }
    }
    out
}

/// An entry of ListSecrets as DescribeSecret gives it.
pub(super) fn described(mut secret: Value) -> Value {
    if let Value::Object(members) = &mut secret
        && let Some(stages) = members.remove("SecretVersionsToStages")
    {
        members.entry("VersionIdsToStages").or_insert(stages);
    }
    secret
}

/// Leaves out the values of secrets and parameters.
pub(super) fn drop_values(service: &str, output: &mut Value) {
    let Value::Object(members) = output else { return };
    if !matches!(service, "secretsmanager" | "ssm") {
        return;
    }
    members.retain(|name, _| !matches!(name.as_str(), "SecretString" | "SecretBinary"));
    let parameters = members.get_mut("Parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten().filter_map(Value::as_object_mut) {
        parameter.remove("Value");
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A role of `get-account-authorization-details` as the single calls give it: the role, its
/// inline policies, their names, its attached policies, its instance profiles.
pub(super) fn take_role(role: Value, made: &mut [Vec<Value>; 5]) {
    let Value::Object(mut role) = role else { return };
    let name = role.get("RoleName").cloned().unwrap_or_default();
    let arn = role.get("Arn").cloned().unwrap_or_default();
    let inline = role.remove("RolePolicyList");
    let attached = role.remove("AttachedManagedPolicies");
    let profiles = role.remove("InstanceProfileList");
    made[0].push(object([("Role", Value::Object(role))]));
    let mut names = Vec::new();
    if let Some(Value::Array(policies)) = inline {
        for policy in policies {
            let Value::Object(mut policy) = policy else { continue };
            names.push(policy.get("PolicyName").cloned().unwrap_or_default());
            policy.insert("RoleName".to_owned(), name.clone());
            policy.insert("_Arn".to_owned(), arn.clone());
            made[1].push(Value::Object(policy));
        }
    }
    let sort = |items: &mut Vec<Value>| items.sort_by_cached_key(canonical);
    sort(&mut names);
    let names = Value::Array(names);
    made[2].push(object([
        ("_RoleName", name.clone()),
        ("_Arn", arn.clone()),
        ("PolicyNames", names),
    ]));
    let mut attached = match attached {
        Some(Value::Array(attached)) => attached,
        _ => Vec::new(),
    };
    sort(&mut attached);
    let attached = Value::Array(attached);
    made[3].push(object([("_RoleName", name), ("_Arn", arn), ("AttachedPolicies", attached)]));
    if let Some(Value::Array(profiles)) = profiles {
        made[4].extend(profiles.into_iter().map(|p| object([("InstanceProfile", p)])));
    }
}

pub(super) fn take_policy(policy: Value, whole: &mut Vec<Value>, made: &mut Vec<Value>) {
    let Value::Object(mut policy) = policy else { return };
    let arn = policy.get("Arn").cloned().unwrap_or_default();
    if let Some(Value::Array(versions)) = policy.remove("PolicyVersionList") {
        made.extend(
            versions
                .into_iter()
                .map(|version| object([("_PolicyArn", arn.clone()), ("PolicyVersion", version)])),
        );
    }
    whole.push(object([("Policy", Value::Object(policy))]));
}
