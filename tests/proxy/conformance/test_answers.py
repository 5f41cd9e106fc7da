"""Every row of the answer tables, sent at once and byte by byte."""

from __future__ import annotations

import pytest
import trio

from tests.proxy.conformance import upstream_framing, upstream_misbehaviour
from tests.proxy.conformance.answer_visits import run_answers
from tests.proxy.conformance.answers import AnswerCase, Seen

TABLES = (upstream_framing, upstream_misbehaviour)
CASES: list[AnswerCase] = [case for table in TABLES for case in table.CASES]


def run(tmp_path_factory, cases: list[AnswerCase], *, bytewise: bool) -> dict[str, Seen]:
    return trio.run(lambda: run_answers(tmp_path_factory.mktemp("proxy") / "run", cases, bytewise=bytewise))


@pytest.fixture(scope="module")
def at_once(tmp_path_factory) -> dict[str, Seen]:
    return run(tmp_path_factory, CASES, bytewise=False)


@pytest.fixture(scope="module")
def byte_by_byte(tmp_path_factory) -> dict[str, Seen]:
    return run(tmp_path_factory, [case for case in CASES if not case.at_once], bytewise=True)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_answer_is_passed_on_in_one_meaning_or_not_at_all(at_once: dict[str, Seen], case: AnswerCase) -> None:
    assert case.allows(at_once[case.name]), f"{case.why} {at_once[case.name]}, not {case.expected}"


@pytest.mark.parametrize("case", [case for case in CASES if not case.at_once], ids=str)
def test_so_is_one_that_arrives_byte_by_byte(byte_by_byte: dict[str, Seen], case: AnswerCase) -> None:
    assert case.allows(byte_by_byte[case.name]), f"{case.why} {byte_by_byte[case.name]}, not {case.expected}"
