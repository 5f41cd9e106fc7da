from __future__ import annotations

from pathlib import Path

from lci_app.api.reference import reference
from lci_app.api.table import ROUTES

PAGE = Path(__file__).parent.parent.parent / "docs" / "api.md"


def test_the_page_of_the_documentation_is_what_the_route_table_says() -> None:
    assert PAGE.read_text() == reference(ROUTES), "write it: .venv/bin/python -m lci_app.api.reference > docs/api.md"


def test_every_call_is_on_the_page() -> None:
    text = PAGE.read_text()
    for route in ROUTES:
        assert f"`{route.method} {route.path}" in text
