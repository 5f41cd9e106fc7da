"""What the services need from the store.

Each writing method is one transaction, durable when it returns. Expected refusals are values. Methods that change a
build's status return the change, or None where the build had ended already or the change may not follow
(`core.lifecycle`): what has ended never changes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from lci_app.core.model import (
    Build,
    BuildStatus,
    Deployment,
    DeploymentOutcome,
    Failure,
    HealthAttempt,
    JsonObject,
    NewBuild,
    Slot,
    SlotState,
    Stage,
    StageKind,
    StageStatus,
    Timestamp,
)
from lci_app.core.project import NewProject, Project, ProjectSecrets, ProjectSettings
from lci_app.interfaces.accounts import AccountStore
from lci_app.interfaces.deliveries import DeliveryStore
from lci_app.interfaces.registries import RegistryStore
from lci_app.interfaces.repeats import Once, RememberedAnswer
from lci_app.interfaces.sealing import Gone, SecretStore


@dataclass(frozen=True, slots=True)
class NameTaken:
    name: str


@dataclass(frozen=True, slots=True)
class DomainTaken:
    domain: str
    by_project: str


@dataclass(frozen=True, slots=True)
class PortsTaken:
    """Another project took that pair of ports in the meantime: choose the next."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Somebody else changed the project since: its revision is now this."""

    revision: int


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A build whose status has just changed (or been set again) and the status it had before."""

    build: Build
    previous: BuildStatus


class Requeue(StrEnum):
    """Why a build goes back to the queue; each reason is counted apart."""

    RESTART = "restart"
    INFRA = "infra"
    # Nothing was left to go on with after a restart, which is counted already.
    NOTHING_LEFT = "nothing left"


@dataclass(frozen=True, slots=True)
class BuildFilter:
    """Builds that fit all of it. `project_ids` None: of any project."""

    project_id: int | None = None
    project_ids: frozenset[int] | None = None
    status: BuildStatus | None = None
    before_id: int | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A build and its place in its queue: 1 is next. None: it waits for no turn."""

    build: Build
    position: int | None


