from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.answering import Answering, answering
from tests.cli.program import Program, program_in


@pytest.fixture
def lci(tmp_path: Path) -> Program:
    return program_in(tmp_path)


@pytest.fixture
def service() -> Iterator[Answering]:
    with answering() as opened:
        yield opened
