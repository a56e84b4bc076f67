"""Byte ranges in HTTP headers (RFC 9110, section 14), one at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass

from touchstone.errors import RefusedError

_WANTED = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` to `end`, the latter excluded, of a file of `total` bytes."""

    start: int
    end: int
    total: int

    @property
    def wanted(self) -> str:
        """As a request's `Range` header says it."""
        return f"bytes={self.start}-{self.end - 1}"

    @property
    def given(self) -> str:
        """As an answer's `Content-Range` header says it."""
        return f"bytes {self.start}-{self.end - 1}/{self.total}"


def read_range(header: str, total: int) -> Span:
    """The part of a file of `total` bytes that a `Range` header asks for.

    Raises:
        RefusedError: it is not a single range, or none of its bytes is in the file.
    """
    found = _WANTED.fullmatch(header.replace(" ", ""))
    first, last = found.groups() if found else ("", "")
    if first:
        start, end = int(first), min(int(last) + 1 if last else total, total)
    else:
        start, end = max(0, total - int(last or 0)), total
    if start >= end:
        raise RefusedError(
            "bad_range", f"{header[:100]!r} is not one range of a file of {total} bytes"
        )
    return Span(start, end, total)
