"""A service that answers what a test tells it to: for answers that a right service gives rarely or never."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NOW = "Fri, 20 Nov 2026 12:00:00 GMT"


@dataclass
class Answering:
    """`answers` maps `METHOD /path` to status and body; what was asked is kept in `asked`."""

    url: str
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str], Any]] = field(default_factory=list)
    close_after_each: bool = False

    def data(self, request: str, data: Any) -> None:
        self.answers[request] = (200, {"success": True, "data": data})

    def refusal(self, request: str, status: int, code: str, message: str) -> None:
        self.answers[request] = (status, {"success": False, "error": {"code": code, "message": message, "details": {}}})


@contextmanager
def answering() -> Iterator[Answering]:
    service = Answering("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = f"{self.command} {self.path}"
            service.asked.append((request, dict(self.headers), json.loads(body) if body else None))
            missing = {"success": False, "error": {"code": "NOT_FOUND", "message": f"no {request}", "details": {}}}
            status, document = service.answers.get(request, (404, missing))
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response_only(status)
            self.send_header("Date", NOW)
            self.send_header("Content-Length", str(len(content)))
            for name, value in service.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = service.close_after_each

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
