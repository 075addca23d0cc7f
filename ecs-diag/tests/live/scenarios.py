"""The account with all planted faults, and what there is to diagnose in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import faults  # noqa: F401  (enters them into the list)
from account import Account, Shop
from planting import PLANTED


@dataclass(frozen=True)
class Scenario:
    """Something to diagnose."""

    name: str
    cluster: str
    # ARN of the task; none where the service is what is asked about.
    task: str | None
    service: str
    # The check that is the first root cause; none where there is no fault to find.
    root_cause: str | None
    # What `diagnose` ends with.
    exit_status: int

    @property
    def named(self) -> dict[str, str]:
        """The target, by the names of the arguments that every language has."""
        target = {"task": self.task} if self.task else {"service": self.service}
        return {"cluster": self.cluster, **target}

    @property
    def arguments(self) -> list[str]:
        """What `diagnose` and `capture` are called with."""
        return [word for name, value in self.named.items() for word in (f"--{name}", value)]

    def as_json(self) -> dict[str, object]:
        """The scenario, for programs."""
        return {**asdict(self), "arguments": self.arguments}


def build(url: str, names: Iterable[str] = ()) -> dict[str, Scenario]:
    """Builds the account behind `url` in this process, with these scenarios, else with all."""
    account = Account.create(url)
    scenarios = {}
    for name in names or PLANTED:
        item = PLANTED[name]
        shop = Shop(account, name)
        stop = item.plant(shop)
        shop.deploy()
        task = shop.stop(stop) if stop else None
        scenarios[name] = Scenario(
            name, shop.name, task, "checkout", item.root_cause, item.exit_status
        )
    return scenarios
