"""The service's log on standard error: a line of text for people, a line of JSON for machines."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any, Final

from lci_app.config import LogFormat, LogLevel

# They tell each request of every client: only worth it to somebody who looks for a fault.
_CHATTY: Final = ("urllib3", "docker", "hypercorn.access", "asyncio")
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up_logging(level: LogLevel, form: LogFormat) -> None:
    """Send everything at or above `level` to standard error."""
    text = form is LogFormat.TEXT or (form is LogFormat.AUTO and sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        logging.Formatter("{asctime} {levelname:7} {name}: {message}", "%H:%M:%S", style="{") if text else JsonLines()
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    if level is not LogLevel.DEBUG:
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)


class JsonLines(logging.Formatter):
    """One record as one line of JSON: time, level, logger, message, the fields given as `extra`, the exception."""

    def format(self, record: logging.LogRecord) -> str:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        document: dict[str, Any] = {
            "timestamp": f"{seconds}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _STANDARD},
        }
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return json.dumps(document, default=str, ensure_ascii=False)
