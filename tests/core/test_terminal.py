from __future__ import annotations

import pytest

from lci_app.core.terminal import plain_bytes, plain_text

LINK = "\x1b]8;;https://example.com\x07"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("plain", "plain"),
        ("\x1b[31mFAIL\x1b[0m src", "FAIL src"),
        ("\x1b[1;38;2;1;2;3mtrue\x1b[m colour", "true colour"),
        ("\x1b[2K\x1b[1Gdone\x1b[K", "done"),
        (f"see {LINK}here\x1b]8;;\x1b\\ now", "see here now"),
        ("a lone \x1b stays", "a lone \x1b stays"),
        ("cut \x1b[3", "cut \x1b[3"),
        ("two\x1b[0m\n\x1b[1mlines", "two\nlines"),
        (f"{LINK[:-1]}\nnot over the end of a line\x07", f"{LINK[:-1]}\nnot over the end of a line\x07"),
    ],
)
def test_what_is_meant_for_a_terminal_is_no_text(written: str, read: str) -> None:
    assert plain_text(written) == read
    assert plain_bytes(written.encode()) == read.encode()
