"""What is written, and how: contents, names, modes, and nothing half-written after a refusal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dulwich.objects import ObjectID

from lci_app.adapters.git.protocol import Refused, Troubled
from lci_app.adapters.git.tree import File, Folder, Limits
from lci_app.adapters.git.writer import write_tree
from lci_app.interfaces import Refusal, Trouble
from tests.adapters.git.checkouts import Checkouts, contents, modes
from tests.adapters.git.raw_objects import FILE, FOLDER, RawRepository
from tests.git_server import GitServer

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"


async def test_modes_are_0644_and_0755_whatever_the_umask_and_the_repository_say(
    checkout: Checkouts, git_server: GitServer
) -> None:
    repository = git_server.create()
    raw = RawRepository(repository.path)
    inner = raw.tree((b"run", 0o100777, raw.blob()), (b"plain", 0o100664, raw.blob()))
    previous = os.umask(0o007)
    try:
        await checkout(repository.url, raw.commit(raw.tree((b"a", FILE, raw.blob()), (b"d", FOLDER, inner))))
    finally:
        os.umask(previous)
    expected = {".": "755", "a": "644", "d": "755", "d/run": "755", "d/plain": "644"}
    assert modes(checkout.app) == expected
    assert modes(checkout.build) == expected


async def test_a_checkout_equals_what_git_itself_archives(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    (repository.work / "deep/er").mkdir(parents=True)
    (repository.work / "deep/er/link").symlink_to("../../größe.txt")
    (repository.work / "run.sh").write_text("#!/bin/sh\n")
    (repository.work / "run.sh").chmod(0o755)
    files: dict[str, str | bytes | None] = {
        "größe.txt": "ü",
        "日本/語": "x",
        "empty": "",
        "back\\slash": "x",
        "new\nline": "x",
        ".gitignore": "x",
        ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n",
        "plain.bin": b"\x00\xff" * 100,
        os.fsdecode(b"not-utf8-\xff\xfe"): "x",
        "big": os.urandom(5 * 1024 * 1024),
    }
    commit = repository.commit(files)
    for url in (repository.url, repository.file_url):
        await checkout(url, commit)
        copied = {path.replace("./", "", 1): content for path, content in contents(repository.work).items()}
        expected = {path: content for path, content in copied.items() if not path.startswith(".git/")}
        assert contents(checkout.app) == expected
        assert contents(checkout.build) == expected
        assert modes(checkout.app)["run.sh"] == "755"


async def test_the_two_copies_share_no_file(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    await checkout(repository.url)
    (checkout.build / "a").write_text("changed")
    assert (checkout.app / "a").read_text() == "1"


@pytest.mark.parametrize("attributes", ["", "*.bin filter=lfs diff=lfs merge=lfs -text\n"])
async def test_a_pointer_of_git_lfs_is_refused_by_its_path(
    checkout: Checkouts, git_server: GitServer, attributes: str
) -> None:
    repository = git_server.create()
    repository.commit({"a": "written before", "media/film.bin": POINTER, ".gitattributes": attributes})
    with pytest.raises(Refusal, match=r"'media/film\.bin' is kept in Git LFS") as refusal:
        await checkout(repository.url)
    assert refusal.value.code == "LFS_UNSUPPORTED"
    assert list(checkout.app.parent.iterdir()) == []


async def test_a_text_about_git_lfs_is_no_pointer(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    text = "version https://git-lfs.github.com/spec/v1\nis how a pointer begins.\n"
    repository.commit({"readme": text, "long": POINTER + "x" * 2000})
    await checkout(repository.url)
    assert contents(checkout.app)["readme"] == text.encode()


async def test_a_destination_that_is_there_is_left_alone(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    await checkout(repository.url)
    (checkout.app / "a").write_text("mine")
    with pytest.raises(Trouble, match="is there already") as trouble:
        await checkout(repository.url, into=checkout.app.parent)
    assert trouble.value.code == "DESTINATION_EXISTS"
    assert (checkout.app / "a").read_text() == "mine"


def nothing(wanted: ObjectID) -> tuple[int, bytes]:
    raise KeyError(wanted)


def test_a_destination_that_is_there_is_trouble_and_keeps_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    with pytest.raises(Troubled, match="is there already"):
        write_tree(nothing, Folder(), [str(tmp_path / "app"), str(tmp_path / "build")], Limits())


def test_a_link_in_the_place_of_a_destination_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "app").symlink_to("elsewhere")
    with pytest.raises(Troubled, match="is there already"):
        write_tree(nothing, Folder(), [str(tmp_path / "app")], Limits())


def test_a_tree_that_is_larger_than_allowed_is_refused(tmp_path: Path) -> None:
    file = ObjectID(b"1" * 40)
    tree = Folder(files=[File(b"a", file, executable=False), File(b"b", file, executable=False)])
    with pytest.raises(Refused, match="larger than 100 bytes"):
        write_tree(lambda _: (3, b"x" * 60), tree, [str(tmp_path / "app")], Limits(size=100))


async def test_a_parent_that_is_missing_is_trouble_that_names_it(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    with pytest.raises(Trouble, match="No such file or directory") as trouble:
        await checkout(repository.url, into=checkout.mirror / "none")
    assert trouble.value.code == "DISK_FAILED"
