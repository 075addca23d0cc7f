//! Callers, and the principals that statements name.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use std::{borrow::Cow, fmt, str::FromStr};

use super::{Invalid, Truth};

/// Longest name taken, in bytes. AWS ends an ARN at 2048.
const LONGEST: usize = 4096;

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    text: Box<str>,
    partition: Box<str>,
    account: Box<str>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User {
        name: Box<str>,
    },
    /// A session of a role. The ARN of a session does not have the role's path.
    Role {
        name: Box<str>,
        path: Option<Box<str>>,
        session: Option<Box<str>>,
    },
    FederatedUser,
    Root,
    Service,
    Federated,
    CanonicalUser,
    Anonymous,
}

/// The parts of an ARN of IAM or STS.
struct Parts<'a> {
    partition: &'a str,
    service: &'a str,
    account: &'a str,
    resource: &'a str,
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let mut parts = text.splitn(6, ':');
    let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    (arn == "arn" && region.is_empty() && !partition.is_empty()).then_some(Parts {
        partition,
        service,
        account,
        resource,
    })
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Principal {
    /// A session of the role with this ARN, path and all; `None` if its name is not known.
    ///
    /// The ARN that AWS gives a session lacks the role's path. Who knows the role makes the caller
    /// with this, so that a condition on `aws:PrincipalArn` has its value.
    pub fn session(role: &str, session: Option<&str>) -> Result<Self, Invalid> {
        let mut principal: Self = role.parse()?;
        match &mut principal.kind {
            Kind::Role { session: name, path: Some(_), .. } => *name = session.map(Into::into),
            _ => return Err(Invalid::new(format!("`{role}` is not the ARN of a role"))),
        }
        Ok(principal)
    }

    /// The caller who is nobody: a request without credentials.
    pub fn anonymous() -> Self {
        Self::of("*", Kind::Anonymous)
    }

    /// The account, for all that belong to one.
    pub fn account(&self) -> Option<&str> {
        (!self.account.is_empty()).then_some(&*self.account)
    }

    /// The name, as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn of(text: &str, kind: Kind) -> Self {
        Self { text: text.into(), partition: "".into(), account: "".into(), kind }
    }

    /// The value of `aws:PrincipalArn`: the ARN of the role, not of its session.
    pub(super) fn principal_arn(&self) -> Option<String> {
        let Self { partition, account, .. } = self;
        match &self.kind {
            Kind::Role { name, path: Some(path), .. } => {
                Some(format!("arn:{partition}:iam::{account}:role{path}{name}"))
            }
            Kind::User { .. } | Kind::FederatedUser | Kind::Root => Some(self.text.to_string()),
            _ => None,
        }
    }

    /// The caller that statements which allow it should name.
    pub(super) fn named(&self) -> String {
        match &self.kind {
            Kind::Role { name, path, .. } => {
                let path = path.as_deref().unwrap_or("/");
                format!("arn:{}:iam::{}:role{path}{name}", self.partition, self.account)
            }
            _ => self.text.to_string(),
        }
    }

    /// Tells the path of the role, which the session's ARN does not have.
    pub(super) fn learn_role(&mut self, arn: &str) {
        if let Kind::Role { name, path: path @ None, .. } = &mut self.kind
            && let Some(Parts { service: "iam", resource, .. }) = parts(arn)
            && let Some(role) = resource.strip_prefix("role")
            && let Some((before, last)) = role.rsplit_once('/')
            && last == &**name
        {
            *path = Some(format!("{before}/").into());
        }
    }

    /// Whether it is a service-linked role, which policies of organizations do not restrict.
    ///
    /// Their path and the beginning of their name are reserved; a session's ARN lacks the path.
    pub(super) fn service_linked(&self) -> Truth {
        match &self.kind {
            Kind::Role { path: Some(path), .. } => {
                Truth::of(path.starts_with("/aws-service-role/"))
            }
            Kind::Role { path: None, name, .. } if name.starts_with("AWSServiceRoleFor") => {
                Truth::Unknown
            }
            _ => Truth::False,
        }
    }

    /// Whether it belongs to an account, whose policies then have a say.
    pub(super) fn has_identity(&self) -> bool {
        matches!(
            self.kind,
            Kind::User { .. } | Kind::Role { .. } | Kind::FederatedUser | Kind::Root
        )
    }
}

impl FromStr for Principal {
    type Err = Invalid;

