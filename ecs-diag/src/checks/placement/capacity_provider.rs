use serde_json::json;

use crate::{
    aws::ecs::{self, DescribeClusters},
    check::{Check, Cx, Meta, check},
    checks::{
        capacity,
        instances::{self, Faults},
        service::object,
    },
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
    shell::{quoted, region_option},
};

check! {
    /// The task's capacity providers can give it an instance
    ///
    /// # What it looks at
    /// Whether each of the account's own capacity providers that the task is for exists, is `ACTIVE` and
    /// associated with the cluster, and whether its Auto Scaling group exists. Where no instance can
    /// take the task: whether managed scaling is on, the group is below its maximum, and launches are
    /// not suspended. A `DAEMON` service cannot have a strategy.
    ///
    /// # Why it matters
    /// A task with a capacity provider runs on that provider's instances only. Managed scaling
    /// starts more of them, up to the group's maximum.
    ///
    /// # How to fix it
    /// Associate the provider with the cluster, raise the group's maximum, switch managed scaling on or
    /// resume launches.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/asg-capacity-providers.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProvider.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>
    CapacityProvider {
        id: "plc-capacity-provider",
        domain: "placement",
        phase: Place,
        causes: [PlaceNoInstances, DeployConfiguration],
        explains: [],
    }
}

impl Check for CapacityProvider {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        daemon(cx)?;
        let names = capacity::names(cx)?;
        if names.is_empty() {
            return cx.not_applicable("the task is for no capacity provider of the account");
        }
        if let Err(why) = instances::candidates(cx)? {
            return cx.not_applicable(why);
        }
        let cluster = instances::cluster_name(cx);
        let clusters = DescribeClusters::new(cluster.clone());
        // Asked together, to be answered in one round.
        let known = cx.get(&clusters);
        let providers = capacity::providers(cx)?;
        let known = known?;
        let associated = known.as_ref().and_then(|known| known.clusters.first());
        cx.each(&names, |cx, name| {
            let query = cx.query(&capacity::request(cx, &names));
            let provider = providers.iter().find(|provider| provider.name == **name);
            let Some(provider) = provider else {
                cx.report(
                    Finding::blocker(format!(
                        "cluster `{cluster}` has no capacity provider `{name}`"
                    ))
                    .detail(
                        "a task with a capacity provider runs on that provider's instances only",
                    )
                    .resource(Resource::new("AWS::ECS::CapacityProvider", name.clone()))
                    .evidence(Evidence::new(query, "/capacityProviders", json!([])).object(name))
                    .remedy(associate(cx, name, associated)),
                );
                return Ok(());
            };
            let resource = capacity::resource(provider);
            if let Some(status) = provider.status.as_deref().filter(|status| *status != "ACTIVE") {
                cx.report(
                    Finding::blocker(format!("capacity provider `{name}` is `{status}`"))
                        .detail("ECS uses `ACTIVE` capacity providers only")
                        .resource(resource.clone())
                        .evidence(Evidence::new(query, "/status", status).object(name))
                        .remedy(Remedy::new("name another capacity provider, or create it anew")),
                );
                return Ok(());
            }
            if let Some(associated) = associated
                && !associated.capacity_providers.contains(name)
            {
                let mut others = associated.capacity_providers.clone();
                others.sort_unstable();
                cx.report(
                    Finding::blocker(format!(
                        "capacity provider `{name}` is not associated with cluster `{cluster}`"
                    ))
                    .detail("ECS gives a cluster's tasks to its own capacity providers only")
                    .resource(resource.clone())
                    .evidence(
                        Evidence::new(
                            cx.query(&clusters),
                            "/clusters/0/capacityProviders",
                            json!(others),
                        )
                        .object(cluster.clone()),
                    )
                    .remedy(associate(cx, name, Some(associated))),
                );
            }
            scaling(cx, provider, resource)
        });
        Ok(())
    }
}

