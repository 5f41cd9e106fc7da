"""Pull requests: what a delivery makes of them, how they are approved, and what their builds are kept from."""

from __future__ import annotations

from typing import Any

import pytest

from lci_app.core import names
from lci_app.core.delivery import Verdict
from lci_app.core.events import BuildStatusChanged
from lci_app.core.model import Build, BuildStatus, Trigger, Trust, Wait
from lci_app.core.payload import sign
from lci_app.core.project import Project
from lci_app.interfaces import ContainerSpec, Placed, Refusal
from lci_app.services.candidate import DeployOrder
from lci_app.services.intake import WEBHOOK_SECRET
from lci_app.services.results import (
    BuildFinished,
    BuildsQueued,
    DuplicateDelivery,
    Ignored,
    Invalid,
    MalformedDelivery,
    NoSuchBuild,
    NoSuchProject,
    NothingRetained,
    NothingToApprove,
    WebhookAnswer,
)
from tests.adapters.sqlite_store import EARLY, pull_request_build
from tests.doubles.engine import Script
from tests.makers import COMMIT, pull_request_body
from tests.services.house import House, Outside, Watched, eventually, open_house

SECRET = "the global secret"
NEXT, LAST = "6" * 40, "7" * 40
BASE = "a" * 40


async def deliver(house: House, body: bytes | None = None, *, delivery: str = "d1") -> WebhookAnswer:
    body = pull_request_body() if body is None else body
    await house.store.set_setting(WEBHOOK_SECRET, SECRET)
    return await house.intake.deliver(
        event="pull_request", delivery_id=delivery, signature=sign(SECRET, body), body=body, project=None
    )


async def a_waiting(house: House, **settings: Any) -> tuple[Project, Build]:
    """Return a project and the build of a fork's pull request to it."""
    shop = await house.register(pull_requests="forks_after_approval", **settings)
    answer = await deliver(house)
    assert isinstance(answer, BuildsQueued), answer
    return shop, answer.placed[0].build


async def approved(house: House, build: Build) -> Build:
    answer = await house.approvals.approve(build.id, commit_hash=None, by="ana")
    assert isinstance(answer, Build), answer
    return answer


def spec_of_build(house: House) -> list[ContainerSpec]:
    """Return a list in which the container of each build appears that runs from now on."""
    seen: list[ContainerSpec] = []
    run = house.engine.run_attached

    async def watched(spec: ContainerSpec, **arguments: Any) -> Any:
        seen.append(spec)
        return await run(spec, **arguments)

    house.builder.step.engine = Watched(house.engine, run_attached=watched)
    return seen


# --- deliveries


async def test_the_pull_request_of_a_fork_waits_for_approval_and_is_never_deployed(house: House) -> None:
    shop, build = await a_waiting(house)
    assert (build.trigger, build.trust, build.deploy) == (Trigger.PULL_REQUEST, Trust.UNTRUSTED, False)
    assert (build.commit_hash, build.branch, build.pull_request) == (COMMIT, "main", 7)
    assert (build.status, build.waits_for) == (BuildStatus.QUEUED, Wait.APPROVAL)
    pushed = await house.ended(await house.pushed(shop))
    assert pushed.status is BuildStatus.SUCCESS
    still = await house.store.build(build.id)
    assert still is not None
    assert still.status is BuildStatus.QUEUED


async def test_a_pull_request_of_the_repository_itself_is_built_at_once_and_is_untrusted_all_the_same(
    house: House,
) -> None:
    await house.register(pull_requests="same_repository")
    answer = await deliver(house, pull_request_body(fork=False))
    assert isinstance(answer, BuildsQueued)
    ended = await house.ended(answer.placed[0].build)
    assert (ended.status, ended.trust, ended.deployed_slot) == (BuildStatus.SUCCESS, Trust.UNTRUSTED, None)


