from __future__ import annotations

import re
import string

from hypothesis import given
from hypothesis import strategies as st

from lci_app.core.credentials import ALPHABET, TOKEN_RANDOM_LENGTH, csrf_token, digest_of, is_whole, token_of

RANDOM = st.text(alphabet=ALPHABET, min_size=TOKEN_RANDOM_LENGTH, max_size=TOKEN_RANDOM_LENGTH)


def test_a_token_is_what_it_always_was() -> None:
    assert string.digits + string.ascii_uppercase + string.ascii_lowercase == ALPHABET
    assert token_of("0" * 30) == "lci_" + "0" * 30 + "2C8GjS"


@given(RANDOM)
def test_a_token_is_known_from_its_text_alone(random: str) -> None:
    token = token_of(random)
    assert re.fullmatch(r"lci_[0-9A-Za-z]{36}", token)
    assert is_whole(token)


@given(RANDOM, st.integers(4, 39), st.sampled_from(ALPHABET))
def test_one_wrong_letter_is_noticed(random: str, place: int, letter: str) -> None:
    token = token_of(random)
    wrong = token[:place] + letter + token[place + 1 :]
    assert is_whole(wrong) == (wrong == token)
    assert not is_whole(token[:place])
    assert not is_whole(token + letter)


# The keys of an HMAC are filled up with NUL, and no cookie holds one.
_COOKIES = st.text(st.characters(exclude_characters="\0"))


@given(_COOKIES, _COOKIES)
def test_what_a_page_says_tells_nothing_of_what_its_cookie_says(one: str, other: str) -> None:
    assert len(csrf_token(one)) == 43
    assert (csrf_token(one) == csrf_token(other)) == (one.encode(errors="replace") == other.encode(errors="replace"))
    assert csrf_token(one) != digest_of(one)
