//! The explanation of a decision.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{
    Decision, Effect, Layer, Layered, Policies, Policy, Request, Statement, Truth,
    condition::quoted,
    document::{Actions, Body, Form, Principals, Resources},
    evaluate::{
        Facts, Group, Say, Scope, bounds_of, decide, grantable, level_says, matched, others,
        scopes, statement_says,
    },
    pattern::unknown_variables,
    principal::{Entry, Kind, Matched},
};

/// An explanation names at most this many statements that miss by little.
const MOST_MISSES: usize = 5;

/// Why AWS answers what it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The decision, the same that [`super::evaluate`] gives.
    pub decision: Decision,
    /// The worst answer that is possible.
    pub worst: Decision,
    /// The best answer that is possible.
    pub best: Decision,
    /// The statement that decided; none where nothing allows, or where nobody knows.
    pub decided_by: Option<DecidedBy>,
    /// Every layer that stops a request that is denied: it denies, or does not allow what it would
    /// have to.
    pub blocked_by: Vec<Layer>,
    /// What would settle an inconclusive decision.
    pub unknown: Vec<Unknown>,
    /// What every layer says.
    pub layers: BTreeMap<Layer, Verdict>,
    /// Statements that would allow what is denied, and miss it by little; the nearest first.
    pub near_misses: Vec<NearMiss>,
    /// The smallest statements that are missing where nothing denies: all of them are needed.
    pub missing: Vec<Missing>,
}

/// What a layer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It allows.
    Allowed,
    /// It does not allow.
    ImplicitlyDenied,
    /// It denies.
    ExplicitlyDenied,
    /// Nobody knows.
    Unknown,
    /// There is none, or it has no say.
    Absent,
}

/// A statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedBy {
    /// Its layer.
    pub layer: Layer,
    /// The name of its policy, or the id of a grant.
    pub policy: Arc<str>,
    /// Its place among the statements of the policy, or among the grants, from 0.
    pub statement: usize,
    /// The JSON pointer to it.
    pub pointer: Box<str>,
    /// Its `Sid`.
    pub sid: Option<Box<str>>,
}

/// Something that would settle the decision if it were known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unknown {
    /// The value of a context key, or whether the request has it.
    Key(String),
    /// The policies of a layer.
    Layer(Layer),
    /// A policy that was not read.
    Policy(String),
    /// A statement that cannot be read, or whose effect is not documented.
    Statement {
        /// The name of its policy.
        policy: String,
        /// The JSON pointer to what is not understood.
        pointer: String,
        /// Why nobody knows.
        why: String,
    },
    /// The account that the resource belongs to.
    ResourceAccount,
    /// The name of the role's session.
    SessionName,
    /// A rule that AWS does not document.
    Rule(&'static str),
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.write_str(key),
            Self::Layer(layer) => f.write_str(match layer {
                Layer::Identity => "identity_policies",
                Layer::Resource | Layer::Trust => "resource_policy",
                Layer::Boundary => "permissions_boundaries",
                Layer::Session => "session_policies",
                Layer::Scp => "service_control_policies",
                Layer::Rcp => "resource_control_policies",
                Layer::Endpoint => "endpoint_policies",
                Layer::Grant => "grants",
            }),
            Self::Policy(name) => f.write_str(name),
            Self::Statement { policy, pointer, why } => write!(f, "{policy}#{pointer}: {why}"),
            Self::ResourceAccount => f.write_str("resource_account"),
            Self::SessionName => f.write_str("sts:RoleSessionName"),
            Self::Rule(rule) => f.write_str(rule),
        }
    }
}

/// An element of a statement that keeps it from allowing the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// The layer of the statement.
    pub layer: Layer,
    /// The name of its policy.
    pub policy: Arc<str>,
    /// Its place among the statements of the policy, from 0.
    pub statement: usize,
    /// The JSON pointer to the element.
    pub pointer: String,
    /// The statement's `Sid`.
    pub sid: Option<Box<str>>,
    /// The element: `Action`, `Resource`, `Principal`, `Condition`, or one with `Not`.
    pub element: &'static str,
    /// What the statement asks for, in backticks.
    pub wanted: String,
    /// What the request has, in backticks.
    pub actual: String,
    /// Why they do not match, in a sentence.
    pub why: String,
}

