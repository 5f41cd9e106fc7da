"""Copies of a database as it was before its schema changed, so that the lci of before can have it back."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from lci_app.adapters.sqlite.errors import DatabaseRefused, primary_code
from lci_app.core.model import Timestamp

# So many of the newest copies are kept.
KEPT: Final = 3
# Beside the database: a copy holds all that it holds.
_DIRECTORY: Final = "copies"
_NAME: Final = re.compile(r".*\.schema-(?P<schema>\d+)\.db")
_BLOCK: Final = 1024 * 1024
_MIB: Final = 1024 * 1024

_log = logging.getLogger(__name__)


def copies_of(database: Path, *, up_to_schema: int | None = None) -> list[Path]:
    """Return the copies of a database that an lci which knows `up_to_schema` can read, newest first."""
    found = []
    for path in (database.parent / _DIRECTORY).glob(f"{database.stem}.*.db"):
        named = _NAME.fullmatch(path.name)
        if named is not None and (up_to_schema is None or int(named["schema"]) <= up_to_schema):
            found.append(path)
    return sorted(found, reverse=True)


def keep_copy(connection: sqlite3.Connection, database: Path, *, schema: int, at: Timestamp) -> Path:
    """Copy the database as it is, for its owner alone, and remove what is older than the newest `KEPT` copies.

    Returns the copy: the newest one where nothing has changed since. Raises DatabaseRefused("DATABASE_NOT_COPIED"),
    with nothing changed, where the disk has no room for it. Nobody else may open the database meanwhile.
    """
    directory = database.parent / _DIRECTORY
    copy = directory / f"{database.stem}.{at.replace(':', '-')}.schema-{schema}.db"
    partial = copy.with_suffix(".partial")
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        for torn in directory.glob("*.partial"):
            torn.unlink()
        _require_room(connection, directory)
        _write(connection, partial)
        newest = next(iter(copies_of(database)), None)
        if newest is not None and _are_same(newest, partial):
            partial.unlink()
            return newest
        partial.replace(copy)
        _sync(directory)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        full = isinstance(error, sqlite3.Error) and primary_code(error) == sqlite3.SQLITE_FULL
        raise _not_copied(directory, "the disk is full" if full else str(error)) from error
    for old in copies_of(database)[KEPT:]:
        with suppress(OSError):
            old.unlink()
    return copy


def forget_copies(database: Path) -> None:
    """Remove every copy. Raises OSError."""
    for copy in copies_of(database):
        copy.unlink()


def _require_room(connection: sqlite3.Connection, directory: Path) -> None:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    told = os.statvfs(directory)
    needed, free = pages * page_bytes, told.f_bavail * told.f_frsize
    if free < needed:
        raise _not_copied(directory, f"that takes {needed / _MIB:.1f} MiB, and {free / _MIB:.1f} MiB are free")


def _not_copied(directory: Path, why: str) -> DatabaseRefused:
    return DatabaseRefused(
        "DATABASE_NOT_COPIED",
        f"its schema must change, and it cannot be copied to {directory} before ({why}): make room, and start again",
    )


def _write(connection: sqlite3.Connection, path: Path) -> None:
    """Write a whole database into a new file that is the owner's alone, and onto the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        connection.execute("VACUUM INTO ?", (str(path),))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _are_same(one: Path, other: Path) -> bool:
    """Return whether two files hold the same: a schema that cannot be changed is tried at every start."""
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as left, other.open("rb") as right:
        while block := left.read(_BLOCK):
            if block != right.read(_BLOCK):
                return False
    return True


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
