"""One engine, reached by blocking calls, and which of its containers are ours."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from docker.errors import NotFound

from lci_app.adapters.docker.box import Host
from lci_app.adapters.docker.client import SdkClient
from lci_app.adapters.docker.errors import UNAVAILABLE, mapped
from lci_app.adapters.docker.networks import Networks
from lci_app.adapters.docker.spec import labels_of
from lci_app.core import names
from lci_app.core.subnets import Subnets
from lci_app.interfaces import OutsideError, Refusal, Trouble

Facts = Mapping[str, Any]


class Reach:
    """One engine, one instance of lci. `close` gives its kept connections back."""

    def __init__(self, docker_host: str | None, instance: str, subnets: Subnets, *, limit: float) -> None:
        self._docker_host = docker_host
        self._where = docker_host or "unix:///var/run/docker.sock"
        self._instance = instance
        try:
            self._client = SdkClient(docker_host, timeout=limit)
            self._networks = Networks(self._client, instance, subnets)
        except Exception as error:
            raise Trouble(UNAVAILABLE, f"{self._where} is no address of a Docker engine: {error}") from error
        try:
            with self._asking("say which API it speaks"):
                self._client.negotiate()
                facts = self._client.info()
                self._host = Host(int(facts["MemTotal"]), int(facts["NCPU"]))
        except OutsideError as error:
            self._client.close()
            if error.code == UNAVAILABLE:
                raise
            raise Trouble(UNAVAILABLE, f"what answers at {self._where} is no Docker engine to use: {error}") from error

    def close(self) -> None:
        self._client.close()

    def _asking(self, doing: str) -> AbstractContextManager[None]:
        return mapped(self._where, doing)

    def _ours(self, container_id: str) -> Facts | None:
        """Return what the engine says of our container, None when it is gone; Refusal for one that is not ours."""
        with self._asking("inspect a container"):
            facts = self._look(container_id)
            if facts is not None and not self._is_ours(facts):
                message = f"container {container_id[:12]} does not belong to this instance of lci: it is left alone"
                raise Refusal("CONTAINER_NOT_OURS", message)
            return facts

    def _look(self, id_or_name: str) -> Facts | None:
        try:
            facts: Facts = self._client.inspect_container(id_or_name)
        except NotFound:
            return None
        return facts

    def _is_ours(self, facts: Facts) -> bool:
        return labels_of(facts).get(names.LABEL_INSTANCE) == self._instance


def gone(container_id: str) -> Trouble:
    return Trouble("CONTAINER_GONE", f"container {container_id[:12]} is gone: somebody else removed it")
