"""What is kept, and what goes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lci_app.core.model import Build


def outputs_to_forget(retained: Sequence[Build], *, keep: int, in_use: Collection[int]) -> list[Build]:
    """Return the builds whose output goes: all but the newest `keep`, and never one that a slot runs from.

    `retained` is newest first; `in_use` holds the ids of the builds whose output is mounted somewhere.
    """
    return [build for build in retained[keep:] if build.id not in in_use]
