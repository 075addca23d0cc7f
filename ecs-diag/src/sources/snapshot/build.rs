//! Values to stores: what each value is, whom it belongs to, what its collection proves.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Snapshot, SnapshotError, SnapshotErrorKind,
    error::shown,
    home::Votes,
    load::{Item, Loaded},
    normal::{self, Place},
    path::{self, Owner, Pattern, is_account, last, string},
    recording::{Recording, chain, every_key, recorded_error, recording_keys},
    select::secret_name,
    shapes::{described, drop_values, instances, take_policy, take_role},
    store::{Store, canonical},
    table::{self, Ask, Proof, RECORDING_ONLY, REFERENCES, ROWS, Row, Scope, Shape},
};
use crate::{ErrorKind, SourceError, aws};

/// The schema of `snapshot.json` that this version reads and captures name.
pub(in crate::sources) const SCHEMA: &str = "ecs-diag/snapshot/v1";

/// Row, account (where it matters), region (where it matters).
pub(super) type StoreKey = (usize, String, String);

/// The key of a row's store.
pub(super) fn store_key(at: usize, account: &str, region: &str) -> StoreKey {
    let row = &ROWS[at];
    let account = if row.scope == Scope::Account { account } else { "" };
    let region = if table::is_global(row.service) { "" } else { region };
    (at, account.to_owned(), region.to_owned())
}

/// What one output claims about its collection.
enum Claim {
    /// What the row says.
    AsListed,
    /// Everything there is.
    All,
    /// Everything of these objects.
    Parents(Vec<String>),
    Nothing,
}

/// One output on its way into the stores.
struct Output<'a> {
    source: &'a str,
    /// The region that a recording names, else the target's; verbatim outputs have none.
    region: Option<String>,
    claim: Claim,
    truncated: bool,
}

/// Whose the objects of an output are.
struct Owners {
    /// The stores of the owners that there are.
    keys: Vec<StoreKey>,
    /// For each object, which of these.
    owner_of: Vec<usize>,
    /// The account whose list it is, if that can be told.
    claimant: Option<String>,
    /// The regions whose list it is.
    regions: Vec<String>,
}

#[derive(Default)]
struct Manifest {
    account: Option<String>,
    region: Option<String>,
    captured_at: Option<Timestamp>,
    partial: BTreeSet<String>,
}

#[derive(Default)]
struct Builder {
    warnings: Vec<(String, String)>,
    manifest: Manifest,
    stores: HashMap<StoreKey, Store>,
    recordings: Vec<Recording>,
    events: Vec<Value>,
    account: Option<String>,
    region: Option<String>,
    /// Whether tasks were saved otherwise than in recordings.
    tasks_beside: bool,
}

/// A snapshot of what was read.
pub(super) fn build(loaded: Loaded) -> Result<Snapshot, SnapshotError> {
    let Loaded { items, warnings, .. } = loaded;
    let mut builder = Builder { warnings, ..Builder::default() };
    let mut rest = Vec::with_capacity(items.len());
    for item in items {
        if is_manifest(&item) {
            builder.manifest(&item)?;
        } else {
            rest.push(item);
        }
    }
    builder.home(&rest);
    for item in rest {
        builder.item(item)?;
    }
    builder.pages();
    builder.feed_recordings();
    Ok(builder.finish())
}

fn is_manifest(item: &Item) -> bool {
    let schema = item.value.get("schema").and_then(Value::as_str);
    schema.is_some_and(|schema| schema.starts_with("ecs-diag/snapshot/"))
        || (std::path::Path::new(&item.source).file_name().is_some_and(|n| n == "snapshot.json")
            && ["account", "region", "captured_at", "partial"]
                .iter()
                .any(|name| item.value.get(name).is_some()))
}

fn is_event(value: &Value) -> bool {
    value.get("detail-type").and_then(Value::as_str) == Some("ECS Task State Change")
        && value.get("detail").is_some_and(Value::is_object)
}

fn is_recording(value: &Value) -> bool {
    ["service", "operation"].iter().all(|name| value.get(name).is_some_and(Value::is_string))
        && ["input", "output", "error"].iter().any(|name| value.get(name).is_some())
}

impl Builder {
    fn warn(&mut self, source: &str, words: &str) {
        self.warnings.push((source.to_owned(), format!("{source}: {}", shown(words))));
    }

