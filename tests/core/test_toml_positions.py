from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lci_app.core.toml_positions import KeyPath, Position, TomlDocument, TomlFault, read_toml

EXAMPLE = """\
# a comment with = and [brackets]
title = "x = [1, 2]"   # another
[build]
  "quoted key" = 'a # no comment'
command = \"\"\"
[not.a.table]
fake = 1 \\\"\"\" still inside
\"\"\"
dotted.inner = 1979-05-27 07:32:00
env = { A = "1", B.C = [ { D = 2 } ] }
list = [
  "one",  # first
  [ "two" ],
]
[[steps]]
name = "first"
[[steps.services]]
image = "db"
[[steps]]
name = "second"
[steps.deep]
key = 1
"""


def opened(text: str) -> TomlDocument:
    document = read_toml(text)
    assert isinstance(document, TomlDocument), document
    return document


def faulty(text: str) -> TomlFault:
    fault = read_toml(text)
    assert isinstance(fault, TomlFault), fault
    return fault


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("title",), 2, 1),
        (("build",), 3, 2),
        (("build", "quoted key"), 4, 3),
        (("build", "command"), 5, 1),
        (("build", "dotted"), 9, 1),
        (("build", "dotted", "inner"), 9, 8),
        (("build", "env"), 10, 1),
        (("build", "env", "A"), 10, 9),
        (("build", "env", "B", "C", 0, "D"), 10, 28),
        (("build", "list", 0), 12, 3),
        (("build", "list", 1, 0), 13, 5),
        (("steps",), 15, 3),
        (("steps", 0, "name"), 16, 1),
        (("steps", 0, "services", 0, "image"), 18, 1),
        (("steps", 1), 19, 3),
        (("steps", 1, "name"), 20, 1),
        (("steps", 1, "deep", "key"), 22, 1),
    ],
)
def test_every_key_and_element_knows_where_it_stands(path: KeyPath, line: int, column: int):
    assert opened(EXAMPLE).position(path) == Position(line, column)


def test_what_is_missing_is_told_at_the_table_that_should_hold_it():
    assert opened(EXAMPLE).position(("build", "image")) == Position(3, 2)
    assert opened(EXAMPLE).position(("deploy", "image")) == Position(1, 1)


def test_windows_line_ends_change_no_position():
    assert opened(EXAMPLE.replace("\n", "\r\n")).position(("steps", 1, "deep", "key")) == Position(22, 1)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("a = \n", 1, 5), ("a = 1\n[b\n", 2, 3), ("a = 1\na = 2\n", 2, 6), ('a = "x', 1, 7), ("\n\nb 1", 3, 3)],
)
def test_a_syntax_error_names_line_and_column(text: str, line: int, column: int):
    fault = faulty(text)
    assert fault.position == Position(line, column)
    assert "line" not in fault.message, "the position is told once"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a." * 50_000 + "b = 1", "more than 32 parts"),
        ("x = {" + "a." * 50_000 + "b = 1}", "more than 32 parts"),
        ("[" + "a . " * 33 + "b]", "more than 32 parts"),
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("a = " + "9" * 10_000, "too many digits"),
        ("a = '" + "x" * 200_000 + "'", "longer than"),
    ],
)
def test_a_hostile_file_is_refused_at_once(text: str, why: str):
    assert why in faulty(text).message


def test_a_line_of_many_dots_inside_a_string_is_no_long_key():
    assert opened("a = '''\n" + "progress" + "." * 200 + "\n'''").values == {"a": "progress" + "." * 200 + "\n"}


TOKENS = [
    "a",
    "b",
    '"k"',
    ".",
    "=",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    ",",
    "1",
    '"s"',
    "'l'",
    "'''\nm'''",
    "\n",
    " ",
    "#c\n",
]
ASSIGNMENT = st.sampled_from(
    [
        "a = 1\n",
        "b.c = [1, [2], {d = 3}]\n",
        '"k" = { x = 1, y.z = "s" }\n',
        "[t]\n",
        "[t.u]\n",
        "[[v]]\n",
        "[[v.w]]\n",
        "[v.w.x]\n",
        "e = '''\n[x]\n'''\n",
        'f = """a\\""""\n',
        "# c\n",
        "g = 1979-05-27 07:32:00 # d\n",
        "h = true\n",
    ]
)


@given(st.lists(st.sampled_from(TOKENS), max_size=30).map("".join) | st.text(max_size=60))
def test_no_text_whatever_raises(text: str):
    assert isinstance(read_toml(text), TomlDocument | TomlFault)


@given(st.lists(ASSIGNMENT, max_size=12).map("".join))
def test_each_key_that_is_read_stands_where_it_is_said_to(text: str):
    document = read_toml(text)
    if isinstance(document, TomlFault):
        return
    lines = text.split("\n")
    for path in paths((), document.values):
        place = document.position(path)
        if isinstance(path[-1], str):
            assert lines[place.line - 1][place.column - 1 :].lstrip('"').startswith(path[-1]), path


def paths(above: KeyPath, value: Any) -> Iterator[KeyPath]:
    members: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    for name, inner in members:
        yield (*above, name)
        yield from paths((*above, name), inner)
