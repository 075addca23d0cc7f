//! Answers at hand: cache, de-duplication and recording in one.

use std::{
    any::{Any, TypeId},
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    aws::Request,
    edit::Edit,
    source::{ErrorKind, Query, SourceError},
};

/// A fact that a check wanted and does not have.
///
/// It says nothing about the world: whoever meets it can conclude neither that an object exists
/// nor that it does not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Missing {
    /// Not asked yet; the query is noted.
    Pending(Query),
    /// Asked, and there is no telling; the text is code and message of the error.
    Unavailable(Query, Arc<str>),
}

impl Missing {
    /// What would settle it.
    pub fn query(&self) -> &Query {
        match self {
            Self::Pending(query) | Self::Unavailable(query, _) => query,
        }
    }

    /// A fact that no source can give yet, and the call that would.
    pub fn unavailable(query: Query, why: impl Into<Arc<str>>) -> Self {
        Self::Unavailable(query, why.into())
    }

    /// Whether asking again after the next round may help.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Pending(_))
    }
}

/// An answer to a typed request, with what it rests on.
pub(crate) struct Fact<T> {
    pub(crate) value: Option<Arc<T>>,
    pub(crate) assumption: Option<Arc<str>>,
}

struct Entry {
    answer: Result<Arc<Value>, Arc<SourceError>>,
    assumption: Option<Arc<str>>,
    /// The answer as the shape that was last asked for.
    typed: Option<(TypeId, Arc<dyn Any + Send + Sync>)>,
}

#[derive(Default)]
struct Store {
    answers: HashMap<Query, Entry>,
    wanted: BTreeSet<Query>,
    derived: HashMap<(TypeId, String), Arc<dyn Any + Send + Sync>>,
}

/// The answers that a diagnosis has so far.
///
/// Asking for one that is not there notes the query; whoever drives the diagnosis fetches what
/// was noted ([`Facts::take_wanted`]), and the checks run again.
#[derive(Default)]
pub struct Facts {
    store: Mutex<Store>,
    now: Option<Timestamp>,
    /// Facts as they would be after some edits: whatever is not here is taken from there, edited.
    base: Option<(Arc<Facts>, Vec<Edit>)>,
}

impl Facts {
    /// No facts yet, and no clock.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the moment that the answers describe.
    pub fn at(mut self, now: Option<Timestamp>) -> Self {
        self.now = now;
        self
    }

    /// The moment that the answers describe, if the source knows it.
    pub fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// These facts as they would be after `edits`; nothing is copied until it is read.
    pub(crate) fn edited(base: &Arc<Self>, edits: Vec<Edit>) -> Self {
        Self { store: Mutex::default(), now: base.now, base: Some((Arc::clone(base), edits)) }
    }

    /// The answer to `request`, asked in `region` (`None`: the target's): `None` if the service
    /// said that there is no such thing.
    pub fn get<R: Request>(
        &self,
        region: Option<&str>,
        request: &R,
    ) -> Result<Option<Arc<R::Response>>, Missing> {
        self.fact(region, request).map(|fact| fact.value)
    }

    pub(crate) fn fact<R: Request>(
        &self,
        region: Option<&str>,
        request: &R,
    ) -> Result<Fact<R::Response>, Missing> {
        let query = request.query().in_region(region);
        let mut store = self.lock();
        if !store.answers.contains_key(&query) {
            let Some(entry) = self.edited_answer(&query) else {
                store.wanted.insert(query.clone());
                return Err(Missing::Pending(query));
            };
            store.answers.insert(query.clone(), entry);
        }
        let entry = store.answers.get_mut(&query).expect("just looked up");
        let assumption = entry.assumption.clone();
        let value = match &entry.answer {
            Ok(value) => value,
            Err(error) if error.kind == ErrorKind::NotFound => {
                return Ok(Fact { value: None, assumption });
            }
            Err(error) => return Err(Missing::unavailable(query, error.to_string())),
        };
        if let Some((_, typed)) =
            entry.typed.as_ref().filter(|(id, _)| *id == TypeId::of::<R::Response>())
        {
            let typed = Arc::clone(typed).downcast().ok();
            return Ok(Fact { value: typed, assumption });
        }
        match R::Response::deserialize(&**value) {
            Ok(typed) => {
                let typed = Arc::new(typed);
                entry.typed =
                    Some((TypeId::of::<R::Response>(), Arc::<R::Response>::clone(&typed)));
                Ok(Fact { value: Some(typed), assumption })
            }
            Err(error) => {
                Err(Missing::unavailable(query, format!("{}: {error}", ErrorKind::Malformed)))
            }
        }
    }

