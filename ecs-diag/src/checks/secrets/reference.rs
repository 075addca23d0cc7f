//! What the task's `valueFrom`s and registry credentials refer to.

use std::collections::HashMap;

use crate::{
    Phase,
    aws::{Arn, secretsmanager::DescribeSecret, ssm::DescribeParameters, ssm::ParameterFilter},
    case::Case,
    checks::definition,
    facts::Missing,
    finding::{Finding, Resource},
};

/// A place in the task definition that refers to a secret or parameter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mention {
    /// Container.
    pub(super) container: String,
    /// JSON pointer in the task definition.
    pub(super) pointer: String,
    /// The reference as it stands there.
    pub(super) text: String,
    /// What stands behind the secret's ARN: `:json-key:version-stage:version-id`, or nothing.
    pub(super) tail: String,
    /// Whether it is the credentials of a private registry.
    pub(super) credentials: bool,
}

/// What stands behind a secret's ARN.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) json_key: Option<String>,
    pub(super) stage: Option<String>,
    pub(super) version: Option<String>,
}

impl Mention {
    /// The fields behind the secret's ARN; `None` where there are neither none nor three.
    pub(super) fn fields(&self) -> Option<Fields> {
        if self.tail.is_empty() {
            return Some(Fields::default());
        }
        let fields: Vec<_> = self.tail.split(':').collect();
        let ["", json_key, stage, version] = fields.as_slice() else { return None };
        let set = |field: &str| (!field.is_empty()).then(|| field.to_owned());
        Some(Fields { json_key: set(json_key), stage: set(stage), version: set(version) })
    }
}

/// A secret of Secrets Manager that the task refers to.
#[derive(Clone, Debug)]
pub(super) struct Secret {
    /// ARN without what stands behind it, or name.
    pub(super) id: String,
    /// The ARN in parts, if it is one.
    pub(super) arn: Option<Arn>,
    /// Name as the reference has it, with the six random characters of an ARN.
    pub(super) name: String,
    /// Where it is referred to, in the order of the task definition.
    pub(super) mentions: Vec<Mention>,
}

impl Secret {
    pub(super) fn request(&self) -> DescribeSecret {
        DescribeSecret { secret_id: self.id.clone() }
    }

    /// The region that it is in: that of its ARN, else the task's.
    pub(super) fn region(&self, case: &Case<'_>) -> Option<String> {
        self.arn.as_ref().map(|arn| arn.region.clone()).or_else(|| case.region().map(str::to_owned))
    }

    /// Whether it belongs to another account than the task.
    pub(super) fn is_foreign(&self, case: &Case<'_>) -> bool {
        self.arn.as_ref().is_some_and(|arn| case.account().is_some_and(|own| own != arn.account))
    }

    /// The name without `-` and six characters at its end, if a whole ARN ends like that.
    pub(super) fn bare_name(&self) -> Option<&str> {
        self.arn.as_ref()?;
        let (name, suffix) = self.name.rsplit_once('-')?;
        let random = suffix.len() == 6 && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (random && !name.is_empty()).then_some(name)
    }

    /// The secret as the object at fault.
    pub(super) fn resource(&self) -> Resource {
        let resource = Resource::new("AWS::SecretsManager::Secret", self.name.clone());
        if self.arn.is_some() { resource.arn(self.id.clone()) } else { resource }
    }

    /// A finding about it: the phase that it stops, and the names that a message has for it.
    pub(super) fn finding(&self, finding: Finding) -> Finding {
        let only_credentials = self.mentions.iter().all(|mention| mention.credentials);
        let phase = if only_credentials { Phase::Auth } else { Phase::Secrets };
        let finding = finding.resource(self.resource()).phase(phase).named(self.id.clone());
        let finding = match self.bare_name() {
            Some(name) => finding.named(name),
            None => finding,
        };
        named(finding, &self.mentions)
    }

    /// "container `app`" or "containers `app`, `worker`".
    pub(super) fn named_by(&self) -> String {
        named_by(&self.mentions)
    }
}

/// A parameter of Systems Manager that the task refers to.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    /// Name, without selector of version or label.
    pub(super) name: String,
    /// The ARN in parts, if the reference is one.
    pub(super) arn: Option<Arn>,
    /// Where it is referred to, in the order of the task definition.
    pub(super) mentions: Vec<Mention>,
}

impl Parameter {
    /// Every name that the reference can mean.
    fn names(&self) -> Vec<String> {
        let mut names = vec![self.name.clone()];
        // The ARN of `/x` and of `x` is the same.
        if self.arn.is_some() && !self.name.contains('/') {
            names.push(format!("/{}", self.name));
        }
        names
    }

    /// Asks for the parameter, under every name that the reference can mean.
    pub(super) fn request(&self) -> DescribeParameters {
        let values = self.names();
        DescribeParameters {
            parameter_filters: vec![ParameterFilter { key: "Name", option: "Equals", values }],
        }
    }

    /// The region that it is in: that of its ARN, else the task's.
    pub(super) fn region(&self, case: &Case<'_>) -> Option<String> {
        self.arn.as_ref().map(|arn| arn.region.clone()).or_else(|| case.region().map(str::to_owned))
    }

