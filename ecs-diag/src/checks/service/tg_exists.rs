use serde_json::{Value, json};

use super::{
    balancing::{self, NO_GROUP},
    object::{self, NO_SERVICE},
};
use crate::{
    aws::elbv2::{DescribeTargetGroups, DescribeTargetHealth},
    check::{Check, Cx, Meta, check},
    checks::definition,
    facts::{self, Missing},
    finding::{Finding, Remedy},
    shell,
};

check! {
    /// The service's target groups exist and are in use
    ///
    /// # What it looks at
    /// Every target group that the service names: whether it exists, and whether a load balancer
    /// forwards to it.
    ///
    /// # Why it matters
    /// ECS cannot register tasks with a target group that is gone, calls them unhealthy (`TARGET GROUP
    /// IS NOT FOUND`) and replaces them. A target group that was deleted and created again has another
    /// ARN. With one that no load balancer forwards to, ECS refuses to create the service or to change
    /// its load balancers, and no traffic reaches the tasks.
    ///
    /// # How to fix it
    /// Let the service name the target group that exists, and a listener forward to it.
    ///
    /// # Source
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html>,
    /// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshoot-service-load-balancers.html>
    TgExists {
        id: "svc-tg-exists",
        domain: "service",
        phase: Health,
        causes: [DeployConfiguration],
        explains: ["svc-lb-health"],
    }
}

impl Check for TgExists {
    fn meta(&self) -> &Meta {
        const { &Self::META }
    }

