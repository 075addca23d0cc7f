use super::{Exec, OFF};
use crate::{
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy, Severity},
};

check! {
    /// ECS Exec: the containers' root file systems are writable
    ///
    /// # What it looks at
    /// `readonlyRootFilesystem` of every container. One that mounts a writable volume at
    /// `/var/lib/amazon` and its like is left out: that is not documented, but works.
    ///
    /// # Why it matters
    /// The agent of ECS Exec creates directories and files in the container. It does not start
    /// where it cannot.
    ///
    /// # How to fix it
    /// Set `readonlyRootFilesystem` to `false` for containers in which commands are to be run.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html>
    ReadonlyRoot {
        id: "exec-readonly-root",
        domain: "exec",
        phase: Run,
        causes: [ExecAgentCannotConnect],
        explains: [],
    }
}

/// Where the agent of ECS Exec keeps its state.
const STATE: &str = "/var/lib/amazon";

impl Check for ReadonlyRoot {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(exec) = Exec::of(cx)? else { return cx.not_applicable(OFF) };
        let task_definition = cx.definition()?;
        let readonly: Vec<_> = task_definition
            .container_definitions
            .iter()
            .enumerate()
            .filter(|(_, container)| {
                container.readonly_root_filesystem
                    && !container.mount_points.iter().any(|mount| {
                        !mount.read_only
                            && mount
                                .container_path
                                .as_deref()
                                .is_some_and(|path| path.starts_with(STATE))
                    })
            })
            .collect();
        if readonly.is_empty() {
            return Ok(());
        }
        let who = definition::containers(readonly.iter().map(|(_, c)| c.name.as_str()));
        let mut remedy = Remedy::new(format!("set `readonlyRootFilesystem` of {who} to `false`"));
        let mut finding = Finding::of(
            exec.severity(Severity::Blocker),
            format!(
                "{who} of `{}` cannot write to the root file system, which ECS Exec needs",
                definition::name(&task_definition)
            ),
        )
        .detail(
            "the agent of ECS Exec creates directories and files in the container, else it does \
             not start",
        )
        .resource(definition::resource(&task_definition))
        .changed_at(task_definition.registered_at);
        for (at, _) in &readonly {
            let pointer = format!("/containerDefinitions/{at}/readonlyRootFilesystem");
            remedy = remedy.edit(definition::set(&task_definition, &pointer, false));
            finding = finding.evidence(definition::evidence(cx, &task_definition, &pointer, true)?);
        }
        cx.report(finding.remedy(definition::deployed(cx, &task_definition, remedy)));
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::failure::{MESSAGE, on};
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const ID: &str = "exec-readonly-root";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            on(world).stopped(MESSAGE).container("/readonlyRootFilesystem", json!(true));
        },
        passes: |world| {
            on(world);
        },
        unknown: |world| {
            on(world).stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            on(world).stopped(MESSAGE).container("/readonlyRootFilesystem", json!(false));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: container `app` of `checkout:42` cannot write to the root file system, which ECS Exec needs
          the agent of ECS Exec creates directories and files in the container, else it does not start
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): set `readonlyRootFilesystem` of container `app` to `false`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn it_never_explains_a_failed_start() {
        let mut world = World::default();
        world.container("/readonlyRootFilesystem", json!(true));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
        world.task("/enableExecuteCommand", json!(true));
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Warning);
    }

    #[test]
    fn a_writable_volume_in_the_right_place_helps() {
        let mut world = EXAMPLES.failing();
        world.container(
            "/mountPoints",
            json!([{"sourceVolume": "ssm", "containerPath": "/var/lib/amazon/ssm"}]),
        );
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }
}
