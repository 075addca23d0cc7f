"""What some tasks have besides: an instance, a load balancer, a file system, files in S3."""

from __future__ import annotations

import json

import patches
from account import ACCOUNT, REGION, Json, Shop, backend, moment, trust


def add_instance(shop: Shop) -> str:
    """Registers an EC2 instance of an Auto Scaling group with the cluster; gives its ARN there."""
    iam, ec2, ecs = shop.clients("iam"), shop.clients("ec2"), shop.clients("ecs")
    name = f"{shop.name}-instance"
    iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(trust(service="ec2.amazonaws.com"))
    )
    iam.attach_role_policy(
        RoleName=name,
        PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
    )
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)

    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    template = ec2.create_launch_template(
        LaunchTemplateName=shop.name,
        LaunchTemplateData={
            "ImageId": image,
            "InstanceType": "m5.large",
            "IamInstanceProfile": {"Name": name},
        },
    )["LaunchTemplate"]["LaunchTemplateId"]
    scaling = shop.clients("autoscaling")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=shop.name,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "$Latest"},
        MinSize=1,
        MaxSize=3,
        DesiredCapacity=1,
        VPCZoneIdentifier=shop.account.network.private[0],
    )
    [group] = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[shop.name])[
        "AutoScalingGroups"
    ]
    ecs.create_capacity_provider(
        name=shop.name,
        autoScalingGroupProvider={"autoScalingGroupArn": group["AutoScalingGroupARN"]},
    )
    ecs.put_cluster_capacity_providers(
        cluster=shop.name,
        capacityProviders=[shop.name],
        defaultCapacityProviderStrategy=[{"capacityProvider": shop.name, "weight": 1}],
    )
    [member] = group["Instances"]
    document = json.dumps({"instanceId": member["InstanceId"]})
    arn = ecs.register_container_instance(cluster=shop.name, instanceIdentityDocument=document)[
        "containerInstance"
    ]["containerInstanceArn"]
    instance = backend("ecs").container_instances[shop.name][arn.rsplit("/", 1)[-1]]
    instance.registered_at = moment(24 * 3600)
    instance.capacity_provider_name = shop.name
    instance.attributes |= {
        "ecs.availability-zone": f"{REGION}a",
        "ecs.capability.secrets.asm.environment-variables": None,
        "ecs.capability.secrets.ssm.environment-variables": None,
        "ecs.capability.task-eni": None,
        "ecs.cpu-architecture": "x86_64",
        "ecs.instance-type": "m5.large",
        "ecs.os-type": "linux",
    }
    return arn


def add_environment_file(shop: Shop) -> None:
    """Lets the container read variables from a file in S3."""
    s3, bucket = shop.clients("s3"), f"{shop.name}-settings"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="prod.env", Body=b"STAGE=prod\n")
    shop.app["environmentFiles"] = [{"type": "s3", "value": f"arn:aws:s3:::{bucket}/prod.env"}]


def add_file_system(shop: Shop) -> None:
    """Mounts an EFS file system through an access point."""
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


def add_load_balancer(shop: Shop) -> None:
    """Puts the service behind an Application Load Balancer."""
    elb, network = shop.clients("elbv2"), shop.account.network
    balancer = elb.create_load_balancer(
        Name=shop.name, Subnets=network.public, SecurityGroups=[network.client_group]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(
        Name=shop.name,
        Protocol="HTTP",
        Port=8080,
        VpcId=network.vpc,
        TargetType="ip",
        HealthCheckPath="/health",
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
