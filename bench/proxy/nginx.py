"""nginx: the rival that the proxy is compared with, and the cheapest of upstreams."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.proxy.processes import free_port
from tests.whole.service import WaitLoop, children_of

# Where services are found behind either proxy.
PREFIX: Final = "/app/"

_MAIN: Final = """
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
error_log stderr error;
pid {directory}/pid;
{user}
events {{ worker_connections 16384; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_requests 1000000000;
    client_max_body_size 0;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    {http}
}}
"""

# What a careful operator writes to get what lci does: the prefix taken off, the forwarding headers and a request id,
# connections to the service kept, bodies streamed and never stored on a disk.
_PROXY: Final = """
    upstream service {{
        server 127.0.0.1:{upstream};
        keepalive 64;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        {more}
        location {prefix} {{
            proxy_pass http://service/;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_max_temp_file_size 0;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Prefix /app;
            proxy_set_header X-Request-Id $request_id;
            add_header X-Request-Id $request_id;
        }}
    }}
"""

# Its default buffers hold 4 to 16 KiB. Not many change them; who does carries large bodies at a third of the cost.
LARGE_BUFFERS: Final = (
    "client_body_buffer_size 256k; proxy_buffer_size 16k; proxy_buffers 8 256k; proxy_busy_buffers_size 512k;"
)

# Its answers are composed in memory; the headers are those of an ordinary page.
_UPSTREAM: Final = """
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        default_type text/html;
        etag off;
        add_header Cache-Control "private, no-cache";
        add_header Vary Accept-Encoding;
        add_header ETag '"$connection-$connection_requests"';
        location /100/ {{ return 200 "{small}"; }}
        set $kibibyte "{kibibyte}";
        location /10240/ {{ return 200 "{large}"; }}
    }}
"""


@contextmanager
def run_nginx_proxy(directory: Path, upstream: int, more: str = "") -> Iterator[tuple[int, int]]:
    """Give the port of an nginx before the service at port `upstream`, and the process id of its worker.

    `more` are directives of its server.
    """
    port = free_port()
    http = _PROXY.format(port=port, upstream=upstream, prefix=PREFIX, more=more)
    with _run(directory / "nginx", http) as worker:
        yield port, worker


@contextmanager
def run_nginx_upstream(directory: Path) -> Iterator[int]:
    """Give the port of a service that answers `/100/…` and `/10240/…` with as many bytes."""
    port = free_port()
    http = _UPSTREAM.format(port=port, small="x" * 100, kibibyte="x" * 1024, large="$kibibyte" * 10)
    with _run(directory / "upstream", http):
        yield port


@contextmanager
def _run(directory: Path, http: str) -> Iterator[int]:
    """Run nginx, and give the process id of its one worker."""
    directory.mkdir(parents=True)
    # Only root's nginx changes its user, and complains where another's is told to.
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = directory / "nginx.conf"
    configuration.write_text(_MAIN.format(directory=directory, user=user, http=http))
    process = subprocess.Popen(["nginx", "-p", directory, "-e", "stderr", "-c", configuration], stdout=sys.stderr)
    try:
        waiting = WaitLoop("nginx")
        while not (workers := children_of(process.pid)):
            if process.poll() is not None:
                raise RuntimeError("nginx does not start; its own message is above")
            waiting.again()
        yield workers[0]
    finally:
        process.terminate()
        process.wait()
