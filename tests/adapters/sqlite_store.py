"""A real store for tests, in threads or (where the clock is trio's own mock) inline."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import trio

from lci_app.adapters.sqlite import SqliteStore, open_store
from lci_app.adapters.vault import Key, Vault
from lci_app.core import names
from lci_app.core.model import Build, NewBuild, Trigger, Trust
from lci_app.core.project import Project
from lci_app.interfaces import Placed, Store
from tests.makers import new_project

T = TypeVar("T")

# Keys of all tests alike, so that one may open what another process has sealed.
SEALER = Vault(Path("secret.key"), [Key(bytes(range(32)))], given=True)

EARLY = "2026-01-02T03:04:05.000Z"
LATER = "2026-01-02T03:04:06.500Z"
LATEST = "2026-01-02T03:05:00.000Z"


async def run_inline(function: Callable[[], T], /, *, limiter: trio.CapacityLimiter) -> T:
    """Run it here: under `autojump_clock` a thread in flight counts as idle, and time would jump past it."""
    async with limiter:
        return function()


@asynccontextmanager
async def inline_store(directory: Path) -> AsyncIterator[SqliteStore]:
    """Open a store below a data directory, without threads."""
    async with open_store(directory / names.DATABASE, sealer=SEALER, at=EARLY, run_blocking=run_inline) as store:
        yield store


async def a_project(store: Store, name: str = "shop", *, number: int = 1, **settings: Any) -> Project:
    """Register a project with these settings."""
    project = await store.create_project(new_project(name, **settings), number=number, port_base=9000, at=EARLY)
    assert isinstance(project, Project)
    return project


def new_build(project: Project, *, priority: int = 0, **others: Any) -> NewBuild:
    """Return a push's build of that project, in the project's own queue."""
    given: dict[str, Any] = {
        "trigger": Trigger.WEBHOOK,
        "branch": "main",
        "queue_key": project.queue_key("main"),
        "trust": Trust.TRUSTED,
    }
    return NewBuild(project_id=project.id, priority=priority, **given | others)


def pull_request_build(project: Project, number: int = 7, **others: Any) -> NewBuild:
    """Return the build of a fork's pull request to that project."""
    given: dict[str, Any] = {
        "trigger": Trigger.PULL_REQUEST,
        "queue_key": project.pull_request_key("main", "c" * 40),
        "trust": Trust.UNTRUSTED,
        "commit_hash": "c" * 40,
        "pull_request": number,
        "needs_approval": True,
        "deploy": False,
    }
    return new_build(project, **given | others)


async def a_build(store: Store, project: Project, *, priority: int = 0, **others: Any) -> Build:
    """Queue a build of that project."""
    placed = await store.queue_build(new_build(project, priority=priority, **others), EARLY)
    assert isinstance(placed, Placed)
    return placed.build
