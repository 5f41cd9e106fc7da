"""pydantic's findings in the words of people who have never heard of pydantic."""

from __future__ import annotations

import datetime as dt
import difflib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import ErrorDetails

_KINDS: Final = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "dict_type": 'a table, such as { NAME = "value" }',
    "tuple_type": "a list",
    "list_type": "a list",
}
_BOUNDS: Final = {
    "greater_than": ("gt", "must be more than {}"),
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than": ("lt", "must be less than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "string_too_long": ("max_length", "must be at most {} characters long"),
    "string_too_short": ("min_length", "must be at least {} characters long"),
}


def in_plain_words(details: Sequence[ErrorDetails], value: Any) -> str:
    """Say what `value` must be, and what it is: "must be a whole number, not text".

    `details` are pydantic's findings about that one value: several where it may be of several types.
    """
    if isinstance(value, float) and math.isnan(value):  # which fails whatever bound comes first
        return "must be a number, not nan"
    # Of several allowed types one fits: its finding tells more than that the others do not.
    telling = [each for each in details if each["type"] not in _KINDS]
    if telling:
        return _sentence(telling[0])
    kinds = dict.fromkeys(_KINDS[each["type"]] for each in details)
    return f"must be {' or '.join(kinds)}, not {_described(value)}"


def _sentence(detail: ErrorDetails) -> str:
    context: Mapping[str, Any] = detail.get("ctx", {})
    if detail["type"] == "value_error":
        return str(context["error"])
    if detail["type"] in _BOUNDS:
        name, sentence = _BOUNDS[detail["type"]]
        return sentence.format(f"{context[name]:g}" if isinstance(context[name], float) else context[name])
    if detail["type"] == "enum":
        return _choice(str(detail["input"]), re.findall(r"'([^']*)'", str(context["expected"])))
    return detail["msg"][:1].lower() + detail["msg"][1:]


def _choice(given: str, allowed: list[str]) -> str:
    close = difflib.get_close_matches(given.lower(), allowed, n=1)
    sentence = f"must be {', '.join(allowed[:-1])} or {allowed[-1]}, not {given[:100]!r}"
    return f"{sentence}; did you mean {close[0]!r}?" if close else sentence


def _described(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    for kind, name in (
        (str, "text"),
        (int, "a whole number"),
        (float, "a fraction"),
        (dict, "a table"),
        (list, "a list"),
        ((dt.date, dt.time), "a date or time"),
    ):
        if isinstance(value, kind):
            return name
    return type(value).__name__
