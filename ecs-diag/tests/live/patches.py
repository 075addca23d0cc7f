"""What moto 5.2.1 answers otherwise than AWS, put right where a diagnosis reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.ecr.models import Image
from moto.ecr.responses import ECRResponse
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.efs.models import FileSystem
from moto.ssm.responses import SimpleSystemManagerResponse
from moto.ssm.utils import parameter_arn

from wire import ACCOUNT, CALLER, REGION

# What moto does not serve at all: nothing, where the account is not given more.
ANSWERS: dict[str, dict[str, Any]] = {
    "cloudtrail:LookupEvents": {"Events": []},
    "ec2:DescribeNetworkInsightsAnalyses": {"NetworkInsightsAnalyses": []},
    "ec2:DescribeStaleSecurityGroups": {"StaleSecurityGroupSet": []},
    "ec2:DescribeVpcBlockPublicAccessExclusions": {"VpcBlockPublicAccessExclusions": []},
    "ec2:DescribeVpcBlockPublicAccessOptions": {
        "VpcBlockPublicAccessOptions": {
            "AwsAccountId": ACCOUNT,
            "AwsRegion": REGION,
            "State": "default-state",
            "InternetGatewayBlockMode": "off",
            "ManagedBy": "account",
            "ExclusionsAllowed": "allowed",
        }
    },
    "ecr:DescribePullThroughCacheRules": {"pullThroughCacheRules": []},
    "ecs:DescribeServiceDeployments": {"serviceDeployments": [], "failures": []},
    "ecs:ListServiceDeployments": {"serviceDeployments": []},
    "guardduty:GetCoverageStatistics": {"CoverageStatistics": {}},
    "guardduty:ListCoverage": {"Resources": []},
    "route53resolver:ListFirewallRuleGroupAssociations": {"FirewallRuleGroupAssociations": []},
    "service-quotas:ListServiceQuotas": {
        "Quotas": [
            {
                "ServiceCode": "fargate",
                "QuotaCode": "L-3032A538",
                "QuotaName": "Fargate On-Demand vCPU resource count",
                "Value": 6.0,
            }
        ]
    },
    "ssm:DescribeActivations": {"ActivationList": []},
    "ssm:DescribeInstanceInformation": {"InstanceInformationList": []},
}

# Service revisions by ARN, and activities of Auto Scaling groups by the group's name.
REVISIONS: dict[str, dict[str, Any]] = {}
ACTIVITIES: dict[str, list[dict[str, Any]]] = {}
# Account settings that nobody has changed.
SETTINGS = {"defaultLogDriverMode": "non-blocking", "fargateFIPSMode": "disabled"}


class StagedTask(dict[str, Any]):
    """A task as `DescribeTasks` tells of it, in moto's store of tasks.

    moto's own tasks lack most members and move on towards STOPPED whenever they are described.
    """

    @property
    def task_arn(self) -> str:
        """The task's ARN."""
        return self["taskArn"]


def stage(backend: EC2ContainerServiceBackend, task: StagedTask) -> None:
    """Puts a task into moto's store."""
    cluster = task["clusterArn"].rsplit("/", 1)[-1]
    backend.tasks.setdefault(cluster, {})[task.task_arn] = task


def _describe_tasks(response: EC2ContainerServiceResponse) -> ActionResult:
    cluster = response._get_param("cluster", "default")
    wanted = response._get_param("tasks", [])
    tags = "TAGS" in response._get_param("include", [])
    backend = response.ecs_backend
    cluster = backend._get_cluster(cluster).name
    if not wanted:
        raise InvalidParameterException("Tasks cannot be empty.")
    there = backend.tasks.get(cluster, {})
    tasks, failures = [], []
    for name in wanted:
        task_id = name.rsplit("/", 1)[-1]
        arn = f"arn:aws:ecs:{backend.region_name}:{backend.account_id}:task/{cluster}/{task_id}"
        if arn in there:
            members = there[arn].items()
            tasks.append({key: value for key, value in members if tags or key != "tags"})
        else:
            failures.append({"arn": arn, "reason": "MISSING"})
    return ActionResult({"tasks": tasks, "failures": failures})