/// A statement that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The layer that it is missing in.
    pub layer: Layer,
    /// The action.
    pub action: String,
    /// The resource; `*` in policies that are about the resource they are attached to.
    pub resource: String,
    /// The principal, in policies that name one: its kind and its name.
    pub principal: Option<(&'static str, String)>,
}

/// Decides a request and says why.
pub fn explain(request: &Request, policies: &Policies) -> Explanation {
    let mut explanation = explain_form(request, policies);
    if let Some(other) = request.for_other_resource() {
        let other = explain_form(&other, policies);
        if (other.worst, other.best) != (explanation.worst, explanation.best) {
            explanation.unknown.push(Unknown::Rule(
                "whether the log group is named with `:log-stream:` behind its name",
            ));
        }
        for (layer, verdict) in &mut explanation.layers {
            if other.layers[layer] != *verdict {
                *verdict = Verdict::Unknown;
            }
        }
        explanation.worst = explanation.worst.min(other.worst);
        explanation.best = explanation.best.max(other.best);
        explanation.unknown.extend(other.unknown);
    }
    explanation.unknown.sort_unstable();
    explanation.unknown.dedup();
    if explanation.worst == explanation.best {
        explanation.decision = explanation.worst;
    } else {
        explanation.decision = Decision::Inconclusive;
        explanation.decided_by = None;
        explanation.blocked_by.clear();
        explanation.missing.clear();
    }
    explanation
}

fn explain_form(request: &Request, policies: &Policies) -> Explanation {
    let facts = Facts::of(request, policies);
    let (worst, best) = bounds_of(&facts, request);
    let explainer = Explainer { request, policies, facts };
    let definite = (worst == best).then_some(worst);
    let mut explanation = explainer.explanation(definite);
    explanation.worst = worst;
    explanation.best = best;
    if definite.is_none() {
        explanation.unknown = explainer.unknown();
    }
    explanation
}

struct Explainer<'a> {
    request: &'a Request,
    policies: &'a Policies,
    facts: Facts,
}

/// Where a statement is found.
struct At<'a> {
    layer: Layer,
    scope: Scope,
    policy: &'a Policy,
}

impl<'a> Explainer<'a> {
    /// The explanation of a decision, but for what is unknown.
    fn explanation(&self, decision: Option<Decision>) -> Explanation {
        let missing = match decision {
            Some(Decision::ImplicitlyDenied) => self.missing(),
            _ => Vec::new(),
        };
        let denying = |layer: &Layer| self.say(*layer).deny == Truth::True;
        let blocked_by = match decision {
            Some(Decision::ExplicitlyDenied) => Layer::ALL
                .into_iter()
                .filter(|layer| self.is_current(*layer))
                .filter(denying)
                .collect(),
            _ => missing.clone(),
        };
        let near_misses = if matches!(decision, None | Some(Decision::ImplicitlyDenied)) {
            // Identity and resource are two ways to the same end.
            let granting = [Layer::Identity, self.resource_layer()];
            let grant = blocked_by.iter().any(|layer| granting.contains(layer));
            let counts = |layer: &Layer| {
                decision.is_none()
                    || blocked_by.contains(layer)
                    || grant && granting.contains(layer)
            };
            let layers: Vec<_> = Layer::ALL
                .into_iter()
                .filter(|layer| self.is_current(*layer) && self.say(*layer).allow != Truth::True)
                .filter(counts)
                .collect();
            self.near_misses(&layers)
        } else {
            Vec::new()
        };
        Explanation {
            decision: decision.unwrap_or(Decision::Inconclusive),
            worst: Decision::Inconclusive,
            best: Decision::Inconclusive,
            decided_by: decision.and_then(|decision| self.decided_by(decision)),
            blocked_by,
            unknown: Vec::new(),
            layers: Layer::ALL.into_iter().map(|layer| (layer, self.verdict(layer))).collect(),
            near_misses,
            missing: missing.into_iter().map(|layer| self.statement(layer)).collect(),
        }
    }

