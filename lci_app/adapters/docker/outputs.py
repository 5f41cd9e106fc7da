"""What the engine sends for as long as somebody reads it: output, news, and how a container ends."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from docker.errors import NotFound

from lci_app.adapters.docker.attach import Attached
from lci_app.adapters.docker.events import event_filters
from lci_app.adapters.docker.held import Held
from lci_app.adapters.docker.reach import Reach, gone
from lci_app.adapters.docker.resume import Resumed


class OutputCalls(Reach):
    def open_events(self) -> Held:
        """Open what happens to our containers from now on. The caller closes it."""
        with self._asking("tell what happens"):
            filters = {"filters": event_filters(self._instance)}
            return Held(self._client.hold("GET", "/events", params=filters))

    def tail(self, container_id: str, lines: int) -> bytes:
        facts = self._ours(container_id)
        if facts is None:
            return b""
        with self._asking("read a container's output"), suppress(NotFound):
            return bytes(self._client.logs(facts["Id"], stdout=True, stderr=True, tail=lines))
        return b""

    def open_log(self, container_id: str, lines: int) -> Held | None:
        """Open the output of a container, last `lines` first; None when it is gone. The caller closes it."""
        facts = self._ours(container_id)
        if facts is None:
            return None
        options = {"follow": 1, "stdout": 1, "stderr": 1, "tail": lines}
        with self._asking("follow a container's output"), suppress(NotFound):
            return Held(self._client.hold("GET", "/containers/{0}/logs", facts["Id"], params=options))
        return None

    def open_attached(self, container_id: str) -> Attached:
        """Attach to a container that was created and not started yet. The caller closes it."""
        with self._asking("attach to a container"):
            streams = {"stdout": 1, "stderr": 1, "stream": 1}
            upgrade = {"Connection": "Upgrade", "Upgrade": "tcp"}
            output = Held(
                self._client.hold("POST", "/containers/{0}/attach", container_id, params=streams, headers=upgrade)
            )
            try:
                return Attached(output, self._open_end(container_id, "next-exit"))
            except BaseException:
                output.close()
                raise

    def open_resumed(self, container_id: str) -> Resumed:
        """Open all the output of a container that was started before. The caller closes it."""
        if self._ours(container_id) is None:
            raise gone(container_id)
        with self._asking("go on with a container"):
            output = self._open_kept(container_id, follow=1)
            try:
                end = self._open_end(container_id, "not-running")
                return Resumed(output, end, partial(self._open_kept, container_id, follow=0))
            except BaseException:
                output.close()
                raise

    # --- inside `_asking`

    def _open_kept(self, container_id: str, *, follow: int) -> Held:
        with self._asking("read a container's output"):
            options = {"follow": follow, "stdout": 1, "stderr": 1}
            return Held(self._client.hold("GET", "/containers/{0}/logs", container_id, params=options))

    def _open_end(self, container_id: str, condition: str) -> Held:
        return Held(self._client.hold("POST", "/containers/{0}/wait", container_id, params={"condition": condition}))
