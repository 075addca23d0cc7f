//! Queries to answers.

use serde_json::{Map, Value};

use super::{
    Snapshot,
    build::{label, store_key},
    command::command,
    normal::{self, Place},
    path::{self, Owner, Pattern},
    recording::{Recording, every_key, recording_keys, without_suffix},
    select::{self, Condition, Way, secret_name},
    store::{Store, unordered},
    table::{self, Ask, Missing, PARENTS, Proof, ROWS, Row, Scope, Shape},
};
use crate::{ErrorKind, Query, SourceError, aws};

/// What collections say.
enum Answer {
    /// The answer, and the assumption that it rests on.
    Found(Value, Option<String>),
    /// There is no such thing: code, words, assumption.
    Absent(&'static str, String, Option<String>),
    /// No telling; why.
    Unknown(String),
}

/// An answer and the assumption that it rests on.
pub(super) struct Evaluated {
    pub(super) result: Result<Value, SourceError>,
    pub(super) assumption: Option<String>,
}

impl From<Result<Value, SourceError>> for Evaluated {
    fn from(result: Result<Value, SourceError>) -> Self {
        Self { result, assumption: None }
    }
}

/// Where a query is answered.
struct At<'a> {
    account: &'a str,
    region: &'a str,
}

impl Snapshot {
    pub(super) fn evaluate(&self, query: &Query) -> Evaluated {
        let (service, operation) = (&*query.service, &*query.operation);
        if aws::operation(service, operation).is_none() {
            let words =
                format!("`{}` is not an operation that a source may be asked", query.name());
            return Err(SourceError::new(ErrorKind::NotAllowed, words)).into();
        }
        let region = match (&query.region, &self.region) {
            (Some(region), Some(_)) => region,
            (_, home) => home.as_deref().unwrap_or_default(),
        };
        let account = self.account.as_deref();
        let place = Place { account, region, aliases: &self.aliases };
        let raw = query.input();
        let mut input = place.normalise(service, operation, &raw);
        if let Some(result) = self.recorded(query, region, &raw, &input) {
            return result.into();
        }

        // What an ARN of another account or region names is looked up there.
        let foreign = foreign(&input, &place);
        let other = foreign.as_ref().map(|arn| Owner::of(arn)).unwrap_or_default();
        let registry = input.get("registryId").and_then(Value::as_str).map(str::to_owned);
        let at = At {
            account: registry.as_deref().or(other.account).or(account).unwrap_or_default(),
            region: other.region.unwrap_or(region),
        };
        if foreign.is_some() {
            let account = Some(at.account);
            let place = Place { account, region: at.region, aliases: &self.aliases };
            input = place.normalise(service, operation, &raw);
        }
        input.remove("registryId");

        let answer = match self.collected(service, operation, &at, &input) {
            Answer::Unknown(why) => self.without_parent(service, operation, &at, &input, why),
            answer => answer,
        };
        match answer {
            Answer::Found(value, assumption) => Evaluated { result: Ok(value), assumption },
            Answer::Absent(code, words, assumption) => {
                let kind = ErrorKind::NotFound;
                let error = SourceError { kind, code: code.to_owned(), message: words };
                Evaluated { result: Err(error), assumption }
            }
            Answer::Unknown(why) => {
                if let Some(error) = self.errors.get(&every_key(service, operation, region)) {
                    return Err(error.clone()).into();
                }
                let own = account.is_none_or(|account| account == at.account);
                let what = if why.is_empty() { "not saved".to_owned() } else { why };
                let words = format!("{what}: run `{}`", command(query, at.region, own));
                Err(SourceError::new(ErrorKind::NotRecorded, words)).into()
            }
        }
    }

