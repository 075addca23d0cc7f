"""What the tests share: the server with its account, and the command that is tested against it."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import scenarios
import wire
from scenarios import Scenario
from server import Call, Server

# A guard against hanging for ever, not a measure.
GUARD = 120
# Commands under way at once.
AT_ONCE = 4

CRATE = Path(__file__).parents[2]
# The closed list: the IAM actions that each operation needs.
ACTIONS = {
    f"{service}:{operation}": re.findall(r'"([^"]+)"', actions)
    for service, operation, actions in re.findall(
        r'Operation::new\("([^"]+)", "([^"]+)", &\[([^\]]+)\]\)',
        (CRATE / "src/aws/operations.rs").read_text("utf-8"),
    )
}

# No two commands share an access key.
_KEYS = itertools.count()

Json = dict[str, Any]


def _program(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        pytest.exit(f"{variable} must name the program to test", returncode=2)
    program = Path(value).absolute()
    if not os.access(program, os.X_OK):
        pytest.exit(f"{variable} is `{program}`, which cannot be run", returncode=2)
    return program


@dataclass(frozen=True)
class Result:
    """What a command did."""

    status: int
    stdout: str
    stderr: str
    # Every call that it made.
    calls: list[Call]

    @property
    def report(self) -> Json:
        """What it printed, as JSON."""
        assert self.stdout, self
        return json.loads(self.stdout)

    @property
    def operations(self) -> list[str]:
        """The operations that it called, each once."""
        return sorted({f"{call.service}:{call.operation}" for call in self.calls})

    @property
    def statuses(self) -> dict[str, str]:
        """How each check ended."""
        return {check["check"]: check["status"] for check in self.report["checks"]}

    @property
    def reasons(self) -> dict[str, str]:
        """Why checks do not apply."""
        return {
            check["check"]: check["reason"]
            for check in self.report["checks"]
            if check["status"] == "not-applicable"
        }


class Command:
    """Runs a program in an environment in which there is nothing but what the test gives it."""

    def __init__(self, program: Path, server: Server, home: Path) -> None:
        self._program = program
        self.server = server
        self._home = home

    def __call__(
        self,
        *arguments: object,
        rules: list[Json] | None = None,
        stdin: str = "",
        environment: dict[str, str] | None = None,
    ) -> Result:
        """Runs it with an access key of its own, for which these faults apply."""
        key = f"AKIATEST{next(_KEYS):012}"
        self.server.ledger.put(key, rules or [])
        scrubbed = {
            "HOME": str(self._home),
            "PATH": os.defpath,
            "NO_COLOR": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": wire.REGION,
        }
        scrubbed = {
            name: value for name, value in (scrubbed | (environment or {})).items() if value
        }
        ended = subprocess.run(
            [self._program, *map(str, arguments)],
            input=stdin,
            env=scrubbed,
            capture_output=True,
            encoding="utf-8",
            timeout=GUARD,
            check=False,
        )
        calls = self.server.ledger.calls(key)
        return Result(ended.returncode, ended.stdout, ended.stderr, calls)

    def live(self, command: str, scenario: Scenario, *more: object, **how: Any) -> Result:
        """Runs `diagnose` or `capture` against the account."""
        endpoint = ["--endpoint-url", self.server.url]
        return self(command, *scenario.arguments, *endpoint, *more, **how)

    def diagnose(self, scenario: Scenario, *more: object, **how: Any) -> Result:
        """Diagnoses a scenario; the report is JSON."""
        return self.live("diagnose", scenario, "--format", "json", *more, **how)

    def replay(self, capture: Path, scenario: Scenario, *more: object) -> Result:
        """Diagnoses a scenario from a capture, without a way to any account."""
        nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_REGION": ""}
        arguments = ["diagnose", "--snapshot", capture, *scenario.arguments]
        return self(*arguments, "--format", "json", *more, environment=nobody)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def account(server: Server) -> dict[str, Scenario]:
    return scenarios.build(server.url)


@pytest.fixture(scope="session")
def standard(account: dict[str, Scenario]) -> Scenario:
    return account["standard"]


@pytest.fixture(scope="session")
def ecs_diag(
    server: Server, account: dict[str, Scenario], tmp_path_factory: pytest.TempPathFactory
) -> Command:
    return Command(_program("ECS_DIAG_BIN"), server, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def ask(
    server: Server, account: dict[str, Scenario], tmp_path_factory: pytest.TempPathFactory
) -> Command:
    """The program that asks single queries."""
    return Command(_program("ECS_DIAG_ASK"), server, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where captures and their reports are left for the tests of other languages."""
    kept = os.environ.get("ECS_DIAG_CASES")
    return Path(kept) if kept else tmp_path_factory.mktemp("cases")


@pytest.fixture(scope="session")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield pool


@pytest.fixture(scope="session")
def diagnosed(
    ecs_diag: Command, account: dict[str, Scenario], pool: ThreadPoolExecutor
) -> dict[str, Result]:
    """The diagnoses of all scenarios when all is answered."""
    return dict(zip(account, pool.map(ecs_diag.diagnose, account.values()), strict=True))


@pytest.fixture(scope="session")
def baseline(diagnosed: dict[str, Result], standard: Scenario) -> Result:
    """The diagnosis of the standard scenario when all is answered."""
    return diagnosed[standard.name]


@pytest.fixture(scope="session")
def refused(
    ecs_diag: Command, standard: Scenario, baseline: Result, pool: ThreadPoolExecutor
) -> dict[str, Result]:
    """The diagnoses of the standard scenario, each with another operation refused."""

    def diagnose(operation: str) -> Result:
        return ecs_diag.diagnose(standard, rules=[{"match": operation, "fault": "denied"}])

    asked = baseline.operations
    return dict(zip(asked, pool.map(diagnose, asked), strict=True))


@pytest.fixture(scope="session")
def documented() -> dict[str, set[str]]:
    """The checks that the documentation says can be unknown where an operation is refused."""
    page = (CRATE / "docs/operations.md").read_text("utf-8")
    rows = re.findall(r"^\| `([\w-]+:\w+)` \|[^|]*\|[^|]*\|([^|]*)\|$", page, re.MULTILINE)
    return {operation: set(re.findall(r"`([a-z0-9-]+)`", checks)) for operation, checks in rows}
