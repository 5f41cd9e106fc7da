"""The output of a container that was started before: all that the engine has kept of it, and what follows."""

from __future__ import annotations

from collections.abc import Callable

import requests

from lci_app.adapters.docker.attach import Demultiplexer, OnOutput, exit_code
from lci_app.adapters.docker.follow import chunks
from lci_app.adapters.docker.held import Held
from lci_app.core.model import Stream
from lci_app.interfaces import Trouble


class Resumed:
    """The kept output and the end of one container. `open_kept` opens what is kept when it has ended."""

    def __init__(self, output: Held, end: Held, open_kept: Callable[[], Held]) -> None:
        self._output = output
        self._end = end
        self._open_kept = open_kept
        self._given = {Stream.STDOUT: 0, Stream.STDERR: 0}

    def read(self, on_output: OnOutput) -> int:
        """Give every byte to `on_output`, then return the exit code; blocks until the container has ended.

        Raises Trouble("DOCKER_UNAVAILABLE") where the engine went away before it said how the container ended.
        """

        def give(stream: Stream, data: bytes) -> None:
            self._given[stream] += len(data)
            on_output(stream, data)

        frames = Demultiplexer(give)
        for chunk in chunks(self._output):
            frames.feed(memoryview(chunk))
        ended_with = exit_code(self._end)
        self._read_rest(on_output)
        return ended_with

    def _read_rest(self, on_output: OnOutput) -> None:
        """Give what has not been given. Of a container that ends, the engine ends the output that is followed at times
        before its last lines have come (seen with 20.10).
        """
        known = dict(self._given)

        def give(stream: Stream, data: bytes) -> None:
            new = data[known[stream] :]
            known[stream] -= len(data) - len(new)
            if new:
                on_output(stream, new)

        frames = Demultiplexer(give)
        kept = self._open_kept()
        try:
            for chunk in kept.response.iter_content(chunk_size=None):
                frames.feed(memoryview(chunk))
        except requests.RequestException as error:
            message = "the Docker engine went away before it gave all the output of a container"
            raise Trouble("DOCKER_UNAVAILABLE", message) from error
        finally:
            kept.close()

    def shutdown(self) -> None:
        self._output.shutdown()
        self._end.shutdown()

    def close(self) -> None:
        self._output.close()
        self._end.close()
