"""Following a build over a real WebSocket whose server does what the contract allows, and what networks do."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

import outcome
import pytest
import trio
from trio_websocket import WebSocketConnection, WebSocketRequest, serve_websocket

from lci_app.cli import follow as following
from lci_app.cli.client import Client, Service
from lci_app.cli.exits import CommandError, Exit
from lci_app.cli.follow import Line, Viewer, follow
from lci_app.cli.logs import follow_to_the_end
from lci_app.cli.screen import Screen
from lci_app.core.model import BuildStatus

Talk = Callable[[WebSocketConnection, dict[str, Any]], Awaitable[None]]


class Seen:
    """What a viewer was shown."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.events: list[dict[str, Any]] = []
        self.viewer = Viewer(lambda lines, _: self.lines.extend(lines), self.events.append)

    @property
    def numbers(self) -> list[int]:
        return [line[0] for line in self.lines]


@asynccontextmanager
async def talking(*talks: Talk) -> AsyncIterator[tuple[Service, list[dict[str, Any]]]]:
    """Serve connections by `talks`, one after the other, the last one again and again; yields the subscriptions."""
    subscriptions: list[dict[str, Any]] = []

    async def handle(request: WebSocketRequest) -> None:
        talk = talks[min(len(subscriptions), len(talks) - 1)]
        connection = await request.accept()
        subscriptions.append(json.loads(await connection.get_message()))
        await talk(connection, subscriptions[-1])

    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, handle, "127.0.0.1", 0, None)
        yield Service.at(f"http://127.0.0.1:{server.port}", "lci_secret"), subscriptions
        nursery.cancel_scope.cancel()


async def send(connection: WebSocketConnection, **message: Any) -> None:
    await connection.send_message(json.dumps({"timestamp": "2026-11-20T12:00:00.000Z", **message}))


async def send_lines(connection: WebSocketConnection, numbers: Sequence[int]) -> None:
    lines = [(number, "2026-11-20T12:00:00.000Z", "stdout", f"line {number}") for number in numbers]
    await send(connection, type="log_batch", build_id=7, lines=lines)


async def send_status(connection: WebSocketConnection, status: str, build_id: int = 7) -> None:
    await send(connection, type="build_status", build_id=build_id, status=status, previous_status=None)


async def whole_build(connection: WebSocketConnection, subscription: dict[str, Any]) -> None:
    await send(connection, type="connected", connection_id="c")
    await send(connection, type="subscribed", target="build", build_id=7, current_status="Building")
    await send_lines(connection, range(max(1, subscription["from_line"]), 6))
    await send_status(connection, "Deploying")
    await send_lines(connection, [6])
    await send_status(connection, "Success")
    await connection.aclose()


async def test_a_build_is_shown_line_by_line_until_it_has_ended():
    seen = Seen()
    async with talking(whole_build) as (service, subscriptions):
        assert await follow(service, 7, seen.viewer) is BuildStatus.SUCCESS
    assert seen.numbers == [1, 2, 3, 4, 5, 6]
    assert seen.lines[0][3] == "line 1"
    assert [event["status"] for event in seen.events] == ["Deploying", "Success"]
    assert subscriptions == [{"type": "subscribe", "target": "build", "build_id": 7, "from_line": 1, "batch": True}]


async def test_following_can_begin_in_the_middle():
    seen = Seen()
    async with talking(whole_build) as (service, _):
        await follow(service, 7, seen.viewer, first_line=4)
    assert seen.numbers == [4, 5, 6]


async def test_after_a_cut_it_goes_on_with_the_next_line_and_repeats_none():
    async def cut_after_three(connection: WebSocketConnection, _: dict[str, Any]) -> None:
        await send_lines(connection, [1, 2, 3])
        await connection.aclose(1001, "going away")

    async def one_line_too_early(connection: WebSocketConnection, subscription: dict[str, Any]) -> None:
        await send_lines(connection, [subscription["from_line"] - 1, subscription["from_line"]])
        await connection.aclose(1013)

    seen = Seen()
    async with talking(cut_after_three, one_line_too_early, whole_build) as (service, subscriptions):
        assert await follow(service, 7, seen.viewer) is BuildStatus.SUCCESS
    assert seen.numbers == [1, 2, 3, 4, 5, 6]
    assert [each["from_line"] for each in subscriptions] == [1, 4, 5]


