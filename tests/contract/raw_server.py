"""A small server in a container that speaks raw, and a visitor of it by the proxy."""

from __future__ import annotations

import http.client
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.git_server import GitServer
from tests.whole.service import WAIT_SECONDS, Service

# Answers one request a connection, by its path.
RAW_SERVER = r"""
read -r method target version
head="$method $target"
while read -r line; do
  line=${line%"$(printf '\r')"}
  [ -n "$line" ] || break
  head="$head
$line"
  case "$line" in [Ss]ec-[Ww]eb[Ss]ocket-[Kk]ey:*) key=${line#*: };; esac
done
say() { printf '%s\r\n' "$@"; }
case "$target" in
  */head*) say 'HTTP/1.1 200 OK' 'Content-Type: text/plain' 'Connection: close' ''; printf '%s' "$head";;
  # What comes in chunks is given back as it comes, in the same chunks.
  /echo) say 'HTTP/1.1 200 OK' 'Transfer-Encoding: chunked' 'Connection: close' ''; cat;;
  /length) say 'HTTP/1.1 200 OK' 'Content-Length: 4' 'Connection: close' 'X-Own: kept' \
      'Set-Cookie: a=1' 'Set-Cookie: b=2' ''; printf four;;
  /ws) accept=$(printf '%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11' "$key" | sha1sum | cut -c1-40 | xxd -r -p | base64)
    say 'HTTP/1.1 101 Switching Protocols' 'Upgrade: websocket' 'Connection: Upgrade' "Sec-WebSocket-Accept: $accept" ''
    dd bs=1 count=7 of=/dev/null 2>/dev/null; printf '\201\005hello\210\002\003\350'
    dd bs=1 count=8 of=/dev/null 2>/dev/null;;
  /raw) say 'HTTP/1.1 101 Switching Protocols' 'Upgrade: raw' 'Connection: Upgrade' ''; cat;;
  /junk) printf 'this is no HTTP\r\n\r\n';;
  /mute) ;;
  *) say 'HTTP/1.1 404 Not Found' 'Content-Length: 0' '';;
esac
"""


def deploy_raw(service: Service, git_server: GitServer, name: str, **fields: Any) -> Any:
    repository = git_server.create(f"acme/{uuid.uuid4().hex[:8]}")
    repository.commit({"server.sh": RAW_SERVER})
    command = "exec nc -ll -p $PORT -e sh /app/server.sh"
    service.register(
        name, repository.url, runtime_command=command, health_check_url="", health_check_interval=0.1, **fields
    )
    return service.succeed(name)


@contextmanager
def visitor(service: Service) -> Iterator[http.client.HTTPConnection]:
    """One connection to the proxy, over which every byte of a request is ours."""
    where = urlsplit(service.proxy_url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=WAIT_SECONDS)
    try:
        yield connection
    finally:
        connection.close()


def heard(service: Service, target: str, **headers: str) -> list[str]:
    """Return the head of the request as the service heard it."""
    with visitor(service) as connection:
        connection.request("GET", target, headers=headers)
        return connection.getresponse().read().decode().splitlines()
