"""What administrators do with people and tokens, and what is written down of it."""

from __future__ import annotations

import pytest

from lci_app.api.route import Exempt, Route
from lci_app.api.table import ROUTES
from lci_app.core.accounts import Role
from lci_app.core.model import Scope
from lci_app.interfaces import Trouble
from tests.api.browsing import PASSWORD, BrowserDouble, a_person, signed_in
from tests.api.rig import Rig
from tests.api.test_policy import of_table, path_of

CHANGING = [route for route in ROUTES if route.changes and not isinstance(route.access, Exempt)]


async def test_people_are_registered_changed_and_removed(rig: Rig) -> None:
    admin = await signed_in(rig)
    made = await admin.post("/api/users", {"name": "bert", "role": "deployer", "password": PASSWORD})
    assert (made.status, made.data["role"], made.data["password"]) == (201, "deployer", True)
    again = await admin.post("/api/users", {"name": "Bert"})
    assert (again.status, again.code) == (409, "USER_EXISTS")
    bert = BrowserDouble(rig)
    await bert.sign_in("bert")
    assert (await bert.post("/api/users", {"name": "eve", "role": "admin"})).status == 403
    at = f"/api/users/{made.data['id']}"
    assert (await admin.call("PATCH", at, {"role": "viewer"})).data["role"] == "viewer"
    assert (await bert.post("/api/projects/1/builds")).status == 403, "from the next request on"
    assert (await bert.get("/api/projects")).status == 200
    assert (await admin.call("PATCH", at, {"password": "another horse battery staple"})).status == 200
    assert (await bert.get("/api/projects")).status == 401
    assert [each["name"] for each in (await admin.get("/api/users")).data["users"]] == ["anna", "bert"]
    assert (await admin.call("DELETE", at)).data["name"] == "bert"
    assert (await admin.call("DELETE", at)).code == "USER_NOT_FOUND"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "a b"}, "name"), ({"name": ""}, "name"), ({}, "name"), ({"name": "a", "role": "god"}, "role"),
        ({"name": "a", "password": "short"}, "password"), ({"name": "a", "admin": True}, "admin"),
        ({"name": "a", "password": "x" * 2000}, "password"),
    ],
)  # fmt: skip
async def test_who_cannot_be_registered_is_told_why(rig: Rig, body: dict[str, object], field: str) -> None:
    refused = await rig.post("/api/users", body)
    assert (refused.status, refused.details["field"]) == (400, field)
    assert PASSWORD.encode() not in refused.body


async def test_the_last_administrator_stays(rig: Rig) -> None:
    admin = await signed_in(rig)
    for method, body in (("PATCH", {"role": "viewer"}), ("DELETE", None)):
        refused = await admin.call(method, "/api/users/1", body)
        assert (refused.status, refused.code) == (409, "LAST_ADMINISTRATOR")


async def test_a_token_is_shown_once_and_listed_with_its_use(rig: Rig) -> None:
    admin = await signed_in(rig)
    await rig.a_project()
    body = {"name": "ci", "scope": "deploy", "projects": ["shop"], "expires_at": "2099-01-01T01:00:00+01:00"}
    made = await admin.post("/api/tokens", body)
    assert made.status == 201
    assert (made.data["projects"], made.data["expires_at"], made.data["user"]) == (
        [1], "2099-01-01T00:00:00.000Z", "anna",
    )  # fmt: skip
    token = made.data["token"]
    used = await rig.get("/api/projects/shop", Authorization=f"Bearer {token}")
    assert used.status == 200
    listed = (await admin.get("/api/tokens")).data["tokens"][0]
    assert (listed["name"], listed["last_used_address"]) == ("ci", "127.0.0.1")
    assert listed["last_used_at"] is not None
    assert token.encode() not in (await admin.get("/api/tokens")).body
    assert (await admin.call("DELETE", f"/api/tokens/{made.data['id']}")).status == 200
    assert (await rig.get("/api/projects/shop", Authorization=f"Bearer {token}")).status == 401
    assert (await admin.call("DELETE", f"/api/tokens/{made.data['id']}")).code == "TOKEN_NOT_FOUND"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"), ({"name": "\n"}, "name"), ({"scope": "all"}, "scope"), ({"projects": []}, "projects"),
        ({"projects": ["nothing"]}, "projects"), ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"), ({"expires_at": "2099-01-01T00:00:00"}, "expires_at"),
    ],
)  # fmt: skip
async def test_a_token_that_cannot_be_is_refused(rig: Rig, fields: dict[str, object], field: str) -> None:
    refused = await rig.post("/api/tokens", {"name": "ci", **fields})
    assert (refused.status, refused.details["field"]) == (400, field)


