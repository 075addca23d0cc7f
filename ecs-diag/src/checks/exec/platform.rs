use super::{Exec, OFF};
use crate::{
    LaunchType, Phase,
    check::{Check, Cx, Meta, check},
    checks::{fargate, instances, task},
    facts::Missing,
    finding::{Finding, Remedy, Severity},
    signature::Cause,
};

check! {
    /// ECS Exec: the platform has it
    ///
    /// # What it looks at
    /// The platform version on Fargate: 1.4.0 or newer for Linux, any for Windows. On container
    /// instances, the attribute `ecs.capability.execute-command`, which the agent registers if it
    /// finds the binaries and certificates of ECS Exec: from agent 1.50.2 on, for Windows from
    /// 1.56.0 on, not on Windows Server 2016. Nano Server has no ECS Exec either; that shows
    /// nowhere.
    ///
    /// # Why it matters
    /// Where the platform does not have it, no agent of ECS Exec is started in the containers. A
    /// task with ECS Exec on is placed on instances with the attribute only; `requiresAttributes`
    /// of the task definition does not show that.
    ///
    /// # How to fix it
    /// Run the task on a newer platform version, or on instances with a recent Amazon ECS-optimized
    /// AMI.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec-run.html>
    Platform {
        id: "exec-platform",
        domain: "exec",
        phase: Run,
        causes: [ExecAgentCannotConnect, ExecNotEnabled, PlaceAttributeOrGpu],
        explains: [],
    }
}

const ATTRIBUTE: &str = "ecs.capability.execute-command";

impl Check for Platform {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(exec) = Exec::of(cx)? else { return cx.not_applicable(OFF) };
        match cx.launch_type()? {
            LaunchType::Fargate => {
                let Some(this) = cx.task()? else { return Ok(()) };
                let definition = cx.definition()?;
                let version = this.platform_version.as_deref().filter(|version| {
                    fargate::before_1_4(version)
                        && !fargate::is_windows(fargate::operating_system(&definition))
                });
                let Some(version) = version else { return Ok(()) };
                cx.report(
                    Finding::of(
                        exec.severity(Severity::Blocker),
                        format!("platform version {version} has no ECS Exec"),
                    )
                    .detail("on Fargate, ECS Exec needs platform version 1.4.0 or newer")
                    .resource(task::resource(&this))
                    .evidence(task::evidence(cx, &this, "/platformVersion", version))
                    .remedy(fargate::on_1_4(cx, &this)),
                );
            }
            // ECS sees to it that instances that it manages have it.
            LaunchType::ManagedInstances => {}
            LaunchType::Ec2 | LaunchType::External => {
                let placed = instances::own(cx)?.is_some();
                let Some(lack) = instances::lack(cx, |instance| instance.has(ATTRIBUTE))? else {
                    return Ok(());
                };
                // ECS places a task with ECS Exec on no instance without the attribute.
                let placing = cx.symptom()?.is_some_and(|symptom| {
                    symptom.reading.causes.contains(&Cause::PlaceAttributeOrGpu)
                });
                let (severity, phase) = if placed {
                    (exec.severity(Severity::Blocker), Phase::Run)
                } else if placing {
                    (Severity::Likely, Phase::Place)
                } else {
                    (Severity::Warning, Phase::Place)
                };
                cx.report(
                    Finding::of(severity, format!("{} `{ATTRIBUTE}`", lack.who))
                        .phase(phase)
                        .detail(
                            "ECS Exec is on; the agent registers the attribute from version 1.50.2 \
                             on (Windows: 1.56.0) if the instance has the binaries of ECS Exec",
                        )
                        .resource(lack.resource)
                        .named(ATTRIBUTE)
                        .evidence(lack.evidence)
                        .remedy(
                            Remedy::new(
                                "run the task on instances with a recent Amazon ECS-optimized AMI",
                            )
                            .step(
                                "or update the agent and ecs-init, which bring \
                                 `/var/lib/ecs/deps/execute-command`",
                            ),
                        ),
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::{
        super::failure::{MESSAGE, on},
        ATTRIBUTE,
    };
    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{not_placed, placed},
            testing::{Examples, World},
        },
        finding::Severity,
    };

    const ID: &str = "exec-platform";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            on(world).stopped(MESSAGE).task("/platformVersion", json!("1.3.0"));
        },
        passes: |world| {
            on(world);
        },
        unknown: |world| {
            on(world).stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            on(world).stopped(MESSAGE);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
            blocker: platform version 1.3.0 has no ECS Exec
              on Fargate, ECS Exec needs platform version 1.4.0 or newer
              @ AWS::ECS::Task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c
              fix (verified): run the task on platform version 1.4.0
              $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --platform-version 1.4.0
            ");
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn it_never_explains_a_failed_start() {
        let mut world = World::default();
        world.task("/enableExecuteCommand", json!(true)).task("/platformVersion", json!("1.3.0"));
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Warning);
    }

    #[test]
    fn the_instance_must_have_it() {
        for (attributes, status) in [(&[][..], Status::Failed), (&[ATTRIBUTE], Status::Passed)] {
            let mut world = World::default();
            placed(on(&mut world), "EC2", attributes);
            assert_eq!(world.outcome(ID).status, status);
        }
        let mut world = World::default();
        not_placed(on(&mut world), "EC2", &[&[], &[]]);
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Warning);
        world.stopped("TaskFailedToStart: ATTRIBUTE");
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Likely);
        world.without("containerInstances");
        assert_eq!(world.outcome(ID).status, Status::Unknown);
    }
}
