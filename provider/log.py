"""Structured logs: one JSON object for each line, on standard error."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_NAME = "touchstone.provider"


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


def configure_log(level: int = logging.INFO) -> None:
    """Sends the node's log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logger = logging.getLogger(_NAME)
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False


def log(event: str, level: int = logging.INFO, trace: bool = False, **fields: object) -> None:
    """Writes one event. Bytes are shown as hex; pass no secrets (keys, salts, payloads)."""
    shown = {k: "0x" + v.hex() if isinstance(v, bytes) else v for k, v in fields.items()}
    logging.getLogger(_NAME).log(level, event, extra={"fields": shown}, exc_info=trace)
