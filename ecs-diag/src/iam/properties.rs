//! What holds for all policies.

use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::RngSeed};
use serde_json::{Map, Value, json};

use super::{Decision, Question};

const KEYS: [&str; 4] =
    ["aws:SourceVpce", "aws:PrincipalTag/team", "aws:TagKeys", "kms:ViaService"];
const VALUES: [&str; 5] = ["a", "ab", "*", "10", "2026-01-01"];

fn one(texts: &'static [&'static str]) -> impl Strategy<Value = Value> {
    select(texts).prop_map(Value::from)
}

fn actions() -> impl Strategy<Value = Value> {
    one(&["*", "kms:*", "kms:Decrypt", "sts:AssumeRole", "s3:Get*", "s3:GetObject", "ssm:*"])
}

fn resources() -> impl Strategy<Value = Value> {
    one(&[
        "*",
        "arn:aws:s3:::shop/*",
        "arn:aws:s3:::shop/${aws:PrincipalTag/team}",
        "arn:aws:kms:*:111122223333:key/*",
        "arn:aws:iam::*:role/task",
    ])
}

fn principals() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("*")),
        Just(json!({"AWS": "111122223333"})),
        Just(json!({"AWS": ["arn:aws:iam::111122223333:role/app"]})),
        Just(json!({"AWS": "arn:aws:sts::111122223333:assumed-role/app/s"})),
        Just(json!({"Service": "ecs-tasks.amazonaws.com"})),
        Just(json!({"AWS": ["arn:aws:iam::111122223333:role/app", "111122223333"]})),
    ]
}

fn conditions() -> impl Strategy<Value = Value> {
    let operator = select(&[
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLikeIfExists",
        "StringLikeIfExists",
        "NumericLessThan",
        "NumericNotEquals",
        "DateGreaterThan",
        "Null",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringNotEquals",
        "ForAnyValue:StringLike",
        "Moon",
    ]);
    let values =
        vec(select(&["a", "a*", "*", "true", "false", "${aws:PrincipalTag/team}", "5"]), 0..3);
    vec((operator, select(&KEYS), values), 0..3).prop_map(|conditions| {
        let mut all = Map::new();
        for (operator, key, values) in conditions {
            all.insert(operator.to_owned(), json!({ key: values }));
        }
        Value::Object(all)
    })
}

fn statements(named: bool) -> impl Strategy<Value = Vec<Value>> {
    let effect = prop_oneof![3 => Just("Allow"), 1 => Just("Deny")];
    let statement = (effect, actions(), resources(), conditions(), principals(), 0..12_u8);
    let statement = statement.prop_map(move |(effect, action, resource, condition, who, form)| {
        let mut statement = json!({"Effect": effect, "Condition": condition});
        statement[if form & 1 == 0 || form < 6 { "Action" } else { "NotAction" }] = action;
        statement[if form & 2 == 0 || form < 6 { "Resource" } else { "NotResource" }] = resource;
        if named {
            statement[if form == 0 { "NotPrincipal" } else { "Principal" }] = who;
        }
        statement
    });
    vec(statement, 0..4)
}

#[allow(clippy::needless_pass_by_value, reason = "moved into the document")]
fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Layers whose policies are lists, and the resource's policy.
const LISTS: [&str; 4] =
    ["identity_policies", "permissions_boundaries", "session_policies", "endpoint_policies"];

fn questions() -> impl Strategy<Value = Value> {
    let what = select(&[
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1"),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:444455556666:key/1"),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/task"),
        ("s3:GetObject", "arn:aws:s3:::shop/a"),
        ("ssm:GetParameters", "arn:aws:ssm:eu-west-1:111122223333:parameter/a"),
    ]);
    let who = select(&[
        "arn:aws:iam::111122223333:role/app",
        "arn:aws:sts::111122223333:assumed-role/app/s",
        "arn:aws:iam::111122223333:user/jo",
        "arn:aws:iam::111122223333:root",
        "ecs-tasks.amazonaws.com",
        "*",
    ]);
    let context = vec(known_key(), 0..4);
    let lists = (
        option::weighted(0.9, statements(false)),
        option::weighted(0.3, statements(false)),
        option::weighted(0.2, statements(false)),
        option::weighted(0.3, statements(true)),
    );
    let more = (
        option::weighted(0.7, statements(true)),
        option::weighted(0.3, statements(false)),
        option::weighted(0.3, statements(true)),
    );
    (who, what, context, lists, more).prop_map(|(who, what, context, lists, more)| {
        let context: Map<_, _> =
            context.into_iter().map(|(key, values)| (key.to_owned(), json!(values))).collect();
        let mut question = json!({
            "principal": who, "action": what.0, "resource": what.1, "context": context,
        });
        let policy = |statements| json!({"name": "p", "policy": document(statements)});
        let lists = LISTS.into_iter().zip([lists.0, lists.1, lists.2, lists.3]);
        for (name, statements) in lists {
            if let Some(statements) = statements {
                question[name] = json!([policy(statements)]);
            }
        }
        if let Some(statements) = more.0 {
            question["resource_policy"] = document(statements);
        }
        let levels = ["service_control_policies", "resource_control_policies"];
        for (name, statements) in levels.into_iter().zip([more.1, more.2]) {
            if let Some(statements) = statements {
                question[name] = json!([{"level": "root", "policies": [policy(statements)]}]);
            }
        }
        question
    })
}

