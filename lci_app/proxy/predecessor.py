"""What an earlier control plane left serving: its workers are found, their listening socket is taken over.

The socket is never closed in between, so that no connection is refused: it is handed on before new workers accept,
and the old ones leave after that.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import trio

from lci_app.proxy import control
from lci_app.proxy.address import Address
from lci_app.proxy.process import Process, open_peer, socket_files
from lci_app.proxy.worker_process import ANSWER_LIMIT, END_LIMIT, WorkerProcess

# A worker at an address that is no longer wanted may take so long for what is in flight.
_LEAVE: Final = 30.0

_log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer", control.Hello, control.HandedOver, control.Stopping)


@dataclass
class Survivor:
    """A worker of an earlier control plane. `listening`: the copy of its socket that it gave, if it still accepts."""

    worker: WorkerProcess
    channel: control.Channel
    listening: socket.socket | None

    def close(self) -> None:
        """Let go of it; it goes on serving by itself, for some time."""
        self.worker.close()
        if self.listening is not None:
            self.listening.close()


async def find_survivors(run_directory: Path) -> list[Survivor]:
    """Return the workers that live and answer; the files of dead ones are removed, those that are stuck are ended."""
    found: list[Survivor] = []
    async with trio.open_nursery() as nursery:
        for path in socket_files(run_directory):
            nursery.start_soon(_meet, path, found)
    return found


async def take_over(survivors: Sequence[Survivor], address: Address) -> socket.socket | None:
    """Return the socket that listens at `address`, if one of them has it; those elsewhere stop accepting at once."""
    taken = next((each.listening for each in survivors if each.listening and address.is_of(each.listening)), None)
    async with trio.open_nursery() as nursery:
        for each in survivors:
            if each.listening is not None and each.listening is not taken:
                if not address.is_of(each.listening):
                    nursery.start_soon(_send_away, each)
                each.listening.close()
            each.listening = None
    return taken


async def _send_away(survivor: Survivor) -> None:
    try:
        await _ask(survivor.channel, control.Shutdown(_LEAVE), control.Stopping)
    except (control.ControlLost, trio.TooSlowError) as error:
        _log.warning("Worker %d of an earlier lci is ended: %s", survivor.worker.pid, error)
        survivor.worker.kill()


async def _meet(path: Path, found: list[Survivor]) -> None:
    try:
        channel = await control.connect(path)
    except (ConnectionRefusedError, FileNotFoundError):
        _remove(path)
        return
    except OSError as error:
        _log.warning("The worker of an earlier lci at %s cannot be reached: %s", path, error)
        return
    peer = open_peer(channel)
    if peer is None:
        channel.close()
        _remove(path)
        return
    process = Process(*peer)
    try:
        found.append(await _greet(path, channel, process))
    except (control.ControlLost, trio.TooSlowError) as error:
        _log.warning("Worker %d of an earlier lci is ended: %s", process.pid, str(error) or "it does not answer.")
        channel.close()
        await _end(process, stuck=isinstance(error, trio.TooSlowError))
        _remove(path)


async def _greet(path: Path, channel: control.Channel, process: Process) -> Survivor:
    version = (await _ask(channel, control.Hello(control.VERSION), control.Hello)).version
    last = channel.take_descriptor()
    if last is None:
        raise control.ControlLost("It did not say what process it is.")
    process.ends_with(last)
    await _ask(channel, control.HandOver(), control.HandedOver)
    descriptor = channel.take_descriptor()
    worker = WorkerProcess(process, path, channel)
    worker.understands = version == control.VERSION
    # It has a table: that of whoever was there before.
    worker.fed = True
    return Survivor(worker, channel, None if descriptor is None else socket.socket(fileno=descriptor))


async def _ask(channel: control.Channel, message: control.Message, kind: type[_Answer]) -> _Answer:
    with trio.fail_after(ANSWER_LIMIT):
        await channel.send(0, message)
        _, answer = await channel.receive()
    if not isinstance(answer, kind):
        raise control.ControlLost(f"It answered {answer.type}, not {kind.type}.")
    return answer


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


async def _end(process: Process, *, stuck: bool) -> None:
    """Return when it is gone, and its copy of the listening socket with it."""
    if not stuck:
        process.terminate()
        with trio.move_on_after(END_LIMIT):
            await process.wait()
    process.kill()
    await process.wait()
    process.close()
