from __future__ import annotations

import json

from lci_app.core.project_file import FilePart, parse_repository_file
from tests.cli.answering import Answering
from tests.cli.program import Program


def commit(digit: str, message: str, reason: str, *, would_build: bool) -> dict[str, object]:
    known = {"hash": digit * 40, "message": message, "author": "Ana", "at": "2026-11-20T10:00:00.000Z", "files": []}
    return {**known, "would_build": would_build, "reason": reason}


ANSWER = {
    "commit_hash": "a" * 40,
    "plan": [
        {"field": "build_image", "value": "node:22", "reason": "package.json makes it a Node.js project."},
        {"field": "build_command", "value": "npm ci\ncp -r . /output/", "reason": "package-lock.json \x1b[2J tells."},
        {"field": "cache_type", "value": ["npm", "pip"], "reason": "Both."},
        {"field": "runtime_port", "value": 3000, "reason": "server.js line 2 names it."},
    ],
    "notes": ["Dockerfile is not used."],
    "directories": ["", "web", "api"],
    "commits": [commit("b", "Sell\n\nmore", "x.", would_build=True), commit("c", "Doc", "y.", would_build=False)],
}


def test_the_plan_is_printed_as_a_file_that_lci_reads_and_the_rest_is_told_beside_it(
    lci: Program, service: Answering
) -> None:
    service.data("POST /api/detect", ANSWER)
    (lci.home / "token").write_text("opens-it\n")
    arguments = ("detect", "owner/shop", "--folder", "api", "--path-filter", "api/**", "--repo-token-file", "token")
    ran = lci.run(*arguments, LCI_URL=service.url, LCI_TOKEN="lci_x")
    assert ran.status == 0, ran.err
    read = parse_repository_file(ran.out)
    assert isinstance(read, FilePart)
    assert read.values["build_command"] == "npm ci\ncp -r . /output/"
    assert read.values["cache_type"] == ("npm", "pip")
    assert "# server.js line 2 names it.\nport = 3000" in ran.out
    assert "\x1b" not in ran.out
    assert "Dockerfile is not used." in ran.err
    assert "own (--folder): web\n" in ran.err
    assert "of the last 2 commits 1 would have been built" in ran.err
    assert "- ccccccc  Doc  (y.)" in ran.err
    (_, _, body) = service.asked[-1]
    assert body == {
        "repo": "owner/shop",
        "branch": "main",
        "working_directory": "api",
        "path_filter": "api/**",
        "repo_token": "opens-it",
    }


def test_for_programs_the_answer_is_the_services(lci: Program, service: Answering) -> None:
    service.data("POST /api/detect", ANSWER)
    ran = lci.run("detect", "owner/shop", "--json", LCI_URL=service.url, LCI_TOKEN="lci_x")
    assert json.loads(ran.out) == ANSWER
    assert ran.err == ""
