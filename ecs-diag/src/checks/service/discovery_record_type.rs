use serde_json::json;

use super::{
    discovery::id_of,
    object::{self, ANOTHER_REVISION, NO_SERVICE},
};
use crate::{
    LaunchType,
    aws::{
        ecs::{Service, ServiceRegistry, TaskDefinition},
        servicediscovery::GetService,
    },
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell,
};

check! {
    /// The DNS records of service discovery suit the network mode
    ///
    /// # What it looks at
    /// The types of DNS records of the AWS Cloud Map service in `serviceRegistries`, and the container
    /// and port there, against the network mode of the task definition that the service runs.
    ///
    /// # Why it matters
    /// An A record holds an address, which only a task in the network mode `awsvpc` has of its own.
    /// Tasks in `bridge` and `host` share their instance's: they need an SRV record, and ECS must know
    /// which port of which container it tells. ECS refuses the service otherwise: `serviceRegistries
    /// value is configured to use a type 'A' DNS record, which is not supported`.
    ///
    /// # How to fix it
    /// Register in a Cloud Map service with SRV records and name container and port; or use `awsvpc`.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-discovery.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRegistry.html>
    DiscoveryRecordType {
        id: "svc-discovery-record-type",
        domain: "service",
        phase: Place,
        causes: [DeployConfiguration],
        explains: [],
    }
}

impl Check for DiscoveryRecordType {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else { return cx.not_applicable(NO_SERVICE) };
        if service.service_registries.is_empty() {
            return cx.not_applicable("the service has no service registry");
        }
        if !object::is_current(cx, &service)? {
            return cx.not_applicable(ANOTHER_REVISION);
        }
        let task_definition = cx.definition()?;
        let mode = match task_definition.network_mode.as_deref() {
            _ if cx.launch_type()? == LaunchType::Fargate => "awsvpc",
            None => "bridge",
            Some(mode) => mode,
        };
        cx.each(service.service_registries.iter().enumerate(), |cx, (at, registry)| {
            let Some(arn) = registry.registry_arn.as_deref() else { return Ok(()) };
            let Some(id) = id_of(arn) else { return Ok(()) };
            let request = GetService { id: id.clone() };
            // That it exists is another check's question.
            let Some(found) = cx.get(&request)? else { return Ok(()) };
            let records = found.service.dns_config.iter().flat_map(|dns| &dns.dns_records);
            let types: Vec<&str> = records.filter_map(|record| record.kind.as_deref()).collect();
            let srv = types.contains(&"SRV");
            let by = &service.service_name;
            let shares_address = matches!(mode, "bridge" | "host");
            if shares_address && !srv && !types.is_empty() {
                cx.report(
                    Finding::blocker(format!(
                        "service `{by}` registers in Cloud Map service `{id}`, which has records of \
                         the type {}, but its tasks have no addresses of their own",
                        types.join(", ")
                    ))
                    .detail(format!(
                        "the network mode is `{mode}`: ECS refuses other records than SRV then"
                    ))
                    .resource(Resource::new("AWS::ServiceDiscovery::Service", id).arn(arn))
                    .resource(object::resource(&service))
                    .resource(definition::resource(&task_definition))
                    .evidence(Evidence::new(
                        cx.query(&request),
                        "/Service/DnsConfig/DnsRecords",
                        json!(types),
                    ))
                    .remedy(Remedy::new(
                        "create a Cloud Map service with SRV records, and let the service name it with \
                         `containerName` and `containerPort`; or use the network mode `awsvpc`",
                    )),
                );
                return Ok(());
            }
            let by_container = registry.container_name.is_some() && registry.container_port.is_some();
            let complete = by_container || !shares_address && registry.port.is_some();
            if srv && !complete {
                incomplete(cx, &service, (at, registry), arn, mode);
            }
            Ok(())
        });
        Ok(())
    }
}

