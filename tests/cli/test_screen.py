from __future__ import annotations

import datetime as dt

import pytest

from lci_app.cli.screen import Screen, age, duration, plain

PIPE = Screen(json=False, terminal=False, colour=False)
TERMINAL = Screen(json=False, terminal=True, colour=True)
MONOCHROME = Screen(json=False, terminal=True, colour=False)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59, "59 s"),
        (119, "119 s"),
        (120, "2 m"),
        (7_199, "119 m"),
        (7_200, "2 h"),
        (172_800, "2 d"),
        (-3, "0 s"),
    ],
)
def test_durations_are_short(seconds: float, text: str):
    assert duration(seconds) == text


def test_an_age_is_counted_by_the_services_clock():
    now = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
    assert age("2026-11-20T11:55:00.000Z", now) == "5 m"
    assert age("2026-11-20T11:55:00.000Z", None) == "2026-11-20T11:55:00.000Z"
    assert age(None, now) == ""


HOSTILE = "\x1b[31mred\x1b[0m \x1b]52;c;cm0=\x07clip\x1b[2J\x1b]0;title\x1b\\\x9b5n\b\x1bcend"


def test_a_terminal_is_given_a_logs_colours_and_nothing_else_to_obey():
    assert TERMINAL.log_text(HOSTILE) == "\x1b[31mred\x1b[0m clip5nend"
    assert MONOCHROME.log_text(HOSTILE) == "red clip5nend"
    assert PIPE.log_text(HOSTILE) == HOSTILE


def test_a_cell_is_one_line_without_control_characters():
    assert plain("first\x1b[2J\tpart\r\nsecond") == "first part"


def test_columns_are_aligned_and_the_last_one_is_cut_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "24")
    rows = [("web", "Success", "a message that is long"), ("api-server", None, "short")]
    MONOCHROME.table(("NAME", "STATUS", "MESSAGE"), rows)
    assert capsys.readouterr().out.splitlines() == [
        "NAME        STATUS   MESSAGE",
        "web         Success  a …",
        "api-server  -        sh…",
    ]
    PIPE.table(("NAME", "STATUS", "MESSAGE"), rows)
    assert "a message that is long" in capsys.readouterr().out


def test_states_are_coloured_only_where_colour_is_wanted():
    assert TERMINAL.paint("Failed") == "\x1b[31mFailed\x1b[0m"
    assert MONOCHROME.paint("Failed") == "Failed"