    /// The layer of the resource's policy.
    fn resource_layer(&self) -> Layer {
        if self.request.traits.trust { Layer::Trust } else { Layer::Resource }
    }

    /// Whether the layer is one for this kind of request: a role has a trust policy, all else a
    /// resource-based one.
    fn is_current(&self, layer: Layer) -> bool {
        !matches!(layer, Layer::Resource | Layer::Trust) || layer == self.resource_layer()
    }

    fn say(&self, layer: Layer) -> Say {
        let facts = &self.facts;
        match layer {
            Layer::Identity => facts.identity,
            Layer::Resource | Layer::Trust => facts.resource,
            Layer::Boundary => facts.boundary,
            Layer::Session => facts.session,
            Layer::Scp => facts.scp,
            Layer::Rcp => facts.rcp,
            Layer::Endpoint => facts.endpoint,
            Layer::Grant => Say { allow: facts.grant, deny: Truth::False },
        }
    }

    fn verdict(&self, layer: Layer) -> Verdict {
        if !self.is_current(layer) || !self.has_say(layer) {
            return Verdict::Absent;
        }
        let mut say = self.say(layer);
        if layer == Layer::Resource
            && !self.request.is_primary()
            && self.request.principal.has_identity()
            && self.facts.cross == Truth::False
        {
            // In the same account, a statement for the account itself grants nothing.
            say.allow = self.facts.direct.max(self.facts.role);
        }
        match say {
            Say { deny: Truth::True, .. } => Verdict::ExplicitlyDenied,
            Say { deny: Truth::Unknown, .. } | Say { allow: Truth::Unknown, .. } => {
                Verdict::Unknown
            }
            Say { allow: Truth::True, .. } => Verdict::Allowed,
            Say { allow: Truth::False, .. } => Verdict::ImplicitlyDenied,
        }
    }

    /// Whether the layer is there and has a say.
    fn has_say(&self, layer: Layer) -> bool {
        fn there<T>(layer: &Layered<Vec<T>>) -> bool {
            layer.read().is_none_or(|policies| !policies.is_empty())
                && !matches!(layer, Layered::Absent)
        }
        let Self { request, policies, .. } = self;
        let identity = request.principal.has_identity();
        let root = request.principal.kind == Kind::Root;
        let linked = request.traits.service_linked == Truth::True;
        match layer {
            Layer::Identity => identity && !root && policies.identity != Layered::Absent,
            Layer::Resource | Layer::Trust => policies.resource != Layered::Absent,
            Layer::Boundary => identity && !root && there(&policies.boundaries),
            Layer::Session => identity && there(&policies.session),
            Layer::Scp => identity && !linked && there(&policies.service_control),
            Layer::Rcp => {
                !linked && !request.traits.managed_key && there(&policies.resource_control)
            }
            Layer::Endpoint => there(&policies.endpoint),
            Layer::Grant => super::grant::possible(request) && policies.grants != Layered::Absent,
        }
    }

    fn scope(&self, layer: Layer) -> Scope {
        let (resource, rcp, endpoint) = scopes(self.request, self.policies);
        match layer {
            Layer::Resource | Layer::Trust => resource,
            Layer::Rcp => rcp,
            Layer::Endpoint => endpoint,
            _ => Scope::Caller,
        }
    }

