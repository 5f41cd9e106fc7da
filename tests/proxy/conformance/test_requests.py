"""Every row of the request tables, sent at once and byte by byte."""

from __future__ import annotations

import pytest
import trio

from tests.proxy.conformance import chunks, framing, heads, methods, pipelining, targets, versions
from tests.proxy.conformance.cases import Case, Outcome
from tests.proxy.conformance.visits import run_cases

TABLES = (framing, chunks, heads, targets, methods, versions, pipelining)
CASES: list[Case] = [case for table in TABLES for case in table.CASES]


@pytest.fixture(scope="module", params=["at once", "byte by byte"])
def outcomes(request, tmp_path_factory) -> dict[str, Outcome]:
    return trio.run(
        lambda: run_cases(tmp_path_factory.mktemp("proxy") / "run", CASES, bytewise=request.param != "at once")
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_request_is_forwarded_in_one_meaning_or_refused(outcomes: dict[str, Outcome], case: Case) -> None:
    assert case.outcome_allowed(outcomes[case.name]), f"{case.why} {outcomes[case.name]}, not {case.expected}"
