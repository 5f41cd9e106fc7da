"""A payload is believed only when it is signed, and read only where it is a JSON object."""

from __future__ import annotations

import pytest

from lci_app.core.payload import Malformed, is_signed, read_json, sign


def test_the_signature_is_githubs_own_example() -> None:
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert sign("It's a Secret to Everybody", b"Hello, World!") == expected


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha1=" + "0" * 40,
        sign("secret", b"body").upper(),
        sign("secret", b"body") + " ",
        sign("secret", b"body").removeprefix("sha256="),
        sign("other", b"body"),
        "sha256=ключ",
    ],
)
def test_anything_but_the_right_signature_is_refused(signature: str | None) -> None:
    assert not is_signed("secret", b"body", signature)


def test_an_empty_secret_signs_nothing() -> None:
    assert not is_signed("", b"body", sign("", b"body"))


def test_the_right_signature_is_taken() -> None:
    assert is_signed("secret", b"body", sign("secret", b"body"))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"\xff", b'{"a": NaN}', b'{"a": Infinity}', b"[" * 100_000])
def test_what_is_no_json_object_is_malformed(body: bytes) -> None:
    assert isinstance(read_json(body), Malformed)
