from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.services.house import House, Outside, open_house

_IN_MEMORY = Path("/dev/shm")


def run_without_waiting(
    test: Callable[[], Awaitable[object]], *, clock: trio.abc.Clock | None, instruments: Sequence[trio.abc.Instrument]
) -> object:
    """Run a test whose clock jumps to the next deadline whenever there is nothing to do."""
    return trio.run(test, clock=clock or MockClock(autojump_threshold=0), instruments=instruments)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # pytest-trio takes a clock from a test's own arguments only: a house without one would wait in real time.
    for item in items:
        if Path(__file__).parent in item.path.parents and "outside" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.trio(run=run_without_waiting))


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: the store syncs every change, and here nothing has to last."""
    if not _IN_MEMORY.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=_IN_MEMORY, prefix="lci-test-") as made:
        yield Path(made)


@pytest.fixture
def outside(directory: Path) -> Outside:
    return Outside(directory)


@pytest.fixture
async def house(outside: Outside) -> AsyncIterator[House]:
    async with open_house(outside) as running:
        yield running
