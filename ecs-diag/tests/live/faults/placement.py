"""Tasks for which there is no place: only the service's events tell."""

from __future__ import annotations

import extras
import patches
from account import ACCOUNT, Shop, moment
from planting import planted

MORE = " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
UNABLE = (
    "(service checkout) was unable to place a task because no container instance met all of its "
    "requirements. "
)


# On container instances.


@planted("ci-registered")
def instances_none(shop: Shop) -> None:
    """The cluster is empty."""
    extras.move_to_instances(shop)
    shop.events = [f"{UNABLE}Reason: No Container Instances were found in your cluster.{MORE}"]


@planted("ci-resources")
def instance_full(shop: Shop) -> None:
    """Other tasks have the memory of the only instance."""
    extras.move_to_instances(shop)
    instance = extras.add_instance(shop)
    instance.remaining_resources[1]["integerValue"] = 200
    _closest(shop, instance.id, "has insufficient memory available.")


@planted("ci-ports")
def instance_port_taken(shop: Shop) -> None:
    """Another task has the port on the only instance."""
    extras.move_to_instances(shop, "bridge")
    shop.app["portMappings"][0]["hostPort"] = 8080
    instance = extras.add_instance(shop)
    instance.remaining_resources[2]["stringSetValue"].append("8080")
    _closest(shop, instance.id, "is already using a port required by your task.")


@planted("ci-attribute-diff")
def instance_without_log_driver(shop: Shop) -> None:
    """The agent of the only instance does not offer the log driver."""
    extras.move_to_instances(shop)
    instance = extras.add_instance(shop)
    shop.app["logConfiguration"] = {
        "logDriver": "gelf",
        "options": {"gelf-address": "udp://logs.example.com:12201"},
    }
    _closest(shop, instance.id, "is missing an attribute required by your task.")


@planted("ci-arch-os")
def instance_of_another_processor(shop: Shop) -> None:
    """The task wants an ARM processor."""
    extras.move_to_instances(shop)
    instance = extras.add_instance(shop)
    shop.definition["runtimePlatform"] = {
        "operatingSystemFamily": "LINUX",
        "cpuArchitecture": "ARM64",
    }
    _closest(shop, instance.id, "is missing an attribute required by your task.")


@planted("ci-agent-connected")
def instance_agent_disconnected(shop: Shop) -> None:
    """The agent of the only instance is not connected."""
    extras.move_to_instances(shop)
    instance = extras.add_instance(shop)
    instance.agent_connected = False
    _closest(shop, instance.id, 'encountered error "AGENT".')


@planted("ci-status")
def instance_draining(shop: Shop) -> None:
    """The only instance is being drained."""
    extras.move_to_instances(shop)
    extras.add_instance(shop).status = "DRAINING"
    shop.events = [f"{UNABLE}Reason: No Container Instances were found in your cluster.{MORE}"]


@planted("plc-constraints")
def instance_of_another_type(shop: Shop) -> None:
    """The service wants another type of instance than there is."""
    extras.move_to_instances(shop)
    shop.service["placementConstraints"] = [
        {"type": "memberOf", "expression": "attribute:ecs.instance-type =~ g4dn.*"}
    ]
    instance = extras.add_instance(shop)
    _closest(shop, instance.id, 'encountered error "MemberOf placement constraint unsatisfied".')


def _closest(shop: Shop, instance: str, why: str) -> None:
    shop.events = [f"{UNABLE}The closest matching (container-instance {instance}) {why}{MORE}"]


# With capacity providers.