class Store(AccountStore, DeliveryStore, SecretStore, RegistryStore, Protocol):
    # --- settings
    async def setting(self, name: str) -> str | None: ...

    async def setting_or_create(self, name: str, value: str) -> str:
        """Return the setting; where it is not set, set it to `value` first."""

    async def set_setting(self, name: str, value: str) -> None: ...

    async def set_settings(self, values: Mapping[str, str], *, shut_out: Collection[int] = ()) -> None:
        """Set several at once, and end every session and token of these people, who stay registered."""

    # --- projects
    async def create_project(
        self, new: NewProject, *, number: int, port_base: int, at: Timestamp, once: Once[Project] | None = None
    ) -> Project | NameTaken | DomainTaken | PortsTaken:
        """Register a project with port pair `number` (from 1): port_base + (number-1)*10 + 1 and + 2."""

    async def port_numbers(self) -> frozenset[int]:
        """Return the pair numbers that projects hold."""

    async def project(self, project_id: int) -> Project | None: ...

    async def project_by_name(self, name: str) -> Project | None: ...

    async def projects(self, *, limit: int | None = None, offset: int = 0) -> tuple[int, list[Project]]:
        """Return the number of all projects, and those asked for, by name."""

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

    async def project_secrets(self, project_id: int) -> ProjectSecrets: ...

    async def webhook_secrets(self) -> dict[int, str]:
        """Return the webhook secret of each project that has its own, by project id."""

    async def delete_project(self, project_id: int) -> int:
        """Remove a project and every row of it; returns how many builds went. Its port pair is free again."""

    async def set_auto_deploy(self, project_id: int, enabled: bool, at: Timestamp) -> Project | None: ...

    async def set_stopped(self, project_id: int, stopped: bool, at: Timestamp) -> Project | None: ...

    async def set_maintenance(self, project_id: int, message: str | None, at: Timestamp) -> Project | None: ...

    # --- slots
    async def slots(self, project_id: int) -> dict[Slot, SlotState]:
        """Return both slots; one that was never used is `empty`, with its port."""

    async def all_slots(self) -> list[SlotState]: ...

    async def set_slot(self, state: SlotState) -> None: ...

    # --- builds
    async def queue_build(self, new: NewBuild, at: Timestamp, *, once: Once[Placed] | None = None) -> Placed | Gone:
        """Queue a build; a rollback turns its project's automatic deployment off."""

    async def queue_builds(
        self, news: Sequence[NewBuild], at: Timestamp, *, once: Once[Sequence[Placed]] | None = None
    ) -> Sequence[Placed]:
        """Queue several builds at once, but for those of projects that are gone."""

    async def build(self, build_id: int) -> Build | None: ...

    async def builds(self, wanted: BuildFilter, *, limit: int, offset: int) -> tuple[int, list[Build]]:
        """Return the number of all builds that fit, and those asked for, newest first."""

    async def last_builds(self) -> dict[int, Build]:
        """Return the newest build of each project, by project id."""

    async def queued_builds(self) -> list[Build]:
        """Return what waits, in the order in which it starts: priority, then id."""

    async def running_builds(self) -> list[Build]: ...

    async def queue_position(self, build: Build) -> int | None:
        """Return how many of its key start before it, running ones included, plus 1; None when it waits for no turn:
        it is not queued, or waits for something else first."""

    async def begin_build(self, build_id: int, at: Timestamp) -> StatusChange | None:
        """Queued → Building; None also while it waits for something else than its turn."""

    async def approve_build(
        self, build_id: int, by: str, at: Timestamp, *, once: Once[Build] | None = None
    ) -> Build | None:
        """Approve the commit of a build that waits for that; None where it does not."""

    async def set_commit(self, build_id: int, commit_hash: str, message: str, author: str) -> Build | None: ...

    async def set_effective(self, build_id: int, effective: JsonObject, *, deploy: bool) -> None: ...

    async def begin_deploying(self, build_id: int) -> StatusChange | None:
        """Building → Deploying; None also when its cancellation was asked for."""

    async def request_cancel(self, build_id: int, at: Timestamp) -> StatusChange | None:
        """A queued build is Cancelled at once; a running one is marked, if its deployment has not switched yet."""

    async def finish_build(
        self, build_id: int, status: BuildStatus, *, failure: Failure | None, log_lines: int, at: Timestamp
    ) -> StatusChange | None:
        """End it; stages still running end with it. Success sets `retained` where it is trusted, and `deployed_slot`
        if it switched."""

    async def note_restart(self, build_id: int) -> None:
        """Count that lci was restarted while it ran, and that it goes on."""

    async def requeue_build(
        self, build_id: int, why: Requeue, *, failure: Failure | None = None
    ) -> StatusChange | None:
        """Back to Queued with the same id and number; its stages are forgotten, the reason's counter grows."""

    async def retained_builds(self, project_id: int) -> list[Build]:
        """Return the successful builds whose output is kept, newest first."""

    async def forget_output(self, build_id: int) -> None:
        """Note that output/BUILD_ID is no longer kept."""

    # --- stages
    async def begin_stage(self, build_id: int, name: str, kind: StageKind, at: Timestamp) -> Stage: ...

    async def end_stage(self, stage: Stage, status: StageStatus, error: str | None, at: Timestamp) -> Stage: ...

    async def stages(self, build_id: int) -> list[Stage]: ...

    # --- deployments
    async def begin_deployment(self, build: Build, slot: Slot, *, requested_by: str, at: Timestamp) -> Deployment: ...

    async def add_health_check(self, deployment_id: int, attempt: HealthAttempt) -> None:
        """Keep one attempt; the build's `health_check_attempts` counts it too."""

    async def commit_switch(
        self, deployment_id: int, state: SlotState, addresses: JsonObject, at: Timestamp
    ) -> Project | DomainTaken | None:
        """The switch: the slot is active and `running`, the project not stopped, the other slot `draining` if it held
        a container, and the settings of `addresses` are the project's. DomainTaken, and nothing changed, where one of
        them is another project's; None, and nothing changed, when the build's cancellation was asked for or it has
        ended."""

    async def commit_flip(
        self, project_id: int, slot: Slot, addresses: JsonObject, at: Timestamp
    ) -> Project | DomainTaken | None:
        """Make a slot that is `running` and healthy the active one, with its `addresses`, without a build.

        None, and nothing changed, where it is not."""

    async def end_deployment(
        self,
        deployment_id: int,
        outcome: DeploymentOutcome,
        *,
        reason: str,
        container_log: Sequence[str] = (),
        at: Timestamp,
    ) -> None: ...

    async def record_receipt(self, deployment_id: int, receipt: JsonObject) -> None: ...

    async def unfinished_deployments(self) -> list[Deployment]: ...

    async def deployments(
        self, project_id: int, *, limit: int, offset: int, before_id: int | None = None
    ) -> tuple[int, list[Deployment]]: ...

    async def deployment_of(self, build_id: int) -> Deployment | None:
        """Return the newest deployment of a build."""

    async def live_deployment(self, project_id: int, slot: Slot) -> Deployment | None:
        """Return the newest deployment that switched to that slot (its id is the route's upstream id)."""

    # --- answers to idempotency keys
    async def remembered(self, key: str, *, since: Timestamp) -> RememberedAnswer | None: ...

    async def remember(
        self, key: str, answer: RememberedAnswer, *, at: Timestamp, forget_before: Timestamp
    ) -> None: ...
