//! Several queries in one call, where the API answers for each object by itself.
//!
//! Only operations are batched that an unknown object does not spoil: they leave it out, or say so
//! in `failures`. An answer is taken apart only if everything in it belongs to somebody.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::source::{Answer, ErrorKind, Query};

/// An operation that answers for many objects.
#[derive(Debug)]
struct Batch {
    service: &'static str,
    operation: &'static str,
    /// JSON pointer to the ids in the request.
    ids: &'static str,
    /// Most ids in a call.
    at_most: usize,
    /// Member of the answer that lists the objects.
    objects: &'static str,
    /// Member of an object that identifies it.
    id: &'static str,
    /// Whether ids are ARNs or what an ARN ends in.
    arns: bool,
    /// The only request that is batched, with `null` for its ids.
    only: Option<&'static str>,
    /// Member of the request that says how many objects a page has.
    page_size: Option<&'static str>,
}

impl Batch {
    const fn ecs(
        operation: &'static str,
        ids: &'static str,
        at_most: usize,
        objects: &'static str,
        id: &'static str,
    ) -> Self {
        Self {
            service: "ecs",
            operation,
            ids,
            at_most,
            objects,
            id,
            arns: true,
            only: None,
            page_size: None,
        }
    }

    /// By what ids are compared.
    fn key<'a>(&self, id: &'a str) -> &'a str {
        if self.arns { id.rsplit('/').next().unwrap_or(id) } else { id }
    }

    /// Whether one call may ask for these ids too. Two ids with one key would make it unclear
    /// whose an object is.
    fn fits(&self, parts: &[Part], more: &[String]) -> bool {
        let ids = parts.iter().flat_map(|(_, ids)| ids).chain(more).collect::<BTreeSet<_>>();
        let keys = ids.iter().map(|id| self.key(id)).collect::<BTreeSet<_>>();
        ids.len() <= self.at_most && keys.len() == ids.len()
    }

    /// The ids of a request that may share a call, and the request without them.
    fn take(&self, query: &Query) -> Option<(Vec<String>, Value)> {
        let mut rest = query.input();
        let ids: Vec<String> = serde_json::from_value(rest.pointer_mut(self.ids)?.take()).ok()?;
        let distinct = ids.iter().collect::<BTreeSet<_>>().len() == ids.len();
        let alike = match self.only.map(serde_json::from_str::<Value>) {
            Some(only) => only.is_ok_and(|only| only == rest),
            None => true,
        };
        let may = !ids.is_empty() && distinct && alike && self.fits(&[], &ids);
        may.then_some((ids, rest))
    }
}

