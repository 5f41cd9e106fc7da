"""Signing in and out, as a browser does."""

from __future__ import annotations

import re

import pytest

from lci_app.api.table import ROUTES
from lci_app.core.accounts import SESSION_SECONDS, Role
from lci_app.core.model import Scope
from tests.api.browsing import PASSWORD, BrowserDouble, a_person, signed_in
from tests.api.rig import ADDRESSES, Rig


async def test_whoever_is_nobody_is_told_how_to_sign_in(rig: Rig) -> None:
    refused = await rig.get("/api/me", scope=None)
    assert refused.status == 401
    assert refused.details == {"sign_in": {"password": True, "github": False, "set_up": True}}
    await a_person(rig)
    assert (await rig.get("/api/me", scope=None)).details["sign_in"]["set_up"] is False


async def test_a_person_signs_in_works_and_signs_out(rig: Rig) -> None:
    await a_person(rig, "anna", Role.DEPLOYER)
    browser = BrowserDouble(rig)
    welcome = await browser.sign_in("Anna")
    assert (welcome.status, welcome.data["name"], welcome.data["scope"]) == (200, "anna", "deploy")
    me = await browser.get("/api/me")
    assert me.data == welcome.data
    assert me.data["user"]["last_sign_in_at"] is not None
    project = await rig.a_project()
    assert (await browser.post(f"/api/projects/{project.id}/builds")).status == 202
    cookie = dict(browser.cookies)
    assert (await browser.post("/api/me/sign-out")).status == 200
    assert browser.cookies == {}
    browser.cookies = cookie
    assert (await browser.get("/api/me")).status == 401


async def test_the_cookie_is_for_lci_alone_and_for_no_script(rig: Rig) -> None:
    await a_person(rig)
    plain = await BrowserDouble(rig, "127.0.0.1:3000").sign_in("anna")
    assert re.fullmatch(
        rf"lci_session=[\w-]{{43}}; Path=/; Max-Age={SESSION_SECONDS}; HttpOnly; SameSite=Strict",
        plain.headers["Set-Cookie"],
    )
    secure = await BrowserDouble(rig, ADDRESSES.dashboard_url.removeprefix("https://")).sign_in("anna")
    assert re.fullmatch(
        rf"__Host-lci_session=[\w-]{{43}}; Path=/; Max-Age={SESSION_SECONDS}; HttpOnly; SameSite=Strict; Secure",
        secure.headers["Set-Cookie"],
    )


async def test_a_cookie_that_came_by_plain_http_is_none_by_https(rig: Rig) -> None:
    browser = await signed_in(rig)
    browser.host = "lci.example.com"
    assert (await browser.get("/api/me")).status == 401


@pytest.mark.parametrize(
    ("name", "password"), [("anna", "wrong horse battery staple"), ("anna", ""), ("bert", PASSWORD), ("", "")]
)
async def test_a_wrong_name_and_a_wrong_password_are_refused_alike(rig: Rig, name: str, password: str) -> None:
    await a_person(rig)
    refused = await BrowserDouble(rig).sign_in(name, password)
    assert (refused.status, refused.code) == (401, "UNAUTHENTICATED")
    assert refused.json["error"]["message"] == "Name or password is wrong."
    assert "Set-Cookie" not in refused.headers


@pytest.mark.parametrize("route", [each for each in ROUTES if each.access == "sign-in"], ids=lambda route: route.path)
async def test_who_has_not_said_who_they_are_is_told_nothing_else(rig: Rig, route) -> None:
    for body in (b"{not json", b"{}", b'{"bogus": 1}', b""):
        refused = await rig.call(route.method, f"{route.path}?bogus=1", body, scope=None)
        assert (refused.status, refused.code) == (401, "UNAUTHENTICATED")


async def test_signing_in_ends_the_session_that_the_browser_had(rig: Rig) -> None:
    browser = await signed_in(rig)
    before = dict(browser.cookies)
    assert (await browser.sign_in("anna")).status == 200
    assert browser.cookies != before
    stolen = BrowserDouble(rig)
    stolen.cookies = before
    assert (await stolen.get("/api/me")).status == 401


