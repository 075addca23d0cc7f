use super::host;
use crate::{
    check::{Check, Cx, Meta, check},
    checks::placement::said,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// The agent can limit the task's CPU and memory
    ///
    /// # What it looks at
    /// Whether the failure message of a task on a container instance is `CgroupError: Agent could not
    /// create task's platform resources`.
    ///
    /// # Why it matters
    /// The agent makes a control group for each task with a size of its own. It cannot where the kernel
    /// has the memory controller switched off, control groups are not mounted into the agent's
    /// container, or an old agent meets version 2 of control groups. That happens on AMIs of one's own
    /// and on external servers.
    ///
    /// # How to fix it
    /// Use the ECS-optimized AMI, switch the controller on, update the agent; or do without limits of
    /// tasks with `ECS_ENABLE_TASK_CPU_MEM_LIMIT=false`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>,
    /// <https://github.com/aws/amazon-ecs-agent/issues/3834>
    Cgroup {
        id: "ci-cgroup",
        domain: "container-instance",
        phase: Create,
        causes: [HostDockerBroken],
        explains: [],
    }
}

impl Check for Cgroup {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let host = match host::of(cx)? {
            Ok(host) => host,
            Err(why) => return cx.not_applicable(why),
        };
        let Some(symptom) =
            cx.symptom()?.filter(|symptom| symptom.reading.signature == Some("AGT-CGROUP"))
        else {
            return Ok(());
        };
        let (_, evidence) = said(cx, &symptom)?;
        let definition = cx.definition()?;
        let sized = definition.cpu.is_some() || definition.memory.is_some();
        if !sized {
            return Err(Missing::undecided(
                evidence.query,
                "the task has no size of its own, for which the agent would make a control group",
            ));
        }
        cx.report(
            Finding::likely(format!(
                "the agent on instance `{}` cannot make a control group for the task",
                host.name
            ))
            .detail(
                "the failure message says so; the task has a size of its own, which the agent \
                 enforces by a control group: the memory controller is off, control groups are not \
                 mounted into the agent, or the agent is too old for version 2 of them",
            )
            .resource(host.resource.clone())
            .evidence(evidence)
            .remedy(
                Remedy::new(
                    "launch the instance from the ECS-optimized AMI; or switch the controller on and \
                     update the agent",
                )
                .step("on the instance: `cat /proc/cgroups`, and `stat -fc %T /sys/fs/cgroup`")
                .step(
                    "or, where limits of tasks can be done without: \
                     `ECS_ENABLE_TASK_CPU_MEM_LIMIT=false` in `/etc/ecs/ecs.config`, and no `cpu` and \
                     `memory` of the task",
                ),
            ),
        );
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::{instances::fixtures::stopped_on, testing::Examples},
    };

    const ID: &str = "ci-cgroup";
    const MESSAGE: &str = "CgroupError: Agent could not create task's platform resources";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            stopped_on(world, MESSAGE);
        },
        passes: |world| {
            stopped_on(world, "CannotPullContainerError: manifest unknown");
        },
        unknown: |world| {
            stopped_on(world, MESSAGE).deny("ecs:DescribeTasks");
        },
        near_miss: |world| {
            // Fargate has no agent of ours; somebody wrote this.
            world.stopped(MESSAGE).task("/stopCode", json!("UserInitiated"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: the agent on instance `i-0a000000000000001` cannot make a control group for the task
          the failure message says so; the task has a size of its own, which the agent enforces by a control group: the memory controller is off, control groups are not mounted into the agent, or the agent is too old for version 2 of them
          @ AWS::ECS::ContainerInstance 0a0000000000000000000000000000a1
          fix: launch the instance from the ECS-optimized AMI; or switch the controller on and update the agent
          - on the instance: `cat /proc/cgroups`, and `stat -fc %T /sys/fs/cgroup`
          - or, where limits of tasks can be done without: `ECS_ENABLE_TASK_CPU_MEM_LIMIT=false` in `/etc/ecs/ecs.config`, and no `cpu` and `memory` of the task
        ");
    }

    #[test]
    fn without_a_size_there_is_nothing_to_limit() {
        let mut world = EXAMPLES.failing();
        world.definition("/cpu", json!(null)).definition("/memory", json!(null));
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }
}
