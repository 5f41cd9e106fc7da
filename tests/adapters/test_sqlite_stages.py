"""Stages: the steps of one run of a build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lci_app.adapters.sqlite import open_store
from lci_app.core import names
from lci_app.core.model import BuildStatus, StageKind, StageStatus
from lci_app.interfaces import Trouble
from tests.adapters.sqlite_store import EARLY, LATER, LATEST, SEALER, a_build, a_project


@pytest.fixture
async def store(tmp_path: Path):
    async with open_store(tmp_path / names.DATABASE, sealer=SEALER, at=EARLY) as store:
        yield store


async def test_stages_are_counted_in_their_order_and_end_once(store):
    build = await a_build(store, await a_project(store))
    await store.begin_build(build.id, EARLY)
    source = await store.begin_stage(build.id, "source", StageKind.SOURCE, EARLY)
    ended = await store.end_stage(source, StageStatus.SUCCESS, None, LATER)
    assert ended == replace(source, ordinal=1, status=StageStatus.SUCCESS, finished_at=LATER, duration_seconds=1.5)
    assert await store.end_stage(source, StageStatus.FAILED, "late", LATEST) == ended
    step = await store.begin_stage(build.id, "build", StageKind.STEP, LATER)
    assert (step.ordinal, step.status, step.started_at) == (2, StageStatus.RUNNING, LATER)
    assert await store.stages(build.id) == [ended, step]


@pytest.mark.parametrize(
    ("end", "stage_end"),
    [
        (BuildStatus.SUCCESS, StageStatus.SUCCESS),
        (BuildStatus.FAILED, StageStatus.FAILED),
        (BuildStatus.CANCELLED, StageStatus.CANCELLED),
    ],
)
async def test_a_stage_that_still_runs_ends_with_its_build(store, end, stage_end):
    build = await a_build(store, await a_project(store))
    await store.begin_build(build.id, EARLY)
    done = await store.begin_stage(build.id, "source", StageKind.SOURCE, EARLY)
    done = await store.end_stage(done, StageStatus.SUCCESS, None, LATER)
    step = await store.begin_stage(build.id, "build", StageKind.STEP, LATER)
    await store.finish_build(build.id, end, failure=None, log_lines=0, at=LATEST)
    assert await store.stages(build.id) == [
        done,
        replace(step, status=stage_end, finished_at=LATEST, duration_seconds=53.5),
    ]


async def test_stages_of_a_removed_build_are_trouble_to_begin_and_nothing_to_end(store):
    project = await a_project(store)
    build = await a_build(store, project)
    stage = await store.begin_stage(build.id, "source", StageKind.SOURCE, EARLY)
    await store.delete_project(project.id)
    with pytest.raises(Trouble) as caught:
        await store.begin_stage(build.id, "build", StageKind.STEP, LATER)
    assert caught.value.code == "ROW_GONE"
    assert (await store.end_stage(stage, StageStatus.FAILED, "gone", LATER)).status is StageStatus.FAILED
