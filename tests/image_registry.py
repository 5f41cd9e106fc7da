"""A real registry for tests: a few images, and the ways in which registries say no, on a free port of 127.0.0.1.

    with run_image_registry() as registry:
        ... engine.ensure_image(registry.image("good"), …)

`good` can be pulled; `denied` needs a log-in; `broken` fails while its layer is fetched; `stalled` never sends its
layer (`registry.stalling` tells when it was asked for); every other name is unknown. With `login` set (user name and
password), nobody else is let in; a refusal says back whatever was sent, as no registry should.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import random
import tarfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_LAYER_BYTES = 4_000_000


@dataclass
class ImageRegistry:
    port: int = 0
    # What no other test and no other run has pulled before: images are kept by what is in them.
    salt: str = field(default_factory=lambda: uuid.uuid4().hex)
    stalling: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)
    blobs: dict[str, bytes] = field(default_factory=dict)
    login: tuple[str, str] | None = None

    def image(self, name: str) -> str:
        return f"127.0.0.1:{self.port}/lci-test/{name}:{self.salt[:8]}"

    def lets_in(self, authorization: str) -> bool:
        if self.login is None:
            return True
        return authorization == "Basic " + base64.b64encode(":".join(self.login).encode()).decode()

    def manifest(self) -> bytes:
        """Return the manifest of an image with one layer, whose blobs are then held."""
        layer = _layer(self.salt)
        packed = gzip.compress(layer, compresslevel=1)
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["/none"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
        return _json(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": self._hold(_json(config), "application/vnd.docker.container.image.v1+json"),
                "layers": [self._hold(packed, "application/vnd.docker.image.rootfs.diff.tar.gzip")],
            }
        )

    def _hold(self, blob: bytes, media_type: str) -> dict[str, Any]:
        self.blobs[_digest(blob)] = blob
        return {"mediaType": media_type, "size": len(blob), "digest": _digest(blob)}


def _layer(salt: str) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        content = random.Random(salt).randbytes(_LAYER_BYTES)
        entry = tarfile.TarInfo("content")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: ImageRegistry

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        name = parts[2] if len(parts) > 2 else ""
        shown = self.headers.get("Authorization", "")
        if not self.registry.lets_in(shown):
            said = base64.b64decode(shown.partition(" ")[2]).decode()
            headers = {"WWW-Authenticate": 'Basic realm="lci-test"'}
            self._answer(401, _error("UNAUTHORIZED", f"authentication required, not {said!r}"), headers=headers)
        elif not name:
            self._answer(200, b"{}")
        elif name == "denied":
            headers = {"WWW-Authenticate": 'Basic realm="lci-test"'}
            self._answer(401, _error("UNAUTHORIZED", "authentication required"), headers=headers)
        elif name not in {"good", "broken", "stalled"}:
            self._answer(404, _error("MANIFEST_UNKNOWN", "manifest unknown"))
        elif parts[3] == "manifests":
            self._answer(200, self.registry.manifest(), media_type=_MANIFEST)
        else:
            self._blob(name, self.registry.blobs[parts[4]])

    def _blob(self, name: str, blob: bytes) -> None:
        is_layer = len(blob) > _LAYER_BYTES
        if is_layer and name == "stalled":
            self.registry.stalling.set()
            self.registry.closing.wait()
            self.close_connection = True
        elif is_layer and name == "broken":
            self._answer(404, _error("BLOB_UNKNOWN", "blob unknown to registry"))
        else:
            self._answer(200, blob, media_type="application/octet-stream")

    def _answer(
        self, status: int, body: bytes, *, media_type: str = "application/json", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Content-Digest", _digest(body))
        for header, value in (headers or {}).items():
            self.send_header(header, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def _error(code: str, message: str) -> bytes:
    return _json({"errors": [{"code": code, "message": message}]})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_args: object) -> None:
        """A client that goes away in the middle is part of the tests."""


@contextmanager
def run_image_registry() -> Iterator[ImageRegistry]:
    registry = ImageRegistry()
    handler = type("Handler", (_Handler,), {"registry": registry})
    with _Server(("127.0.0.1", 0), handler) as server:
        registry.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield registry
        finally:
            registry.closing.set()
            server.shutdown()
            thread.join()