    /// The parameter as the object at fault.
    pub(super) fn resource(&self, case: &Case<'_>) -> Resource {
        let resource = Resource::new("AWS::SSM::Parameter", self.name.clone());
        let (Some(region), Some(account)) = (self.region(case), case.account()) else {
            return resource;
        };
        resource.arn(format!(
            "arn:{}:ssm:{region}:{account}:parameter/{}",
            case.partition(),
            self.name.trim_start_matches('/')
        ))
    }

    /// A finding about it, with the names that a message has for it.
    pub(super) fn finding(&self, case: &Case<'_>, finding: Finding) -> Finding {
        let finding = finding.resource(self.resource(case));
        named(self.names().into_iter().fold(finding, Finding::named), &self.mentions)
    }

    /// "container `app`" or "containers `app`, `worker`".
    pub(super) fn named_by(&self) -> String {
        named_by(&self.mentions)
    }
}

/// A reference that names nothing ECS can read.
#[derive(Clone, Debug)]
pub(super) struct Malformed {
    pub(super) text: String,
    /// What is wrong with it.
    pub(super) why: String,
    pub(super) mentions: Vec<Mention>,
}

impl Malformed {
    /// "container `app`" or "containers `app`, `worker`".
    pub(super) fn named_by(&self) -> String {
        named_by(&self.mentions)
    }
}

/// Everything that the task refers to, each thing once, in the order of the task definition.
#[derive(Clone, Debug, Default)]
pub(super) struct References {
    pub(super) secrets: Vec<Secret>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) malformed: Vec<Malformed>,
    /// What each is told apart by, and its place in its list.
    places: HashMap<String, usize>,
}

impl References {
    pub(super) fn of(case: &Case<'_>) -> Result<Self, Missing> {
        let mut references = Self::default();
        for (index, container) in case.definition()?.container_definitions.iter().enumerate() {
            let at = format!("/containerDefinitions/{index}");
            let log = container.log_configuration.as_ref();
            let secrets = container.secrets.iter().enumerate().map(|(place, secret)| {
                (format!("{at}/secrets/{place}/valueFrom"), &secret.value_from)
            });
            let options = log.into_iter().flat_map(|log| log.secret_options.iter().enumerate());
            let options = options.map(|(place, secret)| {
                (
                    format!("{at}/logConfiguration/secretOptions/{place}/valueFrom"),
                    &secret.value_from,
                )
            });
            for (pointer, text) in secrets.chain(options) {
                references.add(&container.name, pointer, text.as_deref().unwrap_or(""), false);
            }
            if let Some(credentials) = &container.repository_credentials {
                let pointer = format!("{at}/repositoryCredentials/credentialsParameter");
                let text = credentials.credentials_parameter.as_deref().unwrap_or("");
                references.add(&container.name, pointer, text, true);
            }
        }
        Ok(references)
    }

    /// The place of what has this key in its list; `next`, and kept, where it is new.
    fn place(&mut self, key: String, next: usize) -> usize {
        *self.places.entry(key).or_insert(next)
    }

