//! What a text names: principals, hosts, images, codes.
//!
//! Nothing is searched for here; the matcher's single pass has found where each value begins.

use std::{collections::BTreeMap, net::IpAddr};

use super::{matcher::Found, text::Text};

/// Longer values are cut: no name, ARN or URL that AWS accepts is.
const LONGEST: usize = 2048;

macro_rules! anchors {
    ($($name:ident = [$($literal:literal),+],)+) => {
        /// A place behind which a parameter begins.
        #[derive(Clone, Copy, Debug)]
        pub(super) enum Anchor {
            $($name,)+
        }

        impl Anchor {
            pub(super) const ALL: &'static [Self] = &[$(Self::$name,)+];

            pub(super) const fn literals(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$($literal),+],)+
                }
            }
        }
    };
}

anchors! {
    Arn = ["arn:aws"],
    Attempts = ["retried "],
    AttemptsV2 = ["exceeded maximum number of attempts, "],
    Action = ["is not authorized to perform: "],
    Agent = ["efs utils", "mount.nfs4", "mount.efs"],
    ApiError = ["api error ("],
    AsmContext = ["secrets manager", "from asm", "https://secretsmanager."],
    Because = ["because no ", "explicit deny in a ", "explicit deny in an "],
    CapacityProvider = ["for capacity provider "],
    Cluster = [":cluster/"],
    Chown = ["failed to chown "],
    Dependency = ["container ordering dependency ["],
    Deployment = ["ecs-svc/"],
    Dial = ["dial tcp", "dial udp"],
    EcrAuth = ["registry auth from amazon ecr", "ecr registry auth", "operation error ecr: "],
    Elb = ["(elb "],
    EnvFile = ["env file", "environment variable file", "between the task and amazon s3"],
    Exec = ["exec: \"", "exec: '"],
    ExitCode = ["exit code: ", "exit code ", "exitcode: ", "exitcode=", "exited with code ", "exited with code: ", "exited with status ", "exited (", "exit status "],
    ExplicitDeny = ["explicit deny"],
    FileSystem = ["fs-"],
    From = ["read tcp ", "write tcp "],
    Image = ["failed to resolve ref ", "failed to resolve reference ", "pull access denied for ", "manifest for ", "related to ", "repo digest matching ", "reference with image ", "repository with name "],
    ImageRepository = ["api error (404): repository "],
    ImageQuoted = ["the task cannot pull ", "the task can't pull "],
    Instance = ["container-instance ", "(instance "],
    InvalidParameters = ["invalid ssm parameters: ", "invalid parameters: "],
    JsonKey = ["did not contain json key "],
    Kms = ["access to kms", "decryptionfailure", "https://kms."],
    LogGroup = ["log-group:"],
    Logs = ["amazon cloudwatch", "logger args", "awslogs", "cloudwatch log", "https://logs."],
    Lookup = ["lookup "],
    MountSource = ["mounting \"", "mounting '"],
    Mounting = ["while mounting ", "mount.nfs4: mounting "],
    MountingTo = [".amazonaws.com:/"],
    NoSuchHost = ["no such host"],
    Platform = ["matching platform ", "no matching manifest for "],
    Proxy = ["x509:", "proxyconnect"],
    Region = ["in region ", "parameter store in "],
    RegistryPath = ["/v2/"],
    RequestId = ["requestid: ", "request id: "],
    Resolve = ["failed to resolve \"", "failed to resolve '"],
    Resource = ["on resource: "],
    RoleArn = ["assume the role '", "infrastructure role '", "assume the role \""],
    Secret = ["failed to fetch secret ", ": secret ", "the secret with arn "],
    Ssm = ["from ssm", "systems manager", "ssm parameter", "https://ssm."],
    Starport = ["starport", "redacted ecr url"],
    Stat = ["stat "],
    StatusCode = ["statuscode: ", "status code: "],
    Subnet = ["subnet-"],
    Target = ["target-group "],
    TargetGroup = [":targetgroup/"],
    Task = ["(task "],
    TaskArn = [":task/"],
    Unexpected = ["unexpected status", "failed with status code"],
    Url = ["https://", "http://"],
    User = ["user: arn:aws"],
}

