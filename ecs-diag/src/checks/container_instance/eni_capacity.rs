use std::{collections::BTreeMap, sync::Arc};

use crate::{
    aws::{
        Request,
        ec2::{DescribeInstanceTypes, DescribeInstances, DescribeInstancesResponse},
    },
    case::Case,
    check::{Check, Cx, Meta, check},
    checks::instances::{self, Faults, Judged, Judgement},
    facts::Missing,
    finding::{Evidence, Remedy},
    shell::region_option,
};

check! {
    /// A container instance has a network interface left for the task
    ///
    /// # What it looks at
    /// For a task in the network mode `awsvpc`: how many network interfaces every active instance has
    /// attached, the primary one and those that ECS did not attach included, against how many its type
    /// can have. Instances with a trunk interface have more room; with four tasks or more on one it is
    /// not told whether it is full.
    ///
    /// # Why it matters
    /// Each such task takes an interface of the instance: an `m5.large` takes two of them. ECS says
    /// `RESOURCE:ENI`.
    ///
    /// # How to fix it
    /// Switch ENI trunking on for the account and launch the instances anew, of a type that supports
    /// it; or add instances.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>
    EniCapacity {
        id: "ci-eni-capacity",
        domain: "container-instance",
        phase: Place,
        causes: [PlaceEni],
        explains: [],
    }
}

/// Instances of a call.
const A_CALL: usize = 100;
/// With a trunk, every type has room for as many tasks as this.
const ON_A_TRUNK: i64 = 4;

impl Check for EniCapacity {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let judged = match instances::up(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        if cx.definition()?.network_mode.as_deref() != Some("awsvpc") {
            return cx.not_applicable("the task takes no network interface of the instance");
        }
        let limits = limits(cx, &judged);
        let attached = attached(cx, &judged);
        let (limits, attached) = (limits?, attached?);
        let room = |judgement: &Judgement| {
            let id = judgement.instance.ec2_instance_id.as_deref()?;
            let kind = judgement.instance.attribute("ecs.instance-type")?;
            Some((*attached.get(id)?, *limits.get(kind)?))
        };
        let fails = |judgement: &Judgement| {
            if judgement.instance.has("ecs.awsvpc-trunk-id") {
                let tasks = judgement
                    .instance
                    .running_tasks_count?
                    .saturating_add(judgement.instance.pending_tasks_count?);
                return (tasks < ON_A_TRUNK).then_some(false);
            }
            room(judgement).map(|(attached, limit)| attached >= limit)
        };
        let Some(failing) = judged.failing_by(cx, Faults::default(), fails)? else {
            return Ok(());
        };
        let first = failing.instances[0];
        let id = first.instance.ec2_id();
        let (attached, limit) = room(first).unwrap_or_default();
        let kind = first.instance.attribute("ecs.instance-type").unwrap_or("");
        let summary = format!(
            "{} {} no network interface left",
            failing.count(),
            failing.verb("has", "have")
        );
        let detail = format!(
            "a task in the network mode `awsvpc` takes one, and `{id}`, a `{kind}`, has {attached} of \
             at most {limit}, its primary one included; no trunk interface is attached to it"
        );
        let query = cx.query(&DescribeInstances { instance_ids: chunk_of(&judged, id) });
        let finding = failing
            .finding(cx, summary, detail)?
            .evidence(Evidence::new(query, "/Instances/0/NetworkInterfaces", attached).object(id))
            .remedy(
                Remedy::new(
                    "add instances; or switch ENI trunking on and launch them anew, of a type that \
                     supports it",
                )
                .step("instances that run already get no trunk: replace them")
                .command(format!(
                    "aws ecs put-account-setting-default --name awsvpcTrunking --value enabled{}",
                    region_option(cx.region())
                )),
            );
        cx.report(finding);
        Ok(())
    }
}

/// EC2's ids of the instances that are up, sorted.
fn ids(judged: &Judged) -> Vec<String> {
    let up = judged.instances.iter().filter(|judgement| judgement.is_up());
    let mut ids: Vec<_> = up
        .filter_map(|judgement| judgement.instance.ec2_instance_id.clone())
        .filter(|id| id.starts_with("i-"))
        .collect();
    ids.sort_unstable();
    ids
}

/// The ids that are asked for together with `id`.
fn chunk_of(judged: &Judged, id: &str) -> Vec<String> {
    let ids = ids(judged);
    let chunk = ids.chunks(A_CALL).find(|chunk| chunk.iter().any(|other| other == id));
    chunk.map(<[String]>::to_vec).unwrap_or_default()
}

