from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lci_app.core.dotenv import DotenvProblem, parse_dotenv

KEY = "-----BEGIN KEY-----\nabc\n-----END KEY-----"
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("# only a comment\n\n   \n", {}),
        ("A=1\nB=two words\n", {"A": "1", "B": "two words"}),
        ("export A=1", {"A": "1"}),
        ("  A = 1  ", {"A": "1"}),
        ("A=", {"A": ""}),
        ("A=b=c", {"A": "b=c"}),
        ("A=x # why\nB=x#y\nC=# all\n", {"A": "x", "B": "x#y", "C": ""}),
        ("A='$HOME # kept \\n'", {"A": "$HOME # kept \\n"}),
        ('A="one\\ntwo \\"quoted\\" \\\\ $HOME" # why', {"A": 'one\ntwo "quoted" \\ $HOME'}),
        (
            'A="-----BEGIN KEY-----\nabc\n-----END KEY-----"\nB=1',
            {"A": "-----BEGIN KEY-----\nabc\n-----END KEY-----", "B": "1"},
        ),
        ("A=1\r\nB='2'\r\n", {"A": "1", "B": "2"}),
        ("\ufeffA=1", {"A": "1"}),
        ("A=1\nA=2", {"A": "2"}),
    ],
)
def test_files_are_read_as_they_are_written(text, expected):
    assert parse_dotenv(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A=1\nno variable", "line 2: must be NAME=value"),
        ("1A=x", "line 1: must be NAME=value"),
        ("A=1\n\nB='open\nmore", "line 3: B begins with ', which is never closed"),
        ('A="x" y', 'line 1: A goes on behind its closing "'),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_without_the_value(text, said):
    problem = parse_dotenv(text)
    assert isinstance(problem, DotenvProblem)
    assert str(problem).startswith(said)
    assert "open" not in str(problem)


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True), st.text().filter(lambda t: "\r" not in t)
    )
)
def test_every_value_can_be_written_in_double_quotes(values):
    quoted = {name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in values.items()}
    assert parse_dotenv("".join(f'{name}="{value}"\n' for name, value in quoted.items())) == values


@given(st.text())
def test_no_text_is_too_strange(text):
    parse_dotenv(text)
