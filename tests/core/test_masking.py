"""Ten thousand secrets, printed in every way that people print them, and cut wherever a read may end."""

from __future__ import annotations

import base64
import html
import json
import random
import re
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote, unquote_plus

import pytest

from lci_app.core.masking import MAX_LINE, Mask, MaskedStream
from lci_app.core.secret_forms import forms

PLACEMENTS = 10_000
_WORDS = ("Compiling", "token", "=", ":", "Authorization: Bearer", '"', "curl -H", "ok", "größer", "{", "100%", "\t")
_ALPHABETS = (
    string.ascii_letters + string.digits,
    string.ascii_letters + string.digits + "-_",
    string.digits,
    string.printable.replace("\n", "").replace("\r", "").replace("\x0b", "").replace("\x0c", ""),
    "äöüß€漢字𝄞" + string.ascii_letters,
    "!@#$%^&*()'\"\\/+=?;<>| ",
)


def _secret(chance: random.Random) -> str:
    """Make a secret; some are as short as any that is masked, some have several lines, as keys have."""
    alphabet = chance.choice(_ALPHABETS)
    if chance.random() < 0.2:
        return "".join(chance.choices(_ALPHABETS[0], k=chance.randint(4, 8)))
    lines = ["".join(chance.choices(alphabet, k=chance.randint(8, 72))) for _ in range(chance.choice([1, 1, 1, 4]))]
    return "\n".join(lines)


# Each gives what a program prints; none of them is the code that is tested.
_PRINTED = {
    "plain": lambda secret, chance: secret,
    "with CRLF": lambda secret, chance: secret.replace("\n", "\r\n"),
    "indented": lambda secret, chance: "\n".join("    " + line for line in secret.split("\n")),
    "url": lambda secret, chance: quote(secret, safe=chance.choice(["", "/", "~"])),
    "url in lower case": lambda secret, chance: re.sub("%..", lambda found: found[0].lower(), quote(secret, safe="")),
    "form": lambda secret, chance: quote_plus(secret),
    "json": lambda secret, chance: json.dumps({"value": secret}, ensure_ascii=chance.random() < 0.5),
    "json with slashes": lambda secret, chance: json.dumps(secret).replace("/", "\\/"),
    "json in json": lambda secret, chance: json.dumps({"body": json.dumps({"value": secret})}),
    "html": lambda secret, chance: html.escape(secret),
    "repr": lambda secret, chance: repr([secret]),
    "hex": lambda secret, chance: secret.encode().hex(),
    "base64": lambda secret, chance: _base64(secret, chance, base64.b64encode),
    "base64 for urls": lambda secret, chance: _base64(secret, chance, base64.urlsafe_b64encode),
    "base64 of coreutils": lambda secret, chance: _wrapped(base64.b64encode((secret + "\n").encode()).decode(), 76),
    "base64 of pem": lambda secret, chance: _wrapped(base64.b64encode(secret.encode()).decode(), 64),
    "base64 of more, in lines": lambda secret, chance: _in_lines(_base64(secret, chance, base64.b64encode), chance),
    "base64 of more for urls, in lines": lambda secret, chance: _in_lines(
        _base64(secret, chance, base64.urlsafe_b64encode), chance
    ),
}


def _base64(secret: str, chance: random.Random, encode: Callable[[bytes], bytes]) -> str:
    """Put the secret anywhere in what is encoded, so that it stands at each of the three places."""
    before = "".join(chance.choices(string.ascii_letters, k=chance.randint(0, 80)))
    after = "".join(chance.choices(string.ascii_letters, k=chance.randint(0, 80)))
    return encode((before + secret + after).encode()).decode()


def _wrapped(text: str, width: int) -> str:
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


def _in_lines(text: str, chance: random.Random) -> str:
    """Break a text as tools and people do: at any width, indented or not, by any line end, also inside of JSON."""
    end = chance.choice(["\n", "\n", "\r\n", "\n    ", " \n", "\\n", "\\r\\n"])
    return end.join(_wrapped(text, chance.choice([1, 2, 3, 8, 19, 57, 60, 64, 72, 76, 100])).split("\n"))


def _noise(chance: random.Random) -> str:
    return " ".join(chance.choices(_WORDS, k=chance.randint(0, 6))) + chance.choice(["", " ", "\n"])


def _passed(mask: Mask, data: bytes, chance: random.Random) -> bytes:
    stream, out = MaskedStream(mask), b""
    while data:
        size = chance.choice([1, 2, 7, 64, 4096])
        out, data = out + stream.feed(data[:size]), data[size:]
    return out + stream.flush()


