"""Who may do what: the one decision for HTTP, server-sent events and WebSocket, taken before anything is validated.

Deny by default: a request passes on a route's exemption, or on a valid token or session of sufficient scope, on nothing
else. What a browser does without being asked (sending its cookie) is never enough to change something.
"""

from __future__ import annotations

import hmac
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from werkzeug.datastructures import Headers

from lci_app.api import problem
from lci_app.api.addresses import OwnAddresses
from lci_app.api.problem import Problem
from lci_app.api.route import NOBODY, Exempt
from lci_app.core.accounts import Caller
from lci_app.core.client_addresses import Networks, client_of, is_in, is_loopback, place_of
from lci_app.core.credentials import csrf_token, is_whole
from lci_app.core.model import Scope
from lci_app.core.names import TOKEN_PREFIX
from lci_app.interfaces import Clock, OutsideError

_log = logging.getLogger(__name__)

# Failures of one address in one minute that are still answered with 401: a script with a stale token in a loop, or
# a whole office behind one address, stays well below.
MAX_FAILURES: Final = 3000
WINDOW_SECONDS: Final = 60.0
# Addresses remembered at a time; beyond that the oldest windows are forgotten.
MAX_ADDRESSES: Final = 10_000
CSRF_HEADER: Final = "X-CSRF-Token"


class Callers(Protocol):
    async def of_token(self, secret: str, address: str, *, used: bool) -> Caller | None: ...

    async def of_session(self, secret: str, *, used: bool) -> Caller | None: ...


# Returns how one can sign in; told to whoever is not signed in.
SignInWays = Callable[[], Awaitable[Mapping[str, bool]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """What the decision looks at. `guarded`: it changes something or opens a WebSocket, so its origin counts."""

    guarded: bool
    address: str
    host: str
    origin: str | None = None
    fetch_site: str | None = None
    authorization: str | None = None
    cookie: str = ""
    csrf: str = ""
    upgrade: bool = False
    signed: bool = False


class FailureLimit:
    """Counts failures by address, in windows of a minute. Valid credentials always pass, whoever shares the address."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}

    def count(self, address: str) -> int | None:
        """Note a failure. Returns None while it is within the limit, else the seconds until the window ends."""
        now, address = self._clock.seconds(), place_of(address)
        start, failures = self._windows.get(address, (now, 0))
        if now - start >= WINDOW_SECONDS:
            start, failures = now, 0
        self._windows.pop(address, None)
        self._windows[address] = (start, failures + 1)
        if len(self._windows) > MAX_ADDRESSES:
            del self._windows[next(iter(self._windows))]
        return None if failures < MAX_FAILURES else max(1, math.ceil(start + WINDOW_SECONDS - now))


class Guard:
    def __init__(
        self, callers: Callers, ways: SignInWays, clock: Clock, own: OwnAddresses, webhook_addresses: Networks = ()
    ) -> None:
        self._callers = callers
        self._ways = ways
        self._failures = FailureLimit(clock)
        self._own = own
        self._webhook_addresses = webhook_addresses

    async def admit(self, access: Scope | Exempt, asker: Asker) -> Caller:
        """Return on whose behalf a request is allowed, NOBODY where its route asks for nobody.

        Raises the Problem that the caller is to be answered with otherwise.
        """
        if access is Exempt.SIGNATURE:
            self._check_delivery(asker)
            return NOBODY
        if asker.guarded:
            self._check_origin(asker)
        if isinstance(access, Exempt):
            if access is Exempt.SIGN_IN:
                self._check_host(asker)
            return NOBODY
        caller = await self._caller(asker)
        if caller is None:
            self.note_failure(asker.address)
            raise await self._refusal(asker)
        if caller.session is not None and asker.guarded:
            self._check_host(asker)
            _check_csrf(asker)
        if not caller.scope.allows(access):
            raise problem.scope_missing(access, caller.scope)
        return caller

    async def again(self, caller: Caller, asker: Asker) -> Caller | None:
        """Return on whose behalf the request of `caller` would be made now; None where it would be refused.

        While the store cannot tell, it stays as it was.
        """
        try:
            return await self._caller(asker, used=False)
        except OutsideError as error:
            _log.warning("whether %s is still signed in cannot be told: %s", caller.name, error)
            return caller

    def note_failure(self, address: str) -> None:
        """Note that somebody there failed to show who they are. Raises the Problem of having done so too often."""
        seconds = self._failures.count(address)
        if seconds is not None:
            raise problem.rate_limited(seconds)

    async def _caller(self, asker: Asker, *, used: bool = True) -> Caller | None:
        if asker.authorization is not None:
            secret = _bearer(asker.authorization)
            return None if secret is None else await self._callers.of_token(secret, asker.address, used=used)
        return await self._callers.of_session(asker.cookie, used=used) if asker.cookie else None

    async def _refusal(self, asker: Asker) -> Problem:
        secret = _bearer(asker.authorization or "")
        if secret is not None and not is_whole(secret):
            return problem.token_damaged()
        return problem.unauthenticated({"sign_in": dict(await self._ways())})

    def _check_delivery(self, asker: Asker) -> None:
        """Whether it is signed is seen by its body; what cannot be is refused before that is read."""
        if self._webhook_addresses and not is_in(asker.address, self._webhook_addresses):
            self.note_failure(asker.address)
            raise problem.foreign_address(asker.address)
        if not asker.signed:
            self.note_failure(asker.address)
            raise problem.signature_invalid()

    def _check_origin(self, asker: Asker) -> None:
        """Another web page may not ask in the name of whoever looks at it."""
        if asker.origin is not None and not self._own.is_origin(asker.origin, asker.host):
            raise problem.foreign_origin(asker.origin)
        if asker.fetch_site not in {None, "same-origin", "none"}:
            raise problem.foreign_origin(asker.origin or f"a {asker.fetch_site} page")

    def _check_host(self, asker: Asker) -> None:
        """Nor may one that has its own name lead here. Who has a token is no page, and may know lci by any name."""
        if not self._own.is_host(asker.host):
            raise problem.foreign_host(asker.host)


def _check_csrf(asker: Asker) -> None:
    if asker.upgrade:
        # A WebSocket's handshake takes no headers from a page, but always bears its origin.
        if asker.origin is None:
            raise problem.foreign_origin("none")
        return
    if not hmac.compare_digest(asker.csrf.encode(errors="replace"), csrf_token(asker.cookie).encode()):
        raise problem.csrf_missing()


def _bearer(authorization: str) -> str | None:
    scheme, _, secret = authorization.partition(" ")
    secret = secret.strip()
    return secret if scheme.lower() == "bearer" and secret.startswith(TOKEN_PREFIX) else None


def client_address(peer: str, headers: Headers, trusted: Networks) -> str:
    """Return whose request it is: the peer's, or theirs for whom a trusted proxy asks."""
    return client_of(peer, headers.getlist("X-Forwarded-For"), trusted)


def is_local(peer: str, headers: Headers) -> bool:
    """Return whether a request comes from this machine itself, and no proxy or tunnel on it has passed it on."""
    return is_loopback(peer) and not any(name in headers for name in _FORWARDING)


_FORWARDING: Final = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "Via")
