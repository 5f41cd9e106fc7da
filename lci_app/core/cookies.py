"""The names of the dashboard's cookies: services share its host name, cookies know no ports, and none may reach one."""

from __future__ import annotations

from typing import Final

# Who is signed in; and a sign-in that is on its way.
SESSION: Final = "lci_session"
SIGN_IN: Final = "lci_sign_in"
DASHBOARD_COOKIES: Final = (SESSION, SIGN_IN)
# A browser takes what begins so by https only, for this host alone, and for all of its paths.
HOST_PREFIX: Final = "__Host-"

# All that could be taken for one of them.
OURS: Final = frozenset(
    f"{prefix}{name}".encode() for prefix in ("", HOST_PREFIX, "__Secure-") for name in DASHBOARD_COOKIES
)
