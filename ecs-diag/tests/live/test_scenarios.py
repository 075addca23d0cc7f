"""Planted faults are found, and a capture of them replays to the same report."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import wire
from conftest import ACTIONS, Command, Result
from planting import PLANTED
from scenarios import Scenario


@pytest.mark.parametrize("name", PLANTED)
def test_the_planted_fault_is_found_and_its_capture_replays(
    name: str,
    ecs_diag: Command,
    account: dict[str, Scenario],
    diagnosed: dict[str, Result],
    cases: Path,
) -> None:
    scenario, result = account[name], diagnosed[name]
    assert result.status == scenario.exit_status, result
    causes = [cause["check"] for cause in result.report["root_causes"]]
    assert causes[:1] == ([scenario.root_cause] if scenario.root_cause else []), causes

    # A golden case of its own, for Python and Node.js too.
    case = cases / name
    capture = case / "snapshot" / "capture.jsonl"
    capture.parent.mkdir(parents=True)
    (case / "args.json").write_text(json.dumps(scenario.named), "utf-8")
    (case / "report.json").write_text(result.stdout, "utf-8")
    captured = ecs_diag.live("capture", scenario, "--output", capture)
    assert (captured.status, captured.stdout) == (0, ""), captured
    replayed = ecs_diag.replay(capture, scenario)
    assert replayed.calls == []
    assert replayed.status == result.status, replayed
    assert replayed.stdout == result.stdout

    # On standard output it is the same but for the clock.
    printed = ecs_diag.live("capture", scenario)
    assert printed.status == 0, printed
    assert _recordings(printed.stdout) == _recordings(capture.read_text("utf-8"))


def _recordings(capture: str) -> list[str]:
    lines = capture.splitlines()
    return [line for line in lines if "operation" in json.loads(line)]


@pytest.mark.parametrize("fault", ["denied", "throttled"])
def test_a_partial_capture_replays_to_the_same_report(
    fault: str,
    ecs_diag: Command,
    standard: Scenario,
    baseline: Result,
    pool: ThreadPoolExecutor,
    tmp_path: Path,
) -> None:
    def both(operation: str) -> tuple[Result, Result]:
        rules = [{"match": operation, "fault": fault}]
        result = ecs_diag.diagnose(standard, rules=rules)
        capture = tmp_path / f"{operation.replace(':', '-')}.jsonl"
        captured = ecs_diag.live("capture", standard, "--output", capture, rules=rules)
        assert captured.status == 0, captured
        assert operation in captured.stderr, captured
        return result, ecs_diag.replay(capture, standard)

    asked = baseline.operations
    for operation, (result, replayed) in zip(asked, pool.map(both, asked), strict=True):
        assert replayed.status == result.status == 1, operation
        assert replayed.stdout == result.stdout, operation


def test_the_policy_allows_what_is_asked_and_nothing_else(
    ecs_diag: Command, diagnosed: dict[str, Result]
) -> None:
    printed = ecs_diag("iam-policy")
    assert printed.status == 0, printed
    policy = json.loads(printed.stdout)
    allowed = {name for statement in policy["Statement"] for name in statement["Action"]}

    asked = {operation for result in diagnosed.values() for operation in result.operations}
    needed = {action for operation in asked for action in ACTIONS[operation]}
    assert allowed == needed


def test_actions_are_named_as_iam_names_them() -> None:
    # All but those of which an operation needs several are named after one operation.
    for operation, actions in ACTIONS.items():
        assert wire.action(*operation.split(":")) in actions, operation