@pytest.mark.parametrize(
    ("settings", "fields", "verdict"),
    [
        ({}, {}, Verdict.EVENT),
        ({}, {"fork": False}, Verdict.EVENT),
        ({"pull_requests": "same_repository"}, {}, Verdict.EVENT),
        ({"pull_requests": "forks_after_approval"}, {"action": "closed"}, Verdict.EVENT),
        ({"pull_requests": "forks_after_approval", "branch": "next"}, {}, Verdict.BRANCH),
    ],
)
async def test_what_is_not_built_is_kept_with_its_reason(
    house: House, settings: dict[str, Any], fields: dict[str, Any], verdict: Verdict
) -> None:
    await house.register(**settings)
    answer = await deliver(house, pull_request_body(**fields))
    assert isinstance(answer, Ignored)
    assert answer.verdict is verdict
    assert answer.reason.endswith(".")
    _, (kept,) = await house.store.deliveries(project_id=None, limit=50, offset=0)
    assert (kept.verdict, kept.reason, kept.event) == (verdict, answer.reason, "pull_request")
    assert await house.store.queued_builds() == []


async def test_a_repository_that_nobody_builds_and_a_wrong_shape_are_refused(house: House) -> None:
    assert isinstance(await deliver(house), NoSuchProject)
    malformed = await deliver(house, pull_request_body(number="seven"), delivery="d2")
    assert malformed == MalformedDelivery("number", "must be the number of a pull request")


async def test_a_delivery_that_comes_again_builds_nothing(house: House) -> None:
    _, build = await a_waiting(house)
    again = await deliver(house)
    assert isinstance(again, DuplicateDelivery)
    assert [placed.build.id for placed in again.placed] == [build.id]


async def test_an_old_commit_under_a_new_id_builds_nothing(house: House) -> None:
    """Who has seen an old signed delivery cannot bring its commit back, nor take the new one's place."""
    await a_waiting(house)
    await deliver(house, pull_request_body(commit_hash=NEXT, before=COMMIT), delivery="d2")
    replayed = await deliver(house, delivery="d3")
    assert isinstance(replayed, DuplicateDelivery)
    assert replayed.verdict is Verdict.REPLAY
    (waiting,) = await house.store.queued_builds()
    assert waiting.commit_hash == NEXT


async def test_the_next_commit_waits_for_an_approval_of_its_own(house: House) -> None:
    _, first = await a_waiting(house)
    with house.scheduler.held_back(first.project_id):
        await approved(house, first)
        await deliver(house, pull_request_body(commit_hash=NEXT, before=COMMIT), delivery="d2")
        old = await house.store.build(first.id)
        assert old is not None
        assert old.status is BuildStatus.CANCELLED
        assert BuildStatus.CANCELLED in house.hub.statuses(first.id)
        (second,) = await house.store.queued_builds()
    assert (second.commit_hash, second.waits_for) == (NEXT, Wait.APPROVAL)
    assert isinstance(await house.approvals.approve(first.id, commit_hash=None, by="ana"), BuildFinished)


# --- approving


async def test_an_approved_build_runs_and_it_is_known_who_approved_it(house: House) -> None:
    _, build = await a_waiting(house)
    answer = await approved(house, build)
    assert (answer.approved_by, answer.approved_commit) == ("ana", COMMIT)
    ended = await house.ended(build)
    assert (ended.status, ended.deployed_slot, ended.retained) == (BuildStatus.SUCCESS, None, False)
    assert house.log(build)[-1] == "Built and verified; not deployed: what a pull request makes never is."
    assert not house.workspace.path(names.output(build.id)).exists()
    assert [each.status for each in house.hub.of(BuildStatusChanged)][:2] == [BuildStatus.QUEUED, BuildStatus.QUEUED]


async def test_an_approval_may_name_the_commit_that_was_looked_at(house: House) -> None:
    _, build = await a_waiting(house)
    refused = await house.approvals.approve(build.id, commit_hash=NEXT, by="ana")
    assert isinstance(refused, NothingToApprove)
    assert COMMIT in refused.message
    assert isinstance(await house.approvals.approve(build.id, commit_hash=COMMIT, by="ana"), Build)


async def test_there_is_nothing_to_approve_of_what_does_not_wait(house: House) -> None:
    shop, build = await a_waiting(house)
    await house.change(shop, pull_requests="off")
    assert isinstance(await house.approvals.approve(build.id, commit_hash=None, by="ana"), NothingToApprove)
    with house.scheduler.held_back(shop.id):
        push = await house.pushed(shop)
        assert isinstance(await house.approvals.approve(push.id, commit_hash=None, by="ana"), NothingToApprove)
    assert await house.approvals.approve(4711, commit_hash=None, by="ana") == NoSuchBuild(4711)


