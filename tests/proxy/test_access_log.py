"""The access log: what is written of a request, and what happens where it cannot be."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from lci_app.interfaces import Trouble
from lci_app.proxy.access_log import AccessLog, append
from lci_app.proxy.limits import Limits
from lci_app.proxy.supervisor import open_proxy
from tests.proxy.upstreams import answering, ok, open_service
from tests.proxy.visitors import PROGRAM, fetch, get, routes


async def logged(run_directory: Path, path: Path, percent: int, *requests: bytes) -> list[dict[str, Any]]:
    """Return what two workers wrote of these requests, each on a connection of its own, until they ended."""
    async with (
        open_service(answering(ok(b"hello"))) as service,
        open_proxy(PROGRAM, run_directory, "127.0.0.1", 0, 2, ["127.0.0.1"], access_log=(path, percent)) as proxy,
    ):
        await proxy.publish(routes(1, app=service.upstream, idle=None))
        for request in requests:
            await fetch(proxy, request)
    lines = (await trio.Path(path).read_text()).splitlines() if await trio.Path(path).exists() else []
    return [json.loads(line) for line in lines]


async def test_a_request_leaves_one_line_without_its_query(run_directory, tmp_path):
    path = tmp_path / "access.log"
    request = get("/app/a%20b?token=s3cret", "X-Forwarded-For: 10.9.8.7, 203.0.113.9", "X-Request-Id: mine-1")
    (entry,) = await logged(run_directory, path, 100, request)
    assert entry.pop("time").endswith("Z")
    assert 0 <= entry.pop("seconds") < 20
    assert entry.pop("bytes_out") > len(b"hello")
    assert entry == {
        "project": "app",
        "visitor": "203.0.113.9",
        "method": "GET",
        "host": "example.test",
        "path": "/app/a%20b",
        "status": 200,
        "bytes_in": len(request),
        "request_id": "mine-1",
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_request_for_no_project_is_logged_too(run_directory, tmp_path):
    entries = await logged(run_directory, tmp_path / "access.log", 100, get("/nobody/"), get("/idle/"))
    assert [(each["project"], each["status"]) for each in entries] in (
        [("", 404), ("idle", 503)],
        [("idle", 503), ("", 404)],
    )


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET  /app/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"TRACE /app/ HTTP/1.1\r\nHost: h\r\n\r\n", 405),
        (b"GET /app/ HT", 408),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
        (b"GET /app/ HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\n\r\n", 417),
        (b"GET /app/ HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (b"GET /app/ HTTP/2.0\r\nHost: h\r\n\r\n", 505),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
async def test_a_request_that_is_refused_before_it_is_read_is_logged_too(run_directory, tmp_path, raw, status):
    path = tmp_path / "access.log"
    limits = Limits(sweep=0.05, head=0.2)
    async with open_proxy(PROGRAM, run_directory, "127.0.0.1", 0, 1, access_log=(path, 100), limits=limits) as proxy:
        await proxy.publish(routes(1))
        reply = await fetch(proxy, raw)
        assert reply.status == status
    (line,) = (await trio.Path(path).read_text()).splitlines()
    entry = json.loads(line)
    assert entry.pop("time").endswith("Z")
    assert 0 <= entry.pop("seconds") < 20
    assert 0 < entry.pop("bytes_in") <= len(raw)
    assert entry.pop("bytes_out") > 100
    assert entry == {
        "project": "",
        "visitor": "127.0.0.1",
        "method": "",
        "host": "",
        "path": "",
        "status": status,
        "request_id": reply.header("x-request-id"),
    }


async def test_a_sample_leaves_requests_out_but_no_failure(run_directory, tmp_path):
    entries = await logged(run_directory, tmp_path / "access.log", 0, *[get("/app/")] * 5, get("/idle/"))
    assert [each["status"] for each in entries] == [503]


async def test_a_disk_that_takes_no_line_stops_no_request(run_directory):
    async with (
        open_service(answering(ok(b"hello"))) as service,
        open_proxy(PROGRAM, run_directory, "127.0.0.1", 0, 1, access_log=(Path("/dev/full"), 100)) as proxy,
    ):
        await proxy.publish(routes(1, app=service.upstream))
        for _ in range(3):
            assert (await fetch(proxy, get("/app/"))).status == 200


async def test_a_file_that_cannot_be_written_is_said_before_anything_is_served(run_directory, tmp_path):
    path = tmp_path / "nowhere" / "access.log"
    with pytest.raises(Trouble, match=f"the access log {path} cannot be written: No such file or directory"):
        async with open_proxy(PROGRAM, run_directory, "127.0.0.1", 0, 1, access_log=(path, 100)):
            raise AssertionError("it serves")


async def test_what_could_not_be_written_is_written_later(tmp_path):
    path = tmp_path / "later" / "access.log"
    log = AccessLog(path, 100)
    log.note({"path": "/first"})
    await log.flush()
    path.parent.mkdir()
    log.note({"path": "/second"})
    await log.flush()
    await log.flush()
    assert [json.loads(line)["path"] for line in path.read_text().splitlines()] == ["/first", "/second"]


async def test_what_waits_for_a_disk_is_bounded_and_what_is_lost_is_said(tmp_path, caplog):
    log = AccessLog(tmp_path / "later" / "access.log", 100)
    for number in range(7):
        log.note({"number": number, "path": "x" * 1024 * 1024})
    (tmp_path / "later").mkdir()
    await log.flush()
    lines = (tmp_path / "later" / "access.log").read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == [0, 1, 2, 3]
    assert "3 lines of the access log" in caplog.text


TORN = """
import resource, sys, trio
from pathlib import Path
from lci_app.proxy.access_log import AccessLog
async def main():
    log = AccessLog(Path(sys.argv[1]), 100)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    for number in range(4):
        log.note({"number": number})
    resource.setrlimit(resource.RLIMIT_FSIZE, (120, most))
    await log.flush()
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    await log.flush()
trio.run(main)
"""


async def test_a_disk_that_takes_a_part_gets_no_line_twice_and_only_one_torn(tmp_path):
    path = tmp_path / "access.log"
    await trio.run_process([sys.executable, "-c", TORN, path])
    whole, torn = [], []
    for line in path.read_text().splitlines():
        try:
            whole.append(json.loads(line)["number"])
        except ValueError:
            torn.append(line)
    assert whole == [0, 1, 2, 3]
    assert len(torn) == 1


async def test_a_worker_that_ends_while_it_writes_writes_no_line_twice(tmp_path):
    path = tmp_path / "access.log"
    os.mkfifo(path)
    log = AccessLog(path, 100)
    log.note({"path": "/only"})
    with trio.CancelScope() as ending:
        ending.cancel()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(log.flush)
            with trio.CancelScope(shield=True):
                async with await trio.open_file(path) as reader:
                    read = await reader.read()
    assert [json.loads(line)["path"] for line in read.splitlines()] == ["/only"]
    await log.flush()
    assert log.waiting == 0


def test_lines_are_appended_whole_to_a_file_that_was_moved_away(tmp_path):
    path = tmp_path / "access.log"
    assert append(path, b"one\n") == 4
    path.rename(tmp_path / "access.log.1")
    assert append(path, b"two\n") == 4
    assert path.read_text() == "two\n"
