"""What stands between lci and the repository cuts, resets, garbles, delays or keeps what it answers (F057, F058)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import trio

from lci_app.interfaces import Trouble
from tests.adapters.git.checkouts import open_checkouts
from tests.faults.chaos import Chaos, Reach, chaos_proxy
from tests.git_server import GitServer, run_git_server

# For all that a stalled connection may take; the whole of it, not each read.
DEADLINE = 3.0


@pytest.fixture
def git_server(tmp_path: Path):
    with run_git_server(tmp_path / "git") as server:
        yield server


def reach(server: GitServer) -> Reach:
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    return partial(trio.open_tcp_stream, host, int(port))


@pytest.mark.parametrize(
    "chaos",
    [
        Chaos(cut_after=0),
        Chaos(cut_after=500),
        Chaos(cut_after=500, reset=True),
        Chaos(garbage=True),
        Chaos(silent=True),
    ],
    ids=["F057-closed", "F058-cut", "F058-reset", "F057-garbage", "F058-silent"],
)
async def test_a_fetch_that_is_spoilt_is_trouble_in_time_and_the_next_one_works(
    tmp_path: Path, git_server: GitServer, chaos: Chaos
) -> None:
    repository = git_server.create()
    repository.commit({"page": "x" * 5000})
    async with open_checkouts(tmp_path / "mirror") as checkout, chaos_proxy(reach(git_server), chaos) as port:
        spoilt = f"http://127.0.0.1:{port}/{repository.name}.git"
        began = trio.current_time()
        with pytest.raises(Trouble):
            await checkout(spoilt, timeout=DEADLINE)
        assert trio.current_time() - began < DEADLINE + 5
        assert chaos.connections > 0
        await checkout(repository.url)


async def test_a_fetch_that_dribbles_comes_whole(tmp_path: Path, git_server: GitServer) -> None:
    repository = git_server.create()
    commit = repository.commit({"page": "y" * 300})
    chaos = Chaos(piece=64, latency=0.001)
    async with open_checkouts(tmp_path / "mirror") as checkout, chaos_proxy(reach(git_server), chaos) as port:
        assert (await checkout(f"http://127.0.0.1:{port}/{repository.name}.git")).hash == commit
