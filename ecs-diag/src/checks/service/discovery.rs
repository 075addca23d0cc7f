use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::object::{self, NO_SERVICE};
use crate::{
    Phase,
    aws::{
        Arn,
        ecs::{Deployment, Service, TaskDefinition},
        servicediscovery::{GetNamespace, GetService},
    },
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
};

check! {
    /// What the service is discovered by exists
    ///
    /// # What it looks at
    /// The AWS Cloud Map services in `serviceRegistries` and their namespaces; and Service Connect of
    /// the deployment: its namespace, where that is given by ARN, and whether each `portName` is the
    /// name of a port mapping in the task definition.
    ///
    /// # Why it matters
    /// A task is registered while it is `ACTIVATING`: where the Cloud Map service is gone, it cannot be
    /// found, and may stay in that state. A `portName` that no port mapping has makes ECS refuse the
    /// deployment.
    ///
    /// # How to fix it
    /// Let the service name a Cloud Map service that exists, and give the port mapping the name that
    /// Service Connect uses.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-discovery.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectService.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>
    Discovery {
        id: "svc-discovery",
        domain: "service",
        phase: Start,
        causes: [DeployConfiguration],
        explains: [],
    }
}

impl Check for Discovery {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else { return cx.not_applicable(NO_SERVICE) };
        let deployment = cx.deployment()?;
        let connect = deployment
            .as_ref()
            .and_then(|deployment| deployment.service_connect_configuration.as_ref())
            .filter(|connect| connect.enabled);
        if service.service_registries.is_empty() && connect.is_none() {
            return cx.not_applicable("the service is not registered for discovery");
        }
        cx.each(service.service_registries.iter().enumerate(), |cx, (at, registry)| {
            let Some(arn) = registry.registry_arn.as_deref() else { return Ok(()) };
            registered(cx, &service, at, arn)
        });
        if let Some((connect, deployment)) = connect.zip(deployment.as_ref()) {
            if let Some(id) = connect.namespace.as_deref().and_then(id_of)
                && let Err(missing) = namespace(cx, &service, &id)
            {
                // The names of the ports are another matter.
                port_names(cx, &service, deployment)?;
                return Err(missing);
            }
            port_names(cx, &service, deployment)?;
        }
        Ok(())
    }
}

/// The id at the end of an ARN of AWS Cloud Map.
pub(super) fn id_of(arn: &str) -> Option<String> {
    let arn: Arn = arn.parse().ok()?;
    (arn.service == "servicediscovery").then(|| arn.last().to_owned())
}

fn registered(cx: &mut Cx<'_>, service: &Service, at: usize, arn: &str) -> Result<(), Missing> {
    let Some(id) = id_of(arn) else { return Ok(()) };
    let request = GetService { id: id.clone() };
    let Some(found) = cx.get(&request)? else {
        cx.report(
            Finding::warning(format!(
                "AWS Cloud Map service `{id}`, in which service `{}` registers its tasks, does not \
                 exist",
                service.service_name
            ))
            .detail("its tasks cannot be found by name, and may stay in `ACTIVATING`")
            .resource(Resource::new("AWS::ServiceDiscovery::Service", id).arn(arn))
            .resource(object::resource(service))
            .evidence(Evidence::new(cx.query(&request), "/Service", Value::Null))
            .evidence(object::evidence(
                cx,
                service,
                format!("/serviceRegistries/{at}/registryArn"),
                arn,
            ))
            .remedy(Remedy::new("let the service name a Cloud Map service that exists, or none")),
        );
        return Ok(());
    };
    let dns = found.service.dns_config.as_ref();
    let id = found.service.namespace_id.as_ref().or(dns.and_then(|dns| dns.namespace_id.as_ref()));
    id.map_or(Ok(()), |id| namespace(cx, service, id))
}

fn namespace(cx: &mut Cx<'_>, service: &Service, id: &str) -> Result<(), Missing> {
    let request = GetNamespace { id: id.to_owned() };
    if cx.get(&request)?.is_some() {
        return Ok(());
    }
    cx.report(
        Finding::warning(format!(
            "AWS Cloud Map namespace `{id}` of service `{}` does not exist",
            service.service_name
        ))
        .detail("names in it cannot be found, and tasks may stay in `ACTIVATING`")
        .resource(Resource::new("AWS::ServiceDiscovery::Namespace", id))
        .resource(object::resource(service))
        .evidence(Evidence::new(cx.query(&request), "/Namespace", Value::Null))
        .remedy(Remedy::new("let the service name a namespace that exists")),
    );
    Ok(())
}

