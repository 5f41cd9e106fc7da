"""Exit statuses, and the errors that carry them up to `main`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_ALLOWED = 4
    CONFLICT = 5
    UNREACHABLE = 6
    TIMED_OUT = 7
    BUILD_FAILED = 8
    INTERRUPTED = 130
    PIPE_CLOSED = 141


class CommandError(Exception):
    """A command that cannot be done. `str(error)` is a sentence; `code` and `details` are for programs (`--json`)."""

    def __init__(
        self, exit_status: Exit, message: str, *, code: str = "", details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.exit_status = exit_status
        self.code = code or exit_status.name
        self.details = details or {}


class UsageError(CommandError):
    """The command line, or a file it names, is wrong."""

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(Exit.USAGE, message, details=details)
