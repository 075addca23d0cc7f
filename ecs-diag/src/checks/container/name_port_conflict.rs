use serde_json::json;

use super::stops::{host, said};
use crate::{
    aws::ecs::{ContainerDefinition, Task},
    check::{Check, Cx, Meta, check},
    checks::{definition, task},
    facts::Missing,
    finding::{Finding, Remedy},
};

check! {
    /// No other container has the host port or the name that the task needs
    ///
    /// # What it looks at
    /// Texts of Docker that a port is already allocated, against the fixed host ports in the task
    /// definition; and that a container's name is in use. A definition that lets Docker choose the
    /// host port has none that could be taken.
    ///
    /// # Why it matters
    /// A host port can be had once on an instance. With a fixed one, a deployment that starts new
    /// tasks before it stops old ones finds it taken, and so does a task beside a process of the host
    /// itself. ECS places no two tasks with one port on an instance, but it does not know what else
    /// runs there, nor what a stopped task has not given back yet.
    ///
    /// # How to fix it
    /// In the network mode `bridge`, use host port 0: Docker chooses one, and the target group learns
    /// it. Where the port must be fixed, let a deployment stop an old task first, or have one more
    /// instance than tasks.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>
    NamePortConflict {
        id: "ctr-name-port-conflict",
        domain: "container",
        phase: Start,
        causes: [PlacePortConflict],
        explains: [],
    }
}

impl Check for NamePortConflict {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(this) = cx.task()? else { return cx.not_applicable("there is no task") };
        named_twice(cx, &this)?;
        let taken = said(cx, &this, &["CSC-PORT"])?;
        let Some(first) = taken.first() else { return Ok(()) };
        let Some(port) = port(first.text) else { return Ok(()) };
        let task_definition = cx.definition()?;
        let mode = task_definition.network_mode.as_deref().unwrap_or("bridge");
        let fixed: Vec<_> = task_definition
            .container_definitions
            .iter()
            .enumerate()
            .flat_map(|(at, container)| fixed(at, container, mode))
            .filter(|fixed| fixed.port == port)
            .collect();
        let Some(mapping) = fixed.first() else { return Ok(()) };
        let label = definition::name(&task_definition);
        let name = mapping.container;
        let mut finding = Finding::likely(format!(
            "host port {port}, which container `{name}` of `{label}` needs, is taken on the instance"
        ))
        .detail(format!(
            "a port can be had once on an instance: another task, or a process of the host, has \
             port {port}; in the network mode `{mode}` the task definition asks for that very port"
        ))
        .resource(definition::resource(&task_definition))
        .resource(host(&this))
        .named(name)
        .evidence(definition::evidence(
            cx,
            &task_definition,
            &mapping.pointer,
            json!(port),
        )?);
        for said in &taken {
            finding = finding.evidence(said.evidence(cx, &this));
        }
        let remedy = if mode == "bridge" {
            let mut remedy = Remedy::new(format!(
                "let Docker choose the host port for port {} of `{name}`",
                mapping.container_port
            ));
            for mapping in &fixed {
                remedy = remedy
                    .step(format!(
                        "container `{}`: set `hostPort` to 0; the targets' security group must \
                         admit ports 32768 to 65535 from the load balancer",
                        mapping.container
                    ))
                    .edit(definition::set(&task_definition, &mapping.pointer, 0));
            }
            definition::deployed(cx, &task_definition, remedy)
        } else {
            let remedy = Remedy::new(format!(
                "run one task of this kind on an instance, or use another port than {port}"
            ))
            .step("let a deployment stop an old task before it starts a new one");
            match definition::update_service(cx) {
                Some(command) => remedy.command(format!(
                    "{command} --deployment-configuration \
                     minimumHealthyPercent=0,maximumPercent=100"
                )),
                None => remedy,
            }
        };
        cx.report(finding.remedy(remedy));
        Ok(())
    }
}

/// Docker still has a container of that name.
fn named_twice(cx: &mut Cx<'_>, this: &Task) -> Result<(), Missing> {
    if !this.is_stopped() || cx.symptom()?.is_none_or(|symptom| symptom.reading.benign) {
        return Ok(());
    }
    let conflict = this.containers.iter().enumerate().find(|(_, container)| {
        container.reason.as_deref().is_some_and(|reason| {
            reason.contains("is already in use by container") && reason.contains("ontainer name")
        })
    });
    let Some((at, container)) = conflict else { return Ok(()) };
    let name = container.name.as_deref().unwrap_or("");
    cx.report(
        Finding::likely(format!(
            "Docker still has a container of the name that `{name}` is to get"
        ))
        .detail(
            "the agent lost track of what it had started: its state was removed, or somebody \
                 else made a container of that name",
        )
        .resource(host(this))
        .resource(task::resource(this))
        .evidence(task::evidence(
            cx,
            this,
            format!("/containers/{at}/reason"),
            container.reason.clone(),
        ))
        .remedy(
            Remedy::new("remove the left-over container from the instance, or replace it")
                .step("on the instance: `docker ps -a`, then `docker rm` of that container"),
        ),
    );
    Ok(())
}

