//! Placement and capacity: whether there is a place for the task, and why not.

pub(super) mod expression;

super::checks! {
    failure_reasons: FailureReasons,
    constraints: Constraints,
    compute_compat: ComputeCompat,
    capacity_provider: CapacityProvider,
    asg_activity: AsgActivity,
    provisioning_cap: ProvisioningCap,
    fargate_capacity: FargateCapacity,
    fargate_quota: FargateQuota,
    spot: Spot,
    stuck_pending: StuckPending,
    stuck_deprovisioning: StuckDeprovisioning,
    managed_instances: ManagedInstances,
    mi_launch: MiLaunch,
}

use crate::{
    aws::ecs::{DescribeServices, Service},
    case::{Case, Symptom},
    checks::{instances, task},
    facts::Missing,
    finding::{Evidence, Resource},
    signature::Place,
};

/// The object that says the failure message, a task or a service, and where it stands.
pub(super) fn said(case: &Case<'_>, symptom: &Symptom) -> Result<(Resource, Evidence), Missing> {
    let text = symptom.text.as_str();
    if let Some(task) = case.task()? {
        let pointer = match &symptom.place {
            Place::Container(name) => {
                let at = task.containers.iter().position(|c| c.name.as_ref() == Some(name));
                format!("/containers/{}/reason", at.unwrap_or(0))
            }
            Place::StopCode => "/stopCode".to_owned(),
            _ => "/stoppedReason".to_owned(),
        };
        return Ok((task::resource(&task), task::evidence(case, &task, pointer, text)));
    }
    let Some(service) = case.service()? else {
        let query = case.query(&instances::list_request(case));
        return Ok((instances::cluster(case), Evidence::new(query, "", text)));
    };
    let at = service.events.iter().position(|event| event.message.as_deref() == Some(text));
    let resource = Resource::new("AWS::ECS::Service", service.service_name.clone())
        .arn(service.service_arn.clone());
    let pointer = format!("/events/{}/message", at.unwrap_or(0));
    let evidence = service_evidence(case, &service, &pointer, text);
    Ok((resource, evidence))
}

/// A member of the service.
fn service_evidence(
    case: &Case<'_>,
    service: &Service,
    pointer: &str,
    value: impl Into<serde_json::Value>,
) -> Evidence {
    let request = DescribeServices {
        cluster: case.target().cluster().or_else(|| service.cluster_arn.clone()),
        services: vec![service.service_name.clone()],
    };
    Evidence::new(case.query(&request), pointer, value).object(service.service_arn.clone())
}

/// Whether a service, of which an event speaks, has all its tasks by now.
fn overcome(case: &Case<'_>) -> Result<bool, Missing> {
    Ok(case.task()?.is_none()
        && case.service()?.is_some_and(|service| service.running_count >= service.desired_count))
}

/// Why a check does not apply to what was overcome.
const OVERCOME: &str = "the service has all the tasks that it wants";

#[cfg(test)]
mod zz_print {
    #[test]
    fn zz_print() {
        let mut all = std::collections::BTreeMap::new();
        for entry in crate::checks::all() {
            let id = entry.check.meta().id.clone();
            if id.starts_with("ci-") || id.starts_with("plc-") {
                all.insert(id.to_string(), entry.examples.messages(&id));
            }
        }
        std::fs::write("/tmp/plc-messages.json", serde_json::to_string(&all).unwrap()).unwrap();
    }
}
