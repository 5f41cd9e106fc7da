"""A look at a repository before there is a project of it."""

from __future__ import annotations

import pytest

from lci_app.core.model import Scope
from lci_app.interfaces import PastCommit, Refusal, Trouble
from tests.api.rig import Rig

AT = "2026-11-20T10:00:00.000Z"
PAST = [
    PastCommit("3" * 40, "Document it", "Ana", AT, frozenset({"README.md"})),
    PastCommit("2" * 40, "Sell more", "Ana", AT, frozenset({"api/main.go", "README.md"})),
    PastCommit("1" * 40, "Begin [skip ci]", "Ana", AT, None),
]


@pytest.fixture
def shop(rig: Rig) -> Rig:
    rig.source.tree = {
        "api/go.mod": "module shop\n\ngo 1.22\n",
        "api/main.go": 'package main\nhttp.ListenAndServe(":9090", nil)\n',
        "web/index.html": "",
    }
    rig.source.past = PAST
    return rig


async def test_the_plan_is_told_with_reasons_and_each_commit_with_whether_it_would_be_built(shop: Rig) -> None:
    answer = await shop.post("/api/detect", {"repo": "owner/shop", "working_directory": "api"})
    assert answer.status == 200
    data = answer.data
    assert data["commit_hash"] == "a" * 40
    plan = {each["field"]: (each["value"], each["reason"]) for each in data["plan"]}
    assert plan["runtime_port"] == (9090, "api/main.go line 2 names it.")
    assert plan["path_filter"][0] == "api/**"
    assert data["directories"] == ["api", "web"]
    assert [(each["hash"][0], each["would_build"], each["files"]) for each in data["commits"]] == [
        ("3", False, ["README.md"]),
        ("2", True, ["README.md", "api/main.go"]),
        ("1", False, None),
    ]
    assert data["commits"][0]["reason"] == "No file that it changed fits 'api/**'."


async def test_another_filter_is_judged_without_asking_the_repository_again(shop: Rig) -> None:
    for path_filter, built in (("**", [True, True, False]), ("*.md", [True, True, False]), ("web/**", [False] * 3)):
        answer = await shop.post("/api/detect", {"repo": "owner/shop", "path_filter": path_filter})
        assert [each["would_build"] for each in answer.data["commits"]] == built
    assert shop.source.asked == [("https://github.com/owner/shop.git", "a" * 40)]
    await shop.post("/api/detect", {"repo": "owner/shop", "repo_token": "another"})
    assert len(shop.source.asked) == 2


async def test_nothing_is_left_on_the_disk_and_nothing_is_registered(shop: Rig) -> None:
    await shop.post("/api/detect", {"repo": "owner/shop"})
    shop.source.refusal = Trouble("REPOSITORY_UNREACHABLE", "git.example does not answer")
    await shop.post("/api/detect", {"repo": "owner/other"})
    assert [*(shop.data_dir / "surveys").iterdir()] == []
    assert (await shop.get("/api/projects")).data["total"] == 0


@pytest.mark.parametrize(
    ("error", "field", "reason"),
    [
        (Trouble("CHECKOUT_TIMED_OUT", "it took too long"), "repo", "could not be looked at: it took too long"),
        (Refusal("REPOSITORY_NOT_FOUND", "there is none"), "repo", "was refused: there is none"),
        (Refusal("REPOSITORY_DENIED", "401"), "repo", "was refused: 401"),
        (Refusal("BRANCH_NOT_FOUND", "no branch 'x'"), "branch", "was refused: no branch 'x'"),
    ],
)
async def test_what_cannot_be_reached_is_refused_by_the_field_that_is_to_blame(
    shop: Rig, error: Trouble | Refusal, field: str, reason: str
) -> None:
    shop.source.refusal = error
    answer = await shop.post("/api/detect", {"repo": "owner/shop", "repo_token": "geheim-geheim"})
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert answer.details == {"field": field, "reason": reason}
    assert b"geheim" not in answer.body


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "repo"),
        ({"repo": "no"}, "repo"),
        ({"repo": "owner/shop", "working_directory": "../up"}, "working_directory"),
        ({"repo": "owner/shop", "working_directory": "nowhere"}, "working_directory"),
        ({"repo": "owner/shop", "path_filter": "!"}, "path_filter"),
        ({"repo": "owner/shop", "branch": "a..b"}, "branch"),
        ({"repo": "owner/shop", "folder": "api"}, "folder"),
    ],
)
async def test_a_question_that_makes_no_sense_names_its_field(shop: Rig, body: dict[str, str], field: str) -> None:
    answer = await shop.post("/api/detect", body)
    assert (answer.status, answer.details["field"]) == (400, field)


@pytest.mark.parametrize("scope", [Scope.READ, Scope.DEPLOY])
async def test_only_who_may_register_projects_has_lci_look_at_repositories(shop: Rig, scope: Scope) -> None:
    assert (await shop.post("/api/detect", {"repo": "owner/shop"}, scope=scope)).status == 403
    assert shop.source.asked == []
