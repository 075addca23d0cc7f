//! The instance of a task, as far as it can be named: for checks that read the failure message.

use crate::{
    case::{Case, Symptom},
    checks::{
        instances::{self, Arises},
        task,
    },
    facts::{self, Missing},
    finding::{Evidence, Resource},
    signature::Place,
};

/// The instance that the task was placed on.
pub(super) struct Host {
    /// EC2's id, else that of the container instance.
    pub(super) name: String,
    pub(super) resource: Resource,
}

/// The instance that the task was placed on; what it is like only helps.
pub(super) fn of(case: &Case<'_>) -> Result<Arises<Host>, Missing> {
    if let Err(why) = instances::own_hosts(case)? {
        return Ok(Err(why));
    }
    let Some(arn) = case.task()?.and_then(|task| task.container_instance_arn.clone()) else {
        return Ok(Err("the task was not placed on a container instance"));
    };
    let placed = facts::at_hand(instances::placed_on(case).map(|placed| placed.ok().flatten()))?;
    let resource = placed.map_or_else(
        || Resource::new("AWS::EC2::Instance", task::id(&arn)).arn(arn.clone()),
        |host| instances::resource(&host.instance),
    );
    Ok(Ok(Host { name: resource.id.clone(), resource }))
}

impl Host {
    /// Where the failure message stands.
    pub(super) fn said(&self, case: &Case<'_>, symptom: &Symptom) -> Evidence {
        let task = case.task().ok().flatten().unwrap_or_default();
        let pointer = match &symptom.place {
            Place::Container(name) => {
                let at = task.containers.iter().position(|c| c.name.as_ref() == Some(name));
                format!("/containers/{}/reason", at.unwrap_or(0))
            }
            _ => "/stoppedReason".to_owned(),
        };
        task::evidence(case, &task, pointer, symptom.text.as_str())
    }
}
