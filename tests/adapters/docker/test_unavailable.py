"""An engine that is not there, or does not answer, is Trouble: soon, and in words that help."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from lci_app.adapters.docker import open_engine
from lci_app.interfaces import Engine, Trouble
from tests.docker_fixtures import SpecMaker
from tests.engine_link import open_engine_link

SECONDS = 0.5


async def every_call(engine: Engine, make_spec: SpecMaker) -> list[Callable[[], Awaitable[object]]]:
    async def progress(_line: str) -> None:
        return

    async def on_started(_container_id: str) -> None:
        return

    async def follow() -> None:
        async with engine.follow("0123456789ab", 1):
            pass

    return [
        engine.version,
        engine.list_ours,
        follow,
        lambda: engine.ensure_image("x:1", always_pull=False, progress=progress),
        lambda: engine.run_attached(make_spec("true"), on_output=lambda *_: None, on_started=on_started),
        lambda: engine.start(make_spec("true")),
        lambda: engine.inspect("0123456789ab"),
        lambda: engine.tail("0123456789ab", 1),
        lambda: engine.stop("0123456789ab"),
        lambda: engine.remove("0123456789ab"),
        lambda: engine.restart("0123456789ab"),
        lambda: engine.start_again("0123456789ab"),
        lambda: engine.serve_for_good("0123456789ab"),
    ]


@asynccontextmanager
async def open_server(path: Path, answer: bytes | None) -> AsyncIterator[str]:
    """Serve a Unix socket that answers everything with these bytes, or takes connections and says nothing."""

    async def handle(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            if answer is None:
                await trio.sleep_forever()
            else:
                await stream.send_all(answer)

    with trio.socket.socket(trio.socket.AF_UNIX, trio.socket.SOCK_STREAM) as listener:
        await listener.bind(str(path))
        listener.listen()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, handle, [trio.SocketListener(listener)])
            yield f"unix://{path}"
            nursery.cancel_scope.cancel()


async def assert_all_are_trouble(address: str, make_spec: SpecMaker, words: str) -> None:
    async with open_engine(address, "instance", call_seconds=SECONDS) as engine:
        for call in await every_call(engine, make_spec):
            with trio.fail_after(SECONDS + 5), pytest.raises(Trouble, match=words) as caught:
                await call()
            assert caught.value.code == "DOCKER_UNAVAILABLE"
            assert address in str(caught.value)


async def test_a_socket_that_is_not_there(make_spec: SpecMaker, tmp_path: Path) -> None:
    await assert_all_are_trouble(f"unix://{tmp_path}/none.sock", make_spec, "no such file or directory")


async def test_a_port_that_nobody_listens_on(make_spec: SpecMaker) -> None:
    await assert_all_are_trouble("tcp://127.0.0.1:9", make_spec, "connection refused")


async def test_an_address_that_is_no_engines(make_spec: SpecMaker) -> None:
    await assert_all_are_trouble("ssh://somewhere", make_spec, "only unix:// and tcp:// addresses")


async def test_a_socket_that_accepts_and_never_answers(make_spec: SpecMaker, tmp_path: Path) -> None:
    async with open_server(tmp_path / "silent.sock", None) as address:
        await assert_all_are_trouble(address, make_spec, "no answer in time")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\n[]",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
)
async def test_what_answers_but_is_no_engine(make_spec: SpecMaker, tmp_path: Path, answer: bytes) -> None:
    async with open_server(tmp_path / "other.sock", answer) as address:
        await assert_all_are_trouble(address, make_spec, "ngine")


@pytest.mark.docker
async def test_an_engine_that_comes_up_later_is_found_and_one_that_went_away_is_trouble(
    instance: str, tmp_path: Path
) -> None:
    async with open_engine(f"unix://{tmp_path}/engine.sock", instance) as engine:
        with pytest.raises(Trouble):
            await engine.version()
        async with open_engine_link(tmp_path) as link:
            assert await engine.version()
            await link.cut()
            assert await engine.version()
            await link.cut_for_good()
            with pytest.raises(Trouble):
                await engine.version()
