"""A version on its way into the idle slot: what it is, and what is known of it so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lci_app.core.model import Build, Deployment, Health, HealthAttempt, Slot, SlotState, SlotStatus
from lci_app.core.project import Project, ProjectSettings
from lci_app.interfaces import LogWriter
from lci_app.services.routes import UPSTREAM_HOST
from lci_app.services.secrets import Delivery


@dataclass(frozen=True, slots=True)
class DeployOrder:
    """One version to put live: what it runs by, and the output it runs from.

    `addresses`: the settings by which it is reached that its repository gives; they are stored when it goes live.
    `delivery`: the secrets that it gets.
    """

    build: Build
    settings: ProjectSettings
    output: Path
    log: LogWriter = field(repr=False)
    addresses: Mapping[str, Any] = field(default_factory=dict)
    delivery: Delivery = field(default_factory=Delivery, repr=False)


@dataclass
class Candidate:
    """One rollout under way."""

    order: DeployOrder
    project: Project
    deployment: Deployment
    container_id: str | None = None
    started: float = 0.0
    started_at: str | None = None
    attempts: list[HealthAttempt] = field(default_factory=list)
    # What served before; known from the commit on.
    old: SlotState | None = None
    committed: bool = False

    @property
    def slot(self) -> Slot:
        return self.deployment.slot

    @property
    def url(self) -> str:
        return f"http://{UPSTREAM_HOST}:{self.project.port(self.slot)}{self.order.settings.health_check_url}"

    def state(self, status: SlotStatus, health: Health) -> SlotState:
        build = self.order.build
        return SlotState(
            self.project.id,
            self.slot,
            status,
            port=self.project.port(self.slot),
            container_id=self.container_id,
            build_id=build.id,
            build_number=build.build_number,
            commit_hash=build.commit_hash,
            started_at=self.started_at,
            health=health,
            deployment_id=self.deployment.id,
        )
