"""Reports as data: the classes of the wire form ``ecs-diag/report/v1``."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Verdict: TypeAlias = Literal["explained", "suspected", "inconclusive", "not-explained", "healthy"]
"""The answer in a word."""

Severity: TypeAlias = Literal["blocker", "likely", "warning", "info"]
"""How much a finding explains."""

Status: TypeAlias = Literal["passed", "failed", "unknown", "not-applicable"]
"""How a check ended."""

Confidence: TypeAlias = Literal["certain", "likely", "possible"]
"""How sure a root cause is."""

Phase: TypeAlias = Literal[
    "place",
    "eni",
    "auth",
    "secrets",
    "env-file",
    "log-driver",
    "volume",
    "pull",
    "create",
    "start",
    "run",
    "health",
    "stop",
]
"""A step on a task's way from request to stop, in order."""

TargetKind: TypeAlias = Literal["task", "service", "event"]
"""What was diagnosed."""

NetworkSource: TypeAlias = Literal["deployment", "eni", "cloudtrail", "given", "none"]
"""Where the network configuration was found."""


@dataclass(frozen=True, slots=True)
class Target:
    """What was diagnosed."""

    kind: TargetKind
    """A task, a service or an event."""
    region: str | None
    """Region."""
    account: str | None
    """Account."""
    cluster: str | None
    """Name of the cluster."""
    task: str | None
    """ARN of the task; ``None`` for a service none of whose tasks failed."""
    service: str | None
    """Name of the service."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """What the target, or a text, says about a failure."""

    signature: str | None
    """Id of the signature; ``None`` where the text has no known one."""
    phase: Phase | None
    """Phase in which the task failed, where that can be told."""
    stop_code: str | None
    """The task's ``stopCode``; ``None`` for a text alone."""
    text: str
    """The text that was read."""
    causes: tuple[str, ...]
    """Classes of what can be wrong in the account, most likely first."""
    parameters: Mapping[str, str]
    """What the text names: ``host``, ``image``, ``action`` and so on."""
    benign: bool
    """Whether the text reports something expected rather than a failure."""


@dataclass(frozen=True, slots=True)
class Network:
    """The network configuration that the task was started with."""

    source: NetworkSource
    """Where it was found."""
    subnets: tuple[str, ...]
    """Ids of the subnets."""
    security_groups: tuple[str, ...]
    """Ids of the security groups."""
    assign_public_ip: bool | None
    """Whether the task gets a public address; ``None`` where that is not known."""


@dataclass(frozen=True, slots=True)
class RootCause:
    """A finding that explains the failure."""

    finding: int
    """Index into the report's findings."""
    check: str
    """Id of the check that found it."""
    confidence: Confidence
    """How sure it is."""
    because: str
    """Why it was chosen."""
    explains: tuple[int, ...]
    """Indices of the findings that it explains, itself among them."""


