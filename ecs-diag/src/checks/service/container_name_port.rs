use serde_json::{Value, json};

use super::{
    balancing,
    object::{self, ANOTHER_REVISION, NO_SERVICE},
};
use crate::{
    aws::ecs::{ContainerDefinition, LoadBalancer, TaskDefinition},
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
    shell,
};

check! {
    /// The container and port behind the load balancer are in the task definition
    ///
    /// # What it looks at
    /// `containerName` and `containerPort` of every load balancer of the service, against the
    /// containers and port mappings of the task definition that it runs.
    ///
    /// # Why it matters
    /// ECS registers that port of that container. Where a new revision renames the container or moves
    /// the port, ECS refuses the deployment: `The container … does not exist in the task definition`,
    /// `… did not have a container port … defined`.
    ///
    /// # How to fix it
    /// Give the service the new name or port, or the task definition the old one. The container must
    /// map the port; that the program listens on it is not enough.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshoot-service-load-balancers.html>
    ContainerNamePort {
        id: "svc-container-name-port",
        domain: "service",
        phase: Place,
        causes: [DeployConfiguration],
        explains: [],
    }
}

impl Check for ContainerNamePort {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else { return cx.not_applicable(NO_SERVICE) };
        if service.load_balancers.is_empty() {
            return cx.not_applicable("the service is behind no load balancer");
        }
        if !object::is_current(cx, &service)? {
            return cx.not_applicable(ANOTHER_REVISION);
        }
        let task_definition = cx.definition()?;
        let faults: Vec<(usize, Fault)> = service
            .load_balancers
            .iter()
            .enumerate()
            .take(balancing::ENTRIES)
            .filter_map(|(at, entry)| Some((at, fault(entry, &task_definition)?)))
            .collect();
        if faults.is_empty() {
            return Ok(());
        }
        let label = definition::name(&task_definition);
        let what: Vec<_> = faults.iter().map(|(_, fault)| fault.what.as_str()).collect();
        let mut finding = Finding::blocker(format!(
            "service `{}` balances what `{label}` does not have: {}",
            service.service_name,
            what.join("; ")
        ))
        .detail(
            "ECS registers that port of that container, and refuses a task definition without it",
        )
        .resource(object::resource(&service))
        .resource(definition::resource(&task_definition));
        let evident = faults.iter().all(|(_, fault)| fault.fix.is_some());
        let mut balancers = json!(service.load_balancers.iter().map(entry).collect::<Vec<_>>());
        let mut remedy = Remedy::new(if evident {
            "let the service name the container and port that the task definition has"
        } else {
            "let service and task definition name the same container and port"
        });
        for (at, fault) in faults {
            let pointer = format!("/loadBalancers/{at}/{}", fault.member);
            finding = finding.evidence(object::evidence(cx, &service, &pointer, fault.value));
            if let Some(right) = fault.fix.filter(|_| evident) {
                balancers[at][fault.member] = right.clone();
                remedy = remedy.edit(object::set(&service, pointer, right));
            } else {
                remedy = remedy.step(fault.advice);
            }
        }
        if let Some(command) = definition::update_service(cx).filter(|_| evident) {
            let balancers = shell::quoted(&balancers.to_string()).into_owned();
            remedy = remedy.command(format!("{command} --load-balancers {balancers}"));
        }
        cx.report(finding.remedy(remedy));
        Ok(())
    }
}

/// An entry as the AWS CLI takes it.
fn entry(entry: &LoadBalancer) -> Value {
    let mut json = json!({
        "containerName": entry.container_name, "containerPort": entry.container_port,
    });
    for (member, value) in [
        ("targetGroupArn", &entry.target_group_arn),
        ("loadBalancerName", &entry.load_balancer_name),
    ] {
        if let Some(value) = value {
            json[member] = json!(value);
        }
    }
    json
}

struct Fault {
    what: String,
    member: &'static str,
    value: Value,
    /// The value that is evidently right.
    fix: Option<Value>,
    advice: String,
}

fn fault(entry: &LoadBalancer, definition: &TaskDefinition) -> Option<Fault> {
    let (name, port) = (entry.container_name.as_deref()?, entry.container_port?);
    let containers = &definition.container_definitions;
    let Some(container) = containers.iter().find(|container| container.name == name) else {
        let mut with_port = containers.iter().filter(|container| maps(container, port));
        let only = with_port.next().filter(|_| with_port.next().is_none());
        return Some(Fault {
            what: format!("container `{name}` does not exist"),
            member: "containerName",
            value: json!(name),
            fix: only.map(|only| json!(only.name)),
            advice: format!("name a container of the task definition that maps port {port}"),
        });
    };
    if maps(container, port) {
        return None;
    }
    let mut ports = container.port_mappings.iter().filter_map(|mapping| mapping.container_port);
    let only = ports.next().filter(|_| ports.next().is_none());
    Some(Fault {
        what: format!("container `{name}` maps no port {port}"),
        member: "containerPort",
        value: json!(port),
        fix: only.map(|only| json!(only)),
        advice: format!("map port {port} of container `{name}`, or name a port that it maps"),
    })
}

fn maps(container: &ContainerDefinition, port: i64) -> bool {
    container
        .port_mappings
        .iter()
        .any(|mapping| mapping.container_port == Some(port) || balancing::in_range(mapping, port))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::testing::balanced;
    use crate::{
        check::Status,
        checks::testing::{DEFINITION, Examples, World},
    };

    const ID: &str = "svc-container-name-port";
    const MESSAGE: &str = "InvalidParameterException: The container web does not exist in the task \
        definition.";

    fn names<'w>(world: &'w mut World, container: &str, port: u16) -> &'w mut World {
        let entry = "/services/0/loadBalancers/0";
        balanced(world)
            .stopped(MESSAGE)
            .set("services", &format!("{entry}/containerName"), json!(container))
            .set("services", &format!("{entry}/containerPort"), json!(port))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            names(world, "web", 8080);
        },
        passes: |world| {
            balanced(world);
        },
        unknown: |world| {
            names(world, "web", 8080).deny("ecs:DescribeTaskDefinition");
        },
        near_miss: |world| {
            names(world, "app", 8080);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r#"
        blocker: service `checkout` balances what `checkout:42` does not have: container `web` does not exist
          ECS registers that port of that container, and refuses a task definition without it
          @ AWS::ECS::Service checkout
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): let the service name the container and port that the task definition has
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --load-balancers '[{"containerName":"app","containerPort":8080,"targetGroupArn":"arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/checkout/0123456789abcdef"}]'
        "#);
    }

    #[test]
    fn what_is_evident_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
        let mut world = World::default();
        assert!(names(&mut world, "app", 80).verified(ID));
        // Two ports, neither of which is the one.
        world.container("/portMappings", json!([{"containerPort": 1}, {"containerPort": 2}]));
        assert_eq!(world.outcome(ID).status, Status::Failed);
        assert!(!world.verified(ID));
    }

    #[test]
    fn a_range_of_ports_maps_each() {
        let mut world = World::default();
        names(&mut world, "app", 8085)
            .container("/portMappings", json!([{"containerPortRange": "8080-8090"}]));
        assert_eq!(world.outcome(ID).status, Status::Passed);
    }

    #[test]
    fn an_older_task_may_have_had_another_name() {
        let mut world = EXAMPLES.failing();
        world.set(
            "services",
            "/services/0/taskDefinition",
            json!(DEFINITION.replace(":42", ":43")),
        );
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
