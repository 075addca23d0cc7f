"""
The module `ecs_diag._native`.
"""

from _typeshed import SupportsGetItem
from os import PathLike
from typing import Final, final

__all__ = ["__version__", "Snapshot", "checks", "diagnose", "explain"]

__version__: Final[str]

@final
class Snapshot:
    """
    Saved answers of an account, read once: a folder or one file.

    Raises `SnapshotError` if it cannot be used.
    """
    def __new__(cls, /, path: str | PathLike[str]) -> Snapshot: ...
    def __repr__(self, /) -> str: ...
    @property
    def warnings(self, /) -> list[str]:
        """
        What was not used, and why.
        """

def checks() -> str:
    """
    What is known of the checks, as JSON.
    """

def diagnose(snapshot: Snapshot, cluster: str | None = None, task: str | None = None, service: str | None = None, only: SupportsGetItem[int, str] | None = None, skip: SupportsGetItem[int, str] | None = None) -> tuple[str, str, str]:
    """
    Diagnoses a target: the report as JSON, as text and as Markdown.
    """

def explain(text: str) -> str:
    """
    What a failure text says, as JSON.
    """
