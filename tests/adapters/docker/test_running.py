from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import docker
import pytest
import trio

from lci_app.adapters.docker import open_engine
from lci_app.adapters.docker.attach import Demultiplexer
from lci_app.core.model import Stream
from lci_app.interfaces import ContainerExit, ContainerSpec, Engine, Mount, Refusal, Trouble
from tests.docker_fixtures import SpecMaker
from tests.engine_link import EngineLink, open_engine_link


class Outcome:
    def __init__(self) -> None:
        self.bytes: dict[Stream, bytes] = {Stream.STDOUT: b"", Stream.STDERR: b""}
        self.exit = ContainerExit(-1, out_of_memory=False)


async def run(engine: Engine, spec: ContainerSpec) -> Outcome:
    outcome = Outcome()
    pieces: dict[Stream, list[bytes]] = {Stream.STDOUT: [], Stream.STDERR: []}

    async def on_started(_container_id: str) -> None:
        return

    with trio.fail_after(60):
        outcome.exit = await engine.run_attached(
            spec, on_output=lambda stream, data: pieces[stream].append(data), on_started=on_started
        )
    outcome.bytes = {stream: b"".join(data) for stream, data in pieces.items()}
    return outcome


@pytest.mark.docker
async def test_every_byte_of_both_streams_arrives_in_order(engine: Engine, make_spec: SpecMaker) -> None:
    numbered = "seq 1 100000 | sed 's/$/ größer 𝄞/'"
    outcome = await run(engine, make_spec("sh", "-c", f"{numbered} & {numbered} >&2; wait"))
    expected = "".join(f"{number} größer 𝄞\n" for number in range(1, 100_001)).encode()
    assert outcome.bytes == {Stream.STDOUT: expected, Stream.STDERR: expected}
    assert outcome.exit.exit_code == 0


@pytest.mark.docker
async def test_bytes_that_are_no_text_and_lines_without_an_end_arrive_as_they_are(
    engine: Engine, make_spec: SpecMaker
) -> None:
    outcome = await run(engine, make_spec("printf", r"\377\000\r\n\033[1mno end"))
    assert outcome.bytes[Stream.STDOUT] == b"\xff\x00\r\n\x1b[1mno end"


@pytest.mark.docker
async def test_a_slow_reader_holds_the_container_back_and_loses_nothing(engine: Engine, make_spec: SpecMaker) -> None:
    total, release, size = 0, threading.Event(), 6_000_000

    def on_output(_stream: Stream, data: bytes) -> None:
        nonlocal total
        release.wait()
        total += len(data)

    async def on_started(container_id: str) -> None:
        # It cannot end while nobody takes its output: 6 MB fit into no pipe.
        for _ in range(20):
            seen = await engine.inspect(container_id)
            assert seen is not None
            assert seen.running
        release.set()

    spec = make_spec("head", "-c", str(size), "/dev/zero")
    await engine.run_attached(spec, on_output=on_output, on_started=on_started)
    assert total == size


@pytest.mark.docker
@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("nosuch", 127)])
async def test_the_exit_code_is_the_commands_own(engine: Engine, make_spec: SpecMaker, script: str, code: int) -> None:
    outcome = await run(engine, make_spec("sh", "-c", script))
    assert outcome.exit == ContainerExit(code, out_of_memory=False)


@pytest.mark.docker
async def test_running_out_of_memory_is_told_apart(engine: Engine, make_spec: SpecMaker) -> None:
    outcome = await run(engine, make_spec("sh", "-c", "exec tail /dev/zero", memory=16 * 1024**2))
    assert outcome.exit == ContainerExit(137, out_of_memory=True)


@pytest.mark.docker
async def test_the_run_ends_with_its_command_whatever_that_left_behind(engine: Engine, make_spec: SpecMaker) -> None:
    outcome = await run(engine, make_spec("sh", "-c", "sleep 1000 & echo left one behind; exit 4"))
    assert outcome.exit.exit_code == 4
    assert outcome.bytes[Stream.STDOUT] == b"left one behind\n"


@pytest.mark.docker
async def test_a_program_that_the_image_lacks_is_refused_in_clear_words(engine: Engine, make_spec: SpecMaker) -> None:
    with pytest.raises(Refusal, match="lci-test/busybox:1 cannot run '/bin/bash': no such file or directory") as caught:
        await run(engine, make_spec("echo hello", entrypoint=["/bin/bash", "-c"]))
    assert caught.value.code == "COMMAND_NOT_FOUND"
    assert await engine.list_ours() == []


