"""The secrets that people store for builds and services. Their values leave this room unsealed, for those alone."""

from __future__ import annotations

from collections.abc import Mapping
from sqlite3 import Connection, Row

from lci_app.adapters.sqlite.database import Room
from lci_app.adapters.sqlite.projects import project_by_id
from lci_app.adapters.sqlite.rows import bound
from lci_app.adapters.sqlite.sealed import of_secret, reseal
from lci_app.core.model import Timestamp
from lci_app.core.secrets import SecretFacts
from lci_app.interfaces import Gone, Sealer


class SecretsRoom(Room):
    async def set_secrets(
        self, project_id: int | None, values: Mapping[str, str], at: Timestamp
    ) -> list[SecretFacts] | Gone:
        """Store each of the values, all or none; returns what is told of those that were given."""
        return await self._database.write(_set, self._sealer, project_id, values, at)

    async def secrets(self, project_id: int | None) -> list[SecretFacts]:
        """Return what is told of a project's own secrets, or of those for every project, by name."""
        return await self._database.read(_list, project_id)

    async def delete_secret(self, project_id: int | None, name: str) -> bool:
        """Remove it; False where there was none."""
        return await self._database.write(_delete, project_id, name)

    async def secret_values(self, project_id: int) -> dict[str, str]:
        """Return the secrets that a project's builds and services may ask for; its own win over those for all."""
        return await self._database.read(_values, self._sealer, project_id)

    async def reseal(self) -> int:
        """Seal everything again by the sealer's newest key, in one transaction; returns how many values that were."""
        return await self._database.write(reseal, self._sealer)


def _set(
    connection: Connection, sealer: Sealer, project_id: int | None, values: Mapping[str, str], at: Timestamp
) -> list[SecretFacts] | Gone:
    if project_id is not None and project_by_id(connection, project_id) is None:
        return Gone()
    for name, value in values.items():
        _delete(connection, project_id, name)
        connection.execute(
            "INSERT INTO secrets (project_id, name, sealed, fingerprint, set_at) "
            "VALUES (:project_id, :name, :sealed, :fingerprint, :at)",
            bound(
                project_id=project_id,
                name=name,
                sealed=sealer.seal(value, of_secret(project_id, name)),
                fingerprint=sealer.fingerprint(value),
                at=at,
            ),
        )
    return [facts for facts in _list(connection, project_id) if facts.name in values]


def _list(connection: Connection, project_id: int | None) -> list[SecretFacts]:
    found = connection.execute(
        "SELECT * FROM secrets WHERE project_id IS :project_id ORDER BY name", bound(project_id=project_id)
    )
    return [_facts(row) for row in found]


def _delete(connection: Connection, project_id: int | None, name: str) -> bool:
    done = connection.execute(
        "DELETE FROM secrets WHERE project_id IS :project_id AND name = :name", bound(project_id=project_id, name=name)
    )
    return done.rowcount > 0


def _values(connection: Connection, sealer: Sealer, project_id: int) -> dict[str, str]:
    found = connection.execute(
        "SELECT project_id, name, sealed FROM secrets WHERE project_id IS NULL OR project_id = :project_id "
        "ORDER BY project_id IS NOT NULL",
        bound(project_id=project_id),
    )
    return {row["name"]: sealer.unseal(row["sealed"], of_secret(row["project_id"], row["name"])) for row in found}


def _facts(row: Row) -> SecretFacts:
    return SecretFacts(row["name"], row["project_id"], row["fingerprint"], row["set_at"])