    fn manifest(&mut self, item: &Item) -> Result<(), SnapshotError> {
        let invalid =
            |words: String| SnapshotError::new(SnapshotErrorKind::Invalid, &item.source, words);
        if let Some(schema) = string(&item.value, "schema")
            && schema != SCHEMA
        {
            let words = format!("`schema` is `{schema}`, this version reads `{SCHEMA}`");
            return Err(invalid(words));
        }
        for name in ["account", "region"] {
            if item.value.get(name).is_some_and(|v| !v.is_null() && !v.is_string()) {
                return Err(invalid(format!("`{name}` is not a text")));
            }
        }
        let captured_at = item.value.get("captured_at").filter(|value| !value.is_null());
        let captured_at = captured_at
            .map(aws::Time::deserialize)
            .transpose()
            .map_err(|error| invalid(format!("`captured_at`: {error}")))?
            .map(|time| time.0);
        let partial = match item.value.get("partial") {
            None | Some(Value::Null) => &Vec::new(),
            Some(Value::Array(names)) => names,
            Some(_) => return Err(invalid("`partial` is not a list".to_owned())),
        };
        for name in partial {
            let name = name.as_str().ok_or_else(|| invalid("`partial` holds no texts".into()))?;
            if rows_named(name).next().is_none() {
                let words = format!("`{}` in `partial` is no collection", shown(name));
                self.warn(&item.source, &words);
            }
            self.manifest.partial.insert(name.to_owned());
        }
        // There ought to be one; of several the first by value counts, whatever the files' order.
        let mine = &mut self.manifest;
        let several = mine.account.is_some() || mine.region.is_some();
        let first = |old: Option<String>, new: Option<String>| match (old, new) {
            (Some(old), Some(new)) => Some(old.min(new)),
            (old, new) => old.or(new),
        };
        mine.account = first(mine.account.take(), string(&item.value, "account"));
        mine.region = first(mine.region.take(), string(&item.value, "region"));
        mine.captured_at = match (mine.captured_at, captured_at) {
            (Some(old), Some(new)) => Some(old.max(new)),
            (old, new) => old.or(new),
        };
        if several {
            self.warn(&item.source, "a second `snapshot.json`");
        }
        Ok(())
    }

    /// The target's account and region.
    fn home(&mut self, items: &[Item]) {
        self.account.clone_from(&self.manifest.account);
        self.region.clone_from(&self.manifest.region);
        if self.account.is_some() && self.region.is_some() {
            return;
        }
        let mut votes = Votes::default();
        for item in items {
            let value = &item.value;
            let tasks = value.get("output").unwrap_or(value).get("tasks");
            path::texts(value, "detail.taskArn", &mut |arn| votes.add(arn));
            if let Some(tasks) = tasks {
                path::texts(tasks, "taskArn", &mut |arn| votes.add(arn));
            }
        }
        self.elect(&votes);
        if self.account.is_none() || self.region.is_none() {
            let mut votes = Votes::default();
            for item in items {
                votes.walk(&item.value);
            }
            self.elect(&votes);
        }
    }

    fn elect(&mut self, votes: &Votes) {
        let most = |votes: &BTreeMap<String, usize>| {
            // The first of the most: names are in order.
            votes.iter().rev().max_by_key(|(_, count)| **count).map(|(name, _)| name.clone())
        };
        self.account = self.account.take().or_else(|| most(&votes.accounts));
        self.region = self.region.take().or_else(|| most(&votes.regions));
    }

    fn item(&mut self, item: Item) -> Result<(), SnapshotError> {
        let Item { source, value } = item;
        if is_event(&value) {
            let task = value["detail"].clone();
            self.events.push(value);
            if let Some(at) = table::row("ecs", "DescribeTasks") {
                self.feed(at, vec![task], &Output::verbatim(&source, false));
            }
            Ok(())
        } else if is_recording(&value) {
            self.recording(source, value)
        } else {
            self.output(&source, None, value);
            Ok(())
        }
    }

    fn recording(&mut self, source: String, value: Value) -> Result<(), SnapshotError> {
        let invalid = |words: &str| SnapshotError::new(SnapshotErrorKind::Invalid, &source, words);
        let Value::Object(mut members) = value else { return Ok(()) };
        let mut text = |name: &str| match members.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let service = text("service").unwrap_or_default();
        let operation = text("operation").unwrap_or_default();
        let region = text("region").filter(|region| !region.is_empty());
        let input = match members.remove("input") {
            None | Some(Value::Null) => Value::Object(Map::new()),
            Some(input @ Value::Object(_)) => input,
            Some(_) => return Err(invalid("the recording's `input` is not an object")),
        };
        let error = members.remove("error").filter(|error| !error.is_null());
        let output = members.remove("output").filter(|output| !output.is_null());
        let mut result = match (output, error) {
            (Some(_), Some(_)) => {
                return Err(invalid("the recording has both `output` and `error`"));
            }
            (Some(output @ Value::Object(_)), None) => Ok(output),
            (Some(_), None) => return Err(invalid("the recording's `output` is not an object")),
            (None, Some(error)) => Err(recorded_error(&error)
                .ok_or_else(|| invalid("the recording's `error` has no `code`"))?),
            (None, None) => return Err(invalid("the recording has no `output` and no `error`")),
        };
        if aws::operation(&service, &operation).is_none() {
            let names = format!("{service}:{operation}");
            let feeds = matches!(
                (&*service, &*operation),
                ("ssm", "GetParameter" | "GetParameters" | "GetParametersByPath")
                    | ("secretsmanager", "GetSecretValue" | "BatchGetSecretValue")
                    | ("iam", "GetAccountAuthorizationDetails")
            );
            match result {
                Ok(output) if feeds => self.output(&source, region, output),
                Err(error) if names == "ssm:GetParameter" && error.code == "ParameterNotFound" => {
                    self.absent(&string(&input, "Name").unwrap_or_default(), region.as_deref());
                }
                _ => self.warn(
                    &source,
                    &format!("a recording of `{names}`, which is never asked, is not used"),
                ),
            }
            return Ok(());
        }
        if let Ok(output) = &mut result {
            drop_values(&service, output);
        }
        let truncated = result.as_ref().ok().and_then(normal::token_out).is_some();
        let continued = normal::token_in(&input).is_some();
        let recording =
            Recording { service, operation, region, input, result, truncated, continued, source };
        self.recordings.push(recording);
        Ok(())
    }

