"""The golden cases: every language gives the same bytes."""

from __future__ import annotations

import dataclasses
import json
import os
import typing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import ecs_diag
import pytest
from ecs_diag import _report

CASES = sorted((Path(__file__).resolve().parents[2] / "ecs-diag/tests/cases").iterdir())
# Captures of an account, where the tests of the live source have left them.
LIVE = sorted(Path(os.environ.get("ECS_DIAG_CASES", "/nonexistent")).glob("*"))


def diagnose(case: Path) -> ecs_diag.Report:
    args = case / "args.json"
    named = json.loads(args.read_text()) if args.exists() else {}
    return ecs_diag.diagnose(snapshot=case / "snapshot", **named)


def test_there_are_cases() -> None:
    assert len(CASES) >= 20


@pytest.mark.parametrize("case", CASES + LIVE, ids=lambda case: case.name)
def test_case(case: Path) -> None:
    report = diagnose(case)
    expected = (case / "report.json").read_text(encoding="utf-8")
    assert report.to_json() + "\n" == expected

    # The classes hold what the JSON holds, no more and no less.
    plain = dataclasses.asdict(report)
    for rendering in ("_json", "_text", "_markdown"):
        del plain[rendering]
    assert json.loads(json.dumps(plain)) == json.loads(expected) == report.to_dict()
    conforms(report, _report.Report)

    assert str(report)
    assert report.to_markdown()
    if report.cause:
        assert report.cause is report.findings[report.root_causes[0].finding]


def test_threads_do_not_disturb_each_other() -> None:
    start = Barrier(8)

    def work(number: int) -> list[str]:
        start.wait()
        order = CASES[number:] + CASES[:number]
        return [diagnose(case).to_json() for case in sorted(order)]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
    assert results[0] == [diagnose(case).to_json() for case in CASES]
    assert all(result == results[0] for result in results)


def conforms(value: Any, kind: Any) -> None:
    """Assert that a value is what its annotation says, literals included."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return
    if dataclasses.is_dataclass(kind):
        assert type(value) is kind
        hints = typing.get_type_hints(kind, vars(typing) | vars(_report) | {"Mapping": dict})
        for field in dataclasses.fields(kind):
            conforms(getattr(value, field.name), hints[field.name])
    elif origin is typing.Literal:
        assert value in arguments
    elif origin is tuple:
        assert isinstance(value, tuple)
        for item in value:
            conforms(item, arguments[0])
    elif origin is dict:
        assert isinstance(value, dict)
        for item in value.values():
            conforms(item, arguments[1])
    elif origin is not None:
        if value is not None:
            conforms(value, arguments[0])
    else:
        assert isinstance(value, kind)
