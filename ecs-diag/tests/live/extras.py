"""What some tasks have besides: instances, a load balancer, a file system, files in S3."""

from __future__ import annotations

import base64
import json

from moto.ecs.models import CapacityProvider, ContainerInstance

import patches
from account import ACCOUNT, DAY, REGION, Json, Shop, backend, moment, trust

INSTANCE_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
INFRASTRUCTURE_POLICY = (
    "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForManagedInstances"
)
# CPU units and MiB that the agent of an m5.large registers.
CPU, MEMORY = 2048, 7680


def move_to_instances(shop: Shop, mode: str = "awsvpc") -> None:
    """Lets the service run on instances of the account, in this network mode."""
    shop.launch_type = "EC2"
    shop.definition.update(requiresCompatibilities=["EC2"], networkMode=mode)
    del shop.definition["runtimePlatform"]
    if mode == "bridge":
        # Docker chooses the port.
        shop.app["portMappings"][0]["hostPort"] = 0


def on_instance(instance: ContainerInstance) -> Json:
    """What a task is like that was placed on a container instance."""
    return {
        "launchType": "EC2",
        "containerInstanceArn": instance.container_instance_arn,
        "platformFamily": None,
        "platformVersion": None,
        "ephemeralStorage": None,
    }


def add_group(shop: Shop, *, cluster: str = "") -> list[str]:
    """Creates an Auto Scaling group behind a capacity provider of the cluster.

    Gives the EC2 ids of its instances, which are told to join `cluster`, else that of the shop.
    """
    iam, ec2, ecs = shop.clients("iam"), shop.clients("ec2"), shop.clients("ecs")
    name = f"{shop.name}-instance"
    iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(trust(service="ec2.amazonaws.com"))
    )
    iam.attach_role_policy(RoleName=name, PolicyArn=INSTANCE_POLICY)
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)

    script = f"#!/bin/bash\necho ECS_CLUSTER={cluster or shop.name} >> /etc/ecs/ecs.config\n"
    template = ec2.create_launch_template(
        LaunchTemplateName=shop.name,
        LaunchTemplateData={
            "ImageId": _image(),
            "InstanceType": "m5.large",
            "IamInstanceProfile": {"Name": name},
            "UserData": base64.b64encode(script.encode()).decode(),
        },
    )["LaunchTemplate"]["LaunchTemplateId"]
    scaling = shop.clients("autoscaling")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=shop.name,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
        MinSize=0,
        MaxSize=3,
        DesiredCapacity=1,
        VPCZoneIdentifier=shop.account.network.private[0],
    )
    [group] = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[shop.name])[
        "AutoScalingGroups"
    ]
    ecs.create_capacity_provider(
        name=shop.name,
        autoScalingGroupProvider={
            "autoScalingGroupArn": group["AutoScalingGroupARN"],
            "managedScaling": {"status": "ENABLED"},
        },
    )
    associate(shop)
    return [member["InstanceId"] for member in group["Instances"]]


def _image() -> str:
    """Any image for instances; asking for them takes seconds."""
    return next(iter(backend("ec2").amis))


def associate(shop: Shop) -> None:
    """Associates the capacity provider with the cluster."""
    shop.clients("ecs").put_cluster_capacity_providers(
        cluster=shop.name,
        capacityProviders=[shop.name],
        defaultCapacityProviderStrategy=[{"capacityProvider": shop.name, "weight": 1}],
    )


def use_provider(shop: Shop) -> None:
    """Lets the service run on its capacity provider."""
    shop.service["capacityProviderStrategy"] = [{"capacityProvider": shop.name, "weight": 1}]


def register(shop: Shop, instance: str) -> ContainerInstance:
    """Registers an EC2 instance with the cluster, as a current agent does."""
    arn = shop.clients("ecs").register_container_instance(
        cluster=shop.name, instanceIdentityDocument=json.dumps({"instanceId": instance})
    )["containerInstance"]["containerInstanceArn"]
    registered = backend("ecs").container_instances[shop.name][arn.rsplit("/", 1)[-1]]
    registered.registered_at = moment(DAY)
    registered.capacity_provider_name = shop.name
    registered.version_info = {
        "agentVersion": "1.98.0",
        "agentHash": "4023248",
        "dockerVersion": "DockerVersion: 25.0.8",
    }
    registered.health_status = {
        "overallStatus": "OK",
        "details": [{"type": "CONTAINER_RUNTIME", "status": "OK", "lastUpdated": moment(60)}],
    }
    for resources in (registered.registered_resources, registered.remaining_resources):
        resources[0]["integerValue"], resources[1]["integerValue"] = CPU, MEMORY
    network = shop.account.network
    registered.attributes |= {
        "ecs.availability-zone": f"{REGION}a",
        "ecs.cpu-architecture": "x86_64",
        "ecs.instance-type": "m5.large",
        "ecs.os-type": "linux",
        "ecs.subnet-id": network.private[0],
        "ecs.vpc-id": network.vpc,
        **dict.fromkeys(shop.required_attributes()),
    }
    return registered


