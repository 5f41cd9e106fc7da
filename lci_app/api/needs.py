"""What the API asks of the services, as protocols: it takes only what it uses, and `app` hands it in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from lci_app.api.shared_pages import SharedPages
from lci_app.core.events import Published
from lci_app.core.model import Build, Slot, SlotState
from lci_app.core.project import NewProject, Project, ProjectSecrets, ProjectSettings
from lci_app.core.readiness import Reason
from lci_app.core.traffic import Traffic
from lci_app.interfaces import (
    AsyncLines,
    Changed,
    Clock,
    DomainTaken,
    Gone,
    Isolation,
    Logs,
    NameTaken,
    Once,
    Placed,
    Store,
)
from lci_app.services.callers import Callers
from lci_app.services.detector import Looked, NotReached, Question
from lci_app.services.github_accounts import GitHubAccounts
from lci_app.services.people import People
from lci_app.services.results import (
    BuildFinished,
    BuildsQueued,
    Deleted,
    Invalid,
    NoSuchBuild,
    NoSuchProject,
    NothingRetained,
    NothingToApprove,
    SlotEmpty,
    WebhookAnswer,
)
from lci_app.services.sign_in import SignIn


class Intake(Protocol):
    async def deliver(
        self, *, event: str | None, delivery_id: str | None, signature: str | None, body: bytes, project: str | None
    ) -> WebhookAnswer: ...

    async def is_signed(self, *, signature: str | None, body: bytes) -> bool: ...


class Orders(Protocol):
    async def trigger(  # noqa: PLR0913 - what the call is given
        self,
        project: Project,
        *,
        commit_hash: str | None,
        branch: str | None,
        priority: int,
        deploy: bool | None,
        parameters: Mapping[str, str] | None,
        by: str,
        once: Once[Placed] | None,
    ) -> Placed | Invalid | NoSuchProject: ...

    async def rebuild(
        self, build_id: int, *, by: str, once: Once[Placed] | None
    ) -> Placed | NoSuchBuild | NoSuchProject | NothingRetained: ...

    async def rollback(
        self, project: Project, build_id: int | None, *, by: str, once: Once[Placed] | None
    ) -> Placed | NothingRetained | NoSuchBuild: ...

    async def build_delivery(
        self, row_id: int, *, by: str, once: Once[Sequence[Placed]] | None
    ) -> BuildsQueued | NoSuchProject | Invalid: ...


class Readiness(Protocol):
    @property
    def reasons(self) -> Sequence[Reason]:
        """What is wrong with what lci stands on, the worst first."""


class Scheduler(Protocol):
    async def cancel(self, build_id: int) -> Build | NoSuchBuild | BuildFinished: ...


class Approvals(Protocol):
    async def approve(
        self, build_id: int, *, commit_hash: str | None, by: str, once: Once[Build] | None
    ) -> Build | NoSuchBuild | BuildFinished | NothingToApprove: ...


class Projects(Protocol):
    async def create(self, new: NewProject, once: Once[Project] | None) -> Project | NameTaken | DomainTaken: ...

    async def update(
        self, project_id: int, settings: ProjectSettings, secrets: ProjectSecrets | None, if_revision: int | None
    ) -> Project | Gone | Changed | DomainTaken: ...

    async def delete(self, project: Project) -> Deleted: ...

    async def set_auto_deploy(self, project: Project, enabled: bool) -> Project | None: ...


class Runtime(Protocol):
    async def slots(self, project: Project) -> dict[Slot, SlotState]: ...

    async def switch(self, project: Project, slot: Slot) -> Project | SlotEmpty: ...

    async def restart(self, project: Project, slot: Slot | None) -> dict[Slot, SlotState] | SlotEmpty: ...

    async def stop(self, project: Project) -> dict[Slot, SlotState] | SlotEmpty: ...

    async def start(self, project: Project) -> dict[Slot, SlotState] | SlotEmpty: ...

    async def set_maintenance(self, project: Project, message: str | None) -> Project | None: ...

    async def tail(self, project: Project, slot: Slot | None, lines: int) -> list[str] | SlotEmpty: ...

    def follow(
        self, project: Project, slot: Slot | None, lines: int
    ) -> AbstractAsyncContextManager[AsyncLines | SlotEmpty]: ...


class Detector(Protocol):
    async def look(self, question: Question) -> Looked | NotReached: ...


class Secrets(Protocol):
    @property
    def key_is_given(self) -> bool: ...

    async def rotate_key(self) -> int:
        """Return how many values were sealed anew. Raises OutsideError."""


class Listener(Protocol):
    async def receive(self) -> Published:
        """Return the next event; raises services.hub.Overrun when the listener fell too far behind."""


class Hub(Protocol):
    def subscribe(self) -> AbstractContextManager[Listener]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the API is joined to. `docker_version` raises Trouble where no engine answers."""

    store: Store
    logs: Logs
    # What the viewers of logs share.
    pages: SharedPages
    clock: Clock
    hub: Hub
    intake: Intake
    orders: Orders
    scheduler: Scheduler
    approvals: Approvals
    projects: Projects
    runtime: Runtime
    people: People
    sign_in: SignIn
    callers: Callers
    github: GitHubAccounts
    docker_version: Callable[[], Awaitable[str]]
    traffic: Callable[[], Awaitable[Traffic]]
    isolation: Isolation
    readiness: Readiness
    secrets: Secrets
    detector: Detector
    # Whether a path of the host leads to what lci keeps for itself.
    is_own_path: Callable[[str], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses that people and GitHub use, without a slash at their end."""

    dashboard_url: str
    public_url: str

    def service(self, project_name: str) -> str:
        return f"{self.public_url}/{project_name}/"

    @property
    def webhook(self) -> str:
        return f"{self.dashboard_url}/webhook/github"
