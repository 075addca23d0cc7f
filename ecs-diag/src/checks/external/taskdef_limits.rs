use serde_json::{Value, json};

use super::{ELSEWHERE, is_external};
use crate::{
    aws::ecs::DescribeServices,
    check::{Check, Cx, Meta, check},
    checks::{definition, fargate},
    facts::Missing,
    finding::{Evidence, Finding, Remedy, Resource},
};

check! {
    /// Task and service ask for nothing that external instances do not have
    ///
    /// # What it looks at
    /// For a task on external instances: the network mode, which must be `bridge`, `host` or `none`
    /// (Windows: `default`); a proxy of App Mesh; load balancers, service discovery and capacity
    /// providers of the service. Volumes on EFS and EBS are looked at by `efs-support` and
    /// `ebs-support`.
    ///
    /// # Why it matters
    /// External instances have no interfaces inside a VPC. Their agent does not register the
    /// attributes that such a task requires (`ATTRIBUTE`), and ECS refuses such a service.
    ///
    /// # How to fix it
    /// Use the network mode `bridge` or `host`, and reach the containers by the server's address.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html>
    TaskdefLimits {
        id: "ext-taskdef-limits",
        domain: "external",
        phase: Place,
        causes: [PlaceAttributeOrGpu, DeployConfiguration],
        explains: [],
    }
}

impl Check for TaskdefLimits {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        if !is_external(cx)? {
            return cx.not_applicable(ELSEWHERE);
        }
        let task_definition = cx.definition()?;
        let label = definition::name(&task_definition);
        let mut wrong = Vec::new();
        let mut remedy = Remedy::default();
        let mut seen = Vec::new();
        let windows = fargate::is_windows(fargate::operating_system(&task_definition));
        if task_definition.network_mode.as_deref() == Some("awsvpc") {
            let right = if windows { "default" } else { "bridge" };
            wrong.push("the network mode `awsvpc`");
            remedy.summary = format!("set `networkMode` to `{right}`");
            remedy = if windows {
                remedy
            } else {
                remedy.edit(definition::set(&task_definition, "/networkMode", right))
            };
            seen.push(("/networkMode", json!("awsvpc")));
        }
        if let Some(proxy) = &task_definition.proxy_configuration {
            wrong.push("a proxy of App Mesh");
            let more = "leave `proxyConfiguration` out";
            remedy.summary = if remedy.summary.is_empty() {
                more.to_owned()
            } else {
                format!("{}, and {more}", remedy.summary)
            };
            remedy = remedy.edit(crate::edit::Edit::Remove(
                definition::object(&task_definition),
                "/proxyConfiguration".to_owned(),
            ));
            seen.push(("/proxyConfiguration/containerName", proxy.container_name.clone().into()));
        }
        if !wrong.is_empty() {
            let mut finding = Finding::blocker(format!(
                "`{label}` asks for {}, which external instances do not have",
                wrong.join(" and ")
            ))
            .detail(
                "the agent of an external instance does not register the attributes for it: ECS \
                 finds no place for the task",
            )
            .resource(definition::resource(&task_definition))
            .changed_at(task_definition.registered_at);
            for (pointer, value) in seen {
                finding =
                    finding.evidence(definition::evidence(cx, &task_definition, pointer, value)?);
            }
            let remedy = definition::deployed(cx, &task_definition, remedy);
            cx.report(finding.remedy(remedy));
        }

        let Some(service) = cx.service()? else { return Ok(()) };
        let has = [
            ("load balancers", "/loadBalancers", service.load_balancers.len()),
            ("service discovery", "/serviceRegistries", service.service_registries.len()),
            (
                "capacity providers",
                "/capacityProviderStrategy",
                service.capacity_provider_strategy.len(),
            ),
        ];
        let has: Vec<_> = has.into_iter().filter(|(.., count)| *count > 0).collect();
        if has.is_empty() {
            return Ok(());
        }
        let what: Vec<_> = has.iter().map(|(what, ..)| *what).collect();
        let request = DescribeServices {
            cluster: cx.target().cluster().or_else(|| service.cluster_arn.clone()),
            services: vec![service.service_name.clone()],
        };
        let mut finding = Finding::blocker(format!(
            "service `{}` has {}, which external instances do not have",
            service.service_name,
            what.join(" and ")
        ))
        .detail("its tasks run outside AWS: ECS can neither register nor place them so")
        .resource(
            Resource::new("AWS::ECS::Service", service.service_name.clone())
                .arn(service.service_arn.clone()),
        );
        for (_, pointer, count) in has {
            finding = finding.evidence(
                Evidence::new(cx.query(&request), pointer, Value::from(count))
                    .object(service.service_arn.clone()),
            );
        }
        cx.report(finding.remedy(Remedy::new(format!(
            "create the service without {}, with the launch type `EXTERNAL`",
            what.join(" and ")
        ))));
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use crate::{
        check::Status,
        checks::{
            instances::fixtures::placed,
            testing::{Examples, World},
        },
    };

    const ID: &str = "ext-taskdef-limits";
    const MESSAGE: &str = "TaskFailedToStart: ATTRIBUTE";

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            placed(world, "EXTERNAL", &[]).stopped(MESSAGE);
        },
        passes: |world| {
            bridge(world);
        },
        unknown: |world| {
            bridge(world).stopped(MESSAGE).without("taskDefinition");
        },
        near_miss: |world| {
            bridge(world).stopped(MESSAGE);
        },
    };

    fn bridge(world: &mut World) -> &mut World {
        placed(world, "EXTERNAL", &[]).definition("/networkMode", json!("bridge"))
    }

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @"
        blocker: `checkout:42` asks for the network mode `awsvpc`, which external instances do not have
          the agent of an external instance does not register the attributes for it: ECS finds no place for the task
          @ AWS::ECS::TaskDefinition checkout:42
          fix (verified): set `networkMode` to `bridge`
          - register a revision of `checkout` with that change
          - deploy the new revision
          $ aws ecs update-service --cluster shop --service checkout --region eu-west-1 --task-definition checkout
        ");
    }

    #[test]
    fn a_service_outside_aws_has_neither_load_balancer_nor_discovery() {
        for (member, value) in [
            ("loadBalancers", json!([{"targetGroupArn": "arn:x", "containerName": "app"}])),
            ("serviceRegistries", json!([{"registryArn": "arn:x"}])),
            ("capacityProviderStrategy", json!([{"capacityProvider": "shop"}])),
        ] {
            let mut world = World::default();
            bridge(&mut world).set("services", &format!("/services/0/{member}"), value);
            assert_eq!(world.outcome(ID).status, Status::Failed, "{member}");
        }
    }

    #[test]
    fn app_mesh_and_awsvpc_are_one_finding() {
        let mut world = EXAMPLES.failing();
        world.definition("/proxyConfiguration", json!({"containerName": "envoy"}));
        let outcome = world.outcome(ID);
        assert_eq!(outcome.findings.len(), 1);
        assert!(outcome.findings[0].summary.contains("`awsvpc` and a proxy"), "{outcome:?}");
    }

    #[test]
    fn inside_aws_it_may() {
        assert_eq!(World::default().outcome(ID).status, Status::NotApplicable);
    }
}
