//! Classification: what the failure says, told for a reader.

use std::sync::Arc;

use serde_json::json;

use crate::{
    aws::ecs::DescribeServices,
    case::{Case, Symptom},
    checks::task,
    facts::Missing,
    finding::{Evidence, Finding, Resource},
    signature::Place,
};

super::checks! {
    endpoint_extraction: EndpointExtraction,
    access_denied_extraction: AccessDeniedExtraction,
    phase_timeline: PhaseTimeline,
    exit_code: ExitCode,
    agent_hint_unreliable: AgentHintUnreliable,
    redacted_ecr_url: RedactedEcrUrl,
    not_a_start_failure: NotAStartFailure,
    provisioning_error: ProvisioningError,
    service_events: ServiceEvents,
    repeat_pattern: RepeatPattern,
}

/// What the case says about its failure; nothing where the stop was wanted or expected: whoever
/// stops a task can write any text.
fn failure(case: &Case<'_>) -> Result<Option<Arc<Symptom>>, Missing> {
    Ok(case.symptom()?.filter(|symptom| !symptom.reading.benign))
}

/// A finding about the text: the task or service it belongs to, and the text as evidence.
fn about(case: &Case<'_>, symptom: &Symptom, finding: Finding) -> Result<Finding, Missing> {
    let text = json!(symptom.text);
    if symptom.place != Place::ServiceEvent
        && let Some(task) = case.task()?
    {
        let container = |name: &str| {
            task.containers.iter().position(|container| container.name.as_deref() == Some(name))
        };
        let pointer = match &symptom.place {
            Place::StoppedReason => "/stoppedReason".to_owned(),
            Place::Container(name) => container(name)
                .map_or("/containers".to_owned(), |at| format!("/containers/{at}/reason")),
            Place::ManagedAgent(name) => container(name)
                .map_or("/containers".to_owned(), |at| format!("/containers/{at}/managedAgents")),
            Place::Attachment => "/attachments".to_owned(),
            Place::ExitCode => "/containers".to_owned(),
            Place::StopCode | Place::ServiceEvent => "/stopCode".to_owned(),
        };
        return Ok(finding
            .resource(task::resource(&task))
            .evidence(task::evidence(case, &task, pointer, text)));
    }
    let Some(service) = case.service()? else { return Ok(finding) };
    let request = DescribeServices {
        cluster: case.target().cluster(),
        services: vec![service.service_name.clone()],
    };
    Ok(finding
        .resource(
            Resource::new("AWS::ECS::Service", service.service_name.clone())
                .arn(service.service_arn.clone()),
        )
        .evidence(
            Evidence::new(case.query(&request), "/events", text)
                .object(service.service_arn.clone()),
        ))
}

#[cfg(test)]
mod testing {
    use serde_json::json;

    use crate::checks::testing::World;

    /// Somebody stopped the task, and wrote the same text.
    pub(super) fn by_user(world: &mut World) {
        world.task("/stopCode", json!("UserInitiated"));
    }
}
