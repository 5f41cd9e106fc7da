"""How secrets that lci itself makes look, and what is kept of them.

An API token is `lci_`, 30 random letters and digits, and 6 that are their CRC-32: who looks for leaked tokens can tell
one from a text that only looks so, without asking anybody. Regular expression: `lci_[0-9A-Za-z]{36}`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import zlib
from typing import Final

from lci_app.core.names import TOKEN_PREFIX

# 30 of 62 letters: 178 bits.
TOKEN_RANDOM_LENGTH: Final = 30
_CHECKSUM_LENGTH: Final = 6
ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TOKEN: Final = re.compile(rf"{TOKEN_PREFIX}([0-9A-Za-z]{{{TOKEN_RANDOM_LENGTH}}})([0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})")


def token_of(random: str) -> str:
    """Return the token whose random part this is: TOKEN_RANDOM_LENGTH of ALPHABET."""
    return f"{TOKEN_PREFIX}{random}{_checksum(random)}"


def is_whole(token: str) -> bool:
    """Return whether a token is one that lci may have made: neither cut short nor mistyped."""
    found = _TOKEN.fullmatch(token)
    return found is not None and hmac.compare_digest(_checksum(found[1]), found[2])


def _checksum(random: str) -> str:
    number, digits = zlib.crc32(random.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def digest_of(secret: str) -> str:
    """Return what is stored of a token, a session or a set-up link: enough to know it again, nothing to use it by."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def csrf_token(session_secret: str) -> str:
    """Return what a page must say beside its session's cookie: only a page that the session was shown to knows it."""
    digest = hmac.digest(session_secret.encode(errors="replace"), b"lci csrf token", "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
