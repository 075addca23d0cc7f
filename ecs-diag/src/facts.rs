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
    /// Asked, and not answered.
    Unavailable(Query, Arc<SourceError>),
    /// Answered, but the answer leaves it open; the text says why.
    Undecided(Query, Arc<str>),
}

impl Missing {
    /// What would settle it.
    pub fn query(&self) -> &Query {
        match self {
            Self::Pending(query) | Self::Unavailable(query, _) | Self::Undecided(query, _) => query,
        }
    }

    /// A fact that the answer to `query` would give if it said more.
    pub fn undecided(query: Query, why: impl Into<Arc<str>>) -> Self {
        Self::Undecided(query, why.into())
    }

    /// Why it is not there, in words.
    pub fn why(&self) -> String {
        match self {
            Self::Pending(_) => "not asked".to_owned(),
            Self::Unavailable(_, error) => error.to_string(),
            Self::Undecided(_, why) => why.as_ref().to_owned(),
        }
    }

    /// Whether asking again after the next round may help.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Pending(_))
    }
}

/// A fact that helps and whose absence is no obstacle: `None` where there is no telling.
pub(crate) fn at_hand<T>(fact: Result<Option<T>, Missing>) -> Result<Option<T>, Missing> {
    match fact {
        Err(missing) if missing.is_pending() => Err(missing),
        fact => Ok(fact.ok().flatten()),
    }
}

/// An answer to a typed request, with its place among the answers and what it rests on.
pub(crate) struct Fact<T> {
    pub(crate) value: Option<Arc<T>>,
    pub(crate) index: usize,
    pub(crate) assumption: Option<Arc<str>>,
}

/// What something was worked out from: the answers that were read, and what those rest on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    pub(crate) reads: BTreeSet<usize>,
    pub(crate) assumptions: BTreeSet<Arc<str>>,
}

impl Trace {
    pub(crate) fn extend(&mut self, other: &Self) {
        self.reads.extend(&other.reads);
        self.assumptions.extend(other.assumptions.iter().cloned());
    }
}

type Answer = Result<Arc<Value>, Arc<SourceError>>;

#[derive(Clone)]
struct Entry {
    query: Query,
    answer: Answer,
    assumption: Option<Arc<str>>,
    /// The answer as the shape that was last asked for.
    typed: Option<(TypeId, Arc<dyn Any + Send + Sync>)>,
}

impl Entry {
    fn read<R: Request>(&mut self, index: usize) -> Result<Fact<R::Response>, Missing> {
        let fact = |value| Fact { value, index, assumption: self.assumption.clone() };
        let value = match &self.answer {
            Ok(value) => value,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(fact(None)),
            Err(error) => return Err(Missing::Unavailable(self.query.clone(), Arc::clone(error))),
        };
        let id = TypeId::of::<R::Response>();
        if let Some((_, typed)) = self.typed.as_ref().filter(|(known, _)| *known == id) {
            return Ok(fact(Arc::clone(typed).downcast().ok()));
        }
        match R::Response::deserialize(&**value) {
            Ok(typed) => {
                let typed = Arc::new(typed);
                let fact = fact(Some(Arc::clone(&typed)));
                self.typed = Some((id, typed));
                Ok(fact)
            }
            Err(error) => {
                let error = SourceError::new(ErrorKind::Malformed, error.to_string());
                Err(Missing::Unavailable(self.query.clone(), Arc::new(error)))
            }
        }
    }
}

/// Something worked out from answers, and from which.
type Derived = (Arc<dyn Any + Send + Sync>, Trace);

#[derive(Default)]
struct Store {
    index: HashMap<Query, usize>,
    entries: Vec<Entry>,
    wanted: BTreeSet<Query>,
    derived: HashMap<(TypeId, String), Derived>,
    /// Answers of the base as they are after the edits; `None` where no edit touches them.
    edited: HashMap<usize, Option<Entry>>,
}

