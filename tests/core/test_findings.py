"""What is wrong, by what is recorded and what is there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lci_app.core import findings
from lci_app.core.disk import Disk
from lci_app.core.findings import SeenContainer, Severity
from lci_app.core.model import Slot, SlotState, SlotStatus
from tests.makers import build, project

SHOP = project(1, "shop").model_copy(update={"active_slot": Slot.BLUE})
BLUE = SlotState(1, Slot.BLUE, SlotStatus.RUNNING, container_id="blue")
SEEN = SeenContainer("blue", "lci-shop-blue", running=True, role="runtime", project_id=1, build_id=7)
GIB = 1024**3


def codes(*seen: SeenContainer, slots: Any = (BLUE,), busy: Any = (), shop: Any = SHOP) -> list[str]:
    return [each.code for each in findings.of_containers([shop], slots, busy, seen)]


def test_what_is_recorded_and_there_is_no_finding() -> None:
    assert codes(SEEN) == []


def test_a_recorded_container_that_is_gone_is_missing_and_one_that_ended_is_down() -> None:
    assert codes() == ["CONTAINER_MISSING"]
    assert codes(replace(SEEN, running=False)) == ["CONTAINER_DOWN"]
    stopped = SHOP.model_copy(update={"stopped": True})
    assert codes(replace(SEEN, running=False), shop=stopped) == []


def test_a_container_that_nothing_names_is_an_orphan_but_a_running_builds_is_not() -> None:
    orphan = replace(SEEN, id="other", name="lci-build-7", role="build")
    assert codes(SEEN, orphan) == ["ORPHAN_CONTAINER"]
    assert codes(SEEN, orphan, busy={7}) == []
    assert codes(SEEN, replace(orphan, role="runtime"), busy={7}) == ["ORPHAN_CONTAINER"]


@pytest.mark.parametrize(
    ("version", "live_restore", "expected"),
    [
        ("20.10.24", True, []),
        ("28.0.1", False, ["LIVE_RESTORE_OFF"]),
        ("19.03.15", True, ["ENGINE_OLD"]),
        ("unknown", True, ["ENGINE_OLD"]),
    ],
)
def test_an_engine_is_judged_by_its_age_and_what_becomes_of_services(
    version: str, live_restore: bool, expected: list[str]
) -> None:
    assert [each.code for each in findings.of_engine(version, live_restore=live_restore)] == expected


def test_a_disk_is_low_by_what_is_left_or_by_its_share() -> None:
    def low(free: int, total: int, inodes: int = 50) -> list[str]:
        return [each.code for each in findings.of_disk("/data", Disk(free, total, inodes, 100))]

    assert low(50 * GIB, 100 * GIB) == []
    assert low(1 * GIB, 4 * GIB) == ["DISK_LOW"]
    assert low(40 * GIB, 1000 * GIB) == ["DISK_LOW"]
    assert low(50 * GIB, 100 * GIB, inodes=1) == ["INODES_LOW"]


def test_a_build_that_runs_needs_a_service() -> None:
    assert [each.code for each in findings.of_builds([build(7)], served=False)] == ["BUILD_WITHOUT_OWNER"]
    assert list(findings.of_builds([build(7)], served=True)) == []


def test_an_output_that_is_kept_must_be_there() -> None:
    assert [each.subject for each in findings.of_outputs([build(7), build(8)], ["8"])] == ["build 7"]


def test_a_log_with_fewer_lines_than_recorded_is_found_and_one_with_more_is_not() -> None:
    told = [(replace(build(number), log_lines=2), lines) for number, lines in ((7, 1), (8, 2), (9, 3))]
    assert [each.subject for each in findings.of_logs(told)] == ["build 7"]


def test_every_finding_says_what_and_what_to_do() -> None:
    every = [
        *findings.of_containers([SHOP], [BLUE], (), [replace(SEEN, id="x")]),
        *findings.of_slots([replace(BLUE, status=SlotStatus.ERROR)], [SHOP]),
        *findings.of_outputs([build(7)], []),
        *findings.of_logs([(replace(build(7), log_lines=2), 1)]),
        *findings.of_builds([build(7)], served=False),
        *findings.of_engine("19.03", live_restore=False),
        *findings.of_disk("/data", Disk(0, GIB, 0, 100)),
        *findings.of_modes(["/data/db/lci.db"]),
        *findings.of_isolation(enforced=False, reason="iptables is not installed"),
    ]
    assert len({each.code for each in every}) == 12
    for each in every:
        assert each.message.endswith(".")
        assert each.mend.endswith(".")
        assert each.subject
    assert {each.severity for each in every} == set(Severity)


@pytest.mark.parametrize(
    ("engines", "found"),
    [
        ("2026-01-02T03:04:05.123456789Z", []),
        ("2026-01-02T05:04:30.5+02:00", []),
        ("2026-01-02T03:05:05.123456789Z", ["CLOCK_SKEW"]),
        ("2025-01-02T03:04:05Z", ["CLOCK_SKEW"]),
        ("", []),
        ("2026-01-02T03:04:05", []),
        ("rubbish", []),
    ],
)
def test_an_engine_whose_clock_is_far_from_ours_is_found(engines: str, found: list[str]) -> None:
    assert [each.code for each in findings.of_clock("2026-01-02T03:04:05.000Z", engines)] == found