    /// Puts the pages of a call together.
    fn pages(&mut self) {
        let aliases = HashMap::new();
        let (pages, mut rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.recordings)
            .into_iter()
            .partition(|recording| recording.truncated || recording.continued);
        let mut calls: BTreeMap<String, Vec<Recording>> = BTreeMap::new();
        for page in pages {
            let key = self.recording_key(&page, &aliases);
            calls.entry(key).or_default().push(page);
        }
        for (_, pages) in calls {
            rest.extend(chain(pages));
        }
        self.recordings = rest;
    }

    fn recording_region<'a>(&'a self, recording: &'a Recording) -> &'a str {
        match (&recording.region, &self.region) {
            (Some(region), Some(_)) => region,
            (_, home) => home.as_deref().unwrap_or_default(),
        }
    }

    fn recording_key(
        &self,
        recording: &Recording,
        aliases: &HashMap<(String, String), String>,
    ) -> String {
        let region = self.recording_region(recording);
        let place = Place { account: self.account.as_deref(), region, aliases };
        let Recording { service, operation, input, .. } = recording;
        let input = place.normalise(service, operation, input);
        recording_keys(service, operation, region, input).swap_remove(0)
    }

    /// Recordings of operations with a row feed its collection as well.
    fn feed_recordings(&mut self) {
        let aliases = HashMap::new();
        let mut recordings = std::mem::take(&mut self.recordings);
        for recording in &mut recordings {
            let at = table::row(&recording.service, &recording.operation);
            if let Ok(output) = &mut recording.result {
                sort_lists(at, output);
            }
            let recording = &*recording;
            let (Ok(output), Some(at)) = (&recording.result, at) else { continue };
            let row = &ROWS[at];
            let region = self.recording_region(recording).to_owned();
            let account = self.account.as_deref();
            let place = Place { account, region: &region, aliases: &aliases };
            let input = place.normalise(row.service, row.operation, &recording.input);
            let whole = !recording.truncated && !recording.continued;
            let out = Output {
                source: &recording.source,
                region: Some(region.clone()),
                claim: if whole { claim(row, &input) } else { Claim::Nothing },
                truncated: false,
            };
            match row.shape {
                Shape::List(key) => {
                    if let Some(Value::Array(items)) = output.get(key) {
                        self.feed(at, items.clone(), &out);
                    }
                    self.failures(at, output.get("failures"), &out);
                }
                Shape::Whole(_) => self.feed(at, vec![output.clone()], &out),
                Shape::Made => {}
            }
        }
        self.recordings = recordings;
    }

    /// A verbatim output, or one like it of a recording, which may name the region.
    fn output(&mut self, source: &str, region: Option<String>, value: Value) {
        let truncated = normal::token_out(&value).is_some();
        let Value::Object(mut members) = value else {
            self.warn(source, "not recognised: not an object");
            return;
        };
        members.remove("ResponseMetadata");
        members.remove("$metadata");
        let out = Output { region, ..Output::verbatim(source, truncated) };
        // Policies of organizations have a `Name`.
        let policies = members.get("Policies").and_then(Value::as_array);
        let of_iam = policies.into_iter().flatten().any(|p| p.get("PolicyName").is_some());
        if of_iam
            || ["RoleDetailList", "UserDetailList", "GroupDetailList"]
                .iter()
                .any(|key| members.contains_key(*key))
        {
            self.authorization_details(members, &out);
            return;
        }
        if self.values(&mut members, out.region.as_deref()) {
            return;
        }
        if let Some(at) = whole_row(&members) {
            self.feed(at, vec![Value::Object(members)], &out);
            return;
        }
        let failures = members.remove("failures");
        let mut known = false;
        let keys: Vec<String> = members.keys().cloned().collect();
        for key in &keys {
            let rows: Vec<_> =
                table::rows_of_key(key).iter().copied().filter(|at| ROWS[*at].is_list()).collect();
            if rows.is_empty() || !members.get(key).is_some_and(Value::is_array) {
                continue;
            }
            let Some(Value::Array(items)) = members.remove(key) else { continue };
            known |= self.lists(source, key, &rows, items, failures.as_ref(), &out);
        }
        if known {
            return;
        }
        let asked = RECORDING_ONLY
            .iter()
            .find(|(_, _, all, _)| all.iter().all(|key| keys.iter().any(|k| k == key)));
        match asked {
            Some((service, operation, ..)) => {
                let words = format!(
                    "looks like the output of {service} {operation}, which does not say what was \
                     asked; save it as a recording with its input"
                );
                self.warn(source, &words);
            }
            None if keys.is_empty() => self.warn(source, "an empty object says nothing"),
            None => {
                let names: Vec<_> = keys.iter().take(5).map(|key| format!("`{key}`")).collect();
                let words = format!("not recognised by its keys {}", names.join(", "));
                self.warn(source, &words);
            }
        }
    }

