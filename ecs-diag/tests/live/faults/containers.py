"""Containers that start and end."""

from __future__ import annotations

from account import Json, Shop, Stop, moment
from planting import planted


@planted("ctr-oom")
def out_of_memory(shop: Shop) -> Stop:
    """The kernel killed the container at its limit."""
    return _exited(137, reason="OutOfMemoryError: Container killed due to memory usage")


@planted("ctr-essential")
def migration_essential(shop: Shop) -> Stop:
    """A container that is meant to end is essential, so that the task ends with it."""
    shop.definition["containerDefinitions"].insert(0, _migration(shop, essential=True))
    return _exited(0)


@planted("ctr-depends-timeout")
def migration_failed(shop: Shop) -> Stop:
    """The container waits for the success of another one, which fails."""
    shop.app["dependsOn"] = [{"containerName": "migrate", "condition": "SUCCESS"}]
    shop.definition["containerDefinitions"].insert(0, _migration(shop, essential=False))
    return Stop(
        "dependency graph: failed to resolve container ordering dependency [migrate] for target "
        "[app] as dependency did not exit successfully.",
        container={"exitCode": 1},
    )


@planted("ctr-health-check")
def health_check_failed(shop: Shop) -> Stop:
    """The container's own health check fails from the start."""
    shop.app["healthCheck"] = {
        "command": ["CMD-SHELL", "curl -f http://localhost:8080/health || exit 1"]
    }
    return Stop(
        "Task failed container health checks",
        "ServiceSchedulerInitiated",
        task=_started(120),
        container={"exitCode": 143, "healthStatus": "UNHEALTHY"},
    )


@planted("ctr-command")
def command_in_one_word(shop: Shop) -> Stop:
    """Program and argument are one word, which names no program."""
    shop.app["command"] = ["npm start"]
    return Stop(
        "Task failed to start",
        container={
            "reason": "CannotStartContainerError: Error response from daemon: failed to create "
            "shim task: OCI runtime create failed: runc create failed: unable to start container "
            'process: exec: "npm start": executable file not found in $PATH: unknown'
        },
    )


def _migration(shop: Shop, *, essential: bool) -> Json:
    return {"name": "migrate", "image": shop.image("v42"), "essential": essential, "memory": 128}


def _exited(code: int, **container: str) -> Stop:
    return Stop(
        "Essential container in task exited",
        "EssentialContainerExited",
        task=_started(60),
        container={"exitCode": code, **container},
    )


def _started(seconds: float) -> Json:
    """What a task has besides that ran so long."""
    ago = 240 + 22
    return {"createdAt": moment(ago + seconds + 60), "startedAt": moment(ago + seconds)}
