//! Changes to objects, applied to facts to see what they would do.

use std::sync::Arc;

use serde_json::Value;

use crate::source::{Query, SourceError};

/// An object of an answer: where answers hold it, and how it is told from its like.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Member that holds it, alone or in a list, for instance `Subnets`; empty where it is the
    /// answer itself.
    pub member: &'static str,
    /// Its identifying member, for instance `SubnetId`.
    pub key: &'static str,
    /// The value of that.
    pub id: String,
}

impl Object {
    /// The object whose `key` is `id`, wherever `member` holds it.
    pub fn new(member: &'static str, key: &'static str, id: impl Into<String>) -> Self {
        Self { member, key, id: id.into() }
    }
}

/// A change that a remedy makes, as far as it shows in answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// The member at the JSON pointer gets this value.
    Set(Object, String, Value),
    /// The member at the JSON pointer goes away.
    Remove(Object, String),
    /// The query is answered like this from now on: the object was created.
    Answer(Query, Value),
}

impl Edit {
    pub(crate) fn apply(&self, query: &Query, answer: &mut Result<Arc<Value>, Arc<SourceError>>) {
        match self {
            Self::Set(object, pointer, value) => {
                for_each(object, answer, &|found| set(found, pointer, value));
            }
            Self::Remove(object, pointer) => {
                for_each(object, answer, &|found| remove(found, pointer));
            }
            Self::Answer(asked, output) => {
                if asked == query {
                    *answer = Ok(Arc::new(output.clone()));
                }
            }
        }
    }
}

fn for_each(
    object: &Object,
    answer: &mut Result<Arc<Value>, Arc<SourceError>>,
    change: &dyn Fn(&mut Value),
) {
    let is_it = |value: &Value| value.get(object.key).and_then(Value::as_str) == Some(&object.id);
    let Ok(value) = answer else { return };
    let holder = if object.member.is_empty() { Some(&**value) } else { value.get(object.member) };
    let held = match holder {
        Some(Value::Array(items)) => items.iter().any(is_it),
        Some(item) => is_it(item),
        None => false,
    };
    if !held {
        return;
    }
    let value = Arc::make_mut(value);
    let holder = if object.member.is_empty() { Some(value) } else { value.get_mut(object.member) };
    match holder {
        Some(Value::Array(items)) => items.iter_mut().filter(|item| is_it(item)).for_each(change),
        Some(item) => change(item),
        None => {}
    }
}

fn set(object: &mut Value, pointer: &str, value: &Value) {
    if let Some(place) = object.pointer_mut(pointer) {
        *place = value.clone();
    } else if let Some((parent, name)) = pointer.rsplit_once('/')
        && let Some(Value::Object(parent)) = object.pointer_mut(parent)
    {
        parent.insert(unescaped(name), value.clone());
    }
}

fn remove(object: &mut Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    match object.pointer_mut(parent) {
        Some(Value::Object(parent)) => drop(parent.remove(&unescaped(name))),
        Some(Value::Array(parent)) => {
            if let Ok(index) = name.parse::<usize>()
                && index < parent.len()
            {
                parent.remove(index);
            }
        }
        _ => {}
    }
}

fn unescaped(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn edited(edit: &Edit, answer: Value) -> Value {
        let mut answer = Ok(Arc::new(answer));
        edit.apply(&Query::new("x", "Y", &json!({})), &mut answer);
        (*answer.unwrap()).clone()
    }

    #[test]
    fn an_edit_changes_its_object_wherever_it_is_held_and_nothing_else() {
        let subnet = Object::new("Subnets", "SubnetId", "subnet-1");
        let set = Edit::Set(subnet.clone(), "/Tags~1x".to_owned(), json!(5));
        assert_eq!(
            edited(&set, json!({"Subnets": [{"SubnetId": "subnet-1"}, {"SubnetId": "subnet-2"}]})),
            json!({"Subnets": [{"SubnetId": "subnet-1", "Tags/x": 5}, {"SubnetId": "subnet-2"}]})
        );
        let other = json!({"Subnet": {"SubnetId": "subnet-1"}});
        assert_eq!(edited(&set, other.clone()), other);

        let root = Edit::Remove(Object::new("", "ARN", "arn:1"), "/DeletedDate".to_owned());
        assert_eq!(
            edited(&root, json!({"ARN": "arn:1", "DeletedDate": 1})),
            json!({"ARN": "arn:1"})
        );

        let item = Edit::Remove(Object::new("Role", "Arn", "r"), "/Statement/0".to_owned());
        assert_eq!(
            edited(&item, json!({"Role": {"Arn": "r", "Statement": [1, 2]}})),
            json!({"Role": {"Arn": "r", "Statement": [2]}})
        );
    }

    #[test]
    fn a_created_object_answers_its_query() {
        let query = Query::new("x", "Y", &json!({}));
        let mut answer = Err(Arc::new(SourceError::from_code("NoSuchEntity", "…")));
        Edit::Answer(query.clone(), json!({"A": 1})).apply(&query, &mut answer);
        assert_eq!(*answer.unwrap(), json!({"A": 1}));
    }
}