    /// The list under a key that one or several rows have. False if it is none of theirs.
    fn lists(
        &mut self,
        source: &str,
        key: &str,
        rows: &[usize],
        items: Vec<Value>,
        failures: Option<&Value>,
        out: &Output<'_>,
    ) -> bool {
        if items.is_empty() {
            // Parameters are printed alike by three operations; images are those of a repository.
            let of_which = matches!(ROWS[rows[0]].proof, Proof::Per(_));
            if rows.len() > 1 || key == "Parameters" || of_which {
                if key != "serviceDeployments" {
                    let words = format!(
                        "an empty `{key}` does not say whose it is; save it as a recording"
                    );
                    self.warn(source, &words);
                }
                return true;
            }
            self.feed(rows[0], items, out);
            self.failures(rows[0], failures, out);
            return true;
        }
        let mut sorted: Vec<Vec<Value>> = rows.iter().map(|_| Vec::new()).collect();
        let mut strange = 0_usize;
        for item in items {
            match rows.iter().position(|at| fits(&ROWS[*at], &item)) {
                Some(place) => sorted[place].push(item),
                None => strange += 1,
            }
        }
        if sorted.iter().all(Vec::is_empty) {
            return false;
        }
        for (place, items) in sorted.into_iter().enumerate() {
            if items.is_empty() {
                continue;
            }
            let at = rows[place];
            let truncated = out.truncated || strange > 0;
            let region = out.region.clone();
            let out = Output { truncated, region, claim: Claim::AsListed, ..*out };
            self.feed(at, items, &out);
            self.failures(at, failures, &out);
        }
        if strange > 0 {
            let words = format!("{strange} of the `{key}` not recognised, so they are incomplete");
            self.warn(source, &words);
        }
        true
    }

    /// Outputs that hold secret values: what they prove is kept, the values are not.
    fn values(&mut self, members: &mut Map<String, Value>, region: Option<&str>) -> bool {
        let secret = table::row("secretsmanager", "DescribeSecret");
        let parameters = table::row("ssm", "DescribeParameters");
        let (Some(secret), Some(parameters)) = (secret, parameters) else { return false };
        let is_value = |member: &Map<String, Value>| {
            member.contains_key("ARN")
                && (member.contains_key("SecretString")
                    || member.contains_key("SecretBinary")
                    || (member.contains_key("VersionId") && member.contains_key("VersionStages")))
        };
        let mut known = Vec::new();
        if is_value(members) {
            known.push(std::mem::take(members));
        } else if let Some(Value::Array(secrets)) = members.get_mut("SecretValues") {
            for secret in secrets.iter_mut() {
                if let Value::Object(secret) = secret.take() {
                    known.push(secret);
                }
            }
        }
        if !known.is_empty() {
            for value in known {
                let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
                let owner = Owner::of(text("ARN"));
                let store = self.store(secret, owner);
                store.known.insert(text("ARN").to_owned());
                store.known.insert(text("Name").to_owned());
            }
            return true;
        }

        let mut found = match members.get_mut("Parameter") {
            Some(one @ Value::Object(_)) => vec![one.take()],
            _ => Vec::new(),
        };
        let list = members.get("Parameters").and_then(Value::as_array);
        let with_values =
            list.is_some_and(|list| list.iter().any(|item| item.get("Value").is_some()));
        let absent = members.remove("InvalidParameters");
        if (with_values || absent.is_some())
            && let Some(Value::Array(list)) = members.remove("Parameters")
        {
            found.extend(list);
        }
        if found.is_empty() && absent.is_none() {
            return false;
        }
        for parameter in &mut found {
            if let Value::Object(parameter) = parameter {
                parameter.retain(|name, _| {
                    !matches!(name.as_str(), "Value" | "Selector" | "SourceResult")
                });
            }
        }
        let asked = region.map(str::to_owned);
        let out = Output { claim: Claim::Nothing, region: asked, ..Output::verbatim("", false) };
        self.feed(parameters, found, &out);
        for name in absent.as_ref().and_then(Value::as_array).into_iter().flatten() {
            self.absent(name.as_str().unwrap_or_default(), region);
        }
        true
    }

    /// Notes that there is no such parameter.
    fn absent(&mut self, name: &str, region: Option<&str>) {
        let Some(parameters) = table::row("ssm", "DescribeParameters") else { return };
        let mut owner = Owner::of(name);
        owner.region = owner.region.or(region);
        let plain = name.split_once(":parameter").map_or(name, |(_, name)| name);
        let store = self.store(parameters, owner);
        store.absent.insert(name.to_owned());
        store.absent.insert(plain.to_owned());
    }

