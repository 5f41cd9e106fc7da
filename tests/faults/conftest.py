from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.world import World, run_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One lci that the tests of a file kill, one after the other: its data directory lives through all of it."""
    with run_world(tmp_path_factory.mktemp("faults")) as world:
        yield world
