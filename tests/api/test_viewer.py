"""Streams end with the session or token that opened them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio

from lci_app.api import viewer
from lci_app.api.ws import SIGNED_OUT
from tests.api.browsing import signed_in
from tests.api.http_client import open_events
from tests.api.rig import Rig
from tests.api.ws_client import connect


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer, "CHECK_SECONDS", 0.02)


async def test_a_connection_ends_when_its_token_is_removed(served: Rig) -> None:
    token, header = await served.a_token()
    async with connect(served, Authorization=header) as client:
        await client.expect("connected")
        await served.store.remove_token(token.id)
        assert await client.closed() == SIGNED_OUT


async def test_a_connection_ends_when_its_person_is_removed(served: Rig) -> None:
    await signed_in(served)
    browser = await signed_in(served, "bert")
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    async with connect(served, scope=None, Cookie=cookie, Origin=f"http://127.0.0.1:{served.port}") as client:
        await client.expect("connected")
        bert = await served.store.user_named("bert")
        assert bert is not None
        await served.store.remove_user(bert.id)
        assert await client.closed() == SIGNED_OUT


async def test_an_event_stream_ends_when_its_token_is_removed(served: Rig) -> None:
    token, header = await served.a_token()
    build = await served.a_build(await served.a_project())
    async with open_events(served, f"/api/builds/{build.id}/logs", Authorization=header) as events:
        await events.comment()
        await served.store.remove_token(token.id)
        with trio.fail_after(15):
            assert [event async for event in events] == []


async def test_a_stream_goes_on_while_its_session_is_valid(served: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = trio.Event()
    wait_gone = viewer.Viewer.wait_gone

    async def count(self: viewer.Viewer) -> None:
        again: Callable[[], Awaitable[object]] = self._again

        async def noted() -> object:
            caller = await again()
            assert caller is not None
            checked.set()
            return caller

        self._again = noted  # type: ignore[assignment]
        await wait_gone(self)

    monkeypatch.setattr(viewer.Viewer, "wait_gone", count)
    _, header = await served.a_token()
    async with connect(served, Authorization=header) as client:
        await client.expect("connected")
        with trio.fail_after(15):
            await checked.wait()
        await client.send(type="ping")
        await client.expect("pong")


async def test_a_handshake_with_a_cookie_says_its_origin(served: Rig) -> None:
    browser = await signed_in(served)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    with pytest.raises(BaseExceptionGroup) as refused:
        async with connect(served, scope=None, Cookie=cookie):
            raise AssertionError("let in")
    assert "403" in repr(refused.value)
