"""Fixtures of the data plane's tests."""

from __future__ import annotations

import pytest

from tests.proxy.planes import end_workers


@pytest.fixture
async def run_directory(tmp_path):
    """A directory for control sockets; workers that a test leaves there are ended after it."""
    yield tmp_path / "run"
    await end_workers(tmp_path / "run")