async def test_what_waits_still_waits_when_lci_is_started_again(outside: Outside) -> None:
    async with open_house(outside) as house:
        _, build = await a_waiting(house)
    async with open_house(outside) as again:
        await again.reconciler.settle_rows()
        still = await again.store.build(build.id)
        assert still is not None
        assert (still.status, still.waits_for) == (BuildStatus.QUEUED, Wait.APPROVAL)
        await approved(again, still)
        assert (await again.ended(still)).status is BuildStatus.SUCCESS


async def test_a_build_that_was_cut_short_is_still_approved_and_still_untrusted(outside: Outside) -> None:
    outside.world.scripts["make"] = Script()
    async with open_house(outside) as house:
        _, build = await a_waiting(house)
        await approved(house, build)
        await house.container(build)
    outside.world.scripts["make"] = Script(exit_code=0)
    async with open_house(outside) as again:
        ended = await again.ended(build)
    assert (ended.status, ended.restarts, ended.deployed_slot) == (BuildStatus.SUCCESS, 1, None)
    assert ended.trust is Trust.UNTRUSTED


# --- dispatch


@pytest.mark.parametrize("wanted", ["off", "same_repository"])
async def test_what_was_turned_off_since_is_not_built(house: House, wanted: str) -> None:
    shop, build = await a_waiting(house)
    with house.scheduler.held_back(shop.id):
        await approved(house, build)
        await house.change(shop, pull_requests=wanted)
    ended = await house.ended(build)
    assert ended.failure is not None
    assert ended.failure.code == "PULL_REQUESTS_OFF"
    assert house.source.asked == []


async def test_an_approval_of_another_commit_lets_nothing_run(house: House) -> None:
    shop = await house.register(pull_requests="forks_after_approval")
    placed = await house.store.queue_build(pull_request_build(shop, approved_commit=NEXT), EARLY)
    assert isinstance(placed, Placed)
    build = placed.build
    house.queue.announce([build])
    await house.ended(await house.pushed(shop))
    still = await house.store.build(build.id)
    assert still is not None
    assert (still.status, still.waits_for) == (BuildStatus.QUEUED, Wait.APPROVAL)


# --- what its build gets


async def test_the_settings_are_those_of_the_base_branch(house: House) -> None:
    house.source.files[COMMIT] = {".lci.toml": '[build]\ncommand = "steal"\n[project]\npath_filter = "mine"\n'}
    house.source.files[BASE] = {".lci.toml": '[build]\nenv = { FROM = "base" }\n[project]\npath_filter = "src/**"\n'}
    specs = spec_of_build(house)
    shop, build = await a_waiting(house)
    await approved(house, build)
    ended = await house.ended(build)
    assert ended.effective is not None
    assert ended.effective["build_command"] == {"value": "make", "origin": "project"}
    assert specs[0].environment["FROM"] == "base"
    assert (specs[0].environment["LCI_PULL_REQUEST"], specs[0].environment["LCI_BRANCH"]) == ("7", "main")
    assert (await house.fresh(shop)).settings.path_filter == "**"
    assert house.source.fetched == [("untrusted.git", COMMIT, 7), ("mirror.git", BASE, None)]


async def test_the_tree_of_the_base_branch_is_gone_before_anything_runs(house: House) -> None:
    shop, build = await a_waiting(house)
    seen: list[list[str]] = []

    def look(call: str) -> None:
        if call == "engine.run_attached":
            root = house.workspace.path(names.checkout(shop.id, build.id))
            seen.append(sorted(each.name for each in root.iterdir()))

    house.faults.always = look
    await approved(house, build)
    await house.ended(build)
    assert seen == [["app", "build"]]


async def test_its_caches_are_empty_ones_of_its_own(house: House) -> None:
    specs = spec_of_build(house)
    shop, build = await a_waiting(house, cache_type=["npm", "pip"])
    await house.build(shop)
    await approved(house, build)
    await house.ended(build)
    own = house.workspace.path(names.scratch(build.id))
    caches = [[mount.host for mount in spec.mounts if mount.container.startswith("/root/")] for spec in specs]
    assert caches == [
        [house.workspace.path(names.shared_cache(cache)) for cache in ("npm", "pip")],
        [own / "npm", own / "pip"],
    ]
    assert not own.exists()


