"""Seals what is secret with keys of a file: AES-256-GCM, a fresh nonce each, bound to the place where it lies."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import stat
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lci_app.core.secrets import Place
from lci_app.interfaces import Refusal, Trouble

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_SCHEME: Final = "lci1"
_KEY_BYTES: Final = 32
# Of a random nonce, 96 bits: some 2**32 values may be sealed by one key before two could meet (SP 800-38D, 8.3).
_NONCE_BYTES: Final = 12
_FINGERPRINT_DIGITS: Final = 12
_HEADER: Final = "# Whoever has these keys and the database has every stored secret. The first key seals.\n"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """What a sealed value names its key by."""
        return hashlib.sha256(b"lci key id" + self.secret).hexdigest()[:8]

    def cipher(self) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - 30 ms that not all need

        return AESGCM(self.secret)


class Vault:
    """Fulfils `interfaces.Sealer`. `open_vault` is the way in. Safe from any thread."""

    def __init__(self, path: Path, keys: Sequence[Key], *, given: bool) -> None:
        self._path = path
        self._keys = tuple(keys)
        self._given = given

    def seal(self, text: str, place: Place) -> str:
        nonce, key = secrets.token_bytes(_NONCE_BYTES), self._keys[0]
        sealed = key.cipher().encrypt(nonce, text.encode(errors="surrogatepass"), place.associated())
        return f"{_SCHEME}:{key.id}:{b64encode(nonce + sealed).decode()}"

    def unseal(self, sealed: str, place: Place) -> str:
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see above

        scheme, _, rest = sealed.partition(":")
        key_id, _, body = rest.partition(":")
        key = next((key for key in self._keys if key.id == key_id), None)
        if scheme != _SCHEME or key is None:
            raise _unreadable(place, f"its key ({key_id or 'unknown'}) is not in {self._path}: restore that file")
        try:
            data = b64decode(body, validate=True)
            plain = key.cipher().decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], place.associated())
        except (InvalidTag, Base64Error, ValueError) as error:
            raise _unreadable(place, "it was changed, or moved there from another place") from error
        return plain.decode(errors="surrogatepass")

    def fingerprint(self, text: str) -> str:
        digest = hmac.digest(self._keys[0].secret, b"lci fingerprint" + text.encode(errors="surrogatepass"), "sha256")
        return digest.hex()[:_FINGERPRINT_DIGITS]

    @property
    def is_given(self) -> bool:
        return self._given

    def begin_rotation(self) -> None:
        """Seal with a new key from now on; the old ones still open. On disk when this returns.

        Where the keys are given, the first of several is the new one.
        """
        if self._given and len(self._keys) > 1:
            return
        if self._given:
            raise Refusal(
                "KEY_IS_GIVEN",
                f"the key comes from {self._path}, which whoever starts lci provides: put a new key there, above the "
                "old one, start lci again, and ask for this again",
            )
        keys = (Key(secrets.token_bytes(_KEY_BYTES)), *self._keys)
        _write(self._path, keys)
        self._keys = keys

    def end_rotation(self) -> None:
        """Forget all keys but the one that seals: nothing is sealed by them any more. Those that are given stay."""
        if not self._given:
            _write(self._path, self._keys[:1])
            self._keys = self._keys[:1]


def open_vault(path: Path, given: Path | None = None) -> Vault:
    """Open the keys at `given` (read only, where it exists), else at `path`, made with a fresh key where missing.

    Raises Trouble("KEYS_UNUSABLE"). Blocks on the disk.
    """
    try:
        if given is not None and given.exists():
            return Vault(given, _read(given), given=True)
        _make_private(path)
        return Vault(path, _read(path), given=False)
    except OSError as error:
        raise Trouble("KEYS_UNUSABLE", f"the key file {path} cannot be used: {error.strerror or error}") from error


def _make_private(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, [Key(secrets.token_bytes(_KEY_BYTES))], new=True)
        return
    if not stat.S_ISREG(mode):
        raise Trouble("KEYS_UNUSABLE", f"the key file {path} must be a plain file, not a link or anything else")
    if mode & 0o077:
        _log.warning("the key file %s could be read by others: its mode is 0600 now; rotate the key", path)
        path.chmod(0o600)


def _read(path: Path) -> list[Key]:
    lines = [line.strip() for line in path.read_text(encoding="ascii", errors="replace").splitlines()]
    keys = []
    for line in filter(None, lines):
        if line.startswith("#"):
            continue
        try:
            secret = b64decode(line, validate=True)
        except (Base64Error, ValueError):
            secret = b""
        if len(secret) != _KEY_BYTES:
            raise Trouble("KEYS_UNUSABLE", f"the key file {path} holds a line that is no key: restore it from a backup")
        keys.append(Key(secret))
    if not keys:
        raise Trouble("KEYS_UNUSABLE", f"the key file {path} holds no key: restore it from a backup")
    return keys


def _write(path: Path, keys: Sequence[Key], *, new: bool = False) -> None:
    """Replace the file as a whole; an interruption leaves the old one. `new`: whoever was first wins."""
    text = _HEADER + "".join(f"{b64encode(key.secret).decode()}\n" for key in keys)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if new:
            try:
                os.link(fresh, path)
            except FileExistsError:
                return
        else:
            fresh.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise Trouble("KEYS_UNUSABLE", f"the key file {path} cannot be written: {error.strerror or error}") from error
    finally:
        fresh.unlink(missing_ok=True)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unreadable(place: Place, why: str) -> Trouble:
    return Trouble("SECRET_UNREADABLE", f"a stored secret ({place.table}, {place.field}) cannot be read: {why}")
