"""Which commit comes, over real smart HTTP, and what becomes of the mirror."""

from __future__ import annotations

import pytest
from dulwich.objects import Blob
from dulwich.repo import Repo

from lci_app.adapters.git import mirror
from lci_app.interfaces import Refusal
from tests.adapters.git.checkouts import Checkouts, contents
from tests.git_server import GitServer, git


async def test_the_head_of_the_branch_is_checked_out_where_no_commit_is_given(
    checkout: Checkouts, git_server: GitServer
) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"}, "first")
    head = repository.commit({"a": "2", "folder/b": "3"}, "second\n\nwith a body\n")
    commit = await checkout(repository.url)
    assert (commit.hash, commit.message, commit.author) == (head, "second\n\nwith a body", "Ada Löwe")
    assert contents(checkout.app) == {"a": b"2", "folder/b": b"3"}
    assert contents(checkout.build) == contents(checkout.app)


async def test_another_branch_is_checked_out_by_its_whole_name(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    repository.commit({"a": "main"})
    repository.switch("release/1.0")
    head = repository.commit({"a": "release"})
    assert (await checkout(repository.url, branch="release/1.0")).hash == head
    with pytest.raises(Refusal, match=r"no branch '1\.0'") as refusal:
        await checkout(repository.url, branch="1.0")
    assert refusal.value.code == "BRANCH_NOT_FOUND"


@pytest.mark.parametrize("protocol_2", [True, False], ids=["protocol 2", "protocol 0"])
async def test_who_asks_for_a_branch_that_is_not_there_is_told_the_default_branch(
    checkout: Checkouts, git_server: GitServer, protocol_2: bool
) -> None:
    git_server.protocol_2 = protocol_2
    repository = git_server.create()
    repository.commit({"a": "1"})
    for url in (repository.url, repository.file_url):
        with pytest.raises(Refusal) as refusal:
            await checkout(url, branch="master")
        assert str(refusal.value) == f"{url} has no branch 'master'; its default branch is 'main'"


async def test_an_empty_repository_has_no_branch(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    for url in (repository.url, repository.file_url):
        for branch in ("main", "master"):
            with pytest.raises(Refusal) as refusal:
                await checkout(url, branch=branch)
            assert refusal.value.code == "BRANCH_NOT_FOUND"
            assert str(refusal.value) == f"{url} has no branch {branch!r}"


@pytest.mark.parametrize("protocol_2", [True, False], ids=["protocol 2", "protocol 0"])
async def test_the_pushed_commit_is_built_though_the_branch_has_moved_on(
    checkout: Checkouts, git_server: GitServer, protocol_2: bool
) -> None:
    git_server.protocol_2 = protocol_2
    repository = git_server.create()
    pushed = repository.commit({"a": "1"})
    repository.commit({"a": "2"})
    assert (await checkout(repository.url, pushed)).hash == pushed
    assert contents(checkout.app) == {"a": b"1"}


async def test_a_commit_that_a_forced_push_replaced_is_built_while_the_server_has_it(
    checkout: Checkouts, git_server: GitServer
) -> None:
    repository = git_server.create()
    base = repository.commit({"a": "1"})
    replaced = repository.commit({"a": "2"})
    repository.rewind(base)
    instead = repository.commit({"a": "3"})
    await checkout(repository.url, replaced)
    assert contents(checkout.app) == {"a": b"2"}
    await checkout(repository.url, instead)
    assert contents(checkout.app) == {"a": b"3"}


@pytest.mark.parametrize("protocol_2", [True, False], ids=["protocol 2", "protocol 0"])
async def test_a_commit_that_the_server_has_lost_is_refused_as_gone(
    checkout: Checkouts, git_server: GitServer, protocol_2: bool
) -> None:
    git_server.protocol_2 = protocol_2
    repository = git_server.create()
    base = repository.commit({"a": "1"})
    lost = repository.commit({"a": "2"})
    repository.rewind(base)
    repository.forget_unreachable()
    with pytest.raises(Refusal, match=f"commit {lost} is gone") as refusal:
        await checkout(repository.url, lost)
    assert refusal.value.code == "COMMIT_NOT_FOUND"
    assert not checkout.app.exists()


async def test_a_commit_of_a_deleted_branch_is_built_while_the_server_has_it(
    checkout: Checkouts, git_server: GitServer
) -> None:
    repository = git_server.create()
    repository.commit({"a": "main"})
    repository.switch("feature")
    commit = repository.commit({"a": "feature"})
    repository.delete_branch("feature")
    await checkout(repository.url, commit, branch="feature")
    assert contents(checkout.app) == {"a": b"feature"}


async def test_a_commit_that_the_mirror_holds_needs_no_network(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    commit = repository.commit({"a": "1"})
    await checkout(repository.url, commit)
    git_server.requests.clear()
    await checkout(repository.url, commit)
    assert contents(checkout.app) == {"a": b"1"}
    assert git_server.requests == []


async def test_a_mirror_of_another_address_is_not_believed(checkout: Checkouts, git_server: GitServer) -> None:
    other = git_server.create("owner/other")
    repository = git_server.create()
    stranger = other.commit({"a": "other"})
    repository.commit({"a": "mine"})
    await checkout(other.url, stranger)
    with pytest.raises(Refusal) as refusal:
        await checkout(repository.url, stranger)
    assert refusal.value.code == "COMMIT_NOT_FOUND"


async def test_only_what_is_new_is_fetched(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    first = repository.commit({f"file-{number}": f"{number}" * 500 for number in range(50)})
    second = repository.commit({"file-0": "changed"})
    await checkout(repository.url, first)
    await checkout(repository.url, second)
    assert len(contents(checkout.app)) == 50
    packs = sorted((checkout.mirror / "objects/pack").glob("*.idx"), key=lambda pack: pack.stat().st_mtime_ns)
    objects = [git(checkout.mirror, "show-index", stdin=pack.read_bytes()).count("\n") + 1 for pack in packs]
    # A commit, a tree, a file; then the same three, and perhaps the bases of their deltas.
    assert objects[0] == 52
    assert objects[1] <= 6
    git(checkout.mirror, "fsck", "--strict")


async def test_what_a_revert_brings_back_is_complete_though_history_is_not_kept(
    checkout: Checkouts, git_server: GitServer
) -> None:
    repository = git_server.create()
    repository.commit({"a": "old", "b": "kept"})
    await checkout(repository.url, repository.commit({"a": "new"}))
    await checkout(repository.url, repository.commit({"a": "old"}))
    assert contents(checkout.app) == {"a": b"old", "b": b"kept"}


async def test_a_mirror_of_many_packs_is_begun_again(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    await checkout(repository.url, repository.commit({"a": "1"}))
    packs = checkout.mirror / "objects/pack"
    with Repo(str(checkout.mirror)) as opened:
        for number in range(mirror.MAX_PACKS):
            opened.object_store.add_objects([(Blob.from_string(str(number).encode()), None)])
    assert len(list(packs.glob("*.pack"))) == mirror.MAX_PACKS + 1
    await checkout(repository.url, repository.commit({"a": "2"}))
    assert contents(checkout.app) == {"a": b"2"}
    assert len(list(packs.glob("*.pack"))) == 1


async def test_a_damaged_mirror_is_fetched_anew(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    commit = repository.commit({"a": "1" * 1000, "b": "2"})
    await checkout(repository.url, commit)
    (pack,) = (checkout.mirror / "objects/pack").glob("*.pack")
    data = bytearray(pack.read_bytes())
    data[20:-20] = bytes(len(data) - 40)
    pack.chmod(0o600)
    pack.write_bytes(data)
    await checkout(repository.url, commit)
    assert contents(checkout.app) == {"a": b"1" * 1000, "b": b"2"}
    assert "The mirror is damaged; it is fetched anew" in checkout.lines


async def test_what_killed_fetches_left_behind_is_swept_away(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    await checkout(repository.url, repository.commit({"a": "1"}))
    left = ["shallow.lock", "config.lock", "HEAD.lock", "objects/pack/tmpab12.pack", "objects/tmp_pack_x"]
    left += ["objects/pack/pack-1234.pack", "objects/pack/pack-1234.idx.lock"]
    for name in left:
        (checkout.mirror / name).write_bytes(b"half")
    await checkout(repository.url, repository.commit({"a": "2"}))
    assert contents(checkout.app) == {"a": b"2"}
    assert [name for name in left if (checkout.mirror / name).exists()] == []


@pytest.mark.parametrize("rubbish", ["a file", "an empty folder", "a folder of other things"])
async def test_what_is_no_mirror_is_replaced_by_one(checkout: Checkouts, git_server: GitServer, rubbish: str) -> None:
    if rubbish == "a file":
        checkout.mirror.parent.mkdir(parents=True, exist_ok=True)
        checkout.mirror.write_text("x")
    else:
        checkout.mirror.mkdir(parents=True)
        if rubbish == "a folder of other things":
            (checkout.mirror / "HEAD").write_text("x")
    repository = git_server.create()
    repository.commit({"a": "1"})
    await checkout(repository.url)
    assert contents(checkout.app) == {"a": b"1"}


async def test_a_tree_is_no_commit(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    tree = git(repository.work, "rev-parse", "HEAD^{tree}")
    with pytest.raises(Refusal, match="is a tree, not a commit") as refusal:
        await checkout(repository.file_url, tree)
    assert refusal.value.code == "COMMIT_NOT_FOUND"
    with pytest.raises(Refusal, match="40 hexadecimal digits"):
        await checkout(repository.file_url, tree[:12])


async def test_a_commit_in_another_encoding_is_understood(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    message = "Grüße".encode("latin-1")
    git(repository.work, "-c", "i18n.commitEncoding=latin-1", "commit", "-q", "--allow-empty", "-F", "-", stdin=message)
    repository.push()
    assert (await checkout(repository.url)).message == "Grüße"


async def test_a_repository_on_this_machine_is_read_where_it_is(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create("owner/with space")
    commit = repository.commit({"a": "1"})
    repository.commit({"a": "2"})
    assert (await checkout(repository.file_url.replace(" ", "%20"), commit)).hash == commit
    assert contents(checkout.app) == {"a": b"1"}
    await checkout(f"file://{repository.work}")
    assert contents(checkout.app) == {"a": b"2"}
    assert not checkout.mirror.exists()


async def test_a_path_without_a_repository_is_refused(checkout: Checkouts, git_server: GitServer) -> None:
    for url in (f"file://{git_server.root}/none", f"file://{git_server.root}", "file://elsewhere/srv/app.git"):
        with pytest.raises(Refusal) as refusal:
            await checkout(url)
        assert refusal.value.code == "REPOSITORY_NOT_FOUND"


@pytest.mark.parametrize("protocol_2", [True, False], ids=["protocol 2", "protocol 0"])
async def test_the_head_of_a_pull_request_comes_from_the_repository_that_it_is_for(
    checkout: Checkouts, git_server: GitServer, protocol_2: bool
) -> None:
    git_server.protocol_2 = protocol_2
    repository = git_server.create()
    repository.commit({"a": "1"})
    first = repository.offer(7, {"a": "offered"})
    assert (await checkout(repository.url, first, pull_request=7)).hash == first
    assert contents(checkout.app) == {"a": b"offered"}
    later = repository.offer(7, {"a": "offered later"})
    await checkout(repository.url, later, pull_request=7)
    assert contents(checkout.app) == {"a": b"offered later"}


async def test_what_is_no_pull_request_any_more_is_refused(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    with pytest.raises(Refusal) as refusal:
        await checkout(repository.url, "c" * 40, pull_request=7)
    assert refusal.value.code == "COMMIT_NOT_FOUND"
