"""The control channel: messages whole, descriptors with them, rubbish refused."""

from __future__ import annotations

import os
import socket

import pytest
import trio
import trio.testing

from lci_app.core.routing import Route, RouteTable, Upstream, table
from lci_app.proxy import control


@pytest.fixture
async def ends():
    left, right = trio.socket.socketpair()
    channels = control.Channel(left), control.Channel(right)
    yield channels
    for channel in channels:
        channel.close()


MESSAGES = [
    control.Configure(("10.0.0.0/8",), {"idle": 1.5}, refused=("10.213.0.0/17",)),
    control.Table.of(table(3, [Route("a", Upstream(1, "127.0.0.1", 9001), ("a.example",)), Route("b", None)])),
    control.Drain(7, 1.5),
    control.Count(),
    control.Shutdown(5.0, keep_idle=True),
    control.Hello(7),
    control.HandOver(),
    control.HandedOver(),
    control.Stopping(),
    control.Acknowledged(3),
    control.Draining(2),
    control.Drained(1, 1),
    control.Counters(connections=1, answers={"2xx": 1}),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.type)
async def test_a_message_arrives_as_it_was_sent(ends, message):
    here, there = ends
    await here.send(5, message)
    call, seen = await there.receive()
    assert call == 5
    assert type(seen) is type(message)
    assert control.encode(5, seen) == control.encode(5, message)


async def test_a_table_of_a_thousand_projects_arrives(ends):
    here, there = ends
    routed = table(1, [Route(f"p-{number}", Upstream(number, "127.0.0.1", 9000)) for number in range(1000)])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(here.send, 1, control.Table.of(routed))
        _, message = await there.receive()
    assert isinstance(message, control.Table)
    assert RouteTable.from_json(message.table) == routed


async def test_a_descriptor_comes_with_its_message(ends):
    here, there = ends
    with socket.create_server(("127.0.0.1", 0)) as listening:
        await here.send(1, control.Configure(), listening.fileno())
        await there.receive()
        descriptor = there.take_descriptor()
        assert descriptor is not None
        with socket.socket(fileno=descriptor) as copy:
            assert copy.getsockname() == listening.getsockname()
            assert not os.get_inheritable(descriptor)
    assert there.take_descriptor() is None


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"\xff", b'{"v": 2, "call": 1, "type": "count"}', b'{"v": 1, "call": 1, "type": "nope"}',
     b'{"v": 1, "type": "count"}', b'{"v": 1, "call": 1, "type": "drain"}'],
)  # fmt: skip
async def test_what_is_no_message_ends_the_channel(body):
    with pytest.raises(control.ControlLost):
        control.decode(body)


@pytest.mark.parametrize(
    "message",
    [control.Hello(2), control.HandOver(), control.HandedOver(), control.Shutdown(1.0), control.Stopping()],
    ids=lambda message: message.type,
)
def test_what_one_program_takes_over_from_another_with_is_understood_by_every_version(message, monkeypatch):
    encoded = control.encode(1, message)[4:]
    monkeypatch.setattr(control, "VERSION", 99)
    assert control.decode(encoded) == (1, message)
    with pytest.raises(control.ControlLost, match="version 0, this program 99"):
        control.decode(encoded.replace(message.type.encode(), b"count"))


def test_a_field_from_a_newer_program_is_left_out():
    assert control.decode(b'{"v": 1, "call": 1, "type": "count", "more": true}') == (1, control.Count())


async def test_an_end_in_the_middle_of_a_message_is_no_message():
    left, right = trio.socket.socketpair()
    channel = control.Channel(right)
    await left.send(control.encode(1, control.Count())[:-1])
    left.close()
    with pytest.raises(control.ControlLost):
        await channel.receive()
    channel.close()


async def test_an_announcement_of_too_much_is_refused():
    left, right = trio.socket.socketpair()
    channel = control.Channel(right)
    await left.send(b"\xff\xff\xff\xff")
    with pytest.raises(control.ControlLost):
        await channel.receive()
    channel.close()
    left.close()


async def test_a_cancelled_half_message_closes_the_channel(ends):
    here, there = ends
    huge = control.Table({"generation": 1, "routes": ["x" * 10_000_000]})
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(here.send, 1, huge)
            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()
    with pytest.raises(control.ControlLost):
        await here.send(2, control.Count())
    with pytest.raises(control.ControlLost):
        await there.receive()
