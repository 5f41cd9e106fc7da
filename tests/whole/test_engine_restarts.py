"""The engine itself ends, hangs and comes back while a build runs and a service serves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.whole.engine_rounds import PATIENCE, WAYS, Round, open_rounds
from tests.whole.private_engine import needs_dockerd

pytestmark = needs_dockerd


def judge(done: Round, *, is_away: bool) -> None:
    assert not done.blames_project, done.build
    assert done.build["status"] == "Success", done.build
    # Whoever asked was answered: by the service, or at once that it is not there. (The engine carries the published
    # ports itself, so that even a container that lives on is out of reach while the engine is away.)
    assert set(done.visits.statuses) <= ({200, 502} if is_away else {200}), done.visits
    assert done.visits.slowest < PATIENCE


@pytest.mark.parametrize(
    ("live_restore", "ways"), [(False, ("stop", "kill", "hang")), (True, ("kill",))], ids=["plain", "live-restore"]
)
def test_no_trouble_of_the_engine_is_called_the_projects_failure(
    tmp_path: Path, live_restore: bool, ways: tuple[str, ...]
) -> None:
    with open_rounds(tmp_path, 1 + live_restore, live_restore=live_restore) as rounds:
        for way in ways:
            judge(rounds.run(WAYS[way]), is_away=way != "hang")
