from __future__ import annotations

from typing import Any

import pytest

from lci_app.core.model import Scope
from lci_app.core.registries import RegistryLogin
from tests.api.rig import Rig

PASSWORD = "hunter2hunter2"
GIVEN = {"username": "ana", "password": PASSWORD}


async def test_a_login_is_stored_shown_without_its_password_and_removed(rig: Rig) -> None:
    stored = await rig.call("PUT", "/api/registries/127.0.0.1:5000", GIVEN)
    assert (stored.status, stored.data["host"], stored.data["username"]) == (200, "127.0.0.1:5000", "ana")
    assert len(stored.data["fingerprint"]) == 12
    shown, listed = await rig.get("/api/registries/127.0.0.1%3A5000"), await rig.get("/api/registries")
    assert shown.data == stored.data
    assert listed.data == {"total": 1, "registries": [stored.data]}
    for answer in (stored, shown, listed):
        assert PASSWORD not in answer.body.decode()
    assert (await rig.call("DELETE", "/api/registries/127.0.0.1:5000")).data == {"host": "127.0.0.1:5000"}
    for method in ("GET", "DELETE"):
        gone = await rig.call(method, "/api/registries/127.0.0.1:5000")
        assert (gone.status, gone.code) == (404, "REGISTRY_NOT_FOUND")


async def test_docker_hub_is_one_registry_by_all_its_names(rig: Rig) -> None:
    assert (await rig.call("PUT", "/api/registries/index.docker.io", GIVEN)).data["host"] == "docker.io"
    assert await rig.store.registry_login("docker.io") == RegistryLogin("ana", PASSWORD)
    assert (await rig.get("/api/registries/Docker.io")).status == 200


@pytest.mark.parametrize(
    ("host", "body", "field"),
    [
        ("a..b", GIVEN, "host"),
        ("https:", GIVEN, "host"),
        ("ghcr.io", {**GIVEN, "username": "a:b"}, "username"),
        ("ghcr.io", {**GIVEN, "password": ""}, "password"),
        ("ghcr.io", {**GIVEN, "password": PASSWORD * 2000}, "password"),
        ("ghcr.io", {**GIVEN, "password": [PASSWORD]}, "password"),
        ("ghcr.io", {"username": "ana"}, "password"),
        ("ghcr.io", {**GIVEN, "email": PASSWORD}, "email"),
    ],
)
async def test_what_cannot_be_stored_is_refused_without_being_shown(
    rig: Rig, host: str, body: dict[str, Any], field: str
) -> None:
    refused = await rig.call("PUT", f"/api/registries/{host}", body)
    assert (refused.status, refused.details["field"]) == (400, field)
    assert PASSWORD not in refused.body.decode()


async def test_whoever_may_read_sees_which_there_are_and_never_the_password(rig: Rig) -> None:
    await rig.call("PUT", "/api/registries/ghcr.io", GIVEN)
    for path in ("/api/registries", "/api/registries/ghcr.io"):
        shown = await rig.get(path, scope=Scope.READ)
        assert shown.status == 200
        assert PASSWORD not in shown.body.decode()
    assert (await rig.call("PUT", "/api/registries/ghcr.io", GIVEN, scope=Scope.DEPLOY)).status == 403


async def test_who_stored_one_is_written_down_without_the_password(rig: Rig) -> None:
    await rig.call("PUT", "/api/registries/ghcr.io", GIVEN)
    trail = await rig.get("/api/audit")
    entry = next(each for each in trail.data["entries"] if each["action"] == "set_registry")
    assert (entry["subject"], entry["fields"]) == ("ghcr.io", ["password", "username"])
    assert PASSWORD not in trail.body.decode()