def _leaks(secret: str, how: str, output: str) -> bool:
    """Look for the secret as somebody would who wants it: read as it stands, or decoded."""
    lines = [line for line in secret.split("\n") if len(line.strip()) >= 4]
    views = [output, _unquoted(output), html.unescape(output)]
    if "base64" in how:
        joined = output if "of" not in how else re.sub(r"\s|\\r|\\n", "", output)
        views += [_decoded(piece[skip:]) for piece in re.findall("[A-Za-z0-9_+/-]{8,}", joined) for skip in range(4)]
    if how == "hex":
        views += [
            bytes.fromhex(run[: len(run) // 2 * 2]).decode(errors="replace")
            for run in re.findall("[0-9a-f]{8,}", output)
        ]
    return any(line.strip() in view for line in lines for view in views)


def _unquoted(text: str) -> str:
    return unquote(text, errors="replace") + "\n" + unquote_plus(text, errors="replace")


def _decoded(piece: str) -> str:
    usable = piece[: len(piece) // 4 * 4].replace("-", "+").replace("_", "/")
    return base64.b64decode(usable).decode(errors="replace")


def test_of_ten_thousand_secrets_none_is_stored_in_any_form() -> None:
    chance, leaked = random.Random(20), []
    for number in range(PLACEMENTS):
        secret, how = _secret(chance), chance.choice(sorted(_PRINTED))
        printed = _PRINTED[how](secret, chance)
        text = _noise(chance) + printed + _noise(chance)
        output = _passed(Mask([secret]), text.encode(), chance).decode(errors="replace")
        if _leaks(secret, how, output) or printed in output:
            leaked.append((number, how, secret, output))
    assert leaked == []


def test_the_search_for_leaks_finds_what_was_not_masked() -> None:
    """The control: without a mask every placement leaks, so that the count above means something."""
    chance = random.Random(20)
    for _ in range(500):
        secret, how = _secret(chance), chance.choice(sorted(_PRINTED))
        printed = _PRINTED[how](secret, chance)
        assert _leaks(secret, how, printed) or printed in printed + _noise(chance)


@pytest.mark.parametrize("secret", ["correct-horse-battery", "p√ss wörd'&<\"\\/"])
@pytest.mark.parametrize("at", [0, 1, MAX_LINE - 3, MAX_LINE, MAX_LINE + 30, 3 * MAX_LINE - 5])
def test_a_secret_in_a_line_without_an_end_is_masked_wherever_it_stands(secret: str, at: int) -> None:
    stream = MaskedStream(Mask([secret]))
    line = b"x" * at + secret.encode() + b"y" * 2 * MAX_LINE
    out = b"".join([*(stream.feed(line[begin : begin + 1000]) for begin in range(0, len(line), 1000)), stream.flush()])
    assert out == b"x" * at + b"***" + b"y" * 2 * MAX_LINE


def test_what_is_kept_back_of_a_line_without_an_end_is_bounded() -> None:
    stream = MaskedStream(Mask(["secret-value"]))
    passed = sum(len(stream.feed(b"z" * 10_000)) for _ in range(100))
    assert 1_000_000 - passed < 2 * MAX_LINE


def test_base64_of_a_secret_among_other_text_is_masked_over_its_lines() -> None:
    """The end of a line, where such base64 may have begun, is masked before anybody knows how it goes on."""
    token = "ghp_" + "0123456789abcdefghij" * 3
    first, second = _wrapped(base64.b64encode(f"user:{token}\n".encode()).decode(), 76).split("\n")
    stream = MaskedStream(Mask([token]))
    masked = stream.feed(f"{first}\n".encode())
    assert masked == first[:7].encode() + b"***\n"
    assert stream.feed(f"{second} done\n".encode()) == b"***" + second[-3:].encode() + b" done\n"


def test_base64_of_a_file_that_holds_base64_is_masked() -> None:
    token = "".join(map(str, range(25)))
    auth = base64.b64encode(f"bot:{token}".encode()).decode()
    config = json.dumps({"auths": {"ghcr.io": {"auth": auth}}})
    printed = base64.encodebytes(config.encode())
    stream = MaskedStream(Mask([token]))
    shown = b"".join([*(stream.feed(line) for line in printed.splitlines(keepends=True)), stream.flush()])
    assert auth[8:-4] not in base64.b64decode(b"".join(shown.replace(b"***", b"").split()) + b"==").decode(
        errors="replace"
    )
    assert shown.count(b"***") >= 2


def test_lines_come_out_as_soon_as_they_are_whole() -> None:
    stream = MaskedStream(Mask(["hunter2hunter2"]))
    assert stream.feed(b"one\ntwo hunter2") == b"one\n"
    assert stream.feed(b"hunter2\nthree") == b"two ***\n"
    assert stream.flush() == b"three"


def test_where_two_secrets_overlap_nothing_of_either_is_left() -> None:
    assert Mask(["abcdefgh", "efghijkl"]).in_text("<abcdefghijkl>") == "<***>"


def test_without_secrets_bytes_pass_as_they_are() -> None:
    stream = MaskedStream(Mask([]))
    data = bytes(range(256))
    assert (stream.feed(data), stream.flush(), bool(Mask([]))) == (data, b"", False)


def test_what_is_too_short_to_be_masked_leaves_the_log_readable() -> None:
    assert b"abc" not in forms("abc")
    assert Mask(["a", "{\n  x\n}", ""]).in_text("a { x }") == "a { x }"


def test_a_key_is_masked_line_by_line() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwggSjAgEAAo\n-----END KEY-----\n"
    assert "MII" not in Mask([key]).in_text("one\n  MIIEvQIBADANBgkqhkiG9w0\ntwo")
    assert Mask([key]).in_text("x BAQEFAASCBKcwggSjAgEAAo") == "x ***"


def test_text_that_is_no_utf_8_is_masked_too() -> None:
    assert Mask(["hunter2hunter2"]).in_text("\udcff hunter2hunter2 \udc80") == "\udcff *** \udc80"