async def test_a_change_needs_the_sessions_csrf_token(rig: Rig) -> None:
    browser, other = await signed_in(rig), await signed_in(rig, "bert")
    for csrf in ("", "x", other.csrf):
        refused = await browser.post("/api/projects", {"name": "a", "repo": "a/b"}, **{"X-CSRF-Token": csrf})
        assert (refused.status, refused.code) == (403, "FORBIDDEN")
        assert refused.details == {"header": "X-CSRF-Token"}
    assert (await rig.store.projects())[0] == 0
    assert (await browser.post("/api/projects", {"name": "a", "repo": "a/b"})).status == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.com"},
        {"Origin": "http://evil.example.com", "Host": "evil.example.com"},
        {"Host": "rebound.example.com:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_foreign_page_changes_nothing_and_guesses_no_password(rig: Rig, headers: dict[str, str]) -> None:
    browser = await signed_in(rig)
    assert (await browser.post("/api/projects", {"name": "a", "repo": "a/b"}, **headers)).status == 403
    body = {"name": "anna", "password": PASSWORD}
    assert (await BrowserDouble(rig).post("/api/sign-in", body, **headers)).status == 403
    assert (await rig.store.projects())[0] == 0


async def test_what_is_about_a_person_is_no_tokens(rig: Rig) -> None:
    for route in ROUTES:
        if route.personal:
            path = route.path.replace("{session_id}", "1")
            refused = await rig.call(route.method, path, scope=Scope.ADMIN)
            assert (refused.status, refused.code) == (403, "FORBIDDEN")


async def test_a_token_is_told_whose_it_is(rig: Rig) -> None:
    me = await rig.get("/api/me", scope=Scope.READ)
    assert me.data == {
        "kind": "token", "name": "read", "scope": "read", "projects": None, "user": None, "csrf_token": None,
    }  # fmt: skip


async def test_the_first_administrator_registers_by_the_set_up_link_once(rig: Rig) -> None:
    link = await rig.people.offer_set_up()
    assert link is not None
    browser = BrowserDouble(rig)
    body = {"token": link, "name": "anna", "password": PASSWORD}
    weak = await browser.post("/api/set-up", {**body, "password": "short"})
    assert (weak.status, weak.details["field"]) == (400, "password")
    assert (await browser.post("/api/set-up", {**body, "token": "guessed"})).status == 401
    made = await browser.post("/api/set-up", body)
    assert (made.status, made.data["scope"]) == (201, "admin")
    browser.csrf = made.data["csrf_token"]
    assert (await browser.post("/api/projects", {"name": "a", "repo": "a/b"})).status == 201
    assert (await BrowserDouble(rig).post("/api/set-up", {**body, "name": "eve"})).status == 401
    assert await rig.people.offer_set_up() is None


@pytest.mark.parametrize("header", ["X-Forwarded-For", "CF-Connecting-IP", "Forwarded", "X-Real-IP", "Via"])
async def test_the_set_up_link_is_for_this_machine_only(rig: Rig, header: str) -> None:
    link = await rig.people.offer_set_up()
    body = {"token": link, "name": "anna", "password": PASSWORD}
    refused = await BrowserDouble(rig).post("/api/set-up", body, **{header: "198.51.100.7"})
    assert refused.status == 403
    assert "ssh -L" in refused.json["error"]["message"]
    assert await rig.store.has_users() is False


async def test_changing_the_password_ends_every_other_session(rig: Rig) -> None:
    browser = await signed_in(rig)
    elsewhere = BrowserDouble(rig)
    await elsewhere.sign_in("anna")
    new = "another horse battery staple"
    wrong = await browser.post("/api/me/password", {"current_password": "no", "new_password": new})
    assert (wrong.status, wrong.details["field"]) == (400, "current_password")
    weak = await browser.post("/api/me/password", {"current_password": PASSWORD, "new_password": "aaaaaaaaaaaaaaa"})
    assert (weak.status, weak.details["field"]) == (400, "new_password")
    changed = await browser.post("/api/me/password", {"current_password": PASSWORD, "new_password": new})
    assert changed.status == 200
    assert (await browser.get("/api/me")).status == 200
    assert (await elsewhere.get("/api/me")).status == 401
    assert (await BrowserDouble(rig).sign_in("anna")).status == 401
    assert (await BrowserDouble(rig).sign_in("anna", new)).status == 200


async def test_one_sees_ones_sessions_and_ends_them(rig: Rig) -> None:
    browser, other = await signed_in(rig), await signed_in(rig, "bert")
    elsewhere = BrowserDouble(rig)
    await elsewhere.sign_in("anna")
    sessions = (await browser.get("/api/me/sessions")).data
    assert sessions["total"] == 2
    assert sorted(each["current"] for each in sessions["sessions"]) == [False, True]
    foreign = (await other.get("/api/me/sessions")).data["sessions"][0]["id"]
    refused = await browser.call("DELETE", f"/api/me/sessions/{foreign}")
    assert (refused.status, refused.code) == (404, "SESSION_NOT_FOUND")
    (gone,) = (each["id"] for each in sessions["sessions"] if not each["current"])
    assert (await browser.call("DELETE", f"/api/me/sessions/{gone}")).status == 200
    assert (await elsewhere.get("/api/me")).status == 401
    assert (await browser.get("/api/me")).status == 200
