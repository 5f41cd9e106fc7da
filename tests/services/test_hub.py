"""Who hears what, and what becomes of those who do not listen."""

from __future__ import annotations

import pytest
import trio

from lci_app.core.events import BuildStatusChanged, ContainerStatus
from lci_app.core.model import BuildStatus, Slot, SlotState
from lci_app.interfaces import StatusChange
from lci_app.services.hub import MAX_PENDING_EVENTS, Hub, Overrun
from tests.doubles.clock import TrioClock
from tests.makers import build


def a_change(number: int = 1) -> StatusChange:
    return StatusChange(build(number, status=BuildStatus.BUILDING), BuildStatus.QUEUED)


async def test_every_listener_hears_every_event_in_order() -> None:
    hub = Hub(TrioClock(), "http://public")
    with hub.subscribe() as one, hub.subscribe() as other:
        hub.build_queued(build(1))
        hub.build_changed(a_change(1))
        hub.container_changed(SlotState(1, Slot.BLUE, container_id="c1"), "Running")
        for listener in (one, other):
            queued, begun, running = [await listener.receive() for _ in range(3)]
            assert isinstance(queued, BuildStatusChanged)
            assert (queued.status, queued.previous_status) == (BuildStatus.QUEUED, None)
            assert isinstance(begun, BuildStatusChanged)
            assert (begun.status, begun.previous_status) == (BuildStatus.BUILDING, BuildStatus.QUEUED)
            assert isinstance(running, ContainerStatus)
            assert (running.slot, running.container_id, running.status) == (Slot.BLUE, "c1", "Running")


async def test_whoever_has_left_hears_nothing_more_and_is_forgotten() -> None:
    hub = Hub(TrioClock(), "http://public")
    with hub.subscribe() as listener:
        pass
    hub.build_queued(build())
    with pytest.raises(trio.ClosedResourceError):
        await listener.receive()
    assert hub._listeners == set()


async def test_a_listener_that_falls_too_far_behind_is_told_so_and_holds_up_nobody() -> None:
    hub = Hub(TrioClock(), "http://public")
    with hub.subscribe() as slow, hub.subscribe() as quick:
        for number in range(1, MAX_PENDING_EVENTS + 10):
            hub.build_changed(a_change(number))
            heard = await quick.receive()
            assert isinstance(heard, BuildStatusChanged)
            assert heard.build_id == number
        for _ in range(2):
            with pytest.raises(Overrun):
                await slow.receive()


async def test_a_listener_that_waits_learns_of_its_overrun_at_once() -> None:
    hub = Hub(TrioClock(), "http://public")
    with hub.subscribe() as listener:
        listener._send.close()
        with pytest.raises(Overrun):
            await listener.receive()