#[rustfmt::skip]
static BATCHES: &[Batch] = &[
    Batch::ecs("DescribeCapacityProviders", "/capacityProviders", 100, "capacityProviders", "capacityProviderArn"),
    Batch::ecs("DescribeClusters", "/clusters", 100, "clusters", "clusterArn"),
    Batch::ecs("DescribeContainerInstances", "/containerInstances", 100, "containerInstances", "containerInstanceArn"),
    Batch::ecs("DescribeServiceDeployments", "/serviceDeploymentArns", 20, "serviceDeployments", "serviceDeploymentArn"),
    Batch::ecs("DescribeServiceRevisions", "/serviceRevisionArns", 20, "serviceRevisions", "serviceRevisionArn"),
    Batch::ecs("DescribeServices", "/services", 10, "services", "serviceArn"),
    Batch::ecs("DescribeTasks", "/tasks", 100, "tasks", "taskArn"),
    Batch {
        service: "ssm",
        operation: "DescribeParameters",
        ids: "/ParameterFilters/0/Values",
        at_most: 50,
        objects: "Parameters",
        id: "Name",
        arns: false,
        only: Some(r#"{"ParameterFilters":[{"Key":"Name","Option":"Equals","Values":null}]}"#),
        page_size: Some("MaxResults"),
    },
];

/// A query and the ids that it asks for.
type Part = (Query, Vec<String>);

/// What one call answers.
#[derive(Debug)]
pub(super) enum Asked {
    One(Query),
    Many(Shared),
}

/// Queries that share a call.
#[derive(Debug)]
pub(super) struct Shared {
    /// The call.
    pub(super) query: Query,
    batch: &'static Batch,
    parts: Vec<Part>,
}

/// The calls that answer these queries.
pub(super) fn plan(queries: Vec<Query>) -> Vec<Asked> {
    let mut calls = Vec::new();
    let mut groups = BTreeMap::<_, (Value, Vec<_>)>::new();
    for query in queries {
        let known = BATCHES.iter().enumerate().find(|(_, batch)| {
            (batch.service, batch.operation) == (&*query.service, &*query.operation)
        });
        match known.and_then(|(index, batch)| Some((index, batch.take(&query)?))) {
            Some((index, (ids, rest))) => {
                let key = (index, query.region.clone(), rest.to_string());
                let (_, parts) = groups.entry(key).or_insert_with(|| (rest, Vec::new()));
                parts.push((query, ids));
            }
            None => calls.push(Asked::One(query)),
        }
    }
    for ((index, ..), (rest, parts)) in groups {
        let batch = &BATCHES[index];
        let mut shared = Vec::new();
        for part in parts {
            if !batch.fits(&shared, &part.1) {
                calls.push(asked(batch, &rest, std::mem::take(&mut shared)));
            }
            shared.push(part);
        }
        calls.push(asked(batch, &rest, shared));
    }
    calls
}

fn asked(batch: &'static Batch, rest: &Value, mut parts: Vec<Part>) -> Asked {
    if let [_] = parts[..] {
        return Asked::One(parts.remove(0).0);
    }
    let ids: BTreeSet<&str> = parts.iter().flat_map(|(_, ids)| ids).map(String::as_str).collect();
    let mut input = rest.clone();
    if let Some(place) = input.pointer_mut(batch.ids) {
        *place = ids.into_iter().collect();
    }
    if let Some(member) = batch.page_size {
        input[member] = batch.at_most.into();
    }
    let region = parts[0].0.region.clone();
    let query = Query::new(batch.service, batch.operation, &input).in_region(region.as_deref());
    Asked::Many(Shared { query, batch, parts })
}

impl Shared {
    /// What each query would have been answered alone; or the queries again, if only asking them
    /// one by one can tell.
    pub(super) fn split(self, answer: Answer) -> Result<Vec<(Query, Answer)>, Vec<Query>> {
        let apart = match answer {
            Ok(answer) => self.apart(&answer).map(|parts| parts.into_iter().map(Ok).collect()),
            Err(error) => match error.kind {
                // Of no query in particular.
                ErrorKind::Throttled
                | ErrorKind::Timeout
                | ErrorKind::Unreachable
                | ErrorKind::NoCredentials => Some(vec![Err(error); self.parts.len()]),
                _ => None,
            },
        };
        let queries = self.parts.into_iter().map(|(query, _)| query);
        match apart {
            Some(answers) => Ok(queries.zip::<Vec<Answer>>(answers).collect()),
            None => Err(queries.collect()),
        }
    }

    /// The part of each query, in the order of its ids; `None` if there is something that belongs
    /// to nobody.
    fn apart(&self, answer: &Value) -> Option<Vec<Value>> {
        let lists = [(self.batch.objects, self.batch.id), ("failures", "arn")];
        let lists: Vec<_> = lists
            .into_iter()
            .filter_map(|(list, member)| Some((list, member, answer[list].as_array()?)))
            .collect();
        let owned = lists.iter().all(|(_, member, objects)| {
            let ids = || self.parts.iter().flat_map(|(_, ids)| ids);
            objects.iter().all(|object| ids().any(|id| self.is_of(&object[*member], id)))
        });
        let part = |(_, ids): &Part| {
            let mut part = answer.clone();
            for (list, member, objects) in &lists {
                let its = ids.iter().flat_map(|id| {
                    objects.iter().filter(move |object| self.is_of(&object[*member], id))
                });
                part[*list] = its.cloned().collect();
            }
            part
        };
        owned.then(|| self.parts.iter().map(part).collect())
    }

    fn is_of(&self, id: &Value, asked: &str) -> bool {
        id.as_str().is_some_and(|id| self.batch.key(id) == self.batch.key(asked))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::{collection::vec, prelude::*, sample::select};
    use serde_json::json;

    use super::*;
    use crate::source::SourceError;

    const CLUSTER: &str = "arn:aws:ecs:eu-west-1:111122223333:cluster/shop";

    fn arn(id: &str) -> String {
        format!("arn:aws:ecs:eu-west-1:111122223333:task/shop/{id}")
    }

    /// A service with the tasks `a`, `b` and `c` and parameters of the same names, which refuses
    /// a call that names `bad`.
    fn service(query: &Query) -> Answer {
        let input = query.input();
        let parameters = query.service == "ssm";
        let ids = if parameters { "/ParameterFilters/0/Values" } else { "/tasks" };
        let ids: Vec<String> = serde_json::from_value(input.pointer(ids).unwrap().clone()).unwrap();
        let last = |id: &String| id.rsplit('/').next().unwrap().to_owned();
        if ids.iter().any(|id| last(id) == "bad") {
            return Err(SourceError::from_code("InvalidParameterException", "bad"));
        }
        let names: Vec<_> =
            ids.iter().map(|id| if parameters { id.clone() } else { last(id) }).collect();
        let there = |name: &&String| ["a", "b", "c"].contains(&name.as_str());
        let found: Vec<_> = names.iter().filter(there).collect();
        Ok(if parameters {
            let found = found.into_iter().map(|name| json!({"Name": name}));
            json!({"Parameters": found.collect::<Vec<_>>()})
        } else {
            let found = found.into_iter().map(|name| json!({"taskArn": arn(name)}));
            let missing = ids.iter().zip(&names).filter(|(_, name)| !there(name));
            let missing = missing.map(|(id, _)| json!({"arn": arn(id), "reason": "MISSING"}));
            json!({"tasks": found.collect::<Vec<_>>(), "failures": missing.collect::<Vec<_>>()})
        })
    }

    /// Every query's answer and the number of calls.
    fn asked(
        queries: Vec<Query>,
        service: impl Fn(&Query) -> Answer,
    ) -> (Vec<(Query, Answer)>, usize) {
        let calls = Cell::new(0);
        let call = |query: &Query| {
            calls.set(calls.get() + 1);
            service(query)
        };
        let one = |query: Query| {
            let answer = call(&query);
            (query, answer)
        };
        let mut answers = Vec::new();
        for asked in plan(queries) {
            match asked {
                Asked::One(query) => answers.push(one(query)),
                Asked::Many(shared) => {
                    let answer = call(&shared.query);
                    match shared.split(answer) {
                        Ok(apart) => answers.extend(apart),
                        Err(queries) => answers.extend(queries.into_iter().map(one)),
                    }
                }
            }
        }
        (answers, calls.get())
    }

    fn tasks(cluster: &str, ids: &[&str]) -> Query {
        Query::new("ecs", "DescribeTasks", &json!({"cluster": cluster, "tasks": ids}))
    }

    fn parameter(name: &str) -> Query {
        let filter = json!({"Key": "Name", "Option": "Equals", "Values": [name]});
        Query::new("ssm", "DescribeParameters", &json!({"ParameterFilters": [filter]}))
    }

    #[test]
    fn one_call_asks_for_what_belongs_together() {
        let queries = vec![
            tasks("shop", &["a"]),
            tasks("shop", &["b", "x"]),
            tasks("other", &["a"]),
            tasks("shop", &["c"]).in_region(Some("us-east-1")),
            parameter("a"),
            parameter("/a"),
        ];
        let (answers, calls) = asked(queries, service);
        assert_eq!(calls, 4);
        let (_, answer) =
            answers.iter().find(|(query, _)| *query == tasks("shop", &["b", "x"])).unwrap();
        assert_eq!(
            answer,
            &Ok(json!({
                "tasks": [{"taskArn": arn("b")}],
                "failures": [{"arn": arn("x"), "reason": "MISSING"}],
            }))
        );
    }

    #[test]
    fn a_call_has_no_more_ids_than_the_api_takes() {
        let ids: Vec<String> = (0..250).map(|id| format!("t{id}")).collect();
        let queries: Vec<_> = ids.iter().map(|id| tasks("shop", &[id])).collect();
        let sizes: Vec<_> = plan(queries)
            .iter()
            .map(|asked| match asked {
                Asked::One(_) => 1,
                Asked::Many(shared) => shared.query.input()["tasks"].as_array().unwrap().len(),
            })
            .collect();
        assert_eq!(sizes, [100, 100, 50]);
        let names: Vec<String> = (0..60).map(|name| format!("/p/{name}")).collect();
        let calls = plan(names.iter().map(|name| parameter(name)).collect());
        let [Asked::Many(shared), Asked::Many(_)] = &calls[..] else { panic!("{calls:?}") };
        assert_eq!(shared.query.input()["MaxResults"], 50);
    }

    #[test]
    fn ids_that_could_be_each_others_do_not_meet() {
        let here = arn("a");
        let there = here.replace("/shop/", "/other/");
        let (answers, calls) =
            asked(vec![tasks("shop", &[&here]), tasks("shop", &[&there])], service);
        assert_eq!((answers.len(), calls), (2, 2));
        let twice = tasks("shop", &["a", &here]);
        assert!(matches!(
            plan(vec![twice, tasks("shop", &["b"])])[..],
            [Asked::One(_), Asked::One(_)]
        ));
    }

    #[test]
    fn what_cannot_be_taken_apart_is_asked_one_by_one() {
        let queries = || vec![tasks("shop", &["a"]), tasks("shop", &["b"])];
        for (answer, calls) in [
            (Ok(json!({"tasks": [], "failures": [{"reason": "MISSING"}]})), 3),
            (Ok(json!({"tasks": [{"taskArn": arn("c")}], "failures": []})), 3),
            (Ok(json!({"tasks": [7]})), 3),
            (Err(SourceError::from_code("AccessDeniedException", "")), 3),
            (Err(SourceError::from_code("ThrottlingException", "")), 1),
            (Err(SourceError::new(ErrorKind::Timeout, "")), 1),
        ] {
            assert_eq!(asked(queries(), |_| answer.clone()).1, calls, "{answer:?}");
        }
        let odd = Query::new(
            "ssm",
            "DescribeParameters",
            &json!({"ParameterFilters":
            [{"Key": "Name", "Option": "BeginsWith", "Values": ["a"]}]}),
        );
        assert_eq!(plan(vec![odd.clone(), odd, parameter("a")]).len(), 3);
        assert_eq!(plan(vec![tasks("shop", &[]), tasks("shop", &["a"])]).len(), 2);
    }

    proptest! {
        /// Sharing a call changes nothing of any answer.
        #[test]
        fn every_query_is_answered_as_it_would_be_alone(
            asks in vec((select(vec!["shop", CLUSTER]), vec(select(vec!["a", "b", "c", "x", "y", "bad"]), 0..4), any::<bool>()), 0..12),
        ) {
            let mut queries = BTreeSet::new();
            for (cluster, ids, short) in &asks {
                let long: Vec<String> = ids.iter().map(|id| arn(id)).collect();
                let long: Vec<&str> = long.iter().map(String::as_str).collect();
                queries.insert(tasks(cluster, if *short { ids } else { &long }));
                queries.extend(ids.iter().map(|id| parameter(id)));
            }
            let (answers, _) = asked(queries.iter().cloned().collect(), service);
            prop_assert_eq!(answers.len(), queries.len());
            for (query, answer) in answers {
                prop_assert_eq!(&answer, &service(&query), "{:?}", query);
            }
        }
    }
}