    /// `get-account-authorization-details`: every role with its policies. What lists policies
    /// alone need not list all.
    fn authorization_details(&mut self, mut members: Map<String, Value>, out: &Output<'_>) {
        let mut list = |key: &str| match members.remove(key) {
            Some(Value::Array(items)) => Some(items),
            _ => None,
        };
        let (roles, policies) = (list("RoleDetailList"), list("Policies"));
        let attached: u64 = policies
            .iter()
            .flatten()
            .filter_map(|policy| policy.get("AttachmentCount")?.as_u64())
            .sum();
        let users = [list("UserDetailList"), list("GroupDetailList")];
        let others = users.iter().flatten().any(|users| !users.is_empty());
        let details = |claim, truncated| Output { claim, truncated, region: None, ..*out };
        let claim = if roles.is_some() { Claim::All } else { Claim::Nothing };
        if let Some(roles) = roles {
            // Policies that somebody has, and nobody listed who has them: the output was filtered.
            let filtered = roles.is_empty() && attached > 0 && !others;
            let truncated = out.truncated || filtered;
            let mut made: [Vec<Value>; 5] = Default::default();
            for role in roles {
                take_role(role, &mut made);
            }
            let operations = [
                "GetRole",
                "GetRolePolicy",
                "ListRolePolicies",
                "ListAttachedRolePolicies",
                "GetInstanceProfile",
            ];
            for (operation, objects) in operations.into_iter().zip(made) {
                if let Some(at) = table::row("iam", operation) {
                    self.feed(at, objects, &details(Claim::All, truncated));
                }
            }
        }
        if let Some(policies) = policies {
            let (mut whole, mut versions) = (Vec::new(), Vec::new());
            for policy in policies {
                take_policy(policy, &mut whole, &mut versions);
            }
            let policies = details(claim, out.truncated);
            for (operation, objects) in [("GetPolicy", whole), ("GetPolicyVersion", versions)] {
                if let Some(at) = table::row("iam", operation) {
                    self.feed(at, objects, &policies);
                }
            }
        }
    }

    fn store(&mut self, at: usize, owner: Owner<'_>) -> &mut Store {
        let account = owner.account.or(self.account.as_deref()).unwrap_or_default();
        let region = owner.region.or(self.region.as_deref()).unwrap_or_default();
        let key = store_key(at, account, region);
        self.stores.entry(key).or_default()
    }

    /// Objects of one output into the stores of their owners.
    fn feed(&mut self, at: usize, items: Vec<Value>, out: &Output<'_>) {
        let row = &ROWS[at];
        self.tasks_beside |= row.operation == "DescribeTasks" && out.region.is_none();
        let items = if row.operation == "DescribeInstances" { instances(items) } else { items };
        if row.operation == "ListSecrets"
            && let Some(secret) = table::row("secretsmanager", "DescribeSecret")
        {
            let claim = match out.claim {
                Claim::AsListed | Claim::All => Claim::All,
                _ => Claim::Nothing,
            };
            let secrets = items.iter().cloned().map(described).collect();
            self.feed(secret, secrets, &Output { claim, region: out.region.clone(), ..*out });
        }

        let Owners { keys, owner_of, claimant, regions } = self.owners(at, &items, out);
        let mut bad = 0_usize;
        let mut parents: BTreeMap<String, StoreKey> = BTreeMap::new();
        let mut grouped: Vec<Vec<(String, Value)>> = keys.iter().map(|_| Vec::new()).collect();
        for (item, place) in items.into_iter().zip(owner_of) {
            let Some(id) = id(row, &item) else {
                bad += 1;
                continue;
            };
            if let (Proof::Per(path), Claim::AsListed) = (row.proof, &out.claim) {
                path::texts(&item, path, &mut |parent| {
                    if !parents.contains_key(parent) {
                        parents.insert(parent.to_owned(), keys[place].clone());
                    }
                });
            }
            grouped[place].push((id, item));
        }
        for (key, objects) in keys.into_iter().zip(grouped) {
            let store = self.stores.entry(key).or_default();
            for (id, object) in objects {
                store.add(id, object);
            }
        }

        self.claim(at, out, bad, claimant.as_deref(), &regions, parents);
        if bad > 0 && matches!(row.shape, Shape::List(_)) && !out.source.is_empty() {
            let words = format!("{bad} of the `{}` have no `{}`", row.key(), row.id.join("`, `"));
            self.warn(out.source, &words);
        }
    }

    /// Whose the objects of an output are.
    fn owners(&self, at: usize, items: &[Value], out: &Output<'_>) -> Owners {
        let row = &ROWS[at];
        // Few owners, many objects.
        let mut owners: Vec<(Option<String>, Option<String>)> = Vec::new();
        let mut owner_of = Vec::with_capacity(items.len());
        for item in items {
            let (account, region) = owner(row, item);
            let same =
                |have: &(Option<String>, Option<String>)| have.0 == account && have.1 == region;
            let place = owners.iter().position(same).unwrap_or_else(|| {
                owners.push((account, region));
                owners.len() - 1
            });
            owner_of.push(place);
        }
        let accounts: BTreeSet<&str> = owners
            .iter()
            .filter_map(|(account, _)| account.as_deref())
            .filter(|account| is_account(account))
            .collect();
        let regions: BTreeSet<&str> =
            owners.iter().filter_map(|(_, region)| region.as_deref()).collect();
        let home = self.account.clone().unwrap_or_default();
        let here = self.region.clone().unwrap_or_default();
        let only = |all: &BTreeSet<&str>| match all.len() {
            1 => all.first().map(|one| (*one).to_owned()),
            _ => None,
        };
        let default_account = only(&accounts).unwrap_or_else(|| home.clone());
        let default_region =
            out.region.clone().or_else(|| only(&regions)).unwrap_or_else(|| here.clone());
        // Lists show what others share with the account, so one of its own objects is enough.
        let claimant = if accounts.is_empty() || accounts.contains(home.as_str()) {
            Some(home)
        } else {
            only(&accounts)
        };
        let claim_regions = match &out.region {
            Some(region) => vec![region.clone()],
            None if regions.is_empty() => vec![default_region.clone()],
            None => regions.iter().map(|region| (*region).to_owned()).collect(),
        };

        let keys: Vec<StoreKey> = owners
            .iter()
            .map(|(account, region)| {
                let account = account.as_deref().unwrap_or(&default_account);
                store_key(at, account, region.as_deref().unwrap_or(&default_region))
            })
            .collect();
        Owners { keys, owner_of, claimant, regions: claim_regions }
    }

