"""That lists stay quick however long they grow: SQLite's own plan of each query that reads them."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path

import pytest

from lci_app.adapters.sqlite import SqliteStore, open_store
from lci_app.core import names
from lci_app.core.model import BuildStatus, Slot
from lci_app.interfaces import BuildFilter
from tests.adapters.sqlite_store import EARLY, SEALER, a_build, a_project
from tests.adapters.test_sqlite_deliveries import PUSH

PAGE = {"limit": 50, "offset": 0}


@pytest.fixture
async def store(tmp_path: Path):
    async with open_store(tmp_path / names.DATABASE, sealer=SEALER, at=EARLY) as store:
        yield store


async def plans(store: SqliteStore, call: Awaitable[object]) -> list[str]:
    """Return the steps of the plans of all SELECTs that a call makes."""
    connections = store._database._connections
    seen: list[str] = []
    for connection in (*connections.reading, connections.glancing):
        connection.set_trace_callback(seen.append)
    await call
    for connection in (*connections.reading, connections.glancing):
        connection.set_trace_callback(None)
    selects = [statement for statement in seen if statement.lstrip().startswith("SELECT")]
    assert selects
    planning = connections.glancing.execute
    return [row["detail"] for select in selects for row in planning(f"EXPLAIN QUERY PLAN {select}")]


def growing_scans(steps: list[str]) -> list[str]:
    """Return the steps that read or sort a whole table that grows with every push."""
    grows = ("b", "builds", "d", "deliveries", "deployments", "health_checks", "other", "self", "audit", "s")
    return [step for step in steps if "TEMP B-TREE" in step or any(step == f"SCAN {table}" for table in grows)]


async def test_no_list_reads_or_sorts_a_whole_table(store):
    project = await a_project(store)
    build = await a_build(store, project)
    await store.begin_deployment(build, Slot.BLUE, requested_by="x", at=EARLY)
    # The list of everything is read along the table itself, from its newest end.
    calls = {
        "builds of a project": store.builds(BuildFilter(project_id=project.id), **PAGE),
        "builds of a status": store.builds(BuildFilter(status=BuildStatus.FAILED), **PAGE),
        "builds of both": store.builds(BuildFilter(project_id=project.id, status=BuildStatus.FAILED), **PAGE),
        "older builds": store.builds(BuildFilter(project_id=project.id, before_id=9), **PAGE),
        "last builds": store.last_builds(),
        "queued builds": store.queued_builds(),
        "queue position": store.queue_position(build),
        "retained builds": store.retained_builds(project.id),
        "stages": store.stages(build.id),
        "deployments": store.deployments(project.id, **PAGE),
        "older deployments": store.deployments(project.id, before_id=9, **PAGE),
        "deployment of a build": store.deployment_of(build.id),
        "live deployment": store.live_deployment(project.id, Slot.BLUE),
        "a token": store.token("ab" * 32),
        "a session": store.session("ab" * 32, EARLY),
        "entries of a caller": store.audit(actor="user anna", **PAGE),
        "an earlier push": store.earlier_pushes(PUSH, [project.id]),
        "a build": store.build(build.id),
        "a project": store.project_by_name("shop"),
        "a remembered answer": store.remembered("key", since=EARLY),
    }
    assert {name: found for name, call in calls.items() if (found := growing_scans(await plans(store, call)))} == {}


async def test_running_builds_are_found_among_the_unfinished_ones(store):
    steps = await plans(store, store.running_builds())
    assert any("builds_unfinished" in step for step in steps)


async def test_a_removed_build_is_found_in_every_table_that_refers_to_it(store):
    tables = [
        name
        for (name,) in store._database._connections.glancing.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table'"
        )
    ]
    execute = store._database._connections.glancing.execute
    slow = []
    for table in tables:
        for reference in execute(f"PRAGMA foreign_key_list({table})").fetchall():
            (step, *_) = execute(f"EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {reference['from']} = 1").fetchall()
            if not step["detail"].startswith("SEARCH"):
                slow.append((table, reference["from"]))
    assert slow == []
