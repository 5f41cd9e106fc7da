"""A build's commit on disk, and the settings it runs by."""

from __future__ import annotations

import pytest
import trio

from lci_app.core import names
from lci_app.core.model import Build, BuildStatus, FailureKind
from lci_app.core.project import ProjectSecrets, QueuePolicy
from tests.adapters.sqlite_store import a_build
from tests.services.house import House, eventually

HEAD = "a" * 40


async def failed(house: House, build: Build) -> str:
    assert build.status is BuildStatus.FAILED, house.log(build)
    assert build.failure is not None
    assert (build.failure.kind, build.failure.stage) == (FailureKind.BUILD, "source")
    return f"{build.failure.code}: {build.failure.message}"


async def test_two_trees_of_the_commit_are_given_to_the_build(house: House) -> None:
    shop = await house.register()
    seen: list[list[str]] = []

    def trees(call: str) -> None:
        if call == "engine.run_attached":
            root = house.workspace.path(names.checkout(shop.id, 1))
            seen.append(sorted(str(each.relative_to(root)) for each in root.rglob("*.html")))

    house.faults.always = trees
    await house.build(shop)
    assert seen == [["app/index.html", "build/index.html"]]


async def test_the_secrets_of_a_repository_open_it(house: House) -> None:
    shop = await house.register()
    given = ProjectSecrets(repo_token="token")
    await house.store.update_project(shop.id, shop.settings, given, if_revision=None, at=house.clock.now())
    await house.build(shop)
    assert {url for url, _ in house.source.asked} == {"https://github.com/acme/shop.git"}
    assert "token" not in "\n".join(house.log(await house.build(shop)))


async def test_a_file_of_the_repository_wins_for_its_build_and_each_value_knows_where_it_is_from(house: House) -> None:
    house.source.files[HEAD] = {".lci.toml": '[deploy]\nport = 9999\nenv = { COLOUR = "red" }\n'}
    shop = await house.register(runtime_env={"SIZE": "big"})
    build = await house.build(shop)
    assert build.effective is not None
    assert build.effective["runtime_port"] == {"value": 9999, "origin": "repository"}
    assert build.effective["runtime_command"]["origin"] == "project"
    assert build.effective["drain_timeout"]["origin"] == "default"
    (container,) = house.runtimes(shop)
    assert container.spec.environment["COLOUR"] == "red"
    assert container.spec.environment["SIZE"] == "big"
    assert (await house.fresh(shop)).settings.runtime_port == 8080


async def test_an_error_in_the_file_names_its_place(house: House) -> None:
    house.source.files[HEAD] = {".lci.toml": "[deploy]\nprot = 1\n"}
    said = await failed(house, await house.build(await house.register()))
    assert said.startswith("PROJECT_FILE_INVALID: .lci.toml: line 2, column 1: deploy.prot")


async def test_the_file_of_a_folder_counts_for_the_project_in_that_folder(house: House) -> None:
    house.source.files[HEAD] = {"api/.lci.toml": "[deploy]\nport = 9999\n", ".lci.toml": "[deploy]\nprot = 1\n"}
    build = await house.build(await house.register(working_directory="api"))
    assert build.status is BuildStatus.SUCCESS
    assert build.effective is not None
    assert build.effective["runtime_port"]["value"] == 9999


async def test_a_folder_that_the_commit_lacks_is_named(house: House) -> None:
    said = await failed(house, await house.build(await house.register(working_directory="api")))
    assert said.startswith("WORKING_DIRECTORY_MISSING")
    assert "'api'" in said


async def test_what_is_needed_before_any_fetch_is_kept_for_the_next_push(house: House) -> None:
    house.source.files[HEAD] = {
        ".lci.toml": '[project]\npath_filter = "src/**"\n[queue]\nkey = "{branch}"\npolicy = "latest"\nlimit = 2\n'
    }
    shop = await house.register()
    await house.ended(await house.pushed(shop))
    kept = (await house.fresh(shop)).settings
    assert (kept.path_filter, kept.queue_key) == ("src/**", "{branch}")
    assert (kept.queue_policy, kept.queue_limit) == (QueuePolicy.LATEST, 2)
    assert kept.build_command == shop.settings.build_command


async def test_it_takes_nothing_back_of_what_people_change_meanwhile(house: House) -> None:
    house.source.files[HEAD] = {".lci.toml": '[project]\npath_filter = "src/**"\n'}
    shop = await house.register()
    house.source.hold = hold = trio.Event()
    build = await house.pushed(shop)
    await eventually(lambda: any("Counting objects" in line for line in house.log(build)))
    await house.change(shop, drain_timeout=7, domains=["shop.example"])
    hold.set()
    await house.ended(build)
    kept = (await house.fresh(shop)).settings
    assert (kept.path_filter, kept.drain_timeout, kept.domains) == ("src/**", 7, ("shop.example",))


@pytest.mark.parametrize("of", ["another branch", "a commit", "a rebuild"])
async def test_of_what_is_not_the_branch_as_it_is_now_nothing_is_kept(house: House, of: str) -> None:
    shop = await house.register()
    first = await house.build(shop)
    house.source.heads["next"] = "b" * 40
    for commit in (HEAD, "b" * 40):
        house.source.files[commit] = {".lci.toml": '[project]\npath_filter = "src/**"\n'}
    match of:
        case "another branch":
            await house.build(shop, branch="next")
        case "a commit":
            await house.build(shop, commit_hash=HEAD)
        case "a rebuild":
            placed = await house.orders.rebuild(first.id)
            await house.ended(placed.build)  # type: ignore[union-attr]
    assert (await house.fresh(shop)).settings.path_filter == "**"


async def test_a_repository_may_keep_its_commit_from_being_deployed(house: House) -> None:
    house.source.files[HEAD] = {".lci.toml": "[deploy]\nenabled = false\n"}
    build = await house.build(await house.register())
    assert (build.status, build.deployed_slot, build.deploy) == (BuildStatus.SUCCESS, None, False)


async def test_the_commit_is_known_before_the_build_is_called_building(house: House) -> None:
    shop = await house.register()
    build = await house.order(shop)
    known: list[str | None] = []

    def look(call: str) -> None:
        if call == "store.begin_build":
            known.append(house.source.asked[-1][1] if house.source.asked else None)

    house.faults.always = look
    await house.ended(build)
    assert known == [HEAD]


async def test_a_project_that_is_gone_when_its_build_begins_has_no_build(house: House) -> None:
    shop = await house.register()
    with house.scheduler.held_back(shop.id):
        build = await a_build(house.store, shop)
        await house.store.delete_project(shop.id)
    await house.scheduler.wait_ended(build.id)
    assert house.source.asked == []


async def test_a_repository_in_lcis_own_data_directory_is_not_read(house: House) -> None:
    """Also where the project was registered by an older lci, or where a link was set since."""
    shop = await house.register(repo=f"file://{house.workspace.path('workspace/2/mirror.git')}")
    assert "REPOSITORY_FORBIDDEN" in await failed(house, await house.build(shop))
    assert house.source.asked == []
