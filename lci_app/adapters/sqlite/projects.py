"""Projects: what people registered, and which slot of each is live."""

from __future__ import annotations

from collections.abc import Mapping
from sqlite3 import Connection
from typing import Any

from lci_app.adapters.sqlite import rows
from lci_app.adapters.sqlite.database import Room
from lci_app.adapters.sqlite.rows import bound
from lci_app.adapters.sqlite.sealed import of_project
from lci_app.adapters.sqlite.settings import keep_answer
from lci_app.core.model import Slot, Timestamp
from lci_app.core.project import NewProject, Project, ProjectSecrets, ProjectSettings
from lci_app.interfaces import Changed, DomainTaken, Gone, NameTaken, Once, PortsTaken, Sealer


class ProjectsRoom(Room):
    async def create_project(
        self, new: NewProject, *, number: int, port_base: int, at: Timestamp, once: Once[Project] | None = None
    ) -> Project | NameTaken | DomainTaken | PortsTaken:
        """Register a project with port pair `number` (from 1): port_base + (number-1)*10 + 1 and + 2."""
        return await self._database.write(_create, self._sealer, new, number, port_base, at, once)

    async def port_numbers(self) -> frozenset[int]:
        """Return the pair numbers that projects hold."""
        return await self._database.read(_port_numbers)

    async def project(self, project_id: int) -> Project | None:
        return await self._database.glance(project_by_id, project_id)

    async def project_by_name(self, name: str) -> Project | None:
        return await self._database.glance(_by_name, name)

    async def projects(self, *, limit: int | None = None, offset: int = 0) -> tuple[int, list[Project]]:
        """Return the number of all projects, and those asked for, by name."""
        return await self._database.read(_list, limit, offset)

    async def update_project(
        self,
        project_id: int,
        settings: ProjectSettings,
        secrets: ProjectSecrets | None,
        *,
        if_revision: int | None,
        at: Timestamp,
    ) -> Project | Gone | Changed | DomainTaken:
        """Replace the settings; of `secrets` only the fields that were set (`model_fields_set`) change."""
        return await self._database.write(_update, self._sealer, project_id, settings, secrets, if_revision, at)

    async def project_secrets(self, project_id: int) -> ProjectSecrets:
        return await self._database.read(_secrets, self._sealer, project_id)

    async def webhook_secrets(self) -> dict[int, str]:
        """Return the webhook secret of each project that has its own, by project id."""
        return await self._database.read(_webhook_secrets, self._sealer)

    async def delete_project(self, project_id: int) -> int:
        """Remove a project and every row of it; returns how many builds went. Its port pair is free again."""
        return await self._database.write(_delete, project_id)

    async def set_auto_deploy(self, project_id: int, enabled: bool, at: Timestamp) -> Project | None:
        return await self._database.write(turn_auto_deploy, project_id, enabled, at)

    async def set_stopped(self, project_id: int, stopped: bool, at: Timestamp) -> Project | None:
        return await self._database.write(_set_stopped, project_id, stopped, at)

    async def set_maintenance(self, project_id: int, message: str | None, at: Timestamp) -> Project | None:
        return await self._database.write(_set_maintenance, project_id, message, at)


def project_by_id(connection: Connection, project_id: int) -> Project | None:
    row = connection.execute("SELECT * FROM projects WHERE id = :id", bound(id=project_id)).fetchone()
    return None if row is None else rows.project(row)


def activate(connection: Connection, project_id: int, slot: Slot, at: Timestamp) -> Project | None:
    """Make a slot the active one of a project that is not stopped."""
    row = connection.execute(
        "UPDATE projects SET active_slot = :slot, stopped = 0, revision = revision + 1, updated_at = :at "
        "WHERE id = :id RETURNING *",
        bound(id=project_id, slot=slot, at=at),
    ).fetchone()
    return None if row is None else rows.project(row)


def _by_name(connection: Connection, name: str) -> Project | None:
    row = connection.execute("SELECT * FROM projects WHERE name = :name", bound(name=name)).fetchone()
    return None if row is None else rows.project(row)


def _port_numbers(connection: Connection) -> frozenset[int]:
    return frozenset(number for (number,) in connection.execute("SELECT port_number FROM projects"))


def _list(connection: Connection, limit: int | None, offset: int) -> tuple[int, list[Project]]:
    (total,) = connection.execute("SELECT count(*) FROM projects").fetchone()
    found = connection.execute(
        "SELECT * FROM projects ORDER BY name LIMIT :limit OFFSET :offset",
        bound(limit=-1 if limit is None else limit, offset=offset),
    )
    return total, [rows.project(row) for row in found]


def _create(  # noqa: PLR0913, PLR0917 - what the call is given
    connection: Connection,
    sealer: Sealer,
    new: NewProject,
    number: int,
    port_base: int,
    at: Timestamp,
    once: Once[Project] | None,
) -> Project | NameTaken | DomainTaken | PortsTaken:
    if _by_name(connection, new.name) is not None:
        return NameTaken(new.name)
    if (taken := _taken_domain(connection, new.settings, but_of=None)) is not None:
        return taken
    if number in _port_numbers(connection):
        return PortsTaken()
    first_port = port_base + (number - 1) * 10 + 1
    row = connection.execute(
        "INSERT INTO projects (name, settings, port_number, blue_port, green_port, created_at, updated_at) "
        "VALUES (:name, :settings, :number, :blue_port, :green_port, :at, :at) RETURNING *",
        bound(
            name=new.name,
            settings=new.settings,
            number=number,
            blue_port=first_port,
            green_port=first_port + 1,
            at=at,
        ),
    ).fetchone()
    project = rows.project(row)
    _write_domains(connection, project)
    _write_secrets(connection, sealer, project.id, new.secrets.model_dump())
    keep_answer(connection, once, project)
    return project


