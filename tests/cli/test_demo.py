from __future__ import annotations

import subprocess
from pathlib import Path

from lci_app.cli.demo import make_repository, sample_project


def git(repository: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(repository), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_the_samples_repository_holds_the_bundled_files_in_one_commit(tmp_path: Path):
    repository = tmp_path / "demo" / "repository"
    make_repository(repository)
    assert git(repository, "ls-tree", "-r", "--name-only", "main").splitlines() == ["build.sh", "index.html"]
    assert git(repository, "rev-list", "--count", "main") == "1"
    assert git(repository, "status", "--porcelain") == ""


def test_a_repository_that_is_there_keeps_what_people_made_of_it(tmp_path: Path):
    repository = tmp_path / "repository"
    make_repository(repository)
    (repository / "index.html").write_text("mine")
    make_repository(repository)
    assert (repository / "index.html").read_text() == "mine"


def test_a_repository_left_half_made_is_made_anew(tmp_path: Path):
    unfinished = tmp_path / ".repository.unfinished"
    unfinished.mkdir()
    (unfinished / "stray").write_text("")
    make_repository(tmp_path / "repository")
    assert not unfinished.exists()
    assert not (tmp_path / "repository" / "stray").exists()


def test_the_bundled_project_is_built_from_its_repository_wherever_that_lies(tmp_path: Path):
    project = sample_project(tmp_path / "with space")
    assert project.name == "demo"
    assert project.settings.repo == f"file://{tmp_path}/with%20space"
    assert project.settings.build_image == project.settings.runtime_image == "lci-sample/busybox:1"