async def test_a_token_that_was_cut_short_is_told_so(rig: Rig) -> None:
    refused = await rig.get("/api/projects", scope=None, Authorization=f"Bearer {rig.tokens[Scope.READ][:-1]}")
    assert refused.status == 401
    assert "cut short" in refused.json["error"]["message"]


async def test_a_password_that_is_refused_leaves_the_role_as_it_was(rig: Rig) -> None:
    admin = await signed_in(rig)
    made = await admin.post("/api/users", {"name": "bert", "role": "viewer"})
    at = f"/api/users/{made.data['id']}"
    assert (await admin.call("PATCH", at, {"role": "admin", "password": "short"})).status == 400
    bert = await rig.store.user_named("bert")
    assert bert is not None
    assert bert.role is Role.VIEWER
    assert (await admin.call("PATCH", at, {"role": "deployer", "password": PASSWORD})).data["role"] == "deployer"


async def test_others_see_their_own_tokens_and_entries_only(rig: Rig) -> None:
    admin = await signed_in(rig)
    await admin.post("/api/tokens", {"name": "ci"})
    viewer = await signed_in(rig, "bert", Role.VIEWER)
    assert (await viewer.get("/api/tokens")).data == {"total": 0, "tokens": []}
    entries = (await viewer.get("/api/audit")).data
    assert {each["actor"] for each in entries["entries"]} == {"user bert"}
    assert (await rig.get("/api/tokens", scope=Scope.READ)).data["total"] == 0


@pytest.mark.parametrize("route", CHANGING, ids=of_table)
async def test_every_change_is_written_down_with_who_asked_and_what_came_of_it(rig: Rig, route: Route) -> None:
    caller = await signed_in(rig)
    answer = await caller.call(route.method, path_of(route), SOUND.get(route.operation))
    (entry, _) = (await rig.store.audit(actor=None, limit=50, offset=0))[1][-2:]
    assert (entry.actor, entry.action, entry.status) == ("user anna", route.operation, answer.status)
    assert (entry.address, entry.request_id) == ("127.0.0.1", answer.headers["X-Request-Id"])


# For each change that an empty body does not ask for, one that does.
SOUND: dict[str, dict[str, object]] = {
    "create_project": {"name": "a", "repo": "a/b", "repo_token": "s3cret"},
    "switch": {"target_slot": "Blue"},
    "detect": {"repo": "a/b"},
    "set_registry": {"username": "bot", "password": "s3cret"},
    "set_auto_deploy": {"enabled": True},
    "set_maintenance": {"enabled": True},
    **{each: {"values": {"KEY": "s3cret"}} for each in ("set_project_secrets", "set_secrets")},
    **{each: {"value": "s3cret"} for each in ("set_project_secret", "set_secret")},
    "change_password": {"current_password": PASSWORD, "new_password": "another horse battery staple"},
    "create_user": {"name": "bert", "password": PASSWORD},
    "create_token": {"name": "ci"},
    "change_github_sign_in": {"client_id": "x", "client_secret": "s3cret"},
}


async def test_the_log_holds_fields_and_never_what_they_held(rig: Rig) -> None:
    await rig.post("/api/projects", SOUND["create_project"])
    (entry,) = (await rig.get("/api/audit")).data["entries"]
    assert entry["fields"] == ["name", "repo", "repo_token"]
    assert "s3cret" not in str(entry)


async def test_without_an_entry_there_is_no_change(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> int:
        raise Trouble("DATABASE_FULL", "the disk that holds the database is full")

    monkeypatch.setattr(rig.store, "begin_audit", full)
    refused = await rig.post("/api/projects", {"name": "a", "repo": "a/b"})
    assert refused.status == 503
    assert (await rig.store.projects())[0] == 0


async def test_a_person_is_not_told_apart_from_nobody(rig: Rig) -> None:
    await a_person(rig)
    known = await BrowserDouble(rig).sign_in("anna", "wrong")
    unknown = await BrowserDouble(rig).sign_in("nobody", "wrong")
    assert known.json == unknown.json
