use super::efs;
use crate::{
    LaunchType,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
    signature::Cause,
};

check! {
    /// On Fargate, the containers leave memory for mounting EFS
    ///
    /// # What it looks at
    /// For a task on Fargate with a volume on EFS: whether its containers reserve all of the task's
    /// memory, or whether memory ran out.
    ///
    /// # Why it matters
    /// Fargate mounts EFS from a container of its own inside the task, which takes a little of the
    /// task's memory. Where the containers count on all of it, the kernel may kill one of them.
    ///
    /// # How to fix it
    /// Give the task the next larger size, or the containers less.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/efs-volumes.html>
    EfsFargateMemory {
        id: "efs-fargate-memory",
        domain: "volumes",
        phase: Run,
        causes: [],
        explains: [],
    }
}

impl Check for EfsFargateMemory {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        let mounts = efs::mounts(&task_definition);
        if mounts.is_empty() {
            return cx.not_applicable(efs::NO_EFS);
        }
        if cx.launch_type()? != LaunchType::Fargate {
            return cx.not_applicable("the task does not run on Fargate");
        }
        let Some(memory) = task_definition.memory.as_ref().and_then(crate::aws::Text::number)
        else {
            return Ok(());
        };
        let reserved = task_definition
            .container_definitions
            .iter()
            .filter_map(|container| container.memory.or(container.memory_reservation))
            .fold(0, i64::saturating_add);
        let ran_out = cx
            .symptom()?
            .is_some_and(|symptom| symptom.reading.causes.first() == Some(&Cause::Oom));
        if reserved < memory && !ran_out {
            return Ok(());
        }
        let name = definition::name(&task_definition);
        let finding = Finding::info(format!(
            "mounting EFS takes a little of the {memory} MiB of `{name}`"
        ))
        .detail(if ran_out {
            "memory ran out; Fargate mounts EFS from a container of its own inside the task"
                .to_owned()
        } else {
            format!(
                "its containers count on {reserved} MiB; Fargate mounts EFS from a container of \
                 its own inside the task"
            )
        })
        .resource(definition::resource(&task_definition))
        .evidence(definition::evidence(cx, &task_definition, "/memory", memory)?)
        .remedy(Remedy::new("give the task the next larger size, or the containers less memory"));
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::efs::account::mounted;
    use crate::checks::testing::{Examples, World};

    const ID: &str = "efs-fargate-memory";
    const MESSAGE: &str = "OutOfMemoryError: Container killed due to memory usage";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            mounted(world).stopped(MESSAGE).container("/memory", json!(512));
        },
        passes: |world| {
            mounted(world).container("/memory", json!(256));
        },
        unknown: |world| {
            mounted(world).stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            // Nothing is mounted.
            world.stopped(MESSAGE).container("/memory", json!(512));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        info: mounting EFS takes a little of the 512 MiB of `checkout:42`
          memory ran out; Fargate mounts EFS from a container of its own inside the task
          @ AWS::ECS::TaskDefinition checkout:42
          fix: give the task the next larger size, or the containers less memory
        ");
    }

    #[test]
    fn containers_that_count_on_all_of_it_leave_none() {
        for (memory, findings) in [(511, 0), (512, 1), (i64::MAX, 1)] {
            let mut world = World::default();
            mounted(&mut world).container("/memory", json!(memory));
            assert_eq!(world.outcome(ID).findings.len(), findings, "{memory}");
        }
    }
}
