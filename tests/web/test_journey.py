"""The dashboard as a newcomer uses it, in a real browser, on real Docker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.git_server import GitServer
from tests.web.browser import run_scenario
from tests.whole.service import IMAGE, Service, push_payload


def test_from_signing_in_over_a_failure_to_live_and_back(
    service: Service, git_server: GitServer, tmp_path: Path
) -> None:
    repository = git_server.create("acme/journey")
    repository.commit({"index.html": "first", "build.sh": "cp index.html /output/"}, "Open the shop")

    def push(files: dict[str, str], message: str) -> Any:
        commit = repository.commit(dict(files), message)
        head = {"id": commit, "message": message, "author": {"name": "Ana"}}
        answer = service.push(push_payload(repository.url, commit, head_commit=head))
        assert answer.status_code == 202, answer.text
        return answer.json()["data"]["builds"][0]["build_id"]

    broken = "echo compiling\necho 'shelf.ts:3: error: no such shelf'\nexit 7\n"
    mended = "cp index.html /output/\n"
    found = run_scenario(
        "journey",
        {
            "url": service.url,
            "token": service.token,
            "repository": repository.url,
            "image": IMAGE,
            "screenshots": str(tmp_path),
        },
        {
            "push a failure": lambda: push({"build.sh": broken}, "Add a shelf"),
            "push the fix": lambda: push({"build.sh": mended, "index.html": "second"}, "Mend the shelf"),
            "visit": lambda: service.visit("/journey/").text,
        },
    )
    assert found["complaints"] == []
    assert found["visited"] == ["first", "second", "first"]
    assert (found["stage"], found["line"]) == ("build", "shelf.ts:3: error: no such shelf")
    assert service.get("/api/projects/journey")["auto_deploy"] is False
