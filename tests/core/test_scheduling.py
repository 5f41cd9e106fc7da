"""Equal keys one after another, different keys at the same time."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lci_app.core.model import Build, Trigger
from lci_app.core.project import QueuePolicy
from lci_app.core.scheduling import QueueRule, plan
from tests.makers import COMMIT, build


def _plan(queued: list[Build], running: list[str], limit: int = 4, rule: QueueRule | None = None) -> list[int]:
    decided = plan(queued, running, max_parallel=limit, rule_of=lambda _: rule or QueueRule())
    return [each.id for each in decided.start]


def test_one_build_of_a_key_starts_at_a_time() -> None:
    assert _plan([build(1), build(2)], []) == [1]


def test_a_running_build_holds_back_only_its_own_key() -> None:
    assert _plan([build(1, queue_key="a"), build(2, queue_key="b")], ["a"]) == [2]


def test_no_more_start_than_may_run() -> None:
    queued = [build(n, queue_key=str(n)) for n in range(1, 6)]
    assert _plan(queued, ["x"], limit=3) == [1, 2]


def test_a_key_may_be_allowed_more_than_one() -> None:
    assert _plan([build(1), build(2), build(3)], [], rule=QueueRule(limit=2)) == [1, 2]


LATEST = QueueRule(QueuePolicy.LATEST)


def _latest(queued: list[Build], running: list[str]) -> tuple[list[int], list[int]]:
    decided = plan(queued, running, max_parallel=4, rule_of=lambda _: LATEST)
    return [each.id for each in decided.start], [each.id for each in decided.superseded]


def test_only_the_latest_is_wanted_where_the_project_says_so() -> None:
    assert _latest([build(1), build(2), build(3, queue_key="other")], ["1"]) == ([3], [1])


def test_the_latest_is_the_newest_whatever_its_priority() -> None:
    assert _latest([build(1, priority=9), build(2)], []) == ([2], [1])


def test_projects_and_branches_that_share_a_key_do_not_supersede_each_other() -> None:
    queued = [build(1, project_id=1), build(2, project_id=2), build(3, project_id=2, branch="other")]
    assert _latest(queued, []) == ([1], [])


@pytest.mark.parametrize(
    "chosen",
    [
        {"trigger": Trigger.ROLLBACK, "output_build_id": 1, "commit_hash": COMMIT},
        {"trigger": Trigger.REBUILD, "commit_hash": COMMIT},
        {"trigger": Trigger.MANUAL, "commit_hash": COMMIT},
    ],
    ids=["rollback", "rebuild", "commit"],
)
def test_what_a_person_chose_neither_supersedes_nor_is_superseded(chosen: dict[str, Any]) -> None:
    assert _latest([build(2, **chosen), build(3)], []) == ([2], [])
    assert _latest([build(2), build(3, **chosen)], []) == ([2], [])


@given(
    st.lists(st.sampled_from("abc"), max_size=12),
    st.lists(st.sampled_from("abc"), max_size=4),
    st.integers(1, 5),
)
def test_no_key_overtakes_itself_and_no_limit_is_passed(keys: list[str], running: list[str], limit: int) -> None:
    queued = [build(number, queue_key=key) for number, key in enumerate(keys, start=1)]
    started = _plan(queued, running, limit=limit)
    assert len(started) + len(running) <= max(limit, len(running))
    per_key = Counter(running) + Counter(queued[number - 1].queue_key for number in started)
    assert all(count <= 1 for key, count in per_key.items() if key not in running)
    for number in started:
        key = queued[number - 1].queue_key
        assert not [earlier for earlier in queued[: number - 1] if earlier.queue_key == key]


def test_what_waits_for_approval_holds_up_nobody() -> None:
    waiting = build(1, queue_key="k", needs_approval=True, commit_hash=COMMIT)
    behind = build(2, queue_key="k")
    assert _plan([waiting, behind], []) == [2]
    approved = build(1, queue_key="k", needs_approval=True, commit_hash=COMMIT, approved_commit=COMMIT)
    assert _plan([approved, behind], []) == [1]


def test_a_pull_request_neither_supersedes_a_push_nor_is_superseded_by_one() -> None:
    asked = build(1, trigger=Trigger.PULL_REQUEST, commit_hash=COMMIT, queue_key="k")
    pushed = build(2, commit_hash=COMMIT, queue_key="k")
    decided = plan([asked, pushed], [], max_parallel=4, rule_of=lambda _: LATEST)
    assert decided.superseded == []