pub(super) type Parameters = BTreeMap<&'static str, String>;

pub(super) fn extract(text: &Text, found: &Found, answered: Option<bool>) -> Parameters {
    let mut out = Out { text, found, values: Parameters::new() };
    out.iam();
    out.network();
    out.images();
    out.secrets();
    out.storage_and_logs();
    out.ecs();
    out.codes();
    out.service();
    out.region();
    if let Some(answered) = answered {
        out.put("answered", if answered { "true" } else { "false" });
    }
    out.values
}

/// A value, and whether the text goes on behind it; one that ends with the text may be cut.
#[derive(Clone, Copy)]
struct Token<'a> {
    value: &'a str,
    closed: bool,
}

impl<'a> Token<'a> {
    fn complete(self) -> Option<&'a str> {
        (self.closed && !self.value.is_empty()).then_some(self.value)
    }

    /// Values that must look finished where the text ends with them.
    fn or_if(self, finished: impl FnOnce(&str) -> bool) -> Option<&'a str> {
        ((self.closed || finished(self.value)) && !self.value.is_empty()).then_some(self.value)
    }
}

struct Out<'a> {
    text: &'a Text,
    found: &'a Found,
    values: Parameters,
}

impl<'a> Out<'a> {
    fn put(&mut self, name: &'static str, value: &str) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        let value = &value[..value.floor_char_boundary(LONGEST)];
        self.values.entry(name).or_insert_with(|| value.to_owned());
    }

    fn maybe(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    fn rest(&self, at: usize) -> &'a str {
        self.text.plain.get(at..).unwrap_or_default()
    }

