"""What every payload of GitHub has in common: its signature, its JSON, and how its fields are read."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SIGNATURE_PREFIX: Final = "sha256="
_HASH: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Malformed:
    """Which part of a payload is not what it must be."""

    field: str
    reason: str


def sign(secret: str, body: bytes) -> str:
    """Return what `X-Hub-Signature-256` must be for this body."""
    return SIGNATURE_PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(secret: str, body: bytes, signature: str | None) -> bool:
    """Return whether the signature is right, in constant time. An empty secret signs nothing."""
    if not secret or signature is None:
        return False
    return hmac.compare_digest(sign(secret, body).encode(), signature.encode("utf-8", "replace"))


def read_json(body: bytes) -> Mapping[str, Any] | Malformed:
    """Return the JSON object that a body holds."""
    try:
        document = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return Malformed("body", f"is not JSON: {str(error)[:200]}")
    return document if isinstance(document, dict) else Malformed("body", "must be a JSON object")


def is_commit(value: object) -> bool:
    """Return whether it is a whole commit's hash."""
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def repository_urls(repository: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the addresses by which a payload's repository is known."""
    names = ("clone_url", "html_url", "ssh_url")
    return tuple(url for name in names if (url := text(repository, name)))


def text(document: Any, name: str) -> str:
    """Return a field of a payload, empty where it is none or no text."""
    value = document.get(name) if isinstance(document, Mapping) else None
    return clean(value) if isinstance(value, str) else ""


def clean(words: str) -> str:
    """Replace lone surrogates, which JSON can spell and no encoding can hold."""
    return words.encode("utf-8", "replace").decode()


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")
