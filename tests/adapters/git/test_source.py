"""The children's lives: warm, one a checkout, killed with what they do, ended when idle."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from lci_app.adapters.git.source import open_source
from lci_app.interfaces import Refusal, Repository, Trouble
from tests.adapters.git.checkouts import PROGRAM, Checkouts, contents, open_checkouts, workers
from tests.git_server import GitServer


@contextmanager
def stalled_server() -> Iterator[tuple[str, socket.socket]]:
    """Listen, and answer nothing to whoever connects."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/owner/app.git", listener


async def accepted(listener: socket.socket) -> socket.socket:
    """Return the connection of a child that has begun to wait for an answer."""
    connection, _ = await trio.to_thread.run_sync(listener.accept)
    return connection


async def wait_gone(pid: int) -> None:
    """Return when a process of somebody else's is gone."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        await trio.lowlevel.wait_readable(handle)
    finally:
        os.close(handle)


async def test_no_child_is_started_before_it_is_needed(tmp_path: Path) -> None:
    async with open_checkouts(tmp_path):
        assert workers() == []


async def test_one_warm_child_serves_one_checkout_after_another(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    await checkout(repository.url)
    first = workers()
    await checkout(repository.url)
    with pytest.raises(Refusal):
        await checkout(repository.url, branch="none")
    await checkout(repository.url)
    assert workers() == first
    assert len(first) == 1


async def test_a_child_is_not_thought_large_because_its_parent_is(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    held = b"x" * (256 * 1024**2)
    await checkout(repository.url)
    assert len(workers()) == 1, f"beside {len(held)} bytes of its parent's"


async def test_two_projects_are_fetched_at_the_same_time(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    with stalled_server() as (url, listener):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(checkout, url)
            with await accepted(listener):
                await checkout(repository.url, mirror=checkout.root / "other.git")
                assert contents(checkout.app) == {"a": b"1"}
                assert len(workers()) == 2
                nursery.cancel_scope.cancel()
    assert len(workers()) == 1


async def test_one_mirror_is_used_by_one_child_at_a_time(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    commits = [repository.commit({"a": str(number)}) for number in range(6)]
    async with trio.open_nursery() as nursery:
        for commit in commits:
            nursery.start_soon(checkout, repository.url, commit)
    assert len(workers()) == 1
    folders = [checkout.root / f"checkout-{number + 1}/app" for number in range(6)]
    assert sorted(contents(folder)["a"] for folder in folders) == [b"0", b"1", b"2", b"3", b"4", b"5"]


async def test_a_server_that_never_answers_is_trouble_within_the_limit_and_the_child_is_gone(
    checkout: Checkouts,
) -> None:
    with stalled_server() as (url, _), trio.fail_after(10), pytest.raises(Trouble) as trouble:
        await checkout(url, timeout=0.5)
    assert str(trouble.value) == f"fetching from {url} took longer than 0.5 seconds"
    assert trouble.value.code == "CHECKOUT_TIMED_OUT"
    assert workers() == []


async def test_cancelling_kills_the_child_at_once_and_the_next_checkout_works(
    checkout: Checkouts, git_server: GitServer
) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    with stalled_server() as (url, listener):
        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(checkout, url)
                with await accepted(listener):
                    (child,) = workers()
                    with trio.fail_after(2):
                        nursery.cancel_scope.cancel()
                        with trio.CancelScope(shield=True):
                            await wait_gone(child)
        assert workers() == []
        await checkout(repository.url)
    assert contents(checkout.app) == {"a": b"1"}


async def test_a_fetch_that_is_cut_in_the_middle_leaves_the_mirror_usable(
    checkout: Checkouts, git_server: GitServer
) -> None:
    repository = git_server.create()
    await checkout(repository.url, repository.commit({"a": "1"}))
    second = repository.commit({"random": os.urandom(2 * 1024 * 1024)})
    git_server.stall_after = 1024 * 1024
    async with trio.open_nursery() as nursery:
        nursery.start_soon(checkout, repository.url, second)
        await trio.to_thread.run_sync(git_server.stalled.wait)
        nursery.cancel_scope.cancel()
    git_server.stall_after = None
    assert list(checkout.mirror.glob("objects/pack/tmp*"))
    await checkout(repository.url, second)
    assert (checkout.app / "random").stat().st_size == 2 * 1024 * 1024
    assert not list(checkout.mirror.glob("objects/pack/tmp*"))


async def test_a_child_that_was_killed_while_it_waited_is_replaced(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    await checkout(repository.url)
    (child,) = workers()
    os.kill(child, signal.SIGKILL)
    await wait_gone(child)
    await checkout(repository.url)
    assert len(workers()) == 1
    assert workers() != [child]


async def test_a_child_that_is_killed_at_work_is_trouble_and_is_replaced(
    checkout: Checkouts, git_server: GitServer
) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    with stalled_server() as (url, listener):

        async def kill_when_it_waits() -> None:
            with await accepted(listener):
                os.kill(workers()[0], signal.SIGKILL)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(kill_when_it_waits)
            with pytest.raises(Trouble, match="ended in the middle of the checkout \\(signal 9\\)") as trouble:
                await checkout(url)
    assert trouble.value.code == "GIT_FAILED"
    await checkout(repository.url)
    assert contents(checkout.app) == {"a": b"1"}


async def test_a_child_without_work_ends_after_a_while(tmp_path: Path, git_server: GitServer) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    async with open_checkouts(tmp_path / "data", idle_timeout=0.05) as checkout:
        await checkout(repository.url)
        with trio.fail_after(20):
            for child in workers():
                await wait_gone(child)
        await checkout(repository.url)
    assert workers() == []


async def test_no_child_is_left_when_the_source_is_closed(tmp_path: Path, git_server: GitServer) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    async with open_checkouts(tmp_path / "data") as checkout:
        await checkout(repository.url)
        assert len(workers()) == 1
    assert workers() == []


async def test_a_child_ends_at_work_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = """
import sys, trio
from pathlib import Path
from tests.adapters.git.checkouts import open_checkouts
async def main():
    async with open_checkouts(Path(sys.argv[1])) as checkout:
        await checkout(sys.argv[2])
