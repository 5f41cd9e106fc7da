"""What set-up is told of a branch, from real repositories over HTTP and on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from lci_app.adapters.git.source import open_source
from lci_app.core.detection.tree import is_telling
from lci_app.interfaces import Refusal, Repository, Source, Survey, Trouble
from tests.adapters.git.checkouts import PROGRAM, workers
from tests.adapters.git.test_source import stalled_server
from tests.git_server import GitServer


async def surveyed(source: Source, root: Path, url: str, token: str | None = None, **options: object) -> Survey:
    scratch = root / "scratch"
    scratch.mkdir(parents=True)
    branch, timeout = str(options.get("branch", "main")), float(str(options.get("timeout", 30)))
    return await source.survey(Repository(url, token=token), scratch=scratch, branch=branch, timeout=timeout)


@pytest.mark.parametrize("way", ["http", "http, first protocol", "file"])
async def test_files_texts_and_commits_are_told(tmp_path: Path, git_server: GitServer, way: str) -> None:
    git_server.protocol_2 = "first" not in way
    repository = git_server.create()
    repository.commit({"package.json": '{"name": "shop"}', "src/deep/x.js": "", "logo.bin": b"\xff"}, "First")
    repository.commit({"src/deep/x.js": None, "README.md": "#"}, "Second\n\nwith a body")
    head = repository.commit({"api/go.mod": "go 1.22\n"}, "Third [skip ci]")
    async with open_source(program=PROGRAM) as source:
        survey = await surveyed(source, tmp_path, repository.file_url if way == "file" else repository.url)
    assert survey.hash == head
    assert survey.tree.files == {"package.json", "logo.bin", "README.md", "api/go.mod"}
    assert survey.tree.texts == {"package.json": '{"name": "shop"}', "api/go.mod": "go 1.22\n"}
    assert [commit.message.split("\n")[0] for commit in survey.commits] == ["Third [skip ci]", "Second", "First"]
    assert [sorted(commit.files or ()) for commit in survey.commits] == [
        ["api/go.mod"],
        ["README.md", "src/deep/x.js"],
        ["logo.bin", "package.json", "src/deep/x.js"],
    ]
    assert {commit.author for commit in survey.commits} == {"Ada Löwe"}
    assert all(commit.at.endswith("Z") and len(commit.at) == 24 for commit in survey.commits)


async def test_of_a_long_past_the_last_twenty_commits_are_told_each_with_its_files(
    tmp_path: Path, git_server: GitServer
) -> None:
    repository = git_server.create()
    for number in range(24):
        repository.commit({f"file-{number}": "x"}, f"Change {number}", push=False)
    repository.push()
    async with open_source(program=PROGRAM) as source:
        survey = await surveyed(source, tmp_path, repository.url)
    assert [commit.message for commit in survey.commits] == [f"Change {number}" for number in range(23, 3, -1)]
    assert [sorted(commit.files or ()) for commit in survey.commits] == [[f"file-{n}"] for n in range(23, 3, -1)]


async def test_a_repository_of_any_size_is_told_within_one_message(tmp_path: Path, git_server: GitServer) -> None:
    repository = git_server.create()
    folder = "ü" * 100
    repository.commit({f"{folder}/{number}/{folder}": "" for number in range(3000)}, "ü" * 5000, push=False)
    texts = {f"{number}/package.json": "ü" * 16_000 for number in range(20)}
    repository.commit({**texts, "index.html": ""}, "Texts")
    async with open_source(program=PROGRAM) as source:
        survey = await surveyed(source, tmp_path, repository.url)
    assert "index.html" in survey.tree.files
    assert 0 < len(survey.tree.files) < 3021
    assert 0 < len(survey.tree.texts) < 20
    assert survey.commits[1].files is None
    assert len(survey.commits[1].message) == 500


async def test_what_cannot_be_reached_is_told_without_its_token(tmp_path: Path, git_server: GitServer) -> None:
    git_server.token = "right"
    repository = git_server.create()
    repository.commit({"a": "1"})
    async with open_source(program=PROGRAM) as source:
        with pytest.raises(Refusal) as denied:
            await surveyed(source, tmp_path / "1", repository.url, "a-wrong-token")
        with pytest.raises(Refusal) as no_branch:
            await surveyed(source, tmp_path / "2", repository.url, "right", branch="none")
        found = await surveyed(source, tmp_path / "3", repository.url, "right")
    assert denied.value.code == "REPOSITORY_DENIED"
    assert "a-wrong-token" not in str(denied.value)
    assert no_branch.value.code == "BRANCH_NOT_FOUND"
    assert found.tree.files == {"a"}


async def test_a_server_that_never_answers_is_trouble_within_the_limit_and_the_child_is_gone(tmp_path: Path) -> None:
    async with open_source(program=PROGRAM) as source:
        with stalled_server() as (url, _), trio.fail_after(10), pytest.raises(Trouble) as trouble:
            await surveyed(source, tmp_path, url, timeout=0.5)
        assert trouble.value.code == "CHECKOUT_TIMED_OUT"
        assert workers() == []


@pytest.mark.parametrize(
    ("path", "telling"),
    [
        ("package.json", True),
        ("backend/src/main/resources/application.yml", True),
        ("node_modules/x/package.json", False),
        ("README.md", False),
        ("a/b/c/d/e/f/g/package.json", False),
    ],
)
def test_only_what_tells_something_is_read(path: str, telling: bool) -> None:
    assert is_telling(path) is telling
