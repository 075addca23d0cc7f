//! The decision.
//!
//! Every statement matches, does not match, or may match. More that allows never turns an answer
//! for the worse, and less that denies neither: so two evaluations tell all. In the worst case what
//! may allow does not and what may deny does, in the best case the other way round. Where both give
//! the same answer, it holds whatever the unknown is.

use super::{
    Decision, Effect, Layered, Level, Policies, Policy, Request, Truth, data,
    document::{Body, Principals, Statement},
    grant,
    principal::{self, Entry, Kind, Matched},
};

/// Where a statement stands: what it may leave unsaid depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// A policy of the caller or of the caller's organization: it names no principals.
    Caller,
    /// A policy of the resource.
    Resource { bounded: bool },
    /// A resource control policy or the policy of an endpoint: it names principals.
    Named { bounded: bool },
    /// The same for a service that gateway endpoints serve.
    Gateway { bounded: bool },
}

/// What the policies of a layer say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Say {
    pub(super) allow: Truth,
    pub(super) deny: Truth,
}

impl Say {
    pub(super) const NOTHING: Self = Self { allow: Truth::False, deny: Truth::False };
    /// A ceiling that is not there.
    pub(super) const UNLIMITED: Self = Self { allow: Truth::True, deny: Truth::False };
    pub(super) const UNKNOWN: Self = Self { allow: Truth::Unknown, deny: Truth::Unknown };

    fn add(&mut self, other: Self) {
        self.allow = self.allow.max(other.allow);
        self.deny = self.deny.max(other.deny);
    }

    /// What a layer says of which nobody knows whether it applies.
    fn perhaps(self, applies: Truth) -> Self {
        match applies {
            Truth::True => self,
            Truth::Unknown => {
                Self { allow: self.allow.max(Truth::Unknown), deny: self.deny.min(Truth::Unknown) }
            }
            Truth::False => Self::UNLIMITED,
        }
    }
}

/// What all layers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) identity: Say,
    pub(super) resource: Say,
    /// The resource-based policy's Allow, by how it names the caller.
    pub(super) direct: Truth,
    pub(super) role: Truth,
    pub(super) account: Truth,
    pub(super) boundary: Say,
    pub(super) session: Say,
    pub(super) scp: Say,
    pub(super) rcp: Say,
    pub(super) endpoint: Say,
    pub(super) grant: Truth,
    pub(super) cross: Truth,
}

/// Decides a request.
///
/// A definite decision holds whatever is not known turns out to be;
/// [`Decision::Inconclusive`] says that it does not.
pub fn evaluate(request: &Request, policies: &Policies) -> Decision {
    let (worst, best) = bounds(request, policies);
    if worst == best { worst } else { Decision::Inconclusive }
}

/// The worst and the best answer that AWS can give, for all that is known.
///
/// A request whose best is not [`Decision::Allowed`] is denied for certain, though it may be
/// unknown how.
pub fn bounds(request: &Request, policies: &Policies) -> (Decision, Decision) {
    let (mut worst, mut best) = bounds_of(&Facts::of(request, policies), request);
    if let Some(other) = request.for_other_resource() {
        let (other_worst, other_best) = bounds_of(&Facts::of(&other, policies), &other);
        worst = worst.min(other_worst);
        best = best.max(other_best);
    }
    (worst, best)
}

pub(super) fn bounds_of(facts: &Facts, request: &Request) -> (Decision, Decision) {
    let worst = |cross| decide(&facts.resolved(false), request, cross, false);
    let best = |cross| decide(&facts.resolved(true), request, cross, true);
    match facts.cross {
        Truth::False => (worst(false), best(false)),
        Truth::True => (worst(true), best(true)),
        Truth::Unknown => (worst(false).min(worst(true)), best(false).max(best(true))),
    }
}

/// Whether the caller has a boundary, whatever it says.
fn bounded(request: &Request, policies: &Policies) -> bool {
    request.principal.has_identity()
        && match &policies.boundaries {
            Layered::Absent => false,
            Layered::Unread => true,
            Layered::Read(policies) => !policies.is_empty(),
        }
}

/// The scopes of resource-based policies and of endpoint policies.
pub(super) fn scopes(request: &Request, policies: &Policies) -> (Scope, Scope, Scope) {
    let bounded = bounded(request, policies);
    let named = Scope::Named { bounded };
    let endpoint = if request.traits.gateway { Scope::Gateway { bounded } } else { named };
    (Scope::Resource { bounded }, named, endpoint)
}

