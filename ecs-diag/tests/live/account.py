"""An AWS account in moto: a network, and shops in which all is well until they are changed.

What AWS lets a caller create is created over HTTP; what only time creates (stopped tasks, events,
dates) is put into moto's memory, so that this must run in the server's process.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import boto3
from botocore.config import Config
from moto.backends import get_backend

import patches
from wire import ACCOUNT, REGION

Json = dict[str, Any]

BUILDER = "AKIAACCOUNTBUILDER00"
EXECUTION_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.oci.image.index.v1+json"
# What a shop is made of has been there for a month, its task definition for a day.
MONTH = 30 * 24 * 3600
DAY = 24 * 3600
DRIVER = "com.amazonaws.ecs.capability.logging-driver."
# What the task definition of every shop asks of a container instance besides log drivers.
REQUIRED = (
    "com.amazonaws.ecs.capability.docker-remote-api.1.19",
    "com.amazonaws.ecs.capability.ecr-auth",
    "com.amazonaws.ecs.capability.task-iam-role",
    "ecs.capability.execution-role-awslogs",
    "ecs.capability.execution-role-ecr-pull",
    "ecs.capability.secrets.asm.environment-variables",
    "ecs.capability.secrets.ssm.environment-variables",
)


class Clients:
    """Clients of the account's services, one each."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._known: dict[tuple[str, str], Any] = {}

    def __call__(self, service: str, region: str = REGION) -> Any:
        """A client of boto3."""
        key = (service, region)
        if key not in self._known:
            self._known[key] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self._url,
                aws_access_key_id=BUILDER,
                aws_secret_access_key="builder",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._known[key]


def backend(service: str, region: str = REGION) -> Any:
    """What moto remembers of a service."""
    return get_backend(service)[ACCOUNT][region]


def moment(ago: float) -> datetime:
    """The moment this many seconds ago, to the millisecond, as AWS keeps time."""
    return datetime.fromtimestamp(round(time.time() - ago, 3), timezone.utc)


def trust(*, service: str = "ecs-tasks.amazonaws.com", condition: Json | None = None) -> Json:
    """A trust policy for a service."""
    statement: Json = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if condition:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}


@dataclass
class Network:
    """A VPC over three availability zones."""

    vpc: str
    public: list[str]
    private: list[str]
    isolated: list[str]
    app_group: str
    client_group: str
    files_group: str

    @classmethod
    def create(cls, clients: Clients) -> Network:
        """Creates the VPC with its gateways, route tables, groups and endpoints."""
        ec2 = clients("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
        for switch in ("EnableDnsSupport", "EnableDnsHostnames"):
            ec2.modify_vpc_attribute(VpcId=vpc, **{switch: {"Value": True}})

        def subnets(kind: str, first: int) -> list[str]:
            return [
                _subnet(
                    ec2, vpc, f"10.20.{first + place}.0/24", f"{REGION}{zone}", f"{kind}-{zone}"
                )
                for place, zone in enumerate("abc")
            ]

        public, private = subnets("public", 0), subnets("private", 10)
        isolated = subnets("isolated", 20)

        internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = ec2.create_nat_gateway(
            SubnetId=public[0], AllocationId=address, ConnectivityType="public"
        )["NatGateway"]["NatGatewayId"]
        _route_table(ec2, vpc, public, GatewayId=internet)
        tables = [
            _route_table(ec2, vpc, private, NatGatewayId=nat),
            _route_table(ec2, vpc, isolated),
        ]

        app = _group(ec2, vpc, "app", "tasks of the shops")
        client = _group(ec2, vpc, "db-client", "whoever may ask the database")
        endpoints = _group(ec2, vpc, "endpoints", "endpoints of AWS services")
        files = _group(ec2, vpc, "files", "mount targets")
        for group, port in ((endpoints, 443), (files, 2049)):
            ec2.authorize_security_group_ingress(
                GroupId=group,
                IpPermissions=[
                    {
                        "IpProtocol": "tcp",
                        "FromPort": port,
                        "ToPort": port,
                        "UserIdGroupPairs": [{"GroupId": app}],
                    }
                ],
            )
        ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName=f"com.amazonaws.{REGION}.s3",
            VpcEndpointType="Gateway",
            RouteTableIds=tables,
        )
        for service in ("ecr.api", "ecr.dkr", "secretsmanager", "ssm", "logs"):
            ec2.create_vpc_endpoint(
                VpcId=vpc,
                ServiceName=f"com.amazonaws.{REGION}.{service}",
                VpcEndpointType="Interface",
                SubnetIds=isolated,
                SecurityGroupIds=[endpoints],
                PrivateDnsEnabled=True,
            )
        return cls(vpc, public, private, isolated, app, client, files)