    /// What a recording with the same input says.
    fn recorded(
        &self,
        query: &Query,
        region: &str,
        raw: &Value,
        input: &Map<String, Value>,
    ) -> Option<Result<Value, SourceError>> {
        let secret = input.get("SecretId").and_then(Value::as_str);
        let keys = recording_keys(&query.service, &query.operation, region, input.clone());
        let mut found: Vec<&Recording> = keys
            .iter()
            .filter_map(|key| self.recordings.get(key))
            .flatten()
            .map(|at| &self.recorded[*at])
            .filter(|recording| secret.is_none_or(|id| self.same_secret(id, recording, region)))
            .collect();
        if found.len() > 1 {
            // The same words come first, so that a capture replays as it was; an answer says more
            // than an error; beyond that any order will do that is one.
            found.sort_by_cached_key(|recording| {
                let same = recording.input == *raw
                    && recording.region.as_deref() == query.region.as_deref();
                match &recording.result {
                    Ok(output) => (!same, false, unordered(output)),
                    Err(error) => (!same, true, format!("{}\n{}", error.code, error.message)),
                }
            });
        }
        let mut result = found.first()?.result.clone();
        if let Ok(output) = &mut result {
            normal::strip(output);
            // Of recordings alone, each tells what was true when it was made.
            if self.tasks_beside && query.name() == "ecs:DescribeTasks" {
                self.newest(output);
            }
        }
        Some(result)
    }

    /// A recorded task of which a higher version was saved is replaced by that one; one that had
    /// expired when it was asked for, by what an event still tells of it.
    fn newest(&self, output: &mut Value) {
        let Some(row) = table::row("ecs", "DescribeTasks") else { return };
        let saved = |arn: Option<&Value>| {
            let arn = arn.and_then(Value::as_str)?;
            let region = Owner::of(arn).region.unwrap_or_default();
            let store = self.stores.get(&store_key(row, "", region))?;
            let way = vec![("taskArn", Pattern::Is(arn.to_owned()))];
            store.satisfying(&way).first().map(|at| &store.objects[*at])
        };
        let version = |task: &Value| task.get("version").and_then(Value::as_u64);
        let mut expired = Vec::new();
        if let Some(Value::Array(failures)) = output.get_mut("failures") {
            failures.retain(|failure| match saved(failure.get("arn")) {
                Some(task) => {
                    expired.push(task.clone());
                    false
                }
                None => true,
            });
        }
        let Some(Value::Array(tasks)) = output.get_mut("tasks") else { return };
        for task in &mut *tasks {
            if let Some(newer) = saved(task.get("taskArn"))
                && version(newer) > version(task)
            {
                *task = newer.clone();
            }
        }
        tasks.extend(expired);
    }

    /// Whether a recording is about the secret `id`: a name, an ARN, or an ARN that ends with
    /// the name.
    fn same_secret(&self, id: &str, recording: &Recording, region: &str) -> bool {
        let text =
            |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let asked = text(&recording.input, "SecretId").unwrap_or_default();
        let told = recording.result.as_ref().ok().and_then(|output| text(output, "ARN"));
        if asked == id {
            return true;
        }
        let full = |arn: &str, other: &str| {
            other == arn
                || other.strip_prefix(arn).is_some_and(|rest| {
                    rest.strip_prefix('-').is_some_and(|suffix| suffix.len() == 6)
                })
        };
        let same_arn = |one: &str, other: &str| full(one, other) || full(other, one);
        let place = Place { account: self.account.as_deref(), region, aliases: &self.aliases };
        let named = |arn: &str, name: &str| {
            let rest = secret_name(arn).unwrap_or_default();
            place.is_ours(arn) && (rest == name || without_suffix(rest) == Some(name))
        };
        let is_arn = |text: &str| text.starts_with("arn:");
        match (is_arn(id), is_arn(&asked)) {
            // That a whole ARN names nothing says nothing about the name: it may be the ARN of a
            // secret that was created again since.
            (_, true) if recording.result.is_err() => is_arn(id) && full(&asked, id),
            (true, true) => same_arn(id, &asked),
            (true, false) => told.map_or_else(|| named(id, &asked), |arn| same_arn(id, &arn)),
            (false, true) => named(&asked, id),
            (false, false) => false,
        }
    }

    fn collected(
        &self,
        service: &str,
        operation: &str,
        at: &At<'_>,
        input: &Map<String, Value>,
    ) -> Answer {
        match (service, operation) {
            ("ecs", "ListTasks") => self.arns(at, input, "DescribeTasks", "taskArns", &TASKS),
            ("ecs", "ListServices") => {
                self.arns(at, input, "DescribeServices", "serviceArns", &SERVICES)
            }
            ("ecs", "ListContainerInstances") => {
                let key = "containerInstanceArns";
                self.arns(at, input, "DescribeContainerInstances", key, &INSTANCES)
            }
            _ => match table::row(service, operation) {
                Some(row) => self.of_row(row, at, input),
                None => Answer::Unknown(String::new()),
            },
        }
    }

