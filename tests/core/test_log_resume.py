from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lci_app.core.log_lines import LineCutter, Run
from lci_app.core.log_resume import OutputDiffers, PassedOver, StoredOutput

output = st.lists(st.sampled_from([b"\n", b"one\n", b"two\n", b"\r\n", b"x" * 70_000, b"\xff"])).map(b"".join)


def stored(lines: bytes) -> StoredOutput:
    found = StoredOutput()
    found.add(lines)
    return found


def cut(data: bytes, at: int) -> list[Run]:
    """Return the lines of one stream that comes in two pieces."""
    cutter = LineCutter()
    return [*cutter.feed(data[:at]), *cutter.feed(data[at:]), *cutter.flush()]


@given(output, st.data())
def test_what_is_stored_and_what_is_new_are_the_whole_output(data: bytes, draw: st.DataObject) -> None:
    whole = b"".join(run.lines for run in cut(data, 0))
    records = (
        whole.splitlines(keepends=True) if b"\r" not in whole else [each + b"\n" for each in whole.split(b"\n")[:-1]]
    )
    known = b"".join(records[: draw.draw(st.integers(0, len(records)))])
    passed = PassedOver(stored(known))
    new = passed.rest(cut(data, draw.draw(st.integers(0, len(data)))))
    assert known + b"".join(run.lines for run in new) == whole
    assert passed.missing == 0


def test_pieces_of_a_long_line_stay_pieces() -> None:
    runs = [Run(b"first piece\n", continued=True), Run(b"second piece\n", continued=True), Run(b"end\n")]
    assert [*PassedOver(stored(b"first piece\n")).rest(runs)] == runs[1:]


def test_another_output_is_told_before_any_of_it_is_given() -> None:
    with pytest.raises(OutputDiffers):
        next(PassedOver(stored(b"one\ntwo\n")).rest([Run(b"two\nthree\nfour\n")]))


def test_what_has_not_come_again_is_missing() -> None:
    passed = PassedOver(stored(b"one\ntwo\n"))
    assert [*passed.rest([Run(b"one\n")])] == []
    assert passed.missing == 1
