"""Codes are enumerated once: every one that the program makes is there, and none that it does not make."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from lci_app.core import codes
from lci_app.core.codes import PUBLISHED, EventCode, ReasonCode, reason_code, values_of

PACKAGE = Path(codes.__file__).parents[1]


def said() -> Iterator[str]:
    """Yield every text of the program's own source."""
    for file in PACKAGE.rglob("*.py"):
        if file != Path(codes.__file__):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def test_no_code_is_enumerated_that_nobody_makes() -> None:
    assert {*values_of(EventCode), *values_of(ReasonCode)} - set(said()) == set()


def test_what_is_published_is_in_order_and_once() -> None:
    for values in PUBLISHED.values():
        assert list(values) == sorted(set(values))
    assert set(PUBLISHED["FailureCode"]) < set(PUBLISHED["EventCode"]) < set(values_of(EventCode))
    # What a build, an event or a reason may say is never what keeps lci from starting.
    assert not {"DATA_DIRECTORY_IN_USE", "KEYS_UNUSABLE"} & {each for of in PUBLISHED.values() for each in of}


def test_trouble_of_any_other_kind_is_told_as_the_reason_that_is_meant() -> None:
    assert reason_code("DATABASE_FULL", "DOCKER_ERROR") == "DATABASE_FULL"
    assert reason_code("CONTAINER_GONE", "DOCKER_ERROR") == "DOCKER_ERROR"