/// The answers that a diagnosis has so far.
///
/// Asking for one that is not there notes the query; whoever drives the diagnosis fetches what
/// was noted ([`Facts::take_wanted`]), and the checks run again.
#[derive(Default)]
pub struct Facts {
    store: Mutex<Store>,
    now: Option<Timestamp>,
    /// Facts as they would be after some edits: they have no answers of their own.
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
        let Some(index) = self.index(&query) else {
            self.lock().wanted.insert(query.clone());
            return Err(Missing::Pending(query));
        };
        match &self.base {
            Some((base, _)) if !self.touches(index) => base.lock().entries[index].read::<R>(index),
            Some(_) => {
                let mut store = self.lock();
                let entry = store.edited.get_mut(&index).and_then(Option::as_mut);
                entry.expect("touched").read::<R>(index)
            }
            None => self.lock().entries[index].read::<R>(index),
        }
    }

    fn index(&self, query: &Query) -> Option<usize> {
        let holder = self.base.as_ref().map_or(self, |(base, _)| base);
        holder.lock().index.get(query).copied()
    }

    /// Whether these facts' edits change the answer at `index`.
    pub(crate) fn touches(&self, index: usize) -> bool {
        let Some((base, edits)) = &self.base else { return false };
        let mut store = self.lock();
        let edited = store.edited.entry(index).or_insert_with(|| {
            let entry = base.lock().entries[index].clone();
            let mut answer = entry.answer.clone();
            for edit in edits {
                edit.apply(&entry.query, &mut answer);
            }
            let same = match (&entry.answer, &answer) {
                (Ok(before), Ok(after)) => Arc::ptr_eq(before, after),
                (Err(_), Err(_)) => true,
                _ => false,
            };
            (!same).then_some(Entry { answer, typed: None, ..entry })
        });
        edited.is_some()
    }

    /// What many targets share, worked out once: the value of `derive`, kept under its type and
    /// `key` if nothing was missing.
    pub(crate) fn derived<T: Send + Sync + 'static>(
        &self,
        key: &str,
        derive: impl FnOnce() -> (Result<T, Missing>, Trace),
    ) -> Result<(Arc<T>, Trace), Missing> {
        let key = (TypeId::of::<T>(), key.to_owned());
        let own = self.lock().derived.get(&key).cloned();
        let known = own.or_else(|| {
            let (base, _) = self.base.as_ref()?;
            let (value, trace) = base.lock().derived.get(&key).cloned()?;
            let untouched = !trace.reads.iter().any(|index| self.touches(*index));
            untouched.then_some((value, trace))
        });
        if let Some((value, trace)) = known
            && let Ok(value) = value.downcast()
        {
            return Ok((value, trace));
        }
        let (value, trace) = derive();
        let value = Arc::new(value?);
        let kept: Arc<dyn Any + Send + Sync> = Arc::<T>::clone(&value);
        self.lock().derived.insert(key, (kept, trace.clone()));
        Ok((value, trace))
    }

    /// Notes an answer. The first one to a query stays.
    pub fn insert(
        &self,
        query: Query,
        answer: Result<Value, SourceError>,
        assumption: Option<String>,
    ) {
        let store = &mut *self.lock();
        store.wanted.remove(&query);
        if !store.index.contains_key(&query) {
            store.index.insert(query.clone(), store.entries.len());
            store.entries.push(Entry {
                query,
                answer: answer.map(Arc::new).map_err(Arc::new),
                assumption: assumption.map(Arc::from),
                typed: None,
            });
        }
    }

    /// The queries noted since the last call, sorted.
    pub fn take_wanted(&self) -> Vec<Query> {
        std::mem::take(&mut self.lock().wanted).into_iter().collect()
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
        let (value, _) = facts.derived("x", || (Ok(7_u8), Trace::default())).unwrap();
        let (again, _) = facts.derived("x", || -> (Result<u8, _>, _) { unreachable!() }).unwrap();
        assert_eq!(again, value);
    }

    #[test]
    fn an_edit_touches_what_it_changes_and_what_was_derived_from_it() {
        let base = Arc::new(Facts::new());
        base.insert(role().query(), Ok(json!({"Role": {"RoleName": "app", "Arn": "r"}})), None);
        let other = GetRole { role_name: "other".to_owned() };
        base.insert(other.query(), Ok(json!({"Role": {"RoleName": "other", "Arn": "o"}})), None);
        let trace = |index| Trace { reads: BTreeSet::from([index]), ..Trace::default() };
        for index in [0, 1] {
            base.derived(&index.to_string(), || (Ok(1_u8), trace(index))).unwrap();
        }

        let path = Edit::Set(crate::Object::new("Role", "Arn", "r"), "/Path".into(), json!("/x/"));
        let edited = Facts::edited(&base, vec![path]);
        assert!(edited.touches(0) && !edited.touches(1));
        assert_eq!(edited.get(None, &role()).unwrap().unwrap().role.path.as_deref(), Some("/x/"));
        assert_eq!(base.get(None, &role()).unwrap().unwrap().role.path, None);
        let derived = |key| *edited.derived(key, || (Ok(2_u8), Trace::default())).unwrap().0;
        assert_eq!((derived("0"), derived("1")), (2, 1));
        assert!(matches!(
            edited.get(None, &GetRole { role_name: "new".to_owned() }),
            Err(Missing::Pending(_))
        ));
    }
}
