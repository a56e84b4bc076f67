"""What goes wrong with a request, told to people as a page and to programs as JSON."""

from __future__ import annotations

import re


class Problem(Exception):  # noqa: N818 (it is what happened)
    """A request that cannot be answered.

    Attributes:
        status: of HTTP.
        rule: its name, for programs.
    """

    def __init__(self, status: int, rule: str, message: str) -> None:
        super().__init__(message)
        self.status, self.rule = status, rule


def require_hash(text: str, what: str) -> str:
    """32 bytes of a path as lower-case hex.

    Raises:
        Problem: the text is something else; says what.
    """
    return _required(text, what, 64)


def require_address(text: str) -> str:
    """An address of a path in lower case. Raises as `require_hash`."""
    return _required(text, "an address", 40)


def _required(text: str, what: str, digits: int) -> str:
    lower = text.lower()
    if re.fullmatch(rf"0x[0-9a-f]{{{digits}}}", lower) is None:
        shown = text if len(text) <= 80 else f"{text[:79]}…"
        raise Problem(
            422,
            "malformed",
            f"“{shown}” is not {what}: that is 0x and {digits} hex digits, and this has "
            f"{len(text)} characters. The search takes the beginning of an id.",
        )
    return lower


def missing(what: str) -> Problem:
    """Nothing of that id is known."""
    return Problem(
        404,
        "unknown",
        f"{what}. It may be on another chain, younger than what has been indexed, or gone with a "
        "reorganisation.",
    )
