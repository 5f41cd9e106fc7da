"""What is refused before a byte is written: trees that no honest git makes, and some that it does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from dulwich.objects import Blob, ObjectID, Tree

from lci_app.adapters.git.protocol import Refused
from lci_app.adapters.git.tree import Limits, read_tree
from lci_app.interfaces import Refusal
from tests.adapters.git.checkouts import Checkouts, contents
from tests.adapters.git.raw_objects import EXECUTABLE, FILE, FOLDER, LINK, SUBMODULE, Entry, RawRepository, tree_bytes
from tests.git_server import GitServer


class Objects(dict[ObjectID, tuple[int, bytes]]):
    """Objects in memory, with the same writers as a RawRepository."""

    def blob(self, data: bytes = b"x") -> ObjectID:
        blob = Blob.from_string(data)
        self[blob.id] = (Blob.type_num, data)
        return blob.id

    def tree(self, *entries: Entry) -> ObjectID:
        return self.raw_tree(tree_bytes(entries))

    def raw_tree(self, data: bytes) -> ObjectID:
        name = ObjectID(hashlib.sha1(data).hexdigest().encode())
        self[name] = (Tree.type_num, data)
        return name


Build = Callable[[RawRepository | Objects], ObjectID]


def hooks(raw: RawRepository | Objects) -> ObjectID:
    return raw.tree((b"hooks", FOLDER, raw.tree((b"x", FILE, raw.blob()))))


UNSAFE: dict[str, Build] = {
    "a parent as a folder": lambda raw: raw.tree((b"..", FOLDER, raw.tree((b"x", FILE, raw.blob())))),
    "a parent within a name": lambda raw: raw.tree((b"../x", FILE, raw.blob())),
    "an absolute name": lambda raw: raw.tree((b"/etc/x", FILE, raw.blob())),
    "a slash within a name": lambda raw: raw.tree((b"a/b", FILE, raw.blob())),
    "a dot": lambda raw: raw.tree((b".", FOLDER, raw.tree())),
    "no name": lambda raw: raw.tree((b"", FILE, raw.blob())),
    "a very long name": lambda raw: raw.tree((b"a" * 256, FILE, raw.blob())),
    ".git with a hook": lambda raw: raw.tree((b".git", FOLDER, hooks(raw))),
    ".git as a file": lambda raw: raw.tree((b".git", FILE, raw.blob(b"gitdir: /"))),
    ".git deep inside": lambda raw: raw.tree((b"a", FOLDER, raw.tree((b".git", FOLDER, hooks(raw))))),
    ".GIT": lambda raw: raw.tree((b".GIT", FOLDER, hooks(raw))),
    "git~1": lambda raw: raw.tree((b"GIT~1", FOLDER, hooks(raw))),
    ".git with a dot behind": lambda raw: raw.tree((b".git. ", FOLDER, hooks(raw))),
    ".git as a stream": lambda raw: raw.tree((b".git::$INDEX_ALLOCATION", FOLDER, hooks(raw))),
    ".git with a hidden mark": lambda raw: raw.tree((".g\u200cit".encode(), FOLDER, hooks(raw))),
    ".git behind a backslash": lambda raw: raw.tree((b"a\\.git\\config", FILE, raw.blob())),
    "a name twice": lambda raw: raw.tree((b"a", FILE, raw.blob(b"1")), (b"a", FILE, raw.blob(b"2"))),
    "a link and a folder of one name": lambda raw: raw.tree(
        (b"a", LINK, raw.blob(b"/")),
        (b"a", FOLDER, raw.tree((b"etc", FOLDER, raw.tree((b"x", FILE, raw.blob()))))),
    ),
    "an inner link and a folder of one name": lambda raw: raw.tree(
        (b"a", LINK, raw.blob(b"b")), (b"a", FOLDER, raw.tree((b"x", FILE, raw.blob()))), (b"b", FOLDER, raw.tree())
    ),
    "a link to the root": lambda raw: raw.tree((b"a", LINK, raw.blob(b"/"))),
    "a link to a parent": lambda raw: raw.tree((b"a", LINK, raw.blob(b"../x"))),
    "a link that leaves at last": lambda raw: raw.tree(
        (b"d", FOLDER, raw.tree((b"a", LINK, raw.blob(b"../d/../../x"))))
    ),
    "a link that leaves through another": lambda raw: raw.tree(
        (b"d", FOLDER, raw.tree((b"e", FOLDER, raw.tree((b"up", LINK, raw.blob(b"../..")))))),
        (b"x", LINK, raw.blob(b"d/e/up/../etc")),
    ),
    "links in a circle": lambda raw: raw.tree((b"a", LINK, raw.blob(b"b")), (b"b", LINK, raw.blob(b"a"))),
    "a link without a target": lambda raw: raw.tree((b"a", LINK, raw.blob(b""))),
    "a link with a NUL": lambda raw: raw.tree((b"a", LINK, raw.blob(b"b\0c"))),
    "a link with an endless target": lambda raw: raw.tree((b"a", LINK, raw.blob(b"b/" * 3000))),
    "a folder that is a file": lambda raw: raw.tree((b"a", FOLDER, raw.blob())),
    "a device": lambda raw: raw.tree((b"a", 0o020666, raw.blob())),
    "folders without end": lambda raw: nested(raw, 200),
}


def nested(raw: RawRepository | Objects, depth: int) -> ObjectID:
    tree = raw.tree()
    for _ in range(depth):
        tree = raw.tree((b"d", FOLDER, tree))
    return tree


@pytest.mark.parametrize("build", UNSAFE.values(), ids=UNSAFE)
def test_an_unsafe_tree_is_refused(build: Build) -> None:
    objects = Objects()
    with pytest.raises(Refused, match="in the repository") as refused:
        read_tree(objects.__getitem__, build(objects), Limits())
    assert refused.value.code == "UNSAFE_TREE"


async def test_of_an_unsafe_tree_nothing_is_written(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    before = contents(checkout.root)
    cases = {**UNSAFE, "a file that is a folder": lambda raw: raw.tree((b"a", FILE, raw.tree()))}
    for case, build in cases.items():
        raw = RawRepository(repository.path)
        commit = raw.commit(build(raw))
        with pytest.raises(Refusal) as refusal:
            await checkout(repository.file_url, commit)
        assert refusal.value.code == "UNSAFE_TREE", case
        checkout.app.parent.rmdir()
    assert contents(checkout.root) == before


async def test_an_unsafe_tree_is_refused_when_it_comes_over_http(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    raw = RawRepository(repository.path)
    commit = raw.commit(raw.tree((b"a", FOLDER, raw.tree((b"..", FOLDER, hooks(raw))))))
    with pytest.raises(Refusal, match=r"'a/\.\.' in the repository is no name") as refusal:
        await checkout(repository.url, commit)
    assert refusal.value.code == "UNSAFE_TREE"
    assert list(checkout.app.parent.iterdir()) == []


@pytest.mark.parametrize("data", [b"100644 a\0short", b"100644 a", b"rwx a\0" + b"1" * 20, b"\0"])
def test_a_malformed_folder_is_refused(data: bytes) -> None:
    objects = Objects()
    with pytest.raises(Refused, match="'d' in the repository is a malformed folder"):
        read_tree(objects.__getitem__, objects.tree((b"d", FOLDER, objects.raw_tree(data))), Limits())


async def test_links_that_stay_inside_are_written_as_links(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    raw = RawRepository(repository.path)
    inner = raw.tree((b"f", FILE, raw.blob()), (b"up", LINK, raw.blob(b"../a")))
    links = {b"to-folder": b"d", b"to-file": b"d/../d/f", b"to-link": b"d/up", b"to-nothing": b"later/made"}
    entries = [(name, LINK, raw.blob(target)) for name, target in links.items()]
    await checkout(repository.url, raw.commit(raw.tree((b"a", FILE, raw.blob()), (b"d", FOLDER, inner), *entries)))
    for folder in (checkout.app, checkout.build):
        found = contents(folder)
        assert {name: found[name.decode()] for name in links} == {
            name: f"-> {target.decode()}" for name, target in links.items()
        }
        assert (folder / "to-link").read_bytes() == b"x"


async def test_a_submodule_is_refused_by_its_path(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    raw = RawRepository(repository.path)
    submodule = raw.tree((b"library", SUBMODULE, ObjectID(b"1" * 40)))
    with pytest.raises(Refusal, match="'third/library' is a git submodule") as refusal:
        await checkout(repository.url, raw.commit(raw.tree((b"third", FOLDER, submodule))))
    assert refusal.value.code == "SUBMODULES_UNSUPPORTED"


async def test_a_message_names_a_path_without_its_control_characters(
    checkout: Checkouts, git_server: GitServer
) -> None:
    repository = git_server.create()
    raw = RawRepository(repository.path)
    with pytest.raises(Refusal, match=r"'\\x1b\[31m\\n\\\\xff/\.git'"):
        await checkout(
            repository.file_url,
            raw.commit(raw.tree((b"\x1b[31m\n\xff", FOLDER, raw.tree((b".git", FILE, raw.blob()))))),
        )


def test_folders_that_repeat_one_another_are_counted_as_often_as_they_stand_there() -> None:
    objects = Objects()
    tree = objects.tree((b"f", FILE, objects.blob(b"x")))
    for _ in range(10):
        tree = objects.tree(*((b"%d" % number, FOLDER, tree) for number in range(10)))
    with pytest.raises(Refused, match="more than 2000 files and folders"):
        read_tree(objects.__getitem__, tree, Limits(entries=2000))


def test_a_path_may_not_be_too_long() -> None:
    objects = Objects()
    tree = objects.tree((b"f" * 200, FILE, objects.blob(b"x")))
    for _ in range(3):
        tree = objects.tree((b"d" * 200, FOLDER, tree))
    assert read_tree(objects.__getitem__, tree, Limits(path=803)).folders
    with pytest.raises(Refused, match="longer than 802 bytes"):
        read_tree(objects.__getitem__, tree, Limits(path=802))


def test_the_executable_bit_is_the_owners() -> None:
    objects = Objects()
    blob = objects.blob(b"x")
    modes = {b"a": FILE, b"b": EXECUTABLE, b"c": 0o100664, b"d": 0o100711, b"e": 0o100655}
    tree = read_tree(objects.__getitem__, objects.tree(*((name, mode, blob) for name, mode in modes.items())), Limits())
    assert {file.name: file.executable for file in tree.files} == {
        b"a": False, b"b": True, b"c": False, b"d": True, b"e": False,
    }  # fmt: skip
