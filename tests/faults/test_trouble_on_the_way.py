"""Steps of a push's way fail, find the disk full or broken, or take their time: lci stays up (F020, F036, F042, F045).

Trouble of the machine is never called the project's failure; nothing acknowledged is lost; what serves goes on serving.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.faults.ledger import Push
from tests.faults.oracle import assert_sound
from tests.faults.system_calls import injected, needs_strace, push_and_fail
from tests.faults.world import SLOW_BUILD, World, run_world
from tests.whole.service import ENDED, WaitLoop

# Tried again until they are done: the build itself knows nothing of it.
INSISTED = (
    "store.queued_builds:before=raise,store.begin_build:before=enospc,proxy.publish:before=raise,"
    "store.end_deployment:before=enospc,store.finish_build:before=enospc"
)
# Tried once: what is left undone is done later, and the build knows nothing of it either.
LET_GO = "store.end_stage:before=enospc,logs.open.close:after=raise,proxy.drain:before=raise"
# The build starts once more, with the same id and number.
TRIED_AGAIN = {
    "F042-its log cannot be opened": "logs.open:before=enospc",
    "F042-its log cannot be written": "log.feed:before=enospc",
    "F042-there is no room for its source": "workspace.make:before:2=enospc",
    "F020-its source is refused after it was written": "source.checkout:after=raise",
    "F036-its container is made, and nobody is told": "docker.create:after=raise",
    "F036-its container runs, and nobody is told": "docker.start:after=raise",
    "F036-the candidate runs, and nobody is told": "docker.start:after:2=raise",
    "F020-its restart policy cannot be set": "engine.serve_for_good:before=raise",
    "F042-the switch cannot be committed": "store.commit_switch:before=enospc",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One lci that stays up through all of it."""
    with run_world(tmp_path_factory.mktemp("faults"), hurry=True) as world:
        world.add_project("shop")
        world.push("shop")
        world.add_project("slow", build_command=SLOW_BUILD)
        assert_sound(world)
        process = world.service.process
        yield world
        assert world.service.process is process
        assert process is not None
        assert process.poll() is None


def process_of(world: World) -> int:
    assert world.service.process is not None
    return world.service.process.pid


def succeeds(world: World, push: Push) -> None:
    build = ended(world, push)
    assert build["status"] == "Success", f"{build['failure']}\n" + "".join(world.service.stderr[-20:])
    assert push.project != "shop" or world.service.visit("/shop/index.html").text == push.text


def ended(world: World, push: Push) -> Any:
    """Return the push's one build when it has ended; visitors get the version before it, or it, at every moment."""
    assert push.builds is not None
    (build_id,) = push.builds
    known = {other.text for other in world.ledger.pushes}
    waiting = WaitLoop(f"build {build_id} to end")
    while (build := world.service.get(f"/api/builds/{build_id}"))["status"] not in ENDED:
        answer = world.service.visit("/shop/index.html")
        assert (answer.status_code, answer.text in known) == (200, True)
        waiting.again()
    return build


def wait_ready(world: World, status: int) -> str:
    """Return what `/readyz` tells as soon as it answers with that status."""
    waiting = WaitLoop(f"/readyz to be {status}", pause=0.02)
    while (answer := requests.get(f"{world.service.url}/readyz", timeout=10)).status_code != status:
        waiting.again()
    return answer.text


@pytest.mark.parametrize("points", [INSISTED, LET_GO], ids=["F042-insisted on", "F042-let go"])
def test_trouble_beside_a_build_is_nothing_to_it(world: World, points: str) -> None:
    world.arm(points)
    push = world.push("shop")
    build = ended(world, push)
    assert (build["status"], build["restarts"], build["infra_retries"]) == ("Success", 0, 0), build
    assert world.service.visit("/shop/index.html").text == push.text
    assert world.hits() == {each.partition("=")[0] for each in points.split(",")}


