//! A request, and what is known of its context.

use super::{
    Invalid, Principal, Truth,
    arn::Resource,
    data,
    principal::{Kind, is_account},
};

/// Longest text taken, in bytes. AWS ends an ARN at 2048.
const LONGEST: usize = 8192;

/// What is known of a context key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextValue {
    /// The request has these values.
    Known(Vec<String>),
    /// The request has one value that begins like this, and nobody knows how it ends. ECS assumes
    /// roles with an `aws:SourceArn` of which only region and account can be foretold.
    Prefix(String),
    /// The request has the key with a value that nobody knows.
    UnknownValue,
    /// Nobody knows whether the request has the key.
    Unknown,
    /// The request does not have the key.
    Absent,
}

/// The context keys of a request. Their names are compared without regard to case.
///
/// A key that was not set is absent from the request, unless [`Context::rest_unknown`] was said.
/// A name that ends with `/*`, for instance `aws:PrincipalTag/*`, stands for the keys of the family
/// that were not set themselves.
///
/// The request itself tells `aws:PrincipalArn`, `aws:PrincipalAccount`, `aws:PrincipalType`,
/// `aws:PrincipalIsAWSService`, `aws:PrincipalServiceName`, `aws:username`, `aws:ResourceAccount`,
/// `s3:ResourceAccount` and `kms:CallerAccount`; what is set here outranks it.
///
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// By name in lower case.
    entries: Vec<Entry>,
    families: bool,
    rest_unknown: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    key: Box<str>,
    /// As it was written.
    name: Box<str>,
    value: ContextValue,
    /// Whether it follows from the request.
    derived: bool,
}

impl Context {
    /// A context without keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key. Two keys whose names differ by case only are one to AWS, but which value it then
    /// takes is not documented: unknown.
    pub fn set(&mut self, name: &str, value: ContextValue) {
        self.insert(name, value, false);
    }

    /// Sets a key to one value.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, ContextValue::Known(vec![value.into()]));
        self
    }

    /// Says that nobody knows whether the request has this key.
    pub fn with_unknown(mut self, name: &str) -> Self {
        self.set(name, ContextValue::Unknown);
        self
    }

    /// Says that keys that are not set are unknown, not absent.
    pub fn rest_unknown(mut self) -> Self {
        self.rest_unknown = true;
        self
    }

    fn insert(&mut self, name: &str, value: ContextValue, derived: bool) {
        let key = name.to_lowercase();
        self.families |= key.ends_with("/*");
        match self.entries.binary_search_by(|entry| (*entry.key).cmp(&key)) {
            Ok(at) => {
                let entry = &mut self.entries[at];
                if derived && !entry.derived {
                    return;
                }
                let differs = !derived && !entry.derived && *entry.name != *name;
                entry.value = if differs && entry.value != value {
                    ContextValue::UnknownValue
                } else {
                    value
                };
                entry.name = name.into();
                entry.derived = derived;
            }
            Err(at) => self
                .entries
                .insert(at, Entry { key: key.into(), name: name.into(), value, derived }),
        }
    }

    fn find(&self, key: &str) -> Option<&Entry> {
        let find = |key: &str| {
            let at = self.entries.binary_search_by(|entry| (*entry.key).cmp(key)).ok()?;
            Some(&self.entries[at])
        };
        find(key).or_else(|| {
            let (family, _) = if self.families { key.split_once('/')? } else { return None };
            find(&format!("{family}/*"))
        })
    }

    /// What is known of a key, whose name is in lower case.
    pub(super) fn get(&self, key: &str) -> &ContextValue {
        match self.find(key) {
            // A key without values is no key.
            Some(Entry { value: ContextValue::Known(values), .. }) if values.is_empty() => {
                &ContextValue::Absent
            }
            Some(entry) => &entry.value,
            None if self.rest_unknown => &ContextValue::Unknown,
            None => &ContextValue::Absent,
        }
    }

    /// The keys that begin like this, in lower case, and what is known of them.
    pub(super) fn starting<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a ContextValue)> {
        self.entries
            .iter()
            .filter_map(move |entry| Some((entry.key.strip_prefix(prefix)?, &entry.value)))
    }

    pub(super) fn is_rest_unknown(&self) -> bool {
        self.rest_unknown
    }

    /// The name of a key as the caller wrote it.
    pub(super) fn name<'a>(&'a self, key: &str, otherwise: &'a str) -> &'a str {
        match self.find(key) {
            Some(entry) if *entry.key == *key => &entry.name,
            _ => otherwise,
        }
    }
}

