//! Containers that log through FireLens, and the router that takes their logs.

use super::options::drivers;
use crate::aws::ecs::{ContainerDefinition, FirelensConfiguration, TaskDefinition};

/// Why the checks of FireLens have nothing to ask.
pub(super) const NO_FIRELENS: &str = "no container logs through FireLens";

/// The log driver that hands logs to the router.
pub(super) const DRIVER: &str = "awsfirelens";

/// A container that is a log router.
pub(super) struct Router<'d> {
    /// Place among the task definition's containers.
    pub(super) index: usize,
    pub(super) container: &'d ContainerDefinition,
    pub(super) firelens: &'d FirelensConfiguration,
}

/// The log routers of a task definition.
pub(super) fn routers(definition: &TaskDefinition) -> Vec<Router<'_>> {
    definition
        .container_definitions
        .iter()
        .enumerate()
        .filter_map(|(index, container)| {
            let firelens = container.firelens_configuration.as_ref()?;
            Some(Router { index, container, firelens })
        })
        .collect()
}

/// The names of the containers that log through a router.
pub(super) fn routed(definition: &TaskDefinition) -> Vec<&str> {
    drivers(definition)
        .filter(|logging| logging.driver == DRIVER)
        .map(|logging| logging.container.name.as_str())
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::checks::testing::World;

    /// The container logs through a router, whose configuration has these options.
    pub(in crate::checks::logging) fn routed<'w>(
        world: &'w mut World,
        options: &Value,
    ) -> &'w mut World {
        world
            .container(
                "/logConfiguration",
                json!({"logDriver": "awsfirelens", "options": {"Name": "forward"}}),
            )
            .definition(
                "/containerDefinitions/-",
                json!({
                    "name": "router", "image": "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable",
                    "essential": true,
                    "firelensConfiguration": {"type": "fluentbit", "options": options},
                }),
            )
    }
}