    fn lower(&self, at: usize) -> &'a str {
        self.text.lower.get(at..).unwrap_or_default()
    }

    /// What comes behind the first occurrence of an anchor.
    fn behind(&self, anchor: Anchor) -> Option<&'a str> {
        self.found.first(anchor).map(|at| self.rest(at))
    }

    /// The ARN whose `arn:aws` ends here.
    fn arn(&self, at: usize) -> Token<'a> {
        token(self.rest(at - "arn:aws".len()))
    }

    fn iam(&mut self) {
        if let Some(at) = self.found.first(Anchor::User) {
            let principal = self.arn(at);
            if let Some(principal) = principal.complete() {
                self.put("principal", principal);
                let mut parts = principal.splitn(6, ':');
                let name = parts.nth(5).and_then(|rest| {
                    rest.strip_prefix("assumed-role/")
                        .and_then(|rest| rest.split('/').next())
                        .or_else(|| {
                            rest.strip_prefix("role/").and_then(|rest| rest.rsplit('/').next())
                        })
                });
                self.maybe("role", name);
            }
        }
        if let Some(at) = self.found.first(Anchor::Action) {
            let action = token(self.rest(at));
            let known = |action: &str| action.contains(':');
            self.maybe("action", action.complete().filter(|action| known(action)));
            if let Some(rest) = self.behind(Anchor::Resource) {
                let resource = token(rest)
                    .or_if(|arn| arn == "*" || arn.splitn(6, ':').nth(5).is_some_and(whole));
                self.maybe("resource", resource);
            }
        }
        if let Some(at) = self.found.first(Anchor::Because) {
            let rest = self.lower(at);
            let layer = LAYERS.iter().find(|(words, _)| rest.starts_with(words));
            if let Some((_, layer)) = layer {
                self.put("layer", layer);
                if !self.found.has(Anchor::ExplicitDeny) {
                    self.put("deny", "implicit");
                }
            }
        }
        if self.found.has(Anchor::ExplicitDeny) {
            self.put("deny", "explicit");
        }
        if let Some(rest) = self.behind(Anchor::RoleArn) {
            let end = rest.find(['\'', '"']);
            self.maybe("role_arn", end.map(|end| &rest[..end]));
        }
    }

    fn network(&mut self) {
        if let Some(at) = self.found.first(Anchor::Dial) {
            let rest = self.rest(at).trim_start_matches(['4', '6']);
            let rest = rest.trim_start_matches([':', ' ']);
            if !rest.starts_with("lookup ") {
                self.address(rest);
            }
        } else if let Some(rest) = self.behind(Anchor::From) {
            // read tcp <own address>-><other address>: …
            let near = &rest[..rest.floor_char_boundary(128)];
            if let Some((_, other)) = near.split_once("->") {
                self.address(other);
            }
        }
        if let Some(rest) = self.behind(Anchor::Lookup) {
            let host = token(rest);
            if let Some(value) = host.complete().filter(|host| is_host(host)) {
                let after = rest[value.len()..].trim_start_matches([' ', ':', '"', '\'']);
                if self.found.has(Anchor::Dial) || self.found.has(Anchor::NoSuchHost) {
                    self.put("host", value);
                    if let Some(on) = after.strip_prefix("on ") {
                        let address = token(on).value;
                        let ip = split_port(address).0;
                        if ip.parse::<IpAddr>().is_ok() {
                            self.put("resolver", ip);
                        }
                    }
                }
            }
        }
        for at in self.found.all(Anchor::Url) {
            let rest = self.rest(*at);
            let end = rest.find(|c: char| {
                !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'))
            });
            let authority = &rest[..end.unwrap_or(rest.len())];
            let authority = authority.trim_end_matches([':', '.']);
            let (host, port) = split_port(authority);
            let finished = end.is_some() || host.ends_with(".amazonaws.com");
            if !finished || !(is_host(host) || host.parse::<IpAddr>().is_ok()) || is_manual(host) {
                continue;
            }
            self.put("host", host);
            if self.values.get("host").is_some_and(|first| first == host) {
                self.maybe("port", port.filter(|port| port.parse::<u16>().is_ok()));
            }
            break;
        }
        if let Some(rest) = self.behind(Anchor::Resolve) {
            let host = token(rest);
            self.maybe("host", host.complete().filter(|host| is_host(host)));
        }
    }

    /// `10.0.0.2:53`, `[2001:db8::1]:443` or `host:443`.
    fn address(&mut self, rest: &str) {
        let address = token(rest);
        let Some(value) = address.complete() else { return };
        let (host, port) = split_port(value);
        if host.parse::<IpAddr>().is_ok() {
            self.put("ip", host);
        } else if is_host(host) && port.is_some() {
            self.put("host", host);
        }
        if self.has("ip") || self.has("host") {
            self.maybe("port", port.filter(|port| port.parse::<u16>().is_ok()));
        }
    }

    fn images(&mut self) {
        let image = self
            .found
            .all(Anchor::Image)
            .iter()
            .chain(self.found.all(Anchor::ImageRepository))
            .map(|at| token(self.rest(*at)))
            .chain(self.found.all(Anchor::ImageQuoted).iter().filter_map(|at| {
                let rest = self.rest(*at);
                let value = token(rest);
                let after = rest.get(value.value.len()..)?;
                after.trim_start_matches(['\'', '"']).starts_with(" from ").then_some(value)
            }))
            .find(|image| is_image(image.value));
        if let Some(image) = image {
            let Some(value) = image.or_if(|image| {
                image.rsplit_once("@sha256:").is_some_and(|(_, digest)| digest.len() == 64)
            }) else {
                return;
            };
            self.image(value);
        } else if let Some(value) =
            self.found.all(Anchor::RegistryPath).iter().find_map(|at| manifest_url(self.rest(*at)))
        {
            let (repository, reference) = value;
            self.put("repository", repository);
            if reference.starts_with("sha256:") {
                if reference.len() == "sha256:".len() + 64 {
                    self.put("digest", reference);
                }
            } else {
                self.put("tag", reference);
            }
            let host = self.values.get("host").cloned();
            self.maybe("registry", host.as_deref());
        } else if self.found.has(Anchor::RegistryPath) {
            let host = self.values.get("host").cloned();
            self.maybe("registry", host.as_deref());
        }
        if let Some(rest) = self.behind(Anchor::Platform) {
            let platform = token(rest);
            let known = |platform: &str| platform.contains('/');
            self.maybe("platform", platform.complete().filter(|value| known(value)));
        }
    }

    fn image(&mut self, value: &str) {
        self.put("image", value);
        let (name, digest) = match value.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (value, None),
        };
        self.maybe("digest", digest);
        let slash = name.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match name[slash..].find(':') {
            Some(colon) => (&name[..slash + colon], Some(&name[slash + colon + 1..])),
            None => (name, None),
        };
        self.maybe("tag", tag);
        match name.split_once('/') {
            Some((host, repository)) if host.contains(['.', ':']) || host == "localhost" => {
                self.put("registry", host);
                self.put("repository", repository);
            }
            _ => self.put("repository", name),
        }
    }

    fn secrets(&mut self) {
        let arn = self
            .found
            .all(Anchor::Arn)
            .iter()
            .map(|at| self.arn(*at))
            .find(|arn| arn.value.contains(":secretsmanager:"))
            .and_then(Token::complete);
        self.maybe("secret", arn);
        if let Some(rest) = self.behind(Anchor::Secret) {
            // Behind the bare word a name is only meant where a reason follows.
            let name = token(rest);
            let follows = rest.get(name.value.len()..).is_some_and(|after| {
                after.starts_with(':') || after.starts_with(" from ") || after.starts_with('\'')
            });
            self.maybe("secret", name.complete().filter(|_| follows));
        }
        if let Some(rest) = self.behind(Anchor::InvalidParameters) {
            let mut names: Vec<&str> = Vec::new();
            for word in rest.split(' ') {
                let more = word.ends_with(',');
                let word = word.trim_matches(['[', ']', ',', ';', '.', '"', '\'']);
                names.extend(word.split(',').filter(|name| !name.is_empty()));
                if !more {
                    break;
                }
            }
            self.put("parameters", &names.join(","));
        }
        if let Some(rest) = self.behind(Anchor::JsonKey) {
            self.put("json_key", token(rest).value);
        }
    }

    fn storage_and_logs(&mut self) {
        for at in self.found.all(Anchor::FileSystem) {
            let before = self.text.lower[..at - "fs-".len()].chars().next_back();
            if before.is_some_and(|c| c.is_ascii_alphanumeric()) {
                continue;
            }
            let id = hexadecimal(self.rest(*at));
            if let Some(id) = id {
                self.put("file_system", &format!("fs-{id}"));
                break;
            }
        }
        if let Some(rest) = self.behind(Anchor::MountSource).or(self.behind(Anchor::Exec)) {
            let end = rest.find(['"', '\'']);
            self.maybe("path", end.map(|end| &rest[..end]));
        }
        let mounted = self
            .behind(Anchor::Mounting)
            .map(token)
            .and_then(Token::complete)
            .and_then(|address| address.split_once(":/"))
            .map(|(_, path)| format!("/{path}"));
        self.maybe("path", mounted.as_deref());
        for anchor in [Anchor::Chown, Anchor::Stat] {
            let path = self.behind(anchor).map(token).and_then(Token::complete);
            self.maybe("path", path.filter(|path| path.starts_with(['/', '.'])));
        }
        if let Some(rest) = self.behind(Anchor::LogGroup) {
            let name = token(rest);
            let value = name.value.split(':').next().unwrap_or_default();
            if name.closed || value.len() < name.value.len() {
                self.put("log_group", value);
            }
        }
        for at in self.found.all(Anchor::Subnet) {
            if let Some(id) = hexadecimal(self.rest(*at)) {
                self.put("subnet", &format!("subnet-{id}"));
                break;
            }
        }
    }

    fn ecs(&mut self) {
        for at in self.found.all(Anchor::Instance) {
            let rest = self.rest(*at);
            let value = token(rest.trim_start_matches('(')).complete();
            self.maybe("instance", value.filter(|id| id.bytes().any(|b| b.is_ascii_digit())));
        }
        for (name, anchor) in [("cluster", Anchor::Cluster), ("task", Anchor::Task)] {
            let value = self.behind(anchor).map(token).and_then(Token::complete);
            self.maybe(name, value);
        }
        for at in self.found.all(Anchor::Arn) {
            let arn = self.arn(*at);
            if arn.value.contains(":targetgroup/") {
                self.maybe("target_group", arn.complete());
            } else if arn.value.contains(":task/") {
                let finished = |arn: &str| {
                    let id = arn.rsplit('/').next().unwrap_or_default();
                    id.len() >= 32
                };
                self.maybe("task", arn.or_if(finished));
            }
        }
        if let Some(rest) = self.behind(Anchor::Target) {
            let name = token(rest.trim_start_matches('('));
            self.maybe("target_group", name.complete());
        }
        if let Some(rest) = self.behind(Anchor::Deployment) {
            let digits = digits(rest);
            // The numbers in use have nineteen digits.
            if digits.len() >= 19 || (!digits.is_empty() && digits.len() < rest.len()) {
                self.put("deployment", &format!("ecs-svc/{digits}"));
            }
        }
        if let Some(rest) = self.behind(Anchor::Elb) {
            let name = token(rest).complete();
            self.maybe("load_balancer", name);
        }
        if let Some(rest) = self.behind(Anchor::CapacityProvider) {
            let name = token(rest).complete();
            self.maybe("capacity_provider", name);
        }
        if let Some(rest) = self.behind(Anchor::Dependency) {
            self.maybe("container", rest.split_once(']').map(|(name, _)| name));
        }
    }

    fn codes(&mut self) {
        let retried =
            self.found.all(Anchor::Attempts).iter().map(|at| self.rest(*at)).find(|rest| {
                let number = digits(rest);
                !number.is_empty() && rest[number.len()..].starts_with(" time")
            });
        let attempts = retried.or(self.behind(Anchor::AttemptsV2)).map(digits);
        self.maybe("attempts", attempts);
        let exit = self.found.all(Anchor::ExitCode).iter().find_map(|at| {
            let rest = self.rest(*at);
            let sign = usize::from(rest.starts_with('-'));
            let number = digits(&rest[sign..]);
            (1..11).contains(&number.len()).then(|| &rest[..sign + number.len()])
        });
        self.maybe("exit_code", exit);
        let stated = self
            .found
            .all(Anchor::StatusCode)
            .iter()
            .chain(self.found.all(Anchor::ApiError))
            .map(|at| digits(self.rest(*at)))
            .find(|code| *code == "0" || code.len() == 3);
        self.maybe("status_code", stated);
        if let Some(rest) = self.behind(Anchor::Unexpected) {
            // …: 403 Forbidden, behind a URL of any length.
            let near = &rest[..rest.floor_char_boundary(LONGEST)];
            let code = near
                .match_indices(": ")
                .map(|(at, _)| digits(&near[at + 2..]))
                .find(|code| code.len() == 3);
            self.maybe("status_code", code);
        }
        let id = self.found.all(Anchor::RequestId).iter().find_map(|at| {
            let rest = self.rest(*at);
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
            let id = &rest[..end.unwrap_or(rest.len())];
            let finished = end.is_some() || id.len() == 36 || id.len() == 16;
            (finished && id.len() >= 8).then_some(id)
        });
        self.maybe("request_id", id);
    }

    /// Which service the text speaks of: by host, by action, by its words.
    fn service(&mut self) {
        let by_host = self.values.get("host").and_then(|host| service_of_host(host));
        let by_action = self.values.get("action").and_then(|action| {
            let (service, name) = action.split_once(':')?;
            Some(match service.to_ascii_lowercase().as_str() {
                "ecr" if name.eq_ignore_ascii_case("GetAuthorizationToken") => "ecr.api",
                "ecr" => "ecr.dkr",
                "secretsmanager" => "secretsmanager",
                "ssm" => "ssm",
                "kms" => "kms",
                "logs" => "logs",
                "s3" if self.found.has(Anchor::Starport) => "s3-layer",
                "s3" if self.found.has(Anchor::EnvFile) => "s3-env",
                "sts" => "sts",
                "elasticfilesystem" => "efs",
                "ssmmessages" => "ssmmessages",
                _ => return None,
            })
        });
        let by_registry = || {
            let registry = self.values.get("registry")?;
            Some(if registry.contains(".dkr.ecr.") { "ecr.dkr" } else { "registry" })
        };
        let by_words = || {
            [
                (Anchor::Kms, "kms"),
                (Anchor::Starport, "s3-layer"),
                (Anchor::EcrAuth, "ecr.api"),
                (Anchor::EnvFile, "s3-env"),
                (Anchor::Logs, "logs"),
                (Anchor::AsmContext, "secretsmanager"),
                (Anchor::Ssm, "ssm"),
                (Anchor::Agent, "efs"),
            ]
            .into_iter()
            .find_map(|(anchor, service)| self.found.has(anchor).then_some(service))
        };
        let by_host = match by_host {
            // Plain S3 is used for environment files and for layers.
            Some("s3") => Some(if self.found.has(Anchor::EnvFile) { "s3-env" } else { "s3-layer" }),
            Some("registry") if !self.found.has(Anchor::RegistryPath) => None,
            other => other,
        };
        let service = by_action.or(by_host).or_else(by_registry).or_else(by_words);
        self.maybe("service", service);
    }

    fn region(&mut self) {
        let stated = self
            .found
            .all(Anchor::Region)
            .iter()
            .find_map(|at| token(self.rest(*at)).complete().filter(|region| is_region(region)));
        let of_host = |host: &String| {
            let region = host.split('.').find(|label| is_region(label))?;
            Some(region.to_owned())
        };
        let of_arn = |arn: &String| {
            let region = arn.split(':').nth(3).filter(|region| is_region(region))?;
            Some(region.to_owned())
        };
        let values = &self.values;
        let region = stated
            .map(str::to_owned)
            .or_else(|| values.get("host").and_then(of_host))
            .or_else(|| values.get("resource").and_then(of_arn))
            .or_else(|| values.get("registry").and_then(of_host))
            .or_else(|| values.get("secret").and_then(of_arn))
            .or_else(|| values.get("target_group").and_then(of_arn))
            .or_else(|| values.get("task").and_then(of_arn));
        self.maybe("region", region.as_deref());
    }
}

