//! Servers that should take tasks and do not: never registered, or with a disconnected agent.

use std::sync::Arc;

use crate::{
    aws::ec2::{DescribeInstances, DescribeInstancesResponse},
    case::Case,
    checks::{
        container_instance::user_data,
        instances::{self, Arises, Faults},
    },
    facts::Missing,
};

/// How many are looked at.
const MOST: usize = 100;

/// EC2's ids of the servers, sorted.
pub(super) fn ids(case: &Case<'_>) -> Result<Arises<Vec<String>>, Missing> {
    let judged = match instances::candidates(case)? {
        Ok(judged) => judged,
        Err(why) => return Ok(Err(why)),
    };
    let disconnected =
        judged.instances.iter().filter(|judgement| judgement.faults.has(Faults::AGENT));
    let mut ids: Vec<_> = disconnected
        .filter_map(|judgement| judgement.instance.ec2_instance_id.clone())
        .chain(user_data::not_registered(case)?.unwrap_or_default())
        // Other servers have ids of Systems Manager.
        .filter(|id| id.starts_with("i-"))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(MOST);
    Ok(if ids.is_empty() {
        Err("every instance that is known of is in the cluster, with a connected agent")
    } else {
        Ok(ids)
    })
}

/// The request for the servers.
pub(super) fn request(ids: &[String]) -> DescribeInstances {
    DescribeInstances { instance_ids: ids.to_vec() }
}

/// What EC2 says of the servers.
pub(super) fn described(
    case: &Case<'_>,
    ids: &[String],
) -> Result<Arc<DescribeInstancesResponse>, Missing> {
    let request = request(ids);
    case.get(&request)?.ok_or_else(|| {
        Missing::undecided(case.query(&request), "one of the instances does not exist any more")
    })
}