/// A host port that the task definition asks for.
struct Fixed<'d> {
    container: &'d str,
    container_port: i64,
    port: i64,
    pointer: String,
}

fn fixed<'d>(
    at: usize,
    container: &'d ContainerDefinition,
    mode: &str,
) -> impl Iterator<Item = Fixed<'d>> {
    let on_host = mode == "host";
    container.port_mappings.iter().enumerate().filter_map(move |(nth, mapping)| {
        let container_port = mapping.container_port?;
        // In the network mode `host` both are the same.
        let port = match mapping.host_port {
            Some(port) if port != 0 => port,
            _ if on_host => container_port,
            _ => return None,
        };
        Some(Fixed {
            container: &container.name,
            container_port,
            port,
            pointer: format!("/containerDefinitions/{at}/portMappings/{nth}/hostPort"),
        })
    })
}

/// The port in `Bind for 0.0.0.0:8080 failed: port is already allocated` or `listen tcp :8080: bind:
/// address already in use`.
fn port(text: &str) -> Option<i64> {
    let lower = text.to_ascii_lowercase();
    let number = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<i64>().ok()
    };
    let near = |words: &str| {
        let at = lower.find(words)? + words.len();
        let address = lower[at..].split_whitespace().next()?.trim_end_matches([',', '.', ':']);
        number(address.rsplit(':').next()?)
    };
    near("bind for ").or_else(|| near("listen tcp4 ")).or_else(|| near("listen tcp "))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::port;
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "ctr-name-port-conflict";
    const REASON: &str = "CannotStartContainerError: Error response from daemon: driver failed \
        programming external connectivity on endpoint ecs-checkout-42-app (0123456789abcdef): Bind \
        for 0.0.0.0:8080 failed: port is already allocated";

    fn mapped(world: &mut World, host_port: i64) -> &mut World {
        world
            .task("/containers/0/reason", json!(REASON))
            .task("/launchType", json!("EC2"))
            .task("/platformVersion", json!(null))
            .task("/attachments", json!([]))
            .task(
                "/containerInstanceArn",
                json!("arn:aws:ecs:eu-west-1:111122223333:container-instance/shop/0a1b2c"),
            )
            .definition("/networkMode", json!("bridge"))
            .definition("/requiresCompatibilities", json!(["EC2"]))
            .container(
                "/portMappings",
                json!([{"containerPort": 80, "hostPort": host_port, "protocol": "tcp"}]),
            )
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            mapped(world, 8080);
        },
        passes: |world| {
            mapped(world, 8080).task("/containers/0/reason", json!(null));
        },
        unknown: |world| {
            mapped(world, 8080).deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            // Docker chose the port.
            mapped(world, 0);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: host port 8080, which container `app` of `checkout:42` needs, is taken on the instance
          a port can be had once on an instance: another task, or a process of the host, has port 8080; in the network mode `bridge` the task definition asks for that very port
          @ AWS::ECS::TaskDefinition checkout:42
          @ AWS::ECS::ContainerInstance 0a1b2c
          fix (verified): let Docker choose the host port for port 80 of `app`
          - container `app`: set `hostPort` to 0; the targets' security group must admit ports 32768 to 65535 from the load balancer
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn a_port_that_docker_chooses_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn in_the_hosts_network_the_port_is_the_containers() {
        let mut world = EXAMPLES.failing();
        world
            .definition("/networkMode", json!("host"))
            .container("/portMappings", json!([{"containerPort": 8080}]));
        let outcome = world.outcome(ID);
        let remedy = outcome.findings[0].remedy.as_ref().unwrap();
        assert!(remedy.edits.is_empty());
        assert!(remedy.commands[0].contains("maximumPercent=100"), "{remedy:?}");
    }

    #[test]
    fn a_name_can_be_taken_too() {
        let mut world = EXAMPLES.failing();
        world.task(
            "/containers/0/reason",
            json!(
                "CannotCreateContainerError: Error response from daemon: Conflict. The container \
                 name \"/ecs-checkout-42-app\" is already in use by container \"0123\". You have to \
                 remove (or rename) that container to be able to reuse that name."
            ),
        );
        let outcome = world.outcome(ID);
        assert_eq!(outcome.status, Status::Failed);
        assert!(outcome.findings[0].summary.contains("Docker still has a container"));
    }

    #[test]
    fn ports_stand_in_several_texts() {
        for (text, expected) in [
            (REASON, Some(8080)),
            ("listen tcp4 0.0.0.0:443: bind: address already in use", Some(443)),
            ("listen tcp :::9000: bind: address already in use", Some(9000)),
            ("Bind for :::8080 failed: port is already allocated", Some(8080)),
            ("port is already allocated", None),
        ] {
            assert_eq!(port(text), expected, "{text}");
        }
    }
}