    /// The policies of a layer that have a say, level by level.
    fn policies(&self, layer: Layer) -> impl Iterator<Item = At<'a>> + use<'a> {
        let policies = self.policies;
        let one = |layer: &'a Layered<Vec<Policy>>| layer.read().map_or(&[][..], Vec::as_slice);
        let (flat, levels): (&[Policy], &[super::Level]) = match layer {
            _ if !self.has_say(layer) => (&[], &[]),
            Layer::Identity => (one(&policies.identity), &[]),
            Layer::Resource | Layer::Trust => {
                (policies.resource.read().map_or(&[][..], std::slice::from_ref), &[])
            }
            Layer::Boundary => (one(&policies.boundaries), &[]),
            Layer::Session => (one(&policies.session), &[]),
            Layer::Endpoint => (one(&policies.endpoint), &[]),
            Layer::Scp => (&[], policies.service_control.read().map_or(&[][..], Vec::as_slice)),
            Layer::Rcp => (&[], policies.resource_control.read().map_or(&[][..], Vec::as_slice)),
            Layer::Grant => (&[], &[]),
        };
        let scope = self.scope(layer);
        levels
            .iter()
            .flat_map(move |level| one(&level.policies))
            .chain(flat)
            .map(move |policy| At { layer, scope, policy })
    }