def _subnet(ec2: Any, vpc: str, block: str, zone: str, name: str) -> str:
    return ec2.create_subnet(
        VpcId=vpc,
        CidrBlock=block,
        AvailabilityZone=zone,
        TagSpecifications=[{"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": name}]}],
    )["Subnet"]["SubnetId"]


def _route_table(ec2: Any, vpc: str, subnets: list[str], **default_route: str) -> str:
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    if default_route:
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **default_route)
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    return table


def _group(ec2: Any, vpc: str, name: str, description: str) -> str:
    return ec2.create_security_group(VpcId=vpc, GroupName=name, Description=description)["GroupId"]


@dataclass
class Account:
    """The account, with what its shops share."""

    clients: Clients
    network: Network
    key: str

    @classmethod
    def create(cls, url: str) -> Account:
        """Creates what the shops share."""
        clients = Clients(url)
        kms = clients("kms")
        key = kms.create_key(Description="secrets of the shops")["KeyMetadata"]["Arn"]
        kms.create_alias(AliasName="alias/shop", TargetKeyId=key)
        return cls(clients, Network.create(clients), key)


@dataclass
class Stop:
    """How a task stopped."""

    reason: str
    code: str = "TaskFailedToStart"
    # Members of the task that are otherwise than after a start that failed before the containers.
    task: Json = field(default_factory=dict)
    # Members of the container `app`.
    container: Json = field(default_factory=dict)