/// Whether the provider's Auto Scaling group can grow, where it has to.
fn scaling(
    cx: &mut Cx<'_>,
    provider: &ecs::CapacityProvider,
    resource: Resource,
) -> Result<(), Missing> {
    let Some(name) = capacity::group_name(provider) else { return Ok(()) };
    let query = cx.query(&capacity::group_request(name));
    let option = format!("{}{}", quoted(name), region_option(cx.region()));
    let Some(group) = capacity::group(cx, provider)? else {
        cx.report(
            Finding::blocker(format!(
                "Auto Scaling group `{name}` of capacity provider `{}` does not exist",
                provider.name
            ))
            .detail("nothing starts instances for the capacity provider")
            .resource(resource)
            .evidence(Evidence::new(query, "/AutoScalingGroups", json!([])).object(name))
            .remedy(Remedy::new(
                "create a capacity provider with an Auto Scaling group that exists",
            )),
        );
        return Ok(());
    };
    // An instance that can take the task, as far as is known, makes another one unnecessary.
    let judged = instances::candidates(cx)?;
    if judged.is_ok_and(|judged| judged.instances.iter().any(|j| j.faults == Faults::default())) {
        return Ok(());
    }
    let of = format!("Auto Scaling group `{name}` of capacity provider `{}`", provider.name);
    let suspended = group
        .suspended_processes
        .iter()
        .any(|process| process.process_name.as_deref() == Some("Launch"));
    let (severity_is_blocker, summary, detail, pointer, value, remedy) = if suspended {
        (
            true,
            format!("{of} does not launch instances: the process `Launch` is suspended"),
            "no instance can take the task, and none is started",
            "/SuspendedProcesses",
            json!("Launch"),
            Remedy::new("resume launches").command(format!(
                "aws autoscaling resume-processes --scaling-processes Launch \
                 --auto-scaling-group-name {option}"
            )),
        )
    } else if let (Some(desired), Some(max)) = (group.desired_capacity, group.max_size)
        && desired >= max
    {
        let more = max.saturating_add(1);
        (
            true,
            format!("{of} has reached its maximum of {max} instances"),
            "no instance can take the task, and the group may not start another one",
            "/MaxSize",
            json!(max),
            Remedy::new("raise the maximum, or make room on the instances").command(format!(
                "aws autoscaling update-auto-scaling-group --max-size {more} \
                 --auto-scaling-group-name {option}"
            )),
        )
    } else if !capacity::scales(provider) {
        (
            false,
            format!("managed scaling of capacity provider `{}` is off", provider.name),
            "no instance can take the task, and ECS does not ask the Auto Scaling group for one; \
             unless something else scales it",
            "/managedScaling/status",
            json!("DISABLED"),
            Remedy::new("switch managed scaling on, or raise the group's desired capacity")
                .command(format!(
                    "aws ecs update-capacity-provider --name {} --auto-scaling-group-provider \
                     'managedScaling={{status=ENABLED,targetCapacity=100}}'{}",
                    quoted(&provider.name),
                    region_option(cx.region())
                )),
        )
    } else {
        return Ok(());
    };
    let finding =
        if severity_is_blocker { Finding::blocker(summary) } else { Finding::likely(summary) };
    cx.report(
        finding
            .detail(detail)
            .resource(resource)
            .evidence(Evidence::new(query, pointer, value).object(name))
            .remedy(remedy),
    );
    Ok(())
}

/// The command that associates a provider with the cluster, beside those that it has.
fn associate(cx: &Cx<'_>, name: &str, cluster: Option<&ecs::Cluster>) -> Remedy {
    let remedy = Remedy::new(format!(
        "associate `{name}` with the cluster, or name one of the cluster's capacity providers"
    ));
    let Some(cluster) = cluster else { return remedy };
    let mut all: Vec<_> = cluster.capacity_providers.iter().map(|name| quoted(name)).collect();
    all.push(quoted(name));
    all.sort_unstable();
    all.dedup();
    remedy
        .step(
            "the command names all providers and the default strategy of the cluster: complete it",
        )
        .command(format!(
            "aws ecs put-cluster-capacity-providers --cluster {} --capacity-providers {} \
             --default-capacity-provider-strategy '[]'{}",
            quoted(&instances::cluster_name(cx)),
            all.join(" "),
            region_option(cx.region())
        ))
}

