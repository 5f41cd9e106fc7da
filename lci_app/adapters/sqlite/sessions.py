"""The browsers in which people are signed in."""

from __future__ import annotations

import sqlite3
from sqlite3 import Connection
from typing import Final

from lci_app.adapters.sqlite.database import Room
from lci_app.adapters.sqlite.rows import bound
from lci_app.adapters.sqlite.users import user_by_id, user_of
from lci_app.core.accounts import SESSION_IDLE_SECONDS, SESSION_SECONDS, Session
from lci_app.core.model import Timestamp, earlier
from lci_app.interfaces import NewSession

# One person's; whoever signs in once more ends the one that was used least.
MAX_SESSIONS: Final = 20
_SELECT: Final = (
    "SELECT users.*, s.id AS session_id, s.created_at AS began_at, s.last_used_at, s.address, s.user_agent "
    "FROM sessions s JOIN users ON users.id = s.user_id "
)
_LIVE: Final = "s.created_at > :began_after AND s.last_used_at > :used_after "


class SessionsRoom(Room):
    async def begin_session(
        self, user_id: int, new: NewSession, *, replaces_sha256: str, at: Timestamp
    ) -> Session | None:
        """Sign a person in, in place of the session that the same browser had; None where the person is gone.

        Sessions of the person that have expired go, and the oldest beyond what one may have.
        """
        return await self._database.write(_begin, user_id, new, replaces_sha256, at)

    async def session(self, secret_sha256: str, at: Timestamp) -> Session | None:
        """Return the session unless it has expired."""
        return await self._database.glance(_live, secret_sha256, at)

    async def sessions(self, user_id: int, at: Timestamp) -> list[Session]:
        """Return those that have not expired, newest use first."""
        return await self._database.read(_of_user, user_id, at)

    async def signed_in_from(self) -> list[tuple[str, str]]:
        return await self._database.read(_addresses)

    async def touch_session(self, session_id: int, at: Timestamp) -> None:
        await self._database.write(_touch, session_id, at)

    async def end_session(self, session_id: int) -> bool:
        return await self._database.write(_end, session_id)


def _session(row: sqlite3.Row) -> Session:
    return Session(
        id=row["session_id"],
        user=user_of(row),
        created_at=row["began_at"],
        last_used_at=row["last_used_at"],
        address=row["address"],
        user_agent=row["user_agent"],
    )


def _since(at: Timestamp) -> dict[str, Timestamp]:
    return {"began_after": earlier(at, SESSION_SECONDS), "used_after": earlier(at, SESSION_IDLE_SECONDS)}


def _begin(
    connection: Connection, user_id: int, new: NewSession, replaces_sha256: str, at: Timestamp
) -> Session | None:
    if user_by_id(connection, user_id) is None:
        return None
    connection.execute("DELETE FROM sessions WHERE secret_sha256 = :replaced", bound(replaced=replaces_sha256))
    expired = f"DELETE FROM sessions AS s WHERE s.user_id = :user_id AND NOT ({_LIVE})"  # noqa: S608 # nosec B608
    connection.execute(expired, bound(user_id=user_id, **_since(at)))
    connection.execute(
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = :user_id "
        "ORDER BY last_used_at DESC, id DESC LIMIT -1 OFFSET :kept)",
        bound(user_id=user_id, kept=MAX_SESSIONS - 1),
    )
    connection.execute("UPDATE users SET last_sign_in_at = :at WHERE id = :id", bound(at=at, id=user_id))
    connection.execute(
        "INSERT INTO sessions (secret_sha256, user_id, created_at, last_used_at, address, user_agent) "
        "VALUES (:secret_sha256, :user_id, :at, :at, :address, :user_agent)",
        bound(
            secret_sha256=new.secret_sha256,
            user_id=user_id,
            at=at,
            address=new.address,
            user_agent=new.user_agent,
        ),
    )
    return _live(connection, new.secret_sha256, at)


def _live(connection: Connection, secret_sha256: str, at: Timestamp) -> Session | None:
    row = connection.execute(
        f"{_SELECT} WHERE s.secret_sha256 = :secret_sha256 AND {_LIVE}",
        bound(secret_sha256=secret_sha256, **_since(at)),
    ).fetchone()
    return None if row is None else _session(row)


def _of_user(connection: Connection, user_id: int, at: Timestamp) -> list[Session]:
    found = connection.execute(
        f"{_SELECT} WHERE s.user_id = :user_id AND {_LIVE} ORDER BY s.last_used_at DESC, s.id DESC",
        bound(user_id=user_id, **_since(at)),
    )
    return [_session(row) for row in found]


def _addresses(connection: Connection) -> list[tuple[str, str]]:
    found = connection.execute("SELECT DISTINCT u.name, s.address FROM sessions s JOIN users u ON u.id = s.user_id")
    return [(row["name"], row["address"]) for row in found]


def _touch(connection: Connection, session_id: int, at: Timestamp) -> None:
    connection.execute("UPDATE sessions SET last_used_at = :at WHERE id = :id", bound(id=session_id, at=at))


def _end(connection: Connection, session_id: int) -> bool:
    return connection.execute("DELETE FROM sessions WHERE id = :id", bound(id=session_id)).rowcount > 0
