use serde_json::json;

use crate::{
    aws::ecs::{Overrides, TaskDefinition},
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell,
};

check! {
    /// The task definition is there, and what the task's overrides change
    ///
    /// # What it looks at
    /// Whether the revision that the task (or deployment) names can still be described, its status,
    /// and the task's overrides: roles, CPU, memory, ephemeral storage, and per container command,
    /// environment, environment files and limits. A list of environment files in the overrides
    /// replaces the one of the definition. All other checks look at the result.
    ///
    /// # Why it matters
    /// Nothing can be started from a revision that was deleted. One that was only deregistered
    /// (`INACTIVE`) still serves the services that use it, but nobody else. Overrides hide: the task
    /// definition shows one role or command, the task had another.
    ///
    /// # How to fix it
    /// Register the task definition again and deploy the new revision. What comes from overrides is
    /// changed where the task is started: `RunTask`, a schedule, a state machine.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/delete-task-definition-v2.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html>
    EffectiveTaskdef {
        id: "pre-effective-taskdef",
        domain: "preflight",
        phase: Place,
        causes: [],
        explains: [],
    }
}

impl Check for EffectiveTaskdef {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task = cx.task()?;
        if let Some(task) = &task {
            let changed = changes(&task.overrides);
            if !changed.is_empty() {
                cx.report(
                    Finding::info(format!(
                        "task `{}` was started with overrides: {}",
                        task::id(&task.task_arn),
                        changed.join(", ")
                    ))
                    .detail(
                        "these values hold instead of those of the task definition; a change of \
                         the definition does not reach them",
                    )
                    .resource(task::resource(task))
                    .evidence(task::evidence(
                        cx,
                        task,
                        "/overrides",
                        json!(changed),
                    )),
                );
            }
        }
        let request = cx.definition_request()?;
        let arn = &request.task_definition;
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let family = name.split(':').next().unwrap_or(name);
        let resource = Resource::new("AWS::ECS::TaskDefinition", name).arn(arn.clone());
        let register = Remedy::new(format!(
            "register the task definition `{family}` again, and deploy the new revision"
        ))
        .command(format!(
            "aws ecs register-task-definition --cli-input-json file://task-definition.json{}",
            shell::region_option(cx.region())
        ));
        let redeploy = match cx.service()? {
            Some(service) => register.command(format!(
                "aws ecs update-service --service {} --task-definition {}{}",
                shell::quoted(&service.service_name),
                shell::quoted(family),
                task::options(cx)
            )),
            None => register,
        };
        let Some(answer) = cx.get(&request)? else {
            cx.report(
                Finding::blocker(format!("task definition `{name}` was deleted"))
                    .detail(
                        "no task can be started from it, and what it said about images, roles, \
                         secrets and logs can no longer be read",
                    )
                    .resource(resource)
                    .evidence(Evidence::new(cx.query(&request), "/taskDefinition", json!(null)))
                    .remedy(redeploy),
            );
            return Ok(());
        };
        let TaskDefinition { status, .. } = &*answer.task_definition;
        let (finding, detail) = match status.as_deref() {
            Some("INACTIVE") => (
                Finding::info(format!("task definition `{name}` is INACTIVE")),
                "it was deregistered: services that use it still start tasks from it, but nobody \
                 can run a new task or create a service with it",
            ),
            Some("DELETE_IN_PROGRESS") => (
                Finding::warning(format!("task definition `{name}` is being deleted")),
                "no new task can be run and no service created or updated with it, and it goes \
                 away when nothing uses it any more",
            ),
            _ => return Ok(()),
        };
        cx.report(
            finding
                .detail(detail)
                .resource(resource)
                .evidence(
                    Evidence::new(cx.query(&request), "/taskDefinition/status", status.clone())
                        .object(arn.clone()),
                )
                .remedy(redeploy),
        );
        Ok(())
    }
}

/// What overrides change, in the API's words; values of variables are nobody's business.
fn changes(overrides: &Overrides) -> Vec<String> {
    let mut out = Vec::new();
    let mut text = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            out.push(format!("{name} `{value}`"));
        }
    };
    text("executionRoleArn", overrides.execution_role_arn.as_deref());
    text("taskRoleArn", overrides.task_role_arn.as_deref());
    text("cpu", overrides.cpu.as_ref().map(|cpu| cpu.0.as_str()));
    text("memory", overrides.memory.as_ref().map(|memory| memory.0.as_str()));
    if let Some(size) = overrides.ephemeral_storage.as_ref().and_then(|s| s.size_in_gib) {
        out.push(format!("ephemeralStorage {size} GiB"));
    }
    for change in &overrides.container_overrides {
        let members: Vec<_> = [
            ("command", change.command.is_some()),
            ("environment", !change.environment.is_empty()),
            ("environmentFiles", change.environment_files.is_some()),
            ("cpu", change.cpu.is_some()),
            ("memory", change.memory.is_some()),
            ("memoryReservation", change.memory_reservation.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, set)| set.then_some(name))
        .collect();
        if !members.is_empty() {
            let container = change.name.as_deref().unwrap_or("");
            out.push(format!("{} of container `{container}`", members.join(" and ")));
        }
    }
    out
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        Severity,
        check::Status,
        checks::testing::{DEFINITION, Examples, World},
    };

    fn deleted(world: &mut World) {
        world.without("taskDefinition").recorded_error(
            "ecs",
            "DescribeTaskDefinition",
            &json!({"taskDefinition": DEFINITION}),
            "TaskDefinitionNotFoundException",
        );
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: deleted,
        passes: |_| {},
        unknown: |world| {
            world.deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            world.definition("/status", json!("ACTIVE"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("pre-effective-taskdef"), @r"
        blocker: task definition `checkout:42` was deleted
          no task can be started from it, and what it said about images, roles, secrets and logs can no longer be read
          @ AWS::ECS::TaskDefinition checkout:42
          fix: register the task definition `checkout` again, and deploy the new revision
          $ aws ecs register-task-definition --cli-input-json file://task-definition.json --region eu-west-1
          $ aws ecs update-service --service checkout --task-definition checkout --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn revisions_on_their_way_out_are_told_apart() {
        for (status, severity) in
            [("INACTIVE", Severity::Info), ("DELETE_IN_PROGRESS", Severity::Warning)]
        {
            let mut world = World::default();
            world.definition("/status", json!(status));
            let findings = world.outcome("pre-effective-taskdef").findings;
            assert_eq!(findings.len(), 1);
            assert_eq!(findings[0].severity, severity);
        }
    }

    #[test]
    fn overrides_are_named_without_the_values_of_variables() {
        let mut world = World::default();
        world.task("/overrides", json!({
            "taskRoleArn": "arn:aws:iam::111122223333:role/other", "cpu": "512",
            "ephemeralStorage": {"sizeInGiB": 50},
            "containerOverrides": [
                {"name": "app", "command": ["x"], "environment": [{"name": "A", "value": "hush"}]},
                {"name": "sidecar"},
            ],
        }));
        let outcome = world.outcome("pre-effective-taskdef");
        assert_eq!(outcome.status, Status::Passed);
        insta::assert_snapshot!(outcome.findings[0].summary, @"task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` was started with overrides: taskRoleArn `arn:aws:iam::111122223333:role/other`, cpu `512`, ephemeralStorage 50 GiB, command and environment of container `app`");
        assert!(!format!("{outcome:?}").contains("hush"));
    }
}
