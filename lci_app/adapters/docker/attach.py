"""The output of a container that runs attached: raw bytes by stream, exactly as written, until it has ended."""

from __future__ import annotations

import json
import re
import select
from collections.abc import Callable
from typing import Final

from lci_app.adapters.docker.held import Held
from lci_app.core.model import Stream
from lci_app.interfaces import Trouble

OnOutput = Callable[[Stream, bytes], None]

_HEADER_BYTES: Final = 8
_RECEIVE_BYTES: Final = 256 * 1024
# How long the output may be silent after the container's end before it is given up: something holds it open.
QUIET_SECONDS: Final = 5.0
_LAST_ERROR_BYTES: Final = 1024
# The words of the container's init where it cannot run the program that it was given.
_EXEC_FAILED: Final = re.compile(rb"\[FATAL tini \(\d+\)\] exec (?P<program>[^\n]+) failed: (?P<why>[^\n]+)\n?$")
_STREAMS: Final = {1: Stream.STDOUT, 2: Stream.STDERR}


class Demultiplexer:
    """Splits the engine's frames (stream, three zeros, big-endian length, payload), however they are cut."""

    def __init__(self, on_output: OnOutput) -> None:
        self._on_output = on_output
        self._header = bytearray()
        self._stream = Stream.STDOUT
        self._missing = 0

    def feed(self, data: memoryview) -> None:
        """Give on the payloads in `data`, neighbours of one stream together."""
        at = 0
        run: list[memoryview] = []
        while at < len(data):
            if self._missing:
                piece = data[at : at + self._missing]
                run.append(piece)
                self._missing -= len(piece)
                at += len(piece)
                continue
            wanted = _HEADER_BYTES - len(self._header)
            self._header += data[at : at + wanted]
            at += wanted
            if len(self._header) == _HEADER_BYTES:
                self._begin_frame(run)
        self._give(run)

    def _begin_frame(self, run: list[memoryview]) -> None:
        stream = _STREAMS.get(self._header[0])
        if stream is None:
            raise Trouble("DOCKER_UNAVAILABLE", "the Docker engine sent output in a form that lci does not know")
        if stream is not self._stream:
            self._give(run)
            self._stream = stream
        self._missing = int.from_bytes(self._header[4:], "big")
        self._header.clear()

    def _give(self, run: list[memoryview]) -> None:
        if run:
            self._on_output(self._stream, b"".join(run))
            run.clear()


def exit_code(end: Held) -> int:
    """Return what the engine's `wait` answers; blocks until it does. Raises Trouble("DOCKER_UNAVAILABLE")."""
    try:
        return int(json.loads(end.response.content)["StatusCode"])
    except (OSError, LookupError, TypeError, ValueError) as error:
        message = "the Docker engine went away while a container ran; how the container ended is not known"
        raise Trouble("DOCKER_UNAVAILABLE", message) from error


class Attached:
    """The output and the end of one container, both asked for before it was started."""

    def __init__(self, output: Held, end: Held) -> None:
        self._output = output
        self._end = end
        self._last_error = b""

    def read(self, on_output: OnOutput) -> int:
        """Give every byte to `on_output`, then return the exit code; blocks until the container has ended.

        Raises Trouble("DOCKER_UNAVAILABLE") where the engine went away before it said how the container ended.
        """

        def give(stream: Stream, data: bytes) -> None:
            if stream is Stream.STDERR:
                self._last_error = (self._last_error + data[-_LAST_ERROR_BYTES:])[-_LAST_ERROR_BYTES:]
            on_output(stream, data)

        self._read_output(Demultiplexer(give))
        return exit_code(self._end)

    def missing_program(self) -> str | None:
        """Return which program the container could not run, and why; None where it ran one."""
        match = _EXEC_FAILED.search(self._last_error)
        if match is None:
            return None
        program, why = (match[name].decode("utf-8", "replace") for name in ("program", "why"))
        return f"{program!r}: {why.lower()}"

    def _read_output(self, frames: Demultiplexer) -> None:
        buffer = memoryview(bytearray(_RECEIVE_BYTES))
        poller = select.poll()
        poller.register(self._output.socket, select.POLLIN)
        poller.register(self._end.socket, select.POLLIN)
        limit: float | None = None
        while ready := poller.poll(limit):
            descriptors = {descriptor for descriptor, _ in ready}
            if self._end.socket.fileno() in descriptors:
                poller.unregister(self._end.socket)
                limit = QUIET_SECONDS * 1000
            if self._output.socket.fileno() in descriptors:
                received = self._receive(buffer)
                if not received:
                    return
                frames.feed(buffer[:received])

    def _receive(self, buffer: memoryview) -> int:
        try:
            return self._output.socket.recv_into(buffer)
        except OSError:
            # A connection that breaks ends the output; the exit code, or its absence, says what that means.
            return 0

    def shutdown(self) -> None:
        self._output.shutdown()
        self._end.shutdown()

    def close(self) -> None:
        self._output.close()
        self._end.close()