/// May this principal do this to that, under these circumstances?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub(super) principal: Principal,
    action: Box<str>,
    pub(super) lower_action: Box<str>,
    pub(super) resource: Resource,
    /// The form in which AWS may name the resource as well.
    pub(super) other_resource: Option<Resource>,
    owner: Option<Box<str>>,
    pub(super) context: Context,
    pub(super) traits: Traits,
}

/// What the rules want to know of a request, once.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Traits {
    pub(super) kms: bool,
    /// Whether it assumes a role.
    pub(super) trust: bool,
    /// Whether the resource belongs to another account than the caller.
    pub(super) cross: Truth,
    /// Whether gateway endpoints can be in its way.
    pub(super) gateway: bool,
    pub(super) service_linked: Truth,
    /// Whether it is about a key that AWS manages.
    pub(super) managed_key: bool,
    /// Whether resource control policies know its service.
    pub(super) rcp: Truth,
}

impl Request {
    /// A request for an operation on a resource: its ARN, or `*` for operations that have none.
    ///
    /// Operations that know no resources, for instance `ecr:GetAuthorizationToken`, are taken as
    /// requests for `*`, whatever the resource.
    ///
    /// # Errors
    ///
    /// The action is not `service:Operation`, or the resource is neither an ARN nor `*`.
    pub fn new(principal: Principal, action: &str, resource: &str) -> Result<Self, Invalid> {
        let shown = |text: &str| text.chars().take(200).collect::<String>();
        let well_formed = action.split_once(':').is_some_and(|(service, operation)| {
            let word = |text: &str| {
                !text.is_empty()
                    && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            };
            word(service) && word(operation)
        });
        if !well_formed || action.len() > LONGEST {
            let action = shown(action);
            return Err(Invalid::new(format!("action `{action}` is not `service:Operation`")));
        }
        let lower = action.to_ascii_lowercase();
        let text = if data::is_wildcard_only(&lower) { "*" } else { resource };
        let given = Resource::new(resource).filter(|_| resource.len() <= LONGEST);
        let (Some(_), Some(resource)) = (given, Resource::new(text)) else {
            let resource = shown(resource);
            return Err(Invalid::new(format!("resource `{resource}` is neither an ARN nor `*`")));
        };
        let alias = lower.starts_with("kms:") && !lower.ends_with("alias");
        if alias && resource.rest().starts_with("alias/") {
            let resource = shown(resource.text());
            return Err(Invalid::new(format!(
                "resource `{resource}` is an alias: permissions are about the ARN of its key"
            )));
        }
        let mut request = Self {
            principal,
            action: action.into(),
            lower_action: lower.into(),
            other_resource: None,
            owner: None,
            resource,
            context: Context::default(),
            traits: Traits {
                kms: false,
                trust: false,
                cross: Truth::False,
                gateway: false,
                service_linked: Truth::False,
                managed_key: false,
                rcp: Truth::Unknown,
            },
        };
        if &*request.lower_action == "logs:createloggroup" {
            request.other_resource = request.resource.log_stream_form();
        }
        request.derive();
        Ok(request)
    }

    /// Says to which account the resource belongs. The ARNs of S3 do not tell; other ARNs without
    /// an account are taken for the caller's.
    ///
    /// # Errors
    ///
    /// It is not the number of an account.
    pub fn resource_account(mut self, account: &str) -> Result<Self, Invalid> {
        if !is_account(account) {
            let shown: String = account.chars().take(200).collect();
            return Err(Invalid::new(format!("`{shown}` is not the number of an account")));
        }
        self.owner = Some(account.into());
        self.derive();
        Ok(self)
    }

    /// Says what is known of the context.
    pub fn context(mut self, context: Context) -> Self {
        self.context = context;
        self.derive();
        self
    }

    /// The caller.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The action, as it was given.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The resource: an ARN, or `*`.
    pub fn resource(&self) -> &str {
        self.resource.text()
    }