    /// An ARN, the name of a service, or `*` for anonymous.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == "*" {
            return Ok(Self::anonymous());
        }
        let invalid = |why: &str| {
            let shown: String = text.chars().take(200).collect();
            Err(Invalid::new(format!("principal `{shown}` {why}")))
        };
        if text.len() > LONGEST {
            return invalid("is longer than any ARN");
        }
        if !text.starts_with("arn:") {
            if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Ok(Self::of(text, Kind::CanonicalUser));
            }
            if !text.contains('.')
                || text.contains(|c: char| c.is_whitespace() || "*/:".contains(c))
            {
                return invalid("is neither an ARN nor a service nor `*`");
            }
            let service = text.ends_with(".amazonaws.com")
                || text.ends_with(".amazonaws.com.cn")
                || text.ends_with(".amazon.com") && text != "www.amazon.com";
            let federated = !service || text == "cognito-identity.amazonaws.com";
            return Ok(Self::of(text, if federated { Kind::Federated } else { Kind::Service }));
        }
        let Some(Parts { partition, service, account, resource }) = parts(text) else {
            return invalid("is not an ARN of a principal");
        };
        if !is_account(account) {
            return invalid("has no account");
        }
        let kind = match (service, resource.split_once('/')) {
            ("iam", None) if resource == "root" => Kind::Root,
            ("iam", Some(("user", path))) => {
                Kind::User { name: path.rsplit('/').next().unwrap_or(path).into() }
            }
            ("iam", Some(("role", role))) => {
                let start = role.rfind('/').map_or(0, |at| at + 1);
                Kind::Role {
                    name: role[start..].into(),
                    path: Some(format!("/{}", &role[..start]).into()),
                    session: None,
                }
            }
            ("iam", Some(("oidc-provider" | "saml-provider", _))) => Kind::Federated,
            ("sts", Some(("assumed-role", role))) => match role.split_once('/') {
                Some((name, session)) if !session.is_empty() => {
                    Kind::Role { name: name.into(), path: None, session: Some(session.into()) }
                }
                _ => return invalid("is not the ARN of a role's session"),
            },
            ("sts", Some(("federated-user", _))) => Kind::FederatedUser,
            _ => return invalid("is not an ARN of a principal"),
        };
        if let Kind::Role { name, .. } | Kind::User { name } = &kind
            && name.is_empty()
        {
            return invalid("has no name");
        }
        Ok(Self { text: text.into(), partition: partition.into(), account: account.into(), kind })
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How a statement of a resource-based policy names the caller, for what it grants depends on it.
///
/// Each kind is a bit, for one statement may name the caller in several ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Matched {
    /// Ways in which it certainly does.
    pub(super) certain: u8,
    /// Ways in which it does or may do.
    pub(super) possible: u8,
}

impl Matched {
    /// By the session, the user, the service, or `*`: grants by itself.
    pub(super) const DIRECT: u8 = 1;
    /// By the role: grants by itself, below the boundary and the session policies.
    pub(super) const ROLE: u8 = 2;
    /// By the account: leaves it to the account's identity-based policies.
    pub(super) const ACCOUNT: u8 = 4;

    pub(super) fn certain(kind: u8) -> Self {
        Self { certain: kind, possible: kind }
    }

    fn new(kind: u8, truth: Truth) -> Self {
        match truth {
            Truth::True => Self::certain(kind),
            Truth::Unknown => Self { certain: 0, possible: kind },
            Truth::False => Self::default(),
        }
    }

    fn or(self, other: Self) -> Self {
        Self { certain: self.certain | other.certain, possible: self.possible | other.possible }
    }

    /// Whether it names the caller in one of these ways.
    pub(super) fn truth(self, kinds: u8) -> Truth {
        if self.certain & kinds != 0 {
            Truth::True
        } else if self.possible & kinds != 0 {
            Truth::Unknown
        } else {
            Truth::False
        }
    }

    pub(super) fn any(self) -> Truth {
        self.truth(Self::DIRECT | Self::ROLE | Self::ACCOUNT)
    }
}

/// A principal that a statement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Everyone,
    /// An account, by number or by the ARN of its root, which has a partition.
    Account {
        account: Box<str>,
        partition: Option<Box<str>>,
    },
    Role {
        partition: Box<str>,
        account: Box<str>,
        path: Box<str>,
        name: Box<str>,
    },
    Session {
        partition: Box<str>,
        account: Box<str>,
        name: Box<str>,
        session: Box<str>,
    },
    User(Box<str>),
    FederatedUser(Box<str>),
    Service(Box<str>),
    Federated(Box<str>),
    CanonicalUser(Box<str>),
    /// What AWS shows in place of a principal that was deleted.
    UniqueId(Box<str>),
    /// Names nobody.
    Nobody(Box<str>),
}

