use std::collections::BTreeSet;

use crate::{
    aws::{
        Arn,
        ecs::{Deployment, DescribeServices},
        iam::GetRole,
    },
    check::{Check, Cx, Meta, check},
    checks::task,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell,
};

check! {
    /// The configuration is still the one that the task failed with
    ///
    /// # What it looks at
    /// Whether the service has got a new `PRIMARY` deployment with another task definition or
    /// network configuration since the task stopped, and whether one of the task's roles was created
    /// after it: deleted and created again under the same name. Changes of policies, security
    /// groups and route tables carry no time and cannot be seen.
    ///
    /// # Why it matters
    /// Findings describe the account as it is now. What was changed after the failure may not be
    /// what caused it, and the cause may be gone already.
    ///
    /// # How to fix it
    /// Diagnose a failure that is newer than the change. If there is none, the change may have
    /// been the fix.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html>,
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html>
    EvidenceDrift {
        id: "pre-evidence-drift",
        domain: "preflight",
        phase: Place,
        causes: [],
        explains: [],
    }
}

impl Check for EvidenceDrift {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(task) = cx.task()? else { return cx.not_applicable("there is no task") };
        let Some(stopped) = task.stopped_at.or(task.stopping_at) else {
            return cx.not_applicable("the task has not stopped");
        };
        let id = task::id(&task.task_arn);
        let definition = cx.definition();
        let service = cx.service();

        let roles: BTreeSet<Arn> = definition
            .iter()
            .flat_map(|definition| [&definition.execution_role_arn, &definition.task_role_arn])
            .filter_map(|arn| arn.as_ref()?.parse().ok())
            .collect();
        let created = task.created_at.unwrap_or(stopped);
        cx.each(roles, |cx, arn| {
            let request = GetRole { role_name: arn.last().to_owned() };
            let Some(answer) = cx.get(&request)? else { return Ok(()) };
            // A role is asked by name; one of another account has its namesake here.
            if answer.role.arn != arn.to_string() {
                return Ok(());
            }
            let Some(date) = answer.role.create_date.filter(|date| *date > created) else {
                return Ok(());
            };
            let when = if date > stopped {
                format!("{} after task `{id}` stopped", task::span(stopped, date))
            } else {
                format!("while task `{id}` was starting")
            };
            cx.report(
                Finding::warning(format!("role `{}` was created {when}", arn.last()))
                    .detail(
                        "the task did not have this role but an earlier one of that name, or none; \
                         findings about it describe the new role, and a role can be unusable for \
                         some seconds after it was created",
                    )
                    .resource(Resource::new("AWS::IAM::Role", arn.last()).arn(arn.to_string()))
                    .evidence(
                        Evidence::new(cx.query(&request), "/Role/CreateDate", date.to_string())
                            .object(arn.to_string()),
                    )
                    .changed_at(Some(date))
                    .remedy(fresh(cx, task.service_name())),
            );
            Ok(())
        });

        if let Some(service) = service? {
            let mut all = service.deployments.iter().chain(&service.task_sets);
            let by = task.started_by.as_ref();
            let old = all.clone().find(|set| set.id.is_some() && set.id.as_ref() == by);
            let new =
                all.find(|set| set.status.as_deref() == Some("PRIMARY") && set.id.as_ref() != by);
            if let Some(new) = new
                && let Some(at) = new.created_at.filter(|at| *at > stopped)
                && let Some(what) = difference(old, task.task_definition_arn.as_ref(), new)
            {
                let name = &service.service_name;
                let request = DescribeServices {
                    cluster: cx.target().cluster().or_else(|| task.cluster_arn.clone()),
                    services: vec![name.clone()],
                };
                cx.report(
                    Finding::warning(format!(
                        "service `{name}` was deployed anew with {what}, {} after task `{id}` \
                         stopped",
                        task::span(stopped, at)
                    ))
                    .detail(
                        "the failure belongs to the configuration before; the new deployment may \
                         have fixed it, or fail for another reason",
                    )
                    .resource(Resource::new("AWS::ECS::Service", name).arn(&*service.service_arn))
                    .evidence(
                        Evidence::new(cx.query(&request), "/deployments", new.id.clone())
                            .object(service.service_arn.clone()),
                    )
                    .changed_at(Some(at))
                    .remedy(fresh(cx, Some(name))),
                );
            }
        }
        definition.map(|_| ())
    }
}