def add_instance(shop: Shop) -> ContainerInstance:
    """Gives the cluster an instance of an Auto Scaling group."""
    [instance] = add_group(shop)
    return register(shop, instance)


def add_environment_file(shop: Shop) -> str:
    """Lets the container read variables from a file in S3, `prod.env`; gives its bucket."""
    s3, bucket = shop.clients("s3"), f"{shop.name}-settings"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="prod.env", Body=b"STAGE=prod\n")
    shop.app["environmentFiles"] = [{"type": "s3", "value": f"arn:aws:s3:::{bucket}/prod.env"}]
    return bucket


def add_file_system(shop: Shop) -> tuple[str, str]:
    """Mounts an EFS file system through an access point; gives the ids of both."""
    efs, network = shop.clients("efs"), shop.account.network
    system = efs.create_file_system(CreationToken=shop.name, Encrypted=True)["FileSystemId"]
    for subnet in network.private:
        efs.create_mount_target(
            FileSystemId=system, SubnetId=subnet, SecurityGroups=[network.files_group]
        )
    point = efs.create_access_point(
        FileSystemId=system,
        PosixUser={"Uid": 1000, "Gid": 1000},
        RootDirectory={
            "Path": "/shop",
            "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "750"},
        },
    )["AccessPointId"]
    shop.definition["volumes"] = [
        {
            "name": "files",
            "efsVolumeConfiguration": {
                "fileSystemId": system,
                "transitEncryption": "ENABLED",
                "authorizationConfig": {"accessPointId": point, "iam": "ENABLED"},
            },
        }
    ]
    shop.app["mountPoints"] = [{"sourceVolume": "files", "containerPath": "/files"}]
    return system, point


def add_volume(shop: Shop, snapshot: str) -> None:
    """Mounts an EBS volume that is made of a snapshot at launch."""
    shop.definition["volumes"] = [{"name": "data", "configuredAtLaunch": True}]
    shop.app["mountPoints"] = [{"sourceVolume": "data", "containerPath": "/data"}]
    role = f"arn:aws:iam::{ACCOUNT}:role/ecsInfrastructureRole"
    shop.service["volumeConfigurations"] = [
        {
            "name": "data",
            "managedEBSVolume": {
                "roleArn": role,
                "snapshotId": snapshot,
                "volumeType": "gp3",
                "sizeInGiB": 20,
                "filesystemType": "xfs",
            },
        }
    ]


