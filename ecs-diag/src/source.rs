//! Where answers come from: queries, answers and errors, the same for every source and language.

use std::{borrow::Cow, cmp::Ordering, fmt, hash, sync::Arc, time::Duration};

use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One read-only AWS API call.
///
/// Names are those of botocore (`ecs`, `logs`, `elbv2`, …), `input` has the shapes of the AWS CLI.
/// Two queries are equal when they ask the same thing, in whatever order their members stand.
#[derive(Clone)]
pub struct Query {
    /// Service, as botocore names it.
    pub service: Cow<'static, str>,
    /// Operation, as the API names it.
    pub operation: Cow<'static, str>,
    /// Region to ask; `None` means the target's.
    pub region: Option<Arc<str>>,
    /// The request, canonical JSON: members sorted, no white space.
    input: Arc<str>,
}

impl Query {
    /// A query in the target's region.
    pub fn new(
        service: impl Into<Cow<'static, str>>,
        operation: impl Into<Cow<'static, str>>,
        input: &Value,
    ) -> Self {
        Self {
            service: service.into(),
            operation: operation.into(),
            region: None,
            input: canonical(input).into(),
        }
    }

    /// The same query, asked in `region`.
    pub fn in_region(mut self, region: Option<&str>) -> Self {
        self.region = region.map(Arc::from);
        self
    }

    /// The request as the AWS CLI takes it (`--cli-input-json`).
    pub fn input(&self) -> Value {
        serde_json::from_str(&self.input).unwrap_or_default()
    }

    /// The request as canonical JSON text.
    pub fn input_json(&self) -> &str {
        &self.input
    }

    /// `service:Operation`, for instance `ec2:DescribeSubnets`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }

    fn key(&self) -> (&str, &str, Option<&str>, &str) {
        (&self.service, &self.operation, self.region.as_deref(), &self.input)
    }
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Query {}

impl PartialOrd for Query {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Query {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl hash::Hash for Query {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {}", self.service, self.operation, self.input)?;
        self.region.as_deref().map_or(Ok(()), |region| write!(f, " in {region}"))
    }
}

/// JSON text with sorted members: `serde_json` sorts only while no crate in the build turns its
/// `preserve_order` feature on, and a query's identity must not depend on that.
fn canonical(value: &Value) -> String {
    fn write(value: &Value, out: &mut String) {
        match value {
            Value::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write(item, out);
                }
                out.push(']');
            }
            Value::Object(members) => {
                let mut names: Vec<_> = members.keys().collect();
                names.sort_unstable();
                out.push('{');
                for (index, name) in names.into_iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    out.push_str(&Value::from(name.as_str()).to_string());
                    out.push(':');
                    write(&members[name], out);
                }
                out.push('}');
            }
            scalar => out.push_str(&scalar.to_string()),
        }
    }
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// Why a source gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The service said that there is no such thing. The only kind that proves absence.
    NotFound,
    /// The caller may not make this call.
    AccessDenied,
    /// The service asked to slow down, and kept asking.
    Throttled,
    /// No answer in time.
    Timeout,
    /// The service's endpoint could not be reached.
    Unreachable,
    /// No credentials, or expired ones.
    NoCredentials,
    /// The source does not hold this answer: it was not saved.
    NotRecorded,
    /// The operation is not on the list of operations a source may be asked.
    NotAllowed,
    /// The answer does not have the shape it should have.
    Malformed,
    /// The run's bounds were reached before this was asked.
    LimitReached,
    /// Anything else; see the code.
    Other,
}

impl ErrorKind {
    /// The kind of an AWS error code, for instance `AccessDeniedException`.
    ///
    /// Codes are compared, never messages: their words change, codes do not. Services that answer
    /// a missing object with a general code need the message and are told apart in the source.
    pub fn of_code(code: &str) -> Self {
        // JSON 1.1 services send `com.amazonaws.…#Code`, some append `:http://…`.
        let code = code.rsplit('#').next().unwrap_or(code);
        let code = code.split(':').next().unwrap_or(code);
        match code {
            "AccessDenied"
            | "AccessDeniedException"
            | "UnauthorizedOperation"
            | "AuthorizationError"
            | "Forbidden"
            | "403"
            | "KMSAccessDeniedException"
            | "AuthorizationErrorException" => Self::AccessDenied,
            "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "SlowDown"
            | "LimitExceededException"
            | "BandwidthLimitExceeded"
            | "PriorRequestNotComplete" => Self::Throttled,
            "ExpiredToken"
            | "RequestExpired"
            | "ExpiredTokenException"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "AuthFailure"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch" => Self::NoCredentials,
            "RequestTimeout" | "RequestTimeoutException" => Self::Timeout,
            "NoSuchEntity"
            | "NoSuchEntityException"
            | "NoSuchBucket"
            | "NoSuchKey"
            | "404"
            | "ServerlessCacheNotFoundFault"
            | "NoSuchBucketPolicy"
            | "NoSuchConfiguration"
            | "ServerSideEncryptionConfigurationNotFoundError" => Self::NotFound,
            code if code.ends_with(".NotFound")
                || code.ends_with("NotFound")
                || code.ends_with("NotFoundException")
                || code.ends_with("NotFoundFault") =>
            {
                Self::NotFound
            }
            _ => Self::Other,
        }
    }

