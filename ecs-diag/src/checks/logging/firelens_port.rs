use super::firelens::{NO_FIRELENS, routers};
use crate::{
    aws::ecs::PortMapping,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// The log router's port is not open to others
    ///
    /// # What it looks at
    /// Where the task has a log router, whether a container maps port 24224. What security groups
    /// let in is not checked here.
    ///
    /// # Why it matters
    /// The router takes logs on port 24224 from anybody who reaches it. It does not stop the task.
    ///
    /// # How to fix it
    /// Remove the port mapping, and let no security group open the port.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_firelens.html>
    FirelensPort {
        id: "log-firelens-port",
        domain: "logging",
        phase: Run,
        causes: [],
        explains: [],
    }
}

/// Where a log router listens.
const PORT: i64 = 24224;

impl Check for FirelensPort {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let task_definition = cx.definition()?;
        if routers(&task_definition).is_empty() {
            return cx.not_applicable(NO_FIRELENS);
        }
        let maps = |mapping: &PortMapping| {
            mapping.container_port == Some(PORT) || mapping.host_port == Some(PORT)
        };
        let containers = task_definition.container_definitions.iter().enumerate();
        let open: Vec<_> = containers
            .filter_map(|(index, container)| {
                Some((index, container, container.port_mappings.iter().position(maps)?))
            })
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        let names = open.iter().map(|(_, container, _)| container.name.as_str());
        let mut finding = Finding::info(format!(
            "{} maps port {PORT}, where the log router listens",
            definition::containers(names)
        ))
        .detail("who reaches the port can write into the logs")
        .resource(definition::resource(&task_definition));
        for (index, _, place) in &open {
            let pointer = format!("/containerDefinitions/{index}/portMappings/{place}");
            let evidence = definition::evidence(cx, &task_definition, &pointer, PORT)?;
            finding = finding.evidence(evidence);
        }
        let remedy = Remedy::new("remove the port mapping");
        cx.report(finding.remedy(definition::deployed(cx, &task_definition, remedy)));
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::firelens::tests::routed;
    use crate::checks::testing::{Examples, World};

    fn maps(world: &mut World, port: u16) {
        routed(world, &json!({})).definition(
            "/containerDefinitions/1/portMappings",
            json!([{"containerPort": port, "protocol": "tcp"}]),
        );
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| maps(world, 24224),
        passes: |world| maps(world, 8080),
        unknown: |world| {
            maps(world, 24224);
            world.deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| maps(world, 2020),
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages("log-firelens-port"), @"
        info: container `router` maps port 24224, where the log router listens
          who reaches the port can write into the logs
          @ AWS::ECS::TaskDefinition checkout:42
          fix: remove the port mapping
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }
}
