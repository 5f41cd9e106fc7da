from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from lci_app.core.project import CacheType, ProjectSettings


def settings(**given: Any) -> ProjectSettings:
    return ProjectSettings.model_validate({"repo": "a/b", **given})


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    ("given", "read"),
    [
        ('"npm"', CacheType.NPM),
        ('["npm", "go"]', (CacheType.NPM, CacheType.GO)),
        ("[]", ()),
    ],
)
def test_a_cache_type_is_one_or_several(given: str, read: CacheType | tuple[CacheType, ...], *, strict: bool):
    text = f'{{"repo": "a/b", "cache_type": {given}}}'
    assert ProjectSettings.model_validate_json(text, strict=strict).cache_type == read


@pytest.mark.parametrize("given", ["gradel", ["npm", "x"], 3, None, {"npm": 1}, [["npm"]]])
def test_another_cache_type_is_refused_with_what_there_is(given: object):
    with pytest.raises(ValidationError, match="must be one of none, gradle, maven"):
        settings(cache_type=given)


@pytest.mark.parametrize(
    "repo",
    ["owner/name", "https://x.example/a.git", "ssh://git@x.example/a", "git@x.example:a/b.git", "file:///srv/a.git"],
)
def test_each_form_of_a_repository_is_taken(repo: str):
    assert settings(repo=repo).repo == repo


@pytest.mark.parametrize(
    "repo",
    [
        "",
        "name",
        "https://",
        "https://host",
        "a/b/c",
        "-oProxyCommand=x",
        "ftp://x/a",
        "https://x/a b",
        "a/b\n",
        "--upload-pack=x",
    ],
)
def test_what_is_no_repository_is_refused(repo: str):
    with pytest.raises(ValidationError):
        settings(repo=repo)


@pytest.mark.parametrize("folder", ["../x", "/etc", "a/../../b", ".git", "a\\b", "a\0b"])
def test_a_working_directory_stays_inside_the_repository(folder: str):
    with pytest.raises(ValidationError):
        settings(working_directory=folder)


def test_a_working_directory_is_kept_in_one_form():
    assert settings(working_directory="./a//b/").working_directory == "a/b"


@pytest.mark.parametrize("path", ["app", "/", "/a/../b", "/a:ro", ""])
def test_a_mount_path_is_absolute_and_names_one_place(path: str):
    with pytest.raises(ValidationError):
        settings(mount_path=path)


def test_everything_that_a_project_has_survives_the_store_and_the_wire():
    given = settings(
        cache_type=["npm", "go"],
        runtime_command=["a", "b"],
        domains=["A.example."],
        build_env={"A": "1"},
        build_cpus=0.5,
    )
    assert given.domains == ("a.example",)
    assert ProjectSettings.model_validate_json(given.model_dump_json()) == given
    assert ProjectSettings.model_validate(given.model_dump(mode="json")) == given