    /// The answer of a row's collection.
    fn of_row(&self, row_at: usize, at: &At<'_>, input: &Map<String, Value>) -> Answer {
        let row = &ROWS[row_at];
        let Some(store) = self.stores.get(&store_key(row_at, at.account, at.region)) else {
            return Answer::Unknown(String::new());
        };
        let conditions = match select::conditions(row, input) {
            Ok(conditions) => conditions,
            Err(why) => return Answer::Unknown(why),
        };
        match row.shape {
            Shape::List(key) => list(row, key, store, at, &conditions),
            Shape::Whole(_) | Shape::Made => whole(row, store, at, input, &conditions),
        }
    }

    /// An answer about what belongs to an object that does not exist.
    fn without_parent(
        &self,
        service: &str,
        operation: &str,
        at: &At<'_>,
        input: &Map<String, Value>,
        why: String,
    ) -> Answer {
        if let Some(alias) = input.get("KeyId").and_then(Value::as_str)
            && service == "kms"
            && alias.starts_with("alias/")
            && let Some(aliases) = table::row("kms", "ListAliases")
            && let Some(store) = self.stores.get(&store_key(aliases, at.account, at.region))
            && let Some(assumption) = complete(&ROWS[aliases], store, at, &[])
        {
            let words = format!("alias `{alias}` does not exist");
            return Answer::Absent("NotFoundException", words, Some(assumption));
        }
        for parent in PARENTS.iter().filter(|parent| parent.of == (service, operation)) {
            let path = parent.path;
            let Some(value) = input.get(parent.member) else { continue };
            let (parent_service, parent_operation) = parent.row;
            let Some(parent) = table::row(parent_service, parent_operation) else { continue };
            let ask = ROWS[parent].asks.iter().find(|ask| match ask {
                Ask::Ids(_, p) | Ask::Equal(_, p) => *p == path,
                Ask::Special(input, _) => *input == path,
                _ => false,
            });
            let Some(ask) = ask else { continue };
            let question = Map::from_iter([(ask.input().to_owned(), value.clone())]);
            if let absent @ Answer::Absent(..) = self.of_row(parent, at, &question) {
                return absent;
            }
        }
        Answer::Unknown(why)
    }

    /// The ARNs of the objects of another operation: what is there is told, but that nothing is
    /// there cannot be told from outputs about named objects.
    fn arns(
        &self,
        at: &At<'_>,
        input: &Map<String, Value>,
        operation: &str,
        key: &str,
        list: &Arns,
    ) -> Answer {
        let store = table::row("ecs", operation)
            .and_then(|row| self.stores.get(&store_key(row, at.account, at.region)));
        let Some(store) = store else { return Answer::Unknown(String::new()) };
        let mut conditions = Vec::new();
        for (name, value) in input {
            let Some((_, path, prefix)) = list.members.iter().find(|(known, ..)| known == name)
            else {
                return Answer::Unknown(format!(
                    "a saved collection cannot be asked with `{name}`"
                ));
            };
            let text = value.as_str().unwrap_or_default();
            conditions.push(Condition::is(path, format!("{prefix}{text}")));
        }
        if let Some((member, path, value)) = list.default
            && !input.contains_key(member)
        {
            let condition = Condition::is(path, value.trim_start_matches('!').to_owned());
            let negated = value.starts_with('!');
            conditions.push(Condition { negated, ..condition });
        }
        let arns: Vec<Value> = store
            .matching(&conditions)
            .into_iter()
            .filter_map(|place| store.objects[place].get(list.arn).cloned())
            .collect();
        if arns.is_empty() {
            let words = "none is saved, which does not prove that there is none";
            return Answer::Unknown(words.to_owned());
        }
        Answer::Found(Value::Object(Map::from_iter([(key.to_owned(), arns.into())])), None)
    }
}

/// How a list of ARNs is selected from objects.
struct Arns {
    arn: &'static str,
    /// Member of the request, path in the object, and what stands before the value there.
    members: &'static [(&'static str, &'static str, &'static str)],
    /// Member, path and value (`!`: any but it) where the request lacks the member.
    default: Option<(&'static str, &'static str, &'static str)>,
}

