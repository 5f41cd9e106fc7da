"""By which addresses lci is reached: what counts as its own page, and which cookie goes there."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class OwnAddresses:
    """Own are the dashboard's address, this machine's own names, and whatever names no name at all.

    A page elsewhere can have a name of its own lead to this machine (DNS rebinding), but not an IP address.
    """

    def __init__(self, dashboard_url: str, api_host: str) -> None:
        self._dashboard = _place(dashboard_url)
        self._is_https = dashboard_url.lower().startswith("https://")
        dashboard_host = "" if self._dashboard is None else self._dashboard[0]
        self._hosts = {"localhost", api_host.lower(), dashboard_host}

    def is_origin(self, origin: str, host: str) -> bool:
        """Return whether a page of that origin is lci's own, asking it as `host`."""
        place = _place(origin)
        if place is None:
            return False
        scheme = origin.partition(":")[0].lower()
        return place in {self._dashboard, _place(f"{scheme}://{host}")}

    def is_host(self, host: str) -> bool:
        """Return whether a Host header names lci."""
        place = _place(f"http://{host}")
        return place is not None and (place[0] in self._hosts or _is_address(place[0]))

    def is_secure(self, host: str) -> bool:
        """Return whether that is the dashboard by https, so that a cookie may be for https only."""
        return self._is_https and self._dashboard is not None and _place(f"https://{host}") == self._dashboard


def _place(url: str) -> tuple[str, int] | None:
    """Return host and port of an address, None where it has none (the origin `null`)."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname and port else None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
