"""What a build has written is given to the user that lci runs as."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lci_app.interfaces import Engine, Mount
from lci_app.services.containers import owner_container
from tests.docker_fixtures import SpecMaker

pytestmark = pytest.mark.docker


async def test_files_of_the_containers_root_become_the_users_and_what_links_lead_to_does_not(
    engine: Engine, make_spec: SpecMaker, tmp_path: Path
) -> None:
    output, shared = tmp_path / "output", tmp_path / "cache" / "npm"
    for path in (output, shared):
        path.mkdir(parents=True, mode=0o777)
        path.chmod(0o777)
    command = "mkdir -m 700 /output/deep; echo x >/output/deep/file; echo y >/cache/file; ln -s /cache/file /output/l"
    mounts = [Mount(output, "/output"), Mount(shared, "/cache"), Mount(tmp_path, "/read", read_only=True)]
    spec = replace(make_spec("sh", "-c", command), mounts=mounts)
    assert (await engine.run_attached(spec, on_output=lambda *_: None)).exit_code == 0
    owner = owner_container(spec, (1234, 2345), tmp_path / "cache")
    assert (await engine.run_attached(owner, on_output=lambda *_: None)).exit_code == 0
    given = [output, output / "deep", output / "deep" / "file", output / "l"]
    assert {(path.lstat().st_uid, path.lstat().st_gid) for path in given} == {(1234, 2345)}
    assert (shared / "file").stat().st_uid != 1234