const TASKS: Arns = Arns {
    arn: "taskArn",
    members: &[
        ("cluster", "clusterArn|last", ""),
        ("serviceName", "group", "service:"),
        ("family", "taskDefinitionArn|family", ""),
        ("startedBy", "startedBy", ""),
        ("desiredStatus", "desiredStatus", ""),
        ("containerInstance", "containerInstanceArn|last", ""),
        ("launchType", "launchType", ""),
    ],
    default: Some(("desiredStatus", "desiredStatus", "RUNNING")),
};

const SERVICES: Arns = Arns {
    arn: "serviceArn",
    members: &[
        ("cluster", "clusterArn|last", ""),
        ("launchType", "launchType", ""),
        ("schedulingStrategy", "schedulingStrategy", ""),
        ("resourceManagementType", "resourceManagementType", ""),
    ],
    default: None,
};

const INSTANCES: Arns = Arns {
    arn: "containerInstanceArn",
    members: &[("cluster", "containerInstanceArn|parent", ""), ("status", "status", "")],
    default: Some(("status", "status", "!INACTIVE")),
};

/// An ARN in the request that is not of this account and region.
fn foreign(input: &Map<String, Value>, place: &Place<'_>) -> Option<String> {
    let texts = input.values().flat_map(|value| match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        value => value.as_str().into_iter().collect::<Vec<_>>(),
    });
    let mut arns = texts.filter(|text| text.starts_with("arn:") && !place.is_ours(text));
    arns.next().map(str::to_owned)
}

/// The assumption under which the collection has everything that the conditions ask for, if it
/// claims to.
fn complete(row: &Row, store: &Store, at: &At<'_>, conditions: &[Condition]) -> Option<String> {
    if store.incomplete.is_some() {
        return None;
    }
    let mut of = String::new();
    if !store.complete.contains(at.account) {
        let Proof::Per(path) = row.proof else { return None };
        let parents = conditions.iter().filter(|condition| !condition.negated).find_map(|c| {
            c.ways.iter().map(|way| one_text(way, path)).collect::<Option<Vec<_>>>()
        })?;
        if parents.is_empty() || !parents.iter().all(|parent| store.parents.contains(*parent)) {
            return None;
        }
        of = format!(" of `{}`", parents.join("`, `"));
    }
    let account = if at.account.is_empty() {
        "the target's account".to_owned()
    } else {
        format!("account {}", at.account)
    };
    let region = if table::is_global(row.service) || at.region.is_empty() {
        String::new()
    } else {
        format!(" in {}", at.region)
    };
    Some(super::error::shown(&format!("`{}`{of} is complete for {account}{region}", label(row))))
}

/// The text that a way demands at `path` alone.
fn one_text<'a>(way: &'a Way, path: &str) -> Option<&'a str> {
    match way.as_slice() {
        [(at, Pattern::Is(text))] if *at == path => Some(text),
        _ => None,
    }
}

/// Why absence proves nothing, for the message.
fn not_complete(row: &Row, store: &Store) -> String {
    match &store.incomplete {
        Some(why) => format!("not among the saved `{}`, which is not complete ({why})", label(row)),
        None => format!("not among the saved `{}`, which is not known to be complete", label(row)),
    }
}

