from __future__ import annotations

from lci_app.core.readiness import Condition, Reason, in_order, is_ready

DOCKER = Reason("DOCKER_UNAVAILABLE", "Docker does not answer.")
FULL = Reason("DISK_FULL", "The disk is full.")
LOW = Reason("DISK_LOW", "The disk is nearly full.", blocking=False)


def test_without_trouble_work_begins() -> None:
    assert in_order({}) == []
    assert is_ready([])


def test_an_early_warning_keeps_nothing_from_beginning() -> None:
    assert is_ready([LOW])


def test_what_keeps_work_from_beginning_is_told_first() -> None:
    found = in_order({Condition.DISK: FULL, Condition.ENGINE: DOCKER})
    assert found == [DOCKER, FULL]
    assert in_order({Condition.DISK: DOCKER, Condition.DATABASE: LOW}) == [DOCKER, LOW]
    assert not is_ready(found)
