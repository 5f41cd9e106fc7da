"""People, and the link that makes the first of them."""

from __future__ import annotations

import sqlite3
from sqlite3 import Connection
from typing import Final

from lci_app.adapters.sqlite.database import Room
from lci_app.adapters.sqlite.rows import bound
from lci_app.core.accounts import Role, User
from lci_app.core.model import Timestamp
from lci_app.interfaces import LastAdministrator, NewUser, NoSuchUser, UserNameTaken

# Two rows of the settings; without them there is no link.
_LINK: Final = "set_up_sha256"
_LINK_EXPIRES: Final = "set_up_expires_at"


class UsersRoom(Room):
    async def add_user(self, new: NewUser, at: Timestamp) -> User | UserNameTaken:
        return await self._database.write(_add, new, at)

    async def add_first_user(self, new: NewUser, *, set_up_sha256: str, at: Timestamp) -> User | None:
        """Make the first person, if the set-up link fits and has not expired, and there is nobody yet; use it up."""
        return await self._database.write(_add_first, new, set_up_sha256, at)

    async def offer_set_up(self, set_up_sha256: str, expires_at: Timestamp) -> bool:
        """Let that link, and no earlier one, make the first person; False where there is one already."""
        return await self._database.write(_offer, set_up_sha256, expires_at)

    async def is_set_up_open(self, set_up_sha256: str, at: Timestamp) -> bool:
        return await self._database.read(_is_open, set_up_sha256, at)

    async def has_users(self) -> bool:
        return await self._database.glance(_has_users)

    async def user(self, user_id: int) -> User | None:
        return await self._database.glance(user_by_id, user_id)

    async def user_named(self, name: str) -> User | None:
        return await self._database.glance(_named, name)

    async def user_of_github(self, github_id: int) -> User | None:
        return await self._database.glance(_of_github, github_id)

    async def users(self, *, limit: int, offset: int) -> tuple[int, list[User]]:
        """Return the number of all, and those asked for, by name."""
        return await self._database.read(_list, limit, offset)

    async def password_hash(self, user_id: int) -> str | None:
        return await self._database.glance(_password_hash, user_id)

    async def set_role(self, user_id: int, role: Role) -> User | NoSuchUser | LastAdministrator:
        """Change what a person may do; counts from the next request."""
        return await self._database.write(_set_role, user_id, role)

    async def set_password(
        self, user_id: int, password_hash: str, role: Role | None = None
    ) -> User | NoSuchUser | LastAdministrator:
        """Replace the password, and with it, where that is given, the role; every session of the person ends."""
        return await self._database.write(_set_password, user_id, password_hash, role)

    async def rehash(self, user_id: int, old_hash: str, new_hash: str) -> None:
        """Put a stronger hash of the same password in the place of a weaker one, if that is still there."""
        await self._database.write(_rehash, user_id, old_hash, new_hash)

    async def remove_user(self, user_id: int) -> User | NoSuchUser | LastAdministrator:
        """Remove a person with all sessions and tokens; returns who that was."""
        return await self._database.write(_remove, user_id)


def user_of(row: sqlite3.Row) -> User:
    return User(
        id=row["id"],
        name=row["name"],
        role=Role(row["role"]),
        created_at=row["created_at"],
        has_password=row["password_hash"] is not None,
        github_id=row["github_id"],
        last_sign_in_at=row["last_sign_in_at"],
    )


def user_by_id(connection: Connection, user_id: int) -> User | None:
    row = connection.execute("SELECT * FROM users WHERE id = :id", bound(id=user_id)).fetchone()
    return None if row is None else user_of(row)


def _named(connection: Connection, name: str) -> User | None:
    row = connection.execute("SELECT * FROM users WHERE name = :name", bound(name=name)).fetchone()
    return None if row is None else user_of(row)


def _of_github(connection: Connection, github_id: int) -> User | None:
    row = connection.execute("SELECT * FROM users WHERE github_id = :id", bound(id=github_id)).fetchone()
    return None if row is None else user_of(row)


def _list(connection: Connection, limit: int, offset: int) -> tuple[int, list[User]]:
    (total,) = connection.execute("SELECT count(*) FROM users").fetchone()
    found = connection.execute(
        "SELECT * FROM users ORDER BY name LIMIT :limit OFFSET :offset", bound(limit=limit, offset=offset)
    )
    return total, [user_of(row) for row in found]