fn list(row: &Row, key: &str, store: &Store, at: &At<'_>, conditions: &[Condition]) -> Answer {
    let found = |places: Vec<usize>, failures: Vec<Value>, assumption| {
        let objects: Vec<Value> = places.iter().map(|at| store.objects[*at].clone()).collect();
        let mut out = Map::from_iter([(key.to_owned(), Value::Array(objects))]);
        if row.missing == Missing::Failures {
            out.insert("failures".to_owned(), Value::Array(failures));
        }
        Answer::Found(Value::Object(out), assumption)
    };
    let places = store.matching(conditions);
    let named = conditions.iter().any(|condition| condition.named);
    let missing: Vec<&Way> = conditions
        .iter()
        .filter(|condition| condition.named)
        .flat_map(|condition| &condition.ways)
        .filter(|way| {
            let satisfying = store.satisfying(way);
            if row.service == "ec2" {
                // Filters shorten the list of named objects, and that is no error.
                return satisfying.is_empty();
            }
            // A task of another cluster, an image of another repository is missing, too.
            !satisfying.iter().any(|at| places.binary_search(at).is_ok())
        })
        .collect();
    if named && missing.is_empty() {
        return found(places, Vec::new(), None);
    }
    if !named {
        let covered = conditions.iter().any(|condition| {
            condition.unique
                && !condition.negated
                && condition.ways.iter().all(|way| {
                    !store.satisfying(way).is_empty()
                        || way.iter().all(|(_, pattern)| {
                            matches!(pattern, Pattern::Is(text) if store.absent.contains(text))
                        })
                })
        });
        if covered {
            return found(places, Vec::new(), None);
        }
    }
    if row.missing == Missing::Failures && named {
        let mut failures = Vec::new();
        for way in &missing {
            let failure = way.iter().find_map(|(_, pattern)| match pattern {
                Pattern::Is(text) => store.failures.get(path::last(text)),
                _ => None,
            });
            match failure {
                Some(failure) => failures.push(failure.clone()),
                None => return Answer::Unknown(unknown_names(row, &missing)),
            }
        }
        return found(places, failures, None);
    }
    let Some(assumption) = complete(row, store, at, conditions) else {
        if row.some && !named && !places.is_empty() {
            return found(places, Vec::new(), None);
        }
        return Answer::Unknown(not_complete(row, store));
    };
    match row.missing {
        Missing::Code(code) if named => {
            let words = format!("{} does not exist", names(&missing));
            Answer::Absent(code, words, Some(assumption))
        }
        _ => found(places, Vec::new(), Some(assumption)),
    }
}

fn whole(
    row: &Row,
    store: &Store,
    at: &At<'_>,
    input: &Map<String, Value>,
    conditions: &[Condition],
) -> Answer {
    let lacks =
        row.asks.iter().find(|ask| !matches!(ask, Ask::Any(_)) && !input.contains_key(ask.input()));
    if let Some(ask) = lacks {
        return Answer::Unknown(format!("the request lacks `{}`", ask.input()));
    }
    let place = match conditions {
        // Ways in order: an ARN before a name that looks like the end of one.
        [condition] => condition.ways.iter().find_map(|way| store.satisfying(way).first().copied()),
        conditions => store.matching(conditions).first().copied(),
    };
    if let Some(place) = place {
        let mut object = store.objects[place].clone();
        if let Some(attribute) = input.get("Attribute").and_then(Value::as_str)
            && row.service == "ec2"
        {
            let member = attribute_member(attribute);
            if object.get(&member).is_none() {
                return Answer::Unknown(format!("`{member}` is not saved"));
            }
            let id = row.id.first().copied().unwrap_or_default();
            if let Value::Object(members) = &mut object {
                members.retain(|name, _| *name == member || name == id);
            }
        }
        normal::strip(&mut object);
        return Answer::Found(object, None);
    }
    let texts = || {
        conditions.iter().flat_map(|c| &c.ways).flatten().filter_map(|(_, p)| match p {
            Pattern::Is(text) => Some(text),
            _ => None,
        })
    };
    if texts().any(|text| store.known.contains(text)) {
        return Answer::Unknown("it exists, but its description is not saved".to_owned());
    }
    match (row.missing, complete(row, store, at, conditions)) {
        (Missing::Code(code), Some(assumption)) if row.scope == Scope::Account => {
            let ways: Vec<&Way> = conditions.iter().filter_map(|c| c.ways.first()).collect();
            let words = format!("{} does not exist", names(&ways));
            Answer::Absent(code, words, Some(assumption))
        }
        _ => Answer::Unknown(not_complete(row, store)),
    }
}

/// The member of the output that holds an attribute.
fn attribute_member(attribute: &str) -> String {
    match attribute {
        "groupSet" => "Groups".to_owned(),
        "blockDeviceMapping" => "BlockDeviceMappings".to_owned(),
        "kernel" => "KernelId".to_owned(),
        "ramdisk" => "RamdiskId".to_owned(),
        _ => {
            let mut chars = attribute.chars();
            chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
        }
    }
}

fn names(ways: &[&Way]) -> String {
    let texts: Vec<String> = ways
        .iter()
        .flat_map(|way| way.iter())
        .filter_map(|(_, pattern)| match pattern {
            Pattern::Is(text) => Some(format!("`{}`", super::error::shown(text))),
            _ => None,
        })
        .collect();
    texts.join(", ")
}

fn unknown_names(row: &Row, missing: &[&Way]) -> String {
    format!("{} not among the saved `{}`", names(missing), label(row))
}
