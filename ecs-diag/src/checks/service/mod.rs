//! Services: load balancing, deployments and discovery.

mod balancing;
pub(super) mod object;

super::checks! {
    tg_exists: TgExists,
    tg_type: TgType,
    tg_port: TgPort,
    lb_health: LbHealth,
    container_name_port: ContainerNamePort,
    circuit_breaker: CircuitBreaker,
    rollback_evidence: RollbackEvidence,
    digest_resolution: DigestResolution,
    discovery: Discovery,
    discovery_record_type: DiscoveryRecordType,
    shared_az_list: SharedAzList,
}

#[cfg(test)]
pub(super) mod testing {
    use serde_json::{Value, json};

    use crate::checks::testing::World;

    pub(super) const GROUP: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:\
        targetgroup/checkout/0123456789abcdef";

    /// The service is behind a target group, in which all is well.
    pub(super) fn balanced(world: &mut World) -> &mut World {
        let balancer = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:\
            loadbalancer/app/shop/0123456789abcdef";
        world
            .set(
                "services",
                "/services/0/loadBalancers",
                json!([{"targetGroupArn": GROUP, "containerName": "app", "containerPort": 8080}]),
            )
            .set("services", "/services/0/healthCheckGracePeriodSeconds", json!(60))
            .container("/portMappings", json!([{"containerPort": 8080, "protocol": "tcp"}]))
            .output(
                "TargetGroups",
                json!({"TargetGroups": [{
                    "TargetGroupArn": GROUP, "TargetGroupName": "checkout",
                    "Protocol": "HTTP", "Port": 80, "VpcId": "vpc-0d44444444444444d",
                    "HealthCheckProtocol": "HTTP", "HealthCheckPort": "traffic-port",
                    "HealthCheckEnabled": true, "HealthCheckIntervalSeconds": 30,
                    "HealthCheckTimeoutSeconds": 5, "HealthyThresholdCount": 5,
                    "UnhealthyThresholdCount": 2, "HealthCheckPath": "/health",
                    "Matcher": {"HttpCode": "200"}, "TargetType": "ip",
                    "LoadBalancerArns": [balancer],
                }]}),
            );
        health(world, &json!({"State": "healthy"}))
    }

    /// The health of the group's one target.
    pub(super) fn health<'w>(world: &'w mut World, health: &Value) -> &'w mut World {
        world.recordings.retain(|recording| recording["operation"] != "DescribeTargetHealth");
        let target = json!({"Id": "10.0.1.23", "Port": 8080, "AvailabilityZone": "eu-west-1a"});
        world.recorded(
            "elbv2",
            "DescribeTargetHealth",
            &json!({"TargetGroupArn": GROUP}),
            &json!({"TargetHealthDescriptions": [{"Target": target, "TargetHealth": health}]}),
        )
    }

    /// The service's events, the newest first.
    pub(in crate::checks) fn events<'w>(world: &'w mut World, messages: &[&str]) -> &'w mut World {
        let events: Vec<_> = messages
            .iter()
            .enumerate()
            .map(|(at, message)| {
                let minute = 59 - at;
                json!({
                    "id": format!("{at}"), "message": message,
                    "createdAt": format!("2026-11-20T10:{minute:02}:00Z"),
                })
            })
            .collect();
        world.set("services", "/services/0/events", json!(events))
    }
}