@pytest.mark.parametrize("point", TRIED_AGAIN.values(), ids=TRIED_AGAIN)
def test_a_build_that_meets_trouble_of_the_machine_starts_once_more(world: World, point: str) -> None:
    world.arm(point)
    push = world.push("shop")
    build = ended(world, push)
    assert (build["status"], build["restarts"], build["infra_retries"]) == ("Success", 0, 1), build
    assert world.service.visit("/shop/index.html").text == push.text


def test_trouble_that_stays_fails_the_build_as_the_machines(world: World) -> None:
    before = world.service.visit("/shop/index.html").text
    world.arm("docker.create:before=raise,docker.create:before:2=raise")
    build = ended(world, world.push("shop"))
    assert (build["status"], build["infra_retries"]) == ("Failed", 1)
    assert (build["failure"]["kind"], build["failure"]["code"]) == ("infra", "INJECTED")
    assert world.service.visit("/shop/index.html").text == before


def test_a_push_that_finds_the_disk_full_is_refused_and_taken_when_there_is_room(world: World) -> None:
    """F042: `/readyz` tells of it until a write succeeds."""
    world.arm(
        ",".join(["store.record_delivery:before=enospc", *(f"disk.prove:before:{n}=enospc" for n in range(1, 99))])
    )
    push = world.push("shop")
    assert push.builds is None
    assert "DISK_FULL" in wait_ready(world, 503)
    world.arm("")
    wait_ready(world, 200)
    world.deliver_unanswered()
    succeeds(world, push)


@needs_strace
@pytest.mark.parametrize("calls", ["fdatasync,fsync", "pwrite64,fsync"], ids=["F045-synced", "F045-written"])
def test_a_disk_that_fails_every_write_is_told_of_and_pushes_are_refused_until_it_works_again(
    world: World, calls: str
) -> None:
    serving = world.service.visit("/shop/index.html").text
    with injected(process_of(world), calls, "error=EIO"):
        push = world.push("shop")
        assert push.builds is None
        assert "DISK_IO" in wait_ready(world, 503)
        assert world.service.visit("/shop/index.html").text == serving
    wait_ready(world, 200)
    world.deliver_unanswered()
    succeeds(world, push)


@needs_strace
def test_writes_that_fail_under_a_build_are_never_called_the_projects_failure(world: World) -> None:
    """F045: `./scripts/faults --strace` goes through all of them."""
    assert push_and_fail(world, "shop", "pwrite64", 6)
    succeeds(world, world.push("shop"))


@needs_strace
def test_a_log_that_the_disk_does_not_take_fails_its_build_as_the_machines_and_no_other(world: World) -> None:
    number = len(world.service.get("/api/projects/slow/builds")["builds"]) + 1
    log = world.service.data_dir / "logs" / str(world.service.get("/api/projects/slow")["id"]) / f"{number}.log"
    log.parent.mkdir(exist_ok=True)
    log.touch(0o600)
    with injected(process_of(world), "write", "error=EIO", path=log):
        failed, push = world.push("slow"), world.push("shop")
        succeeds(world, push)
        build = ended(world, failed)
    assert (build["build_number"], build["status"], build["infra_retries"]) == (number, "Failed", 1)
    assert (build["failure"]["kind"], build["failure"]["code"]) == ("infra", "LOG_FAILED")


def test_a_source_that_takes_its_time_holds_up_nobody_else_and_can_be_cancelled(world: World) -> None:
    world.arm("source.checkout:before=delay:600")
    held = world.push("slow")
    assert held.builds is not None
    world.wait_hit("source.checkout:before")
    push = world.push("shop")
    succeeds(world, push)
    assert world.cancel(held.builds[0])
    assert world.service.wait_build(held.builds[0])["status"] == "Cancelled"


def test_a_container_that_is_made_late_is_removed_where_its_build_was_cancelled_meanwhile(world: World) -> None:
    world.arm("docker.create:after=delay:2")
    held = world.push("slow")
    assert held.builds is not None
    world.wait_hit("docker.create:after")
    assert world.cancel(held.builds[0])
    assert world.service.wait_build(held.builds[0])["status"] == "Cancelled"


def test_after_all_of_it_everything_agrees(world: World) -> None:
    world.arm("")
    assert_sound(world)
