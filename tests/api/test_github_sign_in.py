"""Signing in by GitHub, against a stand-in that holds lci to the protocol."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from lci_app.adapters.sqlite import settings
from lci_app.core.accounts import Role
from lci_app.core.model import Scope
from tests.api.browsing import BrowserDouble, a_person
from tests.api.rig import DASHBOARD, Answer, Rig, open_rig
from tests.github_double import CLIENT_ID, CLIENT_SECRET, GitHubDouble, run_github

CALLBACK = "/api/sign-in/github/callback"
HOST = DASHBOARD.removeprefix("https://")


@pytest.fixture(scope="module")
def running() -> Iterator[GitHubDouble]:
    with run_github() as double:
        yield double


@pytest.fixture
def github(running: GitHubDouble) -> GitHubDouble:
    running.people = {"anna": 1, "bert": 2}
    running.members = {"acme": ["bert"]}
    running.answer = None
    running.asked.clear()
    return running


@pytest.fixture
async def rig(tmp_path: Path, github: GitHubDouble) -> AsyncIterator[Rig]:
    async with open_rig(tmp_path, github_url=github.url, github_api_url=f"{github.url}/api/v3") as opened:
        yield opened


async def allow(rig: Rig, **fields: Any) -> None:
    body = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **fields}
    assert (await rig.call("PUT", "/api/settings/github-sign-in", body)).status == 200


async def come_back(rig: Rig, github: GitHubDouble, browser: BrowserDouble, login: str, **changed: str) -> Answer:
    left = await browser.get("/api/sign-in/github")
    assert left.status == 302
    query = {**github.approve(left.headers["Location"], login), **changed}
    return await browser.get(f"{CALLBACK}?{urlencode(query)}", Accept="text/html")


async def sign_in(rig: Rig, github: GitHubDouble, login: str) -> BrowserDouble | str:
    """Return the browser that is signed in, or why it is not."""
    browser = BrowserDouble(rig, HOST)
    back = await come_back(rig, github, browser, login)
    assert back.status == 302
    if back.headers["Location"] == "/":
        return browser
    assert not any("lci_session" in name for name in browser.cookies)
    return back.headers["Location"].removeprefix("/sign-in?problem=")


async def test_whom_the_list_names_signs_in(rig: Rig, github: GitHubDouble) -> None:
    await allow(rig, accounts=["Anna"], role="deployer")
    browser = await sign_in(rig, github, "anna")
    assert isinstance(browser, BrowserDouble)
    assert list(browser.cookies) == ["__Host-lci_session"]
    me = (await browser.get("/api/me")).data
    assert (me["name"], me["scope"], me["user"]["github"], me["user"]["password"]) == ("anna", "deploy", True, False)
    assert await sign_in(rig, github, "bert") == "not_allowed"
    assert await rig.store.user_named("bert") is None


async def test_an_empty_list_lets_nobody_in(rig: Rig, github: GitHubDouble) -> None:
    await allow(rig)
    assert await sign_in(rig, github, "anna") == "not_allowed"


async def test_members_of_an_organisation_sign_in(rig: Rig, github: GitHubDouble) -> None:
    await allow(rig, organizations=["acme"])
    assert isinstance(await sign_in(rig, github, "bert"), BrowserDouble)
    assert await sign_in(rig, github, "anna") == "not_allowed"


@pytest.mark.parametrize("lists", [{"accounts": ["anna"]}, {"organizations": ["team"]}])
async def test_whoever_is_taken_off_the_list_is_let_in_no_more_and_signed_in_no_more(
    rig: Rig, github: GitHubDouble, lists: dict[str, list[str]]
) -> None:
    """Their tokens end, too; others, and whoever has a password, stay."""
    github.members = {"acme": ["bert"], "team": ["anna"]}
    await allow(rig, **lists | {"organizations": ["acme", *lists.get("organizations", [])]})
    anna, bert = await sign_in(rig, github, "anna"), await sign_in(rig, github, "bert")
    assert isinstance(anna, BrowserDouble)
    assert isinstance(bert, BrowserDouble)
    owner = await rig.store.user_named("anna")
    assert owner is not None
    _, token = await rig.a_token(user_id=owner.id)
    assert (await rig.get("/api/projects", scope=None, Authorization=token)).status == 200
    await allow(rig, organizations=["ACME"])
    assert (await anna.get("/api/me")).status == 401
    assert (await rig.get("/api/projects", scope=None, Authorization=token)).status == 401
    assert (await bert.get("/api/me")).status == 200
    assert await sign_in(rig, github, "anna") == "not_allowed"
    await allow(rig, **lists)
    assert isinstance(await sign_in(rig, github, "anna"), BrowserDouble)


async def test_rules_and_those_they_shut_out_are_written_together_or_not_at_all(
    rig: Rig, github: GitHubDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    await allow(rig, accounts=["anna"])
    anna = await sign_in(rig, github, "anna")
    assert isinstance(anna, BrowserDouble)

    def full(*_: object) -> None:
        raise OSError("the disk is full")

    stricter = {"client_id": "other", "client_secret": "other", "accounts": ["bert"]}
    with monkeypatch.context() as patched:
        patched.setattr(settings, "end_sessions_and_tokens", full)
        with pytest.raises(AssertionError):
            await allow(rig, **stricter)
    assert await rig.store.setting("github_client_secret") == CLIENT_SECRET
    assert (await anna.get("/api/me")).status == 200
    await allow(rig, **stricter)
    assert (await anna.get("/api/me")).status == 401


async def test_who_is_not_let_in_is_written_down_ever_more_rarely(rig: Rig, github: GitHubDouble) -> None:
    await allow(rig, accounts=["anna"])
    for _ in range(4):
        assert await sign_in(rig, github, "bert") == "not_allowed"
    entries = (await rig.store.audit(actor="nobody", limit=9, offset=0))[1]
    told = [(each.action, each.subject, each.status, each.address) for each in entries]
    assert told == [("sign_in_by_github_failed", "GitHub account bert", 403, "127.0.0.1")] * 3


async def test_the_same_person_stays_the_same_under_another_login(rig: Rig, github: GitHubDouble) -> None:
    await allow(rig, accounts=["anna", "anna-b"])
    await sign_in(rig, github, "anna")
    github.people["anna-b"] = 1
    browser = await sign_in(rig, github, "anna-b")
    assert isinstance(browser, BrowserDouble)
    assert (await browser.get("/api/me")).data["name"] == "anna"
    assert (await rig.store.users(limit=9, offset=0))[0] == 1


async def test_a_name_that_somebody_has_here_is_somebody_else(rig: Rig, github: GitHubDouble) -> None:
    await a_person(rig, "anna", Role.ADMIN)
    await allow(rig, accounts=["anna"])
    browser = await sign_in(rig, github, "anna")
    assert isinstance(browser, BrowserDouble)
    me = (await browser.get("/api/me")).data
    assert (me["name"], me["scope"]) == ("anna-github", "read")


async def test_a_sign_in_that_began_elsewhere_ends_nowhere(rig: Rig, github: GitHubDouble) -> None:
    await allow(rig, accounts=["anna"])
    attacker, victim = BrowserDouble(rig, HOST), BrowserDouble(rig, HOST)
    left = await attacker.get("/api/sign-in/github")
    query = urlencode(github.approve(left.headers["Location"], "anna"))
    for other in (victim, BrowserDouble(rig, HOST)):
        refused = await other.get(f"{CALLBACK}?{query}")
        assert (refused.status, refused.code) == (401, "UNAUTHENTICATED")
        await other.get("/api/sign-in/github")
        assert (await other.get(f"{CALLBACK}?{query}")).status == 401
    assert github.asked == []
    forged = await come_back(rig, github, attacker, "anna", state="x")
    assert forged.headers["Location"] == "/sign-in?problem=refused"


async def test_a_code_is_good_once(rig: Rig, github: GitHubDouble) -> None:
    await allow(rig, accounts=["anna"])
    browser = BrowserDouble(rig, HOST)
    left = await browser.get("/api/sign-in/github")
    before = dict(browser.cookies)
    query = urlencode(github.approve(left.headers["Location"], "anna"))
    assert (await browser.get(f"{CALLBACK}?{query}")).status == 302
    browser.cookies = before
    assert (await browser.get(f"{CALLBACK}?{query}")).status == 401


async def test_what_github_answers_is_not_believed_unseen(
    rig: Rig, github: GitHubDouble, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await allow(rig, accounts=["anna"])
    for answer in (b"", b"not json", b"[]", b'{"access_token": 1}', b'{"access_token": ""}', b"[" * 100_000):
        github.answer = answer
        back = await come_back(rig, github, BrowserDouble(rig, HOST), "anna")
        assert back.headers["Location"] == "/sign-in?problem=refused"
    github.answer = None
    assert CLIENT_SECRET not in caplog.text


async def test_a_github_that_is_away_refuses_and_breaks_nothing(tmp_path: Path, github: GitHubDouble) -> None:
    async with open_rig(tmp_path, github_url="http://127.0.0.1:1", github_api_url="http://127.0.0.1:1") as rig:
        await allow(rig, accounts=["anna"])
        browser = BrowserDouble(rig, HOST)
        left = await browser.get("/api/sign-in/github")
        state = left.headers["Location"].partition("state=")[2].partition("&")[0]
        refused = await browser.get(f"{CALLBACK}?code=x&state={state}")
        assert (refused.status, refused.json["error"]["message"]) == (
            401, "127.0.0.1:1 does not answer: ConnectionRefusedError.",
        )  # fmt: skip


async def test_without_being_set_up_it_leads_nowhere(rig: Rig) -> None:
    assert (await rig.get("/api/sign-in/github", scope=None)).status == 401
    assert (await rig.get("/api/me", scope=None)).details["sign_in"]["github"] is False
    back = await rig.get("/api/sign-in/github", scope=None, Accept="text/html")
    assert (back.status, back.headers["Location"]) == (302, "/sign-in?problem=not_set_up")


async def test_the_client_secret_is_never_shown_and_stays_where_none_is_given(rig: Rig) -> None:
    await allow(rig, accounts=["anna"])
    changed = await rig.call("PUT", "/api/settings/github-sign-in", {"client_id": CLIENT_ID, "accounts": []})
    shown = await rig.get("/api/settings/github-sign-in", scope=Scope.READ)
    assert changed.data == shown.data
    assert shown.data["client_secret_set"] is True
    assert shown.data["callback_url"] == f"{DASHBOARD}{CALLBACK}"
    assert CLIENT_SECRET.encode() not in shown.body
    assert await rig.store.setting("github_client_secret") == CLIENT_SECRET
    refused = await rig.call("PUT", "/api/settings/github-sign-in", {"client_id": "x", "accounts": ["a/b"]})
    assert refused.status == 400
