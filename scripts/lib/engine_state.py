"""engine_state.py ADDRESS: print `up`, `forbidden` (its socket may not be opened) or `down` of a Docker engine."""

import socket
import sys
from http.client import HTTPConnection, HTTPException

SECONDS = 5.0


class SocketFileConnection(HTTPConnection):
    """HTTP over a socket file."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=SECONDS)
        self.path = path

    def connect(self) -> None:
        """Open the socket file; raises OSError."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(SECONDS)
        self.sock.connect(self.path)


def ping_socket_file(path: str) -> str:
    """Ask a local engine, in 30 ms."""
    connection = SocketFileConnection(path)
    try:
        connection.request("GET", "/_ping")
        return "up" if connection.getresponse().status == 200 else "down"
    except PermissionError:
        return "forbidden"
    except (OSError, HTTPException):
        return "down"
    finally:
        connection.close()


def ping_anywhere() -> str:
    """Ask as the service will: DOCKER_HOST over TCP, TLS or SSH."""
    import docker  # noqa: PLC0415 - it costs a third of a second, and a local engine does not need it
    from docker.errors import DockerException  # noqa: PLC0415

    try:
        docker.from_env(timeout=int(SECONDS)).ping()
    except (DockerException, OSError) as error:
        sys.stderr.write(f"lci: {error}\n")
        return "down"
    return "up"


address = sys.argv[1]
state = ping_socket_file(address.removeprefix("unix://")) if address.startswith("unix://") else ping_anywhere()
sys.stdout.write(f"{state}\n")
