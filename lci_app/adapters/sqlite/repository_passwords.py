"""Passwords that an older lci has kept in the addresses of repositories, where everybody reads them."""

from __future__ import annotations

from collections.abc import Iterator
from sqlite3 import Connection
from typing import Final

from lci_app.core.repositories import without_password

# A setting that says so once there are none: nothing stores any since.
_LOOKED: Final = "passwords_in_addresses"
# Where an address stands: in a project's settings, and in those that each of its builds ran with.
_PLACES: Final = (("projects", "settings", "$.repo"), ("builds", "effective", "$.repo.value"))


def holds_passwords(connection: Connection) -> bool:
    """Return whether there are any; looked for in all builds only until there once were none."""
    if connection.execute("SELECT 1 FROM settings WHERE name = ?", (_LOOKED,)).fetchone() is not None:
        return False
    if any(next(_found(connection, *place), None) is not None for place in _PLACES):
        return True
    connection.execute("INSERT OR IGNORE INTO settings (name, value) VALUES (?, 'none')", (_LOOKED,))
    return False


def take_passwords_out(connection: Connection) -> None:
    """Take each out of its address; a project that has no token keeps it as such, in clear, for the sealer to find."""
    for row_id, _, password, is_http in list(_found(connection, *_PLACES[0])):
        if is_http:
            connection.execute(
                "INSERT OR IGNORE INTO project_secrets (project_id, name, value) VALUES (?, 'repo_token', ?)",
                (row_id, password),
            )
    for table, column, path in _PLACES:
        for row_id, repo, _, _ in list(_found(connection, table, column, path)):
            connection.execute(
                f"UPDATE {table} SET {column} = json_set({column}, ?, ?) WHERE id = ?",  # noqa: S608 # nosec B608
                (path, repo, row_id),
            )


def _found(connection: Connection, table: str, column: str, path: str) -> Iterator[tuple[int, str, str, bool]]:
    """Yield row, address without its password, password, and whether it is one that a token does for."""
    rows = connection.execute(
        f"SELECT id, json_extract({column}, :path) AS repo FROM {table} "  # noqa: S608 # nosec B608
        f"WHERE json_extract({column}, :path) LIKE '%://%@%'",
        {"path": path},
    )
    for row in rows:
        repo, password = without_password(row["repo"])
        if password is not None:
            yield row["id"], repo, password, repo.lower().startswith("http")
