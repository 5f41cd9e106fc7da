"""The schema's history: numbered SQL files that are only ever added to, and the record of those applied."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Final

from lci_app.adapters.sqlite.errors import DatabaseRefused
from lci_app.core.model import Timestamp

_RECORD: Final = """
CREATE TABLE IF NOT EXISTS migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_at TEXT NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """`0001_initial.sql`: version 1, name `initial`."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return sha256(self.sql.encode()).hexdigest()

    def statements(self) -> Iterator[str]:
        """Split the file where SQLite itself sees a statement end; each ends on a line of its own."""
        statement = ""
        for line in self.sql.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                yield statement
                statement = ""
        if statement.strip():
            raise ValueError(f"migration {self.version} ends within a statement")


def shipped() -> list[Migration]:
    """Return the migrations that this program brings, in their order."""
    found = []
    for file in files("lci_app.adapters.sqlite").joinpath("migrations").iterdir():
        if file.name.endswith(".sql"):
            version, _, name = file.name.removesuffix(".sql").partition("_")
            found.append(Migration(int(version), name, file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.version)


def applied(connection: sqlite3.Connection) -> dict[int, str]:
    """Return version and SHA-256 of what the database has; empty for a new one.

    Raises DatabaseRefused("DATABASE_FOREIGN") for a database of another program.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not tables:
        return {}
    if "migrations" not in tables:
        raise DatabaseRefused("DATABASE_FOREIGN", "it is a database of another program")
    return dict(connection.execute("SELECT version, sha256 FROM migrations").fetchall())


def missing(have: Mapping[int, str], known: Sequence[Migration]) -> list[Migration]:
    """Return what is still to be applied. Raises DatabaseRefused where the database's history is not ours."""
    newest = max((migration.version for migration in known), default=0)
    if have and max(have) > newest:
        raise DatabaseRefused(
            "DATABASE_NEWER",
            f"it was written by a newer lci (schema {max(have)}, this one knows {newest}): run that version, "
            "or restore a backup from before its upgrade",
        )
    for migration in known:
        if have.get(migration.version, migration.sha256) != migration.sha256:
            raise DatabaseRefused(
                "DATABASE_EDITED",
                f"its migration {migration.version} ({migration.name}) is not the one this lci brings: "
                "run the lci that wrote it, or restore a backup",
            )
    return [migration for migration in known if migration.version not in have]


def migrate(connection: sqlite3.Connection, known: Sequence[Migration], at: Timestamp) -> None:
    """Apply what is missing, each migration in one transaction with its record.

    The connection is in autocommit and does not enforce references, since a migration may have to rebuild a table.
    Another process may do the same at the same time: who comes second finds nothing left to do.
    """
    for migration in missing(applied(connection), known):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if migration in missing(applied(connection), known):
                _apply(connection, migration, at)
            connection.execute("COMMIT")
        finally:
            connection.rollback()


def _apply(connection: sqlite3.Connection, migration: Migration, at: Timestamp) -> None:
    connection.execute(_RECORD)
    for statement in migration.statements():
        connection.execute(statement)
    connection.execute(
        "INSERT INTO migrations (version, name, sha256, applied_at) VALUES (?, ?, ?, ?)",
        (migration.version, migration.name, migration.sha256, at),
    )
    broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise DatabaseRefused("DATABASE_DAMAGED", f"a row of its table {broken[0]} refers to a row that is not there")
