//! Placement and capacity: whether there is a place for the task, and whether the service asks for one.

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
    throttled: Throttled,
    restart_throttle: RestartThrottle,
    stuck_pending: StuckPending,
    stuck_deprovisioning: StuckDeprovisioning,
    managed_instances: ManagedInstances,
    mi_launch: MiLaunch,
    service_state: ServiceState,
}

use crate::{
    case::{Case, Symptom},
    checks::{instances, service::object, task},
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
    let pointer = format!("/events/{}/message", at.unwrap_or(0));
    Ok((object::resource(&service), object::evidence(case, &service, pointer, text)))
}

/// Whether a service, of which an event speaks, has all its tasks by now.
fn overcome(case: &Case<'_>) -> Result<bool, Missing> {
    Ok(case.task()?.is_none()
        && case.service()?.is_some_and(|service| service.running_count >= service.desired_count))
}

/// Why a check does not apply to what was overcome.
const OVERCOME: &str = "the service has all the tasks that it wants";

#[cfg(test)]
mod tests {
    use crate::{checks, report::Confidence};

    #[test]
    fn what_was_missing_is_the_cause_and_what_the_message_means_is_not() {
        let mut wrong = vec![];
        for (id, expected) in [
            ("ci-attribute-diff", Confidence::Certain),
            ("ci-registered", Confidence::Certain),
            ("ci-status", Confidence::Certain),
            ("ci-agent-connected", Confidence::Certain),
            ("ci-agent-version-features", Confidence::Certain),
            ("ci-resources", Confidence::Certain),
            ("ci-ports", Confidence::Certain),
            ("ci-eni-capacity", Confidence::Certain),
            ("ci-subnet-az", Confidence::Certain),
            ("ci-gpu", Confidence::Certain),
            ("ci-user-data-cluster", Confidence::Likely),
            ("plc-constraints", Confidence::Certain),
            // What the Auto Scaling group did was not saved.
            ("plc-capacity-provider", Confidence::Likely),
            ("plc-fargate-quota", Confidence::Certain),
            ("plc-managed-instances", Confidence::Certain),
        ] {
            let entry = checks::all().iter().find(|entry| entry.check.meta().id == id).unwrap();
            let report = entry.examples.failing().report();
            let first = report.root_causes.first();
            let found = first.map(|f| (&*report.findings[f.finding].check, f.confidence));
            if found != Some((id, expected)) {
                wrong.push(format!("{id}: {found:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
