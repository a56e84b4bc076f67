"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

_LATEST = 253_402_300_799
"""The last second of the year 9999: whatever is later has no date."""


def utc(time: int) -> str:
    """A Unix time, like `2026-03-01 14:05:09 UTC`."""
    if not 0 <= time <= _LATEST:
        return f"Unix time {time}"
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC"
