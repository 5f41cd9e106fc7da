"""Who gets which secret, and where none of them is ever seen."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import trio

from lci_app.adapters.sqlite import open_store
from lci_app.adapters.vault import open_vault
from lci_app.core import names
from lci_app.core.model import BuildStatus, Stream, Trigger, Trust, Wait
from lci_app.core.project import Project, ProjectSecrets
from lci_app.interfaces import Placed
from lci_app.services.masks import Masks
from lci_app.services.results import SlotEmpty
from lci_app.services.secrets import Secrets
from tests.adapters.sqlite_store import EARLY, a_build, pull_request_build
from tests.doubles.engine import Script
from tests.services.house import House, Watched

TOKEN, PASSWORD = "build-token-8f3a", "p4ssw√rd & more"


async def with_secrets(house: House, **settings: Any) -> Project:
    shop = await house.register(build_secrets=["TOKEN"], runtime_secrets=["PASSWORD"], **settings)
    await house.store.set_secrets(None, {"TOKEN": TOKEN, "UNUSED": "somebody-else's"}, EARLY)
    await house.store.set_secrets(shop.id, {"PASSWORD": PASSWORD}, EARLY)
    return shop


async def test_builds_and_versions_find_the_secrets_that_they_name_and_no_others(house: House) -> None:
    seen: dict[str, dict[str, str]] = {}
    run, start = house.engine.run_attached, house.engine.start

    async def watched_run(spec, **arguments):
        seen["build"] = dict(spec.environment)
        return await run(spec, **arguments)

    async def watched_start(spec):
        seen["version"] = dict(spec.environment)
        assert PASSWORD not in repr(spec)
        return await start(spec)

    house.builder.step.engine = Watched(house.engine, run_attached=watched_run)
    house.deployer.idle_slot.engine = Watched(house.engine, start=watched_start)
    shop = await with_secrets(house, build_env={"TOKEN": "overridden", "COLOUR": "red"})
    build = await house.build(shop)
    assert build.status is BuildStatus.SUCCESS, house.log(build)
    assert (seen["build"]["TOKEN"], seen["build"]["COLOUR"]) == (TOKEN, "red")
    assert seen["version"]["PASSWORD"] == PASSWORD
    assert "PASSWORD" not in seen["build"]
    assert not {"TOKEN", "UNUSED"} & set(seen["version"])


async def test_a_secret_that_is_printed_is_not_stored_in_the_log(house: House) -> None:
    house.world.scripts["make"] = Script([(Stream.STDOUT, f"using {TOKEN} now\n".encode())], exit_code=0)
    build = await house.build(await with_secrets(house))
    assert "using *** now" in house.log(build)
    assert TOKEN not in "\n".join(house.log(build))


async def test_what_a_failed_version_said_and_answered_is_kept_without_its_secrets(house: House) -> None:
    shop = await with_secrets(house, health_check_retries=1)
    house.world.scripts["serve"] = Script([(Stream.STDERR, f"cannot sign in with {PASSWORD}\n".encode())])
    house.probe.answers, house.probe.body = [500], f"bad {PASSWORD}"
    build = await house.build(shop)
    assert build.status is BuildStatus.FAILED
    assert build.failure is not None
    everything = json.dumps([build.failure.message, build.failure.container_log, house.log(build)], ensure_ascii=False)
    assert PASSWORD not in everything
    assert "cannot sign in with ***" in everything
    assert [attempt.body for attempt in build.failure.health_checks] == ["bad ***"]


async def test_a_secret_that_is_not_stored_is_named(house: House) -> None:
    build = await house.build(await house.register(build_secrets=["MISSING"]))
    assert build.status is BuildStatus.FAILED
    assert build.failure is not None
    assert build.failure.code == "SECRET_MISSING"
    assert "lci secret set MISSING" in build.failure.message


async def test_a_build_that_nobody_of_the_repository_vouches_for_gets_none(house: House) -> None:
    shop = await with_secrets(house)
    placed = await house.store.queue_build(pull_request_build(shop), EARLY)
    assert isinstance(placed, Placed)
    build = placed.build
    delivery = await house.secrets.deliver(build, shop.settings)
    assert (delivery.for_build, delivery.for_version) == ({}, {})


@pytest.mark.parametrize("trigger", list(Trigger))
async def test_who_gets_secrets_does_not_follow_from_what_triggered_a_build(house: House, trigger: Trigger) -> None:
    shop = await with_secrets(house)
    placed = await house.store.queue_build(pull_request_build(shop, trigger=trigger), EARLY)
    assert isinstance(placed, Placed)
    build = placed.build
    assert (await house.secrets.deliver(build, shop.settings)).for_build == {}
    trusted = await a_build(house.store, shop, trigger=trigger)
    assert (await house.secrets.deliver(trusted, shop.settings)).for_build != {}


async def test_the_output_of_a_running_version_is_shown_without_its_secrets(house: House) -> None:
    house.world.scripts["serve"] = Script([(Stream.STDOUT, f"connected by {PASSWORD}\n".encode())])
    shop = await with_secrets(house)
    await house.build(shop)
    assert await house.runtime.tail(shop, None, 10) == ["connected by ***"]
    async with house.runtime.follow(shop, None, 10) as lines:
        assert not isinstance(lines, SlotEmpty)
        assert await anext(lines) == "connected by ***"


@pytest.mark.parametrize("forgotten", [False, True])
async def test_a_running_version_shows_neither_the_secret_that_it_was_given_nor_the_one_stored_since(
    house: House, forgotten: bool
) -> None:
    house.world.scripts["serve"] = Script([(Stream.STDOUT, f"{PASSWORD} is not tomorrow's\n".encode())])
    shop = await with_secrets(house)
    await house.build(shop)
    if forgotten:
        await house.store.delete_secret(shop.id, "PASSWORD")
    else:
        await house.store.set_secrets(shop.id, {"PASSWORD": "tomorrow"}, EARLY)
    shown = "*** is not tomorrow's" if forgotten else "*** is not ***'s"
    assert await house.runtime.tail(shop, None, 10) == [shown]


async def test_a_large_secret_holds_nothing_up_and_is_prepared_for_once() -> None:
    """What makes a second's work waits in a thread: everything else goes on."""
    key, masks, turns = "\n".join(f"{number:032x}" for number in range(2000)), Masks(), 0

    async def go_on() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(go_on)
        mask = await masks.of([key, "another"])
        nursery.cancel_scope.cancel()
    assert turns > 1
    assert await masks.of(["another", key]) is mask
    assert mask.in_text(f"of it {1999:032x}") == "of it ***"


