"""Settings of the whole service, and the answers remembered for idempotency keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from sqlite3 import Connection
from typing import Any, TypeVar

from lci_app.adapters.sqlite import rows
from lci_app.adapters.sqlite.database import Room
from lci_app.adapters.sqlite.rows import bound
from lci_app.adapters.sqlite.sealed import SECRET_SETTINGS, of_setting
from lci_app.adapters.sqlite.users import end_sessions_and_tokens
from lci_app.core.model import Timestamp
from lci_app.interfaces import Once, RememberedAnswer, Sealer

T = TypeVar("T")


class SettingsRoom(Room):
    async def setting(self, name: str) -> str | None:
        return await self._database.glance(_setting, self._sealer, name)

    async def setting_or_create(self, name: str, value: str) -> str:
        """Return the setting; where it is not set, set it to `value` first."""
        return await self._database.write(_setting_or_create, self._sealer, name, value)

    async def set_setting(self, name: str, value: str) -> None:
        await self.set_settings({name: value})

    async def set_settings(self, values: Mapping[str, str], *, shut_out: Collection[int] = ()) -> None:
        """Set several at once, and end every session and token of these people, who stay registered."""
        await self._database.write(_set_settings, self._sealer, values, shut_out)

    async def remembered(self, key: str, *, since: Timestamp) -> RememberedAnswer | None:
        return await self._database.glance(_remembered, key, since)

    async def remember(self, key: str, answer: RememberedAnswer, *, at: Timestamp, forget_before: Timestamp) -> None:
        """Keep an answer, unless that key has a younger one than `forget_before`; drop all the older ones."""
        await self._database.write(_remember, key, answer, at, forget_before)


def keep_answer(connection: Connection, once: Once[T] | None, made: T) -> None:
    """Keep what a request is answered that has made something, in the transaction that makes it."""
    if once is not None:
        _remember(connection, once.key, once.answer(made), once.at, once.forget_before)


def _setting(connection: Connection, sealer: Sealer, name: str) -> str | None:
    row = connection.execute("SELECT value, sealed FROM settings WHERE name = :name", bound(name=name)).fetchone()
    if row is None:
        return None
    return sealer.unseal(row["value"], of_setting(name)) if row["sealed"] else str(row["value"])


def _stored(sealer: Sealer, name: str, value: str) -> dict[str, Any]:
    """Return the columns of a setting; one that is secret is sealed."""
    secret = name in SECRET_SETTINGS
    return bound(name=name, value=sealer.seal(value, of_setting(name)) if secret else value, sealed=secret)


def _setting_or_create(connection: Connection, sealer: Sealer, name: str, value: str) -> str:
    connection.execute(
        "INSERT INTO settings (name, value, sealed) VALUES (:name, :value, :sealed) ON CONFLICT (name) DO NOTHING",
        _stored(sealer, name, value),
    )
    return str(_setting(connection, sealer, name))


def _set_settings(connection: Connection, sealer: Sealer, values: Mapping[str, str], shut_out: Collection[int]) -> None:
    for name, value in values.items():
        connection.execute(
            "INSERT INTO settings (name, value, sealed) VALUES (:name, :value, :sealed) "
            "ON CONFLICT (name) DO UPDATE SET value = :value, sealed = :sealed",
            _stored(sealer, name, value),
        )
    for user_id in shut_out:
        end_sessions_and_tokens(connection, user_id)


def _remembered(connection: Connection, key: str, since: Timestamp) -> RememberedAnswer | None:
    row = connection.execute(
        "SELECT * FROM answers WHERE idempotency_key = :key AND answered_at >= :since", bound(key=key, since=since)
    ).fetchone()
    return None if row is None else rows.answer(row)


def _remember(
    connection: Connection, key: str, answer: RememberedAnswer, at: Timestamp, forget_before: Timestamp
) -> None:
    connection.execute("DELETE FROM answers WHERE answered_at < :before", bound(before=forget_before))
    connection.execute(
        "INSERT INTO answers (idempotency_key, fingerprint, status, body, headers, answered_at) "
        "VALUES (:key, :fingerprint, :status, :body, :headers, :at) ON CONFLICT (idempotency_key) DO NOTHING",
        bound(
            key=key,
            fingerprint=answer.fingerprint,
            status=answer.status,
            body=answer.body,
            headers=answer.headers,
            at=at,
        ),
    )
