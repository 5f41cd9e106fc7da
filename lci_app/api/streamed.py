"""Bodies of answers that are sent as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType

from quart.wrappers.response import ResponseBody

from lci_app.api.route import Chunks


class Streamed(ResponseBody):
    """A body whose source is open exactly while it is sent."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks

    async def __aenter__(self) -> AsyncIterator[bytes]:
        return await self._chunks.__aenter__()

    async def __aexit__(  # type: ignore[override]  # a stream that is cut ends without an error
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._chunks.__aexit__(kind, error, trace)  # noqa: ASYNC102 - each source bounds its own end