/// A key and its values: several only where the key can have them.
fn known_key() -> impl Strategy<Value = (&'static str, Vec<&'static str>)> {
    (select(&KEYS), vec(select(&VALUES), 1..3)).prop_map(|(key, mut values)| {
        if key != "aws:TagKeys" {
            values.truncate(1);
        }
        (key, values)
    })
}

fn asked(question: &Value) -> Decision {
    let question = Question::parse(question).expect("a question");
    let decision = question.evaluate();
    assert_eq!(question.explain().decision, decision);
    decision
}

/// How much is granted, at worst and at best.
fn bounds(question: &Value) -> (Decision, Decision) {
    let question = Question::parse(question).expect("a question");
    super::bounds(&question.request, &question.policies)
}

/// All lists of statements of a question.
fn each_list(question: &mut Value, mut change: impl FnMut(&mut Vec<Value>)) {
    let mut change = |document: Option<&mut Value>| {
        if let Some(Value::Array(statements)) =
            document.and_then(|document| document.get_mut("Statement"))
        {
            change(statements);
        }
    };
    for name in LISTS {
        change(question.pointer_mut(&format!("/{name}/0/policy")));
    }
    for name in ["service_control_policies", "resource_control_policies"] {
        change(question.pointer_mut(&format!("/{name}/0/policies/0/policy")));
    }
    change(question.pointer_mut("/resource_policy"));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_121_017),
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_allow_more_never_denies(question in questions(), at in 0..7_usize, named in any::<bool>()) {
        let before = bounds(&question);
        let mut more = question;
        let mut list = 0;
        each_list(&mut more, |statements| {
            if list == at {
                let mut allow = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
                if named {
                    allow["Principal"] = json!("*");
                }
                statements.push(allow);
            }
            list += 1;
        });
        let after = bounds(&more);
        // A principal where none belongs makes a statement that cannot be read.
        let unreadable = named && after.0 < before.0;
        prop_assert!(unreadable || after.0 >= before.0, "{:?} {:?}", before, after);
        prop_assert!(after.1 >= before.1, "{:?} {:?}", before, after);
    }

    #[test]
    fn what_holds_without_a_key_holds_for_every_value(
        question in questions(),
        (key, values) in known_key(),
        present in any::<bool>(),
    ) {
        let mut unknown = question.clone();
        unknown["unknown_context"] = json!([key]);
        let (worst, best) = bounds(&unknown);
        let mut known = question;
        let context = known["context"].as_object_mut().expect("an object");
        if present {
            context.insert(key.to_owned(), json!(values));
        } else {
            context.remove(key);
        }
        let (known_worst, known_best) = bounds(&known);
        prop_assert!(worst <= known_worst && known_best <= best);
        if asked(&unknown) != Decision::Inconclusive {
            prop_assert_eq!(asked(&unknown), asked(&known));
        }
    }

    #[test]
    fn what_holds_without_a_layer_holds_for_every_layer(question in questions(), at in 0..7_usize) {
        let names = [&LISTS[..], &["service_control_policies", "resource_control_policies", "resource_policy"]].concat();
        let mut unread = question.clone();
        unread[names[at]] = Value::Null;
        let (worst, best) = bounds(&unread);
        let (known_worst, known_best) = bounds(&question);
        // A boundary makes more than its statements: a `NotPrincipal` denies whoever has one.
        if names[at] != "permissions_boundaries" {
            prop_assert!(worst <= known_worst && known_best <= best);
        }
    }

    #[test]
    fn order_means_nothing(question in questions()) {
        let mut reversed = question.clone();
        each_list(&mut reversed, |statements| statements.reverse());
        prop_assert_eq!(bounds(&question), bounds(&reversed));
        prop_assert_eq!(asked(&question), asked(&reversed));
    }

    #[test]
    fn two_statements_say_what_one_says(question in questions()) {
        let mut split = question.clone();
        each_list(&mut split, |statements| {
            for statement in &mut *statements {
                for member in ["Action", "Resource"] {
                    if let Some(value) = statement.get_mut(member) {
                        *value = json!([value.clone(), "ec2:x:x:x:x:x"]);
                    }
                }
            }
            let parts: Vec<_> = statements
                .drain(..)
                .flat_map(|statement| {
                    let Some(Value::Array(actions)) = statement.get("Action").cloned() else {
                        return vec![statement];
                    };
                    let part = |action| {
                        let mut part = statement.clone();
                        part["Action"] = action;
                        part
                    };
                    actions.into_iter().map(part).collect()
                })
                .collect();
            *statements = parts;
        });
        prop_assert_eq!(bounds(&question), bounds(&split));
    }

    #[test]
    fn an_unknown_is_named_where_there_is_one(question in questions(), key in select(&KEYS)) {
        let mut question = question;
        question["unknown_context"] = json!([key]);
        let explanation = Question::parse(&question).expect("a question").explain();
        let inconclusive = explanation.decision == Decision::Inconclusive;
        prop_assert_eq!(inconclusive, !explanation.unknown.is_empty());
    }

    #[test]
    fn what_is_missing_is_enough(question in questions()) {
        let mut question = question;
        // Whether the resource's policy is missing depends on whose it is.
        question["resource_account"] = json!("111122223333");
        let explanation = Question::parse(&question).expect("a question").explain();
        if explanation.decision != Decision::ImplicitlyDenied || explanation.missing.is_empty() {
            return Ok(());
        }
        let mut fixed = question;
        for missing in &explanation.missing {
            use super::Layer;
            let (path, name) = match missing.layer {
                Layer::Identity => ("/identity_policies/0/policy", "identity_policies"),
                Layer::Boundary => ("/permissions_boundaries/0/policy", ""),
                Layer::Session => ("/session_policies/0/policy", ""),
                Layer::Endpoint => ("/endpoint_policies/0/policy", ""),
                Layer::Scp => ("/service_control_policies/0/policies/0/policy", ""),
                Layer::Rcp => ("/resource_control_policies/0/policies/0/policy", ""),
                Layer::Resource | Layer::Trust => ("/resource_policy", "resource_policy"),
                Layer::Grant => unreachable!("grants are not statements"),
            };
            if fixed.pointer(path).is_none() {
                let document = document(Vec::new());
                fixed[name] = match name {
                    "identity_policies" => json!([{"name": "new", "policy": document}]),
                    _ => document,
                };
            }
            let statements = fixed.pointer_mut(path).unwrap()["Statement"].as_array_mut().unwrap();
            statements.push(json!(missing));
        }
        // What is unknown may be missing too.
        prop_assert_eq!(bounds(&fixed).1, Decision::Allowed, "{:?}", explanation.missing);
    }

    #[test]
    fn nothing_panics(
        texts in vec(".{0,20}|[*?${}:,'a]{0,20}|arn:aws:(iam|sts)::111122223333:(role|user|assumed-role)/.{0,8}", 12),
        value in anything(),
    ) {
        let mut question = json!({
            "principal": texts[0], "action": texts[1], "resource": texts[2],
            "context": {&texts[3]: texts[4], "aws:SourceArn": format!("{}*", texts[5])},
            "unknown_context": [texts[6]],
        });
        let _ = Question::parse(&question);
        for (member, valid) in
            [("principal", "arn:aws:iam::111122223333:role/app"), ("action", "kms:Decrypt")]
        {
            question[member] = json!(valid);
            let _ = Question::parse(&question);
        }
        question["resource"] = json!(format!("arn:aws:kms:::{}x", texts[2]));
        let statement = json!({
            "Effect": "Allow", "Action": [texts[7], format!("kms:{}", texts[7])],
            "Principal": {"AWS": [texts[8], texts[0]]},
            "Resource": [texts[9], format!("arn:{}:kms:*:*:{}", texts[9], texts[10])],
            "Condition": {"StringLike": {&texts[3]: texts[11]}, "ArnLike": {"aws:SourceArn": texts[10]}},
        });
        question["resource_policy"] = document(vec![statement.clone(), value.clone()]);
        question["identity_policies"] =
            json!([{"name": texts[0], "policy": value}, {"name": "s", "policy": statement}]);
        question["grants"] = json!([{"GranteePrincipal": texts[0], "Operations": [texts[1]], "Constraints": value}]);
        if let Ok(question) = Question::parse(&question) {
            let explanation = question.explain();
            let _ = serde_json::to_string(&explanation);
        }
        for member in ["principal", "context", "grants", "resource_policy", "identity_policies", "service_control_policies"] {
            let mut broken = question.clone();
            broken[member] = value.clone();
            if let Ok(question) = Question::parse(&broken) {
                question.explain();
            }
        }
    }
}

/// Any JSON, that of policies above all.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        select(&["*", "Allow", "Deny", "2012-10-17", "kms:*", "arn:aws:kms:*", "${a"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let key = select(&[
            "Version",
            "Statement",
            "Effect",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Principal",
            "NotPrincipal",
            "Condition",
            "AWS",
            "Service",
            "StringLike",
            "Null",
            "ForAllValues:StringLike",
            "name",
            "policy",
            "level",
            "policies",
            "Sid",
        ]);
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key, inner), 0..6).prop_map(|members| {
                members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
        ]
    })
}

/// A hostile pattern costs no more than a friendly one.
#[test]
fn stars_are_not_tried_in_all_ways() {
    let pattern = format!("{}b", "a*".repeat(2000));
    let question = json!({
        "principal": "arn:aws:iam::111122223333:role/app", "action": "s3:GetObject",
        "resource": format!("arn:aws:s3:::{}", "a".repeat(8000)),
        "identity_policies": [{"name": "p", "policy": document(vec![json!({
            "Effect": "Allow", "Action": "*", "Resource": format!("arn:aws:s3:::{pattern}"),
        })])}],
    });
    assert_eq!(asked(&question), Decision::ImplicitlyDenied);
}
