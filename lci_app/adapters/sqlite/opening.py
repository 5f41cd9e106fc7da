"""From a path to connections: what the file is, whether it may be used, who may read it."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lci_app.adapters.sqlite.copies import copies_of, forget_copies, keep_copy
from lci_app.adapters.sqlite.errors import DatabaseRefused
from lci_app.adapters.sqlite.migrate import Migration, applied, migrate, missing
from lci_app.adapters.sqlite.sealed import seal_clear_values
from lci_app.core.codes import OutsideCode
from lci_app.core.model import Timestamp
from lci_app.interfaces import Sealer

# Seconds to wait for the lock of another process (`lci token create` beside a service): its transactions are short.
BUSY_TIMEOUT: Final = 5.0
# Lists are short and the host is small: more threads would only wait for each other.
READERS: Final = 4
# Bytes that the log keeps after a checkpoint; more only while a burst or a long reader holds it.
_LOG_LIMIT: Final = 16 * 1024 * 1024
_SIDE_FILES: Final = ("", "-wal", "-shm")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Connections:
    """All connections to one database file; whoever holds them closes them."""

    writing: sqlite3.Connection
    reading: tuple[sqlite3.Connection, ...]
    # Without a busy time-out: it answers at once or not at all.
    glancing: sqlite3.Connection

    def close(self) -> None:
        for connection in (self.glancing, *self.reading):
            connection.close()
        # Whoever closes last moves the log into the database: the one that may write.
        self.writing.close()


def open_database(path: Path, known: Sequence[Migration], sealer: Sealer, at: Timestamp) -> Connections:
    """Open a database that has this program's schema, made or migrated where need be; what is migrated is copied first.

    Raises DatabaseRefused; a file that is refused keeps its bytes.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone_in(path.parent):
            _make_private(path)
            _inspect(path, known)
            return _connect_all(path, known, sealer, at)
    except DatabaseRefused as refused:
        raise DatabaseRefused(refused.code, f"the database {path} cannot be used: {refused}") from refused
    except (OSError, sqlite3.Error) as error:
        damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
        code: OutsideCode = "DATABASE_DAMAGED" if damaged else "DATABASE_UNUSABLE"
        advice = ": restore a backup, or move the file away to begin anew" if damaged else ""
        raise DatabaseRefused(code, f"the database {path} cannot be used: {error}{advice}") from error


def _connect(path: Path, mode: str, busy_timeout: float = BUSY_TIMEOUT) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=busy_timeout,
        isolation_level=None,
        # Each connection is used by one thread at a time, though not always by the same.
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    return connection


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Keep other processes from opening a database there meanwhile: SQLite does not wait where two turn WAL on."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make_private(path: Path) -> None:
    log = path.with_name(path.name + "-wal")
    if _size(path) == 0 and _size(log) > 0:
        raise DatabaseRefused("DATABASE_DAMAGED", f"it is empty but its log {log.name} is not: restore a backup")
    if not path.exists():
        # SQLite gives the log and the index the mode of the database.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    for suffix in _SIDE_FILES:
        # Another process that closes takes the side files with it.
        with suppress(FileNotFoundError):
            file = path.with_name(path.name + suffix)
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)


def _size(path: Path) -> int:
    """Return a file's bytes; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _inspect(path: Path, known: Sequence[Migration]) -> None:
    """Refuse what is not ours before a connection that could write is opened."""
    if _size(path) == 0:
        return
    with closing(_connect(path, "ro")) as connection:
        have = applied(connection)
        try:
            missing(have, known)
        except DatabaseRefused as refused:
            raise _with_copies(refused, path, known) from None
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise DatabaseRefused("DATABASE_DAMAGED", f"it is damaged ({verdict}): restore a backup")


def _with_copies(refused: DatabaseRefused, path: Path, known: Sequence[Migration]) -> DatabaseRefused:
    """Return the refusal of a newer database with the copies from before its upgrade, where there are any."""
    newest = max((migration.version for migration in known), default=0)
    copies = copies_of(path, up_to_schema=newest)
    if refused.code != "DATABASE_NEWER" or not copies:
        return refused
    listed = ", ".join(str(copy) for copy in copies)
    return DatabaseRefused(refused.code, f"{refused}; copies from before, newest first: {listed}")


def _connect_all(path: Path, known: Sequence[Migration], sealer: Sealer, at: Timestamp) -> Connections:
    with ExitStack() as opened:
        writing = opened.enter_context(closing(_connect(path, "rw")))
        _set_up_writing(writing, path, known, at)
        if seal_clear_values(writing, sealer):
            # A copy from before holds in clear what nobody is to read any more.
            forget_copies(path)
            _log.warning("secrets lay in clear in %s: they are sealed, and copies from before removed", path)
        reading = tuple(opened.enter_context(closing(_connect(path, "ro"))) for _ in range(READERS))
        glancing = opened.enter_context(closing(_connect(path, "ro", busy_timeout=0)))
        opened.pop_all()
    return Connections(writing, reading, glancing)


def _set_up_writing(connection: sqlite3.Connection, path: Path, known: Sequence[Migration], at: Timestamp) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise DatabaseRefused("DATABASE_UNUSABLE", "its file system has no shared memory: use a local disk")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {_LOG_LIMIT}")
    have = applied(connection)
    if have and missing(have, known):
        copy = keep_copy(connection, path, schema=max(have), at=at)
        newest = known[-1].version
        _log.warning(
            "the database %s changes from schema %d to %d; as it was it lies in %s", path, max(have), newest, copy
        )
    migrate(connection, known, at)
    connection.execute("PRAGMA foreign_keys = ON")
