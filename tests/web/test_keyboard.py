"""The dashboard by keyboard alone, in a real browser, on real Docker."""

from __future__ import annotations

from tests.git_server import GitServer
from tests.web.browser import run_scenario
from tests.whole.service import IMAGE, Service


def test_from_signing_in_to_a_rollback_nothing_needs_a_pointer(service: Service, git_server: GitServer) -> None:
    repository = git_server.create("acme/pointerless")
    repository.commit({"index.html": "first", "build.sh": "cp index.html /output/"}, "Open the shop")
    found = run_scenario(
        "keyboard",
        {"url": service.url, "token": service.token, "repository": repository.url, "image": IMAGE},
        {
            "break it": lambda: repository.commit({"build.sh": "echo 'shelf.ts:3: error: no such shelf'\nexit 7\n"}),
            "mend it": lambda: repository.commit({"build.sh": "cp index.html /output/", "index.html": "second"}),
        },
    )
    assert found["complaints"] == []
    assert found["line"] == "shelf.ts:3: error: no such shelf"