def _list_tasks(response: EC2ContainerServiceResponse) -> ActionResult:
    backend = response.ecs_backend
    cluster = backend._get_cluster(response._get_param("cluster", "default")).name
    service = response._get_param("serviceName")
    status = response._get_param("desiredStatus", "RUNNING")
    group = service and "service:" + service.rsplit("/", 1)[-1]
    arns = [
        arn
        for arn, task in backend.tasks.get(cluster, {}).items()
        if task["desiredStatus"] == status and group in (None, task["group"])
    ]
    return ActionResult({"taskArns": arns})


_describe_parameters = SimpleSystemManagerResponse.describe_parameters


def _describe_parameters_with_arns(response: SimpleSystemManagerResponse) -> ActionResult:
    answer = _describe_parameters(response)
    backend = response.ssm_backend
    for parameter in answer.result["Parameters"]:
        name = parameter["Name"]
        parameter.pop("Value")
        parameter["ARN"] = parameter_arn(backend.account_id, backend.region_name, name)
    return answer


def _describe_capacity_providers(response: EC2ContainerServiceResponse) -> ActionResult:
    backend = response.ecs_backend
    # Without names, all of them.
    names = response._get_param("capacityProviders") or list(backend.capacity_providers)
    providers, failures = backend.describe_capacity_providers(names)
    return ActionResult({"capacityProviders": providers, "failures": failures})


def _describe_service_revisions(response: EC2ContainerServiceResponse) -> ActionResult:
    wanted = response._get_param("serviceRevisionArns", [])
    revisions = [REVISIONS[arn] for arn in wanted if arn in REVISIONS]
    failures = [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in REVISIONS]
    return ActionResult({"serviceRevisions": revisions, "failures": failures})


def _list_account_settings(response: EC2ContainerServiceResponse) -> ActionResult:
    # moto knows only few settings, and no effective ones.
    name = response._get_param("name")
    principal = f"arn:aws:iam::{ACCOUNT}:root"
    settings = [
        {"name": setting, "value": value, "principalArn": principal, "type": "user"}
        for setting, value in SETTINGS.items()
        if name in (None, setting)
    ]
    return ActionResult({"settings": settings})


def _describe_scaling_activities(response: AutoScalingResponse) -> ActionResult:
    name = response._get_param("AutoScalingGroupName")
    return ActionResult({"Activities": ACTIVITIES.get(name, [])})


def _of_own_registry(operation: str) -> Callable[[ECRResponse], Any]:
    answer = getattr(ECRResponse, operation)

    def answered(response: ECRResponse) -> Any:
        # moto looks for another account's repositories among the caller's.
        if response._get_param("registryId") in (None, ACCOUNT):
            return answer(response)
        raise JsonRESTError(
            "AccessDeniedException",
            f"User: {CALLER} is not authorized to perform this operation because no "
            "resource-based policy allows it",
        )

    return answered


_image_size = Image.get_image_size_in_bytes


def _image_size_of_any(image: Image) -> int:
    # moto does not tell that of an index; AWS tells that of its largest image.
    return _image_size(image) or 50 * 1024 * 1024


_size_in_bytes = FileSystem.size_in_bytes.fget


def _size_as_measured_once(system: FileSystem) -> dict[str, Any]:
    # moto has always measured it just now.
    return {**_size_in_bytes(system), "Timestamp": system.creation_time}


def apply() -> None:
    """Puts moto right; once a process."""
    AutoScalingResponse.describe_scaling_activities = _describe_scaling_activities
    Image.get_image_size_in_bytes = _image_size_of_any
    FileSystem.size_in_bytes = property(_size_as_measured_once)
    EC2ContainerServiceResponse.describe_capacity_providers = _describe_capacity_providers
    EC2ContainerServiceResponse.describe_service_revisions = _describe_service_revisions
    EC2ContainerServiceResponse.describe_tasks = _describe_tasks
    EC2ContainerServiceResponse.list_account_settings = _list_account_settings
    EC2ContainerServiceResponse.list_tasks = _list_tasks
    for operation in (
        "batch_get_image",
        "describe_images",
        "describe_repositories",
        "get_repository_policy",
    ):
        setattr(ECRResponse, operation, _of_own_registry(operation))
    SimpleSystemManagerResponse.describe_parameters = _describe_parameters_with_arns
