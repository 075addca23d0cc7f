use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    check::{Check, Cx, Meta, check},
    checks::{
        definition,
        instances::{self, Faults},
    },
    facts::Missing,
    finding::Remedy,
};

check! {
    /// The task's host ports are free on a container instance
    ///
    /// # What it looks at
    /// Ports of the host that the task definition names in the network modes `bridge` and `host`,
    /// against those that are taken on every active instance with a connected agent, by tasks or by the
    /// agent. Dynamic ports (0 or none) do not count, nor do tasks with an interface of their own.
    ///
    /// # Why it matters
    /// A port can be taken once on an instance: as long as the old task runs, the new one has no place
    /// beside it. ECS says `RESOURCE:PORTS`, or that the closest matching instance is already using a
    /// port required by the task.
    ///
    /// # How to fix it
    /// Use dynamic host ports behind a load balancer, or have more instances than tasks. Of a service
    /// with as many tasks as instances, let `minimumHealthyPercent` allow an old task to stop first.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>
    Ports {
        id: "ci-ports",
        domain: "container-instance",
        phase: Place,
        causes: [PlacePortConflict],
        explains: [],
    }
}

/// Ports that the agent reserves on Linux where it is not told otherwise.
const RESERVED: [i64; 5] = [22, 2375, 2376, 51678, 51679];

impl Check for Ports {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let judged = match instances::up(cx)? {
            Ok(judged) => judged,
            Err(why) => return cx.not_applicable(why),
        };
        if judged.needs.ports.is_empty() {
            return cx.not_applicable("the task definition names no port of the host");
        }
        let Some(failing) = judged.failing(cx, Faults::PORT)? else { return Ok(()) };
        let definition = cx.definition()?;
        let mut busy = BTreeSet::new();
        for judgement in &failing.instances {
            for udp in [false, true] {
                let taken = instances::taken(&judgement.instance, udp).unwrap_or_default();
                let ports = judged.needs.ports.iter().filter(|port| port.1 == udp);
                busy.extend(ports.filter(|(port, _)| taken.binary_search(port).is_ok()));
            }
        }
        let spelt: Vec<_> = busy
            .iter()
            .map(|(port, udp)| if *udp { format!("{port}/udp") } else { port.to_string() })
            .collect();
        let reserved: Vec<_> =
            busy.iter().filter(|(port, udp)| !udp && RESERVED.contains(port)).collect();
        let mut detail = format!("a port can be taken once on an instance: {}", failing.ids());
        if let Some((port, _)) = reserved.first() {
            detail += &format!("; the agent reserves {port} for the instance itself");
        }
        let first = failing.instances[0];
        let name = definition::name(&definition);
        let mut remedy = Remedy::new("let ECS choose the host ports, or add instances");
        let by_bridge = !matches!(definition.network_mode.as_deref(), Some("host"));
        if by_bridge {
            remedy = remedy.step(format!(
                "in a new revision of task definition `{name}`, set `hostPort` to 0 for {}",
                spelt.join(", ")
            ));
            for (at, container) in definition.container_definitions.iter().enumerate() {
                for (mapping_at, mapping) in container.port_mappings.iter().enumerate() {
                    let is_busy =
                        |port: i64| busy.contains(&(port, false)) || busy.contains(&(port, true));
                    if mapping.host_port.is_some_and(is_busy) {
                        remedy = remedy.edit(definition::set(
                            &definition,
                            &format!(
                                "/containerDefinitions/{at}/portMappings/{mapping_at}/hostPort"
                            ),
                            0,
                        ));
                    }
                }
            }
            remedy = definition::deployed(cx, &definition, remedy);
        } else {
            remedy = Remedy::new(
                "add instances, or stop the old task first: in the network mode `host` a port \
                 cannot be dynamic",
            );
        }
        let summary = format!(
            "on {} host port {} is taken, which task definition `{name}` names",
            failing.count(),
            spelt.join(", ")
        );
        let finding = failing
            .finding(cx, summary, detail)?
            .evidence(first.instance.evidence(cx, "/remainingResources", json!({"PORTS": spelt})))
            .remedy(remedy);
        cx.report(finding);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{both, one, unplaced},
            testing::{Examples, World},
        },
    };

    const ID: &str = "ci-ports";
    const MESSAGE: &str = "TaskFailedToStart: RESOURCE:PORTS";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            busy(world);
        },
        passes: |world| {
            mapped(world, 8080);
        },
        unknown: |world| {
            both(mapped(world, 8080), "/remainingResources", &json!([]));
        },
        near_miss: |world| {
            busy(world).container("/portMappings/0/hostPort", json!(0));
        },
    };

    fn mapped(world: &mut World, port: u16) -> &mut World {
        unplaced(world, MESSAGE).container(
            "/portMappings",
            json!([{"containerPort": 80, "hostPort": port, "protocol": "tcp"}]),
        )
    }

    fn busy(world: &mut World) -> &mut World {
        let world = mapped(world, 8080);
        let ports = json!(["22", "51678", "8080"]);
        both(world, "/remainingResources/2/stringSetValue", &ports)
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: on both container instances host port 8080 is taken, which task definition `checkout:42` names
          a port can be taken once on an instance: `i-0a000000000000001`, `i-0b000000000000002`
          @ AWS::ECS::Cluster shop
          fix (verified): let ECS choose the host ports, or add instances
          - in a new revision of task definition `checkout:42`, set `hostPort` to 0 for 8080
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn a_dynamic_port_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn a_port_that_is_free_elsewhere_or_of_the_other_protocol_is_free() {
        let mut world = EXAMPLES.failing();
        one(&mut world, 1, "/remainingResources/2/stringSetValue", json!(["22"]));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        let mut world = EXAMPLES.failing();
        world.container("/portMappings/0/protocol", json!("udp"));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn in_the_mode_host_the_containers_port_is_the_hosts() {
        let mut world = EXAMPLES.failing();
        world
            .definition("/networkMode", json!("host"))
            .container("/portMappings", json!([{"containerPort": 8080}]));
        assert_eq!(world.outcome(ID).status, Status::Failed);
        world.definition("/networkMode", json!("awsvpc"));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }

    #[test]
    fn the_agents_own_ports_are_said_to_be() {
        let mut world = World::default();
        mapped(&mut world, 22);
        let finding = world.outcome(ID).findings.remove(0);
        assert!(finding.detail.contains("the agent reserves 22"), "{}", finding.detail);
    }
}