const LAYERS: [(&str, &str); 9] = [
    ("identity-based polic", "identity-based"),
    ("resource-based polic", "resource-based"),
    ("permissions boundar", "permissions-boundary"),
    ("permission boundar", "permissions-boundary"),
    ("service control polic", "service-control-policy"),
    ("resource control polic", "resource-control-policy"),
    ("session polic", "session-policy"),
    ("vpc endpoint polic", "vpc-endpoint"),
    ("vpc-endpoint polic", "vpc-endpoint"),
];

/// The word at the beginning, without the quotes and stops around it.
fn token(rest: &str) -> Token<'_> {
    let rest = rest.trim_start_matches(['\'', '"', '(', '[', '<', '`']);
    let end = rest.find(|c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\'' | '"' | ')' | '<' | '>' | '`' | ',' | ';')
    });
    let value = &rest[..end.unwrap_or(rest.len())];
    let trimmed = value.trim_end_matches([':', '.', ',', ';', ']']);
    // A stop or colon at the end of a text may be in the middle of a name.
    let closed = end.is_some() || value.ends_with([',', ';', ']']);
    Token { value: trimmed, closed }
}

/// Whether the last part of an ARN does not look cut.
fn whole(last: &str) -> bool {
    !last.is_empty() && !last.ends_with(['-', '/', ':', '_'])
}

