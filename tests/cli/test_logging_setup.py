from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from lci_app.cli.logging_setup import JsonLines, set_up_logging
from lci_app.config import LogFormat, LogLevel


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers, logger.level = handlers, level


def test_a_record_is_one_line_of_json_with_its_fields():
    record = None
    try:
        int("two\nlines")
    except ValueError:
        record = logging.getLogger("lci.x").makeRecord(
            "lci.x", logging.WARNING, __file__, 1, "build %d", (7,), sys.exc_info(), extra={"build_id": 7}
        )
    assert record is not None
    record.created, record.msecs = 1763640000.25, 250.0
    line = JsonLines().format(record)
    assert "\n" not in line
    document = json.loads(line)
    assert "ValueError: invalid literal" in document.pop("exception")
    assert document == {
        "timestamp": "2025-11-20T12:00:00.250Z",
        "level": "warning",
        "logger": "lci.x",
        "message": "build 7",
        "build_id": 7,
    }


def test_what_is_no_terminal_gets_json(root: logging.Logger, capsys: pytest.CaptureFixture[str]):
    set_up_logging(LogLevel.INFO, LogFormat.AUTO)
    logging.getLogger("lci.x").info("hello")
    logging.getLogger("lci.x").debug("not wanted")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "hello"


def test_text_can_be_asked_for(root: logging.Logger, capsys: pytest.CaptureFixture[str]):
    set_up_logging(LogLevel.WARNING, LogFormat.TEXT)
    logging.getLogger("lci.x").info("not wanted")
    logging.getLogger("lci.x").warning("hello")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("WARNING lci.x: hello")
