//! Objects of one kind in one account and region.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Map, Value};

use super::{
    path,
    path::Pattern,
    select::{Condition, Way, way_holds},
    table::{Row, Shape},
};
use crate::Query;

/// The texts at a path and which objects have them.
type Index = HashMap<String, Vec<usize>>;

/// Objects of one kind in one account and region.
#[derive(Default)]
pub(super) struct Store {
    /// What was read, by id, not yet united.
    read: Vec<(String, Value)>,
    /// United, sorted by id.
    pub(super) objects: Vec<Value>,
    /// Accounts for which the collection claims to be complete.
    pub(super) complete: BTreeSet<String>,
    /// Objects (repositories, …) for which it claims to be complete.
    pub(super) parents: BTreeSet<String>,
    /// Why it is not complete whatever it claims.
    pub(super) incomplete: Option<String>,
    /// Entries of `failures`, by the last segment of their ARN.
    pub(super) failures: BTreeMap<String, Value>,
    /// Names that the service said it does not know.
    pub(super) absent: BTreeSet<String>,
    /// Names that exist although their objects were not saved.
    pub(super) known: BTreeSet<String>,
    indexes: Mutex<HashMap<&'static str, Arc<Index>>>,
}

impl Store {
    pub(super) fn add(&mut self, id: String, object: Value) {
        self.read.push((id, object));
    }

    /// Notes why the collection is not complete; of several reasons the first by name stays.
    pub(super) fn not_complete(&mut self, why: &str) {
        if self.incomplete.as_deref().is_none_or(|old| why < old) {
            self.incomplete = Some(why.to_owned());
        }
    }

    /// Unites what was read, in an order that does not depend on the order of reading.
    pub(super) fn unite(&mut self, row: &Row) {
        let mut read = std::mem::take(&mut self.read);
        read.sort_by(|one, other| one.0.cmp(&other.0));
        self.objects.reserve(read.len());
        let mut read = read.into_iter().peekable();
        while let Some((id, object)) = read.next() {
            if read.peek().is_none_or(|(next, _)| *next != id) {
                self.objects.push(object);
                continue;
            }
            let mut versions = vec![object];
            while let Some((_, other)) = read.next_if(|(next, _)| *next == id) {
                versions.push(other);
            }
            self.objects.extend(one_of(versions, matches!(row.shape, Shape::Whole(_))));
        }
    }

    /// The objects at `path` by their texts, made when first asked for.
    fn index(&self, path: &'static str) -> Arc<Index> {
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(indexes.entry(path).or_insert_with(|| {
            let mut index = Index::new();
            for (at, object) in self.objects.iter().enumerate() {
                path::texts(object, path, &mut |text| {
                    if let Some(places) = index.get_mut(text) {
                        if places.last() != Some(&at) {
                            places.push(at);
                        }
                    } else {
                        index.insert(text.to_owned(), vec![at]);
                    }
                });
            }
            Arc::new(index)
        }))
    }

    /// Whether an object has this text at this path.
    pub(super) fn has(&self, path: &'static str, text: &str) -> bool {
        self.index(path).contains_key(text)
    }

    /// The objects that satisfy one way of a condition.
    pub(super) fn satisfying(&self, way: &Way) -> Vec<usize> {
        let literal = way.iter().find_map(|(path, pattern)| match pattern {
            Pattern::Is(text) => Some((*path, text)),
            _ => None,
        });
        let mut places = match literal {
            Some((path, text)) => self.index(path).get(text.as_str()).cloned().unwrap_or_default(),
            None => (0..self.objects.len()).collect(),
        };
        if way.len() > 1 || literal.is_none() {
            places.retain(|at| way_holds(way, &self.objects[*at]));
        }
        places
    }

    /// How many objects an index leaves of a condition, if one serves it.
    fn at_most(&self, condition: &Condition) -> Option<usize> {
        condition.ways.iter().try_fold(0_usize, |count, way| {
            let (path, text) = way.iter().find_map(|(path, pattern)| match pattern {
                Pattern::Is(text) => Some((*path, text)),
                _ => None,
            })?;
            Some(count + self.index(path).get(text.as_str()).map_or(0, Vec::len))
        })
    }

    /// The objects that satisfy all conditions, in the order of their ids.
    pub(super) fn matching(&self, conditions: &[Condition]) -> Vec<usize> {
        // The narrowest condition that an index serves comes first; the rest is tested.
        let narrow = conditions
            .iter()
            .filter(|condition| !condition.negated)
            .filter_map(|condition| Some((self.at_most(condition)?, condition)))
            .min_by_key(|(count, _)| *count)
            .map(|(_, condition)| condition);
        let mut places: Vec<usize> = match narrow {
            Some(condition) => {
                let mut places: Vec<_> =
                    condition.ways.iter().flat_map(|way| self.satisfying(way)).collect();
                places.sort_unstable();
                places.dedup();
                places
            }
            None => (0..self.objects.len()).collect(),
        };
        places.retain(|at| conditions.iter().all(|condition| condition.holds(&self.objects[*at])));
        places
    }
}

/// JSON text with sorted members, to order by.
pub(super) fn canonical(value: &Value) -> String {
    Query::new("", "", value).input_json().to_owned()
}

/// The same for arrays in whatever order: which version wins must not depend on that.
pub(super) fn unordered(value: &Value) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Array(items) => {
                let mut items: Vec<_> = items.iter().map(sorted).collect();
                items.sort_by_cached_key(canonical);
                Value::Array(items)
            }
            Value::Object(members) => {
                members.iter().map(|(name, member)| (name.clone(), sorted(member))).collect()
            }
            other => other.clone(),
        }
    }
    canonical(&sorted(value))
}

/// Versions of one object: the newest, then the fullest, filled from the others.
fn one_of(versions: Vec<Value>, whole: bool) -> Option<Value> {
    let mut versions: Vec<_> = versions
        .into_iter()
        .map(|version| {
            let number = version.get("version").and_then(Value::as_u64);
            let members = version.as_object().map_or(0, Map::len);
            (std::cmp::Reverse((number, members)), unordered(&version), version)
        })
        .collect();
    versions.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    let mut versions = versions.into_iter().map(|(_, _, version)| version);
    let mut first = versions.next()?;
    for version in versions {
        fill(&mut first, version, usize::from(whole));
    }
    Some(first)
}

/// Members that `object` lacks, taken from `other`; `depth` levels down.
fn fill(object: &mut Value, other: Value, depth: usize) {
    let (Value::Object(object), Value::Object(other)) = (object, other) else { return };
    for (name, member) in other {
        match object.get_mut(&name) {
            Some(Value::Null) | None => {
                object.insert(name, member);
            }
            Some(mine) if depth > 0 => fill(mine, member, depth - 1),
            Some(_) => {}
        }
    }
}
