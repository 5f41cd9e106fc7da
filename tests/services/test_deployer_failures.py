"""A version that does not make it leaves the old one serving, and nothing behind."""

from __future__ import annotations

import pytest
import trio

from lci_app.core.events import DeploymentEnded
from lci_app.core.model import (
    Build,
    BuildStatus,
    DeploymentOutcome,
    Failure,
    FailureKind,
    Slot,
    SlotState,
    SlotStatus,
    Stream,
)
from lci_app.core.project import Project
from lci_app.interfaces import Refusal, Trouble
from tests.doubles.engine import Script
from tests.services.house import House

S = BuildStatus


async def failure_of(house: House, shop: Project) -> Failure:
    build = await house.build(shop)
    assert build.status is S.FAILED
    assert build.failure is not None
    return build.failure


async def served(house: House) -> tuple[Project, Build, SlotState]:
    """Register a project and put its first version live."""
    shop = await house.register()
    build = await house.build(shop)
    return shop, build, await house.slot(shop, Slot.BLUE)


async def assert_unchanged(house: House, shop: Project, before: SlotState) -> None:
    """Assert that the first version serves as it did, and that nothing is left of the one that wanted to."""
    assert await house.slot(shop, Slot.BLUE) == before
    assert await house.slot(shop, Slot.GREEN) == SlotState(shop.id, Slot.GREEN, port=shop.green_port)
    assert [each.id for each in house.runtimes(shop)] == [before.container_id]
    assert (await house.fresh(shop)).active_slot is Slot.BLUE
    await house.routes.publish()
    upstream = house.proxy.upstream("shop")
    assert upstream is not None
    assert (upstream.id, upstream.port) == (before.deployment_id, shop.blue_port)
    assert await house.store.unfinished_deployments() == []


async def test_a_version_that_never_becomes_healthy_is_taken_down_and_explained(house: House) -> None:
    shop, _, before = await served(house)
    house.probe.answers = [503, 404, 500]
    house.world.scripts["serve"] = Script([(Stream.STDERR, b"cannot find my shelf\n")])
    failure = await failure_of(house, shop)
    assert (failure.kind, failure.stage, failure.code) == (FailureKind.DEPLOY, "deploy", "HEALTH_CHECK_FAILED")
    assert [(check.attempt, check.status, check.ok) for check in failure.health_checks] == [
        (1, 503, False),
        (2, 404, False),
        (3, 500, False),
    ]
    assert failure.container_log == ("cannot find my shelf",)
    assert "Blue serves on" in failure.message
    (newest, _) = (await house.store.deployments(shop.id, limit=2, offset=0))[1]
    assert (newest.outcome, list(newest.container_log)) == (DeploymentOutcome.FAILED, ["cannot find my shelf"])
    assert house.hub.of(DeploymentEnded)[-1].status == "Failed"
    await assert_unchanged(house, shop, before)


@pytest.mark.parametrize(
    ("script", "code", "exit_code"),
    [
        (Script(exit_code=7), "CONTAINER_EXITED", 7),
        (Script(exit_code=137, out_of_memory=True), "OUT_OF_MEMORY", 137),
    ],
    ids=["exits", "out of memory"],
)
async def test_a_version_that_ends_is_explained_by_how(house: House, script: Script, code: str, exit_code: int) -> None:
    shop, _, before = await served(house)
    house.world.scripts["serve"] = script
    failure = await failure_of(house, shop)
    assert (failure.kind, failure.code, failure.exit_code) == (FailureKind.DEPLOY, code, exit_code)
    await assert_unchanged(house, shop, before)


async def test_a_first_version_that_fails_leaves_nothing_serving_and_says_so(house: House) -> None:
    shop = await house.register()
    house.world.scripts["serve"] = Script(exit_code=1)
    assert "Nothing served before" in (await failure_of(house, shop)).message
    assert (await house.fresh(shop)).active_slot is None
    assert house.runtimes(shop) == []


