"""Secrets come from files, a terminal that does not show them, or standard input: no process list shows them there."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from lci_app.cli.exits import UsageError


def text_of(path: str) -> str:
    """Return what a file says; `-` is standard input. Raises UsageError."""
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', 'it is not UTF-8 text')}") from None


def secret_of(path: str | None, what: str) -> str:
    """Return one secret, without its last line's end: of a file, else typed unseen, else standard input.

    `what` it is, for whoever types it. Raises UsageError.
    """
    if path is None and sys.stdin.isatty():
        return getpass.getpass(f"{what} (not shown): ")
    return text_of("-" if path is None else path).removesuffix("\n").removesuffix("\r")