/// How many interfaces each instance has.
fn attached(case: &Case<'_>, judged: &Judged) -> Result<BTreeMap<String, i64>, Missing> {
    let mut found = BTreeMap::new();
    for answer in all::<DescribeInstances>(case, &ids(judged), |instance_ids| DescribeInstances {
        instance_ids,
    })? {
        let answer: &DescribeInstancesResponse = &answer;
        for instance in answer.reservations.iter().flat_map(|r| &r.instances) {
            if let Some(interfaces) = &instance.network_interfaces {
                let count = i64::try_from(interfaces.len()).unwrap_or(i64::MAX);
                found.insert(instance.instance_id.clone(), count);
            }
        }
    }
    Ok(found)
}

/// How many interfaces an instance of each type can have.
fn limits(case: &Case<'_>, judged: &Judged) -> Result<BTreeMap<String, i64>, Missing> {
    let up = judged.instances.iter().filter(|judgement| judgement.is_up());
    let mut kinds: Vec<_> = up
        .filter_map(|judgement| judgement.instance.attribute("ecs.instance-type"))
        .map(str::to_owned)
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    let answers = all::<DescribeInstanceTypes>(case, &kinds, |instance_types| {
        DescribeInstanceTypes { instance_types }
    })?;
    Ok(answers
        .iter()
        .flat_map(|answer| &answer.instance_types)
        .filter_map(|kind| {
            let most = kind.network_info.as_ref()?.maximum_network_interfaces?;
            Some((kind.instance_type.clone(), most))
        })
        .collect())
}

/// The answers for ids, asked for in calls that are not too long, all in one round.
fn all<R: Request>(
    case: &Case<'_>,
    ids: &[String],
    request: impl Fn(Vec<String>) -> R,
) -> Result<Vec<Arc<R::Response>>, Missing> {
    let answers: Vec<_> = ids.chunks(A_CALL).map(|ids| case.get(&request(ids.to_vec()))).collect();
    let answers: Result<Vec<_>, _> = answers.into_iter().collect();
    Ok(answers?.into_iter().flatten().collect())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{FIRST_EC2, SECOND_EC2, both, unplaced},
            testing::{Examples, World},
        },
    };

    const ID: &str = "ci-eni-capacity";
    const MESSAGE: &str = "TaskFailedToStart: RESOURCE:ENI";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            attached(world, 3, 3);
        },
        passes: |world| {
            attached(world, 2, 2);
        },
        unknown: |world| {
            attached(world, 3, 3).deny("ec2:DescribeInstances");
        },
        near_miss: |world| {
            attached(world, 3, 2);
        },
    };

    fn attached(world: &mut World, first: usize, second: usize) -> &mut World {
        let instance = |id: &str, count: usize| {
            let interfaces: Vec<_> = (0..count)
                .map(|at| json!({"NetworkInterfaceId": format!("eni-{id}{at}")}))
                .collect();
            json!({"ReservationId": format!("r-{id}"), "OwnerId": "111122223333", "Instances": [{
                "InstanceId": id, "InstanceType": "m5.large", "NetworkInterfaces": interfaces,
                "Placement": {"AvailabilityZone": "eu-west-1a"},
            }]})
        };
        unplaced(world, MESSAGE)
            .definition("/networkMode", json!("awsvpc"))
            .output(
                "Reservations",
                json!({"Reservations": [instance(FIRST_EC2, first), instance(SECOND_EC2, second)]}),
            )
            .output(
                "InstanceTypes",
                json!({"InstanceTypes": [{
                    "InstanceType": "m5.large", "NetworkInfo": {"MaximumNetworkInterfaces": 3},
                }]}),
            )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: both container instances have no network interface left
          a task in the network mode `awsvpc` takes one, and `i-0a000000000000001`, a `m5.large`, has 3 of at most 3, its primary one included; no trunk interface is attached to it
          @ AWS::ECS::Cluster shop
          fix: add instances; or switch ENI trunking on and launch them anew, of a type that supports it
          - instances that run already get no trunk: replace them
          $ aws ecs put-account-setting-default --name awsvpcTrunking --value enabled --region eu-west-1
        ");
    }

    #[test]
    fn a_trunk_has_room_for_a_few_and_nobody_knows_for_how_many_more() {
        let mut world = EXAMPLES.failing();
        let trunk = json!({"name": "ecs.awsvpc-trunk-id", "value": "eni-1"});
        both(&mut world, "/attributes/-", &trunk);
        assert_eq!(world.outcome(ID).status, Status::Passed);
        both(&mut world, "/runningTasksCount", &json!(9));
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }

    #[test]
    fn other_network_modes_take_no_interface() {
        let mut world = EXAMPLES.failing();
        world.definition("/networkMode", Value::Null);
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