impl Facts {
    pub(super) fn of(request: &Request, policies: &Policies) -> Self {
        let caller = &request.principal;
        let root = caller.kind == Kind::Root;
        let (resource_scope, rcp_scope, endpoint_scope) = scopes(request, policies);
        let mut facts = Self {
            identity: Say::NOTHING,
            resource: Say::NOTHING,
            direct: Truth::False,
            role: Truth::False,
            account: Truth::False,
            boundary: Say::UNLIMITED,
            session: Say::UNLIMITED,
            scp: Say::UNLIMITED,
            rcp: Say::UNLIMITED,
            endpoint: ceiling(&policies.endpoint, request, endpoint_scope),
            grant: Truth::False,
            cross: request.traits.cross,
        };
        if caller.has_identity() {
            // The root user of an account needs no policies.
            facts.identity = match &policies.identity {
                _ if root => Say::UNLIMITED,
                Layered::Absent => Say::NOTHING,
                Layered::Unread => Say::UNKNOWN,
                Layered::Read(policies) => say(policies, request, Scope::Caller),
            };
            if !root {
                facts.boundary = ceiling(&policies.boundaries, request, Scope::Caller);
            }
            facts.session = ceiling(&policies.session, request, Scope::Caller);
            facts.scp = levels(&policies.service_control, request, Scope::Caller)
                .perhaps(request.traits.service_linked.not());
        }
        if policies.resource_control != Layered::Absent && !request.traits.managed_key {
            let applies = request.traits.rcp.min(request.traits.service_linked.not());
            facts.rcp = levels(&policies.resource_control, request, rcp_scope).perhaps(applies);
        }
        match &policies.resource {
            Layered::Absent => {}
            Layered::Unread => facts.add_unknown_resource(),
            Layered::Read(policy) => match policy.document() {
                None => facts.add_unknown_resource(),
                Some(document) => {
                    for statement in document.statements() {
                        facts.add_resource(statement, request, resource_scope);
                    }
                }
            },
        }
        facts.resource.allow = facts.direct.max(facts.role).max(facts.account);
        facts.grant = match &policies.grants {
            _ if !grant::possible(request) => Truth::False,
            Layered::Absent => Truth::False,
            Layered::Unread => Truth::Unknown,
            Layered::Read(grants) => Truth::any(grants.iter().map(|grant| grant.allows(request))),
        };
        facts
    }

    fn add_unknown_resource(&mut self) {
        self.direct = self.direct.max(Truth::Unknown);
        self.role = self.role.max(Truth::Unknown);
        self.account = self.account.max(Truth::Unknown);
        self.resource.deny = self.resource.deny.max(Truth::Unknown);
    }

    fn add_resource(&mut self, statement: &Statement, request: &Request, scope: Scope) {
        let Ok(body) = &statement.body else {
            self.add_unknown_resource();
            return;
        };
        let others = others(body, request, scope);
        if others == Truth::False {
            return;
        }
        let matched = matched(body, request, scope);
        match body.effect {
            Effect::Deny => {
                self.resource.deny = self.resource.deny.max(others.min(matched.any()));
            }
            Effect::Allow => {
                self.direct = self.direct.max(others.min(matched.truth(Matched::DIRECT)));
                self.role = self.role.max(others.min(matched.truth(Matched::ROLE)));
                self.account = self.account.max(others.min(matched.truth(Matched::ACCOUNT)));
            }
        }
    }

    /// The facts as they are in the best or in the worst case.
    pub(super) fn resolved(&self, best: bool) -> Self {
        let mut facts = *self;
        for group in Group::ALL {
            group.resolve(&mut facts, best);
        }
        facts
    }
}

/// What is unknown or known together: the Allows or the Denies of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Allow(super::Layer),
    Deny(super::Layer),
}

impl Group {
    pub(super) const ALL: [Self; 15] = {
        use super::Layer::{Boundary, Endpoint, Grant, Identity, Rcp, Resource, Scp, Session};
        [
            Self::Allow(Identity),
            Self::Deny(Identity),
            Self::Allow(Resource),
            Self::Deny(Resource),
            Self::Allow(Boundary),
            Self::Deny(Boundary),
            Self::Allow(Session),
            Self::Deny(Session),
            Self::Allow(Scp),
            Self::Deny(Scp),
            Self::Allow(Rcp),
            Self::Deny(Rcp),
            Self::Allow(Endpoint),
            Self::Deny(Endpoint),
            Self::Allow(Grant),
        ]
    };

