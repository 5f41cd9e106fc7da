"""The workers as processes: started, replaced, stopped, and never left behind."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import trio
import trio.testing

from lci_app.core.routing import Route, Upstream, table
from lci_app.interfaces import Proxy
from lci_app.proxy.place import LONGEST_GRACE, Board
from lci_app.proxy.supervisor import AddressInUse, ProxyWorkerBroken, Supervisor, open_proxy
from tests.proxy.upstreams import echo, open_service, read_head
from tests.proxy.visitors import PROGRAM, fetch, front, get, proxy_for, routes, visit


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_loads_no_models():
    """They would make each of them half as large again, and twice as slow to start."""
    loaded = "import sys, lci_app.proxy.worker_process; print(*{name.partition('.')[0] for name in sys.modules})"
    modules = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()
    assert "lci_app" in modules
    assert not {"pydantic", "quart", "docker", "dulwich", "requests"} & set(modules)


async def ended(pid: int) -> None:
    """Wait until a process that is not ours to reap is gone."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with trio.fail_after(10):
        await trio.lowlevel.wait_readable(descriptor)
    os.close(descriptor)


def fulfils_the_interface(supervisor: Supervisor) -> Proxy:
    return supervisor


async def test_as_many_workers_serve_as_asked_for_and_none_is_left_behind(run_directory):
    async with proxy_for(run_directory, routes(1), workers=3) as proxy:
        pids = proxy.worker_pids
        assert len(set(pids)) == 3
        assert all(map(is_alive, pids))
        assert (await fetch(fulfils_the_interface(proxy), get("/"))).status == 404  # type: ignore[arg-type]
    assert not any(map(is_alive, pids))
    assert list(run_directory.iterdir()) == []


async def test_a_killed_worker_is_replaced_by_one_that_serves_the_newest_table(run_directory):
    async with (
        open_service(echo("old")) as old,
        open_service(echo("new"), number=2) as new,
        proxy_for(run_directory, routes(1, app=old.upstream), workers=1) as proxy,
    ):
        for generation, service in ((2, new), (3, old), (4, new)):
            [pid] = proxy.worker_pids
            os.kill(pid, signal.SIGKILL)
            # The successor counts: this returns when it serves by the table.
            await proxy.publish(routes(generation, app=service.upstream))
            assert pid not in proxy.worker_pids
            assert (await fetch(proxy, get("/app/"))).json()["name"] == ("new" if service is new else "old")


async def test_no_connection_is_refused_while_the_only_worker_is_replaced(run_directory):
    async with front(run_directory, echo()) as (proxy, _):
        os.kill(proxy.worker_pids[0], signal.SIGSTOP)
        async with visit(proxy) as visitor:
            await visitor.send(get("/app/"))
            os.kill(proxy.worker_pids[0], signal.SIGKILL)
            assert (await visitor.reply()).status == 200


async def test_a_worker_that_does_not_answer_is_replaced(run_directory):
    async with open_service(echo()) as service, proxy_for(run_directory, routes(1), workers=2) as proxy:
        stuck = proxy.worker_pids[0]
        os.kill(stuck, signal.SIGSTOP)
        with trio.fail_after(15):
            await proxy.publish(routes(2, app=service.upstream))
        assert stuck not in proxy.worker_pids
        assert not is_alive(stuck)
        for _ in range(10):
            assert (await fetch(proxy, get("/app/"))).status == 200


async def test_a_worker_that_ends_during_a_drain_has_cut_its_requests(run_directory):
    arrived, receipts = trio.Event(), []

    async def wait(stream):
        await read_head(stream, bytearray())
        arrived.set()
        await stream.receive_some(1)

    async def drain(proxy) -> None:
        receipts.append(await proxy.drain(1, 60))

    async with front(run_directory, wait) as (proxy, _), visit(proxy) as visitor, trio.open_nursery() as nursery:
        await visitor.send(get("/app/"))
        await arrived.wait()
        nursery.start_soon(drain, proxy)
        await trio.testing.wait_all_tasks_blocked()
        # A worker takes its calls in their order: when this is answered, the drain was begun.
        await proxy.counters()
        os.kill(proxy.worker_pids[0], signal.SIGKILL)
    assert (receipts[0].in_flight, receipts[0].finished, receipts[0].cut) == (1, 0, 1)


