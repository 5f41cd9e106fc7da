"""The logins that people store for registries of images. A password leaves this room unsealed only to pull."""

from __future__ import annotations

from sqlite3 import Connection, Row

from lci_app.adapters.sqlite.database import Room
from lci_app.adapters.sqlite.rows import bound
from lci_app.adapters.sqlite.sealed import of_registry
from lci_app.core.model import Timestamp
from lci_app.core.registries import RegistryFacts, RegistryLogin
from lci_app.interfaces import Sealer


class RegistriesRoom(Room):
    async def set_registry(self, host: str, login: RegistryLogin, at: Timestamp) -> RegistryFacts:
        """Store the login of a registry instead of the one there was; returns what is told of it."""
        return await self._database.write(_set, self._sealer, host, login, at)

    async def registries(self) -> list[RegistryFacts]:
        """Return what is told of every stored login, by host."""
        return await self._database.read(_list)

    async def registry(self, host: str) -> RegistryFacts | None:
        return await self._database.read(_one, host)

    async def delete_registry(self, host: str) -> bool:
        """Remove it; False where there was none."""
        return await self._database.write(_delete, host)

    async def registry_login(self, host: str) -> RegistryLogin | None:
        """Return what opens a registry, where it is stored. Raises Trouble("SECRET_UNREADABLE")."""
        return await self._database.read(_login, self._sealer, host)


def _set(connection: Connection, sealer: Sealer, host: str, login: RegistryLogin, at: Timestamp) -> RegistryFacts:
    facts = RegistryFacts(host, login.username, sealer.fingerprint(login.password), at)
    connection.execute(
        "INSERT OR REPLACE INTO registries (host, username, sealed, fingerprint, set_at) "
        "VALUES (:host, :username, :sealed, :fingerprint, :at)",
        bound(
            host=host,
            username=login.username,
            sealed=sealer.seal(login.password, of_registry(host)),
            fingerprint=facts.fingerprint,
            at=at,
        ),
    )
    return facts


def _list(connection: Connection) -> list[RegistryFacts]:
    return [_facts(row) for row in connection.execute("SELECT * FROM registries ORDER BY host")]


def _one(connection: Connection, host: str) -> RegistryFacts | None:
    row = _row(connection, host)
    return None if row is None else _facts(row)


def _delete(connection: Connection, host: str) -> bool:
    return connection.execute("DELETE FROM registries WHERE host = :host", bound(host=host)).rowcount > 0


def _login(connection: Connection, sealer: Sealer, host: str) -> RegistryLogin | None:
    row = _row(connection, host)
    return None if row is None else RegistryLogin(row["username"], sealer.unseal(row["sealed"], of_registry(host)))


def _row(connection: Connection, host: str) -> Row | None:
    found: Row | None = connection.execute("SELECT * FROM registries WHERE host = :host", bound(host=host)).fetchone()
    return found


def _facts(row: Row) -> RegistryFacts:
    return RegistryFacts(row["host"], row["username"], row["fingerprint"], row["set_at"])
