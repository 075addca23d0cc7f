use super::{
    balancing::{self, NO_GROUP},
    object::{self, ANOTHER_REVISION, NO_SERVICE},
};
use crate::{
    LaunchType,
    aws::{
        Text,
        ecs::{PortMapping, TaskDefinition},
    },
    check::{Check, Cx, Meta, check},
    checks::definition,
    edit::{Edit, Object},
    facts::Missing,
    finding::{Finding, Remedy, Severity},
    shell,
};

check! {
    /// Health checks of target groups ask a port that the task has
    ///
    /// # What it looks at
    /// The health check port of every target group of the service. `traffic-port` is the port that ECS
    /// registers each task with. A number is compared with the ports in the task definition. The port
    /// of the target group itself does not matter: it is only the default for targets that are
    /// registered without one, and may differ from the container's.
    ///
    /// # Why it matters
    /// A port that nothing listens on fails every check. On instances in the network mode `bridge`
    /// with host ports that Docker chooses, no number can be right.
    ///
    /// # How to fix it
    /// Let the health check ask `traffic-port`, or map the port.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshoot-service-load-balancers.html>
    TgPort {
        id: "svc-tg-port",
        domain: "service",
        phase: Health,
        causes: [HealthElbCheckConfig],
        explains: ["svc-lb-health"],
    }
}

impl Check for TgPort {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else { return cx.not_applicable(NO_SERVICE) };
        let groups = balancing::groups(&service);
        if groups.is_empty() {
            return cx.not_applicable(NO_GROUP);
        }
        if !object::is_current(cx, &service)? {
            return cx.not_applicable(ANOTHER_REVISION);
        }
        let task_definition = cx.definition()?;
        let own_interface = cx.launch_type()? == LaunchType::Fargate
            || task_definition.network_mode.as_deref() == Some("awsvpc");
        cx.each(groups, |cx, balanced| {
            let Some(group) = balancing::group(cx, balanced.arn)? else { return Ok(()) };
            let fixed = group.health_check_port.as_ref().and_then(Text::number);
            let Some(port) = fixed else { return Ok(()) };
            if reaches(&task_definition, port, own_interface) {
                return Ok(());
            }
            let name = balancing::name(balanced.arn);
            let label = definition::name(&task_definition);
            // A program may listen on a port that its container does not map, if it has an interface
            // of its own.
            let (severity, why) = if own_interface {
                (
                    Severity::Info,
                    "no container maps it; if none listens on it either, every check fails",
                )
            } else {
                (
                    Severity::Likely,
                    "no container has that port on the instance: unless another program there \
                     answers, every check fails",
                )
            };
            let remedy = Remedy::new("let the health check ask `traffic-port`")
                .command(format!(
                    "aws elbv2 modify-target-group --target-group-arn {} --health-check-port \
                     traffic-port{}",
                    shell::quoted(balanced.arn),
                    shell::region_option(cx.region())
                ))
                .edit(Edit::Set(
                    Object::new("TargetGroups", "TargetGroupArn", balanced.arn),
                    "/HealthCheckPort".to_owned(),
                    "traffic-port".into(),
                ));
            cx.report(
                Finding::of(
                    severity,
                    format!(
                        "the health check of target group `{name}` asks port {port}, which `{label}` \
                         does not have"
                    ),
                )
                .detail(why)
                .resource(balancing::resource(balanced.arn))
                .resource(definition::resource(&task_definition))
                .evidence(balancing::evidence(cx, balanced.arn, "HealthCheckPort", port.to_string()))
                .remedy(remedy),
            );
            Ok(())
        });
        Ok(())
    }
}

/// Whether the task has this port where the load balancer asks it.
fn reaches(definition: &TaskDefinition, port: i64, own_interface: bool) -> bool {
    let on_host = definition.network_mode.as_deref() == Some("host");
    let has = |mapping: &PortMapping| {
        if own_interface || on_host {
            mapping.container_port == Some(port) || balancing::in_range(mapping, port)
        } else {
            mapping.host_port == Some(port)
        }
    };
    definition.container_definitions.iter().flat_map(|c| &c.port_mappings).any(has)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::testing::balanced;
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const ID: &str = "svc-tg-port";
    const MESSAGE: &str = "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:\
        eu-west-1:111122223333:targetgroup/checkout/0123456789abcdef)";

    fn asks<'w>(world: &'w mut World, port: &str) -> &'w mut World {
        balanced(world).stopped(MESSAGE).set(
            "TargetGroups",
            "/TargetGroups/0/HealthCheckPort",
            json!(port),
        )
    }

    fn on_instances(world: &mut World) -> &mut World {
        world
            .task("/launchType", json!("EC2"))
            .task("/platformVersion", json!(null))
            .definition("/networkMode", json!("bridge"))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            on_instances(asks(world, "8080"));
        },
        passes: |world| {
            balanced(world);
        },
        unknown: |world| {
            asks(world, "9000").deny("elbv2:DescribeTargetGroups");
        },
        near_miss: |world| {
            // The port of the target group itself, 80, is another one too.
            asks(world, "8080");
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        likely: the health check of target group `checkout` asks port 8080, which `checkout:42` does not have
          no container has that port on the instance: unless another program there answers, every check fails
          @ AWS::ElasticLoadBalancingV2::TargetGroup checkout
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): let the health check ask `traffic-port`
          $ aws elbv2 modify-target-group --target-group-arn arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/checkout/0123456789abcdef --health-check-port traffic-port --region eu-west-1
        ");
    }

    #[test]
    fn the_port_that_the_task_has_is_proved() {
        assert!(EXAMPLES.failing().verified(ID));
    }

    #[test]
    fn a_port_that_is_not_mapped_may_be_listened_on() {
        let mut world = World::default();
        let outcome = asks(&mut world, "9000").outcome(ID);
        assert_eq!(outcome.findings[0].severity, Severity::Info);
        assert_eq!(outcome.status, Status::Passed);
    }

    #[test]
    fn ranges_and_fixed_host_ports_are_ports() {
        let mut world = World::default();
        asks(&mut world, "9005")
            .container("/portMappings", json!([{"containerPortRange": "9000-9010"}]));
        assert!(world.outcome(ID).findings.is_empty());
        let mut world = World::default();
        on_instances(asks(&mut world, "9005"))
            .container("/portMappings", json!([{"containerPort": 80, "hostPort": 9005}]));
        assert!(world.outcome(ID).findings.is_empty());
    }
}
