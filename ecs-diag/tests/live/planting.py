"""The list of planted faults, each of which a function plants in a shop of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from account import Json, Shop, Stop

# What a task has not that never got a network interface.
EARLY: Json = {
    "attachments": [],
    "connectivity": None,
    "connectivityAt": None,
    "executionStoppedAt": None,
    "stoppingAt": None,
}


@dataclass(frozen=True)
class Planted:
    """How to plant a fault: a function that changes a shop and says how its task stopped.

    It gives none where no task was created; the service's events tell then.
    """

    root_cause: str | None
    plant: Callable[[Shop], Stop | None]
    exit_status: int


PLANTED: dict[str, Planted] = {}


def planted(
    root_cause: str | None, *, exit_status: int = 1
) -> Callable[[Callable[[Shop], Stop | None]], Callable[[Shop], Stop | None]]:
    """Enters a function into the list under its name."""

    def enter(plant: Callable[[Shop], Stop | None]) -> Callable[[Shop], Stop | None]:
        name = plant.__name__.replace("_", "-")
        assert name not in PLANTED, f"`{name}` is planted twice"
        PLANTED[name] = Planted(root_cause, plant, exit_status)
        return plant

    return enter
