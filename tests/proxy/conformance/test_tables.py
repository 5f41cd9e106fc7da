"""The tables themselves: complete enough, each row with a name of its own and a reason that can be looked up."""

from __future__ import annotations

import re
from collections import Counter

from tests.proxy.conformance import test_answers, test_requests

REASON = re.compile(r"RFC \d{4} \d+[^:]*: .+\.")


def test_there_are_cases_enough() -> None:
    assert len(test_requests.CASES) >= 300
    assert len(test_answers.CASES) >= 150


def test_every_row_has_a_name_of_its_own_and_a_reason() -> None:
    for cases in (test_requests.CASES, test_answers.CASES):
        assert [name for name, count in Counter(case.name for case in cases).items() if count > 1] == []
        assert [case.why for case in cases if not REASON.fullmatch(case.why)] == []
