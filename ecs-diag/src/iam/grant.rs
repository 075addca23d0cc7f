//! Grants of KMS keys.
//!
//! Source: <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>

use serde_json::Value;

use super::{
    ContextValue, Request, Truth, Unknown, data,
    principal::{Entry, Kind},
};

/// How the keys of an encryption context begin.
const ENCRYPTION_CONTEXT: &str = "kms:encryptioncontext:";

/// A grant of a KMS key, in the form of `ListGrants`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    name: Box<str>,
    body: Option<Body>,
}

/// Keys, in lower case, and values of an encryption context.
type Pairs = Box<[(Box<str>, Box<str>)]>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Body {
    key: Option<Box<str>>,
    grantee: Entry,
    /// In lower case.
    operations: Box<[Box<str>]>,
    equals: Option<Pairs>,
    subset: Option<Pairs>,
    /// Whether it has constraints that nobody knows.
    other_constraints: bool,
}

impl Grant {
    /// Reads a grant. One that cannot be read may allow anything.
    pub fn parse(grant: &Value) -> Self {
        let name = ["GrantId", "Name"].iter().find_map(|key| grant.get(key)?.as_str());
        Self { name: name.unwrap_or("grant").into(), body: Body::parse(grant) }
    }

    /// Its id.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Says what would settle whether it allows the request.
    pub(super) fn unknown(&self, request: &Request, unknown: &mut Vec<Unknown>) {
        let before = unknown.len();
        for (key, value) in request.context.starting(ENCRYPTION_CONTEXT) {
            if !matches!(value, ContextValue::Known(_) | ContextValue::Absent) {
                let key = format!("{ENCRYPTION_CONTEXT}{key}");
                unknown.push(Unknown::Key(request.context.name(&key, &key).to_owned()));
            }
        }
        if unknown.len() == before {
            unknown.push(Unknown::Policy(self.name.to_string()));
        }
    }

    /// Whether it allows the request, whose operation grants can allow.
    pub(super) fn allows(&self, request: &Request) -> Truth {
        let operation = request.operation();
        let Some(body) = &self.body else { return Truth::Unknown };
        if !body.operations.iter().any(|known| **known == *operation) {
            return Truth::False;
        }
        if let Some(key) = &body.key {
            let id = |text: &str| text.rsplit('/').next().unwrap_or(text).to_owned();
            if id(key) != id(request.resource()) {
                return Truth::False;
            }
        }
        let grantee = body.grantee.matches(&request.principal).any();
        grantee.min(body.constraints(request))
    }
}

fn pairs(value: &Value) -> Option<Pairs> {
    let pairs = value.as_object()?.iter();
    pairs.map(|(key, value)| Some((key.to_lowercase().into(), value.as_str()?.into()))).collect()
}

impl Body {
    fn parse(grant: &Value) -> Option<Self> {
        let grantee = grant.get("GranteePrincipal")?.as_str()?;
        let grantee = if grantee.contains(':') || !grantee.contains('.') {
            Entry::aws(grantee)
        } else {
            Entry::Service(grantee.into())
        };
        let operations = grant.get("Operations")?.as_array()?.iter();
        let mut body = Self {
            key: grant.get("KeyId").and_then(Value::as_str).map(Into::into),
            grantee,
            operations: operations
                .map(|name| Some(name.as_str()?.to_ascii_lowercase().into()))
                .collect::<Option<_>>()?,
            equals: None,
            subset: None,
            other_constraints: false,
        };
        if let Some(constraints) = grant.get("Constraints").filter(|value| !value.is_null()) {
            for (name, value) in constraints.as_object()? {
                match name.as_str() {
                    "EncryptionContextEquals" => body.equals = Some(pairs(value)?),
                    "EncryptionContextSubset" => body.subset = Some(pairs(value)?),
                    _ => body.other_constraints = true,
                }
            }
        }
        Some(body)
    }

    /// Whether its constraints hold for the request's encryption context.
    fn constraints(&self, request: &Request) -> Truth {
        let mut truth = Truth::of(!self.other_constraints).max(Truth::Unknown);
        for (pairs, exact) in [(&self.subset, false), (&self.equals, true)] {
            let Some(pairs) = pairs else { continue };
            for (key, wanted) in pairs {
                truth =
                    truth.min(match request.context.get(&format!("{ENCRYPTION_CONTEXT}{key}")) {
                        ContextValue::Known(values) => {
                            Truth::of(values[..] == [wanted.to_string()])
                        }
                        ContextValue::Absent => Truth::False,
                        _ => Truth::Unknown,
                    });
            }
            if !exact {
                continue;
            }
            for (key, value) in request.context.starting(ENCRYPTION_CONTEXT) {
                if !pairs.iter().any(|(known, _)| **known == *key) {
                    truth = truth.min(match value {
                        ContextValue::Absent => Truth::True,
                        ContextValue::Unknown => Truth::Unknown,
                        _ => Truth::False,
                    });
                }
            }
            if request.context.is_rest_unknown() {
                truth = truth.min(Truth::Unknown);
            }
        }
        truth
    }
}

/// Whether a grant that nobody read could allow the request.
pub(super) fn possible(request: &Request) -> bool {
    request.traits.kms
        && data::kms_grantable(request.operation())
        && !matches!(request.principal.kind, Kind::Anonymous)
}
