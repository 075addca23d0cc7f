"""Faults planted in the account, each in a shop of its own, with the check that must find it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

import extras
from account import ACCOUNT, REGION, Account, Shop, Stop, backend, trust

ELSEWHERE = "eu-central-1"

RETRIEVAL = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
    "retrieval failed: unable to retrieve secret"
)
ASM = f"{RETRIEVAL} from asm: service call has been retried 1 time(s): "
SSM = f"{RETRIEVAL}s from ssm: service call has been retried 1 time(s): invalid ssm parameters: "
NO_GROUP = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 "
    "times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log "
    "group does not exist. : exit status 1"
)
UNREACHABLE = (
    "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull "
    "registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. "
    "Check your task network configuration. RequestError: send request failed caused by: Post "
    f'"https://api.ecr.{REGION}.amazonaws.com/": dial tcp 52.94.5.10:443: i/o timeout'
)
# What a task has not that never got a network interface.
EARLY = {
    "attachments": [],
    "connectivity": None,
    "connectivityAt": None,
    "executionStoppedAt": None,
    "stoppingAt": None,
}


@dataclass(frozen=True)
class Scenario:
    """Something to diagnose."""

    name: str
    cluster: str
    # ARN of the task; none where the service is what is asked about.
    task: str | None
    service: str
    # The check that is the first root cause; none where there is no fault to find.
    root_cause: str | None
    # What `diagnose` ends with.
    exit_status: int

    @property
    def named(self) -> dict[str, str]:
        """The target, by the names of the arguments that every language has."""
        target = {"task": self.task} if self.task else {"service": self.service}
        return {"cluster": self.cluster, **target}

    @property
    def arguments(self) -> list[str]:
        """What `diagnose` and `capture` are called with."""
        return [word for name, value in self.named.items() for word in (f"--{name}", value)]

    def as_json(self) -> dict[str, object]:
        """The scenario, for programs."""
        return {**asdict(self), "arguments": self.arguments}


@dataclass(frozen=True)
class Planted:
    """How to plant a fault: a function that changes a shop and says how its task stopped.

    It gives none where no task was created; the service's events tell then.
    """

    root_cause: str | None
    plant: Callable[[Shop], Stop | None]
    exit_status: int


PLANTED: dict[str, Planted] = {}


def planted(
    root_cause: str | None, *, exit_status: int = 1
) -> Callable[[Callable[[Shop], Stop | None]], Callable[[Shop], Stop | None]]:
    """Enters a function into the list under its name."""

    def enter(plant: Callable[[Shop], Stop | None]) -> Callable[[Shop], Stop | None]:
        name = plant.__name__.replace("_", "-")
        PLANTED[name] = Planted(root_cause, plant, exit_status)
        return plant

    return enter


def build(url: str) -> dict[str, Scenario]:
    """Builds the account behind `url` in this process, with all scenarios."""
    account = Account.create(url)
    scenarios = {}
    for name, item in PLANTED.items():
        shop = Shop(account, name)
        stop = item.plant(shop)
        shop.deploy()
        task = shop.stop(stop) if stop else None
        scenarios[name] = Scenario(
            name, shop.name, task, "checkout", item.root_cause, item.exit_status
        )
    return scenarios


# Nothing to find.


@planted(None)
def standard(shop: Shop) -> Stop:
    """Everything is as it should be, and yet the registry did not answer."""
    return Stop(UNREACHABLE)


@planted(None, exit_status=0)
def scaled_in(shop: Shop) -> Stop:
    """The service wanted fewer tasks."""
    shop.failed_tasks = 0
    shop.events = ["(service checkout) has reached a steady state."]
    return Stop(
        f"Scaling activity initiated by (deployment {shop.deployment})",
        "ServiceSchedulerInitiated",
        container={"exitCode": 0},
    )


# What a task can have besides.


@planted("img-ecr-tag-exists")
def everything(shop: Shop) -> Stop:
    """A task with files, a file system, a load balancer and a name of its own, and no image."""
    extras.add_environment_file(shop)
    extras.add_file_system(shop)
    extras.add_load_balancer(shop)
    extras.add_registry(shop)
    return _image_not_found(shop, shop.image("v43"))


@planted("log-group-exists")
def run_by_hand(shop: Shop) -> Stop:
    """A task without a service; CloudTrail knows where it was to go."""
    shop.clients("logs").delete_log_group(logGroupName=shop.log_group)
    extras.note_run_task(shop, shop.task_arn())
    return Stop(NO_GROUP, task={"group": f"family:{shop.name}", "startedBy": "me"})


# Secrets and parameters.


@planted("sec-asm-exists")
def secret_missing(shop: Shop) -> Stop:
    """The secret was deleted for good."""
    shop.delete_secret("db")
    return Stop(_secret_not_found(shop.secrets["db"]))


@planted("sec-asm-recreated-suffix")
def secret_recreated(shop: Shop) -> Stop:
    """The secret was deleted and created again, so that its ARN has another suffix."""
    former = shop.secrets["db"]
    shop.delete_secret("db")
    shop.create_secret("db")
    return Stop(_secret_not_found(former))


@planted("sec-asm-scheduled-deletion")
def secret_marked_for_deletion(shop: Shop) -> Stop:
    """The secret is in its recovery window."""
    shop.delete_secret("db", days=7)
    return Stop(
        f"{ASM}failed to fetch secret {shop.secrets['db']} from secrets manager: "
        "InvalidRequestException: You can't perform this operation on the secret because it was "
        "marked for deletion."
    )


@planted("sec-asm-version-exists")
def secret_version_missing(shop: Shop) -> Stop:
    """The task wants a version that the secret, never rotated, does not have."""
    shop.app["secrets"][0]["valueFrom"] = f"{shop.secrets['db']}:password:AWSPREVIOUS:"
    return Stop(
        f"{ASM}failed to fetch secret {shop.secrets['db']} from secrets manager: "
        "ResourceNotFoundException: Secrets Manager can't find the specified secret value for "
        "staging label: AWSPREVIOUS"
    )


@planted("sec-asm-arn-shape")
def secret_colons_missing(shop: Shop) -> Stop:
    """The two colons behind the JSON key are missing."""
    text = f"{shop.secrets['db']}:password"
    shop.app["secrets"][0]["valueFrom"] = text
    return Stop(
        f"{ASM}trying to retrieve secret with value {text} resulted in error: an invalid ARN "
        "format for the AWS Secrets Manager secret was specified. Specify a valid ARN and try "
        "again."
    )


@planted("sec-ref-kind")
def secret_name_used_as_parameter(shop: Shop) -> Stop:
    """A secret is referred to by its name, which ECS takes for a parameter's."""
    name = f"{shop.name}/db"
    shop.app["secrets"][0]["valueFrom"] = name
    return Stop(SSM + name)


