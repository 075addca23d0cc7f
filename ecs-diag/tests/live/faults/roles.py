"""Roles. ECS creates no task with a role that it cannot assume: only the service's events tell."""

from __future__ import annotations

import extras
from account import Shop, Stop, trust
from planting import planted


@planted("exr-exists")
def role_missing(shop: Shop) -> None:
    """The execution role was deleted."""
    shop.delete_role("execution")
    _not_assumable(shop)


@planted("exr-trust-principal")
def role_trusts_another_service(shop: Shop) -> None:
    """The execution role is for EC2 instances."""
    shop.set_trust("execution", trust(service="ec2.amazonaws.com"))
    _not_assumable(shop)


@planted("exr-trust-conditions")
def role_trusts_another_account(shop: Shop) -> None:
    """The execution role is for tasks of another account."""
    condition = {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    shop.set_trust("execution", trust(condition=condition))
    _not_assumable(shop)


@planted("exr-required")
def role_not_given(shop: Shop) -> Stop:
    """The task has secrets and no execution role; on EC2, where that can be registered."""
    extras.move_to_instances(shop)
    instance = extras.add_instance(shop)
    del shop.definition["executionRoleArn"]
    return Stop(
        "ASM secret resource: unable to find execution role credentials",
        task=extras.on_instance(instance),
    )


def _not_assumable(shop: Shop) -> None:
    event = (
        f"(service checkout) failed to launch a task with (error ECS was unable to assume the role "
        f"'{shop.role('execution')}' that was provided for this task. Please verify that the role "
        "being passed has the proper trust relationship and permissions and that your IAM user has "
        "permissions to pass this role.)."
    )
    shop.events = [event, event]
