"""Which lci a data directory is: the id that all its containers bear, and the place where it is at home.

Who copies the directory copies the id. Two that have one would take each other's containers for their own, and remove
them: so a copy does not start while that which it was copied from is still there.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

from lci_app.interfaces import Store, Trouble

_INSTANCE: Final = "instance"
# The data directory that an lci with this id served from last.
_HOME: Final = "home"

# Tells whether at the first path lies an lci's data directory that is not the second.
IsAnother = Callable[[Path, Path], bool]


async def instance_of(store: Store) -> str:
    """Return the id; empty where no lci has served yet."""
    return await store.setting(_INSTANCE) or ""


async def settle(store: Store, here: Path, is_another: IsAnother) -> str:
    """Return the id, made where there is none, and note that it is at home here.

    Raises Trouble("DATA_DIRECTORY_COPIED") where it is at home at a place that is still there.
    """
    original = await original_of(store, here, is_another)
    if original is not None:
        raise Trouble(
            "DATA_DIRECTORY_COPIED",
            f"the data directory {here} is a copy of {original}, which is still there: both would take the same "
            f"containers for their own; to go on here, move {original} away, and to make this one an lci of its own, "
            f"run `lci new-instance --data-dir {here}`",
        )
    if await store.setting(_HOME) != str(here):
        await store.set_setting(_HOME, str(here))
    return await store.setting_or_create(_INSTANCE, uuid.uuid4().hex)


async def original_of(store: Store, here: Path, is_another: IsAnother) -> Path | None:
    """Return the data directory that this one is a copy of, where that is still there; else None."""
    home = await store.setting(_HOME)
    return Path(home) if home is not None and is_another(Path(home), here) else None


async def renew(store: Store, here: Path) -> str:
    """Make it another lci, at home here; returns its id. What bears the old id is not its own any more."""
    instance = uuid.uuid4().hex
    await store.set_settings({_INSTANCE: instance, _HOME: str(here)})
    return instance
