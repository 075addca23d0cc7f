//! The task definition and the service of a case, as findings name and remedies change them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    Target,
    aws::{Arn, ecs::TaskDefinition},
    case::Case,
    edit::{Edit, Object},
    facts::Missing,
    finding::{Evidence, Remedy, Resource},
    shell::{self, quoted},
};

/// `family:revision`, or the ARN where it is not one.
pub(super) fn name(definition: &TaskDefinition) -> String {
    let arn = &definition.task_definition_arn;
    match arn.parse::<Arn>() {
        Ok(parsed) if !parsed.resource_id().is_empty() => parsed.resource_id().to_owned(),
        _ => arn.clone(),
    }
}

/// The task definition as an object that a finding is about.
pub(super) fn resource(definition: &TaskDefinition) -> Resource {
    Resource::new("AWS::ECS::TaskDefinition", name(definition))
        .arn(definition.task_definition_arn.clone())
}

/// A member of the task definition.
pub(super) fn evidence(
    case: &Case<'_>,
    definition: &TaskDefinition,
    pointer: &str,
    value: impl Into<Value>,
) -> Result<Evidence, Missing> {
    let query = case.query(&case.definition_request()?);
    Ok(Evidence::new(query, format!("/taskDefinition{pointer}"), value).object(name(definition)))
}

/// The registered task definition, to be edited.
pub(super) fn object(definition: &TaskDefinition) -> Object {
    Object::new("taskDefinition", "taskDefinitionArn", definition.task_definition_arn.clone())
}

/// Sets a member of the task definition.
pub(super) fn set(definition: &TaskDefinition, pointer: &str, value: impl Into<Value>) -> Edit {
    Edit::Set(object(definition), pointer.to_owned(), value.into())
}

/// The start of the command that changes the case's service; `None` for a task without one.
pub(super) fn update_service(case: &Case<'_>) -> Option<String> {
    let service = match case.target() {
        Target::Service { service, .. } => service.rsplit('/').next()?.to_owned(),
        _ => case.task().ok()??.service_name()?.to_owned(),
    };
    Some(format!(
        "aws ecs update-service --cluster {} --service {}{}",
        quoted(&case.cluster()?),
        quoted(&service),
        shell::region_option(case.region())
    ))
}

/// The command that makes the service run the newest revision of the definition's family.
pub(super) fn roll_out(case: &Case<'_>, definition: &TaskDefinition) -> Option<String> {
    let name = name(definition);
    let family = definition.family.as_deref().or(name.split(':').next()).unwrap_or(&name);
    Some(format!("{} --task-definition {}", update_service(case)?, quoted(family)))
}

/// A remedy that changes the task definition, with what it takes to bring that about.
pub(super) fn deployed(case: &Case<'_>, definition: &TaskDefinition, remedy: Remedy) -> Remedy {
    let name = name(definition);
    let family = definition.family.as_deref().or(name.split(':').next()).unwrap_or(&name);
    let remedy = remedy.step(format!("register a revision of `{family}` with that change"));
    match roll_out(case, definition) {
        Some(command) => remedy.step("deploy the new revision").command(command),
        None => remedy.step("start the task from the new revision"),
    }
}

/// "container `app`" or "containers `app`, `worker`", each once.
pub(super) fn containers<'c>(names: impl IntoIterator<Item = &'c str>) -> String {
    let mut seen = BTreeSet::new();
    let names = names.into_iter().filter(|name| seen.insert(*name));
    let shown: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    format!("container{} {}", if shown.len() == 1 { "" } else { "s" }, shown.join(", "))
}
