"""Reads JSON that a stranger wrote."""

from __future__ import annotations

import json
import re
from typing import Any

MOST_DEPTH = 32
"""Nesting that any of our files stays far below."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


def parse_json(data: bytes) -> Any:
    """The value that `data` says.

    Its nesting is checked first: the parser recurses, and where the process has raised its
    recursion limit a file of nothing but brackets would end the process.

    Raises:
        ValueError: it is no JSON, or nested deeper than MOST_DEPTH.
    """
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", data)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > MOST_DEPTH:
            raise ValueError(f"nested deeper than {MOST_DEPTH}")
    return json.loads(data)


def read_int(value: object) -> int:
    """`value` if it is an integer (not a bool). Raises TypeError otherwise."""
    if type(value) is not int:
        raise TypeError(f"{value!r} is not an integer")
    return value