async def test_it_gets_no_secret_of_those_that_its_settings_name(house: House) -> None:
    specs = spec_of_build(house)
    await house.store.set_secrets(None, {"TOKEN": "build-token-8f3a"}, EARLY)
    _, build = await a_waiting(house, build_secrets=["TOKEN"])
    await approved(house, build)
    assert (await house.ended(build)).status is BuildStatus.SUCCESS
    assert "TOKEN" not in specs[0].environment


async def test_it_holds_up_no_push_while_it_runs(house: House) -> None:
    house.world.scripts["stuck"] = Script()
    shop, build = await a_waiting(house, build_command="stuck")
    await approved(house, build)
    await house.container(build)
    await house.change(shop, build_command="make")
    assert (await house.ended(await house.pushed(shop))).status is BuildStatus.SUCCESS
    await house.scheduler.cancel(build.id)
    await house.ended(build)


async def test_the_deployer_takes_nothing_that_is_untrusted_whoever_orders_it(house: House) -> None:
    shop, build = await a_waiting(house)
    async with house.logs.open("log") as log:
        order = DeployOrder(build, shop.settings, house.workspace.path("output"), log)
        with pytest.raises(Refusal) as refusal:
            await house.deployer.deploy(order)
    assert refusal.value.code == "NEVER_DEPLOYED"
    assert house.runtimes(shop) == []


# --- what is ordered of it


async def test_a_rebuild_is_trusted_no_more_and_approved_only_where_the_other_was(house: House) -> None:
    _, build = await a_waiting(house)
    waiting = await house.orders.rebuild(build.id)
    assert isinstance(waiting, Placed)
    assert waiting.build.waits_for is Wait.APPROVAL
    await approved(house, build)
    await house.ended(build)
    again = await house.orders.rebuild(build.id)
    assert isinstance(again, Placed)
    ended = await house.ended(again.build)
    assert (ended.status, ended.trust, ended.trigger) == (BuildStatus.SUCCESS, Trust.UNTRUSTED, Trigger.REBUILD)
    assert (ended.deployed_slot, ended.pull_request) == (None, 7)


async def test_nobody_goes_back_to_it(house: House) -> None:
    shop, build = await a_waiting(house)
    await house.build(shop)
    await approved(house, build)
    await house.ended(build)
    refused = await house.orders.rollback(await house.fresh(shop), build.id)
    assert isinstance(refused, NothingRetained)
    assert "pull request" in refused.message
    assert isinstance(await house.orders.rollback(await house.fresh(shop), None), NothingRetained)


async def ignored(house: House, **settings: Any) -> tuple[Project, int]:
    """Return a project, and the delivery of a fork's pull request that it did not build."""
    shop = await house.register(**settings)
    await deliver(house)
    _, (kept,) = await house.store.deliveries(project_id=shop.id, limit=50, offset=0)
    assert kept.ref == "refs/pull/7/head"
    return shop, kept.id


async def test_a_delivery_that_was_ignored_is_built_untrusted_and_after_approval(house: House) -> None:
    shop, row = await ignored(house)
    await house.change(shop, pull_requests="forks_after_approval")
    answer = await house.orders.build_delivery(row)
    assert isinstance(answer, BuildsQueued)
    (placed,) = answer.placed
    assert (placed.build.trust, placed.build.waits_for, placed.build.deploy) == (Trust.UNTRUSTED, Wait.APPROVAL, False)
    assert (placed.build.commit_hash, placed.build.pull_request) == (COMMIT, 7)


@pytest.mark.parametrize("wanted", ["off", "same_repository"])
async def test_a_delivery_is_not_built_past_what_the_project_allows(house: House, wanted: str) -> None:
    _, row = await ignored(house, pull_requests=wanted)
    assert isinstance(await house.orders.build_delivery(row), Invalid)
    assert await house.store.queued_builds() == []


async def test_a_new_commit_lets_go_of_what_is_ready_to_begin(house: House) -> None:
    """The scheduler may have a build in its hands that the next commit cancels: it does not run."""
    shop, build = await a_waiting(house)
    with house.scheduler.held_back(shop.id):
        await approved(house, build)
        await deliver(house, pull_request_body(commit_hash=LAST, before=COMMIT), delivery="d2")
    await house.ended(await house.pushed(shop))
    await eventually(lambda: not house.scheduler._running)
    assert COMMIT not in [commit for _, commit in house.source.asked]
