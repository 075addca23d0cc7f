"""Answers are, word for word, what the AWS CLI prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import samples
import wire
from conftest import ACTIONS, Command, Json
from server import Server

HERE = Path(__file__).parent
OPERATIONS = [tuple(operation.split(":")) for operation in ACTIONS]
PAGED = [names for names in OPERATIONS if samples.has_pages(*names)]

Names = tuple[str, str]
Ask = Callable[[list[Json], list[Json]], list[tuple[Json, Json]]]


def _rule(names: Names, **more: Any) -> Json:
    return {"match": ":".join(names), "fault": "output", **more}


def _queries(operations: list[Names]) -> list[Json]:
    """The least that can be asked of each."""
    return [
        {
            "service": service,
            "operation": operation,
            "input": samples.required(wire.model(service).operation_model(operation)),
        }
        for service, operation in operations
    ]


def _answers(
    program: Command, arguments: list[object], queries: list[Json], rules: list[Json]
) -> list[Json]:
    """What a program answers that reads a query a line."""
    lines = "".join(json.dumps(query) + "\n" for query in queries)
    options = ["--endpoint-url", program.server.url, "--region", wire.REGION]
    result = program(*arguments, *options, stdin=lines, rules=rules)
    assert result.status == 0, result
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(answers) == len(queries), result
    return answers


@pytest.fixture(scope="module")
def both(
    ask: Command,
    server: Server,
    pool: ThreadPoolExecutor,
    tmp_path_factory: pytest.TempPathFactory,
) -> Ask:
    """Asks ecs-diag and the AWS CLI the same: pairs of answers."""
    python = Command(Path(sys.executable), server, tmp_path_factory.mktemp("home"))

    def pairs(queries: list[Json], rules: list[Json]) -> list[tuple[Json, Json]]:
        ours = pool.submit(_answers, ask, [], queries, rules)
        theirs = pool.submit(_answers, python, [HERE / "aws_cli.py"], queries, rules)
        return list(zip(ours.result(), theirs.result(), strict=True))

    return pairs


def _differences(got: Any, expected: Any, at: str = "") -> list[str]:
    """Where two values differ: pytest's own words are lost among thousands of members."""
    if isinstance(got, dict) and isinstance(expected, dict):
        return [
            line
            for name in sorted(got.keys() | expected.keys())
            for line in _differences(got.get(name, "-"), expected.get(name, "-"), f"{at}/{name}")
        ]
    if isinstance(got, list) and isinstance(expected, list) and len(got) == len(expected):
        return [
            line
            for place, pair in enumerate(zip(got, expected, strict=True))
            for line in _differences(*pair, f"{at}/{place}")
        ]
    return [] if got == expected else [f"{at}: {got!r}, not {expected!r}"]


# Every member of every operation.


@pytest.fixture(scope="module")
def whole(both: Ask) -> dict[Names, tuple[Json, Json]]:
    rules = [_rule(names, output=samples.output(*names)) for names in OPERATIONS]
    return dict(zip(OPERATIONS, both(_queries(OPERATIONS), rules), strict=True))


@pytest.mark.parametrize("names", OPERATIONS, ids=":".join)
def test_every_member_is_told_as_the_cli_tells_it(
    names: Names, whole: dict[Names, tuple[Json, Json]]
) -> None:
    answer, expected = whole[names]
    assert "output" in expected, expected
    assert _differences(answer, expected) == []


@pytest.fixture(scope="module")
def paged(both: Ask) -> dict[Names, tuple[Json, Json]]:
    return dict(zip(PAGED, both(_queries(PAGED), _two_pages(PAGED)), strict=True))


def _two_pages(operations: list[Names]) -> list[Json]:
    first = [
        _rule(names, output=samples.output(*names, next_page=True), times=1) for names in operations
    ]
    return [*first, *(_rule(names, output=samples.output(*names)) for names in operations)]


@pytest.mark.parametrize("names", PAGED, ids=":".join)
def test_pages_are_put_together_as_the_cli_does(
    names: Names,
    paged: dict[Names, tuple[Json, Json]],
    whole: dict[Names, tuple[Json, Json]],
) -> None:
    answer, expected = paged[names]
    assert expected != whole[names][1], "there was no second page"
    assert _differences(answer, expected) == []


UNPAGED = [
    names
    for names in OPERATIONS
    if names not in PAGED
    and {"NextToken", "nextToken"} & samples.output(*names, next_page=True).keys()
]


def test_pages_that_the_cli_leaves_to_its_user_are_put_together_too(
    ask: Command, whole: dict[Names, tuple[Json, Json]]
) -> None:
    answers = _answers(ask, [], _queries(UNPAGED), _two_pages(UNPAGED))
    for names, answer in zip(UNPAGED, answers, strict=True):
        page = whole[names][1]["output"]
        expected = {
            name: member * 2 if isinstance(member, list) else member
            for name, member in page.items()
        }
        assert _differences(answer, {"output": expected}) == [], names


# What moto answers.