    /// The service's part of the action, in lower case.
    pub(super) fn service(&self) -> &str {
        self.lower_action.split_once(':').map_or("", |(service, _)| service)
    }

    /// The operation's part of the action, in lower case.
    pub(super) fn operation(&self) -> &str {
        self.lower_action.split_once(':').map_or("", |(_, operation)| operation)
    }

    /// The same request for the resource's other form.
    pub(super) fn for_other_resource(&self) -> Option<Self> {
        let resource = self.other_resource.clone()?;
        Some(Self { resource, other_resource: None, ..self.clone() })
    }

    /// Draws the conclusions of what was given.
    fn derive(&mut self) {
        if let ContextValue::Known(arns) = self.context.get("aws:principalarn")
            && let [arn] = &arns[..]
        {
            let arn = arn.clone();
            self.principal.learn_role(&arn);
        }
        let one = |value: &str| ContextValue::Known(vec![value.to_owned()]);
        let mut derived: Vec<(&str, ContextValue)> = Vec::new();
        let caller = &self.principal;
        let service = self.service();
        let kms = service == "kms";
        let caller_is_service = caller.kind == Kind::Service;
        derived.push((
            "aws:PrincipalIsAWSService",
            one(if caller_is_service { "true" } else { "false" }),
        ));
        if caller_is_service {
            derived.push(("aws:PrincipalServiceName", one(caller.as_str())));
        }
        let kind = match &caller.kind {
            Kind::User { name } => {
                derived.push(("aws:username", one(name)));
                Some("User")
            }
            Kind::Role { .. } => Some("AssumedRole"),
            Kind::FederatedUser => Some("FederatedUser"),
            Kind::Root => Some("Account"),
            Kind::Anonymous => Some("Anonymous"),
            Kind::Service | Kind::Federated | Kind::CanonicalUser => None,
        };
        if let Some(kind) = kind {
            derived.push(("aws:PrincipalType", one(kind)));
        }
        if caller.has_identity()
            && let Some(account) = caller.account()
        {
            derived.push(("aws:PrincipalAccount", one(account)));
            if kms {
                derived.push(("kms:CallerAccount", one(account)));
            }
            derived.push((
                "aws:PrincipalArn",
                caller.principal_arn().map_or(ContextValue::UnknownValue, |arn| one(&arn)),
            ));
        }
        let owner = self.owner.as_deref().or_else(|| self.resource.account());
        let said = match self.context.get("aws:resourceaccount") {
            ContextValue::Known(accounts) if owner.is_none() => match &accounts[..] {
                [account] => Some(account.as_str()),
                _ => None,
            },
            _ => None,
        };
        let home = caller.account();
        let cross = match (owner.or(said), home) {
            (Some(owner), Some(home)) => Truth::of(owner != home),
            (None, Some(_)) if service == "s3" && self.resource.text() != "*" => Truth::Unknown,
            _ => Truth::False,
        };
        let owner = owner.or(said).or(home.filter(|_| cross == Truth::False)).map(str::to_owned);
        if let Some(owner) = &owner {
            derived.push(("aws:ResourceAccount", one(owner)));
            if service == "s3" {
                derived.push(("s3:ResourceAccount", one(owner)));
            }
        } else {
            derived.push(("aws:ResourceAccount", ContextValue::UnknownValue));
        }
        let assumes = matches!(
            &*self.lower_action,
            "sts:assumerole"
                | "sts:assumerolewithsaml"
                | "sts:assumerolewithwebidentity"
                | "sts:tagsession"
                | "sts:setsourceidentity"
        );
        let aliases = ["kms:resourcealiases", "kms:requestalias"];
        let managed_key = kms
            && aliases.iter().any(|key| match self.context.get(key) {
                ContextValue::Known(aliases) => {
                    aliases.iter().any(|alias| alias.starts_with("alias/aws/"))
                }
                _ => false,
            });
        self.traits = Traits {
            kms,
            trust: assumes && self.resource.is_role(),
            cross,
            gateway: matches!(service, "s3" | "dynamodb"),
            service_linked: caller.service_linked(),
            managed_key,
            rcp: data::rcp_supported(service),
        };
        for (name, value) in derived {
            self.context.insert(name, value, true);
        }
    }
}