/// A service that runs on every instance cannot choose among them.
fn daemon(cx: &mut Cx<'_>) -> Result<(), Missing> {
    let Some(service) = cx.service()? else { return Ok(()) };
    if service.scheduling_strategy.as_deref() != Some("DAEMON")
        || service.capacity_provider_strategy.is_empty()
    {
        return Ok(());
    }
    let name = &service.service_name;
    cx.report(
        Finding::blocker(format!(
            "service `{name}` is a `DAEMON` and has a capacity provider strategy"
        ))
        .detail("ECS refuses that: a daemon runs on every instance of the cluster")
        .resource(object::resource(&service))
        .evidence(object::evidence(cx, &service, "/schedulingStrategy", "DAEMON"))
        .remedy(Remedy::new("give the service the launch type `EC2` in place of the strategy")),
    );
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::{both, unplaced, with_provider},
            testing::{Examples, World},
        },
        finding::Severity,
    };

    const ID: &str = "plc-capacity-provider";
    const MESSAGE: &str = "TaskFailedToStart: EMPTY CAPACITY PROVIDER";
    const MAX: &str = "/AutoScalingGroups/0/MaxSize";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            full(world).set("AutoScalingGroups", MAX, json!(2));
        },
        passes: |world| {
            with_provider(unplaced(world, MESSAGE));
        },
        unknown: |world| {
            full(world).deny("autoscaling:DescribeAutoScalingGroups");
        },
        near_miss: |world| {
            // The group can grow.
            full(world);
        },
    };

    fn full(world: &mut World) -> &mut World {
        let world = with_provider(unplaced(world, MESSAGE));
        both(world, "/remainingResources/0/integerValue", &json!(0))
    }

    fn only(world: &World) -> (Severity, String) {
        let mut findings = world.outcome(ID).findings;
        assert_eq!(findings.len(), 1, "{findings:?}");
        let finding = findings.remove(0);
        (finding.severity, finding.summary)
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: Auto Scaling group `shop-hosts` of capacity provider `hosts` has reached its maximum of 2 instances
          no instance can take the task, and the group may not start another one
          @ AWS::ECS::CapacityProvider hosts
          fix: raise the maximum, or make room on the instances
          $ aws autoscaling update-auto-scaling-group --max-size 3 --auto-scaling-group-name shop-hosts --region eu-west-1
        ");
    }

    #[test]
    fn a_provider_must_be_there_active_and_the_clusters() {
        let mut world = EXAMPLES.passing();
        world.set("capacityProviders", "/capacityProviders/0/status", json!("INACTIVE"));
        assert!(only(&world).1.contains("is `INACTIVE`"));
        let mut world = EXAMPLES.passing();
        world.set("clusters", "/clusters/0/capacityProviders", json!(["FARGATE"]));
        assert!(only(&world).1.contains("is not associated"));
        let mut world = EXAMPLES.passing();
        world.output(
            "capacityProviders",
            json!({"capacityProviders": [], "failures": [{
                "arn": "arn:aws:ecs:eu-west-1:111122223333:capacity-provider/hosts", "reason": "MISSING",
            }]}),
        );
        assert!(only(&world).1.contains("has no capacity provider `hosts`"));
    }

    #[test]
    fn a_group_must_be_able_to_grow() {
        let mut world = World::default();
        full(&mut world).set(
            "AutoScalingGroups",
            "/AutoScalingGroups/0/SuspendedProcesses",
            json!([{"ProcessName": "Launch"}]),
        );
        assert!(only(&world).1.contains("`Launch` is suspended"));
        let mut world = World::default();
        full(&mut world).set(
            "capacityProviders",
            "/capacityProviders/0/autoScalingGroupProvider/managedScaling/status",
            json!("DISABLED"),
        );
        assert_eq!(only(&world).0, Severity::Likely);
        let mut world = EXAMPLES.passing();
        world.output("AutoScalingGroups", json!({"AutoScalingGroups": []}));
        assert!(only(&world).1.contains("does not exist"));
    }

    #[test]
    fn a_daemon_has_no_strategy() {
        let mut world = EXAMPLES.passing();
        world.set("services", "/services/0/schedulingStrategy", json!("DAEMON")).set(
            "services",
            "/services/0/capacityProviderStrategy",
            json!([{"capacityProvider": "hosts"}]),
        );
        assert!(only(&world).1.contains("is a `DAEMON`"));
    }

    #[test]
    fn without_a_provider_there_is_nothing_to_ask() {
        let mut world = World::default();
        unplaced(&mut world, MESSAGE);
        assert_eq!(world.outcome(ID).status, Status::NotApplicable);
    }
}
