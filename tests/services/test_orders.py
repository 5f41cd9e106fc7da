"""What people ask for: now, once more, back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lci_app.core.delivery import Verdict
from lci_app.core.model import Build, BuildStatus, Trigger
from lci_app.core.project import Project
from lci_app.interfaces import NewDelivery, Placed, Trouble
from lci_app.services.results import BuildsQueued, Invalid, NoSuchBuild, NoSuchProject, NothingRetained
from tests.adapters.sqlite_store import EARLY
from tests.makers import BEFORE, COMMIT
from tests.services.house import House, Watched


async def placed(answer: object) -> Build:
    assert isinstance(answer, Placed)
    return answer.build


async def rolled_back(house: House, shop: Project, build_id: int | None = None) -> Build:
    build = await placed(await house.orders.rollback(await house.fresh(shop), build_id))
    ended = await house.ended(build)
    assert ended.status is BuildStatus.SUCCESS, house.log(build)
    await house.settled()
    return ended


async def test_a_build_is_of_the_projects_branch_unless_it_says_otherwise(house: House) -> None:
    shop = await house.register(branch="trunk")
    build = await placed(await house.orders.trigger(shop))
    assert (build.branch, build.commit_hash, build.trigger, build.deploy) == ("trunk", None, Trigger.MANUAL, True)
    other = await placed(await house.orders.trigger(shop, commit_hash=COMMIT, branch="next", priority=3, deploy=False))
    assert (other.branch, other.commit_hash, other.priority, other.deploy) == ("next", COMMIT, 3, False)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"commit_hash": "abc"}, "commit_hash"),
        ({"commit_hash": "A" * 40}, "commit_hash"),
        ({"branch": "../x"}, "branch"),
        ({"parameters": {"flavor": "dev"}}, "parameters"),
    ],
)
async def test_what_cannot_be_built_is_refused_by_its_field(house: House, asked: dict[str, str], field: str) -> None:
    shop = await house.register()
    answer = await house.orders.trigger(shop, **asked)  # type: ignore[arg-type]
    assert isinstance(answer, Invalid)
    assert answer.field == field


async def test_a_deleted_project_builds_nothing(house: House) -> None:
    shop = await house.register()
    await house.store.delete_project(shop.id)
    assert isinstance(await house.orders.trigger(shop), NoSuchProject)


async def test_a_rebuild_is_a_build_of_its_own_and_does_what_the_other_did(house: House) -> None:
    shop = await house.register()
    first = await house.build(shop, deploy=False)
    house.source.heads["main"] = "b" * 40
    again = await house.ended(await placed(await house.orders.rebuild(first.id)))
    assert (again.build_number, again.trigger) == (2, Trigger.REBUILD)
    assert (again.commit_hash, again.deployed_slot) == (first.commit_hash, None)
    assert await house.orders.rebuild(4711) == NoSuchBuild(4711)


async def test_a_rollback_goes_to_the_version_before_the_one_that_serves(house: House) -> None:
    shop = await house.register()
    first, second, third = [await house.build(shop) for _ in range(3)]
    await house.settled()
    assert (await rolled_back(house, shop)).output_build_id == second.id
    assert not (await house.fresh(shop)).settings.auto_deploy
    # Again: from what serves now, not from the newest build.
    assert (await rolled_back(house, shop)).output_build_id == first.id
    assert isinstance(await house.orders.rollback(await house.fresh(shop), None), NothingRetained)
    # And forward to one that is named.
    assert (await rolled_back(house, shop, third.id)).output_build_id == third.id
    assert (await rolled_back(house, shop)).output_build_id == second.id


async def test_a_rollback_that_could_not_be_queued_turns_nothing_off(house: House) -> None:
    shop = await house.register()
    first, _ = [await house.build(shop) for _ in range(2)]

    async def out_of_room(*_: object, **__: object) -> None:
        raise Trouble("DATABASE_FULL", "no room is left on the disk")

    orders = replace(house.orders, queue=replace(house.queue, store=Watched(house.store, queue_build=out_of_room)))
    with pytest.raises(Trouble):
        await orders.rollback(await house.fresh(shop), first.id)
    assert (await house.fresh(shop)).settings.auto_deploy


async def test_what_was_never_deployed_is_not_gone_back_to_unless_it_is_named(house: House) -> None:
    shop = await house.register()
    first = await house.build(shop)
    verified = await house.build(shop, deploy=False)
    await house.build(shop)
    assert (await rolled_back(house, shop)).output_build_id == first.id
    assert (await rolled_back(house, shop, verified.id)).output_build_id == verified.id


async def test_going_back_to_a_rollback_is_going_back_to_what_it_deployed(house: House) -> None:
    shop = await house.register()
    first = await house.build(shop)
    await house.build(shop)
    back = await rolled_back(house, shop)
    await house.build(shop)
    assert (await rolled_back(house, shop, back.id)).output_build_id == first.id


async def test_rebuilding_a_rollback_deploys_the_same_output_while_it_is_kept(house: House) -> None:
    shop = await house.register(keep_releases=1)
    first = await house.build(shop)
    await house.build(shop)
    assert isinstance(await house.orders.rollback(await house.fresh(shop), first.id), NothingRetained)
    await house.change(shop, keep_releases=5)
    third = await house.build(shop)
    back = await rolled_back(house, shop)
    assert back.output_build_id != third.id
    again = await house.ended(await placed(await house.orders.rebuild(back.id)))
    assert (again.status, again.output_build_id) == (BuildStatus.SUCCESS, back.output_build_id)
    await house.store.forget_output(back.output_build_id or 0)
    assert isinstance(await house.orders.rebuild(back.id), NothingRetained)


async def test_there_is_nothing_to_go_back_to(house: House) -> None:
    shop, forge = await house.register(), await house.register("forge", number=2)
    assert isinstance(await house.orders.rollback(shop, None), NothingRetained)
    build = await house.build(shop)
    assert isinstance(await house.orders.rollback(await house.fresh(shop), None), NothingRetained)
    assert await house.orders.rollback(forge, build.id) == NoSuchBuild(build.id)
    assert await house.orders.rollback(forge, 4711) == NoSuchBuild(4711)
    # What is refused turns nothing off.
    assert (await house.fresh(shop)).settings.auto_deploy


async def delivered(house: House, *projects: Project, **fields: str) -> int:
    given = {"repository": "https://github.com/acme/shop.git", "ref": "refs/heads/main", "after": COMMIT}
    recorded = await house.store.record_delivery(
        NewDelivery("d1", fields.pop("event", "push"), before=BEFORE, **given | fields),
        verdict=Verdict.PATH,
        reason="no file fits",
        builds=[],
        project_ids=[project.id for project in projects],
        at=EARLY,
    )
    return recorded.delivery.id


async def test_a_delivery_that_built_nothing_is_built_when_a_person_says_so(house: House) -> None:
    shop, forge = await house.register(), await house.register("forge", number=2)
    queued = await house.orders.build_delivery(await delivered(house, shop))
    assert isinstance(queued, BuildsQueued)
    (one,) = queued.placed
    assert (one.build.project_id, one.build.commit_hash, one.build.trigger) == (shop.id, COMMIT, Trigger.MANUAL)
    assert forge.id != shop.id


@pytest.mark.parametrize(
    "fields", [{"after": "0" * 40}, {"ref": "refs/tags/v1"}, {"event": "issues", "ref": "", "after": ""}]
)
async def test_what_is_no_push_to_a_branch_cannot_be_built(house: House, fields: dict[str, str]) -> None:
    shop = await house.register()
    answer = await house.orders.build_delivery(await delivered(house, shop, **fields))
    assert isinstance(answer, Invalid)


async def test_a_delivery_of_nobodys_repository_builds_nothing(house: House) -> None:
    row = await delivered(house, repository="https://github.com/acme/other.git")
    assert isinstance(await house.orders.build_delivery(row), NoSuchProject)
    assert isinstance(await house.orders.build_delivery(4711), NoSuchProject)
