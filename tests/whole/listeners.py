"""What a build must not reach: listeners of the test itself, on addresses that exist on this machine alone."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress


class Listeners:
    """TCP and UDP on one port of every address of this machine. `heard` holds the words of whoever got through."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._tcp = socket.create_server(("0.0.0.0", 0), backlog=64)
        self.port: int = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("0.0.0.0", self.port))
        self._six = socket.create_server(("::", self.port), family=socket.AF_INET6, backlog=64)
        self._threads = [
            threading.Thread(target=listen, args=(sock,), daemon=True)
            for listen, sock in ((self._accept, self._tcp), (self._accept, self._six), (self._receive, self._udp))
        ]
        for thread in self._threads:
            thread.start()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            with sock:
                sock.settimeout(5)
                try:
                    words = sock.recv(200)
                    sock.sendall(b"HTTP/1.0 200 OK\r\n\r\nreached\n")
                except OSError:
                    words = b"(connected)"
                self.heard.append(words.decode(errors="replace"))

    def _receive(self, sock: socket.socket) -> None:
        while True:
            try:
                self.heard.append(sock.recv(200).decode(errors="replace"))
            except OSError:
                return

    def close(self) -> None:
        for sock in (self._tcp, self._six, self._udp):
            # Closing alone does not wake who waits in it.
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(10)


@contextmanager
def open_listeners() -> Iterator[Listeners]:
    listeners = Listeners()
    try:
        yield listeners
    finally:
        listeners.close()


@contextmanager
def stand_ins(addresses: Sequence[str]) -> Iterator[None]:
    """Give this machine's own loopback these addresses, so that nothing that is sent to one leaves the machine."""
    with ExitStack() as undo:
        for address in addresses:
            subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True, capture_output=True)
            undo.callback(
                subprocess.run,
                ["ip", "address", "del", f"{address}/32", "dev", "lo"],
                check=True,
                capture_output=True,
            )
        yield
