"""What the READMEs show does what they say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECKOUT = "examples/snapshots/checkout"


@pytest.mark.parametrize("readme", ["README.md", "ecs-diag-py/README.md"])
def test_readme(readme: str, tmp_path: Path) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S))
    # The folders that the READMEs speak of.
    for folder in (CHECKOUT, "answers"):
        shutil.copytree(ROOT / CHECKOUT, tmp_path / folder)
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "sec-asm-recreated-suffix" in run.stdout