async def test_a_version_that_dies_of_its_first_request_gets_no_traffic(house: House) -> None:
    shop, _, before = await served(house)

    def die() -> None:
        (candidate,) = [each for each in house.runtimes(shop) if each.id != before.container_id]
        candidate.end(1)

    house.probe.answers = [500]
    house.probe.meanwhile = die
    assert (await failure_of(house, shop)).code == "CONTAINER_EXITED"
    await assert_unchanged(house, shop, before)


@pytest.mark.parametrize(
    "refusal",
    [Refusal("COMMAND_NOT_FOUND", "the image cannot run serve"), Trouble("PORT_TAKEN", "port 9002 is taken")],
    ids=["refusal", "trouble"],
)
async def test_what_cannot_start_leaves_nothing(house: House, refusal: Refusal | Trouble) -> None:
    shop, _, before = await served(house)
    house.world.scripts["serve"] = Script(start_error=refusal)
    failure = await failure_of(house, shop)
    assert failure.code == refusal.code
    assert failure.kind is (FailureKind.DEPLOY if isinstance(refusal, Refusal) else FailureKind.INFRA)
    await assert_unchanged(house, shop, before)


async def test_an_image_that_is_nowhere_is_the_versions_fault(house: House) -> None:
    shop, _, before = await served(house)
    await house.change(shop, runtime_image="nowhere")
    failure = await failure_of(house, shop)
    assert (failure.kind, failure.code) == (FailureKind.DEPLOY, "IMAGE_NOT_FOUND")
    await assert_unchanged(house, shop, before)


async def test_a_candidate_that_somebody_else_removes_is_tried_once_more(house: House) -> None:
    shop, _, before = await served(house)
    removed = 0

    def remove() -> None:
        nonlocal removed
        removed += 1
        for each in house.runtimes(shop):
            if removed == 1 and each.id != before.container_id:
                del house.world.containers[each.id]

    house.probe.meanwhile = remove
    build = await house.build(shop)
    assert (build.status, build.infra_retries) == (S.SUCCESS, 1)


async def test_an_engine_that_goes_away_under_a_candidate_costs_neither_the_old_version_nor_the_slot(
    house: House,
) -> None:
    shop, _, before = await served(house)

    def die() -> None:
        house.world.down = True

    house.probe.meanwhile = die
    house.probe.answers = [500]
    build = await house.order(shop)
    await trio.sleep(600)
    # The one more try waits for the engine. Until then the slot's row says which container is in the way.
    green = await house.slot(shop, Slot.GREEN)
    assert green.status is SlotStatus.ERROR
    assert green.container_id in house.world.containers
    assert await house.slot(shop, Slot.BLUE) == before
    house.probe.meanwhile = lambda: None
    house.world.down = False
    ended = await house.ended(build)
    assert (ended.status, ended.infra_retries) == (S.SUCCESS, 1)
    assert (await house.build(shop)).status is S.SUCCESS
    await house.settled()
    assert len(house.runtimes(shop)) == 1


async def test_a_version_brings_its_addresses_when_it_goes_live_and_not_before(house: House) -> None:
    shop, _, _ = await served(house)
    toml = '[project]\ndomains = ["shop.example"]\nstrip_prefix = false\n'
    house.source.files["b" * 40] = {".lci.toml": toml}
    house.source.heads["main"] = "b" * 40
    house.probe.answers = [500] * 3
    await failure_of(house, shop)
    assert (await house.fresh(shop)).settings.domains == ()
    await house.build(shop)
    fresh = await house.fresh(shop)
    assert (fresh.settings.domains, fresh.settings.strip_prefix) == (("shop.example",), False)
    (route,) = house.proxy.tables[-1].routes
    assert (route.domains, route.strip_prefix) == (("shop.example",), False)


