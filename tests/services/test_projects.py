"""Registering, changing and removing."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from lci_app.core import names
from lci_app.core.model import Build, BuildStatus
from lci_app.core.project import Project
from lci_app.interfaces import Changed, DomainTaken, Gone, NameTaken, Placed, Trouble
from lci_app.services.results import Deleted
from tests.doubles.engine import Script
from tests.makers import new_project, settings
from tests.services.house import House


async def created(house: House, name: str, **fields: Any) -> Project:
    project = await house.projects.create(new_project(name, **fields))
    assert isinstance(project, Project)
    return project


async def test_each_project_gets_the_next_pair_of_ports_and_a_route(house: House) -> None:
    pairs = [(project.blue_port, project.green_port) for project in [await created(house, n) for n in ("a", "b")]]
    assert pairs == [(9001, 9002), (9011, 9012)]
    assert [route.project for route in house.proxy.tables[-1].routes] == ["a", "b"]


async def test_a_pair_that_is_taken_on_the_host_is_skipped_and_one_that_is_free_again_is_given_first(
    house: House,
) -> None:
    house.ports.taken = {9002, 9011}
    first, second = await created(house, "a"), await created(house, "b")
    assert (first.blue_port, second.blue_port) == (9021, 9031)
    house.ports.taken = set()
    assert (await created(house, "c")).blue_port == 9001


async def test_projects_registered_at_the_same_time_get_pairs_of_their_own(house: House) -> None:
    projects: list[Project] = []

    async def register(name: str) -> None:
        projects.append(await created(house, name))

    async with trio.open_nursery() as nursery:
        for name in ("a", "b", "c", "d"):
            nursery.start_soon(register, name)
    assert sorted(project.blue_port for project in projects) == [9001, 9011, 9021, 9031]


async def test_a_name_and_an_address_belong_to_one_project(house: House) -> None:
    await created(house, "a", domains=["a.example"])
    assert await house.projects.create(new_project("a")) == NameTaken("a")
    assert await house.projects.create(new_project("b", domains=["a.example"])) == DomainTaken("a.example", "a")


async def test_changed_addresses_count_at_once(house: House) -> None:
    shop = await created(house, "shop")
    changed = await house.projects.update(shop.id, settings(domains=["shop.example"]), None, shop.revision)
    assert isinstance(changed, Project)
    assert house.proxy.tables[-1].routes[0].domains == ("shop.example",)
    stale = await house.projects.update(shop.id, settings(), None, shop.revision)
    assert stale == Changed(changed.revision)
    assert await house.projects.update(4711, settings(), None, None) == Gone()


async def test_nothing_of_a_deleted_project_is_left(house: House) -> None:
    house.world.scripts["make"] = Script(exit_code=0)
    shop = await house.register(bake_seconds=3600)
    await house.build(shop)
    await house.build(shop)
    house.workspace.path(names.project_logs(shop.id)).mkdir(parents=True)
    for build in (1, 2):
        (house.workspace.path(names.output(build)) / "file").write_text("x" * 100)
    deleted = await house.projects.delete(shop)
    assert (deleted.containers_removed, deleted.builds_deleted) == (2, 2)
    assert deleted.bytes_freed >= 200
    assert house.world.containers == {}
    assert house.retirement._leaving == {}
    assert await house.store.project(shop.id) is None
    for left in (names.output(1), names.output(2), names.project_workspace(1), names.project_logs(1)):
        assert not house.workspace.path(left).exists()
    assert house.proxy.tables[-1].routes == ()
    again = await house.projects.create(new_project("shop"))
    assert isinstance(again, Project)
    assert (again.blue_port, again.id) == (shop.blue_port, shop.id + 1)


async def test_another_projects_and_another_instances_containers_stay(house: House) -> None:
    shop, forge = await house.register(), await house.register("forge", number=2)
    await house.build(shop)
    await house.build(forge)
    (theirs,) = house.runtimes(forge)
    await house.projects.delete(shop)
    assert list(house.world.containers.values()) == [theirs]


async def test_builds_that_run_and_wait_are_cancelled_first(house: House) -> None:
    house.world.scripts["make"] = Script()
    shop = await house.register()
    running, waiting = await house.order(shop), await house.order(shop)
    await house.container(running)
    deleted = await house.projects.delete(shop)
    assert deleted.builds_deleted == 2
    assert house.world.containers == {}
    for build in (running, waiting):
        assert house.hub.statuses(build.id)[-1] is BuildStatus.CANCELLED
        assert await house.store.build(build.id) is None


async def test_a_push_during_the_deletion_does_not_bring_the_project_back(house: House) -> None:
    shop = await house.register(bake_seconds=3600)
    await house.build(shop)
    queued: list[Build] = []

    async def push() -> None:
        placed = await house.orders.trigger(shop)
        assert isinstance(placed, Placed)
        queued.append(placed.build)
        await trio.sleep(1)

    def meanwhile(call: str) -> None:
        if call == "engine.list_ours":
            nursery.start_soon(push)

    async with trio.open_nursery() as nursery:
        house.faults.always = meanwhile
        await house.projects.delete(shop)
    house.faults.always = lambda _: None
    await trio.sleep(100)
    assert house.world.containers == {}
    assert await house.workspace.children("workspace") == []
    for build in queued:
        assert await house.store.build(build.id) is None
        assert house.log(build) == []


async def test_a_deletion_that_docker_broke_off_can_be_repeated(house: House) -> None:
    shop = await house.register(bake_seconds=3600)
    await house.build(shop)
    await house.build(shop)
    removed = 0

    def fall(call: str) -> None:
        nonlocal removed
        removed += call == "engine.remove"
        house.world.down = removed == 2

    house.faults.always = fall
    with pytest.raises(Trouble):
        await house.projects.delete(shop)
    assert (await house.fresh(shop)).stopped
    assert house.proxy.upstream("shop") is None
    with pytest.raises(Trouble):
        await house.projects.delete(shop)
    house.faults.always = lambda _: None
    house.world.down = False
    deleted = await house.projects.delete(shop)
    assert (deleted.containers_removed, deleted.builds_deleted) == (1, 2)
    assert house.world.containers == {}


async def test_without_docker_nothing_is_touched(house: House) -> None:
    shop = await house.register()
    await house.build(shop)
    house.world.down = True
    with pytest.raises(Trouble):
        await house.projects.delete(shop)
    assert not (await house.fresh(shop)).stopped
    assert house.proxy.upstream("shop") is not None


async def test_builds_go_on_after_a_deletion_that_failed(house: House) -> None:
    shop = await house.register()
    await house.build(shop)

    def fail(call: str) -> None:
        if call == "workspace.remove":
            raise Trouble("WORKSPACE_FAILED", "permission denied")

    house.faults.always = fail
    with pytest.raises(Trouble):
        await house.projects.delete(shop)
    house.faults.always = lambda _: None
    assert (await house.build(shop)).status is BuildStatus.SUCCESS


async def test_two_deletions_at_once_remove_it_once(house: House) -> None:
    shop = await house.register()
    await house.build(shop)
    answers: list[Deleted] = []

    async def delete() -> None:
        answers.append(await house.projects.delete(shop))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(delete)
        nursery.start_soon(delete)
    assert sorted(each.builds_deleted for each in answers) == [0, 1]
    assert await house.store.project(shop.id) is None


async def test_a_deletion_waits_for_a_switch_that_was_committed(house: House) -> None:
    shop = await house.register()
    house.proxy.stalled = stalled = trio.Event()
    build = await house.order(shop)
    await house.until(build, lambda now: now.status is BuildStatus.DEPLOYING)
    await trio.sleep(5)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(house.projects.delete, shop)
        await trio.sleep(5)
        assert await house.store.project(shop.id) is not None
        stalled.set()
    assert house.hub.statuses(build.id)[-1] is BuildStatus.SUCCESS
    assert house.world.containers == {}


async def test_automatic_deployment_is_turned_off_and_on(house: House) -> None:
    shop = await house.register()
    off = await house.projects.set_auto_deploy(shop, enabled=False)
    assert off is not None
    assert not off.settings.auto_deploy
    on = await house.projects.set_auto_deploy(shop, enabled=True)
    assert on is not None
    assert on.settings.auto_deploy
