//! The service of a case, as findings name and remedies change it.

use std::{cmp::Reverse, sync::Arc};

use serde_json::Value;

use crate::{
    aws::{
        Time,
        ecs::{DescribeServices, Service},
    },
    case::Case,
    edit::{Edit, Object},
    facts::Missing,
    finding::{Evidence, Resource},
    signature,
};

/// Why checks of the service do not apply where there is none.
pub(in crate::checks) const NO_SERVICE: &str = "the task belongs to no service";

/// How many of the newest events are read.
const EVENTS: usize = 100;

/// The service as an object that a finding is about.
pub(in crate::checks) fn resource(service: &Service) -> Resource {
    Resource::new("AWS::ECS::Service", service.service_name.clone())
        .arn(service.service_arn.clone())
}

/// A member of the service.
pub(in crate::checks) fn evidence(
    case: &Case<'_>,
    service: &Service,
    pointer: impl Into<String>,
    value: impl Into<Value>,
) -> Evidence {
    let request = DescribeServices {
        cluster: case.target().cluster().or_else(|| service.cluster_arn.clone()),
        services: vec![service.service_name.clone()],
    };
    Evidence::new(case.query(&request), pointer, value).object(service.service_arn.clone())
}

/// Sets a member of the service.
pub(in crate::checks) fn set(
    service: &Service,
    pointer: impl Into<String>,
    value: impl Into<Value>,
) -> Edit {
    let object = Object::new("services", "serviceArn", service.service_arn.clone());
    Edit::Set(object, pointer.into(), value.into())
}

/// Whether the case's task definition is the one that the service runs now.
pub(in crate::checks) fn is_current(case: &Case<'_>, service: &Service) -> Result<bool, Missing> {
    let registered = case.definition()?;
    Ok(service.task_definition.as_ref().is_none_or(|arn| *arn == registered.task_definition_arn))
}

/// Why checks of service and task definition do not apply to an older task.
pub(in crate::checks) const ANOTHER_REVISION: &str =
    "the task runs another revision of the task definition than its service";

/// An event that has a signature.
pub(in crate::checks) struct Told {
    /// Its place among the events.
    pub(in crate::checks) at: usize,
    pub(in crate::checks) signature: &'static str,
    pub(in crate::checks) when: Option<Time>,
    /// The deployment that it names.
    pub(in crate::checks) deployment: Option<String>,
}

/// The events of the case's service that have a signature, the newest first, back to its last steady
/// state; what is older has been overcome. Read once a run.
pub(in crate::checks) fn events(
    case: &Case<'_>,
    service: &Service,
) -> Result<Arc<Vec<Told>>, Missing> {
    case.derived(&service.service_arn, || {
        // The read counts as one of the derived value's.
        let Some(service) = case.service()? else { return Ok(vec![]) };
        let mut events: Vec<_> = service.events.iter().enumerate().take(EVENTS).collect();
        events.sort_by_key(|(at, event)| (Reverse(event.created_at), *at));
        Ok(events
            .into_iter()
            .filter_map(|(at, event)| {
                let mut reading = signature::read(event.message.as_deref()?);
                Some(Told {
                    at,
                    signature: reading.signature?,
                    when: event.created_at,
                    deployment: reading.parameters.remove("deployment"),
                })
            })
            .take_while(|told| told.signature != "SVC-STEADY")
            .collect())
    })
}
