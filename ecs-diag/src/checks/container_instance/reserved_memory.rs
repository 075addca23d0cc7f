use serde_json::json;

use crate::{
    aws::ec2::DescribeInstanceTypes,
    check::{Check, Cx, Meta, check},
    checks::instances::{self, Faults},
    facts::Missing,
    finding::{Evidence, Finding, Remedy},
};

check! {
    /// What a container instance offers is less than the memory of its type
    ///
    /// # What it looks at
    /// Where the task asks for more memory than any active instance offers even when it is empty, but
    /// not for more than the instance's type has.
    ///
    /// # Why it matters
    /// The kernel keeps some memory, and `ECS_RESERVED_MEMORY` takes more away: an instance with 4 GiB
    /// registers some 3.8, and a task of 4 GiB never fits.
    ///
    /// # How to fix it
    /// Ask for what is registered, lower the reservation, or use the next larger type.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>
    ReservedMemory {
        id: "ci-reserved-memory",
        domain: "container-instance",
        phase: Place,
        causes: [],
        explains: [],
    }
}

impl Check for ReservedMemory {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let judged = match instances::up(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        let wanted = judged.needs.memory;
        let Some(failing) = judged.failing(cx, Faults::MEMORY)? else { return Ok(()) };
        // The one that offers most; where that is enough, others merely use it.
        let most = failing.instances.iter().filter_map(|judgement| {
            let memory = instances::in_all(&judgement.instance, "MEMORY")?;
            Some((memory, judgement))
        });
        let Some((registered, judgement)) = most.max_by_key(|(memory, _)| *memory) else {
            return Ok(());
        };
        let Some(kind) = judgement.instance.attribute("ecs.instance-type") else { return Ok(()) };
        if registered >= wanted {
            return Ok(());
        }
        let request = DescribeInstanceTypes { instance_types: vec![kind.to_owned()] };
        let answer = cx.get(&request)?;
        let size = answer
            .iter()
            .flat_map(|answer| &answer.instance_types)
            .find(|of| of.instance_type == kind)
            .and_then(|of| of.memory_info.as_ref()?.size_in_mib);
        let Some(size) = size else {
            let why = format!("the answer does not tell the memory of `{kind}`");
            return Err(Missing::undecided(cx.query(&request), why));
        };
        if size < wanted {
            return Ok(());
        }
        let id = judgement.instance.ec2_id();
        cx.report(
            Finding::info(format!(
                "the task asks for {wanted} MiB; a `{kind}` has {size} MiB, of which `{id}` offers \
                 {registered}"
            ))
            .detail(format!(
                "the kernel, and `ECS_RESERVED_MEMORY` if it is set, keep the other {} MiB",
                size.saturating_sub(registered)
            ))
            .resource(instances::cluster(cx))
            .evidence(judgement.instance.evidence(cx, "/registeredResources", json!({"MEMORY": registered})))
            .evidence(Evidence::new(
                cx.query(&request),
                "/InstanceTypes/0/MemoryInfo/SizeInMiB",
                size,
            ))
            .remedy(Remedy::new(format!(
                "ask for {registered} MiB at most, lower `ECS_RESERVED_MEMORY`, or use a larger type"
            ))),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::checks::{
        instances::fixtures::unplaced,
        testing::{Examples, World},
    };

    const ID: &str = "ci-reserved-memory";
    const MESSAGE: &str = "TaskFailedToStart: RESOURCE:MEMORY";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            asking(world, "4096");
        },
        passes: |world| {
            asking(world, "512");
        },
        unknown: |world| {
            asking(world, "4096").deny("ec2:DescribeInstanceTypes");
        },
        near_miss: |world| {
            // That much the type does not have either.
            asking(world, "16384");
        },
    };

    fn asking<'w>(world: &'w mut World, memory: &str) -> &'w mut World {
        unplaced(world, MESSAGE).definition("/memory", json!(memory)).output(
            "InstanceTypes",
            json!({"InstanceTypes": [{
                "InstanceType": "m5.large", "MemoryInfo": {"SizeInMiB": 4096},
                "NetworkInfo": {"MaximumNetworkInterfaces": 3},
            }]}),
        )
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        info: the task asks for 4096 MiB; a `m5.large` has 4096 MiB, of which `i-0b000000000000002` offers 3885
          the kernel, and `ECS_RESERVED_MEMORY` if it is set, keep the other 211 MiB
          @ AWS::ECS::Cluster shop
          fix: ask for 3885 MiB at most, lower `ECS_RESERVED_MEMORY`, or use a larger type
        ");
    }
}