@planted("sec-ssm-exists")
def parameter_missing(shop: Shop) -> Stop:
    """A parameter was deleted."""
    shop.clients("ssm").delete_parameter(Name=shop.parameter("flags"))
    return Stop(SSM + shop.parameter("flags"))


def _secret_not_found(arn: str) -> str:
    return (
        f"ResourceNotFoundException: The task can’t retrieve the secret with ARN '{arn}' from AWS "  # noqa: RUF001
        "Secrets Manager. Check whether the secret exists in the specified Region. "
        f"{ASM}Fetching secret data from AWS Secrets Manager in region {REGION}: secret {arn}: "
        "ResourceNotFoundException: Secrets Manager can’t find the specified secret."  # noqa: RUF001
    )


# Images.


@planted("img-ecr-tag-exists")
def image_tag_missing(shop: Shop) -> Stop:
    """The tag was never pushed."""
    return _image_not_found(shop, shop.image("v43"))


@planted("img-ecr-tag-exists")
def image_digest_gone(shop: Shop) -> Stop:
    """The digest was deleted; the tag names another image now."""
    return _image_not_found(shop, f"{shop.image('v42')}@sha256:{'0f' * 32}")


@planted("img-ecr-repo-exists")
def repository_missing(shop: Shop) -> Stop:
    """The repository's name is misspelt."""
    return _image_not_found(shop, f"{shop.registry}/{shop.name}/chekout:v42")


@planted("img-host-misspelled")
def image_host_misspelt(shop: Shop) -> Stop:
    """The registry's host has a letter too many."""
    host = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonawss.com"
    image = f"{host}/{shop.repository}:v42"
    shop.app["image"] = image
    return Stop(
        "CannotPullContainerError: The task can’t pull the image. Check your network "  # noqa: RUF001
        f"configuration. Error response from daemon: Get https://{host}/v2/: net/http: request "
        "canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)"
    )


@planted("img-typo-dockerhub")
def image_host_forgotten(shop: Shop) -> Stop:
    """The image names no host, which means Docker Hub."""
    shop.app["image"] = f"{shop.repository}:v42"
    return Stop(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to "
        f"resolve ref docker.io/{shop.repository}:v42: pull access denied, repository does not "
        "exist or may require authorization: server message: insufficient_scope: authorization "
        "failed"
    )


