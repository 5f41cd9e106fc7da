"""lci is killed on a push's way from the webhook to what its build leaves; it comes back, and everything agrees.

The numbers are those of the failure catalogue: F001 is killed before the delivery is committed, F002 before it is
answered, F003 with a queue, F004 while the source is fetched, F005 and F006 while the container is made, F007 while the
build runs, F008 when it has ended, F009 when its output is there, F089 while it is cancelled.
"""

from __future__ import annotations

import pytest

from lci_app.services.reconciler import MAX_RESTARTS
from tests.faults.oracle import Facts, assert_sound
from tests.faults.system_calls import needs_strace, push_and_kill
from tests.faults.world import SLOW_BUILD, World

PUSH = {
    "F001-before the delivery is committed": "store.record_delivery:before",
    "F002-before the delivery is answered": "store.record_delivery:after",
    "F003-the queue was read": "store.queued_builds:after",
    "F003-its log is open": "logs.open:after",
    "F003-it is Building": "store.begin_build:after",
    "F004-the tree is written": "source.checkout:after",
    "F004-its settings are stored": "store.set_effective:after",
    "F005-its network is made": "docker.project_network:after",
    "F006-the container is made": "docker.create:after",
    "F006-it is attached to": "docker.open_attached:after",
    "F006-the container runs": "docker.start:after",
    "F008-its container is removed": "engine.run_attached:after",
    "F009-its stage has ended": "store.end_stage:after:2",
}
RUNNING = {
    "F007-its first output": "log.feed:before",
    "F007-in the middle of its output": "log.feed:after:4",
}
CANCEL = {
    "F089-before the cancellation is committed": "store.request_cancel:before",
    "F089-the cancellation is committed": "store.request_cancel:after",
    "F089-its container is removed": "docker.remove:after",
    "F089-it is Cancelled": "store.finish_build:after",
}

# The n-th such call of a thread. `./scripts/faults --strace` goes through all of them.
SYSTEM_CALLS = {
    "F003-the disk is to keep a commit": ("fdatasync", 4),
    "F006-the engine is asked": ("sendto", 10),
    "F009-something is removed": ("unlinkat", 1),
}


@pytest.fixture(scope="module", autouse=True)
def projects(world: World) -> None:
    world.add_project("shop")
    world.add_project("slow", build_command=SLOW_BUILD)


@pytest.mark.parametrize("point", PUSH.values(), ids=PUSH)
def test_a_push_gets_its_one_build_in_spite_of_a_kill(world: World, point: str) -> None:
    world.arm(f"{point}=kill")
    push = world.push("shop")
    world.wait_killed()
    world.restart()
    assert_sound(world)
    assert push.builds is not None
    assert world.service.visit("/shop/index.html").text == push.text


@needs_strace
@pytest.mark.parametrize(("call", "nth"), SYSTEM_CALLS.values(), ids=SYSTEM_CALLS)
def test_a_push_gets_its_one_build_though_lci_is_killed_at_a_system_call(world: World, call: str, nth: int) -> None:
    assert push_and_kill(world, "shop", call, nth)
    world.restart()
    assert_sound(world)
    assert world.service.visit("/shop/index.html").text == world.ledger.pushes[-1].text


@pytest.mark.parametrize("point", RUNNING.values(), ids=RUNNING)
def test_what_a_build_printed_is_neither_lost_nor_repeated_by_a_kill(world: World, point: str) -> None:
    world.arm(f"{point}=kill")
    push = world.push("slow")
    world.wait_killed()
    world.restart()
    assert_sound(world)
    assert push.builds is not None
    assert world.service.get(f"/api/builds/{push.builds[0]}")["status"] == "Success"


@pytest.mark.parametrize("point", CANCEL.values(), ids=CANCEL)
def test_a_cancellation_wins_or_loses_whole(world: World, point: str) -> None:
    push = world.push("slow")
    assert push.builds is not None
    world.wait_running(push.builds[0])
    world.arm(f"{point}=kill")
    accepted = world.cancel(push.builds[0])
    world.wait_killed()
    world.restart()
    assert_sound(world)
    status = world.service.get(f"/api/builds/{push.builds[0]}")["status"]
    if accepted or point != "store.request_cancel:before":
        assert status == "Cancelled"
    else:
        assert status == "Success"


def test_a_queue_keeps_its_order_through_a_kill(world: World) -> None:
    """F003: several wait, one runs."""
    pushes = [world.push("slow") for _ in range(3)]
    assert pushes[0].builds is not None
    world.service.wait_build(pushes[0].builds[0], "Building")
    world.service.kill()
    world.restart()
    assert_sound(world)
    built = [build["id"] for build in Facts(world).builds][-3:]
    assert [push.builds for push in pushes] == [[each] for each in built]
    assert world.service.visit("/slow/index.html").text == pushes[-1].text


def test_a_build_during_which_lci_is_killed_again_and_again_ends_and_the_next_goes_on(world: World) -> None:
    """F015: it may well be the build that ends lci."""
    world.arm("source.checkout:before=delay:600")
    ending, waiting = world.push("shop"), world.push("shop")
    assert ending.builds is not None
    assert waiting.builds is not None
    world.wait_hit("source.checkout:before")
    world.service.kill()
    world.arm("source.checkout:before=kill")
    for _ in range(MAX_RESTARTS):
        world.start_to_be_killed()
    world.restart()
    assert_sound(world)
    ended = world.service.get(f"/api/builds/{ending.builds[0]}")
    assert (ended["status"], ended["restarts"], ended["failure"]["kind"]) == ("Failed", 10, "infra")
    assert ended["failure"]["code"] == "TOO_MANY_RESTARTS"
    assert world.service.get(f"/api/builds/{waiting.builds[0]}")["status"] == "Success"
    assert world.service.visit("/shop/index.html").text == waiting.text
