from __future__ import annotations

import pytest

from lci_app.core.model import Scope
from tests.api.rig import Rig

VALUE = "hunter2hunter2"


@pytest.mark.parametrize("path", ["/api/secrets", "/api/projects/shop/secrets"])
async def test_a_secret_is_stored_listed_and_removed_and_never_shown(rig: Rig, path: str) -> None:
    await rig.a_project("shop")
    stored = await rig.call("PUT", f"{path}/TOKEN", {"value": VALUE})
    assert (stored.status, stored.data["name"]) == (200, "TOKEN")
    assert len(stored.data["fingerprint"]) == 12
    listed = await rig.get(path)
    assert listed.data == {"total": 1, "secrets": [stored.data]}
    assert (await rig.call("DELETE", f"{path}/TOKEN")).data == {"name": "TOKEN"}
    gone = await rig.call("DELETE", f"{path}/TOKEN")
    assert (gone.status, gone.code) == (404, "SECRET_NOT_FOUND")
    for answer in (stored, listed):
        assert VALUE not in answer.body.decode()


async def test_several_are_stored_at_once_or_none(rig: Rig) -> None:
    stored = await rig.call("PUT", "/api/secrets", {"values": {"B": "two-value", "A": "one-value"}})
    assert [each["name"] for each in stored.data["secrets"]] == ["A", "B"]
    refused = await rig.call("PUT", "/api/secrets", {"values": {"C": "fine-value", "1D": VALUE}})
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert VALUE not in refused.body.decode()
    assert (await rig.get("/api/secrets")).data["total"] == 2


@pytest.mark.parametrize(
    "body",
    [{"value": ""}, {"value": "nul\0" + VALUE}, {"value": VALUE * 10_000}, {"value": [VALUE]}, {"other": VALUE}, {}],
)
async def test_a_value_that_cannot_be_stored_is_refused_without_being_shown(rig: Rig, body: dict[str, object]) -> None:
    refused = await rig.call("PUT", "/api/secrets/TOKEN", body)
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert VALUE not in refused.body.decode()


@pytest.mark.parametrize("name", ["1A", "a-b", "A.B", "x" * 129, "PATH%20X"])
async def test_a_name_must_be_a_variables(rig: Rig, name: str) -> None:
    refused = await rig.call("PUT", f"/api/secrets/{name}", {"value": VALUE})
    assert (refused.status, refused.details["field"]) == (400, "name")


@pytest.mark.parametrize("scope", [Scope.READ, Scope.DEPLOY])
async def test_only_an_administrator_may_even_list_them(rig: Rig, scope: Scope) -> None:
    await rig.a_project("shop")
    for path in ("/api/secrets", "/api/projects/shop/secrets"):
        refused = await rig.get(path, scope=scope)
        assert refused.status == 403


async def test_a_new_key_seals_what_is_stored(rig: Rig) -> None:
    await rig.call("PUT", "/api/secrets/TOKEN", {"value": VALUE})
    # The rig's key is given from outside, so that it is not lci's to change.
    refused = await rig.post("/api/secrets/rotate-key")
    assert (refused.status, refused.code) == (409, "CONFLICT")
    assert "start lci again" in refused.json["error"]["message"]


async def test_a_project_that_is_not_there_has_none(rig: Rig) -> None:
    assert (await rig.get("/api/projects/nobody/secrets")).code == "PROJECT_NOT_FOUND"
    assert (await rig.call("PUT", "/api/projects/nobody/secrets/A", {"value": VALUE})).code == "PROJECT_NOT_FOUND"
