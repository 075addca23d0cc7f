//! The task definition as findings and remedies name it.

use crate::{
    Target,
    aws::{Arn, ecs::TaskDefinition},
    case::Case,
    edit::Object,
    finding::{Remedy, Resource},
    shell::quoted,
};

/// `family:revision`, or the ARN where it is not one.
pub(super) fn label(definition: &TaskDefinition) -> String {
    let arn = &definition.task_definition_arn;
    match arn.parse::<Arn>() {
        Ok(parsed) if !parsed.resource_id().is_empty() => parsed.resource_id().to_owned(),
        _ => arn.clone(),
    }
}

/// The task definition as the object at fault.
pub(super) fn resource(definition: &TaskDefinition) -> Resource {
    Resource::new("AWS::ECS::TaskDefinition", label(definition))
        .arn(definition.task_definition_arn.clone())
}

/// The registered task definition, to be edited.
pub(super) fn object(definition: &TaskDefinition) -> Object {
    Object::new("taskDefinition", "taskDefinitionArn", definition.task_definition_arn.clone())
}

/// A remedy that changes the task definition, with what it takes to bring that about.
pub(super) fn deployed(case: &Case<'_>, definition: &TaskDefinition, remedy: Remedy) -> Remedy {
    let label = label(definition);
    let family = definition.family.as_deref().or(label.split(':').next()).unwrap_or(&label);
    let remedy = remedy.step(format!("register a revision of `{family}` with that change"));
    let name = match case.target() {
        Target::Service { service, .. } => service.rsplit('/').next().map(str::to_owned),
        _ => case.task().ok().flatten().and_then(|task| Some(task.service_name()?.to_owned())),
    };
    let (Some(service), Some(cluster)) = (name, case.cluster()) else {
        return remedy.step("start the task from the new revision");
    };
    remedy.step(format!("deploy the new revision to service `{service}`")).command(format!(
        "aws ecs update-service --cluster {} --service {} --task-definition {}{}",
        quoted(&cluster),
        quoted(&service),
        quoted(family),
        in_region(case.region()),
    ))
}

/// ` --region …` for a command, where the region is known.
pub(super) fn in_region(region: Option<&str>) -> String {
    region.map_or(String::new(), |region| format!(" --region {}", quoted(region)))
}

/// "container `app`" or "containers `app`, `worker`", each once.
pub(super) fn containers<'c>(names: impl IntoIterator<Item = &'c str>) -> String {
    let mut shown: Vec<String> = Vec::new();
    for name in names {
        let name = format!("`{name}`");
        if !shown.contains(&name) {
            shown.push(name);
        }
    }
    format!("container{} {}", if shown.len() == 1 { "" } else { "s" }, shown.join(", "))
}
