"""Secrets come from files of their own, so that no process list shows them."""

from __future__ import annotations

from pathlib import Path

from lci_app.cli.exits import UsageError


def text_of(path: str) -> str:
    """Return what a file says. Raises UsageError."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', 'it is not UTF-8 text')}") from None
