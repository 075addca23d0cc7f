from __future__ import annotations

from pathlib import Path

import ecs_diag

ROOT = Path(__file__).resolve().parents[2]

# What is tested is what users install.
assert ROOT not in Path(ecs_diag.__file__).parents or "site-packages" in ecs_diag.__file__
