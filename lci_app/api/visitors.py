"""What of a request tells where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from quart.wrappers import Request, Websocket

from lci_app.api import cookies
from lci_app.api.addresses import OwnAddresses
from lci_app.api.policy import CSRF_HEADER, Asker, client_address, is_local
from lci_app.api.route import Visit
from lci_app.services.sign_in import Browser

# What a web page offers in Sec-WebSocket-Protocol: the first is what is spoken, the second begins with this.
SUBPROTOCOL: Final = "lci"
_TOKEN_SUBPROTOCOL: Final = "lci.token."  # noqa: S105 - what a token's offer begins with, not a token


class Visitors:
    def __init__(self, own: OwnAddresses, trusted: Sequence[IPv4Network | IPv6Network]) -> None:
        self._own = own
        self._trusted = trusted

    def asker(self, asked: Request | Websocket, *, guarded: bool) -> Asker:
        headers = asked.headers
        return Asker(
            guarded=guarded,
            address=client_address(_peer(asked), headers, self._trusted),
            host=headers.get("Host", ""),
            origin=headers.get("Origin"),
            fetch_site=headers.get("Sec-Fetch-Site"),
            authorization=headers.get("Authorization") or _offered_token(asked),
            cookie=self._session(asked),
            csrf=headers.get(CSRF_HEADER, ""),
            upgrade=isinstance(asked, Websocket),
            signed="X-Hub-Signature-256" in headers,
        )

    def visit(self, asked: Request | Websocket, request_id: str) -> Visit:
        headers = asked.headers
        address = client_address(_peer(asked), headers, self._trusted)
        browser = Browser(address, headers.get("User-Agent", ""), self._session(asked))
        return Visit(browser, is_local(_peer(asked), headers), self.is_secure(asked), request_id)

    def is_secure(self, asked: Request | Websocket) -> bool:
        """Return whether it comes by the dashboard's https address."""
        return self._own.is_secure(asked.headers.get("Host", ""))

    def _session(self, asked: Request | Websocket) -> str:
        return cookies.value_of(asked.cookies, cookies.SESSION, secure=self.is_secure(asked))


def _peer(asked: Request | Websocket) -> str:
    return str((asked.scope.get("client") or ("", 0))[0])


def _offered_token(asked: Request | Websocket) -> str | None:
    """Return the credentials of a WebSocket handshake from a web page, which cannot set a header but this one."""
    if not isinstance(asked, Websocket):
        return None
    offered = (name for name in asked.requested_subprotocols if name.startswith(_TOKEN_SUBPROTOCOL))
    return next((f"Bearer {name.removeprefix(_TOKEN_SUBPROTOCOL)}" for name in offered), None)
