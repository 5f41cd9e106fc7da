"""Which line tells why."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lci_app.core.failures import telling_line, wrote_into_source


@dataclass(frozen=True)
class Line:
    number: int
    text: str


def test_the_last_line_that_names_an_error_is_the_telling_one() -> None:
    lines = [Line(1, "start"), Line(2, "error: no shelf"), Line(3, ""), Line(4, "done")]
    assert telling_line(lines) == 2
    assert telling_line([Line(1, "start"), Line(2, " ")]) == 1
    assert telling_line([]) is None


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("touch: /app/x: Read-only file system", True),
        ("touch: x: Read-only file system", True),
        ("/bin/sh: 3: cannot create a/b: Read-only file system", True),
        ("mkdir: cannot create directory 'build/classes': Read-only file system", True),
        ("Error: EROFS: read-only file system, mkdir '/app/node_modules'", True),
        ("java.io.FileNotFoundException: /app/.gradle/x.lock (Read-only file system)", True),
        ("touch: /etc/x: Read-only file system", False),
        ("Error: EROFS: read-only file system, open '/sys/x'", False),
        ("touch: x: Permission denied", False),
    ],
)
def test_a_write_into_the_source_is_recognised(text: str, source: bool) -> None:
    assert wrote_into_source([Line(1, text)]) is source
