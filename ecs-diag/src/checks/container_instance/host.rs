//! The instance of a task, as far as it can be named: for checks that read the failure message.

use crate::{
    case::Case,
    checks::{
        instances::{self, Arises, Instance},
        task,
    },
    facts::{self, Missing},
    finding::Resource,
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
    let name = placed.as_ref().map_or(task::id(&arn), Instance::ec2_id).to_owned();
    let resource = Resource::new("AWS::ECS::ContainerInstance", task::id(&arn)).arn(arn);
    Ok(Ok(Host { name, resource }))
}
