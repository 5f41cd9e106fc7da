"""Projects, their slots and what is done with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from lci_app.api.needs import Addresses
from lci_app.api.wire.base import DEFAULT_TAIL, Answer, Body, Id, Lines, Page, Query
from lci_app.api.wire.builds import BuildDocument
from lci_app.core.model import Build, Health, Slot, SlotState, SlotStatus, Timestamp
from lci_app.core.project import Project, ProjectSecrets, ProjectSettings
from lci_app.core.project_values import NAME_PATTERN

Name = Annotated[str, Field(json_schema_extra={"pattern": NAME_PATTERN})]
SETTINGS: Final = frozenset(ProjectSettings.model_fields)
SECRETS: Final = frozenset(ProjectSecrets.model_fields)


class ProjectCreate(ProjectSettings, ProjectSecrets):
    """Every setting and every secret beside the name."""

    model_config = ConfigDict(strict=True)

    name: Name
    # Whoever has seen one delivery can try secrets as fast as they like. What was stored when less was asked stays.
    webhook_secret: Annotated[str, Field(min_length=16, max_length=1024)] | None = None


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class ProjectUpdate(ProjectCreate):
    """The fields given change, the others stay. `name` and the ports are fixed: they may be given as they are."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    name: Name = ""
    repo: str = ""
    blue_port: int = 0
    green_port: int = 0


class SlotDocument(Answer):
    status: SlotStatus
    port: int
    container_id: str | None
    build_id: int | None
    build_number: int | None
    commit_hash: str | None
    started_at: Timestamp | None
    uptime_seconds: float | None
    health: Health


class _Identity(Answer):
    id: int
    name: str


class ProjectDocument(ProjectSettings, _Identity):
    """A project, flat. Secrets are never shown, only whether they are set."""

    blue_port: int
    green_port: int
    active_slot: Slot | None
    stopped: bool
    maintenance: str | None
    public_url: str
    webhook_url: str
    webhook_secret_set: bool
    repo_token_set: bool
    deploy_key_set: bool
    revision: int
    created_at: Timestamp
    updated_at: Timestamp
    last_build: BuildDocument | None
    blue: SlotDocument
    green: SlotDocument


class ProjectList(Answer):
    total: int
    projects: list[ProjectDocument]


class StatusDocument(Answer):
    active_slot: Slot | None
    blue: SlotDocument
    green: SlotDocument
    public_url: str
    maintenance: str | None


class DeletedDocument(Answer):
    containers_removed: int
    builds_deleted: int
    bytes_freed: int


class SwitchBody(Body):
    target_slot: Slot


class RollbackBody(Body):
    build_id: Id | None = None


class AutoDeployBody(Body):
    enabled: bool


class MaintenanceBody(Body):
    """`message` is what visitors read; empty for the usual words."""

    enabled: bool
    message: Annotated[str, Field(max_length=2000)] = ""


class RestartBody(Body):
    slot: Slot | None = None


class RuntimeLogQuery(Query):
    tail: Lines = DEFAULT_TAIL
    slot: Slot | None = None


class RuntimeLog(Answer):
    lines: list[str]


ProjectsQuery = Page


def project_document(
    project: Project,
    secrets: ProjectSecrets,
    slots: Mapping[Slot, SlotState],
    last_build: Build | None,
    *,
    addresses: Addresses,
    now: Timestamp,
) -> ProjectDocument:
    return ProjectDocument.model_construct(
        **dict(project.settings),
        id=project.id,
        name=project.name,
        blue_port=project.blue_port,
        green_port=project.green_port,
        active_slot=project.active_slot,
        stopped=project.stopped,
        maintenance=project.maintenance,
        public_url=addresses.service(project.name),
        webhook_url=addresses.webhook,
        webhook_secret_set=secrets.webhook_secret is not None,
        repo_token_set=secrets.repo_token is not None,
        deploy_key_set=secrets.deploy_key is not None,
        revision=project.revision,
        created_at=project.created_at,
        updated_at=project.updated_at,
        last_build=None if last_build is None else BuildDocument.of(last_build),
        blue=slot_document(slots[Slot.BLUE], now),
        green=slot_document(slots[Slot.GREEN], now),
    )


def status_document(
    project: Project, slots: Mapping[Slot, SlotState], *, addresses: Addresses, now: Timestamp
) -> StatusDocument:
    return StatusDocument(
        active_slot=project.active_slot,
        blue=slot_document(slots[Slot.BLUE], now),
        green=slot_document(slots[Slot.GREEN], now),
        public_url=addresses.service(project.name),
        maintenance=project.maintenance,
    )


def slot_document(state: SlotState, now: Timestamp) -> SlotDocument:
    running = state.status in {SlotStatus.RUNNING, SlotStatus.DRAINING}
    return SlotDocument(
        status=state.status,
        port=state.port,
        container_id=state.container_id,
        build_id=state.build_id,
        build_number=state.build_number,
        commit_hash=state.commit_hash,
        started_at=state.started_at,
        uptime_seconds=_seconds_between(state.started_at, now) if running else None,
        health=state.health,
    )


def _seconds_between(start: Timestamp | None, end: Timestamp) -> float | None:
    if start is None:
        return None
    passed = dt.datetime.fromisoformat(end) - dt.datetime.fromisoformat(start)
    return max(0.0, round(passed.total_seconds(), 3))
