"""The real engine for tests: each test is an instance of its own, and exactly its containers are removed afterwards.

Import the fixtures that are wanted into a `conftest.py`.
"""

from __future__ import annotations

import socket
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import docker
import pytest

from lci_app.adapters.docker import open_engine
from lci_app.core import names
from lci_app.interfaces import ContainerSpec, Engine

# Static busybox: sh, httpd, nc, wget, sleep …; made by scripts/images/busybox.sh.
IMAGE = "lci-test/busybox:1"

SpecMaker = Callable[..., ContainerSpec]


@contextmanager
def open_sdk() -> Iterator[docker.APIClient]:
    client = docker.APIClient(version="1.41")
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def sdk() -> Iterator[docker.APIClient]:
    """The SDK's own client, to look at what the engine really holds."""
    with open_sdk() as client:
        yield client


@pytest.fixture
def instance(sdk: docker.APIClient) -> Iterator[str]:
    """A fresh instance id; whatever bears it is removed after the test."""
    fresh = uuid.uuid4().hex
    yield fresh
    remove_all_of(sdk, fresh)


@pytest.fixture
def other_instance(sdk: docker.APIClient) -> Iterator[str]:
    """Another lci that lives on the same engine."""
    fresh = uuid.uuid4().hex
    yield fresh
    remove_all_of(sdk, fresh)


@pytest.fixture
async def engine(instance: str) -> AsyncIterator[Engine]:
    async with open_engine(None, instance) as opened:
        yield opened


@pytest.fixture
async def other_engine(other_instance: str) -> AsyncIterator[Engine]:
    async with open_engine(None, other_instance) as opened:
        yield opened


@pytest.fixture
def make_spec(instance: str) -> SpecMaker:
    """Make specs of this test's instance: `make_spec("sh", "-c", "exit 3", memory=…)`; names are unique to the test."""

    def make(*command: str, **fields: Any) -> ContainerSpec:
        return spec_of(instance, *command, **fields)

    return make


def spec_of(instance: str, *command: str, **fields: Any) -> ContainerSpec:
    labels = names.labels(instance=instance, role=names.ROLE_BUILD, project_id=1, build_id=1)
    values: dict[str, Any] = {"name": f"lci-test-{instance[:12]}", "image": IMAGE, "labels": labels, **fields}
    return ContainerSpec(command=list(command) or None, **values)


def remove_all_of(sdk: docker.APIClient, instance: str) -> None:
    for container in sdk.containers(all=True, filters={"label": f"{names.LABEL_INSTANCE}={instance}"}):
        sdk.remove_container(container["Id"], force=True, v=True)
    for network in sdk.networks(filters={"label": f"{names.LABEL_INSTANCE}={instance}"}):
        sdk.remove_network(network["Id"])


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
