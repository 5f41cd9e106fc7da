"""Which status may follow which."""

from __future__ import annotations

import pytest

from lci_app.core.lifecycle import FINAL, RUNNING, TRANSITIONS, may_follow
from lci_app.core.model import BuildStatus


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_has_ended_never_changes(status: BuildStatus) -> None:
    assert not any(may_follow(status, other) for other in BuildStatus)


def test_every_status_has_its_row_and_can_end() -> None:
    assert set(TRANSITIONS) == set(BuildStatus)
    for status in set(BuildStatus) - FINAL:
        assert may_follow(status, BuildStatus.CANCELLED)


def test_only_what_runs_goes_back_to_the_queue() -> None:
    assert {status for status in BuildStatus if may_follow(status, BuildStatus.QUEUED)} == RUNNING