    fn statements(&self, layer: Layer) -> impl Iterator<Item = (At<'a>, &'a Statement)> + use<'a> {
        self.policies(layer).flat_map(|At { layer, scope, policy }| {
            let statements = policy.document().map_or(&[][..], |document| document.statements());
            statements.iter().map(move |statement| (At { layer, scope, policy }, statement))
        })
    }

    fn decided_by(&self, decision: Decision) -> Option<DecidedBy> {
        let allowed = match decision {
            Decision::ExplicitlyDenied => None,
            Decision::Allowed => Some(self.allowing_layer()?),
            Decision::ImplicitlyDenied | Decision::Inconclusive => return None,
        };
        let layer = match allowed {
            Some(Layer::Grant) => return self.deciding_grant(),
            Some(layer) => layer,
            None => Layer::ALL
                .into_iter()
                .find(|layer| self.is_current(*layer) && self.say(*layer).deny == Truth::True)?,
        };
        let by_itself = layer == Layer::Resource
            && self.request.principal.has_identity()
            && self.facts.cross == Truth::False;
        let (at, statement) = self.statements(layer).find(|(at, statement)| {
            if allowed.is_none() {
                return statement_says(statement, self.request, at.scope).deny == Truth::True;
            }
            let Ok(body) = &statement.body else { return false };
            let how = match matched(body, self.request, at.scope) {
                matched if by_itself => matched.truth(Matched::DIRECT | Matched::ROLE),
                matched => matched.any(),
            };
            body.effect == Effect::Allow
                && others(body, self.request, at.scope).min(how) == Truth::True
        })?;
        Some(DecidedBy {
            layer,
            policy: at.policy.shared_name(),
            statement: statement.index(),
            pointer: statement.pointer().into(),
            sid: statement.sid().map(Into::into),
        })
    }

    /// The layer that grants a request that is allowed: of several, the first.
    fn allowing_layer(&self) -> Option<Layer> {
        let facts = self.facts.resolved(false);
        let says = |truth| truth == Truth::True;
        let principal = &self.request.principal;
        let by_itself = says(facts.direct) || says(facts.role);
        let identity = says(facts.identity.allow)
            && says(facts.boundary.allow)
            && says(facts.session.allow)
            && principal.kind != Kind::Root
            && principal.has_identity();
        let delegated = !self.request.is_primary() || says(facts.account);
        if identity && (delegated || facts.cross == Truth::True) {
            Some(Layer::Identity)
        } else if by_itself || says(facts.resource.allow) {
            Some(self.resource_layer())
        } else if says(facts.grant) {
            Some(Layer::Grant)
        } else {
            None
        }
    }

    fn deciding_grant(&self) -> Option<DecidedBy> {
        let grants = self.policies.grants.read()?;
        let (index, grant) = grants
            .iter()
            .enumerate()
            .find(|(_, grant)| grant.allows(self.request) == Truth::True)?;
        Some(DecidedBy {
            layer: Layer::Grant,
            policy: grant.name().into(),
            statement: index,
            pointer: "".into(),
            sid: None,
        })
    }

    /// The layers that would have to allow an implicitly denied request and do not, at best.
    fn missing(&self) -> Vec<Layer> {
        let facts = self.facts.resolved(true);
        let request = self.request;
        let lacks = |truth| truth != Truth::True;
        let resource = self.resource_layer();
        let cross = facts.cross == Truth::True;
        let mut missing = Vec::new();
        let (identity, unlimited) = (
            !lacks(facts.identity.allow),
            !lacks(facts.boundary.allow) && !lacks(facts.session.allow),
        );
        if !request.principal.has_identity() {
            if lacks(facts.resource.allow) && lacks(facts.grant) {
                missing.push(resource);
            }
        } else if cross {
            if !identity {
                missing.push(Layer::Identity);
            }
            if lacks(facts.resource.allow) && lacks(facts.grant) {
                missing.push(resource);
            }
        } else {
            let by_resource = !lacks(facts.direct) || !lacks(facts.role) || !lacks(facts.grant);
            let delegated = !request.is_primary() || !lacks(facts.account);
            let granted = by_resource || identity && delegated;
            if !granted {
                missing.push(if delegated { Layer::Identity } else { resource });
            }
        }
        // A session, a user or `*` that the resource's policy names is not limited by these.
        if !unlimited && (cross || lacks(facts.direct)) {
            for layer in [Layer::Boundary, Layer::Session] {
                if lacks(self.at_best(&facts, layer)) {
                    missing.push(layer);
                }
            }
        }
        for layer in [Layer::Scp, Layer::Rcp, Layer::Endpoint] {
            if lacks(self.at_best(&facts, layer)) {
                missing.push(layer);
            }
        }
        if !grantable(request, cross) {
            missing.clear();
        }
        missing.sort_unstable();
        missing
    }

    fn at_best(&self, facts: &Facts, layer: Layer) -> Truth {
        Explainer { facts: *facts, ..*self }.say(layer).allow
    }

    /// The smallest statement that a layer lacks.
    fn statement(&self, layer: Layer) -> Missing {
        let principal = &self.request.principal;
        let names = match layer {
            Layer::Resource | Layer::Trust => Some(match principal.kind {
                Kind::Service => ("Service", principal.as_str().to_owned()),
                Kind::Federated => ("Federated", principal.as_str().to_owned()),
                Kind::CanonicalUser => ("CanonicalUser", principal.as_str().to_owned()),
                _ => ("AWS", principal.named()),
            }),
            // These take no other principal in every case.
            Layer::Rcp | Layer::Endpoint => Some(("AWS", "*".to_owned())),
            _ => None,
        };
        // The policies of keys and of repositories are about what they are attached to.
        let resource = match layer {
            Layer::Resource if self.request.traits.kms => "*",
            _ => self.request.resource(),
        };
        Missing {
            layer,
            action: self.request.action().to_owned(),
            resource: resource.to_owned(),
            principal: names,
        }
    }

    fn near_misses(&self, layers: &[Layer]) -> Vec<NearMiss> {
        let mut found: Vec<(usize, At<'a>, &'a Statement, &'a Body)> = Vec::new();
        for (at, statement) in layers.iter().flat_map(|layer| self.statements(*layer)) {
            let Ok(body) = &statement.body else { continue };
            if body.effect == Effect::Deny {
                continue;
            }
            let failing = self.failing(body, at.scope);
            let action = body.actions.matches(self.request);
            let near = match failing {
                0 => {
                    let mut conditions = body.conditions.iter();
                    conditions.any(|condition| condition.is_too_narrow(&self.request.context))
                }
                1 => action || self.is_about_service(&body.actions),
                2 => action,
                _ => false,
            };
            if near {
                found.push((failing, at, statement, body));
            }
        }
        found.sort_by_key(|(failing, ..)| *failing);
        found.truncate(MOST_MISSES);
        let mut misses = Vec::new();
        for (_, at, statement, body) in found {
            self.describe(&at, statement, body, &mut misses);
        }
        misses
    }

    /// How many elements keep a statement from matching.
    fn failing(&self, body: &Body, scope: Scope) -> usize {
        let request = self.request;
        let attached = matches!(scope, Scope::Resource { .. });
        usize::from(!body.actions.matches(request))
            + usize::from(body.resources.matches(request, attached) == Truth::False)
            + usize::from(matched(body, request, scope).any() == Truth::False)
            + body
                .conditions
                .iter()
                .filter(|condition| condition.holds(&request.context) == Truth::False)
                .count()
    }

    fn is_about_service(&self, actions: &Actions) -> bool {
        let Actions::Only(patterns) = actions else { return true };
        let service = self.request.service();
        patterns.iter().any(|pattern| {
            pattern
                .text
                .split_once(':')
                .is_some_and(|(named, _)| named.eq_ignore_ascii_case(service))
        })
    }

    /// Says of every element that fails why it does.
    fn describe(
        &self,
        at: &At<'_>,
        statement: &Statement,
        body: &Body,
        misses: &mut Vec<NearMiss>,
    ) {
        let request = self.request;
        let attached = matches!(at.scope, Scope::Resource { .. });
        let mut push = |element: &'static str, path: &str, wanted: String, actual: String, why| {
            misses.push(NearMiss {
                layer: at.layer,
                policy: at.policy.shared_name(),
                statement: statement.index(),
                pointer: format!("{}/{element}{path}", statement.pointer()),
                sid: statement.sid().map(Into::into),
                element,
                wanted,
                actual,
                why,
            });
        };
        if !body.actions.matches(request) {
            let actual = format!("`{}`", request.action());
            match &body.actions {
                Actions::Only(patterns) => {
                    let service = request.service();
                    let same: Vec<&str> = patterns
                        .iter()
                        .map(|pattern| &*pattern.text)
                        .filter(|text| {
                            text.split_once(':')
                                .is_some_and(|(named, _)| named.eq_ignore_ascii_case(service))
                        })
                        .collect();
                    let wanted = quoted(same.into_iter());
                    let why = format!("{wanted} does not cover {actual}");
                    push("Action", "", wanted, actual, why);
                }
                Actions::Except(patterns) => {
                    let wanted = quoted(patterns.iter().map(|pattern| &*pattern.text));
                    let why = format!("{wanted} excepts {actual}");
                    push("NotAction", "", wanted, actual, why);
                }
            }
        }
        if body.resources.matches(request, attached) == Truth::False {
            let actual = format!("`{}`", request.resource());
            match &body.resources {
                Resources::Only(patterns) => {
                    let wanted = quoted(patterns.iter().map(|pattern| &*pattern.text));
                    let mut why = format!("{wanted} does not cover {actual}");
                    if request.resource() == "*" {
                        why += ": the action knows no resources, only `*` allows it";
                    } else if patterns.iter().any(|pattern| self.lacks_suffix(&pattern.text)) {
                        why += ": the ARN of a secret ends with a hyphen and six characters, \
                                which `-??????` covers";
                    }
                    push("Resource", "", wanted, actual, why);
                }
                Resources::Except(patterns) => {
                    let wanted = quoted(patterns.iter().map(|pattern| &*pattern.text));
                    let why = format!("{wanted} excepts {actual}");
                    push("NotResource", "", wanted, actual, why);
                }
                Resources::This => {}
            }
        }
        if matched(body, request, at.scope).any() == Truth::False {
            let actual = format!("`{}`", request.principal());
            match &body.principals {
                Principals::Unnamed => {
                    let why = "the statement names no principal".to_owned();
                    push("Principal", "", "none".to_owned(), actual, why);
                }
                Principals::Only(entries) => {
                    let wanted = quoted(entries.iter().map(Entry::text));
                    let gone = entries.iter().find(|entry| matches!(entry, Entry::UniqueId(_)));
                    let why = match gone {
                        Some(gone) => format!(
                            "`{}` is the id of a principal that was deleted, even if one of the \
                             same name was created since",
                            gone.text()
                        ),
                        None => format!("{wanted} is not {actual}"),
                    };
                    push("Principal", "", wanted, actual, why);
                }
                Principals::Except(entries) => {
                    let wanted = quoted(entries.iter().map(Entry::text));
                    let why = format!("{wanted} excepts {actual}");
                    push("NotPrincipal", "", wanted, actual, why);
                }
            }
        }
        for condition in &body.conditions {
            let narrow = condition.is_too_narrow(&request.context);
            if narrow || condition.holds(&request.context) == Truth::False {
                let (wanted, actual) = (condition.wanted(), condition.actual(&request.context));
                let mut why = format!(
                    "`{}` is {actual}, and `{}` wants {wanted}",
                    condition.name, condition.written
                );
                if narrow {
                    why += ": how it ends is not known, so only a wildcard there is safe";
                }
                let escape = |text: &str| text.replace('~', "~0").replace('/', "~1");
                let path = format!("/{}/{}", escape(&condition.written), escape(&condition.name));
                push("Condition", &path, wanted, actual, why);
            }
        }
    }

    /// Whether a pattern is the ARN of the secret but for the characters that AWS adds.
    fn lacks_suffix(&self, pattern: &str) -> bool {
        self.request.service() == "secretsmanager"
            && self
                .request
                .resource()
                .strip_prefix(pattern)
                .is_some_and(|suffix| suffix.len() == 7 && suffix.starts_with('-'))
    }

    /// What could change the decision, of all that is unknown.
    fn unknown(&self) -> Vec<Unknown> {
        let request = self.request;
        let relations: &[bool] = match self.facts.cross {
            Truth::False => &[false],
            Truth::True => &[true],
            Truth::Unknown => &[false, true],
        };
        let settled = |settle: &dyn Fn(&mut Facts, bool)| {
            relations.iter().any(|cross| {
                [false, true].into_iter().any(|best| {
                    let decided = |value: bool| {
                        let mut facts = self.facts;
                        settle(&mut facts, value);
                        decide(&facts.resolved(best), request, *cross, best)
                    };
                    decided(false) != decided(true)
                })
            })
        };
        let mut unknown = Vec::new();
        for group in Group::ALL {
            let mut facts = self.facts;
            if group.resolve(&mut facts, true)
                && settled(&|facts, value| {
                    group.resolve(facts, value);
                })
            {
                self.collect(group, &mut unknown);
            }
        }
        for best in [false, true] {
            let facts = self.facts.resolved(best);
            let decided = |cross: bool, lenient| decide(&facts, request, cross, lenient);
            if relations.len() > 1 && decided(false, best) != decided(true, best) {
                unknown.push(Unknown::ResourceAccount);
            }
            if relations.iter().any(|cross| decided(*cross, false) != decided(*cross, true)) {
                unknown.push(Unknown::Rule(
                    "whether a grant works where the caller's own policies do not allow",
                ));
            }
        }
        unknown
    }

    /// The reasons why a group is unknown.
    fn collect(&self, group: Group, unknown: &mut Vec<Unknown>) {
        let (Group::Allow(layer) | Group::Deny(layer)) = group;
        let layer = if layer == Layer::Resource { self.resource_layer() } else { layer };
        let policies = self.policies;
        let unread = |levels: &Layered<Vec<super::Level>>| match levels {
            Layered::Absent => false,
            Layered::Unread => true,
            Layered::Read(levels) => levels.iter().any(|level| level.policies == Layered::Unread),
        };
        let unread = match layer {
            Layer::Identity => policies.identity == Layered::Unread,
            Layer::Resource | Layer::Trust => policies.resource == Layered::Unread,
            Layer::Boundary => policies.boundaries == Layered::Unread,
            Layer::Session => policies.session == Layered::Unread,
            Layer::Scp => unread(&policies.service_control),
            Layer::Rcp => unread(&policies.resource_control),
            Layer::Endpoint => policies.endpoint == Layered::Unread,
            Layer::Grant => policies.grants == Layered::Unread,
        };
        if unread {
            unknown.push(Unknown::Layer(layer));
        }
        let traits = &self.request.traits;
        if matches!(layer, Layer::Scp | Layer::Rcp) && traits.service_linked == Truth::Unknown {
            unknown.push(Unknown::Key("aws:PrincipalArn".to_owned()));
        }
        if layer == Layer::Rcp && traits.rcp == Truth::Unknown {
            unknown.push(Unknown::Rule("whether resource control policies apply to the service"));
        }
        if layer == Layer::Grant {
            for grant in policies.grants.read().into_iter().flatten() {
                if grant.allows(self.request) == Truth::Unknown {
                    grant.unknown(self.request, unknown);
                }
            }
        }
        // A level that allows for certain needs no other statement.
        let levels = match layer {
            Layer::Scp => policies.service_control.read(),
            Layer::Rcp => policies.resource_control.read(),
            _ => None,
        };
        let settled: Vec<&str> = match (group, levels) {
            (Group::Allow(_), Some(levels)) => levels
                .iter()
                .filter(|level| {
                    level_says(level, self.request, self.scope(layer)).allow == Truth::True
                })
                .filter_map(|level| level.policies.read())
                .flatten()
                .map(Policy::name)
                .collect(),
            _ => Vec::new(),
        };
        for at in self.policies(layer) {
            if at.policy.document().is_none() {
                unknown.push(Unknown::Policy(at.policy.name().to_owned()));
            }
        }
        for (at, statement) in self.statements(layer) {
            let says = statement_says(statement, self.request, at.scope);
            let truth = match group {
                Group::Allow(_) => says.allow,
                Group::Deny(_) => says.deny,
            };
            if truth == Truth::Unknown && !settled.contains(&at.policy.name()) {
                self.reasons(&at, statement, unknown);
            }
        }
    }

    /// The reasons why a statement is unknown.
    fn reasons(&self, at: &At<'_>, statement: &Statement, unknown: &mut Vec<Unknown>) {
        let request = self.request;
        let because = |path: &str, why: &str| Unknown::Statement {
            policy: at.policy.name().to_owned(),
            pointer: format!("{}{path}", statement.pointer()),
            why: why.to_owned(),
        };
        let body = match &statement.body {
            Ok(body) => body,
            Err(why) => return unknown.push(because("", why)),
        };
        if matched(body, request, at.scope).any() == Truth::Unknown {
            unknown.push(match (&body.principals, at.scope) {
                (Principals::Except(_), _) => {
                    because("/NotPrincipal", "whether it excepts the caller is not documented")
                }
                (_, Scope::Caller) => because("/Principal", "such a policy names no principals"),
                (_, Scope::Gateway { .. }) => {
                    Unknown::Rule("whether the endpoint is a gateway endpoint")
                }
                _ => Unknown::SessionName,
            });
        }
        let attached = matches!(at.scope, Scope::Resource { .. });
        if body.resources.matches(request, attached) == Truth::Unknown {
            match &body.resources {
                Resources::This => {
                    unknown.push(because("", "such a policy has to name resources"));
                }
                Resources::Only(patterns) | Resources::Except(patterns) => {
                    let before = unknown.len();
                    for pattern in patterns {
                        if let Form::Template(tokens) = &pattern.form {
                            for (key, name) in unknown_variables(tokens, &request.context) {
                                let name = request.context.name(key, name);
                                unknown.push(Unknown::Key(name.to_owned()));
                            }
                        }
                    }
                    if unknown.len() == before {
                        unknown.push(because(
                            "/NotResource",
                            "what an exception with a variable without a value excepts is not \
                             documented",
                        ));
                    }
                }
            }
        }
        for condition in &body.conditions {
            if condition.holds(&request.context) != Truth::Unknown {
                continue;
            }
            if condition.is_unknown_operator() {
                let why = format!("the operator `{}` is not known", condition.written);
                unknown.push(because("/Condition", &why));
                continue;
            }
            let mut keys = Vec::new();
            condition.unknown_keys(&request.context, &mut keys);
            unknown.extend(keys.into_iter().map(|key| Unknown::Key(key.to_owned())));
        }
    }
}