async def test_closing_lets_a_request_in_flight_finish(run_directory):
    arrived, go = trio.Event(), trio.Event()

    async def wait(stream):
        head = await read_head(stream, bytearray())
        arrived.set()
        await go.wait()
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(head), head))

    async with open_service(wait) as service, trio.open_nursery() as nursery:
        closing = trio.Event()

        async def serve(task_status) -> None:
            async with proxy_for(run_directory, routes(1, app=service.upstream)) as proxy:
                task_status.started(proxy)
                await closing.wait()

        proxy = await nursery.start(serve)
        async with visit(proxy) as busy, visit(proxy) as idle, visit(proxy) as asking:
            for visitor in (idle, asking):
                assert (await visitor.ask(get("/nope/"))).status == 404
            await busy.send(get("/app/"))
            await arrived.wait()
            [worker] = proxy._accepting()
            closing.set()
            while not worker.stopping:
                await trio.lowlevel.checkpoint()
            # What was on its way when lci was told to end is answered; a connection that stays silent is closed.
            late = await asking.ask(get("/nope/"))
            assert (late.status, late.header("connection")) == (404, "close")
            assert await idle.is_closed()
            go.set()
            reply = await busy.reply()
            assert (reply.status, reply.header("connection"), reply.complete) == (200, "close", True)


@pytest.mark.parametrize(
    ("drain_timeouts", "grace"), [((), 0.0), ((2.0,), 2.0), ((2.0, 5.5), 5.5), ((3600.0, 1.0), LONGEST_GRACE)]
)
def test_closing_takes_as_long_as_a_version_may_drain_within_bounds(drain_timeouts, grace):
    board = Board()
    assert board.grace == 0.0
    upstreams = [Upstream(number, "127.0.0.1", 9) for number in range(len(drain_timeouts))]
    board.newest = table(
        1,
        [
            Route(f"p{each.id}", each, drain_timeout=seconds)
            for each, seconds in zip(upstreams, drain_timeouts, strict=True)
        ]
        + [Route("stopped", None, drain_timeout=9.0)],
    )
    assert board.grace == grace


async def test_closing_cuts_what_does_not_finish_and_says_so(run_directory):
    arrived = trio.Event()

    async def never(stream):
        await read_head(stream, bytearray())
        arrived.set()
        await stream.receive_some(1)

    async with open_service(never) as service, trio.open_nursery() as nursery:
        closing = trio.Event()

        async def serve(task_status) -> None:
            routed = table(1, [Route("app", service.upstream, drain_timeout=1.5)])
            async with proxy_for(run_directory, routed) as proxy:
                task_status.started(proxy)
                await closing.wait()

        async with visit(await nursery.start(serve)) as visitor:
            await visitor.send(get("/app/"))
            await arrived.wait()
            closing.set()
            assert (await visitor.reply()).status == 504
            assert await visitor.is_closed()


async def test_cancellation_leaves_no_worker_behind(run_directory):
    pids: list[int] = []
    with trio.CancelScope() as scope:
        async with proxy_for(run_directory, routes(1), workers=2) as proxy:
            pids = proxy.worker_pids
            scope.cancel()
            await trio.sleep_forever()
    assert len(pids) == 2
    assert not any(map(is_alive, pids))


async def test_sigint_is_the_supervisors_and_sigterm_ends_a_worker_which_is_replaced(run_directory):
    async with front(run_directory, echo()) as (proxy, _):
        [pid] = proxy.worker_pids
        os.kill(pid, signal.SIGINT)
        assert (await fetch(proxy, get("/app/"))).status == 200
        assert proxy.worker_pids == [pid]
        os.kill(pid, signal.SIGTERM)
        assert (await fetch(proxy, get("/app/"))).status == 200
        await ended(pid)


async def test_a_port_in_use_is_said_in_one_sentence(run_directory):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressInUse) as refused:
            async with open_proxy(PROGRAM, run_directory, "127.0.0.1", port, 1):
                pass
    assert f"127.0.0.1:{port}" in str(refused.value)
    assert "Address already in use" in str(refused.value)


async def test_a_program_that_is_no_worker_is_said_and_not_tried_for_ever(run_directory):
    program = [sys.executable, "-c", "import sys; sys.exit(3)"]
    with pytest.RaisesGroup(ProxyWorkerBroken):
        async with open_proxy(program, run_directory, "127.0.0.1", 0, 1) as proxy:
            with trio.fail_after(20):
                await proxy.publish(routes(1))


async def test_a_run_directory_may_be_deeper_than_a_sockets_name_can_be_long(tmp_path):
    deep = tmp_path.joinpath(*["a" * 100] * 3)
    async with proxy_for(deep, routes(1)) as proxy:
        assert (await fetch(proxy, get("/"))).status == 404
        assert stat.S_IMODE(deep.stat().st_mode) == 0o700


async def test_a_worker_holds_nothing_heavy(run_directory):
    heavy = {"pydantic", "asyncio", "docker", "quart", "hypercorn", "sqlite3", "http", "email", "lci_app.interfaces"}
    code = f"import sys, lci_app.proxy.worker; print(*sorted({heavy!r} & set(sys.modules)))"
    found = await trio.run_process([sys.executable, "-c", code], capture_stdout=True)
    assert found.stdout.strip() == b""


def test_a_worker_says_how_it_is_used():
    used = subprocess.run([*PROGRAM, "proxy-worker"], capture_output=True, check=False, cwd=Path.cwd())
    assert (used.returncode, used.stderr) == (2, b"usage: lci proxy-worker --control PATH\n")
