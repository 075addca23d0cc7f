"""Calls that are not answered, one operation after the other."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import Command, Json, Result
from scenarios import Scenario
from wire import CALLER, action

# The check that tells of refused calls fails for that very reason.
TELLS = "pre-caller-permissions"
# What every check rests on, so that little is left without it.
BASIS = ("ecs:DescribeTasks", "ecs:DescribeTaskDefinition")
# Checks that ask and pass all the same in the standard scenario: what the task, or the service,
# says of the failure is enough.
DO_WITHOUT = {
    "ecs:DescribeServices": {
        "cls-provisioning-error",
        "plc-fargate-capacity",
        "plc-fargate-quota",
        "plc-provisioning-cap",
    },
    "ecs:DescribeTaskDefinition": {
        "cls-exit-code",
        "ctr-essential",
        "ctr-name-port-conflict",
        "ctr-oom",
        "ctr-start-timeout",
        "log-message-trap",
        "svc-digest-resolution",
        "svc-rollback-evidence",
    },
}


def test_the_standard_diagnosis_is_answered(baseline: Result) -> None:
    assert baseline.status == 1, baseline
    assert {call.status for call in baseline.calls} == {200}
    assert set(baseline.statuses.values()) == {"passed", "not-applicable"}


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("denied", ["{action}", CALLER, "no identity-based policy allows"]),
        ("throttled", ["Throttl|RequestLimitExceeded"]),
        ("error", ["Internal"]),
        ("hang", ["timeout|timed out|no answer"]),
        ("html", [""]),
    ],
)
def test_what_is_not_answered_is_unknown_and_nothing_else_changes(
    fault: str,
    says: list[str],
    ecs_diag: Command,
    standard: Scenario,
    baseline: Result,
    documented: dict[str, set[str]],
    pool: ThreadPoolExecutor,
) -> None:
    more = ["--timeout", 3] if fault == "hang" else []

    def diagnose(operation: str) -> Result:
        rules = [{"match": operation, "fault": fault}]
        return ecs_diag.diagnose(standard, *more, rules=rules)

    asked = baseline.operations
    for operation, result in zip(asked, pool.map(diagnose, asked), strict=True):
        assert result.status == 1, (operation, result)
        unknown = {
            check["check"]: check
            for check in result.report["checks"]
            if check["status"] == "unknown"
        }
        changed = {
            check: status
            for check, status in result.statuses.items()
            if status != baseline.statuses[check] and check not in unknown
        }
        expected = {TELLS: "failed"} if fault == "denied" else {}
        assert changed == expected, operation
        if not documented[operation]:
            # It only adds to what others find.
            assert not unknown, operation
            continue
        assert unknown, operation
        if fault == "denied":
            assert unknown.keys() <= documented[operation], operation

        # Who reads the report can tell what was not answered, and why.
        told = [
            gap["error"]
            for check in unknown.values()
            for gap in check["unknown"]
            if gap["query"] == operation
        ]
        assert told, operation
        for text in told:
            for pattern in says:
                wanted = pattern.replace("{action}", action(*operation.split(":")))
                assert re.search(wanted, text), (operation, text)
        if operation not in BASIS:
            assert _rest(result, set(unknown)) == _rest(baseline, set(unknown)), operation


def _rest(result: Result, unknown: set[str]) -> Json:
    """The report without what may depend on unknown checks."""
    report = result.report
    return {
        "target": report["target"],
        "symptom": report["symptom"],
        "checks": [check for check in report["checks"] if check["check"] not in unknown | {TELLS}],
        "findings": [
            finding for finding in report["findings"] if finding["check"] not in unknown | {TELLS}
        ],
    }


def test_a_refusal_makes_exactly_the_documented_checks_unknown(
    ecs_diag: Command,
    standard: Scenario,
    baseline: Result,
    refused: dict[str, Result],
    documented: dict[str, set[str]],
    pool: ThreadPoolExecutor,
) -> None:
    # Checks that the page names and that pass or fail: they do not ask here, or do without.
    told: dict[str, set[str]] = {}
    for operation, result in refused.items():
        unknown = {check for check, status in result.statuses.items() if status == "unknown"}
        assert unknown <= documented[operation], operation
        # Questions that do not arise, whatever the answer would have been.
        settled = {check for check, _ in baseline.reasons.items() & result.reasons.items()}
        told[operation] = documented[operation] - unknown - settled

    checks = sorted(set().union(*told.values()))
    alone = pool.map(lambda check: ecs_diag.diagnose(standard, "--only", check), checks)
    asking = {check: set(result.operations) for check, result in zip(checks, alone, strict=True)}
    did_without = {
        operation: {check for check in checks if operation in asking[check]}
        for operation, checks in told.items()
    }
    assert {operation: checks for operation, checks in did_without.items() if checks} == DO_WITHOUT


def test_a_refusal_is_told_with_the_statement_that_would_allow_it(
    refused: dict[str, Result], documented: dict[str, set[str]]
) -> None:
    for operation in filter(documented.get, refused):
        result = refused[operation]
        [finding] = [found for found in result.report["findings"] if found["check"] == TELLS]
        assert operation in finding["summary"]
        assert CALLER in finding["summary"]
        [step] = finding["remedy"]["steps"]
        policy = json.loads(step[step.index("{") :])
        allowed = {name for statement in policy["Statement"] for name in statement["Action"]}
        assert allowed == {action(*operation.split(":"))}
        for statement in policy["Statement"]:
            assert statement["Effect"] == "Allow"
            # Some services name the object of a refusal otherwise than policies do.
            assert re.match(r"\*$|arn:aws:", statement["Resource"]), statement


def test_one_object_refused_does_not_hide_the_others(
    ecs_diag: Command, standard: Scenario, baseline: Result
) -> None:
    rule = {
        "match": "secretsmanager:DescribeSecret",
        "fault": "denied",
        "mentions": f"secret:{standard.cluster}/db",
    }
    result = ecs_diag.diagnose(standard, rules=[rule])
    asked = [call for call in result.calls if call.operation == "DescribeSecret"]
    assert {call.fault for call in asked} == {"denied", None}
    [check] = [check for check in result.report["checks"] if check["check"] == "sec-asm-exists"]
    assert check["status"] == "unknown"
    assert len(check["unknown"]) == 1
    assert len(asked) == sum(call.operation == "DescribeSecret" for call in baseline.calls)


def test_a_throttled_call_is_made_again(
    ecs_diag: Command, standard: Scenario, baseline: Result
) -> None:
    rules = [
        {"match": operation, "fault": "throttled", "times": 2}
        for operation in ("ecs:DescribeTasks", "ec2:DescribeSubnets", "iam:GetRole")
    ]
    result = ecs_diag.diagnose(standard, rules=rules)
    assert sum(call.fault == "throttled" for call in result.calls) == 6
    assert result.statuses == baseline.statuses


@pytest.mark.parametrize("fault", ["html", "stall", "drop"])
def test_an_account_that_cannot_be_reached_leaves_everything_unknown(
    fault: str, ecs_diag: Command, standard: Scenario
) -> None:
    rules = [{"match": "*", "fault": fault}]
    result = ecs_diag.diagnose(standard, "--timeout", 3, rules=rules)
    assert result.status == 1, result
    assert set(result.statuses.values()) <= {"unknown", "not-applicable"}


def test_expired_credentials_give_no_report(ecs_diag: Command, standard: Scenario) -> None:
    result = ecs_diag.diagnose(standard, rules=[{"match": "*", "fault": "expired"}])
    assert (result.status, result.stdout) == (2, "")
    assert "expired" in result.stderr
    # What to do.
    assert re.search(r"aws sso login|(log|sign) in again|renew", result.stderr), result.stderr


def test_no_credentials_give_no_report(ecs_diag: Command, standard: Scenario) -> None:
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    result = ecs_diag.diagnose(standard, environment=nobody)
    assert (result.status, result.stdout, result.calls) == (2, "", [])
    assert "credentials" in result.stderr
    assert re.search(r"aws sso login|aws configure|AWS_PROFILE|--profile", result.stderr)


def test_no_region_gives_no_report(ecs_diag: Command, standard: Scenario) -> None:
    arguments = ["diagnose", "--cluster", standard.cluster, "--service", standard.service]
    result = ecs_diag(
        *arguments, "--endpoint-url", ecs_diag.server.url, environment={"AWS_REGION": ""}
    )
    assert (result.status, result.stdout, result.calls) == (2, "", [])
    assert "--region" in result.stderr


def test_a_task_that_does_not_exist_gives_no_report(ecs_diag: Command, standard: Scenario) -> None:
    arguments = ["diagnose", "--cluster", standard.cluster, "--task", "0" * 32]
    result = ecs_diag(*arguments, "--endpoint-url", ecs_diag.server.url)
    assert (result.status, result.stdout) == (2, "")
    assert "there is no task" in result.stderr