async def test_a_gap_is_never_shown_but_asked_for_again():
    async def skips(connection: WebSocketConnection, _: dict[str, Any]) -> None:
        await send_lines(connection, [1])
        await send_lines(connection, [3])
        await trio.sleep_forever()

    seen = Seen()
    async with talking(skips, whole_build) as (service, subscriptions):
        await follow(service, 7, seen.viewer)
    assert seen.numbers == [1, 2, 3, 4, 5, 6]
    assert [each["from_line"] for each in subscriptions] == [1, 2]


async def test_being_told_that_it_lagged_changes_nothing_for_the_viewer():
    async def lags(connection: WebSocketConnection, subscription: dict[str, Any]) -> None:
        await send_lines(connection, [1, 2])
        await send(connection, type="lagged", build_id=7, next_line=3)
        await whole_build(connection, {**subscription, "from_line": 3})

    seen = Seen()
    async with talking(lags) as (service, _):
        await follow(service, 7, seen.viewer)
    assert seen.numbers == [1, 2, 3, 4, 5, 6]


async def test_another_builds_end_does_not_end_it():
    async def two_builds(connection: WebSocketConnection, _: dict[str, Any]) -> None:
        await send_status(connection, "Failed", build_id=8)
        await send_status(connection, "Cancelled")
        await connection.aclose()

    async with talking(two_builds) as (service, _):
        assert await follow(service, 7, Seen().viewer) is BuildStatus.CANCELLED


async def test_a_build_that_is_not_there_ends_with_3():
    async def knows_nothing(connection: WebSocketConnection, _: dict[str, Any]) -> None:
        await send(connection, type="error", code="RESOURCE_NOT_FOUND", message="there is no build 7")
        await trio.sleep_forever()

    async with talking(knows_nothing) as (service, _):
        with pytest.raises(CommandError, match="there is no build 7") as caught:
            await follow(service, 7, Seen().viewer)
    assert caught.value.exit_status is Exit.NOT_FOUND


async def test_a_refused_token_ends_with_4():
    async def refuse(request: WebSocketRequest) -> None:
        await request.reject(401)

    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, refuse, "127.0.0.1", 0, None)
        with pytest.raises(CommandError) as caught:
            await follow(Service.at(f"http://127.0.0.1:{server.port}", None), 7, Seen().viewer)
        nursery.cancel_scope.cancel()
    assert caught.value.exit_status is Exit.NOT_ALLOWED


async def test_a_service_that_stays_away_ends_with_6():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        service = Service.at(f"http://127.0.0.1:{closed.getsockname()[1]}", None)
        with pytest.raises(CommandError, match="no service answers") as caught:
            await follow(service, 7, Seen().viewer, give_up_after=0.3)
    assert caught.value.exit_status is Exit.UNREACHABLE


async def test_a_closed_output_is_no_cut_connection():
    def closed(_: Sequence[Line], __: Collection[int]) -> None:
        raise BrokenPipeError

    async with talking(whole_build) as (service, subscriptions):
        with pytest.raises(BrokenPipeError):
            await follow(service, 7, Viewer(closed, lambda _: None))
    assert len(subscriptions) == 1


def test_an_interrupt_meets_who_follows_whatever_task_runs_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the task that reads the socket it would come in a group, without the last words, or be lost."""

    async def interrupted(*_arguments: Any, **_options: Any) -> None:
        async def read() -> None:
            signal.raise_signal(signal.SIGINT)
            await trio.sleep_forever()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            result = await outcome.acapture(trio.sleep_forever)
            nursery.cancel_scope.cancel()
        result.unwrap()

    monkeypatch.setattr(following, "follow", interrupted)
    client = Client(Service.at("http://127.0.0.1:1", None))
    with pytest.raises(KeyboardInterrupt):
        follow_to_the_end(client, Screen(json=False, terminal=False, colour=False), {"id": 7}, timeout=30)
    assert "no longer following; the build goes on" in capsys.readouterr().err