    /// Notes what an output proves; `bad` of its objects could not be used.
    fn claim(
        &mut self,
        at: usize,
        out: &Output<'_>,
        bad: usize,
        claimant: Option<&str>,
        regions: &[String],
        parents: BTreeMap<String, StoreKey>,
    ) {
        let row = &ROWS[at];
        let whole = !out.truncated && bad == 0;
        for region in regions {
            let key = store_key(at, claimant.unwrap_or_default(), region);
            let store = self.stores.entry(key).or_default();
            if out.truncated {
                store.not_complete("the saved output ends before the list does");
            } else if bad > 0 {
                store.not_complete("a saved object has no id");
            }
            let all = match &out.claim {
                Claim::All => true,
                Claim::AsListed => row.proof == Proof::Listing,
                Claim::Parents(parents) => {
                    if whole {
                        store.parents.extend(parents.iter().cloned());
                    }
                    false
                }
                Claim::Nothing => false,
            };
            if all
                && whole
                && let Some(account) = claimant
            {
                store.complete.insert(account.to_owned());
            }
        }
        if whole {
            for (parent, key) in parents {
                self.stores.entry(key).or_default().parents.insert(parent);
            }
        }
    }

    fn failures(&mut self, at: usize, failures: Option<&Value>, out: &Output<'_>) {
        if ROWS[at].missing != table::Missing::Failures {
            return;
        }
        for failure in failures.and_then(Value::as_array).into_iter().flatten() {
            let Some(arn) = failure.get("arn").and_then(Value::as_str) else { continue };
            let mut owner = Owner::of(arn);
            owner.region = owner.region.or(out.region.as_deref());
            let store = self.store(at, owner);
            let old = store.failures.get(last(arn));
            if old.is_none_or(|old| canonical(failure) < canonical(old)) {
                store.failures.insert(last(arn).to_owned(), failure.clone());
            }
        }
    }

    fn finish(mut self) -> Snapshot {
        for ((at, ..), store) in &mut self.stores {
            store.unite(&ROWS[*at]);
        }
        self.mount_targets();
        self.partial();
        self.references();
        self.roles();

        let aliases = self.aliases();
        let mut recordings: HashMap<String, Vec<usize>> = HashMap::new();
        let mut errors: BTreeMap<String, SourceError> = BTreeMap::new();
        for (at, recording) in self.recordings.iter().enumerate() {
            if recording.truncated || recording.continued {
                continue;
            }
            let Recording { service, operation, input, result, .. } = recording;
            let key = self.recording_key(recording, &aliases);
            recordings.entry(key).or_default().push(at);
            let Err(error) = result else { continue };
            // Whoever may not ask for everything was refused before any input was looked at.
            let every = input.as_object().is_none_or(Map::is_empty)
                && (table::needs_input(service, operation)
                    || error.kind == ErrorKind::AccessDenied);
            if every {
                let region = self.recording_region(recording);
                let key = every_key(service, operation, region);
                let old = errors.get(&key);
                if old.is_none_or(|old| (&error.code, &error.message) < (&old.code, &old.message)) {
                    errors.insert(key, error.clone());
                }
            }
        }
        self.warnings.sort();
        self.events.sort_by_cached_key(|event| {
            let version = event["detail"].get("version").and_then(Value::as_u64);
            let text = |value: &Value, name| string(value, name).unwrap_or_default();
            (text(&event["detail"], "taskArn"), version, text(event, "id"), canonical(event))
        });
        Snapshot {
            account: self.account,
            region: self.region,
            captured_at: self.manifest.captured_at,
            warnings: self.warnings.into_iter().map(|(_, words)| words).collect(),
            events: self.events,
            stores: self.stores,
            recorded: self.recordings,
            recordings,
            errors,
            aliases,
            tasks_beside: self.tasks_beside,
        }
    }

    /// File systems say how many mount targets they have: all are there if as many are saved.
    fn mount_targets(&mut self) {
        let systems = table::row("efs", "DescribeFileSystems");
        let targets = table::row("efs", "DescribeMountTargets");
        let (Some(systems), Some(targets)) = (systems, targets) else { return };
        let mut counts: Vec<(String, String, u64)> = Vec::new();
        for ((_, _, region), store) in self.stores.iter().filter(|(key, _)| key.0 == systems) {
            for system in store.objects.iter().filter(|system| self.is_own(system)) {
                let count = system.get("NumberOfMountTargets").and_then(Value::as_u64);
                if let (Some(id), Some(count)) = (string(system, "FileSystemId"), count) {
                    counts.push((region.clone(), id, count));
                }
            }
        }
        for (region, id, count) in counts {
            let store = self.stores.entry(store_key(targets, "", &region)).or_default();
            let way = vec![("FileSystemId", Pattern::Is(id.clone()))];
            let saved = u64::try_from(store.satisfying(&way).len()).unwrap_or(u64::MAX);
            if saved >= count {
                store.parents.insert(id);
            } else {
                store.parents.remove(&id);
            }
        }
    }

