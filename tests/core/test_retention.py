"""Which outputs are kept."""

from __future__ import annotations

from lci_app.core.retention import outputs_to_forget
from tests.makers import build


def test_the_newest_outputs_are_kept_and_the_one_in_use_always() -> None:
    retained = [build(number) for number in (9, 8, 7, 6)]
    assert [each.id for each in outputs_to_forget(retained, keep=2, in_use={6})] == [7]


def test_nothing_is_forgotten_while_there_are_no_more_than_are_kept() -> None:
    assert outputs_to_forget([build(2), build(1)], keep=2, in_use=()) == []
