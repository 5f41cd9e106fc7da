"""The proxies that are compared: ours, nginx and haproxy, each in front of a service that records what it gets."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import trio

from lci_app.core.routing import Route, table
from tests.proxy.conformance.messages import Framed, H11Reader, Malformed, take_request
from tests.proxy.conformance.services import OK
from tests.proxy.conformance.visits import Visit, read_to_the_end
from tests.proxy.upstreams import open_service
from tests.proxy.visitors import proxy_for

NEEDED = "The proxy is compared with nginx and haproxy: install them (Debian, Ubuntu: apt-get install nginx haproxy)."
# No peer's own time-out is longer.
_PATIENCE = 8.0
_PATHS = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/bin:/opt/homebrew/bin"

_NGINX = """
daemon off; master_process off; pid {directory}/nginx.pid; error_log {directory}/nginx.log crit;
events {{ worker_connections 256; }}
http {{
    access_log off; keepalive_timeout 5s; client_body_timeout 5s; client_header_timeout 5s; lingering_close off;
    client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory};
    uwsgi_temp_path {directory}; scgi_temp_path {directory};
    upstream recorder {{ server 127.0.0.1:{upstream}; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://recorder; proxy_http_version 1.1; proxy_ignore_client_abort on;
            proxy_set_header Host $http_host; proxy_set_header Connection "";
        }}
    }}
}}
"""

_HAPROXY = """
global
    stats timeout 1s
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    timeout http-request 5s
    option http-buffer-request
frontend front
    bind 127.0.0.1:{port}
    default_backend back
backend back
    server recorder 127.0.0.1:{upstream}
"""


@dataclass
class Recorder:
    """What a peer's service got: each request as h11 finds it, in the order of arrival.

    `faults`: where the letter of the RFC finds something else, or nothing good.
    """

    requests: list[Framed] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    async def serve(self, stream: trio.SocketStream) -> None:
        buffer, reader = bytearray(), H11Reader()
        while data := await stream.receive_some(65536):
            buffer += data
            found = reader.feed(data)
            self.requests += found
            if found != _by_the_letter(buffer, self.faults):
                self.faults.append(f"h11 finds other requests: {found}")
            for _ in found:
                await stream.send_all(OK)
            if reader.end in {"refused", "last"}:
                return


def _by_the_letter(buffer: bytearray, faults: list[str]) -> list[Framed]:
    found: list[Framed] = []
    try:
        while request := take_request(buffer):
            method, target, _ = request.start.split(b" ")
            found.append((method, target, request.body))
    except Malformed as error:
        faults.append(str(error))
        buffer.clear()
    return found


@dataclass
class Peer:
    """A proxy at an address, and its service's recorder."""

    name: str
    address: tuple[str, int]
    recorder: Recorder

    async def told(self, raw: bytes, patience: float) -> tuple[list[Framed], Visit]:
        """Send the bytes and nothing more; return the requests that its service got, and what the visitor saw.

        One that still waits for more after `patience` seconds is told that nothing more comes.
        """
        before, visit = len(self.recorder.requests), Visit()
        stream = await trio.open_tcp_stream(*self.address)
        async with stream:
            with suppress(trio.BrokenResourceError):
                await stream.send_all(raw)
            with trio.move_on_after(patience):
                await read_to_the_end(stream, visit)
            if visit.end == "silent":
                with suppress(trio.BrokenResourceError):
                    await stream.send_eof()
                with trio.move_on_after(_PATIENCE):
                    await read_to_the_end(stream, visit)
        visit.read(line.split(b" ")[0] for line in raw.split(b"\r\n") if line.endswith((b"HTTP/1.1", b"HTTP/1.0")))
        return self.recorder.requests[before:], visit


def program(name: str) -> str:
    """Return the program's path. Raises FileNotFoundError, saying what is needed."""
    found = shutil.which(name, path=_PATHS)
    if found is None:
        raise FileNotFoundError(NEEDED)
    return found


@asynccontextmanager
async def open_peers(directory: Path) -> AsyncIterator[list[Peer]]:
    """Run the three proxies; the first is ours."""
    nginx, haproxy = program("nginx"), program("haproxy")
    async with AsyncExitStack() as stack:
        recorders = [Recorder() for _ in range(3)]
        services = [await stack.enter_async_context(open_service(each.serve)) for each in recorders]
        routes = table(1, [Route("app", services[0].upstream, domains=("h", "other"), strip_prefix=False)])
        ours = await stack.enter_async_context(proxy_for(directory / "run", routes))
        files = [directory / "nginx.conf", directory / "haproxy.cfg"]
        commands = [
            [nginx, "-p", str(directory), "-c", str(files[0]), "-e", str(directory / "nginx.log")],
            [haproxy, "-db", "-q", "-f", str(files[1])],
        ]
        peers = [Peer("ours", ours.address, recorders[0])]
        for number, text in enumerate((_NGINX, _HAPROXY)):
            port = await _free_port()
            upstream = services[number + 1].upstream.port
            files[number].write_text(text.format(directory=directory, port=port, upstream=upstream))
            await stack.enter_async_context(_running(commands[number], ("127.0.0.1", port)))
            peers.append(Peer(("nginx", "haproxy")[number], ("127.0.0.1", port), recorders[number + 1]))
        yield peers


async def _free_port() -> int:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port: int = listeners[0].socket.getsockname()[1]
    await listeners[0].aclose()
    return port


@asynccontextmanager
async def _running(command: Sequence[str], address: tuple[str, int]) -> AsyncIterator[None]:
    """Run a program from when it listens to the end; it is killed then."""
    async with trio.open_nursery() as nursery:
        start = partial(trio.run_process, command, check=False, stdout=None, stderr=None)
        process = await nursery.start(start)
        try:
            await _listening(process, address)
            yield
        finally:
            process.kill()


async def _listening(process: trio.Process, address: tuple[str, int]) -> None:
    with trio.fail_after(10):
        while True:
            try:
                await (await trio.open_tcp_stream(*address)).aclose()
                return
            except OSError as error:
                if process.returncode is not None:
                    raise RuntimeError("A proxy to compare with ended at once: its own message is above.") from error
                await trio.sleep(0.05)
