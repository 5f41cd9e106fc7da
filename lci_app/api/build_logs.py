"""A build's log: a page, its tail, a search, an event stream, a download. All of it from the stored log."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Final

import trio

from lci_app.api import problem
from lci_app.api.log_follow import LogFollower
from lci_app.api.log_stages import log_stages
from lci_app.api.lookup import build_of
from lci_app.api.needs import Hub
from lci_app.api.response_headers import SANDBOX
from lci_app.api.route import EVENTS, TEXT, Call, Content, Reply
from lci_app.api.shared_pages import PAGE_LINES, SharedPages
from lci_app.api.sse import build_log_events
from lci_app.api.validation import checked
from lci_app.api.wire.base import DEFAULT_LINES
from lci_app.api.wire.logs import LAST_EVENT_ID, LogMatches, LogPage, LogQuery, LogSearchQuery, LogStages, Resumption
from lci_app.core import names
from lci_app.core.lifecycle import FINAL
from lci_app.core.log_lines import WholeLines
from lci_app.core.model import Build
from lci_app.interfaces import LogRecord, Logs, Store

# A page of very long lines ends early: `total` says that there is more.
MAX_PAGE_CHARACTERS: Final = 8 * 1024 * 1024


class LogPages:
    def __init__(self, store: Store, logs: Logs, pages: SharedPages, hub: Hub, stop: trio.Event) -> None:
        self._store = store
        self._logs = logs
        self._pages = pages
        self._hub = hub
        self._stop = stop

    async def show_log(self, call: Call) -> Reply | Content:
        # The build is read before its log: what was complete then has all its lines now.
        build = await build_of(self._store, call)
        query = call.query_as(LogQuery)
        if query.tail is not None and (query.first is not None or query.limit is not None):
            raise problem.invalid("tail", "cannot be given together with from or limit")
        path = _path(build)
        if call.wants_events():
            return await self._events(call, build, query)
        total = await self._logs.total(path)
        first = max(query.first or 1, 1) if query.tail is None else max(total - query.tail + 1, 1)
        records = await self._page(path, min(first, total + 1), query.tail or query.limit or DEFAULT_LINES)
        if records:
            total = max(total, records[-1].number)
        return Reply(LogPage.of(records, total, complete=build.status in FINAL))

    async def search_log(self, call: Call) -> Reply:
        build = await build_of(self._store, call)
        query = call.query_as(LogSearchQuery)
        path = _path(build)
        total = await self._logs.total(path)
        first = min(max(query.first, 1), total + 1)
        try:
            found = await self._logs.search(path, query.q, regex=query.regex, first=first, limit=query.limit)
        except ValueError as error:
            raise problem.invalid("q", f"cannot be searched for: {error}") from None
        # A search may end early: where it found something, there may be more behind it.
        next_from = found[-1].number + 1 if found and found[-1].number < total else None
        return Reply(LogMatches.of(found, total, next_from=next_from))

    async def show_log_stages(self, call: Call) -> Reply:
        build = await build_of(self._store, call)
        stages = await self._store.stages(build.id)
        return Reply(LogStages(stages=await log_stages(self._logs, _path(build), stages)))

    async def download_log(self, call: Call) -> Content:
        build = await build_of(self._store, call)
        name = f"{build.project_name}-{build.build_number}.log"
        headers = {**SANDBOX, "Content-Disposition": f'attachment; filename="{name}"'}
        return Content(_download(self._logs, _path(build)), TEXT, headers=headers)

    async def _events(self, call: Call, build: Build, query: LogQuery) -> Content:
        if query.limit is not None:
            raise problem.invalid("limit", "does not apply to an event stream")
        first = query.first or 1
        if query.tail is not None:
            first = await self._logs.total(_path(build)) - query.tail + 1
        resumed = call.headers.get(LAST_EVENT_ID)
        if resumed is not None:
            first = checked(Resumption, {LAST_EVENT_ID: resumed}).last + 1
        follower = LogFollower(self._store, self._logs, self._pages, build, first, self._stop)
        return Content(build_log_events(follower, self._hub, build.id), EVENTS)

    async def _page(self, path: str, first: int, limit: int) -> list[LogRecord]:
        records: list[LogRecord] = []
        characters = 0
        while len(records) < limit and characters < MAX_PAGE_CHARACTERS:
            more = await self._logs.read(path, first + len(records), min(limit - len(records), PAGE_LINES))
            if not more:
                break
            records += more
            characters += sum(len(each.text) for each in more)
        return records


@asynccontextmanager
async def _download(logs: Logs, path: str) -> AsyncIterator[AsyncIterator[bytes]]:
    async with aclosing(_timestamped(logs, path, await logs.total(path))) as lines:
        yield lines


async def _timestamped(logs: Logs, path: str, last: int) -> AsyncGenerator[bytes, None]:
    """Yield every line up to number `last`; a line that was stored in pieces is whole again."""
    number, lines = 1, WholeLines()
    while number <= last:
        records = await logs.read(path, number, min(PAGE_LINES, last - number + 1))
        if not records:
            break
        parts = [
            lines.add((each.stream, each.stage), each.text, continued=each.continued, prefix=f"{each.timestamp} ")
            for each in records
        ]
        number = records[-1].number + 1
        yield "".join(parts).encode(errors="replace")
    yield lines.end().encode()


def _path(build: Build) -> str:
    return names.build_log(build.project_id, build.build_number)
