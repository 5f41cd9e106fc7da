"""Workers outlive their control plane, and the next one takes over from them without a visitor noticing."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import trio
import trio.testing

from lci_app.interfaces import DrainReceipt
from lci_app.proxy.address import AddressInUse
from lci_app.proxy.limits import Limits
from lci_app.proxy.process import socket_files
from lci_app.proxy.supervisor import ProxyWorkerBroken, open_proxy
from tests.proxy.planes import crowd, open_plane, told_to_leave
from tests.proxy.test_workers import ended, is_alive
from tests.proxy.upstreams import echo, ok, open_service, read_head
from tests.proxy.visitors import PROGRAM, Visitor, fetch, get, proxy_for, routes


async def visitor_of(address) -> Visitor:
    return Visitor(await trio.open_tcp_stream(*address))


async def test_workers_go_on_serving_when_their_control_plane_is_killed(run_directory):
    async with (
        open_service(echo()) as service,
        open_plane(run_directory, routes(1, app=service.upstream), workers=2) as plane,
    ):
        await plane.end()
        for _ in range(10):
            async with (await visitor_of(plane.address)).stream as stream:
                assert (await Visitor(stream).ask(get("/app/"))).status == 200
        assert all(map(is_alive, plane.worker_pids))


async def test_a_worker_without_a_successor_ends_after_its_time(run_directory):
    limits = Limits(orphaned=0.5)
    async with open_plane(run_directory, routes(1), workers=2, limits=limits) as plane:
        await plane.end()
        for pid in plane.worker_pids:
            await ended(pid)
        with pytest.raises(OSError, match="all attempts to connect"):
            await trio.open_tcp_stream(*plane.address)
    assert list(run_directory.iterdir()) == []


async def test_a_worker_that_never_served_does_not_wait_for_a_successor(run_directory):
    script = (
        "import sys, trio; from pathlib import Path; from lci_app.proxy.supervisor import open_proxy\n"
        "async def main():\n"
        f"    async with open_proxy({PROGRAM!r}, Path({str(run_directory)!r}), '127.0.0.1', 0, 1) as proxy:\n"
        "        while not (worker := proxy._places and proxy._places[0].worker): await trio.sleep(0.01)\n"
        "        print(worker.pid, flush=True)\n"
        "        await trio.sleep_forever()\n"
        "trio.run(main)\n"
    )
    process = await trio.lowlevel.open_process([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    pid = int(await process.stdout.receive_some())
    await process.stdout.aclose()
    process.kill()
    await process.wait()
    await ended(pid)
    assert socket_files(run_directory) == []


@pytest.mark.slow
async def test_no_request_fails_in_ten_kills_and_restarts_under_load(run_directory):
    pids: set[int] = set()
    async with open_service(echo()) as service, trio.open_nursery() as nursery:
        table = routes(1, app=service.upstream)
        first = await nursery.start(run_plane_until_told, run_directory, table)
        async with crowd(first.plane.address) as visitors:
            running = first
            for _ in range(10):
                await visitors.wait_served(100)
                pids.update(running.plane.worker_pids)
                await running.plane.end()
                running.done.set()
                await visitors.wait_served(20)
                running = await nursery.start(run_plane_until_told, run_directory, table)
                assert running.plane.address == first.plane.address
            await visitors.wait_served(100)
        assert visitors.failures == []
        assert visitors.served >= 1200
        await running.plane.end(signal.SIGTERM)
        running.done.set()
    assert len(pids) == 20
    for pid in pids:
        await ended(pid)
    assert list(run_directory.iterdir()) == []


class Running:
    def __init__(self, plane) -> None:
        self.plane = plane
        self.done = trio.Event()


async def run_plane_until_told(run_directory, table, *, task_status) -> None:
    async with open_plane(run_directory, table, workers=2) as plane:
        running = Running(plane)
        task_status.started(running)
        await running.done.wait()


async def test_no_request_fails_in_a_planned_restart(run_directory):
    async with open_service(echo()) as service:
        table = routes(1, app=service.upstream)
        async with open_plane(run_directory, table) as plane, crowd(plane.address) as visitors:
            await visitors.wait_served(50)
            assert await plane.end(signal.SIGHUP) == 0
            await visitors.wait_served(50)
            async with open_plane(run_directory, table, port=plane.address[1]) as successor:
                assert successor.address == plane.address
                await visitors.wait_served(100)
                visitors.over = True
                for pid in plane.worker_pids:
                    await ended(pid)
                assert await successor.end(signal.SIGTERM) == 0
        assert visitors.failures == []


async def test_a_request_in_flight_finishes_on_the_old_worker_and_counts_in_a_drain(run_directory):
    arrived, go = trio.Event(), trio.Event()
    receipts = []

    async def wait(stream):
        await read_head(stream, bytearray())
        arrived.set()
        await go.wait()
        await stream.send_all(ok(b"old"))

    async with (
        open_service(wait) as old,
        open_service(echo("new"), number=2) as new,
        open_plane(run_directory, routes(1, app=old.upstream)) as plane,
    ):
        busy, idle = await visitor_of(plane.address), await visitor_of(plane.address)
        async with busy.stream, idle.stream:
            assert (await idle.ask(get("/nope/"))).status == 404
            await busy.send(get("/app/"))
            await arrived.wait()
            await plane.end()
            async with proxy_for(run_directory, routes(1, app=new.upstream)) as proxy:
                assert proxy.address == plane.address
                assert proxy.leaving_pids == plane.worker_pids
                await told_to_leave(proxy)
                # The connection that was kept is good for one more request, by the newest table.
                reply = await idle.ask(get("/app/"))
                assert (reply.status, reply.json()["name"], reply.header("connection")) == (200, "new", "close")
                async with trio.open_nursery() as nursery:

                    async def drain() -> None:
                        receipts.append(await proxy.drain(1, 20))

                    nursery.start_soon(drain)
                    await trio.testing.wait_all_tasks_blocked()
                    await proxy.counters()
                    go.set()
                reply = await busy.reply()
                assert (reply.status, reply.body, reply.header("connection")) == (200, b"old", "close")
                assert receipts == [DrainReceipt(1, 1, 0)]
                await ended(plane.worker_pids[0])
                await proxy.publish(routes(2, app=new.upstream))
                assert proxy.leaving_pids == []


async def test_old_workers_serve_by_every_table_that_is_published_until_they_have_left(run_directory):
    async with (
        open_service(echo("first")) as first,
        open_service(echo("second"), number=2) as second,
        open_plane(run_directory, routes(7, app=first.upstream)) as plane,
    ):
        visitor = await visitor_of(plane.address)
        async with visitor.stream:
            assert (await visitor.ask(get("/app/"))).json()["name"] == "first"
            await plane.end()
            async with proxy_for(run_directory, routes(1, app=first.upstream)) as proxy:
                await proxy.publish(routes(2, app=second.upstream))
                assert proxy.leaving_pids == plane.worker_pids
                assert (await visitor.ask(get("/app/"))).json()["name"] == "second"


async def test_a_connection_that_was_promised_another_request_gets_it_on_the_old_worker(run_directory):
    begun, go = trio.Event(), trio.Event()

    async def in_two_parts(stream):
        buffer = bytearray()
        while await read_head(stream, buffer):
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
            begun.set()
            await go.wait()
            await stream.send_all(b"cd")

    async with open_service(in_two_parts) as service:
        table = routes(1, app=service.upstream)
        async with open_plane(run_directory, table) as plane:
            visitor = await visitor_of(plane.address)
            async with visitor.stream:
                await visitor.send(get("/app/"))
                await begun.wait()
                while b"ab" not in visitor.buffer:
                    assert await visitor.more()
                await plane.end()
                async with proxy_for(run_directory, table) as proxy:
                    await told_to_leave(proxy)
                    go.set()
                    reply = await visitor.reply()
                    assert (reply.body, reply.header("connection")) == (b"abcd", None)
                    reply = await visitor.ask(get("/app/"))
                    assert (reply.body, reply.header("connection")) == (b"abcd", "close")


async def test_two_takeovers_in_a_row_leave_nobody_behind(run_directory):
    async with open_service(echo()) as service:
        table = routes(1, app=service.upstream)
        async with open_plane(run_directory, table) as first:
            visitor = await visitor_of(first.address)
            async with visitor.stream:
                assert (await visitor.ask(get("/app/"))).status == 200
                await first.end()
                async with open_plane(run_directory, table) as second:
                    await second.end()
                    async with proxy_for(run_directory, table) as third:
                        assert third.address == first.address
                        assert set(third.leaving_pids) == {*first.worker_pids, *second.worker_pids}
                        await told_to_leave(third)
                        # The first one's worker accepts no more; it still serves whom it accepted.
                        reply = await visitor.ask(get("/app/"))
                        assert (reply.status, reply.header("connection")) == (200, "close")
                        for pid in third.leaving_pids:
                            await ended(pid)
                        assert (await fetch(third, get("/app/"))).status == 200
    assert list(run_directory.iterdir()) == []


async def test_a_stuck_worker_is_ended_and_does_not_stand_in_the_way(run_directory):
    async with open_service(echo()) as service:
        table = routes(1, app=service.upstream)
        async with open_plane(run_directory, table) as plane:
            [stuck] = plane.worker_pids
            os.kill(stuck, signal.SIGSTOP)
            await plane.end()
            async with open_plane(run_directory, table, port=plane.address[1]) as successor:
                await ended(stuck)
                assert await successor.end(signal.SIGTERM) == 0
    assert list(run_directory.iterdir()) == []


async def test_a_worker_of_another_version_hands_over_its_socket_and_leaves(run_directory):
    async with (
        open_service(echo("old")) as old,
        open_service(echo("new"), number=2) as new,
        open_plane(run_directory, routes(1, app=old.upstream), foreign=True) as plane,
    ):
        idle = await visitor_of(plane.address)
        async with idle.stream:
            assert (await idle.ask(get("/app/"))).json()["name"] == "old"
            await plane.end()
            async with crowd(plane.address, keep_alive=0, new=3) as visitors:
                await visitors.wait_served(20)
                async with proxy_for(run_directory, routes(1, app=new.upstream)) as proxy:
                    assert proxy.address == plane.address
                    # It understands no table, so that nothing more may be asked of it.
                    assert await idle.is_closed()
                    await ended(plane.worker_pids[0])
                    assert await proxy.drain(1, 5) is None
                    await visitors.wait_served(20)
                    assert (await fetch(proxy, get("/app/"))).json()["name"] == "new"
                    visitors.over = True
            assert visitors.failures == []


async def test_a_drain_waits_for_a_worker_that_cannot_be_asked(run_directory):
    arrived, go, drained = trio.Event(), trio.Event(), trio.Event()

    async def wait(stream):
        await read_head(stream, bytearray())
        arrived.set()
        await go.wait()
        await stream.send_all(ok(b"old"))

    async with open_service(wait) as old, open_plane(run_directory, routes(1, app=old.upstream), foreign=True) as plane:
        visitor = await visitor_of(plane.address)
        async with visitor.stream:
            await visitor.send(get("/app/"))
            await arrived.wait()
            await plane.end()
            async with proxy_for(run_directory, routes(1)) as proxy, trio.open_nursery() as nursery:

                async def drain() -> None:
                    await proxy.drain(1, 20)
                    drained.set()

                nursery.start_soon(drain)
                await proxy.counters()
                assert not drained.is_set()
                go.set()
                assert (await visitor.reply()).body == b"old"
                await drained.wait()
                await ended(plane.worker_pids[0])


async def test_where_another_address_is_wanted_the_old_workers_leave_at_once(run_directory):
    async with open_service(echo()) as service, open_plane(run_directory, routes(1, app=service.upstream)) as plane:
        visitor = await visitor_of(plane.address)
        async with visitor.stream:
            assert (await visitor.ask(get("/app/"))).status == 200
            await plane.end()
            with socket.create_server(("127.0.0.1", 0)) as probe:
                other = probe.getsockname()[1]
            async with open_proxy(PROGRAM, run_directory, "127.0.0.1", other, 1) as proxy:
                assert proxy.address == ("127.0.0.1", other)
                # Before the first table, that is before anybody serves.
                assert await visitor.is_closed()
                await ended(plane.worker_pids[0])
                with pytest.raises(OSError, match="all attempts to connect"):
                    await trio.open_tcp_stream(*plane.address)


async def test_the_same_port_of_every_address_can_follow_that_of_one(run_directory):
    async with open_plane(run_directory, routes(1)) as plane:
        await plane.end()
        async with open_proxy(PROGRAM, run_directory, "0.0.0.0", plane.address[1], 1) as proxy:
            await proxy.publish(routes(1))
            assert proxy.address == ("0.0.0.0", plane.address[1])
            async with (await visitor_of(plane.address)).stream as stream:
                assert (await Visitor(stream).ask(get("/"))).status == 404


async def test_a_successor_that_fails_leaves_the_old_workers_serving(run_directory):
    async with open_service(echo()) as service, open_plane(run_directory, routes(1, app=service.upstream)) as plane:
        await plane.end()
        program = [sys.executable, "-c", "import sys; sys.exit('no worker')"]
        with pytest.RaisesGroup(ProxyWorkerBroken):
            async with open_proxy(program, run_directory, *plane.address, 1) as proxy:
                with trio.fail_after(20):
                    await proxy.publish(routes(1))
        with pytest.RaisesGroup(ZeroDivisionError):
            async with open_proxy(PROGRAM, run_directory, *plane.address, 1):
                raise ZeroDivisionError
        with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(AddressInUse):
            async with open_proxy(PROGRAM, run_directory, "127.0.0.1", taken.getsockname()[1], 1):
                pass
        async with proxy_for(run_directory, routes(1, app=service.upstream)) as proxy:
            assert proxy.leaving_pids == []


async def test_a_fault_of_the_control_plane_leaves_the_workers_that_serve(run_directory):
    async with open_service(echo()) as service, open_plane(run_directory, routes(1, app=service.upstream)) as plane:
        async with crowd(plane.address) as visitors:
            await visitors.wait_served(10)
            assert await plane.end(signal.SIGUSR1) == 1
            await visitors.wait_served(50)
            async with proxy_for(run_directory, routes(1, app=service.upstream)) as proxy:
                assert proxy.address == plane.address
                await visitors.wait_served(50)
                visitors.over = True
        assert visitors.failures == []


async def test_a_websocket_on_an_old_worker_is_closed_with_1001_when_its_time_is_over(run_directory, monkeypatch):
    monkeypatch.setattr("lci_app.proxy.place._LEAVE", 0.3)

    async def upgrade(stream):
        await read_head(stream, bytearray())
        await stream.send_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        await stream.receive_some(1)

    async with open_service(upgrade) as service, open_plane(run_directory, routes(1, app=service.upstream)) as plane:
        visitor = await visitor_of(plane.address)
        async with visitor.stream:
            await visitor.send(get("/app/", "Upgrade: websocket", "Connection: Upgrade"))
            assert (await visitor.reply()).status == 101
            await plane.end()
            async with proxy_for(run_directory, routes(1, app=service.upstream)):
                with trio.fail_after(10):
                    while len(visitor.buffer) < 4:
                        assert await visitor.more()
                assert bytes(visitor.buffer[:2]) == b"\x88\x02"
                assert struct.unpack(">H", visitor.buffer[2:4]) == (1001,)
                await ended(plane.worker_pids[0])


async def test_the_files_of_dead_workers_are_removed_and_others_left_alone(run_directory):
    run_directory.mkdir()
    dead, touched, other = (run_directory / name for name in ("worker-1.sock", "worker-2.sock", "other.sock"))
    for path in (dead, other):
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
    touched.touch()
    async with proxy_for(run_directory, routes(1)) as proxy:
        assert (await fetch(proxy, get("/"))).status == 404
        assert proxy.leaving_pids == []
        assert not dead.exists()
        assert not touched.exists()
    assert list(run_directory.iterdir()) == [other]


async def test_something_else_that_listens_there_is_not_taken_for_a_worker(run_directory):
    run_directory.mkdir()
    script = (
        "import signal, socket, sys\n"
        "listening = socket.socket(socket.AF_UNIX); listening.bind(sys.argv[1]); listening.listen()\n"
        "print(flush=True)\n"
        "connection, _ = listening.accept(); connection.sendall(b'\\0\\0\\0\\2{}'); connection.recv(1 << 16)\n"
        "connection.recv(1 << 16)\n"
        "signal.pause()\n"
    )
    process = await trio.lowlevel.open_process(
        [sys.executable, "-c", script, str(run_directory / "worker-1.sock")], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.receive_some(1)
    async with proxy_for(run_directory, routes(1)) as proxy:
        assert proxy.leaving_pids == []
    assert await process.wait() == -signal.SIGTERM
    await process.stdout.aclose()


async def test_a_worker_holds_only_what_it_needs(run_directory, tmp_path):
    with (tmp_path / "lock").open("w"), socket.create_server(("127.0.0.1", 0)):
        async with proxy_for(run_directory, routes(1)) as proxy:
            held = _open_files(proxy.worker_pids[0])
            tcp = {line.split()[9] for line in _lines("/proc/net/tcp")}
    kinds = Counter(name.partition(":")[0] for name in held)
    # Its standard error is our pipe. Besides where visitors arrive, its sockets are local ones.
    assert set(kinds) == {"/dev/null", "pipe", "socket", "anon_inode"}, held
    assert kinds["pipe"] == 1, held
    assert len({f"socket:[{inode}]" for inode in tcp} & set(held)) == 1, held


def _open_files(pid: int) -> list[str]:
    return sorted(str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir())


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