fn digits(rest: &str) -> &str {
    let end = rest.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
    &rest[..end]
}

/// The hexadecimal part of an id such as `fs-0123456789abcdef0`, if it has one of the lengths in
/// use.
fn hexadecimal(rest: &str) -> Option<&str> {
    let end = rest.bytes().position(|b| !b.is_ascii_hexdigit()).unwrap_or(rest.len());
    // Eight digits at the end of a text may be half of seventeen.
    (end == 17 || end == 8 && rest.len() > end).then(|| &rest[..end])
}

/// Host and port; an IPv6 address loses its brackets.
fn split_port(address: &str) -> (&str, Option<&str>) {
    if address.parse::<IpAddr>().is_ok() {
        return (address, None);
    }
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            (host, Some(port))
        }
        _ => (address, None),
    };
    (host.trim_start_matches('[').trim_end_matches(']'), port)
}

fn is_host(host: &str) -> bool {
    host.contains('.')
        && host.len() <= 253
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        })
}

/// Addresses of documentation, which texts mention but tasks do not call.
fn is_manual(host: &str) -> bool {
    host.starts_with("docs.") || matches!(host, "www.docker.com" | "docker.com" | "repost.aws")
}

fn is_region(label: &str) -> bool {
    let mut parts = label.split('-');
    let (Some(area), Some(last)) = (parts.next(), label.rsplit('-').next()) else { return false };
    (2..=4).contains(&area.len())
        && label.split('-').count() >= 3
        && label.split('-').count() <= 4
        && last.len() == 1
        && last.bytes().all(|b| b.is_ascii_digit())
        && label
            .split('-')
            .rev()
            .skip(1)
            .all(|part| part.len() >= 2 && part.bytes().all(|b| b.is_ascii_lowercase()))
}