def _has_users(connection: Connection) -> bool:
    return connection.execute("SELECT 1 FROM users LIMIT 1").fetchone() is not None


def _password_hash(connection: Connection, user_id: int) -> str | None:
    row = connection.execute("SELECT password_hash FROM users WHERE id = :id", bound(id=user_id)).fetchone()
    return None if row is None else row["password_hash"]


def _add(connection: Connection, new: NewUser, at: Timestamp) -> User | UserNameTaken:
    if _named(connection, new.name) is not None:
        return UserNameTaken(new.name)
    row = connection.execute(
        "INSERT INTO users (name, role, password_hash, github_id, created_at) "
        "VALUES (:name, :role, :password_hash, :github_id, :at) RETURNING *",
        bound(name=new.name, role=new.role, password_hash=new.password_hash, github_id=new.github_id, at=at),
    ).fetchone()
    return user_of(row)


def _offer(connection: Connection, set_up_sha256: str, expires_at: Timestamp) -> bool:
    if _has_users(connection):
        return False
    for name, value in ((_LINK, set_up_sha256), (_LINK_EXPIRES, expires_at)):
        connection.execute(
            "INSERT INTO settings (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = :value",
            bound(name=name, value=value),
        )
    return True


def _is_open(connection: Connection, set_up_sha256: str, at: Timestamp) -> bool:
    if _has_users(connection):
        return False
    found = connection.execute(
        "SELECT 1 FROM settings link JOIN settings expiry ON expiry.name = :expires AND expiry.value > :at "
        "WHERE link.name = :link AND link.value = :sha256",
        bound(link=_LINK, expires=_LINK_EXPIRES, sha256=set_up_sha256, at=at),
    ).fetchone()
    return found is not None


def _add_first(connection: Connection, new: NewUser, set_up_sha256: str, at: Timestamp) -> User | None:
    if not _is_open(connection, set_up_sha256, at):
        return None
    connection.execute("DELETE FROM settings WHERE name IN (:link, :expires)", bound(link=_LINK, expires=_LINK_EXPIRES))
    added = _add(connection, new, at)
    return added if isinstance(added, User) else None


def _set_role(connection: Connection, user_id: int, role: Role) -> User | NoSuchUser | LastAdministrator:
    user = user_by_id(connection, user_id)
    if user is None:
        return NoSuchUser()
    if role is not Role.ADMIN and _is_last_administrator(connection, user):
        return LastAdministrator()
    row = connection.execute("UPDATE users SET role = :role WHERE id = :id RETURNING *", bound(id=user_id, role=role))
    return user_of(row.fetchone())


def _is_last_administrator(connection: Connection, user: User) -> bool:
    if user.role is not Role.ADMIN:
        return False
    other = connection.execute("SELECT 1 FROM users WHERE role = 'admin' AND id <> :id LIMIT 1", bound(id=user.id))
    return other.fetchone() is None


def _set_password(
    connection: Connection, user_id: int, password_hash: str, role: Role | None
) -> User | NoSuchUser | LastAdministrator:
    changed = NoSuchUser() if role is None else _set_role(connection, user_id, role)
    if isinstance(changed, LastAdministrator):
        return changed
    row = connection.execute(
        "UPDATE users SET password_hash = :hash WHERE id = :id RETURNING *", bound(id=user_id, hash=password_hash)
    ).fetchone()
    if row is None:
        return NoSuchUser()
    connection.execute("DELETE FROM sessions WHERE user_id = :id", bound(id=user_id))
    return user_of(row)


def _rehash(connection: Connection, user_id: int, old_hash: str, new_hash: str) -> None:
    connection.execute(
        "UPDATE users SET password_hash = :new WHERE id = :id AND password_hash = :old",
        bound(id=user_id, old=old_hash, new=new_hash),
    )


def end_sessions_and_tokens(connection: Connection, user_id: int) -> None:
    for table in ("sessions", "tokens"):
        connection.execute(f"DELETE FROM {table} WHERE user_id = :id", bound(id=user_id))  # noqa: S608 # nosec B608


def _remove(connection: Connection, user_id: int) -> User | NoSuchUser | LastAdministrator:
    user = user_by_id(connection, user_id)
    if user is None:
        return NoSuchUser()
    if _is_last_administrator(connection, user):
        return LastAdministrator()
    connection.execute("DELETE FROM users WHERE id = :id", bound(id=user_id))
    return user
