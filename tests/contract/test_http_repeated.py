"""`http-api.md`: `Idempotency-Key`."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest

from tests.contract.asking import Answer, Examiner
from tests.git_server import GitRepository
from tests.whole.service import Service


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def test_the_same_key_gives_the_first_answer_again(ask: Examiner) -> None:
    """`Idempotency-Key` on POSTs that create or start something: the same key within 24 h gives the first answer
    again."""
    once = key()
    body = {"name": "repeated", "repo": "a/b"}
    first, again = ask("POST", "/api/projects", body, headers=once), ask("POST", "/api/projects", body, headers=once)
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert again.headers["ETag"] == first.headers["ETag"]
    assert ask("POST", "/api/projects", body).refusal == (409, "PROJECT_EXISTS")


def test_a_repeated_trigger_queues_one_build(ask: Examiner) -> None:
    ask("POST", "/api/projects", {"name": "triggered", "repo": "a/b"})
    once = key()
    answers = [ask("POST", "/api/projects/triggered/builds", {"deploy": False}, headers=once) for _ in range(3)]
    assert {answer.status for answer in answers} == {202}
    assert len({answer.body for answer in answers}) == 1
    assert ask("GET", "/api/projects/triggered/builds").data["total"] == 1
    other = ask("POST", "/api/projects/triggered/builds", {"deploy": False}, headers=key())
    assert other.data["build_number"] == 2


def test_requests_at_the_same_time_are_one(ask: Examiner) -> None:
    ask("POST", "/api/projects", {"name": "at-once", "repo": "a/b"})
    once = key()
    answers: list[Answer] = []

    def trigger() -> None:
        answers.append(Examiner(ask.service)("POST", "/api/projects/at-once/builds", {}, headers=once))

    threads = [threading.Thread(target=trigger) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 12
    assert {answer.status for answer in answers} == {202}
    assert len({answer.data["build_id"] for answer in answers}) == 1
    assert ask("GET", "/api/projects/at-once/builds").data["total"] == 1


def test_every_call_that_starts_something_knows_the_key(ask: Examiner) -> None:
    """`Idempotency-Key` on POSTs that create or start something."""
    paths = ask("GET", "/openapi.json").data["paths"]
    knowing = {
        path
        for path, operations in paths.items()
        if any(each["name"] == "Idempotency-Key" for each in operations.get("post", {}).get("parameters", []))
    }
    project, build = "/api/projects/{project}", "/api/builds/{build_id}"
    assert {"/api/projects", f"{project}/builds", f"{project}/rollback", f"{project}/switch", f"{project}/restart",
            f"{project}/stop", f"{project}/start", f"{build}/rebuild",
            "/api/webhook/deliveries/{delivery_id}/build"} <= knowing  # fmt: skip


def test_a_repeated_rebuild_is_one_build(ask: Examiner) -> None:
    ask("POST", "/api/projects", {"name": "rebuilt", "repo": "a/b"})
    build = ask("POST", "/api/projects/rebuilt/builds", {}).data["build_id"]
    once = key()
    first, again = (ask("POST", f"/api/builds/{build}/rebuild", headers=once) for _ in range(2))
    assert (first.status, first.body) == (202, again.body)
    assert ask("GET", "/api/projects/rebuilt/builds").data["total"] == 2


def test_a_refusal_is_repeated_too(ask: Examiner) -> None:
    """The same key within 24 h gives the first answer again."""
    once = key()
    ask("POST", "/api/projects", {"name": "empty", "repo": "a/b"})
    first, again = (ask("POST", "/api/projects/empty/rollback", {}, headers=once) for _ in range(2))
    assert first.refusal == again.refusal == (409, "NOTHING_RETAINED")


def test_a_key_of_one_caller_is_not_anothers(ask: Examiner) -> None:
    ask("POST", "/api/projects", {"name": "shared-key", "repo": "a/b"})
    once = key()
    mine = ask("POST", "/api/projects/shared-key/builds", {}, headers=once)
    theirs = ask("POST", "/api/projects/shared-key/builds", {}, scope="deploy", headers=once)
    assert mine.data["build_id"] != theirs.data["build_id"]


def test_what_was_not_valid_does_not_use_the_key_up(ask: Examiner) -> None:
    once = key()
    assert ask("POST", "/api/projects", {"name": "Mended", "repo": "a/b"}, headers=once).status == 400
    assert ask("POST", "/api/projects", {"name": "mended", "repo": "a/b"}, headers=once).status == 201


@pytest.mark.parametrize("bad", ["", "x" * 10_000, "\x7f"])
def test_a_key_that_is_none_is_refused(ask: Examiner, bad: str) -> None:
    body: Any = {"name": "no-key", "repo": "a/b"}
    assert ask("POST", "/api/projects", body, headers={"Idempotency-Key": bad}).field == "Idempotency-Key"


def test_the_first_answer_survives_a_restart(own_service: Service, shop: GitRepository) -> None:
    """The same key within 24 h gives the first answer again."""
    ask = Examiner(own_service)
    once = key()
    body = {"name": "lasting", "repo": shop.url}
    made = ask("POST", "/api/projects", body, headers=once)
    triggered = ask("POST", "/api/projects/lasting/builds", {"deploy": False}, headers=once | key())
    own_service.kill()
    own_service.start()
    again = ask("POST", "/api/projects", body, headers=once)
    assert (again.status, again.data["id"]) == (201, made.data["id"])
    assert ask("GET", "/api/projects/lasting/builds").data["total"] == 1
    assert ask("GET", f"/api/builds/{triggered.data['build_id']}").status == 200
