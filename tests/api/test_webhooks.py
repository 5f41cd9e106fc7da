from __future__ import annotations

import hashlib
import hmac
import json
from ipaddress import ip_network

import pytest
import trio

from lci_app.api import large_bodies, policy
from lci_app.api.dispatch import MAX_BODY_BYTES, MAX_WEBHOOK_BYTES
from tests.api.rig import SECRET, Answer, Rig, open_rig
from tests.makers import COMMIT, commit, push_body


def sign(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def deliver(
    rig: Rig, body: bytes, *, event: str = "push", delivery: str = "d-1", query: str = "", **headers: str
) -> Answer:
    given = {"X_GitHub_Event": event, "X_GitHub_Delivery": delivery, "X_Hub_Signature_256": sign(body), **headers}
    return await rig.post(f"/webhook/github{query}", body, scope=None, **given)


async def test_a_push_queues_a_build_of_every_project_that_matches(rig: Rig) -> None:
    await rig.a_project("shop")
    await rig.a_project("shop-admin", repo="https://github.com/acme/shop.git")
    await rig.a_project("other", repo="acme/other")
    answer = await deliver(rig, push_body())
    assert answer.status == 202
    names = {"build_id", "project_id", "project_name", "commit_hash", "status", "queue_key", "queue_position"}
    assert all(build.keys() >= names for build in answer.data["builds"])
    assert [build["project_name"] for build in answer.data["builds"]] == ["shop", "shop-admin"]
    assert {build["commit_hash"] for build in answer.data["builds"]} == {COMMIT}


async def test_a_delivery_can_be_narrowed_to_one_project(rig: Rig) -> None:
    await rig.a_project("shop")
    await rig.a_project("shop-admin")
    answer = await deliver(rig, push_body(), query="?project=shop-admin")
    assert [build["project_name"] for build in answer.data["builds"]] == ["shop-admin"]


async def test_a_ping_is_answered(rig: Rig) -> None:
    answer = await deliver(rig, b'{"zen": "calm"}', event="ping")
    assert (answer.status, answer.data["builds"]) == (200, [])


@pytest.mark.parametrize(
    ("event", "fields", "ignored"),
    [
        ("issues", {}, "event"),
        ("push", {"ref": "refs/heads/topic"}, "branch"),
        ("push", {"commits": [commit(modified=("docs/a.md",))]}, "path"),
        ("push", {"deleted": True, "after": "0" * 40}, "deleted"),
        ("push", {"head_commit": {"id": COMMIT, "message": "[skip ci] x", "author": {"name": "A"}}}, "skip_ci"),
    ],
)
async def test_what_builds_nothing_says_why(rig: Rig, event: str, fields: dict[str, object], ignored: str) -> None:
    await rig.a_project("shop", path_filter="src/**")
    answer = await deliver(rig, push_body(**fields), event=event)
    assert (answer.status, answer.data["ignored"], answer.data["builds"]) == (200, ignored, [])
    assert answer.data["reason"].endswith(".")


async def test_the_same_delivery_again_gives_the_builds_of_the_first_time(rig: Rig) -> None:
    await rig.a_project("shop")
    first = await deliver(rig, push_body())
    again = await deliver(rig, push_body())
    assert (again.status, again.data["ignored"]) == (200, "duplicate")
    assert [each["build_id"] for each in again.data["builds"]] == [each["build_id"] for each in first.data["builds"]]
    assert len(await rig.store.queued_builds()) == 1


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, sign(b"{}"), sign(push_body(), "no")])
async def test_a_signature_that_is_missing_or_wrong_is_a_403(rig: Rig, signature: str) -> None:
    await rig.a_project("shop")
    refused = await deliver(rig, push_body(), X_Hub_Signature_256=signature)
    assert (refused.status, refused.code) == (403, "SIGNATURE_INVALID")
    assert await rig.store.queued_builds() == []


async def test_a_token_is_no_signature(rig: Rig) -> None:
    await rig.a_project("shop")
    refused = await rig.post("/webhook/github", push_body(), X_GitHub_Event="push", X_GitHub_Delivery="d")
    assert refused.code == "SIGNATURE_INVALID"


async def test_a_repository_of_no_project_is_a_404(rig: Rig) -> None:
    refused = await deliver(rig, push_body())
    assert (refused.status, refused.code) == (404, "PROJECT_NOT_FOUND")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"payload=%7B%7D", b"\xff", b'{"ref": 1}', b"[" * 100_000])
async def test_what_is_not_json_or_has_another_shape_is_a_400(rig: Rig, body: bytes) -> None:
    refused = await deliver(rig, body)
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("delivery", ["", "x" * 201])
async def test_a_delivery_has_an_id_of_up_to_200_characters(rig: Rig, delivery: str) -> None:
    await rig.a_project("shop")
    refused = await deliver(rig, push_body(), delivery=delivery)
    assert (refused.status, refused.details["field"]) == (400, "X-GitHub-Delivery")


