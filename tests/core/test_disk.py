from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lci_app.core.disk import Disk, reserve_of, trouble_of

MIB = 1024**2
WELL = Disk(1000 * MIB, 2000 * MIB, 5000, 10_000)


def said(disk: Disk, *, was_full: bool = False) -> tuple[str, bool] | None:
    reason = trouble_of("/data", disk, 100 * MIB, was_full=was_full)
    return None if reason is None else (reason.code, reason.blocking)


def test_with_room_nothing_is_wrong() -> None:
    assert said(WELL) is None


@pytest.mark.parametrize("low", [{"free_bytes": 99 * MIB}, {"free_inodes": 499}])
def test_below_the_reserve_people_are_warned(low: dict[str, Any]) -> None:
    assert said(replace(WELL, **low)) == ("DISK_LOW", False)


@pytest.mark.parametrize("full", [{"free_bytes": 24 * MIB}, {"free_inodes": 99}])
def test_below_a_quarter_of_it_no_build_starts(full: dict[str, Any]) -> None:
    assert said(replace(WELL, **full)) == ("DISK_FULL", True)


def test_what_was_full_needs_more_room_than_that_before_it_no_longer_is() -> None:
    assert said(replace(WELL, free_bytes=49 * MIB), was_full=True) == ("DISK_FULL", True)
    assert said(replace(WELL, free_bytes=50 * MIB), was_full=True) == ("DISK_LOW", False)


def test_a_disk_that_can_only_be_read_is_told_so() -> None:
    assert said(replace(WELL, read_only=True)) == ("DISK_READ_ONLY", True)


def test_a_file_system_that_counts_no_files_has_no_end_of_them() -> None:
    assert said(replace(WELL, free_inodes=0, total_inodes=0)) is None


def test_the_usual_reserve_is_the_smaller_of_a_size_and_a_share() -> None:
    assert reserve_of(replace(WELL, total_bytes=1000 * 1024**3), None) == 256 * MIB
    assert reserve_of(WELL, None) == 40 * MIB
    assert reserve_of(WELL, 7) == 7
