use std::collections::BTreeMap;

use super::{is_windows, operating_system};
use crate::{
    LaunchType, Phase,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy, Severity},
};

check! {
    /// Ports suit a network interface of the task's own
    ///
    /// # What it looks at
    /// On Fargate: whether the network mode is `awsvpc`, whether every `hostPort` is absent or that of
    /// the container, whether two containers name the same port, whether one port is named for TCP and
    /// UDP both, and whether a Windows task uses port 3150.
    ///
    /// # Why it matters
    /// All containers of a task share its interface: there are no host ports to map to, and two
    /// containers that listen on the same port are in each other's way, so that the second one ends
    /// with `address already in use`. Port 3150 is taken on Fargate for Windows.
    ///
    /// # How to fix it
    /// Set the network mode to `awsvpc`, leave `hostPort` out, and give every container ports of its
    /// own.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html>
    AwsvpcPorts {
        id: "fg-awsvpc-ports",
        domain: "fargate",
        phase: Place,
        causes: [DeployConfiguration],
        explains: [],
    }
}

/// The port that Fargate for Windows keeps for itself.
const TAKEN: i64 = 3150;

/// A port mapping with its place in the task definition.
struct Mapping<'d> {
    container: &'d str,
    pointer: String,
    port: i64,
    host: Option<i64>,
    protocol: &'d str,
}

impl Check for AwsvpcPorts {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if cx.launch_type()? != LaunchType::Fargate {
            return cx.not_applicable("the task does not run on Fargate");
        }
        let definition = cx.definition()?;
        if cx.proven(Phase::Start)? {
            return Ok(());
        }
        let name = definition::name(&definition);
        let mode = definition.network_mode.as_deref();
        if mode != Some("awsvpc") {
            let shown =
                mode.map_or("no network mode".to_owned(), |mode| format!("network mode `{mode}`"));
            let remedy = Remedy::new("set `networkMode` to `awsvpc`").edit(definition::set(
                &definition,
                "/networkMode",
                "awsvpc",
            ));
            let finding = Finding::blocker(format!("task definition `{name}` names {shown}"))
                .detail("Fargate has `awsvpc` only, and ECS refuses the task")
                .resource(definition::resource(&definition))
                .evidence(definition::evidence(cx, &definition, "/networkMode", mode)?)
                .changed_at(definition.registered_at)
                .remedy(definition::deployed(cx, &definition, remedy));
            cx.report(finding);
        }