async def test_a_body_is_taken_up_to_githubs_own_limit(rig: Rig) -> None:
    await rig.a_project("shop")
    padding = MAX_BODY_BYTES * 3
    body = push_body(padding="x" * padding)
    assert (await deliver(rig, body)).status == 202
    refused = await deliver(rig, b" " * (MAX_WEBHOOK_BYTES + 1), delivery="d-2")
    assert (refused.status, refused.code) == (413, "PAYLOAD_TOO_LARGE")


async def test_every_delivery_is_kept_with_its_verdict(rig: Rig) -> None:
    shop = await rig.a_project("shop")
    blog = await rig.a_project("blog", repo="acme/blog")
    await deliver(rig, push_body(), delivery="first")
    await deliver(rig, push_body(ref="refs/heads/topic"), delivery="second")
    listed = (await rig.get("/api/webhook/deliveries")).data
    assert listed["total"] == 2
    newest, oldest = listed["deliveries"]
    assert (newest["delivery_id"], newest["verdict"], newest["build_ids"]) == ("second", "branch", [])
    assert (oldest["verdict"], oldest["project_ids"], len(oldest["build_ids"])) == ("queued", [shop.id], 1)
    assert oldest["repository"]
    assert (await rig.get(f"/api/webhook/deliveries?project_id={blog.id}")).data["total"] == 0
    older = (await rig.get(f"/api/webhook/deliveries?before_id={newest['id']}")).data["deliveries"]
    assert [each["delivery_id"] for each in older] == ["first"]


async def test_a_delivery_that_was_ignored_can_be_built(rig: Rig) -> None:
    await rig.a_project("shop")
    await deliver(rig, push_body(ref="refs/heads/topic"))
    (delivery,) = (await rig.get("/api/webhook/deliveries")).data["deliveries"]
    built = await rig.post(f"/api/webhook/deliveries/{delivery['id']}/build")
    assert built.status == 202
    assert [build["branch"] for build in built.data["builds"]] == ["topic"]


@pytest.mark.parametrize("named", ["99", "abc", "99999999999999999999"])
async def test_a_delivery_that_is_not_there_is_a_404(rig: Rig, named: str) -> None:
    refused = await rig.post(f"/api/webhook/deliveries/{named}/build")
    assert (refused.status, refused.code) == (404, "DELIVERY_NOT_FOUND")


async def test_a_ping_cannot_be_built(rig: Rig) -> None:
    await deliver(rig, json.dumps({"zen": "calm"}).encode(), event="ping")
    (delivery,) = (await rig.get("/api/webhook/deliveries")).data["deliveries"]
    assert (await rig.post(f"/api/webhook/deliveries/{delivery['id']}/build")).code == "VALIDATION_ERROR"


def moved(before: str, after: str) -> bytes:
    return push_body(before=before * 40, after=after * 40)


async def test_an_old_push_under_a_new_id_builds_nothing_once_the_branch_has_moved_on(rig: Rig) -> None:
    await rig.a_project("shop")
    first = await deliver(rig, moved("a", "b"), delivery="1")
    assert (await deliver(rig, moved("b", "c"), delivery="2")).status == 202
    replayed = await deliver(rig, moved("a", "b"), delivery="3")
    assert (replayed.status, replayed.data["ignored"]) == (200, "duplicate")
    assert replayed.data["builds"] == first.data["builds"]
    assert "said the same" in replayed.data["reason"]
    assert (await rig.get("/api/webhook/deliveries")).data["deliveries"][0]["verdict"] == "replay"
    again = await deliver(rig, moved("a", "b"), delivery="4")
    assert again.data["ignored"] == "duplicate"
    assert (await rig.get("/api/builds")).data["total"] == 2


async def test_a_branch_that_went_back_may_come_again(rig: Rig) -> None:
    await rig.a_project("shop")
    for number, step in enumerate(["ab", "ba", "ab", "bc", "ca", "ab"]):
        assert (await deliver(rig, moved(step[0], step[1]), delivery=str(number))).status == 202


async def test_the_newest_push_builds_nothing_again_under_a_new_id(rig: Rig) -> None:
    """The id is not signed: who has seen a delivery could have it built without end."""
    await rig.a_project("shop")
    first = await deliver(rig, moved("a", "b"), delivery="1")
    for number in range(3):
        again = await deliver(rig, moved("a", "b"), delivery=f"again-{number}")
        assert (again.status, again.data["ignored"], again.data["builds"]) == (200, "duplicate", first.data["builds"])
    assert (await deliver(rig, moved("a", "b") + b" ", delivery="signed anew")).status == 202, "GitHub itself says so"
    standing_still = await deliver(rig, moved("b", "b"), delivery="2")
    assert standing_still.status == 202
    assert (await deliver(rig, moved("b", "b"), delivery="3")).data["ignored"] == "duplicate"
    assert (await rig.get("/api/builds")).data["total"] == 3


