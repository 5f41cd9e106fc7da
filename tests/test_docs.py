"""What the documentation says is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from lci_app.core.lifecycle import TRANSITIONS

ROOT = Path(__file__).parent.parent


def test_the_drawing_of_a_builds_life_is_the_table_of_its_transitions() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    drawing = text.split("stateDiagram-v2")[1].split("```")[0]
    drawn = set(re.findall(r"(\w+) --> (\w+)", drawing))
    assert drawn == {(str(a), str(b)) for a, following in TRANSITIONS.items() for b in following}


def test_the_architecture_names_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    package = ROOT / "lci_app"
    rooms = {path.stem for path in package.glob("*.py")} | {path.parent.name for path in package.glob("*/__init__.py")}
    missing = {room for room in rooms - {"__init__"} if f"`{room}" not in text and f"`{room}.py`" not in text}
    assert missing == set()


def test_every_file_that_the_documents_link_to_is_there() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.relative_to(ROOT)} links to {target}"
