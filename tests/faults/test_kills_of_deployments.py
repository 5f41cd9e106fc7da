"""lci is killed at every step of a deployment, a rollback, a removal, and of its own start; everything agrees after it.

The numbers are those of the failure catalogue: F010 is killed before the candidate is proved healthy, F011 before the
switch is committed, F012 before the proxy is told, F013 before the old version is gone, F014 during a rollback or the
removal of a project, F015 while it starts.
"""

from __future__ import annotations

import pytest

from tests.faults.oracle import assert_sound
from tests.faults.world import World

DEPLOYMENT = {
    "F010-it is Deploying": "store.begin_deploying:after",
    "F010-the deployment is recorded": "store.begin_deployment:after",
    "F010-the candidate is made": "docker.create:after:2",
    "F010-the candidate runs": "docker.start:after:2",
    "F010-the candidate is recorded": "store.set_slot:after:2",
    "F011-it is healthy": "store.add_health_check:before",
    "F011-its restart policy is set": "engine.serve_for_good:after",
    "F011-before the switch is committed": "store.commit_switch:before",
    "F012-the switch is committed": "store.commit_switch:after",
    "F013-the proxy is told": "proxy.publish:after",
    "F013-the old version has drained": "proxy.drain:after",
    "F013-the old version's receipt is kept": "store.record_receipt:after",
    "F013-the deployment has ended": "store.end_deployment:after",
    "F013-the build has ended": "store.finish_build:after",
    "F013-something is swept": "workspace.remove:after:2",
}
ROLLBACK = {
    "F014-before the rollback is queued": "store.queue_build:before",
    "F014-the rollback is queued": "store.queue_build:after",
    "F014-before the switch is committed": "store.commit_switch:before",
    "F014-the switch is committed": "store.commit_switch:after",
}
REMOVAL = {
    "F014-it is stopped": "store.set_stopped:after",
    "F014-its container is removed": "engine.remove:after",
    "F014-its networks are removed": "engine.remove_networks:after",
    "F014-its files are removed": "workspace.remove:after:2",
    "F014-its rows are removed": "store.delete_project:after",
}
# Where the one before it was killed, and where it is.
START = {
    "F015-the build is queued again": ("source.checkout:after", "store.requeue_build:after"),
    "F015-it is counted that the build goes on": ("docker.start:after", "store.note_restart:after"),
    "F015-before the engine is compared": ("docker.start:after", "engine.list_ours:before"),
    "F015-what is left is removed": ("docker.start:after", "docker.remove:after"),
    "F015-networks are looked through": ("source.checkout:after", "engine.keep_networks:after"),
}


@pytest.fixture(scope="module", autouse=True)
def projects(world: World) -> None:
    world.add_project("shop")
    world.push("shop")
    assert_sound(world)


@pytest.mark.parametrize("point", DEPLOYMENT.values(), ids=DEPLOYMENT)
def test_a_deployment_is_finished_or_begun_again_after_a_kill(world: World, point: str) -> None:
    world.arm(f"{point}=kill")
    push = world.push("shop")
    world.wait_killed()
    world.restart()
    assert_sound(world)
    assert world.service.visit("/shop/index.html").text == push.text


@pytest.fixture(scope="module")
def kept(world: World) -> list[tuple[int, str]]:
    """Two kept builds of a project, and what they serve."""
    world.add_project("back")
    pushes = []
    for _ in range(2):
        pushes.append(world.push("back"))
        assert_sound(world)
    return [(push.builds[0], push.text) for push in pushes if push.builds]


@pytest.mark.parametrize("point", ROLLBACK.values(), ids=ROLLBACK)
def test_a_rollback_that_was_answered_is_done_in_spite_of_a_kill(
    world: World, kept: list[tuple[int, str]], point: str
) -> None:
    kept.reverse()
    build, text = kept[0]
    serving = world.service.visit("/back/index.html").text
    world.arm(f"{point}=kill")
    ordered = world.order("/api/projects/back/rollback", {"build_id": build})
    world.wait_killed()
    world.restart()
    assert_sound(world)
    served = world.service.visit("/back/index.html").text
    assert served == text if ordered is not None else served in {text, serving}


@pytest.mark.parametrize("point", REMOVAL.values(), ids=REMOVAL)
def test_a_project_that_was_half_removed_can_be_removed_after_a_kill(world: World, point: str) -> None:
    if "gone" not in world.projects():
        world.add_project("gone")
        world.push("gone")
        assert_sound(world)
    world.arm(f"{point}=kill")
    assert not world.remove_project("gone")
    world.wait_killed()
    world.restart()
    if "gone" in world.projects():
        assert world.remove_project("gone")
    assert_sound(world)
    assert world.service.visit("/gone/index.html").status_code == 404


@pytest.mark.parametrize(("before", "point"), START.values(), ids=START)
def test_a_start_that_was_killed_is_started_again(world: World, before: str, point: str) -> None:
    world.arm(f"{before}=kill")
    push = world.push("shop")
    world.wait_killed()
    world.arm(f"{point}=kill")
    world.start_to_be_killed()
    world.restart()
    assert_sound(world)
    assert world.service.visit("/shop/index.html").text == push.text
