"""What stands between lci and the Docker engine closes, cuts, resets, garbles or keeps what it answers (F025, F026)."""

from __future__ import annotations

from functools import partial

import pytest
import trio

from lci_app.adapters.docker import open_engine
from lci_app.interfaces import Trouble
from tests.faults.chaos import Chaos, chaos_proxy

SOCKET = "/var/run/docker.sock"
CALL_SECONDS = 2.0


@pytest.mark.docker
@pytest.mark.parametrize(
    "chaos",
    [Chaos(cut_after=0), Chaos(cut_after=40), Chaos(cut_after=40, reset=True), Chaos(garbage=True), Chaos(silent=True)],
    ids=["F026-closed", "F026-cut", "F026-reset", "F026-garbage", "F025-silent"],
)
async def test_an_engine_that_answers_rubbish_is_trouble_in_time_until_it_answers_again(chaos: Chaos) -> None:
    async with chaos_proxy(partial(trio.open_unix_socket, SOCKET), chaos) as port:
        address = f"tcp://127.0.0.1:{port}"
        async with open_engine(address, "chaos-of-docker", call_seconds=CALL_SECONDS) as engine:
            began = trio.current_time()
            for _ in range(2):
                with pytest.raises(Trouble) as trouble:
                    await engine.list_ours()
                assert trouble.value.code == "DOCKER_UNAVAILABLE"
            assert trio.current_time() - began < 2 * CALL_SECONDS + 5
            chaos.silent, chaos.garbage, chaos.cut_after = False, False, None
            assert await engine.list_ours() == []