    /// Decides what is unknown of the group; gives whether there was anything.
    pub(super) fn resolve(self, facts: &mut Facts, best: bool) -> bool {
        use super::Layer::{
            Boundary, Endpoint, Grant, Identity, Rcp, Resource, Scp, Session, Trust,
        };
        let mut found = false;
        let mut settle = |truth: &mut Truth, value: bool| {
            if *truth == Truth::Unknown {
                *truth = Truth::of(value);
                found = true;
            }
        };
        let mut of = |say: &mut Say| match self {
            Self::Allow(_) => settle(&mut say.allow, best),
            Self::Deny(_) => settle(&mut say.deny, !best),
        };
        let (Self::Allow(layer) | Self::Deny(layer)) = self;
        match layer {
            Identity => of(&mut facts.identity),
            Boundary => of(&mut facts.boundary),
            Session => of(&mut facts.session),
            Scp => of(&mut facts.scp),
            Rcp => of(&mut facts.rcp),
            Endpoint => of(&mut facts.endpoint),
            Resource | Trust => {
                of(&mut facts.resource);
                if matches!(self, Self::Allow(_)) {
                    settle(&mut facts.direct, best);
                    settle(&mut facts.role, best);
                    settle(&mut facts.account, best);
                }
            }
            Grant => settle(&mut facts.grant, best),
        }
        found
    }
}

/// What policies say together.
fn say(policies: &[Policy], request: &Request, scope: Scope) -> Say {
    let mut say = Say::NOTHING;
    for policy in policies {
        match policy.document() {
            None => say.add(Say::UNKNOWN),
            Some(document) => {
                for statement in document.statements() {
                    say.add(statement_says(statement, request, scope));
                }
            }
        }
    }
    say
}

pub(super) fn statement_says(statement: &Statement, request: &Request, scope: Scope) -> Say {
    let Ok(body) = &statement.body else { return Say::UNKNOWN };
    let mut truth = others(body, request, scope);
    if truth != Truth::False {
        truth = truth.min(matched(body, request, scope).any());
    }
    match body.effect {
        Effect::Allow => Say { allow: truth, ..Say::NOTHING },
        Effect::Deny => Say { deny: truth, ..Say::NOTHING },
    }
}

/// What a ceiling says.
fn ceiling(layer: &Layered<Vec<Policy>>, request: &Request, scope: Scope) -> Say {
    match layer {
        Layered::Absent => Say::UNLIMITED,
        Layered::Unread => Say::UNKNOWN,
        Layered::Read(policies) if policies.is_empty() => Say::UNLIMITED,
        Layered::Read(policies) => say(policies, request, scope),
    }
}

/// What one level says.
pub(super) fn level_says(level: &Level, request: &Request, scope: Scope) -> Say {
    match &level.policies {
        Layered::Absent => Say::NOTHING,
        Layered::Unread => Say::UNKNOWN,
        Layered::Read(policies) => say(policies, request, scope),
    }
}

/// What levels say: each has to allow.
fn levels(layer: &Layered<Vec<Level>>, request: &Request, scope: Scope) -> Say {
    match layer {
        Layered::Absent => Say::UNLIMITED,
        Layered::Unread => Say::UNKNOWN,
        Layered::Read(levels) => {
            let mut all = Say::UNLIMITED;
            for level in levels {
                let say = level_says(level, request, scope);
                all.allow = all.allow.min(say.allow);
                all.deny = all.deny.max(say.deny);
            }
            all
        }
    }
}

/// Whether a statement's elements other than its principals match.
pub(super) fn others(body: &Body, request: &Request, scope: Scope) -> Truth {
    if !body.actions.matches(request) {
        return Truth::False;
    }
    let mut truth = body.resources.matches(request, matches!(scope, Scope::Resource { .. }));
    for condition in &body.conditions {
        if truth == Truth::False {
            break;
        }
        truth = truth.min(condition.holds(&request.context));
    }
    truth
}

