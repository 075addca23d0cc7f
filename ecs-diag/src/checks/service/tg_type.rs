use serde_json::Value;

use super::{
    balancing::{self, NO_GROUP},
    object::{self, ANOTHER_REVISION, NO_SERVICE},
};
use crate::{
    LaunchType,
    aws::elbv2::TargetGroup,
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::Missing,
    finding::{Finding, Remedy},
    shell,
};

check! {
    /// The service's target groups take the kind of target that its tasks are
    ///
    /// # What it looks at
    /// The target type of every target group against the network mode of the task definition that the
    /// service runs: `ip` for `awsvpc`, `instance` for `bridge` and `host`; and Classic Load Balancers,
    /// which know no addresses.
    ///
    /// # Why it matters
    /// A task with an interface of its own is a target by its address, one that shares its instance's
    /// network is a target by instance and port. ECS refuses the service where the target group takes
    /// the other kind, and cannot register the tasks.
    ///
    /// # How to fix it
    /// The type of a target group cannot be changed: create one of the right type, let the listener
    /// forward to it and the service name it.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb.html>
    TgType {
        id: "svc-tg-type",
        domain: "service",
        phase: Place,
        causes: [DeployConfiguration],
        explains: [],
    }
}

impl Check for TgType {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else { return cx.not_applicable(NO_SERVICE) };
        if service.load_balancers.is_empty() {
            return cx.not_applicable(NO_GROUP);
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
        let right = if mode == "awsvpc" { "ip" } else { "instance" };
        let by = &service.service_name;
        if right == "ip" {
            for (at, entry) in service.load_balancers.iter().enumerate() {
                let Some(name) = &entry.load_balancer_name else { continue };
                cx.report(
                    Finding::blocker(format!(
                        "service `{by}` is behind Classic Load Balancer `{name}`, but its tasks have \
                         addresses of their own"
                    ))
                    .detail(format!(
                        "the network mode is `{mode}`, and a Classic Load Balancer takes instances \
                         only: ECS refuses the service"
                    ))
                    .resource(object::resource(&service))
                    .evidence(object::evidence(
                        cx,
                        &service,
                        format!("/loadBalancers/{at}/loadBalancerName"),
                        name.as_str(),
                    ))
                    .remedy(Remedy::new(
                        "put the service behind an Application or Network Load Balancer, with a \
                         target group of the type `ip`",
                    )),
                );
            }
        }
        cx.each(balancing::groups(&service), |cx, balanced| {
            // That it exists is another check's question.
            let Some(group) = balancing::group(cx, balanced.arn)? else { return Ok(()) };
            let kind = group.target_type.as_deref().unwrap_or("instance");
            if kind == right {
                return Ok(());
            }
            let name = balancing::name(balanced.arn);
            cx.report(
                Finding::blocker(format!(
                    "target group `{name}` of service `{by}` takes targets of the type `{kind}`, not \
                     `{right}`"
                ))
                .detail(format!(
                    "the network mode of `{}` is `{mode}`: its tasks are targets by {}, and ECS \
                     refuses a target group of another type",
                    definition::name(&task_definition),
                    if right == "ip" { "address" } else { "instance and port" }
                ))
                .resource(balancing::resource(balanced.arn))
                .resource(object::resource(&service))
                .resource(definition::resource(&task_definition))
                .evidence(balancing::evidence(cx, balanced.arn, "TargetType", kind))
                .evidence(definition::evidence(
                    cx,
                    &task_definition,
                    "/networkMode",
                    task_definition.network_mode.as_deref().map_or(Value::Null, Value::from),
                )?)
                .remedy(
                    Remedy::new(format!(
                        "create a target group of the type `{right}`, let the listener forward to it, \
                         and let the service name it"
                    ))
                    .command(create(cx, &group, &name, right)),
                ),
            );
            Ok(())
        });
        Ok(())
    }
}

/// The command that makes such a target group of the other type.
fn create(cx: &Cx<'_>, group: &TargetGroup, name: &str, kind: &str) -> String {
    // Names have at most 32 characters.
    let short: String = name.chars().take(32 - 1 - kind.len()).collect();
    let mut command = format!(
        "aws elbv2 create-target-group --name {} --target-type {kind}",
        shell::quoted(&format!("{short}-{kind}"))
    );
    if let Some(protocol) = &group.protocol {
        command += &format!(" --protocol {}", shell::quoted(protocol));
    }
    if let Some(port) = group.port {
        command += &format!(" --port {port}");
    }
    if let Some(vpc) = &group.vpc_id {
        command += &format!(" --vpc-id {}", shell::quoted(vpc));
    }
    command + &shell::region_option(cx.region())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::testing::balanced;
    use crate::{
        check::Status,
        checks::testing::{Examples, World},
    };

    const ID: &str = "svc-tg-type";

    fn of_type<'w>(world: &'w mut World, kind: &str) -> &'w mut World {
        balanced(world).set("TargetGroups", "/TargetGroups/0/TargetType", json!(kind))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            of_type(world, "instance");
        },
        passes: |world| {
            of_type(world, "ip");
        },
        unknown: |world| {
            of_type(world, "instance").deny("elbv2:DescribeTargetGroups");
        },
        near_miss: |world| {
            // The task shares its instance's network.
            of_type(world, "instance")
                .task("/launchType", json!("EC2"))
                .task("/platformVersion", json!(null))
                .definition("/networkMode", json!("bridge"));
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: target group `checkout` of service `checkout` takes targets of the type `instance`, not `ip`
          the network mode of `checkout:42` is `awsvpc`: its tasks are targets by address, and ECS refuses a target group of another type
          @ AWS::ElasticLoadBalancingV2::TargetGroup checkout
          @ AWS::ECS::Service checkout
          @ AWS::ECS::TaskDefinition checkout:42
          fix: create a target group of the type `ip`, let the listener forward to it, and let the service name it
          $ aws elbv2 create-target-group --name checkout-ip --target-type ip --protocol HTTP --port 80 --vpc-id vpc-0d44444444444444d --region eu-west-1
        ");
    }

    #[test]
    fn instances_are_targets_by_port() {
        let mut world = EXAMPLES.near_miss();
        world.set("TargetGroups", "/TargetGroups/0/TargetType", json!("ip"));
        assert!(world.outcome(ID).findings[0].summary.contains("not `instance`"));
    }

    #[test]
    fn a_classic_load_balancer_knows_no_addresses() {
        let mut world = EXAMPLES.passing();
        let entry = json!({"loadBalancerName": "old", "containerName": "app", "containerPort": 80});
        world.set("services", "/services/0/loadBalancers/-", entry);
        assert!(world.outcome(ID).findings[0].summary.contains("Classic Load Balancer `old`"));
    }

    #[test]
    fn an_older_task_may_have_had_another_mode() {
        let mut world = EXAMPLES.failing();
        let newer = crate::checks::testing::DEFINITION.replace(":42", ":43");
        world.set("services", "/services/0/taskDefinition", json!(newer));
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
