from __future__ import annotations

import os
from pathlib import Path

import pytest

from lci_app.core import names
from lci_app.core.model import Build, Trigger
from tests.api.rig import Rig


async def kept(rig: Rig, **files: bytes) -> tuple[Build, Path]:
    build = await rig.a_build(await rig.a_project("shop"))
    root = rig.data_dir / names.output(build.id)
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return build, root


async def test_the_files_of_a_build_are_listed_by_path(rig: Rig) -> None:
    build, _ = await kept(rig, app=b"12345", lib__a=b"1", lib__b=b"")
    listed = (await rig.get(f"/api/builds/{build.id}/artifacts")).data
    assert listed == {
        "total": 3,
        "artifacts": [
            {"path": "app", "size": 5},
            {"path": "lib/a", "size": 1},
            {"path": "lib/b", "size": 0},
        ],
    }
    page = (await rig.get(f"/api/builds/{build.id}/artifacts?limit=1&offset=1")).data
    assert (page["total"], [each["path"] for each in page["artifacts"]]) == (3, ["lib/a"])


async def test_a_build_that_kept_nothing_has_an_empty_list(rig: Rig) -> None:
    build, _ = await kept(rig)
    assert (await rig.get(f"/api/builds/{build.id}/artifacts")).data == {"total": 0, "artifacts": []}


async def test_a_file_is_downloaded_whole(rig: Rig) -> None:
    content = os.urandom(700_000)
    build, _ = await kept(rig, lib__a=content)
    got = await rig.get(f"/api/builds/{build.id}/artifacts/lib/a")
    assert (got.status, got.body) == (200, content)
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Content-Disposition"] == 'attachment; filename="a"'


async def test_a_rollback_shows_the_files_it_deployed(rig: Rig) -> None:
    build, _ = await kept(rig, app=b"1")
    shop = await rig.store.project(build.project_id)
    assert shop is not None
    again = await rig.a_build(shop, trigger=Trigger.ROLLBACK, output_build_id=build.id)
    assert (await rig.get(f"/api/builds/{again.id}/artifacts/app")).body == b"1"


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "lib",
        "lib/",
        "lib//a",
        "./app",
        "../1/app",
        "%2e%2e/1/app",
        "lib/../app",
        "lib%2F..%2Fapp",
        "..%2F..%2Fdb%2Flci.db",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "app%00",
        "link",
        "linked/a",
        "outside/db/lci.db",
        "pipe",
    ],
)
async def test_nothing_else_can_be_downloaded(rig: Rig, path: str) -> None:
    build, root = await kept(rig, app=b"1", lib__a=b"1")
    (root / "link").symlink_to("/etc/passwd")
    (root / "linked").symlink_to("lib")
    (root / "outside").symlink_to(rig.data_dir)
    os.mkfifo(root / "pipe")
    refused = await rig.get(f"/api/builds/{build.id}/artifacts/{path}")
    assert refused.status == 404
    assert refused.code in {"ARTIFACT_NOT_FOUND", "NOT_FOUND"}


async def test_symlinks_are_not_listed(rig: Rig) -> None:
    build, root = await kept(rig, app=b"1")
    (root / "link").symlink_to("app")
    (root / "outside").symlink_to("/etc")
    listed = (await rig.get(f"/api/builds/{build.id}/artifacts")).data
    assert [each["path"] for each in listed["artifacts"]] == ["app"]


async def test_a_name_of_any_kind_does_no_harm_to_the_headers(rig: Rig) -> None:
    build, root = await kept(rig, app=b"1")
    (root / 'a"b; x: y é').write_bytes(b"2")
    listed = (await rig.get(f"/api/builds/{build.id}/artifacts")).data["artifacts"]
    got = await rig.get(f"/api/builds/{build.id}/artifacts/a%22b%3B%20x%3A%20y%20%C3%A9")
    assert len(listed) == 2
    assert got.body == b"2"
    assert got.headers["Content-Disposition"] == 'attachment; filename="a_b_ x_ y _"'
