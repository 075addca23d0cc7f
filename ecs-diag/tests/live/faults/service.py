"""What stands before a service: load balancers and their health checks."""

from __future__ import annotations

import extras
from account import Shop, Stop, moment
from planting import planted


@planted("svc-lb-health")
def health_check_path_missing(shop: Shop) -> Stop:
    """The load balancer asks a path that the application does not have."""
    group = extras.add_load_balancer(shop)
    return _unhealthy(group, ": Health checks failed with these codes: [404]")


@planted("svc-tg-port")
def health_check_port_not_mapped(shop: Shop) -> Stop:
    """The load balancer asks the container's port on an instance where Docker chose another."""
    extras.move_to_instances(shop, "bridge")
    group = extras.add_load_balancer(shop, HealthCheckPort="8080")
    stop = _unhealthy(group, ": Request timed out")
    stop.task |= extras.on_instance(extras.add_instance(shop)) | {"attachments": []}
    return stop


@planted("svc-tg-exists")
def target_group_missing(shop: Shop) -> None:
    """The target group was deleted."""
    group = extras.add_load_balancer(shop)
    task = shop.task_arn().rsplit("/", 1)[-1]
    shop.events = [
        f"(service checkout) (task {task}) is not healthy in target-group ({group}) due to "
        "TARGET GROUP IS NOT FOUND"
    ]
    elb = shop.clients("elbv2")
    [balancer] = elb.describe_load_balancers(Names=[shop.name])["LoadBalancers"]
    [listener] = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    elb.delete_listener(ListenerArn=listener["ListenerArn"])
    elb.delete_target_group(TargetGroupArn=group)


def _unhealthy(group: str, why: str) -> Stop:
    return Stop(
        f"Task failed ELB health checks in (target-group {group}){why}",
        "ServiceSchedulerInitiated",
        task={"createdAt": moment(500), "startedAt": moment(400)},
        container={"exitCode": 143},
    )
