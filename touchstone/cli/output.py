"""What commands print: JSON for programs or text for people, never both."""

from __future__ import annotations

import json as codec
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from collections.abc import Callable

    from touchstone.errors import TouchstoneError


def emit(data: object, json: bool, render: Callable[[Console], None]) -> None:
    """Prints a command's result on standard output.

    Args:
        data: the result, made of what JSON knows.
        json: print `data` as one JSON document; otherwise call `render`.
        render: prints the same for people, on the console it is given.
    """
    if json:
        print(codec.dumps(data, indent=2), flush=True)
    else:
        render(Console(highlight=False))


def emit_error(error: TouchstoneError, json: bool) -> None:
    """Prints why a command failed: a red line on standard error, or JSON on standard output."""
    if json:
        print(
            codec.dumps({"error": {"type": type(error).__name__, "message": str(error)}}),
            flush=True,
        )
        return
    message = " ".join(str(error).split())
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"[red]error:[/red] {escape(message)}"
    )