/// Whether and how a statement names the caller.
pub(super) fn matched(body: &Body, request: &Request, scope: Scope) -> Matched {
    let caller = &request.principal;
    let perhaps = Matched { certain: 0, possible: Matched::DIRECT };
    let bounded = match scope {
        Scope::Caller => {
            return match body.principals {
                Principals::Unnamed => Matched::certain(Matched::DIRECT),
                // AWS does not take such a statement.
                Principals::Only(_) | Principals::Except(_) => perhaps,
            };
        }
        Scope::Resource { bounded } | Scope::Named { bounded } | Scope::Gateway { bounded } => {
            bounded
        }
    };
    match &body.principals {
        Principals::Unnamed => Matched::default(),
        Principals::Only(entries) => {
            let matched = principal::any(entries, caller);
            // A gateway endpoint takes a principal other than `*` for the root user only.
            if matches!(scope, Scope::Gateway { .. }) && !entries.contains(&Entry::Everyone) {
                Matched { certain: 0, ..matched }
            } else {
                matched
            }
        }
        Principals::Except(entries) => {
            let excepted = principal::any(entries, caller);
            let everybody = Matched::certain(Matched::DIRECT);
            match (body.effect, excepted.any()) {
                _ if entries.contains(&Entry::Everyone) => Matched::default(),
                // AWS denies every caller that has a boundary.
                (Effect::Deny, _) if bounded => everybody,
                (_, Truth::False) => everybody,
                (Effect::Allow, Truth::Unknown) => perhaps,
                (Effect::Allow, Truth::True) => Matched::default(),
                (Effect::Deny, _) => {
                    // AWS may look at the account, the role and the session one after the other.
                    let needed = match caller.kind {
                        Kind::Role { .. } => Matched::ACCOUNT | Matched::ROLE,
                        Kind::User { .. } | Kind::FederatedUser => {
                            Matched::ACCOUNT | Matched::DIRECT
                        }
                        Kind::Root => Matched::ACCOUNT,
                        _ => Matched::DIRECT,
                    };
                    if excepted.certain & needed == needed { Matched::default() } else { perhaps }
                }
            }
        }
    }
}

/// Decides from facts without unknowns. Where the rules themselves are not documented, `lenient`
/// says which way to take.
pub(super) fn decide(facts: &Facts, request: &Request, cross: bool, lenient: bool) -> Decision {
    let says = |truth| truth == Truth::True;
    let layers = [
        &facts.identity,
        &facts.resource,
        &facts.boundary,
        &facts.session,
        &facts.scp,
        &facts.rcp,
        &facts.endpoint,
    ];
    if layers.iter().any(|layer| says(layer.deny)) {
        return Decision::ExplicitlyDenied;
    }
    let organization = says(facts.scp.allow) && says(facts.rcp.allow);
    if organization && says(facts.endpoint.allow) && granted(facts, request, cross, lenient) {
        Decision::Allowed
    } else {
        Decision::ImplicitlyDenied
    }
}

/// Whether the request can be granted at all.
pub(super) fn grantable(request: &Request, cross: bool) -> bool {
    let traits = &request.traits;
    let foreign_key = traits.kms
        && cross
        && (traits.managed_key || !data::kms_cross_account(request.operation()));
    // The root user cannot assume roles.
    let root_assumes = traits.trust && request.principal.kind == Kind::Root;
    !foreign_key && !root_assumes
}

/// Whether the caller's and the resource's policies and the grants together allow.
fn granted(facts: &Facts, request: &Request, cross: bool, lenient: bool) -> bool {
    let says = |truth| truth == Truth::True;
    if !grantable(request, cross) {
        return false;
    }
    let (resource, grant) = (says(facts.resource.allow), says(facts.grant));
    if !request.principal.has_identity() {
        return resource || grant;
    }
    let unlimited = says(facts.boundary.allow) && says(facts.session.allow);
    let identity = says(facts.identity.allow) && unlimited;
    if cross {
        // Whether a grant to another account needs the caller's policies as well is not documented.
        return identity && (resource || grant) || grant && lenient;
    }
    let by_resource = says(facts.direct) || says(facts.role) && unlimited;
    // Nor whether boundaries and session policies limit grants.
    let by_grant = grant && (unlimited || lenient);
    // The policies of keys and the trust policies of roles come first: identity-based policies
    // count where these leave it to the account.
    let by_identity = identity && (!request.is_primary() || says(facts.account));
    by_resource || by_identity || by_grant
}

impl Request {
    /// Whether the resource's policy has to allow the request, or leave it to the account.
    pub(super) fn is_primary(&self) -> bool {
        self.traits.trust || self.traits.kms && self.resource.is_key()
    }
}