async def test_of_the_masks_that_are_kept_the_oldest_are_forgotten() -> None:
    masks = Masks()
    first = await masks.of(["the-first-secret"])
    for number in range(100):
        await masks.of([f"secret-{number}"])
    assert await masks.of(["the-first-secret"]) is not first


async def test_a_rollback_gets_the_secrets_of_today(house: House) -> None:
    shop = await with_secrets(house)
    first = await house.build(shop)
    await house.build(shop)
    await house.store.delete_secret(shop.id, "PASSWORD")
    placed = await house.orders.rollback(await house.fresh(shop), first.id)
    assert isinstance(placed, Placed)
    back = await house.ended(placed.build)
    assert back.failure is not None
    assert back.failure.code == "SECRET_MISSING"


async def test_credentials_of_the_source_are_masked_too(house: House) -> None:
    shop = await house.register()
    token = ProjectSecrets(repo_token="ghp_secretsecret")
    await house.store.update_project(shop.id, shop.settings, token, if_revision=None, at=EARLY)
    house.world.scripts["make"] = Script([(Stream.STDOUT, b"found ghp_secretsecret\n")], exit_code=0)
    build = await house.build(shop)
    assert "found ***" in house.log(build)
    assert names.build_log(shop.id, 1) in house.logs.records


async def test_a_build_that_is_not_trusted_is_not_trusted_more_when_it_is_built_again(house: House) -> None:
    shop = await house.register()
    placed = await house.store.queue_build(pull_request_build(shop), EARLY)
    assert isinstance(placed, Placed)
    build = placed.build
    again = await house.orders.rebuild(build.id)
    assert isinstance(again, Placed)
    assert (again.build.trust, again.build.trigger) == (Trust.UNTRUSTED, Trigger.REBUILD)
    assert again.build.waits_for is Wait.APPROVAL


async def test_given_keys_are_rotated_across_restarts(tmp_path: Path) -> None:
    """Whoever starts lci puts a new line above the old one, has everything sealed by it, and takes the old one out."""
    key, path = tmp_path / "credential", tmp_path / names.DATABASE
    old, new = (f"{b64encode(bytes([number]) * 32).decode()}\n" for number in (1, 2))
    path.parent.mkdir()

    async def started(lines: str) -> tuple[int, dict[str, str]]:
        key.write_text(lines)
        vault = open_vault(tmp_path / "secret.key", key)
        async with open_store(path, sealer=vault, at=EARLY) as store:
            if lines == old:
                await store.set_setting("webhook_secret", "hook")
                await store.set_secrets(None, {"TOKEN": TOKEN}, EARLY)
            count = await Secrets(store, vault).rotate_key() if lines == new + old else 0
            return count, await store.secret_values(1)

    assert await started(old) == (0, {"TOKEN": TOKEN})
    assert await started(new + old) == (2, {"TOKEN": TOKEN})
    assert await started(new) == (0, {"TOKEN": TOKEN})