/// Every port that Service Connect names is one of the task definition.
fn port_names(cx: &mut Cx<'_>, service: &Service, deployment: &Deployment) -> Result<(), Missing> {
    let Some(connect) = &deployment.service_connect_configuration else { return Ok(()) };
    if connect.services.is_empty() {
        return Ok(());
    }
    let task_definition = cx.definition()?;
    let names = names(&task_definition);
    let known: BTreeSet<&str> = names.iter().copied().collect();
    let unknown: Vec<(usize, &str)> = connect
        .services
        .iter()
        .enumerate()
        .filter_map(|(at, port)| Some((at, port.port_name.as_deref()?)))
        .filter(|(_, name)| !known.contains(name))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let label = definition::name(&task_definition);
    let quoted = |names: &[&str]| {
        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let wrong: Vec<&str> = unknown.iter().map(|(_, name)| *name).collect();
    let has = if names.is_empty() {
        "its port mappings have no names".to_owned()
    } else {
        format!("its port mappings are called {}", quoted(&names))
    };
    let place = service.deployments.iter().position(|other| other.id == deployment.id);
    let mut finding = Finding::blocker(format!(
        "Service Connect of service `{}` names {}, which `{label}` does not have",
        service.service_name,
        quoted(&wrong)
    ))
    .detail(format!("{has}; ECS refuses a deployment with another name"))
    .phase(Phase::Place)
    .resource(object::resource(service))
    .resource(definition::resource(&task_definition));
    let mut remedy =
        Remedy::new("name the port mapping as Service Connect does, or the other way round");
    for (at, name) in unknown {
        let pointer = format!(
            "/deployments/{}/serviceConnectConfiguration/services/{at}/portName",
            place.unwrap_or_default()
        );
        finding = finding.evidence(object::evidence(cx, service, &pointer, json!(name)));
        if let ([only], Some(_)) = (names.as_slice(), place) {
            remedy = remedy
                .step(format!(
                    "in the service's Service Connect configuration, set `portName` to `{only}`"
                ))
                .edit(object::set(service, pointer, *only));
        } else {
            remedy = remedy.step(format!("give the port mapping that is meant the name `{name}`"));
        }
    }
    cx.report(finding.remedy(remedy));
    Ok(())
}

/// The names of the port mappings.
fn names(definition: &TaskDefinition) -> Vec<&str> {
    definition
        .container_definitions
        .iter()
        .flat_map(|container| &container.port_mappings)
        .filter_map(|mapping| mapping.name.as_deref())
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const ID: &str = "svc-discovery";
    const SERVICE: &str =
        "arn:aws:servicediscovery:eu-west-1:111122223333:service/srv-0123456789abcdef";

    fn registered(world: &mut World) -> &mut World {
        world.set("services", "/services/0/serviceRegistries", json!([{"registryArn": SERVICE}]))
    }

    fn found(world: &mut World) -> &mut World {
        registered(world)
            .output(
                "Service",
                json!({"Service": {
                    "Id": "srv-0123456789abcdef", "Arn": SERVICE, "Name": "checkout",
                    "NamespaceId": "ns-0123456789abcdef", "DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 60}]},
                }}),
            )
            .output(
                "Namespace",
                json!({"Namespace": {
                    "Id": "ns-0123456789abcdef", "Name": "shop.local",
                    "Arn": "arn:aws:servicediscovery:eu-west-1:111122223333:namespace/ns-0123456789abcdef",
                }}),
            )
    }

    fn error(world: &mut World, operation: &str, id: &str, code: &str) {
        world.recorded_error("servicediscovery", operation, &json!({"Id": id}), code);
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            error(registered(world), "GetService", "srv-0123456789abcdef", "ServiceNotFound");
        },
        passes: |world| {
            found(world);
        },
        unknown: |world| {
            found(world).deny("servicediscovery:GetService");
        },
        near_miss: |world| {
            found(world);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        warning: AWS Cloud Map service `srv-0123456789abcdef`, in which service `checkout` registers its tasks, does not exist
          its tasks cannot be found by name, and may stay in `ACTIVATING`
          @ AWS::ServiceDiscovery::Service srv-0123456789abcdef
          @ AWS::ECS::Service checkout
          fix: let the service name a Cloud Map service that exists, or none
        ");
    }

    #[test]
    fn the_namespace_must_exist_too() {
        let mut world = EXAMPLES.passing();
        world.without("Namespace");
        error(&mut world, "GetNamespace", "ns-0123456789abcdef", "NamespaceNotFound");
        assert!(world.outcome(ID).findings[0].summary.contains("namespace `ns-0123456789abcdef`"));
    }

    fn connected(port: &str, mappings: Value) -> World {
        let mut world = World::default();
        world.container("/portMappings", mappings).set(
            "services",
            "/services/0/deployments/0/serviceConnectConfiguration",
            json!({"enabled": true, "namespace": "shop", "services": [{"portName": port}]}),
        );
        world
    }

    #[test]
    fn service_connect_names_ports_of_the_task_definition() {
        let mappings = json!([{"name": "http", "containerPort": 8080}]);
        assert_eq!(connected("http", mappings.clone()).outcome(ID).status, Status::Passed);
        let world = connected("web", mappings);
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Blocker);
        assert!(world.verified(ID));
        let world = connected("web", json!([{"containerPort": 8080}]));
        assert!(world.outcome(ID).findings[0].detail.contains("have no names"));
    }

    #[test]
    fn a_service_without_discovery_has_nothing_to_look_at() {
        assert_eq!(World::default().outcome(ID).status, Status::NotApplicable);
    }
}
