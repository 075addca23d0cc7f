"""How much is asked, and how much of it at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from conftest import GUARD, Command, Result
from scenarios import Scenario

# Calls under way at once.
CONCURRENCY = 8


def test_a_diagnosis_asks_in_few_rounds(ecs_diag: Command, standard: Scenario) -> None:
    # So slow that calls of one round cannot seem to come one after the other.
    result = ecs_diag.diagnose(standard, rules=[{"match": "*", "delay_ms": 400}])
    rounds = sum(call.under_way == 1 for call in result.calls)
    assert rounds <= 4, [(call.operation, call.under_way) for call in result.calls]
    assert 1 < max(call.under_way for call in result.calls) <= CONCURRENCY


def test_nothing_is_asked_twice(diagnosed: dict[str, Result]) -> None:
    for result in diagnosed.values():
        # A call that was not answered is made again.
        asked = [(call.operation, call.asked) for call in result.calls if call.status]
        assert len(asked) == len(set(asked)), sorted(asked)


def test_the_server_serves_programs_of_any_language_and_ends_with_them() -> None:
    command = [sys.executable, Path(__file__).with_name("server.py"), "standard"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        line = json.loads(process.stdout.readline())
        [standard] = line["scenarios"]

        def control(method: str, path: str, value: object = None) -> object:
            body = None if value is None else json.dumps(value).encode()
            request = Request(f"{line['endpoint']}/_harness/{path}", body, method=method)
            with urlopen(request, timeout=GUARD) as answer:
                return json.load(answer)

        control("PUT", "AKIAX/rules", [{"match": "ecs:DescribeTasks", "fault": "denied"}])
        import boto3

        def ecs(key: str) -> object:
            return boto3.client(
                "ecs",
                region_name=line["region"],
                endpoint_url=line["endpoint"],
                aws_access_key_id=key,
                aws_secret_access_key="test",
            )

        asked = {"cluster": standard["cluster"], "tasks": [standard["task"]]}
        with pytest.raises(Exception, match="not authorized to perform: ecs:DescribeTasks"):
            ecs("AKIAX").describe_tasks(**asked)
        # Another key has no faults.
        [task] = ecs("AKIAY").describe_tasks(**asked)["tasks"]
        assert task["lastStatus"] == "STOPPED"
        [call] = control("GET", "AKIAX/calls")
        assert (call["operation"], call["fault"], call["under_way"]) == (
            "DescribeTasks",
            "denied",
            1,
        )
        assert len({call["access_key"] for call in control("GET", "calls")}) == 3
        control("DELETE", "AKIAX")
        assert control("GET", "AKIAX/calls") == []

        process.stdin.close()
        assert process.wait(GUARD) == 0
