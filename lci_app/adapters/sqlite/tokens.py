"""API tokens: what they may do, where, until when, and when they last did."""

from __future__ import annotations

import json
import sqlite3
from sqlite3 import Connection
from typing import Final

from lci_app.adapters.sqlite.database import Room
from lci_app.adapters.sqlite.rows import bound
from lci_app.core.accounts import Role, Token
from lci_app.core.model import Scope, Timestamp
from lci_app.interfaces import NewToken

_SELECT: Final = (
    "SELECT t.*, u.name AS user_name, u.role AS user_role, "
    "(SELECT json_group_array(project_id) FROM token_projects WHERE token_id = t.id) AS projects "
    "FROM tokens t LEFT JOIN users u ON u.id = t.user_id "
)


class TokensRoom(Room):
    async def add_token(self, new: NewToken, at: Timestamp) -> Token:
        return await self._database.write(_add, new, at)

    async def token(self, secret_sha256: str) -> Token | None:
        """Return a token whether or not it has expired; its scope is never more than its owner's role gives."""
        return await self._database.glance(_by_secret, secret_sha256)

    async def tokens(self, *, user_id: int | None, limit: int, offset: int) -> tuple[int, list[Token]]:
        """Return the number of all (of that person), and those asked for, newest first."""
        return await self._database.read(_list, user_id, limit, offset)

    async def touch_token(self, token_id: int, address: str, at: Timestamp) -> None:
        await self._database.write(_touch, token_id, address, at)

    async def remove_token(self, token_id: int) -> Token | None:
        """Remove it; returns which it was."""
        return await self._database.write(_remove, token_id)


def _token(row: sqlite3.Row) -> Token:
    scope = Scope(row["scope"])
    # Whoever was made less than the token is has lost what it gave.
    most = scope if row["user_role"] is None else Role(row["user_role"]).scope
    return Token(
        id=row["id"],
        name=row["name"],
        scope=scope if most.allows(scope) else most,
        created_at=row["created_at"],
        projects=None if row["all_projects"] else frozenset(json.loads(row["projects"])),
        user_id=row["user_id"],
        user_name=row["user_name"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
        last_used_address=row["last_used_address"],
    )


def _by_id(connection: Connection, token_id: int) -> Token | None:
    row = connection.execute(_SELECT + "WHERE t.id = :id", bound(id=token_id)).fetchone()
    return None if row is None else _token(row)


def _by_secret(connection: Connection, secret_sha256: str) -> Token | None:
    row = connection.execute(
        _SELECT + "WHERE t.secret_sha256 = :secret_sha256", bound(secret_sha256=secret_sha256)
    ).fetchone()
    return None if row is None else _token(row)


def _add(connection: Connection, new: NewToken, at: Timestamp) -> Token:
    (token_id,) = connection.execute(
        "INSERT INTO tokens (name, secret_sha256, scope, created_at, user_id, all_projects, expires_at) "
        "VALUES (:name, :secret_sha256, :scope, :at, :user_id, :all_projects, :expires_at) RETURNING id",
        bound(
            name=new.name,
            secret_sha256=new.secret_sha256,
            scope=new.scope,
            at=at,
            user_id=new.user_id,
            all_projects=new.projects is None,
            expires_at=new.expires_at,
        ),
    ).fetchone()
    connection.execute(
        "INSERT OR IGNORE INTO token_projects (token_id, project_id) "
        "SELECT :token_id, id FROM projects WHERE id IN (SELECT value FROM json_each(:projects))",
        bound(token_id=token_id, projects=new.projects or ()),
    )
    (row,) = connection.execute(_SELECT + "WHERE t.id = :id", bound(id=token_id))
    return _token(row)


def _list(connection: Connection, user_id: int | None, limit: int, offset: int) -> tuple[int, list[Token]]:
    fitting = "1" if user_id is None else "t.user_id = :user_id"
    counting = f"SELECT count(*) FROM tokens t WHERE {fitting}"  # noqa: S608 # nosec B608
    (total,) = connection.execute(counting, bound(user_id=user_id)).fetchone()
    found = connection.execute(
        f"{_SELECT} WHERE {fitting} ORDER BY t.id DESC LIMIT :limit OFFSET :offset",
        bound(user_id=user_id, limit=limit, offset=offset),
    )
    return total, [_token(row) for row in found]


def _touch(connection: Connection, token_id: int, address: str, at: Timestamp) -> None:
    connection.execute(
        "UPDATE tokens SET last_used_at = :at, last_used_address = :address WHERE id = :id",
        bound(id=token_id, at=at, address=address),
    )


def _remove(connection: Connection, token_id: int) -> Token | None:
    token = _by_id(connection, token_id)
    connection.execute("DELETE FROM tokens WHERE id = :id", bound(id=token_id))
    return token