    fn partial(&mut self) {
        for name in &self.manifest.partial {
            for at in rows_named(name) {
                for ((row, ..), store) in &mut self.stores {
                    if *row == at {
                        store.not_complete("`snapshot.json` says that it is partial");
                    }
                }
            }
        }
    }

    /// What AWS's own references name exists; a collection that lacks it is not complete.
    fn references(&mut self) {
        let mut lacking: Vec<(StoreKey, String)> = Vec::new();
        for (from_key, path, to_key) in REFERENCES {
            for from in table::rows_of_key(from_key) {
                let same = |at: &&usize| ROWS[**at].service == ROWS[*from].service;
                let targets = table::rows_of_key(to_key);
                let mut to: Vec<usize> = targets.iter().filter(same).copied().collect();
                if to.is_empty() {
                    to = targets.to_vec();
                }
                for (key, store) in self.stores.iter().filter(|(key, _)| key.0 == *from) {
                    for to in &to {
                        let account = match ROWS[*from].scope {
                            Scope::Account => &key.1,
                            Scope::Anywhere => self.account.as_deref().unwrap_or_default(),
                        };
                        let target = store_key(*to, account, &key.2);
                        if let Some(why) = self.lacks(store, path, *to, &target) {
                            lacking.push((target, why));
                        }
                    }
                }
            }
        }
        for (key, why) in lacking {
            if let Some(store) = self.stores.get_mut(&key) {
                store.not_complete(&why);
            }
        }
    }

    /// Why a complete collection is not, if so: the first name by order that it lacks.
    fn lacks(&self, from: &Store, path: &str, to: usize, key: &StoreKey) -> Option<String> {
        let target = self.stores.get(key)?;
        let row = &ROWS[to];
        let id = row.id.first().copied()?;
        if target.complete.is_empty() && target.parents.is_empty() {
            return None;
        }
        let mut missing: Option<String> = None;
        for object in &from.objects {
            if !stands(object) || !self.is_own(object) {
                continue;
            }
            path::texts(object, path, &mut |name| {
                // Policies of AWS are in no account's list, the default options in no region's.
                let named = Owner::of(name).account.filter(|_| name.starts_with("arn:"));
                let foreign = row.scope == Scope::Account && named.is_some_and(|n| n != key.1);
                if foreign || name == "default" || target.has(id, name) {
                    return;
                }
                if missing.as_deref().is_none_or(|old| name < old) {
                    missing = Some(name.to_owned());
                }
            });
        }
        missing.map(|name| format!("it lacks `{name}`, which another saved object refers to"))
    }

    fn is_own(&self, object: &Value) -> bool {
        let owner = object.get("OwnerId").and_then(Value::as_str);
        match (owner, &self.account) {
            (Some(owner), Some(account)) => owner == account || !is_account(owner),
            _ => true,
        }
    }

    /// What belongs to roles is complete as far as the roles are.
    fn roles(&mut self) {
        let Some(role) = table::row("iam", "GetRole") else { return };
        let why: Vec<(String, String)> = self
            .stores
            .iter()
            .filter(|(key, _)| key.0 == role)
            .filter_map(|(key, store)| Some((key.1.clone(), store.incomplete.clone()?)))
            .collect();
        for (account, why) in why {
            for operation in ["GetRolePolicy", "ListRolePolicies", "ListAttachedRolePolicies"] {
                let Some(at) = table::row("iam", operation) else { continue };
                if let Some(store) = self.stores.get_mut(&store_key(at, &account, "")) {
                    store.not_complete(&why);
                }
            }
        }
    }

    /// Key ids by region and alias, of the target's account.
    fn aliases(&self) -> HashMap<(String, String), String> {
        let mut aliases = HashMap::new();
        for recording in &self.recordings {
            let asked = recording.input.get("KeyId").and_then(Value::as_str).unwrap_or_default();
            let alias = match asked.split_once(":alias/") {
                Some((_, name)) => format!("alias/{name}"),
                None => asked.to_owned(),
            };
            if recording.service != "kms" || !alias.starts_with("alias/") {
                continue;
            }
            let Ok(output) = &recording.result else { continue };
            if let Some(id) = path::text(output, "KeyMetadata.KeyId") {
                aliases.insert((self.recording_region(recording).to_owned(), alias), id);
            }
        }
        let home = self.account.as_deref().unwrap_or_default();
        if let Some(at) = table::row("kms", "ListAliases") {
            let stores = self.stores.iter().filter(|(key, _)| key.0 == at && key.1 == home);
            for ((_, _, region), store) in stores {
                for alias in &store.objects {
                    let pair = (string(alias, "AliasName"), string(alias, "TargetKeyId"));
                    if let (Some(name), Some(id)) = pair {
                        aliases.insert((region.clone(), name), id);
                    }
                }
            }
        }
        aliases
    }
}

impl<'a> Output<'a> {
    fn verbatim(source: &'a str, truncated: bool) -> Self {
        Self { source, region: None, claim: Claim::AsListed, truncated }
    }
}