    fn run(&self, cx: &mut Cx<'_>) -> Result<(), Missing> {
        let Some(service) = cx.service()? else { return cx.not_applicable(NO_SERVICE) };
        let groups = balancing::groups(&service);
        if groups.is_empty() {
            return cx.not_applicable(NO_GROUP);
        }
        let controller = service.deployment_controller.as_ref();
        let steered_outside = controller
            .and_then(|controller| controller.kind.as_deref())
            .is_some_and(|kind| kind != "ECS");
        cx.each(groups, |cx, balanced| {
            let (arn, name) = (balanced.arn, balancing::name(balanced.arn));
            let by = &service.service_name;
            let place = format!("/loadBalancers/{}/targetGroupArn", balanced.at);
            if let Some(group) = balancing::group(cx, arn)? {
                // CodeDeploy takes its listener from one target group to the other.
                if steered_outside || !group.load_balancer_arns.is_empty() {
                    return Ok(());
                }
                cx.report(
                    Finding::likely(format!(
                        "no load balancer forwards to target group `{name}` of service `{by}`"
                    ))
                    .detail(
                        "no traffic and no health check reaches the tasks; ECS refuses to create or \
                         change a service with such a target group",
                    )
                    .resource(balancing::resource(arn))
                    .resource(object::resource(&service))
                    .evidence(balancing::evidence(cx, arn, "LoadBalancerArns", json!([])))
                    .remedy(
                        Remedy::new(format!("let a listener forward to `{name}`"))
                            .step("add a rule, or a default action, to the listener that is meant"),
                    ),
                );
                return Ok(());
            }
            // The same name under another ARN: it was created again.
            let by_name =
                DescribeTargetGroups { target_group_arns: None, names: Some(vec![name.clone()]) };
            let again = facts::at_hand(cx.get(&by_name))?
                .and_then(|answer| answer.target_groups.first().cloned());
            let mut detail =
                "ECS cannot register tasks with it, calls them unhealthy and replaces them".to_owned();
            let mut remedy = Remedy::new(
                "let the service name a target group that exists, or create the target group anew",
            )
            .command(format!(
                "aws elbv2 describe-target-groups{}",
                shell::region_option(cx.region())
            ));
            if let Some(again) = again {
                let new = &again.target_group_arn;
                // Asked now, so that the remedy can be put to the test.
                facts::at_hand(cx.get(&balancing::request(new)))?;
                let health = DescribeTargetHealth { target_group_arn: new.clone() };
                facts::at_hand(cx.get(&health))?;
                detail += &format!("; a target group of that name exists as `{new}`: it was created again");
                remedy = Remedy::new(format!("let service `{by}` name `{new}`"))
                    .edit(object::set(&service, place.clone(), new.as_str()));
                if let Some(command) = definition::update_service(cx) {
                    let balancers: Vec<_> = service
                        .load_balancers
                        .iter()
                        .map(|entry| {
                            let own = entry.target_group_arn.as_deref();
                            json!({
                                "targetGroupArn": if own == Some(arn) { Some(new.as_str()) } else { own },
                                "containerName": entry.container_name,
                                "containerPort": entry.container_port,
                            })
                        })
                        .collect();
                    let balancers = Value::from(balancers).to_string();
                    remedy = remedy
                        .command(format!("{command} --load-balancers {}", shell::quoted(&balancers)));
                }
            }
            cx.report(
                Finding::blocker(format!(
                    "target group `{name}` of service `{by}` does not exist"
                ))
                .detail(detail)
                .resource(balancing::resource(arn))
                .resource(object::resource(&service))
                .evidence(balancing::evidence(cx, arn, "TargetGroupArn", Value::Null))
                .evidence(object::evidence(cx, &service, place, arn))
                .remedy(remedy),
            );
            Ok(())
        });
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::testing::{GROUP, balanced, events};
    use crate::{
        checks::testing::{Examples, World},
        finding::Severity,
    };

    const ID: &str = "svc-tg-exists";
    const EVENT: &str = "(service checkout) (task 4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c) is not healthy in \
        target-group (arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/checkout/\
        0123456789abcdef) due to TARGET GROUP IS NOT FOUND";

    fn gone(world: &mut World) -> &mut World {
        events(balanced(world), &[EVENT]).output("TargetGroups", json!({"TargetGroups": []}))
    }

    pub(in crate::checks) const EXAMPLES: Examples = Examples {
        fails: |world| {
            gone(world);
        },
        passes: |world| {
            balanced(world);
        },
        unknown: |world| {
            gone(world).deny("elbv2:DescribeTargetGroups");
        },
        near_miss: |world| {
            // The service names another one since.
            events(balanced(world), &[EVENT]);
        },
    };

    #[test]
    fn message() {
        insta::assert_snapshot!(EXAMPLES.messages(ID), @r"
        blocker: target group `checkout` of service `checkout` does not exist
          ECS cannot register tasks with it, calls them unhealthy and replaces them
          @ AWS::ElasticLoadBalancingV2::TargetGroup checkout
          @ AWS::ECS::Service checkout
          fix: let the service name a target group that exists, or create the target group anew
          $ aws elbv2 describe-target-groups --region eu-west-1
        ");
    }

    #[test]
    fn one_that_was_created_again_is_named_and_proved() {
        let mut world = World::default();
        let new = GROUP.replace("0123456789abcdef", "fedcba9876543210");
        events(balanced(&mut world), &[EVENT])
            .set("TargetGroups", "/TargetGroups/0/TargetGroupArn", json!(new))
            .recorded(
                "elbv2",
                "DescribeTargetHealth",
                &json!({"TargetGroupArn": new}),
                &json!({"TargetHealthDescriptions": []}),
            );
        let outcome = world.outcome(ID);
        assert!(outcome.findings[0].detail.contains(&new), "{outcome:?}");
        assert!(world.verified(ID));
    }

    #[test]
    fn one_without_a_load_balancer_is_likely() {
        let mut world = EXAMPLES.passing();
        world.set("TargetGroups", "/TargetGroups/0/LoadBalancerArns", json!([]));
        assert_eq!(world.outcome(ID).findings[0].severity, Severity::Likely);
        let controller = json!({"type": "CODE_DEPLOY"});
        world.set("services", "/services/0/deploymentController", controller);
        assert!(world.outcome(ID).findings.is_empty());
    }
}
