"""Event arguments as the data base keeps them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping


def encode_args(args: Mapping[str, Any]) -> str:
    """As JSON in ASCII, so that every data base can hold every text."""
    return json.dumps(args, ensure_ascii=True, separators=(",", ":"))


def decode_args(text: str) -> dict[str, Any]:
    """The inverse of `encode_args`."""
    return cast("dict[str, Any]", json.loads(text))
