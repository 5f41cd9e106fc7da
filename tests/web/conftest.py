from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.git_server import GitServer, run_git_server
from tests.whole.service import Service, run_service


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running lci that all tests of the dashboard share; each registers projects of its own."""
    with run_service(tmp_path_factory.mktemp("lci") / "data") as service:
        yield service


@pytest.fixture(scope="package")
def git_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with run_git_server(tmp_path_factory.mktemp("git")) as server:
        yield server
