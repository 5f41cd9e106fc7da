"""Stored secrets: what they are called, where they lie, what is shown of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lci_app.core.model import Timestamp

MAX_VALUE: Final = 64 * 1024
MAX_NAME: Final = 128
# Everything in the environment of one container comes by one system call, which takes less than 2 MB of it.
MAX_SECRETS: Final = 200
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lies. One that is moved to another place cannot be opened there."""

    table: str
    row: str
    field: str

    def associated(self) -> bytes:
        """Return the place as bytes; each part with its length before it, so that no two places read alike."""
        parts = ("lci", self.table, self.row, self.field)
        return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)


@dataclass(frozen=True, slots=True)
class SecretFacts:
    """What is told of a stored secret. `project_id` None: it is there for every project.

    `fingerprint` is the same as long as value and key are, and tells nothing about either.
    """

    name: str
    project_id: int | None
    fingerprint: str
    set_at: Timestamp


def name_problem(name: str) -> str | None:
    """Return what a secret's name must be, where this is none."""
    if len(name) <= MAX_NAME and _NAME.fullmatch(name):
        return None
    return f"must be a name of an environment variable, of at most {MAX_NAME} characters"


def value_problem(value: str) -> str | None:
    """Return what a secret's value must be, where this is none."""
    if not value:
        return "must not be empty"
    if "\0" in value or len(value.encode(errors="surrogatepass")) > MAX_VALUE:
        return f"must be text of at most {MAX_VALUE // 1024} KiB without a NUL"
    return None


def chosen(names: Sequence[str], stored: Mapping[str, str]) -> dict[str, str] | str:
    """Return the values of the named secrets; the first name that is not stored, as text, where there is one."""
    missing = next((name for name in names if name not in stored), None)
    return missing if missing is not None else {name: stored[name] for name in names}