async def test_a_version_that_is_cancelled_at_its_switch_leaves_the_addresses_as_they_were(house: House) -> None:
    shop, _, before = await served(house)
    house.source.files["b" * 40] = {".lci.toml": '[project]\ndomains = ["shop.example"]\n'}
    house.source.heads["main"] = "b" * 40
    build = await house.order(shop)
    cancelled = False

    def cancel(call: str) -> None:
        nonlocal cancelled
        if call == "store.commit_switch" and not cancelled:
            cancelled = True
            nursery.start_soon(house.scheduler.cancel, build.id)

    async with trio.open_nursery() as nursery:
        house.faults.always = cancel
        ended = await house.ended(build)
    assert ended.status in {S.CANCELLED, S.SUCCESS}
    serves_new = ended.status is S.SUCCESS
    assert (await house.fresh(shop)).settings.domains == (("shop.example",) if serves_new else ())
    if not serves_new:
        await assert_unchanged(house, shop, before)


async def test_a_commit_that_the_disk_refuses_leaves_the_addresses_as_they_were(house: House) -> None:
    shop, _, _ = await served(house)
    house.source.files["b" * 40] = {".lci.toml": '[project]\ndomains = ["shop.example"]\n'}
    house.source.heads["main"] = "b" * 40

    def refuse(call: str) -> None:
        if call == "store.commit_switch":
            raise Trouble("DATABASE_FULL", "the disk is full")

    house.faults.always = refuse
    build = await house.build(shop)
    assert build.failure is not None
    # What was seen of the version until then is kept with the failure.
    assert [each.ok for each in build.failure.health_checks] == [True]
    assert (await house.fresh(shop)).settings.domains == ()


async def test_a_version_that_claims_anothers_address_does_not_go_live(house: House) -> None:
    shop, _, before = await served(house)
    await house.register("owner", number=2, domains=["owner.example"])
    house.source.files["a" * 40] = {".lci.toml": '[project]\ndomains = ["owner.example"]\n'}
    failure = await failure_of(house, shop)
    assert (failure.kind, failure.code) == (FailureKind.DEPLOY, "DOMAIN_TAKEN")
    assert [each.ok for each in failure.health_checks] == [True]
    assert "owner" in failure.message
    await assert_unchanged(house, shop, before)


@pytest.mark.parametrize("when", ["engine.inspect", "store.add_health_check", "engine.serve_for_good"])
async def test_a_cancelled_rollout_leaves_nothing(house: House, when: str) -> None:
    shop, _, before = await served(house)
    build = await house.order(shop)

    def cancel(call: str) -> None:
        if call == when:
            nursery.start_soon(house.scheduler.cancel, build.id)

    async with trio.open_nursery() as nursery:
        house.faults.always = cancel
        assert (await house.ended(build)).status is S.CANCELLED
    house.faults.always = lambda _: None
    deployment = await house.store.deployment_of(build.id)
    assert deployment is not None
    assert (deployment.outcome, deployment.reason) == (DeploymentOutcome.CANCELLED, "Cancelled.")
    assert house.hub.of(DeploymentEnded)[-1].build_id != build.id
    await assert_unchanged(house, shop, before)


async def test_a_failed_version_is_kept_for_a_look_where_that_is_wanted_until_the_next_comes(house: House) -> None:
    shop, _, before = await served(house)
    await house.change(shop, keep_failed=True)
    house.probe.answers = [500] * 3
    build = await house.build(shop)
    green = await house.slot(shop, Slot.GREEN)
    assert green.status is SlotStatus.ERROR
    kept = house.world.containers[green.container_id or ""]
    assert not kept.running
    assert any(kept.id[:12] in line and "kept" in line for line in house.log(build))
    assert await house.slot(shop, Slot.BLUE) == before
    assert (await house.build(shop)).status is S.SUCCESS
    assert kept.removed


async def test_a_version_that_was_kept_for_a_look_is_gone_after_a_restart(house: House) -> None:
    shop, _, _ = await served(house)
    await house.change(shop, keep_failed=True)
    house.probe.answers = [500] * 3
    await house.build(shop)
    await house.reconciler.settle_world()
    assert len(house.runtimes(shop)) == 1
    assert (await house.slot(shop, Slot.GREEN)).status is SlotStatus.EMPTY