STANDARD = "standard"
SERVED: list[tuple[str, str, Json]] = [
    ("autoscaling", "DescribeAutoScalingGroups", {}),
    ("ec2", "DescribeDhcpOptions", {}),
    ("ec2", "DescribeInstances", {}),
    ("ec2", "DescribeInternetGateways", {}),
    ("ec2", "DescribeManagedPrefixLists", {}),
    ("ec2", "DescribeNatGateways", {}),
    ("ec2", "DescribeNetworkAcls", {}),
    ("ec2", "DescribeNetworkInterfaces", {}),
    ("ec2", "DescribePrefixLists", {}),
    ("ec2", "DescribeRouteTables", {}),
    ("ec2", "DescribeSecurityGroups", {}),
    ("ec2", "DescribeSubnets", {}),
    ("ec2", "DescribeVpcEndpoints", {}),
    ("ec2", "DescribeVpcs", {}),
    ("ecr", "DescribeImages", {"repositoryName": f"{STANDARD}/checkout"}),
    (
        "ecr",
        "BatchGetImage",
        {"repositoryName": f"{STANDARD}/checkout", "imageIds": [{"imageTag": "v42"}]},
    ),
    ("ecr", "DescribeRepositories", {}),
    ("ecs", "DescribeClusters", {"clusters": [STANDARD, "none"]}),
    ("ecs", "DescribeServices", {"cluster": STANDARD, "services": ["checkout", "none"]}),
    ("ecs", "DescribeTaskDefinition", {"taskDefinition": STANDARD}),
    ("ecs", "DescribeTasks", {"cluster": STANDARD, "tasks": ["0" * 32]}),
    ("ecs", "ListServices", {"cluster": STANDARD}),
    ("ecs", "ListTasks", {"cluster": STANDARD, "desiredStatus": "STOPPED"}),
    ("efs", "DescribeMountTargets", {"FileSystemId": "fs-0123456789abcdef0"}),
    ("elbv2", "DescribeLoadBalancers", {}),
    ("elbv2", "DescribeTargetGroups", {}),
    ("guardduty", "ListDetectors", {}),
    ("iam", "GetRole", {"RoleName": f"{STANDARD}-execution"}),
    ("iam", "ListRolePolicies", {"RoleName": f"{STANDARD}-execution"}),
    ("iam", "ListAttachedRolePolicies", {"RoleName": f"{STANDARD}-execution"}),
    ("iam", "GetRolePolicy", {"RoleName": f"{STANDARD}-execution", "PolicyName": "secrets"}),
    ("kms", "DescribeKey", {"KeyId": "alias/shop"}),
    ("kms", "ListAliases", {}),
    ("logs", "DescribeLogGroups", {"logGroupNamePrefix": f"/ecs/{STANDARD}"}),
    ("secretsmanager", "DescribeSecret", {"SecretId": f"{STANDARD}/db"}),
    ("secretsmanager", "ListSecrets", {}),
    ("ssm", "DescribeParameters", {}),
    ("sts", "GetCallerIdentity", {}),
    # There is no such thing.
    ("ec2", "DescribeSubnets", {"SubnetIds": ["subnet-0123456789abcdef0"]}),
    ("ecr", "DescribeRepositories", {"repositoryNames": ["none"]}),
    ("ecs", "ListTasks", {"cluster": "none"}),
    ("ecs", "DescribeTaskDefinition", {"taskDefinition": "none"}),
    ("iam", "GetRole", {"RoleName": "none"}),
    ("s3", "GetBucketPolicy", {"Bucket": "none"}),
    ("secretsmanager", "DescribeSecret", {"SecretId": "none"}),
]


@pytest.fixture(scope="module")
def served(both: Ask) -> list[tuple[Json, Json]]:
    members = ("service", "operation", "input")
    return both([dict(zip(members, query, strict=True)) for query in SERVED], [])


@pytest.mark.parametrize("place", range(len(SERVED)), ids=lambda place: ":".join(SERVED[place][:2]))
def test_what_moto_answers_is_told_as_the_cli_tells_it(
    place: int, served: list[tuple[Json, Json]]
) -> None:
    answer, expected = served[place]
    if "error" in expected:
        assert answer["error"]["code"] == expected["error"]["code"]
        assert answer["error"]["kind"] == "not-found"
    else:
        assert _differences(answer, expected) == []


# Errors, in the form of every protocol.

ONE_EACH = [
    ("ecs", "ListServices"),
    ("ssm", "DescribeParameters"),
    ("ec2", "DescribeVpcs"),
    ("iam", "GetRole"),
    ("elbv2", "DescribeRules"),
    ("efs", "DescribeFileSystems"),
    ("guardduty", "ListDetectors"),
    ("route53", "ListResourceRecordSets"),
    ("s3", "GetBucketPolicy"),
    ("s3", "HeadObject"),
    ("servicediscovery", "GetService"),
]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("denied", "access-denied"),
        ("throttled", "throttled"),
        ("expired", "no-credentials"),
        ("error", "other"),
        ("drop", "unreachable"),
    ],
)
def test_errors_have_the_kind_that_their_code_says(
    fault: str, kind: str, ask: Command, pool: ThreadPoolExecutor
) -> None:
    def answer(query: Json) -> Json:
        return _answers(ask, [], [query], [{"match": "*", "fault": fault}])[0]

    answers = pool.map(answer, _queries(ONE_EACH))
    for (service, operation), answer in zip(ONE_EACH, answers, strict=True):
        assert set(answer) == {"error"}, (service, operation, answer)
        error = answer["error"]
        # A HEAD has no body to say more in than its status, and S3 does not say why.
        if operation != "HeadObject" or fault in ("denied", "drop"):
            assert error["kind"] == kind, (service, operation, error)
        if fault == "denied" and operation != "HeadObject":
            assert wire.action(service, operation) in error["message"]
            assert wire.CALLER in error["message"]


def test_what_is_not_on_the_list_is_not_asked(ask: Command) -> None:
    query = {"service": "secretsmanager", "operation": "GetSecretValue", "input": {"SecretId": "x"}}
    [answer] = _answers(ask, [], [query], [])
    assert answer["error"]["kind"] == "not-allowed"
