"""An account full of things that look like secrets: nothing that is printed holds any of them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from conftest import Command
from faults.redaction import planted_secrets
from scenarios import Scenario


@pytest.fixture(scope="module")
def scenario(account: dict[str, Scenario]) -> Scenario:
    return account["secrets"]


def _assert_clean(text: str) -> None:
    found = [name for name, value in planted_secrets().items() if value in text]
    assert not found, f"in what was printed stands: {', '.join(found)}"


def test_the_account_answers_with_the_planted_values(ecs_diag: Command) -> None:
    # Else what follows would prove nothing.
    import boto3

    from wire import REGION

    def ask(service: str) -> object:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=ecs_diag.server.url,
            aws_access_key_id="AKIAPLANTED000000000",
            aws_secret_access_key="test",
        )

    task = ask("ecs").list_tasks(cluster="secrets", desiredStatus="STOPPED")["taskArns"]
    answers = [
        ask("ecs").describe_tasks(cluster="secrets", tasks=task, include=["TAGS"]),
        ask("ecs").describe_task_definition(taskDefinition="secrets:1", include=["TAGS"]),
        ask("ecs").describe_services(cluster="secrets", services=["checkout"]),
        ask("iam").get_role(RoleName="secrets-execution"),
        ask("secretsmanager").describe_secret(SecretId="secrets/api-key"),
        ask("ssm").describe_parameters(
            ParameterFilters=[{"Key": "Name", "Values": ["/secrets/flags"]}]
        ),
        ask("ec2").describe_security_groups(),
    ]
    text = repr(answers).replace("\\n", "\n")
    hidden = {name for name, value in planted_secrets().items() if value not in text}
    # Values of parameters are never told.
    assert hidden == {"parameter value"}


@pytest.mark.parametrize("name", ["capture.jsonl", "capture.jsonl.gz"])
def test_a_capture_holds_none(
    name: str, ecs_diag: Command, scenario: Scenario, tmp_path: Path
) -> None:
    capture = tmp_path / name
    result = ecs_diag.live("capture", scenario, "--output", capture)
    assert result.status == 0, result
    content = capture.read_bytes()
    text = (gzip.decompress(content) if name.endswith(".gz") else content).decode()
    assert "secrets/api-key" in text
    # JSON writes a line break as two characters.
    _assert_clean(text.replace("\\n", "\n") + result.stdout + result.stderr)


@pytest.mark.parametrize("output", ["json", "text", "markdown"])
@pytest.mark.parametrize("detail", ["-v", "-q"])
def test_a_report_holds_none(
    output: str, detail: str, ecs_diag: Command, scenario: Scenario
) -> None:
    result = ecs_diag.live("diagnose", scenario, "--format", output, detail)
    assert result.status == 1, result
    text = result.stdout + result.stderr
    # Long texts are wrapped.
    _assert_clean(text.replace("\\n", "\n") + "".join(text.split()))


@pytest.mark.parametrize("fault", ["denied", "throttled", "error"])
def test_nothing_that_goes_wrong_tells_any(
    fault: str, ecs_diag: Command, scenario: Scenario
) -> None:
    for operation in ("ecs:DescribeServices", "secretsmanager", "iam"):
        result = ecs_diag.live(
            "diagnose", scenario, "-v", rules=[{"match": operation, "fault": fault}]
        )
        text = result.stdout + result.stderr
        _assert_clean(text + "".join(text.split()))
