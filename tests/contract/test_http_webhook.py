"""`http-api.md`, "Webhook": what a push must be, which projects it concerns, and what is answered."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.contract.asking import Examiner
from tests.contract.delivering import COMMIT, QUEUED, Deliver, names, project_of, registered
from tests.whole.service import Service, push_payload


def test_a_push_queues_builds(ask: Examiner, deliver: Deliver, repo: str) -> None:
    """202 `{builds: [{build_id, project_id, project_name, commit_hash, status, queue_key, queue_position}]}`"""
    answer = deliver(push_payload(repo, COMMIT))
    assert answer.status == 202
    (build,) = answer.data["builds"]
    assert set(build) >= QUEUED
    assert (build["project_name"], build["commit_hash"], build["status"]) == (project_of(repo), COMMIT, "Queued")
    assert build["queue_position"] == 1
    shown = ask("GET", f"/api/builds/{build['build_id']}").data
    assert (shown["trigger"], shown["branch"], shown["commit_hash"]) == ("webhook", "main", COMMIT)
    assert (shown["commit_message"], shown["commit_author"]) == ("Add a shelf", "Ana")


def test_every_project_of_the_repository_that_matches_is_queued(ask: Examiner, deliver: Deliver) -> None:
    """Every project that matches (a monorepo may have many)."""
    repo = "http://127.0.0.1:1/acme/monorepo.git"
    for name, fields in {"mono-a": {"path_filter": "a/**"}, "mono-b": {"path_filter": "b/**, !**/*.md"},
                         "mono-all": {}, "mono-dev": {"branch": "dev"}}.items():  # fmt: skip
        registered(ask, name, repo, **fields)

    def files(*lists: list[str]) -> Any:
        return push_payload(
            repo, COMMIT, commits=[{"id": COMMIT, "added": [], "modified": each, "removed": []} for each in lists]
        )

    assert names(deliver(files(["a/x"], ["b/y"]))) == ["mono-a", "mono-all", "mono-b"]
    assert names(deliver(files(["a/x"]))) == ["mono-a", "mono-all"]
    assert names(deliver(files(["b/README.md"]))) == ["mono-all"]
    assert names(deliver({**files(["a/x"]), "ref": "refs/heads/dev"})) == ["mono-dev"]
    numbers = [each["build_number"] for each in ask("GET", "/api/projects/mono-a/builds").data["builds"]]
    assert numbers == [2, 1]


def test_a_project_that_is_named_narrows_it(ask: Examiner, deliver: Deliver) -> None:
    """(`?project=ID` narrows it)"""
    repo = "http://127.0.0.1:1/acme/narrowed.git"
    one, two = registered(ask, "narrow-one", repo), registered(ask, "narrow-two", repo)
    assert names(deliver(push_payload(repo, COMMIT), query=f"?project={one}")) == ["narrow-one"]
    assert names(deliver(push_payload(repo, COMMIT), query=f"?project={two}")) == ["narrow-two"]
    assert deliver(push_payload(repo, COMMIT), query="?project=999999").refusal == (404, "PROJECT_NOT_FOUND")
    assert names(deliver(push_payload(repo, COMMIT))) == ["narrow-one", "narrow-two"]


def test_an_unknown_parameter_is_refused_once_the_signature_is_right(deliver: Deliver, repo: str) -> None:
    """Authentication and scope are decided before validation; unknown query parameters are refused."""
    assert deliver(push_payload(repo, COMMIT), query="?projct=1").field == "projct"
    refused = deliver(push_payload(repo, COMMIT), query="?projct=1", signature=None)
    assert refused.refusal == (403, "SIGNATURE_INVALID")


@pytest.mark.parametrize("event", ["ping"])
def test_a_ping(deliver: Deliver, event: str) -> None:
    """`ping` | 200"""
    delivery = str(uuid.uuid4())
    for _ in range(2):
        answer = deliver({"zen": "Keep it logically awesome."}, X_GitHub_Event=event, X_GitHub_Delivery=delivery)
        assert (answer.status, answer.data.get("ignored")) == (200, None)


@pytest.mark.parametrize(
    ("fields", "headers", "ignored"),
    [
        ({}, {"X_GitHub_Event": "issues"}, "event"),
        ({}, {"X_GitHub_Event": "pull_request_review"}, "event"),
        ({"ref": "refs/heads/dev"}, {}, "branch"),
        ({"ref": "refs/heads/main2"}, {}, "branch"),
        ({"ref": "refs/tags/main"}, {}, "branch"),
        ({"after": "0" * 40, "deleted": True}, {}, "deleted"),
        ({"head_commit": {"id": COMMIT, "message": "words\n\n[skip ci]"}}, {}, "skip_ci"),
        ({"head_commit": {"id": COMMIT, "message": "[ci skip] words"}}, {}, "skip_ci"),
    ],
)
def test_what_is_ignored_says_so_in_a_word_and_in_a_sentence(
    ask: Examiner, deliver: Deliver, repo: str, fields: Any, headers: Any, ignored: str
) -> None:
    """Another event, branch, path, a deleted branch, `[skip ci]` | 200, `data.ignored` = `event` · `branch` · `path` ·
    `deleted` · `skip_ci`, with `data.reason`, a sentence"""
    answer = deliver(push_payload(repo, COMMIT, **fields), **headers)
    assert (answer.status, answer.data["ignored"]) == (200, ignored)
    assert answer.data["reason"].endswith(".")
    assert ask("GET", f"/api/projects/{project_of(repo)}/builds").data["total"] == 0


def test_a_push_of_other_files_is_ignored(ask: Examiner, deliver: Deliver) -> None:
    repo = "http://127.0.0.1:1/acme/filtered.git"
    registered(ask, "filtered", repo, path_filter="src/**")
    answer = deliver(push_payload(repo, COMMIT))
    assert (answer.status, answer.data["ignored"]) == (200, "path")


def test_the_files_of_all_commits_count(ask: Examiner, deliver: Deliver) -> None:
    """`path`: multi-commit pushes are not missed."""
    repo = "http://127.0.0.1:1/acme/several.git"
    registered(ask, "several", repo, path_filter="src/**")
    commits = [{"id": "1" * 40, "added": ["src/a"], "modified": [], "removed": []},
               {"id": COMMIT, "added": [], "modified": ["README.md"], "removed": []}]  # fmt: skip
    assert deliver(push_payload(repo, COMMIT, commits=commits)).status == 202
    removed = [{"id": COMMIT, "added": [], "modified": [], "removed": ["src/a"]}]
    assert deliver(push_payload(repo, COMMIT, commits=removed)).status == 202


@pytest.mark.parametrize("left_out", ["head_commit", "commits", "both"])
def test_only_what_is_needed_is_needed(ask: Examiner, deliver: Deliver, repo: str, left_out: str) -> None:
    """Needed of a push are `ref`, `before`, `after`, `repository`; the rest may be missing."""
    payload = push_payload(repo, COMMIT)
    for name in ("head_commit", "commits") if left_out == "both" else (left_out,):
        del payload[name]
    payload["repository"] = {"clone_url": repo}
    assert deliver(payload).status == 202
    nulls = {**payload, "head_commit": None, "commits": None, "pusher": None, "forced": None}
    assert deliver(nulls).status == 202


@pytest.mark.parametrize("missing", ["ref", "before", "after", "repository"])
def test_what_is_needed_is_named_when_it_is_missing(deliver: Deliver, repo: str, missing: str) -> None:
    """Not JSON, wrong shape | 400"""
    payload = push_payload(repo, COMMIT)
    del payload[missing]
    assert deliver(payload).field == missing
    for wrong in (None, 5, list[Any](), True):
        assert deliver({**payload, missing: wrong}).field == missing


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b"payload=%7B%7D", b"{} {}",
                                  b"[" * 100_000])  # fmt: skip
def test_no_json_object_is_a_400(deliver: Deliver, body: bytes) -> None:
    """Not JSON, wrong shape | 400"""
    assert deliver(body).refusal == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("field", [{"after": "c0ffee"}, {"after": "x" * 40}, {"before": "1"}])
def test_a_commit_is_40_hexadecimal_digits(deliver: Deliver, repo: str, field: Any) -> None:
    assert deliver(push_payload(repo, COMMIT, **field)).field == next(iter(field))


@pytest.mark.parametrize(
    ("repository", "pushed"),
    [
        ("https://git.example.com/Acme/forms.git", {"clone_url": "https://git.example.com/acme/forms.git"}),
        ("https://git.example.com/acme/forms", {"html_url": "https://git.example.com/acme/forms"}),
        ("git@git.example.com:acme/forms.git", {"html_url": "https://git.example.com/acme/forms"}),
        ("https://git.example.com/acme/forms.git", {"ssh_url": "git@git.example.com:acme/forms.git"}),
        ("ssh://git@git.example.com:2222/acme/forms.git", {"clone_url": "https://git.example.com/acme/forms.git"}),
        ("https://git.example.com/acme/forms", {"clone_url": 5, "ssh_url": "git@git.example.com:acme/forms.git"}),
        ("https://git.example.com/acme/forms",
         {"clone_url": "https://mirror.example.com/x/y.git", "html_url": "https://git.example.com/acme/forms"}),
    ],
)  # fmt: skip
def test_a_repository_is_known_by_each_of_its_addresses(
    ask: Examiner, deliver: Deliver, repository: str, pushed: Any
) -> None:
    """A project matches when host and path of its repository equal those of the payload's `clone_url`, `html_url` or
    `ssh_url`."""
    registered(ask, "forms", repository)
    try:
        assert names(deliver(push_payload("", COMMIT, repository=pushed))) == ["forms"]
    finally:
        ask("DELETE", "/api/projects/forms")


@pytest.mark.parametrize(
    "pushed",
    ["https://git.example.org/acme/exact.git", "https://git.example.com/acme/exact2.git",
     "https://git.example.com/other/exact.git", "https://git.example.com/acme/exact/sub.git",
     "https://evil.com/git.example.com/acme/exact.git"],
)  # fmt: skip
def test_another_repository_is_another(ask: Examiner, deliver: Deliver, pushed: str) -> None:
    """No project of that repository | 404 `PROJECT_NOT_FOUND`"""
    registered(ask, "exact", "https://git.example.com/acme/exact.git")
    try:
        assert deliver(push_payload(pushed, COMMIT)).refusal == (404, "PROJECT_NOT_FOUND")
    finally:
        ask("DELETE", "/api/projects/exact")


def test_owner_and_name_stand_for_the_configured_github(own_service: Service) -> None:
    """(`owner/name` stands for the configured GitHub host)"""
    ask = Examiner(own_service)
    registered(ask, "short", "acme/short")
    queued = own_service.push(push_payload("https://github.com/acme/short.git", COMMIT))
    assert queued.status_code == 202
    own_service.stop()
    own_service.start("--github-url", "http://ghe.example.com:8443/")
    assert own_service.push(push_payload("https://github.com/acme/short.git", COMMIT)).status_code == 404
    answer = own_service.push(push_payload("http://ghe.example.com:8443/acme/short.git", COMMIT))
    assert answer.status_code == 202
    by_ssh = push_payload("", COMMIT, repository={"ssh_url": "git@ghe.example.com:acme/short.git"})
    assert own_service.push(by_ssh).status_code == 202