def add_load_balancer(shop: Shop, **more: str) -> str:
    """Puts the service behind an Application Load Balancer; gives the ARN of its target group."""
    elb, network = shop.clients("elbv2"), shop.account.network
    balancer = elb.create_load_balancer(
        Name=shop.name, Subnets=network.public, SecurityGroups=[network.client_group]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(
        Name=shop.name,
        Protocol="HTTP",
        Port=8080,
        VpcId=network.vpc,
        TargetType="ip" if shop.definition["networkMode"] == "awsvpc" else "instance",
        HealthCheckPath="/health",
        **more,
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    shop.service["loadBalancers"] = [
        {"targetGroupArn": group, "containerName": "app", "containerPort": 8080}
    ]
    return group


def add_registry(shop: Shop) -> None:
    """Registers the service's tasks in a namespace of Cloud Map."""
    discovery = shop.clients("servicediscovery")
    discovery.create_private_dns_namespace(
        Name=f"{shop.name}.internal", Vpc=shop.account.network.vpc
    )
    [namespace] = [
        found["Id"]
        for found in discovery.list_namespaces()["Namespaces"]
        if found["Name"] == f"{shop.name}.internal"
    ]
    registry = discovery.create_service(
        Name="checkout",
        NamespaceId=namespace,
        DnsConfig={"DnsRecords": [{"Type": "A", "TTL": 10}]},
    )["Service"]["Arn"]
    shop.service["serviceRegistries"] = [{"registryArn": registry}]


def add_pull_through_cache(shop: Shop, prefix: str, *, upstream: str, secret: str = "") -> None:
    """Lets the registry fetch what is under a prefix from another one, with a secret's login."""
    rule = {
        "ecrRepositoryPrefix": prefix,
        "upstreamRegistryUrl": upstream,
        "registryId": ACCOUNT,
        "createdAt": moment(DAY).timestamp(),
    }
    if secret:
        rule["credentialArn"] = (
            f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ecr-pullthroughcache/{secret}"
        )
    patches.ANSWERS["ecr:DescribePullThroughCacheRules"]["pullThroughCacheRules"].append(rule)


def add_server(shop: Shop, *, ping: str) -> ContainerInstance:
    """Registers a server outside AWS, a managed node that Systems Manager hears of or not."""
    ec2 = shop.clients("ec2")
    # moto registers EC2 instances only.
    [stand_in] = ec2.run_instances(ImageId=_image(), MinCount=1, MaxCount=1)["Instances"]
    server = register(shop, stand_in["InstanceId"])
    server.ec2_instance_id = f"mi-{stand_in['InstanceId'][2:]}"
    server.capacity_provider_name = None
    server.attributes = {
        "ecs.capability.external": None,
        "ecs.cpu-architecture": "x86_64",
        "ecs.os-type": "linux",
        **dict.fromkeys(shop.required_attributes()),
    }
    patches.ANSWERS["ssm:DescribeInstanceInformation"]["InstanceInformationList"].append(
        {
            "InstanceId": server.ec2_instance_id,
            "PingStatus": ping,
            "LastPingDateTime": moment(7200).timestamp(),
            "AgentVersion": "3.3.1611.0",
            "PlatformType": "Linux",
            "PlatformName": "Ubuntu",
            "PlatformVersion": "22.04",
            "ResourceType": "ManagedInstance",
        }
    )
    return server


def add_activation(shop: Shop, *, expired: bool) -> None:
    """Creates an activation with which one server can register, of more than a day ago."""
    patches.ANSWERS["ssm:DescribeActivations"]["ActivationList"].append(
        {
            "ActivationId": f"a1b2c3d4-0000-4000-8000-{len(shop.name):012}",
            "IamRole": "ecsAnywhereRole",
            "RegistrationLimit": 1,
            "RegistrationsCount": 0,
            "CreatedDate": moment(2 * DAY).timestamp(),
            "ExpirationDate": moment(DAY).timestamp(),
            "Expired": expired,
        }
    )


def move_to_managed_instances(shop: Shop, role: str) -> None:
    """Lets the service run on ECS Managed Instances, whose instances have this role."""
    iam, name = shop.clients("iam"), f"{shop.name}-instance"
    infrastructure = f"{shop.name}-infrastructure"
    iam.create_role(
        RoleName=infrastructure,
        AssumeRolePolicyDocument=json.dumps(trust(service="ecs.amazonaws.com")),
    )
    iam.attach_role_policy(RoleName=infrastructure, PolicyArn=INFRASTRUCTURE_POLICY)
    iam.create_instance_profile(InstanceProfileName=name)
    document = json.dumps(trust(service="ec2.amazonaws.com"))
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=document)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    # moto knows Auto Scaling groups only.
    provider = CapacityProvider(ACCOUNT, REGION, shop.name, {}, [])
    provider.auto_scaling_group_provider = None
    provider.managed_instances_provider = {
        "infrastructureRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{infrastructure}",
        "instanceLaunchTemplate": {
            "ec2InstanceProfileArn": f"arn:aws:iam::{ACCOUNT}:instance-profile/{name}",
            "networkConfiguration": {"subnets": shop.account.network.private},
        },
    }
    backend("ecs").capacity_providers[shop.name] = provider
    shop.definition["requiresCompatibilities"] = ["MANAGED_INSTANCES"]
    associate(shop)
    use_provider(shop)


def note_run_task(shop: Shop, task: str) -> None:
    """Has CloudTrail tell of the call that started a task."""
    record: Json = {
        "eventVersion": "1.08",
        "eventSource": "ecs.amazonaws.com",
        "eventName": "RunTask",
        "awsRegion": REGION,
        "requestParameters": {
            "cluster": shop.name,
            "taskDefinition": shop.name,
            "networkConfiguration": {"awsvpcConfiguration": shop.network},
        },
        "responseElements": {"tasks": [{"taskArn": task}], "failures": []},
        "recipientAccountId": ACCOUNT,
    }
    patches.ANSWERS["cloudtrail:LookupEvents"]["Events"].append(
        {
            "EventId": "8b1c1d9e-0000-4000-8000-000000000001",
            "EventName": "RunTask",
            "EventSource": "ecs.amazonaws.com",
            "EventTime": moment(300).timestamp(),
            "CloudTrailEvent": json.dumps(record),
        }
    )
