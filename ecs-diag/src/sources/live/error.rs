//! Why there is no answer: errors of the SDK as kinds, by their codes.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::exchange::{Exchange, Response};
use crate::source::{ErrorKind, SourceError};

/// What became of a request.
///
/// An answer that came whole and with success is one even where the SDK's own types cannot hold
/// it: AWS adds members and changes types of members that nobody reads here, and the shapes decide
/// in any case.
pub(super) fn outcome<T, E>(
    result: Result<T, SdkError<E, HttpResponse>>,
    exchange: &Exchange,
) -> Result<(), SourceError>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let Err(error) = result else { return Ok(()) };
    let host = exchange.host();
    let response = exchange.response().unwrap_or_default();
    Err(match &error {
        SdkError::ServiceError(context) => refused(context.err(), &response),
        SdkError::ResponseError(_) if response.is_success() => match response.body {
            Some(_) => return Ok(()),
            None => broken_off(&host, &error),
        },
        SdkError::ResponseError(_) if response.body.as_ref().is_none_or(Vec::is_empty) => {
            bare(&response)
        }
        SdkError::ResponseError(_) => unreadable(&response),
        SdkError::TimeoutError(_) => no_answer(&host),
        SdkError::DispatchFailure(failure) => match credentials_error(&error) {
            Some(error) => no_credentials(error, None),
            None if failure.is_timeout() => no_answer(&host),
            None if host.is_empty() => SourceError::new(ErrorKind::Other, innermost(&error)),
            None => SourceError::new(
                ErrorKind::Unreachable,
                format!("`{host}` cannot be reached: {}", innermost(&error)),
            ),
        },
        _ => SourceError::new(ErrorKind::Other, innermost(&error)),
    })
}

/// The service answered with an error.
fn refused(error: &impl ProvideErrorMetadata, response: &Response) -> SourceError {
    match error.code() {
        Some(code) => SourceError::from_code(code, error.message().unwrap_or_default()),
        None => bare(response),
    }
}

/// An answer with no code, as those to HEAD are.
fn bare(response: &Response) -> SourceError {
    SourceError::from_code(response.status.to_string(), "the answer says no more than this status")
}

/// An error of something in between, such as a proxy's page.
fn unreadable(response: &Response) -> SourceError {
    SourceError::new(
        ErrorKind::Other,
        format!("the answer has HTTP status {} and is none of the service's", response.status),
    )
}

fn broken_off(host: &str, error: &(dyn Error + 'static)) -> SourceError {
    let reason = innermost(error);
    // The SDK gives up on a body that does not go on.
    if reason.contains("throughput") {
        return no_answer(host);
    }
    SourceError::new(ErrorKind::Unreachable, format!("the answer of `{host}` broke off: {reason}"))
}

/// Nothing, or not everything, came in time.
pub(super) fn no_answer(host: &str) -> SourceError {
    let message = match host {
        "" => "no answer in time".to_owned(),
        host => format!("no answer from `{host}` in time"),
    };
    SourceError::new(ErrorKind::Timeout, message)
}

/// Credentials could not be had.
pub(super) fn no_credentials(error: &CredentialsError, profile: Option<&str>) -> SourceError {
    // Wrappers say no more than that there is something inside.
    let reasons = chain(error).filter(|error| !error.is::<CredentialsError>());
    let reason = reasons.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    if let Some(name) = missing_profile(&reason) {
        let message = format!(
            "no profile of the AWS configuration files is called `{name}`; `aws configure \
             list-profiles` lists them"
        );
        return SourceError::new(ErrorKind::NoCredentials, message);
    }
    let of_profile = profile.map_or(String::new(), |profile| format!(" in profile `{profile}`"));
    let option = profile.map_or(String::new(), |profile| format!(" --profile {profile}"));
    let anew =
        "run `aws configure` or `aws sso login`, or name a profile with `--profile` or AWS_PROFILE";
    let help = if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        anew.to_owned()
    } else if reason.contains("SSO") {
        format!("{reason}; log in with `aws sso login{option}`")
    } else if reason.contains("login") {
        format!("{reason}; log in with `aws login{option}`")
    } else {
        format!("{reason}; {anew}")
    };
    SourceError::new(ErrorKind::NoCredentials, format!("no credentials{of_profile}: {help}"))
}

/// The SDK has no type for this that others can see.
fn missing_profile(reason: &str) -> Option<&str> {
    let (before, _) = reason.split_once("` was not defined")?;
    before.rsplit_once("profile `").map(|(_, name)| name)
}

fn credentials_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CredentialsError> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// What the innermost cause says.
fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map_or_else(String::new, ToString::to_string)
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

#[cfg(test)]
mod tests {
    use std::io;