    /// What many targets share, worked out once: the value of `derive`, kept under its type and
    /// `key` if nothing was missing.
    pub fn derived<T: Send + Sync + 'static>(
        &self,
        key: &str,
        derive: impl FnOnce() -> Result<T, Missing>,
    ) -> Result<Arc<T>, Missing> {
        let key = (TypeId::of::<T>(), key.to_owned());
        let known = self.lock().derived.get(&key).cloned();
        if let Some(value) = known.and_then(|value| value.downcast().ok()) {
            return Ok(value);
        }
        let value = Arc::new(derive()?);
        self.lock().derived.insert(key, Arc::<T>::clone(&value));
        Ok(value)
    }

    /// Notes an answer. The first one to a query stays.
    pub fn insert(
        &self,
        query: Query,
        answer: Result<Value, SourceError>,
        assumption: Option<String>,
    ) {
        let mut store = self.lock();
        store.wanted.remove(&query);
        store.answers.entry(query).or_insert_with(|| Entry {
            answer: answer.map(Arc::new).map_err(Arc::new),
            assumption: assumption.map(Arc::from),
            typed: None,
        });
    }

    /// The queries noted since the last call, sorted.
    pub fn take_wanted(&self) -> Vec<Query> {
        std::mem::take(&mut self.lock().wanted).into_iter().collect()
    }

    fn edited_answer(&self, query: &Query) -> Option<Entry> {
        let (base, edits) = self.base.as_ref()?;
        let (mut answer, assumption) = {
            let store = base.lock();
            let entry = store.answers.get(query)?;
            (entry.answer.clone(), entry.assumption.clone())
        };
        for edit in edits {
            edit.apply(query, &mut answer);
        }
        Some(Entry { answer, assumption, typed: None })
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        // Nothing leaves the store half-changed, so a panic elsewhere does not spoil it.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::iam::GetRole;

    fn role() -> GetRole {
        GetRole { role_name: "app".to_owned() }
    }

    #[test]
    fn what_is_not_there_is_noted_once_and_then_known() {
        let facts = Facts::new();
        assert!(matches!(facts.get(None, &role()), Err(Missing::Pending(_))));
        assert!(facts.get(None, &role()).is_err());
        let wanted = facts.take_wanted();
        assert_eq!(wanted, [role().query()]);
        assert!(facts.take_wanted().is_empty());

        facts.insert(wanted[0].clone(), Ok(json!({"Role": {"RoleName": "app"}})), None);
        let answer = facts.get(None, &role()).unwrap().unwrap();
        assert_eq!(answer.role.role_name, "app");
        // The second reader gets the same value, not a second reading of it.
        assert!(Arc::ptr_eq(&answer, &facts.get(None, &role()).unwrap().unwrap()));
    }

    #[test]
    fn only_not_found_proves_absence() {
        for (code, absent) in
            [("NoSuchEntity", true), ("AccessDenied", false), ("Throttling", false)]
        {
            let facts = Facts::new();
            facts.insert(role().query(), Err(SourceError::from_code(code, "…")), None);
            assert_eq!(matches!(facts.get(None, &role()), Ok(None)), absent, "{code}");
        }
    }

    #[test]
    fn an_answer_of_another_shape_is_unavailable() {
        let facts = Facts::new();
        facts.insert(role().query(), Ok(json!({"Role": 7})), None);
        assert!(matches!(facts.get(None, &role()), Err(Missing::Unavailable(..))));
    }

    #[test]
    fn what_is_derived_is_worked_out_once() {
        let facts = Facts::new();
        let value = facts.derived("x", || Ok(7_u8)).unwrap();
        assert_eq!(*facts.derived("x", || -> Result<u8, _> { unreachable!() }).unwrap(), *value);
    }
}