/// Whether a word can be an image reference rather than a word of the sentence.
fn is_image(word: &str) -> bool {
    !word.is_empty()
        && !matches!(word, "the" | "image" | "linux" | "a")
        && word.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/' | b':' | b'@' | b'*')
        })
        && word.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'*')
}

/// Repository and reference of `<repository>/manifests/<reference>`.
fn manifest_url(rest: &str) -> Option<(&str, &str)> {
    let path = token(rest).complete()?;
    let (repository, reference) =
        path.split_once("/manifests/").or_else(|| path.split_once("/blobs/"))?;
    (!repository.is_empty()).then_some((repository, reference))
}

/// The service behind a host name. `s3` and `registry` need more context.
fn service_of_host(host: &str) -> Option<&'static str> {
    let host = host.to_ascii_lowercase();
    let aws = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws", ".amazonaws.eu"]
        .iter()
        .any(|suffix| host.ends_with(suffix));
    if !aws {
        return Some("registry");
    }
    let has = |label: &str| host.split('.').any(|part| part == label);
    Some(if host.contains(".dkr.ecr.") || host.contains(".dkr-ecr.") {
        "ecr.dkr"
    } else if host.starts_with("api.ecr.") || host.starts_with("ecr.") {
        "ecr.api"
    } else if host.contains("starport") {
        "s3-layer"
    } else if has("secretsmanager") {
        "secretsmanager"
    } else if has("ssmmessages") {
        "ssmmessages"
    } else if has("ssm") {
        "ssm"
    } else if has("kms") {
        "kms"
    } else if has("logs") {
        "logs"
    } else if has("sts") {
        "sts"
    } else if has("efs") || has("elasticfilesystem") {
        "efs"
    } else if has("s3") || host.contains(".s3-") {
        "s3"
    } else {
        return None;
    })
}
