from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adapters.git.checkouts import Checkouts, open_checkouts
from tests.git_server import git_server

__all__ = ["checkout", "git_server"]


@pytest.fixture
async def checkout(tmp_path: Path) -> AsyncIterator[Checkouts]:
    async with open_checkouts(tmp_path / "data") as checkouts:
        yield checkouts
