"""A project file written out, each setting with a remark above it; `project_file` reads what is written here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

from lci_app.core.project_file_keys import KEYS

Value = str | int | Sequence[str]

# Of several names of a setting, the first and short one.
_PLACES: Final[dict[str, tuple[str, str]]] = {}
for _table, _keys in KEYS.items():
    for _key, _setting in _keys.items():
        _PLACES.setdefault(_setting, (_table, _key))


def project_file_text(settings: Iterable[tuple[str, Value, str]]) -> str:
    """Return the file of settings, each a name, a value, and a remark of one line."""
    tables: dict[str, list[str]] = {table: [] for table in KEYS}
    for setting, value, remark in settings:
        table, key = _PLACES[setting]
        tables[table] += [f"# {remark}", f"{key} = {_written(value)}"]
    return "\n".join("\n".join([f"[{table}]", *lines, ""]) for table, lines in tables.items() if lines)


def _written(value: Value) -> str:
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        return f"[{', '.join(_quoted(each) for each in value)}]"
    if "\n" not in value:
        return _quoted(value)
    # One line of the value a line of the file: a quote is escaped, for three of them would end it.
    return '"""\n' + "\n".join(_quoted(line)[1:-1] for line in value.split("\n")) + '"""'


def _quoted(text: str) -> str:
    """Return a basic string: what JSON escapes TOML reads as JSON does, and DEL beside."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
