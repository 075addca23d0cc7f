"""Finds out why an Amazon ECS task does not start, and proves the fix.

>>> import ecs_diag
>>> report = ecs_diag.diagnose(snapshot="saved-answers", cluster="shop")  # doctest: +SKIP
>>> print(report)  # doctest: +SKIP
"""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING

from ecs_diag import _native
from ecs_diag._errors import (
    EcsDiagError,
    NoSuchCheckError,
    NoSuchTargetError,
    SnapshotError,
    SnapshotWarning,
)
from ecs_diag._native import Snapshot, __version__
from ecs_diag._report import (
    CheckInfo,
    CheckReport,
    Confidence,
    Evidence,
    Finding,
    Network,
    NetworkSource,
    Phase,
    Remedy,
    Report,
    Resource,
    RootCause,
    Severity,
    Status,
    Symptom,
    Target,
    TargetKind,
    Unknown,
    Verdict,
    read_checks,
    read_report,
    read_symptom,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

__all__ = [
    "CheckInfo",
    "CheckReport",
    "Confidence",
    "EcsDiagError",
    "Evidence",
    "Finding",
    "Network",
    "NetworkSource",
    "NoSuchCheckError",
    "NoSuchTargetError",
    "Phase",
    "Remedy",
    "Report",
    "Resource",
    "RootCause",
    "Severity",
    "Snapshot",
    "SnapshotError",
    "SnapshotWarning",
    "Status",
    "Symptom",
    "Target",
    "TargetKind",
    "Unknown",
    "Verdict",
    "__version__",
    "checks",
    "diagnose",
    "explain",
]


def diagnose(
    *,
    snapshot: Snapshot | str | PathLike[str],
    cluster: str | None = None,
    task: str | None = None,
    service: str | None = None,
    only: Iterable[str] | None = None,
    skip: Iterable[str] | None = None,
) -> Report:
    """Find out why a task does not start.

    Args:
        snapshot: Saved answers: a folder, a file, or a :class:`Snapshot` read before. Of a path,
            what was not used is told as :class:`SnapshotWarning`.
        cluster: Name or ARN of the cluster; not needed where ``task`` or ``service`` is an ARN.
        task: Id or ARN of the task.
        service: Name or ARN of the service; its newest failed task is diagnosed. Without ``task``
            and ``service``, it is the only task of the snapshot that failed, or that is there.
        only: Ids of checks, or domains: no other checks run.
        skip: Ids of checks, or domains, that do not run.

    Raises:
        SnapshotError: The snapshot cannot be used.
        NoSuchTargetError: There is no such task or service, or it is not clear which is meant.
        NoSuchCheckError: ``only`` or ``skip`` has a name that no check and no domain has.

    """
    if task is not None and service is not None:
        message = "give `task` or `service`, not both"
        raise TypeError(message)
    if not isinstance(snapshot, Snapshot):
        snapshot = Snapshot(snapshot)
        for warning in snapshot.warnings:
            warnings.warn(warning, SnapshotWarning, stacklevel=2)
    text, shown, markdown = _native.diagnose(
        snapshot, cluster, task, service, _names("only", only), _names("skip", skip)
    )
    return read_report(text, shown, markdown)


def explain(text: str) -> Symptom:
    """Say what a failure text means: a ``stoppedReason``, a service event, a line of a log."""
    # A log decoded with "surrogateescape" may hold what is no text.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return read_symptom({**json.loads(_native.explain(text)), "stop_code": None, "text": text})


def checks() -> list[CheckInfo]:
    """List the checks, in the order of reports."""
    return read_checks(_native.checks())


def _names(argument: str, names: Iterable[str] | None) -> list[str] | None:
    # A string is an iterable of strings, and never meant as one here.
    if isinstance(names, str):
        message = f"`{argument}` is a list of names, not one string"
        raise TypeError(message)
    return None if names is None else list(names)