/// An SRV record of which nobody says what port it tells.
fn incomplete(
    cx: &mut Cx<'_>,
    service: &Service,
    (at, registry): (usize, &ServiceRegistry),
    arn: &str,
    mode: &str,
) {
    let Ok(task_definition) = cx.definition() else { return };
    let mut remedy = Remedy::new("name the container and the port that the SRV record is to tell");
    if let Some((container, port)) = only_port(&task_definition) {
        remedy = remedy
            .edit(object::set(service, format!("/serviceRegistries/{at}/containerName"), container))
            .edit(object::set(service, format!("/serviceRegistries/{at}/containerPort"), port));
        if let Some(command) = definition::update_service(cx) {
            let registry =
                format!("registryArn={arn},containerName={container},containerPort={port}");
            remedy = remedy
                .command(format!("{command} --service-registries {}", shell::quoted(&registry)));
        }
    }
    cx.report(
        Finding::blocker(format!(
            "service `{}` does not say which port its SRV record tells",
            service.service_name
        ))
        .detail(format!(
            "in the network mode `{mode}` ECS needs `containerName` and `containerPort`{}",
            if mode == "awsvpc" { ", or `port`" } else { "" }
        ))
        .resource(object::resource(service))
        .evidence(object::evidence(
            cx,
            service,
            format!("/serviceRegistries/{at}"),
            json!({
                "registryArn": arn, "containerName": registry.container_name,
                "containerPort": registry.container_port, "port": registry.port,
            }),
        ))
        .remedy(remedy),
    );
}

/// The one port of the task definition, with its container.
fn only_port(definition: &TaskDefinition) -> Option<(&str, i64)> {
    let mut ports = definition.container_definitions.iter().flat_map(|container| {
        container
            .port_mappings
            .iter()
            .filter_map(|mapping| Some((container.name.as_str(), mapping.container_port?)))
    });
    ports.next().filter(|_| ports.next().is_none())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "svc-discovery-record-type";
    const SERVICE: &str =
        "arn:aws:servicediscovery:eu-west-1:111122223333:service/srv-0123456789abcdef";
    const MESSAGE: &str = "InvalidParameterException: serviceRegistries value is configured to use a \
        type 'A' DNS record, which is not supported when specifying 'host' or 'bridge' for networkMode.";

    fn records<'w>(world: &'w mut World, mode: &str, record: &str) -> &'w mut World {
        let launch_type = if mode == "awsvpc" { "FARGATE" } else { "EC2" };
        world
            .stopped(MESSAGE)
            .task("/launchType", json!(launch_type))
            .task("/platformVersion", Value::Null)
            .definition("/networkMode", json!(mode))
            .container("/portMappings", json!([{"containerPort": 8080}]))
            .set("services", "/services/0/serviceRegistries", json!([{"registryArn": SERVICE}]))
            .output(
                "Service",
                json!({"Service": {
                    "Id": "srv-0123456789abcdef", "Arn": SERVICE, "Name": "checkout",
                    "DnsConfig": {"DnsRecords": [{"Type": record, "TTL": 60}]},
                }}),
            )
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            records(world, "bridge", "A");
        },
        passes: |world| {
            records(world, "awsvpc", "A");
        },
        unknown: |world| {
            records(world, "bridge", "A").deny("servicediscovery:GetService");
        },
        near_miss: |world| {
            records(world, "awsvpc", "A");
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: service `checkout` registers in Cloud Map service `srv-0123456789abcdef`, which has records of the type A, but its tasks have no addresses of their own
          the network mode is `bridge`: ECS refuses other records than SRV then
          @ AWS::ServiceDiscovery::Service srv-0123456789abcdef
          @ AWS::ECS::Service checkout
          @ AWS::ECS::TaskDefinition checkout:42
          fix: create a Cloud Map service with SRV records, and let the service name it with `containerName` and `containerPort`; or use the network mode `awsvpc`
        ");
    }

    #[test]
    fn an_srv_record_needs_container_and_port() {
        let registry = "/services/0/serviceRegistries/0";
        for (mode, members, passes) in [
            ("bridge", json!({}), false),
            ("bridge", json!({"port": 8080}), false),
            ("bridge", json!({"containerName": "app", "containerPort": 8080}), true),
            ("awsvpc", json!({"port": 8080}), true),
            ("awsvpc", json!({}), false),
        ] {
            let mut world = World::default();
            records(&mut world, mode, "SRV");
            for (member, value) in members.as_object().unwrap() {
                world.set("services", &format!("{registry}/{member}"), value.clone());
            }
            let status = world.outcome(ID).status;
            assert_eq!(status == Status::Passed, passes, "{mode} {members}");
            assert!(passes || world.verified(ID), "{mode} {members}");
        }
    }
}
