"""Viewers of one build, run as a program.

Arguments: lci's address, a token, the build, how many viewers, and how many of them read nothing. It prints a line when
all are there; at its input's end, or when all who read have seen the build's end, how late each line came to one in
fifty of them, in ms, and how many lines were missed.
"""

from __future__ import annotations

import gc
import json
import sys
from datetime import datetime
from typing import Final

import trio
from trio_websocket import ConnectionClosed, open_websocket_url

from bench.proxy.servants import say
from lci_app.adapters.clock import SystemClock

_ARRIVE_AT_ONCE: Final = 20
_SAMPLED: Final = 50
_ENDED: Final = {"Success", "Failed", "Cancelled"}


class Crowd:
    def __init__(self, url: str, token: str, build: int) -> None:
        self._url = url.replace("http://", "ws://") + "/ws"
        self._headers = [(b"Authorization", f"Bearer {token}".encode())]
        self._build = build
        self._door = trio.CapacityLimiter(_ARRIVE_AT_ONCE)
        self.late: list[float] = []
        self.missed = 0
        self.all_there = False

    async def view(
        self, number: int, *, reads: bool, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Watch until the build ends; one who reads nothing until cancelled."""
        await self._door.acquire_on_behalf_of(number)
        async with open_websocket_url(self._url, extra_headers=self._headers) as connection:
            wanted = {"type": "subscribe", "target": "build", "build_id": self._build, "from_line": 0, "batch": True}
            await connection.send_message(json.dumps(wanted))
            self._door.release_on_behalf_of(number)
            task_status.started()
            if not reads:
                await trio.sleep_forever()
            last = 0
            while True:
                try:
                    message = json.loads(await connection.get_message())
                except ConnectionClosed:
                    return
                if message["type"] == "build_status" and message["status"] in _ENDED:
                    return
                if message["type"] == "log_batch":
                    numbers = [line[0] for line in message["lines"]]
                    self.missed += numbers[-1] - last - len(numbers)
                    last = numbers[-1]
                    # What was stored before all had come is not late.
                    if number % _SAMPLED == 0 and self.all_there:
                        self.late += [_age_of(line[1]) for line in message["lines"]]


def _age_of(timestamp: str) -> float:
    now = datetime.fromisoformat(SystemClock().now())
    return (now - datetime.fromisoformat(timestamp)).total_seconds() * 1000


async def main(url: str, token: str, *numbers: int) -> None:
    build, viewers, stalled = numbers
    crowd = Crowd(url, token, build)
    async with trio.open_nursery() as everybody:
        async with trio.open_nursery() as readers:
            for number in range(viewers - stalled):
                await readers.start(lambda *, task_status, n=number: crowd.view(n, reads=True, task_status=task_status))
            for number in range(viewers - stalled, viewers):
                await everybody.start(
                    lambda *, task_status, n=number: crowd.view(n, reads=False, task_status=task_status)
                )
            crowd.all_there = True
            say("all are there")
        everybody.cancel_scope.cancel()
    say({"late": crowd.late, "missed": crowd.missed})


if __name__ == "__main__":
    url, token, *numbers = sys.argv[1:]
    # A pause to look for cycles among all that a crowd has would count as lci's.
    gc.disable()
    trio.run(main, url, token, *map(int, numbers))
