"""The engine's stream of what happens to our containers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import trio

from lci_app.adapters.docker.errors import UNAVAILABLE
from lci_app.adapters.docker.held import Held
from lci_app.core import names
from lci_app.interfaces import ContainerNews, Trouble

# What changes whether a container serves. `exec_…` and the like are of no interest, and come with every HEALTHCHECK.
ACTIONS: Final = ("create", "start", "die", "oom", "pause", "unpause", "destroy", "restart", "kill", "stop")
# Longer than any event is: what goes on without an end of line is no engine.
_LONGEST: Final = 1024 * 1024


def event_filters(instance: str) -> str:
    """Return the query's `filters`: only our own containers' news come."""
    wanted = {"type": ["container"], "label": [f"{names.LABEL_INSTANCE}={instance}"], "event": list(ACTIONS)}
    return json.dumps(wanted)


def read_news(held: Held, where: str, give: Callable[[ContainerNews], None]) -> None:
    """Give on what happens as it comes; blocks. Raises Trouble when the stream has ended or makes no sense."""
    try:
        for line in _lines(held):
            give(_news(json.loads(line)))
    except OSError as error:
        raise Trouble(UNAVAILABLE, f"the Docker engine at {where} broke off what it tells") from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise Trouble(UNAVAILABLE, f"what the Docker engine at {where} tells makes no sense: {error!r}") from error
    raise Trouble(UNAVAILABLE, f"the Docker engine at {where} has ended what it tells")


def _lines(held: Held) -> Iterator[bytes]:
    rest = b""
    # requests raises OSError where the connection breaks.
    for chunk in held.response.iter_content(chunk_size=None):
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LONGEST:
            raise ValueError("a line without an end")
        yield from (line for line in whole if line.strip())


def _news(event: Any) -> ContainerNews:
    attributes = event["Actor"]["Attributes"]
    project = attributes.get(names.LABEL_PROJECT, "")
    return ContainerNews(
        str(event["Actor"]["ID"]),
        attributes.get(names.LABEL_ROLE, ""),
        int(project) if project.isdecimal() else 0,
        str(event["Action"]).partition(":")[0],
    )


class NewsFeed:
    """Fulfils `interfaces.AsyncNews`."""

    def __init__(self, receiving: trio.MemoryReceiveChannel[ContainerNews]) -> None:
        self._receiving = receiving

    def __aiter__(self) -> NewsFeed:
        return self

    async def __anext__(self) -> ContainerNews:
        return await self._receiving.receive()
