//! A live account as a source: the AWS SDK makes the calls.

mod batch;
mod calls;
mod error;
mod exchange;
mod input;
mod wire;

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_config::{
    BehaviorVersion, Region, SdkConfig, profile::ProfileFileCredentialsProvider,
    provider_config::ProviderConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_credential_types::provider::{
    ProvideCredentials, SharedCredentialsProvider, error::CredentialsError,
};
use aws_smithy_http_client::{
    Builder, ConnectorBuilder, proxy,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::Value;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use self::{
    batch::Asked,
    calls::{Call, Clients},
    exchange::Exchange,
    input::Input,
};
use crate::{
    aws,
    source::{Access, Answer, CONCURRENCY, DataSource, ErrorKind, Query, SourceError},
};

/// How often a call is tried.
const ATTEMPTS: u32 = 3;
/// How long an attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a call may take, with all its attempts.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Pages of an answer after which it is given up.
const PAGES: usize = 100;

/// A live account, asked through the AWS SDK for Rust.
///
/// Answers are those that the AWS CLI prints with `--output json`, all pages together; points in
/// time are as the services send them. Queries that one call can answer share it. At most eight
/// calls are under way at once; a call that is throttled or fails on its way is tried three times.
///
/// It needs a Tokio runtime with several threads, entered wherever its futures are made and
/// awaited:
///
/// ```no_run
/// use ecs_diag::{Access, Diagnosis, Target, sources::Live};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = tokio::runtime::Runtime::new()?;
/// let _entered = runtime.enter();
/// let target = Target::task(Some("shop"), "4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c");
/// let report = pollster::block_on(async {
///     let live = Live::connect(&Access::default()).await?;
///     Ok::<_, Box<dyn std::error::Error>>(Diagnosis::new().run(&target, &live).await?)
/// })?;
/// # let _ = report;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Live(Arc<Connection>);

struct Connection {
    config: SdkConfig,
    connected: Timestamp,
    deadline: Option<Instant>,
    permits: Semaphore,
    /// By Region.
    clients: Mutex<HashMap<String, Arc<Clients>>>,
}

impl Connection {
    fn home(&self) -> Option<&str> {
        self.config.region().map(AsRef::as_ref)
    }

    /// The clients of a Region; of none, if neither the query nor the configuration names one.
    fn clients(&self, region: Option<&str>) -> Arc<Clients> {
        let region = region.or(self.home()).unwrap_or_default();
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let made = clients.entry(region.to_owned()).or_insert_with(|| {
            let region = (!region.is_empty()).then(|| Region::new(region.to_owned()));
            Arc::new(Clients::new(self.config.clone().into_builder().region(region).build()))
        });
        Arc::clone(made)
    }
}

impl Live {
    /// Connects as the AWS CLI does: with the environment's variables, the profiles of the shared
    /// configuration files (keys, roles, processes, `aws sso login`, `aws login`), and the
    /// credentials of containers and instances. A profile that `access` names goes before the
    /// environment's credentials.
    ///
    /// Credentials are taken once, and [`Access::timeout`] counts from here: connect anew for
    /// another diagnosis.
    ///
    /// # Errors
    /// If there are no credentials ([`ErrorKind::NoCredentials`]) or no Region; the message says
    /// what to do.
    pub async fn connect(access: &Access) -> Result<Self, SourceError> {
        let deadline = access.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let config = in_time(deadline, Box::pin(configure(access))).await.unwrap_or_else(|| {
            Err(SourceError::new(ErrorKind::Timeout, "no credentials in time"))
        })?;
        Ok(Self::with(config, deadline))
    }

    /// With a configuration of one's own, its timeouts and retries included.
    pub fn new(config: &SdkConfig) -> Self {
        let mut config = config.clone();
        if config.http_client().is_none() {
            config = config.into_builder().http_client(http_client()).build();
        }
        Self::with(config, None)
    }

    fn with(config: SdkConfig, deadline: Option<Instant>) -> Self {
        Self(Arc::new(Connection {
            config,
            connected: Timestamp::now(),
            deadline,
            permits: Semaphore::new(CONCURRENCY),
            clients: Mutex::default(),
        }))
    }

    async fn ask(&self, query: &Query) -> Answer {
        let (service, operation) = (&*query.service, &*query.operation);
        let (Some(known), Some(call)) =
            (aws::operation(service, operation), calls::call(service, operation))
        else {
            let message = format!("{} is not on the list of operations", query.name());
            return Err(SourceError::new(ErrorKind::NotAllowed, message));
        };
        let Value::Object(mut input) = query.input() else {
            let message = format!("the input of {} is no object", query.name());
            return Err(SourceError::new(ErrorKind::Other, message));
        };
        let paging = wire::paging(service, operation);
        let token = |name: &str| paging.is_some_and(|paging| paging.is_token(name));
        if let Some(name) =
            input.keys().find(|name| token(name) || !call.members.contains(&name.as_str()))
        {
            let message = format!("{} cannot be asked with `{name}`", query.name());
            return Err(SourceError::new(ErrorKind::Other, message));
        }
        let region = query.region.as_deref().filter(|_| !known.is_global);
        let Some(paging) = paging else { return self.page(call, &input, region).await };

        let mut whole = Input::new();
        for _ in 0..PAGES {
            let mut page = self.page(call, &input, region).await?;
            let next = paging.next(&page);
            paging.add(&mut page, &mut whole);
            match next {
                Some(tokens) => input.extend(tokens),
                None => return Ok(whole.into()),
            }
        }
        // A part of a list would be taken for the whole of it.
        let message = format!("{} has more than {PAGES} pages", query.name());
        Err(SourceError::new(ErrorKind::LimitReached, message))
    }

    /// One call.
    async fn page(&self, call: &Call, input: &Input, region: Option<&str>) -> Answer {
        let answer = self.send(call, input, region).await;
        let asked = region.or(self.0.home());
        match answer {
            // A bucket answers in its own Region only, and elsewhere says which one that is.
            Err((_, Some(other))) if asked != Some(&other) => {
                self.send(call, input, Some(&other)).await
            }
            answer => answer,
        }
        .map_err(|(error, _)| error)
    }

    /// The answer, or an error and the Region that a bucket is in.
    async fn send(
        &self,
        call: &Call,
        input: &Input,
        region: Option<&str>,
    ) -> Result<Value, (SourceError, Option<String>)> {
        let exchange = Exchange::default();
        let clients = self.0.clients(region);
        let sent = (call.send)(&clients, input, exchange.clone()).map_err(|error| (error, None))?;
        let outcome = match in_time(self.0.deadline, self.0.permits.acquire()).await {
            Some(_permit) => in_time(self.0.deadline, sent).await,
            None => None,
        };
        let outcome = outcome.unwrap_or_else(|| Err(error::no_answer(&exchange.host())));
        let response = exchange.response().unwrap_or_default();
        match outcome {
            Ok(()) => {
                wire::answer(call.service, call.operation, &response).map_err(|error| (error, None))
            }
            Err(error) => {
                let region = response.header("x-amz-bucket-region").map(str::to_owned);
                Err((error, region))
            }
        }
    }
}

#[async_trait::async_trait]
impl DataSource for Live {
    async fn fetch(&self, query: &Query) -> Answer {
        self.ask(query).await
    }

    async fn fetch_all(&self, queries: Vec<Query>) -> Vec<(Query, Answer)> {
        let one = async |query: Query| {
            let answer = self.ask(&query).await;
            (query, answer)
        };
        let calls = batch::plan(queries).into_iter().map(async |asked| match asked {
            Asked::One(query) => vec![one(query).await],
            Asked::Many(shared) => {
                let answer = self.ask(&shared.query).await;
                match shared.split(answer) {
                    Ok(answers) => answers,
                    Err(queries) => join_all(queries.into_iter().map(one)).await,
                }
            }
        });
        join_all(calls).await.into_iter().flatten().collect()
    }

    fn now(&self) -> Option<Timestamp> {
        Some(self.0.connected)
    }

    fn region(&self) -> Option<String> {
        self.0.home().map(str::to_owned)
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("region", &self.0.home())
            .field("connected", &self.0.connected)
            .finish_non_exhaustive()
    }
}

/// The configuration that `access` and the environment give, with credentials at hand.
async fn configure(access: &Access) -> Result<SdkConfig, SourceError> {
    let http_client = http_client();
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client.clone())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts.build());
    if let Some(region) = &access.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &access.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &access.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    let profile = access.profile.as_deref();
    // The loader would let the environment's credentials go before the profile's.
    let provider = match profile {
        Some(profile) => {
            let conf = ProviderConfig::without_region()
                .with_http_client(http_client)
                .with_region(config.region().cloned());
            let provider = ProfileFileCredentialsProvider::builder().configure(&conf);
            Some(SharedCredentialsProvider::new(provider.profile_name(profile).build()))
        }
        None => config.credentials_provider(),
    };
    let Some(provider) = provider else {
        let none = CredentialsError::not_loaded_no_source();
        return Err(error::no_credentials(&none, profile));
    };
    let credentials = provider.provide_credentials().await;
    let credentials = credentials.map_err(|error| error::no_credentials(&error, profile))?;
    if config.region().is_none_or(|region| region.as_ref().is_empty()) {
        let message = "no Region: give `--region` or AWS_REGION, or put one in the profile";
        return Err(SourceError::new(ErrorKind::Other, message));
    }
    let credentials = SharedCredentialsProvider::new(credentials);
    Ok(config.into_builder().credentials_provider(credentials).build())
}

/// The SDK's own choice, but one for all services: each client would make one of its own, with
/// connections of its own.
fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut builder = ConnectorBuilder::default()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .proxy_config(proxy::ProxyConfig::from_env());
        builder.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            builder.set_sleep_impl(components.sleep_impl());
        }
        builder.build()
    })
}

/// The future's value, or `None` after the deadline; what is late to begin does not begin.
async fn in_time<T>(deadline: Option<Instant>, future: impl Future<Output = T>) -> Option<T> {
    match deadline {
        Some(deadline) if deadline <= Instant::now() => None,
        Some(deadline) => timeout_at(deadline, future).await.ok(),
        None => Some(future.await),
    }
}