/// The rows that a name in `partial` means.
fn rows_named(name: &str) -> impl Iterator<Item = usize> {
    ROWS.iter()
        .enumerate()
        .filter(move |(_, row)| {
            row.key() == name
                || label(row) == name
                || row.name() == name
                || (row.service == "iam" && name == "iam:GetAccountAuthorizationDetails")
                || (row.operation == "DescribeSecret" && name == "secretsmanager:ListSecrets")
        })
        .map(|(at, _)| at)
}

/// The key of the output that lists a row's objects.
pub(super) fn label(row: &Row) -> &'static str {
    match (row.service, row.operation) {
        ("iam", "GetPolicy" | "GetPolicyVersion") => "Policies",
        ("iam", _) => "RoleDetailList",
        ("secretsmanager", "DescribeSecret") => "SecretList",
        _ => row.key(),
    }
}

/// What a recording with this input says about its collection.
fn claim(row: &Row, input: &Map<String, Value>) -> Claim {
    let mut asked = input.iter().filter(|(name, _)| {
        !row.asks.iter().any(|ask| matches!(ask, Ask::Any(any) if any == name))
    });
    let (first, more) = (asked.next(), asked.next().is_some());
    match (row.proof, first) {
        (Proof::Listing, None) => Claim::All,
        (Proof::Per(path), Some((name, Value::String(parent)))) if !more => {
            let per = row
                .asks
                .iter()
                .any(|ask| matches!(ask, Ask::Equal(input, p) if input == name && *p == path));
            if per { Claim::Parents(vec![parent.clone()]) } else { Claim::Nothing }
        }
        _ => Claim::Nothing,
    }
}

/// The row of an output that is one object.
fn whole_row(members: &Map<String, Value>) -> Option<usize> {
    let has = |names: &[&str]| names.iter().any(|name| members.contains_key(*name));
    let found = ROWS.iter().position(|row| {
        let Shape::Whole(keys) = row.shape else { return false };
        if !keys.iter().all(|key| members.contains_key(*key)) {
            return false;
        }
        let inner = keys.first().and_then(|key| members.get(*key)).and_then(Value::as_object);
        let inside =
            |names: &[&str]| inner.is_some_and(|m| names.iter().any(|n| m.contains_key(*n)));
        let like = row.like.is_empty() || has(row.like) || inside(row.like);
        let secret = row.service != "secretsmanager" || is_secret(members);
        like && !has(row.unlike) && !inside(row.unlike) && secret
    });
    // A secret without a policy has an output of its two names alone.
    found.or_else(|| {
        (members.len() == 2 && members.contains_key("Name") && is_secret(members))
            .then(|| table::row("secretsmanager", "GetResourcePolicy"))
            .flatten()
    })
}

fn is_secret(members: &Map<String, Value>) -> bool {
    members.get("ARN").and_then(Value::as_str).is_some_and(|arn| secret_name(arn).is_some())
}

/// Whether an element under a row's key is one of its objects.
fn fits(row: &Row, item: &Value) -> bool {
    let Value::Object(members) = item else { return false };
    let has = |names: &[&str]| names.iter().any(|name| members.contains_key(*name));
    let public = row.operation == "DescribeRepositories"
        && members
            .get("repositoryArn")
            .and_then(Value::as_str)
            .is_some_and(|arn| arn.contains(":ecr-public:"));
    (row.like.is_empty() || has(row.like)) && !has(row.unlike) && !public
}

/// The account and region that an object names.
fn owner(row: &Row, item: &Value) -> (Option<String>, Option<String>) {
    let (mut account, mut region) = (None, None);
    for path in row.owner {
        path::texts(item, path, &mut |text| {
            let owner = Owner::of(text);
            if account.is_none() {
                account = owner.account.map(str::to_owned);
            }
            if region.is_none() {
                region = owner.region.map(str::to_owned);
            }
        });
    }
    (account, region)
}

/// What identifies an object; `None` if it lacks all of that.
fn id(row: &Row, item: &Value) -> Option<String> {
    match row.id {
        [] => Some(String::new()),
        [path] => path::text(item, path),
        paths => {
            let parts: Vec<_> = paths.iter().map(|path| path::text(item, path)).collect();
            parts.iter().any(Option::is_some).then(|| {
                let parts: Vec<_> = parts.into_iter().map(Option::unwrap_or_default).collect();
                parts.join("\u{1f}")
            })
        }
    }
}

/// Whether an object is there, and not a trace of one whose references may lead nowhere.
fn stands(object: &Value) -> bool {
    let state = object.get("State").and_then(Value::as_str).unwrap_or_default();
    !["deleted", "deleting", "failed", "rejected", "expired"]
        .iter()
        .any(|gone| state.eq_ignore_ascii_case(gone))
}

/// An answer as its recording is replayed.
pub(in crate::sources) fn settle(service: &str, operation: &str, output: &mut Value) {
    drop_values(service, output);
    normal::strip(output);
    sort_lists(table::row(service, operation), output);
}

/// The lists of an output in one order: services give them in any.
fn sort_lists(at: Option<usize>, output: &mut Value) {
    let row = at.map(|at| &ROWS[at]).filter(|row| row.is_list());
    for (key, member) in output.as_object_mut().into_iter().flatten() {
        let Value::Array(items) = member else { continue };
        match row.filter(|row| row.key() == key) {
            Some(row) => items.sort_by_cached_key(|item| id(row, item)),
            None => items.sort_by_cached_key(canonical),
        }
    }
}
