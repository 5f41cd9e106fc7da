"""What the database holds sealed: where each value lies, sealing what an older lci has left in clear, new keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Final

from lci_app.adapters.sqlite.repository_passwords import holds_passwords, take_passwords_out
from lci_app.core.secrets import Place
from lci_app.interfaces import Sealer

# Of the settings, those that are secret.
SECRET_SETTINGS: Final = frozenset({"webhook_secret", "github_client_secret"})


def of_setting(name: str) -> Place:
    return Place("settings", name, "value")


def of_project(project_id: int, name: str) -> Place:
    return Place("project_secrets", str(project_id), name)


def of_secret(project_id: int | None, name: str) -> Place:
    return Place("secrets", str(project_id or 0), name)


def of_registry(host: str) -> Place:
    return Place("registries", host, "password")


@dataclass(frozen=True, slots=True)
class _Value:
    """One sealed (or still clear) value, and the statement that replaces it: its first parameter is the new one."""

    place: Place
    value: str
    replace: str
    key: tuple[object, ...]


def seal_clear_values(connection: Connection, sealer: Sealer) -> bool:
    """Seal what lies there in clear, in one transaction; returns whether there was anything.

    Passwords in the addresses of repositories are moved to where they are sealed.
    Another process may do the same at the same time: who comes second finds nothing left to do.
    """
    if not holds_passwords(connection) and next(_values(connection, sealed=False), None) is None:
        return False
    # What is overwritten is wiped, not only given free.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("BEGIN IMMEDIATE")
    try:
        take_passwords_out(connection)
        _replace_all(connection, sealed=False, with_=lambda each: sealer.seal(each.value, each.place))
        connection.execute("COMMIT")
    finally:
        connection.rollback()
    # Nothing of the clear values is left in the log, nor in pages that were free before.
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return True


def reseal(connection: Connection, sealer: Sealer) -> int:
    """Seal everything again, by the sealer's newest key; returns how many values that were."""
    count = _replace_all(
        connection, sealed=True, with_=lambda each: sealer.seal(sealer.unseal(each.value, each.place), each.place)
    )
    for row in connection.execute("SELECT id, project_id, name, sealed FROM secrets").fetchall():
        value = sealer.unseal(row["sealed"], of_secret(row["project_id"], row["name"]))
        connection.execute("UPDATE secrets SET fingerprint = ? WHERE id = ?", (sealer.fingerprint(value), row["id"]))
    for row in connection.execute("SELECT host, sealed FROM registries").fetchall():
        fingerprint = sealer.fingerprint(sealer.unseal(row["sealed"], of_registry(row["host"])))
        connection.execute("UPDATE registries SET fingerprint = ? WHERE host = ?", (fingerprint, row["host"]))
    return count


def _replace_all(connection: Connection, *, sealed: bool, with_: Callable[[_Value], str]) -> int:
    values = list(_values(connection, sealed=sealed))
    for each in values:
        connection.execute(each.replace, (with_(each), *each.key))
    return len(values)


def _values(connection: Connection, *, sealed: bool) -> Iterator[_Value]:
    for row in connection.execute("SELECT project_id, name, value FROM project_secrets WHERE sealed = ?", (sealed,)):
        yield _Value(
            of_project(row["project_id"], row["name"]),
            row["value"],
            "UPDATE project_secrets SET value = ?, sealed = 1 WHERE project_id = ? AND name = ?",
            (row["project_id"], row["name"]),
        )
    for row in connection.execute("SELECT name, value FROM settings WHERE sealed = ?", (sealed,)):
        if row["name"] in SECRET_SETTINGS:
            update = "UPDATE settings SET value = ?, sealed = 1 WHERE name = ?"
            yield _Value(of_setting(row["name"]), row["value"], update, (row["name"],))
    if sealed:
        for row in connection.execute("SELECT id, project_id, name, sealed FROM secrets"):
            place = of_secret(row["project_id"], row["name"])
            yield _Value(place, row["sealed"], "UPDATE secrets SET sealed = ? WHERE id = ?", (row["id"],))
        for row in connection.execute("SELECT host, sealed FROM registries"):
            update = "UPDATE registries SET sealed = ? WHERE host = ?"
            yield _Value(of_registry(row["host"]), row["sealed"], update, (row["host"],))
