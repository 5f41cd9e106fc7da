"""A token that is limited to certain projects: for it there are no others."""

from __future__ import annotations

import pytest

from lci_app.api.project_limits import FOR_LIMITED
from lci_app.api.route import Exempt, Route
from lci_app.api.table import ROUTES
from lci_app.core.model import BuildStatus, Scope
from tests.api.rig import Rig
from tests.api.test_policy import of_table
from tests.api.ws_client import connect

SCOPED = [route for route in ROUTES if not isinstance(route.access, Exempt) and not route.websocket]
NAMING = [route for route in SCOPED if "{project}" in route.path or "{build_id}" in route.path]
OTHERS = [route for route in SCOPED if route not in NAMING and not route.personal]


async def two_projects(rig: Rig, scope: Scope = Scope.ADMIN) -> str:
    """Make the project 1 `mine` and 2 `theirs`, each with a build of the same id; return a token of the first."""
    for name in ("mine", "theirs"):
        await rig.a_build(await rig.a_project(name))
    return (await rig.a_token(scope=scope, projects=[1]))[1]


def asked(route: Route, number: int | str) -> str:
    path = route.path.replace("{project}", str(number)).replace("{build_id}", str(number))
    return path.replace("{path}", "a").replace("{delivery_id}", "1")


@pytest.mark.parametrize("route", NAMING, ids=of_table)
async def test_what_is_of_another_project_is_not_there(rig: Rig, route: Route) -> None:
    token = await two_projects(rig)
    body = b"{not json" if route.takes_body else None
    for named in (2, "theirs") if "{project}" in route.path else (2,):
        foreign = await rig.call(route.method, asked(route, named), body, Authorization=token)
        missing = await rig.call(route.method, asked(route, 99), body, Authorization=token)
        assert (foreign.status, foreign.code) == (missing.status, missing.code) == (404, missing.code)
    own = await rig.call(route.method, asked(route, 1), body, Authorization=token)
    assert own.status == 400 if route.takes_body else own.status not in {401, 403}
    assert b"theirs" not in own.body
    assert await rig.store.project(2) is not None


@pytest.mark.parametrize("route", OTHERS, ids=of_table)
async def test_what_is_of_all_of_lci_is_not_for_it(rig: Rig, route: Route) -> None:
    token = await two_projects(rig)
    body = b"{not json" if route.takes_body else None
    answer = await rig.call(route.method, asked(route, 1), body, Authorization=token)
    if route.operation in FOR_LIMITED:
        assert answer.status == 200
        assert b"theirs" not in answer.body
    else:
        assert (answer.status, answer.code) == (403, "FORBIDDEN")


async def test_its_lists_are_of_its_projects(rig: Rig) -> None:
    token = await two_projects(rig)
    projects = (await rig.get("/api/projects", Authorization=token)).data
    assert (projects["total"], [each["name"] for each in projects["projects"]]) == (1, ["mine"])
    builds = (await rig.get("/api/builds", Authorization=token)).data
    assert (builds["total"], [each["id"] for each in builds["builds"]]) == (1, [1])
    assert (await rig.get("/api/builds?project_id=2", Authorization=token)).data["total"] == 0
    assert (await rig.get("/api/me", Authorization=token)).data["projects"] == [1]


async def test_a_token_of_a_project_that_is_gone_is_of_none(rig: Rig) -> None:
    token = await two_projects(rig)
    await rig.store.delete_project(1)
    assert (await rig.get("/api/projects", Authorization=token)).data["total"] == 0
    assert (await rig.get("/api/projects/2", Authorization=token)).status == 404


async def test_it_watches_its_projects_and_no_others(served: Rig) -> None:
    token = await two_projects(served, Scope.READ)
    theirs, mine = await served.store.build(2), await served.store.build(1)
    assert theirs is not None
    assert mine is not None
    async with connect(served, Authorization=token) as client:
        await client.expect("connected")
        for target, field in (("build", "build_id"), ("project", "project_id")):
            await client.send(type="subscribe", target=target, **{field: 2})
            assert (await client.expect("error"))["code"] == "RESOURCE_NOT_FOUND"
        await client.subscribe("global")
        await served.begin(theirs)
        await served.begin(mine)
        assert (await client.expect("build_status"))["project_id"] == 1
        await served.end(theirs)
        await served.end(mine, BuildStatus.FAILED)
        assert (await client.expect("build_status"))["status"] == "Failed"


async def test_it_cannot_have_its_project_built_from_elsewhere(rig: Rig) -> None:
    """Another repository's file could name every secret that is there for all; a path or a loopback address is the
    host's."""
    token = await two_projects(rig)
    here = (await rig.get("/api/projects/1", Authorization=token)).data["repo"]
    for repo in ("file:///srv/other.git", "http://127.0.0.1:3000/a/b", "https://git.example/mine/too", "other/one"):
        refused = await rig.call("PUT", "/api/projects/1", {"repo": repo}, Authorization=token)
        assert (refused.status, refused.code, refused.details["field"]) == (403, "FORBIDDEN", "repo")
    assert (await rig.call("PUT", "/api/projects/1", {"repo": here}, Authorization=token)).status == 200
    assert (await rig.call("PUT", "/api/projects/1", {"repo": "other/one"})).status == 200, "others may"


@pytest.mark.parametrize("field", ["build_secrets", "runtime_secrets"])
async def test_it_gets_no_secret_that_is_there_for_every_project(rig: Rig, field: str) -> None:
    token = await two_projects(rig)
    await rig.store.set_secrets(None, {"SHARED": "for-everybody", "BOTH": "for-everybody-too"}, rig.clock.now())
    await rig.store.set_secrets(1, {"OWN": "of-mine", "BOTH": "of-mine-too"}, rig.clock.now())
    for name in ("SHARED", "UNKNOWN"):
        refused = await rig.call("PATCH", "/api/projects/1", {field: ["OWN", name]}, Authorization=token)
        assert (refused.status, refused.details["field"]) == (403, field)
        assert name in refused.details["reason"]
    assert (await rig.call("PATCH", "/api/projects/1", {field: ["OWN", "BOTH"]}, Authorization=token)).status == 200
    kept = await rig.call("DELETE", "/api/projects/1/secrets/BOTH", Authorization=token)
    assert (kept.status, kept.code) == (403, "FORBIDDEN")
    assert (await rig.call("DELETE", "/api/projects/1/secrets/OWN", Authorization=token)).status == 200
    assert (await rig.call("PATCH", "/api/projects/1", {field: ["SHARED", "BOTH"]})).status == 200
    settings = {"health_check_url": "/up"}
    assert (await rig.call("PATCH", "/api/projects/1", settings, Authorization=token)).status == 200, "they stay"
