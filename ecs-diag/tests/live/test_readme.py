"""The README's commands for live accounts do what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from conftest import CRATE, Command
from scenarios import Scenario

README = CRATE.parent / "README.md"
TASK = "4f1d2a8c0b7e4d5f9a6c3e2b1d0f8a7c"


def test_the_commands_for_live_accounts(
    ecs_diag: Command, account: dict[str, Scenario], tmp_path: Path
) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    live = [
        line for line in lines if re.match(r"ecs-diag (diagnose|capture) .*(shop|\.jsonl)", line)
    ]
    assert [line.split()[1] for line in live] == ["diagnose", "diagnose", "capture", "diagnose"]

    # The README's names stand for those of an account in which something is wrong.
    scenario = account["image-tag-missing"]
    assert scenario.task
    names = {"shop": scenario.cluster, TASK: scenario.task.rsplit("/", 1)[-1]}
    endpoint = {"AWS_ENDPOINT_URL": ecs_diag.server.url}
    outputs = []
    for line in live:
        words = shlex.split(line, comments=True)[1:]
        words = [names.get(word, word) for word in words]
        words = [str(tmp_path / word) if word.endswith(".jsonl") else word for word in words]
        result = ecs_diag(*words, environment=endpoint)
        assert (result.status, result.stderr) == (0 if words[0] == "capture" else 1, ""), result
        outputs.append(result.stdout)
    by_service, by_task, captured, replayed = outputs
    assert captured == ""
    assert scenario.cluster in by_task
    assert by_service == replayed
