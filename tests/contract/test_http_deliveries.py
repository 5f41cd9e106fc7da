"""`http-api.md`, "Webhook": signatures, raw bodies, deliveries that come again and deliveries that are kept."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.contract.asking import Examiner
from tests.contract.delivering import COMMIT, QUEUED, Deliver, names, project_of, registered
from tests.whole.service import Service, push_payload, sign

LIMIT = 25 * 1024 * 1024


@pytest.mark.parametrize(
    "signature",
    [None, "sha256=", "sha256=" + "0" * 64, "0" * 64, "sha1=" + "0" * 40, "sha256=\xff", "SHA256=" + "0" * 64, "x"],
)
def test_a_signature_that_is_missing_or_wrong(
    ask: Examiner, deliver: Deliver, repo: str, signature: str | None
) -> None:
    """Signature missing or wrong | 403 `SIGNATURE_INVALID`"""
    given = None if signature is None else signature.encode("latin-1")
    for payload in (push_payload(repo, COMMIT), b"{", b""):
        assert deliver(payload, signature=given).refusal == (403, "SIGNATURE_INVALID")
    for event in ("ping", "issues"):
        refused = deliver({}, signature=given, X_GitHub_Event=event)
        assert refused.refusal == (403, "SIGNATURE_INVALID")
    assert ask("GET", f"/api/projects/{project_of(repo)}/builds").data["total"] == 0


def test_the_signature_is_over_the_raw_bytes(deliver: Deliver, repo: str, secret: str) -> None:
    """The HMAC-SHA256 … compared … over the raw bytes, before they are parsed."""
    document = push_payload(repo, COMMIT)
    odd = json.dumps(document, indent=7, ensure_ascii=False).replace("Ana", "Änne").encode() + b"\n\n"
    assert deliver(odd).status == 202
    same = json.dumps(json.loads(odd)).encode()
    assert deliver(odd, signature=sign(secret, same)).refusal == (403, "SIGNATURE_INVALID")
    assert deliver(document, signed_by="another").refusal == (403, "SIGNATURE_INVALID")


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", None])
def test_the_body_is_read_raw_whatever_it_is_called(deliver: Deliver, repo: str, kind: str | None) -> None:
    """The body is read raw."""
    assert deliver(push_payload(repo, COMMIT), Content_Type=kind).status == 202


def test_a_body_may_be_as_large_as_githubs_limit_and_no_larger(service: Service, deliver: Deliver, repo: str) -> None:
    """25 MiB at most, GitHub's own limit; 413 `PAYLOAD_TOO_LARGE`"""
    payload = push_payload(repo, COMMIT, padding="")
    padded = push_payload(repo, COMMIT, padding="x" * (LIMIT - len(json.dumps(payload).encode())))
    body = json.dumps(padded).encode()
    assert len(body) == LIMIT
    assert deliver(body).status == 202
    assert deliver(body + b" ").refusal == (413, "PAYLOAD_TOO_LARGE")
    assert deliver(push_payload(repo, COMMIT)).status == 202


def test_only_projects_whose_secret_fits_are_triggered(ask: Examiner, deliver: Deliver) -> None:
    """With the global secret and the projects' own: only projects whose secret (own, else global) matches are
    triggered."""
    repo = "http://127.0.0.1:1/acme/secrets.git"
    registered(ask, "secret-global", repo)
    registered(ask, "secret-one", repo, webhook_secret="secret number one")
    registered(ask, "secret-two", repo, webhook_secret="secret number two")
    payload = push_payload(repo, COMMIT)
    assert names(deliver(payload)) == ["secret-global"]
    assert names(deliver(payload, signed_by="secret number one")) == ["secret-one"]
    assert names(deliver(payload, signed_by="secret number two")) == ["secret-two"]
    assert deliver(payload, signed_by="secret number three").refusal == (403, "SIGNATURE_INVALID")
    ask("PUT", "/api/projects/secret-two", {"webhook_secret": None})
    assert names(deliver(payload)) == ["secret-global", "secret-two"]
    assert deliver(payload, signed_by="secret number two").refusal == (403, "SIGNATURE_INVALID")


@pytest.mark.parametrize(
    "delivery",
    [b"72d3162e-cc78-11e3-81ab-4c9367dc0958", b"x", b"any text, with (marks) & more", "ä".encode() * 200, b"y" * 200,
     b"latin \xe4", "日本語の配達".encode(), b"0"],
)  # fmt: skip
def test_a_delivery_is_any_text_and_never_builds_twice(
    ask: Examiner, deliver: Deliver, repo: str, delivery: bytes
) -> None:
    """Delivery ids are any text up to 200 characters; the same `X-GitHub-Delivery` again | 200, `data.ignored =
    "duplicate"` and the builds of the first time; never a second build"""
    first = deliver(push_payload(repo, COMMIT), X_GitHub_Delivery=delivery)
    assert first.status == 202
    again = deliver(push_payload(repo, COMMIT), X_GitHub_Delivery=delivery)
    assert (again.status, again.data["ignored"]) == (200, "duplicate")
    assert [b["build_id"] for b in again.data["builds"]] == [b["build_id"] for b in first.data["builds"]]
    assert ask("GET", f"/api/projects/{project_of(repo)}/builds").data["total"] == 1
    project = ask("GET", f"/api/projects/{project_of(repo)}").data["id"]
    (kept,) = ask("GET", f"/api/webhook/deliveries?project_id={project}").data["deliveries"]
    text = delivery.decode("latin-1") if b"\xe4" in delivery and b"\xc3" not in delivery else delivery.decode()
    assert kept["delivery_id"] == text