    use aws_sdk_ecs::operation::describe_tasks::{DescribeTasksError, DescribeTasksOutput};
    use aws_smithy_runtime_api::{
        client::result::ConnectorError,
        http::{Response as HttpAnswer, StatusCode},
    };
    use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};

    use super::*;

    type Failed = SdkError<DescribeTasksError, HttpResponse>;

    const HOST: &str = "ecs.eu-west-1.amazonaws.com";

    fn http(status: u16) -> HttpResponse {
        HttpAnswer::new(StatusCode::try_from(status).unwrap(), SdkBody::empty())
    }

    fn told(failed: Failed, response: Option<Response>) -> String {
        let result: Result<DescribeTasksOutput, _> = Err(failed);
        match outcome(result, &Exchange::of(HOST, response)) {
            Ok(()) => "the body decides".to_owned(),
            Err(error) => format!("{} {error}", error.kind),
        }
    }

    fn answered(status: u16, body: Option<&str>) -> Response {
        let body = body.map(|body| body.as_bytes().to_vec());
        Response { status, headers: Vec::new(), body }
    }

    #[test]
    fn codes_of_the_service_decide_and_its_words_stay_whole() {
        let denied = "User: arn:aws:iam::111122223333:user/app is not authorized to perform: \
                      ecs:DescribeTasks on resource: * because no identity-based policy allows it";
        for (code, message, status, expected) in [
            (
                Some("AccessDeniedException"),
                denied,
                400,
                format!("access-denied AccessDeniedException: {denied}"),
            ),
            (
                Some("ThrottlingException"),
                "Rate exceeded",
                400,
                "throttled ThrottlingException: Rate exceeded".to_owned(),
            ),
            (None, "", 404, "not-found 404: the answer says no more than this status".to_owned()),
            (None, "", 403, "access-denied 403: the answer says no more than this status".into()),
        ] {
            let mut meta = ErrorMetadata::builder().message(message);
            if let Some(code) = code {
                meta = meta.code(code);
            }
            let error = DescribeTasksError::generic(meta.build());
            let failed = Failed::service_error(error, http(status));
            assert_eq!(told(failed, Some(answered(status, Some("")))), expected);
        }
    }

    #[test]
    fn what_is_no_answer_of_the_service_says_where_it_ended() {
        let refused = || io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused");
        let unread = || Failed::response_error("unexpected token", http(200));
        for (failed, response, expected) in [
            (
                Failed::timeout_error("operation timed out after 30 s"),
                None,
                format!("timeout timeout: no answer from `{HOST}` in time"),
            ),
            (
                Failed::dispatch_failure(ConnectorError::timeout("timed out".into())),
                None,
                format!("timeout timeout: no answer from `{HOST}` in time"),
            ),
            (
                Failed::dispatch_failure(ConnectorError::io(refused().into())),
                None,
                format!("unreachable unreachable: `{HOST}` cannot be reached: connection refused"),
            ),
            (
                Failed::dispatch_failure(ConnectorError::other(
                    CredentialsError::provider_error("the SSO token has expired").into(),
                    None,
                )),
                None,
                "no-credentials no-credentials: no credentials: the SSO token has expired; log in \
                 with `aws sso login`"
                    .to_owned(),
            ),
            (
                Failed::response_error("unexpected token", http(502)),
                Some(answered(502, Some("<html>"))),
                "other other: the answer has HTTP status 502 and is none of the service's".into(),
            ),
            (unread(), Some(answered(200, Some("{}"))), "the body decides".to_owned()),
            (
                unread(),
                Some(answered(200, None)),
                format!(
                    "unreachable unreachable: the answer of `{HOST}` broke off: unexpected token"
                ),
            ),
            (
                Failed::response_error("throughput of 0 B/s was observed", http(200)),
                Some(answered(200, None)),
                format!("timeout timeout: no answer from `{HOST}` in time"),
            ),
        ] {
            assert_eq!(told(failed, response), expected);
        }
    }

    #[test]
    fn missing_credentials_say_what_to_do() {
        let chain = |profile: &str| {
            format!("profile `{profile}` was not defined: could not find source profile {profile}")
        };
        for (error, expected) in [
            (
                CredentialsError::not_loaded_no_source(),
                "no credentials in profile `prod`: run `aws configure` or `aws sso login`, or name \
                 a profile with `--profile` or AWS_PROFILE",
            ),
            (
                CredentialsError::not_loaded(chain("prod")),
                "no profile of the AWS configuration files is called `prod`; `aws configure \
                 list-profiles` lists them",
            ),
            (
                CredentialsError::invalid_configuration(format!("role: {}", chain("base"))),
                "no profile of the AWS configuration files is called `base`; `aws configure \
                 list-profiles` lists them",
            ),
            (
                CredentialsError::provider_error(CredentialsError::unhandled("SSO token is gone")),
                "no credentials in profile `prod`: SSO token is gone; log in with `aws sso login \
                 --profile prod`",
            ),
            (
                CredentialsError::provider_error("the process exited with 1"),
                "no credentials in profile `prod`: the process exited with 1; run `aws configure` or \
                 `aws sso login`, or name a profile with `--profile` or AWS_PROFILE",
            ),
        ] {
            let error = no_credentials(&error, Some("prod"));
            assert_eq!((error.kind, error.message.as_str()), (ErrorKind::NoCredentials, expected));
        }
    }
}
