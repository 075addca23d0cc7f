"""What the package promises beside its reports."""

from __future__ import annotations

import copy
import dataclasses
import importlib.metadata
import inspect
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import ecs_diag
import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECKOUT = ROOT / "examples/snapshots/checkout"
HOSTILE = [
    "",
    "\0",
    "a\0b",
    "'; rm -rf / #",
    "\x1b[2J",
    "../../etc/passwd",
    "\u202e",
    "x" * 100_000,
]


def test_version() -> None:
    found = re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    assert found
    assert ecs_diag.__version__ == found[1] == importlib.metadata.version("ecs-diag")


def test_everything_public_is_documented_and_there() -> None:
    for name in ecs_diag.__all__:
        thing = getattr(ecs_diag, name)
        if inspect.isclass(thing) or inspect.isroutine(thing):
            assert thing.__doc__, name


def test_a_snapshot_is_read_once_and_used_often() -> None:
    snapshot = ecs_diag.Snapshot(CHECKOUT)
    assert snapshot.warnings == []
    assert repr(snapshot) == f'Snapshot("{CHECKOUT}")'
    assert ecs_diag.diagnose(snapshot=snapshot) == ecs_diag.diagnose(snapshot=str(CHECKOUT))


def test_reports_are_values() -> None:
    report = ecs_diag.diagnose(snapshot=CHECKOUT)
    assert pickle.loads(pickle.dumps(report)) == report
    assert copy.deepcopy(report).to_json() == report.to_json()
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.verdict = "healthy"  # type: ignore[misc]


def test_checks_are_chosen_by_id_and_domain() -> None:
    everything = ecs_diag.diagnose(snapshot=CHECKOUT)
    image = ecs_diag.diagnose(snapshot=CHECKOUT, only=["image"])
    rest = ecs_diag.diagnose(snapshot=CHECKOUT, skip=iter(["image"]))
    ids = {check.id for check in ecs_diag.checks() if check.domain == "image"}
    assert {check.check for check in image.checks} == ids
    assert len(image.checks) + len(rest.checks) == len(everything.checks)


def test_checks_are_described() -> None:
    described = ecs_diag.checks()
    report = ecs_diag.diagnose(snapshot=CHECKOUT)
    assert [check.id for check in described] == [check.check for check in report.checks]
    assert all(check.title and check.docs.startswith(check.title) for check in described)


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(ecs_diag.SnapshotError, match="nowhere"):
        ecs_diag.Snapshot(tmp_path / "nowhere")
    broken = tmp_path / "broken.json"
    broken.write_text('{"tasks": [')
    with pytest.raises(ecs_diag.SnapshotError, match=r"broken\.json: line 1"):
        ecs_diag.diagnose(snapshot=broken)
    with pytest.raises(ecs_diag.NoSuchTargetError, match="`0123`"):
        ecs_diag.diagnose(snapshot=CHECKOUT, cluster="shop", task="0123")
    with pytest.raises(ecs_diag.NoSuchTargetError, match="`elsewhere`"):
        ecs_diag.diagnose(snapshot=CHECKOUT, cluster="elsewhere")
    with pytest.raises(ecs_diag.NoSuchCheckError, match="did you mean `image`"):
        ecs_diag.diagnose(snapshot=CHECKOUT, only=["imag"])
    for error in ("SnapshotError", "NoSuchTargetError", "NoSuchCheckError"):
        assert issubclass(getattr(ecs_diag, error), ecs_diag.EcsDiagError)


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match="not both"):
        ecs_diag.diagnose(snapshot=CHECKOUT, task="a", service="b")
    with pytest.raises(TypeError, match="`skip` is a list"):
        ecs_diag.diagnose(snapshot=CHECKOUT, skip="image")
    with pytest.raises(TypeError):
        ecs_diag.diagnose(snapshot=7)  # type: ignore[arg-type]


def test_what_is_not_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"what": "ever"}')
    (tmp_path / "tasks.json").write_text((CHECKOUT / "describe-tasks.json").read_text())
    assert ecs_diag.Snapshot(tmp_path).warnings
    with pytest.warns(ecs_diag.SnapshotWarning, match=r"other\.json") as told:
        ecs_diag.diagnose(snapshot=tmp_path)
    assert told[0].filename == __file__


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names(text: str) -> None:
    for name in ("cluster", "task", "service"):
        with pytest.raises(ecs_diag.NoSuchTargetError):
            ecs_diag.diagnose(snapshot=CHECKOUT, **{"cluster": "shop", "task": None, name: text})
    with pytest.raises(ecs_diag.NoSuchCheckError):
        ecs_diag.diagnose(snapshot=CHECKOUT, only=[text])
    with pytest.raises((ecs_diag.SnapshotError, ValueError)):
        ecs_diag.Snapshot(text)
    assert ecs_diag.explain(text).signature is None


EXPLAINED = (ROOT / "ecs-diag/tests/explained.jsonl").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("line", EXPLAINED)
def test_explain(line: str) -> None:
    case = json.loads(line)
    symptom = dataclasses.asdict(ecs_diag.explain(case["text"]))
    assert symptom.pop("text") == case["text"]
    assert symptom.pop("stop_code") is None
    assert json.loads(json.dumps(symptom)) == case["reading"]


def test_explain_takes_what_is_no_text() -> None:
    assert ecs_diag.explain("CannotPullContainerError: \udcff").phase == "pull"


def test_the_example_runs() -> None:
    example = [sys.executable, str(ROOT / "examples/offline.py"), str(CHECKOUT)]
    out = subprocess.run(example, check=True, capture_output=True, text=True).stdout
    assert out.startswith(ecs_diag.diagnose(snapshot=CHECKOUT).verdict + "\n")
