//! External instances: servers outside AWS (ECS Anywhere).

super::checks! {
    managed_online: ManagedOnline,
    activation: Activation,
    taskdef_limits: TaskdefLimits,
    cgroup_os: CgroupOs,
}

use crate::{
    LaunchType,
    aws::ssm::{DescribeInstanceInformation, InstanceInformation},
    case::Case,
    checks::instances::Instance,
    facts::Missing,
};

/// Why checks of external instances do not apply.
const ELSEWHERE: &str = "the task does not run on external instances";

/// How many managed nodes are asked for at once.
const AT_ONCE: usize = 50;

fn is_external(case: &Case<'_>) -> Result<bool, Missing> {
    Ok(case.launch_type()? == LaunchType::External)
}

/// The request for the managed nodes that some container instances are.
fn request(instances: &[Instance]) -> DescribeInstanceInformation {
    let ids = instances.iter().filter_map(|instance| instance.ec2_instance_id.clone());
    DescribeInstanceInformation::of(ids)
}

/// The managed nodes that container instances are, with the requests that told so.
fn nodes(case: &Case<'_>, instances: &[Instance]) -> Result<Vec<InstanceInformation>, Missing> {
    let mut nodes = Vec::new();
    let mut missing = None;
    for some in instances.chunks(AT_ONCE) {
        match case.get(&request(some)) {
            Ok(answer) => nodes
                .extend(answer.iter().flat_map(|answer| answer.instance_information_list.clone())),
            Err(gap) => missing = Some(gap),
        }
    }
    missing.map_or(Ok(nodes), Err)
}
