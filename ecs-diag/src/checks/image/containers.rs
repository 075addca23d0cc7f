//! The images that the containers of a case name.

use crate::{
    case::Case,
    facts::Missing,
    image::{EcrRegistry, Reference},
};

/// An image in a private registry of Amazon ECR that a container names.
#[derive(Clone, Debug)]
pub(super) struct EcrImage {
    /// Containers that name it.
    pub(super) containers: Vec<String>,
    /// The reference as it stands in the task definition.
    pub(super) text: String,
    pub(super) reference: Reference,
    pub(super) registry: EcrRegistry,
}

impl EcrImage {
    /// `container` or `containers`, with their names.
    pub(super) fn named_by(&self) -> String {
        named_by(&self.containers)
    }
}

/// The images in Amazon ECR that the case's containers name, each once.
pub(super) fn ecr_images(case: &Case<'_>) -> Result<Vec<EcrImage>, Missing> {
    let mut images: Vec<EcrImage> = Vec::new();
    for container in &case.definition()?.container_definitions {
        let Some(text) = &container.image else { continue };
        if let Some(image) = images.iter_mut().find(|image| image.text == *text) {
            image.containers.push(container.name.clone());
            continue;
        }
        let Ok(reference) = text.parse::<Reference>() else { continue };
        if let Some(registry) = reference.ecr() {
            let containers = vec![container.name.clone()];
            images.push(EcrImage { containers, text: text.clone(), reference, registry });
        }
    }
    Ok(images)
}

/// "container `app`" or "containers `app`, `worker`".
pub(super) fn named_by(containers: &[String]) -> String {
    let names: Vec<_> = containers.iter().map(|name| format!("`{name}`")).collect();
    format!("container{} {}", if names.len() == 1 { "" } else { "s" }, names.join(", "))
}
