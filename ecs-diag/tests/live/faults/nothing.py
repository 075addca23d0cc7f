"""Accounts in which there is nothing to find."""

from __future__ import annotations

from account import REGION, Shop, Stop
from planting import planted

UNREACHABLE = (
    "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull "
    "registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. "
    "Check your task network configuration. RequestError: send request failed caused by: Post "
    f'"https://api.ecr.{REGION}.amazonaws.com/": dial tcp 52.94.5.10:443: i/o timeout'
)


@planted(None)
def standard(shop: Shop) -> Stop:
    """Everything is as it should be, and yet the registry did not answer."""
    return Stop(UNREACHABLE)


@planted(None, exit_status=0)
def scaled_in(shop: Shop) -> Stop:
    """The service wanted fewer tasks."""
    shop.failed_tasks = 0
    shop.events = ["(service checkout) has reached a steady state."]
    return Stop(
        f"Scaling activity initiated by (deployment {shop.deployment})",
        "ServiceSchedulerInitiated",
        container={"exitCode": 0},
    )
