//! The keys that encrypt what the task refers to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::reference::{Parameter, References, Secret};
use crate::{
    Phase, Query,
    aws::kms::{DescribeKey, DescribeKeyResponse},
    check::Cx,
    facts::{self, Missing},
    finding::{Finding, Resource, Severity},
};

/// A key, and what it encrypts.
pub(in crate::checks) struct Key {
    /// As secret or parameter name it: id, ARN or alias.
    pub(in crate::checks) id: String,
    pub(in crate::checks) region: Option<String>,
    pub(in crate::checks) query: Query,
    /// What KMS says of it; `None` if there is no such key.
    pub(in crate::checks) found: Option<Arc<DescribeKeyResponse>>,
    /// "secret `shop/db` (container `app`)".
    pub(in crate::checks) encrypts: Vec<String>,
    /// Names that a message has for what it encrypts.
    names: BTreeSet<String>,
    phase: Phase,
}

impl Key {
    /// A finding about it.
    pub(in crate::checks) fn finding(&self, finding: Finding) -> Finding {
        let resource = match self.found.as_ref().map(|found| &found.key_metadata) {
            Some(key) => Resource::new("AWS::KMS::Key", key.key_id.clone()).arn(key.arn.clone()),
            None if self.id.starts_with("arn:") => {
                Resource::new("AWS::KMS::Key", self.id.clone()).arn(self.id.clone())
            }
            None => Resource::new("AWS::KMS::Key", self.id.clone()),
        };
        let finding = finding.resource(resource).named(self.id.clone()).phase(self.phase);
        self.names.iter().cloned().fold(finding, Finding::named)
    }
}

/// The customer keys that encrypt the secrets and parameters that the task refers to, each once.
/// What is missing to find one is noted. AWS's own keys need neither right nor care and are left
/// out.
pub(in crate::checks) fn keys(cx: &mut Cx<'_>) -> Result<Option<Vec<Key>>, Missing> {
    let References { secrets, parameters, .. } = References::of(cx)?;
    if secrets.is_empty() && parameters.is_empty() {
        return Ok(None);
    }
    let mut keys = BTreeMap::new();
    cx.each(&secrets, |cx, secret| of_secret(cx, secret, &mut keys));
    cx.each(&parameters, |cx, parameter| of_parameter(cx, parameter, &mut keys));
    Ok(Some(keys.into_values().collect()))
}

/// How much a key that cannot be used explains: where AWS says that a permission is missing, it
/// stands in the way only once the permission is there.
pub(in crate::checks) fn severity(cx: &Cx<'_>) -> Result<Severity, Missing> {
    let symptom = facts::at_hand(cx.symptom())?;
    let denied = symptom.is_some_and(|said| said.reading.parameters.contains_key("action"));
    Ok(if denied { Severity::Likely } else { Severity::Blocker })
}

fn of_secret(
    cx: &Cx<'_>,
    secret: &Secret,
    keys: &mut BTreeMap<String, Key>,
) -> Result<(), Missing> {
    let region = secret.region(cx);
    let Some(answer) = cx.get_in(region.as_deref(), &secret.request())? else { return Ok(()) };
    // A secret without one is encrypted with AWS's own.
    let Some(id) = &answer.kms_key_id else { return Ok(()) };
    let what = format!("secret `{}` ({})", answer.name, secret.named_by());
    let credentials = secret.mentions.iter().all(|mention| mention.credentials);
    let names = [secret.id.clone(), answer.arn.clone()];
    let phase = if credentials { Phase::Auth } else { Phase::Secrets };
    add(cx, keys, id, region, (what, &names, phase))
}

fn of_parameter(
    cx: &Cx<'_>,
    parameter: &Parameter,
    keys: &mut BTreeMap<String, Key>,
) -> Result<(), Missing> {
    let region = parameter.region(cx);
    let request = parameter.request();
    let names = &request.parameter_filters[0].values;
    let Some(answer) = cx.get_in(region.as_deref(), &request)? else { return Ok(()) };
    let found = answer.parameters.iter().find(|found| names.contains(&found.name));
    let Some(found) = found.filter(|found| found.kind.as_deref() == Some("SecureString")) else {
        return Ok(());
    };
    let Some(id) = &found.key_id else {
        let query = cx.query_in(region.as_deref(), &request);
        let why = format!("the answer does not name the key of the parameter `{}`", found.name);
        return Err(Missing::undecided(query, why));
    };
    let what = format!("parameter `{}` ({})", found.name, parameter.named_by());
    add(cx, keys, id, region, (what, std::slice::from_ref(&found.name), Phase::Secrets))
}

fn add(
    cx: &Cx<'_>,
    keys: &mut BTreeMap<String, Key>,
    id: &str,
    region: Option<String>,
    (what, names, phase): (String, &[String], Phase),
) -> Result<(), Missing> {
    let alias = if id.starts_with("arn:") { id.splitn(6, ':').nth(5).unwrap_or(id) } else { id };
    if alias.starts_with("alias/aws/") {
        return Ok(());
    }
    let request = DescribeKey { key_id: id.to_owned() };
    let found = cx.get_in(region.as_deref(), &request)?;
    if found.as_ref().is_some_and(|found| found.key_metadata.key_manager.as_deref() == Some("AWS"))
    {
        return Ok(());
    }
    // Id, ARN and alias of a key are the same key.
    let same = match &found {
        Some(found) if !found.key_metadata.arn.is_empty() => found.key_metadata.arn.clone(),
        _ => format!("{id} {}", region.as_deref().unwrap_or("")),
    };
    let query = cx.query_in(region.as_deref(), &request);
    let key = keys.entry(same).or_insert_with(|| Key {
        id: id.to_owned(),
        region,
        query,
        found,
        encrypts: vec![],
        names: BTreeSet::new(),
        phase,
    });
    key.encrypts.push(what);
    key.names.extend(names.iter().cloned());
    // What stops the secrets of the environment may stop the credentials as well.
    if phase == Phase::Secrets {
        key.phase = phase;
    }
    Ok(())
}
