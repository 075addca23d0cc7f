//! The task definition and the service of a case, as remedies change them.

use serde_json::Value;

use crate::{
    aws::{Arn, ecs},
    case::Case,
    edit::{Edit, Object},
    facts::Missing,
    finding::{Evidence, Resource},
    shell,
};

/// A fact that helps and whose absence is no obstacle: `None` where there is no telling.
pub(super) fn at_hand<T>(fact: Result<Option<T>, Missing>) -> Result<Option<T>, Missing> {
    match fact {
        Err(missing) if missing.is_pending() => Err(missing),
        fact => Ok(fact.ok().flatten()),
    }
}

/// `family:revision`.
pub(super) fn name(definition: &ecs::TaskDefinition) -> String {
    let arn = &definition.task_definition_arn;
    arn.parse::<Arn>().map_or_else(|_| arn.clone(), |arn| arn.resource_id().to_owned())
}

/// The task definition as an object that a finding is about.
pub(super) fn resource(definition: &ecs::TaskDefinition) -> Resource {
    Resource::new("AWS::ECS::TaskDefinition", name(definition))
        .arn(definition.task_definition_arn.clone())
}

/// A member of the task definition.
pub(super) fn evidence(
    case: &Case<'_>,
    definition: &ecs::TaskDefinition,
    pointer: &str,
    value: impl Into<Value>,
) -> Result<Evidence, Missing> {
    let query = case.query(&case.definition_request()?);
    Ok(Evidence::new(query, format!("/taskDefinition{pointer}"), value).object(name(definition)))
}

/// Sets a member of the task definition.
pub(super) fn set(
    definition: &ecs::TaskDefinition,
    pointer: &str,
    value: impl Into<Value>,
) -> Edit {
    let arn = definition.task_definition_arn.clone();
    Edit::Set(
        Object::new("taskDefinition", "taskDefinitionArn", arn),
        pointer.to_owned(),
        value.into(),
    )
}

/// ` --region R`, where the target's is known.
pub(super) fn region_option(case: &Case<'_>) -> String {
    case.region().map_or(String::new(), |region| format!(" --region {}", shell::quoted(region)))
}

/// The start of the command that changes the case's service; `None` for a task without one.
pub(super) fn update_service(case: &Case<'_>) -> Result<Option<String>, Missing> {
    let Some(service) = at_hand(case.service())? else { return Ok(None) };
    let cluster = service.cluster_arn.clone().or_else(|| case.cluster());
    let cluster = cluster.as_deref().map_or("default", |arn| arn.rsplit('/').next().unwrap_or(arn));
    Ok(Some(format!(
        "aws ecs update-service --cluster {} --service {}{}",
        shell::quoted(cluster),
        shell::quoted(&service.service_name),
        region_option(case)
    )))
}

/// The command that makes the service run the newest revision of the definition's family.
pub(super) fn roll_out(
    case: &Case<'_>,
    definition: &ecs::TaskDefinition,
) -> Result<Option<String>, Missing> {
    let name = name(definition);
    let family = name.split(':').next().unwrap_or(&name);
    Ok(update_service(case)?
        .map(|command| format!("{command} --task-definition {}", shell::quoted(family))))
}