@pytest.mark.docker
async def test_what_the_engine_will_not_make_is_refused_with_its_words(engine: Engine, make_spec: SpecMaker) -> None:
    with pytest.raises(Refusal, match="CPUs") as caught:
        await run(engine, make_spec("true", cpus=1000.0))
    assert caught.value.code == "CONTAINER_REFUSED"


@pytest.mark.docker
async def test_a_container_is_made_as_its_spec_says(
    engine: Engine, make_spec: SpecMaker, sdk: docker.APIClient, tmp_path: Path
) -> None:
    for name in ("app", "output"):
        (tmp_path / name).mkdir()
    (tmp_path / "app" / "hello").write_text("hello from outside\n")
    spec = make_spec(
        "sh",
        "-c",
        'cat /app/hello; echo "$GREETING" > /output/said; pwd; touch /app/x 2>&- || echo read-only; exec sleep 1000',
        environment={"GREETING": "grüß = dich"},
        mounts=[Mount(tmp_path / "app", "/app", read_only=True), Mount(tmp_path / "output", "/output")],
        working_directory="/tmp",
        memory=64 * 1024**2,
        cpus=0.5,
    )
    container_id = await engine.start(spec)
    async with engine.follow(container_id, 10) as output:
        assert [await anext(output) for _ in range(3)] == ["hello from outside", "/tmp", "read-only"]
    assert (tmp_path / "output" / "said").read_text() == "grüß = dich\n"
    host = sdk.inspect_container(container_id)["HostConfig"]
    assert host["Init"] is True
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (64 * 1024**2, 64 * 1024**2, 500_000_000)
    assert host["RestartPolicy"]["Name"] == "no"
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
    await engine.serve_for_good(container_id)
    assert sdk.inspect_container(container_id)["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"


@pytest.mark.docker
async def test_a_directory_to_mount_that_is_missing_is_trouble_and_is_not_made(
    engine: Engine, make_spec: SpecMaker, tmp_path: Path
) -> None:
    with pytest.raises(Trouble, match=str(tmp_path / "gone")) as caught:
        await engine.start(make_spec("true", mounts=[Mount(tmp_path / "gone", "/app")]))
    assert caught.value.code == "MOUNT_MISSING"
    assert not (tmp_path / "gone").exists()


@pytest.mark.docker
@pytest.mark.parametrize("cut", [EngineLink.cut, EngineLink.cut_for_good])
async def test_an_engine_that_goes_away_during_a_run_is_trouble_and_no_exit_code(
    instance: str, make_spec: SpecMaker, tmp_path: Path, cut: Callable[[EngineLink], Awaitable[None]]
) -> None:
    async with open_engine_link(tmp_path) as link, open_engine(link.address, instance, call_seconds=2) as engine:

        async def cut_it(_container_id: str) -> None:
            await cut(link)

        with trio.fail_after(20), pytest.raises(Trouble) as caught:
            await engine.run_attached(make_spec("sleep", "1000"), on_output=lambda *_: None, on_started=cut_it)
        assert caught.value.code == "DOCKER_UNAVAILABLE"
        if not link.is_cut_for_good:
            assert await engine.list_ours() == []


def test_frames_are_told_apart_wherever_they_are_cut() -> None:
    frames = b"".join(
        bytes([kind, 0, 0, 0]) + len(data).to_bytes(4, "big") + data
        for kind, data in [(1, b"one"), (1, b"two"), (2, b"x" * 300), (1, b""), (2, b"y"), (1, b"end")]
    )
    for size in range(1, len(frames) + 1):
        heard: list[tuple[Stream, bytes]] = []
        demultiplexer = Demultiplexer(lambda stream, data, heard=heard: heard.append((stream, data)))  # type: ignore[misc]
        for at in range(0, len(frames), size):
            demultiplexer.feed(memoryview(frames[at : at + size]))
        for stream, wanted in ((Stream.STDOUT, b"onetwoend"), (Stream.STDERR, b"x" * 300 + b"y")):
            assert b"".join(data for of, data in heard if of is stream) == wanted


def test_frames_of_an_unknown_kind_are_trouble() -> None:
    demultiplexer = Demultiplexer(lambda _stream, _data: None)
    with pytest.raises(Trouble):
        demultiplexer.feed(memoryview(b"HTTP/1.1"))
