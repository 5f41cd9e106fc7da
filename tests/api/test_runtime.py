from __future__ import annotations

import pytest

from lci_app.core.model import Build, Slot
from lci_app.core.project import Project
from tests.api.rig import ADDRESSES, Rig
from tests.doubles.api_services import running


async def deployed(rig: Rig, slot: Slot = Slot.BLUE) -> tuple[Project, Build]:
    """Return a project one of whose slots serves a build."""
    shop = await rig.a_project("shop")
    build = await rig.a_build(shop)
    await rig.store.set_slot(running(shop, slot, build, rig.clock.now()))
    flipped = await rig.store.commit_flip(shop.id, slot, {}, rig.clock.now())
    assert isinstance(flipped, Project)
    return flipped, build


async def test_the_status_shows_both_slots(rig: Rig) -> None:
    shop, build = await deployed(rig)
    status = (await rig.get("/api/projects/shop/status")).data
    assert status["active_slot"] == "Blue"
    assert status["public_url"] == f"{ADDRESSES.public_url}/shop/"
    blue = dict(status["blue"])
    assert blue.pop("uptime_seconds") >= 0
    assert blue.pop("started_at").endswith("Z")
    assert blue == {
        "status": "running",
        "port": shop.blue_port,
        "container_id": f"c{build.id}",
        "build_id": build.id,
        "build_number": 1,
        "commit_hash": build.commit_hash,
        "health": "healthy",
    }
    green = status["green"]
    assert (green["status"], green["port"], green["uptime_seconds"]) == ("empty", shop.green_port, None)


async def test_the_traffic_is_switched_to_the_other_running_slot(rig: Rig) -> None:
    shop, build = await deployed(rig)
    await rig.store.set_slot(running(shop, Slot.GREEN, build, rig.clock.now()))
    switched = await rig.post("/api/projects/shop/switch", {"target_slot": "Green"})
    assert (switched.status, switched.data["active_slot"]) == (200, "Green")


async def test_an_empty_slot_cannot_be_switched_to(rig: Rig) -> None:
    await deployed(rig)
    refused = await rig.post("/api/projects/shop/switch", {"target_slot": "Green"})
    assert (refused.status, refused.code) == (409, "SLOT_EMPTY")
    assert "rollback" in refused.json["error"]["message"]


@pytest.mark.parametrize("body", [{}, {"target_slot": "green"}, {"target_slot": None}, {"target_slot": "Red"}])
async def test_a_slot_is_blue_or_green(rig: Rig, body: object) -> None:
    await deployed(rig)
    refused = await rig.post("/api/projects/shop/switch", body)
    assert (refused.code, refused.details["field"]) == ("VALIDATION_ERROR", "target_slot")


@pytest.mark.parametrize("verb", ["restart", "stop", "start"])
async def test_a_container_is_restarted_stopped_and_started(rig: Rig, verb: str) -> None:
    await deployed(rig)
    answer = await rig.post(f"/api/projects/shop/{verb}")
    assert (answer.status, answer.data["active_slot"]) == (200, "Blue")


async def test_one_slot_can_be_restarted(rig: Rig) -> None:
    await deployed(rig)
    assert (await rig.post("/api/projects/shop/restart", {"slot": "Blue"})).status == 200
    assert (await rig.post("/api/projects/shop/restart", {"slot": "Green"})).code == "SLOT_EMPTY"


async def test_what_runs_nowhere_cannot_be_handled(rig: Rig) -> None:
    await rig.a_project("shop")
    for verb in ("restart", "stop", "start"):
        refused = await rig.post(f"/api/projects/shop/{verb}")
        assert (refused.status, refused.code) == (409, "SLOT_EMPTY")
    assert (await rig.get("/api/projects/shop/runtime-logs")).code == "SLOT_EMPTY"
    assert (await rig.get("/api/projects/shop/runtime-logs", Accept="text/event-stream")).code == "SLOT_EMPTY"


async def test_the_last_lines_of_a_container_are_shown(rig: Rig) -> None:
    await deployed(rig)
    assert (await rig.get("/api/projects/shop/runtime-logs")).data == {"lines": ["listening", "GET /"]}
    assert (await rig.get("/api/projects/shop/runtime-logs?tail=1&slot=Blue")).data == {"lines": ["GET /"]}
    assert (await rig.get("/api/projects/shop/runtime-logs?slot=Green")).code == "SLOT_EMPTY"
    assert (await rig.get("/api/projects/shop/runtime-logs?slot=blue")).details["field"] == "slot"