async def test_one_push_is_built_by_each_projects_own_hook_once(rig: Rig) -> None:
    await rig.a_project("shop")
    await rig.a_project("shop-admin")
    for number, project in enumerate(["shop", "shop-admin"]):
        answer = await deliver(rig, moved("a", "b"), delivery=str(number), query=f"?project={project}")
        assert answer.status == 202
        assert [build["project_name"] for build in answer.data["builds"]] == [project]
    for number, project in enumerate(["shop", "shop-admin"]):
        answer = await deliver(rig, moved("a", "b"), delivery=f"again-{number}", query=f"?project={project}")
        assert answer.data["ignored"] == "duplicate"
        assert [build["project_name"] for build in answer.data["builds"]] == [project]
    of_both = await deliver(rig, moved("a", "b"), delivery="of both")
    assert of_both.data["ignored"] == "duplicate"
    assert [build["project_name"] for build in of_both.data["builds"]] == ["shop", "shop-admin"]
    await rig.a_project("shop-docs")
    late = await deliver(rig, moved("a", "b"), delivery="with a new one", query="?project=shop-docs")
    assert (late.status, len(late.data["builds"])) == (202, 1)
    assert (await deliver(rig, moved("b", "c"), delivery="3", query="?project=shop")).status == 202
    behind = await deliver(rig, moved("a", "b"), delivery="4", query="?project=shop-admin")
    assert behind.data["ignored"] == "duplicate"


async def test_what_cannot_be_signed_is_refused_before_its_body_is_read(rig: Rig) -> None:
    refused = await rig.post("/webhook/github", b"x" * (MAX_WEBHOOK_BYTES + 1), scope=None, X_GitHub_Event="push")
    assert (refused.status, refused.code) == (403, "SIGNATURE_INVALID")


async def test_webhooks_come_from_where_they_may(tmp_path) -> None:
    async with open_rig(tmp_path, webhook_addresses=(ip_network("192.0.2.0/24"),)) as rig:
        await rig.a_project("shop")
        refused = await deliver(rig, push_body())
        assert (refused.status, refused.code) == (403, "FORBIDDEN")
        spoofed = await deliver(rig, push_body(), X_Forwarded_For="192.0.2.1")
        assert spoofed.status == 403, "127.0.0.1 is no trusted proxy here"
    trusted = {"webhook_addresses": (ip_network("192.0.2.0/24"),), "trusted_proxies": (ip_network("127.0.0.1"),)}
    async with open_rig(tmp_path, **trusted) as rig:
        assert (await deliver(rig, push_body(), X_Forwarded_For="192.0.2.1")).status == 202
        assert (await deliver(rig, push_body(), X_Forwarded_For="192.0.2.1, 198.51.100.1")).status == 403


async def test_guessing_signatures_has_an_end(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "MAX_FAILURES", 2)
    wrong = {"X_Hub_Signature_256": "sha256=" + "0" * 64}
    assert [(await deliver(rig, push_body(), **wrong)).status for _ in range(3)] == [403, 403, 429]
    await rig.a_project("shop")
    assert (await deliver(rig, push_body())).status == 202, "who signs passes, whoever shares its address"


async def test_bodies_that_do_not_come_count_as_failures(served: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "MAX_FAILURES", 2)
    monkeypatch.setattr(large_bodies, "READ_SECONDS", 0.05)
    head = (
        f"POST /webhook/github HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nX-GitHub-Event: push\r\n"
        "X-GitHub-Delivery: 1\r\nX-Hub-Signature-256: sha256=00\r\nContent-Length: 5000000\r\n\r\n{"
    )
    answers = []
    for _ in range(3):
        async with await trio.open_tcp_stream("127.0.0.1", served.port) as stream:
            await stream.send_all(head.encode())
            answers.append((await stream.receive_some(12))[-3:])
    assert answers == [b"408", b"408", b"429"]


@pytest.mark.parametrize("depth", [1_000, 100_000, 1_000_000])
async def test_a_body_of_any_depth_is_refused(rig: Rig, depth: int) -> None:
    for body in (b"[" * depth, b'{"a":' * depth + b"1" + b"}" * depth):
        refused = await deliver(rig, body)
        assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("short", ["", "s3cret", "fifteen letters"])
async def test_a_secret_that_could_be_guessed_is_refused(rig: Rig, short: str) -> None:
    fields = {"name": "shop", "repo": "acme/shop"}
    refused = await rig.post("/api/projects", {**fields, "webhook_secret": short})
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert refused.json["error"]["message"] == "webhook_secret must be at least 16 characters long."
    assert (await rig.post("/api/projects", {**fields, "webhook_secret": "sixteen letters!"})).status == 201
    assert (await rig.call("PUT", "/api/projects/shop", {"webhook_secret": short})).status == 400
    assert (await rig.call("PUT", "/api/projects/shop", {"webhook_secret": None})).status == 200
