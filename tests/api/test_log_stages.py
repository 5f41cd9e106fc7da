from __future__ import annotations

from typing import Any

import pytest
import trio

from lci_app.core.model import Build, StageKind
from tests.api.rig import Rig, feed, log_of


async def begun(rig: Rig, build: Build, writer: Any, stage: str, lines: int) -> None:
    """Begin a stage as builds do, and write its lines."""
    await writer.begin_stage(stage)
    await feed(writer, f"first of {stage}\n")
    await trio.sleep(0.003)  # the clock of the stages must tick
    await rig.store.begin_stage(build.id, stage, StageKind.STEP, rig.clock.now())
    await feed(writer, "".join(f"{stage} {number}\n" for number in range(lines - 1)))


async def stages(rig: Rig, build: Build) -> list[tuple[str, int]]:
    found = (await rig.get(f"/api/builds/{build.id}/logs/stages")).data["stages"]
    return [(each["stage"], each["first_line"]) for each in found]


@pytest.mark.parametrize("lines", [1, 2, 700])
async def test_each_stage_has_the_line_it_begins_at(rig: Rig, lines: int) -> None:
    build = await rig.a_build(await rig.a_project())
    async with rig.logs.open(log_of(build)) as writer:
        for stage in ("source", "build", "deploy"):
            await begun(rig, build, writer, stage, lines)
        assert await stages(rig, build) == [("source", 1), ("build", lines + 1), ("deploy", 2 * lines + 1)]


async def test_a_stage_that_has_written_nothing_begins_after_the_last_line(rig: Rig) -> None:
    build = await rig.a_build(await rig.a_project())
    assert await stages(rig, build) == []
    async with rig.logs.open(log_of(build)) as writer:
        await begun(rig, build, writer, "source", 4)
        await trio.sleep(0.003)
        await rig.store.begin_stage(build.id, "build", StageKind.STEP, rig.clock.now())
        assert await stages(rig, build) == [("source", 1), ("build", 5)]