@pytest.mark.parametrize("delivery", [b"x" * 201, "ä".encode() * 201, None])
def test_a_delivery_id_that_is_too_long_or_missing(deliver: Deliver, repo: str, delivery: bytes | None) -> None:
    assert deliver(push_payload(repo, COMMIT), X_GitHub_Delivery=delivery).field == "X-GitHub-Delivery"


def test_a_duplicate_is_one_after_a_kill_too(own_service: Service) -> None:
    """Never a second build. A 202 is given only once the build is safely on disk."""
    ask = Examiner(own_service)
    repo = "http://127.0.0.1:1/acme/killed.git"
    registered(ask, "killed", repo)
    delivery = str(uuid.uuid4())
    first = own_service.push(push_payload(repo, COMMIT), delivery=delivery)
    own_service.kill()
    assert first.status_code == 202
    own_service.start()
    build = first.json()["data"]["builds"][0]["build_id"]
    assert ask("GET", f"/api/builds/{build}").data["commit_hash"] == COMMIT
    again = own_service.push(push_payload(repo, COMMIT), delivery=delivery)
    assert (again.status_code, again.json()["data"]["ignored"]) == (200, "duplicate")
    assert ask("GET", "/api/projects/killed/builds").data["total"] == 1


def test_what_was_ignored_is_a_duplicate_too(deliver: Deliver, repo: str) -> None:
    delivery = str(uuid.uuid4())
    assert (
        deliver(push_payload(repo, COMMIT, ref="refs/heads/x"), X_GitHub_Delivery=delivery).data["ignored"] == "branch"
    )
    again = deliver(push_payload(repo, COMMIT, ref="refs/heads/x"), X_GitHub_Delivery=delivery)
    assert (again.status, again.data["ignored"], again.data["builds"]) == (200, "duplicate", [])


def test_every_delivery_is_kept_with_its_verdict_and_reason(ask: Examiner, deliver: Deliver, repo: str) -> None:
    """Every delivery is kept with its verdict and reason: `GET /api/webhook/deliveries` (`?project_id=`)"""
    sent = {}
    for verdict, payload, headers in (
        ("queued", push_payload(repo, COMMIT), {}),
        ("branch", push_payload(repo, COMMIT, ref="refs/heads/x"), {}),
        ("skip_ci", push_payload(repo, COMMIT, head_commit={"message": "[skip ci]"}), {}),
        ("deleted", push_payload(repo, COMMIT, deleted=True), {}),
        ("event", {}, {"X_GitHub_Event": "star"}),
        ("ping", {}, {"X_GitHub_Event": "ping"}),
        ("unknown_repository", push_payload("https://example.com/nobody/knows.git", COMMIT), {}),
    ):
        sent[verdict] = str(uuid.uuid4())
        deliver(payload, X_GitHub_Delivery=sent[verdict], **headers)
    page = ask("GET", "/api/webhook/deliveries?limit=200").data
    assert set(page) == {"total", "deliveries"}
    assert page["total"] >= len(sent)
    kept = {each["delivery_id"]: each for each in page["deliveries"]}
    for verdict, delivery in sent.items():
        assert kept[delivery]["verdict"] == verdict
        assert kept[delivery]["reason"].endswith(".")
    assert [each["id"] for each in page["deliveries"]] == sorted((e["id"] for e in page["deliveries"]), reverse=True)
    project = ask("GET", f"/api/projects/{project_of(repo)}").data["id"]
    own = ask("GET", f"/api/webhook/deliveries?project_id={project}").data
    assert {each["verdict"] for each in own["deliveries"]} == {"queued", "branch", "skip_ci", "deleted"}
    assert own["total"] == 4
    older = ask("GET", f"/api/webhook/deliveries?limit=1&before_id={page['deliveries'][0]['id']}").data
    assert older["deliveries"] == page["deliveries"][1:2]
    for bad in ("x", "0"):
        assert ask("GET", f"/api/webhook/deliveries?project_id={bad}").field == "project_id"


def test_a_signed_delivery_that_could_not_be_read_is_kept_too(ask: Examiner, deliver: Deliver, repo: str) -> None:
    """Every delivery is kept with its verdict and reason."""
    delivery = str(uuid.uuid4())
    assert deliver({"ref": 5}, X_GitHub_Delivery=delivery).status == 400
    kept = {each["delivery_id"]: each for each in ask("GET", "/api/webhook/deliveries").data["deliveries"]}
    assert kept[delivery]["verdict"] == "malformed"
    assert "ref" in kept[delivery]["reason"]
    assert deliver(push_payload(repo, COMMIT), X_GitHub_Delivery=delivery).status == 202


def test_an_ignored_delivery_can_be_built(ask: Examiner, deliver: Deliver) -> None:
    """`POST /api/webhook/deliveries/{id}/build` builds one that was ignored."""
    repo = "http://127.0.0.1:1/acme/ignored.git"
    project = registered(ask, "ignored", repo, path_filter="src/**")
    deliver(push_payload(repo, COMMIT))
    (kept,) = ask("GET", f"/api/webhook/deliveries?project_id={project}").data["deliveries"]
    answer = ask("POST", f"/api/webhook/deliveries/{kept['id']}/build")
    assert answer.status == 202
    (build,) = answer.data["builds"]
    assert set(build) >= QUEUED
    assert (build["project_name"], build["commit_hash"], build["status"]) == ("ignored", COMMIT, "Queued")
    assert ask("POST", "/api/webhook/deliveries/999999/build").refusal == (404, "DELIVERY_NOT_FOUND")
    assert ask("POST", "/api/webhook/deliveries/x/build").refusal == (404, "DELIVERY_NOT_FOUND")