    /// The name used where kinds are shown, for instance `access-denied`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::AccessDenied => "access-denied",
            Self::Throttled => "throttled",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::NoCredentials => "no-credentials",
            Self::NotRecorded => "not-recorded",
            Self::NotAllowed => "not-allowed",
            Self::Malformed => "malformed",
            Self::LimitReached => "limit-reached",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A call that gave no answer.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error, Serialize, Deserialize,
)]
#[error("{code}: {message}")]
pub struct SourceError {
    /// What it means.
    pub kind: ErrorKind,
    /// The service's own code, for instance `AccessDeniedException`, else the kind's name.
    pub code: String,
    /// The service's own words.
    pub message: String,
}

impl SourceError {
    /// An error of the source's own making.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, code: kind.as_str().to_owned(), message: message.into() }
    }

    /// An error as an AWS service gives it; the code decides the kind.
    pub fn from_code(code: impl Into<String>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        let mut kind = ErrorKind::of_code(&code);
        // ECS answers a missing task definition with its general client error.
        if kind == ErrorKind::Other && message.starts_with("Unable to describe task definition") {
            kind = ErrorKind::NotFound;
        }
        Self { kind, code, message }
    }
}

/// How an account is reached; what is not said, the source finds as the AWS CLI does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Region of the target.
    pub region: Option<String>,
    /// Profile of the shared configuration files.
    pub profile: Option<String>,
    /// Endpoint in place of AWS's own, for all services.
    pub endpoint_url: Option<String>,
    /// How long the whole run may wait; what is not answered by then stays unknown.
    pub timeout: Option<Duration>,
}

/// An answer, or why there is none.
pub type Answer = Result<Value, SourceError>;

/// Queries under way at once.
pub(crate) const CONCURRENCY: usize = 8;

/// Answers queries: a live account, saved answers, or anything else that can.
///
/// Sources are asked only operations of the closed list ([`crate::aws::OPERATIONS`]), several at
/// a time. An answer is the JSON that the AWS CLI prints for the call.
#[async_trait::async_trait]
pub trait DataSource: Send + Sync {
    /// Answers one query.
    async fn fetch(&self, query: &Query) -> Answer;

    /// Answers the queries of a round, in any order.
    ///
    /// As it is, each goes to [`DataSource::fetch`], eight at a time; a source that can ask for
    /// several things in one call does better.
    async fn fetch_all(&self, queries: Vec<Query>) -> Vec<(Query, Answer)> {
        let answers = stream::iter(queries).map(async |query| {
            let answer = self.fetch(&query).await;
            (query, answer)
        });
        answers.buffer_unordered(CONCURRENCY).collect().await
    }

    /// The moment the answers describe: the clock of the diagnosis.
    ///
    /// `None` where the source cannot tell; the diagnosis then takes the target's newest
    /// timestamp.
    fn now(&self) -> Option<Timestamp> {
        None
    }

    /// The region of the target where a query names none.
    fn region(&self) -> Option<String> {
        None
    }

    /// What the answer to `query` rests on beside what was saved or said, in words for the
    /// report, for instance that a saved list is complete.
    fn assumption(&self, _query: &Query) -> Option<String> {
        None
    }
}

/// What holds a source is one.
macro_rules! holds_a_source {
    ($($holder:ty),*) => {$(
        #[async_trait::async_trait]
        impl<S: DataSource + ?Sized> DataSource for $holder {
            async fn fetch(&self, query: &Query) -> Answer {
                (**self).fetch(query).await
            }

            async fn fetch_all(&self, queries: Vec<Query>) -> Vec<(Query, Answer)> {
                (**self).fetch_all(queries).await
            }

            fn now(&self) -> Option<Timestamp> {
                (**self).now()
            }

            fn region(&self) -> Option<String> {
                (**self).region()
            }

            fn assumption(&self, query: &Query) -> Option<String> {
                (**self).assumption(query)
            }
        }
    )*};
}

holds_a_source!(&S, Box<S>, Arc<S>);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn queries_are_equal_whatever_the_order_of_members() {
        let one: Value =
            serde_json::from_str(r#"{"b": [1, {"d": 1, "c": 2}], "a": "x\"y"}"#).unwrap();
        let two: Value =
            serde_json::from_str(r#"{"a": "x\"y", "b": [1, {"c": 2, "d": 1}]}"#).unwrap();
        assert_eq!(Query::new("ecs", "X", &one), Query::new("ecs", "X", &two));
        assert_eq!(
            Query::new("ecs", "X", &one).input_json(),
            r#"{"a":"x\"y","b":[1,{"c":2,"d":1}]}"#
        );
        assert_eq!(Query::new("ecs", "X", &one).input(), one);
        assert_ne!(
            Query::new("ecs", "X", &json!({})),
            Query::new("ecs", "X", &json!({})).in_region(Some("eu-west-1"))
        );
    }

    #[test]
    fn codes_decide_kinds() {
        for (code, kind) in [
            ("AccessDeniedException", ErrorKind::AccessDenied),
            ("UnauthorizedOperation", ErrorKind::AccessDenied),
            ("InvalidSubnetID.NotFound", ErrorKind::NotFound),
            ("RepositoryNotFoundException", ErrorKind::NotFound),
            ("NoSuchEntity", ErrorKind::NotFound),
            ("RequestLimitExceeded", ErrorKind::Throttled),
            ("ExpiredTokenException", ErrorKind::NoCredentials),
            ("RequestExpired", ErrorKind::NoCredentials),
            ("com.amazonaws.ecs#ThrottlingException", ErrorKind::Throttled),
            ("InternalServerError", ErrorKind::Other),
        ] {
            assert_eq!(ErrorKind::of_code(code), kind, "{code}");
        }
        assert_eq!(
            SourceError::from_code("ClientException", "Unable to describe task definition.").kind,
            ErrorKind::NotFound
        );
    }
}