def _update(  # noqa: PLR0913, PLR0917 - what the call is given
    connection: Connection,
    sealer: Sealer,
    project_id: int,
    settings: ProjectSettings,
    secrets: ProjectSecrets | None,
    if_revision: int | None,
    at: Timestamp,
) -> Project | Gone | Changed | DomainTaken:
    project = project_by_id(connection, project_id)
    if project is None:
        return Gone()
    if if_revision is not None and if_revision != project.revision:
        return Changed(project.revision)
    if (taken := _taken_domain(connection, settings, but_of=project_id)) is not None:
        return taken
    if secrets is not None:
        _write_secrets(connection, sealer, project_id, secrets.model_dump(include=secrets.model_fields_set))
    return _replace_settings(connection, project_id, settings, at)


def adopt(
    connection: Connection, project_id: int, values: Mapping[str, Any], at: Timestamp
) -> Project | DomainTaken | None:
    """Put `values` into the project's stored settings, in the caller's transaction; None where there is no project."""
    project = project_by_id(connection, project_id)
    if project is None or not values:
        return project
    settings = type(project.settings).model_validate({**dict(project.settings), **values})
    if settings == project.settings:
        return project
    taken = _taken_domain(connection, settings, but_of=project_id)
    return taken or _replace_settings(connection, project_id, settings, at)


def _replace_settings(connection: Connection, project_id: int, settings: ProjectSettings, at: Timestamp) -> Project:
    row = connection.execute(
        "UPDATE projects SET settings = :settings, revision = revision + 1, updated_at = :at "
        "WHERE id = :id RETURNING *",
        bound(id=project_id, settings=settings, at=at),
    ).fetchone()
    project = rows.project(row)
    _write_domains(connection, project)
    return project


def _taken_domain(connection: Connection, settings: ProjectSettings, *, but_of: int | None) -> DomainTaken | None:
    for domain in settings.domains:
        row = connection.execute(
            "SELECT p.name FROM domains d JOIN projects p ON p.id = d.project_id "
            "WHERE d.domain = :domain AND d.project_id IS NOT :but_of",
            bound(domain=domain, but_of=but_of),
        ).fetchone()
        if row is not None:
            return DomainTaken(domain, row["name"])
    return None


def _write_domains(connection: Connection, project: Project) -> None:
    connection.execute("DELETE FROM domains WHERE project_id = :id", bound(id=project.id))
    for domain in project.settings.domains:
        connection.execute(
            "INSERT INTO domains (domain, project_id) VALUES (:domain, :id)", bound(domain=domain, id=project.id)
        )


def _secrets(connection: Connection, sealer: Sealer, project_id: int) -> ProjectSecrets:
    found = connection.execute("SELECT name, value FROM project_secrets WHERE project_id = :id", bound(id=project_id))
    return ProjectSecrets(
        **{row["name"]: sealer.unseal(row["value"], of_project(project_id, row["name"])) for row in found}
    )


def _webhook_secrets(connection: Connection, sealer: Sealer) -> dict[int, str]:
    name = "webhook_secret"
    found = connection.execute("SELECT project_id, value FROM project_secrets WHERE name = :name", bound(name=name))
    return {id_: sealer.unseal(value, of_project(id_, name)) for id_, value in found}


def _write_secrets(connection: Connection, sealer: Sealer, project_id: int, secrets: Mapping[str, Any]) -> None:
    """Set each of the secrets; one that is null is removed."""
    for name, value in secrets.items():
        connection.execute(
            "DELETE FROM project_secrets WHERE project_id = :id AND name = :name", bound(id=project_id, name=name)
        )
        if value is not None:
            connection.execute(
                "INSERT INTO project_secrets (project_id, name, value, sealed) VALUES (:id, :name, :value, 1)",
                bound(id=project_id, name=name, value=sealer.seal(value, of_project(project_id, name))),
            )


def _delete(connection: Connection, project_id: int) -> int:
    key = bound(id=project_id)
    (builds,) = connection.execute("SELECT count(*) FROM builds WHERE project_id = :id", key).fetchone()
    connection.execute("DELETE FROM projects WHERE id = :id", key)
    return int(builds)


def turn_auto_deploy(connection: Connection, project_id: int, enabled: bool, at: Timestamp) -> Project | None:
    project = project_by_id(connection, project_id)
    if project is None or project.settings.auto_deploy == enabled:
        return project
    return _replace_settings(connection, project_id, project.settings.model_copy(update={"auto_deploy": enabled}), at)


def _set_stopped(connection: Connection, project_id: int, stopped: bool, at: Timestamp) -> Project | None:
    connection.execute(
        "UPDATE projects SET stopped = :stopped, revision = revision + 1, updated_at = :at "
        "WHERE id = :id AND stopped <> :stopped",
        bound(id=project_id, stopped=stopped, at=at),
    )
    return project_by_id(connection, project_id)


def _set_maintenance(connection: Connection, project_id: int, message: str | None, at: Timestamp) -> Project | None:
    connection.execute(
        "UPDATE projects SET maintenance = :message, revision = revision + 1, updated_at = :at "
        "WHERE id = :id AND maintenance IS NOT :message",
        bound(id=project_id, message=message, at=at),
    )
    return project_by_id(connection, project_id)
