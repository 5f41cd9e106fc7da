from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from lci_app.adapters.workspace import DirectoryWorkspace
from lci_app.interfaces import Trouble
from tests.docker_fixtures import IMAGE, open_sdk

NOBODY = 65534
REMOVE = """
import os, sys, trio
from pathlib import Path
from lci_app.adapters.workspace import DirectoryWorkspace
from lci_app.interfaces import Trouble
workspace = DirectoryWorkspace(Path(sys.argv[1]))
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
try:
    trio.run(workspace.remove, sys.argv[2])
    print("removed")
except* Trouble as group:
    print(*(error.code for error in group.exceptions))
"""


@pytest.fixture
def sdk() -> Iterator[docker.APIClient]:
    with open_sdk() as client:
        yield client


@pytest.fixture
def workspace(tmp_path: Path) -> DirectoryWorkspace:
    root = tmp_path / "data"
    root.mkdir()
    return DirectoryWorkspace(root)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


async def test_a_directory_is_made_with_all_above_it_for_the_owner_alone(workspace: DirectoryWorkspace) -> None:
    made = await workspace.make("workspace/7/checkout-1")
    assert made == workspace.path("workspace/7/checkout-1")
    for path in (made, made.parent, made.parent.parent):
        assert mode_of(path) == 0o700
    assert await workspace.make("workspace/7/checkout-1") == made


async def test_a_mode_that_was_asked_for_is_not_cut_by_the_umask(workspace: DirectoryWorkspace) -> None:
    before = os.umask(0o077)
    try:
        made = await workspace.make("output/1", mode=0o777)
    finally:
        os.umask(before)
    assert mode_of(made) == 0o777
    assert mode_of(made.parent) == 0o700


@pytest.mark.parametrize("relative", ["/etc", "../outside", "a/../../outside", "", ".", "a/\0b"])
async def test_a_path_that_leads_outside_is_refused(workspace: DirectoryWorkspace, relative: str) -> None:
    with pytest.raises(ValueError, match="not a path below the data directory"):
        workspace.path(relative)
    for call in (workspace.make, workspace.remove, workspace.size, workspace.children):
        with pytest.raises(ValueError, match="not a path below the data directory"):
            await call(relative)


async def test_a_tree_is_removed_whole_and_its_bytes_are_counted(workspace: DirectoryWorkspace) -> None:
    top = await workspace.make("output/1")
    for number in range(50):
        folder = top / f"a{number % 3}" / f"b{number}"
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"x" * 10_000)
    os.mkfifo(top / "pipe")
    size = await workspace.size("output/1")
    assert size >= 50 * 10_000
    freed = await workspace.remove("output/1")
    assert 50 * 10_000 <= freed <= size + 4096
    assert not top.exists()
    assert await workspace.remove("output/1") == 0
    assert await workspace.size("output/1") == 0


async def test_symlinks_are_removed_and_not_followed(workspace: DirectoryWorkspace, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    (precious / "inner").mkdir(parents=True)
    (precious / "inner" / "file").write_bytes(b"x" * 100_000)
    precious.chmod(0o500)
    top = await workspace.make("output/1")
    (top / "to-folder").symlink_to(precious)
    (top / "to-file").symlink_to(precious / "inner" / "file")
    (top / "nested").mkdir()
    (top / "nested" / "up").symlink_to(precious)
    (top / "nested" / "broken").symlink_to("nowhere")

    assert await workspace.size("output/1") < 100_000
    await workspace.remove("output/1")
    assert (precious / "inner" / "file").read_bytes() == b"x" * 100_000
    assert mode_of(precious) == 0o500


async def test_a_symlink_in_place_of_a_directory_is_not_gone_through(
    workspace: DirectoryWorkspace, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    (precious / "1").mkdir(parents=True)
    workspace.path("output").symlink_to(precious)
    for call in (workspace.remove, workspace.make):
        with pytest.raises(Trouble) as caught:
            await call("output/1")
        assert caught.value.code == "WORKSPACE_FAILED"
    assert (precious / "1").is_dir()

    workspace.path("link").symlink_to(precious)
    await workspace.remove("link")
    assert (precious / "1").is_dir()


def test_what_a_build_has_made_read_only_is_removed() -> None:
    with open_to_all() as root:
        for name in ("a", "b"):
            (root / "output/1" / name / "deep").mkdir(parents=True)
            (root / "output/1" / name / "deep" / "file").write_text("x")
            (root / "output/1" / name / "deep" / "file").chmod(0o000)
            (root / "output/1" / name / "deep").chmod(0o500)
            (root / "output/1" / name).chmod(0o000)
        (root / "output/1").chmod(0o500)
        give_away(root)
        assert remove_without_privileges(root, "output/1") == "removed"
        assert not (root / "output/1").exists()


@pytest.mark.docker
def test_what_a_container_left_that_is_not_ours_to_remove_is_named_and_the_rest_goes(sdk: docker.APIClient) -> None:
    with open_to_all() as root:
        (root / "output/1").mkdir(parents=True)
        (root / "output/1/ours").write_text("x")
        give_away(root)
        as_root(sdk, root / "output/1", "mkdir held; touch held/file")
        try:
            assert remove_without_privileges(root, "output/1") == "WORKSPACE_FAILED"
            assert [each.name for each in (root / "output/1").iterdir()] == ["held"]
        finally:
            as_root(sdk, root / "output/1", "rm -r held")
        assert remove_without_privileges(root, "output/1") == "removed"


@contextmanager
def open_to_all() -> Iterator[Path]:
    """Make a directory that a process without privileges reaches, too; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="lci-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def give_away(root: Path) -> None:
    """Root may remove everything anyway: where these tests run as root, the tree and its removal are nobody's."""
    if os.geteuid() == 0:
        for path in [root, *root.rglob("*")]:
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def remove_without_privileges(root: Path, relative: str) -> str:
    """Remove in a process of its own; returns `removed` or the error's code."""
    done = subprocess.run([sys.executable, "-c", REMOVE, str(root), relative], check=True, capture_output=True)
    return done.stdout.decode().strip()


def as_root(sdk: docker.APIClient, directory: Path, script: str) -> None:
    """Do what a build does as its container's root."""
    host = sdk.create_host_config(binds=[f"{directory}:/output"])
    container = sdk.create_container(IMAGE, ["sh", "-c", script], working_dir="/output", host_config=host)["Id"]
    try:
        sdk.start(container)
        assert sdk.wait(container)["StatusCode"] == 0
    finally:
        sdk.remove_container(container, force=True)


async def test_a_tree_of_any_depth_is_removed(workspace: DirectoryWorkspace) -> None:
    top = await workspace.make("output/1")
    here = os.open(top, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("very-deep", dir_fd=here)
        inner = os.open("very-deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    assert await workspace.size("output/1") > 0
    await workspace.remove("output/1")
    assert not top.exists()


async def test_bytes_that_another_link_still_holds_are_not_freed(workspace: DirectoryWorkspace) -> None:
    first, second = await workspace.make("output/1"), await workspace.make("output/2")
    (first / "big").write_bytes(b"x" * 1_000_000)
    (second / "big").hardlink_to(first / "big")
    assert await workspace.remove("output/1") < 100_000
    assert await workspace.remove("output/2") >= 1_000_000


async def test_children_are_named_in_order_and_a_missing_directory_has_none(workspace: DirectoryWorkspace) -> None:
    for name in ("2", "10", "1"):
        await workspace.make(f"output/{name}")
    assert await workspace.children("output") == ["1", "10", "2"]
    assert await workspace.children("none") == []