@planted("plc-asg-activity")
def group_beyond_quota(shop: Shop) -> None:
    """EC2 refuses to launch an instance."""
    extras.move_to_instances(shop)
    extras.add_group(shop)
    extras.use_provider(shop)
    shop.clients("autoscaling").set_desired_capacity(
        AutoScalingGroupName=shop.name, DesiredCapacity=0
    )
    patches.ACTIVITIES[shop.name] = [
        {
            "ActivityId": "5e5f0f5e-0000-4000-8000-000000000001",
            "AutoScalingGroupName": shop.name,
            "Description": "Launching a new EC2 instance.  Status Reason: VcpuLimitExceeded",
            "Cause": "an instance was started in response to a difference between desired and "
            "actual capacity",
            "StartTime": moment(600),
            "EndTime": moment(600),
            "StatusCode": "Failed",
            "StatusMessage": "You have requested more vCPU capacity than your current vCPU limit "
            "of 32 allows for the instance bucket that the specified instance type belongs to. "
            "Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to "
            "this limit. Launching EC2 instance failed.",
            "Progress": 100,
        }
    ]
    _no_instances(shop)


@planted("ci-user-data-cluster")
def instances_join_another_cluster(shop: Shop) -> None:
    """The user data of the instances names another cluster."""
    extras.move_to_instances(shop)
    extras.add_group(shop, cluster="shp")
    extras.use_provider(shop)
    _no_instances(shop)


@planted("plc-capacity-provider")
def group_kept_empty(shop: Shop) -> None:
    """The group may have no instance at all."""
    extras.move_to_instances(shop)
    extras.add_group(shop)
    extras.use_provider(shop)
    shop.clients("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=shop.name, DesiredCapacity=0, MaxSize=0
    )
    _no_instances(shop)


def _no_instances(shop: Shop) -> None:
    shop.events = [
        "(service checkout) was unable to reach steady state. Reason: No Container Instances were "
        f"found in your capacity provider.{MORE}"
    ]


# On ECS Managed Instances.


@planted("plc-managed-instances")
def instance_role_not_passed(shop: Shop) -> None:
    """The managed policy allows roles of another name to be passed."""
    role = "Shop-InstanceRole-1A2B"
    extras.move_to_managed_instances(shop, role)
    shop.events = [
        "(service checkout) was unable to place a task. Reason: ResourceInitializationError: "
        f"Unable to launch instance(s) for capacity provider {shop.name}. UnauthorizedOperation: "
        "You are not authorized to perform this operation. User: "
        f"arn:aws:sts::{ACCOUNT}:assumed-role/{shop.name}-infrastructure/ecs is not authorized to "
        f"perform: iam:PassRole on resource: arn:aws:iam::{ACCOUNT}:role/{role}."
    ]


# On Fargate.


@planted("plc-fargate-quota")
def quota_reached(shop: Shop) -> None:
    """The account's vCPUs are in use."""
    shop.events = [
        "(service checkout) was unable to place a task. Reason: You've reached the limit on the "
        "number of vCPUs you can run concurrently."
    ]


@planted("plc-fargate-capacity")
def capacity_unavailable(shop: Shop) -> None:
    """Fargate has no capacity in the service's one zone."""
    shop.network["subnets"] = shop.network["subnets"][:1]
    shop.events = [
        "(service checkout) was unable to place a task. Reason: Capacity is unavailable at this "
        "time. Please try again later or in a different availability zone."
    ]


# On servers outside AWS.


@planted("ci-agent-connected")
def server_offline(shop: Shop) -> None:
    """The only server has lost its connections."""
    _move_to_servers(shop)
    server = extras.add_server(shop, ping="ConnectionLost")
    server.agent_connected = False
    _closest(shop, server.id, 'encountered error "AGENT".')


@planted("ci-registered")
def server_cannot_register(shop: Shop) -> None:
    """There is no server, and the activation to register one has expired."""
    _move_to_servers(shop)
    extras.add_activation(shop, expired=True)
    shop.events = [f"{UNABLE}Reason: No Container Instances were found in your cluster.{MORE}"]


def _move_to_servers(shop: Shop) -> None:
    extras.move_to_instances(shop, "bridge")
    shop.launch_type = "EXTERNAL"
    shop.definition["requiresCompatibilities"] = ["EXTERNAL"]