def _image_not_found(shop: Shop, image: str) -> Stop:
    shop.app["image"] = image
    return Stop(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to "
        f"resolve ref {image}: {image}: not found"
    )


# Logs.


@planted("log-group-exists")
def log_group_missing(shop: Shop) -> Stop:
    """The log group was deleted."""
    shop.clients("logs").delete_log_group(logGroupName=shop.log_group)
    return Stop(NO_GROUP)


@planted("log-group-exists")
def log_group_in_another_region(shop: Shop) -> Stop:
    """The log group is in the task's region, but the driver is sent to another."""
    shop.log_options["awslogs-region"] = ELSEWHERE
    return Stop(NO_GROUP)


@planted("log-awslogs-options")
def log_region_misspelt(shop: Shop) -> Stop:
    """The log driver is sent to a region that does not exist."""
    shop.log_options["awslogs-region"] = "eu-wets-1"
    return Stop(
        "ResourceInitializationError: failed to validate logger args: create stream has been "
        "retried 1 times: failed to create Cloudwatch log stream: RequestError: send request "
        'failed caused by: Post "https://logs.eu-wets-1.amazonaws.com/": dial tcp: lookup '
        "logs.eu-wets-1.amazonaws.com: no such host : exit status 1"
    )


# Roles. ECS creates no task with a role that it cannot assume: only the service's events tell.


@planted("exr-exists")
def role_missing(shop: Shop) -> None:
    """The execution role was deleted."""
    shop.delete_role("execution")
    _not_assumable(shop)


@planted("exr-trust-principal")
def role_trusts_another_service(shop: Shop) -> None:
    """The execution role is for EC2 instances."""
    shop.set_trust("execution", trust(service="ec2.amazonaws.com"))
    _not_assumable(shop)