/// In what the new deployment differs from the one that the task belongs to.
fn difference(
    old: Option<&Deployment>,
    definition: Option<&String>,
    new: &Deployment,
) -> Option<String> {
    if new.task_definition.is_some() && new.task_definition.as_ref() != definition {
        let arn = new.task_definition.as_deref().unwrap_or_default();
        return Some(format!("task definition `{}`", arn.rsplit('/').next().unwrap_or(arn)));
    }
    (old?.network_configuration != new.network_configuration)
        .then(|| "another network configuration".to_owned())
}

fn fresh(cx: &Cx<'_>, service: Option<&str>) -> Remedy {
    let remedy = Remedy::new("diagnose a task that failed after the change");
    match service {
        Some(service) => remedy.command(format!(
            "aws ecs list-tasks --service-name {} --desired-status STOPPED{}",
            shell::quoted(service),
            task::options(cx)
        )),
        None => remedy,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::checks::testing::{DEFINITION, Examples, World};

    /// A deployment that replaced the task's after it stopped.
    fn deployed(world: &mut World, definition: &str) {
        let old = &world.outputs["services"]["services"][0]["deployments"][0];
        let mut new: Value = old.clone();
        new["id"] = json!("ecs-svc/99");
        new["taskDefinition"] = json!(definition);
        new["createdAt"] = json!("2026-11-20T10:21:00Z");
        world.set("services", "/services/0/deployments/0/status", json!("ACTIVE")).set(
            "services",
            "/services/0/deployments/-",
            new,
        );
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            deployed(world, "arn:aws:ecs:eu-west-1:111122223333:task-definition/checkout:43");
        },
        passes: |_| {},
        unknown: |world| {
            world.deny("ecs:DescribeServices");
        },
        // The same configuration, started again.
        near_miss: |world| deployed(world, DEFINITION),
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("pre-evidence-drift"), @r"
        warning: service `checkout` was deployed anew with task definition `checkout:43`, 20 min after task `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` stopped
          the failure belongs to the configuration before; the new deployment may have fixed it, or fail for another reason
          @ AWS::ECS::Service checkout
          fix: diagnose a task that failed after the change
          $ aws ecs list-tasks --service-name checkout --desired-status STOPPED --cluster shop --region eu-west-1
        ");
    }

    #[test]
    fn a_network_that_was_changed_is_said() {
        let mut world = World::default();
        deployed(&mut world, DEFINITION);
        world.set(
            "services",
            "/services/0/deployments/1/networkConfiguration/awsvpcConfiguration/assignPublicIp",
            json!("ENABLED"),
        );
        let findings = world.outcome("pre-evidence-drift").findings;
        assert_eq!(findings.len(), 1);
        assert!(findings[0].summary.contains("another network configuration"));
    }

    #[test]
    fn a_role_that_is_younger_than_the_task_is_said() {
        let mut world = World::default();
        world.set("Role", "/Role/CreateDate", json!("2026-11-20T10:11:00Z"));
        let findings = world.outcome("pre-evidence-drift").findings;
        assert_eq!(findings.len(), 1);
        assert_eq!(
            findings[0].summary,
            "role `checkout-execution` was created 10 min after task \
             `4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c` stopped"
        );
    }

    #[test]
    fn a_role_that_cannot_be_read_does_not_hide_the_deployment() {
        let mut world = World::default();
        deployed(&mut world, "arn:aws:ecs:eu-west-1:111122223333:task-definition/checkout:43");
        world.deny("iam:GetRole");
        assert_eq!(world.outcome("pre-evidence-drift").findings.len(), 1);
    }
}