impl Entry {
    /// An entry of the key `AWS`.
    pub(super) fn aws(text: &str) -> Self {
        if text == "*" {
            return Self::Everyone;
        }
        if is_account(text) {
            return Self::Account { account: text.into(), partition: None };
        }
        let unique = text.len() >= 16
            && ["AROA", "AIDA", "AGPA"].iter().any(|prefix| text.starts_with(prefix))
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if unique {
            return Self::UniqueId(text.into());
        }
        let nobody = Self::Nobody(text.into());
        match text.parse::<Principal>() {
            Ok(Principal { partition, account, kind, .. }) => match kind {
                Kind::Root => Self::Account { account, partition: Some(partition) },
                Kind::Role { name, path: Some(path), .. } => {
                    Self::Role { partition, account, path, name }
                }
                Kind::Role { name, session: Some(session), .. } => {
                    Self::Session { partition, account, name, session }
                }
                Kind::User { .. } => Self::User(text.into()),
                Kind::FederatedUser => Self::FederatedUser(text.into()),
                _ => nobody,
            },
            Err(_) => nobody,
        }
    }

    /// As it is written, or nearly so.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Everyone => "*".into(),
            Self::Account { account, partition: None } => (&**account).into(),
            Self::Account { account, partition: Some(partition) } => {
                format!("arn:{partition}:iam::{account}:root").into()
            }
            Self::Role { partition, account, path, name } => {
                format!("arn:{partition}:iam::{account}:role{path}{name}").into()
            }
            Self::Session { partition, account, name, session } => {
                format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}").into()
            }
            Self::User(text)
            | Self::FederatedUser(text)
            | Self::Service(text)
            | Self::Federated(text)
            | Self::CanonicalUser(text)
            | Self::UniqueId(text)
            | Self::Nobody(text) => (&**text).into(),
        }
    }

    pub(super) fn matches(&self, caller: &Principal) -> Matched {
        let direct = |matches: bool| Matched::new(Matched::DIRECT, Truth::of(matches));
        let home =
            |other: &str, account: &str| *other == *caller.partition && *account == *caller.account;
        match self {
            Self::Everyone => Matched::certain(Matched::DIRECT),
            Self::Account { account, partition } => {
                let matches = *account == caller.account
                    && caller.has_identity()
                    && partition.as_ref().is_none_or(|partition| *partition == caller.partition);
                Matched::new(Matched::ACCOUNT, Truth::of(matches))
            }
            Self::Role { partition, account, path, name } => {
                let Kind::Role { name: caller_name, path: caller_path, .. } = &caller.kind else {
                    return Matched::default();
                };
                let matches = name == caller_name
                    && home(partition, account)
                    && caller_path.as_ref().is_none_or(|caller_path| path == caller_path);
                Matched::new(Matched::ROLE, Truth::of(matches))
            }
            Self::Session { partition, account, name, session } => {
                let Kind::Role { name: caller_name, session: caller_session, .. } = &caller.kind
                else {
                    return Matched::default();
                };
                if name != caller_name || !home(partition, account) {
                    return Matched::default();
                }
                let truth = match caller_session {
                    Some(caller_session) => Truth::of(session == caller_session),
                    None => Truth::Unknown,
                };
                Matched::new(Matched::DIRECT, truth)
            }
            Self::User(text) => {
                direct(matches!(caller.kind, Kind::User { .. }) && *text == caller.text)
            }
            Self::FederatedUser(text) => {
                direct(caller.kind == Kind::FederatedUser && *text == caller.text)
            }
            Self::Service(text) => direct(caller.kind == Kind::Service && *text == caller.text),
            // One name is a service to some statements and a provider of identities to others.
            Self::Federated(text) => direct(caller.kind == Kind::Federated && *text == caller.text),
            Self::CanonicalUser(text) => {
                direct(caller.kind == Kind::CanonicalUser && *text == caller.text)
            }
            Self::UniqueId(_) | Self::Nobody(_) => Matched::default(),
        }
    }
}

/// Whether one of these names the caller, and how.
pub(super) fn any(entries: &[Entry], caller: &Principal) -> Matched {
    entries.iter().fold(Matched::default(), |matched, entry| matched.or(entry.matches(caller)))
}