        let containers = definition.container_definitions.iter().enumerate();
        let mappings: Vec<Mapping<'_>> = containers
            .flat_map(|(at, container)| {
                let mappings = container.port_mappings.iter().enumerate();
                mappings.filter_map(move |(place, mapping)| {
                    Some(Mapping {
                        container: &container.name,
                        pointer: format!("/containerDefinitions/{at}/portMappings/{place}"),
                        port: mapping.container_port?,
                        host: mapping.host_port,
                        protocol: mapping.protocol.as_deref().unwrap_or("tcp"),
                    })
                })
            })
            .collect();
        let mut faults: Vec<(Severity, String, &Mapping<'_>)> = Vec::new();
        for mapping in &mappings {
            // Zero stands for absent.
            if let Some(host) = mapping.host.filter(|host| ![0, mapping.port].contains(host)) {
                let what = format!(
                    "container `{}` maps port {} to host port {host}, and there is no host",
                    mapping.container, mapping.port
                );
                faults.push((Severity::Blocker, what, mapping));
            }
            if mapping.port == TAKEN && is_windows(operating_system(&definition)) {
                let what = format!(
                    "container `{}` uses port {TAKEN}, which Fargate for Windows keeps for itself",
                    mapping.container
                );
                faults.push((Severity::Likely, what, mapping));
            }
        }
        let mut by_port: BTreeMap<i64, Vec<&Mapping<'_>>> = BTreeMap::new();
        for mapping in &mappings {
            by_port.entry(mapping.port).or_default().push(mapping);
        }
        for (port, users) in by_port.into_iter().filter(|(_, users)| users.len() > 1) {
            let first = users[0];
            if users.iter().any(|user| user.container != first.container) {
                let names = definition::containers(users.iter().map(|user| user.container));
                let what = format!(
                    "{names} use port {port} of one interface: whichever listens second ends with \
                     `address already in use`, unless only one of them listens"
                );
                faults.push((Severity::Likely, what, first));
            } else if users.iter().any(|user| user.protocol != first.protocol) {
                let what = format!(
                    "container `{}` names port {port} for more than one protocol",
                    first.container
                );
                faults.push((Severity::Blocker, what, first));
            }
        }
        let Some(severity) = faults.iter().map(|(severity, ..)| *severity).max() else {
            return Ok(());
        };
        let what: Vec<_> = faults.iter().map(|(_, what, _)| what.as_str()).collect();
        let mut remedy =
            Remedy::new("leave `hostPort` out and give every container ports of its own");
        let mut finding = Finding::of(
            severity,
            format!("port mappings of task definition `{name}` do not suit `awsvpc`"),
        )
        .detail(what.join("; "))
        .resource(definition::resource(&definition))
        .changed_at(definition.registered_at);
        // Which port a container is to have instead, only its owner knows.
        let all_mapped = faults.iter().all(|(.., mapping)| {
            mapping.host.is_some_and(|host| ![0, mapping.port].contains(&host))
        });
        for (.., mapping) in &faults {
            let pointer = &mapping.pointer;
            let value = serde_json::json!({
                "containerPort": mapping.port, "hostPort": mapping.host,
                "protocol": mapping.protocol,
            });
            finding = finding.evidence(definition::evidence(cx, &definition, pointer, value)?);
            if all_mapped {
                remedy = remedy.edit(definition::set(
                    &definition,
                    &format!("{pointer}/hostPort"),
                    mapping.port,
                ));
            }
        }
        cx.report(finding.remedy(definition::deployed(cx, &definition, remedy)));
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Outcome,
        check::Status,
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const ID: &str = "fg-awsvpc-ports";
    const MESSAGE: &str = "ClientException: When networkMode=awsvpc, the host ports and container ports \
        in port mappings must match.";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            world
                .stopped(MESSAGE)
                .container("/portMappings", json!([{"containerPort": 8080, "hostPort": 80}]));
        },
        passes: |world| {
            world.container(
                "/portMappings",
                json!([{"containerPort": 8080, "hostPort": 8080}, {"containerPort": 9090}]),
            );
        },
        unknown: |world| {
            world.stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            world.stopped(MESSAGE).container("/portMappings", json!([{"containerPort": 8080}]));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: port mappings of task definition `checkout:42` do not suit `awsvpc`
          container `app` maps port 8080 to host port 80, and there is no host
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): leave `hostPort` out and give every container ports of its own
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn the_fixes_are_proved() {
        assert!(EXAMPLES.failing().verified(ID));
        for mode in [Value::Null, json!("bridge")] {
            let mut world = World::default();
            world.definition("/networkMode", mode);
            assert!(world.verified(ID));
        }
    }

    fn two(first: &Value, second: &Value) -> Outcome {
        let mut world = World::default();
        world.container("/portMappings", first.clone()).definition(
            "/containerDefinitions/-",
            json!({"name": "proxy", "image": "nginx", "portMappings": second}),
        );
        world.outcome(ID)
    }

    #[test]
    fn containers_share_the_ports_of_one_interface() {
        let outcome = two(&json!([{"containerPort": 80}]), &json!([{"containerPort": 80}]));
        assert_eq!(outcome.findings[0].severity, Severity::Likely, "{outcome:?}");
        let outcome = two(&json!([{"containerPort": 80}]), &json!([{"containerPort": 81}]));
        assert_eq!(outcome.status, Status::Passed);
        let both = json!([{"containerPort": 53}, {"containerPort": 53, "protocol": "udp"}]);
        let outcome = two(&both, &json!([]));
        assert_eq!(outcome.findings[0].severity, Severity::Blocker, "{outcome:?}");
    }

    #[test]
    fn windows_has_one_port_less() {
        let mut world = World::default();
        world.container("/portMappings", json!([{"containerPort": 3150}]));
        assert_eq!(world.outcome(ID).status, Status::Passed);
        world.definition(
            "/runtimePlatform",
            json!({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}),
        );
        assert_eq!(world.outcome(ID).status, Status::Failed);
    }
}
