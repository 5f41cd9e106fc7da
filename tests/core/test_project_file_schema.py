"""The JSON Schema says of a file what reading it says."""

from __future__ import annotations

import tomllib
from typing import Any

import jsonschema_rs
import pytest

from lci_app.core.project_file import parse_registration
from lci_app.core.project_file_keys import KEYS
from lci_app.core.project_file_schema import project_file_schema
from tests.core.test_project_file import MINIMAL, WHOLE


@pytest.fixture(scope="module")
def schema() -> Any:
    return jsonschema_rs.Draft202012Validator(dict(project_file_schema()))


def test_a_file_that_is_read_fits_it(schema: Any) -> None:
    for text in (MINIMAL, WHOLE):
        assert not isinstance(parse_registration(text), list)
        assert schema.is_valid(tomllib.loads(text))


@pytest.mark.parametrize(
    "wrong",
    [
        '[build]\nimgae = "x"\n',
        "[build]\ntimeout = -1\n",
        '[deploy]\nport = "80"\n',
        "[deploy]\nhealth_check_interval = 0.01\n",
        '[queue]\npolicy = "last"\n',
        "[biuld]\n",
        '[[steps]]\nname = "x"\n',
    ],
)
def test_a_file_that_is_refused_does_not_fit_it(schema: Any, wrong: str) -> None:
    text = MINIMAL + wrong
    assert isinstance(parse_registration(text), list)
    assert not schema.is_valid(tomllib.loads(text))


def test_every_key_is_in_it() -> None:
    tables = project_file_schema()["properties"]
    assert {table: set(keys) for table, keys in KEYS.items()} == {
        table: set(content["properties"]) for table, content in tables.items()
    }
