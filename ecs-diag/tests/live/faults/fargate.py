"""Fargate."""

from __future__ import annotations

from account import Shop, Stop
from planting import EARLY, planted


@planted("fg-size")
def size_not_offered(shop: Shop) -> Stop:
    """Fargate has no such pair of processor and memory."""
    shop.definition["memory"] = "4096"
    return Stop("ClientException: No Fargate configuration exists for given values.", task=EARLY)


@planted("fg-runtime-platform")
def platform_not_offered(shop: Shop) -> Stop:
    """Fargate has no Windows on ARM."""
    shop.definition.update(cpu="1024", memory="2048")
    shop.definition["runtimePlatform"] = {
        "operatingSystemFamily": "WINDOWS_SERVER_2019_CORE",
        "cpuArchitecture": "ARM64",
    }
    return Stop(
        "PlatformTaskDefinitionIncompatibilityException: The specified platform does not satisfy "
        "the task definition's required capabilities.",
        task={
            **EARLY,
            "platformFamily": "Windows_Server_2019_Core",
            "platformVersion": "1.0.0",
        },
    )