trio.run(main)
"""
    with stalled_server() as (url, listener):
        async with trio.open_nursery() as nursery:
            run = partial(trio.run_process, [sys.executable, "-c", script, str(tmp_path), url], check=False)
            parent = await nursery.start(run)
            with await accepted(listener):
                (child,) = workers(parent.pid)
                parent.kill()
                with trio.fail_after(10):
                    await wait_gone(child)


async def test_a_terminal_s_interrupt_does_not_reach_a_child(checkout: Checkouts, git_server: GitServer) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    await checkout(repository.url)
    (child,) = workers()
    assert os.getpgid(child) == child
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(child, number)
    await checkout(repository.url)
    assert workers() == [child]


async def test_a_token_is_nowhere_but_in_the_request(checkout: Checkouts, git_server: GitServer) -> None:
    secret = "s3cr3t-token-of-mine"
    git_server.token = secret
    repository = git_server.create()
    repository.commit({"a": "1"})
    await checkout(repository.url, token=secret)
    (child,) = workers()
    for file in ("cmdline", "environ"):
        assert secret.encode() not in await trio.Path(f"/proc/{child}/{file}").read_bytes()
    assert secret not in "".join(checkout.lines)
    assert secret.encode() not in (checkout.mirror / "config").read_bytes()
    assert secret not in repr(Repository(repository.url, token=secret))


async def test_credentials_within_an_address_are_used_and_not_shown(checkout: Checkouts, git_server: GitServer) -> None:
    git_server.token = "s3cr3t"
    repository = git_server.create()
    commit = repository.commit({"a": "1"})
    await checkout(repository.url.replace("http://", "http://ada:s3cr3t@"), commit)
    assert contents(checkout.app) == {"a": b"1"}
    with pytest.raises(Refusal) as refusal:
        await checkout(repository.url.replace("http://", "http://ada:wr0ng@"), "1" * 40)
    told = "".join([*checkout.lines, str(refusal.value), (checkout.mirror / "config").read_text()])
    assert "s3cr3t" not in told
    assert "wr0ng" not in told
    assert "ada" not in told


async def test_a_token_is_struck_out_where_somebody_else_has_written_it(
    checkout: Checkouts, git_server: GitServer
) -> None:
    repository = git_server.create()
    repository.commit({"a": "1"})
    with pytest.raises(Refusal, match=r"no branch '\*\*\*'"):
        await checkout(repository.url, branch="s3cr3t", token="s3cr3t")
    assert checkout.lines == [f"Fetching branch *** from {repository.url}", *checkout.lines[1:]]


async def test_a_file_too_large_for_the_memory_is_refused_and_costs_only_its_child(
    tmp_path: Path, git_server: GitServer
) -> None:
    repository = git_server.create()
    small = repository.commit({"a": "1"})
    large = repository.commit({"zeros": bytes(48 * 1024 * 1024)})
    async with open_source(program=["prlimit", f"--data={96 * 1024 * 1024}", *PROGRAM]) as source:
        checkout = Checkouts(source, tmp_path / "data")
        with pytest.raises(Refusal, match="too large to be checked out") as refusal:
            await checkout(repository.url, large)
        assert refusal.value.code == "UNSAFE_TREE"
        assert list(checkout.app.parent.iterdir()) == []
        await checkout(repository.url, small)
    assert contents(checkout.app) == {"a": b"1"}


async def test_a_program_that_is_missing_is_trouble(tmp_path: Path) -> None:
    async with open_source(program=[str(tmp_path / "none")]) as source:
        with pytest.raises(Trouble, match="could not be started: No such file") as trouble:
            await Checkouts(source, tmp_path)("http://127.0.0.1:1/a.git")
    assert trouble.value.code == "GIT_FAILED"


@pytest.mark.parametrize("program", ["print('no frames'); input()", "import sys; sys.exit('no such worker')"])
async def test_a_program_that_is_no_worker_is_trouble(tmp_path: Path, program: str) -> None:
    async with open_source(program=[sys.executable, "-c", program]) as source:
        with pytest.raises(Trouble, match="ended in the middle") as trouble:
            await Checkouts(source, tmp_path)("http://127.0.0.1:1/a.git")
    assert trouble.value.code == "GIT_FAILED"