    fn add(&mut self, container: &str, pointer: String, text: &str, credentials: bool) {
        let mut mention = Mention {
            container: container.to_owned(),
            pointer,
            text: text.to_owned(),
            tail: String::new(),
            credentials,
        };
        match read(text, credentials) {
            Read::Secret { id, arn, name } => {
                text[id.len()..].clone_into(&mut mention.tail);
                let place = self.place(format!("secret {id}"), self.secrets.len());
                match self.secrets.get_mut(place) {
                    Some(secret) => secret.mentions.push(mention),
                    None => self.secrets.push(Secret { id, arn, name, mentions: vec![mention] }),
                }
            }
            Read::Parameter { name, arn } => {
                let home = arn.as_ref().map(|arn| (&arn.region, &arn.account));
                let place = self.place(format!("parameter {home:?} {name}"), self.parameters.len());
                match self.parameters.get_mut(place) {
                    Some(parameter) => parameter.mentions.push(mention),
                    None => self.parameters.push(Parameter { name, arn, mentions: vec![mention] }),
                }
            }
            Read::Malformed(why) => {
                let place = self.place(format!("malformed {text}"), self.malformed.len());
                match self.malformed.get_mut(place) {
                    Some(malformed) => malformed.mentions.push(mention),
                    None => self.malformed.push(Malformed {
                        text: text.to_owned(),
                        why,
                        mentions: vec![mention],
                    }),
                }
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Read {
    Secret { id: String, arn: Option<Arn>, name: String },
    Parameter { name: String, arn: Option<Arn> },
    Malformed(String),
}

/// Reads a reference. A bare word is a parameter's name, but a secret's as registry credentials.
fn read(text: &str, credentials: bool) -> Read {
    let malformed = |why: &str| Read::Malformed(why.to_owned());
    if text.trim().is_empty() {
        return malformed("it is empty");
    }
    if !text.starts_with("arn:") {
        return if credentials {
            Read::Secret { id: text.to_owned(), arn: None, name: text.to_owned() }
        } else {
            Read::Parameter { name: without_selector(text).to_owned(), arn: None }
        };
    }
    let Ok(arn) = text.parse::<Arn>() else { return malformed("it is not a whole ARN") };
    match arn.service.as_str() {
        "secretsmanager" => {
            let Some(rest) = arn.resource.strip_prefix("secret:") else {
                return malformed("it is an ARN of Secrets Manager, but not of a secret");
            };
            let name = rest.split(':').next().unwrap_or("").to_owned();
            if name.is_empty() || arn.region.is_empty() {
                return malformed("it is an ARN of Secrets Manager without Region or name");
            }
            // Registry credentials are handed to Secrets Manager as they are.
            let end = if credentials { text.len() } else { text.len() - rest.len() + name.len() };
            Read::Secret { id: text[..end].to_owned(), arn: Some(arn), name }
        }
        "ssm" if !credentials => {
            let Some(rest) = arn.resource.strip_prefix("parameter/") else {
                return malformed("it is an ARN of Systems Manager, but not of a parameter");
            };
            let rest = without_selector(rest);
            if rest.is_empty() || arn.region.is_empty() {
                return malformed("it is an ARN of Systems Manager without Region or name");
            }
            // Names with a hierarchy begin with a slash, which the ARN shows once.
            let slash = if rest.contains('/') { "/" } else { "" };
            Read::Parameter { name: format!("{slash}{rest}"), arn: Some(arn) }
        }
        service => Read::Malformed(format!(
            "it is an ARN of `{service}`, but only {} can be named there",
            if credentials {
                "secrets of Secrets Manager"
            } else {
                "secrets of Secrets Manager and parameters of Systems Manager"
            }
        )),
    }
}

/// A parameter's name without `:version` or `:label`.
fn without_selector(name: &str) -> &str {
    name.split(':').next().unwrap_or(name)
}

fn named(mut finding: Finding, mentions: &[Mention]) -> Finding {
    for mention in mentions {
        if !finding.names.contains(&mention.text) {
            finding = finding.named(mention.text.clone());
        }
    }
    finding
}

fn named_by(mentions: &[Mention]) -> String {
    definition::containers(mentions.iter().map(|mention| mention.container.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf";

    fn secret(text: &str, credentials: bool) -> (String, String) {
        match read(text, credentials) {
            Read::Secret { id, name, .. } => (id, name),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn parameter(text: &str) -> String {
        match read(text, false) {
            Read::Parameter { name, .. } => name,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn an_arn_of_a_secret_ends_before_its_fields() {
        for tail in ["", ":password::", ":::", ":password", "::AWSPREVIOUS:"] {
            let text = format!("{SECRET}{tail}");
            assert_eq!(secret(&text, false), (SECRET.to_owned(), "shop/db-AbCdEf".to_owned()));
        }
        let with_fields = format!("{SECRET}:password::");
        assert_eq!(secret(&with_fields, true).0, with_fields);
        assert_eq!(secret("shop/registry", true).0, "shop/registry");
    }

    #[test]
    fn a_parameter_is_named_by_name_or_arn() {
        assert_eq!(parameter("shop/db"), "shop/db");
        assert_eq!(parameter("/shop/flag"), "/shop/flag");
        assert_eq!(parameter("/shop/flag:3"), "/shop/flag");
        let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter";
        assert_eq!(parameter(&format!("{arn}/shop/flag")), "/shop/flag");
        assert_eq!(parameter(&format!("{arn}/flag:prod")), "flag");
    }

    #[test]
    fn whatever_else_is_malformed() {
        for (text, credentials) in [
            ("", false),
            (" ", true),
            ("arn:aws:s3:::bucket/key", false),
            ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:", false),
            ("arn:aws:secretsmanager::111122223333:secret:x", false),
            ("arn:aws:secretsmanager:eu-west-1:111122223333:parameter/x", false),
            ("arn:aws:ssm:eu-west-1:111122223333:document/x", false),
            ("arn:aws:ssm:eu-west-1:111122223333:parameter/", false),
            ("arn:aws:ssm:eu-west-1:111122223333:parameter/x", true),
            ("arn:aws:secretsmanager", false),
        ] {
            assert!(matches!(read(text, credentials), Read::Malformed(_)), "{text}");
        }
    }

    #[test]
    fn fields_are_none_or_three() {
        let fields = |tail: &str| {
            Mention {
                container: String::new(),
                pointer: String::new(),
                text: String::new(),
                tail: tail.to_owned(),
                credentials: false,
            }
            .fields()
        };
        assert_eq!(fields(""), Some(Fields::default()));
        assert_eq!(fields(":::"), Some(Fields::default()));
        assert_eq!(fields(":k:AWSPREVIOUS:").unwrap().stage.as_deref(), Some("AWSPREVIOUS"));
        assert_eq!(fields(":k:s:v").unwrap().version.as_deref(), Some("v"));
        for tail in [":k", ":", ":k:", ":k:s:v:"] {
            assert_eq!(fields(tail), None, "{tail}");
        }
    }
}
