from __future__ import annotations

from pathlib import Path

from lci_app.api.table import ROUTES
from lci_app.api.typescript import typescript

FILE = Path(__file__).parent.parent.parent / "web" / "src" / "wire" / "generated.ts"
WRITE = "write it: .venv/bin/python -m lci_app.api.typescript > web/src/wire/generated.ts"


def test_the_types_of_the_web_page_are_what_the_routes_and_events_say() -> None:
    assert FILE.read_text("utf-8") == typescript(ROUTES), WRITE


def test_every_call_with_an_answer_has_its_types() -> None:
    text = typescript(ROUTES)
    for route in ROUTES:
        assert (f'"{route.method} {route.path}": {{' in text) == (route.answer is not None)


def test_what_is_always_answered_is_never_optional() -> None:
    text = typescript(ROUTES)
    project = text.split("export interface ProjectDocument {")[1].split("}")[0]
    assert "?:" not in project
    assert "  domains: (string)[];\n" in project
    assert "  active_slot: Slot | null;\n" in project
