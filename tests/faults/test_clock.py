"""The wall clock jumps under a running lci (F054): nothing times out for it, nothing is swept, builds go on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.oracle import assert_sound, judge, wait_quiet
from tests.faults.world import SLOW_BUILD, World
from tests.git_server import run_git_server
from tests.whole.service import SOURCE_PROGRAM, Service, end_workers, remove_containers

LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed: `apt-get install faketime`")


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """The file that says how far the wall clock is off."""
    path = tmp_path / "clock"
    path.write_text("+0")
    return path


@pytest.fixture
def world(tmp_path: Path, clock: Path) -> Iterator[World]:
    environment = {
        **os.environ,
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        # As of a real clock that is set: durations go on being measured.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    service = Service(tmp_path / "data", program=SOURCE_PROGRAM, environment=environment)
    with run_git_server(tmp_path / "git") as git:
        try:
            service.start()
            yield World(service, git, tmp_path / "failpoint")
        finally:
            if service.process is not None:
                service.stop()
            end_workers(service.data_dir)
            remove_containers(service.data_dir)


def set_clock(clock: Path, offset: str) -> None:
    fresh = clock.with_suffix(".new")
    fresh.write_text(offset)
    fresh.rename(clock)


@pytest.mark.parametrize("jump", ["+10d", "-1d"], ids=["F054-ten days on", "F054-a day back"])
def test_a_jump_of_the_wall_clock_ends_and_removes_nothing(world: World, clock: Path, jump: str) -> None:
    world.add_project("shop")
    world.push("shop")
    assert_sound(world)
    first = {each["id"] for each in world.service.get("/api/projects/shop/builds")["builds"]}
    world.add_project("slow", build_command=SLOW_BUILD)
    running = world.push("slow")
    assert running.builds is not None
    world.wait_running(running.builds[0])
    set_clock(clock, jump)
    latest = world.push("shop")
    assert latest.builds is not None
    for build in (running.builds[0], latest.builds[0]):
        ended = world.service.wait_build(build)
        assert ended["status"] == "Success", ended
    wait_quiet(world)
    # By the wall clock what came later began earlier: that alone may be.
    assert judge(world, but="order:") == []
    assert first < {each["id"] for each in world.service.get("/api/projects/shop/builds")["builds"]}
    assert world.service.visit("/shop/index.html").text == latest.text
