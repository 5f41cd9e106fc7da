"""A container that another lci has started is gone on with: all its output, and how it ends."""

from __future__ import annotations

import threading
from dataclasses import replace

import docker
import pytest
import trio

from lci_app.adapters.docker import open_engine
from lci_app.core.model import Stream
from lci_app.interfaces import ContainerExit, Engine, Trouble
from tests.docker_fixtures import SpecMaker

pytestmark = pytest.mark.docker

ODD = rb"printf '\377\000\r\n\n\n\033[1mno end'"


class Output:
    def __init__(self) -> None:
        self.bytes = {Stream.STDOUT: b"", Stream.STDERR: b""}
        self.changed = threading.Event()

    def take(self, stream: Stream, data: bytes) -> None:
        self.bytes[stream] += data
        self.changed.set()


async def left(sdk: docker.APIClient, spec, *, ends: bool) -> str:
    """Start a container as an lci does that is killed a moment later; returns its id."""
    started = trio.Event()
    found: list[str] = []

    async def on_started(container_id: str) -> None:
        found.append(container_id)
        started.set()

    async with open_engine(None, spec.labels["lci.instance"]) as killed, trio.open_nursery() as nursery:
        # What a killed process does not do: remove it.
        vars(killed)["_discard"] = _do_nothing
        nursery.start_soon(lambda: killed.run_attached(spec, on_output=lambda *_: None, on_started=on_started))
        await started.wait()
        nursery.cancel_scope.cancel()
    if ends:
        await trio.to_thread.run_sync(sdk.wait, found[0])
    return found[0]


async def _do_nothing(_container_id: str) -> None:
    await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("ends", [True, False], ids=["ended meanwhile", "runs"])
async def test_every_byte_comes_from_the_first_on_and_it_is_removed(
    engine: Engine, sdk: docker.APIClient, make_spec: SpecMaker, ends: bool
) -> None:
    last = "" if ends else "while ! test -e /tmp/go; do sleep 0.1; done; "
    script = f"seq 1 50000; seq 1 50000 >&2; {ODD.decode()}; {last}echo; echo last; exit 3"
    container = await left(sdk, replace(make_spec("sh", "-c", script), resumable=True), ends=ends)
    output = Output()
    if not ends:
        created = sdk.exec_create(container, ["touch", "/tmp/go"])
        await trio.to_thread.run_sync(lambda: sdk.exec_start(created["Id"]))
    with trio.fail_after(60):
        assert await engine.resume_attached(container, on_output=output.take) == ContainerExit(3, out_of_memory=False)
    numbers = "".join(f"{number}\n" for number in range(1, 50_001)).encode()
    assert output.bytes[Stream.STDERR] == numbers
    assert output.bytes[Stream.STDOUT] == numbers + b"\xff\0\r\n\n\n\x1b[1mno end\nlast\n"
    assert await engine.list_ours() == []


async def test_output_is_given_as_it_comes_and_a_cancelled_one_is_removed(
    engine: Engine, sdk: docker.APIClient, make_spec: SpecMaker
) -> None:
    spec = replace(make_spec("sh", "-c", "trap '' TERM; echo begun; exec sleep 1000"), resumable=True)
    container = await left(sdk, spec, ends=False)
    output = Output()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: engine.resume_attached(container, on_output=output.take))
        assert await trio.to_thread.run_sync(output.changed.wait, 30)
        nursery.cancel_scope.cancel()
    assert output.bytes[Stream.STDOUT] == b"begun\n"
    assert await engine.list_ours() == []


async def test_one_that_is_gone_is_told(engine: Engine) -> None:
    with pytest.raises(Trouble) as caught:
        await engine.resume_attached("0" * 64, on_output=lambda *_: None)
    assert caught.value.code == "CONTAINER_GONE"