@dataclass(frozen=True, slots=True)
class Resource:
    """An object of the account."""

    type: str
    """CloudFormation's name of its type, for instance ``AWS::EC2::Subnet``."""
    id: str
    """Id or name."""
    arn: str | None
    """ARN, where it is known."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a finding can be seen: a value in an answer."""

    query: str
    """The call, for instance ``ec2:DescribeRouteTables``."""
    input: Mapping[str, Any]
    """The request, as the AWS CLI takes it."""
    object: str | None
    """The object in the answer."""
    pointer: str
    """JSON pointer to the value, in the answer or in the object."""
    value: Any
    """The value; ``None`` for a thing that is not there."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What makes a finding go away."""

    summary: str
    """In a sentence."""
    steps: tuple[str, ...]
    """Step by step."""
    commands: tuple[str, ...]
    """AWS CLI commands, ids filled in."""
    verified: bool
    """Whether the change was proved: applied to a copy of the facts, it removed the finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check found."""

    check: str
    """Id of the check."""
    severity: Severity
    """How much it explains."""
    phase: Phase | None
    """Phase that it stops."""
    summary: str
    """What is wrong with which object."""
    detail: str
    """Why that stops the task."""
    changed_after_failure: bool
    """Whether the object at fault was changed after the failure."""
    resources: tuple[Resource, ...]
    """Objects it is about, the one at fault first."""
    evidence: tuple[Evidence, ...]
    """Where it can be seen."""
    remedy: Remedy | None
    """What to do."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A call that would settle what is unknown."""

    query: str
    """The call, for instance ``kms:GetKeyPolicy``."""
    input: Mapping[str, Any]
    """The request, as the AWS CLI takes it."""
    error: str
    """Why there is no answer."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """How a check ended."""

    check: str
    """Id of the check."""
    status: Status
    """How it ended."""
    reason: str | None
    """Why it does not apply, or what went wrong."""
    unknown: tuple[Unknown, ...]
    """What could not be read."""


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to "why does this task not start?".

    ``str(report)`` is the report as text for people.
    """

    schema: str
    """Name and version of the wire form."""
    target: Target
    """What was diagnosed."""
    verdict: Verdict
    """The answer in a word."""
    symptom: Symptom | None
    """What the target says about its failure."""
    network: Network
    """The network configuration that the task was started with."""
    root_causes: tuple[RootCause, ...]
    """What explains the failure, best first."""
    findings: tuple[Finding, ...]
    """Everything found, worst first."""
    checks: tuple[CheckReport, ...]
    """How each check ended."""
    assumptions: tuple[str, ...]
    """What the answer rests on beside the facts."""
    _json: str = field(repr=False, compare=False)
    _text: str = field(repr=False, compare=False)
    _markdown: str = field(repr=False, compare=False)

    @property
    def cause(self) -> Finding | None:
        """The finding of the best root cause."""
        return self.findings[self.root_causes[0].finding] if self.root_causes else None

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data, in the wire form."""
        data: dict[str, Any] = json.loads(self._json)
        return data

    def to_json(self) -> str:
        """Return the report as JSON; every language gives the same bytes."""
        return self._json

    def to_markdown(self) -> str:
        """Return the report as Markdown."""
        return self._markdown

    def __str__(self) -> str:
        return self._text


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """What is known of a check without running it."""

    id: str
    """Id, as in reports."""
    domain: str
    """Domain, for instance ``image``."""
    phase: Phase
    """Phase of a task's start that a fault stops."""
    title: str
    """Title."""
    causes: tuple[str, ...]
    """Classes of cause that a fault is an instance of."""
    docs: str
    """The check's page, Markdown."""


def read_report(text: str, shown: str, markdown: str) -> Report:
    """Make a report of its wire form and its renderings."""
    data = json.loads(text)
    symptom = data["symptom"]
    return Report(
        schema=data["schema"],
        target=Target(**data["target"]),
        verdict=data["verdict"],
        symptom=symptom and read_symptom(symptom),
        network=Network(**_tuples(data["network"])),
        root_causes=tuple(RootCause(**_tuples(cause)) for cause in data["root_causes"]),
        findings=tuple(_finding(finding) for finding in data["findings"]),
        checks=tuple(
            CheckReport(**{**check, "unknown": tuple(Unknown(**it) for it in check["unknown"])})
            for check in data["checks"]
        ),
        assumptions=tuple(data["assumptions"]),
        _json=text,
        _text=shown,
        _markdown=markdown,
    )


def read_symptom(data: dict[str, Any]) -> Symptom:
    """Make a symptom of its wire form."""
    return Symptom(**_tuples(data))


def read_checks(text: str) -> list[CheckInfo]:
    """Make the list of checks of its JSON."""
    return [CheckInfo(**_tuples(check)) for check in json.loads(text)]


def _finding(data: dict[str, Any]) -> Finding:
    remedy = data["remedy"]
    members = {
        **data,
        "resources": tuple(Resource(**resource) for resource in data["resources"]),
        "evidence": tuple(Evidence(**evidence) for evidence in data["evidence"]),
        "remedy": remedy and Remedy(**_tuples(remedy)),
    }
    return Finding(**members)


def _tuples(data: dict[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
    }