@dataclass
class Shop:
    """A cluster with one service and everything its task names, all of it as it should be.

    Change what is here before `deploy`; what is in the account already, with the methods or with
    `clients`.
    """

    account: Account
    name: str
    secrets: dict[str, str] = field(default_factory=dict)
    definition: Json = field(default_factory=dict)
    # More members of the service.
    service: Json = field(default_factory=dict)
    network: Json = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    failed_tasks: int = 3
    desired: int = 2
    launch_type: str = "FARGATE"
    # The digests that the service pins its images to: those that they had first.
    pinned: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.account.clients("ecs").create_cluster(clusterName=self.name)
        for purpose in ("db", "api-key"):
            self.create_secret(purpose)
        self.create_parameter("flags", "String")
        self.create_parameter("endpoint", "SecureString")
        self.create_repository(self.repository)
        self.push("v42")
        self.create_log_group(self.log_group)
        execution = self.create_role("execution")
        task = self.create_role("task")
        network = self.account.network
        self.network = {
            "subnets": list(network.private),
            "securityGroups": [network.app_group, network.client_group],
            "assignPublicIp": "DISABLED",
        }
        app: Json = {
            "name": "app",
            "image": self.image("v42"),
            "essential": True,
            "cpu": 256,
            "memory": 512,
            "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
            "environment": [{"name": "STAGE", "value": "prod"}],
            "secrets": [
                {"name": "DB_PASSWORD", "valueFrom": f"{self.secrets['db']}:password::"},
                {"name": "API_KEY", "valueFrom": self.secrets["api-key"]},
                {"name": "FLAGS", "valueFrom": self.parameter("flags")},
                {"name": "ENDPOINT", "valueFrom": self.parameter("endpoint")},
            ],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": self.log_group,
                    "awslogs-region": REGION,
                    "awslogs-stream-prefix": "app",
                },
            },
        }
        self.definition = {
            "family": self.name,
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"},
            "executionRoleArn": execution,
            "taskRoleArn": task,
            "containerDefinitions": [app],
        }

    # What the shop is made of.

    def clients(self, service: str, region: str = REGION) -> Any:
        """A client of boto3."""
        return self.account.clients(service, region)

    @property
    def app(self) -> Json:
        """The definition of the container."""
        return self.definition["containerDefinitions"][0]

    @property
    def log_options(self) -> Json:
        """The options of the container's log driver."""
        return self.app["logConfiguration"]["options"]

    @property
    def log_group(self) -> str:
        """The name of the log group."""
        return f"/ecs/{self.name}"

    @property
    def repository(self) -> str:
        """The name of the repository."""
        return f"{self.name}/checkout"

    @property
    def registry(self) -> str:
        """The host of the registry."""
        return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"

    def image(self, tag: str) -> str:
        """The reference of an image."""
        return f"{self.registry}/{self.repository}:{tag}"

    def parameter(self, purpose: str) -> str:
        """The name of a parameter."""
        return f"/{self.name}/{purpose}"

    def role(self, purpose: str) -> str:
        """The ARN of a role."""
        return f"arn:aws:iam::{ACCOUNT}:role/{self.name}-{purpose}"

    @property
    def deployment(self) -> str:
        """The id of the service's deployment."""
        return f"ecs-svc/{_number(self.name)}"

    def create_secret(self, purpose: str) -> str:
        """Creates a secret, or creates it again, and gives its ARN."""
        name = f"{self.name}/{purpose}"
        arn = self.clients("secretsmanager").create_secret(
            Name=name,
            Description=f"{purpose} of {self.name}",
            KmsKeyId=self.account.key,
            SecretString=json.dumps({"password": "not read by anybody"}),
        )["ARN"]
        secret = backend("secretsmanager").secrets[arn]
        secret.created_date = secret.last_changed_date = moment(MONTH).timestamp()
        self.secrets[purpose] = arn
        return arn

    def delete_secret(self, purpose: str, *, days: int | None = None) -> None:
        """Deletes a secret: at once, or after some days, as of a day ago."""
        client, arn = self.clients("secretsmanager"), self.secrets[purpose]
        if days is None:
            client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
            return
        client.delete_secret(SecretId=arn, RecoveryWindowInDays=days)
        secret = backend("secretsmanager").secrets[arn]
        secret.deleted_date -= DAY

    def create_parameter(self, purpose: str, kind: str) -> None:
        """Creates a parameter."""
        key = {"KeyId": "alias/shop"} if kind == "SecureString" else {}
        self.clients("ssm").put_parameter(
            Name=self.parameter(purpose), Value="on", Type=kind, Tier="Standard", **key
        )
        for parameter in backend("ssm")._parameters[self.parameter(purpose)]:
            parameter.last_modified_date = moment(MONTH)

    def create_repository(self, name: str) -> None:
        """Creates a repository."""
        self.clients("ecr").create_repository(repositoryName=name)
        backend("ecr").repositories[name].created_at = moment(MONTH)

    def push(self, tag: str, *, platforms: list[str] | None = None) -> None:
        """Pushes an image; an index with an image for each platform, where platforms are given."""
        digest = f"sha256:{_hash(f'{self.name}:{tag}')}"
        manifest = _index(digest, platforms) if platforms else _manifest(digest)
        text = json.dumps(manifest)
        digest = f"sha256:{_hash(text)}"
        self.clients("ecr").put_image(
            repositoryName=self.repository,
            imageManifest=text,
            imageManifestMediaType=manifest["mediaType"],
            imageTag=tag,
            imageDigest=digest,
        )
        for image in backend("ecr").repositories[self.repository].images:
            image.image_pushed_at = int(moment(MONTH).timestamp())
        self.pinned.setdefault(self.image(tag), digest)

    def create_log_group(self, name: str, region: str = REGION) -> None:
        """Creates a log group."""
        self.clients("logs", region).create_log_group(logGroupName=name)
        group = backend("logs", region).groups[name]
        group.creation_time = int(moment(MONTH).timestamp() * 1000)

    def create_role(self, purpose: str) -> str:
        """Creates a role that ECS tasks can assume, and gives its ARN."""
        iam, name = self.clients("iam"), f"{self.name}-{purpose}"
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(trust()),
            Description=f"{purpose} role of {self.name}",
        )
        if purpose == "execution":
            iam.attach_role_policy(RoleName=name, PolicyArn=EXECUTION_POLICY)
            statements = [
                {
                    "Effect": "Allow",
                    "Action": "secretsmanager:GetSecretValue",
                    "Resource": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{self.name}/*",
                },
                {
                    "Effect": "Allow",
                    "Action": "ssm:GetParameters",
                    "Resource": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{self.name}/*",
                },
                {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": self.account.key},
            ]
            iam.put_role_policy(
                RoleName=name,
                PolicyName="secrets",
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
            )
        role = get_backend("iam")[ACCOUNT]["aws"].get_role(name)
        role.create_date = moment(MONTH)
        return self.role(purpose)

    def delete_role(self, purpose: str) -> None:
        """Deletes a role with its policies."""
        iam, name = self.clients("iam"), f"{self.name}-{purpose}"
        iam.detach_role_policy(RoleName=name, PolicyArn=EXECUTION_POLICY)
        iam.delete_role_policy(RoleName=name, PolicyName="secrets")
        iam.delete_role(RoleName=name)

    def set_trust(self, purpose: str, document: Json) -> None:
        """Replaces a role's trust policy."""
        self.clients("iam").update_assume_role_policy(
            RoleName=f"{self.name}-{purpose}", PolicyDocument=json.dumps(document)
        )

    def subnet(self, block: str) -> str:
        """Creates a subnet of this shop's own."""
        return _subnet(
            self.clients("ec2"), self.account.network.vpc, block, f"{REGION}a", self.name
        )

    # What becomes of it.

    def deploy(self) -> None:
        """Registers the task definition and creates the service."""
        ecs = self.clients("ecs")
        arn = ecs.register_task_definition(**self.definition)["taskDefinition"]["taskDefinitionArn"]
        definition = backend("ecs").describe_task_definition(arn)
        definition.registered_at = moment(DAY)
        definition.registered_by = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/pipeline"
        # moto takes whatever is not for EC2 alone to be for Fargate.
        definition.network_mode = self.definition["networkMode"]
        definition.compatibilities = self.definition["requiresCompatibilities"]
        definition.requires_attributes = [{"name": name} for name in self.required_attributes()]
        network = self.account.network
        ecs.create_service(
            cluster=self.name,
            serviceName="checkout",
            taskDefinition=arn,
            desiredCount=self.desired,
            **self.service,
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": network.private,
                    "securityGroups": [network.app_group],
                }
            },
        )
        service = backend("ecs").services[f"{self.name}:checkout"]
        # What moto would refuse, or does not remember.
        own_interface = self.definition["networkMode"] == "awsvpc"
        configuration = {"awsvpcConfiguration": self.network} if own_interface else None
        strategy = self.service.get("capacityProviderStrategy")
        # Who names capacity providers names no launch type.
        launch_type = None if strategy else self.launch_type
        on_fargate = launch_type == "FARGATE"
        service.launch_type, service.capacity_provider_strategy = launch_type, strategy
        service.placement_constraints = self.service.get("placementConstraints")
        service.network_configuration = configuration
        service.created_at = moment(DAY)
        service.pending_count = 0
        if on_fargate:
            service.platform_version, service.platform_family = "LATEST", "Linux"
        service.role_arn = (
            f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
        )
        service.deployment_configuration = {
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "deploymentCircuitBreaker": {"enable": False, "rollback": False},
            **self.service.get("deploymentConfiguration", {}),
        }
        service.current_service_revisions = [{"arn": self._revise(service.arn, arn)}]
        service.deployments[0].update(
            id=self.deployment,
            createdAt=moment(DAY),
            updatedAt=moment(300),
            failedTasks=self.failed_tasks,
            pendingCount=0,
            launchType=launch_type,
            capacityProviderStrategy=strategy,
            volumeConfigurations=self.service.get("volumeConfigurations"),
            platformVersion="1.4.0" if on_fargate else None,
            platformFamily="Linux" if on_fargate else None,
            networkConfiguration=configuration,
            rolloutStateReason=f"ECS deployment {self.deployment} in progress.",
        )
        service.events = [
            {"id": str(uuid.uuid4()), "createdAt": moment(120 + 60 * place), "message": message}
            for place, message in enumerate(self.events)
        ]

    def required_attributes(self) -> list[str]:
        """The attributes that the task definition asks of a container instance, as ECS has it."""
        drivers = {
            container["logConfiguration"]["logDriver"]
            for container in self.definition["containerDefinitions"]
            if "logConfiguration" in container
        }
        names = [f"{DRIVER}{driver}" for driver in sorted(drivers)] + list(REQUIRED)
        if self.definition["networkMode"] == "awsvpc":
            names.append("ecs.capability.task-eni")
        return names

    def _revise(self, service: str, definition: str) -> str:
        """Notes the revision that the service is at, and gives its ARN."""
        arn = f"{service.replace(':service/', ':service-revision/')}/{_number(self.name)}"
        patches.REVISIONS[arn] = {
            "serviceRevisionArn": arn,
            "serviceArn": service,
            "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{self.name}",
            "taskDefinition": definition,
            "containerImages": [
                {
                    "containerName": container["name"],
                    "image": container["image"],
                    # None where there was nothing to pull.
                    "imageDigest": self.pinned.get(container["image"]),
                }
                for container in self.definition["containerDefinitions"]
            ],
            "createdAt": moment(DAY),
        }
        return arn

    def task_arn(self) -> str:
        """The ARN of the task that stops."""
        task = _hash(self.name)[:32]
        return f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{self.name}/{task}"

    def stop(self, stop: Stop, *, ago: float = 240) -> str:
        """Stages a task of the service that stopped, and gives its ARN."""
        at, arn = f"{REGION}:{ACCOUNT}", self.task_arn()
        seed = uuid.UUID(arn.rsplit("/", 1)[-1])
        attachment = str(uuid.uuid5(seed, "attachment"))
        interface = f"eni-0{seed.hex[:16]}"
        definition = self.definition

        def container(given: Json) -> Json:
            return {
                "containerArn": f"arn:aws:ecs:{at}:container/{self.name}/{seed.hex}/"
                + str(uuid.uuid5(seed, given["name"])),
                "taskArn": arn,
                "name": given["name"],
                "image": given["image"],
                "lastStatus": "STOPPED",
                "networkInterfaces": [
                    {"attachmentId": attachment, "privateIpv4Address": "10.20.10.25"}
                ],
                "healthStatus": "UNKNOWN",
                "cpu": str(given.get("cpu", 0)),
                "memory": str(given.get("memory", "")),
            }

        task: Json = {
            "attachments": [
                {
                    "id": attachment,
                    "type": "ElasticNetworkInterface",
                    "status": "DELETED",
                    "details": [
                        {"name": "subnetId", "value": self.network["subnets"][0]},
                        {"name": "networkInterfaceId", "value": interface},
                        {"name": "macAddress", "value": "06:12:9f:aa:bb:cc"},
                        {
                            "name": "privateDnsName",
                            "value": f"ip-10-20-10-25.{REGION}.compute.internal",
                        },
                        {"name": "privateIPv4Address", "value": "10.20.10.25"},
                    ],
                }
            ],
            "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
            "availabilityZone": f"{REGION}a",
            "clusterArn": f"arn:aws:ecs:{at}:cluster/{self.name}",
            "connectivity": "CONNECTED",
            "connectivityAt": moment(ago + 55),
            "containers": [container(given) for given in definition["containerDefinitions"]],
            "cpu": definition["cpu"],
            "createdAt": moment(ago + 60),
            "desiredStatus": "STOPPED",
            "enableExecuteCommand": False,
            "ephemeralStorage": {"sizeInGiB": 20},
            "executionStoppedAt": moment(ago + 12),
            "group": "service:checkout",
            "healthStatus": "UNKNOWN",
            "lastStatus": "STOPPED",
            "launchType": "FARGATE",
            "memory": definition["memory"],
            "overrides": {
                "containerOverrides": [{"name": "app"}],
                "inferenceAcceleratorOverrides": [],
            },
            "platformFamily": "Linux",
            "platformVersion": "1.4.0",
            "startedBy": self.deployment,
            "stopCode": stop.code,
            "stoppedAt": moment(ago),
            "stoppedReason": stop.reason,
            "stoppingAt": moment(ago + 22),
            "tags": [],
            "taskArn": arn,
            "taskDefinitionArn": f"arn:aws:ecs:{at}:task-definition/{self.name}:1",
            "version": 5,
        }
        task["containers"][0].update(stop.container)
        task.update(stop.task)
        patches.stage(
            backend("ecs"),
            patches.StagedTask({key: value for key, value in task.items() if value is not None}),
        )
        return arn


def _number(name: str) -> int:
    return 10**18 + int(_hash(name), 16) % (8 * 10**18)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _manifest(digest: str) -> Json:
    """The manifest of an image with one layer."""
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": 7023,
            "digest": digest,
        },
        "layers": [
            {
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "size": 32654,
                "digest": digest[:7] + digest[:6:-1],
            }
        ],
    }


def _index(digest: str, platforms: list[str]) -> Json:
    """An index with an image for each of these platforms."""
    manifests = []
    for platform in platforms:
        system, _, architecture = platform.partition("/")
        manifests.append(
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": f"sha256:{_hash(digest + platform)}",
                "size": 1024,
                "platform": {"os": system, "architecture": architecture},
            }
        )
    return {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
