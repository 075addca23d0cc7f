//! What goes over the wire: the SDK sends, and the answer is kept as it came.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
            },
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

/// One request and its answer: an interceptor that keeps what its copies in the SDK see.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    host: String,
    response: Option<Response>,
}

/// An answer as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Response {
    pub(super) status: u16,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    /// `None` if it broke off.
    pub(super) body: Option<Vec<u8>>,
}

impl Response {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Exchange {
    /// Host that was last asked.
    pub(super) fn host(&self) -> String {
        self.lock().host.clone()
    }

    /// The last answer, if there was one.
    pub(super) fn response(&self) -> Option<Response> {
        self.lock().response.clone()
    }

    #[cfg(test)]
    pub(super) fn of(host: &str, response: Option<Response>) -> Self {
        Self(Arc::new(Mutex::new(State { host: host.to_owned(), response })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Exchange {
    fn name(&self) -> &'static str {
        "Exchange"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let state = &mut *self.lock();
        host(context.request().uri()).clone_into(&mut state.host);
        // An attempt that gets no answer must not be taken for the one before it.
        state.response = None;
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let headers = response.headers().iter();
        self.lock().response = Some(Response {
            status: response.status().as_u16(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: response.body().bytes().map(<[u8]>::to_vec),
        });
        Ok(())
    }
}

/// The host of a URL, without its port.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_stands_between_scheme_and_port() {
        for (url, expected) in [
            ("https://ecs.eu-west-1.amazonaws.com/", "ecs.eu-west-1.amazonaws.com"),
            ("http://127.0.0.1:4566/bucket?location", "127.0.0.1"),
            ("http://[::1]:4566", "[::1]"),
            ("http://[::1]", "[::1]"),
            ("", ""),
        ] {
            assert_eq!(host(url), expected);
        }
    }
}
