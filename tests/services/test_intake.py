"""A webhook request becomes recorded builds, or a reason why there are none."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from lci_app.core.delivery import Verdict
from lci_app.core.model import Trigger
from lci_app.core.payload import sign
from lci_app.core.project import Project, ProjectSecrets
from lci_app.interfaces import BuildFilter
from lci_app.services.intake import MAX_DELIVERY_ID, WEBHOOK_SECRET
from lci_app.services.results import (
    BuildsQueued,
    DuplicateDelivery,
    Ignored,
    MalformedDelivery,
    NoSuchProject,
    Ponged,
    SignatureInvalid,
    WebhookAnswer,
)
from tests.makers import COMMIT, commit, new_project, push_body
from tests.services.house import House

SECRET = "the global secret"
OWN = "a secret of its own"


@pytest.fixture
async def house_with_secret(house: House) -> House:
    await house.store.set_setting(WEBHOOK_SECRET, SECRET)
    return house


async def deliver(
    house: House,
    body: bytes | None = None,
    *,
    secret: str = SECRET,
    delivery: str | None = "d1",
    event: str | None = "push",
    project: str | None = None,
    signature: str | None = None,
) -> WebhookAnswer:
    body = push_body() if body is None else body
    return await house.intake.deliver(
        event=event, delivery_id=delivery, signature=signature or sign(secret, body), body=body, project=project
    )


async def registered(house: House, name: str = "shop", *, own: str | None = None, **settings: Any) -> Project:
    secrets = ProjectSecrets(webhook_secret=own)
    number = len(await house.store.port_numbers()) + 1
    created = await house.store.create_project(
        new_project(name, secrets=secrets, **settings), number=number, port_base=9000, at=house.clock.now()
    )
    assert isinstance(created, Project)
    return created


async def deliveries(house: House) -> list[tuple[str, Verdict]]:
    _, found = await house.store.deliveries(project_id=None, limit=50, offset=0)
    return [(each.delivery_id, each.verdict) for each in found]


async def test_a_push_is_a_build_of_exactly_its_commit(house_with_secret: House) -> None:
    house = house_with_secret
    shop = await registered(house)
    answer = await deliver(house)
    assert isinstance(answer, BuildsQueued)
    (placed,) = answer.placed
    build = placed.build
    assert (build.project_id, build.commit_hash, build.branch, build.trigger) == (
        shop.id,
        COMMIT,
        "main",
        Trigger.WEBHOOK,
    )
    assert (build.commit_message, build.commit_author, placed.position) == ("Add a shelf", "Ana", 1)
    assert await deliveries(house) == [("d1", Verdict.QUEUED)]
    await house.ended(build)


async def test_every_project_of_a_monorepo_whose_files_are_touched_is_built(house_with_secret: House) -> None:
    house = house_with_secret
    await registered(house, "front", path_filter="web/**")
    await registered(house, "back", path_filter="api/**")
    await registered(house, "docs", path_filter="docs/**")
    body = push_body(commits=[commit(added=("web/a.ts",)), commit(modified=("api/b.py",))])
    answer = await deliver(house, body)
    assert isinstance(answer, BuildsQueued)
    assert sorted(placed.build.project_name for placed in answer.placed) == ["back", "front"]


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"ref": "refs/heads/next"}, Verdict.BRANCH),
        ({"ref": "refs/tags/v1"}, Verdict.BRANCH),
        ({"after": "0" * 40, "deleted": True}, Verdict.DELETED),
        ({"head_commit": {"id": COMMIT, "message": "words [skip ci]"}}, Verdict.SKIP_CI),
        ({"commits": [commit(modified=("docs/a.md",))]}, Verdict.PATH),
    ],
)
async def test_a_push_that_builds_nothing_is_kept_with_its_reason(
    house_with_secret: House, fields: dict[str, Any], verdict: Verdict
) -> None:
    house = house_with_secret
    shop = await registered(house, path_filter="src/**")
    answer = await deliver(house, push_body(**fields))
    assert isinstance(answer, Ignored)
    assert answer.verdict is verdict
    assert answer.reason.endswith(".")
    _, (kept,) = await house.store.deliveries(project_id=shop.id, limit=50, offset=0)
    assert (kept.verdict, kept.reason) == (verdict, answer.reason)
    assert await house.store.queued_builds() == []


async def test_the_same_delivery_again_is_answered_with_the_builds_of_the_first_time(house_with_secret: House) -> None:
    house = house_with_secret
    await registered(house)
    first = await deliver(house)
    again = await deliver(house)
    assert isinstance(first, BuildsQueued)
    assert isinstance(again, DuplicateDelivery)
    assert [each.build.id for each in again.placed] == [each.build.id for each in first.placed]
    total, _ = await house.store.builds(BuildFilter(), limit=9, offset=0)
    assert total == 1


async def test_ten_of_the_same_at_once_are_one_build(house_with_secret: House) -> None:
    house = house_with_secret
    await registered(house)
    answers: list[WebhookAnswer] = []

    async def send() -> None:
        answers.append(await deliver(house))

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(send)
    assert sorted(type(each).__name__ for each in answers) == ["BuildsQueued"] + ["DuplicateDelivery"] * 9


async def test_a_delivery_that_was_ignored_stays_so_when_it_comes_again(house_with_secret: House) -> None:
    house = house_with_secret
    shop = await registered(house, branch="next")
    assert isinstance(await deliver(house), Ignored)
    await house.change(shop, branch="main")
    again = await deliver(house)
    assert isinstance(again, DuplicateDelivery)
    assert (again.placed, again.verdict) == ([], Verdict.BRANCH)


async def test_a_delivery_of_a_repository_that_was_unknown_counts_once_it_is_known(house_with_secret: House) -> None:
    house = house_with_secret
    for _ in range(2):
        assert isinstance(await deliver(house), NoSuchProject)
    assert await deliveries(house) == [("d1", Verdict.UNKNOWN_REPOSITORY)]
    await registered(house)
    assert isinstance(await deliver(house), BuildsQueued)
    assert isinstance(await deliver(house), DuplicateDelivery)


@pytest.mark.parametrize("signature", [None, "", "sha256=", "sha256=" + "0" * 64, "sha1=abc", "sha256=\udce4"])
async def test_without_a_right_signature_nothing_is_parsed_or_kept(
    house_with_secret: House, signature: str | None
) -> None:
    house = house_with_secret
    await registered(house)
    for body in (push_body(), b"\xff not json"):
        answer = await house.intake.deliver(
            event="push", delivery_id="d1", signature=signature, body=body, project=None
        )
        assert isinstance(answer, SignatureInvalid)
    assert await deliveries(house) == []


async def test_an_empty_secret_signs_nothing(house: House) -> None:
    await registered(house)
    for secret in (None, ""):
        if secret is not None:
            await house.store.set_setting(WEBHOOK_SECRET, secret)
        assert isinstance(await deliver(house, secret=""), SignatureInvalid)


async def test_a_project_with_a_secret_of_its_own_hears_that_one_only(house_with_secret: House) -> None:
    house = house_with_secret
    await registered(house, "shared")
    await registered(house, "private", own=OWN)
    by_own = await deliver(house, secret=OWN, delivery="d1")
    by_shared = await deliver(house, delivery="d2")
    assert isinstance(by_own, BuildsQueued)
    assert isinstance(by_shared, BuildsQueued)
    assert [each.build.project_name for each in by_own.placed] == ["private"]
    assert [each.build.project_name for each in by_shared.placed] == ["shared"]


async def test_anothers_secret_opens_no_project(house_with_secret: House) -> None:
    house = house_with_secret
    await registered(house, "shop", own=OWN)
    await registered(house, "forge", own="another secret", repo="acme/forge")
    assert isinstance(await deliver(house), SignatureInvalid)
    assert isinstance(await deliver(house, secret="another secret"), SignatureInvalid)
    assert await deliveries(house) == []


async def test_an_address_can_narrow_a_delivery_to_one_project(house_with_secret: House) -> None:
    house = house_with_secret
    first, second = await registered(house, "one"), await registered(house, "two")
    for number, named in enumerate(("one", str(first.id))):
        body = push_body() + b" " * number
        answer = await deliver(house, body, project=named, delivery=f"d{number}")
        assert isinstance(answer, BuildsQueued)
        assert [each.build.project_id for each in answer.placed] == [first.id]
    assert isinstance(await deliver(house, project="three", delivery="d9"), NoSuchProject)
    assert second.id != first.id


async def test_a_ping_is_answered_each_time(house_with_secret: House) -> None:
    house = house_with_secret
    for _ in range(2):
        assert isinstance(await deliver(house, b'{"zen": "Keep it simple."}', event="ping"), Ponged)
    assert await deliveries(house) == [("d1", Verdict.PING)]


async def test_another_event_is_kept_and_ignored(house_with_secret: House) -> None:
    house = house_with_secret
    answer = await deliver(house, b"{}", event="issues")
    assert isinstance(answer, Ignored)
    assert answer.verdict is Verdict.EVENT
    assert isinstance(await deliver(house, b"{}", event="issues"), DuplicateDelivery)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"delivery": None}, "X-GitHub-Delivery"),
        ({"delivery": ""}, "X-GitHub-Delivery"),
        ({"delivery": "x" * (MAX_DELIVERY_ID + 1)}, "X-GitHub-Delivery"),
        ({"event": None}, "X-GitHub-Event"),
        ({"body": b"not json"}, "body"),
        ({"body": b"[1]"}, "body"),
        ({"body": b"{}"}, "ref"),
        ({"body": push_body(after="abc")}, "after"),
        ({"body": push_body(repository={})}, "repository.clone_url"),
    ],
)
async def test_what_is_malformed_is_named(house_with_secret: House, given: dict[str, Any], field: str) -> None:
    answer = await deliver(house_with_secret, **given)
    assert isinstance(answer, MalformedDelivery)
    assert answer.field == field


async def test_the_longest_delivery_id_is_taken(house_with_secret: House) -> None:
    house = house_with_secret
    await registered(house)
    assert isinstance(await deliver(house, delivery="ü" * MAX_DELIVERY_ID), BuildsQueued)


async def test_a_push_while_automatic_deployment_is_off_is_not_to_be_deployed(house_with_secret: House) -> None:
    house = house_with_secret
    await registered(house, auto_deploy=False)
    answer = await deliver(house)
    assert isinstance(answer, BuildsQueued)
    assert not answer.placed[0].build.deploy


async def test_a_push_of_many_files_is_decided_beside_the_event_loop(house_with_secret: House) -> None:
    house = house_with_secret
    await registered(house, path_filter="deep/**")
    files = tuple(f"src/{number}/file.py" for number in range(20_000))
    answer = await deliver(house, push_body(commits=[commit(added=files), commit(added=("deep/x",))]))
    assert isinstance(answer, BuildsQueued)
