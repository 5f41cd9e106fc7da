"""Looking at a repository leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import trio

from lci_app.core import names
from lci_app.services.detector import REMEMBERED_SECONDS, Detector, Looked, NotReached, Question
from tests.doubles.clock import TrioClock
from tests.doubles.source import SourceDouble
from tests.doubles.workspace import InlineWorkspace

QUESTION = Question(repo="owner/shop", branch="main", folder="", token="geheim")


def detector_of(source: SourceDouble, root: Path, clock: TrioClock | None = None) -> Detector:
    return Detector(source, InlineWorkspace(root), clock or TrioClock(), "https://github.com")


async def test_who_leaves_in_the_middle_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    source = SourceDouble(hold=trio.Event())
    detector = detector_of(source, tmp_path)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(detector.look, QUESTION)
        await trio.testing.wait_all_tasks_blocked()
        assert (tmp_path / names.survey(1) / "mirror.git").is_dir()
        nursery.cancel_scope.cancel()
    assert [*(tmp_path / names.SURVEYS).iterdir()] == []


async def test_what_was_just_seen_is_not_fetched_again_but_later_it_is(tmp_path: Path) -> None:
    source, clock = SourceDouble(), TrioClock()
    detector = detector_of(source, tmp_path, clock)
    for _ in range(2):
        assert isinstance(await detector.look(QUESTION), Looked)
    assert len(source.asked) == 1
    clock.late = REMEMBERED_SECONDS
    await detector.look(QUESTION)
    assert len(source.asked) == 2


async def test_of_many_repositories_only_the_last_few_are_remembered_and_no_token_is_kept(tmp_path: Path) -> None:
    source = SourceDouble()
    detector = detector_of(source, tmp_path)
    for number in range(20):
        await detector.look(Question(repo=f"owner/shop-{number}", branch="main", folder="", token="geheim"))
    assert "geheim" not in repr(detector)
    await detector.look(Question(repo="owner/shop-0", branch="main", folder="", token="geheim"))
    assert len(source.asked) == 21


async def test_lcis_own_data_directory_is_not_looked_at(tmp_path: Path) -> None:
    source = SourceDouble()
    question = Question(repo=f"file://{tmp_path}/workspace/2/mirror.git", branch="main", folder="", token=None)
    answer = await detector_of(source, tmp_path).look(question)
    assert isinstance(answer, NotReached)
    assert (answer.field, source.asked) == ("repo", [])
