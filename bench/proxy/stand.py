"""The proxy in a process of its own, told what to do in lines of JSON.

Its arguments: a run directory, the directory of the package whose workers serve, their number, limits as JSON.
`{"upstream": [ID, PORT], "beside": PORT}` publishes that version as the service at /app/, and a second service at
/beside/ unless its port is 0, and is answered with the proxy's port and its workers;
`{"drain": ID, "timeout": SECONDS}` is answered with how many were `cut`. At its input's end it stops.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import trio

from bench.proxy.servants import say
from lci_app.core.routing import Route, Upstream, table
from lci_app.proxy.limits import Limits
from lci_app.proxy.supervisor import open_proxy

# A version's id that no other has.
_BESIDE: Final = 1 << 30
_WORKER: Final = (
    "import sys; sys.path.insert(0, {!r}); from lci_app.proxy.worker import main; sys.exit(main(sys.argv[2:]))"
)


async def _serve(run_directory: Path, source: str, workers: int, limits: Limits) -> None:
    program = [sys.executable, "-c", _WORKER.format(source)]
    async with open_proxy(program, run_directory, "127.0.0.1", 0, workers, limits=limits) as proxy:
        generation = 0
        while line := await trio.to_thread.run_sync(sys.stdin.readline):
            order = json.loads(line)
            if "upstream" in order:
                generation += 1
                number, port = order["upstream"]
                await proxy.publish(table(generation, _routes(number, port, order["beside"])))
                say({"port": proxy.address[1], "workers": proxy.worker_pids})
            else:
                receipt = await proxy.drain(order["drain"], order["timeout"])
                say({"cut": 0 if receipt is None else receipt.cut})


def _routes(number: int, port: int, beside: int) -> Iterator[Route]:
    yield Route("app", Upstream(number, "127.0.0.1", port))
    if beside:
        yield Route("beside", Upstream(_BESIDE, "127.0.0.1", beside))


if __name__ == "__main__":
    trio.run(_serve, Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Limits(**json.loads(sys.argv[4])))
