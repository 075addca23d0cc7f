"""What can go wrong before there is a report."""

from __future__ import annotations


class EcsDiagError(Exception):
    """There is no report, or no answer; the message says why."""


class SnapshotError(EcsDiagError):
    """The snapshot cannot be used; the message names the file, the line and the reason."""


class NoSuchTargetError(EcsDiagError):
    """There is no such task or service, or it is not clear which one is meant."""


class NoSuchCheckError(EcsDiagError):
    """No check and no domain has that name."""


class SnapshotWarning(UserWarning):
    """A file of the snapshot was not used, or not all of it."""
