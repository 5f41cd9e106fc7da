"""The machine in the browser: what is wrong with it is told where everybody looks, in words that say what it means."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio

from tests.engine_link import EngineLink, open_engine_link
from tests.web.browser import run_scenario
from tests.whole.service import WAIT_SECONDS, Service, run_service


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """An engine's address, and what takes that engine away."""
    opened, done = threading.Event(), trio.Event()
    held: list[tuple[EngineLink, trio.lowlevel.TrioToken]] = []

    async def main() -> None:
        async with open_engine_link(tmp_path) as link:
            held.append((link, trio.lowlevel.current_trio_token()))
            opened.set()
            await done.wait()

    thread = threading.Thread(target=trio.run, args=(main,))
    thread.start()
    assert opened.wait(WAIT_SECONDS)
    link, token = held[0]
    try:
        yield link.address, lambda: trio.from_thread.run(link.cut_for_good, trio_token=token)
    finally:
        trio.from_thread.run_sync(done.set, trio_token=token)
        thread.join()


def troubles(service: Service) -> list[str]:
    """Return how the words of each trouble begin that lci's own account of the machine shows."""
    machine = service.get("/api/system")
    disk, up = machine["disk"], machine["docker"]["available"]
    found = {
        "Docker does not answer": not up,
        "Only ": disk["free_bytes"] * 10 < disk["total_bytes"],
        "Builds are not walled off": up and machine["isolation"]["status"] == "degraded",
    }
    return [words for words, is_there in found.items() if is_there]


def test_what_is_wrong_with_the_machine_is_told(engine: tuple[str, Callable[[], None]], tmp_path: Path) -> None:
    address, cut = engine
    with run_service(tmp_path / "data", options=("--docker-host", address)) as service:
        steps = {"expected": lambda: troubles(service), "cut": cut}
        found = run_scenario("system", {"url": service.url, "token": service.token}, steps)
        walled = service.get("/api/system")["isolation"]["status"] == "enforced"
    assert found["complaints"] == []
    assert found["found"] == []
    assert found["counts"] == [0, 0]
    assert found["walls"].startswith("A build reaches the internet" if walled else "Not enforced")