@planted("exr-trust-conditions")
def role_trusts_another_account(shop: Shop) -> None:
    """The execution role is for tasks of another account."""
    condition = {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    shop.set_trust("execution", trust(condition=condition))
    _not_assumable(shop)


@planted("exr-required")
def role_not_given(shop: Shop) -> Stop:
    """The task has secrets and no execution role; on EC2, where that can be registered."""
    shop.launch_type = "EC2"
    shop.definition["requiresCompatibilities"] = ["EC2"]
    del shop.definition["executionRoleArn"], shop.definition["runtimePlatform"]
    instance = extras.add_instance(shop)
    return Stop(
        "ASM secret resource: unable to find execution role credentials",
        task={
            "launchType": "EC2",
            "containerInstanceArn": instance,
            "platformFamily": None,
            "platformVersion": None,
            "ephemeralStorage": None,
        },
    )


def _not_assumable(shop: Shop) -> None:
    event = (
        f"(service checkout) failed to launch a task with (error ECS was unable to assume the role "
        f"'{shop.role('execution')}' that was provided for this task. Please verify that the role "
        "being passed has the proper trust relationship and permissions and that your IAM user has "
        "permissions to pass this role.)."
    )
    shop.events = [event, event]


# Network.


@planted("net-subnet-exists")
def subnet_deleted(shop: Shop) -> Stop:
    """One of the service's subnets was deleted."""
    subnet = shop.subnet("10.20.40.0/24")
    shop.clients("ec2").delete_subnet(SubnetId=subnet)
    shop.network["subnets"] = [subnet, *shop.network["subnets"][1:]]
    return Stop(_no_interface(subnet), task=EARLY)


@planted("net-subnet-exists")
def security_group_deleted(shop: Shop) -> Stop:
    """One of the service's security groups was deleted."""
    ec2 = shop.clients("ec2")
    group = ec2.create_security_group(
        VpcId=shop.account.network.vpc, GroupName=shop.name, Description="gone"
    )["GroupId"]
    ec2.delete_security_group(GroupId=group)
    shop.network["securityGroups"].append(group)
    return Stop(_no_interface(shop.network["subnets"][0]), task=EARLY)


@planted("net-subnet-free-ips")
def subnet_exhausted(shop: Shop) -> Stop:
    """A small subnet has no address left."""
    subnet = shop.subnet("10.20.41.0/28")
    backend("ec2").get_subnet(subnet)._available_ip_addresses = 0
    shop.network["subnets"] = [subnet, *shop.network["subnets"][1:]]
    return Stop(_no_interface(subnet) + ": InsufficientFreeAddressesInSubnet", task=EARLY)


def _no_interface(subnet: str) -> str:
    return (
        "Unexpected EC2 error while attempting to Create Network Interface with public IP "
        f"assignment disabled in subnet '{subnet}'"
    )


# Fargate.


@planted("fg-size")
def size_not_offered(shop: Shop) -> Stop:
    """Fargate has no such pair of processor and memory."""
    shop.definition["memory"] = "4096"
    return Stop("ClientException: No Fargate configuration exists for given values.", task=EARLY)


@planted("fg-runtime-platform")
def platform_not_offered(shop: Shop) -> Stop:
    """Fargate has no Windows on ARM."""
    shop.definition.update(cpu="1024", memory="2048")
    shop.definition["runtimePlatform"] = {
        "operatingSystemFamily": "WINDOWS_SERVER_2019_CORE",
        "cpuArchitecture": "ARM64",
    }
    return Stop(
        "PlatformTaskDefinitionIncompatibilityException: The specified platform does not satisfy "
        "the task definition's required capabilities.",
        task={
            **EARLY,
            "platformFamily": "Windows_Server_2019_Core",
            "platformVersion": "1.0.0",
        },
    )


# An account full of things that look like secrets.


def _letters(name: str, count: int) -> str:
    """Letters and digits that look random and are always the same."""
    text = ""
    while len(text) < count:
        digest = hashlib.sha512(f"{name}{len(text)}".encode()).digest()
        text += base64.b64encode(digest).decode().translate({43: None, 47: None, 61: None})
    return text[:count]


class Secrets:
    """The planted values by name, put together here so that none of them stands in a file."""

    def __init__(self) -> None:
        self.all: dict[str, str] = {}

    def __call__(self, name: str, prefix: str = "", count: int = 24) -> str:
        """A value that appears nowhere else."""
        return self._keep(name, prefix + _letters(name, count))

    def _keep(self, name: str, value: str) -> str:
        assert name not in self.all, f"`{name}` is planted twice"
        self.all[name] = value
        return value

    def access_key(self, name: str) -> str:
        """An access key id of AWS."""
        return self._keep(name, "AK" + "IA" + _letters(name, 40).upper()[:16])

    def signature(self, name: str) -> str:
        """What makes a presigned URL valid."""
        return self._keep(name, hashlib.sha256(name.encode()).hexdigest())

    def jwt(self, name: str) -> str:
        """A JSON Web Token."""

        def part(value: object) -> str:
            return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

        head, body = part({"alg": "HS256", "typ": "JWT"}), part({"sub": _letters(name, 12)})
        # What makes it a secret is the signature.
        return f"{head}.{body}.{self(name, count=43)}"

    def private_key(self, name: str) -> str:
        """A private key in PEM."""
        dashes = "-" * 5
        lines = [self(f"{name} {line}", count=64) for line in range(3)]
        kind = "RSA PRIVATE" + " KEY"
        return "\n".join([f"{dashes}BEGIN {kind}{dashes}", *lines, f"{dashes}END {kind}{dashes}"])


def planted_secrets() -> dict[str, str]:
    """Everything that the scenario `secrets` plants and nobody may ever see."""
    return dict(_SECRETS.all)


_SECRETS = Secrets()


@planted("sec-asm-exists")
def secrets(shop: Shop) -> Stop:
    """A secret is missing, and every text of the account holds others."""
    secret = _SECRETS
    app = shop.app
    app["environment"] += [
        {"name": "DB_PASSWORD_FILE", "value": secret("environment")},
        {"name": "HTTP_PROXY", "value": f"http://me:{secret('proxy')}@proxy.example.com:3128"},
        {"name": "AWS_ACCESS_KEY_ID", "value": secret.access_key("access key id")},
        {"name": "AWS_SECRET_ACCESS_KEY", "value": secret("secret access key", count=40)},
        {"name": "TLS_KEY", "value": secret.private_key("private key in the environment")},
        {"name": "SESSION", "value": secret.jwt("jwt in the environment")},
    ]
    app["command"] = [
        "serve",
        f"--password={secret('argument')}",
        "--token",
        secret("argument behind a flag"),
        f"mysql://shop:{secret('database URL')}@db.example.com:3306/shop",
        f"PGPASSWORD={secret('variable in a command')} psql",
        f"Authorization: Bearer {secret.jwt('jwt in a command')}",
    ]
    app["entryPoint"] = ["/bin/sh", "-c", f'exec run --api-key {secret("entry point")} -- "$@"']
    app["healthCheck"] = {
        "command": [
            "CMD-SHELL",
            f"curl -u admin:{secret('health check')} http://localhost:8080/health || exit 1",
        ]
    }
    app["dockerLabels"] = {
        "com.example.api-key": secret("label with a telling name"),
        "com.example.note": f"use {secret('GitHub token', 'gh' + 'p_', 36)} to clone",
    }
    app["extraHosts"] = [{"hostname": "db", "ipAddress": "10.20.10.9"}]
    shop.definition["containerDefinitions"] += [
        {
            "name": "splunk",
            "image": app["image"],
            "essential": False,
            "memory": 128,
            "logConfiguration": {
                "logDriver": "splunk",
                "options": {
                    "splunk-url": f"https://me:{secret('log URL')}@splunk.example.com:8088",
                    "splunk-token": secret("splunk-token"),
                },
            },
        },
        {
            "name": "router",
            "image": app["image"],
            "essential": False,
            "memory": 128,
            "firelensConfiguration": {
                "type": "fluentbit",
                "options": {"enable-ecs-log-metadata": "true", "passwd": secret("FireLens")},
            },
        },
        {
            "name": "worker",
            "image": app["image"],
            "essential": False,
            "memory": 128,
            "logConfiguration": {
                "logDriver": "awsfirelens",
                "options": {
                    "Name": "http",
                    "HTTP_Passwd": secret("log password"),
                    "Header": f"X-Api-Key {secret('Stripe key', 'sk' + '_live_', 24)}",
                },
            },
        },
    ]
    shop.definition["volumes"] = [
        {
            "name": "share",
            "dockerVolumeConfiguration": {
                "driver": "local",
                "driverOpts": {"o": f"username=me,password={secret('volume option')}"},
            },
        }
    ]
    shop.definition["tags"] = [
        {"key": "deploy-token", "value": secret("tag of the task definition")}
    ]

    tokens = {
        "role": f"password: {secret('description of a role')}",
        "secret": f"was {secret('GitLab token', 'glp' + 'at-', 20)}",
        "parameter": f"see https://me:{secret('description of a parameter')}@wiki.example.com/",
        "group": f"token={secret('description of a group')}",
    }
    iam, ec2 = shop.clients("iam"), shop.clients("ec2")
    iam.update_role(RoleName=f"{shop.name}-execution", Description=tokens["role"])
    document = trust()
    document["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": secret("external id")}},
        }
    )
    shop.set_trust("execution", document)
    iam.tag_role(
        RoleName=f"{shop.name}-execution",
        Tags=[{"Key": "owner", "Value": f"me:{secret('Slack token', 'xo' + 'xb-', 40)}"}],
    )
    secretsmanager = shop.clients("secretsmanager")
    secretsmanager.update_secret(SecretId=shop.secrets["api-key"], Description=tokens["secret"])
    secretsmanager.tag_resource(
        SecretId=shop.secrets["api-key"],
        Tags=[{"Key": "password", "Value": secret("tag of a secret")}],
    )
    shop.clients("ssm").put_parameter(
        Name=shop.parameter("flags"),
        Value=secret("parameter value"),
        Type="String",
        Description=tokens["parameter"],
        Overwrite=True,
    )
    group = ec2.create_security_group(
        VpcId=shop.account.network.vpc, GroupName=shop.name, Description=tokens["group"]
    )["GroupId"]
    ec2.create_tags(
        Resources=[group], Tags=[{"Key": "api_token", "Value": secret("tag of a group")}]
    )
    shop.network["securityGroups"].append(group)

    shop.delete_secret("db")
    shop.events = [
        "(service checkout) was unable to reach "
        f"https://me:{secret('URL in an event')}@hooks.example.com/deploy.",
    ]
    reason = (
        f"{_secret_not_found(shop.secrets['db'])} "
        f"See https://admin:{secret('URL in the reason')}@support.example.com/case?"
        f"X-Amz-Signature={secret.signature('signature of a URL')}"
    )
    return Stop(
        reason,
        container={
            "reason": f"env AWS_SECRET_ACCESS_KEY={secret('reason of a container', count=40)}"
        },
        task={
            "tags": [
                {"key": "session-token", "value": secret("tag of the task")},
                {"key": "note", "value": f"key {secret.access_key('access key id in a tag')}"},
            ],
            "overrides": {
                "containerOverrides": [
                    {
                        "name": "app",
                        "command": ["serve", f"--secret={secret('overridden command')}"],
                        "environment": [
                            {"name": "ONCE", "value": secret("overridden environment")}
                        ],
                    }
                ]
            },
        },
    )
