"""Builds are recorded, announced, and the scheduler is woken, in that order."""

from __future__ import annotations

from pathlib import Path

import trio

from lci_app.core.events import BuildStatusChanged
from lci_app.core.model import BuildStatus
from lci_app.interfaces import Placed
from lci_app.services.bell import Bell
from lci_app.services.build_queue import BuildQueue
from lci_app.services.results import NoSuchProject
from tests.adapters.sqlite_store import a_project, inline_store, new_build
from tests.doubles.clock import TrioClock
from tests.services.house import HubSpy


async def test_a_build_is_on_disk_told_and_rung_for(directory: Path) -> None:
    async with inline_store(directory) as store:
        clock = TrioClock()
        hub, bell = HubSpy(clock), Bell()
        queue = BuildQueue(store, hub, bell, clock)
        shop = await a_project(store)
        first, second = await queue.add(new_build(shop)), await queue.add(new_build(shop))
        assert isinstance(first, Placed)
        assert isinstance(second, Placed)
        assert (first.position, second.position) == (1, 2)
        assert [build.id for build in await store.queued_builds()] == [first.build.id, second.build.id]
        told = hub.of(BuildStatusChanged)
        assert [(each.build_id, each.status, each.previous_status) for each in told] == [
            (first.build.id, BuildStatus.QUEUED, None),
            (second.build.id, BuildStatus.QUEUED, None),
        ]
        with trio.fail_after(1):
            await bell.wait()


async def test_a_project_that_was_deleted_takes_no_build(directory: Path) -> None:
    async with inline_store(directory) as store:
        clock = TrioClock()
        hub = HubSpy(clock)
        shop = await a_project(store)
        await store.delete_project(shop.id)
        assert isinstance(await BuildQueue(store, hub, Bell(), clock).add(new_build(shop)), NoSuchProject)
        assert hub.published == []
