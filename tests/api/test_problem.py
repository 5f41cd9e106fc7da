"""The codes that the documentation lists are those that the code raises."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import lci_app
from lci_app.api import problem
from lci_app.api.problem import CODES

SOURCES = "".join(path.read_text() for path in Path(lci_app.__path__[0]).rglob("*.py"))


def test_every_code_that_is_raised_is_listed_under_its_status() -> None:
    raised = set(re.findall(r'Problem\((\d+), "([A-Z_]+)"', inspect.getsource(problem)))
    assert raised
    for status, code in raised:
        assert code in CODES[int(status)]
    for code in re.findall(r'conflict\("([A-Z_]+)"', SOURCES):
        assert code in CODES[409]
    for code in re.findall(r'unavailable\("([A-Z_]+)"', SOURCES):
        assert code in CODES[503]
    assert "BAD_REQUEST" in CODES[400]


def test_every_code_that_is_listed_is_raised() -> None:
    listing = inspect.getsource(problem).partition("CODES:")[2]
    raising = SOURCES.replace(listing, "")
    for code in (code for codes in CODES.values() for code in codes):
        assert f'"{code}"' in raising
