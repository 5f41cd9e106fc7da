"""What SQLite says, in the words of the interfaces."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final

from lci_app.core.codes import OutsideCode
from lci_app.interfaces import OutsideError, Trouble


class DatabaseRefused(OutsideError):
    """The file cannot be this program's database; `str(error)` is one sentence that says why and what to do.

    `code` is one of DATABASE_NEWER, DATABASE_EDITED, DATABASE_FOREIGN, DATABASE_DAMAGED, DATABASE_UNUSABLE,
    DATABASE_NOT_COPIED.
    """


_TROUBLES: Final[Mapping[int | None, tuple[OutsideCode, str]]] = {
    sqlite3.SQLITE_BUSY: ("DATABASE_BUSY", "another process has held the database's lock for too long"),
    sqlite3.SQLITE_LOCKED: ("DATABASE_BUSY", "another process has held the database's lock for too long"),
    sqlite3.SQLITE_FULL: ("DATABASE_FULL", "the disk that holds the database is full"),
    sqlite3.SQLITE_IOERR: ("DATABASE_IO", "the disk that holds the database reports an error"),
    sqlite3.SQLITE_READONLY: ("DATABASE_IO", "the database may not be written any more"),
    sqlite3.SQLITE_CANTOPEN: ("DATABASE_IO", "the database's files cannot be opened any more"),
    sqlite3.SQLITE_PROTOCOL: ("DATABASE_BUSY", "another process has held the database's lock for too long"),
    sqlite3.SQLITE_PERM: ("DATABASE_IO", "the database's files may not be used any more"),
    sqlite3.SQLITE_CORRUPT: ("DATABASE_DAMAGED", "the database is damaged"),
    sqlite3.SQLITE_NOTADB: ("DATABASE_DAMAGED", "the database is damaged"),
}


def primary_code(error: sqlite3.Error) -> int | None:
    """Return SQLite's primary result code; None for what Python's module raised by itself."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def translated(error: Exception) -> Exception:
    """Return the Trouble that an error of SQLite means; anything else is a bug and stays as it is."""
    if not isinstance(error, sqlite3.Error):
        return error
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        trouble = Trouble("ROW_GONE", "the project, build or deployment that this belongs to was removed meanwhile")
    elif (code := primary_code(error)) in _TROUBLES:
        name, sentence = _TROUBLES[code]
        trouble = Trouble(name, f"{sentence} ({error})")
    else:
        return error
    trouble.__cause__ = error
    return trouble
