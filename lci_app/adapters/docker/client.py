"""The SDK's client, without what depends on whose machine it is."""

from __future__ import annotations

from typing import Any, Final

import requests
from docker import APIClient
from docker.api.client import ProxyConfig  # type: ignore[attr-defined]
from docker.auth import AuthConfig
from docker.constants import DEFAULT_USER_AGENT
from docker.utils import parse_host, version_lt

from lci_app.adapters.docker.transport import UnixAdapter

# The oldest engine that lci is made for speaks this; newer ones still do, or say from where on they do.
API_VERSION: Final = "1.41"
_POOL: Final = 16


class SdkClient(APIClient):
    """One engine's API. Opens no connection and reads no file when it is made.

    The SDK's own constructor reads the person's Docker configuration file: what stands there (headers, proxies, a
    broken entry) would become lci's. `_general_configs`, `_proxy_configs` and `_auth_configs` are what it would set.
    """

    def __init__(self, docker_host: str | None, *, timeout: float) -> None:
        requests.Session.__init__(self)
        # No proxy and no .netrc of the environment stands between lci and its engine.
        self.trust_env = False
        self.headers["User-Agent"] = DEFAULT_USER_AGENT
        self.timeout = timeout  # type: ignore[assignment]
        self.credstore_env = None
        self._general_configs: dict[str, Any] = {}
        self._proxy_configs = ProxyConfig()
        self._auth_configs = AuthConfig({"auths": {}})
        self._version = API_VERSION
        address = str(parse_host(docker_host))
        if address.startswith("http+unix://"):
            path = "/" + address.removeprefix("http+unix://").lstrip("/")
            self._custom_adapter = UnixAdapter(path, connections=_POOL)
            self.mount("http+docker://", self._custom_adapter)
            address = "http+docker://localhost"
        elif not address.startswith("http://"):
            raise ValueError("only unix:// and tcp:// addresses are supported")
        self.base_url = address

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        """Bound every request: the SDK leaves some of its calls without a time limit."""
        if options.get("timeout") is None:
            options["timeout"] = self.timeout
        return super().request(method, url, *args, **options)

    def negotiate(self) -> None:
        """Speak API_VERSION, or the oldest the engine still speaks where that is newer."""
        oldest = self.version(api_version=False)["MinAPIVersion"]
        if version_lt(API_VERSION, oldest):
            self._version = oldest

    def hold(self, method: str, path: str, *names: str, **options: Any) -> requests.Response:
        """Ask for an answer that stays open, on a connection that is not shared; raises the SDK's errors."""
        headers = {"Connection": "close"} | options.pop("headers", {})
        url = self._url(path, *names)  # type: ignore[attr-defined]
        response = self.request(method, url, stream=True, headers=headers, **options)
        try:
            self._raise_for_status(response)  # type: ignore[attr-defined]
        except BaseException:
            response.close()
            raise
        return response
